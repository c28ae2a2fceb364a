//! Measures what a budget costs a call (hold and settle, with 1, 4 and 12 limits, from 64 threads),
//! and how long the counters take to be found again from a log of a million entries. Figures go
//! into `docs/reference/quota-figures.md`.
//!
//! `cargo run --release -p quota --example holds`

#![expect(clippy::unwrap_used, reason = "a measurement ends where something is unexpected")]
#![expect(clippy::print_stdout, reason = "a measurement prints what it measured")]
#![expect(clippy::disallowed_methods, reason = "a measurement reads the machine's clock")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use model::{AgentName, Amounts, CounterKey, DecisionId, HeldRecord, Measure, Per, Timestamp};
use quota::{Counters, Limit, Replay, Snapshot};

const THREADS: usize = 64;
const CALLS: usize = 20_000;
const AGENTS: usize = 10_000;
const ENTRIES: u64 = 1_000_000;
const NOW: Timestamp = Timestamp::from_millis(1_795_510_800_000);
const BOUND: Amounts = Amounts { requests: 1, tokens: 5000, nano_usd: 30_000_000 };
const USED: Amounts = Amounts { requests: 1, tokens: 900, nano_usd: 4_000_000 };

fn main() {
    for limits in [1, 4, 12] {
        for agents in [1, AGENTS] {
            measure_calls(limits, agents);
        }
    }
    for limits in [1, 4, 12] {
        measure_recovery(limits);
    }
}

/// The limits that apply to one agent: every measure in every window, of as many budgets as that
/// takes.
fn limits(count: usize, agent: Option<&AgentName>) -> Vec<Limit> {
    let quotas = ["agent-budget", "team-budget"];
    let shapes = quotas.iter().flat_map(|quota| {
        let pairs = Measure::ALL
            .iter()
            .flat_map(|measure| Per::ALL.iter().map(move |per| (*measure, *per)));
        pairs.map(move |(measure, per)| CounterKey {
            quota: quota.parse().unwrap(),
            scope: Some(model::BudgetScope::Gateway),
            measure,
            per,
            agent: agent.cloned(),
        })
    });
    let limit = |key| Limit { key, at_most: u64::MAX, owner: "seat:finance".to_owned() };
    shapes.take(count).map(limit).collect()
}

/// The limits of each of so many agents; one stands for a budget that all share.
fn limits_by_agent(count: usize, agents: usize) -> Vec<Vec<Limit>> {
    if agents == 1 {
        return vec![limits(count, None)];
    }
    let name = |number| -> AgentName { format!("agent-{number}").parse().unwrap() };
    (0..agents).map(|number| limits(count, Some(&name(number)))).collect()
}

/// Every thread holds and settles, over and over, and takes the time of each.
fn measure_calls(count: usize, agents: usize) {
    let counters = Counters::new();
    let by_agent = limits_by_agent(count, agents);
    let call = |limits: &[Limit]| {
        let start = Instant::now();
        black_box(counters.hold(NOW, BOUND, limits).unwrap().settle(USED));
        start.elapsed()
    };
    // Alone first: what the work is, without waiting for others.
    let mut alone: Vec<_> =
        by_agent.iter().cycle().take(CALLS).map(|limits| call(limits)).collect();
    let begun = Instant::now();
    let mut together: Vec<_> = std::thread::scope(|scope| {
        let (by_agent, call) = (&by_agent, &call);
        let calls = |thread: usize| {
            let from = thread * agents / THREADS;
            let mine = by_agent.iter().cycle().skip(from).take(CALLS);
            mine.map(|limits| call(limits)).collect::<Vec<_>>()
        };
        let threads: Vec<_> =
            (0..THREADS).map(|thread| scope.spawn(move || calls(thread))).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    let took = begun.elapsed();
    let calls = f64::from(u32::try_from(THREADS * CALLS).unwrap());
    println!(
        "{count:>2} limits, {agents:>5} agents: alone p50 {:>5.2} µs; {THREADS} threads: \
         {:>5.2} µs a call over all, p50 {:>5.2} µs, p99 {:>7.2} µs",
        micros(percentile(&mut alone, 50)),
        micros(took) / calls,
        micros(percentile(&mut together, 50)),
        micros(percentile(&mut together, 99)),
    );
}

/// A snapshot with every agent's counters, and a log of decisions and outcomes after it.
fn measure_recovery(count: usize) {
    let by_agent = limits_by_agent(count, AGENTS);
    let records: Vec<_> = by_agent.iter().map(|limits| records(limits)).collect();
    let id = |number: u64| {
        let mut random = [0; 10];
        random.iter_mut().zip(number.to_le_bytes()).for_each(|(to, from)| *to = from);
        DecisionId::new(1, random)
    };
    let mut replay = Replay::new();
    for (number, records) in (0..).zip(&records) {
        replay.decision(id(number), records);
        replay.outcome(id(number), Some(USED));
    }
    let (file, write) = timed(|| replay.snapshot("log", 0).to_json(code).unwrap());
    let (mut replay, read) =
        timed(|| Replay::restore(Snapshot::read(&file, ("log", 0), code).unwrap()));
    let ((), folded) = timed(|| {
        for (number, records) in (0..ENTRIES / 2).zip(records.iter().cycle()) {
            replay.decision(id(number), records);
            replay.outcome(id(number), Some(USED));
        }
    });
    let (_, ready) = timed(|| black_box(replay.counters()));
    println!(
        "{count:>2} limits of {AGENTS} agents: snapshot of {:.1} MB written in {:.0} ms, read in \
         {:.0} ms; {ENTRIES} entries folded in {:.0} ms; counters ready in {:.0} ms",
        f64::from(u32::try_from(file.len()).unwrap()) / 1e6,
        micros(write) / 1e3,
        micros(read) / 1e3,
        micros(folded) / 1e3,
        micros(ready) / 1e3,
    );
}

fn records(limits: &[Limit]) -> Vec<HeldRecord> {
    Counters::new().hold(NOW, BOUND, limits).unwrap().records()
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let result = work();
    (result, start.elapsed())
}

fn percentile(times: &mut [Duration], percent: usize) -> Duration {
    times.sort_unstable();
    times.get(times.len() * percent / 100).copied().unwrap_or_default()
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

/// As quick as the gateway's own, which is an HMAC.
fn code(content: &[u8]) -> quota::Code {
    *model::Digest::of(content).as_bytes()
}
