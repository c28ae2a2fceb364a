//! The entities of what a charter declares, made once and used in every question about it.
//!
//! A part is used only where its facts are exactly those of the question: what is evaluated and
//! recorded is always what was asked, whether it was made before or now.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use cedar_policy::{Entities, EntityUid};
use model::{AgentName, ModelName, ProviderName, SecretName};

use crate::evaluate::Unevaluable;
use crate::facts::{AgentFacts, ModelFacts, ProviderKind, SecretFacts, TargetFacts};
use crate::part::Part;
use crate::schema::{self, Type};
use crate::value::{Fields, Name, Value};

/// Entities made before they are asked about. Immutable once built.
#[derive(Default)]
pub struct Parts {
    agents: HashMap<AgentName, (AgentFacts, Arc<Caller>)>,
    models: HashMap<ModelName, (ModelFacts, Arc<Part>)>,
    providers: HashMap<ProviderName, (ProviderKind, String, Arc<Part>)>,
    secrets: HashMap<SecretName, (SecretFacts, Arc<Part>)>,
}

/// An agent, its team, and the actions it may be asked about.
#[derive(Debug)]
pub(crate) struct Caller {
    pub(crate) agent: Arc<Part>,
    pub(crate) team: Arc<Part>,
    /// Both, with the schema's actions, as Cedar evaluates them.
    pub(crate) entities: Entities,
    /// What a policy's principal scope may name so that it can match: nothing, the agent, its
    /// team.
    pub(crate) scopes: [Option<EntityUid>; 3],
}

impl Parts {
    /// Makes the parts of everything a charter declares. What cannot be made is made again, and
    /// refused, when it is asked about.
    #[must_use]
    pub fn new<'a>(
        agents: impl IntoIterator<Item = &'a AgentFacts>,
        models: impl IntoIterator<Item = &'a ModelFacts>,
        targets: impl IntoIterator<Item = &'a TargetFacts>,
    ) -> Self {
        let mut parts = Self::default();
        for facts in agents {
            if let Ok(caller) = Caller::new(facts) {
                parts.agents.insert(facts.name.clone(), (facts.clone(), Arc::new(caller)));
            }
        }
        for facts in models {
            if let Ok(part) = model(facts) {
                parts.models.insert(facts.name.clone(), (facts.clone(), Arc::new(part)));
            }
        }
        for target in targets {
            parts.put_target(target);
        }
        parts
    }

    fn put_target(&mut self, target: &TargetFacts) {
        if let Ok(part) = provider(target) {
            let known = (target.kind, target.provider_owner.clone(), Arc::new(part));
            self.providers.entry(target.provider.clone()).or_insert(known);
        }
        let Some(facts) = &target.secret else { return };
        if let Ok(part) = secret(facts) {
            let known = (facts.clone(), Arc::new(part));
            self.secrets.entry(facts.name.clone()).or_insert(known);
        }
    }

    /// The caller that `facts` describe.
    pub(crate) fn caller(&self, facts: &AgentFacts) -> Result<Arc<Caller>, Unevaluable> {
        match self.agents.get(&facts.name) {
            Some((known, caller)) if known == facts => Ok(Arc::clone(caller)),
            Some(_) | None => Caller::new(facts).map(Arc::new),
        }
    }

    /// The model that `facts` describe.
    pub(crate) fn model(&self, facts: &ModelFacts) -> Result<Arc<Part>, Unevaluable> {
        match self.models.get(&facts.name) {
            Some((known, part)) if known == facts => Ok(Arc::clone(part)),
            Some(_) | None => model(facts).map(Arc::new),
        }
    }

    /// The provider that `facts` describe.
    pub(crate) fn provider(&self, facts: &TargetFacts) -> Result<Arc<Part>, Unevaluable> {
        match self.providers.get(&facts.provider) {
            Some((kind, owner, part)) if (*kind, owner) == (facts.kind, &facts.provider_owner) => {
                Ok(Arc::clone(part))
            }
            Some(_) | None => provider(facts).map(Arc::new),
        }
    }

    /// The secret that `facts` describe.
    pub(crate) fn secret(&self, facts: &SecretFacts) -> Result<Arc<Part>, Unevaluable> {
        match self.secrets.get(&facts.name) {
            Some((known, part)) if known == facts => Ok(Arc::clone(part)),
            Some(_) | None => secret(facts).map(Arc::new),
        }
    }
}

impl Caller {
    fn new(facts: &AgentFacts) -> Result<Self, Unevaluable> {
        let team = Part::new(schema::name(Type::Team, facts.team.as_str()), Fields::new(), None)?;
        let name = schema::name(Type::Agent, facts.name.as_str());
        let agent = Part::new(name, agent_fields(facts), Some(&team.name))?;
        let entities = schema::actions()
            .clone()
            .add_entities([agent.entity.clone(), team.entity.clone()], None)
            .map_err(|error| Unevaluable(error.to_string()))?;
        let scopes = [None, Some(agent.name.uid.clone()), Some(team.name.uid.clone())];
        Ok(Self { agent: Arc::new(agent), team: Arc::new(team), entities, scopes })
    }
}

/// How many there are; what they say is the charter's.
impl fmt::Debug for Parts {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { agents, models, providers, secrets } = self;
        out.debug_struct("Parts")
            .field("agents", &agents.len())
            .field("models", &models.len())
            .field("providers", &providers.len())
            .field("secrets", &secrets.len())
            .finish()
    }
}

/// What the provider of `target` has of `kind`: its child.
pub(crate) fn provider_tool(
    target: &TargetFacts,
    kind: model::ProviderToolKind,
) -> Result<Part, Unevaluable> {
    let provider = schema::name(Type::Provider, target.provider.as_str());
    let word = Value::Entity(schema::name(Type::ProviderToolKind, kind.as_str()));
    Part::new(tool_name(target, kind), Fields::from([("kind", word)]), Some(&provider))
}

/// What policies call it.
pub(crate) fn tool_name(target: &TargetFacts, kind: model::ProviderToolKind) -> Name {
    schema::name(Type::ProviderTool, &format!("{}/{kind}", target.provider))
}

fn model(facts: &ModelFacts) -> Result<Part, Unevaluable> {
    let name = schema::name(Type::Model, facts.name.as_str());
    Part::new(name, Fields::from([owner(&facts.owner)]), None)
}

fn provider(target: &TargetFacts) -> Result<Part, Unevaluable> {
    let kind = schema::name(Type::ProviderKind, target.kind.as_str());
    let fields = Fields::from([("kind", Value::Entity(kind)), owner(&target.provider_owner)]);
    Part::new(schema::name(Type::Provider, target.provider.as_str()), fields, None)
}

fn secret(facts: &SecretFacts) -> Result<Part, Unevaluable> {
    let version = ("version", Value::Long(facts.version.0.into()));
    let fields = Fields::from([owner(&facts.owner), version]);
    Part::new(schema::name(Type::Secret, facts.name.as_str()), fields, None)
}

fn owner(owner: &str) -> (&'static str, Value) {
    ("owner", Value::Text(owner.to_owned()))
}

fn agent_fields(agent: &AgentFacts) -> Fields {
    let entity = |kind, word: &str| Value::Entity(schema::name(kind, word));
    Fields::from([
        ("autonomy", Value::Long(agent.autonomy.into())),
        ("data_class", entity(Type::DataClass, agent.data_class.as_str())),
        ("env", entity(Type::Env, agent.environment.as_str())),
        ("lifecycle", entity(Type::Lifecycle, agent.lifecycle.as_str())),
        owner(&agent.owner),
        ("team", entity(Type::Team, agent.team.as_str())),
        ("trust_domain", Value::Text(agent.trust_domain.clone())),
    ])
}
