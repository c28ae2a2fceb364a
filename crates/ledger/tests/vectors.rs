//! `spec/vectors/ledger/*.json`, written by `generate.py` there, which shares no code with us.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on says where"
)]

mod common;

use common::Home;
use ledger::read::Reader;
use ledger::{
    DecisionLog, Entry, EntryError, EntryKind, Note, NoteKind, Recorded, Settings, canonical,
};
use model::{DecisionRecord, Outcome, OutcomeDue, Recordable, Timestamp};
use serde_json::Value;
use tlog::{Checkpoint, CompactRange, LogKey, LogVerifier, Receipt, leaf_hash};

fn vectors(name: &str) -> Value {
    let path = format!("{}/../../spec/vectors/ledger/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn each<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    value[name].as_array().unwrap().iter()
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap()
}

fn number(value: &Value, name: &str) -> usize {
    usize::try_from(value[name].as_u64().unwrap()).unwrap()
}

fn unhex(text: &str) -> Vec<u8> {
    let byte = |at| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    (0..text.len()).step_by(2).map(byte).collect()
}

/// The texts of the whole log, in order.
fn log() -> Vec<String> {
    each(&vectors("entries"), "log").map(|each| text(each, "entry").to_owned()).collect()
}

/// A text is an entry at that place, written again as it stands, and has that leaf hash.
fn taken(entry: &str, index: usize, leaf: &str) -> Entry {
    let read = Entry::parse(entry.as_bytes(), index as u64, false);
    let read = read.unwrap_or_else(|error| panic!("{entry}: {error}"));
    assert_eq!(canonical(&read.json).unwrap(), entry);
    assert_eq!(leaf_hash(entry.as_bytes()).as_slice(), unhex(leaf));
    read
}

#[test]
fn entries_leaves_and_roots_are_those_of_the_specification() {
    let vectors = vectors("entries");
    let mut tree = CompactRange::new();
    let mut kinds = Vec::new();
    for (index, (entry, root)) in each(&vectors, "log").zip(each(&vectors, "roots")).enumerate() {
        assert_eq!(tree.root().as_slice(), unhex(root.as_str().unwrap()), "before {index}");
        let read = taken(text(entry, "entry"), index, text(entry, "leaf"));
        tree.push(leaf_hash(text(entry, "entry").as_bytes()));
        kinds.push(read.kind);
    }
    let verifier = LogVerifier::from_vkey(text(&vectors, "vkey")).unwrap();
    let checkpoint = Checkpoint::open(text(&vectors, "checkpoint"), &verifier).unwrap();
    assert_eq!((checkpoint.size, checkpoint.root), (tree.size(), tree.root()));
    for other in each(&vectors, "others") {
        let read = taken(text(other, "entry"), number(other, "index"), text(other, "leaf"));
        kinds.push(read.kind);
    }
    let missing: Vec<_> = EntryKind::ALL.iter().filter(|kind| !kinds.contains(kind)).collect();
    assert!(missing.is_empty(), "no vector of {missing:?}");
}

#[test]
fn what_is_no_entry_is_refused_for_its_reason() {
    for case in each(&vectors("entries"), "refused") {
        let error = Entry::parse(text(case, "entry").as_bytes(), 3, false).unwrap_err();
        let why = match &error {
            EntryError::Malformed(what) if what.contains("version") => "version",
            EntryError::Malformed(what) if what.contains("`id`") => "id",
            EntryError::Malformed(_) => "form",
            EntryError::KindUnknown(_) => "type",
            EntryError::Misplaced { .. } => "place",
        };
        assert_eq!(why, text(case, "for"), "{}: {error}", text(case, "case"));
    }
}

/// A published log of these entries, at most as many as one bundle holds.
fn published(entries: &[String]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let bytes: Vec<&[u8]> = entries.iter().map(|entry| entry.as_bytes()).collect();
    let leaves: Vec<_> = bytes.iter().map(|entry| leaf_hash(entry)).collect();
    let mut tree = CompactRange::new();
    leaves.iter().for_each(|leaf| tree.push(*leaf));
    let width = u16::try_from(entries.len()).unwrap();
    let bundle = tlog::bundle::Bundle::new(0, width).unwrap();
    let tile = tlog::tile::Tile::new(0, 0, width).unwrap();
    let key = LogKey::generate("example.com/portreeve/decisions".parse().unwrap(), [7; 32]);
    let origin = key.name().clone();
    let checkpoint = Checkpoint { origin, size: tree.size(), root: tree.root() };
    for (path, content) in [
        (bundle.path(), tlog::bundle::encode(&bytes).unwrap()),
        (tile.path(), tlog::tile::encode(&leaves)),
        ("checkpoint".to_owned(), checkpoint.sign(&key).into_bytes()),
    ] {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
    std::fs::create_dir(folder.path().join("wal")).unwrap();
    folder
}

/// One pass over a log says which entry it does not know, and that newer software may.
#[test]
fn an_entry_of_software_to_come_is_named_and_nothing_of_it_is_guessed() {
    let vectors = vectors("entries");
    let verify = |entries: &[String]| {
        ledger::verify::verify_dir(published(entries).path(), text(&vectors, "vkey"))
    };
    let report = verify(&log()).unwrap();
    assert_eq!((report.published, report.epochs, report.decisions), (9, 2, 2));
    for (from, to, says) in [
        (
            "charter_loaded",
            "charter_unloaded",
            "its type `charter_unloaded` is unknown here; newer",
        ),
        ("\"v\":1}", "\"v\":2}", "its version is unknown here"),
    ] {
        let mut entries = log();
        entries[6] = entries[6].replace(from, to);
        let finding = verify(&entries).unwrap_err().to_string();
        assert!(finding.contains("entry 6 ") && finding.contains(says), "{finding}");
    }
}

#[test]
fn receipts_promise_the_entries_of_their_batch() {
    let vectors = vectors("receipts");
    let verifier = LogVerifier::from_vkey(text(&vectors, "vkey")).unwrap();
    let log = log();
    for (place, receipt) in each(&vectors, "receipts").enumerate() {
        let receipt = Receipt::decode(receipt.as_str().unwrap()).unwrap();
        receipt.verify(&verifier).unwrap();
        assert_eq!(receipt.index as usize, 1 + place);
        assert_eq!(receipt.leaf, leaf_hash(log[1 + place].as_bytes()));
    }
}

/// The entries that a reader finds in a folder with this segment, up to the first it cannot read.
fn found_in(segment: &[u8], name: &str, vkey: &str) -> Vec<Entry> {
    let folder = tempfile::tempdir().unwrap();
    let wal = folder.path().join("wal");
    std::fs::create_dir(&wal).unwrap();
    std::fs::write(wal.join(name), segment).unwrap();
    let reader = Reader::open(folder.path(), vkey).unwrap();
    reader.entries(0).unwrap().map_while(Result::ok).collect()
}

#[test]
fn segments_are_read_as_far_as_they_are_sound() {
    let vectors = vectors("wal");
    let log = log();
    let mut whole = unhex(text(&vectors, "header"));
    for frame in each(&vectors, "frames") {
        whole.extend_from_slice(&unhex(text(frame, "frame")));
    }
    for other in each(&vectors, "others") {
        let mut segment = whole[..number(other, "keep")].to_vec();
        segment.extend_from_slice(&unhex(text(other, "then")));
        segment.extend_from_slice(&whole[number(other, "go_on")..]);
        let found = found_in(&segment, text(&vectors, "file"), text(&vectors, "vkey"));
        assert_eq!(found.len(), number(other, "found"), "{}", text(other, "case"));
        for (entry, written) in found.iter().zip(&log) {
            assert_eq!(&canonical(&entry.json).unwrap(), written);
        }
    }
}

/// A decision as an entry of the vectors has it.
#[derive(Debug)]
struct Vector(DecisionRecord, OutcomeDue);

impl Recordable for Vector {
    fn record(&self) -> DecisionRecord {
        self.0.clone()
    }

    fn facts(&self) -> &[u8] {
        &[]
    }

    fn outcome_due(&self) -> OutcomeDue {
        self.1
    }
}

/// Has `log` write what an entry of the vectors says, as whoever calls it would.
async fn write(log: &DecisionLog, entry: &Entry, under_way: &mut Vec<Recorded<Vector>>) {
    let json = entry.json.clone();
    let note = |kind| Note { id: entry.id.unwrap(), kind, body: json["body"].clone() };
    if entry.kind == EntryKind::Decision {
        let due = if entry.outcome_due() { OutcomeDue::Yes } else { OutcomeDue::No };
        let record = serde_json::from_value(json).unwrap();
        under_way.push(log.intend(Vector(record, due)).await.unwrap());
    } else if entry.kind == EntryKind::Outcome {
        let outcome: Outcome = serde_json::from_value(json).unwrap();
        under_way.remove(0).conclude(&outcome);
        log.tick().await.unwrap();
    } else {
        let kinds = [NoteKind::RefusalsOpened, NoteKind::RefusalsClosed, NoteKind::CharterLoaded];
        let entries =
            [EntryKind::RefusalsOpened, EntryKind::RefusalsClosed, EntryKind::CharterLoaded];
        let at = entries.iter().position(|kind| *kind == entry.kind);
        let at = at.unwrap_or_else(|| panic!("{:?} is the log's own", entry.kind));
        log.note(note(kinds[at])).await.unwrap();
    }
}

/// The whole log of the vectors, written by this software entry by entry: the same bytes.
#[tokio::test]
async fn this_software_writes_the_log_of_the_vectors() {
    let home = Home::new();
    let log: Vec<Entry> = log()
        .iter()
        .enumerate()
        .map(|(index, text)| Entry::parse(text.as_bytes(), index as u64, false).unwrap())
        .collect();
    let settings =
        |epoch: &str| Settings { software: format!("vectors {epoch}"), ..home.settings() };
    let (open, _) = home.open_with(settings("1")).unwrap();
    let mut under_way = Vec::new();
    for entry in &log[1..7] {
        home.clock.advance(entry.ts.millis() - now(&home).millis());
        write(&open, entry, &mut under_way).await;
    }
    home.clock.advance(log[7].ts.millis() - now(&home).millis());
    open.close().await.unwrap();
    home.clock.advance(log[8].ts.millis() - now(&home).millis());
    let (open, _) = home.open_with(settings("2")).unwrap();
    open.tick().await.unwrap();
    for (written, vector) in home.entries().iter().zip(&log) {
        let (written, vector) = (canonical(&written.json), canonical(&vector.json));
        assert_eq!(written.unwrap(), vector.unwrap());
    }
    assert_eq!(home.entries().len(), log.len());
    open.close().await.unwrap();
    home.verify().unwrap();
}

fn now(home: &Home) -> Timestamp {
    model::Clock::now(&*home.clock)
}
