//! `cargo xtask bench`: what a governed call costs, against the least it could cost, on this
//! machine. It measures, keeps the raw figures, and writes docs/performance.md and its plots from
//! them.
//!
//! Targets take turns and every cell is measured in several rounds, so that what else happens on
//! the machine hits all of them alike. No feature of the gateway is switched off for it.

mod cell;
mod lab;
mod machine;
mod measure;
mod options;
mod page;
mod part;
mod plot;
mod plots;
mod programs;
mod raw;
mod stage;
mod summary;
mod target;

#[cfg(test)]
mod tests;

use std::fs;

use anyhow::{Context as _, Result, bail};

use crate::Verdict;
use crate::count::Count;
use crate::place::Place;
use crate::stopwatch::Stopwatch;
use crate::test::build_binaries;
use cell::Cell;
use options::{Options, Work};
use programs::Programs;
use raw::Raw;
use stage::Stage;

pub(crate) use page::stale;

/// Measures, or renders what was measured.
pub(crate) fn run(words: &[&str]) -> Result<Verdict> {
    let place = Place::find()?;
    let options = match options::parse(words) {
        Ok(Some(options)) => options,
        Ok(None) => {
            println!("{}", options::USAGE);
            return Ok(Verdict::Passed);
        }
        Err(problem) => bail!("{problem}\n{}", options::USAGE),
    };
    match options.work {
        Work::Render => page::write(&place.root, &read(&place)?)?,
        Work::Smoke => {
            build_binaries(&place)?;
            let count = smoke(&place)?;
            return Ok(if count.failed == 0 { Verdict::Passed } else { Verdict::Failed });
        }
        Work::Measure { keep } => {
            let programs = Programs::build(&place)?;
            let raw = measure(&place, programs, &options)?;
            print!("{}", page::terminal(&raw));
            if keep {
                fs::create_dir_all(place.root.join(page::FOLDER))
                    .context("cannot make a folder")?;
                fs::write(place.root.join(page::RAW), raw.text())
                    .context("cannot keep the figures")?;
                page::write(&place.root, &raw)?;
            }
        }
    }
    Ok(Verdict::Passed)
}

/// Takes every measurement once, shortly and with the binaries of the tests, and demands a figure
/// from each. How fast anything is decides nothing.
pub(crate) fn smoke(place: &Place) -> Result<Count> {
    let options = Options::smoke();
    let raw = measure(place, Programs::of_tests(place), &options)?;
    let mut count = Count::default();
    for (name, figure) in measure::figures(&raw) {
        println!("{} {name}", if figure.is_some() { "ok  " } else { "FAIL" });
        count = count + Count::of(figure.is_some());
    }
    Ok(count)
}

fn read(place: &Place) -> Result<Raw> {
    let text = fs::read_to_string(place.root.join(page::RAW))
        .with_context(|| format!("cannot read {}: run `cargo xtask bench` first", page::RAW))?;
    Raw::parse(&text)
}

fn measure(place: &Place, programs: Programs, options: &Options) -> Result<Raw> {
    let watch = Stopwatch::start();
    let mut stage = Stage::set(place, programs, options)?;
    let mut raw = Raw::new(machine::describe(place, stage.folder(), options)?);
    for group in Cell::GROUPS {
        for round in 0..options.rounds() {
            let due = |cell: &Cell| options.wants(*cell) && round < options.rounds_of(*cell);
            for cell in group.iter().copied().filter(due) {
                println!("== {} round {} of {}", cell.name(), round + 1, options.rounds_of(cell));
                raw.rows.extend(stage.run(cell, round)?);
            }
        }
    }
    stage.end()?;
    raw.check()?;
    println!("measured in {:.0} s", watch.elapsed().as_secs_f64());
    Ok(raw)
}
