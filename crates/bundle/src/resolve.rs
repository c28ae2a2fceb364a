//! Resolves names, fills in inherited owners and turns declarations into compiled values.

use std::collections::BTreeMap;

use approval::{Keyring, KeyringError};
use charter::{AgentStatus, Charter, CharterFile, Located, SourceTree};
use model::{AgentName, ModelName, PersonName, Place, Problem, Problems, SeatName};
use policy::{AgentFacts, DataClass, Lifecycle, ModelFacts, Parts, Policies, ProviderKind};

use crate::compiled::{Agent, Bundle, Model, Persons, Provider, Retries, Secret};
use crate::context::Context;
use crate::limits::Limits;
use crate::target::{self, At};

/// The bundle of a charter whose files have no problem.
///
/// # Errors
/// Keys that sign no acts.
pub(crate) fn bundle(
    tree: &SourceTree,
    charter: &Charter,
    policies: Policies,
) -> Result<Bundle, Problems> {
    let root = charter.charter.as_ref().ok_or_else(no_root)?;
    let people = persons(charter)?;
    let owners = Owners { accountable: &root.accountable.value };
    let secondary = &root.secondary;
    let seat = |seat: &Located<SeatName>| seat_ref(&seat.value);
    let seats = [
        seat(&root.accountable),
        seat(&secondary.policy),
        seat(&secondary.platform),
        seat(&secondary.response),
    ];
    let secrets: BTreeMap<_, _> = charter
        .secrets
        .values()
        .map(|secret| (secret.name.clone(), owners.secret(secret)))
        .collect();
    let providers: BTreeMap<_, _> = charter
        .providers
        .values()
        .map(|provider| (provider.name.clone(), owners.provider(provider)))
        .collect();
    let models: BTreeMap<_, _> = charter
        .models
        .values()
        .map(|model| (model.name.clone(), owners.model(model, charter, &secrets)))
        .collect();
    let agents: BTreeMap<_, _> = charter
        .agents
        .values()
        .map(|agent| (agent.name.clone(), owners.agent(agent, root, charter)))
        .collect();
    let contexts = charter
        .contexts
        .values()
        .map(|context| (context.name.clone(), owners.context(context)))
        .collect();
    let limits = Limits::of(charter, &agents, |quota| owners.of(quota.owner.as_ref()));
    let policies = policies.with_parts(parts(&agents, &models));
    Ok(Bundle {
        digest: charter::manifest(tree).digest(),
        gateway: root.name.clone(),
        trust_domain: root.trust_domain.to_string(),
        body_bytes_max: usize::try_from(root.limits.body_bytes_max).unwrap_or(usize::MAX),
        seats,
        agents,
        providers,
        models,
        secrets,
        contexts,
        limits,
        policies,
        people,
        tests_passed: 0,
    })
}

/// What policy is asked about, made once for as long as the bundle lasts.
fn parts(agents: &BTreeMap<AgentName, Agent>, models: &BTreeMap<ModelName, Model>) -> Parts {
    let targets = models.values().flat_map(|model| &model.targets);
    Parts::new(
        agents.values().map(|agent| &agent.facts),
        models.values().map(|model| &model.facts),
        targets.map(|target| &target.facts),
    )
}

/// Fills in owners: stated, or inherited from the accountable seat.
struct Owners<'c> {
    accountable: &'c SeatName,
}

impl Owners<'_> {
    fn of(&self, stated: Option<&Located<SeatName>>) -> String {
        seat_ref(stated.map_or(self.accountable, |owner| &owner.value))
    }

    fn secret(&self, secret: &charter::Secret) -> Secret {
        Secret {
            name: secret.name.clone(),
            purpose: secret.purpose.clone(),
            owner: self.of(secret.owner.as_ref()),
            active: secret.active.value,
            max_age_days: secret.max_age_days,
        }
    }

    fn provider(&self, provider: &charter::Provider) -> Provider {
        Provider {
            name: provider.name.clone(),
            kind: kind(provider.kind),
            base_url: provider.base_url().map(str::to_owned),
            owner: self.of(provider.owner.as_ref()),
            timeouts: target::timeouts(provider.timeouts),
        }
    }

    fn model(
        &self,
        model: &charter::Model,
        charter: &Charter,
        secrets: &BTreeMap<model::SecretName, Secret>,
    ) -> Model {
        let owner = self.of(model.owner.as_ref());
        let targets: Vec<_> = model
            .targets
            .iter()
            .filter_map(|target| {
                // The check resolved every provider and secret; none can be missing here.
                let provider = charter.providers.get(&target.provider.value)?;
                let secret = provider.secret.as_ref().and_then(|name| secrets.get(&name.value));
                let provider_owner = self.of(provider.owner.as_ref());
                let at = At { provider, provider_owner, secret, model_owner: &owner };
                Some(target::resolved(target, at))
            })
            .collect();
        let retries = Retries {
            attempts_max: model.retries.attempts_max,
            within_ms: model.retries.within_ms,
        };
        let facts = ModelFacts { name: model.name.clone(), owner };
        Model {
            facts,
            purpose: model.purpose.clone(),
            context_required: model.context_required,
            output_tokens_max: model.output_tokens_max,
            media_tokens_max: model.media_tokens_max,
            retries,
            targets,
        }
    }

    fn context(&self, context: &charter::Context) -> Context {
        let mut agents: Vec<_> = context.agents.iter().map(|agent| agent.value.clone()).collect();
        agents.sort();
        Context {
            name: context.name.clone(),
            purpose: context.purpose.clone(),
            data_class: data_class(context.data_class.value),
            models: context.models.iter().map(|model| model.value.clone()).collect(),
            tools: context.tools.clone(),
            environments: context.environments.clone(),
            from: context.from.as_ref().map(|day| day.value.begins()),
            until: context.until.as_ref().map(|day| day.value.ends()),
            hours: context.hours.clone(),
            owner: self.of(context.owner.as_ref()),
            approver: seat_ref(&context.approver.value),
            agents,
        }
    }

    /// Who pays for what the seat answers for: as it says, else as the accountable one does, which
    /// answers for whatever names nobody.
    fn cost_center(&self, owner: Option<&Located<SeatName>>, charter: &Charter) -> Option<String> {
        let seats = [owner.map_or(self.accountable, |owner| &owner.value), self.accountable];
        seats.iter().find_map(|seat| charter.people.seats.get(*seat)?.cost_center.clone())
    }

    fn agent(&self, agent: &charter::Agent, root: &CharterFile, charter: &Charter) -> Agent {
        let owner = self.of(agent.owner.as_ref());
        let active = match agent.status {
            AgentStatus::Active => true,
            AgentStatus::Suspended => false,
        };
        let operator = agent.operator.as_ref().unwrap_or(&root.operator);
        let facts = AgentFacts {
            name: agent.name.clone(),
            environment: agent.environment.value,
            lifecycle: if active { Lifecycle::Active } else { Lifecycle::Suspended },
            team: operator.value.clone(),
            autonomy: agent.autonomy,
            data_class: data_class(agent.data_class),
            trust_domain: root.trust_domain.to_string(),
            owner: owner.clone(),
        };
        Agent {
            facts,
            purpose: agent.purpose.clone(),
            owner,
            epoch: agent.epoch,
            active,
            review_by: agent.review_by.value.to_string(),
            contexts: charter
                .contexts
                .values()
                .filter(|context| context.agents.iter().any(|bound| bound.value == agent.name))
                .map(|context| context.name.clone())
                .collect(),
            context_required: agent.context_required,
            cost_center: self.cost_center(agent.owner.as_ref(), charter),
        }
    }
}

fn persons(charter: &Charter) -> Result<Persons, Problems> {
    let people = &charter.people;
    let lines: Vec<(PersonName, &Located<String>)> = people
        .persons
        .iter()
        .flat_map(|(person, entry)| entry.keys.iter().map(move |key| (person.clone(), key)))
        .collect();
    let keyring =
        Keyring::from_lines(lines.iter().map(|(person, key)| (person.clone(), key.value.as_str())))
            .map_err(|errors| {
                errors.iter().map(|error| bad_key(charter, error)).collect::<Vec<_>>()
            })?;
    Ok(Persons {
        names: people
            .persons
            .iter()
            .map(|(person, entry)| (person.clone(), entry.name.clone()))
            .collect(),
        holders: people
            .seats
            .iter()
            .map(|(seat, entry)| (seat.clone(), entry.holder.value.clone()))
            .collect(),
        keys: lines.into_iter().map(|(person, key)| (person, key.value.clone())).collect(),
        keyring,
    })
}

fn bad_key(charter: &Charter, error: &KeyringError) -> Problem {
    let key = charter
        .people
        .persons
        .get(&error.person)
        .and_then(|person| person.keys.get(error.number.saturating_sub(1)));
    Problem {
        place: key.map_or_else(|| Place::file("people.yaml"), |key| key.place.clone()),
        code: "key-signs-no-acts",
        what: format!("{error}: {}", error.why),
        who: error.person.to_string(),
        help: "make one with `ssh-keygen -t ed25519` and paste the .pub file's line".to_owned(),
    }
}

fn no_root() -> Problems {
    vec![Problem {
        place: Place::file("charter.yaml"),
        code: "missing-file",
        what: "charter.yaml is missing".to_owned(),
        who: "whoever edits the charter's directory".to_owned(),
        help: "every charter has one; see docs/reference/charter.md".to_owned(),
    }]
}

pub(crate) fn seat_ref(seat: &SeatName) -> String {
    format!("seat:{seat}")
}

pub(crate) const fn kind(kind: charter::ProviderKind) -> ProviderKind {
    match kind {
        charter::ProviderKind::Demo => ProviderKind::Demo,
        charter::ProviderKind::OpenAi => ProviderKind::OpenAi,
        charter::ProviderKind::Anthropic => ProviderKind::Anthropic,
        charter::ProviderKind::Gemini => ProviderKind::Gemini,
    }
}

pub(crate) const fn data_class(class: charter::DataClass) -> DataClass {
    match class {
        charter::DataClass::Public => DataClass::Public,
        charter::DataClass::Internal => DataClass::Internal,
        charter::DataClass::Confidential => DataClass::Confidential,
        charter::DataClass::Restricted => DataClass::Restricted,
    }
}
