//! Power cuts under load, again and again over one home: calls, streams, refusals and acts run, the
//! process is killed at a moment that chance picks, and what anybody was promised is there after.
//!
//! What is killed is a process: what it had handed to the system stays. A machine that loses its
//! memory, too, is the business of the ledger's own tests, which fail each write before, half-way
//! and after it took effect.
//!
//! `cargo xtask soak` runs the same for longer.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a soak reports what it found")]

mod books;
mod cut;
mod dice;
mod load;

use std::collections::BTreeMap;
use std::hash::{BuildHasher as _, RandomState};
use std::time::{Duration, Instant};

use testkit::FakeProvider;

use crate::common::Home;

use books::Books;
use cut::Moment;
use dice::Dice;

/// Rounds, where nobody asks for more.
const ROUNDS: u64 = 20;
/// Starts that are cut before they serve, in one round, at most.
const CUT_STARTS_MAX: u64 = 2;
/// What nothing on the disk may exceed: temporary files that a cut left, before the step that
/// left them comes round again.
const LEFTOVERS_MAX: usize = 8;

/// A home that is kept, and its seed told, where the test fails.
struct Soaked {
    home: Home,
    seed: u64,
}

/// What a run came to.
#[derive(Default)]
struct Figures {
    cuts: BTreeMap<&'static str, u64>,
    starts: Vec<Duration>,
    leftovers: usize,
}

#[test]
fn whatever_moment_it_is_killed_at_nothing_promised_is_lost() {
    let rounds = asked("PORTREEVE_SOAK_ROUNDS").unwrap_or(ROUNDS);
    let seed = asked("PORTREEVE_SOAK_SEED").unwrap_or_else(|| RandomState::new().hash_one(0));
    let soaked = Soaked { home: Home::on_disk(), seed };
    println!("{rounds} rounds, seed {seed}");
    let home = &soaked.home;
    let (provider, mut dice) = (FakeProvider::start(), Dice::of(seed));
    let mut figures = Figures::default();
    let server = home.up();
    home.use_provider(&provider);
    load::allow(home, 0);
    server.stop();

    let mut books = Books::open(home);
    for round in 0..rounds {
        let cut_starts = dice.below(CUT_STARTS_MAX + 1);
        for _ in 0..cut_starts {
            let after = figures.typical_start() * dice.below(1050) / 1000;
            books.told(&cut::while_starting(home, after));
            figures.count("starting");
        }
        let server = figures.time(|| home.up());
        books.check(&server, cut_starts == 0, round);
        figures.leftovers = figures.leftovers.max(leftovers(home, round));
        let moment = Moment::pick(&mut dice);
        figures.count(moment.name());
        let promised = load::until_cut(home, server, moment, &mut dice);
        books.promise(promised, round);
        if (round + 1).is_multiple_of(ROUNDS) {
            println!("{} rounds, {} receipts", round + 1, books.receipts());
        }
    }
    let server = figures.time(|| home.up());
    books.check(&server, false, rounds);
    server.stop();
    books.close(&provider);
    assert!(leftovers(home, rounds) <= LEFTOVERS_MAX);
    figures.report(&books, rounds, seed);
}

/// Temporary files below the home. The growing id index is called `.new` and is none.
fn leftovers(home: &Home, round: u64) -> usize {
    let files = home.files();
    let names = files.iter().map(|(path, _)| path.strip_prefix(home.root()).unwrap());
    let is_index = |text: &str| text.starts_with("logs/") && text.contains("/ids/");
    let left: Vec<_> = names
        .map(|path| path.display().to_string())
        .filter(|text| text.contains(".tmp") || text.contains(".new") || text.contains(".part"))
        .filter(|text| !is_index(text) || text.ends_with(".tmp"))
        .collect();
    assert!(left.len() <= LEFTOVERS_MAX, "round {round}: {left:?}");
    left.len()
}

impl Figures {
    fn count(&mut self, moment: &'static str) {
        *self.cuts.entry(moment).or_default() += 1;
    }

    /// Starts take so long, half of them longer. It decides nothing but when to cut the next.
    fn typical_start(&self) -> Duration {
        let mut starts = self.starts.clone();
        starts.sort_unstable();
        starts.get(starts.len() / 2).copied().unwrap_or(Duration::from_millis(200))
    }

    #[expect(clippy::disallowed_methods, reason = "how long a start takes is reported, not judged")]
    fn time<T>(&mut self, start: impl FnOnce() -> T) -> T {
        let began = Instant::now();
        let started = start();
        self.starts.push(began.elapsed());
        started
    }

    fn report(&self, books: &Books, rounds: u64, seed: u64) {
        let cuts: u64 = self.cuts.values().sum();
        println!(
            "soak: {rounds} rounds, {cuts} power cuts, seed {seed}: nothing promised was lost"
        );
        let each = self.cuts.iter().map(|(moment, count)| format!("{count} {moment}"));
        println!("  cut while      {}", each.collect::<Vec<_>>().join(", "));
        println!("{books}");
        let longest = self.starts.iter().max().copied().unwrap_or_default();
        println!(
            "  start          {} ms in the median, {} ms at most",
            self.typical_start().as_millis(),
            longest.as_millis()
        );
        println!("  left over      {} temporary files at most", self.leftovers);
    }
}

impl Drop for Soaked {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let kept = self.home.keep();
            eprintln!("seed {}: the home is kept in {}", self.seed, kept.display());
        }
    }
}

/// A number from the environment, as `cargo xtask soak` hands it over.
#[expect(clippy::disallowed_methods, reason = "a longer run is asked for from outside")]
fn asked(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")))
}
