//! The charter's own tests: what they can ask for, and that nothing slips in with a model.

use bundle::{check, test};

use crate::files::{LOCAL, model_file, problems, replaced, text, tree};

const POLICIES: &str = "policies/tool/10-provider-tools.cedar";

/// What `ask` comes to for the demo agent, as a failing test says of it.
fn answer(ask: &str, changed: &[(&str, Option<&str>)]) -> String {
    let tests = format!(
        "tests:\n  - name: t\n    agent: demo-agent\n    ask: {{{ask}}}\n    \
         expect: {{verdict: allow, policies: [model/never]}}\n"
    );
    let mut changed = changed.to_vec();
    changed.push(("tests/demo.yaml", Some(&tests)));
    let [result] = test(&tree(&changed)).unwrap().try_into().unwrap();
    result.failure.unwrap()
}

/// The policies that the first run's file offers in comments, put into force.
fn offered() -> String {
    let lines = text(POLICIES);
    let taken = lines.lines().filter_map(|line| line.strip_prefix("//    "));
    taken.map(|line| format!("{line}\n")).collect()
}

const PERMITTED: &str = "expected model/never to decide, but model/demo, secret/demo-key did";
const REFUSED: &str = "expected allow, found deny by no policy";

#[test]
fn a_model_grant_lets_nothing_else_through() {
    let model = "model: portreeve-demo";
    for ask in ["", ", urls: 0, names: 0, tools: [], unrecognised: []", ", operation: embeddings"] {
        assert_eq!(answer(&format!("{model}{ask}"), &[]), PERMITTED, "{ask}");
    }
    for beyond in [
        "tools: [web_search]",
        "tools: [{kind: remote_mcp, server: mcp.example, declared: mcp}]",
        "stores: asked",
        "stores: by_default, operation: responses",
        "names: 1",
        "unrecognised: [\"field:reasoning.foo\"]",
        "unrecognised: [\"part:new_part\"]",
        "unrecognised: [\"beta:new-2027-01-01\"]",
    ] {
        assert_eq!(answer(&format!("{model}, {beyond}"), &[]), REFUSED, "{beyond}");
    }
}

#[test]
fn the_policies_that_a_first_run_offers_permit_what_they_say() {
    let policies = offered();
    let changed = [(POLICIES, Some(policies.as_str()))];
    let decided = |beyond: &str| answer(&format!("model: portreeve-demo, {beyond}"), &changed);
    let by = |policy: &str| {
        format!(
            "expected model/never to decide, but model/demo, secret/demo-key, tool/{policy} did"
        )
    };
    assert_eq!(decided("tools: [web_search]"), by("web-search"));
    assert_eq!(decided("tools: [{kind: web_search, declared: web_search_2}]"), by("web-search"));
    assert_eq!(decided("unrecognised: [\"field:a_new_field\"]"), by("new-field"));
    for refused in [
        "tools: [web_search, web_fetch]",
        "tools: [{kind: remote_mcp, server: mcp.example}]",
        "unrecognised: [\"part:a_new_field\"]",
        "unrecognised: [\"field:another\"]",
        // Nobody claims how long the demo provider keeps anything.
        "stores: asked",
    ] {
        assert_eq!(decided(refused), REFUSED, "{refused}");
    }
    let month = replaced(
        "models/portreeve-demo.yaml",
        "    upstream_model: portreeve-demo\n",
        "    upstream_model: portreeve-demo\n    claims: {retention_days: 30, stated: 2026-01-01}\n",
    );
    let kept = [changed[0], ("models/portreeve-demo.yaml", Some(month.as_str()))];
    assert_eq!(answer("model: portreeve-demo, stores: asked", &kept), by("keep-a-month"));
    let longer = month.replace("days: 30", "days: 31");
    let kept = [changed[0], ("models/portreeve-demo.yaml", Some(longer.as_str()))];
    assert_eq!(answer("model: portreeve-demo, stores: asked", &kept), REFUSED);
}

/// The guardrail that the first run offers holds against a permit.
#[test]
fn the_guardrail_that_a_first_run_offers_refuses_what_was_not_asked_for() {
    let path = "policies/guardrails/10-baseline.cedar";
    let guardrails = text(path).replace("\n//    ", "\n");
    let permit = offered().replace(
        "when { context.target has retention_days && context.target.retention_days <= 30 }",
        "",
    );
    let changed = [(path, Some(guardrails.as_str())), (POLICIES, Some(permit.as_str()))];
    let by_default = answer("model: portreeve-demo, stores: by_default", &changed);
    assert_eq!(by_default, "expected allow, found deny by guardrails/nothing-is-kept-unasked");
    let asked = answer("model: portreeve-demo, stores: asked", &changed);
    assert!(asked.contains("tool/keep-a-month"), "{asked}");
}

/// An agent that every target is declared past is refused, as at the gateway; one that could
/// never be permitted learns nothing by it.
#[test]
fn a_condition_sends_an_agent_elsewhere() {
    let prod = "when: {environments: [prod]}";
    let only =
        model_file("portreeve-demo", &[&format!("provider: demo, upstream_model: a, {prod}")]);
    let path = "models/portreeve-demo.yaml";
    assert_eq!(answer("model: portreeve-demo", &[(path, Some(&only))]), REFUSED);
    let nobody = [(path, Some(only.as_str())), ("policies/model/10-demo.cedar", Some("// none\n"))];
    let unknown = "expected allow, found unknown by no policy";
    assert_eq!(answer("model: portreeve-demo", &nobody), unknown);

    let other = "provider: local, upstream_model: b";
    let both = model_file(
        "portreeve-demo",
        &[&format!("provider: demo, upstream_model: a, {prod}"), other],
    );
    let changed = [LOCAL, (path, Some(both.as_str()))];
    let elsewhere = "expected model/never to decide, but model/demo did";
    assert_eq!(answer("model: portreeve-demo", &changed), elsewhere);
    assert_eq!(answer("model: portreeve-demo, provider: local", &changed), elsewhere);
    assert_eq!(answer("model: portreeve-demo, provider: demo", &changed), REFUSED);
}

/// A misspelt name in a forbid would forbid nothing.
#[test]
fn a_policy_names_declared_providers_and_their_tools() {
    let tool = "ProviderTool::\"demo/web_search\"";
    let store = "Action::\"StoreAtProvider\",\n    resource == Provider::\"demo\"";
    let (unknown, malformed) = ("policy-names-unknown", "policy-provider-tool-malformed");
    for (from, to, code) in [
        (store, store.replace("demo", "dmeo"), unknown),
        (tool, tool.replace("demo", "dmeo"), unknown),
        (tool, tool.replace("web_search", "websearch"), malformed),
        (tool, tool.replace("demo/", ""), malformed),
        (tool, tool.replace("demo/", "/"), malformed),
        (tool, tool.replace("demo/", "demo/demo/"), malformed),
    ] {
        let policies = offered();
        assert!(policies.contains(from), "{from}");
        let found = problems(&[(POLICIES, Some(&policies.replace(from, &to)))]);
        for problem in &found {
            assert_eq!((problem.code, problem.place.file.as_str()), (code, POLICIES), "{to}");
            assert_eq!(problem.who, "seat:policy-lead", "{to}");
        }
    }
    let tests = text("tests/demo.yaml").replace("tools: [web_search]", "tools: [shell]");
    let changed = [(POLICIES, Some(offered())), ("tests/demo.yaml", Some(tests))];
    let changed = changed.each_ref().map(|(path, text)| (*path, text.as_deref()));
    assert_eq!(check(&tree(&changed)).unwrap().tests_passed(), 5);
}
