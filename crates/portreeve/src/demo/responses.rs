//! OpenAI's responses. It says what a request would have it keep, and keeps nothing: an earlier
//! answer may be named, and is not looked at.

use serde_json::{Map, Value, json};

use super::ids::Ids;
use super::reply::Answer;
use super::spoken::{Spoken, model_of, said, wants_stream};

pub(super) fn answer(ids: &Ids, ask: &Value) -> Answer {
    let cap = ask.get("max_output_tokens").and_then(Value::as_u64);
    let spoken = Spoken::to(model_of(ask), &said(ask, "input", "content"), cap);
    let answering = Answering { ask, spoken, id: ids.next("resp"), item: ids.next("msg") };
    if wants_stream(ask) {
        Answer::Events(answering.streamed())
    } else {
        Answer::Whole(answering.ended())
    }
}

/// One answer under way.
struct Answering<'a> {
    ask: &'a Value,
    spoken: Spoken,
    id: String,
    item: String,
}

impl Answering<'_> {
    /// The response as it is when it has ended.
    fn ended(&self) -> Value {
        let spoken = &self.spoken;
        let usage = json!({
            "input_tokens": spoken.input,
            "input_tokens_details": { "cached_tokens": 0, "cache_write_tokens": 0 },
            "output_tokens": spoken.output,
            "output_tokens_details": { "reasoning_tokens": 0 },
            "total_tokens": spoken.input + spoken.output,
        });
        let mut response = self.response(self.status(), json!([self.item(true)]), usage);
        if spoken.cut
            && let Some(details) = response.get_mut("incomplete_details")
        {
            *details = json!({ "reason": "max_output_tokens" });
        }
        response
    }

    const fn status(&self) -> &'static str {
        if self.spoken.cut { "incomplete" } else { "completed" }
    }

    fn response(&self, status: &str, output: Value, usage: Value) -> Value {
        let mut fields = Map::new();
        for (name, unless_said) in echoed() {
            let asked = self.ask.get(name).filter(|value| !value.is_null()).cloned();
            fields.insert(name.to_owned(), asked.unwrap_or(unless_said));
        }
        let own = json!({
            "id": self.id,
            "object": "response",
            "created_at": 0,
            "status": status,
            "background": false,
            "error": null,
            "incomplete_details": null,
            "model": self.spoken.model,
            "output": output,
            "usage": usage,
        });
        if let Value::Object(own) = own {
            fields.extend(own);
        }
        Value::Object(fields)
    }

    /// The one item of the output, begun or ended.
    fn item(&self, ended: bool) -> Value {
        let status = if ended { self.status() } else { "in_progress" };
        let content = if ended { json!([part(&self.spoken.text)]) } else { json!([]) };
        json!({
            "id": self.item,
            "type": "message",
            "status": status,
            "role": "assistant",
            "content": content,
        })
    }

    fn streamed(&self) -> String {
        let mut events = Events::default();
        let begun = self.response("in_progress", json!([]), Value::Null);
        events.push("response.created", json!({ "response": begun }));
        events.push("response.in_progress", json!({ "response": begun }));
        let item = json!({ "output_index": 0, "item": self.item(false) });
        events.push("response.output_item.added", item);
        events.push("response.content_part.added", self.within("part", part("")));
        for piece in self.spoken.pieces() {
            let mut delta = self.within("delta", json!(piece));
            put(&mut delta, "logprobs", json!([]));
            events.push("response.output_text.delta", delta);
        }
        let mut text = self.within("text", json!(self.spoken.text));
        put(&mut text, "logprobs", json!([]));
        events.push("response.output_text.done", text);
        let whole = self.within("part", part(&self.spoken.text));
        events.push("response.content_part.done", whole);
        let item = json!({ "output_index": 0, "item": self.item(true) });
        events.push("response.output_item.done", item);
        let last = format!("response.{}", self.status());
        events.push(&last, json!({ "response": self.ended() }));
        events.text
    }

    /// An event's fields about the one part of the one item.
    fn within(&self, name: &str, value: Value) -> Value {
        let mut fields = json!({ "item_id": self.item, "output_index": 0, "content_index": 0 });
        put(&mut fields, name, value);
        fields
    }
}

/// The fields that an answer repeats from its request, and what each is where the request does
/// not say.
fn echoed() -> [(&'static str, Value); 14] {
    [
        ("instructions", Value::Null),
        ("max_output_tokens", Value::Null),
        ("metadata", json!({})),
        ("parallel_tool_calls", json!(true)),
        ("previous_response_id", Value::Null),
        ("reasoning", json!({ "effort": null, "summary": null })),
        ("store", json!(true)),
        ("temperature", json!(1.0)),
        ("text", json!({ "format": { "type": "text" } })),
        ("tool_choice", json!("auto")),
        ("tools", json!([])),
        ("top_p", json!(1.0)),
        ("truncation", json!("disabled")),
        ("user", Value::Null),
    ]
}

fn part(text: &str) -> Value {
    json!({ "type": "output_text", "text": text, "annotations": [], "logprobs": [] })
}

fn put(object: &mut Value, name: &str, value: Value) {
    if let Some(fields) = object.as_object_mut() {
        fields.insert(name.to_owned(), value);
    }
}

/// Events, numbered as they come.
#[derive(Default)]
struct Events {
    text: String,
    next: u64,
}

impl Events {
    fn push(&mut self, kind: &str, fields: Value) {
        let mut data = json!({ "type": kind, "sequence_number": self.next });
        if let (Some(data), Value::Object(fields)) = (data.as_object_mut(), fields) {
            data.extend(fields);
        }
        self.next += 1;
        self.text.push_str(&format!("event: {kind}\ndata: {data}\n\n"));
    }
}
