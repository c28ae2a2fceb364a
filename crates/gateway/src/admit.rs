//! Decides a request completely: who, what, whether, where. Nothing is decided after it.

use http::request::Parts;
use http::{HeaderMap, Request};
use hyper::body::Incoming;
use model::{
    Case, Dialect, Environment, Operation, Refusal, RefusalCode, Refused, Subject, Timestamp,
};
use policy::{CallFacts, Permit, Question};
use protocol::Reading;
use tokio::sync::OwnedSemaphorePermit;

use crate::body;
use crate::gate::{Arrival, Gate};
use crate::listing::Listed;
use crate::live::{Live, Target};
use crate::route;

/// Values of `anthropic-version` this gateway speaks.
const ANTHROPIC_VERSIONS: [&str; 2] = ["2023-06-01", "2026-10-21"];

/// A request that may go on, once it is recorded.
#[derive(Debug)]
pub(crate) enum Admission {
    /// A call to a model.
    Call(Box<Permit>, Box<Sending>),
    /// A list of the models this caller may use.
    Listing(Box<Listed>),
}

/// A request that may not.
#[derive(Debug)]
pub(crate) enum Denied {
    /// It proved no identity: counted, not recorded one by one.
    Unproved(Refusal),
    /// It is known who asked: recorded.
    Refused(Box<Refused>),
}

/// What is sent on, exactly as it was read.
#[derive(Debug)]
pub(crate) struct Sending {
    pub(crate) reading: Reading,
    pub(crate) headers: HeaderMap,
    pub(crate) query: Option<&'static str>,
    /// Held until the answer has ended: the bound on requests under way.
    pub(crate) slot: OwnedSemaphorePermit,
}

/// The operation and the dialect a path leads to, or why it leads nowhere.
type Routed = Result<(Operation, Dialect), Refusal>;

/// authenticate, resolve the agent, read, decide.
pub(crate) async fn admit(
    gate: &Gate,
    live: &Live,
    arrival: Arrival,
    routed: Routed,
    (slot, request): (Option<OwnedSemaphorePermit>, Request<Incoming>),
) -> Result<Admission, Denied> {
    let (head, body) = request.into_parts();
    let subject = authenticate(gate, &head, arrival.received).map_err(Denied::Unproved)?;
    let mut case = live.case(arrival.id, arrival.received, subject);
    match consider(gate, live, &mut case, (routed, slot), (head, body)).await {
        Err(refusal) => Err(refuse(case, refusal)),
        Ok(Considered::Listing(dialect, query)) => list(live, case, dialect, &query),
        Ok(Considered::Call(sending)) => decide(gate, live, case, sending),
    }
}

/// What a request turned out to be, before policy is asked.
enum Considered {
    Listing(Dialect, String),
    Call(Box<Sending>),
}

fn authenticate(gate: &Gate, head: &Parts, now: Timestamp) -> Result<Subject, Refusal> {
    let no = |code: RefusalCode| Refusal::new(code, "See the guide: how agents get tokens.");
    let credential = identity::credential(&head.headers).map_err(no)?;
    gate.verifier.verify(&credential, now).map_err(no)
}

/// Everything that can refuse before policy: the agent's state, the path, the body.
async fn consider(
    gate: &Gate,
    live: &Live,
    case: &mut Case,
    (routed, slot): (Routed, Option<OwnedSemaphorePermit>),
    (head, body): (Parts, Incoming),
) -> Result<Considered, Refusal> {
    if gate.is_draining() {
        return Err(Refusal::new(RefusalCode::Draining, "Another instance may serve you."));
    }
    let slot = slot.ok_or_else(|| Refusal::new(RefusalCode::Overloaded, "Try again shortly."))?;
    agent_may_ask(live, case)?;
    let (operation, dialect) = routed?;
    if dialect == Dialect::Anthropic {
        check_version(&head.headers)?;
    }
    let query = route::query_for(operation, &head.uri)?;
    if operation == Operation::ListModels {
        return Ok(Considered::Listing(dialect, head.uri.query().unwrap_or("").to_owned()));
    }
    check_encoding(&head.headers)?;
    let body = body::read(body, live.body_bytes_max()).await?;
    let reading = protocol::read(&body, operation, dialect, &protocol::Limits::default())
        .map_err(|refusal| unknown_alike(live, refusal))?;
    case.ask = Some(reading.ask().clone());
    Ok(Considered::Call(Box::new(Sending { reading, headers: head.headers, query, slot })))
}

/// A name no model can have is refused in the very words of a model that does not exist.
fn unknown_alike(live: &Live, refusal: Refusal) -> Refusal {
    if refusal.code == RefusalCode::ModelUnknown { model_unknown(live) } else { refusal }
}

fn model_unknown(live: &Live) -> Refusal {
    let [policy_seat, ..] = &live.charter().secondary;
    policy::model_unknown(policy_seat)
}

/// Live state, on every request: is the agent declared, of this epoch, active, served?
fn agent_may_ask(live: &Live, case: &mut Case) -> Result<(), Refusal> {
    let no = |code| Refusal::new(code, "");
    let subject = case.subject.as_ref().ok_or_else(|| no(RefusalCode::CredentialMissing))?;
    let agent = live.bundle().agent(&subject.agent).ok_or_else(|| no(RefusalCode::AgentUnknown))?;
    case.agent_owner = Some(agent.owner.clone());
    let refuse =
        |code, detail: &str| Err(Refusal::new(code, detail.to_owned()).asking(agent.owner.clone()));
    if agent.epoch != subject.epoch {
        return refuse(RefusalCode::CredentialRevoked, "");
    }
    if !agent.active {
        return refuse(RefusalCode::AgentSuspended, "");
    }
    if live.charter().genesis && agent.facts.environment == Environment::Prod {
        return refuse(RefusalCode::AgentEnvironmentUnserved, "");
    }
    Ok(())
}

fn check_version(headers: &HeaderMap) -> Result<(), Refusal> {
    let mut versions = headers.get_all("anthropic-version").iter();
    match (versions.next(), versions.next()) {
        (Some(version), None)
            if ANTHROPIC_VERSIONS.iter().any(|known| version.as_bytes() == known.as_bytes()) =>
        {
            Ok(())
        }
        _ => {
            let detail =
                format!("Send one anthropic-version: {}.", ANTHROPIC_VERSIONS.join(" or "));
            Err(Refusal::new(RefusalCode::VersionRefused, detail))
        }
    }
}

fn check_encoding(headers: &HeaderMap) -> Result<(), Refusal> {
    if headers.contains_key(http::header::CONTENT_ENCODING) {
        return Err(Refusal::new(RefusalCode::ContentEncodingRefused, ""));
    }
    let content_type = headers.get(http::header::CONTENT_TYPE).map(http::HeaderValue::as_bytes);
    if content_type.is_some_and(protocol::content_type_ok) {
        Ok(())
    } else {
        Err(Refusal::new(RefusalCode::ContentTypeRefused, ""))
    }
}

fn list(live: &Live, mut case: Case, dialect: Dialect, query: &str) -> Result<Admission, Denied> {
    let call = call_facts(&case);
    case.ask = Some(Listed::ask(dialect));
    let Some(agent) = agent_facts(live, &case) else {
        return Err(refuse(case, Refusal::new(RefusalCode::AgentUnknown, "")));
    };
    let models = live
        .models()
        .filter(|model| {
            live.policies().may_list(agent, &call, &model.facts, &model.facts_of_targets)
        })
        .map(|model| model.facts.name.clone())
        .collect();
    match Listed::new(case, dialect, models, query) {
        Ok(listed) => Ok(Admission::Listing(Box::new(listed))),
        Err((case, refusal)) => Err(refuse(case, refusal)),
    }
}

/// Puts the question to policy, for the ask and each target with its secret.
fn decide(
    gate: &Gate,
    live: &Live,
    mut case: Case,
    sending: Box<Sending>,
) -> Result<Admission, Denied> {
    let name = case.ask.as_ref().and_then(|ask| ask.model.clone());
    let Some(model) = name.as_ref().and_then(|name| live.model(name)) else {
        return Err(refuse(case, model_unknown(live)));
    };
    let call = call_facts(&case);
    let Some(agent) = agent_facts(live, &case) else {
        return Err(refuse(case, Refusal::new(RefusalCode::AgentUnknown, "")));
    };
    case.target_owner = Some(model.facts.owner.clone());
    let dialect = sending.reading.ask().dialect;
    let spoken: Vec<_> = model.targets.iter().filter(|target| target.speaks(dialect)).collect();
    let asked: Vec<_> = if spoken.is_empty() {
        model.facts_of_targets.clone()
    } else {
        spoken.iter().map(|target| target.facts.clone()).collect()
    };
    let question = Question { case, agent, call, model: &model.facts, targets: &asked };
    let permit =
        live.policies().decide(question).map_err(|refused| Denied::Refused(Box::new(refused)))?;
    if spoken.is_empty() {
        let detail = format!("This model is reached through {}.", endpoints(&model.targets));
        return Err(refuse(
            permit.case().clone(),
            Refusal::new(RefusalCode::DialectMismatch, detail),
        ));
    }
    if let Some(owner) = missing_secret(gate, &permit) {
        let refusal = Refusal::new(RefusalCode::SecretMissing, "").asking(owner);
        return Err(refuse(permit.case().clone(), refusal));
    }
    Ok(Admission::Call(Box::new(permit), sending))
}

/// The owner of a permitted target's secret that has no sealed value.
fn missing_secret(gate: &Gate, permit: &Permit) -> Option<String> {
    permit.targets().iter().find_map(|target| {
        let secret = target.secret.as_ref()?;
        (!gate.secrets.has(&secret.name, secret.version)).then(|| secret.owner.clone())
    })
}

fn endpoints(targets: &[Target]) -> &'static str {
    if targets.iter().any(|target| target.speaks(Dialect::Anthropic)) {
        "/v1/messages"
    } else {
        "/v1/chat/completions"
    }
}

fn agent_facts<'a>(live: &'a Live, case: &Case) -> Option<&'a policy::AgentFacts> {
    let subject = case.subject.as_ref()?;
    live.bundle().agent(&subject.agent).map(|agent| &agent.facts)
}

fn call_facts(case: &Case) -> CallFacts {
    let age_ms =
        case.subject.as_ref().map_or(0, |subject| case.received.millis_since(subject.issued));
    let ask = case.ask.as_ref();
    CallFacts {
        now: case.received,
        proof: case.subject.as_ref().map_or(model::Proof::EmbeddedToken, |subject| subject.proof),
        token_age_s: age_ms / 1000,
        stream: ask.is_some_and(|ask| ask.stream),
        input_bytes: ask.map_or(0, |ask| ask.input_bytes),
        output_tokens_max: ask.and_then(|ask| ask.output_tokens_max),
        function_tools: ask.map_or(0, |ask| ask.function_tools),
    }
}

fn refuse(case: Case, refusal: Refusal) -> Denied {
    Denied::Refused(Box::new(Refused { case, refusal, facts: Vec::new() }))
}
