//! The gateway's own answers: input and expected output.

#![allow(clippy::expect_used, reason = "what a test is given must be what it says")]

use model::{Dialect, ModelName, Operation, Refusal, RefusalCode};
use protocol::{
    GEMINI_MODELS_PER_PAGE, MODELS_PER_PAGE, content_type_ok, error_body, error_event, model_list,
    request_id_header,
};
use serde_json::{Value, json};

const ID: &str = "0199c3f0-0000-7000-8000-000000000001";

fn body(dialect: Dialect, refusal: &Refusal) -> Value {
    serde_json::from_slice(&error_body(dialect, refusal, ID)).expect("JSON")
}

#[test]
fn a_refusal_says_what_it_is_and_who_can_fix_it() {
    let refusal = Refusal::new(RefusalCode::PolicyForbids, "The budget \"team\\a\" is spent")
        .asking("seat:policy-lead");
    let message = "A policy forbids it. The budget \"team\\a\" is spent. Who can fix it: the \
                   policy's owner; ask seat:policy-lead. Decision \
                   0199c3f0-0000-7000-8000-000000000001.";
    let own = json!({ "code": "policy_forbids", "decision": ID, "who": "seat:policy-lead" });
    assert_eq!(
        body(Dialect::OpenAi, &refusal),
        json!({ "error": {
            "message": message,
            "type": "permission_error",
            "param": null,
            "code": "policy_forbids",
            "portreeve": own,
        }})
    );
    assert_eq!(
        body(Dialect::Anthropic, &refusal),
        json!({
            "type": "error",
            "error": { "type": "permission_error", "message": message, "portreeve": own },
            "request_id": ID,
        })
    );
    assert_eq!(
        body(Dialect::Gemini, &refusal),
        json!({ "error": {
            "code": 403,
            "message": message,
            "status": "PERMISSION_DENIED",
            "details": [{
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": "POLICY_FORBIDS",
                "domain": "portreeve",
                "metadata": own,
            }],
        }})
    );
    // What Google's library for Python looks for in a stream.
    assert!(error_body(Dialect::Gemini, &refusal, ID).starts_with(br#"{"error":{"code":403,"#));
}

#[test]
fn a_budget_that_is_used_up_is_a_limit_of_the_vendors() {
    let detail =
        "`team-a` has 0 of 50000 tokens of this day left; it resets at 2026-11-25T00:00:00Z";
    let codes =
        [RefusalCode::BudgetTooSmall, RefusalCode::BudgetPaused, RefusalCode::BudgetExhausted];
    for code in codes {
        let refusal = Refusal::new(code, detail).asking("seat:finance");
        let [open_ai, anthropic, gemini] = Dialect::ALL.map(|dialect| body(dialect, &refusal));
        assert_eq!(open_ai["error"]["type"], "rate_limit_error");
        assert_eq!(anthropic["error"]["type"], "rate_limit_error");
        assert_eq!(gemini["error"]["status"], "RESOURCE_EXHAUSTED");
        assert_eq!(gemini["error"]["code"], 429);
        for error in [open_ai, anthropic, gemini] {
            let message = error["error"]["message"].as_str().expect("a message");
            assert!(message.contains(detail) && message.contains("ask seat:finance"), "{message}");
        }
    }
}

#[test]
fn a_refusal_without_detail_or_seat_reads_as_sentences_too() {
    let refusal = Refusal::new(RefusalCode::CredentialMissing, " ");
    let body = body(Dialect::OpenAi, &refusal);
    assert_eq!(
        body["error"]["message"],
        "No credential came with the request. Who can fix it: the caller. Decision \
         0199c3f0-0000-7000-8000-000000000001."
    );
    assert_eq!(body["error"]["portreeve"]["who"], "the caller");
}

#[test]
fn every_refusal_has_a_type_of_the_dialect_and_shows_its_stable_code() {
    for code in RefusalCode::ALL {
        let refusal = Refusal::new(*code, "Detail.");
        let [open_ai, anthropic, gemini] = [Dialect::OpenAi, Dialect::Anthropic, Dialect::Gemini]
            .map(|dialect| body(dialect, &refusal));
        let types = |status: u16| match status {
            401 => ("authentication_error", "authentication_error"),
            403 => ("permission_error", "permission_error"),
            404 => ("invalid_request_error", "not_found_error"),
            413 => ("invalid_request_error", "request_too_large"),
            429 => ("rate_limit_error", "rate_limit_error"),
            504 => ("server_error", "timeout_error"),
            503 if matches!(code, RefusalCode::Overloaded | RefusalCode::Draining) => {
                ("server_error", "overloaded_error")
            }
            500.. => ("server_error", "api_error"),
            _ => ("invalid_request_error", "invalid_request_error"),
        };
        let expected = types(code.status());
        assert_eq!(open_ai["error"]["type"], expected.0, "{code:?}");
        assert_eq!(anthropic["error"]["type"], expected.1, "{code:?}");
        for body in [&open_ai, &anthropic] {
            assert_eq!(body["error"]["portreeve"]["code"], code.as_str());
            let message = body["error"]["message"].as_str().expect("a message");
            assert!(message.contains(code.title()) && message.contains(ID), "{message}");
        }
        check_gemini(&gemini["error"], *code);
    }
}

fn check_gemini(error: &Value, code: RefusalCode) {
    let status = match code.status() {
        400 | 405 | 413 | 415 => "INVALID_ARGUMENT",
        401 => "UNAUTHENTICATED",
        403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        408 | 504 => "DEADLINE_EXCEEDED",
        429 => "RESOURCE_EXHAUSTED",
        502 | 503 => "UNAVAILABLE",
        other => panic!("{other} has no word"),
    };
    assert_eq!(error["status"], status, "{code:?}");
    assert_eq!(error["code"], code.status());
    let own = error.pointer("/details/0/metadata/code").expect("a code");
    assert_eq!(own, code.as_str());
    let reason = error.pointer("/details/0/reason").and_then(Value::as_str).expect("a reason");
    // The form that `google.rpc.ErrorInfo` documents.
    let plain = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_';
    assert!(reason.len() <= 63 && reason.bytes().all(plain), "{reason}");
}

#[test]
fn an_unknown_model_carries_the_code_that_clients_look_for() {
    let refusal = Refusal::new(RefusalCode::ModelUnknown, "");
    let error = &body(Dialect::OpenAi, &refusal)["error"];
    assert_eq!(error["code"], "model_not_found");
    assert_eq!(error["portreeve"]["code"], "model_unknown");
}

/// The data of an error event, which is all of it but for `head`.
fn data_of(operation: Operation, head: &str, refusal: &Refusal) -> Value {
    let event = String::from_utf8(error_event(operation, refusal, ID)).expect("text");
    let data = event.strip_prefix(head).and_then(|rest| rest.strip_suffix("\n\n"));
    let data = data.unwrap_or_else(|| panic!("{event}"));
    assert!(!data.contains('\n'), "one data line");
    let data = serde_json::from_str(data).expect("JSON");
    let mut meter = protocol::Meter::new(operation, true);
    meter.feed(event.into());
    assert!(meter.saw_error() && !meter.ended_properly(), "{operation:?}");
    data
}

#[test]
fn a_stream_that_cannot_go_on_ends_in_an_event() {
    let refusal = Refusal::new(RefusalCode::UpstreamDropped, "line\nbreak");
    for (operation, dialect, head) in [
        (Operation::ChatCompletions, Dialect::OpenAi, "data: "),
        (Operation::Messages, Dialect::Anthropic, "event: error\ndata: "),
        (Operation::GenerateContent, Dialect::Gemini, "data: "),
    ] {
        assert_eq!(data_of(operation, head, &refusal), body(dialect, &refusal));
    }
}

#[test]
fn the_error_event_of_a_response_has_the_documented_fields_and_the_one_libraries_raise() {
    let refusal = Refusal::new(RefusalCode::UpstreamTimeout, "");
    let error = body(Dialect::OpenAi, &refusal)["error"].clone();
    assert_eq!(
        data_of(Operation::Responses, "event: error\ndata: ", &refusal),
        json!({
            "type": "error",
            "code": "upstream_timeout",
            "message": error["message"],
            "param": null,
            "sequence_number": 0,
            "error": error,
        })
    );
}

fn names(names: &[&str]) -> Vec<ModelName> {
    names.iter().map(|name| name.parse().expect("a name")).collect()
}

fn list(dialect: Dialect, models: &[ModelName], query: &str) -> Value {
    let body = model_list(dialect, models, query).unwrap_or_else(|refusal| panic!("{refusal:?}"));
    serde_json::from_slice(&body).expect("JSON")
}

#[test]
fn the_list_of_an_open_ai_client_is_whole_and_in_order() {
    let models = names(&["fast", "cheap", "fast"]);
    let expected = json!({ "object": "list", "data": [
        { "id": "cheap", "object": "model", "created": 0, "owned_by": "portreeve" },
        { "id": "fast", "object": "model", "created": 0, "owned_by": "portreeve" },
    ]});
    assert_eq!(list(Dialect::OpenAi, &models, ""), expected);
    assert_eq!(list(Dialect::OpenAi, &models, "limit=1&after_id=cheap&limit=%"), expected);
    assert_eq!(list(Dialect::OpenAi, &[], ""), json!({ "object": "list", "data": [] }));
}

#[test]
fn the_list_of_an_anthropic_client_has_pages() {
    let models = names(&["c", "a", "b", "meta/llama-3.1:8b", "e"]);
    let check = |query: &str, ids: &[&str], has_more: bool| {
        let page = list(Dialect::Anthropic, &models, query);
        let shown = page["data"].as_array().expect("data").iter().map(|model| &model["id"]);
        assert_eq!(shown.collect::<Vec<_>>(), ids, "{query}");
        assert_eq!(page["has_more"], has_more, "{query}");
        assert_eq!(page["first_id"], json!(ids.first()), "{query}");
        assert_eq!(page["last_id"], json!(ids.last()), "{query}");
    };
    check("", &["a", "b", "c", "e", "meta/llama-3.1:8b"], false);
    check("beta=true&limit=2", &["a", "b"], true);
    check("limit=2&after_id=b", &["c", "e"], true);
    check("limit=2&after_id=e", &["meta/llama-3.1:8b"], false);
    check("after_id=meta%2Fllama-3.1%3A8b", &[], false);
    check("before_id=meta%2fllama-3.1:8b&limit=1", &["e"], true);
    check("before_id=c&limit=2", &["a", "b"], false);
    check("before_id=a", &[], false);
    check("after_id=d", &["e", "meta/llama-3.1:8b"], false);
    check("after_id=a&before_id=e&limit=1", &["b"], true);
    check("after_id=e&before_id=a", &[], false);
}

#[test]
fn a_page_is_of_the_documented_size_and_shape() {
    let models: Vec<ModelName> =
        (0..1001).map(|nth| format!("m{nth:04}").parse().expect("a name")).collect();
    let count = |query: &str| {
        let page = list(Dialect::Anthropic, &models, query);
        (page["data"].as_array().map_or(0, Vec::len), page["has_more"].clone())
    };
    assert_eq!(count(""), (MODELS_PER_PAGE, true.into()));
    assert_eq!(count("limit=1000"), (1000, true.into()));
    assert_eq!(
        list(Dialect::Anthropic, &names(&["fast"]), "")["data"][0],
        json!({
            "type": "model",
            "id": "fast",
            "display_name": "fast",
            "created_at": "1970-01-01T00:00:00Z",
        })
    );
}

#[test]
fn the_list_of_a_gemini_client_has_pages() {
    let models = names(&["c", "a", "b", "meta/llama-3.1:8b", "e"]);
    let check = |query: &str, ids: &[&str], next: Option<&str>| {
        let page = list(Dialect::Gemini, &models, query);
        let shown = page["models"].as_array().expect("models").iter();
        let ids: Vec<String> = ids.iter().map(|id| format!("models/{id}")).collect();
        assert_eq!(shown.map(|model| model["name"].clone()).collect::<Vec<_>>(), ids, "{query}");
        assert_eq!(page.get("nextPageToken"), next.map(Value::from).as_ref(), "{query}");
    };
    let all = ["a", "b", "c", "e", "meta/llama-3.1:8b"];
    for whole in ["", "pageSize=0", "pageToken=", "pageSize=5&key=x", "page_size=1&limit=x"] {
        check(whole, &all, None);
    }
    check("pageSize=2", &["a", "b"], Some("b"));
    check("pageSize=2&pageToken=b", &["c", "e"], Some("e"));
    check("pageToken=e", &["meta/llama-3.1:8b"], None);
    check("pageToken=meta%2Fllama-3.1%3A8b", &[], None);
    check("pageToken=d&pageSize=1000000", &["e", "meta/llama-3.1:8b"], None);
}

#[test]
fn a_page_of_a_gemini_client_is_of_the_documented_size_and_shape() {
    let models: Vec<ModelName> =
        (0..1001).map(|nth| format!("m{nth:04}").parse().expect("a name")).collect();
    let count = |query: &str| {
        let page = list(Dialect::Gemini, &models, query);
        (page["models"].as_array().map_or(0, Vec::len), page["nextPageToken"].clone())
    };
    assert_eq!(count(""), (GEMINI_MODELS_PER_PAGE, "m0049".into()));
    assert_eq!(count("pageSize=1001"), (1000, "m0999".into()));
    assert_eq!(
        list(Dialect::Gemini, &names(&["fast"]), ""),
        json!({ "models": [{
            "name": "models/fast",
            "baseModelId": "fast",
            "version": "",
            "displayName": "fast",
            "description": "",
            "supportedGenerationMethods": ["generateContent", "countTokens"],
        }]})
    );
    for query in [
        "pageSize=-1",
        "pageSize=",
        "pageSize=x",
        "pageSize=2147483648",
        "pageSize=1&pageSize=1",
        "pageToken=a&pageToken=a",
        "pageToken=%ff",
    ] {
        let refusal = model_list(Dialect::Gemini, &[], query).expect_err(query);
        assert_eq!(refusal.code, RefusalCode::FieldInvalid, "{query}");
    }
}

#[test]
fn a_wrong_page_is_refused() {
    for query in [
        "limit=0",
        "limit=1001",
        "limit=",
        "limit=-1",
        "limit=x",
        "limit=1&limit=2",
        "after_id=a&after_id=a",
        "limit=%",
        "limit=%4",
        "limit=%zz",
        "after_id=%ff",
        "%=1",
    ] {
        let refusal = model_list(Dialect::Anthropic, &[], query).expect_err(query);
        assert_eq!(refusal.code, RefusalCode::FieldInvalid, "{query}");
        assert!(!refusal.detail.is_empty());
    }
}

#[test]
fn only_json_in_utf_8_is_json() {
    for (value, ok) in [
        ("application/json", true),
        ("Application/JSON ; Charset=\"UTF-8\"; profile=x", true),
        ("application/json;", true),
        ("application/json; charset=utf-16", false),
        ("application/json; charset", false),
        ("application/jsonl", false),
        ("application/problem+json", false),
        ("text/json", false),
        ("text/plain, application/json", false),
        ("", false),
    ] {
        assert_eq!(content_type_ok(value.as_bytes()), ok, "{value}");
    }
    assert!(!content_type_ok(b"application/json\xff"));
}

#[test]
fn each_vendor_names_requests_in_a_header_of_its_own() {
    assert_eq!(request_id_header(Dialect::OpenAi), "x-request-id");
    assert_eq!(request_id_header(Dialect::Anthropic), "request-id");
    assert_eq!(request_id_header(Dialect::Gemini), "x-request-id");
}
