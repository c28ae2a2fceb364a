//! docs/performance.md: its tables are written from the raw figures, its sentences by hand.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

use super::measure::{MEASURES, MS, Standing};
use super::plots;
use super::raw::Raw;
use super::stage::DISK;
use super::summary::{Summary, shown};
use super::target::Target;
use super::{cell::Cell, measure::MB};

/// Where the page is.
const PAGE: &str = "docs/performance.md";
/// Where its plots and raw figures are.
pub(super) const FOLDER: &str = "docs/performance";
/// The raw figures.
pub(super) const RAW: &str = "docs/performance/raw.jsonl";
/// Between these two, the page is written from the raw figures.
const BEGIN: &str = "<!-- From docs/performance/raw.jsonl by `cargo xtask bench --render`. -->\n";
const END: &str = "<!-- Until here. -->\n";
/// Cores that others may keep busy before the figures are read with care.
const OTHERS_MAX: f64 = 0.25;

/// Writes tables and plots.
pub(super) fn write(root: &Path, raw: &Raw) -> Result<()> {
    let path = root.join(PAGE);
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {PAGE}"))?;
    let mut files = vec![(PAGE.to_owned(), filled(&text, raw)?)];
    files.extend(plots::all(raw).into_iter().map(|(name, svg)| (format!("{FOLDER}/{name}"), svg)));
    for (path, text) in files {
        fs::write(root.join(&path), text).with_context(|| format!("cannot write {path}"))?;
        println!("wrote {path}");
    }
    Ok(())
}

/// The files that are not what the raw figures say, each with what is wrong. `read` gives the text
/// of a file of the checkout.
pub(crate) fn stale(read: &dyn Fn(&str) -> Option<String>) -> Vec<(String, String)> {
    let finding = |path: &str, what: String| vec![(path.to_owned(), what)];
    let raw = match read(RAW).context("is not there").and_then(|text| Raw::parse(&text)) {
        Ok(raw) => raw,
        Err(error) => return finding(RAW, format!("{error:#}")),
    };
    let page = read(PAGE).unwrap_or_default();
    let mut expected = match filled(&page, &raw) {
        Ok(filled) => vec![(PAGE.to_owned(), filled)],
        Err(error) => return finding(PAGE, format!("{error:#}")),
    };
    let plots = plots::all(&raw).into_iter();
    expected.extend(plots.map(|(name, svg)| (format!("{FOLDER}/{name}"), svg)));
    let stale = expected.into_iter().filter(|(path, text)| read(path).as_ref() != Some(text));
    let what = "is not current: run `cargo xtask bench --render`";
    stale.map(|(path, _)| (path, what.to_owned())).collect()
}

/// What a person sees at the end of a run.
pub(super) fn terminal(raw: &Raw) -> String {
    let mut text = String::from("\n");
    for measure in MEASURES {
        let Some(figure) = measure.figure(raw) else { continue };
        let mark = match measure.aim.standing(figure.median) {
            Standing::Stretch => "best",
            Standing::Met => "met ",
            Standing::Missed => "MISS",
        };
        let [target, _] = measure.aim.said();
        let (name, unit, parts) = (measure.name, measure.unit, measure.parts(raw));
        let figure = spanned(figure);
        text.push_str(&format!("{mark} {name}: {figure} {unit} (aim {target})\n     {parts}\n"));
    }
    text.push_str(&format!("{}\n", busy(raw)));
    text
}

/// The page with its tables as the raw figures have them.
fn filled(page: &str, raw: &Raw) -> Result<String> {
    let (before, rest) = page.split_once(BEGIN).context("has no mark where its tables begin")?;
    let (_, after) = rest.split_once(END).context("has no mark where its tables end")?;
    Ok(format!("{before}{BEGIN}\n{}\n{END}{after}", tables(raw)))
}

fn tables(raw: &Raw) -> String {
    let (machine, measures, targets) = (machine(raw), measures(raw), targets(raw));
    format!(
        "{machine}\n\n{}\n\n### Against the targets\n\n{measures}\n### Each by itself\n\n{targets}",
        busy(raw)
    )
}

fn machine(raw: &Raw) -> String {
    let said = |key: &str| raw.machine.get(key).map_or("unknown", String::as_str);
    format!(
        "Measured on {}: {} cores ({}), {}, Linux {}, {}; {}, {} build of `{}`. Medians of {} rounds, \
         in brackets the least and the most; each run counted for {}.",
        said("date"),
        said("cores"),
        said("processor"),
        said("memory"),
        said("kernel"),
        said("disk"),
        said("rustc"),
        said("build"),
        said("commit"),
        said("rounds"),
        said("window"),
    )
}

/// Whether the machine had something else to do.
fn busy(raw: &Raw) -> String {
    let others = raw.rows.iter().filter_map(|row| row.figures.get("others_cores").copied());
    let load = raw.machine.get("load before").map_or("unknown", String::as_str);
    let Some(others) = Summary::of(others.collect()) else {
        return format!("Load before the run: {load}.");
    };
    let (median, most) = (shown(others.median), shown(others.high));
    let said = format!(
        "Load before the run: {load}. Other programs kept {median} cores busy in the median of all \
         runs, {most} at most."
    );
    if others.median > OTHERS_MAX {
        return format!(
            "{said} **The machine was busy: CPU figures and ratios hold, times and rates are worse \
             than they would be on a quiet one.**"
        );
    }
    said
}

fn measures(raw: &Raw) -> String {
    let mut text = String::from("| measure | target | stretch | measured | | made of |\n");
    text.push_str("|---|---|---|---|---|---|\n");
    for measure in MEASURES {
        let [target, stretch] = measure.aim.said();
        let (figure, mark) = match measure.figure(raw) {
            None => ("not measured".to_owned(), ""),
            Some(figure) => {
                let mark = match measure.aim.standing(figure.median) {
                    Standing::Stretch => "stretch met",
                    Standing::Met => "met",
                    Standing::Missed => "**not met**",
                };
                (format!("**{}** {}", spanned(figure), measure.unit), mark)
            }
        };
        let (name, parts) = (measure.name, measure.parts(raw));
        text.push_str(&format!(
            "| {name} | {target} | {stretch} | {figure} | {mark} | {parts} |\n"
        ));
    }
    text
}

/// Every target's own figures.
fn targets(raw: &Raw) -> String {
    const COLUMNS: [(&str, Cell, &str, f64); 12] = [
        ("CPU µs a request", Cell::Requests, "cpu_us_per_request", 1.0),
        ("requests/s", Cell::Requests, "requests_per_second", 1.0),
        ("p50 ms at the rate", Cell::Rate, "p50_us", MS),
        ("p90 ms", Cell::Rate, "p90_us", MS),
        ("p99 ms", Cell::Rate, "p99_us", MS),
        ("p99.9 ms", Cell::Rate, "p999_us", MS),
        ("CPU µs a request at the rate", Cell::Rate, "cpu_us_per_request", 1.0),
        ("CPU µs a chunk", Cell::Chunks, "cpu_us_per_chunk", 1.0),
        ("chunks/s", Cell::Chunks, "chunks_per_second", 1.0),
        ("MB idle", Cell::Memory, "pss_before_kib", MB),
        ("MB with the streams", Cell::Memory, "pss_kib", MB),
        ("ms until ready", Cell::Memory, "ready_ms", 1.0),
    ];
    let names: Vec<&str> = Target::ALL.into_iter().map(Target::name).chain([DISK]).collect();
    let present = |name: &&&str| raw.rows.iter().any(|row| row.target == **name);
    let names: Vec<&str> = names.iter().filter(present).copied().collect();
    let mut text = format!("| | {} |\n|---|{}\n", names.join(" | "), "---|".repeat(names.len()));
    for (column, cell, figure, factor) in COLUMNS {
        let cells = names.iter().map(|name| {
            let rounds = raw.rounds(cell, name, figure).into_values().collect();
            Summary::of(rounds).map_or("–".to_owned(), |figure| spanned(figure.scaled(factor)))
        });
        let cells: Vec<String> = cells.collect();
        text.push_str(&format!("| {column} | {} |\n", cells.join(" | ")));
    }
    text
}

/// The median, and between which figures it lies.
fn spanned(figure: Summary) -> String {
    let Summary { median, low, high } = figure;
    format!("{} ({} to {})", shown(median), shown(low), shown(high))
}
