//! Death at any moment, seen from the files alone: cut at every byte, bent at every byte.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on says where"
)]

mod common;

use std::path::PathBuf;

use common::{Home, check_receipt, id, key, permit};
use ledger::{Note, NoteKind, OpenError, Settings, WalError};
use model::{Ended, Outcome};
use tlog::Receipt;

/// A log of some entries, copied while it runs; `published` of them are.
async fn crashed(publish: bool) -> (Home, Vec<Receipt>) {
    let home = Home::new();
    let (log, _) = home.open();
    let mut receipts = Vec::new();
    for number in 0..3 {
        let recorded = log.intend(permit(number)).await.unwrap();
        receipts.push(recorded.receipt().clone());
        recorded.conclude(&Outcome::bare(Ended::Complete, 1));
        log.tick().await.unwrap();
    }
    if publish {
        log.publish().await.unwrap();
    }
    for number in 3..5 {
        let body = serde_json::json!({"count": number});
        let note = Note { id: id(number), kind: NoteKind::RefusalsClosed, body };
        receipts.push(log.note(note).await.unwrap());
    }
    let copy = home.copy();
    log.close().await.unwrap();
    (copy, receipts)
}

fn segment(home: &Home) -> PathBuf {
    home.log().join("wal/00000000000000000000.wal")
}

#[tokio::test]
async fn a_wal_cut_at_any_byte_opens_with_what_is_whole() {
    let (home, receipts) = crashed(true).await;
    let whole = std::fs::read(segment(&home)).unwrap();
    let published = usize::try_from(home.reader().checkpoint().unwrap().unwrap().size).unwrap();
    let mut opened = 0;
    for length in (0..whole.len()).rev() {
        let copy = home.copy();
        std::fs::write(segment(&copy), &whole[..length]).unwrap();
        let there = copy.reader().entries(0).unwrap().count();
        match copy.open_with(copy.settings()) {
            Ok((log, recovered)) => {
                assert_eq!(usize::try_from(recovered.entries).unwrap(), there, "at {length}");
                assert_eq!(recovered.cut_bytes == 0, there == opened_before(&whole[..length]));
                log.close().await.unwrap();
                copy.verify().unwrap_or_else(|error| panic!("at {length}: {error}"));
                let entries = copy.entries();
                let kept = receipts.iter().filter(|one| one.index < recovered.entries);
                kept.for_each(|receipt| check_receipt(&entries, receipt));
                opened += 1;
            }
            Err(OpenError::Wal(WalError::Damaged { what, .. })) => {
                assert!(there <= published, "at {length}: {what}");
                if there < published {
                    assert!(what.contains("checkpoint") || what.contains("header"), "{what}");
                    assert_eq!(std::fs::read(segment(&copy)).unwrap(), whole[..length]);
                }
                break;
            }
            Err(other) => panic!("at {length}: {other}"),
        }
    }
    assert!(opened > 400, "{opened}");
}

/// How many entries end exactly at the end of `bytes`, by the frames' own lengths; 0 if none.
fn opened_before(bytes: &[u8]) -> usize {
    let (mut at, mut count) = (64, 0);
    while let Some(head) = bytes.get(at..at + 12) {
        let entry = u32::from_le_bytes(head[4..8].try_into().unwrap()) as usize;
        let sealed = u32::from_le_bytes(head[8..12].try_into().unwrap()) as usize;
        at += 44 + entry + sealed;
        count += 1;
        if at == bytes.len() {
            return count;
        }
    }
    usize::MAX
}

#[tokio::test]
async fn a_bent_byte_is_corruption_unless_it_lies_in_the_last_batch() {
    let (home, _) = crashed(false).await;
    let whole = std::fs::read(segment(&home)).unwrap();
    let last_frame = {
        let mut at = 64;
        loop {
            let entry = u32::from_le_bytes(whole[at + 4..at + 8].try_into().unwrap()) as usize;
            let sealed = u32::from_le_bytes(whole[at + 8..at + 12].try_into().unwrap()) as usize;
            if at + 44 + entry + sealed == whole.len() {
                break at;
            }
            at += 44 + entry + sealed;
        }
    };
    for at in (0..whole.len()).step_by(61).chain([last_frame - 1, last_frame]) {
        let copy = home.copy();
        let mut bent = whole.clone();
        bent[at] ^= 0x40;
        std::fs::write(segment(&copy), &bent).unwrap();
        match copy.open_with(copy.settings()) {
            Ok((log, recovered)) => {
                assert!(at >= last_frame, "bent at {at}");
                assert!(recovered.cut_bytes > 0);
                log.close().await.unwrap();
                copy.verify().unwrap();
            }
            Err(error @ OpenError::Wal(WalError::Damaged { .. })) => {
                assert!(at < last_frame, "bent at {at}");
                let text = error.to_string();
                assert!(text.contains("00000000000000000000.wal is damaged at byte"), "{text}");
                assert!(text.contains("Keep a copy"), "{text}");
                // It is left exactly as it was found.
                assert_eq!(std::fs::read(segment(&copy)).unwrap(), bent);
            }
            Err(other) => panic!("bent at {at}: {other}"),
        }
    }
}

#[tokio::test]
async fn a_lost_wal_or_a_rolled_back_one_is_refused() {
    let (home, _) = crashed(true).await;
    let without = home.copy();
    std::fs::remove_file(segment(&without)).unwrap();
    let refused = without.open_with(without.settings()).unwrap_err().to_string();
    assert!(refused.contains("no WAL segment is left"), "{refused}");

    std::fs::remove_file(without.log().join("checkpoint")).unwrap();
    std::fs::remove_file(without.log().join("vkey")).unwrap();
    let refused = without.open_with(without.settings()).unwrap_err().to_string();
    assert!(refused.contains("no WAL segment is left"), "bundles are left: {refused}");

    let (early, _) = crashed(false).await;
    let other = home.copy();
    let foreign = std::fs::read(segment(&early)).unwrap();
    std::fs::write(segment(&other), &foreign[..400]).unwrap();
    let refused = other.open_with(other.settings()).unwrap_err().to_string();
    assert!(refused.contains("a signed checkpoint covers"), "{refused}");
}

#[tokio::test]
async fn a_damaged_published_part_is_refused_with_what_to_do() {
    let (home, _) = crashed(true).await;
    let size = home.reader().checkpoint().unwrap().unwrap().size;
    for (file, with) in [
        ("checkpoint".to_owned(), b"nonsense".to_vec()),
        (format!("tile/entries/000.p/{size}"), b"nonsense".to_vec()),
        (format!("tile/0/000.p/{size}"), vec![0; 32 * usize::try_from(size).unwrap()]),
    ] {
        let copy = home.copy();
        std::fs::write(copy.log().join(&file), with).unwrap();
        assert!(copy.open_with(copy.settings()).is_err(), "{file}");
        assert!(copy.verify().is_err(), "{file}");
    }
}

#[tokio::test]
async fn what_a_crash_left_under_way_is_reported_once_and_survives_a_second_crash() {
    let home = Home::new();
    let beats =
        Settings { heartbeat_every: Some(std::time::Duration::from_secs(1)), ..home.settings() };
    let (log, _) = home.open_with(beats.clone()).unwrap();
    let first = log.intend(permit(1)).await.unwrap();
    for number in 2..40 {
        log.intend(permit(number)).await.unwrap().conclude(&Outcome::bare(Ended::Complete, 1));
        home.clock.advance(1000);
        log.tick().await.unwrap();
    }
    let last = log.intend(permit(50)).await.unwrap();
    let crashed = home.copy();
    drop((first, last));
    log.close().await.unwrap();

    // The second crash comes right after the first batch of the next epoch: `epoch_start` alone.
    let few = Settings { batch_max: 1, ..crashed.settings() };
    let (second, recovered) = crashed.open_with(few.clone()).unwrap();
    assert_eq!(recovered.unpaired, [id(1), id(50)]);
    assert_eq!(recovered.previous.map(|previous| previous.clean), Some(false));
    let whole = std::fs::read(segment(&crashed)).unwrap();
    second.close().await.unwrap();
    let again = home_with_wal(&crashed, &whole, recovered.entries + 1);
    let (third, recovered) = again.open_with(few).unwrap();
    assert_eq!((recovered.epoch, recovered.unpaired), (3, vec![id(1), id(50)]));
    third.close().await.unwrap();
    let report = again.verify().unwrap();
    assert_eq!((report.epochs, report.unclean_epochs), (3, 2));
    assert_eq!(report.unpaired, Vec::<u64>::new());
    let (fourth, recovered) = again.open_with(beats).unwrap();
    assert_eq!(recovered.unpaired, []);
    fourth.close().await.unwrap();
    let ended = &again.reader().find(id(50)).unwrap()[1].json;
    assert_eq!((&ended["lost_epoch"], &ended["ended"]), (&1.into(), &"interrupted".into()));
}

/// The log as it stood when its WAL held `entries` entries and nothing was published.
fn home_with_wal(of: &Home, wal: &[u8], entries: u64) -> Home {
    let copy = of.copy();
    for gone in ["tile", "payloads", "ids"] {
        std::fs::remove_dir_all(copy.log().join(gone)).unwrap();
    }
    std::fs::remove_file(copy.log().join("checkpoint")).unwrap();
    let mut at = 64;
    for _ in 0..entries {
        let entry = u32::from_le_bytes(wal[at + 4..at + 8].try_into().unwrap()) as usize;
        let sealed = u32::from_le_bytes(wal[at + 8..at + 12].try_into().unwrap()) as usize;
        at += 44 + entry + sealed;
    }
    std::fs::write(segment(&copy), &wal[..at]).unwrap();
    assert_eq!(copy.reader().verifier().vkey(), key().vkey());
    copy
}
