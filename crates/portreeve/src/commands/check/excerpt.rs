//! One line of a file as a terminal shows it, with marks under the place that is meant. Columns
//! are counted in characters and drawn in cells, so that wide and hidden characters move no mark.

use crate::cells;

/// Cells from one tab stop to the next.
const TAB_CELLS: usize = 4;

/// A line, cut to what fits, and the marks below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Excerpt {
    pub(super) line: String,
    /// Spaces, then `^` under each cell that is meant.
    pub(super) marks: String,
}

/// What is meant on a line, in characters from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) column: usize,
    /// At least one.
    pub(super) chars: usize,
}

/// One character as it is shown.
struct Cell {
    shown: String,
    width: usize,
}

/// The part of `line` around `span` that fits into `room` cells.
pub(super) fn excerpt(line: &str, span: Span, room: usize) -> Excerpt {
    let cells = drawn(line);
    let width_to = |end: usize| cells.iter().take(end).map(|cell| cell.width).sum::<usize>();
    let first = span.column.saturating_sub(1);
    let (start, end) = (width_to(first), width_to(first.saturating_add(span.chars)));
    let total = width_to(cells.len());
    let skipped = if total <= room { 0 } else { skipped((start, end), total, room) };
    let mut shown = String::new();
    let (mut at, mut used) = (0, 0);
    if skipped > 0 {
        shown.push('…');
        used = 1;
    }
    for cell in &cells {
        let begins = at;
        at += cell.width;
        if begins < skipped {
            continue;
        }
        let is_last = at == total;
        if used + cell.width + usize::from(!is_last) > room {
            shown.push('…');
            break;
        }
        shown.push_str(&cell.shown);
        used += cell.width;
    }
    let before = cells_skipped(&cells, skipped);
    let shift = |cell: usize| cell.saturating_sub(before) + usize::from(skipped > 0);
    let (left, right) = (shift(start).min(room.saturating_sub(1)), shift(end).min(room));
    let marks = format!("{}{}", " ".repeat(left), "^".repeat(right.saturating_sub(left).max(1)));
    Excerpt { line: shown.trim_end().to_owned(), marks }
}

/// How many cells to leave out on the left, so that what is meant is seen with something before it.
fn skipped((start, end): (usize, usize), total: usize, room: usize) -> usize {
    let all_of_the_rest = (total + 1).saturating_sub(room);
    if end < room { 0 } else { start.saturating_sub(room / 3).min(all_of_the_rest) }
}

/// The cells of the characters that begin before `skipped`.
fn cells_skipped(cells: &[Cell], skipped: usize) -> usize {
    let mut at = 0;
    for cell in cells {
        if at >= skipped {
            break;
        }
        at += cell.width;
    }
    at
}

fn drawn(line: &str) -> Vec<Cell> {
    let mut at = 0;
    let mut cells = Vec::new();
    for character in line.chars() {
        let cell = cell(character, at);
        at += cell.width;
        cells.push(cell);
    }
    cells
}

/// A tab is an arrow to its stop; what a reader would not see is its number.
fn cell(character: char, at: usize) -> Cell {
    if character == '\t' {
        let width = TAB_CELLS - at % TAB_CELLS;
        return Cell { shown: format!("→{}", " ".repeat(width - 1)), width };
    }
    if character.is_control() || model::is_invisible(character) {
        let shown = format!("<U+{:04X}>", u32::from(character));
        let width = shown.len();
        return Cell { shown, width };
    }
    Cell { shown: character.to_string(), width: cells::cells(character) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, (column, chars): (usize, usize), room: usize, expected: [&str; 2]) {
        let Excerpt { line: shown, marks } = excerpt(line, Span { column, chars }, room);
        assert_eq!([shown.as_str(), marks.as_str()], expected, "{line:?}");
    }

    #[test]
    fn marks_stand_under_what_is_meant() {
        check("name: demo", (7, 4), 60, ["name: demo", "      ^^^^"]);
        check("name: demo", (11, 1), 60, ["name: demo", "          ^"]);
        check("name: demo", (900, 3), 60, ["name: demo", "          ^"]);
        check("", (1, 1), 60, ["", "^"]);
    }

    #[test]
    fn wide_combining_and_hidden_characters_move_no_mark() {
        check("名前: x", (5, 1), 60, ["名前: x", "      ^"]);
        check("é😀: x", (5, 1), 60, ["é😀: x", "     ^"]);
        check("e\u{301}: x", (5, 1), 60, ["e\u{301}: x", "   ^"]);
        check("\tx: 1", (2, 1), 60, ["→   x: 1", "    ^"]);
        check("ab\tx", (3, 1), 60, ["ab→ x", "  ^^"]);
        check("a\u{200b}b", (2, 1), 60, ["a<U+200B>b", " ^^^^^^^^"]);
        check("a\u{1b}[2J", (2, 1), 60, ["a<U+001B>[2J", " ^^^^^^^^"]);
        check("名前", (2, 1), 60, ["名前", "  ^^"]);
    }

    #[test]
    fn a_long_line_is_cut_around_what_is_meant() {
        let long = format!("key: {}", "abcdefghij".repeat(20));
        check(&long, (1, 3), 20, ["key: abcdefghijabcd…", "^^^"]);
        check(&long, (101, 2), 20, ["…jabcdefghijabcdefg…", "       ^^"]);
        check(&long, (204, 2), 20, ["…bcdefghijabcdefghij", "                  ^^"]);
        check(&long, (6, 200), 20, ["key: abcdefghijabcd…", "     ^^^^^^^^^^^^^^^"]);
        let exact = "abcdefghijklmnopqrst";
        check(exact, (20, 1), 20, [exact, "                   ^"]);
    }

    #[test]
    fn no_line_is_wider_than_the_room() {
        for line in ["名前".repeat(50), "\t".repeat(50), "a\u{200b}".repeat(50)] {
            for column in 1..120 {
                let Excerpt { line: shown, marks } = excerpt(&line, Span { column, chars: 5 }, 40);
                let width: usize = shown.chars().map(cells::cells).sum();
                assert!(width <= 40 && marks.len() <= 40, "{column}: {shown} {marks}");
                assert!(marks.ends_with('^'), "{column}: {marks}");
            }
        }
    }
}
