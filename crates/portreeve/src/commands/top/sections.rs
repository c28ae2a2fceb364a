//! The tables of the screen, each sorted so that what matters most stands first.

use std::cmp::Reverse;

use model::{Measure, RefusalCode, Timestamp};

use super::cell::{Cell, Tone};
use super::sample::Sample;
use super::table::Table;
use crate::amounts::{age, grouped, rate, time};
use crate::budgets::{BudgetReport, CounterReport};
use crate::cli::TopBy;
use crate::traffic::{RefusedReport, RowReport, SpreadReport, TrafficReport, WindowReport};

/// From how many percent on a budget is near its end.
const NEAR: u128 = 80;

/// What goes through together: just now, and over the last minutes.
pub(super) fn speed(traffic: &TrafficReport) -> Table {
    let row = |window: &WindowReport| {
        let mut row = vec![Cell::plain(&format!("last {}", age(window.covered_ms)))];
        row.extend(rates(window));
        row.extend(spread(window.answer));
        row.extend(spread(window.own));
        row
    };
    let mut heads = vec![("", false)];
    heads.extend(RATES);
    heads.extend([("p50", true), ("p99", true), ("own p50", true), ("own p99", true)]);
    Table { heads, rows: vec![row(&traffic.recent), row(&traffic.whole)] }
}

/// The tables below it: one where the rows of one kind are asked for, else a few of each.
pub(super) fn tables(sample: &Sample, by: Option<TopBy>, now: Timestamp) -> Vec<Table> {
    let traffic = &sample.traffic;
    let agents = || rows("agent", &traffic.agents, now);
    let models = || rows("model", &traffic.models, now);
    let targets = || rows("target", &traffic.targets, now);
    let codes = || codes(&traffic.codes, now);
    match by {
        Some(TopBy::Agent) => vec![agents()],
        Some(TopBy::Model) => vec![models()],
        Some(TopBy::Target) => vec![targets()],
        Some(TopBy::Code) => vec![codes()],
        Some(TopBy::Budget) => vec![budgets(&sample.budgets, now)],
        Some(TopBy::Refusal) => vec![refusals(&traffic.newest)],
        None => vec![
            agents(),
            models(),
            codes(),
            budgets(&sample.budgets, now),
            refusals(&traffic.newest),
        ],
    }
}

const RATES: [(&str, bool); 4] =
    [("requests/s", true), ("refused/s", true), ("tokens/min", true), ("USD/min", true)];

/// The busiest agents, models or targets.
fn rows(kind: &'static str, rows: &[RowReport], now: Timestamp) -> Table {
    let mut busy: Vec<&RowReport> =
        rows.iter().filter(|row| row.window.requests > 0 || row.in_flight > 0).collect();
    busy.sort_by_key(|row| (Reverse((row.window.requests, row.in_flight)), row.name.clone()));
    let cells = |row: &&RowReport| {
        let mut cells = vec![Cell::plain(&row.name)];
        let [requests, refused, tokens, usd] = rates(&row.window);
        cells.extend([requests, refused, number(row.in_flight)]);
        cells.extend(spread(row.window.answer));
        cells.extend([tokens, usd]);
        let last = row
            .last_refusal
            .as_ref()
            .map(|last| format!("{} {} ago", last.code, age(now.millis_since(last.at))));
        cells.push(Cell::plain(&last.unwrap_or_default()));
        cells
    };
    let [requests, refused, tokens, usd] = RATES;
    let heads = vec![
        (kind, false),
        requests,
        refused,
        ("in flight", true),
        ("p50", true),
        ("p99", true),
        tokens,
        usd,
        ("last refusal", false),
    ];
    Table { heads, rows: busy.iter().map(cells).collect() }
}

/// Refusals by code, the most frequent first, then the latest.
fn codes(rows: &[RowReport], now: Timestamp) -> Table {
    let at = |row: &RowReport| row.last_refusal.as_ref().map(|last| last.at);
    let mut codes: Vec<&RowReport> = rows.iter().collect();
    codes.sort_by_key(|row| (Reverse((row.window.refusals, at(row))), row.name.clone()));
    let cells = |row: &&RowReport| {
        let fixer = row.name.parse::<RefusalCode>().map(|code| code.fixer().as_str());
        let last = at(row).map(|at| format!("{} ago", age(now.millis_since(at))));
        let tone = if row.window.refusals > 0 { Tone::Bad } else { Tone::Plain };
        vec![
            Cell::new(&row.name, tone),
            Cell::plain(&rate(row.window.milli_per_second(row.window.refusals))),
            Cell::plain(&last.unwrap_or_default()),
            Cell::plain(fixer.unwrap_or_default()),
        ]
    };
    let heads = vec![
        ("refusal code", false),
        ("refused/s", true),
        ("last", true),
        ("who can fix it", false),
    ];
    Table { heads, rows: codes.iter().map(cells).collect() }
}

/// The budgets nearest to their end.
fn budgets(budgets: &[BudgetReport], now: Timestamp) -> Table {
    let counters = |budget: &'_ BudgetReport| -> Vec<(u128, usize)> {
        budget.counters.iter().enumerate().map(|(nth, one)| (one.percent_taken(), nth)).collect()
    };
    let mut all: Vec<(u128, &BudgetReport, &CounterReport)> = Vec::new();
    for budget in budgets {
        for (percent, nth) in counters(budget) {
            all.extend(budget.counters.get(nth).map(|counter| (percent, budget, counter)));
        }
    }
    all.retain(|(percent, ..)| *percent > 0);
    all.sort_by_key(|(percent, budget, counter)| {
        (Reverse(*percent), budget.name.clone(), counter.agent.clone())
    });
    let cells = |(percent, budget, counter): &(u128, &BudgetReport, &CounterReport)| {
        let tone = match percent {
            0..NEAR => Tone::Plain,
            NEAR..100 => Tone::Warn,
            _ => Tone::Bad,
        };
        let of = counter.agent.as_ref().map(|agent| format!(" of {agent}")).unwrap_or_default();
        let left = match counter.what {
            Measure::Money => format!("{} USD", usd(counter.remaining)),
            Measure::Requests | Measure::Tokens => grouped(counter.remaining),
        };
        vec![
            Cell::plain(&format!("{}{of}", budget.name)),
            Cell::new(&format!("{percent} %"), tone),
            Cell::plain(&format!("{} per {}", counter.what.as_str(), counter.per.as_str())),
            Cell::plain(&left),
            Cell::plain(&age(counter.resets.millis_since(now))),
            Cell::plain(&budget.owner),
        ]
    };
    let heads = vec![
        ("budget", false),
        ("used", true),
        ("of", false),
        ("left", true),
        ("anew in", true),
        ("raised by", false),
    ];
    Table { heads, rows: all.iter().map(cells).collect() }
}

/// The newest refusals with what `portreeve explain` takes.
fn refusals(newest: &[RefusedReport]) -> Table {
    let cells = |one: &RefusedReport| {
        let or_dash = |name: &Option<String>| Cell::plain(name.as_deref().unwrap_or("-"));
        vec![
            Cell::new(&one.code, Tone::Bad),
            Cell::plain(&one.id.to_string()),
            or_dash(&one.agent),
            or_dash(&one.model),
            Cell::plain(&one.at.to_string()),
        ]
    };
    let heads = vec![
        ("newest refusals", false),
        ("decision", false),
        ("agent", false),
        ("model", false),
        ("at", false),
    ];
    Table { heads, rows: newest.iter().map(cells).collect() }
}

/// What a window saw, a second and a minute.
fn rates(window: &WindowReport) -> [Cell; 4] {
    let per_second = |count| rate(window.milli_per_second(count));
    let per_minute = |count: u64| {
        let minute = u128::from(count) * 60_000;
        u64::try_from(minute.checked_div(u128::from(window.covered_ms)).unwrap_or(0))
            .unwrap_or(u64::MAX)
    };
    let refused = if window.refusals > 0 { Tone::Bad } else { Tone::Plain };
    [
        Cell::plain(&per_second(window.requests)),
        Cell::new(&per_second(window.refusals), refused),
        Cell::plain(&grouped(per_minute(window.tokens))),
        Cell::plain(&usd(per_minute(window.nano_usd))),
    ]
}

fn spread(spread: Option<SpreadReport>) -> [Cell; 2] {
    match spread {
        Some(spread) => [Cell::plain(&time(spread.p50_us)), Cell::plain(&time(spread.p99_us))],
        None => [Cell::plain("-"), Cell::plain("-")],
    }
}

fn number(count: usize) -> Cell {
    Cell::plain(&grouped(u64::try_from(count).unwrap_or(u64::MAX)))
}

/// An amount in dollars, to a hundredth of a cent. What is less is not shown as nothing.
fn usd(nano: u64) -> String {
    let parts = nano.div_ceil(100_000);
    format!("{}.{:04}", grouped(parts / 10_000), parts % 10_000)
}
