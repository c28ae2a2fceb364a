//! The WAL: segments, batches, cuts, and what a cursor sees of them meanwhile.

use std::path::Path;

use tempfile::TempDir;

use super::*;
use crate::disk::Disk;
use crate::faults::{Faults, Step, When};

fn place(folder: &TempDir, faults: &Faults) -> WalPlace {
    WalPlace {
        disk: Disk::new(faults.clone()),
        dir: folder.path().to_owned(),
        origin: "example.com/log".to_owned(),
        segment_bytes: 200,
    }
}

fn batch(entries: &[&str]) -> Vec<(Vec<u8>, Vec<u8>)> {
    entries.iter().map(|entry| (entry.as_bytes().to_vec(), b"sealed".to_vec())).collect()
}

fn read(dir: &Path, from: u64) -> Vec<(u64, String)> {
    let mut cursor = Cursor::new(dir, "example.com/log", from);
    let mut seen = Vec::new();
    while let Some(frame) = cursor.next().unwrap() {
        assert_eq!(frame.sealed, b"sealed");
        seen.push((frame.index, String::from_utf8(frame.entry).unwrap()));
    }
    seen
}

fn entries(range: std::ops::Range<u64>) -> Vec<(u64, String)> {
    range.map(|index| (index, format!("entry {index}"))).collect()
}

/// A WAL of ten entries in batches of two, a segment for each few.
fn ten(folder: &TempDir, faults: &Faults) -> WalWriter {
    let (mut wal, _) = recover(place(folder, faults), 0, true).unwrap();
    for first in (0..10).step_by(2) {
        let texts = [format!("entry {first}"), format!("entry {}", first + 1)];
        wal.append(&batch(&[&texts[0], &texts[1]])).unwrap();
    }
    wal
}

#[test]
fn entries_are_read_from_any_place_across_segments() {
    let folder = tempfile::tempdir().unwrap();
    let wal = ten(&folder, &Faults::default());
    assert_eq!(wal.next(), 10);
    assert!(segments(folder.path()).unwrap().len() > 2);
    for from in 0..=10 {
        assert_eq!(read(folder.path(), from), entries(from..10), "from {from}");
    }
    assert_eq!(read(folder.path(), 11), []);
}

#[test]
fn a_cursor_follows_the_writer_into_new_segments_and_past_removed_ones() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Disk::new(Faults::default());
    let mut wal = ten(&folder, &Faults::default());
    let mut cursor = Cursor::new(folder.path(), "example.com/log", 9);
    assert_eq!(cursor.next().unwrap().unwrap().index, 9);
    for index in 10..30 {
        assert!(cursor.next().unwrap().is_none());
        wal.append(&batch(&[&format!("entry {index}")])).unwrap();
        remove_published(&disk, folder.path(), index).unwrap();
        assert_eq!(cursor.next().unwrap().unwrap().index, index);
    }
    let left = segments(folder.path()).unwrap();
    assert!(left.len() <= 2, "{left:?}");
    assert_eq!(read(folder.path(), 0), [], "removed");
}

#[test]
fn what_was_read_ahead_is_forgotten_with_what_was_cut() {
    let folder = tempfile::tempdir().unwrap();
    let faults = Faults::plan();
    let (mut wal, _) = recover(place(&folder, &faults), 0, true).unwrap();
    wal.append(&batch(&["entry 0"])).unwrap();
    // The failed batch stays on the disk, since the cut fails too.
    faults.die_at(faults.seen().0 + 1, When::After);
    wal.append(&batch(&["wrong 1", "wrong 2"])).unwrap_err();
    let mut cursor = Cursor::new(folder.path(), "example.com/log", 0);
    assert_eq!(cursor.next().unwrap().unwrap().entry, b"entry 0");
    faults.clear();
    wal.append(&batch(&["entry 1"])).unwrap();
    cursor.seek(1);
    assert_eq!(cursor.next().unwrap().unwrap().entry, b"entry 1");
    assert!(cursor.next().unwrap().is_none());
}

#[test]
fn a_segment_that_could_not_be_begun_is_begun_again() {
    for when in [When::Before, When::Torn, When::After] {
        let folder = tempfile::tempdir().unwrap();
        let faults = Faults::plan();
        let mut wal = ten(&folder, &faults);
        let mut next = 10;
        faults.fail(Step::SegmentCreate, when, 1);
        while wal.append(&batch(&[&format!("entry {next}")])).is_ok() {
            next += 1;
        }
        assert!(next < 20, "a segment holds a few entries only");
        for _ in 0..8 {
            wal.append(&batch(&[&format!("entry {next}")])).unwrap();
            next += 1;
        }
        assert_eq!(read(folder.path(), 0), entries(0..next), "{when:?}");
    }
}

#[test]
fn opening_continues_where_the_last_durable_frame_ends() {
    let folder = tempfile::tempdir().unwrap();
    drop(ten(&folder, &Faults::default()));
    let (mut wal, found) = recover(place(&folder, &Faults::default()), 7, false).unwrap();
    assert_eq!((wal.next(), found.cut_bytes), (10, 0));
    wal.append(&batch(&["entry 10"])).unwrap();
    assert_eq!(read(folder.path(), 0), entries(0..11));
}

#[test]
fn what_cannot_be_continued_is_refused() {
    type Change = dyn Fn(&Path, &[(u64, PathBuf)]);
    let sound = |change: &Change, published: u64| {
        let folder = tempfile::tempdir().unwrap();
        drop(ten(&folder, &Faults::default()));
        change(folder.path(), &segments(folder.path()).unwrap());
        recover(place(&folder, &Faults::default()), published, true).map(|_| ()).map_err(|error| {
            assert!(matches!(error, WalError::Damaged { .. }), "{error}");
            error.to_string()
        })
    };
    assert_eq!(sound(&|_, _| {}, 10), Ok(()));
    let refused = sound(&|_, _| {}, 11).unwrap_err();
    assert!(refused.contains("ends before entry 10"), "{refused}");
    let refused = sound(&|_, all| std::fs::remove_file(&all[0].1).unwrap(), 0).unwrap_err();
    assert!(refused.contains("the WAL begins at entry"), "{refused}");
    let middle = |_: &Path, all: &[(u64, PathBuf)]| std::fs::remove_file(&all[1].1).unwrap();
    let refused = sound(&middle, 0).unwrap_err();
    assert!(refused.contains("does not begin where"), "{refused}");
    assert_eq!(sound(&middle, 10), Ok(()), "removing what is published may be cut short");
    let swap = |dir: &Path, all: &[(u64, PathBuf)]| {
        std::fs::rename(&all[1].1, dir.join("away")).unwrap();
        std::fs::copy(&all[0].1, &all[1].1).unwrap();
    };
    let refused = sound(&swap, 0).unwrap_err();
    assert!(refused.contains("header is not sound"), "{refused}");
    let shorten = |_: &Path, all: &[(u64, PathBuf)]| {
        let bytes = std::fs::read(&all[0].1).unwrap();
        std::fs::write(&all[0].1, &bytes[..bytes.len() - 1]).unwrap();
    };
    let refused = sound(&shorten, 0).unwrap_err();
    assert!(refused.contains("unsound bytes stand before a later segment"), "{refused}");
}

#[test]
fn a_batch_torn_out_of_order_is_a_crash_and_not_corruption() {
    let folder = tempfile::tempdir().unwrap();
    let mut place = place(&folder, &Faults::default());
    place.segment_bytes = 1 << 20;
    let (mut wal, _) = recover(place.clone(), 0, true).unwrap();
    wal.append(&batch(&["entry 0"])).unwrap();
    wal.append(&batch(&["entry 1", "entry 2", "entry 3"])).unwrap();
    drop(wal);
    // The middle of the last batch never reached the disk, its end did.
    let path = &segments(folder.path()).unwrap()[0].1;
    let mut bytes = std::fs::read(path).unwrap();
    let at = bytes.windows(7).position(|window| window == b"entry 2").unwrap();
    bytes[at..at + 7].fill(0);
    std::fs::write(path, &bytes).unwrap();
    let (wal, found) = recover(place.clone(), 0, false).unwrap();
    assert_eq!(wal.next(), 2);
    assert!(found.cut_bytes > 0);
    drop(wal);
    assert_eq!(read(folder.path(), 0), entries(0..2));
}

#[test]
fn another_logs_segment_is_not_ours() {
    let folder = tempfile::tempdir().unwrap();
    drop(ten(&folder, &Faults::default()));
    let mut other = place(&folder, &Faults::default());
    other.origin = "example.com/other".to_owned();
    assert!(matches!(recover(other, 0, false), Err(WalError::Damaged { .. })));
    let mut cursor = Cursor::new(folder.path(), "example.com/other", 0);
    assert!(cursor.next().unwrap().is_none());
}
