//! `log DIR`: recompute a published log from its entries and report what it holds.

use std::io;
use std::path::Path;

use serde_json::{Value, json};
use tlog::Checkpoint;
use tlog::walk::{self, JudgeEntry, Stopped, Walked};

use crate::Failure;
use crate::arguments::LogArguments;
use crate::entries::Sequence;
use crate::files::{read, read_if_there};
use crate::key::{self, Key};
use crate::report::{Report, plain};

/// Checks the log and says what it holds.
pub(crate) fn check(
    arguments: &LogArguments,
    watch: &mut dyn FnMut(u64, u64),
) -> Result<Report, Failure> {
    let key = key::for_log(&arguments.dir, arguments.vkey.as_deref())?;
    let checkpoint = open_checkpoint(&arguments.dir, &key)?;
    let seen: Result<Vec<_>, _> = arguments.seen.iter().map(|file| open_seen(file, &key)).collect();
    let seen = seen?;
    let mut sequence = Sequence::default();
    let mut judge = |index: u64, entry: &[u8]| {
        watch(index, checkpoint.size);
        sequence.take(index, entry)
    };
    let walked = walk_folder(&arguments.dir, &checkpoint, &seen, &mut judge)?;
    let mut report = Report::default();
    describe_tree(&mut report, &key, &checkpoint, walked);
    describe_seen(&mut report, &seen);
    describe_entries(&mut report, &sequence);
    report.line("verdict", "intact");
    Ok(report)
}

/// The log's checkpoint, signed by this key.
pub(crate) fn open_checkpoint(dir: &Path, key: &Key) -> Result<Checkpoint, Failure> {
    open_note(&dir.join("checkpoint"), key, "the checkpoint is not text")
}

/// A checkpoint kept from earlier, signed by this key.
fn open_seen(file: &Path, key: &Key) -> Result<Checkpoint, Failure> {
    match open_note(file, key, "not text") {
        Err(Failure::Finding(sentence)) => {
            Err(Failure::Finding(format!("{}: {sentence}", file.display())))
        }
        other => other,
    }
}

fn open_note(file: &Path, key: &Key, not_text: &str) -> Result<Checkpoint, Failure> {
    let finding = |sentence: String| Failure::Finding(sentence);
    let note = String::from_utf8(read(file)?).map_err(|_| finding(not_text.to_owned()))?;
    walk::open(&note, &key.verifier).map_err(|found| finding(found.to_string()))
}

/// Walks the log in a folder.
pub(crate) fn walk_folder(
    dir: &Path,
    checkpoint: &Checkpoint,
    seen: &[Checkpoint],
    judge: &mut JudgeEntry<'_>,
) -> Result<Walked, Failure> {
    let mut fetch = |path: &str| read_if_there(&dir.join(path));
    walk::walk(checkpoint, seen, &mut fetch, judge).map_err(|stopped: Stopped<io::Error>| {
        match stopped {
            Stopped::Found(finding) => Failure::Finding(finding.to_string()),
            unreadable @ Stopped::Unreadable { .. } => Failure::Unreadable(unreadable.to_string()),
        }
    })
}

/// Says which tree was checked, and with which key.
pub(crate) fn describe_tree(
    report: &mut Report,
    key: &Key,
    checkpoint: &Checkpoint,
    walked: Walked,
) {
    let Checkpoint { origin, size, root } = checkpoint;
    let root = tlog::base64(root);
    report.warn(key.source.warning());
    report.line("log", origin.as_str());
    report.line("key", format!("{} ({})", key.verifier, key.source.as_str()));
    report.line("checkpoint", format!("{size} entries, root {root}"));
    let Walked { bundles, tiles, .. } = walked;
    report.line("entries", format!("{size} in {bundles} bundles give the signed root"));
    report.line("tiles", format!("{tiles} agree with the entries"));
    report.field("origin", origin.as_str());
    report.field("key", json!({ "id": key.verifier.to_string(), "source": key.source.as_str() }));
    report.field("size", *size);
    report.field("root", root);
    report.field("bundles", bundles);
    report.field("tiles", tiles);
}

fn describe_seen(report: &mut Report, seen: &[Checkpoint]) {
    let sizes: Vec<u64> = seen.iter().map(|earlier| earlier.size).collect();
    for size in &sizes {
        report.line("seen", format!("checkpoint {size} from earlier is a beginning of this log"));
    }
    report.field("seen", sizes);
}

fn describe_entries(report: &mut Report, sequence: &Sequence) {
    let types: Vec<String> =
        sequence.types().iter().map(|(kind, count)| format!("{} {count}", plain(kind))).collect();
    report.line("types", types.join(", "));
    let (epochs, unclean) = (sequence.epochs(), sequence.unclean());
    report.line("epochs", format!("{epochs}, {unclean} of them not ended in good order"));
    if let Some((first, latest)) = sequence.span() {
        report.line("time", format!("{first} to {latest}"));
        report.field("first", first.to_string());
        report.field("latest", latest.to_string());
    }
    let pairing = sequence.pairing();
    let (due, ended, open, stray) = (pairing.due, pairing.ended, pairing.open(), pairing.stray);
    report.line(
        "outcomes",
        format!("{ended} of {due} due; {open} decisions have none, {stray} stray"),
    );
    let named: Vec<Value> =
        pairing.open_named().map(|(index, id)| json!({ "id": id, "index": index })).collect();
    for (index, id) in pairing.open_named() {
        report.line("", format!("no outcome: decision {}, entry {index}", plain(id)));
    }
    report.field("types", json!(sequence.types()));
    report.field("epochs", json!({ "count": epochs, "unclean": unclean }));
    report.field("outcomes", json!({ "due": due, "ended": ended, "open": open, "stray": stray }));
    report.field("open", named);
}
