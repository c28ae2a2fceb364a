//! Any order of calls, crashes, restarts, clock steps and changed limits, against a book kept by
//! hand: no hold ever goes over a limit, and what is used in the end is what the log says.

use std::collections::BTreeMap;

use model::{Amounts, CounterKey, DecisionId, HeldRecord, Measure, Per, Timestamp};
use proptest::prelude::*;
use quota::{Counters, Hold, Limit, Replay, Snapshot};

use crate::desk::{LOG, NOW, code, id, key, status};

/// One thing that happens. Numbers choose among what there is.
#[derive(Debug, Clone)]
enum Event {
    Hold {
        bound: Amounts,
        limits: [bool; 6],
    },
    Record(usize),
    Settle(usize, Amounts),
    Release(usize),
    Drop(usize),
    WriteOutcome(usize),
    /// Of so many entries of the log, or of all.
    Snapshot(usize),
    Restart(Lost, Told),
    ClockStep(i64),
    ChangeLimit(usize, u64),
}

/// What a crash does to the snapshot.
#[derive(Debug, Clone, Copy)]
enum Lost {
    Nothing,
    Damaged,
}

/// Who concludes calls that a crash cut off.
#[derive(Debug, Clone, Copy)]
enum Told {
    /// The log does, before it is replayed.
    ByTheLog,
    /// The log does so only afterwards.
    Later,
}

#[derive(Debug, Clone)]
enum Entry {
    Decision(DecisionId, Vec<HeldRecord>),
    Outcome(DecisionId, Option<Amounts>),
}

/// A call that runs.
#[derive(Debug)]
struct Call {
    id: DecisionId,
    hold: Hold,
    recorded: bool,
}

/// What is known of every decision that may count: what it held, and what it was charged.
type Book = BTreeMap<DecisionId, (Vec<HeldRecord>, Option<Amounts>)>;

struct World {
    counters: Counters,
    now: Timestamp,
    limits: Vec<Limit>,
    calls: Vec<Call>,
    /// Outcomes on their way to the log.
    due: Vec<Entry>,
    log: Vec<Entry>,
    snapshot: Option<Vec<u8>>,
    book: Book,
    numbers: u64,
}

impl World {
    fn new() -> Self {
        let shapes = [
            ("a", Measure::Tokens, Per::Minute),
            ("a", Measure::Tokens, Per::Day),
            ("a", Measure::Tokens, Per::Month),
            ("a", Measure::Requests, Per::Day),
            ("b", Measure::Tokens, Per::Day),
            ("b", Measure::Money, Per::Month),
        ];
        let limit = |(quota, measure, per)| Limit {
            key: key(quota, measure, per),
            at_most: 60,
            owner: "seat:finance".to_owned(),
        };
        Self {
            counters: Counters::new(),
            now: NOW,
            limits: shapes.into_iter().map(limit).collect(),
            calls: Vec::new(),
            due: Vec::new(),
            log: Vec::new(),
            snapshot: None,
            book: Book::new(),
            numbers: 0,
        }
    }

    fn happens(&mut self, event: Event) {
        match event {
            Event::Hold { bound, limits } => self.hold(bound, limits),
            Event::Record(which) => self.record(which),
            Event::Settle(which, used) => self.settle(which, used),
            Event::Release(which) => self.release(which),
            Event::Drop(which) => self.drop_hold(which),
            Event::WriteOutcome(which) => self.write_outcome(which),
            Event::Snapshot(upto) => self.write_snapshot(upto),
            Event::Restart(lost, told) => self.restart(lost, told),
            Event::ClockStep(step) => self.now = self.now.plus_millis(step),
            Event::ChangeLimit(which, at_most) => {
                let which = which % self.limits.len();
                self.limits[which].at_most = at_most;
            }
        }
    }

    fn hold(&mut self, bound: Amounts, limits: [bool; 6]) {
        let chosen = self.limits.iter().zip(limits).filter(|(_, chosen)| *chosen);
        let limits: Vec<_> = chosen.map(|(limit, _)| limit.clone()).collect();
        let Ok(hold) = self.counters.hold(self.now, bound, &limits) else { return };
        self.numbers += 1;
        let id = id(self.numbers);
        let records = hold.records();
        self.book.insert(id, (records.clone(), None));
        for record in &records {
            let limit = limits.iter().find(|limit| limit.key == record.counter).unwrap();
            let counted = counted(&self.book, &record.counter, record.window);
            assert!(counted <= limit.at_most.into(), "{counted} counted of {limit:?}");
            let status = status(&self.counters, self.now, limit);
            assert_eq!(u128::from(status.used) + u128::from(status.held), counted);
        }
        self.calls.push(Call { id, hold, recorded: false });
    }

    fn record(&mut self, which: usize) {
        let running = self.calls.len().max(1);
        let Some(call) = self.calls.get_mut(which % running) else { return };
        if !call.recorded {
            call.recorded = true;
            self.log.push(Entry::Decision(call.id, call.hold.records()));
        }
    }

    /// Takes a call out; where it must be, its decision is recorded first.
    fn take(&mut self, which: usize, recorded: bool) -> Option<Call> {
        let which = which % self.calls.len().max(1);
        if recorded {
            self.record(which);
        }
        (which < self.calls.len()).then(|| self.calls.swap_remove(which))
    }

    fn settle(&mut self, which: usize, used: Amounts) {
        let Some(call) = self.take(which, true) else { return };
        let charged = call.hold.settle(used);
        self.concludes(call.id, Some(charged));
    }

    fn release(&mut self, which: usize) {
        let Some(call) = self.take(which, false) else { return };
        call.hold.release();
        if call.recorded {
            self.concludes(call.id, Some(Amounts::default()));
        } else {
            self.book.remove(&call.id);
        }
    }

    fn drop_hold(&mut self, which: usize) {
        let Some(call) = self.take(which, true) else { return };
        drop(call.hold);
        self.concludes(call.id, None);
    }

    fn concludes(&mut self, id: DecisionId, charged: Option<Amounts>) {
        self.due.push(Entry::Outcome(id, charged));
        self.book.get_mut(&id).unwrap().1 = charged;
    }

    fn write_outcome(&mut self, which: usize) {
        if !self.due.is_empty() {
            let which = which % self.due.len();
            self.log.push(self.due.swap_remove(which));
        }
    }

    /// The process dies, and another begins from what is on disk.
    fn restart(&mut self, lost: Lost, told: Told) {
        self.calls.clear();
        self.due.clear();
        self.book = by_the_log(&self.log);
        let interrupted = self.without_outcome();
        if let Told::ByTheLog = told {
            self.log.extend(interrupted.clone());
        }
        if let (Lost::Damaged, Some(snapshot)) = (lost, &mut self.snapshot) {
            let middle = snapshot.len() / 2;
            snapshot[middle] ^= 1;
        }
        self.counters = self.recovered();
        if let Told::Later = told {
            self.log.extend(interrupted);
        }
    }

    fn write_snapshot(&mut self, upto: usize) {
        let upto = upto % (self.log.len() + 1);
        let replay = replayed(Replay::new(), &self.log[..upto]);
        let snapshot = replay.snapshot(LOG, u64::try_from(upto).unwrap());
        self.snapshot = Some(snapshot.to_json(code).unwrap());
    }

    fn recovered(&self) -> Counters {
        let size = u64::try_from(self.log.len()).unwrap();
        let bytes = self.snapshot.as_deref().unwrap_or_default();
        let replay = match Snapshot::read(bytes, (LOG, size), code) {
            Ok(snapshot) => {
                let upto = usize::try_from(snapshot.upto()).unwrap();
                replayed(Replay::restore(snapshot), &self.log[upto..])
            }
            Err(_) => replayed(Replay::new(), &self.log),
        };
        replay.counters()
    }

    fn without_outcome(&self) -> Vec<Entry> {
        let concluded = |id: &DecisionId| {
            self.log.iter().any(|entry| matches!(entry, Entry::Outcome(one, _) if one == id))
        };
        let open = self.book.keys().filter(|id| !concluded(id));
        open.map(|id| Entry::Outcome(*id, None)).collect()
    }

    /// Everything that runs ends, and everything is written.
    fn settles(&mut self) {
        while !self.calls.is_empty() {
            self.settle(0, Amounts { requests: 1, tokens: 3, nano_usd: 2 });
        }
        self.log.append(&mut self.due);
    }

    /// Each counter has used what the log says of its window, and holds nothing.
    fn agrees_with_the_log(&self, counters: &Counters) {
        let book = by_the_log(&self.log);
        for status in counters.status(self.now, &self.limits) {
            let expect = counted(&book, &status.key, status.window);
            // Charges that were lost count in full, so that the log may come to more than a counter
            // can say; it says the most it can.
            let expect = expect.min(u64::MAX.into());
            assert_eq!((u128::from(status.used), status.held), (expect, 0), "{status:?}");
        }
    }
}

fn replayed(mut replay: Replay, log: &[Entry]) -> Replay {
    for entry in log {
        match entry {
            Entry::Decision(id, holds) => replay.decision(*id, holds),
            Entry::Outcome(id, charged) => replay.outcome(*id, *charged),
        }
    }
    replay
}

/// What the log says of every decision.
fn by_the_log(log: &[Entry]) -> Book {
    let mut book = Book::new();
    for entry in log {
        match entry {
            Entry::Decision(id, holds) => {
                book.insert(*id, (holds.clone(), None));
            }
            Entry::Outcome(id, charged) => book.get_mut(id).unwrap().1 = *charged,
        }
    }
    book
}

/// What counts on `key` in the window that begins at `start`: what was charged, or else what was
/// held.
fn counted(book: &Book, key: &CounterKey, start: Timestamp) -> u128 {
    let records = book
        .values()
        .flat_map(|(holds, charged)| holds.iter().map(move |record| (record, charged)));
    let here = records.filter(|(record, _)| record.counter == *key && record.window == start);
    here.map(|(record, charged)| {
        let charged = charged.map_or(record.amount, |charged| charged.of(key.measure));
        u128::from(charged.min(record.amount))
    })
    .sum()
}

fn amount() -> impl Strategy<Value = u64> {
    prop_oneof![8 => 0..30_u64, 1 => Just(u64::MAX), 1 => any::<u64>()]
}

fn amounts() -> impl Strategy<Value = Amounts> {
    let amounts = |(tokens, nano_usd)| Amounts { requests: 1, tokens, nano_usd };
    (amount(), amount()).prop_map(amounts)
}

fn event() -> impl Strategy<Value = Event> {
    let which = any::<usize>;
    let lost = prop_oneof![3 => Just(Lost::Nothing), 1 => Just(Lost::Damaged)];
    let told = prop_oneof![Just(Told::ByTheLog), Just(Told::Later)];
    let step = prop_oneof![
        6 => 0..90_000_i64,
        2 => -90_000..0_i64,
        1 => Just(86_400_000),
        1 => Just(-86_400_000),
        1 => Just(31 * 86_400_000),
        1 => Just(-31 * 86_400_000),
    ];
    let at_most = prop_oneof![4 => 0..100_u64, 1 => Just(u64::MAX)];
    prop_oneof![
        12 => (amounts(), any::<[bool; 6]>())
            .prop_map(|(bound, limits)| Event::Hold { bound, limits }),
        5 => which().prop_map(Event::Record),
        5 => (which(), amounts()).prop_map(|(which, used)| Event::Settle(which, used)),
        2 => which().prop_map(Event::Release),
        2 => which().prop_map(Event::Drop),
        5 => which().prop_map(Event::WriteOutcome),
        2 => which().prop_map(Event::Snapshot),
        2 => (lost, told).prop_map(|(lost, told)| Event::Restart(lost, told)),
        2 => step.prop_map(Event::ClockStep),
        2 => (which(), at_most).prop_map(|(which, most)| Event::ChangeLimit(which, most)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn no_interleaving_overshoots_loses_or_counts_twice(
        events in prop::collection::vec(event(), 1..120),
    ) {
        let mut world = World::new();
        for event in events {
            world.happens(event);
        }
        world.settles();
        world.agrees_with_the_log(&world.counters);
        world.agrees_with_the_log(&world.recovered());
        world.snapshot = None;
        world.agrees_with_the_log(&world.recovered());
    }
}
