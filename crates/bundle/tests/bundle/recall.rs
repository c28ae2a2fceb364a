//! Recorded calls under another charter: what comes from the record and what from the charter.

use bundle::{Bundle, Recalled, check};
use model::{
    Ask, Case, ChangeId, CharterInForce, ContextName, DecisionId, Dialect, Digest, Operation,
    Proof, Recordable as _, RefusalCode, Subject, WithheldRecord,
};
use policy::{ApprovedFacts, Asked, CallFacts, Question, RecentFacts, RecordedFacts};

use crate::files::{LOCAL, NOW, model_file, replaced, tree};

fn bundle(changed: &[(&str, Option<&str>)]) -> Bundle {
    check(&tree(changed)).unwrap_or_else(|problems| panic!("{problems:?}"))
}

/// The facts of a call of the first run's demo model, made in `approved`.
fn recorded(approved: Option<&ApprovedFacts>, withheld: &[WithheldRecord]) -> RecordedFacts {
    let bundle = bundle(&[]);
    let model = bundle.models().next().unwrap();
    let agent = &bundle.agents().next().unwrap().facts;
    let targets: Vec<_> = model.targets.iter().map(|target| target.facts.clone()).collect();
    let [accountable, policy, platform, response] = bundle.seats().clone();
    let charter = CharterInForce {
        digest: *bundle.digest(),
        change: ChangeId::new(1, [1; 10]),
        control_index: 1,
        genesis: true,
        accountable,
        secondary: [policy, platform, response],
    };
    let subject = Subject {
        agent: agent.name.clone(),
        proof: Proof::EmbeddedToken,
        trust_domain: "example.org".into(),
        credential: Digest::of(b"token"),
        issued: NOW,
        expires: NOW,
        epoch: 1,
        context: None,
    };
    let name = Some(model.facts.name.clone());
    let case = Case {
        id: DecisionId::new(1, [7; 10]),
        received: NOW,
        subject: Some(subject),
        ask: Some(Ask { model: name, ..Ask::bare(Operation::ChatCompletions, Dialect::OpenAi) }),
        context: approved.map(|facts| facts.name.clone()),
        agent_owner: None,
        target_owner: None,
        charter: charter.into(),
    };
    let recent = RecentFacts { requests: 7, refusals: 2, targets: 1 };
    let call = CallFacts { now: NOW, proof: Proof::EmbeddedToken, token_age_s: 9, recent };
    let (model, withheld) = (&model.facts, withheld.to_vec());
    let question = Question { case, agent, call, approved, model, targets: &targets, withheld };
    let facts = match bundle.policies().decide(question) {
        Ok(permit) => permit.facts().to_vec(),
        Err(refused) => refused.facts,
    };
    RecordedFacts::read(&facts).unwrap()
}

#[track_caller]
fn asked(recalled: Recalled) -> (Asked, Option<RefusalCode>) {
    match recalled {
        Recalled::Asked { asked, beside } => (*asked, beside),
        Recalled::Refused(code) => panic!("refused: {code:?}"),
    }
}

#[test]
fn under_the_same_charter_the_same_is_asked() {
    let facts = recorded(None, &[]);
    assert_eq!(asked(bundle(&[]).recall(&facts, None)), (facts.asked, None));
}

/// The agent, the model and its targets are the candidate's; the ask and the call are the record's.
#[test]
fn what_the_charter_declares_is_the_candidates() {
    let agent = replaced("agents/demo-agent.yaml", "autonomy: 0", "autonomy: 4");
    let model = model_file(
        "portreeve-demo",
        &[
            "provider: local, upstream_model: other",
            "provider: demo, upstream_model: portreeve-demo",
        ],
    );
    let changed = [
        ("agents/demo-agent.yaml", Some(agent.as_str())),
        ("models/portreeve-demo.yaml", Some(model.as_str())),
        LOCAL,
    ];
    let facts = recorded(None, &[]);
    let (found, beside) = asked(bundle(&changed).recall(&facts, None));
    assert_eq!(beside, None);
    assert_eq!((&found.ask, found.call), (&facts.asked.ask, facts.asked.call));
    assert_eq!(found.agent.autonomy, 4);
    assert_eq!(found.model.owner, "seat:platform-lead");
    let places: Vec<_> = found.targets.iter().map(|target| target.provider.as_str()).collect();
    assert_eq!(places, ["local", "demo"]);
}

#[test]
fn what_is_not_declared_is_refused_before_policy() {
    let facts = recorded(None, &[]);
    let mut other = facts.clone();
    other.asked.agent.name = "other".parse().unwrap();
    assert_eq!(bundle(&[]).recall(&other, None), Recalled::Refused(RefusalCode::AgentUnknown));
    let mut other = facts.clone();
    other.asked.model.name = "other".parse().unwrap();
    assert_eq!(bundle(&[]).recall(&other, None), Recalled::Refused(RefusalCode::ModelUnknown));
    let agent = replaced("agents/demo-agent.yaml", "status: active", "status: suspended");
    let tests = "tests:\n  - name: t\n    agent: demo-agent\n    ask: {model: other}\n    expect: {verdict: unknown}\n";
    let changed =
        [("agents/demo-agent.yaml", Some(agent.as_str())), ("tests/demo.yaml", Some(tests))];
    let suspended = bundle(&changed).recall(&facts, None);
    assert_eq!(suspended, Recalled::Refused(RefusalCode::AgentSuspended));
}

/// In which context a call is, and what refuses it beside policy: with these contexts declared,
/// recorded in `was`, by a token that is bound to `bound`.
#[track_caller]
fn check_context(
    declared: &[(&str, &str)],
    (was, bound): (Option<&str>, Option<&str>),
    expect: Result<Option<&str>, RefusalCode>,
) {
    let texts: Vec<(String, String)> = declared
        .iter()
        .map(|(name, more)| {
            let text = format!(
                "name: {name}\npurpose: Tests.\napprover: policy-lead\ndata_class: public\n\
                 models: [portreeve-demo]\nagents: [demo-agent]\n{more}\n"
            );
            (format!("contexts/{name}.yaml"), text)
        })
        .collect();
    let tests = "tests:\n  - name: t\n    agent: demo-agent\n    ask: {model: other}\n    expect: {verdict: unknown}\n";
    let mut changed = vec![("tests/demo.yaml", Some(tests))];
    changed.extend(texts.iter().map(|(path, text)| (path.as_str(), Some(text.as_str()))));
    let was = was.map(|name| ApprovedFacts {
        name: name.parse().unwrap(),
        purpose: "As it was.".into(),
        data_class: policy::DataClass::Public,
        owner: "seat:was".into(),
    });
    let bound = bound.map(|name| name.parse::<ContextName>().unwrap());
    let facts = recorded(was.as_ref(), &[]);
    let (found, beside) = asked(bundle(&changed).recall(&facts, bound.as_ref()));
    let name = found.approved.as_ref().map(|approved| approved.name.as_str());
    let found = beside.map_or(Ok(name), Err);
    assert_eq!(found, expect);
}

#[test]
fn the_contexts_name_is_the_records_and_what_it_is_the_candidates() {
    const PAST: &str = "until: 2025-12-31";
    let unfit = RefusalCode::ContextBound;
    check_context(&[], (None, None), Ok(None));
    check_context(&[("a", "")], (Some("a"), None), Ok(Some("a")));
    check_context(&[("a", ""), ("b", "")], (Some("b"), None), Ok(Some("b")));
    // Of one that would not do any more, the call is made as a call without: in the only one.
    check_context(&[("a", PAST), ("b", "")], (Some("a"), None), Ok(None));
    check_context(&[("b", "")], (Some("a"), None), Ok(Some("b")));
    check_context(&[("b", PAST)], (None, None), Ok(None));
    check_context(&[("b", "")], (None, None), Ok(Some("b")));
    check_context(&[("a", ""), ("b", "")], (None, None), Ok(None));
    // A token that is bound stays bound.
    check_context(&[("a", ""), ("b", "")], (Some("a"), Some("a")), Ok(Some("a")));
    check_context(&[("b", "")], (Some("a"), Some("a")), Err(unfit));
    check_context(&[("a", PAST), ("b", "")], (Some("a"), Some("a")), Err(unfit));
}

#[test]
fn where_a_context_is_required_a_call_without_one_is_refused() {
    let agent = replaced(
        "agents/demo-agent.yaml",
        "status: active",
        "status: active\ncontext_required: true",
    );
    let tests = "tests:\n  - name: t\n    agent: demo-agent\n    ask: {model: other}\n    expect: {verdict: unknown}\n";
    let past = "name: a\npurpose: Tests.\napprover: policy-lead\ndata_class: public\nmodels: [portreeve-demo]\nagents: [demo-agent]\nuntil: 2025-12-31\n";
    let other = past.replace("name: a", "name: b");
    let mut changed = vec![
        ("agents/demo-agent.yaml", Some(agent.as_str())),
        ("tests/demo.yaml", Some(tests)),
        ("contexts/a.yaml", Some(past)),
    ];
    let facts = recorded(None, &[]);
    let beside = |bundle: &Bundle| asked(bundle.recall(&facts, None)).1;
    assert_eq!(beside(&bundle(&changed)), Some(RefusalCode::ContextUnfit));
    changed.push(("contexts/b.yaml", Some(other.as_str())));
    assert_eq!(beside(&bundle(&changed)), Some(RefusalCode::ContextRequired));
}

/// Which places are asked about: those that speak the client's form and take the agent's calls. Secrets
/// that were out of reach stay so while the place needs the same.
#[test]
fn places_that_would_not_serve_the_call_are_left_out() {
    let secret = Some("demo-key".parse().unwrap());
    let withheld = |code: &str| WithheldRecord {
        provider: "demo".parse().unwrap(),
        upstream_model: "portreeve-demo".into(),
        code: code.into(),
        policies: Vec::new(),
        detail: None,
        secret: secret.clone(),
    };
    let first_run = bundle(&[]);
    let beside = |code: &str| asked(first_run.recall(&recorded(None, &[withheld(code)]), None));
    for (code, expect) in [
        ("secret_missing", Some(RefusalCode::SecretMissing)),
        ("secret_expired", Some(RefusalCode::SecretExpired)),
        ("stored_object_refused", Some(RefusalCode::StoredObjectRefused)),
        ("condition", None),
        ("dialect_mismatch", None),
        ("what_is_this", None),
    ] {
        let (asked, found) = beside(code);
        assert_eq!(found, expect, "{code}");
        assert_eq!(asked.targets.len(), 1, "where none is left, policy is asked about all");
    }
    let elsewhere = model_file(
        "portreeve-demo",
        &["provider: demo, upstream_model: portreeve-demo, when: {environments: [staging]}"],
    );
    let changed = [("models/portreeve-demo.yaml", Some(elsewhere.as_str()))];
    let tests = "tests:\n  - name: t\n    agent: demo-agent\n    ask: {model: other}\n    expect: {verdict: unknown}\n";
    let changed = [changed[0], ("tests/demo.yaml", Some(tests))];
    let (_, found) = asked(bundle(&changed).recall(&recorded(None, &[]), None));
    assert_eq!(found, Some(RefusalCode::NoTarget));
}
