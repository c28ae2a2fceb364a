//! Short texts: headers, queries, names, digests, numbers and dates. Each is refused, or means one
//! thing and is written back as it came.

use std::fmt::Display;
use std::str::FromStr;

use http::{HeaderMap, HeaderName, HeaderValue};
use identity::credential;
use model::{
    AgentName, ContextName, Dialect, Digest, Environment, Measure, ModelName, Per, PersonName,
    QuotaName, RefusalCode, SecretName, Timestamp, TrustDomain,
};
use protocol::{RateLimit, content_type_ok, model_list, rate_limit_headers};
use telemetry::TraceContext;

use crate::Target;
use crate::input::Input;
use crate::seeds::{self, seed};

pub(crate) const TARGET: Target = Target {
    name: "text",
    about: "headers, queries, names, numbers, dates: refused, or one meaning and one spelling",
    check,
    seeds,
    words: &[
        "Bearer ",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "a=1,b=2",
        "limit=",
        "after_id=",
        "before_id=",
        "pageSize=",
        "pageToken=",
        "%2",
        "sha256:",
        "T00:00:00Z",
        "application/json",
        "; charset=utf-8",
        "+01:00",
        "2026-12-31",
        "charter:",
        "secret:",
        ":context:",
    ],
    cases: 6000,
};

fn check(input: &[u8]) {
    let mut input = Input::new(input);
    let what = input.byte();
    let text = input.text();
    match what % 6 {
        0 => names(&text),
        1 => credentials(input.rest()),
        2 => traces(input.rest()),
        3 => listings(&text),
        4 => instants(&text),
        _ => rates(input),
    }
}

/// A text that is taken is written back as it was, or was refused.
fn one_spelling<T: FromStr + Display>(text: &str) {
    if let Ok(read) = text.parse::<T>() {
        assert_eq!(read.to_string(), text, "it has another spelling");
    }
}

fn names(text: &str) {
    one_spelling::<AgentName>(text);
    one_spelling::<ContextName>(text);
    one_spelling::<ModelName>(text);
    one_spelling::<PersonName>(text);
    one_spelling::<QuotaName>(text);
    one_spelling::<SecretName>(text);
    one_spelling::<TrustDomain>(text);
    one_spelling::<Digest>(text);
    one_spelling::<charter::Date>(text);
    one_spelling::<approval::GatewayName>(text);
    one_spelling::<approval::Nonce>(text);
    one_spelling::<approval::Commitment>(text);
    one_spelling::<approval::Object>(text);
    one_spelling::<approval::Verb>(text);
    one_spelling::<charter::Manifest>(text);
    if let Ok(environment) = text.parse::<Environment>() {
        assert_eq!(environment.as_str(), text);
    }
    if let Ok(code) = text.parse::<RefusalCode>() {
        assert_eq!(code.as_str(), text);
    }
    // No name can leave a path, a line or an id of the trust domain.
    if let Ok(name) = text.parse::<AgentName>() {
        assert!(name.as_str().bytes().all(|byte| byte.is_ascii_graphic() && byte != b'/'));
    }
}

/// Lines of headers: a letter for the name, then the value.
fn credentials(bytes: &[u8]) {
    let mut headers = HeaderMap::new();
    let mut values = Vec::new();
    for line in bytes.split(|byte| *byte == b'\n').take(8) {
        let Some((letter, value)) = line.split_first() else { continue };
        let name = match letter % 3 {
            0 => HeaderName::from_static("authorization"),
            1 => HeaderName::from_static("x-api-key"),
            _ => HeaderName::from_static("x-goog-api-key"),
        };
        let Ok(value) = HeaderValue::from_bytes(value) else { continue };
        values.push(value.clone());
        headers.append(name, value);
    }
    match credential(&headers) {
        Ok(credential) => {
            assert_eq!(format!("{credential:?}"), "Credential(not shown)");
            assert!(values.iter().any(|value| !value.is_empty()), "out of nothing");
        }
        Err(code) => assert!(matches!(
            code,
            RefusalCode::CredentialMissing
                | RefusalCode::CredentialAmbiguous
                | RefusalCode::CredentialMalformed
        )),
    }
    if let Some(value) = bytes.get(..bytes.len().min(256)) {
        let well = content_type_ok(value);
        assert!(
            !well || value.to_ascii_lowercase().windows(16).any(|at| at == b"application/json")
        );
    }
}

/// A `traceparent`, and behind a line feed each a `tracestate`.
fn traces(bytes: &[u8]) {
    let mut lines = bytes.split(|byte| *byte == b'\n');
    let parent = lines.next().unwrap_or_default();
    let states: Vec<&[u8]> = lines.take(40).collect();
    let read = TraceContext::read([parent].into_iter(), states.iter().copied());
    assert_eq!(read.is_some(), is_parent(parent), "another reader says otherwise");
    let joined = states.join(&b',');
    let one = TraceContext::read([parent].into_iter(), [joined.as_slice()].into_iter());
    assert_eq!(read, one, "in several headers it says something else");
    let twice = TraceContext::read([parent, parent].into_iter(), states.iter().copied());
    assert_eq!(twice, None, "which of the two?");
}

/// The form of `traceparent` (W3C Trace Context, 3.2), read a second way: by places.
fn is_parent(text: &[u8]) -> bool {
    let hex = |byte: &u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(byte);
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    let digits = |from: usize, to: usize| {
        part(from, to).len() == to - from && part(from, to).iter().all(hex)
    };
    let zero = |from: usize, to: usize| part(from, to).iter().all(|byte| *byte == b'0');
    let hyphens = [2, 35, 52].iter().all(|at| text.get(*at) == Some(&b'-'));
    let form = hyphens && digits(0, 2) && digits(3, 35) && digits(36, 52) && digits(53, 55);
    let length = match part(0, 2) {
        b"00" => text.len() == 55,
        b"ff" => false,
        _ => text.len() == 55 || text.get(55) == Some(&b'-'),
    };
    let text = std::str::from_utf8(text).is_ok();
    form && length && text && !zero(3, 35) && !zero(36, 52)
}

fn listings(query: &str) {
    let models: Vec<ModelName> =
        ["a", "b", "fast", "up-1"].iter().flat_map(|name| name.parse()).collect();
    for dialect in [Dialect::OpenAi, Dialect::Anthropic, Dialect::Gemini] {
        match model_list(dialect, &models, query) {
            Ok(page) => {
                let json = serde_json::from_slice::<serde_json::Value>(&page);
                assert!(json.is_ok_and(|json| json.is_object()), "a page is a JSON object");
            }
            Err(refusal) => {
                assert_eq!(refusal.code, RefusalCode::FieldInvalid);
                assert!(refusal.detail.len() < 512 && !refusal.detail.contains(char::is_control));
            }
        }
    }
}

/// An instant that is read is written as one text, and that text means the same instant.
fn instants(text: &str) {
    if let Ok(instant) = text.parse::<Timestamp>() {
        assert_eq!(instant.to_string().parse(), Ok(instant));
    }
    if let Ok(date) = text.parse::<charter::Date>() {
        assert!(date.begins() < date.ends());
    }
    let number = model::canonical::number(text);
    assert_eq!(number, text.parse().ok());
    if let Some(meant) = model::canonical::text(text) {
        assert!(meant.len() + 2 <= text.len(), "it means more than it says");
    }
}

/// Whatever the numbers, every header has a name and a value that HTTP takes.
fn rates(mut input: Input<'_>) {
    let mut limits = Vec::new();
    for _ in 0..input.byte() % 8 {
        let mut number = || {
            let bytes: [u8; 8] = std::array::from_fn(|_| input.byte());
            u64::from_le_bytes(bytes) >> (bytes[0] & 63)
        };
        let (limit, remaining, resets) = (number(), number(), number());
        let measure = input.pick(&[Measure::Requests, Measure::Tokens, Measure::Money]);
        let per = input.pick(&[Per::Minute, Per::Day, Per::Month]);
        let Some((measure, per)) = measure.zip(per) else { return };
        let resets = Timestamp::from_millis(i64::from_ne_bytes(resets.to_ne_bytes()));
        limits.push(RateLimit { measure, per, limit, remaining, resets });
    }
    let now = Timestamp::from_millis(1_795_510_800_000);
    for dialect in [Dialect::OpenAi, Dialect::Anthropic, Dialect::Gemini] {
        for (name, value) in rate_limit_headers(dialect, now, &limits) {
            assert!(HeaderName::from_bytes(name.as_bytes()).is_ok(), "{name}");
            assert!(HeaderValue::from_str(&value).is_ok(), "{name}: {value}");
            assert!(value.len() <= 4096, "{name} has {} bytes", value.len());
        }
    }
}

fn seeds() -> Vec<Vec<u8>> {
    let acts = seeds::json("act/acts.json");
    let mut found = Vec::new();
    for name in ["actor", "gateway", "nonce", "object", "verb"] {
        found.extend(seeds::texts(&acts, name).into_iter().take(3).map(|text| seed(&[0], text)));
    }
    found.extend(seeds::texts(&acts, "time").into_iter().take(3).map(|text| seed(&[4], text)));
    let manifest = charter::manifest(&crate::charters::tree()).to_string();
    let rest: [(u8, &str); 10] = [
        (0, &manifest),
        (0, "acme.test"),
        (0, "2026-12-31"),
        (1, "\x00Bearer abc.def.ghi\n\x01abc.def.ghi"),
        (1, "\x02key"),
        (1, "application/json; charset=utf-8"),
        (2, "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\na=1,b@c=x y\nd=2"),
        (2, "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more"),
        (3, "limit=2&after_id=a&pageSize=3&pageToken=b"),
        (5, "\x03aaaaaaaabbbbbbbbcccccccc\x00\x01dddddddd"),
    ];
    found.extend(rest.iter().map(|(what, text)| seed(&[*what], text)));
    found
}
