//! The chargeback with the columns of the FinOps Open Cost and Usage Specification (FOCUS), a
//! row for each day, name, target and cost centre.
//!
//! A charge is what a call cost by the prices in force: there are no discounts here, so the four
//! costs of a row are one. Columns that begin with `x_` are this gateway's own, as FOCUS wants
//! them named. Who provided what was used is who answered; of a call that nobody is known to have
//! answered, the provider of all the targets it was permitted, or else [`UNKNOWN`].

use std::collections::BTreeMap;

use model::{Per, Timestamp};
use quota::{window_end, window_start};
use serde_json::json;

use crate::cli::UsageBy;
use crate::{clock, usd};

use super::csv::Line;
use super::fold::Period;
use super::sums::Sums;
use super::{Call, UNALLOCATED, key, word};

/// The columns, in order.
const COLUMNS: &[&str] = &[
    "BilledCost",
    "BillingAccountId",
    "BillingAccountName",
    "BillingCurrency",
    "BillingPeriodEnd",
    "BillingPeriodStart",
    "ChargeCategory",
    "ChargeClass",
    "ChargeDescription",
    "ChargeFrequency",
    "ChargePeriodEnd",
    "ChargePeriodStart",
    "ConsumedQuantity",
    "ConsumedUnit",
    "ContractedCost",
    "EffectiveCost",
    "InvoiceIssuerName",
    "ListCost",
    "PricingQuantity",
    "PricingUnit",
    "ProviderName",
    "PublisherName",
    "ResourceId",
    "ResourceName",
    "ResourceType",
    "ServiceCategory",
    "ServiceName",
    "ServiceSubcategory",
    "SkuId",
    "Tags",
    "x_InputTokens",
    "x_OutputTokens",
    "x_Requests",
    "x_RequestsWithoutCost",
];

/// What stands for a provider where the log does not tell which: FOCUS leaves no such column empty.
const UNKNOWN: &str = "(unknown)";

/// What is added up in one row.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Charge {
    /// The day's first instant, in UTC.
    day: Timestamp,
    name: String,
    provider: String,
    upstream_model: String,
    cost_center: Option<String>,
}

/// All rows.
#[derive(Debug, Default)]
pub(super) struct Days {
    charges: BTreeMap<Charge, Sums>,
    unallocated: Sums,
}

/// What a row says beside its sums.
struct Said<'a> {
    account: &'a str,
    start: Timestamp,
    end: Timestamp,
    provider: &'a str,
    upstream_model: &'a str,
    name: &'a str,
    kind: &'a str,
    tags: String,
}

impl Days {
    pub(super) fn add(&mut self, by: UsageBy, call: &Call) {
        let Some(name) = key(by, call) else { return self.unallocated.add(call) };
        let attempts = &call.outcome.attempts;
        let good = attempts.iter().rfind(|attempt| attempt.failure.is_none());
        let target = good.or(attempts.last());
        let (provider, upstream_model) = match target {
            Some(target) => {
                (Some(target.provider.to_string()), Some(target.upstream_model.clone()))
            }
            None => (call.permitted.provider.clone(), call.permitted.upstream_model.clone()),
        };
        let charge = Charge {
            day: window_start(Per::Day, call.received),
            name: name.to_owned(),
            provider: provider.unwrap_or_else(|| UNKNOWN.to_owned()),
            upstream_model: upstream_model.unwrap_or_default(),
            cost_center: call.outcome.cost_center.clone(),
        };
        self.charges.entry(charge).or_default().add(call);
    }

    /// As CSV with a header; the last row is what is unallocated, over the whole time.
    pub(super) fn csv(&self, by: UsageBy, account: &str, period: Period) -> String {
        let mut head = Line::default();
        for column in COLUMNS {
            head.text(column);
        }
        let mut lines = vec![head];
        for (charge, sums) in &self.charges {
            let tags = json!({ word(by): charge.name, "cost_center": charge.cost_center });
            lines.push(line(
                sums,
                &Said {
                    account,
                    start: charge.day,
                    end: window_end(Per::Day, charge.day),
                    provider: &charge.provider,
                    upstream_model: &charge.upstream_model,
                    name: &charge.name,
                    kind: word(by),
                    tags: tags.to_string(),
                },
            ));
        }
        let (start, end) = self.whole(period);
        lines.push(line(
            &self.unallocated,
            &Said {
                account,
                start,
                end,
                provider: UNKNOWN,
                upstream_model: "",
                name: UNALLOCATED,
                kind: word(by),
                tags: json!({ "unallocated": "true" }).to_string(),
            },
        ));
        lines.iter().map(Line::as_str).collect::<Vec<_>>().join("\n")
    }

    /// The whole time of the report: as asked for, or else from the first day to the last.
    fn whole(&self, period: Period) -> (Timestamp, Timestamp) {
        let today = clock::system().now();
        let first = self.charges.keys().next().map_or(today, |charge| charge.day);
        let last = self.charges.keys().next_back().map_or(today, |charge| charge.day);
        let start = period.since.unwrap_or_else(|| window_start(Per::Day, first));
        (start, period.until.unwrap_or_else(|| window_end(Per::Day, last)))
    }
}

fn line(sums: &Sums, said: &Said<'_>) -> Line {
    let Said { account, start, end, provider, upstream_model, name, kind, tags } = said;
    let cost = usd::fixed(sums.cost_nano_usd);
    let tokens = sums.input_tokens + sums.output_tokens;
    let description = format!(
        "{} requests, {} tokens read, {} tokens written",
        sums.requests, sums.input_tokens, sums.output_tokens
    );
    let mut line = Line::default();
    line.text(&cost).text(account).text(account).text("USD");
    line.text(&date_time(window_end(Per::Month, *start)));
    line.text(&date_time(window_start(Per::Month, *start)));
    line.text("Usage").text("").text(&description).text("Usage-Based");
    line.text(&date_time(*end)).text(&date_time(*start));
    line.number(tokens).text("Tokens").text(&cost).text(&cost);
    line.text(provider).text(&cost).number(tokens).text("Tokens").text(provider).text(provider);
    line.text(name).text(name).text(kind);
    line.text("AI and Machine Learning").text(provider).text("Generative AI");
    line.text(upstream_model).text(tags);
    line.number(sums.input_tokens).number(sums.output_tokens);
    line.number(sums.requests).number(sums.without_cost);
    line
}

/// FOCUS writes times to the second, in UTC.
fn date_time(at: Timestamp) -> String {
    let text = at.to_string();
    text.get(..19).map_or_else(|| text.clone(), |whole| format!("{whole}Z"))
}

#[cfg(test)]
mod tests {
    use model::{Amounts, Ended, Outcome};

    use super::*;
    use crate::commands::usage::fold::{Permitted, Whose};

    const ALWAYS: Period = Period { since: None, until: None };

    fn call(attempts: serde_json::Value, permitted: Permitted) -> Call {
        let outcome: Outcome = serde_json::from_value(json!({
            "ended": Ended::Interrupted.as_str(), "attempts": attempts,
            "output_bytes": 0, "duration_ms": 1,
        }))
        .expect("an outcome");
        let whose = Whose { agent: Some("dev".to_owned()), ..Whose::default() };
        let received = Timestamp::from_millis(1_795_510_800_000);
        Call { whose, received, permitted, outcome, charged: Amounts::default() }
    }

    fn permitted(provider: &str) -> Permitted {
        Permitted { provider: Some(provider.to_owned()), upstream_model: Some("m".to_owned()) }
    }

    /// The fields of a line; none of ours holds a line break.
    fn fields(line: &str) -> Vec<String> {
        let (mut fields, mut quoted) = (vec![String::new()], false);
        for letter in line.chars() {
            match letter {
                '"' => quoted = !quoted,
                ',' if !quoted => fields.push(String::new()),
                other => fields.last_mut().expect("one").push(other),
            }
        }
        fields
    }

    #[test]
    fn every_row_names_a_provider() {
        let tried = |name: &str| json!([{ "provider": name, "upstream_model": "m" }]);
        for (call, expected) in [
            (call(tried("east"), permitted("west")), "east"),
            (call(json!([]), permitted("west")), "west"),
            (call(json!([]), Permitted::default()), "(unknown)"),
        ] {
            let mut days = Days::default();
            days.add(UsageBy::Agent, &call);
            let text = days.csv(UsageBy::Agent, "a gateway", ALWAYS);
            let rows: Vec<Vec<String>> = text.lines().map(fields).collect();
            let [head, row, unallocated] = rows.as_slice() else { panic!("{text}") };
            for column in ["InvoiceIssuerName", "ProviderName", "PublisherName", "ServiceName"] {
                let place = head.iter().position(|name| name == column).expect("the column");
                assert_eq!((&*row[place], &*unallocated[place]), (expected, "(unknown)"));
            }
            assert_eq!((row.len(), unallocated.len()), (COLUMNS.len(), COLUMNS.len()));
        }
    }
}
