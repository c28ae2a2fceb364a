//! One question as it is put to a set, and the set's answer. Never a verdict on a request.

use cedar_policy::{Context, Entities, EntityUid, Request};
use model::PolicySetKind;

use crate::facts::{Circumstances, SecretFacts, TargetFacts};
use crate::schema::{self, Type};
use crate::slice;
use crate::value::{self, Fields, Json, Value};

/// A question that could not be put at all: a bug of the gateway, and a refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unevaluable(pub(crate) String);

/// The sets that questions are put to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Domain {
    /// Who may use which model.
    Model,
    /// For which call a secret may be lent.
    Secret,
}

/// One question: may `principal` do `action` on `resource` in `context`?
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Query {
    /// The set it is put to, besides the guardrails.
    pub(crate) domain: Domain,
    principal: EntityUid,
    action: EntityUid,
    resource: EntityUid,
    context: Fields,
}

/// What a set and the guardrails say to a question. Policies are named by id, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// These permits allow it, and nothing forbids it.
    Permit(Vec<String>),
    /// These policies forbid it.
    Forbid(Vec<String>),
    /// Nothing forbids it, and nothing allows it.
    Nothing,
    /// These policies could not be evaluated, so whatever the others say is void.
    Error(Vec<String>),
}

impl Query {
    /// May the agent invoke the model at `target`?
    pub(crate) fn invoke_model(asked: &Circumstances<'_>, target: &TargetFacts) -> Self {
        let ask = asked.ask;
        let mut asks = Fields::from([
            ("function_tools", Value::Long(ask.function_tools.into())),
            ("input_bytes", Value::count(ask.input_bytes)),
            ("stream", Value::Bool(ask.stream)),
        ]);
        if let Some(tokens) = ask.output_tokens_max {
            asks.insert("output_tokens_max", Value::count(tokens));
        }
        let mut context = common(asked);
        context.insert("call", Value::Record(asks));
        context.insert("provider", Value::Entity(slice::provider(target)));
        Self {
            domain: Domain::Model,
            principal: slice::agent(asked.agent),
            action: schema::uid(Type::Action, "InvokeModel"),
            resource: slice::model(asked.model),
            context,
        }
    }

    /// May `secret` be lent for the agent's call at `target`?
    pub(crate) fn use_secret(
        asked: &Circumstances<'_>,
        target: &TargetFacts,
        secret: &SecretFacts,
    ) -> Self {
        let mut context = common(asked);
        context.insert("model", Value::Text(asked.model.name.to_string()));
        context.insert("provider", Value::Entity(slice::provider(target)));
        context.insert("upstream_model", Value::Text(target.upstream_model.clone()));
        Self {
            domain: Domain::Secret,
            principal: slice::agent(asked.agent),
            action: schema::uid(Type::Action, "UseSecret"),
            resource: slice::secret(secret),
            context,
        }
    }

    /// As Cedar takes it, checked against the whole schema.
    pub(crate) fn request(&self) -> Result<Request, Unevaluable> {
        let context = Context::from_pairs(value::expressions(&self.context)?)
            .map_err(|error| Unevaluable(error.to_string()))?;
        let schema = schema::validator(PolicySetKind::Guardrails).schema();
        let [principal, action, resource] = [&self.principal, &self.action, &self.resource];
        Request::new(principal.clone(), action.clone(), resource.clone(), context, Some(schema))
            .map_err(|error| Unevaluable(error.to_string()))
    }

    /// As the facts record it, with what was answered.
    pub(crate) fn write(&self, answer: &Answer, out: &mut Json) {
        out.raw(r#"{"action":"#);
        out.uid(&self.action);
        out.raw(r#","answer":{"is":"#);
        out.text(answer.word());
        out.raw(r#","policies":["#);
        for (position, policy) in answer.policies().iter().enumerate() {
            out.raw(if position > 0 { "," } else { "" });
            out.text(policy);
        }
        out.raw(r#"]},"context":"#);
        value::write_fields(&self.context, out);
        out.raw(r#","principal":"#);
        out.uid(&self.principal);
        out.raw(r#","resource":"#);
        out.uid(&self.resource);
        out.raw(r#","set":"#);
        out.text(self.domain.as_str());
        out.raw("}");
    }
}

impl Domain {
    /// The set's name.
    const fn as_str(self) -> &'static str {
        match self {
            Self::Model => PolicySetKind::Model.as_str(),
            Self::Secret => PolicySetKind::Secret.as_str(),
        }
    }
}

impl Answer {
    fn word(&self) -> &'static str {
        match self {
            Self::Permit(_) => "permit",
            Self::Forbid(_) => "forbid",
            Self::Nothing => "nothing",
            Self::Error(_) => "error",
        }
    }

    /// The policies that determined it.
    pub(crate) fn policies(&self) -> &[String] {
        match self {
            Self::Permit(ids) | Self::Forbid(ids) | Self::Error(ids) => ids,
            Self::Nothing => &[],
        }
    }
}

/// What every context holds.
fn common(asked: &Circumstances<'_>) -> Fields {
    let proof = schema::uid(Type::Proof, asked.call.proof.as_str());
    let caller = Fields::from([
        ("proof", Value::Entity(proof)),
        ("token_age_s", Value::count(asked.call.token_age_s)),
    ]);
    Fields::from([("caller", Value::Record(caller)), ("now", Value::Time(asked.call.now))])
}

/// The world a question is asked in: the entities, and by which names the caller is indexed.
#[derive(Debug)]
pub(crate) struct World {
    /// The slice.
    pub(crate) entities: Entities,
    /// The agent and its ancestors.
    pub(crate) callers: [EntityUid; 2],
}
