//! The plots of docs/performance.md.

use std::collections::BTreeSet;

use super::cell::Cell;
use super::measure::{MB, MS};
use super::plot::{Chart, Group, Row, Scale};
use super::raw::Raw;
use super::stage::DISK;
use super::summary::Summary;
use super::target::Target;

/// Every plot that there are figures for: its file's name, and the file.
pub(super) fn all(raw: &Raw) -> Vec<(&'static str, String)> {
    let charts = [
        ("requests.svg", requests(raw)),
        ("latency.svg", latency(raw)),
        ("chunks.svg", chunks(raw)),
        ("memory.svg", memory(raw)),
        ("policy.svg", policy(raw)),
    ];
    charts.into_iter().filter_map(|(name, chart)| Some((name, chart.svg()?))).collect()
}

fn requests(raw: &Raw) -> Chart {
    Chart {
        title: "Core time of one request, 64 clients".to_owned(),
        axis: "µs of one core".to_owned(),
        scale: Scale::Linear,
        groups: vec![group(raw, "", (Cell::Requests, "cpu_us_per_request"), 1.0)],
    }
}

fn latency(raw: &Raw) -> Chart {
    let of = |name, figure| group(raw, name, (Cell::Rate, figure), MS);
    Chart {
        title: "How long a request takes, 500 a second".to_owned(),
        axis: "ms from the moment it was due (disk: one append with fdatasync)".to_owned(),
        scale: Scale::Logarithmic,
        groups: vec![
            of("half take no longer", "p50_us"),
            of("99 of 100 take no longer", "p99_us"),
            of("999 of 1,000 take no longer", "p999_us"),
        ],
    }
}

fn chunks(raw: &Raw) -> Chart {
    Chart {
        title: "Core time of one streamed chunk, saturated".to_owned(),
        axis: "µs of one core, requests included, 50 chunks each".to_owned(),
        scale: Scale::Linear,
        groups: vec![group(raw, "", (Cell::Chunks, "cpu_us_per_chunk"), 1.0)],
    }
}

fn memory(raw: &Raw) -> Chart {
    let of = |name, figure| group(raw, name, (Cell::Memory, figure), MB);
    Chart {
        title: "Memory".to_owned(),
        axis: "MB (PSS)".to_owned(),
        scale: Scale::Linear,
        groups: vec![of("idle", "pss_before_kib"), of("with 1,000 open streams", "pss_kib")],
    }
}

fn policy(raw: &Raw) -> Chart {
    let names: BTreeSet<u64> = raw
        .rows
        .iter()
        .filter(|row| row.cell == Cell::Policy.name())
        .filter_map(|row| row.figures.get("policies").map(|policies| *policies as u64))
        .collect();
    let of = |name: &str, figure| {
        let rows = names.iter().filter_map(|policies| {
            let target = format!("{policies} policies");
            let rounds = raw.rounds(Cell::Policy, &target, figure).into_values().collect();
            Some(Row {
                name: target,
                colour: colour(Target::Portreeve),
                figure: Summary::of(rounds)?,
            })
        });
        Group { name: name.to_owned(), rows: rows.collect() }
    };
    Chart {
        title: "One decision, by the number of policies".to_owned(),
        axis: "µs, median of each run".to_owned(),
        scale: Scale::Linear,
        groups: vec![
            of("evaluating alone", "evaluating_p50_us"),
            of("with everything it rests on", "whole_p50_us"),
        ],
    }
}

/// One figure of every target that has it.
fn group(raw: &Raw, name: &str, (cell, figure): (Cell, &str), factor: f64) -> Group {
    let targets = Target::ALL.map(|target| (target.name(), colour(target)));
    let rows = targets.into_iter().chain([(DISK, "#c08a2d")]).filter_map(|(target, colour)| {
        let rounds = raw.rounds(cell, target, figure).into_values().collect();
        let figure = Summary::of(rounds)?.scaled(factor);
        Some(Row { name: target.to_owned(), colour, figure })
    });
    Group { name: name.to_owned(), rows: rows.collect() }
}

const fn colour(target: Target) -> &'static str {
    match target {
        Target::Direct => "#b3b8c0",
        Target::Floor => "#8a919c",
        Target::Nginx => "#4f9d69",
        Target::Portreeve => "#3b82d6",
    }
}
