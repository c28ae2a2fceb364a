//! Measures how long `portreeve up` takes to serve after a million entries of budgeted calls: with
//! no snapshot of the counters, with one that lacks the last minute, and with a whole one. The
//! program itself starts each time; the log is written by its own writer, under the home's keys.
//!
//! `cargo build --release -p portreeve`, then
//! `cargo run --release -p portreeve --example recovery -- target/release/portreeve HOME [CALLS]`;
//! HOME must not exist.
#![expect(clippy::print_stdout, reason = "a measurement prints what it measured")]
#![expect(clippy::disallowed_methods, reason = "a measurement reads the machine's clock")]

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::Context as _;
use ledger::read::Reader;
use ledger::{DecisionLog, FactKeys, LogHome, Settings};
use model::{
    Amounts, Ask, Attempt, Case, CharterInForce, Clock, CounterKey, DecisionId, DecisionRecord,
    Dialect, Digest, Effect, Ended, Measure, Operation, Outcome, OutcomeDue, Per, PolicyRef, Proof,
    Recordable, Subject, TargetRecord, Timestamp, Usage, VerdictRecord,
};
use quota::{Counters, Limit};
use tlog::LogKey;
use zeroize::Zeroizing;

/// Calls of the long log; each is a decision and an outcome.
const CALLS: u64 = 500_000;
/// Calls after the snapshot: a minute at 200 a second.
const LATE: u64 = 12_000;
/// Agents, each with counters of its own.
const AGENTS: u64 = 1_000;
/// Callers at once while the log is written.
const CALLERS: u64 = 1_024;
/// The last words of what `portreeve up` prints.
const SERVES: &str = "Stop with Ctrl-C";
const BOUND: Amounts = Amounts { requests: 1, tokens: 4_431, nano_usd: 61_000_000 };
const USED: Amounts = Amounts { requests: 1, tokens: 812, nano_usd: 9_300_000 };

#[derive(Debug)]
struct MachineClock;

struct Permit {
    record: DecisionRecord,
}

impl Clock for MachineClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

impl Recordable for Permit {
    fn record(&self) -> DecisionRecord {
        self.record.clone()
    }

    fn facts(&self) -> &[u8] {
        &[b'x'; 600]
    }

    fn outcome_due(&self) -> OutcomeDue {
        OutcomeDue::Yes
    }
}

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let program = PathBuf::from(arguments.next().context("give the program to measure")?);
    let home = PathBuf::from(arguments.next().context("give a folder that does not exist")?);
    let calls = arguments.next().map_or(Ok(CALLS), |text| text.parse())?;
    anyhow::ensure!(!home.exists(), "{} exists already", home.display());
    let start = |what: &str| -> anyhow::Result<()> {
        let (child, took) = serve(&program, &home)?;
        let (wall, worked) = (took.as_secs_f64(), worked(child.id())?);
        println!("{what:<40} {wall:>7.2} s until it serves, {worked:>6.2} s of a processor");
        stop(child)
    };
    start("a first start, which makes the home")?;
    start("a start over an empty log")?;
    let wrote = Instant::now();
    write(&home, calls)?;
    println!("({} entries written in {:.0} s)", 2 * calls, wrote.elapsed().as_secs_f64());
    start("after all of them, no snapshot")?;
    write(&home, LATE)?;
    start(&format!("{} entries after the snapshot", 2 * LATE))?;
    start("a snapshot of everything")
}

/// Starts the program and waits until it serves.
fn serve(program: &Path, home: &Path) -> anyhow::Result<(Child, Duration)> {
    let begun = Instant::now();
    let mut child = Command::new(program)
        .args(["up", "--listen", "127.0.0.1:0"])
        .env("PORTREEVE_HOME", home)
        .stdout(Stdio::piped())
        .spawn()?;
    let out = BufReader::new(child.stdout.take().context("the program's output")?);
    for line in out.lines() {
        if line?.contains(SERVES) {
            return Ok((child, begun.elapsed()));
        }
    }
    anyhow::bail!("the program ended before it served: {}", child.wait()?)
}

/// Seconds of a processor that the process has had: on a machine that is busy, what its work takes
/// by itself.
fn worked(process: u32) -> anyhow::Result<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    let (_, rest) = stat.rsplit_once(')').context("the process's figures")?;
    // Fields 14 and 15, of which the third is the first here; Linux counts them in hundredths.
    let times = rest.split_whitespace().skip(11).take(2).map(str::parse::<f64>);
    Ok(times.sum::<Result<f64, _>>()? / 100.0)
}

/// Stops it in good order, which leaves a snapshot of everything where anything was counted.
fn stop(mut child: Child) -> anyhow::Result<()> {
    Command::new("kill").arg(child.id().to_string()).status()?;
    anyhow::ensure!(child.wait()?.success(), "the program did not end in good order");
    Ok(())
}

/// Appends so many calls to the home's decision log, as a serving process would.
fn write(home: &Path, calls: u64) -> anyhow::Result<()> {
    let key = std::fs::read_to_string(home.join("keys/log-decisions.skey"))?;
    let wrapping: [u8; 32] = std::fs::read(home.join("keys/facts.key"))?
        .try_into()
        .map_err(|_| anyhow::anyhow!("the facts' key is not 32 bytes long"))?;
    let facts = FactKeys::open(&home.join("keys/facts"), &Zeroizing::new(wrapping))?;
    let place = home.join("logs/decisions");
    let charter = Arc::new(in_force(&place)?);
    let place = LogHome::new(place);
    let settings = Settings { answer_within: Duration::from_secs(60), ..Settings::default() };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let clock = Arc::new(MachineClock);
        let key = LogKey::from_skey(key.trim())?;
        let (log, _) = DecisionLog::open(place, key, facts, clock, settings)?;
        let each = |caller: u64| (caller..calls).step_by(CALLERS as usize);
        let callers: Vec<_> = (0..CALLERS)
            .map(|caller| tokio::spawn(call(log.clone(), Arc::clone(&charter), each(caller))))
            .collect();
        for caller in callers {
            caller.await??;
        }
        log.close().await?;
        Ok(())
    })
}

/// One caller's calls: a decision that holds, and its outcome that says what is charged.
async fn call(
    log: DecisionLog,
    charter: Arc<CharterInForce>,
    numbers: impl Iterator<Item = u64>,
) -> anyhow::Result<()> {
    for number in numbers {
        let permit = permit(number, &charter)?;
        let target = permit.record.targets.first().context("a target")?.clone();
        let recorded = log.intend(permit).await.map_err(|(_, why)| why)?;
        recorded.conclude(&Outcome {
            status: Some(200),
            attempts: vec![Attempt {
                provider: target.provider,
                upstream_model: target.upstream_model,
                lease: None,
                status: Some(200),
                failure: None,
                cause: None,
                upstream_request_id: Some(format!("req_{:032x}", number)),
            }],
            usage: Some(Usage { input_tokens: 640, output_tokens: 172 }),
            charged: Some(USED),
            cost_nano_usd: Some(USED.nano_usd),
            cost_center: Some("CC-4711".to_owned()),
            output_bytes: 1_180,
            first_byte_ms: Some(310),
            ..Outcome::bare(Ended::Complete, 840)
        });
    }
    Ok(())
}

fn permit(number: u64, charter: &Arc<CharterInForce>) -> anyhow::Result<Permit> {
    let now = MachineClock.now();
    let agent = format!("agent-{}", number % AGENTS);
    let id = DecisionId::new(u64::try_from(now.millis())?, random(number));
    let policy = PolicyRef {
        id: "model/team-models".parse()?,
        effect: Effect::Permit,
        file: "policies/model/10-team.cedar".to_owned(),
        line: 3,
        line_end: 7,
        text: Digest::of(b"policy"),
        owner: "seat:policy-lead".to_owned(),
    };
    let case = case(id, now, &agent, charter)?;
    let record = DecisionRecord {
        targets: vec![TargetRecord {
            provider: "openai".parse()?,
            upstream_model: "gpt-4o-mini-2024-07-18".to_owned(),
            secret: None,
            claims: model::Claims::default(),
            policies: vec![policy],
        }],
        holds: Counters::new()
            .hold(now, BOUND, &limits(&agent)?)
            .map_err(|refused| anyhow::anyhow!("{refused:?}"))?
            .records(),
        ..case.record(VerdictRecord::permitted())
    };
    Ok(Permit { record })
}

/// The charter that the home serves under, as its log says: a start knows one from a made-up one.
fn in_force(log: &Path) -> anyhow::Result<CharterInForce> {
    let mut entries = Reader::open_own(log)?.entries(0)?.holding(&["\"charter_loaded\""]);
    let entry = entries.next().context("the log names no charter")??;
    let field = |name: &str| {
        entry.json.get("body").and_then(|body| body.get(name)).cloned().unwrap_or_default()
    };
    Ok(CharterInForce {
        digest: serde_json::from_value(field("charter"))?,
        change: serde_json::from_value(field("change"))?,
        control_index: serde_json::from_value(field("control_index"))?,
        genesis: serde_json::from_value(field("genesis"))?,
        accountable: "seat:accountable".to_owned(),
        secondary: ["seat:policy", "seat:platform", "seat:response"].map(str::to_owned),
    })
}

/// Ids of different runs differ by their time.
fn random(number: u64) -> [u8; 10] {
    let mut random = [0; 10];
    random.iter_mut().zip(number.to_le_bytes()).for_each(|(to, from)| *to = from);
    random
}

fn case(
    id: DecisionId,
    received: Timestamp,
    agent: &str,
    charter: &Arc<CharterInForce>,
) -> anyhow::Result<Case> {
    let subject = Subject {
        agent: agent.parse()?,
        proof: Proof::EmbeddedToken,
        trust_domain: "example.com".to_owned(),
        credential: Digest::of(agent.as_bytes()),
        issued: received,
        expires: received.plus_millis(300_000),
        epoch: 1,
        context: None,
    };
    let ask = Ask {
        model: Some("assistant".parse()?),
        stream: true,
        input_bytes: 2_371,
        function_tools: 3,
        ..Ask::bare(Operation::ChatCompletions, Dialect::OpenAi)
    };
    Ok(Case {
        id,
        received,
        subject: Some(subject),
        ask: Some(ask),
        agent_owner: Some("seat:owner".to_owned()),
        target_owner: Some("seat:owner".to_owned()),
        charter: Arc::clone(charter),
        context: None,
    })
}

/// Four limits: tokens of the agent's day, tokens and money of the team's month, the gateway's
/// requests in a minute.
fn limits(agent: &str) -> anyhow::Result<Vec<Limit>> {
    let limit = |quota: &str, measure, per, agent: Option<&str>| -> anyhow::Result<Limit> {
        let agent = agent.map(str::parse).transpose()?;
        let scope = Some(model::BudgetScope::Gateway);
        let key = CounterKey { quota: quota.parse()?, scope, measure, per, agent };
        Ok(Limit { key, at_most: u64::MAX, owner: "seat:finance".to_owned() })
    };
    Ok(vec![
        limit("agent-day", Measure::Tokens, Per::Day, Some(agent))?,
        limit("team-month", Measure::Tokens, Per::Month, None)?,
        limit("team-month", Measure::Money, Per::Month, None)?,
        limit("gateway-minute", Measure::Requests, Per::Minute, None)?,
    ])
}
