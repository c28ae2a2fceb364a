//! One frame: a function of what is known and of the terminal's size, and of nothing else.

use model::Timestamp;

use super::cell::{Cell, Line, Tone};
use super::sample::Sample;
use super::sections;
use super::table::Table;
use crate::amounts::{age, grouped};
use crate::cli::TopBy;

/// What a terminal has room for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Size {
    pub(super) columns: usize,
    pub(super) lines: usize,
}

/// Everything that a frame shows.
#[derive(Debug)]
pub(super) struct View {
    /// The latest that was told; none before anything was.
    pub(super) sample: Option<Sample>,
    pub(super) contact: Contact,
    /// Whose rows are shown; a few of each kind where none is chosen.
    pub(super) by: Option<TopBy>,
    pub(super) now: Timestamp,
}

/// How it stands with the serving process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Contact {
    /// It was asked once, and answered.
    Once,
    /// It is asked again and again, and answers.
    Live,
    /// It does not answer, for this reason, since then. It is asked on.
    Gone { why: String, since: Timestamp },
}

/// The keys, where there are any.
const KEYS: &str = "q leave  o all  a agents  m models  t targets  c codes  b budgets  r refusals";

/// The whole frame as text, a line for each line.
pub(super) fn text(view: &View, size: Size, colour: bool) -> String {
    let lines = lines(view, size);
    let texts: Vec<String> =
        lines.iter().take(size.lines).map(|line| line.text(size.columns, colour)).collect();
    texts.join("\n")
}

fn lines(view: &View, size: Size) -> Vec<Line> {
    let mut lines = vec![headline(view)];
    if let Contact::Gone { why, since } = &view.contact {
        let since = age(view.now.millis_since(*since));
        lines.push(Line::of(&format!("gone for {since}, asked again and again: {why}"), Tone::Bad));
    }
    let keys = (view.contact != Contact::Once).then(|| Line::of(KEYS, Tone::Dim));
    if let Some(sample) = &view.sample {
        lines.extend(sections::speed(&sample.traffic).lines(size.columns, usize::MAX));
        let below = usize::from(keys.is_some());
        let left = size.lines.saturating_sub(lines.len() + below);
        let tables = sections::tables(sample, view.by, view.now);
        lines.extend(share(&tables, size.columns, left));
    }
    // The keys stand last while there is room for more than what they are about.
    if let Some(keys) = keys
        && size.lines > lines.len()
    {
        let empty = if size.lines == usize::MAX { 0 } else { size.lines - lines.len() - 1 };
        lines.resize_with(lines.len() + empty, Line::default);
        lines.push(keys);
    }
    lines
}

/// Who serves, for how long, and what is under way.
fn headline(view: &View) -> Line {
    let Some(sample) = &view.sample else {
        return Line::of("portreeve top", Tone::Head);
    };
    let traffic = &sample.traffic;
    let mut pieces = vec![Cell::new(&sample.gateway, Tone::Head)];
    match view.contact {
        Contact::Once | Contact::Live => {
            let serving = age(traffic.now.millis_since(traffic.began));
            pieces.push(Cell::plain(&format!("  serving for {serving}")));
        }
        Contact::Gone { .. } => {
            pieces.push(Cell::new(&format!("  as of {}", traffic.now), Tone::Bad));
        }
    }
    if traffic.draining {
        pieces.push(Cell::new("  draining", Tone::Warn));
    }
    if !sample.logs_work {
        pieces.push(Cell::new("  A LOG FAILS: nothing is forwarded", Tone::Bad));
    }
    let count = |count: usize| grouped(u64::try_from(count).unwrap_or(u64::MAX));
    let (calls, streams) = (count(traffic.in_flight), count(traffic.streams));
    pieces.push(Cell::plain(&format!("  {calls} under way, {streams} streamed")));
    Line(pieces)
}

/// The tables in so many lines: a row for each in turn, until there is no room or no row.
fn share(tables: &[Table], width: usize, lines: usize) -> Vec<Line> {
    let tables: Vec<&Table> = tables.iter().filter(|table| !table.rows.is_empty()).collect();
    let mut given = vec![0_usize; tables.len()];
    let mut left = lines;
    loop {
        let before = left;
        for (rows, table) in given.iter_mut().zip(&tables) {
            // The first row needs an empty line and its heading.
            let needed = if *rows == 0 { 3 } else { 1 };
            if *rows < table.rows.len() && left >= needed {
                *rows += 1;
                left -= needed;
            }
        }
        if left == before {
            break;
        }
    }
    let mut out = Vec::new();
    for (rows, table) in given.iter().zip(&tables).filter(|(rows, _)| **rows > 0) {
        out.push(Line::default());
        out.extend(table.lines(width, *rows));
    }
    out
}
