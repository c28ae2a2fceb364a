//! The write-ahead log: segments as `spec/ledger.md` section 4 describes them, written here a
//! second time from the page alone, then damaged. A reader gives a beginning of what was written,
//! never anything else.

use std::path::PathBuf;

use ledger::EntryKind;
use ledger::read::Reader;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use tlog::LogKey;

use crate::Target;
use crate::entries::plain;
use crate::input::Input;
use crate::seeds::seed;

pub(crate) const TARGET: Target = Target {
    name: "wal",
    about: "write-ahead segments, damaged anywhere: a beginning of what was written, or refused",
    check,
    seeds,
    words: &["prWF", "portreeve-wal-1\n", "\x00\x00\x00\x00", "\u{ff}\u{ff}"],
    cases: 1200,
};

const ORIGIN: &str = "example.com/log";
const NONCE: [u8; 16] = [9; 16];

/// The first byte: how many entries; the second: whether the bytes that follow are themselves a
/// segment's frames, or say how those are damaged.
fn check(input: &[u8]) {
    let mut input = Input::new(input);
    let (count, how) = (u64::from(input.byte() % 8), input.byte());
    let entries: Vec<String> = (0..count).map(|seq| plain(kind(seq), seq)).collect();
    let mut segment = header();
    for (index, entry) in (0_u64..).zip(&entries) {
        frame((index, index & !1), entry.as_bytes(), &mut segment);
    }
    match how % 4 {
        0 => segment.extend_from_slice(input.rest()),
        1 => {
            let at = input.below(segment.len() + 1);
            segment.truncate(at);
            segment.extend_from_slice(input.rest());
        }
        2 => {
            let at = input.below(segment.len() + 1);
            let rest = input.rest();
            let end = (at + rest.len()).min(segment.len());
            segment.splice(at..end, rest.iter().copied());
        }
        // What follows is an entry of its own, soundly framed.
        _ => {
            let entry = input.rest();
            let entry = entry.get(..entry.len().min(ledger::ENTRY_BYTES_MAX)).unwrap_or_default();
            frame((count, count), entry, &mut segment);
        }
    }
    let found = read(&segment);
    let sound = found.iter().take(entries.len()).zip(&entries);
    for (found, written) in sound {
        let written: Option<Value> = serde_json::from_str(written).ok();
        assert_eq!(found.as_ref().ok(), written.as_ref(), "it reads what nobody wrote");
    }
    let more = found.len().saturating_sub(entries.len());
    assert!(more <= 1 + input.rest().len() / 44, "more entries than bytes");
}

const fn kind(seq: u64) -> EntryKind {
    if seq == 0 { EntryKind::EpochStart } else { EntryKind::Heartbeat }
}

/// What a reader makes of a segment.
fn read(segment: &[u8]) -> Vec<Result<Value, String>> {
    let folder = match TempDir::new_in(memory()) {
        Ok(folder) => folder,
        Err(error) => panic!("no folder: {error}"),
    };
    let wal = folder.path().join("wal");
    let name = wal.join("00000000000000000000.wal");
    let written = std::fs::create_dir(&wal).and_then(|()| std::fs::write(name, segment));
    assert!(written.is_ok(), "no file");
    let reader = Reader::open(folder.path(), &vkey());
    let Ok(reader) = reader else { panic!("{reader:?}") };
    let Ok(entries) = reader.entries(0) else {
        panic!("there is no checkpoint that could be wrong")
    };
    let mut found = Vec::new();
    for entry in entries {
        let end = entry.is_err();
        found.push(entry.map(|entry| entry.json).map_err(|error| error.to_string()));
        if end {
            break;
        }
    }
    found
}

fn vkey() -> String {
    let name = ORIGIN.parse().unwrap_or_else(|_| panic!("{ORIGIN} is a name"));
    LogKey::generate(name, [7; 32]).vkey()
}

/// Memory where there is some: a file is written for each input.
fn memory() -> PathBuf {
    let shared = PathBuf::from("/dev/shm");
    if shared.is_dir() { shared } else { std::env::temp_dir() }
}

/// A segment's 64 bytes.
fn header() -> Vec<u8> {
    let mut bytes = b"portreeve-wal-1\n".to_vec();
    bytes.extend_from_slice(&0_u64.to_le_bytes());
    bytes.extend_from_slice(&NONCE);
    bytes.extend_from_slice(&[0; 8]);
    let check = short(&[ORIGIN.as_bytes(), &[0], &bytes]);
    bytes.extend_from_slice(&check);
    bytes
}

/// Appends a frame of one entry, without facts.
fn frame((index, batch): (u64, u64), entry: &[u8], segment: &mut Vec<u8>) {
    let mut head = b"prWF".to_vec();
    head.extend_from_slice(&u32::try_from(entry.len()).unwrap_or(u32::MAX).to_le_bytes());
    head.extend_from_slice(&0_u32.to_le_bytes());
    head.extend_from_slice(&index.to_le_bytes());
    head.extend_from_slice(&batch.to_le_bytes());
    let check = short(&[&NONCE, &head, entry]);
    segment.extend_from_slice(&head);
    segment.extend_from_slice(&check);
    segment.extend_from_slice(entry);
}

fn short(parts: &[&[u8]]) -> Vec<u8> {
    let hash = parts.iter().fold(Sha256::new(), |hash, part| hash.chain_update(part)).finalize();
    hash.iter().take(16).copied().collect()
}

fn seeds() -> Vec<Vec<u8>> {
    let mut next = Vec::new();
    frame((4, 4), plain(EntryKind::Heartbeat, 4).as_bytes(), &mut next);
    let mut found = vec![seed(&[4, 0], &next), seed(&[4, 3], plain(EntryKind::Act, 4)), vec![4, 0]];
    for at in [0_u16, 16, 63, 64, 68, 72, 90, 107, 108, 200, 500] {
        let [low, high] = at.to_le_bytes();
        found.push(vec![5, 1, low, high]);
        found.push(vec![5, 2, low, high, 0xff]);
        found.push(seed(&[5, 1, low, high], &next));
    }
    found
}
