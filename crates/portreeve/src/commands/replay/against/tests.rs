//! A real charter, a real verdict, and a record of it that is bent in one place after the other.

use approval::PersonKey;
use bundle::Bundle;
use charter::{Genesis, genesis_files};
use model::{
    Ask, Case, ChangeId, CharterInForce, DecisionId, DecisionRecord, Dialect, Digest, Operation,
    Proof, Recordable as _, Subject, Timestamp,
};
use policy::{CallFacts, Question, RecentFacts, RecordedAnswer, RecordedFacts};

use zeroize::Zeroizing;

use super::{Difference, Differences};

pub(in super::super) const NOW: Timestamp = Timestamp::from_millis(1_795_510_800_000);

pub(in super::super) fn bundle() -> Bundle {
    let key = PersonKey::generate(&Zeroizing::new([7; 32]), "test").unwrap();
    let files = genesis_files(&Genesis {
        name: "demo".into(),
        trust_domain: "example.org".into(),
        person: "founder".parse().unwrap(),
        key_line: key.public_line().unwrap(),
        today: NOW,
    });
    bundle::check(&files).unwrap_or_else(|problems| panic!("{problems:?}"))
}

fn case(bundle: &Bundle) -> Case {
    let [accountable, policy, platform, response] = bundle.seats().clone();
    Case {
        id: DecisionId::new(1, [7; 10]),
        received: NOW,
        subject: Some(Subject {
            agent: "demo-agent".parse().unwrap(),
            proof: Proof::EmbeddedToken,
            trust_domain: "example.org".into(),
            credential: Digest::of(b"token"),
            issued: NOW,
            expires: NOW,
            epoch: 1,
            context: None,
        }),
        ask: Some(Ask {
            model: Some("portreeve-demo".parse().unwrap()),
            ..Ask::bare(Operation::ChatCompletions, Dialect::OpenAi)
        }),
        context: None,
        agent_owner: None,
        target_owner: None,
        charter: CharterInForce {
            digest: *bundle.digest(),
            change: ChangeId::new(1, [1; 10]),
            control_index: 1,
            genesis: true,
            accountable,
            secondary: [policy, platform, response],
        }
        .into(),
    }
}

/// The record and the facts of a call of the demo model.
pub(in super::super) fn recorded(bundle: &Bundle) -> (DecisionRecord, RecordedFacts) {
    let model = bundle.model(&"portreeve-demo".parse().unwrap()).unwrap();
    let targets: Vec<_> = model.targets.iter().map(|target| target.facts.clone()).collect();
    let permit = bundle
        .policies()
        .decide(Question {
            case: case(bundle),
            agent: &bundle.agent(&"demo-agent".parse().unwrap()).unwrap().facts,
            call: CallFacts {
                now: NOW,
                proof: Proof::EmbeddedToken,
                token_age_s: 1,
                recent: RecentFacts::default(),
            },
            approved: None,
            model: &model.facts,
            targets: &targets,
            withheld: Vec::new(),
        })
        .unwrap();
    (permit.record(), RecordedFacts::read(permit.facts()).unwrap())
}

fn differences(
    bundle: &Bundle,
    bend: impl FnOnce(&mut DecisionRecord, &mut RecordedFacts),
) -> Vec<Difference> {
    let (mut record, mut facts) = recorded(bundle);
    bend(&mut record, &mut facts);
    let again = bundle.policies().decide_again(&facts, &bundle.seats()[1]);
    Differences::of(&record, &facts, bundle, &again)
}

/// What differs, in its first words.
fn check(bend: impl FnOnce(&mut DecisionRecord, &mut RecordedFacts), expect: &[&str]) {
    let found = differences(&bundle(), bend);
    let whats: Vec<&str> = found.iter().map(|one| one.what.as_str()).collect();
    assert_eq!(whats, expect, "{found:?}");
    for Difference { recorded, now, .. } in found {
        assert_ne!(recorded, now);
    }
}

#[test]
fn what_was_decided_and_nothing_bent_does_not_differ() {
    check(|_, _| {}, &[]);
}

#[test]
fn a_record_of_another_call_than_the_facts_is_noticed() {
    let other = |record: &mut DecisionRecord| {
        record.subject.as_mut().unwrap().agent = "eve".parse().unwrap()
    };
    check(|record, _| other(record), &["the agent, in the facts"]);
    check(|record, _| record.received = NOW.plus_millis(1), &["the time, in the facts"]);
    check(|record, _| record.context = Some("a".parse().unwrap()), &["the context, in the facts"]);
    check(|record, _| record.ask.as_mut().unwrap().stream = true, &["the ask, in the facts"]);
}

#[test]
fn a_record_of_another_verdict_is_noticed() {
    check(|record, _| record.targets.clear(), &["targets"]);
    check(|record, _| record.targets[0].policies.clear(), &["targets"]);
    check(|record, _| record.targets[0].policies[0].line += 1, &["targets"]);
    check(|record, _| record.targets[0].policies[0].text = Digest::of(b"other"), &["targets"]);
    check(|record, _| record.targets[0].upstream_model.push('x'), &["targets"]);
    check(|record, _| record.targets[0].claims.trains = Some(false), &["targets"]);
    check(|record, _| record.targets[0].secret = None, &["targets"]);
    check(|record, _| record.verdict.detail = Some("No.".into()), &["what the caller is told"]);
    check(|record, _| record.verdict.ask = Some("seat:a".into()), &["whom to ask"]);
    check(
        |record, _| {
            let policies = record.targets[0].policies.clone();
            record.verdict.policies = policies;
        },
        &["policies"],
    );
}

/// A refusal that is none of policy's is not held against policy; what policy said still is.
#[test]
fn a_refusal_beside_policy_is_not_policys() {
    let refuse = |record: &mut DecisionRecord| {
        record.verdict.allowed = false;
        record.verdict.code = "budget_exhausted".into();
        record.targets.clear();
    };
    check(|record, _| refuse(record), &[]);
    check(
        |record, facts| {
            refuse(record);
            facts.refused = Some(model::RefusalCode::PolicyForbids);
        },
        &["policy's verdict"],
    );
}

#[test]
fn facts_that_the_charter_does_not_bear_out_are_noticed() {
    check(|_, facts| facts.asked.agent.team = "other".parse().unwrap(), &["the agent's team"]);
    check(
        |_, facts| facts.asked.targets[0].provider_owner = "seat:other".into(),
        &["a target, in the charter"],
    );
    check(
        |_, facts| {
            facts.withheld = vec![model::WithheldRecord {
                provider: "gone".parse().unwrap(),
                upstream_model: "x".into(),
                code: "secret_missing".into(),
                policies: Vec::new(),
                detail: None,
                secret: None,
            }];
        },
        &["withheld"],
    );
}

#[test]
fn a_question_that_was_answered_otherwise_is_named() {
    let found = differences(&bundle(), |_, facts| {
        facts.questions[0].answer = RecordedAnswer::Nothing;
        facts.questions[0].policies.clear();
        facts.questions.truncate(1);
    });
    let [first, second] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(first.what, "question 1, InvokeModel on Model portreeve-demo");
    assert!(first.recorded.ends_with("nothing by none"), "{first:?}");
    assert!(first.now.ends_with("permit by model/demo"), "{first:?}");
    assert_eq!(second.recorded, "not put");
}
