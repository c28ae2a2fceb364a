//! One question as it is put to a set: who, what, on what, in which context. Its own record too,
//! so that what the facts say was asked is what was asked.

use std::sync::Arc;

use cedar_policy::{Context, EntityUid, Request};
use model::{Ask, PolicySetKind, ProviderTool, Stores, Unrecognised};

use crate::claims;
use crate::evaluate::{Answer, Unevaluable, World};
use crate::facts::{ApprovedFacts, Circumstances, RecentFacts, TargetFacts};
use crate::json::Json;
use crate::matter::Matter;
use crate::parts;
use crate::reads::Reads;
use crate::schema::{self, Action, Type};
use crate::shapes::Shapes;
use crate::value::{Fields, Name, Said, Value};

/// A context, field by field.
type Spoken = Vec<(&'static str, Arc<Said>)>;

/// What the questions of one request say alike, made once.
#[derive(Debug)]
pub(crate) struct Telling<'a> {
    pub(crate) asked: &'a Circumstances<'a>,
    /// What every context holds.
    common: Spoken,
    call: Arc<Said>,
    model: Arc<Said>,
}

/// What the questions about one target say alike, made once.
#[derive(Debug)]
pub(crate) struct Place<'a> {
    pub(crate) target: &'a TargetFacts,
    provider: Arc<Said>,
    claims: Arc<Said>,
}

/// One question: may `principal` do `action` on `resource` in `context`?
#[derive(Debug)]
pub(crate) struct Query {
    pub(crate) action: Action,
    principal: Name,
    resource: Name,
    /// What the resource is in, where it is in something.
    parent: Option<EntityUid>,
    /// Sorted by name.
    context: Spoken,
}

impl<'a> Telling<'a> {
    /// What the questions about `asked` say alike.
    pub(crate) fn new(asked: &'a Circumstances<'a>) -> Self {
        let model = Value::Text(asked.model.name.to_string());
        let (common, call) = (common(asked), said(call(asked.ask)));
        Self { asked, common, call, model: said(model) }
    }
}

impl<'a> Place<'a> {
    /// What the questions of `telling` about `target` say alike.
    pub(crate) fn new(telling: &Telling<'_>, target: &'a TargetFacts) -> Self {
        let claims = said(claims::target(target, telling.asked.call.now));
        Self { target, provider: said(Value::Entity(provider(target))), claims }
    }
}

impl Query {
    /// May the agent have `matter` at the target?
    pub(crate) fn about(
        matter: Matter<'_>,
        telling: &Telling<'_>,
        place: &Place<'_>,
        world: &World,
    ) -> Self {
        let target = place.target;
        let mut context = telling.common.clone();
        let mut parent = None;
        let resource = match matter {
            Matter::Model => {
                context.push(("call", Arc::clone(&telling.call)));
                context.push(("provider", Arc::clone(&place.provider)));
                schema::name(Type::Model, telling.asked.model.name.as_str())
            }
            Matter::Tool(tool) => {
                use_tool(tool, &mut context);
                parent = Some(provider(target).uid);
                parts::tool_name(target, tool.kind)
            }
            Matter::Storage => {
                store(telling.asked.ask, &mut context);
                provider(target)
            }
            Matter::Unrecognised(unknown) => {
                pass(unknown, &mut context);
                provider(target)
            }
            Matter::Secret(secret) => {
                let upstream_model = said(Value::Text(target.upstream_model.clone()));
                context.push(("provider", Arc::clone(&place.provider)));
                context.push(("upstream_model", upstream_model));
                schema::name(Type::Secret, secret.name.as_str())
            }
        };
        let action = matter.action();
        if action.set() != PolicySetKind::Model {
            context.push(("model", Arc::clone(&telling.model)));
        }
        if action.set() != PolicySetKind::Secret {
            context.push(("target", Arc::clone(&place.claims)));
        }
        context.sort_unstable_by_key(|(name, _)| *name);
        let principal = world.caller().agent.name.clone();
        Self { action, principal, resource, parent, context }
    }

    /// As Cedar takes it, checked against the whole schema: each shape of a question once.
    pub(crate) fn request(&self, shapes: &Shapes) -> Result<Request, Unevaluable> {
        let pairs = self.context.iter();
        let pairs = pairs.map(|(name, said)| Ok(((*name).to_owned(), said.expression()?)));
        let pairs = pairs.collect::<Result<Vec<_>, Unevaluable>>()?;
        let context = Context::from_pairs(pairs).map_err(|error| Unevaluable(error.to_string()))?;
        let shape = self.shape();
        let check = !shapes.hold(&shape);
        let schema = check.then(|| schema::validator(PolicySetKind::Guardrails).schema());
        let [principal, resource] = [&self.principal, &self.resource].map(|name| name.uid.clone());
        let request = Request::new(principal, self.action.uid().clone(), resource, context, schema)
            .map_err(|error| Unevaluable(error.to_string()))?;
        if check {
            shapes.learn(shape);
        }
        Ok(request)
    }

    /// What a policy's resource scope may name so that it can match: nothing, the resource, or
    /// what it is in.
    pub(crate) fn resources(&self) -> Vec<Option<EntityUid>> {
        let mut resources = vec![None, Some(self.resource.uid.clone())];
        resources.extend(self.parent.iter().cloned().map(Some));
        resources
    }

    /// All that the answer of policies that look at `reads` hangs on, or `None` where that is
    /// hardly ever the same again. `entities` is what [`World::described`] holds.
    pub(crate) fn key(&self, reads: &[&Reads], entities: &Json) -> Option<Vec<u8>> {
        /// Room for the shape, the names and what is looked at.
        const OTHER_BYTES: usize = 1_024;
        if !reads.iter().all(|one| one.last()) {
            return None;
        }
        let mut out = Json::with_room(entities.len().saturating_add(OTHER_BYTES));
        out.raw(&self.shape());
        for name in [&self.principal, &self.resource] {
            name.write(&mut out);
        }
        if let Some(parent) = &self.parent {
            out.text(parent.id().unescaped());
        }
        for ((field, inner), look) in reads.iter().flat_map(|one| one.places()) {
            out.raw(",");
            match self.context.iter().find(|(name, _)| name == field) {
                Some((_, said)) => said.write_look(inner.as_deref(), look, &mut out),
                None => out.raw("--"),
            }
        }
        out.raw(";");
        out.append(entities);
        Some(out.into_bytes())
    }

    /// As the facts record it, with what was answered.
    pub(crate) fn write(&self, answer: &Answer, out: &mut Json) {
        out.raw(r#"{"action":{"id":""#);
        out.raw(self.action.name());
        out.raw(r#"","type":"Action"},"answer":{"is":""#);
        out.raw(answer.word());
        out.raw(r#"","policies":["#);
        for (position, policy) in answer.policies().iter().enumerate() {
            out.raw(if position > 0 { "," } else { "" });
            out.text(policy);
        }
        out.raw(r#"]},"context":{"#);
        for (position, (name, said)) in self.context.iter().enumerate() {
            out.raw(if position > 0 { ",\"" } else { "\"" });
            out.raw(name);
            out.raw("\":");
            out.append(&said.json);
        }
        out.raw(r#"},"principal":"#);
        self.principal.write(out);
        out.raw(r#","resource":"#);
        self.resource.write(out);
        out.raw(r#","set":"#);
        out.text(self.action.set().as_str());
        out.raw("}");
    }

    /// All that the schema's check of it depends on.
    fn shape(&self) -> String {
        let mut shape = String::with_capacity(320);
        shape.extend([self.action.name(), " ", self.principal.kind.name()]);
        shape.extend([" ", self.resource.kind.name()]);
        for (name, said) in &self.context {
            shape.extend([" ", name, "=", &said.shape]);
        }
        shape
    }
}

fn provider(target: &TargetFacts) -> Name {
    schema::name(Type::Provider, target.provider.as_str())
}

fn said(value: Value) -> Arc<Said> {
    Arc::new(Said::new(value))
}

/// What every context holds.
fn common(asked: &Circumstances<'_>) -> Spoken {
    let proof = schema::name(Type::Proof, asked.call.proof.as_str());
    let caller = Fields::from([
        ("proof", Value::Entity(proof)),
        ("token_age_s", Value::count(asked.call.token_age_s)),
    ]);
    // Room for what a question adds.
    let mut context = Vec::with_capacity(10);
    context.push(("caller", said(Value::Record(caller))));
    context.push(("now", said(Value::Time(asked.call.now))));
    context.push(("recent", said(recent(asked.call.recent))));
    if let Some(facts) = asked.approved {
        context.push(("approved", said(approved(facts))));
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
    let data_class = schema::name(Type::DataClass, data_class.as_str());
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
    let operation = schema::name(Type::Operation, ask.operation.as_str());
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

fn use_tool(tool: &ProviderTool, context: &mut Spoken) {
    context.push(("declared", said(Value::Text(tool.declared.clone()))));
    if let Some(server) = &tool.server {
        context.push(("server", said(Value::Text(server.clone()))));
    }
}

fn store(ask: &Ask, context: &mut Spoken) {
    let stores = ask.beyond.stores;
    context.push(("by_default", said(Value::Bool(stores == Some(Stores::ByDefault)))));
    context.push(("names", said(Value::length(&ask.beyond.names))));
    context.push(("stores", said(Value::Bool(stores.is_some()))));
}

fn pass(unknown: &Unrecognised, context: &mut Spoken) {
    let place = schema::name(Type::UnrecognisedPlace, unknown.place.as_str());
    context.push(("name", said(Value::Text(unknown.name.clone()))));
    context.push(("place", said(Value::Entity(place))));
}
