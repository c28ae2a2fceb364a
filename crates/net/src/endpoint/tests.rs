//! Base URLs as people write them, and as attackers would.

use super::*;

#[track_caller]
fn joined(base: &str, path: &str) -> String {
    let endpoint = Endpoint::parse(base).expect("a usable base URL");
    endpoint.join(path, None).expect("a URL").to_string()
}

#[track_caller]
fn refused(base: &str, expected: EndpointError) {
    assert_eq!(Endpoint::parse(base), Err(expected), "{base}");
}

#[test]
fn the_version_segment_is_written_once() {
    for (base, path, expected) in [
        (
            "https://api.openai.com/v1",
            "/v1/chat/completions",
            "https://api.openai.com/v1/chat/completions",
        ),
        (
            "https://api.openai.com/v1/",
            "/v1/chat/completions",
            "https://api.openai.com/v1/chat/completions",
        ),
        ("https://api.anthropic.com", "/v1/messages", "https://api.anthropic.com/v1/messages"),
        ("https://api.anthropic.com/", "/v1/messages", "https://api.anthropic.com/v1/messages"),
        ("https://relay.example/openai", "/v1/models", "https://relay.example/openai/v1/models"),
        ("https://relay.example/openai/v1", "/v1/models", "https://relay.example/openai/v1/models"),
        (
            "https://relay.example/v1/account",
            "/v1/models",
            "https://relay.example/v1/account/v1/models",
        ),
        ("https://relay.example/v1", "/healthz", "https://relay.example/v1/healthz"),
        ("https://relay.example/v1", "/v10/models", "https://relay.example/v1/v10/models"),
        ("https://relay.example/rev1", "/v1/models", "https://relay.example/rev1/v1/models"),
        ("https://relay.example/v1", "/v1", "https://relay.example/v1"),
        ("http://127.0.0.1:8080", "/v1/models", "http://127.0.0.1:8080/v1/models"),
        (
            "https://gemini.example/v1beta",
            "/v1beta/models/m:countTokens",
            "https://gemini.example/v1beta/models/m:countTokens",
        ),
        ("https://gemini.example/v1", "/v1beta/models", "https://gemini.example/v1/v1beta/models"),
        ("http://[::1]:8080/v1", "/v1/models", "http://[::1]:8080/v1/models"),
        (
            "HTTPS://API.Example.com:443/V1",
            "/v1/models",
            "https://api.example.com:443/V1/v1/models",
        ),
    ] {
        assert_eq!(joined(base, path), expected);
    }
}

#[test]
fn a_query_is_appended_and_paths_cannot_smuggle_one() {
    let endpoint = Endpoint::parse("https://api.anthropic.com").expect("usable");
    let uri = endpoint.join("/v1/messages", Some("beta=true")).expect("a URL");
    assert_eq!(uri.to_string(), "https://api.anthropic.com/v1/messages?beta=true");
    for path in ["", "v1/messages", "/v1?x=1", "/v1#x", "/a b", "/a\n"] {
        assert!(endpoint.join(path, None).is_none(), "{path:?}");
    }
    for path in ["//other.example/x", "/@other.example", "/:80"] {
        let uri = endpoint.join(path, None).expect("a path like any other");
        assert!(endpoint.holds(&uri), "{uri}");
    }
    assert!(endpoint.join("/v1", Some("a#b")).is_none());
    assert!(endpoint.join("/v1", Some("a b")).is_none());
}

#[test]
fn plain_http_stays_on_this_machine() {
    for base in [
        "http://127.0.0.1",
        "http://127.9.9.9:1",
        "http://[::1]",
        "http://localhost:3000",
        "http://LOCALHOST",
    ] {
        assert!(Endpoint::parse(base).is_ok(), "{base}");
    }
    for base in [
        "http://example.com",
        "http://10.0.0.1",
        "http://0.0.0.0",
        "http://169.254.169.254",
        "http://[::]",
        "http://[::ffff:127.0.0.1]",
        "http://localhost.example.com",
        "http://127.0.0.1.example.com",
    ] {
        refused(base, EndpointError::PlainElsewhere);
    }
}

#[test]
fn other_spellings_of_an_address_are_refused() {
    for base in [
        "https://127.1",
        "https://2130706433",
        "https://0x7f000001",
        "https://0x7f.0.0.0x1",
        "https://0177.0.0.1",
        "https://127.0.0.1.",
        "https://localhost.",
        "https://[::1",
        "https://::1",
        "https://[fe80::1%25eth0]",
        "https://[::1]8080",
    ] {
        refused(base, EndpointError::Host);
    }
}

#[test]
fn anything_beyond_host_port_and_path_is_refused() {
    refused("", EndpointError::Malformed);
    refused("api.openai.com", EndpointError::Malformed);
    refused("//api.openai.com", EndpointError::Malformed);
    refused("ftp://api.openai.com", EndpointError::Scheme);
    refused("unix:///run/x", EndpointError::Scheme);
    refused(" https://api.openai.com", EndpointError::Scheme);
    refused("https://user:pw@api.openai.com", EndpointError::UserInfo);
    refused("https://@api.openai.com", EndpointError::UserInfo);
    refused("https://api.openai.com?", EndpointError::Query);
    refused("https://api.openai.com/v1?key=1", EndpointError::Query);
    refused("https://api.openai.com/v1#", EndpointError::Fragment);
    for host in [
        "https://",
        "https:///v1",
        "https://a..b",
        "https://:443",
        "https://a:",
        "https://a:0",
        "https://a:65536",
        "https://a:+1",
        "https://a:1:2",
        "https://a b",
        "https://a\\b",
        "https://caf\u{e9}.example",
        "https://a\n.example",
    ] {
        refused(host, EndpointError::Host);
    }
    for path in
        ["//", "/v1//x", "/../x", "/./x", "/v1/..", "/a%2fb", "/a b", "/a\\b", "/a;b", "/caf\u{e9}"]
    {
        refused(&format!("https://a.example{path}"), EndpointError::Path);
    }
    refused(&format!("https://a.example/{}", "x".repeat(2048)), EndpointError::TooLong);
}

#[test]
fn an_error_never_repeats_the_url() {
    let error = Endpoint::parse("https://me:hunter2@api.example/?k=hunter2").unwrap_err();
    assert!(!error.to_string().contains("hunter2"));
    assert!(!format!("{error:?}").contains("hunter2"));
}
