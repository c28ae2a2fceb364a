//! Damage to what is no evidence: the id index and sealed facts. It makes a search slower or loses
//! what it hit, and neither hides nor invents anything else.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on says where"
)]

mod common;

use std::fs;

use common::{Home, id, permit, refusal};
use ledger::read::ReadError;
use ledger::{Entry, EntryKind, Note, NoteKind, Settings, Step, When};
use model::{Ended, Outcome};

/// A log at rest: decisions with outcomes and without, and a window of what proved nothing.
async fn rested() -> Home {
    let home = Home::new();
    let (log, _) = home.open();
    for number in 1..30 {
        log.intend(permit(number)).await.unwrap().conclude(&Outcome::bare(Ended::Complete, 1));
        log.intend(refusal(100 + number)).await.unwrap();
        if number % 10 == 0 {
            log.publish().await.unwrap();
        }
    }
    for kind in [NoteKind::RefusalsOpened, NoteKind::RefusalsClosed] {
        log.note(Note { id: id(500), kind, body: serde_json::json!({"count": 1}) }).await.unwrap();
    }
    log.close().await.unwrap();
    home
}

/// The kinds of the entries that are found of a decision.
fn kinds(home: &Home, number: u64) -> Vec<EntryKind> {
    home.reader().find(id(number)).unwrap().iter().map(|entry| entry.kind).collect()
}

#[track_caller]
fn check_found(home: &Home, what: &str) {
    for number in [1, 17, 29] {
        let expect = [EntryKind::Decision, EntryKind::Outcome];
        assert_eq!(kinds(home, number), expect, "{what}: {number}");
        assert_eq!(kinds(home, 100 + number), [EntryKind::Decision], "{what}: {number}");
        let facts = home.reader().facts(id(number), &home.fact_keys());
        assert_eq!(facts.unwrap(), permit(number).facts, "{what}: {number}");
    }
    let window = [EntryKind::RefusalsOpened, EntryKind::RefusalsClosed];
    assert_eq!(kinds(home, 500), window, "{what}");
    assert_eq!(kinds(home, 999), [], "{what}");
    home.verify().unwrap();
}

#[tokio::test]
async fn whatever_becomes_of_the_id_index_every_decision_is_found() {
    let home = rested().await;
    check_found(&home, "sound");
    let growing = "ids/000000.new";
    let whole = fs::read(home.log().join(growing)).unwrap();
    let mut swapped = whole.clone();
    swapped.rotate_left(16);
    let mut one_off = whole.clone();
    one_off.iter_mut().skip(16 * 5).step_by(16).for_each(|byte| *byte ^= 1);
    for (what, bytes) in [
        ("nothing in it", Vec::new()),
        ("zeros", vec![0; whole.len()]),
        ("noise", vec![0xa5; whole.len()]),
        ("cut within an id", whole[..16 * 7 + 3].to_vec()),
        ("each id at the place of the one before", swapped),
        ("one bit of most ids", one_off),
    ] {
        let copy = home.copy();
        fs::write(copy.log().join(growing), &bytes).unwrap();
        check_found(&copy, what);
        // A full file takes the growing one's place: what stands in it is believed no more.
        let copy = home.copy();
        fs::write(copy.log().join("ids/000000"), &bytes).unwrap();
        check_found(&copy, what);
    }
    let copy = home.copy();
    fs::remove_dir_all(copy.log().join("ids")).unwrap();
    check_found(&copy, "no index");
    fs::write(copy.log().join("ids"), b"no folder").unwrap();
    check_found(&copy, "a file in its place");
}

#[tokio::test]
async fn an_index_that_is_removed_is_made_anew_by_the_next_start() {
    let home = rested().await;
    let before = fs::read(home.log().join("ids/000000.new")).unwrap();
    fs::remove_dir_all(home.log().join("ids")).unwrap();
    let (log, _) = home.open();
    log.close().await.unwrap();
    let after = fs::read(home.log().join("ids/000000.new")).unwrap();
    assert!(after.len() > before.len() && after.starts_with(&before));
}

/// Where each record of a payload file begins, by the lengths that they name.
fn records(bytes: &[u8]) -> Vec<usize> {
    let mut starts = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        starts.push(at);
        let length = u32::from_le_bytes(bytes[at + 8..at + 12].try_into().unwrap());
        at += 20 + usize::try_from(length).unwrap();
    }
    starts
}

/// The decisions whose facts cannot be had, of those numbered 1 to 29 and 101 to 129.
fn without_facts(home: &Home) -> Vec<u64> {
    let (reader, keys) = (home.reader(), home.fact_keys());
    let lost = |number: &u64| match reader.facts(id(*number), &keys) {
        Ok(facts) => {
            assert_eq!(facts, permit(*number).facts);
            false
        }
        Err(ReadError::NoFacts(_)) => true,
        Err(other) => panic!("{number}: {other}"),
    };
    (1..30).chain(101..130).filter(lost).collect()
}

#[tokio::test]
async fn a_damaged_payload_loses_its_own_facts_and_no_others() {
    let home = rested().await;
    let payloads = "payloads/000";
    let whole = fs::read(home.log().join(payloads)).unwrap();
    let starts = records(&whole);
    assert_eq!(starts.len(), 58);
    // In the index, the length (larger, and far too large), the check and the facts.
    for (record, within) in [(0, 0), (0, 8), (5, 9), (5, 11), (20, 12), (57, 30)] {
        let copy = home.copy();
        let mut bent = whole.clone();
        bent[starts[record] + within] ^= 0x41;
        fs::write(copy.log().join(payloads), &bent).unwrap();
        let lost = without_facts(&copy);
        assert_eq!(lost.len(), 1, "record {record}, byte {within}: {lost:?}");
        let sealed = copy.reader().decisions(0).unwrap().map(Result::unwrap);
        assert_eq!(sealed.filter(|decision| decision.sealed.is_none()).count(), 1);
        // It invalidates nothing, and what is written later is found behind it.
        copy.verify().unwrap();
        let (log, _) = copy.open();
        log.intend(permit(700)).await.unwrap();
        log.close().await.unwrap();
        assert_eq!(without_facts(&copy), lost);
        assert_eq!(copy.reader().facts(id(700), &copy.fact_keys()).unwrap(), permit(700).facts);
    }
}

#[tokio::test]
async fn a_payload_torn_behind_a_damaged_one_is_cut_and_written_again() {
    let home = Home::new();
    let (log, _) = home.open();
    for number in 1..4 {
        log.intend(permit(number)).await.unwrap();
    }
    log.publish().await.unwrap();
    let path = home.log().join("payloads/000");
    let mut bent = fs::read(&path).unwrap();
    bent[25] ^= 1;
    fs::write(&path, &bent).unwrap();
    log.intend(permit(4)).await.unwrap();
    home.faults.fail(Step::Payload, When::Torn, 3);
    assert!(log.publish().await.is_err());
    home.faults.clear();
    log.publish().await.unwrap();
    log.close().await.unwrap();
    let facts = |number| home.reader().facts(id(number), &home.fact_keys());
    assert!(matches!(facts(1), Err(ReadError::NoFacts(_))));
    for number in 2..5 {
        assert_eq!(facts(number).unwrap(), permit(number).facts);
    }
}

#[tokio::test]
async fn entries_that_were_changed_are_not_shown_to_be_what_was_signed() {
    let home = rested().await;
    let shown = |home: &Home| -> Result<Vec<Entry>, ReadError> {
        home.reader().entries(0).unwrap().shown().collect()
    };
    assert_eq!(shown(&home).unwrap(), home.entries());
    // One that begins later cannot be shown, and is not said to be changed either.
    assert!(home.reader().entries(5).unwrap().shown().all(|entry| entry.is_ok()));

    let size = home.reader().checkpoint().unwrap().unwrap().size;
    let bundle = home.log().join(format!("tile/entries/000.p/{size}"));
    let text = fs::read(&bundle).unwrap();
    let at = text.windows(10).position(|window| window == b"demo-agent").unwrap();
    let mut bent = text;
    bent[at] = b'c';
    fs::write(&bundle, bent).unwrap();
    let mut entries = home.reader().entries(0).unwrap().shown();
    let told = entries.find_map(Result::err).unwrap();
    assert!(matches!(told, ReadError::OtherRoot(covered) if covered == size), "{told}");
    let told = told.to_string();
    assert!(told.contains("portreeve ledger verify"), "{told}");
    assert_eq!(home.reader().entries(0).unwrap().count() as u64, size);
}

#[tokio::test]
async fn what_is_shown_keeps_up_with_a_log_that_grows() {
    let home = Home::new();
    let (log, _) = home.open_with(Settings { segment_bytes: 1000, ..home.settings() }).unwrap();
    log.intend(refusal(1)).await.unwrap();
    log.publish().await.unwrap();
    let mut entries = home.reader().entries(0).unwrap().shown();
    assert!(entries.next().unwrap().unwrap().published);
    for number in 2..300 {
        log.intend(refusal(number)).await.unwrap();
    }
    log.publish().await.unwrap();
    let rest: Vec<_> = entries.by_ref().map(Result::unwrap).collect();
    assert!(rest.len() == 299 && rest.iter().all(|entry| entry.published));
    log.close().await.unwrap();
    assert!(entries.all(|entry| entry.is_ok()));
}
