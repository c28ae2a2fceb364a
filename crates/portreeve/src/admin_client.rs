//! The command line's side of the admin socket: signs an act, posts it, reads the answer.

use std::path::Path;

use anyhow::{Context as _, Result};
use approval::{Act, GatewayName, Nonce, Object, PersonKey, SignedAct, Stamp, Verb};
use bytes::Bytes;
use govern::admin::{
    ACTS_PATH, BUDGETS_PATH, PROBES_PATH, Posted, PostedError, PostedPayload, ROUTES_PATH,
    STATUS_PATH, TRAFFIC_PATH,
};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{Method, Request, header};
use hyper_util::rt::TokioIo;
use model::PersonName;
use serde_json::Value;
use tokio::net::UnixStream;

use crate::budgets::BudgetReport;
use crate::clock;
use crate::codes::ErrorCode;
use crate::exit::Failure;
use crate::probe::{ProbeAsked, ProbeReport};
use crate::reports::RouteReport;
use crate::traffic::TrafficReport;

/// Largest answer of the admin surface, in bytes: budgets that count ten thousand agents apart.
const ANSWER_MAX: usize = 64 * 1024 * 1024;

/// Who signs, and for which gateway.
pub(crate) struct Signer {
    pub(crate) person: PersonName,
    pub(crate) key: PersonKey,
    pub(crate) gateway: GatewayName,
}

impl Signer {
    /// A fresh act, signed.
    pub(crate) fn sign(&self, verb: Verb, object: Object) -> Result<SignedAct> {
        let stamp = Stamp {
            actor: self.person.clone(),
            gateway: self.gateway.clone(),
            nonce: Nonce::new(clock::random()?),
            time: clock::system().now(),
        };
        let act = Act::new(verb, object, stamp).context("the act cannot be made")?;
        SignedAct::sign(act, &self.key).context("the act cannot be signed")
    }
}

/// Posts a signed act; returns what it brought about.
pub(crate) async fn post(
    socket: &Path,
    signed: &SignedAct,
    payload: PostedPayload,
) -> Result<Value> {
    let act = serde_json::value::to_raw_value(signed).context("the act is not JSON")?;
    let body = serde_json::to_vec(&Posted { act, payload }).context("the act is not JSON")?;
    call(socket, Method::POST, ACTS_PATH, body).await
}

/// Reads the status.
pub(crate) async fn status(socket: &Path) -> Result<Value> {
    call(socket, Method::GET, STATUS_PATH, Vec::new()).await
}

/// Reads the routes with their live health.
pub(crate) async fn routes(socket: &Path) -> Result<Vec<RouteReport>> {
    let answer = call(socket, Method::GET, ROUTES_PATH, Vec::new()).await?;
    serde_json::from_value(answer).context("the gateway's answer cannot be understood")
}

/// Reads the budgets with what is held and used of them.
pub(crate) async fn budgets(socket: &Path) -> Result<Vec<BudgetReport>> {
    let answer = call(socket, Method::GET, BUDGETS_PATH, Vec::new()).await?;
    serde_json::from_value(answer).context("the gateway's answer cannot be understood")
}

/// Reads what went through lately.
pub(crate) async fn traffic(socket: &Path) -> Result<TrafficReport> {
    let answer = call(socket, Method::GET, TRAFFIC_PATH, Vec::new()).await?;
    serde_json::from_value(answer).context("the gateway's answer cannot be understood")
}

/// Has a probe made.
pub(crate) async fn probe(socket: &Path, asked: &ProbeAsked) -> Result<ProbeReport> {
    let body = serde_json::to_vec(asked).context("the probe is not JSON")?;
    let answer = call(socket, Method::POST, PROBES_PATH, body).await?;
    serde_json::from_value(answer).context("the gateway's answer cannot be understood")
}

async fn call(socket: &Path, method: Method, path: &str, body: Vec<u8>) -> Result<Value> {
    let stream = UnixStream::connect(socket).await.map_err(|cause| {
        let text = format!(
            "nothing serves at {} ({cause}); start it with `portreeve up`",
            socket.display()
        );
        Failure::of(ErrorCode::NothingServes, text).at(socket.display().to_string())
    })?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .context("the gateway does not answer")?;
    tokio::spawn(connection);
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, "portreeve")
        .header(header::CONTENT_TYPE, "application/json")
        .body(Full::new(Bytes::from(body)))
        .context("the request cannot be made")?;
    let response = sender.send_request(request).await.context("the gateway broke off")?;
    let fine = response.status().is_success();
    let body = Limited::new(response.into_body(), ANSWER_MAX)
        .collect()
        .await
        .map_err(|_| Failure::unavailable("the gateway's answer did not arrive whole"))?
        .to_bytes();
    let answer: Value = serde_json::from_slice(&body).context("the gateway's answer is no JSON")?;
    if fine { Ok(answer) } else { Err(refusal(answer).into()) }
}

fn refusal(mut answer: Value) -> Failure {
    let error = answer.get_mut("error").map(Value::take).unwrap_or_default();
    let Ok(error) = serde_json::from_value::<PostedError>(error) else {
        return Failure::unavailable("the gateway's answer cannot be understood");
    };
    let mut text = error.message;
    for problem in error.problems {
        text.push_str("\n\n");
        text.push_str(&problem);
    }
    match error.kind.as_str() {
        "unauthorised" => Failure::unauthorised(text),
        "unavailable" => Failure::unavailable(text),
        _ => Failure::denied(text),
    }
}
