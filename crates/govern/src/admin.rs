//! The admin surface over HTTP: signed acts in, effects out; and a status, the routes, the
//! budgets, the metrics, what went through lately and what a probe finds, which anybody on the
//! socket may read. It changes nothing that is not asked for by a signed act.

use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use approval::ActError;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use charter::SourceTree;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Body as _, Incoming};
use hyper::{Method, Request, Response, StatusCode, header};
use model::Problem;
use secrets::VersionState;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::governor::{Done, Effect, Governor, Payload};
use crate::refused::{ActRefused, RefusedKind};

/// Largest request to the admin surface: a charter of the largest size, in base64.
const BODY_MAX: usize = 48 * 1024 * 1024;

/// Where acts are posted.
pub const ACTS_PATH: &str = "/v1/acts";
/// Where the status is read.
pub const STATUS_PATH: &str = "/v1/status";
/// Where every route is read with its live health, as a JSON array.
pub const ROUTES_PATH: &str = "/v1/routes";
/// Where every budget is read with what is held and used of it, as a JSON array.
pub const BUDGETS_PATH: &str = "/v1/budgets";
/// Where metrics are read, in Prometheus's text format.
pub const METRICS_PATH: &str = "/metrics";

/// Where what went through lately is read.
pub const TRAFFIC_PATH: &str = "/v1/traffic";
/// Where a probe is asked for: it changes nothing, so it needs no act.
pub const PROBES_PATH: &str = "/v1/probes";

/// Largest probe, in bytes: four names.
const PROBE_MAX: usize = 4 * 1024;

/// What another part says of itself at the moment it is asked.
pub type Report = Box<dyn Fn() -> Value + Send + Sync>;

/// What a probe comes to; the error says what is wrong with the question.
pub type Probing = Pin<Box<dyn Future<Output = Result<Value, String>> + Send>>;
/// Has another part find out something that it is asked.
pub type Probe = Box<dyn Fn(Value) -> Probing + Send + Sync>;

/// What the parts that the control plane does not know report about themselves.
pub struct Reports {
    /// Members that are added to the governor's own status: an object.
    pub status: Report,
    /// The routes: an array.
    pub routes: Report,
    /// The budgets: an array.
    pub budgets: Report,
    /// The metrics, as an answer.
    pub metrics: Box<dyn Fn() -> Response<Full<Bytes>> + Send + Sync>,
    /// What went through lately: an object.
    pub traffic: Report,
    /// Finds out whether a call would get through: an object in, an object out.
    pub probe: Probe,
}

/// What is posted to [`ACTS_PATH`].
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Posted {
    /// The signed act, as `spec/act.md` writes it.
    pub act: Box<RawValue>,
    /// What comes beside it.
    pub payload: PostedPayload,
}

/// What comes beside an act, on the wire.
#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum PostedPayload {
    /// Nothing. Braces, because serde lets unknown members of a bare variant pass.
    None {},
    /// A charter.
    Charter {
        /// Path to base64 of the file's bytes.
        files: Vec<(String, String)>,
        /// The digest of the charter the proposer saw in force.
        base: model::Digest,
    },
    /// A secret's value, in base64, and the salt of its commitment, in hexadecimal.
    Secret {
        /// The value.
        #[serde(with = "zeroizing")]
        value: Zeroizing<String>,
        /// The salt.
        #[serde(with = "zeroizing")]
        salt: Zeroizing<String>,
    },
}

/// Texts that are overwritten when dropped, on the wire.
mod zeroizing {
    use serde::{Deserialize as _, Deserializer, Serializer};
    use zeroize::Zeroizing;

    pub(super) fn serialize<S: Serializer>(
        text: &Zeroizing<String>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(text)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Zeroizing<String>, D::Error> {
        String::deserialize(deserializer).map(Zeroizing::new)
    }
}

/// A failure on the wire.
#[derive(Debug, Serialize, Deserialize)]
pub struct PostedError {
    /// `unauthorised`, `denied`, `unavailable` or `malformed`.
    pub kind: String,
    /// What and why, in sentences.
    pub message: String,
    /// A charter's problems, where it had some.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<String>,
}

/// Answers one request of the admin surface. `reports` is what the other parts say.
pub async fn answer(
    governor: Arc<Governor>,
    reports: Arc<Reports>,
    request: Request<Incoming>,
) -> Response<Full<Bytes>> {
    match (request.method(), request.uri().path()) {
        (&Method::GET, STATUS_PATH) => {
            let mut whole = governor.status().await;
            if let (Some(all), Value::Object(more)) = (whole.as_object_mut(), (reports.status)()) {
                all.extend(more);
            }
            respond(StatusCode::OK, &whole)
        }
        (&Method::GET, ROUTES_PATH) => respond(StatusCode::OK, &(reports.routes)()),
        (&Method::GET, BUDGETS_PATH) => respond(StatusCode::OK, &(reports.budgets)()),
        (&Method::GET, METRICS_PATH) => (reports.metrics)(),
        (&Method::GET, TRAFFIC_PATH) => respond(StatusCode::OK, &(reports.traffic)()),
        (&Method::POST, PROBES_PATH) => probe(&reports, request).await,
        (&Method::POST, ACTS_PATH) => match act(&governor, request).await {
            Ok(done) => respond(StatusCode::OK, &shown(&done)),
            Err(failed) => failed,
        },
        _ => failure(StatusCode::NOT_FOUND, "malformed", "the admin surface has no such path"),
    }
}

async fn act(
    governor: &Governor,
    request: Request<Incoming>,
) -> Result<Done, Response<Full<Bytes>>> {
    let malformed = |message: &str| failure(StatusCode::BAD_REQUEST, "malformed", message);
    // What announces that it is too large is refused before it is sent.
    let announced = usize::try_from(request.body().size_hint().lower()).unwrap_or(usize::MAX);
    if announced > BODY_MAX {
        return Err(malformed("the request is too large"));
    }
    let body = Limited::new(request.into_body(), BODY_MAX)
        .collect()
        .await
        .map_err(|_| malformed("the request did not arrive whole, or is too large"))?
        .to_bytes();
    // The text may hold a secret: serde's own message could quote it, so it is not repeated.
    let posted: Posted =
        serde_json::from_slice(&body).map_err(|_| malformed("the request is not a posted act"))?;
    let signed = approval::SignedAct::from_json(posted.act.get().as_bytes())
        .map_err(|cause| malformed(unsigned(&cause)))?;
    let payload = payload(posted.payload)?;
    governor.take(signed, payload).await.map_err(|refused| refusal(&refused))
}

async fn probe(reports: &Reports, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let malformed = |message: &str| failure(StatusCode::BAD_REQUEST, "malformed", message);
    let Ok(body) = Limited::new(request.into_body(), PROBE_MAX).collect().await else {
        return malformed("the probe did not arrive whole, or is too large");
    };
    let Ok(asked) = serde_json::from_slice(&body.to_bytes()) else {
        return malformed("the probe is no JSON");
    };
    match (reports.probe)(asked).await {
        Ok(found) => respond(StatusCode::OK, &found),
        Err(why) => malformed(&why),
    }
}

/// What is wrong with an act, without a word of it: somebody may have put a secret there.
fn unsigned(cause: &ActError) -> &'static str {
    match cause {
        ActError::Verb(_) => "the act's verb is none of those in spec/act.md",
        ActError::Object(_) => "the act's object is not in the form that spec/act.md gives it",
        ActError::ObjectKind { .. } => "the act's object is not of the kind that its verb acts on",
        ActError::Field(_) => "a field of the act is not in the form that spec/act.md gives it",
        ActError::Json(_) => "the act is not the JSON object that spec/act.md describes",
        ActError::TooLong(_) => "the act is longer than spec/act.md allows",
    }
}

fn payload(posted: PostedPayload) -> Result<Payload, Response<Full<Bytes>>> {
    let malformed = |message: &str| failure(StatusCode::BAD_REQUEST, "malformed", message);
    match posted {
        PostedPayload::None {} => Ok(Payload::None),
        PostedPayload::Charter { files, base } => {
            let mut decoded = Vec::with_capacity(files.len());
            for (path, text) in files {
                let bytes = BASE64
                    .decode(text)
                    .map_err(|_| malformed("a file of the charter is not base64"))?;
                decoded.push((path, bytes));
            }
            let tree = SourceTree::from_files(decoded)
                .map_err(|problems| refusal(&ActRefused::Problems(problems)))?;
            Ok(Payload::Charter { tree, base })
        }
        PostedPayload::Secret { value, salt } => {
            let bytes = BASE64
                .decode(value.as_bytes())
                .map(Zeroizing::new)
                .map_err(|_| malformed("the secret is not base64"))?;
            let value = secrets::SecretValue::from_bytes(bytes)
                .map_err(|cause| malformed(&cause.to_string()))?;
            let salt = approval::Salt::from_hex(&salt)
                .ok_or_else(|| malformed("the salt is not 64 hexadecimal characters"))?;
            Ok(Payload::Secret { value, salt })
        }
    }
}

fn shown(done: &Done) -> Value {
    let index = done.index;
    match &done.effect {
        Effect::Applied { change, charter, unlendable } => {
            let findings: Vec<String> = unlendable.iter().map(ToString::to_string).collect();
            json!({ "index": index, "change": change, "charter": charter, "findings": findings })
        }
        Effect::Sealed { name, version, active } => {
            let state = VersionState::of(*version, *active).as_str();
            json!({
                "index": index,
                "secret": name,
                "version": version,
                "state": state,
                "active": active,
            })
        }
        Effect::Token(token) => {
            json!({ "index": index, "token": token.expose(), "expires": token.expires() })
        }
    }
}

fn refusal(refused: &ActRefused) -> Response<Full<Bytes>> {
    let (status, kind) = match refused.kind() {
        RefusedKind::Unauthorised => (StatusCode::FORBIDDEN, "unauthorised"),
        RefusedKind::Denied => (StatusCode::CONFLICT, "denied"),
        RefusedKind::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
    };
    let problems = if let ActRefused::Problems(problems) = refused {
        problems.iter().map(Problem::to_string).collect()
    } else {
        Vec::new()
    };
    let message = with_sources(refused);
    let error = PostedError { kind: kind.to_owned(), message, problems };
    respond(status, &json!({ "error": error }))
}

fn with_sources(refused: &ActRefused) -> String {
    let mut text = refused.to_string();
    let mut source = std::error::Error::source(refused);
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

fn failure(status: StatusCode, kind: &str, message: &str) -> Response<Full<Bytes>> {
    let error =
        PostedError { kind: kind.to_owned(), message: message.to_owned(), problems: Vec::new() };
    respond(status, &json!({ "error": error }))
}

fn respond(status: StatusCode, body: &Value) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body.to_string())));
    *response.status_mut() = status;
    let value = header::HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, value);
    response
}

impl fmt::Debug for Reports {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Reports").finish_non_exhaustive()
    }
}

impl fmt::Debug for PostedPayload {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::None {} => "None",
            Self::Charter { .. } => "Charter",
            Self::Secret { .. } => "Secret",
        })
    }
}

/// What a body of the admin surface may fail with: nothing.
pub type AdminError = Infallible;
