//! From declarations to a bundle: parse, resolve, compile, test; every problem at once.

use charter::{Charter, SourceTree};
use model::{Place, Problem, Problems};
use policy::{Policies, PolicySource};

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
        owner.strip_prefix("seat:").is_some_and(|seat| charter.people.seats.contains_key(seat))
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
    let declared = |kind: &str, id: &str| match kind {
        "Agent" => charter.agents.contains_key(id),
        "Model" => charter.models.contains_key(id),
        "Provider" => charter.providers.contains_key(id),
        "Secret" => charter.secrets.contains_key(id),
        "Team" => charter.people.teams.contains_key(id),
        // Closed vocabularies are the schema's, and a tool of a provider's names its provider too;
        // tools of servers, and downstreams, are not declared yet.
        _ => true,
    };
    policies
        .all()
        .flat_map(|listed| listed.names.iter().map(move |name| (listed, name)))
        .filter(|(_, (kind, id))| !declared(kind, id))
        .map(|(listed, (kind, id))| Problem {
            place: Place::at(listed.policy.file.clone(), line(listed.policy.line), 0),
            code: "policy-names-unknown",
            what: format!(
                "policy `{}` names {kind}::\"{id}\", which is not declared",
                listed.policy.id
            ),
            who: listed.policy.owner.clone(),
            help: "mend the name, or declare it first".to_owned(),
        })
        .collect()
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
