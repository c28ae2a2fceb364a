//! The cases: which log, what is done to it, who says what.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use super::Bench;
use super::checkers::{Checker, Said, Subject};
use super::homes::{SIZES, copy, log};
use super::tamper::{SHOWN, forge};
use crate::count::Count;

/// What a checker must say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Must {
    Accept,
    Refuse,
}

/// The checkers' verdicts on a log, each held against what it must be.
fn expect(
    bench: &Bench,
    what: &str,
    (checkers, must): (&[Checker], Must),
    (home, kept): (&Path, &[PathBuf]),
) -> Result<Count> {
    let mut count = Count::default();
    for checker in checkers {
        let subject = Subject { home, key: &bench.homes.key, kept };
        let said = bench.checkers.check(*checker, subject).context(what.to_owned())?;
        count = count + judge(what, *checker, must, &said);
    }
    Ok(count)
}

fn judge(what: &str, checker: Checker, must: Must, said: &Said) -> Count {
    let right = said.accepted == (must == Must::Accept);
    let mark = if right { "ok  " } else { "FAIL" };
    let verdict = if said.accepted { "accepts" } else { "refuses" };
    // Of an acceptance the number of entries is enough, of a refusal the reason is of interest.
    let words = if said.accepted { "" } else { said.words.as_str() };
    println!("{mark} {what}: {checker} {verdict} {words}");
    Count::of(right)
}

/// Everything the real binary wrote is accepted by all, with every checkpoint kept on the way.
pub(super) fn accepted(bench: &Bench) -> Result<Count> {
    let homes = &bench.homes;
    let all = (&Checker::ALL[..], Must::Accept);
    let mut count = expect(bench, "as written", all, (&homes.last(), &homes.checkpoints))?;
    for size in SIZES {
        let what = format!("{size} entries");
        count = count + expect(bench, &what, all, (&homes.of(size), &homes.checkpoints))?;
    }
    Ok(count)
}

/// Each tampering that the log itself shows is refused by all, in a copy they accepted.
pub(super) fn shown(bench: &Bench) -> Result<Count> {
    let [smallest, ..] = SIZES;
    let mut count = Count::default();
    for (name, tamper) in SHOWN {
        let home = bench.fresh()?;
        copy(&bench.homes.of(smallest), &home)?;
        let before = format!("before: {name}");
        count = count + expect(bench, &before, (&Checker::ALL, Must::Accept), (&home, &[]))?;
        tamper(&log(&home)).with_context(|| (*name).to_owned())?;
        count = count + expect(bench, name, (&Checker::ALL, Must::Refuse), (&home, &[]))?;
    }
    Ok(count)
}

/// A tile and a bundle that agree with each other and not with the root.
pub(super) fn forged(bench: &Bench) -> Result<Count> {
    let mut count = Count::default();
    for size in SIZES {
        let home = bench.fresh()?;
        copy(&bench.homes.of(size), &home)?;
        let before = format!("before: {size} entries");
        count = count + expect(bench, &before, (&Checker::ALL, Must::Accept), (&home, &[]))?;
        forge(&log(&home))?;
        let what = format!("forged tile and bundle, {size} entries");
        count = count + expect(bench, &what, (&Checker::ALL, Must::Refuse), (&home, &[]))?;
    }
    Ok(count)
}

/// What no log shows by itself: only somebody who holds a checkpoint of it notices. The control
/// log holds checkpoints of the decision log, so `portreeve ledger verify` does.
pub(super) fn rewritten(bench: &Bench) -> Result<Count> {
    let homes = &bench.homes;
    let newest = homes.checkpoints.last().context("no checkpoint was kept")?;
    let newest = std::slice::from_ref(newest);
    let mut count = Count::default();
    for name in ["rolled back", "forked with the log's own key"] {
        let home = bench.fresh()?;
        copy(&homes.last(), &home)?;
        let before = format!("before: {name}");
        let all = (&Checker::ALL[..], Must::Accept);
        count = count + expect(bench, &before, all, (&home, newest))?;
        std::fs::remove_dir_all(log(&home)).context("cannot remove the log")?;
        copy(&log(&homes.after(0)), &log(&home))?;
        if name != "rolled back" {
            let [grown, ..] = SIZES;
            homes.grow(&log(&home), grown)?;
        }
        let alone = (&Checker::OF_A_FOLDER[..], Must::Accept);
        let unseen = format!("{name}, no checkpoint kept");
        count = count + expect(bench, &unseen, alone, (&home, &[]))?;
        let noticed = (&Checker::ALL[..], Must::Refuse);
        count = count + expect(bench, name, noticed, (&home, newest))?;
    }
    Ok(count)
}

/// What `portreeve ledger prove` says, whole and changed.
pub(super) fn proofs(bench: &Bench) -> Result<Count> {
    let text = std::fs::read_to_string(&bench.homes.proof).context("no proof was kept")?;
    let mut count = proof(bench, "as written", Must::Accept, &text)?;
    let lines: Vec<&str> = text.lines().collect();
    let line = |name: &str, at: usize, other: String| {
        let mut lines = lines.clone();
        if let Some(line) = lines.get_mut(at) {
            *line = &other;
        }
        let changed = lines.join("\n") + "\n";
        anyhow::ensure!(changed != text, "{name}: nothing was changed");
        proof(bench, name, Must::Refuse, &changed)
    };
    let at = |number: usize| lines.get(number).copied().context("the proof is short");
    // The entry's base64 begins behind `extra `; four characters are three bytes.
    let (entry, hash) = (at(1)?, at(3)?);
    let index: u64 = at(2)?.trim_start_matches("index ").parse()?;
    let swapped = |text: &str, from: usize| {
        let (start, rest) = text.split_at(from);
        let (one, rest) = rest.split_at(4);
        let (other, rest) = rest.split_at(4);
        format!("{start}{other}{one}{rest}")
    };
    let root = lines.iter().position(|line| line.is_empty()).context("no checkpoint")? + 3;
    count = count + line("another entry", 1, swapped(entry, 46))?;
    count = count + line("another index", 2, format!("index {}", index - 1))?;
    count = count + line("another hash", 3, swapped(hash, 0))?;
    count = count + line("another root", root, swapped(at(root)?, 0))?;
    Ok(count)
}

fn proof(bench: &Bench, what: &str, must: Must, text: &str) -> Result<Count> {
    let file = bench.homes.proof.with_extension("changed");
    std::fs::write(&file, text).context("cannot write a proof")?;
    let mut count = Count::default();
    for checker in Checker::OF_A_FOLDER {
        let said = bench.checkers.check_proof(checker, &file, &bench.homes.key)?;
        count = count + judge(&format!("proof, {what}"), checker, must, &said);
    }
    Ok(count)
}
