//! From declarations to a bundle: parse, resolve, compile, test; every problem at once.

use std::collections::BTreeMap;

use charter::{Charter, SourceTree};
use model::{Place, Problem, Problems};
use policy::{Policies, PolicyListing, PolicySource};

use crate::Bundle;
use crate::resolve;
use crate::trial::{self, TestResult};

/// Checks the charter in `tree` and compiles it.
///
/// Compiling is deterministic: the same files give the same bundle, whatever their order.
///
/// # Errors
/// Every problem of the files, the policies and the charter's own tests, sorted by place.
pub fn check(tree: &SourceTree) -> Result<Bundle, Problems> {
    let (charter, policies) = sound(tree)?;
    let mut bundle = resolve::bundle(tree, &charter, policies)?;
    let results = trial::run(&bundle, &charter);
    let failed: Problems = results.iter().filter_map(|result| failed(result, &bundle)).collect();
    if !failed.is_empty() {
        return Err(failed);
    }
    if results.is_empty() {
        return Err(vec![untested(&bundle)]);
    }
    bundle.tests_passed = results.len();
    Ok(bundle)
}

/// Runs the charter's policy tests and tells how each ended.
///
/// # Errors
/// The problems that keep the tests from being run.
pub fn test(tree: &SourceTree) -> Result<Vec<TestResult>, Problems> {
    let (charter, policies) = sound(tree)?;
    let bundle = resolve::bundle(tree, &charter, policies)?;
    Ok(trial::run(&bundle, &charter))
}

/// The charter and its policies, if neither has a problem.
fn sound(tree: &SourceTree) -> Result<(Charter, Policies), Problems> {
    let (charter, mut problems) = charter::parse(tree);
    let sources: Vec<PolicySource> = charter
        .policies
        .iter()
        .map(|file| PolicySource {
            set: file.set,
            path: file.path.clone(),
            text: file.text.clone(),
        })
        .collect();
    let owner_exists = |owner: &str| {
        // Seats that could not be read are not undeclared: one problem is enough.
        let is_unsure = problems.iter().any(|problem| problem.place.file == "people.yaml");
        let seat = owner.strip_prefix("seat:");
        seat.is_some_and(|seat| is_unsure || charter.people.seats.contains_key(seat))
    };
    match policy::compile(&sources, &owner_exists) {
        Ok(policies) => {
            // An object whose own file has a problem is not declared either; one problem is enough.
            if problems.is_empty() {
                problems.extend(undeclared(&charter, &policies));
            }
            if problems.is_empty() { Ok((charter, policies)) } else { Err(sorted(problems)) }
        }
        Err(more) => {
            // Cedar's own reader knows no seats; the charter says who answers for policies.
            let who = charter
                .charter
                .as_ref()
                .map(|root| format!("seat:{}", root.secondary.policy.value));
            problems.extend(
                more.into_iter()
                    .map(|problem| Problem { who: who.clone().unwrap_or(problem.who), ..problem }),
            );
            Err(sorted(problems))
        }
    }
}

/// Names in policies that the charter does not declare: a misspelt name in a forbid would
/// silently forbid nothing.
fn undeclared(charter: &Charter, policies: &Policies) -> Problems {
    policies
        .all()
        .flat_map(|listed| listed.names.iter().map(move |name| (listed, name)))
        .filter_map(|(listed, (kind, id))| {
            let declared = declared(charter, kind)?;
            if declared.contains(&id.as_str()) {
                return None;
            }
            let help = match charter::nearest_name(id, declared) {
                Some(near) => format!("did you mean `{kind}::\"{near}\"`?"),
                None => "mend the name, or declare it first".to_owned(),
            };
            let name = format!("{kind}::\"{id}\"");
            Some(Problem {
                place: place(charter, listed, &name),
                code: "policy-names-unknown",
                what: format!("policy `{}` names {name}, which is not declared", listed.policy.id),
                who: listed.policy.owner.clone(),
                help,
            })
        })
        .collect()
}

/// The names of this kind that the charter declares; none where it declares no such kind.
fn declared<'c>(charter: &'c Charter, kind: &str) -> Option<Vec<&'c str>> {
    fn names<N: AsRef<str>, T>(of: &BTreeMap<N, T>) -> Vec<&str> {
        of.keys().map(AsRef::as_ref).collect()
    }
    match kind {
        "Agent" => Some(names(&charter.agents)),
        "Model" => Some(names(&charter.models)),
        "Provider" => Some(names(&charter.providers)),
        "Secret" => Some(names(&charter.secrets)),
        "Team" => Some(names(&charter.people.teams)),
        // Closed vocabularies are the schema's, and a tool of a provider's names its provider too;
        // tools of servers, and downstreams, are not declared yet.
        _ => None,
    }
}

/// Where `name` stands in the policy, or where the policy begins if it is written otherwise there.
fn place(charter: &Charter, listed: &PolicyListing, name: &str) -> Place {
    let (first, last) = (line(listed.policy.line), line(listed.policy.line_end));
    let file = charter.policies.iter().find(|file| file.path == listed.policy.file);
    let lines = file.map_or("", |file| file.text.as_str()).split('\n').enumerate();
    let mut lines = lines.skip(first.saturating_sub(1)).take_while(|(index, _)| *index < last);
    let found = lines.find_map(|(index, line)| {
        let (before, _) = line.split_once(name)?;
        Some((index + 1, before.chars().count() + 1))
    });
    let path = listed.policy.file.clone();
    match found {
        Some((line, column)) => Place::at(path, line, column).spanning(name.chars().count()),
        None => Place::at(path, first, 0),
    }
}

fn line(line: u32) -> usize {
    usize::try_from(line).unwrap_or(usize::MAX)
}

fn sorted(mut problems: Problems) -> Problems {
    problems.sort();
    problems.dedup();
    problems
}

fn failed(result: &TestResult, bundle: &Bundle) -> Option<Problem> {
    let failure = result.failure.as_ref()?;
    let [_, policy, ..] = bundle.seats();
    Some(Problem {
        place: result.place.clone(),
        code: "policy-test-failed",
        what: format!("policy test `{}` failed: {failure}", result.name),
        who: policy.clone(),
        help: "change the policy or the test, whichever is wrong".to_owned(),
    })
}

fn untested(bundle: &Bundle) -> Problem {
    let [_, policy, ..] = bundle.seats();
    Problem {
        place: Place::file("tests"),
        code: "no-policy-tests",
        what: "the charter has no policy test".to_owned(),
        who: policy.clone(),
        help: "write at least one in tests/, as in tests/demo.yaml of a first run".to_owned(),
    }
}
