//! The last layers of a ping: a token, and with `--spend` one real call with it, sent to where
//! agents connect. It goes the way of every call: authenticated, decided, held, recorded.

use anyhow::{Context as _, Result};
use approval::{Object, Verb};
use bytes::Bytes;
use govern::admin::PostedPayload;
use http_body_util::{BodyExt as _, Limited};
use hyper::{Request, Response, header};
use model::{Dialect, Operation, RefusalCode};
use net::{Body, Client, Endpoint, Timeouts};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::Pinged;
use crate::admin_client;
use crate::cli::Ping;
use crate::commands::signing::signer;
use crate::home::Home;
use crate::probe::{FailureReport, LayerReport};

/// Longest answer that is read, in bytes.
const ANSWER_MAX: usize = 1024 * 1024;
/// How long the gateway may take to be connected to, and to begin its answer. Its own bounds for
/// the provider end sooner, unless the charter says otherwise.
const PATIENCE: Timeouts = Timeouts { connect_ms: 5_000, first_byte_ms: 120_000 };
/// Most output tokens of the call: the least that every vendor takes.
const OUTPUT_MAX: u64 = 16;
/// Longest part of an error's text that is shown, in characters.
const SHOWN_MAX: usize = 400;

/// What goes wrong here and is no refusal of the gateway's: code, meaning, who can fix it.
type Trouble = (&'static str, &'static str, &'static str);
const NO_TOKEN: Trouble = (
    "token_not_issued",
    "No token was handed out.",
    "whoever may sign for this gateway, or the agent's owner",
);
const UNREACHED: Trouble = (
    "gateway_unreachable",
    "The gateway could not be called where agents connect.",
    "the platform team",
);
const ELSEWHERE: Trouble =
    ("other_target", "Another place answered the call.", "the model's owner");
const PROVIDERS: Trouble =
    ("provider_error", "The provider answered with an error.", "the provider, or the caller");

/// What a layer found: a line, or why it fails.
type Found = Result<String, Box<(String, FailureReport)>>;

/// Adds the layer `token`, and with `--spend` the layer `call`.
pub(super) async fn token_and_call(
    home: &Home,
    ping: &Ping,
    status: &Value,
    pinged: &mut Pinged,
) -> Result<()> {
    let begun = Instant::now();
    if !ping.spend {
        let found = issuable(status);
        pinged.layers.push(layer("token", begun, found));
        return Ok(());
    }
    let token = match token(home, ping).await {
        Ok(token) => token,
        Err(cause) => {
            let failed = failure(NO_TOKEN, format!("{cause:#}"));
            pinged.layers.push(layer("token", begun, Err(failed)));
            return Ok(());
        }
    };
    let fetched = "fetched by an act that you signed, and shown to nobody".to_owned();
    pinged.layers.push(layer("token", begun, Ok(fetched)));
    let begun = Instant::now();
    let found = call(ping, status, pinged, &token).await?;
    pinged.layers.push(layer("call", begun, found));
    Ok(())
}

/// Whether the act of fetching a token could be written down.
fn issuable(status: &Value) -> Found {
    if status.pointer("/healthy/control") == Some(&Value::Bool(true)) {
        return Ok("one can be fetched: the control log can be written".to_owned());
    }
    let why = "The control log cannot be written, so no token is handed out.";
    Err(failure(refusal(RefusalCode::LogUnavailable), why.to_owned()))
}

async fn token(home: &Home, ping: &Ping) -> Result<String> {
    let (_, signer) = signer(home, &ping.signing)?;
    let signed = signer.sign(Verb::AgentToken, Object::Agent(ping.agent.clone()))?;
    let answer = admin_client::post(&home.admin_socket(), &signed, PostedPayload::None {}).await?;
    let token = answer.get("token").and_then(Value::as_str).context("the answer has no token")?;
    Ok(token.to_owned())
}

async fn call(ping: &Ping, status: &Value, pinged: &mut Pinged, token: &str) -> Result<Found> {
    let unreached = |why: String| Ok(Err(failure(UNREACHED, why)));
    let Some(target) = &pinged.target else { return unreached("Nothing is to be called.".into()) };
    let Some(base) = ping.url.clone().or_else(|| listener(status)) else {
        return unreached("No listener for agents is known; name one with --url.".into());
    };
    let endpoint = match Endpoint::parse(&base) {
        Ok(endpoint) => endpoint,
        Err(cause) => return unreached(format!("{base}: {cause}.")),
    };
    let request = request(ping, (target.operation, pinged.asked.model.as_str()), &endpoint, token)?;
    let client = Client::new(net::Settings::default()).or_else(|_| {
        Client::new(net::Settings { roots: net::Roots::Nobody, ..net::Settings::default() })
    })?;
    let answer = match client.send(&endpoint, request, PATIENCE).await {
        Ok(answer) => answer,
        Err(cause) => return unreached(format!("The gateway itself at {base}: {cause}.")),
    };
    let said = |name: &str| header_of(&answer, name);
    pinged.decision = said(gateway::DECISION_HEADER);
    let served = said(gateway::TARGET_HEADER);
    let status = answer.status();
    let body = Limited::new(answer.into_body(), ANSWER_MAX).collect().await;
    let body = body.map(|body| body.to_bytes()).unwrap_or_default();
    if !status.is_success() {
        return Ok(Err(refused(&body, status.as_u16())));
    }
    let served = served.unwrap_or_default();
    let wanted = pinged.asked.provider.as_ref();
    if let Some(wanted) = wanted.filter(|wanted| !served.starts_with(&format!("{wanted}/"))) {
        let why = format!(
            "The call was answered, but by {served}: an agent's call cannot choose {wanted}; the \
             order of the model's targets does."
        );
        return Ok(Err(failure(ELSEWHERE, why)));
    }
    Ok(Ok(format!("answered {} by {served}", status.as_u16())))
}

/// The first address that agents can connect to.
fn listener(status: &Value) -> Option<String> {
    let listeners = status.get("listeners")?.as_array()?.iter().filter_map(Value::as_str);
    listeners.into_iter().find(|address| !address.starts_with("unix:")).map(str::to_owned)
}

fn header_of<T>(answer: &Response<T>, name: &str) -> Option<String> {
    Some(answer.headers().get(name)?.to_str().ok()?.to_owned())
}

/// The smallest call of this operation, in its wire form.
fn request(
    ping: &Ping,
    (operation, model): (Operation, &str),
    endpoint: &Endpoint,
    token: &str,
) -> Result<Request<Body>> {
    let turn = json!([{ "role": "user", "content": "ping" }]);
    let parts = json!([{ "role": "user", "parts": [{ "text": "ping" }] }]);
    let (path, body) = match operation {
        Operation::ChatCompletions => (
            "/v1/chat/completions".to_owned(),
            json!({ "model": model, "messages": turn, "max_completion_tokens": OUTPUT_MAX }),
        ),
        Operation::Responses => (
            "/v1/responses".to_owned(),
            json!({
                "model": model,
                "input": "ping",
                "max_output_tokens": OUTPUT_MAX,
                "store": false,
            }),
        ),
        Operation::Embeddings => {
            ("/v1/embeddings".to_owned(), json!({ "model": model, "input": "ping" }))
        }
        Operation::Messages => (
            "/v1/messages".to_owned(),
            json!({ "model": model, "messages": turn, "max_tokens": OUTPUT_MAX }),
        ),
        Operation::CountMessageTokens => {
            ("/v1/messages/count_tokens".to_owned(), json!({ "model": model, "messages": turn }))
        }
        Operation::GenerateContent => (
            format!("/v1beta/models/{model}:generateContent"),
            json!({ "contents": parts, "generationConfig": { "maxOutputTokens": OUTPUT_MAX } }),
        ),
        Operation::CountContentTokens => {
            (format!("/v1beta/models/{model}:countTokens"), json!({ "contents": parts }))
        }
        // It is asked for no model; a probe never comes to it.
        Operation::ListModels => ("/v1/models".to_owned(), Value::Null),
    };
    let uri = endpoint.join(&path, None).context("the call's path is no URL")?;
    let mut request = Request::post(uri)
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .header(header::CONTENT_TYPE, "application/json");
    if operation.dialect() == Some(Dialect::Anthropic) {
        request = request.header("anthropic-version", "2023-06-01");
    }
    if let Some(context) = &ping.context {
        request = request.header(gateway::CONTEXT_HEADER, context.as_str());
    }
    request.body(Body::from(Bytes::from(body.to_string()))).context("the call cannot be made")
}

/// Why the call was refused, as its answer says: in the gateway's words, or in the provider's.
fn refused(body: &[u8], status: u16) -> Box<(String, FailureReport)> {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let own = ["/error/portreeve/code", "/error/details/0/metadata/code"];
    let code = own.iter().find_map(|place| body.pointer(place)?.as_str()?.parse().ok());
    let said = body.pointer("/error/message").and_then(Value::as_str);
    let said: String = said.unwrap_or("It does not say why.").chars().take(SHOWN_MAX).collect();
    failure(code.map_or(PROVIDERS, refusal), format!("Status {status}: {said}"))
}

const fn refusal(code: RefusalCode) -> Trouble {
    (code.as_str(), code.title(), code.fixer().as_str())
}

fn failure((code, title, fixer): Trouble, says: String) -> Box<(String, FailureReport)> {
    let report = FailureReport {
        code: code.to_owned(),
        title: title.to_owned(),
        fixer: fixer.to_owned(),
        ask: None,
        holder: None,
        policies: Vec::new(),
        secret: None,
        next: None,
        page: None,
    };
    Box::new((says, report))
}

fn layer(layer: &str, begun: Instant, found: Found) -> LayerReport {
    let took_us = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
    let layer = layer.to_owned();
    match found {
        Ok(says) => LayerReport { layer, ok: true, took_us, says, failure: None },
        Err(failed) => {
            let (says, failure) = *failed;
            LayerReport { layer, ok: false, took_us, says, failure: Some(failure) }
        }
    }
}
