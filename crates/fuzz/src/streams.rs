//! Answers, whole and streamed: a meter says the same however a stream is cut, and changes nothing
//! of it but what it withholds.

use bytes::Bytes;
use model::{Operation, StoredName, Usage};
use protocol::{Meter, STORED_MAX, told};
use serde_json::Value;

use crate::Target;
use crate::input::{Input, pieces};
use crate::seeds;

pub(crate) const TARGET: Target = Target {
    name: "stream",
    about: "answers, whole and streamed: one verdict in any chunking, and every byte relayed",
    check,
    seeds,
    words: &[
        "data: ",
        "data: [DONE]\n\n",
        "event: message_stop\n",
        "\n\n",
        "\r\n\r\n",
        ": ping\n\n",
        "\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":1}",
        "\"choices\":[]",
        "{\"error\":{}}",
        "event: error\n",
        "\"type\":\"response.completed\"",
        "\"usageMetadata\":{",
        "id: 1\n",
        "\"finishReason\":\"STOP\"",
        "\"stop_reason\":\"end_turn\"",
        "\"output_tokens\":",
        "\"delta\":{\"content\":\"a\"}",
        "\"container\":{\"id\":\"c\"}",
        "\"store\":false",
    ],
    cases: 4000,
};

const OPERATIONS: &[Operation] = &[
    Operation::ChatCompletions,
    Operation::Responses,
    Operation::Messages,
    Operation::GenerateContent,
    Operation::Embeddings,
    Operation::CountMessageTokens,
    Operation::CountContentTokens,
    Operation::ListModels,
];

/// All that a meter says of a stream.
#[derive(Debug, PartialEq, Eq)]
struct Said {
    shown: Vec<u8>,
    usage: Option<Usage>,
    charge: Option<Usage>,
    tokens_at_least: u64,
    ended_properly: bool,
    saw_error: bool,
    stored: Vec<StoredName>,
}

/// The first byte: the endpoint, and whether usage is hidden. Two more: the lengths of pieces.
fn check(input: &[u8]) {
    let mut input = Input::new(input);
    let head = input.byte();
    let pattern = [input.byte(), input.byte()];
    let Some(operation) = OPERATIONS.get(usize::from(head & 7)).copied() else { return };
    let hides = head & 8 != 0;
    let bytes = input.rest();
    let whole = metered(operation, hides, [bytes].into_iter());
    let cut = metered(operation, hides, pieces(bytes, pattern).into_iter());
    assert_eq!(whole, cut, "another verdict in pieces");
    if hides {
        assert!(is_part(&whole.shown, bytes), "the client gets what the provider did not send");
    } else {
        assert_eq!(whole.shown, bytes, "a byte was changed or kept");
    }
    assert!(whole.stored.len() <= STORED_MAX);
    whole_answer(operation, bytes);
}

fn metered<'b>(operation: Operation, hides: bool, pieces: impl Iterator<Item = &'b [u8]>) -> Said {
    let mut meter = Meter::new(operation, hides);
    let (mut shown, mut stored, mut tokens) = (Vec::new(), Vec::new(), 0);
    for piece in pieces {
        shown.extend_from_slice(&meter.feed(Bytes::copy_from_slice(piece)));
        stored.extend(meter.take_stored());
        assert!(meter.tokens_at_least() >= tokens, "tokens were taken back");
        tokens = meter.tokens_at_least();
    }
    shown.extend_from_slice(&meter.rest());
    stored.extend(meter.take_stored());
    let charge = meter.charge();
    if let (Some(charge), Some(usage)) = (charge, meter.usage()) {
        assert!(meter.ended_properly(), "it is charged though it did not end");
        assert!(charge.output_tokens >= usage.output_tokens.max(meter.tokens_at_least()));
    }
    Said {
        shown,
        usage: meter.usage(),
        charge,
        tokens_at_least: meter.tokens_at_least(),
        ended_properly: meter.ended_properly(),
        saw_error: meter.saw_error(),
        stored,
    }
}

/// What a whole answer says stays within its bounds, and is nothing where it is no JSON.
fn whole_answer(operation: Operation, bytes: &[u8]) {
    let told = told(operation, bytes);
    assert!(told.stored.len() <= STORED_MAX);
    let json = serde_json::from_slice::<serde_json::Value>(bytes).is_ok();
    assert!(told.is_json || !json, "what is JSON is said to be none");
    if !told.is_json {
        assert!(told.usage.is_none() && told.stored.is_empty());
    }
    if let Some(charge) = told.charge() {
        assert!(charge.output_tokens >= told.tokens_at_least && charge.input_tokens > 0);
    }
}

/// Whether `shown` is `sent` with something left out.
fn is_part(shown: &[u8], sent: &[u8]) -> bool {
    let mut sent = sent.iter();
    shown.iter().all(|byte| sent.any(|other| other == byte))
}

fn seeds() -> Vec<Vec<u8>> {
    let vectors = seeds::json("protocol/streams.json");
    let cases = vectors.get("cases").and_then(Value::as_array).cloned().unwrap_or_default();
    let mut found = Vec::new();
    for case in &cases {
        let text = |name: &str| case.get(name).and_then(Value::as_str).unwrap_or_default();
        let named = |operation: &Operation| operation.as_str() == text("operation");
        let at = OPERATIONS.iter().position(named).and_then(|at| u8::try_from(at).ok());
        let hides = case.get("hides_usage") == Some(&Value::Bool(true));
        let stream = seeds::file(&format!("protocol/streams/{}", text("file")));
        let head = at.unwrap_or(0) | u8::from(hides) << 3;
        found.push(seeds::seed(&[head, 7, 31], &stream));
        // The events' data alone are what whole answers look like.
        let lines = stream.split(|byte| *byte == b'\n');
        let data = lines.filter_map(|line| line.strip_prefix(b"data: "));
        found.extend(data.take(4).map(|data| seeds::seed(&[head, 0, 0], data)));
    }
    found
}
