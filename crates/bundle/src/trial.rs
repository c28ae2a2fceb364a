//! The charter's own policy tests: put each question to the compiled policies, compare.

use std::collections::BTreeSet;

use charter::{Charter, Located, PolicyTest, RecentCalls, Verdict};
use model::{Ask, ContextName, Dialect, Place, PolicyId, PolicyRef, Refusal, RefusalCode};
use policy::{CallFacts, Circumstances, RecentFacts, TargetFacts, Targets};

use crate::Bundle;
use crate::compiled::{Agent, Model, Target};
use crate::context::Context;

/// How one policy test ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestResult {
    /// Its name.
    pub name: String,
    /// Where it is written.
    pub place: Place,
    /// What differs from what it expects; none where it passed.
    pub failure: Option<String>,
}

/// Runs every test of `charter` against `bundle`.
pub(crate) fn run(bundle: &Bundle, charter: &Charter) -> Vec<TestResult> {
    charter
        .tests
        .iter()
        .map(|test| TestResult {
            name: test.name.clone(),
            place: test.place.clone(),
            failure: outcome(bundle, test).err(),
        })
        .collect()
}

fn outcome(bundle: &Bundle, test: &PolicyTest) -> Result<(), String> {
    let agent = bundle
        .agent(&test.agent.value)
        .ok_or_else(|| format!("there is no agent `{}`", test.agent.value))?;
    let Some(model) = bundle.models.get(&test.ask.model.value) else {
        // A model that does not exist is what "unknown" means.
        return expect(test, Verdict::Unknown, &[]);
    };
    let wanted = test.ask.provider.as_ref().map(|provider| &provider.value);
    let there = |target: &&Target| wanted.is_none_or(|wanted| *wanted == target.facts.provider);
    let served: Vec<&Target> = model.targets.iter().filter(there).collect();
    if served.is_empty() {
        return Err(format!("model `{}` is not served there", model.facts.name));
    }
    let call = call(test);
    let ask = ask(test);
    // Out of its context it is refused as well, and by policy first for the same reason.
    let (context, out_of_context) = match context(bundle, agent, model, test) {
        Ok(context) => (context, None),
        Err(why) => (None, Some(why)),
    };
    // No target takes this agent's calls: refused, but by policy first, so that an agent which may
    // not use the model learns no more than that.
    let name = context.map(|context| &context.name);
    let sent_away = !served.iter().any(|target| target.when.admits(&agent.facts, name));
    let targets: Vec<TargetFacts> = served
        .iter()
        .filter(|target| sent_away || target.when.admits(&agent.facts, name))
        .map(|target| target.facts.clone())
        .collect();
    let approved = context.map(Context::facts);
    let asked = Circumstances {
        agent: &agent.facts,
        call: &call,
        approved: approved.as_ref(),
        ask: &ask,
        model: &model.facts,
        targets: &targets,
    };
    let [_, policy_seat, ..] = bundle.seats();
    match bundle.policies().judge(&asked, policy_seat) {
        Err(refusal) => expect(test, verdict(&refusal), &refusal.policies),
        Ok(_) if sent_away => expect(test, Verdict::Deny, &[]),
        Ok(targets) => match out_of_context {
            Some(why) => {
                expect(test, Verdict::Deny, &[]).map_err(|failure| format!("{failure}: {why}"))
            }
            None => expect(test, Verdict::Allow, &permitted_by(&targets)),
        },
    }
}

/// The approved context the call is made in, as a gateway chooses it: the one it selects, which
/// must fit; else the agent's only one, where it fits.
fn context<'b>(
    bundle: &'b Bundle,
    agent: &Agent,
    model: &Model,
    test: &PolicyTest,
) -> Result<Option<&'b Context>, String> {
    let fitting = |name: &ContextName| {
        let context = bundle.context(name).ok_or_else(|| format!("no context `{name}`"))?;
        unfit(context, model, test).map_or(Ok(context), Err)
    };
    let required = agent.context_required || model.context_required;
    match (&test.context, agent.contexts.as_slice()) {
        (Some(named), own) if own.contains(&named.value) => fitting(&named.value).map(Some),
        (Some(named), _) => {
            Err(format!("context `{}` is none of agent `{}`", named.value, agent.facts.name))
        }
        (None, [only]) => match fitting(only) {
            Ok(context) => Ok(Some(context)),
            Err(why) if required => Err(why),
            Err(_) => Ok(None),
        },
        (None, _) if required => Err("the call must select a context".to_owned()),
        (None, _) => Ok(None),
    }
}

/// Why the call is not what the context is approved for.
fn unfit(context: &Context, model: &Model, test: &PolicyTest) -> Option<String> {
    let name = &context.name;
    if !context.admits(test.at) {
        return Some(format!("context `{name}` is not open at {}", test.at));
    }
    if !context.covers_model(&model.facts.name) {
        return Some(format!("context `{name}` does not cover model `{}`", model.facts.name));
    }
    let tools = &test.ask.beyond.tools;
    let uncovered = tools.iter().find(|tool| !context.covers_tool(tool.kind))?;
    Some(format!("context `{name}` does not cover {}", uncovered.kind))
}

fn verdict(refusal: &Refusal) -> Verdict {
    if refusal.code == RefusalCode::ModelUnknown { Verdict::Unknown } else { Verdict::Deny }
}

fn permitted_by(targets: &Targets) -> Vec<PolicyRef> {
    targets.iter().flat_map(|target| target.policies.iter().cloned()).collect()
}

/// Compares the verdict, and the policies where the test names any: each must have taken part.
fn expect(test: &PolicyTest, found: Verdict, policies: &[PolicyRef]) -> Result<(), String> {
    let ids: BTreeSet<&PolicyId> = policies.iter().map(|policy| &policy.id).collect();
    let cited = if ids.is_empty() {
        "no policy".to_owned()
    } else {
        ids.iter().map(|id| id.as_str()).collect::<Vec<_>>().join(", ")
    };
    let wanted = test.expect.verdict;
    if wanted != found {
        let (wanted, found) = (wanted.as_str(), found.as_str());
        return Err(format!("expected {wanted}, found {found} by {cited}"));
    }
    let absent: Vec<&str> = test
        .expect
        .policies
        .iter()
        .map(|Located { value, .. }| value)
        .filter(|id| !ids.contains(id))
        .map(PolicyId::as_str)
        .collect();
    if absent.is_empty() {
        Ok(())
    } else {
        Err(format!("expected {} to decide, but {cited} did", absent.join(", ")))
    }
}

/// The ask as a client of the operation's own kind would put it. Whether the target speaks that
/// wire form is no matter of policy, so it is none here.
fn ask(test: &PolicyTest) -> Ask {
    let operation = test.ask.operation;
    let dialect = operation.dialect().unwrap_or(Dialect::OpenAi);
    let (model, beyond) = (Some(test.ask.model.value.clone()), test.ask.beyond.clone());
    Ask { stream: test.stream, model, beyond, ..Ask::bare(operation, dialect) }
}

fn call(test: &PolicyTest) -> CallFacts {
    let RecentCalls { requests, refusals, targets } = test.recent;
    let recent = RecentFacts { requests, refusals, targets };
    CallFacts { now: test.at, proof: test.proof, token_age_s: test.token_age_s, recent }
}
