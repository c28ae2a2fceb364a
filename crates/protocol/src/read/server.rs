//! Addresses of MCP servers that a provider is told to reach.
//! Never resolves, opens or follows one.

use super::fields::{Objection, member_of};
use crate::json::Value;

/// Longest name of a host (RFC 1035, 2.3.4), in characters.
const HOST_LENGTH_MAX: usize = 253;

/// The MCP server that `tool` declares: the host of the URL in its member `url`, or the id in one
/// of `ids`; none where it has neither.
///
/// # Errors
/// One of them is not a text, the URL has no readable host, or there are several.
pub(super) fn of(
    tool: Value<'_>,
    url: &'static str,
    ids: &'static [&'static str],
) -> Result<Option<String>, Objection> {
    let mut server = None;
    for name in [url].iter().chain(ids) {
        let Some(value) = member_of(tool, name)? else { continue };
        let text = value.string();
        let text = text.ok_or_else(|| Objection::invalid(*name, "must be a string"))?;
        let one = if *name == url { host(&text) } else { id(&text) };
        let one = one.ok_or_else(|| Objection::invalid(*name, "names no readable server"))?;
        if server.replace(one).is_some() {
            return Err(Objection::invalid(*name, "names a second server for one tool"));
        }
    }
    Ok(server)
}

/// The host of an `http` or `https` URL, in lower case, without its port.
///
/// None for anything that two readers could take for different hosts: user names, escapes,
/// backslashes, control characters, letters outside ASCII.
pub(super) fn host(url: &str) -> Option<String> {
    let rest = after_scheme(url)?;
    if rest.contains(|c: char| c == '\\' || c.is_whitespace() || c.is_control()) {
        return None;
    }
    host_in(rest.split(['/', '?', '#']).next()?)
}

/// What follows `http://` or `https://`; none of any other URI.
pub(super) fn after_scheme(url: &str) -> Option<&str> {
    let (scheme, rest) = url.split_once("://")?;
    let web = scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http");
    web.then_some(rest)
}

/// The host before a URL's path, in lower case, without its port; none as for [`host`].
pub(super) fn host_in(authority: &str) -> Option<String> {
    let host = match authority.strip_prefix('[') {
        Some(inside) => {
            let (address, after) = inside.split_once(']')?;
            address.parse::<std::net::Ipv6Addr>().ok()?;
            port_or_nothing(after)?;
            authority.get(..address.len().checked_add(2)?)?
        }
        None => {
            let end = authority.find(':').unwrap_or(authority.len());
            let (name, port) = authority.split_at_checked(end)?;
            port_or_nothing(port)?;
            named(name)?
        }
    };
    Some(host.to_ascii_lowercase())
}

/// A host's name in letters, digits, `-`, `_` and dots; a dot at its end changes nothing.
fn named(name: &str) -> Option<&str> {
    let name = name.strip_suffix('.').unwrap_or(name);
    let label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    (name.len() <= HOST_LENGTH_MAX && name.split('.').all(label)).then_some(name)
}

/// Nothing, or `:` and a port's number (the number may be left out, as RFC 3986 has it).
fn port_or_nothing(text: &str) -> Option<()> {
    let Some(port) = text.strip_prefix(':') else { return text.is_empty().then_some(()) };
    (port.len() <= 5 && port.bytes().all(|byte| byte.is_ascii_digit())).then_some(())
}

/// An id of the vendor's for a server: 1 to 64 letters, digits, `-`, `_` and dots.
fn id(text: &str) -> Option<String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    ((1..=64).contains(&text.len()) && text.bytes().all(plain)).then(|| text.to_owned())
}
