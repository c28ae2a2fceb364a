//! What models say of each other and of their providers: who takes whose place and for how long,
//! and what only a provider's kind can tell.

use std::collections::BTreeSet;

use model::{ModelName, Problem};

use crate::charter::Charter;
use crate::date::Date;
use crate::located::Located;
use crate::model_file::Model;
use crate::model_target::ModelTarget;
use crate::words::ProviderKind;
use crate::{code, problem};

/// Everything about models that needs more than one file.
pub(crate) fn problems(charter: &Charter) -> Vec<Problem> {
    let targets =
        charter.models.values().flat_map(|model| model.targets.iter().map(move |one| (model, one)));
    let mut found = Vec::new();
    for (model, target) in targets {
        found.extend(successor(charter, model, target));
        found.extend(at_provider(charter, target));
    }
    found.extend(circles(charter));
    found
}

/// Whether the successor is another model, and outlives what it replaces.
fn successor(charter: &Charter, model: &Model, target: &ModelTarget) -> Option<Problem> {
    let Located { value: name, place } = target.successor.as_ref()?;
    if *name == model.name {
        let what = format!("`{name}` is to take its own place");
        let help = "name another model, or leave `successor` out";
        return Some(problem::at(place.clone(), code::SUCCESSOR_IS_ITSELF, what, help));
    }
    let end = target.end_of_life.as_ref()?.value;
    let last = last_day(charter.models.get(name)?)?;
    (last <= end).then(|| {
        let what = format!("`{name}` ends on {last}, and what it replaces on {end}");
        let help = "name a model that lasts longer, or leave `successor` out";
        problem::at(place.clone(), code::SUCCESSOR_ENDS_FIRST, what, help)
    })
}

/// The day from which no target serves the model; none where one serves it without end.
fn last_day(model: &Model) -> Option<Date> {
    let ends: Option<Vec<Date>> =
        model.targets.iter().map(|target| Some(target.end_of_life.as_ref()?.value)).collect();
    ends?.into_iter().max()
}

/// What only the provider's own file can tell about a target.
fn at_provider(charter: &Charter, target: &ModelTarget) -> Vec<Problem> {
    let Some(provider) = charter.providers.get(&target.provider.value) else { return Vec::new() };
    let mut found: Vec<Problem> =
        target.timeouts.iter().flat_map(|stated| stated.problems(provider.timeouts)).collect();
    let Located { value: upstream, place } = &target.upstream_model;
    // Gemini's API takes the model in the path of the URL.
    let in_path = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    if provider.kind == ProviderKind::Gemini && !upstream.bytes().all(in_path) {
        let what = format!("`{}` cannot stand in a URL of Gemini's", problem::shown(upstream));
        let help = "write letters, digits, `.`, `_` and `-`, without `models/`";
        found.push(problem::at(place.clone(), code::BAD_VALUE, what, help));
    }
    found
}

/// Successors that lead back to where they began: one problem for each circle, at the name that
/// closes it.
fn circles(charter: &Charter) -> Vec<Problem> {
    let mut found = Vec::new();
    let mut seen: BTreeSet<&ModelName> = BTreeSet::new();
    for first in charter.models.keys() {
        if !seen.insert(first) {
            continue;
        }
        // The way walked so far: each model with those of its successors that are left to visit.
        let mut way = vec![(first, successors(charter, first))];
        while let Some((_, left)) = way.last_mut() {
            let Some(next) = left.pop() else {
                way.pop();
                continue;
            };
            let before = way.iter().map(|(name, _)| *name).skip_while(|name| **name != next.value);
            let circle: Vec<&ModelName> = before.collect();
            if !circle.is_empty() {
                found.push(circular(&circle, next));
            } else if seen.insert(&next.value) {
                way.push((&next.value, successors(charter, &next.value)));
            }
        }
    }
    found
}

/// The other models that are to take the model's place, each once, the first target's last.
fn successors<'c>(charter: &'c Charter, name: &ModelName) -> Vec<&'c Located<ModelName>> {
    let targets = charter.models.get(name).into_iter().flat_map(|model| &model.targets);
    let mut successors: Vec<&Located<ModelName>> = Vec::new();
    for successor in targets.filter_map(|target| target.successor.as_ref()) {
        let known = successors.iter().any(|other| other.value == successor.value);
        if successor.value != *name && !known {
            successors.push(successor);
        }
    }
    successors.reverse();
    successors
}

fn circular(circle: &[&ModelName], closing: &Located<ModelName>) -> Problem {
    let names: Vec<String> = circle.iter().map(|name| format!("`{name}`")).collect();
    let (way, last) = (names.join(", then "), &closing.value);
    let what = format!("the successors go in a circle: {way}, then `{last}` again");
    let help = "let the newest of them name no successor";
    problem::at(closing.place.clone(), code::SUCCESSOR_CIRCLE, what, help)
}
