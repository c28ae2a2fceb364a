//! Where the URIs in content lead. Never resolves, opens or follows one.
//!
//! A provider may read a URI as an object that it keeps, with its own rights and without asking
//! whose it is. What could be read so by any reader counts as stored.

use super::server;

/// Where a URI leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Leads {
    /// Nowhere: it is empty.
    Nowhere,
    /// Nowhere either: it holds media itself.
    Data,
    /// To an object kept at the provider.
    Stored,
    /// To something that the provider would fetch.
    Fetched,
}

/// An `http` or `https` URL whose host every reader reads alike.
struct Web<'u> {
    host: String,
    path: &'u str,
}

/// Where a URL leads that a provider fetches from the web as anyone would.
pub(super) fn of_web(uri: &str) -> Leads {
    match read(uri) {
        Ok(_) => Leads::Fetched,
        Err(leads) => leads,
    }
}

/// The same, where the provider may be Google: what is on its hosts it reads with its own rights.
pub(super) fn of_web_or_google(uri: &str) -> Leads {
    match read(uri) {
        Ok(web) if is_googles(&web.host) => Leads::Stored,
        Ok(_) => Leads::Fetched,
        Err(leads) => leads,
    }
}

/// Where a file's URI leads in Gemini's form: the same, and the path under which files that were
/// uploaded stand is theirs on any host, for a gateway may stand before Google's.
pub(super) fn of_file(uri: &str) -> Leads {
    match read(uri) {
        Ok(web) if is_googles(&web.host) || names_file(web.path) => Leads::Stored,
        Ok(_) => Leads::Fetched,
        Err(_) => Leads::Stored,
    }
}

/// Reads a URL of the web; says where anything else leads.
fn read(uri: &str) -> Result<Web<'_>, Leads> {
    let uri = uri.trim_matches(|c: char| c.is_whitespace() || c.is_control());
    if uri.is_empty() {
        return Err(Leads::Nowhere);
    }
    if uri.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("data:")) {
        return Err(Leads::Data);
    }
    web(uri).ok_or(Leads::Stored)
}

fn web(uri: &str) -> Option<Web<'_>> {
    let rest = server::after_scheme(uri)?;
    // Browsers leave line breaks and tabs out, so that a host could go on behind one.
    if rest.contains(char::is_control) {
        return None;
    }
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, rest) = rest.split_at_checked(end)?;
    let path = rest.split(['?', '#']).next().unwrap_or_default();
    Some(Web { host: server::host_in(authority)?, path })
}

fn is_googles(host: &str) -> bool {
    ["googleapis.com", "storage.cloud.google.com"].iter().any(|googles| {
        host.strip_suffix(googles).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    })
}

/// Whether a path has a segment `files` anywhere behind a version (`/v1beta/files/abc`), however
/// it is written: escaped, several times over, with empty segments, with dots or behind a prefix.
fn names_file(path: &str) -> bool {
    let path = unescaped(path);
    let mut segments = path.split(|byte| b"/\\".contains(byte)).filter_map(|segment| {
        // What follows is a parameter of the segment.
        segment.split(|byte| *byte == b';').next()
    });
    let version =
        |segment: &[u8]| matches!(segment, [b'v' | b'V', number, ..] if number.is_ascii_digit());
    segments.any(version) && segments.any(|segment| segment.eq_ignore_ascii_case(b"files"))
}

/// A path without percent escapes, those that an escape makes included. In one pass: each escape
/// shortens what is kept.
fn unescaped(path: &str) -> Vec<u8> {
    let mut kept = Vec::with_capacity(path.len());
    for byte in path.bytes() {
        kept.push(byte);
        while let [rest @ .., b'%', high, low] = kept.as_slice() {
            let Some(byte) = hex(*high).zip(hex(*low)).map(|(high, low)| high << 4 | low) else {
                break;
            };
            let length = rest.len();
            kept.truncate(length);
            kept.push(byte);
        }
    }
    kept
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests;
