//! For any interleaving of asks, settles, disconnects, failures and amendments of the charter:
//! what is used and held never exceeds the highest limit there was, and in the end what is used is
//! the sum of what the outcomes charge.

use model::Dialect;
use model::{CounterKey, Measure, Per};
use testkit::{Connection, Gate, Script};

use crate::ask::DIALECTS;
use crate::budgets::{
    charged, check_counters_against_log, gateway_wide, key, price, put, quota, stands, status_of,
    using,
};
use crate::charter_files::{AGENT, TWIN};
use crate::world::{Setup, World};

/// Steps of one run.
const STEPS: usize = 60;
/// The limits there may be: calls in a day.
const LIMITS: [u64; 4] = [3, 8, 20, 35];

/// A small generator (xorshift): the same seed, the same run.
struct Random(u64);

impl Random {
    fn below(&mut self, count: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(count).unwrap()).unwrap()
    }

    fn of<'t, T>(&mut self, all: &'t [T]) -> &'t T {
        &all[self.below(all.len())]
    }
}

/// A call that is under way: until its gate opens, or its client leaves.
struct UnderWay {
    connection: Connection,
    gate: Option<Gate>,
}

struct Run {
    world: World,
    random: Random,
    under_way: Vec<UnderWay>,
    limit: u64,
    highest: u64,
    /// Calls that a provider answered, well or badly.
    answered: usize,
}

fn limits(limit: u64) -> [(String, String); 2] {
    let requests = limit.to_string();
    let tokens = (limit * 4_600).to_string();
    [
        gateway_wide(&[("requests", "day", &requests), ("money", "month", "1000")]),
        quota("team", "{team: platform}", &[("tokens", "day", &tokens)]),
    ]
}

impl Run {
    fn new(seed: u64) -> Self {
        let limit = LIMITS[2];
        let world = World::with(Setup::default().edited(move |files| {
            put(files, &limits(limit));
            price(files, "fast", "2026-01-01");
        }));
        let random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        let under_way = Vec::new();
        Self { world, random, under_way, limit, highest: limit, answered: 0 }
    }

    fn requests() -> CounterKey {
        key("all", Measure::Requests, Per::Day)
    }

    /// One step, whichever.
    fn step(&mut self) {
        match self.random.below(10) {
            0 | 1 => self.ask_and_wait(),
            2..=5 => self.ask_and_go_on(),
            6 | 7 => self.end_one(),
            8 => self.amend(),
            _ => self.lose_the_log(),
        }
        let status = status_of(&self.world, &Self::requests());
        assert!(
            status.used + status.held <= self.highest,
            "{} + {} > {}",
            status.used,
            status.held,
            self.highest
        );
    }

    fn dialect(&mut self) -> Dialect {
        *self.random.of(&DIALECTS)
    }

    /// A call that ends, well or badly, before the next step.
    fn ask_and_wait(&mut self) {
        let dialect = self.dialect();
        let usage = *self.random.of(&[(7, 5), (u64::MAX, 1), (0, 0), (9_000, 9_000)]);
        let scripts = [
            Script::Answer,
            Script::NoUsage,
            using(dialect, usage),
            Script::Status(500, "{}".to_owned()),
            Script::Status(400, "{}".to_owned()),
            Script::Html,
        ];
        let script = self.random.of(&scripts).clone();
        let fails = matches!(script, Script::Html | Script::Status(400 | 500, _));
        self.world.provider.always(script);
        let agent = *self.random.of(&[AGENT, TWIN]);
        let reply = self.world.ask(dialect).token(self.world.token(agent)).send();
        match reply.status {
            429 => {}
            200 => self.answered += 1,
            400 | 500 | 502 if fails => self.answered += 1,
            // Set aside after failures: a time without calls, which is no matter here.
            503 => self.world.clock.advance_ms(2_000),
            other => panic!("{other}: {}", reply.text()),
        }
    }

    /// A call that is under way in the steps that follow, unless it is refused.
    fn ask_and_go_on(&mut self) {
        let dialect = self.dialect();
        let gate = (self.random.below(3) > 0).then(Gate::new);
        self.world.provider.always(match &gate {
            Some(gate) => Script::SlowByGate(gate.clone()),
            None => Script::HangMidStream,
        });
        let mut connection = self.world.ask(dialect).stream().open();
        match connection.head().unwrap().status {
            200 => self.under_way.push(UnderWay { connection, gate }),
            429 => {}
            503 => self.world.clock.advance_ms(2_000),
            other => panic!("{other}"),
        }
    }

    /// One of those under way ends: by its gate, or because its client leaves.
    fn end_one(&mut self) {
        if self.under_way.is_empty() {
            return;
        }
        let place = self.random.below(self.under_way.len());
        let mut call = self.under_way.remove(place);
        match (&call.gate, self.random.below(3)) {
            (Some(gate), 1..) => {
                gate.open();
                while call.connection.chunk().unwrap().is_some() {}
                self.answered += 1;
            }
            _ => drop(call),
        }
    }

    fn amend(&mut self) {
        let limit = *self.random.of(&LIMITS);
        if limit == self.limit || limit == LIMITS[2] {
            return;
        }
        self.limit = limit;
        self.highest = self.highest.max(limit);
        self.world.amend(|files| put(files, &limits(limit)));
    }

    fn lose_the_log(&mut self) {
        self.world.faults.fail(ledger::Step::WalAppend, ledger::When::Before, 1);
        self.world.provider.always(Script::Answer);
        let dialect = self.dialect();
        let reply = self.world.ask(dialect).send();
        self.world.faults.clear();
        assert!([200, 429, 503].contains(&reply.status), "{}", reply.text());
    }

    fn end(mut self) {
        for call in self.under_way.drain(..) {
            if let Some(gate) = call.gate {
                gate.open();
            }
        }
        let counters = check_counters_against_log(&self.world);
        assert!(counters >= 3, "{counters}");
        let (used, held) = stands(&self.world, &Self::requests());
        assert_eq!(held, 0);
        let entries = self.world.entries();
        let outcomes = entries.iter().filter(|entry| entry.kind == ledger::EntryKind::Outcome);
        let sum: u64 = outcomes
            .filter(|entry| entry.json["ended"] != "not_forwarded")
            .map(|entry| charged(&entry.json).requests)
            .sum();
        assert_eq!(used, sum, "every outcome says what it charges");
        assert!(used <= self.highest);
        assert!(used >= u64::try_from(self.answered).unwrap());
        assert_eq!(self.world.end().report.unpaired, Vec::<u64>::new());
    }
}

#[test]
fn what_is_used_is_what_the_outcomes_charge_and_never_too_much() {
    for seed in 1..=8 {
        let mut run = Run::new(seed);
        for _ in 0..STEPS {
            run.step();
        }
        run.end();
    }
}
