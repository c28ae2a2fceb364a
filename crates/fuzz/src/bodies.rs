//! Request bodies of the three dialects: refused with a code of the catalogue, or forwarded
//! unchanged but for the documented splices.

use bytes::Bytes;
use model::{Dialect, Operation, Refusal, RefusalCode};
use protocol::{Cap, CapField, Limits, Reading, Request, read};
use serde_json::Value;

use crate::Target;
use crate::input::Input;
use crate::seeds;
use crate::splices;

pub(crate) const OPENAI: Target = Target {
    name: "body-openai",
    about: "bodies of chats, responses and embeddings: refused, or forwarded but for the splices",
    check: |input| check(input, Dialect::OpenAi),
    seeds: || all(&["protocol/requests.json", "protocol/budgets.json"], Dialect::OpenAi),
    words: &[
        "\"model\":\"m\",",
        "\"stream\":true,",
        "\"stream_options\":{",
        "\"include_usage\":false",
        "\"max_tokens\":null,",
        "\"max_completion_tokens\":1,",
        "\"max_output_tokens\":null,",
        "\"tools\":[{\"type\":\"function\"}],",
        "\"messages\":[],",
        "\"input\":",
        "\"file_id\":\"f\",",
        "\"store\":true,",
        "\"previous_response_id\":\"r\",",
        "\"background\":true,",
        "\\u006d",
        "\"type\":\"web_search\",",
        "\"type\":\"mcp\",\"server_url\":",
        "\"image_url\":{\"url\":\"http",
    ],
    cases: 4000,
};

pub(crate) const ANTHROPIC: Target = Target {
    name: "body-anthropic",
    about: "bodies of messages and their counts: refused, or forwarded but for the splices",
    check: |input| check(input, Dialect::Anthropic),
    seeds: || {
        all(&["protocol/requests-anthropic.json", "protocol/budgets.json"], Dialect::Anthropic)
    },
    words: &[
        "\"model\":\"m\",",
        "\"max_tokens\":1,",
        "\"max_tokens\":null,",
        "\"messages\":[],",
        "\"stream\":true,",
        "\"tools\":[{\"type\":\"bash_20250124\",\"name\":\"b\"}],",
        "\"mcp_servers\":[{\"type\":\"url\",\"url\":\"https://a\",\"name\":\"n\"}],",
        "\"container\":\"c\",",
        "\"source\":{\"type\":\"file\",\"file_id\":\"f\"},",
        "_20250305",
        "\"type\":\"tool_result\",",
        "\"type\":\"document\",",
        "\"cache_control\":{},",
    ],
    cases: 4000,
};

pub(crate) const GEMINI: Target = Target {
    name: "body-gemini",
    about: "bodies of generated content and counts: refused, or forwarded but for the splices",
    check: |input| check(input, Dialect::Gemini),
    seeds: || all(&["protocol/requests-gemini.json", "protocol/budgets.json"], Dialect::Gemini),
    words: &[
        "\"model\":\"models/m\",",
        "\"contents\":[],",
        "\"generationConfig\":{",
        "\"generationConfig\":null,",
        "\"generation_config\":{",
        "\"maxOutputTokens\":null,",
        "\"max_output_tokens\":1,",
        "\"generateContentRequest\":{",
        "\"cachedContent\":\"cachedContents/c\",",
        "\"tools\":[{",
        "\"fileData\":{\"fileUri\":\"https://",
        "\"googleSearch\":{},",
        "\"codeExecution\":{},",
        "\"systemInstruction\":{\"parts\":[{\"text\":\"\"}]},",
        "\"inlineData\":{\"data\":\"\"},",
    ],
    cases: 4000,
};

/// Codes that a body alone can be refused with; those of its form begin with `body_`.
const CODES: &[RefusalCode] = &[
    RefusalCode::FieldInvalid,
    RefusalCode::FieldMissing,
    RefusalCode::ModelUnknown,
    RefusalCode::ToolUnknown,
    RefusalCode::BackgroundRefused,
    RefusalCode::StoredObjectRefused,
];
/// A name that a model may have here and at a provider.
const AGAIN: &str = "again-1";
/// Longest detail of a refusal, in bytes.
const DETAIL_MAX: usize = 1024;

/// The endpoints with a body in a dialect.
const fn operations(dialect: Dialect) -> &'static [Operation] {
    match dialect {
        Dialect::OpenAi => {
            &[Operation::ChatCompletions, Operation::Responses, Operation::Embeddings]
        }
        Dialect::Anthropic => &[Operation::Messages, Operation::CountMessageTokens],
        Dialect::Gemini => &[Operation::GenerateContent, Operation::CountContentTokens],
    }
}

/// The first byte: the endpoint in its low bits, then whether the path asks for a stream, which
/// cap is spliced in, if any, and whether a preview is asked for.
fn check(input: &[u8], dialect: Dialect) {
    let mut input = Input::new(input);
    let head = input.byte();
    let operations = operations(dialect);
    let at = usize::from(head & 3).checked_rem(operations.len()).unwrap_or(0);
    let Some(operation) = operations.get(at).copied() else { return };
    let betas: &[&str] = if head & 0x20 == 0 { &[] } else { &["files-api-2025-04-14", "a-beta"] };
    let request = Request {
        operation,
        dialect,
        model: (dialect == Dialect::Gemini).then_some("m"),
        stream: head & 4 != 0,
        betas,
    };
    let field = if head & 8 == 0 { CapField::MaxTokens } else { CapField::MaxCompletionTokens };
    let cap = (head & 0x10 != 0).then_some(Cap { tokens: splices::CAP, field });
    let body = Bytes::copy_from_slice(input.rest());
    match read(&body, &request, &Limits::default()) {
        Ok(reading) => forwarded(&body, &reading, &request, cap),
        Err(refusal) => refused(&refusal),
    }
}

/// What was read is sent as it came but for the splices, and reads the same again.
fn forwarded(body: &Bytes, reading: &Reading, request: &Request<'_>, cap: Option<Cap>) {
    let sent = reading.forward(splices::UPSTREAM, cap);
    splices::check(body, sent.chunks());
    assert_eq!(sent.content_length(), sent.clone().into_bytes().len() as u64);
    let asks_usage = sent.hides_usage();
    // Under a name that a model of ours could have, it is read again.
    let sent = reading.forward(AGAIN, cap).into_bytes();
    let as_sent = Request { model: request.model.map(|_| AGAIN), ..*request };
    let again = match read(&sent, &as_sent, &Limits::default()) {
        Ok(again) => again,
        Err(refusal) => panic!("what is sent is refused: {refusal:?}"),
    };
    let (first, second) = (reading.ask(), again.ask());
    assert_eq!(second.stream, first.stream);
    assert_eq!(second.beyond, first.beyond, "it acts or keeps something else");
    assert_eq!(second.function_tools, first.function_tools);
    // Where several answers are asked for, the cap of each counts as often.
    let is_capped = cap.is_some()
        && second
            .output_tokens_max
            .is_some_and(|most| most % splices::CAP == 0 || most == u64::MAX);
    let as_before = second.output_tokens_max == first.output_tokens_max;
    assert!(as_before || (is_capped && first.output_tokens_max.is_none()), "another cap");
    let twice = again.forward(splices::UPSTREAM, cap);
    assert!(!twice.hides_usage() || !asks_usage, "usage is asked for twice");
}

fn refused(refusal: &Refusal) {
    let code = refusal.code;
    let known = code.as_str().starts_with("body_") || CODES.contains(&code);
    assert!(known, "{code:?} is no code of a body");
    let detail = &refusal.detail;
    assert!(detail.len() <= DETAIL_MAX, "a detail of {} bytes", detail.len());
    assert!(!detail.contains(char::is_control), "a detail could forge a line: {detail:?}");
}

/// The bodies of these vectors that belong to a dialect, for each cap and both ways of a stream.
fn all(files: &[&str], dialect: Dialect) -> Vec<Vec<u8>> {
    let operations = operations(dialect);
    let mut found = Vec::new();
    for file in files {
        let vectors = seeds::json(file);
        let cases = vectors.get("cases").and_then(Value::as_array).cloned().unwrap_or_default();
        for (number, case) in cases.iter().enumerate() {
            let text = |name: &str| case.get(name).and_then(Value::as_str);
            let named = |operation: &Operation| Some(operation.as_str()) == text("operation");
            let Some(at) = operations.iter().position(named) else { continue };
            let streams = case.pointer("/path/stream") == Some(&Value::Bool(true));
            // Every way to send a body comes up, whichever body it is.
            let ways = u8::try_from(number & 7).unwrap_or(0) << 3;
            let head = u8::try_from(at).unwrap_or(0) | u8::from(streams) << 2 | ways;
            found.push(seeds::seed(&[head], text("body").unwrap_or_default()));
        }
    }
    found
}
