//! Decides a request completely: who, what, whether, where, how much. Nothing is decided after it.

mod decide;

use bundle::Agent;
use http::request::Parts;
use http::{HeaderMap, Request};
use hyper::body::Incoming;
use model::{
    Ask, Case, Dialect, Environment, Operation, Proof, Refusal, RefusalCode, Refused, Subject,
    Timestamp,
};
use policy::Permit;
use protocol::Reading;
use quota::Went;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

use crate::arrival::Arrival;
use crate::betas::betas;
use crate::body;
use crate::budget::{Held, Told};
use crate::gate::Gate;
use crate::listing::Listed;
use crate::live::Live;
use crate::route::{self, Governed};

/// Values of `anthropic-version` this gateway speaks.
const ANTHROPIC_VERSIONS: [&str; 2] = ["2023-06-01", "2026-10-21"];

/// A request that may go on, once it is recorded.
#[derive(Debug)]
pub(crate) enum Admission {
    /// A call to a model.
    Call(Box<Call>),
    /// A list of the models this caller may use.
    Listing(Box<Listed>),
}

/// A request that may not.
#[derive(Debug)]
pub(crate) enum Denied {
    /// It proved no identity: counted, not recorded one by one.
    Unproved(Refusal),
    /// It is known who asked: recorded. Beside it, headers that tell how budgets stand.
    Refused(Box<Refused>, Told),
}

/// What is sent on, exactly as it was read.
#[derive(Debug)]
pub(crate) struct Sending {
    pub(crate) reading: Reading,
    pub(crate) headers: HeaderMap,
    pub(crate) query: Option<&'static str>,
    /// When it was read.
    pub(crate) read: Instant,
    /// Held until the answer has ended: the bound on requests under way.
    pub(crate) slot: OwnedSemaphorePermit,
}

/// A call with what it holds of budgets, until it is recorded.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) permit: Permit,
    pub(crate) sending: Sending,
    pub(crate) held: Held,
}

/// The operation a path leads to, or why it leads nowhere.
type Routed = Result<Governed, Refusal>;

/// authenticate, resolve the agent, read, decide.
pub(crate) async fn admit(
    gate: &Gate,
    live: &Live,
    arrival: Arrival,
    routed: Routed,
    (slot, request): (Option<OwnedSemaphorePermit>, Request<Incoming>),
) -> Result<Admission, Denied> {
    let (head, body) = request.into_parts();
    let asks_first = head.headers.contains_key(http::header::EXPECT);
    let mut body = Some(body);
    let admission = admit_head(gate, live, arrival, (routed, slot), (head, &mut body)).await;
    // Who asks before sending is answered, not asked.
    if let Some(unread) = body.filter(|_| !asks_first) {
        body::discard(unread).await;
    }
    admission
}

/// Takes the body only when everything before it is in order.
async fn admit_head(
    gate: &Gate,
    live: &Live,
    arrival: Arrival,
    (routed, slot): (Routed, Option<OwnedSemaphorePermit>),
    (head, body): (Parts, &mut Option<Incoming>),
) -> Result<Admission, Denied> {
    let subject = authenticate(gate, &head, arrival.received).map_err(Denied::Unproved)?;
    let agent = live.bundle().agent(&subject.agent);
    let (proof, age_ms) = (subject.proof, arrival.received.millis_since(subject.issued));
    let mut case = live.case(arrival, subject);
    let Some(agent) = agent else {
        return Err(refuse(case, Refusal::new(RefusalCode::AgentUnknown, "")));
    };
    case.agent_owner = Some(agent.owner.clone());
    let admitting = Admitting { gate, live, agent, proof, token_age_s: age_ms / 1000 };
    let admission = match admitting.consider(&mut case, (routed, slot), (head, body)).await {
        Err(refusal) => Err(refuse(case, refusal)),
        Ok(Considered::Listing(wanted)) => admitting.list(case, wanted),
        Ok(Considered::Call(sending)) => admitting.decide(case, *sending),
    };
    match &admission {
        Ok(Admission::Listing(listed)) => admitting.note(listed.case(), Went::Allowed),
        Ok(Admission::Call(call)) => admitting.note(call.permit.case(), Went::Allowed),
        Err(Denied::Refused(refused, _)) => admitting.note(&refused.case, Went::Refused),
        Err(Denied::Unproved(_)) => {}
    }
    admission
}

/// What a request turned out to be, before policy is asked.
enum Considered {
    Listing(Wanted),
    Call(Box<Sending>),
}

/// A list of models as it was asked for.
struct Wanted {
    dialect: Dialect,
    query: String,
    headers: HeaderMap,
}

fn authenticate(gate: &Gate, head: &Parts, now: Timestamp) -> Result<Subject, Refusal> {
    let no = |code: RefusalCode| {
        Refusal::new(
            code,
            "`portreeve agent token NAME` prints one; docs/guide/agents.md says how clients renew it.",
        )
    };
    let credential = identity::credential(&head.headers).map_err(no)?;
    gate.verifier.verify(&credential, now).map_err(no)
}

/// A request of a known agent, under one snapshot.
pub(crate) struct Admitting<'l> {
    pub(crate) gate: &'l Gate,
    pub(crate) live: &'l Live,
    pub(crate) agent: &'l Agent,
    pub(crate) proof: Proof,
    pub(crate) token_age_s: u64,
}

impl Admitting<'_> {
    /// Everything that can refuse before policy: the agent's state, the path, the body.
    async fn consider(
        &self,
        case: &mut Case,
        (routed, slot): (Routed, Option<OwnedSemaphorePermit>),
        (head, body): (Parts, &mut Option<Incoming>),
    ) -> Result<Considered, Refusal> {
        if self.gate.is_draining() {
            return Err(Refusal::new(RefusalCode::Draining, "Another instance may serve you."));
        }
        let slot =
            slot.ok_or_else(|| Refusal::new(RefusalCode::Overloaded, "Try again shortly."))?;
        self.agent_may_ask(case)?;
        let governed = routed?;
        if governed.dialect == Dialect::Anthropic {
            check_version(&head.headers)?;
        }
        let query = route::query_for(&governed, &head.uri)?;
        if governed.operation == Operation::ListModels {
            let query = head.uri.query().unwrap_or("").to_owned();
            let (dialect, headers) = (governed.dialect, head.headers);
            return Ok(Considered::Listing(Wanted { dialect, query, headers }));
        }
        check_encoding(&head.headers)?;
        let within = self.gate.body_within;
        let Some(body) = body.take() else {
            return Err(Refusal::new(RefusalCode::BodyTruncated, ""));
        };
        let body = body::read(body, self.live.body_bytes_max(), within).await?;
        // What is known even of a body that will be refused.
        case.ask = Some(Ask {
            stream: governed.stream,
            input_bytes: u64::try_from(body.len()).unwrap_or(u64::MAX),
            ..Ask::bare(governed.operation, governed.dialect)
        });
        let request = protocol::Request {
            operation: governed.operation,
            dialect: governed.dialect,
            model: governed.model.as_deref(),
            stream: governed.stream,
            betas: &betas(&head.headers)?,
        };
        let reading = protocol::read(&body, &request, &protocol::Limits::default())
            .map_err(|refusal| self.unknown_alike(refusal))?;
        case.ask = Some(reading.ask().clone());
        let (headers, read) = (head.headers, Instant::now());
        Ok(Considered::Call(Box::new(Sending { reading, headers, query, read, slot })))
    }

    /// Live state, on every request: is the agent of this epoch, active, served?
    fn agent_may_ask(&self, case: &Case) -> Result<(), Refusal> {
        let agent = self.agent;
        if case.subject.as_ref().is_none_or(|subject| subject.epoch != agent.epoch) {
            let refusal = Refusal::new(RefusalCode::CredentialRevoked, "");
            return Err(refusal.asking(agent.owner.clone()));
        }
        in_service(self.live, agent)
    }

    /// A name no model can have is refused in the very words of a model that does not exist.
    fn unknown_alike(&self, refusal: Refusal) -> Refusal {
        if refusal.code == RefusalCode::ModelUnknown { self.model_unknown() } else { refusal }
    }

    fn model_unknown(&self) -> Refusal {
        let [policy_seat, ..] = &self.live.charter().secondary;
        policy::model_unknown(policy_seat)
    }
}

/// Whether a declared agent is served at all.
pub(crate) fn in_service(live: &Live, agent: &Agent) -> Result<(), Refusal> {
    let refuse = |code| Err(Refusal::new(code, "").asking(agent.owner.clone()));
    if !agent.active {
        return refuse(RefusalCode::AgentSuspended);
    }
    if live.charter().genesis && agent.facts.environment == Environment::Prod {
        return refuse(RefusalCode::AgentEnvironmentUnserved);
    }
    Ok(())
}

fn check_version(headers: &HeaderMap) -> Result<(), Refusal> {
    let mut versions = headers.get_all("anthropic-version").iter();
    let found = match (versions.next(), versions.next()) {
        (Some(version), None)
            if ANTHROPIC_VERSIONS.iter().any(|known| version.as_bytes() == known.as_bytes()) =>
        {
            return Ok(());
        }
        (Some(_), None) => "It names another",
        (Some(_), Some(_)) => "It came more than once",
        (None, _) => "None came",
    };
    let detail = format!("{found}; send one: {}.", ANTHROPIC_VERSIONS.join(" or "));
    Err(Refusal::new(RefusalCode::VersionRefused, detail))
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

fn refuse(case: Case, refusal: Refusal) -> Denied {
    let (withheld, facts) = (Vec::new(), Vec::new());
    Denied::Refused(Box::new(Refused { case, refusal, withheld, facts }), Told::default())
}
