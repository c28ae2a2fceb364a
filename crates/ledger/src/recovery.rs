//! Opening a log: the lock, the WAL, what the last epoch left undone, the threads.
//!
//! Everything here runs at every start; a start after a crash differs only in what it finds.

use std::collections::{BTreeMap, VecDeque};
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use model::{Clock, DecisionId, Timestamp};
use serde_json::{Value, json};
use tlog::LogKey;

use crate::disk::Disk;
use crate::engine::{Engine, Shared};
use crate::entry::{Draft, Entry, EntryKind};
use crate::facts::FactKeys;
use crate::faults::Step;
use crate::published::{Published, PublishedError};
use crate::publisher::Publisher;
use crate::read::{ReadError, Reader};
use crate::settings::{LogHome, Settings};
use crate::status::Unavailable;
use crate::wal::{self, WalError, WalPlace};
use crate::writer::{Counters, Writer, interrupted};

/// How far back the first look for the last heartbeat reaches, in entries.
const LOOK_BACK: u64 = 1024;

/// What opening a log found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovered {
    /// The epoch that begins now, from 1.
    pub epoch: u64,
    /// Entries that were there.
    pub entries: u64,
    /// Those that the checkpoint covers.
    pub published: u64,
    /// The epoch before this one; none in a new log.
    pub previous: Option<PreviousEpoch>,
    /// Decisions without an outcome. Each has got the outcome `interrupted`, which names the
    /// epoch that lost it.
    pub unpaired: Vec<DecisionId>,
    /// Bytes of a torn tail that were cut from the WAL. Nobody was told of what they held.
    pub cut_bytes: u64,
}

/// How the epoch before ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PreviousEpoch {
    /// Its number.
    pub epoch: u64,
    /// The index of its last entry.
    pub last_seq: u64,
    /// Whether it ended in good order.
    pub clean: bool,
}

/// Why a log cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process, or another handle in this one, writes this log.
    #[error("{} is being written by somebody else; only one gateway may serve a log", .0.display())]
    Locked(PathBuf),
    /// The log was begun with another key.
    #[error(
        "{} names another key than the one given ({given}); a log keeps its key, so give the \
         right one or begin a new log under a new name",
        path.display()
    )]
    OtherKey {
        /// The log's key file.
        path: PathBuf,
        /// The key given, in public form.
        given: String,
    },
    /// A file operation failed.
    #[error("cannot prepare {}", path.display())]
    Io {
        /// On which file.
        path: PathBuf,
        /// How it failed.
        source: std::io::Error,
    },
    /// The WAL is damaged or cannot be read.
    #[error(transparent)]
    Wal(#[from] WalError),
    /// The published part is damaged or cannot be read.
    #[error(transparent)]
    Published(#[from] PublishedError),
    /// The right edge of the published part does not hold together.
    #[error("the published log in {} cannot be continued: {why}", dir.display())]
    Edge {
        /// The log's directory.
        dir: PathBuf,
        /// Why.
        why: String,
    },
    /// The last entries cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The first entry of this epoch could not be written.
    #[error("the epoch's first entry could not be written: {0}")]
    Start(Unavailable),
}

/// Everything that opening a log takes.
pub(crate) struct Opening {
    pub(crate) home: LogHome,
    pub(crate) key: LogKey,
    pub(crate) facts: Option<FactKeys>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) settings: Settings,
}

/// What the end of the log says of the epoch before.
#[derive(Default)]
struct History {
    last: Option<Last>,
    /// Decisions without an outcome, by index.
    open: BTreeMap<u64, Open>,
}

#[derive(Clone, Copy)]
struct Last {
    index: u64,
    epoch: u64,
    kind: EntryKind,
    ts: Timestamp,
}

struct Open {
    id: DecisionId,
    epoch: u64,
    received: Option<Timestamp>,
}

impl Opening {
    pub(crate) fn open(self) -> Result<(Engine, Recovered), OpenError> {
        let Self { home, key, facts, clock, settings } = self;
        let disk = Disk::new(settings.faults.clone());
        let dir = home.dir;
        let lock = prepare(&disk, &dir)?;
        let origin = key.name().as_str().to_owned();
        let new = check_key(&dir, &key)?;
        let checkpoint = Published::new(&dir).checkpoint(&key.verifier())?;
        let published = checkpoint.as_ref().map_or(0, |checkpoint| checkpoint.size);
        let place = WalPlace {
            disk: disk.clone(),
            dir: dir.join("wal"),
            origin: origin.clone(),
            segment_bytes: settings.segment_bytes,
        };
        let fresh = new && checkpoint.is_none() && !dir.join("tile/entries").exists();
        let (wal, tail) = wal::recover(place, published, fresh)?;
        write_key(&disk, &dir, &key)?;
        let history = History::read(&dir, &key.vkey(), wal.next())?;
        let recovered = history.report(wal.next(), published, tail.cut_bytes);

        let shared = Arc::new(Shared::new(origin, clock, settings, lock));
        let key = Arc::new(key);
        let publisher = Publisher::open(Arc::clone(&shared), &dir, disk, Arc::clone(&key))
            .map_err(|error| OpenError::Edge { dir, why: crate::error_line(&error) })?;
        let mut writer = Writer {
            beat: (Counters::default(), shared.clock.now()),
            shared: Arc::clone(&shared),
            wal,
            key,
            facts,
            epoch: recovered.epoch,
            open: BTreeMap::new(),
            carried: VecDeque::new(),
            counted: Counters::default(),
            last_sync: std::time::Duration::ZERO,
        };
        shared.state().epoch = recovered.epoch;
        begin_epoch(&mut writer, &history, &recovered).map_err(OpenError::Start)?;
        Ok((spawn(shared, writer, publisher)?, recovered))
    }
}

/// Makes the directories and takes the lock, which says that this process alone writes the log.
fn prepare(disk: &Disk, dir: &Path) -> Result<File, OpenError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| OpenError::Io { path, source }
    };
    for part in ["wal", "tile", "payloads", "ids"] {
        let part = dir.join(part);
        disk.create_dirs(&part).map_err(failed(&part))?;
    }
    let parent = dir.parent().into_iter().filter(|parent| !parent.as_os_str().is_empty());
    for changed in std::iter::once(dir).chain(parent) {
        disk.sync_dir(changed).map_err(failed(changed))?;
    }
    let path = dir.join("lock");
    let lock = disk.open(Step::DirCreate, &path).map_err(failed(&path))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(OpenError::Locked(dir.to_owned())),
        Err(TryLockError::Error(source)) => Err(OpenError::Io { path, source }),
    }
}

/// Whether the log is new; an old one must have been begun with this key.
fn check_key(dir: &Path, key: &LogKey) -> Result<bool, OpenError> {
    let path = dir.join("vkey");
    match crate::published::read(&path)? {
        None => Ok(true),
        Some(bytes) if String::from_utf8_lossy(&bytes).trim() == key.vkey() => Ok(false),
        Some(_) => Err(OpenError::OtherKey { path, given: key.vkey() }),
    }
}

/// Writes the public key beside the log. It comes after the first WAL segment: a crash in
/// between leaves a log without it, which counts as new while it has no entry published.
fn write_key(disk: &Disk, dir: &Path, key: &LogKey) -> Result<(), OpenError> {
    let path = dir.join("vkey");
    let text = format!("{}\n", key.vkey());
    if crate::published::read(&path)?.is_some_and(|bytes| bytes == text.as_bytes()) {
        return Ok(());
    }
    disk.replace(Step::Vkey, &path, text.as_bytes())
        .map_err(|source| OpenError::Io { path, source })
}

/// Writes `epoch_start`, and an `interrupted` outcome for each decision without one.
///
/// A crash in between leaves some of them undone: `epoch_start` names the first decision still
/// open, so the next start finds the rest.
fn begin_epoch(
    writer: &mut Writer,
    history: &History,
    recovered: &Recovered,
) -> Result<(), Unavailable> {
    let previous = recovered.previous.map(|previous| {
        json!({
            "epoch": previous.epoch,
            "last_seq": previous.last_seq,
            "clean": previous.clean,
        })
    });
    let body = json!({
        "software": writer.shared.settings.software,
        "previous": previous,
        "open_from": history.open.keys().next(),
        "unpaired": history.open.len(),
    });
    let start = Draft::of(EntryKind::EpochStart, &body)?;
    let until = history.last.map(|last| last.ts);
    let lost = history.open.iter().map(|(index, open)| {
        // The last entry of the lost epoch is the last sign of life there was.
        let lived = until.zip(open.received).map_or(0, |(until, since)| until.millis_since(since));
        interrupted(open.id, *index, lived, open.epoch)
    });
    writer.start(start, lost.collect::<Result<_, _>>()?)
}

fn spawn(shared: Arc<Shared>, writer: Writer, publisher: Publisher) -> Result<Engine, OpenError> {
    let (queue, messages) = Engine::queue(&shared.settings);
    let weak = queue.downgrade();
    let named = |name: &str| std::thread::Builder::new().name(name.to_owned());
    let failed = |source| OpenError::Io { path: PathBuf::from("a thread"), source };
    named("ledger-writer").spawn(move || writer.run(messages)).map_err(failed)?;
    named("ledger-publisher").spawn(move || publisher.run(&weak)).map_err(failed)?;
    Ok(Engine::new(shared, queue))
}

impl History {
    /// Reads the end of a log of `size` entries: back to the last mark that says from where on
    /// decisions may lack their outcome, then forward from there.
    fn read(dir: &Path, vkey: &str, size: u64) -> Result<Self, ReadError> {
        let reader = Reader::open(dir, vkey)?;
        let mut history = Self::default();
        for entry in reader.entries(last_mark(&reader, size)?)? {
            history.take(&entry?);
        }
        Ok(history)
    }

    fn take(&mut self, entry: &Entry) {
        let Entry { index, epoch, kind, ts, .. } = *entry;
        self.last = Some(Last { index, epoch, kind, ts });
        if let Some(id) = entry.id.filter(|_| entry.outcome_due()) {
            let received = entry.json.get("received").and_then(Value::as_str);
            let received = received.and_then(|text| text.parse().ok());
            self.open.insert(index, Open { id, epoch, received });
        }
        if let Some(decision) = entry.number("decision").filter(|_| kind == EntryKind::Outcome) {
            self.open.remove(&decision);
        }
    }

    fn report(&self, entries: u64, published: u64, cut_bytes: u64) -> Recovered {
        let previous = self.last.map(|last| PreviousEpoch {
            epoch: last.epoch,
            last_seq: last.index,
            clean: last.kind == EntryKind::EpochStop,
        });
        Recovered {
            epoch: previous.map_or(1, |previous| previous.epoch + 1),
            entries,
            published,
            previous,
            unpaired: self.open.values().map(|open| open.id).collect(),
            cut_bytes,
        }
    }
}

/// From which entry on decisions may lack their outcome, as the last heartbeat or `epoch_start`
/// says. It is looked for in steps that double, so that a start is quick however long the log.
fn last_mark(reader: &Reader, size: u64) -> Result<u64, ReadError> {
    let mut back = LOOK_BACK;
    loop {
        let from = size.saturating_sub(back);
        let mut mark = None;
        for entry in reader.entries(from)? {
            let entry = entry?;
            if matches!(entry.kind, EntryKind::Heartbeat | EntryKind::EpochStart) {
                let open_from = entry.number("open_from").unwrap_or(entry.index);
                mark = Some(open_from.min(entry.index));
            }
        }
        match mark {
            Some(mark) => return Ok(mark),
            None if from == 0 => return Ok(0),
            None => back = back.saturating_mul(2),
        }
    }
}
