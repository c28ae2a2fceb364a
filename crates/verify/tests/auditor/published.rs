//! A published log in a temporary folder, written as the ledger writes one.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use portreeve_verify::Answer;
use tempfile::TempDir;
use tlog::bundle::{self, Bundle};
use tlog::tile::{self, TileEdge};
use tlog::{Checkpoint, Hash, LogKey, leaf_hash};

use super::verify;

/// The log's key.
pub(crate) fn log_key() -> LogKey {
    key_of("example.com/portreeve/decisions", 7)
}

/// A key of this name.
pub(crate) fn key_of(name: &str, seed: u8) -> LogKey {
    LogKey::generate(name.parse().unwrap(), [seed; 32])
}

/// One entry's text: canonical JSON, fields in the order of their names.
pub(crate) fn line(kind: &str, seq: u64, before: &str, between: &str) -> String {
    let ts = format!("2026-11-24T09:{:02}:{:02}.{:03}Z", seq / 600 % 60, seq / 10 % 60, seq % 10);
    let (before, between) = (joined(before), joined(between));
    format!(r#"{{{before}"epoch":1,{between}"seq":{seq},"ts":"{ts}","type":"{kind}","v":1}}"#)
}

fn joined(fields: &str) -> String {
    if fields.is_empty() { String::new() } else { format!("{fields},") }
}

/// An ordinary log: an epoch's start, then decisions and their outcomes in turn.
pub(crate) fn ordinary(size: u64) -> Vec<String> {
    let each = |seq: u64| match seq {
        0 => line("epoch_start", 0, "", r#""previous":null"#),
        odd if odd % 2 == 1 => line("decision", odd, "", &decision(odd)),
        even => line("outcome", even, &format!(r#""decision":{}"#, even - 1), r#""id":"d""#),
    };
    (0..size).map(each).collect()
}

/// The fields of a decision that is due an outcome.
pub(crate) fn decision(seq: u64) -> String {
    format!(r#""id":"id-{seq}","outcome":"due""#)
}

/// A published log.
pub(crate) struct Published {
    dir: TempDir,
    pub(crate) checkpoint: Checkpoint,
    pub(crate) leaves: Vec<Hash>,
}

impl Published {
    /// Publishes these entries under the log's key, without the key beside them.
    pub(crate) fn of<E: AsRef<str>>(entries: &[E]) -> Self {
        let dir = TempDir::new().unwrap();
        let (mut edge, mut files) = (TileEdge::new(), BTreeMap::new());
        let leaves: Vec<Hash> =
            entries.iter().map(|entry| leaf_hash(entry.as_ref().as_bytes())).collect();
        let mut tiles: Vec<_> = leaves.iter().flat_map(|leaf| edge.push(*leaf)).collect();
        tiles.extend(edge.partials());
        for each in tiles {
            files.insert(each.tile.path(), tile::encode(&each.hashes));
        }
        let size = entries.len() as u64;
        for place in Bundle::all(size) {
            let first = place.first_entry() as usize;
            let held = &entries[first..first + usize::from(place.width())];
            let held: Vec<&[u8]> = held.iter().map(|entry| entry.as_ref().as_bytes()).collect();
            files.insert(place.path(), bundle::encode(&held).unwrap());
        }
        let origin = log_key().name().clone();
        let checkpoint = Checkpoint { origin, size, root: edge.root() };
        files.insert("checkpoint".to_owned(), checkpoint.sign(&log_key()).into_bytes());
        for (path, bytes) in files {
            let path = dir.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        Self { dir, checkpoint, leaves }
    }

    /// An ordinary log of this size.
    pub(crate) fn sized(size: u64) -> Self {
        Self::of(&ordinary(size))
    }

    pub(crate) fn dir(&self) -> &str {
        self.dir.path().to_str().unwrap()
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.dir.path().join(path)
    }

    pub(crate) fn read(&self, path: &str) -> Vec<u8> {
        fs::read(self.path(path)).unwrap()
    }

    pub(crate) fn write(&self, path: &str, bytes: &[u8]) {
        fs::write(self.path(path), bytes).unwrap();
    }

    /// Every file of the log, by its path in the folder.
    pub(crate) fn files(&self) -> Vec<String> {
        let mut files = Vec::new();
        let mut folders = vec![self.dir.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for each in fs::read_dir(folder).unwrap() {
                let path = each.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let path = path.strip_prefix(self.dir.path()).unwrap();
                    files.push(path.to_str().unwrap().to_owned());
                }
            }
        }
        files.sort_unstable();
        files
    }

    /// What the program says of the log, with the right key and these further arguments.
    pub(crate) fn check(&self, more: &[&str]) -> Answer {
        let vkey = log_key().vkey();
        verify(&[&["log", self.dir(), "--vkey", &vkey], more].concat())
    }
}
