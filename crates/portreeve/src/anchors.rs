//! What the two logs and the home say of each other: a log that was removed, replaced or put
//! back from an older copy shows here, as long as not all of them were.
//!
//! It reads and compares; it mends nothing.

use std::path::Path;

use anyhow::{Context as _, Result};
use ledger::read::Reader;
use ledger::verify::Passed;
use ledger::{Entry, EntryKind};
use model::{ChangeId, Digest};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tlog::{Checkpoint, LogVerifier};

use crate::begun::Begun;
use crate::exit::Failure;
use crate::home::{Home, read_file, write_new};

/// How many of the newest decision entries a start looks at; `ledger verify` looks at all.
const START_LOOKS_BACK: u64 = 4_096;

/// What stands in the home beside the logs: which control log began it.
#[derive(Debug, Serialize, Deserialize)]
struct Mark {
    /// The control log's verifier key.
    control_log: String,
}

/// How much of the decision log is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// The newest entries: at a start.
    Newest,
    /// Every entry.
    Whole,
}

/// Refuses to begin a gateway where one was begun before and its control log is gone.
pub(crate) fn refuse_lost_control(home: &Home) -> Result<()> {
    if !home.mark().is_file() && !home.decision_log().is_dir() {
        return Ok(());
    }
    let text = format!(
        "a gateway was begun in {root} before, but its control log has no genesis entry: restore \
         {log} from a backup, or begin another gateway in another --home",
        root = home.root().display(),
        log = home.control_log().display()
    );
    Err(Failure::unavailable(text).into())
}

/// Marks the home as begun, where it is not.
pub(crate) fn mark(home: &Home) -> Result<()> {
    if home.mark().is_file() {
        return Ok(());
    }
    let control =
        Reader::open_own(&home.control_log()).context("the control log cannot be read")?;
    let mark = Mark { control_log: control.verifier().vkey() };
    write_new(&home.mark(), &serde_json::to_vec_pretty(&mark)?)?;
    Ok(())
}

/// The verifier keys the two logs must have: the home's mark names the control log's, genesis
/// the decision log's.
pub(crate) fn expected_keys(home: &Home, begun: &Begun) -> Result<[Option<String>; 2]> {
    let mark = read_file(&home.mark())?;
    let control = mark.and_then(|bytes| serde_json::from_slice::<Mark>(&bytes).ok());
    let decisions = begun.state.genesis.decision_log.clone();
    Ok([control.map(|mark| mark.control_log), Some(decisions)])
}

/// Checkpoints of the decision log that the control log holds.
pub(crate) fn anchored(home: &Home, begun: &Begun) -> Result<Vec<Checkpoint>> {
    let verifier = LogVerifier::from_vkey(&begun.state.genesis.decision_log)
        .context("the genesis entry names no verifier key of a decision log")?;
    let control =
        Reader::open_own(&home.control_log()).context("the control log cannot be read")?;
    let mut anchors = Vec::new();
    for entry in control.entries(0).context("the control log cannot be read")? {
        let entry = entry.context("the control log cannot be read")?;
        let note = entry.json.pointer("/body/note").and_then(Value::as_str);
        if let (EntryKind::Checkpoint, Some(note)) = (entry.kind, note) {
            anchors.extend(Checkpoint::open(note, &verifier).ok());
        }
    }
    Ok(anchors)
}

/// What the logs and the home say of each other that cannot all be true, one sentence each.
pub(crate) fn findings(home: &Home, begun: &Begun, extent: Extent) -> Result<Vec<String>> {
    let mut findings = Vec::new();
    let dirs = [home.control_log(), home.decision_log()];
    for (dir, expected) in dirs.iter().zip(expected_keys(home, begun)?) {
        findings.extend(key_finding(dir, expected.as_deref()));
    }
    let anchors = anchored(home, begun)?;
    let longest = anchors.iter().map(|checkpoint| checkpoint.size).max().unwrap_or(0);
    match Reader::open_own(&home.decision_log()) {
        Ok(decisions) => findings.extend(decision_finding(&decisions, begun, longest, extent)?),
        Err(_) if longest > 0 || home.mark().is_file() => findings.push(format!(
            "the decision log is missing: the control log holds a checkpoint of it with {longest} \
             entries"
        )),
        Err(_) => {}
    }
    Ok(findings)
}

fn key_finding(dir: &Path, expected: Option<&str>) -> Option<String> {
    let found = Reader::open_own(dir).ok()?.verifier().vkey();
    (expected? != found).then(|| format!("{} is another gateway's log", dir.display()))
}

/// Whether the decision log is shorter than its anchors, or knows changes the control log lacks.
fn decision_finding(
    decisions: &Reader,
    begun: &Begun,
    longest: u64,
    extent: Extent,
) -> Result<Option<String>> {
    let published = decisions.checkpoint()?.map_or(0, |checkpoint| checkpoint.size);
    let from = match extent {
        Extent::Whole => 0,
        Extent::Newest => published.saturating_sub(START_LOOKS_BACK),
    };
    let mut size = from;
    for entry in decisions.entries(from)? {
        let entry = entry.context("the decision log cannot be read")?;
        size = entry.index + 1;
        if let Some((charter, change)) = charter_of(&entry)
            && !is_known(begun, charter, change)
        {
            return Ok(Some(unknown_change(entry.index, change)));
        }
    }
    Ok((size < longest).then(|| {
        format!(
            "the decision log has {size} entries, but the control log holds a checkpoint of it \
             with {longest}: it was cut back or replaced"
        )
    }))
}

/// Charters that the entries of the decision log name, as a check of the log passes them.
pub(crate) struct Cited<'a> {
    begun: &'a Begun,
    /// The charter named last: most entries name the same one.
    last: String,
    unknown: Option<String>,
}

impl<'a> Cited<'a> {
    pub(crate) const fn new(begun: &'a Begun) -> Self {
        Self { begun, last: String::new(), unknown: None }
    }

    /// Takes note of what one entry names.
    pub(crate) fn take(&mut self, passed: &Passed<'_>) {
        let Some(cites) = passed.cites.filter(|cites| *cites != self.last) else { return };
        cites.clone_into(&mut self.last);
        let cited = serde_json::from_str(cites).ok();
        let cited = cited.and_then(|cited: Value| charter_in(&cited, passed.kind));
        if let Some((charter, change)) = cited
            && self.unknown.is_none()
            && !is_known(self.begun, charter, change)
        {
            self.unknown = Some(unknown_change(passed.index, change));
        }
    }

    /// What was named that the control log does not know: the first.
    pub(crate) fn finding(self) -> Option<String> {
        self.unknown
    }
}

fn is_known(begun: &Begun, charter: Digest, change: ChangeId) -> bool {
    begun.state.changes().iter().any(|known| known.charter == charter && known.change == change)
}

fn unknown_change(index: u64, change: ChangeId) -> String {
    format!(
        "decision log entry {index} was made under change {change}, which the control log does not \
         know: the control log was cut back or replaced"
    )
}

/// The charter and change an entry of the decision log names.
fn charter_of(entry: &Entry) -> Option<(Digest, ChangeId)> {
    let field = match entry.kind {
        EntryKind::Decision => "charter",
        EntryKind::CharterLoaded => "body",
        EntryKind::Outcome
        | EntryKind::RefusalsOpened
        | EntryKind::RefusalsClosed
        | EntryKind::EpochStart
        | EntryKind::EpochStop
        | EntryKind::Heartbeat
        | EntryKind::Genesis
        | EntryKind::Act
        | EntryKind::CharterApplied
        | EntryKind::Checkpoint => return None,
    };
    charter_in(entry.json.get(field)?, entry.kind)
}

/// The charter and change in what an entry of this kind says of its charter.
fn charter_in(cited: &Value, kind: EntryKind) -> Option<(Digest, ChangeId)> {
    let digest = if kind == EntryKind::CharterLoaded { "charter" } else { "digest" };
    let text = |field| cited.get(field).and_then(Value::as_str);
    Some((text(digest)?.parse().ok()?, text("change")?.parse().ok()?))
}
