//! The difference between two texts, line by line, as people read it.

/// Lines only in `old` with `-`, lines only in `new` with `+`, the others with a space.
pub(crate) fn lines(old: &str, new: &str) -> String {
    let old: Vec<&str> = old.lines().collect();
    let new: Vec<&str> = new.lines().collect();
    let common = common_lengths(&old, &new);
    let length = |from_old: usize, from_new: usize| {
        common.get(from_old).and_then(|row| row.get(from_new)).copied().unwrap_or_default()
    };
    let mut text = String::new();
    let mut show = |mark: char, line: &str| {
        text.push(mark);
        text.push(' ');
        text.push_str(line);
        text.push('\n');
    };
    let (mut at_old, mut at_new) = (0, 0);
    loop {
        match (old.get(at_old), new.get(at_new)) {
            (Some(left), Some(right)) if left == right => {
                show(' ', left);
                at_old += 1;
                at_new += 1;
            }
            (Some(left), right)
                if right.is_none() || length(at_old + 1, at_new) >= length(at_old, at_new + 1) =>
            {
                show('-', left);
                at_old += 1;
            }
            (_, Some(right)) => {
                show('+', right);
                at_new += 1;
            }
            (_, None) => return text,
        }
    }
}

/// How many lines the rests from each pair of places have in common, in order.
fn common_lengths(old: &[&str], new: &[&str]) -> Vec<Vec<usize>> {
    let mut rows = vec![vec![0; new.len() + 1]];
    for left in old.iter().rev() {
        let mut row = vec![0];
        let below = rows.last().cloned().unwrap_or_default();
        for (offset, right) in new.iter().rev().enumerate() {
            let at = new.len() - offset;
            let cell = |at: usize| below.get(at).copied().unwrap_or_default();
            let beside = row.last().copied().unwrap_or_default();
            row.push(if left == right { cell(at) + 1 } else { cell(at - 1).max(beside) });
        }
        row.reverse();
        rows.push(row);
    }
    rows.reverse();
    rows
}
