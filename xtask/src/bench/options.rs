//! What a run of the bench is to do, as typed.

use std::time::Duration;

use super::cell::Cell;

pub(super) const USAGE: &str = "\
cargo xtask bench [--quick] [--rounds N] [--only CELL]...
    measure; a whole run writes docs/performance.md, its plots and raw figures
cargo xtask bench --render
    write them again from the raw figures that are kept
cargo xtask bench --smoke
    see that every figure can be taken, shortly, with the binaries of the tests

--quick      shorter rounds, three of them; nothing is written
--rounds N   how many, 1 to 20 (5 where nothing is said)
--only CELL  only this: memory, requests, rate, chunks, verify, policy or ledger; nothing is written";

/// Rounds of a whole run.
const ROUNDS: u32 = 5;
/// Rounds of a quick one: a median of fewer says nothing.
const ROUNDS_QUICK: u32 = 3;
/// Most rounds.
const ROUNDS_MAX: u32 = 20;

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Options {
    pub(super) work: Work,
    pub(super) extent: Extent,
    rounds: u32,
    only: Vec<Cell>,
}

/// Measure, or only render.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Work {
    /// `keep`: whether the page is written from it.
    Measure {
        keep: bool,
    },
    Render,
    Smoke,
}

/// How much each round measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    Whole,
    Quick,
    /// Enough to see that it works.
    Smoke,
}

/// The options, or none where help is asked for.
pub(super) fn parse(words: &[&str]) -> Result<Option<Options>, String> {
    let (mut quick, mut render, mut rounds, mut only) = (false, false, None, Vec::new());
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match *word {
            "--help" | "-h" => return Ok(None),
            "--quick" => quick = true,
            "--smoke" if words.len() == 0 && !quick && !render => {
                return Ok(Some(Options::smoke()));
            }
            "--render" => render = true,
            "--rounds" => {
                let number = words.next().and_then(|text| text.parse().ok());
                let number = number.filter(|number| (1..=ROUNDS_MAX).contains(number));
                rounds = Some(number.ok_or(format!("--rounds takes 1 to {ROUNDS_MAX}"))?);
            }
            "--only" => {
                let name = words.next().copied().unwrap_or_default();
                let cell = Cell::ALL.into_iter().find(|cell| cell.name() == name);
                only.push(cell.ok_or(format!("--only: there is no cell `{name}`"))?);
            }
            other => return Err(format!("`{other}` is no option")),
        }
    }
    if render && (quick || rounds.is_some() || !only.is_empty()) {
        return Err("--render stands alone: it measures nothing".to_owned());
    }
    let keep = !quick && only.is_empty();
    Ok(Some(Options {
        work: if render { Work::Render } else { Work::Measure { keep } },
        extent: if quick { Extent::Quick } else { Extent::Whole },
        rounds: rounds.unwrap_or(if quick { ROUNDS_QUICK } else { ROUNDS }),
        only,
    }))
}

impl Options {
    /// One short round of everything.
    pub(super) const fn smoke() -> Self {
        Self { work: Work::Smoke, extent: Extent::Smoke, rounds: 1, only: Vec::new() }
    }

    /// Whether a cell is to be measured.
    pub(super) fn wants(&self, cell: Cell) -> bool {
        self.only.is_empty() || self.only.contains(&cell)
    }

    /// In how many rounds.
    pub(super) const fn rounds(&self) -> u32 {
        self.rounds
    }

    /// In how many rounds a cell is measured.
    pub(super) fn rounds_of(&self, cell: Cell) -> u32 {
        self.rounds.min(cell.rounds_max())
    }
}

impl Extent {
    /// Numbers of policies under which decisions are made.
    pub(super) const fn policies(self) -> &'static [&'static str] {
        match self {
            Self::Whole | Self::Quick => &["50", "500", "5000", "20000"],
            Self::Smoke => &["50", "100"],
        }
    }

    /// Seconds that a part is measured for by itself.
    pub(super) const fn part_seconds(self) -> u32 {
        match self {
            Self::Whole => 4,
            Self::Quick => 2,
            Self::Smoke => 1,
        }
    }

    /// How long a run warms up, and how long it measures.
    pub(super) const fn times(self) -> (Duration, Duration) {
        match self {
            Self::Whole => (Duration::from_millis(1_000), Duration::from_millis(4_000)),
            Self::Quick => (Duration::from_millis(500), Duration::from_millis(1_500)),
            Self::Smoke => (Duration::from_millis(50), Duration::from_millis(300)),
        }
    }

    /// Clients that ask at once.
    pub(super) const fn clients(self) -> usize {
        match self {
            Self::Whole | Self::Quick => 64,
            Self::Smoke => 4,
        }
    }

    /// Clients that read streams at once.
    pub(super) const fn readers(self) -> usize {
        match self {
            Self::Whole | Self::Quick => 16,
            Self::Smoke => 2,
        }
    }

    /// Requests that are due in a second.
    pub(super) const fn per_second(self) -> u32 {
        match self {
            Self::Whole | Self::Quick => 500,
            Self::Smoke => 50,
        }
    }

    /// Streams that are held open.
    pub(super) const fn streams(self) -> usize {
        match self {
            Self::Whole | Self::Quick => 1_000,
            Self::Smoke => 20,
        }
    }
}
