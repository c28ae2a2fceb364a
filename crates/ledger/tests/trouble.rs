//! A disk that is full, refuses, or hangs: the answer is no in time, and the log heals by itself.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on says where"
)]

mod common;

use std::time::Duration;

use common::{Home, check_receipt, permit, refusal};
use ledger::{DecisionLog, Settings, Step, Unavailable, When};
use model::{Ended, Outcome};
use serde_json::json;

fn brief(home: &Home) -> Settings {
    Settings { answer_within: Duration::from_millis(20), ..home.settings() }
}

async fn refused(log: &DecisionLog, number: u64) -> Unavailable {
    let (value, why) = log.intend(permit(number)).await.unwrap_err();
    assert_eq!(value, permit(number));
    why
}

#[tokio::test]
async fn a_full_disk_refuses_and_the_log_heals_with_the_next_intent() {
    for (step, when) in [
        (Step::WalAppend, When::Before),
        (Step::WalAppend, When::Torn),
        (Step::WalAppend, When::After),
        (Step::WalSync, When::Before),
        (Step::WalSync, When::After),
    ] {
        let home = Home::new();
        let (log, _) = home.open();
        let first = log.intend(refusal(1)).await.unwrap().receipt().clone();
        home.faults.fail(step, when, 2);
        for number in 2..4 {
            let why = refused(&log, number).await;
            assert!(matches!(&why, Unavailable::Disk(text) if text.contains("planned")), "{why}");
            let status = log.status();
            assert!(!status.healthy && status.last_error.is_some(), "{status:?}");
            assert_eq!(status.size, 2);
        }
        let healed = log.intend(refusal(4)).await.unwrap().receipt().clone();
        assert_eq!(healed.index, 2, "{step:?} {when:?}");
        assert!(log.status().healthy && log.status().last_error.is_some());
        log.close().await.unwrap();
        let entries = home.entries();
        [first, healed].iter().for_each(|receipt| check_receipt(&entries, receipt));
        assert_eq!(entries.len(), 4, "{step:?} {when:?}: nothing of the refused ones");
        home.verify().unwrap();
    }
}

#[tokio::test]
async fn while_a_failed_batch_cannot_be_cut_away_nothing_is_written() {
    let home = Home::new();
    let (log, _) = home.open();
    log.intend(refusal(1)).await.unwrap();
    // The write succeeds, the sync reports a failure, and so does every cut after it.
    home.faults.die_at(home.faults.seen().0 + 1, When::After);
    assert!(matches!(refused(&log, 2).await, Unavailable::Disk(_)));
    assert!(matches!(refused(&log, 3).await, Unavailable::Disk(_)));
    let failed = home.copy();
    home.faults.clear();
    log.tick().await.unwrap();
    let healed = log.intend(refusal(4)).await.unwrap().receipt().clone();
    assert_eq!(healed.index, 2);
    log.close().await.unwrap();
    assert_eq!(home.entries().len(), 4);
    home.verify().unwrap();

    // Dying instead, the refused decision was written after all: it is kept, and reported.
    let (log, recovered) = failed.open();
    assert_eq!(recovered.unpaired, [common::id(2)]);
    log.close().await.unwrap();
    let found = failed.reader().find(common::id(2)).unwrap();
    assert_eq!(
        (&found[1].json["ended"], &found[1].json["lost_epoch"]),
        (&json!("interrupted"), &json!(1))
    );
    assert_eq!(failed.verify().unwrap().unpaired, Vec::<u64>::new());
}

#[tokio::test]
async fn an_outcome_waits_for_the_disk_to_work_again() {
    let home = Home::new();
    let (log, _) = home.open();
    let recorded = log.intend(permit(1)).await.unwrap();
    home.faults.fail(Step::WalSync, When::Before, 2);
    recorded.conclude(&Outcome::bare(Ended::Complete, 7));
    log.tick().await.unwrap();
    log.tick().await.unwrap();
    log.tick().await.unwrap();
    assert_eq!((log.status().size, log.status().in_flight), (3, 0));
    log.close().await.unwrap();
    let found = home.reader().find(common::id(1)).unwrap();
    assert_eq!(found[1].json["ended"], json!("complete"));
    home.verify().unwrap();
}

#[tokio::test]
async fn a_hanging_disk_is_answered_in_time_and_what_became_durable_was_not_forwarded() {
    let home = Home::new();
    let (log, _) = home.open_with(brief(&home)).unwrap();
    home.faults.hang(Step::WalSync);
    assert!(matches!(refused(&log, 1).await, Unavailable::Late(_)));
    assert!(!log.status().healthy, "{:?}", log.status());
    // Nobody wrote this one yet, and nobody waits for it any more: it is never written.
    assert!(matches!(refused(&log, 2).await, Unavailable::Late(_)));
    home.faults.clear();
    log.publish().await.unwrap();
    while log.status().in_flight > 0 || log.status().size < 3 {
        let _ = log.tick().await;
    }
    assert!(log.status().healthy);
    log.close().await.unwrap();
    let found = home.reader().find(common::id(1)).unwrap();
    assert_eq!(found[1].json["ended"], json!("not_forwarded"));
    assert_eq!(home.reader().find(common::id(2)).unwrap(), []);
    assert_eq!(home.verify().unwrap().decisions, 1);
}

#[tokio::test]
async fn a_full_queue_refuses_and_keeps_the_places_of_outcomes() {
    let home = Home::new();
    let (log, _) = home.open_with(Settings { queue_max: 4, ..brief(&home) }).unwrap();
    let mut under_way = Vec::new();
    while let Ok(recorded) = log.intend(permit(under_way.len() as u64)).await {
        under_way.push(recorded);
    }
    assert_eq!(under_way.len(), 3, "each holds a place, and the next one needs two");
    assert!(matches!(refused(&log, 9).await, Unavailable::Full(_)));
    assert!(log.intend(refusal(10)).await.is_ok(), "one place is enough for a refusal");
    for recorded in under_way {
        recorded.conclude(&Outcome::bare(Ended::Complete, 1));
    }
    log.tick().await.unwrap();
    assert_eq!((log.status().in_flight, log.status().queue_free), (0, 4));
    log.close().await.unwrap();
    assert_eq!(home.verify().unwrap().unpaired, Vec::<u64>::new());
}

#[tokio::test]
async fn a_publisher_in_trouble_stops_nobody_and_catches_up() {
    for step in [
        Step::Bundle,
        Step::Tile,
        Step::Payload,
        Step::Ids,
        Step::Checkpoint,
        Step::DirSync,
        Step::SegmentRemove,
    ] {
        let home = Home::new();
        let settings = Settings { segment_bytes: 1000, ..home.settings() };
        let (log, _) = home.open_with(settings).unwrap();
        for number in 0..4 {
            log.intend(refusal(number)).await.unwrap();
        }
        home.faults.fail(step, When::After, 1);
        assert!(matches!(log.publish().await, Err(Unavailable::Disk(_))), "{step:?}");
        assert!(!log.status().healthy);
        home.faults.clear();
        log.intend(refusal(5)).await.unwrap();
        assert_eq!(log.publish().await, Ok(6), "{step:?}");
        assert!(log.status().healthy);
        log.close().await.unwrap();
        home.verify().unwrap();
        assert_eq!(home.reader().find(common::id(5)).unwrap().len(), 1);
    }
}

#[tokio::test]
async fn a_key_that_cannot_be_made_refuses_its_agent_only() {
    let home = Home::new();
    let (log, _) = home.open();
    home.faults.fail(Step::Key, When::After, 1);
    assert!(matches!(refused(&log, 1).await, Unavailable::Facts(_)));
    let other = common::Permit { facts: Vec::new(), ..refusal(2) };
    log.intend(other).await.unwrap();
    log.intend(refusal(3)).await.unwrap();
    log.close().await.unwrap();
    assert_eq!(home.reader().facts(common::id(3), &home.fact_keys()).unwrap(), permit(3).facts);
    home.verify().unwrap();
}
