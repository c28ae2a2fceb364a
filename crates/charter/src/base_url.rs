//! The base URL of a provider: what may be written. The same rules as the client's own, which
//! parses it again before it dials.

use std::net::{Ipv4Addr, Ipv6Addr};

/// Longest base URL, in bytes.
pub(crate) const BASE_BYTES_MAX: usize = 2_048;

/// Checks a base URL. The objection never repeats it: it may hold a credential by mistake.
pub(crate) fn check(url: &str) -> Result<(), &'static str> {
    if url.len() > BASE_BYTES_MAX {
        return Err("the URL is longer than 2048 bytes");
    }
    let (scheme, rest) = url.split_once("://").ok_or("the URL does not begin with https://")?;
    if rest.contains('#') {
        return Err("the URL has a fragment (`#`)");
    }
    if rest.contains('?') {
        return Err("the URL has a query (`?`)");
    }
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    if authority.contains('@') {
        return Err("the URL carries a user or password; seal a credential as a secret");
    }
    let here = host(authority)?;
    match scheme {
        "https" => {}
        "http" if here == Host::ThisMachine => {}
        "http" => {
            return Err("plain http:// goes to this machine only (127.0.0.1, [::1], localhost)");
        }
        _ => return Err("the URL does not begin with https://"),
    }
    segments(path)
}

/// Whether a host is certainly this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Host {
    ThisMachine,
    Elsewhere,
}

fn host(authority: &str) -> Result<Host, &'static str> {
    const BAD: &str = "the URL's host or port is not valid";
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (literal, port) = rest.split_once(']').ok_or(BAD)?;
            let address: Ipv6Addr = literal.parse().map_err(|_| BAD)?;
            let port =
                if port.is_empty() { None } else { Some(port.strip_prefix(':').ok_or(BAD)?) };
            (place(address.is_loopback()), port)
        }
        None => match authority.split_once(':') {
            Some((name, port)) => (named(name).ok_or(BAD)?, Some(port)),
            None => (named(authority).ok_or(BAD)?, None),
        },
    };
    let digits = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit());
    let well_written = |port: &str| digits(port) && port.parse().is_ok_and(|port: u16| port > 0);
    if port.is_some_and(|port| !well_written(port)) {
        return Err(BAD);
    }
    Ok(host)
}

const fn place(loopback: bool) -> Host {
    if loopback { Host::ThisMachine } else { Host::Elsewhere }
}

/// A DNS name or a dotted IPv4 address. Other spellings of an address (`127.1`, `0x7f000001`)
/// are refused: the last label of a name is never a number (RFC 3696, 2).
fn named(host: &str) -> Option<Host> {
    if let Ok(address) = host.parse::<Ipv4Addr>() {
        return Some(place(address.is_loopback()));
    }
    let host = host.to_ascii_lowercase();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let fine = |label: &str| (1..=63).contains(&label.len()) && label.bytes().all(plain);
    let last = host.rsplit('.').next().unwrap_or_default();
    let number = last.starts_with("0x") || last.bytes().all(|byte| byte.is_ascii_digit());
    (host.len() <= 253 && host.split('.').all(fine) && !number).then(|| place(host == "localhost"))
}

fn segments(path: &str) -> Result<(), &'static str> {
    let path = path.strip_suffix('/').unwrap_or(path);
    let Some(segments) = path.strip_prefix('/') else { return Ok(()) };
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:@".contains(&byte);
    let fine = |segment: &str| !matches!(segment, "" | "." | "..") && segment.bytes().all(plain);
    if segments.split('/').all(fine) {
        Ok(())
    } else {
        Err("the URL's path is not made of plain segments")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_url_is_https_or_this_machine() {
        for good in [
            "https://api.openai.com",
            "https://api.openai.com/",
            "https://api.openai.com/v1",
            "https://llm.acme.example:8443/openai/v1/",
            "https://10.0.0.7",
            "https://[2001:db8::1]:443",
            "http://127.0.0.1:9000/v1",
            "http://127.8.9.1",
            "http://[::1]:9000",
            "http://localhost:9000",
        ] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            "api.openai.com",
            "https://",
            "https:///v1",
            "ftp://a.example",
            "HTTPS://a.example",
            "http://api.openai.com",
            "http://127.0.0.1.evil.example",
            "http://localhost.evil.example",
            "http://127.1",
            "http://0x7f000001",
            "http://2130706433",
            "http://[::2]",
            "https://user:password@a.example",
            "https://a.example@b.example",
            "https://a.example?x=1",
            "https://a.example/#x",
            "https://a.example/v1?",
            "https://a.example:",
            "https://a.example:0",
            "https://a.example:65536",
            "https://a.example:+80",
            "https://a.example/a//b",
            "https://a.example/../b",
            "https://a.example/a b",
            "https://a.example/%2e",
            "https://a..b",
            "https://a.example ",
            " https://a.example",
            "https://ä.example",
            "https://[::1",
            "https://[::1]x",
        ] {
            assert!(check(bad).is_err(), "{bad}");
        }
        assert!(check(&format!("https://a.example/{}", "a".repeat(3000))).is_err());
    }
}
