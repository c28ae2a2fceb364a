//! Measures what recording costs: decisions a second, and how long one caller waits, for 1 and
//! 64 callers. Each decision is followed by its outcome.
//!
//! `cargo run --release -p ledger --example throughput -- DIR [SECONDS]`; DIR should be on the
//! disk that is to be measured, and must not exist.
#![expect(clippy::print_stdout, reason = "a measurement prints what it measured")]
#![expect(clippy::disallowed_methods, reason = "a measurement reads the machine's clock")]

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::Context as _;
use ledger::{DecisionLog, FactKeys, LogHome, Settings};
use model::{
    Case, ChangeId, CharterInForce, Clock, DecisionId, DecisionRecord, Digest, Ended, Outcome,
    OutcomeDue, Proof, Recordable, Subject, Timestamp, VerdictRecord,
};
use tlog::LogKey;
use zeroize::Zeroizing;

#[derive(Debug)]
struct MachineClock;

struct Permit {
    case: Case,
    facts: Vec<u8>,
}

/// What one run came to.
struct Run {
    waits: Vec<Duration>,
    took: Duration,
}

impl Clock for MachineClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

impl Recordable for Permit {
    fn record(&self) -> DecisionRecord {
        self.case.record(VerdictRecord::permitted())
    }

    fn facts(&self) -> &[u8] {
        &self.facts
    }

    fn outcome_due(&self) -> OutcomeDue {
        OutcomeDue::Yes
    }
}

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let dir = PathBuf::from(arguments.next().context("give the folder to measure in")?);
    let seconds = arguments.next().map_or(Ok(5), |text| text.parse())?;
    anyhow::ensure!(!dir.exists(), "{} exists already", dir.display());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    println!("callers  decisions/s  p50 ms  p99 ms  p99.9 ms");
    for callers in [1, 64] {
        let home = dir.join(callers.to_string());
        let run = runtime.block_on(measure(home, callers, Duration::from_secs(seconds)))?;
        print_run(callers, run);
    }
    Ok(())
}

async fn measure(home: PathBuf, callers: usize, time: Duration) -> anyhow::Result<Run> {
    let key = LogKey::generate("example.com/decisions".parse()?, [7; 32]);
    let facts = FactKeys::open(&home.join("facts"), &Zeroizing::new([9; 32]))?;
    let place = LogHome::new(home.join("log"));
    let (log, _) =
        DecisionLog::open(place, key, facts, Arc::new(MachineClock), Settings::default())?;
    let start = Instant::now();
    let tasks: Vec<_> = (0..callers)
        .map(|caller| tokio::spawn(call(log.clone(), caller as u64, start + time)))
        .collect();
    let mut waits = Vec::new();
    for task in tasks {
        waits.extend(task.await??);
    }
    let took = start.elapsed();
    log.close().await?;
    Ok(Run { waits, took })
}

/// One caller: decision, outcome, again, until `end`.
async fn call(log: DecisionLog, caller: u64, end: Instant) -> anyhow::Result<Vec<Duration>> {
    let mut waits = Vec::new();
    for number in 0_u64.. {
        let asked = Instant::now();
        if asked >= end {
            break;
        }
        let recorded = log.intend(permit(caller, number)?).await.map_err(|(_, why)| why)?;
        waits.push(asked.elapsed());
        recorded.conclude(&Outcome::bare(Ended::Complete, 1));
    }
    Ok(waits)
}

fn permit(caller: u64, number: u64) -> anyhow::Result<Permit> {
    let now = MachineClock.now();
    let mut random = [0; 10];
    for (to, from) in
        random.iter_mut().zip(caller.to_be_bytes().iter().skip(6).chain(&number.to_be_bytes()))
    {
        *to = *from;
    }
    let subject = Subject {
        agent: "demo-agent".parse()?,
        proof: Proof::EmbeddedToken,
        trust_domain: "example.com".to_owned(),
        credential: Digest::of(b"credential"),
        issued: now,
        expires: now.plus_millis(300_000),
        epoch: 1,
        context: None,
    };
    let charter = CharterInForce {
        digest: Digest::of(b"charter"),
        change: ChangeId::new(1, [1; 10]),
        control_index: 2,
        genesis: false,
        accountable: "seat:accountable".to_owned(),
        secondary: ["seat:policy", "seat:platform", "seat:response"].map(str::to_owned),
    };
    let case = Case {
        id: DecisionId::new(u64::try_from(now.millis())?, random),
        received: now,
        subject: Some(subject),
        ask: None,
        agent_owner: Some("seat:owner".to_owned()),
        target_owner: Some("seat:owner".to_owned()),
        charter: Arc::new(charter),
        context: None,
    };
    Ok(Permit { case, facts: vec![b'x'; 600] })
}

fn print_run(callers: usize, run: Run) {
    let Run { mut waits, took } = run;
    waits.sort_unstable();
    let at = |permille: usize| {
        let position = waits.len().saturating_sub(1) * permille / 1000;
        waits.get(position).copied().unwrap_or_default().as_secs_f64() * 1000.0
    };
    let rate = waits.len() as f64 / took.as_secs_f64();
    println!("{callers:>7}  {rate:>11.0}  {:>6.2}  {:>6.2}  {:>8.2}", at(500), at(990), at(999));
}
