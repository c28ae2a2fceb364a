//! What budgets have counted, found again from a snapshot and the decision log, and kept on the
//! disk as a snapshot.
//!
//! The log is the truth: a snapshot only spares reading it from its beginning. One that cannot be
//! used is told and done without. Snapshots are made of what the log says, never of the counters
//! that serve, so whatever a crash cuts short is counted once. One that somebody else made is like a
//! damaged one: it carries a code under a key of the home.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use anyhow::{Context as _, Result};
use aws_lc_rs::hmac;
use ledger::read::{Part, Parts, Reader};
use ledger::{DecisionLog, EntryKind};
use model::{Amounts, Ended, HeldRecord, Timestamp, canonical};
use quota::{Code, Counters, Replay, SetBacks, Snapshot};

use crate::home::{Home, write_new};
use crate::keys;
use crate::said::{self, Event};

/// Largest snapshot that is read, in bytes: as many counters as there may be need a third of it.
const SNAPSHOT_MAX: u64 = 1024 * 1024 * 1024;
/// What entries hold that tell of budgets: a decision that holds, an outcome that says what was
/// charged, one that says that nothing was sent, one that the next start wrote.
const MARKS: &[&str] = &["\"holds\"", "\"charged\"", "\"not_forwarded\"", "\"interrupted\""];

/// Why a snapshot can be neither read nor written.
const NO_KEY: &str = "keys/facts.key is missing, from which comes the key that proves it";

/// The members of entries that tell of budgets.
const MEMBERS: &[&str] = &["charged", "ended", "holds", "received"];

/// The clock as a fold of the log begins.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Now {
    pub(crate) at: Timestamp,
    /// Somebody says that it is right, although budgets may have counted ahead of it.
    pub(crate) is_right: bool,
}

/// The fold of the decision log, as far as it was read.
#[derive(Debug)]
pub(crate) struct Tally {
    replay: Replay,
    set_backs: SetBacks,
    entries: Parts,
    /// The log's name.
    log: String,
    /// Where snapshots are written.
    file: PathBuf,
    /// What proves that a snapshot is this gateway's own.
    key: Option<hmac::Key>,
    /// How many entries the snapshot on the disk includes; none where there is no good one.
    saved: Option<u64>,
    /// Some entry told of a budget: without that there is nothing to write.
    counts: bool,
    /// An entry could not be read: what follows it must not become a snapshot.
    spoiled: bool,
    /// The last snapshot could not be written.
    failing: bool,
}

/// A tally that a serving process keeps on the disk.
#[derive(Debug, Clone)]
pub(crate) struct Keeper {
    tally: Arc<Mutex<Tally>>,
    decisions: DecisionLog,
}

impl Tally {
    /// What the decision log of `home` says, all its `size` entries.
    pub(crate) fn of_log(home: &Home, size: u64, now: Now) -> Result<Self> {
        let dir = home.decision_log();
        let reader = Reader::open_own(&dir)?;
        let log = reader.verifier().name().to_string();
        let file = home.counters();
        let key = keys::counters(home)?;
        let (found, unusable) = match snapshot(&file, (&log, size), key.as_ref()) {
            Ok(found) => (found, None),
            Err(why) => (None, Some(why)),
        };
        let saved = found.as_ref().map(Snapshot::upto);
        let entries = entries(&reader, saved.unwrap_or(0))?;
        let replay = found.map_or_else(Replay::new, Replay::restore);
        let set_backs = replay.set_backs();
        let counts = saved.is_some();
        let (spoiled, failing) = (false, false);
        let mut tally =
            Self { replay, set_backs, entries, log, file, key, saved, counts, spoiled, failing };
        tally.catch_up()?;
        tally.tell(unusable.as_deref());
        tally.set_right(&reader, now)?;
        Ok(tally)
    }

    /// Counts what a clock that was ahead counted in windows of its own where it was used: where the
    /// log tells that the clock was right again, and where somebody says that it is right now. It
    /// is read from its beginning for that, twice: what came before bounds nothing.
    fn set_right(&mut self, reader: &Reader, now: Now) -> Result<()> {
        let is_ahead = self.replay.is_ahead_of(now.at);
        if self.set_backs.is_empty() && !is_ahead {
            return Ok(());
        }
        let mut set_backs = SetBacks::default();
        for entry in entries(reader, 0)? {
            let entry = entry?;
            if let Some((at, holds)) = held(&entry)? {
                set_backs.see(entry.index, at, &holds);
            }
        }
        if now.is_right && is_ahead {
            set_backs.say(u64::MAX, now.at);
        }
        if !set_backs.is_empty() {
            self.refold(reader, &set_backs)?;
            said::tell(
                Event::CountersSetRight,
                "budgets had counted in windows that lay in the future; what they counted there \
                 is counted where the clock was right again",
            );
        }
        if self.replay.is_ahead_of(now.at) {
            said::tell(
                Event::CountersAhead,
                "budgets count in windows that begin after the time it is now, so they do not \
                 begin anew before those end. If the clock was ahead when calls were counted \
                 there and is right now, start once with `portreeve up --clock-is-right`",
            );
        }
        Ok(())
    }

    /// Folds the whole log again, by the places where its clock was right again.
    fn refold(&mut self, reader: &Reader, set_backs: &SetBacks) -> Result<()> {
        let mut entries = entries(reader, 0)?;
        let mut replay = Replay::new();
        for entry in entries.by_ref() {
            take(&mut replay, &entry?, set_backs)?;
        }
        (self.set_backs, self.replay, self.entries) = (replay.set_backs(), replay, entries);
        // What is on the disk still counts ahead.
        self.saved = None;
        Ok(())
    }

    /// The same, where no process serves and the log's length is not known.
    pub(crate) fn of_resting_log(home: &Home, at: Timestamp) -> Result<Self> {
        let reader = Reader::open_own(&home.decision_log())?;
        let published = reader.checkpoint()?.map_or(0, |checkpoint| checkpoint.size);
        let mut rest = reader.entries(published)?;
        for entry in rest.by_ref() {
            entry?;
        }
        Self::of_log(home, rest.next_index(), Now { at, is_right: false })
    }

    /// Says that a snapshot was not used, where that made a difference.
    fn tell(&self, unusable: Option<&str>) {
        let file = self.file.display();
        match unusable {
            Some(why) => said::tell(
                Event::CountersUnused,
                &format!(
                    "{file} is not used: {why}. What budgets have counted was read from the \
                     whole decision log instead"
                ),
            ),
            None if self.saved.is_none() && self.counts => said::tell(
                Event::CountersUnused,
                &format!(
                    "{file} is not there; what budgets have counted was read from the whole \
                     decision log instead"
                ),
            ),
            None => {}
        }
    }

    /// The counters to serve with.
    pub(crate) fn counters(&self) -> Counters {
        self.replay.counters()
    }

    /// Reads what came since.
    fn catch_up(&mut self) -> Result<()> {
        for entry in self.entries.by_ref() {
            let taken = entry.map_err(anyhow::Error::from).and_then(|entry| {
                if let Some((at, holds)) = held(&entry)? {
                    self.set_backs.see(entry.index, at, &holds);
                }
                take(&mut self.replay, &entry, &SetBacks::default())
            });
            if let Err(cause) = taken {
                self.spoiled = true;
                return Err(cause);
            }
            self.counts = true;
        }
        Ok(())
    }

    /// Reads what came since and writes the snapshot, where it says anything new. `durable` says how
    /// many entries of the log would survive a power cut: a snapshot must not know more.
    fn save(&mut self, durable: impl FnOnce() -> u64) -> Result<()> {
        anyhow::ensure!(!self.spoiled, "an entry of the decision log cannot be read");
        self.catch_up().context("the decision log cannot be read")?;
        let upto = self.entries.next_index();
        if !self.counts || self.saved == Some(upto) {
            return Ok(());
        }
        let key = self.key.as_ref().context(NO_KEY)?;
        let bytes = self.replay.snapshot(&self.log, upto).to_json(|content| code(key, content))?;
        if upto > durable() {
            return Ok(());
        }
        write_new(&self.file, &bytes)?;
        self.saved = Some(upto);
        Ok(())
    }

    /// The same; tells the operator when it begins to fail, and when it works again.
    fn save_and_tell(&mut self, durable: impl FnOnce() -> u64) {
        let saved = self.save(durable);
        match &saved {
            Err(cause) if !self.failing => said::tell(
                Event::CountersUnwritten,
                &format!(
                    "the snapshot of the budgets' counters cannot be written: {cause:#}. Budgets \
                     go on counting; the next start reads more of the decision log and takes longer"
                ),
            ),
            Ok(()) if self.failing => {
                let text = "the snapshot of the budgets' counters can be written again";
                said::tell(Event::CountersWritten, text);
            }
            Ok(()) | Err(_) => {}
        }
        self.failing = saved.is_err();
    }
}

impl Keeper {
    pub(crate) fn new(tally: Tally, decisions: DecisionLog) -> Self {
        Self { tally: Arc::new(Mutex::new(tally)), decisions }
    }

    /// Brings the snapshot on the disk up to the log's end.
    pub(crate) async fn save(&self) {
        let Self { tally, decisions } = self.clone();
        let save = move || {
            // A fold that stopped half way is never written.
            if let Ok(mut tally) = tally.lock() {
                tally.save_and_tell(|| decisions.status().size);
            }
        };
        // It fails only where the runtime ends, and then the log still has everything.
        let _ = tokio::task::spawn_blocking(save).await;
    }
}

/// The authentication code of a snapshot's content.
fn code(key: &hmac::Key, content: &[u8]) -> Code {
    let mut code = Code::default();
    // HMAC-SHA-256 gives as many bytes.
    code.iter_mut().zip(hmac::sign(key, content).as_ref()).for_each(|(to, from)| *to = *from);
    code
}

/// The snapshot in `file`; none where there is none, and why where it cannot be used.
fn snapshot(
    file: &Path,
    (log, size): (&str, u64),
    key: Option<&hmac::Key>,
) -> Result<Option<Snapshot>, String> {
    let read = || {
        let found = fs::symlink_metadata(file)?;
        // A link or a device has no size that could be relied on.
        if !found.is_file() {
            return Err(io::Error::other("it is not a regular file"));
        }
        if found.len() > SNAPSHOT_MAX {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        // It may grow while it is read: what is beyond the bound is not read, and then not sound.
        let mut bytes = Vec::new();
        fs::File::open(file)?.take(SNAPSHOT_MAX).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    match read() {
        Ok(bytes) => {
            let key = key.ok_or(NO_KEY)?;
            let read = Snapshot::read(&bytes, (log, size), |content| code(key, content));
            read.map(Some).map_err(|cause| cause.to_string())
        }
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(cause) => Err(cause.to_string()),
    }
}

/// The entries that tell of budgets, from `from` on.
fn entries(reader: &Reader, from: u64) -> Result<Parts> {
    Ok(reader.entries(from)?.holding(MARKS).parts(MEMBERS))
}

/// What a decision holds, and when its request came; none of any other entry.
fn held(entry: &Part) -> Result<Option<(Timestamp, Vec<HeldRecord>)>> {
    let unreadable = || unreadable(entry);
    let holds = entry.member("holds").filter(|_| entry.kind == EntryKind::Decision);
    let Some(holds) = holds else { return Ok(None) };
    let received = entry.member("received").with_context(unreadable)?;
    let received = serde_json::from_str(received).with_context(unreadable)?;
    Ok(Some((received, serde_json::from_str(holds).with_context(unreadable)?)))
}

fn unreadable(entry: &Part) -> String {
    format!("entry {} says of budgets what cannot be read", entry.index)
}

/// Folds one entry.
fn take(replay: &mut Replay, entry: &Part, set_backs: &SetBacks) -> Result<()> {
    let Some(id) = entry.id else { return Ok(()) };
    let unreadable = || unreadable(entry);
    if let Some((_, holds)) = held(entry)? {
        replay.decision_by(id, &holds, set_backs.bound(entry.index));
    } else if entry.kind == EntryKind::Outcome {
        let charged = entry.member("charged").map(serde_json::from_str::<Amounts>).transpose();
        let charged = charged.with_context(unreadable)?;
        let ended = entry.member("ended").and_then(canonical::text);
        let sent = ended.as_deref() != Some(Ended::NotForwarded.as_str());
        replay.outcome(id, charged.or_else(|| (!sent).then(Amounts::default)));
    }
    Ok(())
}
