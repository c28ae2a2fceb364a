//! What an answer is charged, whatever its provider says: lower bounds of what was written, and
//! reports that are missing, repeated, huge or false.

use bytes::Bytes;
use model::{Operation, Usage};
use protocol::{Meter, told};

/// Input and output tokens.
type Both = Option<(u64, u64)>;

/// What a stream of these events' data is metered as: reported, seen, charged.
fn stream(operation: Operation, events: &[&str]) -> (Both, u64, Both) {
    let mut meter = Meter::new(operation, false);
    let mut before = 0;
    for event in events {
        meter.feed(Bytes::from(format!("data: {event}\n\n")));
        assert!(meter.tokens_at_least() >= before, "it only ever grows");
        before = meter.tokens_at_least();
    }
    meter.rest();
    (meter.usage().map(both), meter.tokens_at_least(), meter.charge().map(both))
}

fn whole(operation: Operation, body: &str) -> (Both, u64, Both) {
    let told = told(operation, body.as_bytes());
    (told.usage.map(both), told.tokens_at_least, told.charge().map(both))
}

const fn both(usage: Usage) -> (u64, u64) {
    (usage.input_tokens, usage.output_tokens)
}

const HI: &str = r#"{"choices":[{"index":0,"delta":{"content":"Hi"}}]}"#;

#[test]
fn a_chats_pieces_are_counted_for_each_answer() {
    let seen = |events: &[&str]| stream(Operation::ChatCompletions, events).1;
    assert_eq!(seen(&[HI, HI]), 2);
    assert_eq!(seen(&[r#"{"choices":[{"delta":{"content":"a"}},{"delta":{"content":"b"}}]}"#]), 2);
    for piece in [
        r#"{"choices":[{"delta":{"reasoning_content":"a"}}]}"#,
        r#"{"choices":[{"delta":{"reasoning":"a"}}]}"#,
        r#"{"choices":[{"delta":{"refusal":"a","content":null}}]}"#,
        r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{"}}]}}]}"#,
        r#"{"choices":[{"delta":{"function_call":{"arguments":"{"}}}]}"#,
        r#"{"choices":[{"delta":{"audio":{"data":"AAAA"}}}]}"#,
        r#"{"choices":[{"delta":{"content":"a","reasoning":"b"}}]}"#,
    ] {
        assert_eq!(seen(&[piece]), 1, "{piece}");
    }
    for nothing in [
        r#"{"choices":[{"delta":{"role":"assistant","content":""}}]}"#,
        r#"{"choices":[{"delta":{"content":null,"tool_calls":[]},"finish_reason":"stop"}]}"#,
        r#"{"choices":[],"usage":null}"#,
        r#"{"choices":[{"delta":{"content":7}}]}"#,
        r#"{"choices":"x"}"#,
        "[DONE]",
        "{",
        "",
    ] {
        assert_eq!(seen(&[nothing]), 0, "{nothing}");
    }
}

#[test]
fn a_piece_too_long_to_be_kept_counts_all_the_same() {
    let long = format!(r#"{{"choices":[{{"delta":{{"content":"{}"}}}}]}}"#, "x".repeat(100_000));
    assert_eq!(stream(Operation::ChatCompletions, &[&long, HI]).1, 2);
    let long = format!(r#"{{"type":"response.output_text.delta","delta":"{}"}}"#, "x".repeat(300));
    assert_eq!(stream(Operation::Responses, &[&long]).1, 1);
}

#[test]
fn what_was_left_out_of_an_event_is_no_id() {
    let mut meter = Meter::new(Operation::Responses, false);
    let long = format!(r#"{{"type":"x","response":{{"id":"{}"}}}}"#, "r".repeat(300));
    meter.feed(Bytes::from(format!("data: {long}\n\n")));
    assert_eq!(meter.take_stored(), []);
}

#[test]
fn a_responses_deltas_are_counted() {
    let seen = |events: &[&str]| stream(Operation::Responses, events).1;
    let text = r#"{"type":"response.output_text.delta","delta":"Hi"}"#;
    let call = r#"{"type":"response.function_call_arguments.delta","delta":"{"}"#;
    assert_eq!(seen(&[text, call, text]), 3);
    for nothing in [
        r#"{"type":"response.output_text.delta","delta":""}"#,
        r#"{"type":"response.output_text.done","text":"Hi"}"#,
        r#"{"type":"response.created","response":{"output":[]}}"#,
        r#"{"type":"response.content_part.added","part":{"text":"a"}}"#,
        r#"{"delta":"a"}"#,
    ] {
        assert_eq!(seen(&[nothing]), 0, "{nothing}");
    }
    // The whole answer at the end is none of its pieces once more.
    let end = r#"{"type":"response.completed","response":{"output":[{"id":"m"}]}}"#;
    assert_eq!(seen(&[text, end]), 1);
    assert_eq!(seen(&[end, end]), 1, "and alone it is one token at least");
}

#[test]
fn a_messages_running_count_or_its_pieces_count_whichever_is_more() {
    let start = r#"{"type":"message_start","message":{"content":[],"usage":{"input_tokens":9,"output_tokens":1}}}"#;
    let piece = r#"{"type":"content_block_delta","delta":{"type":"text_delta","text":"Hi"}}"#;
    let thought =
        r#"{"type":"content_block_delta","delta":{"type":"thinking_delta","thinking":"a"}}"#;
    let json =
        r#"{"type":"content_block_delta","delta":{"type":"input_json_delta","partial_json":"{"}}"#;
    let signature =
        r#"{"type":"content_block_delta","delta":{"type":"signature_delta","signature":"a"}}"#;
    let count =
        |tokens: u64| format!(r#"{{"type":"message_delta","usage":{{"output_tokens":{tokens}}}}}"#);
    let seen = |events: &[&str]| stream(Operation::Messages, events);
    let stop = r#"{"type":"message_stop"}"#;
    assert_eq!(seen(&[start, stop]), (Some((9, 1)), 1, Some((9, 1))));
    assert_eq!(seen(&[start, piece, thought, json, signature]).1, 3);
    assert_eq!(seen(&[start, piece, &count(40), stop]), (Some((9, 40)), 40, Some((9, 40))));
    assert_eq!(seen(&[start, &count(40), &count(3)]).0, Some((9, 40)), "a count does not shrink");
    assert_eq!(seen(&[start, piece, piece, &count(0), stop]), (Some((9, 1)), 2, Some((9, 2))));
    // A count without a prompt's is no usage, and a lower bound all the same.
    assert_eq!(seen(&[&count(40), stop]), (None, 40, None));
}

#[test]
fn geminis_running_count_or_its_pieces_count_whichever_is_more() {
    let piece = r#"{"candidates":[{"content":{"parts":[{"text":"Hi"}]}}]}"#;
    let counted = r#"{"candidates":[{"content":{"parts":[{"text":"Hi"}]}}],"usageMetadata":{"promptTokenCount":4,"candidatesTokenCount":9,"thoughtsTokenCount":2}}"#;
    let last = r#"{"candidates":[{"content":{"parts":[{"text":""}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":4,"candidatesTokenCount":1}}"#;
    let seen = |events: &[&str]| stream(Operation::GenerateContent, events);
    assert_eq!(seen(&[piece, piece]), (None, 2, None));
    assert_eq!(seen(&[piece, last]).1, 1, "the last event may be empty");
    assert_eq!(seen(&[last]).1, 1, "or all there is");
    assert_eq!(seen(&[counted, last]), (Some((4, 11)), 11, Some((4, 11))));
    assert_eq!(seen(&[r#"{"candidates":[{"content":{"parts":[]}}]}"#]).1, 0);
    assert_eq!(seen(&[r#"{"promptFeedback":{"blockReason":"SAFETY"}}"#]).1, 0);
}

#[test]
fn a_report_that_is_repeated_or_shrinks_counts_by_its_larger_numbers() {
    let usage = |input: &str, output: &str| {
        format!(
            r#"{{"choices":[],"usage":{{"prompt_tokens":{input},"completion_tokens":{output}}}}}"#
        )
    };
    let chat = |events: &[&str]| stream(Operation::ChatCompletions, events).0;
    assert_eq!(chat(&[&usage("5", "9"), &usage("5", "9")]), Some((5, 9)));
    assert_eq!(chat(&[&usage("5", "9"), &usage("0", "0")]), Some((5, 9)));
    assert_eq!(chat(&[&usage("5", "1"), &usage("4", "9")]), Some((5, 9)));
    for odd in ["-1", "1.5", "\"3\"", "null", "18446744073709551616", "1e400"] {
        assert_eq!(chat(&[&usage("5", "9"), &usage("5", odd)]), Some((5, 9)), "{odd}");
        assert_eq!(chat(&[&usage("5", odd)]), None, "{odd}");
    }
    assert_eq!(chat(&[&usage("5", "18446744073709551615")]), Some((5, u64::MAX)));
}

#[test]
fn a_count_twice_in_one_report_is_no_report() {
    let twice = r#"{"choices":[{"delta":{"content":"a"}}],"usage":{"prompt_tokens":5,"completion_tokens":9,"completion_tokens":0}}"#;
    assert_eq!(stream(Operation::ChatCompletions, &[HI, twice]), (None, 1, None));
}

#[test]
fn an_answer_that_breaks_off_or_fails_charges_all_that_is_held() {
    let usage = r#"{"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":9}}"#;
    let chat = |events: &[&str]| stream(Operation::ChatCompletions, events).2;
    assert_eq!(chat(&[HI, usage, "[DONE]"]), Some((5, 9)));
    assert_eq!(chat(&[HI, usage]), None);
    assert_eq!(chat(&[HI, usage, r#"{"error":{"message":"no"}}"#, "[DONE]"]), None);
    let start =
        r#"{"type":"message_start","message":{"usage":{"input_tokens":9,"output_tokens":1}}}"#;
    assert_eq!(stream(Operation::Messages, &[start]), (Some((9, 1)), 1, None));
}

#[test]
fn thoughts_that_only_the_total_has_are_output() {
    let body = r#"{"choices":[{"message":{"content":"a"}}],"usage":{"prompt_tokens":10,"completion_tokens":1,"total_tokens":211}}"#;
    assert_eq!(whole(Operation::ChatCompletions, body).0, Some((10, 201)));
    for total in ["11", "0", "-5", "null", "\"99\""] {
        assert_eq!(whole(Operation::ChatCompletions, &body.replace("211", total)).0, Some((10, 1)));
    }
}

#[test]
fn a_report_that_is_plainly_false_charges_all_that_is_held() {
    let chat = |usage: &str, content: &str| {
        let body =
            format!(r#"{{"choices":[{{"message":{{"content":{content}}}}}],"usage":{usage}}}"#);
        whole(Operation::ChatCompletions, &body).2
    };
    let usage = r#"{"prompt_tokens":5,"completion_tokens":3}"#;
    assert_eq!(chat(usage, "\"Hi\""), Some((5, 3)));
    assert_eq!(chat(r#"{"prompt_tokens":5,"completion_tokens":0}"#, "\"Hi\""), None);
    assert_eq!(chat(r#"{"prompt_tokens":5,"completion_tokens":0}"#, "\"\""), Some((5, 0)));
    assert_eq!(chat(r#"{"prompt_tokens":0,"completion_tokens":3}"#, "\"Hi\""), None);
    assert_eq!(chat("null", "\"Hi\""), None);
}

#[test]
fn whole_answers_of_every_form_are_a_token_at_least() {
    let seen = |operation, body| whole(operation, body).1;
    let chats = r#"{"choices":[{"message":{"content":"a"}},{"message":{"tool_calls":[{}]}},{"message":{"content":""}}]}"#;
    assert_eq!(seen(Operation::ChatCompletions, chats), 2);
    assert_eq!(seen(Operation::Responses, r#"{"output":[{"type":"message"}]}"#), 1);
    assert_eq!(seen(Operation::Responses, r#"{"output":[]}"#), 0);
    assert_eq!(seen(Operation::Messages, r#"{"content":[{"type":"text","text":"a"}]}"#), 1);
    assert_eq!(seen(Operation::Messages, r#"{"content":[]}"#), 0);
    let gemini = r#"{"candidates":[{"content":{"parts":[{"text":"a"}]},"finishReason":"STOP"},{"content":{"parts":[{}]}},{}]}"#;
    assert_eq!(seen(Operation::GenerateContent, gemini), 2);
    let embeddings = r#"{"data":[{"embedding":[0.1]}],"usage":{"prompt_tokens":8}}"#;
    assert_eq!(whole(Operation::Embeddings, embeddings), (Some((8, 0)), 0, Some((8, 0))));
    assert_eq!(seen(Operation::CountMessageTokens, r#"{"input_tokens":5}"#), 0);
    assert_eq!(seen(Operation::ChatCompletions, "not JSON"), 0);
}
