//! `log DIR`: recompute a published log from its entries and report what it holds.

use std::io;
use std::path::Path;

use serde_json::{Value, json};
use tlog::Checkpoint;
use tlog::walk::{self, JudgeEntry, Stopped, Walked};

use crate::Failure;
use crate::arguments::LogArguments;
use crate::entries::Sequence;
use crate::files::{read_if_there, read_text};
use crate::key::{self, Key};
use crate::report::Report;

/// Checks the log and says what it holds.
pub(crate) fn check(arguments: &LogArguments) -> Result<Report, Failure> {
    let key = key::for_log(&arguments.dir, arguments.vkey.as_deref())?;
    let checkpoint = open_checkpoint(&arguments.dir, &key)?;
    let mut seen = Vec::new();
    for file in &arguments.seen {
        let note = read_text(file)?;
        let earlier = walk::open(&note, &key.verifier)
            .map_err(|finding| Failure::Finding(format!("{}: {finding}", file.display())))?;
        seen.push(earlier);
    }
    let mut sequence = Sequence::default();
    let mut judge = |index: u64, entry: &[u8]| sequence.take(index, entry);
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
    let note = read_text(&dir.join("checkpoint"))?;
    walk::open(&note, &key.verifier).map_err(|finding| Failure::Finding(finding.to_string()))
}

/// Walks the log in a folder.
pub(crate) fn walk_folder(
    dir: &Path,
    checkpoint: &Checkpoint,
    seen: &[Checkpoint],
    judge: &mut JudgeEntry<'_>,
) -> Result<Walked, Failure> {
    let mut read = |path: &str| read_if_there(&dir.join(path));
    walk::walk(checkpoint, seen, &mut read, judge).map_err(|stopped: Stopped<io::Error>| {
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
        sequence.types().iter().map(|(kind, count)| format!("{kind} {count}")).collect();
    report.line("types", types.join(", "));
    report.line("epochs", sequence.epochs().to_string());
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
        pairing.open_named().map(|(id, index)| json!({ "id": id, "index": index })).collect();
    for (id, index) in pairing.open_named() {
        report.line("", format!("no outcome: decision {id}, entry {index}"));
    }
    report.field("types", json!(sequence.types()));
    report.field("epochs", sequence.epochs());
    report.field("outcomes", json!({ "due": due, "ended": ended, "open": open, "stray": stray }));
    report.field("open", named);
}
