//! What whole answers say about themselves: input and expected output.

use model::{Operation, StoredKind, Usage};
use protocol::{STORED_MAX, stored_name, told};

fn check(
    operation: Operation,
    body: &str,
    usage: Option<(u64, u64)>,
    stored: &[(StoredKind, &str)],
) {
    let usage = usage.map(|(input_tokens, output_tokens)| Usage { input_tokens, output_tokens });
    let stored: Vec<_> = stored.iter().map(|(kind, id)| stored_name(*kind, id)).collect();
    let told = told(operation, body.as_bytes());
    assert_eq!((told.usage, told.stored), (usage, stored), "{body}");
}

#[test]
fn usage_of_a_chat() {
    let open_ai = |body, expected| check(Operation::ChatCompletions, body, expected, &[]);
    open_ai(
        r#"{"id":"c","choices":[{"message":{"content":"\"usage\":{\"prompt_tokens\":1}"}}],
            "usage":{"prompt_tokens":19,"completion_tokens":10,"total_tokens":29,
            "prompt_tokens_details":{"cached_tokens":18}}}"#,
        Some((19, 10)),
    );
    open_ai(
        r#"{"usage":{"completion_tokens":0,"prompt_tokens":18446744073709551615}}"#,
        Some((u64::MAX, 0)),
    );
    for none in [
        "",
        "{}",
        "[]",
        "null",
        "{",
        r#"{"usage":null}"#,
        r#"{"usage":7}"#,
        r#"{"usage":{}}"#,
        r#"{"usage":{"prompt_tokens":1}}"#,
        r#"{"usage":{"prompt_tokens":1,"completion_tokens":-1}}"#,
        r#"{"usage":{"prompt_tokens":1.0,"completion_tokens":1}}"#,
        r#"{"usage":{"prompt_tokens":[1,{}],"completion_tokens":{"a":[]}}}"#,
        r#"{"usage":{"prompt_tokens":"1","completion_tokens":true}}"#,
        r#"{"usage":{"prompt_tokens":1,"completion_tokens":18446744073709551616}}"#,
        r#"{"usage":{"input_tokens":1,"output_tokens":1}}"#,
        r#"{"error":{"message":"no"}}"#,
    ] {
        open_ai(none, None);
    }
}

#[test]
fn usage_of_a_message() {
    let anthropic = |body, expected| check(Operation::Messages, body, expected, &[]);
    anthropic(r#"{"usage":{"input_tokens":5,"output_tokens":7}}"#, Some((5, 7)));
    anthropic(
        r#"{"usage":{"input_tokens":5,"cache_creation_input_tokens":100,
            "cache_read_input_tokens":1000,"output_tokens":7,"server_tool_use":null}}"#,
        Some((1105, 7)),
    );
    anthropic(
        r#"{"usage":{"input_tokens":18446744073709551615,"cache_read_input_tokens":1,"output_tokens":0}}"#,
        Some((u64::MAX, 0)),
    );
    anthropic(r#"{"usage":{"output_tokens":7}}"#, None);
    anthropic(r#"{"usage":{"prompt_tokens":1,"completion_tokens":1}}"#, None);
}

#[test]
fn usage_of_embeddings_is_what_was_read() {
    let body = r#"{"object":"list","data":[{"embedding":[0.1]}],"usage":{"prompt_tokens":8,"total_tokens":8}}"#;
    check(Operation::Embeddings, body, Some((8, 0)), &[]);
    for none in
        ["{}", "[]", r#"{"usage":{"total_tokens":8}}"#, r#"{"usage":{"prompt_tokens":"8"}}"#]
    {
        check(Operation::Embeddings, none, None, &[]);
    }
}

#[test]
fn counting_tokens_uses_none() {
    let body = r#"{"input_tokens":5,"usage":{"input_tokens":5,"output_tokens":7}}"#;
    check(Operation::CountMessageTokens, body, None, &[]);
    let body = r#"{"totalTokens":5,"usageMetadata":{"promptTokenCount":5}}"#;
    check(Operation::CountContentTokens, body, None, &[]);
    check(
        Operation::ListModels,
        r#"{"data":[],"usage":{"prompt_tokens":1,"completion_tokens":1}}"#,
        None,
        &[],
    );
}

#[test]
fn usage_of_a_response() {
    let responses = |body, expected| check(Operation::Responses, body, expected, &[]);
    responses(
        r#"{"usage":{"input_tokens":36,"input_tokens_details":{"cached_tokens":30},
            "output_tokens":87,"output_tokens_details":{"reasoning_tokens":64},"total_tokens":123}}"#,
        Some((36, 87)),
    );
    for none in [
        "",
        "<html><body>Bad gateway</body></html>",
        "[{}]",
        r#"{"usage":null}"#,
        r#"{"usage":{"input_tokens":36}}"#,
        r#"{"usage":{"prompt_tokens":1,"completion_tokens":1}}"#,
        r#"{"error":{"message":"no","code":"server_error"}}"#,
        r#"{"usage":{"input_tokens":36,"output_tokens":87}"#,
    ] {
        responses(none, None);
    }
}

#[test]
fn usage_of_generated_content() {
    let gemini = |body, expected| check(Operation::GenerateContent, body, expected, &[]);
    gemini(
        r#"{"candidates":[{"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":10,
            "cachedContentTokenCount":8,"candidatesTokenCount":3,"totalTokenCount":20,
            "thoughtsTokenCount":5,"toolUsePromptTokenCount":2,"promptTokensDetails":[{}]}}"#,
        Some((12, 8)),
    );
    gemini(
        r#"{"promptFeedback":{"blockReason":"SAFETY"},"usageMetadata":{"promptTokenCount":4,"candidatesTokenCount":null}}"#,
        Some((4, 0)),
    );
    gemini(
        r#"{"usageMetadata":{"promptTokenCount":18446744073709551615,"toolUsePromptTokenCount":1}}"#,
        Some((u64::MAX, 0)),
    );
    for none in [
        "<!doctype html>",
        "{}",
        r#"{"error":{"code":500,"status":"INTERNAL"}}"#,
        r#"{"usageMetadata":{}}"#,
        r#"{"usageMetadata":{"candidatesTokenCount":3}}"#,
        r#"{"usageMetadata":{"promptTokenCount":4,"candidatesTokenCount":"3"}}"#,
        r#"{"usageMetadata":{"promptTokenCount":4,"thoughtsTokenCount":-1}}"#,
        r#"[{"usageMetadata":{"promptTokenCount":4}}]"#,
        r#"{"usage_metadata":{"promptTokenCount":4}}"#,
    ] {
        gemini(none, None);
    }
}

#[test]
fn a_response_announces_itself_its_items_and_what_code_left() {
    let body = r#"{"id":"resp_1","store":true,"output":[
        {"type":"reasoning","id":"rs_1"}, 7, null, ["x"],
        {"type":"code_interpreter_call","id":"ci_1","container_id":"cntr_1"},
        {"type":"shell_call","id":"sh_1","environment":{"type":"container_reference","container_id":"cntr_2"}},
        {"type":"message","id":"msg_1","content":[{"type":"output_text","annotations":[
            {"type":"container_file_citation","container_id":"cntr_1","file_id":"cfile_1"},
            {"type":"file_citation","file_id":"file_others"}]}]}]}"#;
    let left = [
        (StoredKind::Response, "resp_1"),
        (StoredKind::Item, "rs_1"),
        (StoredKind::Item, "ci_1"),
        (StoredKind::Container, "cntr_1"),
        (StoredKind::Item, "sh_1"),
        (StoredKind::Container, "cntr_2"),
        (StoredKind::Item, "msg_1"),
        (StoredKind::File, "cfile_1"),
    ];
    check(Operation::Responses, body, None, &left);
    let unsaid = body.replace(r#""store":true,"#, "");
    check(Operation::Responses, &unsaid, None, &left);
    let unkept = body.replace("true", "false");
    let only = [
        (StoredKind::Container, "cntr_1"),
        (StoredKind::Container, "cntr_2"),
        (StoredKind::File, "cfile_1"),
    ];
    check(Operation::Responses, &unkept, None, &only);
    for nothing in [
        r#"{"id":7,"output":{"id":"x"}}"#,
        r#"{"id":""}"#,
        r#"{"response":{"id":"resp_1"}}"#,
        r#"{"id":"resp_1","id":"resp_2"}"#,
        r#"{"id":"resp_1","#,
    ] {
        check(Operation::Responses, nothing, None, &[]);
    }
}

#[test]
fn a_message_announces_its_container_and_the_files_that_code_made() {
    let body = r#"{"container":{"id":"container_1","expires_at":"2026-01-01T00:00:00Z"},"content":[
        {"type":"tool_use","content":{"content":[{"file_id":"file_model"}]},"input":{"file_id":"file_model"}},
        {"type":"web_search_tool_result","content":[{"file_id":"file_web"}]},
        {"type":"bash_code_execution_tool_result","content":{"type":"bash_code_execution_result",
            "content":[{"type":"bash_code_execution_output","file_id":"file_1"}]}},
        {"type":"code_execution_tool_result","content":{"type":"code_execution_result",
            "content":[{"type":"code_execution_output","file_id":"file_2"},{"file_id":null}]}}]}"#;
    let left = [
        (StoredKind::Container, "container_1"),
        (StoredKind::File, "file_1"),
        (StoredKind::File, "file_2"),
    ];
    check(Operation::Messages, body, None, &left);
    for nothing in [r#"{"id":"msg_1","container":null}"#, r#"{"container":"container_1"}"#] {
        check(Operation::Messages, nothing, None, &[]);
    }
}

#[test]
fn a_chat_announces_what_was_spoken() {
    let body = r#"{"id":"chatcmpl_1","choices":[{"message":{"audio":{"id":"audio_1"}}},{"message":{"audio":null}}]}"#;
    check(Operation::ChatCompletions, body, None, &[(StoredKind::Audio, "audio_1")]);
    check(Operation::GenerateContent, body, None, &[]);
}

#[test]
fn an_answer_announces_each_name_once_and_not_too_many() {
    let item = |nth: usize| format!(r#"{{"id":"item_{nth}"}}"#);
    let items: Vec<String> = (0..STORED_MAX * 2).flat_map(|nth| [item(nth), item(nth)]).collect();
    let body = format!(r#"{{"id":"resp_1","output":[{}]}}"#, items.join(","));
    let stored = told(Operation::Responses, body.as_bytes()).stored;
    assert_eq!(stored.len(), STORED_MAX);
    let last = format!("item_{}", STORED_MAX - 2);
    assert_eq!(stored.last(), Some(&stored_name(StoredKind::Item, &last)));
}
