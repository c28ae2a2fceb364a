//! The callers: what each of them records, again and again.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ledger::{DecisionLog, FactKeys, LogHome, Settings};
use model::{
    Amounts, Attempt, Case, ChangeId, CharterInForce, Claims, Clock as _, CounterKey, DecisionId,
    DecisionRecord, Digest, Effect, Ended, HeldRecord, Measure, Outcome, OutcomeDue, Per,
    PolicyRef, Proof, Recordable, SecretRecord, SecretVersion, Subject, TargetRecord, Usage,
    VerdictRecord,
};
use tlog::LogKey;
use zeroize::Zeroizing;

use crate::Run;
use crate::machine::{MachineClock, cpu_of_threads};

/// Bytes of facts that are sealed with each decision.
const FACTS_BYTES: usize = 1_200;

/// How much is asked.
#[derive(Clone, Copy)]
pub(crate) struct Load {
    pub(crate) callers: u64,
    pub(crate) time: Duration,
}

/// What runs beside the callers and the writer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Beside {
    Nothing,
    Publisher,
}

struct Permit {
    case: Case,
    like: Arc<Like>,
}

/// What all decisions have in common.
struct Like {
    charter: Arc<CharterInForce>,
    targets: Vec<TargetRecord>,
    holds: Vec<HeldRecord>,
    facts: Vec<u8>,
    outcome: Outcome,
}

impl Recordable for Permit {
    fn record(&self) -> DecisionRecord {
        DecisionRecord {
            targets: self.like.targets.clone(),
            holds: self.like.holds.clone(),
            ..self.case.record(VerdictRecord::permitted())
        }
    }

    fn facts(&self) -> &[u8] {
        &self.like.facts
    }

    fn outcome_due(&self) -> OutcomeDue {
        OutcomeDue::Yes
    }
}

/// Runs the load against a new log in `home`.
pub(crate) async fn run(home: &Path, load: Load, beside: Beside) -> anyhow::Result<Run> {
    let key = LogKey::generate("example.com/decisions".parse()?, [7; 32]);
    let facts = FactKeys::open(&home.join("facts"), &Zeroizing::new([9; 32]))?;
    let dir = home.join("log");
    let hour = Duration::from_hours(1);
    let defaults = Settings::default();
    let settings = Settings {
        checkpoint_every: match beside {
            Beside::Nothing => hour,
            Beside::Publisher => defaults.checkpoint_every,
        },
        // A publisher that fell behind is not to fail the measurement, only to be seen in it.
        close_within: hour,
        ..defaults
    };
    let place = LogHome::new(dir.clone());
    let (log, _) = DecisionLog::open(place, key, facts, Arc::new(MachineClock), settings)?;
    let like = Arc::new(Like::new()?);
    let (before, start) = (cpu_of_threads()?, Instant::now());
    let tasks: Vec<_> = (0..load.callers)
        .map(|caller| tokio::spawn(call(log.clone(), Arc::clone(&like), caller, start + load.time)))
        .collect();
    let mut run = Run::default();
    for task in tasks {
        run.waits.extend(task.await??);
    }
    run.took = start.elapsed();
    run.cpu = cpu_of_threads()?.since(&before);
    // Each decision is followed by its outcome; those of the last moment are in the queue.
    run.entries = 2 * run.waits.len() as u64;
    if beside == Beside::Nothing {
        run.frame_bytes = usize::try_from(bytes_in(&dir.join("wal"))? / run.entries.max(1))?;
    }
    log.close().await?;
    Ok(run)
}

fn bytes_in(dir: &Path) -> anyhow::Result<u64> {
    let mut bytes = 0;
    for file in std::fs::read_dir(dir)? {
        bytes += file?.metadata()?.len();
    }
    Ok(bytes)
}

/// One caller: decision, outcome, again, until `end`.
async fn call(
    log: DecisionLog,
    like: Arc<Like>,
    caller: u64,
    end: Instant,
) -> anyhow::Result<Vec<Duration>> {
    let mut waits = Vec::new();
    for number in 0_u64.. {
        let asked = Instant::now();
        if asked >= end {
            break;
        }
        let recorded = log.intend(permit(&like, caller, number)?).await.map_err(|(_, why)| why)?;
        waits.push(asked.elapsed());
        recorded.conclude(&like.outcome);
    }
    Ok(waits)
}

impl Like {
    fn new() -> anyhow::Result<Self> {
        let charter = CharterInForce {
            digest: Digest::of(b"charter"),
            change: ChangeId::new(1, [1; 10]),
            control_index: 2,
            genesis: false,
            accountable: "seat:accountable".to_owned(),
            secondary: ["seat:policy", "seat:platform", "seat:response"].map(str::to_owned),
        };
        Ok(Self {
            charter: Arc::new(charter),
            targets: vec![target()?],
            holds: vec![hold(Measure::Requests)?, hold(Measure::Tokens)?],
            facts: vec![b'x'; FACTS_BYTES],
            outcome: outcome()?,
        })
    }
}

fn target() -> anyhow::Result<TargetRecord> {
    let secret = SecretRecord {
        name: "provider-key".parse()?,
        version: SecretVersion(3),
        owner: "seat:platform".to_owned(),
    };
    Ok(TargetRecord {
        provider: "provider".parse()?,
        upstream_model: "model-4.1-mini".to_owned(),
        secret: Some(secret),
        claims: Claims::default(),
        policies: vec![policy("model/agents-use-models")?, policy("secret/agents-use-keys")?],
    })
}

fn policy(id: &str) -> anyhow::Result<PolicyRef> {
    Ok(PolicyRef {
        id: id.parse()?,
        effect: Effect::Permit,
        file: "policies/model/demo.cedar".to_owned(),
        line: 3,
        line_end: 9,
        text: Digest::of(id.as_bytes()),
        owner: "seat:policy".to_owned(),
    })
}

fn hold(measure: Measure) -> anyhow::Result<HeldRecord> {
    let (scope, per) = (Some(model::BudgetScope::Gateway), Per::Day);
    let counter = CounterKey { quota: "team-day".parse()?, scope, measure, per, agent: None };
    Ok(HeldRecord { counter, window: MachineClock.now(), amount: 4_096 })
}

fn outcome() -> anyhow::Result<Outcome> {
    let attempt = Attempt {
        provider: "provider".parse()?,
        upstream_model: "model-4.1-mini".to_owned(),
        lease: None,
        status: Some(200),
        failure: None,
        cause: None,
        upstream_request_id: Some("req_0123456789abcdef".to_owned()),
    };
    Ok(Outcome {
        status: Some(200),
        attempts: vec![attempt],
        usage: Some(Usage::default()),
        charged: Some(Amounts { requests: 1, tokens: 321, nano_usd: 0 }),
        output_bytes: 1_234,
        first_byte_ms: Some(12),
        ..Outcome::bare(Ended::Complete, 30)
    })
}

fn permit(like: &Arc<Like>, caller: u64, number: u64) -> anyhow::Result<Permit> {
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
    let case = Case {
        id: DecisionId::new(u64::try_from(now.millis())?, random),
        received: now,
        subject: Some(subject),
        ask: None,
        agent_owner: Some("seat:owner".to_owned()),
        target_owner: Some("seat:owner".to_owned()),
        charter: Arc::clone(&like.charter),
        context: None,
    };
    Ok(Permit { case, like: Arc::clone(like) })
}
