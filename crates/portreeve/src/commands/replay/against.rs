//! What was recorded, held against what policy says now: every difference, none of them explained.

use std::fmt::Display;

use bundle::Bundle;
use model::{DecisionRecord, PolicyRef, SecretRecord, TargetRecord, VerdictRecord, WithheldRecord};
use policy::{
    AgentFacts, DecidedAgain, RecordedAnswer, RecordedFacts, RecordedQuestion, TargetFacts,
};

/// Something that is not as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Difference {
    /// What differs.
    pub(super) what: String,
    /// As it was recorded.
    pub(super) recorded: String,
    /// As it is found now.
    pub(super) now: String,
}

/// The differences, in the order in which they were found.
#[derive(Debug, Default)]
pub(super) struct Differences(Vec<Difference>);

impl Differences {
    /// Everything in which `again`, reached from `facts`, is not what `record` says.
    pub(super) fn of(
        record: &DecisionRecord,
        facts: &RecordedFacts,
        bundle: &Bundle,
        again: &DecidedAgain,
    ) -> Vec<Difference> {
        let mut found = Self::default();
        found.entry(record, facts);
        found.charter(facts, bundle);
        found.verdict(record, facts, again);
        found.questions(facts, again);
        found.0
    }

    fn check(&mut self, what: impl Display, recorded: impl Display, now: impl Display) {
        let (recorded, now) = (recorded.to_string(), now.to_string());
        if recorded != now {
            self.0.push(Difference { what: what.to_string(), recorded, now });
        }
    }

    /// The log's entry and the facts are about the same call.
    fn entry(&mut self, record: &DecisionRecord, facts: &RecordedFacts) {
        let asked = &facts.asked;
        let agent = record.subject.as_ref().map(|subject| &subject.agent);
        self.check("the agent, in the facts", named(agent), &asked.agent.name);
        let model = record.ask.as_ref().and_then(|ask| ask.model.as_ref());
        self.check("the model, in the facts", named(model), &asked.model.name);
        self.check("the time, in the facts", record.received, asked.call.now);
        let approved = asked.approved.as_ref().map(|approved| &approved.name);
        self.check("the context, in the facts", named(record.context.as_ref()), named(approved));
        if record.ask.as_ref().is_some_and(|ask| *ask != asked.ask) {
            self.check("the ask, in the facts", "as the entry says", "another");
        }
    }

    /// The facts say of the charter's objects what the charter says.
    fn charter(&mut self, facts: &RecordedFacts, bundle: &Bundle) {
        let asked = &facts.asked;
        match bundle.agent(&asked.agent.name) {
            Some(agent) => self.agent(&asked.agent, &agent.facts),
            None => self.check("the agent, in the charter", &asked.agent.name, "not declared"),
        }
        if let Some(was) = &asked.approved {
            let now = bundle.context(&was.name).map(bundle::Context::facts);
            let same = now.as_ref() == Some(was);
            let now = if now.is_some() { "declared otherwise" } else { "not declared" };
            let now = if same { was.name.as_str() } else { now };
            self.check("the context, in the charter", &was.name, now);
        }
        let Some(model) = bundle.model(&asked.model.name) else {
            return self.check("the model, in the charter", &asked.model.name, "not declared");
        };
        self.check("the model's owner, in the charter", &asked.model.owner, &model.facts.owner);
        for was in &asked.targets {
            if !model.targets.iter().any(|target| target.facts == *was) {
                let now = "no target is declared so";
                self.check("a target, in the charter", place(was), now);
            }
        }
    }

    fn agent(&mut self, was: &AgentFacts, now: &AgentFacts) {
        self.check("the agent's environment", was.environment.as_str(), now.environment.as_str());
        self.check("the agent's lifecycle", was.lifecycle, now.lifecycle);
        self.check("the agent's team", &was.team, &now.team);
        self.check("the agent's autonomy", was.autonomy, now.autonomy);
        self.check("the agent's data class", was.data_class, now.data_class);
        self.check("the agent's trust domain", &was.trust_domain, &now.trust_domain);
        self.check("the agent's owner", &was.owner, &now.owner);
    }

    /// Policy's verdict, and the record of it where the record is policy's own.
    fn verdict(&mut self, record: &DecisionRecord, facts: &RecordedFacts, again: &DecidedAgain) {
        let code = |refusal: &model::Refusal| refusal.code.as_str();
        let now = again.verdict.as_ref().map_or_else(code, |_| PERMITTED);
        self.check("policy's verdict", said(facts), now);
        if !is_policys(record, facts) {
            return;
        }
        let verdict = again
            .verdict
            .as_ref()
            .map_or_else(VerdictRecord::denied, |_| VerdictRecord::permitted());
        let was = &record.verdict;
        self.check("policies", cited(&was.policies), cited(&verdict.policies));
        self.check("what the caller is told", told(&was.detail), told(&verdict.detail));
        self.check("whom to ask", told(&was.ask), told(&verdict.ask));
        self.check(
            "the secret in question",
            named(was.secret.as_ref()),
            named(verdict.secret.as_ref()),
        );
        let targets: Vec<TargetRecord> = again.verdict.as_ref().map_or_else(
            |_| Vec::new(),
            |targets| targets.iter().map(TargetRecord::from).collect(),
        );
        self.check("targets", all(&record.targets, target), all(&targets, target));
        // Of a refusal at a single place the verdict itself says all there is to say.
        let alone = again.verdict.is_err() && again.withheld.len() <= 1;
        let withheld: &[_] = if alone { &[] } else { &again.withheld };
        self.check("withheld", all(&record.withheld, withhold), all(withheld, withhold));
    }

    /// Each question and its answer.
    fn questions(&mut self, facts: &RecordedFacts, again: &DecidedAgain) {
        let now = match RecordedFacts::read(&again.facts) {
            Ok(now) => now,
            Err(cause) => return self.check("the facts", "readable", cause),
        };
        let (was, now_too) = (told(&facts.unevaluable), told(&now.unevaluable));
        self.check("why no question could be put", was, now_too);
        let most = facts.questions.len().max(now.questions.len());
        for number in 0..most {
            let [was, now] = [&facts.questions, &now.questions].map(|all| all.get(number));
            let what = was.or(now).map(asked_about).unwrap_or_default();
            self.check(format!("question {}, {what}", number + 1), answered(was), answered(now));
        }
    }
}

/// The word for policy's yes.
const PERMITTED: &str = "permitted";

/// Policy's own verdict, as the facts say it.
pub(super) fn said(facts: &RecordedFacts) -> &'static str {
    facts.refused.map_or(PERMITTED, model::RefusalCode::as_str)
}

/// Whether what was recorded is policy's own verdict: what stands beside policy may have refused
/// instead.
pub(super) fn is_policys(record: &DecisionRecord, facts: &RecordedFacts) -> bool {
    record.verdict.code == said(facts)
}

fn named<T: Display>(name: Option<T>) -> String {
    name.map_or_else(|| "none".to_owned(), |name| name.to_string())
}

fn told(text: &Option<String>) -> &str {
    text.as_deref().unwrap_or("nothing")
}

fn place(target: &TargetFacts) -> String {
    let TargetFacts { provider, upstream_model, secret, .. } = target;
    let secret = secret.as_ref().map(|secret| format!(" with {} {}", secret.name, secret.version));
    format!("{provider} as {upstream_model}{}", secret.unwrap_or_default())
}

/// Policies by id, place and text.
pub(super) fn cited(policies: &[PolicyRef]) -> String {
    all(policies, |policy| {
        let PolicyRef { id, file, line, text, .. } = policy;
        format!("{id} ({file}:{line}, text {})", text.short())
    })
}

fn target(target: &TargetRecord) -> String {
    let TargetRecord { provider, upstream_model, secret, claims, policies } = target;
    let lent = |secret: &SecretRecord| {
        format!(" with {} {} of {}", secret.name, secret.version, secret.owner)
    };
    let secret = secret.as_ref().map(lent).unwrap_or_default();
    let claims = serde_json::to_string(claims).unwrap_or_default();
    format!("{provider} as {upstream_model}{secret}, claims {claims}, by {}", cited(policies))
}

fn withhold(place: &WithheldRecord) -> String {
    let WithheldRecord { provider, upstream_model, code, policies, detail, secret } = place;
    let secret = named(secret.as_ref());
    let by = cited(policies);
    format!(
        "{provider} as {upstream_model}: {code} by {by}, secret {secret}, told {}",
        told(detail)
    )
}

fn all<T>(items: &[T], shown: impl Fn(&T) -> String) -> String {
    if items.is_empty() {
        return "none".to_owned();
    }
    items.iter().map(shown).collect::<Vec<_>>().join("; ")
}

fn asked_about(question: &RecordedQuestion) -> String {
    let (kind, id) = &question.resource;
    format!("{} on {kind} {id}", question.action)
}

fn answered(question: Option<&RecordedQuestion>) -> String {
    let Some(question) = question else { return "not put".to_owned() };
    let word = match question.answer {
        RecordedAnswer::Permit => "permit",
        RecordedAnswer::Forbid => "forbid",
        RecordedAnswer::Nothing => "nothing",
        RecordedAnswer::Error => "error",
    };
    let what = asked_about(question);
    format!(
        "{} set, {what}: {word} by {}",
        question.set.as_str(),
        all(&question.policies, String::clone)
    )
}

#[cfg(test)]
pub(super) mod tests;
