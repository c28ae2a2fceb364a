//! Where a provider is: a base URL, checked once. It never dials or resolves anything.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use http::Uri;
use http::uri::{Authority, PathAndQuery, Scheme};

/// Longest base URL, in bytes.
const BASE_MAX: usize = 2048;
/// The path segments that SDKs' base URLs end with, or do not.
const VERSION_SEGMENTS: [&str; 2] = ["/v1", "/v1beta"];

/// A provider's base address: scheme, host, optional port, optional path prefix.
///
/// HTTPS goes anywhere. Plain HTTP goes to this machine only: to a loopback literal or
/// `localhost`, and the dialer checks once more that the peer it reached is a loopback address.
///
/// ```
/// let endpoint = net::Endpoint::parse("https://api.openai.com/v1/")?;
/// let uri = endpoint.join("/v1/chat/completions", None);
/// assert_eq!(uri.unwrap().to_string(), "https://api.openai.com/v1/chat/completions");
/// # Ok::<(), net::EndpointError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint {
    scheme: Scheme,
    authority: Authority,
    /// Empty, or `/` and segments, with no slash at the end.
    prefix: String,
}

/// A base URL that cannot be used, and why. The texts never repeat the URL: it may hold a
/// credential by mistake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// Not an absolute URL.
    #[error("the base URL is not of the form https://host[:port][/path]")]
    Malformed,
    /// Longer than 2048 bytes.
    #[error("the base URL is longer than 2048 bytes")]
    TooLong,
    /// A scheme other than `https` and `http`.
    #[error("the base URL must begin with https:// (or http:// for this machine)")]
    Scheme,
    /// Plain HTTP to another machine.
    #[error("plain http:// is for this machine only (127.0.0.1, [::1], localhost); use https://")]
    PlainElsewhere,
    /// `user:password@host`.
    #[error("the base URL must not carry a user or password; seal the credential as a secret")]
    UserInfo,
    /// `?query`.
    #[error("the base URL must not carry a query")]
    Query,
    /// `#fragment`.
    #[error("the base URL must not carry a fragment")]
    Fragment,
    /// An empty or impossible host or port.
    #[error("the base URL's host or port is not valid")]
    Host,
    /// A path with empty, dot or unusual segments.
    #[error("the base URL's path must be plain segments of letters, digits and -._~:@")]
    Path,
}

impl Endpoint {
    /// Reads a base URL as people and SDKs write it, with or without `/v1` or `/` at the end.
    ///
    /// # Errors
    /// Everything that is not `https://host[:port][/path]`, or `http://` to this machine.
    pub fn parse(base_url: &str) -> Result<Self, EndpointError> {
        if base_url.len() > BASE_MAX {
            return Err(EndpointError::TooLong);
        }
        let (scheme, rest) = base_url.split_once("://").ok_or(EndpointError::Malformed)?;
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "https" => Scheme::HTTPS,
            "http" => Scheme::HTTP,
            _ => return Err(EndpointError::Scheme),
        };
        if rest.contains('#') {
            return Err(EndpointError::Fragment);
        }
        if rest.contains('?') {
            return Err(EndpointError::Query);
        }
        let (authority, path) = match rest.find('/') {
            Some(at) => rest.split_at(at),
            None => (rest, ""),
        };
        let (authority, host) = authority_of(authority)?;
        if scheme == Scheme::HTTP && host == Host::Elsewhere {
            return Err(EndpointError::PlainElsewhere);
        }
        Ok(Self { scheme, authority, prefix: prefix_of(path)? })
    }

    /// The URL of `path` at this provider. A version (`/v1`, `/v1beta`) that ends the base and
    /// begins the path is written once.
    ///
    /// None where `path` does not begin with `/`, holds a query or fragment itself, or the
    /// result is no URL.
    #[must_use]
    pub fn join(&self, path: &str, query: Option<&str>) -> Option<Uri> {
        if !path.starts_with('/') || path.contains(['?', '#']) {
            return None;
        }
        let begins = |version: &&&str| {
            path.strip_prefix(**version)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let version = VERSION_SEGMENTS.iter().find(begins);
        let shorter = version.and_then(|version| self.prefix.strip_suffix(version));
        let prefix = shorter.unwrap_or(&self.prefix);
        let text = match query {
            Some(query) if query.contains('#') => return None,
            Some(query) => format!("{prefix}{path}?{query}"),
            None => format!("{prefix}{path}"),
        };
        Uri::builder()
            .scheme(self.scheme.clone())
            .authority(self.authority.clone())
            .path_and_query(PathAndQuery::from_str(&text).ok()?)
            .build()
            .ok()
    }

    /// The host and, where the base names one, the port.
    #[must_use]
    pub fn authority(&self) -> &str {
        self.authority.as_str()
    }

    /// The host, without the brackets of an address, and the port that is connected to.
    pub(crate) fn host_and_port(&self) -> (&str, u16) {
        let host = self.authority.host();
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let usual = if self.scheme == Scheme::HTTPS { 443 } else { 80 };
        (bare.unwrap_or(host), self.authority.port_u16().unwrap_or(usual))
    }

    /// Whether `uri` is at this provider: the same scheme, host and port.
    pub(crate) fn holds(&self, uri: &Uri) -> bool {
        uri.scheme() == Some(&self.scheme) && uri.authority() == Some(&self.authority)
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}://{}{}", self.scheme, self.authority, self.prefix)
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Endpoint({self})")
    }
}

impl FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, EndpointError> {
        Self::parse(text)
    }
}

/// Whether a host is certainly this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Host {
    ThisMachine,
    Elsewhere,
}

/// `host[:port]`, lower case, and where it is.
fn authority_of(text: &str) -> Result<(Authority, Host), EndpointError> {
    if text.contains('@') {
        return Err(EndpointError::UserInfo);
    }
    let text = text.to_ascii_lowercase();
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (literal, port) = rest.split_once(']').ok_or(EndpointError::Host)?;
            let port = match port {
                "" => None,
                port => Some(port.strip_prefix(':').ok_or(EndpointError::Host)?),
            };
            (ipv6(literal)?, port)
        }
        None => match text.split_once(':') {
            Some((host, port)) => (named(host)?, Some(port)),
            None => (named(&text)?, None),
        },
    };
    let well_written = |port: &str| {
        port.bytes().all(|byte| byte.is_ascii_digit())
            && port.parse().is_ok_and(|port: u16| port > 0)
    };
    if port.is_some_and(|port| !well_written(port)) {
        return Err(EndpointError::Host);
    }
    let authority = text.parse().map_err(|_| EndpointError::Host)?;
    Ok((authority, host))
}

fn ipv6(literal: &str) -> Result<Host, EndpointError> {
    let address: Ipv6Addr = literal.parse().map_err(|_| EndpointError::Host)?;
    Ok(if address.is_loopback() { Host::ThisMachine } else { Host::Elsewhere })
}

/// A DNS name or a dotted IPv4 address. Other spellings of an address (`127.1`, `0x7f000001`)
/// are names that must fail: the last label of a name is never all digits (RFC 3696, 2).
fn named(host: &str) -> Result<Host, EndpointError> {
    if let Ok(address) = host.parse::<Ipv4Addr>() {
        return Ok(if address.is_loopback() { Host::ThisMachine } else { Host::Elsewhere });
    }
    let label_is_fine = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    let numeric =
        |label: &str| label.starts_with("0x") || label.bytes().all(|byte| byte.is_ascii_digit());
    let last = host.rsplit('.').next().unwrap_or_default();
    if host.len() > 253 || !host.split('.').all(label_is_fine) || numeric(last) {
        return Err(EndpointError::Host);
    }
    Ok(if host == "localhost" { Host::ThisMachine } else { Host::Elsewhere })
}

/// The path prefix without its last slash, of plain segments only.
fn prefix_of(path: &str) -> Result<String, EndpointError> {
    let path = path.strip_suffix('/').unwrap_or(path);
    let Some(segments) = path.strip_prefix('/') else { return Ok(String::new()) };
    let plain = |byte: u8| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b':' | b'@')
    };
    let segment_is_fine =
        |segment: &str| !matches!(segment, "" | "." | "..") && segment.bytes().all(plain);
    if segments.split('/').all(segment_is_fine) {
        Ok(path.to_owned())
    } else {
        Err(EndpointError::Path)
    }
}

#[cfg(test)]
mod tests;
