//! A budget as text: no line wider than a hundred columns for amounts that people write.

use std::fmt::Write as _;

use model::{Measure, Per, Timestamp};

use crate::amounts::grouped;
use crate::budgets::{BudgetReport, CounterReport};
use crate::usd;

/// Width of the column that says what is counted.
const WHAT: usize = 20;
/// Width of a column with an amount.
const AMOUNT: usize = 11;
/// Most counters of agents that are shown although they counted nothing.
const IDLE_MAX: usize = 12;

/// One budget: what it is for, who can raise it, and each counter in a row.
pub(super) fn budget(budget: &BudgetReport) -> String {
    let mut text = format!("{}  {}\n", budget.name, budget.purpose.trim().replace('\n', " "));
    let scope = match &budget.scope.name {
        Some(name) => format!("{} {name}", budget.scope.kind),
        None => "the whole gateway".to_owned(),
    };
    let holder = budget.holder.as_ref().map(|holder| format!(" ({holder})")).unwrap_or_default();
    // Writing to a String cannot fail.
    let _ = writeln!(text, "  for       {scope}");
    let _ = writeln!(text, "  raised by {}{holder}", budget.owner);
    row(&mut text, "", ["at most", "held", "used", "left", "by the end"], "anew on (UTC)");
    let many = budget.counters.len() > IDLE_MAX;
    let idle = |counter: &&CounterReport| {
        many && counter.agent.is_some() && counter.used == 0 && counter.held == 0
    };
    let mut agent = None;
    for counter in budget.counters.iter().filter(|counter| !idle(counter)) {
        if counter.agent.is_some() && agent != counter.agent.as_ref() {
            agent = counter.agent.as_ref();
            let name = agent.map(|name| format!("  agent {name}\n")).unwrap_or_default();
            text.push_str(&name);
        }
        self::counter(&mut text, counter);
    }
    let idle = budget.counters.iter().filter(idle).count();
    if idle > 0 {
        let _ = writeln!(text, "  {idle} more counters, of agents that used nothing in the window");
    }
    text
}

fn counter(text: &mut String, counter: &CounterReport) {
    let amount = |amount| shown(counter.what, amount);
    let forecast = counter.forecast.map_or_else(|| "-".to_owned(), amount);
    let unit = match counter.what {
        Measure::Money => "USD",
        Measure::Requests | Measure::Tokens => counter.what.as_str(),
    };
    let amounts = [counter.at_most, counter.held, counter.used, counter.remaining].map(amount);
    let [at_most, held, used, left] = &amounts;
    let what = format!("{unit} per {}", counter.per.as_str());
    let anew = anew(counter.per, counter.resets);
    row(text, &what, [at_most, held, used, left, &forecast], &anew);
    if counter.is_used_up() {
        text.push_str("    USED UP: calls are refused until then, or until it is raised\n");
    }
}

fn row(text: &mut String, what: &str, amounts: [&str; 5], anew: &str) {
    let _ = write!(text, "  {what:WHAT$}");
    for amount in amounts {
        // The space stands apart: an amount may be wider than its column.
        let _ = write!(text, " {amount:>AMOUNT$}");
    }
    let _ = writeln!(text, "  {anew}");
}

/// An amount of the measure: digits in groups of three, or dollars.
fn shown(measure: Measure, amount: u64) -> String {
    match measure {
        Measure::Money => usd::plain(amount.into()),
        Measure::Requests | Measure::Tokens => grouped(amount),
    }
}

/// When the next window begins: as much of the time as its length needs.
fn anew(per: Per, resets: Timestamp) -> String {
    let text = resets.to_string();
    let part = match per {
        Per::Minute => text.get(11..16),
        Per::Day | Per::Month => text.get(..10),
    };
    part.unwrap_or(&text).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_written_as_people_write_them() {
        assert_eq!(shown(Measure::Money, 12_500_000_000), "12.5");
        assert_eq!(shown(Measure::Tokens, 4096), "4,096");
    }

    #[test]
    fn a_window_is_told_as_far_as_its_length_needs() {
        let at = Timestamp::from_millis(1_796_083_200_000);
        assert_eq!(anew(Per::Minute, at), "00:00");
        assert_eq!(anew(Per::Day, at), "2026-12-01");
        assert_eq!(anew(Per::Month, at), "2026-12-01");
    }
}
