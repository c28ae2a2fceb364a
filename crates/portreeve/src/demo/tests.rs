//! Each endpoint's answers, whole and streamed, in the form its vendor documents.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::json;

use super::*;

const SAID: &str =
    "I am portreeve's built-in demo model. I repeat the last thing I was told: hello";

fn ask(path: &str, ask: &Value) -> Answer {
    let (path, query) =
        path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
    answer(&Ids::of([7; 16]), (path, query), ask)
}

#[track_caller]
fn whole(path: &str, body: &Value) -> Value {
    match ask(path, body) {
        Answer::Whole(answer) => answer,
        other @ (Answer::Events(_) | Answer::Refused(..)) => panic!("{path}: {other:?}"),
    }
}

/// The data of each event of a stream.
#[track_caller]
fn events(path: &str, body: &Value) -> Vec<Value> {
    let Answer::Events(text) = ask(path, body) else { panic!("{path} gives no events") };
    text.lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .filter(|data| *data != "[DONE]")
        .map(|data| serde_json::from_str(data).expect("an event is JSON"))
        .collect()
}

fn said(deltas: &[Value], pointer: &str) -> String {
    deltas.iter().filter_map(|event| event.pointer(pointer)?.as_str()).collect()
}

#[test]
fn a_response_is_what_its_stream_comes_to() {
    let body = json!({ "model": "m", "input": "hello", "previous_response_id": "resp_1" });
    let response = whole("/v1/responses", &body);
    assert_eq!(response["output"][0]["content"][0]["text"], SAID);
    assert_eq!(response["status"], "completed");
    assert_eq!(response["store"], true, "the vendor's default");
    assert_eq!(response["previous_response_id"], "resp_1");
    assert_eq!(response["usage"]["total_tokens"], 16);

    let input = json!([{ "role": "user", "content": [{ "type": "input_text", "text": "hello" }] }]);
    let body = json!({ "model": "m", "input": input, "stream": true, "store": false });
    let streamed = events("/v1/responses", &body);
    let kinds: Vec<&str> = streamed.iter().filter_map(|event| event["type"].as_str()).collect();
    let (first, last) = (kinds.first().copied(), kinds.last().copied());
    assert_eq!((first, last), (Some("response.created"), Some("response.completed")));
    assert!((0..).zip(&streamed).all(|(at, event)| event["sequence_number"] == json!(at)));
    assert_eq!(said(&streamed, "/delta"), SAID);
    let ended = &streamed[streamed.len() - 1]["response"];
    assert_eq!(ended["output"][0]["content"][0]["text"], SAID);
    assert_eq!(ended["store"], false);
    assert_eq!(ended["id"], streamed[0]["response"]["id"]);
}

#[test]
fn a_response_that_its_cap_cut_says_so() {
    let body = json!({ "model": "m", "input": "hello", "max_output_tokens": 2 });
    let response = whole("/v1/responses", &body);
    assert_eq!(response["status"], "incomplete");
    assert_eq!(response["incomplete_details"]["reason"], "max_output_tokens");
    let body = json!({ "model": "m", "input": "hello", "max_output_tokens": 2, "stream": true });
    let streamed = events("/v1/responses", &body);
    assert_eq!(streamed[streamed.len() - 1]["type"], "response.incomplete");
}

#[test]
fn no_two_responses_have_the_same_id_not_even_of_two_runs() {
    let (one, two) = (Ids::of([1; 16]), Ids::of([2; 16]));
    let ids = [one.next("resp"), one.next("resp"), two.next("resp")];
    assert!(ids[0] != ids[1] && ids[0] != ids[2], "{ids:?}");
}

#[test]
fn an_embedding_is_the_same_in_both_encodings_and_for_the_same_text_alone() {
    let embed = |more: Value| {
        let mut body = json!({ "model": "m", "input": ["one", "two", "one"] });
        let fields = more.as_object().expect("an object").clone();
        body.as_object_mut().expect("an object").extend(fields);
        whole("/v1/embeddings", &body)["data"].clone()
    };
    let floats = embed(json!({ "dimensions": 40 }));
    assert_eq!(floats[0]["embedding"].as_array().map(Vec::len), Some(40));
    assert_eq!(floats[0]["embedding"], floats[2]["embedding"]);
    assert_ne!(floats[0]["embedding"], floats[1]["embedding"]);
    let text = embed(json!({ "dimensions": 40, "encoding_format": "base64" }));
    let bytes = BASE64.decode(text[0]["embedding"].as_str().expect("base64")).expect("base64");
    let decoded: Vec<f32> = bytes
        .chunks_exact(4)
        .map(|bytes| f32::from_le_bytes(bytes.try_into().expect("four bytes")))
        .collect();
    assert_eq!(json!(decoded), floats[0]["embedding"]);
    let length: f32 = decoded.iter().map(|number| number * number).sum();
    assert!((length - 1.0).abs() < 1e-5, "{length}");
}

#[test]
fn an_input_of_embeddings_may_be_text_or_tokens_and_is_never_nothing() {
    let count = |input: Value| match ask("/v1/embeddings", &json!({ "model": "m", "input": input }))
    {
        Answer::Whole(answer) => answer["data"].as_array().map(Vec::len),
        Answer::Events(_) | Answer::Refused(..) => None,
    };
    assert_eq!(count(json!("one")), Some(1));
    assert_eq!(count(json!([1, 2, 3])), Some(1));
    assert_eq!(count(json!([[1, 2], [3]])), Some(2));
    for nothing in [json!([]), json!(null), json!(7), json!({}), json!(vec!["x"; 2049])] {
        assert_eq!(count(nothing), None);
    }
    for dimensions in [json!(0), json!(1537), json!("8"), json!(-1)] {
        let body = json!({ "model": "m", "input": "x", "dimensions": dimensions });
        assert!(matches!(ask("/v1/embeddings", &body), Answer::Refused(..)), "{body}");
    }
    let body = json!({ "model": "m", "input": "x", "encoding_format": "hex" });
    assert!(matches!(ask("/v1/embeddings", &body), Answer::Refused(..)));
}

#[test]
fn gemini_answers_whole_streamed_and_counted() {
    let body = json!({ "contents": [{ "role": "user", "parts": [{ "text": "hello" }] }] });
    let made = whole("/v1beta/models/m:generateContent", &body);
    assert_eq!(made["candidates"][0]["content"]["parts"][0]["text"], SAID);
    assert_eq!(made["candidates"][0]["finishReason"], "STOP");
    assert_eq!(made["usageMetadata"]["totalTokenCount"], 16);
    assert_eq!(whole("/v1/models/m:generateContent", &body), made);
    let text = "/candidates/0/content/parts/0/text";
    let streamed = events("/v1beta/models/m:streamGenerateContent?alt=sse", &body);
    assert_eq!(said(&streamed, text), SAID);
    assert_eq!(streamed[streamed.len() - 1]["usageMetadata"], made["usageMetadata"]);
    let listed = whole("/v1beta/models/m:streamGenerateContent", &body);
    assert_eq!(listed, json!(streamed));
    let counted = json!({ "totalTokens": 1 });
    assert_eq!(whole("/v1beta/models/m:countTokens", &body), counted);
    let nested = json!({ "generateContentRequest": body });
    assert_eq!(whole("/v1beta/models/m:countTokens", &nested), counted);
}

#[test]
fn messages_are_counted_as_they_are_when_they_are_answered() {
    let body = json!({ "model": "m", "max_tokens": 9, "messages": [
        { "role": "user", "content": "one two" },
        { "role": "user", "content": [{ "type": "text", "text": "three" }] },
    ] });
    assert_eq!(whole("/v1/messages/count_tokens", &body), json!({ "input_tokens": 3 }));
    assert_eq!(whole("/v1/messages", &body)["usage"]["input_tokens"], 3);
}

#[test]
fn any_other_endpoint_is_refused_in_the_form_of_its_vendor() {
    for path in
        ["/v1/files", "/v1beta/models/m:embedContent", "/v1beta/models/m", "/v1/messages/batches"]
    {
        let Answer::Refused(status, _) = ask(path, &json!({})) else { panic!("{path}") };
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[test]
fn a_key_of_its_kind_counts_wherever_a_vendor_puts_it() {
    let check = |name: &'static str, value: &str, expected: bool| {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().expect("a header"));
        assert_eq!(has_key(&headers), expected, "{name}: {value}");
    };
    check("authorization", "Bearer portreeve-demo-1", true);
    check("x-api-key", "portreeve-demo-1", true);
    check("x-goog-api-key", "portreeve-demo-1", true);
    check("authorization", "portreeve-demo-1", false);
    check("authorization", "Basic portreeve-demo-1", false);
    check("x-api-key", "sk-of-another-kind", false);
    assert!(!has_key(&HeaderMap::new()));
}
