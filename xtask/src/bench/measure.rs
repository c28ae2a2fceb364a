//! What the figures are held against: each target, and what was measured of it.

use std::collections::BTreeMap;

use super::cell::Cell;
use super::part::{APPEND, BESIDE, QUIET};
use super::raw::Raw;
use super::stage::DISK;
use super::summary::{Summary, shown};
use super::target::Target;

/// One figure that matters, and what it should be.
#[derive(Debug)]
pub(super) struct Measure {
    pub(super) name: &'static str,
    pub(super) unit: &'static str,
    pub(super) aim: Aim,
    figure: fn(&Raw) -> Option<Summary>,
    /// The figures it is made of, each with its unit.
    parts: &'static [Part],
}

/// What a figure should be, and what it would be at best.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Aim {
    AtMost { target: f64, stretch: Option<f64> },
    AtLeast { target: f64, stretch: Option<f64> },
}

/// How a figure stands to its aim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    Stretch,
    Met,
    Missed,
}

/// A figure of one target.
#[derive(Debug, Clone, Copy)]
struct Part {
    cell: Cell,
    target: &'static str,
    figure: &'static str,
    factor: f64,
    unit: &'static str,
}

impl Part {
    const fn new(cell: Cell, target: &'static str, figure: &'static str) -> Self {
        Self { cell, target, figure, factor: 1.0, unit: "" }
    }

    const fn shown_in(self, unit: &'static str, factor: f64) -> Self {
        Self { unit, factor, ..self }
    }

    fn said(&self, raw: &Raw) -> Option<String> {
        let rounds = raw.rounds(self.cell, self.target, self.figure);
        let figure = Summary::of(rounds.into_values().collect())?.scaled(self.factor);
        Some(format!("{} {}{}", self.target, shown(figure.median), self.unit))
    }
}

/// KiB in megabytes.
pub(super) const MB: f64 = 1_024.0 / 1e6;
/// Microseconds in milliseconds.
pub(super) const MS: f64 = 1e-3;

const FLOOR: &str = Target::Floor.name();
const NGINX: &str = Target::Nginx.name();
const OURS: &str = Target::Portreeve.name();

/// The decisions that are made under the fewest policies, and under the most.
const FEW: &str = "50 policies";
const MOST: &str = "20000 policies";

/// Every one, in the order of the table.
pub(super) const MEASURES: &[Measure] = &[
    Measure {
        name: "CPU per governed request, 64 clients",
        unit: "× the floor",
        aim: Aim::AtMost { target: 3.5, stretch: Some(2.5) },
        figure: |raw| ratio(raw, Cell::Requests, "cpu_us_per_request"),
        parts: &[
            Part::new(Cell::Requests, FLOOR, "cpu_us_per_request").shown_in(" µs", 1.0),
            Part::new(Cell::Requests, NGINX, "cpu_us_per_request").shown_in(" µs", 1.0),
            Part::new(Cell::Requests, OURS, "cpu_us_per_request").shown_in(" µs", 1.0),
        ],
    },
    Measure {
        name: "governed requests a second, 64 clients",
        unit: "× the floor's",
        aim: Aim::AtLeast { target: 0.5, stretch: Some(0.65) },
        figure: |raw| ratio(raw, Cell::Requests, "requests_per_second"),
        parts: &[
            Part::new(Cell::Requests, FLOOR, "requests_per_second").shown_in("/s", 1.0),
            Part::new(Cell::Requests, NGINX, "requests_per_second").shown_in("/s", 1.0),
            Part::new(Cell::Requests, OURS, "requests_per_second").shown_in("/s", 1.0),
        ],
    },
    Measure {
        name: "added at the median, 500 requests/s",
        unit: "ms beyond the floor and one `fdatasync`",
        aim: Aim::AtMost { target: 0.5, stretch: Some(0.25) },
        figure: |raw| {
            let of = |target| raw.rounds(Cell::Rate, target, "p50_us");
            let added = by_round(&of(OURS), &of(FLOOR), |ours, floor| ours - floor);
            summary(by_round(&added, &of(DISK), |added, disk| added - disk), MS)
        },
        parts: &[
            Part::new(Cell::Rate, FLOOR, "p50_us").shown_in(" ms", MS),
            Part::new(Cell::Rate, OURS, "p50_us").shown_in(" ms", MS),
            Part::new(Cell::Rate, DISK, "p50_us").shown_in(" ms", MS),
        ],
    },
    Measure {
        name: "99th percentile, 500 requests/s",
        unit: "ms beyond that of `fdatasync`",
        aim: Aim::AtMost { target: 3.0, stretch: Some(1.0) },
        figure: |raw| {
            let of = |target| raw.rounds(Cell::Rate, target, "p99_us");
            summary(by_round(&of(OURS), &of(DISK), |ours, disk| ours - disk), MS)
        },
        parts: &[
            Part::new(Cell::Rate, FLOOR, "p99_us").shown_in(" ms", MS),
            Part::new(Cell::Rate, OURS, "p99_us").shown_in(" ms", MS),
            Part::new(Cell::Rate, DISK, "p99_us").shown_in(" ms", MS),
        ],
    },
    Measure {
        name: "CPU per streamed chunk, saturated",
        unit: "× the floor",
        aim: Aim::AtMost { target: 1.4, stretch: Some(0.5) },
        figure: |raw| ratio(raw, Cell::Chunks, "cpu_us_per_chunk"),
        parts: &[
            Part::new(Cell::Chunks, FLOOR, "cpu_us_per_chunk").shown_in(" µs", 1.0),
            Part::new(Cell::Chunks, NGINX, "cpu_us_per_chunk").shown_in(" µs", 1.0),
            Part::new(Cell::Chunks, OURS, "cpu_us_per_chunk").shown_in(" µs", 1.0),
        ],
    },
    Measure {
        name: "memory with 1,000 open streams",
        unit: "MB more than idle",
        aim: Aim::AtMost { target: 30.0, stretch: Some(20.0) },
        figure: |raw| {
            let of = |figure| raw.rounds(Cell::Memory, OURS, figure);
            summary(by_round(&of("pss_kib"), &of("pss_before_kib"), |with, idle| with - idle), MB)
        },
        parts: &[
            Part::new(Cell::Memory, FLOOR, "pss_kib").shown_in(" MB in all", MB),
            Part::new(Cell::Memory, NGINX, "pss_kib").shown_in(" MB in all", MB),
            Part::new(Cell::Memory, OURS, "pss_kib").shown_in(" MB in all", MB),
        ],
    },
    Measure {
        name: "idle memory",
        unit: "MB",
        aim: Aim::AtMost { target: 25.0, stretch: Some(15.0) },
        figure: |raw| summary(raw.rounds(Cell::Memory, OURS, "pss_before_kib"), MB),
        parts: &[
            Part::new(Cell::Memory, FLOOR, "pss_before_kib").shown_in(" MB", MB),
            Part::new(Cell::Memory, NGINX, "pss_before_kib").shown_in(" MB", MB),
        ],
    },
    Measure {
        name: "ready after start",
        unit: "ms",
        aim: Aim::AtMost { target: 100.0, stretch: Some(30.0) },
        figure: |raw| summary(raw.rounds(Cell::Memory, OURS, "ready_ms"), 1.0),
        parts: &[
            Part::new(Cell::Memory, FLOOR, "ready_ms").shown_in(" ms", 1.0),
            Part::new(Cell::Memory, NGINX, "ready_ms").shown_in(" ms", 1.0),
        ],
    },
    Measure {
        name: "policy: evaluating, under the most policies",
        unit: "µs at the median",
        aim: Aim::AtMost { target: 30.0, stretch: Some(15.0) },
        figure: |raw| under_most(raw, "evaluating_p50_us"),
        parts: &[
            Part::new(Cell::Policy, FEW, "evaluating_p50_us").shown_in(" µs", 1.0),
            Part::new(Cell::Policy, MOST, "evaluating_p50_us").shown_in(" µs", 1.0),
        ],
    },
    Measure {
        name: "policy: the whole decision, under the most policies",
        unit: "µs at the median",
        aim: Aim::AtMost { target: 60.0, stretch: Some(30.0) },
        figure: |raw| under_most(raw, "whole_p50_us"),
        parts: &[
            Part::new(Cell::Policy, FEW, "whole_p50_us").shown_in(" µs", 1.0),
            Part::new(Cell::Policy, MOST, "whole_p50_us").shown_in(" µs", 1.0),
        ],
    },
    Measure {
        name: "verifying the log that the run wrote",
        unit: "entries a second",
        aim: Aim::AtLeast { target: 200_000.0, stretch: Some(1_000_000.0) },
        figure: |raw| summary(raw.rounds(Cell::Verify, OURS, "entries_per_second"), 1.0),
        parts: &[
            Part::new(Cell::Verify, OURS, "entries").shown_in(" entries", 1.0),
            Part::new(Cell::Verify, OURS, "peak_kib").shown_in(" MB at most", MB),
        ],
    },
    Measure {
        name: "ledger alone, 64 callers",
        unit: "× what the disk takes, 64 records to an `fdatasync`",
        aim: Aim::AtLeast { target: 0.6, stretch: Some(0.9) },
        figure: |raw| {
            let of = |what| raw.rounds(Cell::Ledger, what, "entries_per_second");
            summary(by_round(&of(BESIDE), &of(APPEND), |ours, disk| ours / disk), 1.0)
        },
        parts: &[
            Part::new(Cell::Ledger, APPEND, "entries_per_second").shown_in(" entries/s", 1.0),
            Part::new(Cell::Ledger, QUIET, "entries_per_second").shown_in("/s", 1.0),
            Part::new(Cell::Ledger, BESIDE, "entries_per_second").shown_in("/s", 1.0),
        ],
    },
    Measure {
        name: "ledger's 99.9th percentile while it is published",
        unit: "× without",
        aim: Aim::AtMost { target: 3.0, stretch: None },
        figure: |raw| {
            let of = |what| raw.rounds(Cell::Ledger, what, "p999_us");
            summary(by_round(&of(BESIDE), &of(QUIET), |beside, quiet| beside / quiet), 1.0)
        },
        parts: &[
            Part::new(Cell::Ledger, QUIET, "p999_us").shown_in(" ms", MS),
            Part::new(Cell::Ledger, BESIDE, "p999_us").shown_in(" ms", MS),
        ],
    },
];

/// Every measure's name, with what was measured of it.
pub(super) fn figures(raw: &Raw) -> Vec<(&'static str, Option<Summary>)> {
    MEASURES.iter().map(|measure| (measure.name, measure.figure(raw))).collect()
}

impl Measure {
    /// What was measured of it; none where it was not.
    pub(super) fn figure(&self, raw: &Raw) -> Option<Summary> {
        (self.figure)(raw)
    }

    /// What it is made of, in words.
    pub(super) fn parts(&self, raw: &Raw) -> String {
        let said: Vec<String> = self.parts.iter().filter_map(|part| part.said(raw)).collect();
        said.join(", ")
    }
}

impl Aim {
    /// How a figure stands to it.
    pub(super) fn standing(self, figure: f64) -> Standing {
        let reaches = |bound: f64| match self {
            Self::AtMost { .. } => figure <= bound,
            Self::AtLeast { .. } => figure >= bound,
        };
        let (Self::AtMost { target, stretch } | Self::AtLeast { target, stretch }) = self;
        match (stretch.is_some_and(reaches), reaches(target)) {
            (true, _) => Standing::Stretch,
            (false, true) => Standing::Met,
            (false, false) => Standing::Missed,
        }
    }

    /// Its two bounds, in words.
    pub(super) fn said(self) -> [String; 2] {
        let (sign, target, stretch) = match self {
            Self::AtMost { target, stretch } => ("≤", target, stretch),
            Self::AtLeast { target, stretch } => ("≥", target, stretch),
        };
        let said = |bound: f64| format!("{sign} {bound}");
        [said(target), stretch.map_or("–".to_owned(), said)]
    }
}

/// A figure of decisions under as many policies as a round had at most.
fn under_most(raw: &Raw, figure: &str) -> Option<Summary> {
    let mut most: BTreeMap<u32, (f64, f64)> = BTreeMap::new();
    for row in raw.rows.iter().filter(|row| row.cell == Cell::Policy.name()) {
        let (Some(policies), Some(figure)) = (row.figures.get("policies"), row.figures.get(figure))
        else {
            continue;
        };
        let held = most.entry(row.round).or_insert((*policies, *figure));
        if held.0 < *policies {
            *held = (*policies, *figure);
        }
    }
    Summary::of(most.into_values().map(|(_, figure)| figure).collect())
}

/// Ours to the floor's, of the same round.
fn ratio(raw: &Raw, cell: Cell, figure: &str) -> Option<Summary> {
    let of = |target| raw.of(cell, target, figure);
    summary(by_round(&of(Target::Portreeve), &of(Target::Floor), |ours, floor| ours / floor), 1.0)
}

/// Two figures of the same round, for every round that has both.
fn by_round(
    one: &BTreeMap<u32, f64>,
    other: &BTreeMap<u32, f64>,
    join: impl Fn(f64, f64) -> f64,
) -> BTreeMap<u32, f64> {
    one.iter().filter_map(|(round, one)| Some((*round, join(*one, *other.get(round)?)))).collect()
}

fn summary(rounds: BTreeMap<u32, f64>, factor: f64) -> Option<Summary> {
    Summary::of(rounds.into_values().collect()).map(|figure| figure.scaled(factor))
}
