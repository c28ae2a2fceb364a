//! Whether a call would get through, layer by layer, without one being made.
//!
//! It judges and permits nothing: no permit is made, no secret lent, no token verified, and
//! nothing is sent but what opening a connection sends
//! ([0011](../../../docs/decisions/0011-a-probe-lends-nothing.md)).

use std::fmt;
use std::sync::Arc;

use bundle::{Agent, LimitFacts};
use http::{HeaderMap, HeaderValue};
use model::{
    AgentName, Ask, ContextName, Dialect, Measure, ModelName, Operation, Per, Proof, ProviderName,
    Refusal, RefusalCode, Timestamp,
};
use policy::{ApprovedFacts, Circumstances, TargetFacts};
use quota::{CounterStatus, Limit};
use secrets::Lifetime;
use tokio::time::{Duration, Instant};

use crate::admit::Admitting;
use crate::approved::{Asker, CONTEXT_HEADER, Called, Choice};
use crate::gate::Gate;
use crate::health::Condition;
use crate::live::{Live, Model, Target};

/// Whose call, to what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbeAsk {
    /// The agent.
    pub agent: AgentName,
    /// The model.
    pub model: ModelName,
    /// Only at this provider; otherwise where such a call would be tried first.
    pub provider: Option<ProviderName>,
    /// In this context; otherwise in the one that a call without the header is made in.
    pub context: Option<ContextName>,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probed {
    /// The layers in the order of a call; only the last one can have failed.
    pub layers: Vec<Layer>,
    /// Where the call would go; none where it did not come so far.
    pub target: Option<ProbedTarget>,
}

/// Where a call would go, and how it would be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbedTarget {
    /// The provider.
    pub provider: ProviderName,
    /// The provider's own name of the model.
    pub upstream_model: String,
    /// What policy allows there, the first of those that the provider's wire form has.
    pub operation: Operation,
}

/// One layer, looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// Which.
    pub of: ProbeLayer,
    /// How long looking took.
    pub took: Duration,
    /// What was found, or the refusal that a call would meet.
    pub found: Result<String, Refusal>,
}

/// What a call has to get through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProbeLayer {
    /// The gateway takes requests and can write them down.
    Gateway,
    /// The agent is declared and in service.
    Agent,
    /// The model is declared, and served there.
    Model,
    /// The call is made in an approved context, where it must be.
    Context,
    /// Policy allows it, with its secret.
    Policy,
    /// Its budgets have something left.
    Quota,
    /// The secret is sealed and may be lent.
    Secret,
    /// The provider can be connected to and proves who it is.
    Network,
    /// The provider is not set aside, and takes more calls.
    Upstream,
}

/// A probe under way.
struct Probe<'p> {
    gate: &'p Gate,
    live: &'p Live,
    ask: &'p ProbeAsk,
    now: Timestamp,
    layers: Vec<Layer>,
    target: Option<ProbedTarget>,
}

type Found<T> = Result<(T, String), Refusal>;

impl Gate {
    /// Looks at one layer after the other, up to the first that a call would fail at.
    pub async fn probe(&self, ask: &ProbeAsk) -> Probed {
        let (live, now) = (self.in_force(), self.clock.now());
        let (layers, target) = (Vec::new(), None);
        let mut probe = Probe { gate: self, live: &live, ask, now, layers, target };
        // It ends early where a layer fails; the layers say so.
        let _ = probe.run().await;
        Probed { layers: probe.layers, target: probe.target }
    }
}

impl Probe<'_> {
    async fn run(&mut self) -> Option<()> {
        let (gate, live) = (self.gate, self.live);
        self.look(ProbeLayer::Gateway, Self::gateway)?;
        let agent = live.bundle().agent(&self.ask.agent);
        let agent = self.look(ProbeLayer::Agent, |probe| probe.agent(agent))?;
        let model = live.model(&self.ask.model);
        let targets = self.look(ProbeLayer::Model, |probe| probe.places(model))?;
        let model = model?;
        let context = self.look(ProbeLayer::Context, |probe| probe.context(agent))?;
        let admitting =
            Admitting { gate, live, agent, proof: Proof::EmbeddedToken, token_age_s: 0 };
        let judged = self.look(ProbeLayer::Policy, |probe| {
            probe.policy(&admitting, (model, &targets), context.as_ref())
        })?;
        let (target, operation) = judged;
        self.target = Some(ProbedTarget {
            provider: target.facts.provider.clone(),
            upstream_model: target.facts.upstream_model.clone(),
            operation,
        });
        self.look(ProbeLayer::Quota, |probe| {
            probe.quota(agent, (model, target), context.as_ref())
        })?;
        self.opens(target).await?;
        self.network(target).await?;
        self.look(ProbeLayer::Upstream, |probe| probe.upstream(target))
    }

    /// Looks at one layer and notes what it found, and how long that took.
    fn look<T>(&mut self, of: ProbeLayer, at: impl FnOnce(&Self) -> Found<T>) -> Option<T> {
        let begun = Instant::now();
        let found = at(self);
        self.note(of, begun.elapsed(), found)
    }

    fn note<T>(&mut self, of: ProbeLayer, took: Duration, found: Found<T>) -> Option<T> {
        let (value, found) = match found {
            Ok((value, said)) => (Some(value), Ok(said)),
            Err(refusal) => (None, Err(refusal)),
        };
        self.layers.push(Layer { of, took, found });
        value
    }

    fn gateway(&self) -> Found<()> {
        if self.gate.is_draining() {
            return Err(Refusal::new(RefusalCode::Draining, ""));
        }
        let log = self.gate.ledger.status();
        if !log.healthy {
            let why = log.last_error.unwrap_or_else(|| "it does not say why".to_owned());
            return Err(Refusal::new(RefusalCode::LogUnavailable, why));
        }
        Ok(((), "it takes requests, and its decision log can be written".to_owned()))
    }

    fn agent<'a>(&self, agent: Option<&'a Agent>) -> Found<&'a Agent> {
        let name = &self.ask.agent;
        let Some(agent) = agent else {
            let detail = format!("The charter in force declares no agent `{name}`.");
            return Err(Refusal::new(RefusalCode::AgentUnknown, detail));
        };
        crate::admit::in_service(self.live, agent)?;
        let said = format!("declared, active, of environment {}", agent.facts.environment);
        Ok((agent, said))
    }

    /// The targets in question, in the order in which they are listed.
    fn places<'m>(&self, model: Option<&'m Model>) -> Found<Vec<&'m Target>> {
        let name = &self.ask.model;
        let Some(model) = model else {
            let detail = format!("The charter in force declares no model `{name}`.");
            return Err(Refusal::new(RefusalCode::ModelUnknown, detail));
        };
        let wanted = |target: &&Target| {
            self.ask.provider.as_ref().is_none_or(|only| target.facts.provider == *only)
        };
        let places: Vec<&Target> = model.targets.iter().filter(wanted).collect();
        if places.is_empty() {
            let served: Vec<&str> =
                model.targets.iter().map(|target| target.facts.provider.as_str()).collect();
            let detail =
                format!("Model `{name}` is not served there; it is at: {}.", served.join(", "));
            return Err(Refusal::new(RefusalCode::NoTarget, detail).asking(&model.facts.owner));
        }
        let shown: Vec<String> = places
            .iter()
            .map(|target| format!("{} as {}", target.facts.provider, target.facts.upstream_model))
            .collect();
        Ok((places, format!("declared, served at {}", shown.join(", then "))))
    }

    fn context(&self, agent: &Agent) -> Found<Option<ApprovedFacts>> {
        let mut headers = HeaderMap::new();
        if let Some(name) = &self.ask.context {
            // A context's name is a header's value as it stands.
            if let Ok(value) = HeaderValue::from_str(name.as_str()) {
                headers.insert(CONTEXT_HEADER, value);
            }
        }
        let asker = Asker { bundle: self.live.bundle(), agent, bound: None, now: self.now };
        let chosen = Choice::read(asker, &headers)?.of(Called::model(&self.ask.model))?;
        let said = match &chosen {
            Some(facts) => format!("`{}`: {}", facts.name, facts.purpose),
            None => "none is needed".to_owned(),
        };
        Ok((chosen, said))
    }

    /// The first target that policy allows, and for what.
    fn policy<'m>(
        &self,
        admitting: &Admitting<'_>,
        (model, places): (&Model, &[&'m Target]),
        approved: Option<&ApprovedFacts>,
    ) -> Found<(&'m Target, Operation)> {
        let agent = &admitting.agent.facts;
        let name = approved.map(|facts| &facts.name);
        let open: Vec<&Target> =
            places.iter().copied().filter(|one| one.when.admits(agent, name)).collect();
        if open.is_empty() {
            let detail = "Every target is declared for other agents or contexts.";
            return Err(Refusal::new(RefusalCode::NoTarget, detail).asking(&model.facts.owner));
        }
        let mut permitted = Vec::new();
        let mut first_refusal = None;
        for target in open {
            match self.judge(admitting, (model, target), approved) {
                Ok(said) => permitted.push((target, said)),
                Err(refusal) => first_refusal = first_refusal.or(Some(refusal)),
            }
        }
        // As a call does it: a place that cannot serve now is passed over, if another can.
        let serves =
            |target: &Target| self.secret(target).and_then(|_| self.upstream(target)).err();
        let serving = permitted.iter().position(|(target, _)| serves(target).is_none());
        let passed: String = permitted
            .iter()
            .take(serving.unwrap_or(0))
            .filter_map(|(target, _)| Some((target, serves(target)?.code)))
            .map(|(target, code)| {
                format!("; passed over: {} ({})", target.facts.provider, code.as_str())
            })
            .collect();
        let chosen = permitted.into_iter().nth(serving.unwrap_or(0));
        let [policy_seat, ..] = &self.live.charter().secondary;
        let (target, (operation, said)) = chosen
            .ok_or_else(|| first_refusal.unwrap_or_else(|| policy::model_unknown(policy_seat)))?;
        Ok(((target, operation), format!("{said}{passed}")))
    }

    /// The first operation that policy allows at `target`, and by which policies.
    fn judge(
        &self,
        admitting: &Admitting<'_>,
        (model, target): (&Model, &Target),
        approved: Option<&ApprovedFacts>,
    ) -> Found<Operation> {
        let call = admitting.call_facts(self.now);
        let [policy_seat, ..] = &self.live.charter().secondary;
        let (agent, model) = (&admitting.agent.facts, &model.facts);
        let targets: &[TargetFacts] = std::slice::from_ref(&target.facts);
        let mut first_refusal = None;
        for (operation, dialect) in spoken(target) {
            let ask = &self.bare(operation, dialect);
            let asked = Circumstances { agent, call: &call, approved, ask, model, targets };
            match self.live.policies().judge(&asked, policy_seat) {
                Ok(permitted) => {
                    let policies = permitted.first().policies.iter();
                    let cited: Vec<String> =
                        policies.map(|one| format!("{}:{}", one.file, one.line)).collect();
                    let (word, provider) = (operation.as_str(), &target.facts.provider);
                    let said = format!("{word} at {provider} is allowed by {}", cited.join(", "));
                    return Ok((operation, said));
                }
                Err(refusal) => first_refusal = first_refusal.or(Some(refusal)),
            }
        }
        Err(first_refusal.unwrap_or_else(|| policy::model_unknown(policy_seat)))
    }

    fn quota(
        &self,
        agent: &Agent,
        (model, target): (&Model, &Target),
        approved: Option<&ApprovedFacts>,
    ) -> Found<()> {
        let name = approved.map(|facts| &facts.name);
        let limit = |LimitFacts { key, at_most, owner }| Limit { key, at_most, owner };
        let limits: Vec<Limit> =
            self.live.bundle().limits(&agent.facts.name, name).into_iter().map(limit).collect();
        let price = model.price(&target.facts.provider, &target.facts.upstream_model);
        let is_priced = price.is_some_and(|price| price.since <= self.now);
        let of_money = limits.iter().any(|limit| limit.key.measure == Measure::Money);
        if of_money && !is_priced {
            let refusal = Refusal::new(RefusalCode::BudgetUnpriced, "");
            return Err(refusal.asking(&model.facts.owner));
        }
        let status = self.gate.counters.status(self.now, &limits);
        let left =
            |one: &CounterStatus| one.at_most.saturating_sub(one.used.saturating_add(one.held));
        if let Some((spent, limit)) = status.iter().zip(&limits).find(|(one, _)| left(one) == 0) {
            let code = match spent.key.per {
                Per::Minute => RefusalCode::BudgetPaused,
                Per::Day | Per::Month => RefusalCode::BudgetExhausted,
            };
            let detail = format!(
                "Budget `{}`, {} per {}: nothing is left of {}; it begins anew at {}.",
                spent.key.quota,
                spent.key.measure.as_str(),
                spent.key.per.as_str(),
                spent.at_most,
                spent.resets
            );
            return Err(Refusal::new(code, detail).asking(&limit.owner));
        }
        let said = match limits.len() {
            0 => "no budget applies".to_owned(),
            1 => "one limit applies and has something left".to_owned(),
            count => format!("{count} limits apply, and each has something left"),
        };
        Ok(((), said))
    }

    fn secret(&self, target: &Target) -> Found<()> {
        let Some(secret) = &target.facts.secret else {
            return Ok(((), "the provider asks for none".to_owned()));
        };
        let refuse = |code: RefusalCode, detail: String| {
            Err(Refusal::new(code, detail).asking(&secret.owner).about(&secret.name))
        };
        let (name, version) = (&secret.name, secret.version);
        let Some(sealed) = self.gate.secrets.sealed_at(name, version) else {
            let detail = format!("`{name}` {version} is not sealed, or does not open.");
            return refuse(RefusalCode::SecretMissing, detail);
        };
        let days = target.secret_age_max_days.unwrap_or(0);
        let lifetime = Lifetime::new(sealed, days);
        if !lifetime.age(self.now).may_be_lent() {
            let detail = format!("`{name}` {version} was sealed at {sealed}, for {days} days.");
            return refuse(RefusalCode::SecretExpired, detail);
        }
        let age = lifetime.days(self.now).unwrap_or(0);
        Ok((
            (),
            format!("`{name}` {version} is sealed, {age} of {days} days old; not lent for this"),
        ))
    }

    /// The same, and that it opens: from the disk, which may hang, so on a thread of its own.
    async fn opens(&mut self, target: &Target) -> Option<()> {
        let begun = Instant::now();
        let mut found = self.secret(target);
        if let (Ok(_), Some(secret)) = (&found, &target.facts.secret) {
            let (secrets, name) = (Arc::clone(&self.gate.secrets), secret.name.clone());
            let version = secret.version;
            let opened = tokio::task::spawn_blocking(move || secrets.opens(&name, version).err());
            // It fails only where the runtime ends.
            if let Some(cause) = opened.await.ok().flatten() {
                let refusal = Refusal::new(RefusalCode::SecretUnreadable, format!("{cause}."));
                found = Err(refusal.asking(&secret.owner).about(&secret.name));
            }
        }
        self.note(ProbeLayer::Secret, begun.elapsed(), found)
    }

    async fn network(&mut self, target: &Target) -> Option<()> {
        let begun = Instant::now();
        let found = match self.gate.probes.try_acquire() {
            Err(_) => Err(Refusal::new(RefusalCode::Overloaded, "Other probes are under way.")),
            Ok(_place) => self.gate.upstream.reach(&target.to).await.map(|said| ((), said)),
        };
        self.note(ProbeLayer::Network, begun.elapsed(), found)
    }

    /// What calls found there lately. Nothing is asked: that would be a call.
    fn upstream(&self, target: &Target) -> Found<()> {
        let facts = &target.facts;
        let health = self.gate.health.of(&facts.provider, &facts.upstream_model).status(self.now);
        let last = health.last_failure.map(|code| format!("the last failure was {code}"));
        let aside = match health.condition {
            Condition::SetAside(until) => Some(format!("It is set aside until {until}")),
            Condition::Probing => Some("It is set aside, and being tried again".to_owned()),
            Condition::Healthy | Condition::Failing(_) | Condition::ProbeDue => None,
        };
        if let Some(aside) = aside {
            let why = last.map(|last| format!(": {last}")).unwrap_or_default();
            return Err(Refusal::new(RefusalCode::TargetsSetAside, format!("{aside}{why}.")));
        }
        if target.to.in_flight_max.is_some_and(|most| health.in_flight >= most) {
            let detail = format!("It carries {} calls, the most it may.", health.in_flight);
            return Err(Refusal::new(RefusalCode::TargetsBusy, detail));
        }
        let known = self.gate.figures.last_failure(facts);
        let said = match known.or(last) {
            Some(last) => format!("in service, though {last}"),
            None => "in service, and no failure is known".to_owned(),
        };
        Ok(((), said))
    }

    /// The smallest ask for the model.
    fn bare(&self, operation: Operation, dialect: Dialect) -> Ask {
        Ask { model: Some(self.ask.model.clone()), ..Ask::bare(operation, dialect) }
    }
}

/// What can be asked of a target, in its provider's own wire forms.
fn spoken(target: &Target) -> impl Iterator<Item = (Operation, Dialect)> {
    let kind = target.facts.kind;
    Operation::ALL.iter().copied().filter_map(move |operation| {
        let dialect = operation.dialect().filter(|dialect| kind.speaks(*dialect))?;
        Some((operation, dialect))
    })
}

impl ProbeLayer {
    /// The layer, in a word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Agent => "agent",
            Self::Model => "model",
            Self::Context => "context",
            Self::Policy => "policy",
            Self::Quota => "quota",
            Self::Secret => "secret",
            Self::Network => "network",
            Self::Upstream => "upstream",
        }
    }
}

impl fmt::Display for ProbeLayer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}
