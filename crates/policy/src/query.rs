//! One question as it is put to a set: who, what, on what, in which context. Its own record too,
//! so that what the facts say was asked is what was asked.

use cedar_policy::{Context, EntityUid, Request};
use model::{Ask, PolicySetKind, ProviderTool, Stores, Unrecognised};

use crate::claims;
use crate::evaluate::{Answer, Unevaluable};
use crate::facts::{ApprovedFacts, Circumstances, RecentFacts, TargetFacts};
use crate::matter::Matter;
use crate::schema::{self, Type};
use crate::slice;
use crate::value::{self, Fields, Json, Value};

/// The sets that questions are put to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Domain {
    /// Who may use which model.
    Model,
    /// What a provider may do or keep beyond answering.
    Tool,
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

impl Query {
    /// May the agent have `matter` at `target`?
    pub(crate) fn about(
        matter: Matter<'_>,
        asked: &Circumstances<'_>,
        target: &TargetFacts,
    ) -> Self {
        let mut context = common(asked);
        let (domain, resource) = match matter {
            Matter::Model => {
                context.insert("call", call(asked.ask));
                context.insert("provider", Value::Entity(slice::provider(target)));
                (Domain::Model, slice::model(asked.model))
            }
            Matter::Tool(tool) => {
                use_tool(tool, &mut context);
                (Domain::Tool, slice::provider_tool(target, tool.kind))
            }
            Matter::Storage => {
                store(asked.ask, &mut context);
                (Domain::Tool, slice::provider(target))
            }
            Matter::Unrecognised(unknown) => {
                pass(unknown, &mut context);
                (Domain::Tool, slice::provider(target))
            }
            Matter::Secret(secret) => {
                context.insert("provider", Value::Entity(slice::provider(target)));
                context.insert("upstream_model", Value::Text(target.upstream_model.clone()));
                (Domain::Secret, slice::secret(secret))
            }
        };
        if domain != Domain::Model {
            context.insert("model", Value::Text(asked.model.name.to_string()));
        }
        if domain != Domain::Secret {
            context.insert("target", claims::target(target, asked.call.now));
        }
        let action = schema::action(matter.action()).uid();
        Self { domain, principal: slice::agent(asked.agent), action, resource, context }
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
        out.text(self.domain.set().as_str());
        out.raw("}");
    }
}

impl Domain {
    /// The set.
    pub(crate) const fn set(self) -> PolicySetKind {
        match self {
            Self::Model => PolicySetKind::Model,
            Self::Tool => PolicySetKind::Tool,
            Self::Secret => PolicySetKind::Secret,
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
    let mut context = Fields::from([
        ("caller", Value::Record(caller)),
        ("now", Value::Time(asked.call.now)),
        ("recent", recent(asked.call.recent)),
    ]);
    if let Some(facts) = asked.approved {
        context.insert("approved", approved(facts));
    }
    context
}

/// `context.recent`.
fn recent(facts: RecentFacts) -> Value {
    let RecentFacts { requests, refusals, targets } = facts;
    Value::Record(Fields::from([
        ("refusals", Value::Long(refusals.into())),
        ("requests", Value::Long(requests.into())),
        ("targets", Value::Long(targets.into())),
    ]))
}

/// `context.approved`.
fn approved(facts: &ApprovedFacts) -> Value {
    let ApprovedFacts { name, purpose, data_class, owner } = facts;
    let data_class = schema::uid(Type::DataClass, data_class.as_str());
    Value::Record(Fields::from([
        ("data_class", Value::Entity(data_class)),
        ("name", Value::Text(name.to_string())),
        ("owner", Value::Text(owner.clone())),
        ("purpose", Value::Text(purpose.clone())),
    ]))
}

/// `context.call`.
fn call(ask: &Ask) -> Value {
    let beyond = &ask.beyond;
    let operation = schema::uid(Type::Operation, ask.operation.as_str());
    let mut call = Fields::from([
        ("function_tools", Value::Long(ask.function_tools.into())),
        ("input_bytes", Value::count(ask.input_bytes)),
        ("operation", Value::Entity(operation)),
        ("provider_tools", Value::length(&beyond.tools)),
        ("stores", Value::Bool(beyond.stores.is_some())),
        ("stream", Value::Bool(ask.stream)),
        ("unrecognised", Value::length(&beyond.unrecognised)),
        ("urls", Value::Long(beyond.urls.into())),
    ]);
    if let Some(tokens) = ask.output_tokens_max {
        call.insert("output_tokens_max", Value::count(tokens));
    }
    Value::Record(call)
}

fn use_tool(tool: &ProviderTool, context: &mut Fields) {
    context.insert("declared", Value::Text(tool.declared.clone()));
    if let Some(server) = &tool.server {
        context.insert("server", Value::Text(server.clone()));
    }
}

fn store(ask: &Ask, context: &mut Fields) {
    let stores = ask.beyond.stores;
    context.insert("by_default", Value::Bool(stores == Some(Stores::ByDefault)));
    context.insert("names", Value::length(&ask.beyond.names));
    context.insert("stores", Value::Bool(stores.is_some()));
}

fn pass(unknown: &Unrecognised, context: &mut Fields) {
    let place = schema::uid(Type::UnrecognisedPlace, unknown.place.as_str());
    context.insert("name", Value::Text(unknown.name.clone()));
    context.insert("place", Value::Entity(place));
}
