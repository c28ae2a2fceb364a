//! Makes a long log quickly, for whoever measures or tests what reads one.
//!
//! `cargo run --release -p ledger --example make_log -- DIR ENTRIES [SKEY [AT]...]` lets the log in
//! DIR grow to ENTRIES entries, publishes and closes it. A log that holds a decision is continued
//! with more of its like; a new one is begun with a decision made up here. SKEY is a file with the
//! log's private key; without it a new key is drawn into `DIR.skey`. At each size AT on the way
//! the log is published, and its checkpoint kept as `DIR.AT.checkpoint`.
#![expect(clippy::print_stdout, reason = "it says what it made")]
#![expect(clippy::disallowed_methods, reason = "it reads the machine's clock")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Context as _;
use ledger::read::Reader;
use ledger::{DecisionLog, EntryKind, FactKeys, LogHome, Recorded, Settings};
use model::{
    ChangeId, CharterRecord, Clock, DecisionId, DecisionRecord, Digest, Ended, Outcome, OutcomeDue,
    Recordable, Timestamp, VerdictRecord,
};
use tlog::LogKey;
use zeroize::Zeroizing;

/// Decisions under way together.
const TOGETHER: u64 = 256;

#[derive(Debug)]
struct MachineClock;

impl Clock for MachineClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

/// A decision like another, with an id and a time of its own.
struct Like(Arc<DecisionRecord>, DecisionId, Timestamp, OutcomeDue);

impl Recordable for Like {
    fn record(&self) -> DecisionRecord {
        DecisionRecord { id: self.1, received: self.2, ..(*self.0).clone() }
    }

    fn facts(&self) -> &[u8] {
        &[]
    }

    fn outcome_due(&self) -> OutcomeDue {
        self.3
    }
}

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let dir = PathBuf::from(arguments.next().context("give the log's folder")?);
    let size: u64 = arguments.next().context("give the number of entries")?.parse()?;
    let key = key(&dir, arguments.next().map(PathBuf::from))?;
    let mut stops = arguments.map(|at| at.parse()).collect::<Result<Vec<u64>, _>>()?;
    stops.retain(|at| *at < size);
    stops.sort_unstable();
    let like = Arc::new(newest_decision(&dir)?.map_or_else(made_up, Ok)?);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(grow(&dir, key, like, (size, &stops)))?;
    println!("{size} entries in {}", dir.display());
    Ok(())
}

/// The log's key: from its file, or drawn into one.
fn key(dir: &Path, file: Option<PathBuf>) -> anyhow::Result<LogKey> {
    if let Some(file) = file {
        return Ok(LogKey::from_skey(std::fs::read_to_string(file)?.trim())?);
    }
    let mut seed = Zeroizing::new([0; 32]);
    aws_lc_rs::rand::fill(seed.as_mut_slice())?;
    let key = LogKey::generate("example.com/decisions".parse()?, *seed);
    std::fs::write(dir.with_extension("skey"), key.skey().as_bytes())?;
    Ok(key)
}

fn newest_decision(dir: &Path) -> anyhow::Result<Option<DecisionRecord>> {
    let Ok(reader) = Reader::open_own(dir) else { return Ok(None) };
    let mut newest = None;
    for entry in reader.entries(0)? {
        let entry = entry?;
        if entry.kind == EntryKind::Decision {
            newest = Some(serde_json::from_value(entry.json)?);
        }
    }
    Ok(newest)
}

fn made_up() -> anyhow::Result<DecisionRecord> {
    Ok(DecisionRecord {
        id: DecisionId::new(0, [0; 10]),
        received: Timestamp::from_millis(0),
        subject: None,
        ask: None,
        verdict: VerdictRecord::permitted(),
        targets: Vec::new(),
        withheld: Vec::new(),
        holds: Vec::new(),
        context: None,
        agent_owner: Some("seat:owner".to_owned()),
        target_owner: Some("seat:owner".to_owned()),
        charter: CharterRecord {
            digest: Digest::of(b"charter"),
            change: ChangeId::new(1, [1; 10]),
            control_index: 2,
            genesis: false,
            accountable: "seat:accountable".to_owned(),
            secondary: ["seat:policy", "seat:platform", "seat:response"].map(str::to_owned),
        },
    })
}

async fn grow(
    dir: &Path,
    key: LogKey,
    like: Arc<DecisionRecord>,
    (size, stops): (u64, &[u64]),
) -> anyhow::Result<()> {
    let facts = FactKeys::open(&dir.with_extension("facts"), &Zeroizing::new([9; 32]))?;
    // No heartbeats, so that the number of entries is exact.
    let settings = Settings {
        heartbeat_every: None,
        answer_within: Duration::from_mins(1),
        close_within: Duration::from_hours(1),
        ..Settings::default()
    };
    let place = LogHome::new(dir);
    let (log, _) = DecisionLog::open(place, key, facts, Arc::new(MachineClock), settings)?;
    for stop in stops {
        fill(&log, &like, *stop).await?;
        log.publish().await?;
        let kept = format!("{}.{stop}.checkpoint", dir.display());
        std::fs::copy(dir.join("checkpoint"), kept)?;
    }
    // The end of the epoch is an entry, too.
    fill(&log, &like, size.checked_sub(1).context("a log has at least one entry")?).await?;
    log.close().await?;
    Ok(())
}

/// Lets the log grow to `size` entries: pairs, and one refusal where the number is odd.
async fn fill(log: &DecisionLog, like: &Arc<DecisionRecord>, size: u64) -> anyhow::Result<()> {
    loop {
        log.tick().await?;
        let missing = size.checked_sub(log.status().size).context("the log is longer already")?;
        if missing == 0 {
            return Ok(());
        }
        let (pairs, single) = ((missing / 2).min(TOGETHER), missing == 1);
        let due = if single { OutcomeDue::No } else { OutcomeDue::Yes };
        let first = log.status().size;
        let tasks: Vec<_> = (0..pairs + u64::from(single))
            .map(|each| tokio::spawn(record(log.clone(), Arc::clone(like), first + each, due)))
            .collect();
        for task in tasks {
            let outcome = Outcome {
                status: Some(200),
                output_bytes: 1_234,
                first_byte_ms: Some(12),
                ..Outcome::bare(Ended::Complete, 30)
            };
            task.await??.conclude(&outcome);
        }
    }
}

async fn record(
    log: DecisionLog,
    like: Arc<DecisionRecord>,
    number: u64,
    due: OutcomeDue,
) -> anyhow::Result<Recorded<Like>> {
    let now = MachineClock.now();
    let mut random = [0; 10];
    for (to, from) in random.iter_mut().skip(2).zip(number.to_be_bytes()) {
        *to = from;
    }
    let id = DecisionId::new(u64::try_from(now.millis())?, random);
    Ok(log.intend(Like(like, id, now, due)).await.map_err(|(_, why)| why)?)
}
