//! The decision log from the outside: what is written, shown, proved, refused.

mod common;

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use common::{Home, START, check_receipt, id, key, permit, refusal};
use ledger::read::ReadError;
use ledger::{
    EntryKind, KeySubject, LogHome, Note, NoteKind, OpenError, SealedDecision, Settings,
    Unavailable, Unsealing,
};
use model::{Ended, Outcome, OutcomeDue};
use serde_json::json;
use tlog::proof::TlogProof;

fn kinds(home: &Home) -> Vec<EntryKind> {
    home.entries().iter().map(|entry| entry.kind).collect()
}

#[tokio::test]
async fn a_decision_is_promised_shown_published_and_proved() {
    let home = Home::new();
    let (log, recovered) = home.open();
    assert_eq!((recovered.epoch, recovered.entries, recovered.previous), (1, 0, None));

    let recorded = log.intend(permit(1)).await.unwrap();
    let receipt = recorded.receipt().clone();
    assert_eq!(recorded.value().case.id, id(1));
    check_receipt(&home.entries(), &receipt);
    assert!(home.entries().iter().all(|entry| !entry.published));
    let unpublished = home.reader().prove(receipt.index);
    assert!(matches!(unpublished, Err(ReadError::Unpublished { index: 1, size: 0 })));

    recorded.conclude(&Outcome::bare(Ended::Complete, 12));
    log.tick().await.unwrap();
    assert_eq!(log.publish().await.unwrap(), 3);
    let found = home.reader().find(id(1)).unwrap();
    assert_eq!(
        found.iter().map(|entry| (entry.index, entry.kind)).collect::<Vec<_>>(),
        [(1, EntryKind::Decision), (2, EntryKind::Outcome)]
    );
    assert!(found.iter().all(|entry| entry.published));
    assert_eq!(found[1].json["decision"], json!(1));
    assert_eq!(found[1].json["ended"], json!("complete"));

    let proof = TlogProof::decode(&home.reader().prove(1).unwrap()).unwrap();
    let checkpoint = proof.verify(&receipt.leaf, &key().verifier()).unwrap();
    assert_eq!(checkpoint.size, 3);
    log.close().await.unwrap();
    let report = home.verify().unwrap();
    assert_eq!((report.published, report.tail, report.decisions), (4, 0, 1));
    assert_eq!((report.unpaired, report.unclean_epochs), (vec![], 0));
}

#[tokio::test]
async fn a_reader_that_looks_for_a_text_passes_over_what_does_not_hold_it() {
    let home = Home::new();
    let (log, _) = home.open();
    for number in 1..=3 {
        let recorded = log.intend(permit(number)).await.unwrap();
        recorded.conclude(&Outcome::bare(Ended::Complete, 7_000 + number));
    }
    let looked = |from: u64| {
        let entries = home.reader().entries(from).unwrap().holding(&["7002"]);
        entries.map(|entry| entry.unwrap().kind).collect::<Vec<_>>()
    };
    log.tick().await.unwrap();
    assert_eq!(looked(0), [EntryKind::Outcome], "in the write-ahead file");
    assert!(looked(home.entries().len() as u64).is_empty(), "behind the end");
    log.close().await.unwrap();
    assert_eq!(looked(0), [EntryKind::Outcome], "published");
}

#[tokio::test]
async fn a_reader_that_wants_some_members_is_given_their_text_and_no_others() {
    let home = Home::new();
    let (log, _) = home.open();
    let recorded = log.intend(permit(1)).await.unwrap();
    recorded.conclude(&Outcome::bare(Ended::Complete, 7_001));
    log.close().await.unwrap();
    let names = &["duration_ms", "ended", "id", "nothing"];
    let mut parts = home.reader().entries(1).unwrap().parts(names);
    let decision = parts.next().unwrap().unwrap();
    assert_eq!((decision.index, decision.kind), (1, EntryKind::Decision));
    assert_eq!(decision.id, Some(id(1)));
    assert!(names.iter().all(|name| decision.member(name).is_none()), "{decision:?}");
    let outcome = parts.next().unwrap().unwrap();
    assert_eq!((outcome.index, outcome.kind), (2, EntryKind::Outcome));
    let members = names.map(|name| outcome.member(name));
    assert_eq!(members, [Some("7001"), Some("\"complete\""), None, None]);
    assert_eq!(parts.next_index(), 3);
    assert_eq!(parts.next().unwrap().unwrap().kind, EntryKind::EpochStop);
    assert!(parts.next().is_none());
}

#[tokio::test]
async fn an_entry_says_what_the_decision_was_and_no_more() {
    let home = Home::new();
    let (log, _) = home.open();
    let recorded = log.intend(refusal(1)).await.unwrap();
    drop(recorded);
    log.close().await.unwrap();
    let entry = &home.entries()[1];
    assert_eq!((entry.epoch, entry.ts, entry.id), (1, START, Some(id(1))));
    let commit = entry.json["commit"].as_object().unwrap();
    assert_eq!(commit["bytes"], json!(permit(1).facts.len()));
    assert_eq!(commit["key"], json!("agent.demo-agent.1"));
    let fields: Vec<_> = entry.json.as_object().unwrap().keys().cloned().collect();
    let expected = "agent_owner charter commit epoch id outcome received seq subject ts type v \
                    verdict";
    assert_eq!(fields.join(" "), expected);
    let text = ledger::canonical(&entry.json).unwrap();
    assert!(!text.contains("asked"), "{text}");
}

#[tokio::test]
async fn facts_are_readable_while_their_key_exists() {
    let home = Home::new();
    let (log, _) = home.open();
    let keys = home.fact_keys();
    for number in 1..=3 {
        log.intend(refusal(number)).await.unwrap();
    }
    let bare = ledger_refusal_without_facts(4);
    log.intend(bare).await.unwrap();
    let reader = home.reader();
    assert_eq!(reader.facts(id(2), &keys).unwrap(), permit(2).facts);
    log.publish().await.unwrap();
    assert_eq!(reader.facts(id(2), &keys).unwrap(), permit(2).facts);
    assert!(matches!(reader.facts(id(4), &keys), Err(ReadError::NoFacts(_))));
    assert!(matches!(reader.facts(id(5), &keys), Err(ReadError::NoDecision(_))));

    let subject = KeySubject::Agent("demo-agent".parse().unwrap());
    let erased = keys.erase(&subject).unwrap().unwrap();
    assert_eq!(erased.key, "agent.demo-agent.1");
    let gone = reader.facts(id(2), &keys).unwrap_err().to_string();
    assert_eq!(gone, "the facts were sealed under `agent.demo-agent.1`, which was erased");
    log.close().await.unwrap();
    home.verify().unwrap();
    assert!(reader.prove(2).is_ok());
}

fn ledger_refusal_without_facts(number: u64) -> common::Permit {
    common::Permit { facts: Vec::new(), ..refusal(number) }
}

#[tokio::test]
async fn what_is_dropped_is_interrupted_and_a_refusal_owes_nothing() {
    let home = Home::new();
    let (log, _) = home.open();
    drop(log.intend(permit(1)).await.unwrap());
    drop(log.intend(refusal(2)).await.unwrap());
    log.intend(refusal(3)).await.unwrap().conclude(&Outcome::not_forwarded(1));
    log.close().await.unwrap();
    use EntryKind::{Decision, EpochStart, EpochStop, Outcome as Ending};
    let mut seen = kinds(&home);
    assert_eq!(seen.len(), 6);
    seen.sort_unstable();
    assert_eq!(seen, [Decision, Decision, Decision, Ending, EpochStart, EpochStop]);
    assert_eq!(home.reader().find(id(1)).unwrap()[1].json["ended"], json!("interrupted"));
    assert_eq!(home.verify().unwrap().unpaired, Vec::<u64>::new());
}

#[tokio::test]
async fn closing_ends_what_is_under_way_and_other_handles() {
    let home = Home::new();
    let (log, _) = home.open();
    let other = log.clone();
    let recorded = log.intend(permit(1)).await.unwrap();
    log.close().await.unwrap();
    recorded.conclude(&Outcome::bare(Ended::Complete, 1));
    let (value, why) = other.intend(permit(2)).await.unwrap_err();
    assert_eq!((value, why), (permit(2), Unavailable::Closed));
    assert_eq!(other.publish().await, Ok(4));
    assert_eq!(other.close().await, Err(Unavailable::Closed));
    let (log, recovered) = home.open();
    assert!(recovered.previous.is_some_and(|previous| previous.clean));
    assert_eq!(recovered.unpaired, []);
    log.close().await.unwrap();
    assert_eq!(home.verify().unwrap().epochs, 2);
}

#[tokio::test]
async fn one_writer_one_key() {
    let home = Home::new();
    let (log, _) = home.open();
    assert!(matches!(home.open_with(home.settings()), Err(OpenError::Locked(_))));
    log.close().await.unwrap();
    let other = tlog::LogKey::generate("example.com/decisions".parse().unwrap(), [8; 32]);
    let refused = ledger::DecisionLog::open(
        LogHome::new(home.log()),
        other,
        home.fact_keys(),
        home.clock.clone(),
        home.settings(),
    );
    assert!(matches!(refused, Err(OpenError::OtherKey { .. })));
    home.open().0.close().await.unwrap();
}

#[tokio::test]
async fn too_large_is_refused_and_an_outcome_is_shortened_instead() {
    let home = Home::new();
    let (log, _) = home.open();
    let mut large = permit(1);
    large.case.agent_owner = Some("x".repeat(70_000));
    assert!(matches!(log.intend(large).await, Err((_, Unavailable::Unfit(_)))));
    let mut large = permit(1);
    large.facts = vec![b'x'; ledger::FACTS_BYTES_MAX + 1];
    assert!(matches!(log.intend(large).await, Err((_, Unavailable::Unfit(_)))));
    let mut large = permit(1);
    large.facts = vec![b'x'; ledger::FACTS_BYTES_MAX];
    let attempt = model::Attempt {
        provider: "demo".parse().unwrap(),
        upstream_model: "a-model".to_owned(),
        lease: None,
        status: Some(200),
        failure: None,
        cause: None,
        upstream_request_id: Some("x".repeat(70_000)),
    };
    let outcome = Outcome { attempts: vec![attempt], ..Outcome::bare(Ended::Complete, 5) };
    log.intend(large).await.unwrap().conclude(&outcome);
    log.close().await.unwrap();
    let outcome = &home.reader().find(id(1)).unwrap()[1].json;
    assert_eq!((&outcome["shortened"], &outcome["duration_ms"]), (&json!(true), &json!(5)));
    home.verify().unwrap();
}

#[tokio::test]
async fn notes_and_numbers() {
    let home = Home::new();
    let (log, _) = home.open();
    let note = |body| Note { id: id(7), kind: NoteKind::RefusalsClosed, body };
    let receipt = log.note(note(json!({"count": 12}))).await.unwrap();
    assert_eq!(home.reader().entry(receipt.index).unwrap().unwrap().json["body"]["count"], 12);
    let half = log.note(note(json!({"count": 1.5}))).await;
    assert!(matches!(half, Err(Unavailable::Unfit(_))));
    assert_eq!(home.reader().find(id(7)).unwrap().len(), 1);
    log.close().await.unwrap();
}

#[tokio::test]
async fn heartbeats_say_what_changed_and_keep_quiet_otherwise() {
    let home = Home::new();
    let settings = Settings { heartbeat_every: Some(Duration::from_secs(1)), ..home.settings() };
    let (log, _) = home.open_with(settings).unwrap();
    let recorded = log.intend(permit(1)).await.unwrap();
    log.tick().await.unwrap();
    assert_eq!(log.status().size, 2, "too early");
    home.clock.advance(1000);
    log.tick().await.unwrap();
    log.tick().await.unwrap();
    home.clock.advance(1000);
    log.tick().await.unwrap();
    assert_eq!(log.status().size, 3, "nothing changed since");
    home.clock.advance(58_000);
    log.tick().await.unwrap();
    home.clock.advance(59_999);
    log.tick().await.unwrap();
    assert_eq!(log.status().size, 4, "once a minute even so, measured from the last");
    recorded.conclude(&Outcome::bare(Ended::Complete, 1));
    log.close().await.unwrap();
    let beat = &home.entries()[2];
    assert_eq!(beat.kind, EntryKind::Heartbeat);
    let said = ["decisions", "outcomes", "in_flight", "open_from"].map(|key| &beat.json[key]);
    assert_eq!(said, [&json!(1), &json!(0), &json!(1), &json!(1)]);
    home.verify().unwrap();
}

#[tokio::test]
async fn many_callers_share_batches_and_each_gets_its_own_receipt() {
    let home = Home::new();
    let (log, _) = home.open_with(Settings { queue_max: 16, ..home.settings() }).unwrap();
    let callers = (0..300).map(|number| {
        let log = log.clone();
        tokio::spawn(async move {
            let recorded = log.intend(permit(number)).await.unwrap();
            let receipt = recorded.receipt().clone();
            recorded.conclude(&Outcome::bare(Ended::Complete, 1));
            receipt
        })
    });
    let mut receipts = Vec::new();
    for caller in callers.collect::<Vec<_>>() {
        receipts.push(caller.await.unwrap());
    }
    let half_way = log.publish().await.unwrap();
    log.close().await.unwrap();
    let entries = home.entries();
    assert!(half_way >= 301);
    assert_eq!(entries.len(), 602);
    receipts.iter().for_each(|receipt| check_receipt(&entries, receipt));
    let mut places: Vec<_> = receipts.iter().map(|receipt| receipt.index).collect();
    places.sort_unstable();
    places.dedup();
    assert_eq!(places.len(), 300);
    assert_eq!(home.verify().unwrap().unpaired, Vec::<u64>::new());
}

#[tokio::test]
async fn everything_on_the_disk_is_the_owners_alone() {
    let home = Home::new();
    let (log, _) = home.open();
    log.intend(permit(1)).await.unwrap();
    log.close().await.unwrap();
    let mut folders = vec![home.log(), home.keys()];
    while let Some(folder) = folders.pop() {
        let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&folder), 0o700, "{}", folder.display());
        for item in std::fs::read_dir(&folder).unwrap() {
            let path = item.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                assert_eq!(mode(&path), 0o600, "{}", path.display());
            }
        }
    }
}

#[test]
fn a_decision_that_owes_nothing_says_so() {
    assert_eq!(refusal(1).due, OutcomeDue::No);
}

/// Many decisions at once are those that are found one by one, each with its own facts.
#[tokio::test]
async fn decisions_come_in_order_with_their_facts_before_and_after_publication() {
    let home = Home::new();
    let (log, _) = home.open();
    let keys = home.fact_keys();
    let last = 600;
    for number in 1..=last {
        if number % 7 == 0 {
            log.intend(ledger_refusal_without_facts(number)).await.unwrap();
        } else {
            log.intend(permit(number)).await.unwrap().conclude(&Outcome::not_forwarded(1));
        }
        if number == 300 {
            log.publish().await.unwrap();
        }
    }
    let reader = home.reader();
    let check = || {
        let mut unsealing = Unsealing::with(keys.clone());
        let mut number = 0;
        for decision in reader.decisions(0).unwrap() {
            let SealedDecision { entry, commit, sealed } = decision.unwrap();
            number += 1;
            assert_eq!(entry.id, Some(id(number)));
            let facts = commit.map(|commit| {
                unsealing.unseal(id(number), &commit, &sealed.clone().unwrap()).unwrap()
            });
            let expect = (number % 7 != 0).then(|| permit(number).facts);
            assert_eq!(facts, expect, "{number}");
        }
        assert_eq!(number, last);
    };
    check();
    log.close().await.unwrap();
    check();
    let from = reader.decisions(700).unwrap().next().unwrap().unwrap();
    assert!(from.entry.index >= 700);
    assert!(reader.decisions(u64::MAX).unwrap().next().is_none());

    // A lost file of payloads loses its own decisions' facts and no others.
    std::fs::remove_file(home.log().join("payloads/001")).unwrap();
    let (mut kept, mut lost) = (0, 0);
    for decision in reader.decisions(0).unwrap() {
        let decision = decision.unwrap();
        let within = (256..512).contains(&decision.entry.index);
        assert_eq!(decision.sealed.is_none(), decision.commit.is_none() || within);
        if decision.commit.is_some() && within { lost += 1 } else { kept += 1 }
    }
    assert!(kept > 0 && lost > 0, "{kept} {lost}");

    let subject = KeySubject::Agent("demo-agent".parse().unwrap());
    let mut unsealing = Unsealing::with(keys.clone());
    let first = reader.decisions(0).unwrap().next().unwrap().unwrap();
    let (commit, sealed) = (first.commit.unwrap(), first.sealed.unwrap());
    let other = unsealing.unseal(id(2), &commit, &sealed).unwrap_err();
    assert!(matches!(other, ledger::FactsError::Damaged { .. }), "{other}");
    keys.erase(&subject).unwrap();
    let mut after = Unsealing::with(keys.clone());
    let gone = after.unseal(id(1), &commit, &sealed).unwrap_err();
    assert!(matches!(gone, ledger::FactsError::Erased { .. }), "{gone}");
}
