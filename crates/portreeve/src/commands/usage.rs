//! `portreeve usage`: who used what and what it cost, added up from the decision log. It reads
//! nothing but the log, so anybody with a copy of it can add up the same.

mod csv;
mod focus;
mod fold;
mod sums;

use std::process::ExitCode;

use anyhow::{Context as _, Result};
use serde::Serialize;

use crate::cli::{Usage, UsageBy, UsageFormat};
use crate::commands::decisions::open;
use crate::commands::when::instant;
use crate::exit::Failure;
use crate::home::Home;
use crate::print;

use self::fold::{Call, Fold, Period};
use self::sums::{Row, Rows, Sums};

/// What nobody is found to answer for: always printed, and zero in a sound log.
const UNALLOCATED: &str = "(unallocated)";
/// All rows together.
const TOTAL: &str = "(total)";

/// Prints the chargeback.
pub(crate) fn run(home: &Home, options: &Usage) -> Result<ExitCode> {
    let period = period(options)?;
    let reader = open(home)?;
    let mut rows = Rows::default();
    let mut days = focus::Days::default();
    let mut fold = Fold::new(period);
    let marks = &["\"type\":\"decision\"", "\"type\":\"outcome\""];
    for entry in
        reader.entries(0).context("the decision log cannot be read")?.shown().holding(marks)
    {
        let entry = entry.context("the decision log cannot be read")?;
        if let Some(call) = fold.take(&entry)? {
            match options.format {
                UsageFormat::Csv | UsageFormat::Json => rows.add(options.by, &call),
                UsageFormat::Focus => days.add(options.by, &call),
            }
        }
    }
    match options.format {
        UsageFormat::Csv => print::line(&rows.csv(options.by)),
        UsageFormat::Json => print::line(&json(&rows, options.by, &fold)?),
        UsageFormat::Focus => {
            let account = reader.verifier().name().to_string();
            print::line(&days.csv(options.by, &account, period));
        }
    }
    if fold.without_outcome() > 0 {
        print::notice(&format!(
            "{} calls of that time have no outcome yet and are not in these figures",
            fold.without_outcome()
        ));
    }
    Ok(ExitCode::SUCCESS)
}

fn period(options: &Usage) -> Result<Period> {
    let since = options.since.as_deref().map(|text| instant("--since", text)).transpose()?;
    let until = options.until.as_deref().map(|text| instant("--until", text)).transpose()?;
    if let (Some(since), Some(until)) = (since, until)
        && until <= since
    {
        let text = format!("--until {until} is not after --since {since}");
        return Err(Failure::usage(text).into());
    }
    Ok(Period { since, until })
}

/// The report for programs.
#[derive(Serialize)]
struct Report<'a> {
    by: &'static str,
    #[serde(flatten)]
    period: Period,
    rows: Vec<&'a Row>,
    unallocated: &'a Sums,
    total: Sums,
    /// Calls without an outcome so far: not in the figures.
    without_outcome: usize,
}

fn json(rows: &Rows, by: UsageBy, fold: &Fold) -> Result<String> {
    let report = Report {
        by: word(by),
        period: fold.period(),
        rows: rows.all().collect(),
        unallocated: rows.unallocated(),
        total: rows.total(),
        without_outcome: fold.without_outcome(),
    };
    Ok(serde_json::to_string_pretty(&report)?)
}

/// Whose use a row is, in a word.
const fn word(by: UsageBy) -> &'static str {
    match by {
        UsageBy::Owner => "owner",
        UsageBy::Agent => "agent",
        UsageBy::Model => "model",
    }
}

/// Whose use a call is.
fn key(by: UsageBy, call: &Call) -> Option<&str> {
    match by {
        UsageBy::Owner => call.whose.owner.as_deref(),
        UsageBy::Agent => call.whose.agent.as_deref(),
        UsageBy::Model => call.whose.model.as_deref(),
    }
}
