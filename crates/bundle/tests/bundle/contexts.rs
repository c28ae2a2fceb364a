//! Policy tests of approved contexts and of recent behaviour: what a gateway would answer.

use bundle::test;

use crate::files::{replaced, tree};

const PATH: &str = "policies/model/10-demo.cedar";

/// A context of these lines, for the demo agent.
fn context(name: &str, lines: &str) -> (String, String) {
    let text = format!(
        "name: {name}\npurpose: Tests.\napprover: policy-lead\ndata_class: public\n\
         models: [portreeve-demo]\nagents: [demo-agent]\n{lines}\n"
    );
    (format!("contexts/{name}.yaml"), text)
}

/// What a call of the demo agent comes to, as a failing test says of it: asked with `ask`, in the
/// circumstances of `lines`, where these files stand beside the first run's.
fn answer(ask: &str, lines: &str, files: &[(String, String)]) -> String {
    let tests = format!(
        "tests:\n  - name: t\n    agent: demo-agent\n    ask: {{model: portreeve-demo{ask}}}\n    \
         {lines}\n    expect: {{verdict: allow, policies: [model/never]}}\n"
    );
    let mut changed = vec![("tests/demo.yaml", Some(tests.as_str()))];
    changed.extend(files.iter().map(|(path, text)| (path.as_str(), Some(text.as_str()))));
    let [result] = test(&tree(&changed)).unwrap().try_into().unwrap();
    result.failure.unwrap()
}

/// The first run's permit, under a condition.
fn permit(when: &str) -> (String, String) {
    let from = "    resource == Model::\"portreeve-demo\"\n);";
    let to = format!("    resource == Model::\"portreeve-demo\"\n)\nwhen {{ {when} }};");
    (PATH.to_owned(), replaced(PATH, from, &to))
}

const PERMITTED: &str = "expected model/never to decide, but model/demo, secret/demo-key did";
const REFUSED: &str = "expected allow, found deny by no policy";

/// The same ask, allowed in one context and refused in another.
#[test]
fn a_policy_is_tested_in_a_context() {
    let when = "context has approved && context.approved.name == \"closing\" && \
        context.approved.purpose == \"Tests.\" && context.approved.owner == \"seat:risk-lead\"";
    let files = [context("closing", ""), context("other", ""), permit(when)];
    assert_eq!(answer("", "context: closing", &files), PERMITTED);
    assert_eq!(answer("", "context: other", &files), REFUSED);
    // Of several, none is chosen without a word.
    assert_eq!(answer("", "stream: true", &files), REFUSED);
    // The only one is.
    assert_eq!(answer("", "stream: true", &[files[0].clone(), files[2].clone()]), PERMITTED);
}

#[test]
fn a_context_that_does_not_fit_refuses_whatever_policies_allow() {
    let files = [
        context("night", "hours: {days: [thu], from: 20:00, until: 24:00}"),
        context("past", "until: 2025-12-31"),
        context("tools", "tools: [web_search]"),
        (
            "models/other.yaml".to_owned(),
            crate::files::model_file("other", &["provider: demo, upstream_model: x"]),
        ),
        context("elsewhere", "").clone(),
    ];
    let mut files = files.to_vec();
    let (_, elsewhere) = files.last_mut().unwrap();
    *elsewhere = elsewhere.replace("models: [portreeve-demo]", "models: [other]");
    let said = |lines: &str, ask: &str, why: &str| {
        assert_eq!(answer(ask, lines, &files), format!("{REFUSED}: {why}"), "{lines}");
    };
    // Tests are asked at 2026-01-01T00:00:00Z, a Thursday, where they name no other time.
    said("context: night", "", "context `night` is not open at 2026-01-01T00:00:00.000Z");
    said("context: past", "", "context `past` is not open at 2026-01-01T00:00:00.000Z");
    said("context: elsewhere", "", "context `elsewhere` does not cover model `portreeve-demo`");
    let open = "context: night\n    at: 2026-01-01T20:00:00Z";
    assert_eq!(answer("", open, &files), PERMITTED);
    // A tool needs its context as well as its policy.
    let tool = "permit (principal, action == Action::\"UseProviderTool\", resource);";
    let policy =
        format!("@id(\"any\")\n@owner(\"seat:policy-lead\")\n@rationale(\"A test.\")\n{tool}\n");
    files.push(("policies/tool/20-any.cedar".to_owned(), policy));
    let allowed = answer(", tools: [web_search]", "context: tools", &files);
    assert!(allowed.contains("tool/any"), "{allowed}");
    let refused = answer(", tools: [shell]", "context: tools", &files);
    assert_eq!(refused, format!("{REFUSED}: context `tools` does not cover shell"));
}

#[test]
fn a_context_of_somebody_else_is_none() {
    let other = "name: other\npurpose: Tests.\nenvironment: dev\nstatus: active\n\
        review_by: 2027-01-01\nbindings: [{kind: embedded}]\n";
    let (path, text) = context("theirs", "");
    let files = [
        ("agents/other.yaml".to_owned(), other.to_owned()),
        (path, text.replace("[demo-agent]", "[other]")),
    ];
    let why = "context `theirs` is none of agent `demo-agent`";
    assert_eq!(answer("", "context: theirs", &files), format!("{REFUSED}: {why}"));
}

/// Where a context is required, none and the wrong one are refused; where it is not, a context
/// that does not fit is simply not used.
#[test]
fn a_required_context_is_required() {
    let agent =
        replaced("agents/demo-agent.yaml", "autonomy:", "context_required: true\nautonomy:");
    let agent = ("agents/demo-agent.yaml".to_owned(), agent);
    let model =
        replaced("models/portreeve-demo.yaml", "targets:", "context_required: true\ntargets:");
    let model = ("models/portreeve-demo.yaml".to_owned(), model);
    let (fits, past) = (context("fits", ""), context("past", "until: 2025-12-31"));
    let lines = "stream: true";
    for required in [&agent, &model] {
        let none = answer("", lines, std::slice::from_ref(required));
        assert_eq!(none, format!("{REFUSED}: the call must select a context"));
        assert_eq!(answer("", lines, &[required.clone(), fits.clone()]), PERMITTED);
        let unfit = answer("", lines, &[required.clone(), past.clone()]);
        assert!(unfit.starts_with(&format!("{REFUSED}: context `past` is not open")), "{unfit}");
        let several = answer("", lines, &[required.clone(), fits.clone(), past.clone()]);
        assert_eq!(several, format!("{REFUSED}: the call must select a context"));
    }
    assert_eq!(answer("", lines, std::slice::from_ref(&past)), PERMITTED);
    // What could never be permitted is not there, with a context or without.
    let nobody = (PATH.to_owned(), "// nothing is permitted\n".to_owned());
    let unknown = "expected allow, found unknown by no policy";
    assert_eq!(answer("", lines, &[agent, nobody]), unknown);
}

#[test]
fn a_policy_is_tested_after_what_an_agent_did() {
    let files = [permit(
        "context.recent.requests <= 100 && context.recent.refusals < 3 && context.recent.targets < 4",
    )];
    for (recent, expected) in [
        ("{}", PERMITTED),
        ("{requests: 100, refusals: 2, targets: 3}", PERMITTED),
        ("{requests: 101}", REFUSED),
        ("{refusals: 3}", REFUSED),
        ("{targets: 4}", REFUSED),
    ] {
        assert_eq!(answer("", &format!("recent: {recent}"), &files), expected, "{recent}");
    }
}
