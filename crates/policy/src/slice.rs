//! The entities a question may look at: the agent, its team, the model, every target's provider,
//! the provider's tools that the request declares, and its secret. It is complete for level-1 policies, so that no policy meets a missing entity.

use std::collections::{BTreeMap, HashSet};

use cedar_policy::{Entities, Entity, EntityUid};
use model::ProviderToolKind;

use crate::evaluate::Unevaluable;
use crate::facts::{AgentFacts, Circumstances, ModelFacts, SecretFacts, TargetFacts};
use crate::matter;
use crate::schema::{self, Type};
use crate::value::{self, Fields, Json, Value};

/// The entities of one question.
#[derive(Debug, Default)]
pub(crate) struct Slice {
    entities: BTreeMap<EntityUid, Parts>,
    /// The actions that are asked about. They are the schema's, and no part of the facts.
    actions: BTreeMap<EntityUid, &'static Entity>,
}

#[derive(Debug, PartialEq, Eq)]
struct Parts {
    fields: Fields,
    parent: Option<EntityUid>,
}

impl Slice {
    /// The slice for `circumstances`; an error where two targets describe the same provider or
    /// secret differently.
    pub(crate) fn of(circumstances: &Circumstances<'_>) -> Result<Self, Unevaluable> {
        let Circumstances { agent, ask, model, targets, .. } = circumstances;
        let mut slice = Self::default();
        slice.put(team(agent), Fields::new(), None)?;
        slice.put(self::agent(agent), agent_fields(agent), Some(team(agent)))?;
        slice.put(self::model(model), Fields::from([owner(&model.owner)]), None)?;
        for target in *targets {
            slice.target(target)?;
            for tool in &ask.beyond.tools {
                let kind = schema::uid(Type::ProviderToolKind, tool.kind.as_str());
                let fields = Fields::from([("kind", Value::Entity(kind))]);
                slice.put(provider_tool(target, tool.kind), fields, Some(provider(target)))?;
            }
            for matter in matter::all(ask, target) {
                let action = schema::action(matter.action());
                slice.actions.insert(action.uid(), action);
            }
        }
        Ok(slice)
    }

    fn target(&mut self, target: &TargetFacts) -> Result<(), Unevaluable> {
        let kind = schema::uid(Type::ProviderKind, target.kind.as_str());
        let fields = Fields::from([("kind", Value::Entity(kind)), owner(&target.provider_owner)]);
        self.put(provider(target), fields, None)?;
        if let Some(facts) = &target.secret {
            let version = ("version", Value::Long(facts.version.0.into()));
            self.put(secret(facts), Fields::from([owner(&facts.owner), version]), None)?;
        }
        Ok(())
    }

    /// As Cedar evaluates it, the actions included.
    pub(crate) fn entities(&self) -> Result<Entities, Unevaluable> {
        let mut entities = Vec::with_capacity(self.entities.len() + self.actions.len());
        for (uid, parts) in &self.entities {
            let attributes = value::expressions(&parts.fields)?.into_iter().collect();
            let parents = parts.parent.iter().cloned().collect::<HashSet<_>>();
            let entity = Entity::new(uid.clone(), attributes, parents)
                .map_err(|error| Unevaluable(error.to_string()))?;
            entities.push(entity);
        }
        entities.extend(self.actions.values().copied().cloned());
        Entities::from_entities(entities, None).map_err(|error| Unevaluable(error.to_string()))
    }

    /// As the facts record it: an array's elements, in the order of type and id. The actions are
    /// the schema's, which the facts name by digest.
    pub(crate) fn write(&self, out: &mut Json) {
        for (position, (uid, parts)) in self.entities.iter().enumerate() {
            out.raw(if position > 0 { r#",{"attrs":"# } else { r#"{"attrs":"# });
            value::write_fields(&parts.fields, out);
            out.raw(r#","parents":["#);
            if let Some(parent) = &parts.parent {
                out.uid(parent);
            }
            out.raw(r#"],"uid":"#);
            out.uid(uid);
            out.raw("}");
        }
    }

    fn put(
        &mut self,
        uid: EntityUid,
        fields: Fields,
        parent: Option<EntityUid>,
    ) -> Result<(), Unevaluable> {
        let parts = Parts { fields, parent };
        match self.entities.get(&uid) {
            Some(known) if *known == parts => Ok(()),
            Some(_) => Err(Unevaluable(format!("{uid} is described in two ways"))),
            None => {
                self.entities.insert(uid, parts);
                Ok(())
            }
        }
    }
}

/// The agent's name in policies.
pub(crate) fn agent(agent: &AgentFacts) -> EntityUid {
    schema::uid(Type::Agent, agent.name.as_str())
}

/// The team's name in policies.
pub(crate) fn team(agent: &AgentFacts) -> EntityUid {
    schema::uid(Type::Team, agent.team.as_str())
}

/// The model's name in policies.
pub(crate) fn model(model: &ModelFacts) -> EntityUid {
    schema::uid(Type::Model, model.name.as_str())
}

/// The provider's name in policies.
pub(crate) fn provider(target: &TargetFacts) -> EntityUid {
    schema::uid(Type::Provider, target.provider.as_str())
}

/// The name in policies of what the target's provider has of `kind`.
pub(crate) fn provider_tool(target: &TargetFacts, kind: ProviderToolKind) -> EntityUid {
    schema::uid(Type::ProviderTool, &format!("{}/{kind}", target.provider))
}

/// The secret's name in policies.
pub(crate) fn secret(secret: &SecretFacts) -> EntityUid {
    schema::uid(Type::Secret, secret.name.as_str())
}

fn owner(owner: &str) -> (&'static str, Value) {
    ("owner", Value::Text(owner.to_owned()))
}

fn agent_fields(agent: &AgentFacts) -> Fields {
    let entity = |kind, word: &str| Value::Entity(schema::uid(kind, word));
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
