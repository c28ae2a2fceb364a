//! A table that fits its width: columns that find no room are left out, the last ones first.

use super::cell::{Cell, Line, Tone};

/// Columns between two columns.
const GAP: usize = 2;
/// The first column's name is not cut below this while others could be left out.
const NAME_MIN: usize = 12;

/// A table. Each row has a cell for each heading.
#[derive(Debug)]
pub(super) struct Table {
    /// Of each column: its heading, and whether its cells stand to the right.
    pub(super) heads: Vec<(&'static str, bool)>,
    pub(super) rows: Vec<Vec<Cell>>,
}

impl Table {
    /// The heading and at most `count` rows, no line wider than `width`.
    pub(super) fn lines(&self, width: usize, count: usize) -> Vec<Line> {
        let heads: Vec<Cell> =
            self.heads.iter().map(|(head, _)| Cell::new(head, Tone::Head)).collect();
        let shown = self.rows.iter().take(count);
        let widths = self.widths(width, std::iter::once(&heads).chain(shown.clone()));
        let line = |row: &Vec<Cell>| {
            let mut pieces = Vec::new();
            for ((cell, (_, to_right)), width) in row.iter().zip(&self.heads).zip(&widths) {
                if !pieces.is_empty() {
                    pieces.push(Cell::plain(&" ".repeat(GAP)));
                }
                pieces.push(cell.clone().padded(*width, *to_right));
            }
            Line(pieces)
        };
        std::iter::once(&heads).chain(shown).map(line).collect()
    }

    /// The widths of the columns that are shown: the first is cut to a third of the room before
    /// another is left out, and alone it takes what there is.
    fn widths<'c>(
        &self,
        width: usize,
        rows: impl Iterator<Item = &'c Vec<Cell>> + Clone,
    ) -> Vec<usize> {
        let widest = |nth: usize| {
            let cells = rows.clone().filter_map(|row| row.get(nth));
            cells.map(Cell::width).max().unwrap_or(0)
        };
        let mut widths: Vec<usize> = (0..self.heads.len()).map(widest).collect();
        let taken = |widths: &[usize]| -> usize {
            widths.iter().sum::<usize>() + GAP * widths.len().saturating_sub(1)
        };
        if let Some(first) = widths.first().copied() {
            let over = taken(&widths).saturating_sub(width);
            let least = first.min(NAME_MIN.max(width / 3));
            if let Some(name) = widths.first_mut() {
                *name = first.saturating_sub(over).max(least);
            }
        }
        while widths.len() > 1 && taken(&widths) > width {
            widths.pop();
        }
        if let [only] = widths.as_mut_slice() {
            *only = (*only).min(width);
        }
        widths
    }
}
