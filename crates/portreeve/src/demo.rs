//! The built-in demo model: a provider on loopback, so that the first call needs no vendor.
//!
//! It speaks both dialects over HTTP and demands a key like any provider, so a demo call takes
//! the very path a real one takes. It guards nothing, so any key of its kind will do; it knows
//! nothing: it says what it is and repeats the last words it was sent. Its token counts are
//! counts of words.

use std::convert::Infallible;
use std::net::SocketAddr;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode, header};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// Largest body the demo model reads, in bytes.
const BODY_MAX: usize = 16 * 1024 * 1024;
/// Most characters of the caller's words it repeats.
const REPEATED_MAX: usize = 200;
/// What every key of the demo model begins with.
pub(crate) const KEY_PREFIX: &str = "portreeve-demo-";
/// What every answer begins with.
const GREETING: &str = "I am portreeve's built-in demo model. I repeat the last thing I was told:";

/// The demo model, listening.
#[derive(Debug)]
pub(crate) struct Demo {
    listener: TcpListener,
    address: SocketAddr,
}

/// What the demo model answers with.
struct Spoken {
    model: String,
    text: String,
    input: usize,
    output: usize,
    /// Whether the caller's own cap cut the answer short.
    cut: bool,
}

impl Demo {
    /// Listens on a loopback port the system chooses.
    pub(crate) async fn bind() -> std::io::Result<Self> {
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address })
    }

    /// Where it listens, as a provider's base URL.
    pub(crate) fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Serves until the task is dropped.
    pub(crate) async fn serve(self) {
        loop {
            let Ok((stream, _)) = self.listener.accept().await else {
                // Out of file descriptors: let others go on and try again.
                tokio::task::yield_now().await;
                continue;
            };
            tokio::spawn(async move {
                let service =
                    service_fn(|request| async { Ok::<_, Infallible>(answer(request).await) });
                // An error here is a connection that ended; the gateway records its own side.
                let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
            });
        }
    }
}

async fn answer(request: Request<Incoming>) -> Response<Full<Bytes>> {
    let given = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let key = given.and_then(|value| value.strip_prefix("Bearer "));
    if !key.is_some_and(|key| key.starts_with(KEY_PREFIX)) {
        return failed(StatusCode::UNAUTHORIZED, "the demo model was sent no key of its kind");
    }
    let path = request.uri().path().to_owned();
    let Ok(body) = Limited::new(request.into_body(), BODY_MAX).collect().await else {
        return failed(StatusCode::BAD_REQUEST, "the body did not arrive whole");
    };
    let Ok(ask) = serde_json::from_slice::<Value>(&body.to_bytes()) else {
        return failed(StatusCode::BAD_REQUEST, "the body is not JSON");
    };
    let spoken = speak(&ask);
    let stream = ask.get("stream").and_then(Value::as_bool).unwrap_or(false);
    match (path.as_str(), stream) {
        ("/v1/chat/completions", false) => whole(&chat(&spoken)),
        ("/v1/chat/completions", true) => events(&chat_stream(&ask, &spoken)),
        ("/v1/messages", false) => whole(&message(&spoken)),
        ("/v1/messages", true) => events(&message_stream(&spoken)),
        _ => failed(StatusCode::NOT_FOUND, "the demo model has no such endpoint"),
    }
}

fn speak(ask: &Value) -> Spoken {
    let messages = ask.get("messages").and_then(Value::as_array);
    let last = messages.and_then(|all| all.last()).map(text_of).unwrap_or_default();
    let repeated: String = last.chars().take(REPEATED_MAX).collect();
    let whole = format!("{GREETING} {repeated}");
    let words: Vec<&str> = whole.split_inclusive(' ').collect();
    let cap = ["max_completion_tokens", "max_tokens"]
        .into_iter()
        .find_map(|field| ask.get(field)?.as_u64())
        .map_or(words.len(), |cap| usize::try_from(cap).unwrap_or(usize::MAX));
    let spoken: Vec<&str> = words.iter().copied().take(cap).collect();
    let count = |text: &str| text.split_whitespace().count();
    let input = messages.map_or(0, |all| all.iter().map(|one| count(&text_of(one))).sum());
    let model = ask.get("model").and_then(Value::as_str).unwrap_or("portreeve-demo").to_owned();
    Spoken {
        model,
        output: spoken.len(),
        cut: spoken.len() < words.len(),
        text: spoken.concat(),
        input,
    }
}

/// A message's text: a plain string, or the text parts of a list.
fn text_of(message: &Value) -> String {
    match message.get("content") {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => {
            let texts: Vec<&str> =
                parts.iter().filter_map(|part| part.get("text")?.as_str()).collect();
            texts.join(" ")
        }
        _ => String::new(),
    }
}

const fn chat_finish(spoken: &Spoken) -> &'static str {
    if spoken.cut { "length" } else { "stop" }
}

const fn message_stop(spoken: &Spoken) -> &'static str {
    if spoken.cut { "max_tokens" } else { "end_turn" }
}

fn chat_usage(spoken: &Spoken) -> Value {
    json!({
        "prompt_tokens": spoken.input,
        "completion_tokens": spoken.output,
        "total_tokens": spoken.input + spoken.output,
    })
}

fn chat(spoken: &Spoken) -> Value {
    json!({
        "id": "chatcmpl-portreeve-demo",
        "object": "chat.completion",
        "created": 0,
        "model": spoken.model,
        "choices": [{
            "index": 0,
            "message": { "role": "assistant", "content": spoken.text },
            "finish_reason": chat_finish(spoken),
        }],
        "usage": chat_usage(spoken),
    })
}

fn chat_stream(ask: &Value, spoken: &Spoken) -> String {
    let chunk = |choices: Value, usage: Value| {
        let event = json!({
            "id": "chatcmpl-portreeve-demo",
            "object": "chat.completion.chunk",
            "created": 0,
            "model": spoken.model,
            "choices": choices,
            "usage": usage,
        });
        format!("data: {event}\n\n")
    };
    let delta = |delta: Value, finish: Value| {
        chunk(json!([{ "index": 0, "delta": delta, "finish_reason": finish }]), Value::Null)
    };
    let mut stream = delta(json!({ "role": "assistant", "content": "" }), Value::Null);
    for word in spoken.text.split_inclusive(' ') {
        stream.push_str(&delta(json!({ "content": word }), Value::Null));
    }
    stream.push_str(&delta(json!({}), json!(chat_finish(spoken))));
    let wants_usage = ask.pointer("/stream_options/include_usage").and_then(Value::as_bool);
    if wants_usage == Some(true) {
        stream.push_str(&chunk(json!([]), chat_usage(spoken)));
    }
    stream.push_str("data: [DONE]\n\n");
    stream
}

fn message(spoken: &Spoken) -> Value {
    json!({
        "id": "msg_portreeve_demo",
        "type": "message",
        "role": "assistant",
        "model": spoken.model,
        "content": [{ "type": "text", "text": spoken.text }],
        "stop_reason": message_stop(spoken),
        "stop_sequence": null,
        "usage": { "input_tokens": spoken.input, "output_tokens": spoken.output },
    })
}

fn message_stream(spoken: &Spoken) -> String {
    let mut stream = String::new();
    let mut event = |name: &str, data: Value| {
        stream.push_str(&format!("event: {name}\ndata: {data}\n\n"));
    };
    let mut start = message(spoken);
    if let Some(fields) = start.as_object_mut() {
        fields.insert("content".to_owned(), json!([]));
        fields.insert("stop_reason".to_owned(), Value::Null);
        let usage = json!({ "input_tokens": spoken.input, "output_tokens": 1 });
        fields.insert("usage".to_owned(), usage);
    }
    event("message_start", json!({ "type": "message_start", "message": start }));
    let block = json!({ "type": "text", "text": "" });
    event(
        "content_block_start",
        json!({ "type": "content_block_start", "index": 0, "content_block": block }),
    );
    for word in spoken.text.split_inclusive(' ') {
        let delta = json!({ "type": "text_delta", "text": word });
        event(
            "content_block_delta",
            json!({ "type": "content_block_delta", "index": 0, "delta": delta }),
        );
    }
    event("content_block_stop", json!({ "type": "content_block_stop", "index": 0 }));
    let delta = json!({ "stop_reason": message_stop(spoken), "stop_sequence": null });
    let usage = json!({ "output_tokens": spoken.output });
    event("message_delta", json!({ "type": "message_delta", "delta": delta, "usage": usage }));
    event("message_stop", json!({ "type": "message_stop" }));
    stream
}

fn whole(body: &Value) -> Response<Full<Bytes>> {
    respond(StatusCode::OK, "application/json", body.to_string())
}

fn events(body: &str) -> Response<Full<Bytes>> {
    respond(StatusCode::OK, "text/event-stream", body.to_owned())
}

fn failed(status: StatusCode, message: &str) -> Response<Full<Bytes>> {
    respond(status, "application/json", json!({ "error": { "message": message } }).to_string())
}

fn respond(status: StatusCode, content_type: &'static str, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    let value = header::HeaderValue::from_static(content_type);
    response.headers_mut().insert(header::CONTENT_TYPE, value);
    response
}
