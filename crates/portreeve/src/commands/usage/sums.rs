//! Calls added up: a row for each name and cost centre, exactly, whatever providers claimed.

use std::collections::BTreeMap;

use model::Ended;
use serde::Serialize;

use crate::cli::UsageBy;
use crate::usd;

use super::csv::Line;
use super::{Call, TOTAL, UNALLOCATED, key, word};

/// Sums over calls. They are wider than what one entry may say, so that no sum overflows.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct Sums {
    /// Calls that were forwarded.
    pub(super) requests: u64,
    /// Tokens as providers reported them.
    pub(super) input_tokens: u128,
    pub(super) output_tokens: u128,
    /// What budgets were charged.
    pub(super) charged_requests: u128,
    pub(super) charged_tokens: u128,
    pub(super) charged_nano_usd: u128,
    /// What the calls cost by the prices in force.
    pub(super) cost_nano_usd: u128,
    /// Forwarded calls whose cost is not known: no price, or no report of what was used.
    pub(super) without_cost: u64,
}

/// One row of the report.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Row {
    pub(super) name: String,
    pub(super) cost_center: Option<String>,
    #[serde(flatten)]
    pub(super) sums: Sums,
}

/// All rows.
#[derive(Debug, Default)]
pub(super) struct Rows {
    rows: BTreeMap<(String, Option<String>), Row>,
    unallocated: Sums,
}

impl Sums {
    pub(super) fn add(&mut self, call: &Call) {
        let outcome = &call.outcome;
        let forwarded = outcome.ended != Ended::NotForwarded;
        self.requests += u64::from(forwarded);
        let usage = outcome.usage.unwrap_or_default();
        self.input_tokens += u128::from(usage.input_tokens);
        self.output_tokens += u128::from(usage.output_tokens);
        self.charged_requests += u128::from(call.charged.requests);
        self.charged_tokens += u128::from(call.charged.tokens);
        self.charged_nano_usd += u128::from(call.charged.nano_usd);
        self.cost_nano_usd += u128::from(outcome.cost_nano_usd.unwrap_or(0));
        self.without_cost += u64::from(forwarded && outcome.cost_nano_usd.is_none());
    }

    fn add_all(&mut self, other: &Self) {
        self.requests += other.requests;
        self.input_tokens += other.input_tokens;
        self.output_tokens += other.output_tokens;
        self.charged_requests += other.charged_requests;
        self.charged_tokens += other.charged_tokens;
        self.charged_nano_usd += other.charged_nano_usd;
        self.cost_nano_usd += other.cost_nano_usd;
        self.without_cost += other.without_cost;
    }

    fn line(&self, name: &str, cost_center: &str) -> Line {
        let mut line = Line::default();
        line.text(name).text(cost_center);
        line.number(self.requests).number(self.input_tokens).number(self.output_tokens);
        line.number(self.charged_requests).number(self.charged_tokens);
        line.text(&usd::fixed(self.charged_nano_usd)).text(&usd::fixed(self.cost_nano_usd));
        line.number(self.without_cost);
        line
    }
}

impl Rows {
    pub(super) fn add(&mut self, by: UsageBy, call: &Call) {
        let Some(name) = key(by, call) else { return self.unallocated.add(call) };
        let cost_center = call.outcome.cost_center.clone();
        let row = self.rows.entry((name.to_owned(), cost_center.clone()));
        let name = name.to_owned();
        row.or_insert_with(|| Row { name, cost_center, sums: Sums::default() }).sums.add(call);
    }

    /// Every row, by name and cost centre.
    pub(super) fn all(&self) -> impl Iterator<Item = &Row> {
        self.rows.values()
    }

    pub(super) const fn unallocated(&self) -> &Sums {
        &self.unallocated
    }

    pub(super) fn total(&self) -> Sums {
        let mut total = self.unallocated.clone();
        self.all().for_each(|row| total.add_all(&row.sums));
        total
    }

    /// As CSV with a header; the two last rows are what is unallocated, and the total.
    pub(super) fn csv(&self, by: UsageBy) -> String {
        let mut head = Line::default();
        head.text(word(by));
        for column in [
            "cost_center",
            "requests",
            "input_tokens",
            "output_tokens",
            "charged_requests",
            "charged_tokens",
            "charged_usd",
            "cost_usd",
            "without_cost",
        ] {
            head.text(column);
        }
        let mut lines = vec![head];
        lines.extend(
            self.all().map(|row| {
                row.sums.line(&row.name, row.cost_center.as_deref().unwrap_or_default())
            }),
        );
        lines.push(self.unallocated.line(UNALLOCATED, ""));
        lines.push(self.total().line(TOTAL, ""));
        lines.iter().map(Line::as_str).collect::<Vec<_>>().join("\n")
    }
}
