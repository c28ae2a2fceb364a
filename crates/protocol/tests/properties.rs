//! What holds for any bytes at all: nothing panics, one verdict with a slow reference reader,
//! and a forwarded body says what the received one said.

#![allow(clippy::expect_used, reason = "what a test is given must be what it says")]

use std::collections::BTreeSet;
use std::fmt;

use bytes::Bytes;
use model::{Dialect, Operation, RefusalCode};
use proptest::prelude::*;
use protocol::{Limits, Meter, Request, model_list, read, told};
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

const DIALECTS: [Dialect; 2] = [Dialect::OpenAi, Dialect::Anthropic];
const BODIES: [(Operation, Dialect); 7] = [
    (Operation::ChatCompletions, Dialect::OpenAi),
    (Operation::Responses, Dialect::OpenAi),
    (Operation::Embeddings, Dialect::OpenAi),
    (Operation::Messages, Dialect::Anthropic),
    (Operation::CountMessageTokens, Dialect::Anthropic),
    (Operation::GenerateContent, Dialect::Gemini),
    (Operation::CountContentTokens, Dialect::Gemini),
];

const CHAT: (Operation, Dialect) = (Operation::ChatCompletions, Dialect::OpenAi);

/// A request of which no more is known than its endpoint, but for Gemini's model.
fn request<'r>((operation, dialect): (Operation, Dialect)) -> Request<'r> {
    let model = (dialect == Dialect::Gemini).then_some("fast");
    Request { operation, dialect, model, stream: false, betas: &[] }
}

/// The reference: `serde_json` itself, with every object's keys in a set.
struct NoKeyTwice;

const TWICE: &str = "a key twice";

impl<'de> Deserialize<'de> for NoKeyTwice {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NoKeyTwice)
    }
}

impl<'de> Visitor<'de> for NoKeyTwice {
    type Value = Self;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("any value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self, A::Error> {
        while list.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self, A::Error> {
        let mut keys = BTreeSet::new();
        let mut twice = false;
        while let Some((key, _)) = map.next_entry::<String, Self>()? {
            twice |= !keys.insert(key);
        }
        if twice { Err(A::Error::custom(TWICE)) } else { Ok(self) }
    }
}

/// What the reference says of a body, as far as the two readers use the same words.
fn reference(body: &[u8]) -> Option<RefusalCode> {
    match serde_json::from_slice::<NoKeyTwice>(body) {
        Ok(_) => None,
        Err(error) if error.is_eof() => Some(RefusalCode::BodyTruncated),
        Err(error) if error.to_string().starts_with(TWICE) => Some(RefusalCode::BodyDuplicateKey),
        Err(_) => Some(RefusalCode::BodyNotJson),
    }
}

/// The code for which `read` refuses the form of a body; none where it is well-formed.
fn form(body: &Bytes) -> Option<RefusalCode> {
    let limits = Limits::default();
    let request = request((Operation::Messages, Dialect::Anthropic));
    let refusal = read(body, &request, &limits).err()?;
    refusal.code.as_str().starts_with("body_").then_some(refusal.code)
}

/// Pieces of JSON, whole and broken, that make a body when they are put together.
fn soup() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        8 => prop::sample::select(vec!["{", "}", "[", "]", ":", ",", "\"", " ", "\n"]),
        8 => prop::sample::select(vec!["\"a\"", "\"\\u0061\"", "\"b\"", "\"\"", "\"é\"", "\"A\""]),
        4 => prop::sample::select(vec!["\"a\":1,", "\"b\":{", "},", "\"\\u0062\":[", "],"]),
        4 => prop::sample::select(vec!["0", "-1", "1.5", "1e5", "01", "1.", "-", "1e999", "true"]),
        4 => prop::sample::select(vec!["null", "tru", "nul", "x", "\\", "\\u", "\\ud800", "\\udc00"]),
        1 => prop::sample::select(vec!["\u{0}", "\u{1f}", "\u{feff}", "\u{2028}", "\\n", "\\x"]),
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

/// Any JSON value; keys are few, so that some come twice once they are written.
fn value() -> impl Strategy<Value = String> {
    let scalar = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|value| value.to_string()),
        any::<i64>().prop_map(|value| value.to_string()),
        any::<f32>()
            .prop_filter("finite", |value| value.is_finite())
            .prop_map(|v| format!("{v:e}")),
        ".{0,24}".prop_map(|text| Value::from(text).to_string()),
    ];
    let key = prop_oneof![
        Just("\"a\"".to_owned()),
        Just("\"\\u0061\"".to_owned()),
        "[a-f]{1,2}".prop_map(|text| Value::from(text).to_string()),
        ".{0,4}".prop_map(|text| Value::from(text).to_string()),
    ];
    scalar.prop_recursive(6, 64, 20, move |inner| {
        let member =
            (key.clone(), inner.clone()).prop_map(|(key, value)| format!("{key} :{value}"));
        prop_oneof![
            prop::collection::vec(inner, 0..6).prop_map(|list| format!("[{}]", list.join(", "))),
            prop::collection::vec(member, 0..20).prop_map(|map| format!("{{{}}}", map.join(","))),
        ]
    })
}

/// A chat with anything beside the fields that are read.
fn chat() -> impl Strategy<Value = String> {
    let options = prop_oneof![
        Just(""),
        Just(r#","stream_options":null"#),
        Just(r#","stream_options": {}"#),
        Just(r#","stream_options":{ "other":[1] }"#),
        Just(r#","stream_options":{"other":1,"include_usage":false}"#),
        Just(r#","stream_options":{"include_usage" : true}"#),
    ];
    (options, any::<bool>(), value(), any::<bool>()).prop_map(|(options, stream, extra, first)| {
        let model = r#""mod\u0065l":"fast""#;
        let rest = format!(r#""messages":[],"stream":{stream}{options},"x":{extra}"#);
        if first { format!("{{{model},{rest}}}") } else { format!("{{{rest}, {model} }}") }
    })
}

proptest! {
    #[test]
    fn no_bytes_make_anything_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let body = Bytes::from(bytes);
        for (operation, dialect) in BODIES {
            let _ = read(&body, &request((operation, dialect)), &Limits::default());
            let _ = told(operation, &body);
            for hides_usage in [false, true] {
                let mut meter = Meter::new(operation, hides_usage);
                let mut shown = meter.feed(body.clone()).to_vec();
                shown.extend_from_slice(&meter.rest());
                prop_assert_eq!(&shown, &body, "and no usage is in it to be hidden");
            }
        }
    }

    #[test]
    fn no_query_makes_a_listing_panic(query in ".{0,64}", odd in "[%+&=a-f0-9_]{0,32}") {
        for dialect in DIALECTS {
            let _ = model_list(dialect, &[], &query);
            let _ = model_list(dialect, &[], &format!("after_id={odd}&limit={odd}"));
        }
    }

    #[test]
    fn a_broken_body_is_refused_as_the_reference_refuses_it(soup in soup()) {
        // Begun and ended, so that the interesting part is inside an object.
        for body in [format!("{{\"z\":{soup}}}"), format!("{{{soup}}}"), format!("{{\"z\":[{soup}")] {
            let ours = form(&Bytes::from(body.clone()));
            match (reference(body.as_bytes()), ours) {
                // Of two faults in one body, each reader names the one it meets first.
                (Some(_), Some(RefusalCode::BodyDuplicateKey)) => {}
                // The reference counts four characters of `\uXXXX` before it looks at them.
                (Some(RefusalCode::BodyTruncated), Some(RefusalCode::BodyNotJson))
                    if body.rfind("\\u").is_some_and(|at| body.len() - at < 6) => {}
                (theirs, ours) => prop_assert_eq!(theirs, ours, "{}", body),
            }
        }
    }

    #[test]
    fn a_key_twice_is_found_as_the_reference_finds_it(value in value()) {
        let body = format!("{{\"z\":{value}}}");
        prop_assert_eq!(reference(body.as_bytes()), form(&Bytes::from(body.clone())), "{}", body);
    }

    #[test]
    fn a_forwarded_body_says_what_the_received_one_said(chat in chat()) {
        let body = Bytes::from(chat.clone());
        let limits = Limits::default();
        let reading = match read(&body, &request(CHAT), &limits) {
            Ok(reading) => reading,
            Err(refusal) => {
                prop_assert_eq!(refusal.code, RefusalCode::BodyDuplicateKey, "{}", chat);
                return Ok(());
            }
        };
        let forward = reading.forward("up/Model-1", None);
        let hides_usage = forward.hides_usage();
        let sent: Value = serde_json::from_slice(&forward.into_bytes()).expect("well-formed");
        let mut expected: Value = serde_json::from_str(&chat).expect("well-formed");
        let stream = expected["stream"] == true;
        let asked = expected["stream_options"]["include_usage"] == true;
        prop_assert_eq!(hides_usage, stream && !asked);
        expected["model"] = "up/Model-1".into();
        if stream {
            expected["stream_options"]["include_usage"] = true.into();
        }
        prop_assert_eq!(sent, expected);
    }

    #[test]
    fn a_body_is_refused_or_forwarded_byte_for_byte(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        soup in soup(),
        extra in value(),
        first in any::<bool>(),
    ) {
        // Under the name that the client gave, the splice of the model changes nothing.
        let known = r#""model":"fast","messages":[],"contents":[],"input":"a","max_tokens":9"#;
        let unknown = format!(r#""x":{extra},"y":[{extra}]"#);
        let members = if first { [known, &unknown] } else { [&unknown, known] };
        let whole = format!("{{ {} }}\n", members.join(" , "));
        let torn = format!("{{{known},{soup}}}");
        for body in [bytes, whole.into_bytes(), torn.into_bytes()].map(Bytes::from) {
            for (operation, dialect) in BODIES {
                let request = Request {
                    model: (dialect == Dialect::Gemini).then_some("fast"),
                    ..request((operation, dialect))
                };
                match read(&body, &request, &Limits::default()) {
                    Ok(reading) => {
                        // Gemini's bodies call a model by its resource's name.
                        let resource = dialect == Dialect::Gemini;
                        let sent = reading.forward("fast", None).into_bytes();
                        let sent = if resource {
                            Bytes::from(String::from_utf8_lossy(&sent).replace("models/fast", "fast"))
                        } else {
                            sent
                        };
                        prop_assert_eq!(&sent, &body);
                    }
                    Err(refusal) => prop_assert!(!refusal.code.as_str().is_empty()),
                }
            }
        }
    }

    #[test]
    fn what_was_forwarded_is_read_the_same_again(chat in chat()) {
        let limits = Limits::default();
        let read = |body| read(&body, &request(CHAT), &limits);
        let Ok(first) = read(Bytes::from(chat)) else { return Ok(()) };
        let again = read(first.forward("fast", None).into_bytes()).expect("it reads again");
        prop_assert_eq!(again.ask().stream, first.ask().stream);
        prop_assert!(!again.forward("fast", None).hides_usage(), "the second time, usage is asked for");
    }
}
