//! What files say of each other: that everything named is declared, and that seats are held as
//! they must be.

use std::collections::BTreeMap;

use crate::located::Located;
use crate::mention::Kind;
use crate::parse::Reading;
use crate::suggest::nearest;
use crate::{budgets, code, problem, succession};

/// Most unknown names that a near one is sought for: it costs a comparison with every name.
const SUGGESTIONS_MAX: usize = 100;

/// Checks everything that needs more than one file.
pub(crate) fn check(reading: &mut Reading) {
    mentions(reading);
    governing(reading);
    test_names(reading);
    test_targets(reading);
    let found = succession::problems(&reading.charter);
    reading.problems.extend(found);
    let found = budgets::problems(&reading.charter);
    reading.problems.extend(found);
}

impl Kind {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Seat => "seat",
            Self::Team => "team",
            Self::Agent => "agent",
            Self::Provider => "provider",
            Self::Secret => "secret",
            Self::Model => "model",
            Self::Context => "context",
        }
    }

    const fn unknown(self) -> &'static str {
        match self {
            Self::Person => code::UNKNOWN_PERSON,
            Self::Seat => code::UNKNOWN_SEAT,
            Self::Team => code::UNKNOWN_TEAM,
            Self::Agent => code::UNKNOWN_AGENT,
            Self::Provider => code::UNKNOWN_PROVIDER,
            Self::Secret => code::UNKNOWN_SECRET,
            Self::Model => code::UNKNOWN_MODEL,
            Self::Context => code::UNKNOWN_CONTEXT,
        }
    }

    const fn declared_in(self) -> &'static str {
        match self {
            Self::Person => "under `persons` in people.yaml",
            Self::Seat => "under `seats` in people.yaml",
            Self::Team => "under `teams` in people.yaml",
            Self::Agent => "in a file under agents/",
            Self::Provider => "in a file under providers/",
            Self::Secret => "in a file under secrets/",
            Self::Model => "in a file under models/",
            Self::Context => "in a file under contexts/",
        }
    }
}

/// Reports every name that is declared nowhere, unless the place to declare it is unreadable.
fn mentions(reading: &mut Reading) {
    let declared = &reading.declared;
    let mut sought = 0;
    for mention in &reading.mentions {
        let kind = mention.kind;
        let readable = match kind {
            Kind::Person | Kind::Seat | Kind::Team => declared.sections.contains(&kind),
            Kind::Model => !declared.models_unsure,
            Kind::Agent | Kind::Provider | Kind::Secret | Kind::Context => true,
        };
        if !readable || declared.names.contains(&(kind, mention.name.clone())) {
            continue;
        }
        sought += 1;
        let others =
            declared.names.iter().filter(|(other, _)| *other == kind && sought <= SUGGESTIONS_MAX);
        let what = format!("no {} is called `{}`", kind.word(), mention.name);
        let help = match nearest(&mention.name, others.map(|(_, name)| name.as_str())) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("declare it {}", kind.declared_in()),
        };
        reading.problems.push(problem::at(mention.place.clone(), kind.unknown(), what, &help));
    }
}

/// The four governing seats are four, and no model developer holds one.
fn governing(reading: &mut Reading) {
    let mut roles: BTreeMap<&str, &str> = BTreeMap::new();
    for (role, Located { value: seat, place }) in reading.governing.seats() {
        if let Some(other) = roles.insert(seat.as_str(), role) {
            let what = format!("seat `{seat}` is both the {other} and the {role} seat");
            let help = "declare four seats; while one person runs it all, they may hold each";
            reading.problems.push(problem::at(place.clone(), code::SEAT_CONFLICT, what, help));
        }
        let Some(holder) = reading.declared.holders.get(seat.as_str()) else { continue };
        if reading.declared.developers.contains(holder) {
            let what =
                format!("`{holder}` holds the {role} seat `{seat}` and is tagged model-developer");
            let help = "let somebody hold it who does not build what it judges";
            reading.problems.push(problem::at(place.clone(), code::MODEL_DEVELOPER, what, help));
        }
    }
}

fn test_names(reading: &mut Reading) {
    let mut seen = BTreeMap::new();
    for Located { value: name, place } in &reading.test_names {
        if let Some(first) = seen.get(name.as_str()) {
            let what = format!("another test has this name already, at {first}");
            let help = "say what this one shows";
            reading.problems.push(problem::at(place.clone(), code::DUPLICATE, what, help));
        }
        seen.entry(name.as_str()).or_insert(place);
    }
}

/// A test that names a provider names one of the model's.
fn test_targets(reading: &mut Reading) {
    for test in &reading.charter.tests {
        let Some(provider) = &test.ask.provider else { continue };
        let Some(model) = reading.charter.models.get(&test.ask.model.value) else { continue };
        if model.targets.iter().any(|target| target.provider.value == provider.value) {
            continue;
        }
        let what = format!("model `{}` is not served by provider `{}`", model.name, provider.value);
        let help = "name one of the model's targets, or leave `provider` out";
        reading.problems.push(problem::at(provider.place.clone(), code::NOT_A_TARGET, what, help));
    }
}
