//! "Did you mean": the nearest of the known words. It only compares.

/// The known word nearest to `word`, where it is near enough to be meant: at most one edit in
/// three characters. A swap of two neighbours is one edit.
#[must_use]
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word: Vec<char> = word.chars().take(WORD_CHARS_MAX).collect();
    let allowed = |candidate: &str| (candidate.len().min(word.len()) / 3).max(1);
    known
        .into_iter()
        // Each character more or less is an edit: most candidates are ruled out by length.
        .filter(|candidate| candidate.len().abs_diff(word.len()) <= allowed(candidate))
        .map(|candidate| (distance(&word, candidate), candidate))
        .filter(|(edits, candidate)| *edits <= allowed(candidate) && *edits < word.len().max(2))
        .min()
        .map(|(_, candidate)| candidate)
}

/// The words in code quotes, as a sentence lists them.
pub(crate) fn listed(words: &[&str], last: &str) -> String {
    let quoted: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.as_slice() {
        [] => "none".to_owned(),
        [one] => one.clone(),
        [first @ .., end] => format!("{} {last} {end}", first.join(", ")),
    }
}

/// Longer words are nobody's typing error.
const WORD_CHARS_MAX: usize = 64;

/// Optimal string alignment distance: inserts, deletes, replacements and swaps of neighbours.
fn distance(word: &[char], candidate: &str) -> usize {
    let candidate: Vec<char> = candidate.chars().take(WORD_CHARS_MAX).collect();
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=candidate.len()).collect();
    let mut earlier = None;
    for (row, letter) in word.iter().enumerate() {
        let mut current = vec![row + 1];
        let mut left = row + 1;
        let mut previous = None;
        for (column, other) in candidate.iter().enumerate() {
            let cost = usize::from(letter != other);
            let at = |row: &[usize], column: usize| row.get(column).copied().unwrap_or(usize::MAX);
            let mut best = (left + 1)
                .min(at(&above, column + 1).saturating_add(1))
                .min(at(&above, column).saturating_add(cost));
            if earlier == Some(other) && previous == Some(letter) && column > 0 {
                best = best.min(at(&before, column - 1).saturating_add(1));
            }
            current.push(best);
            left = best;
            previous = Some(other);
        }
        before = std::mem::replace(&mut above, current);
        earlier = Some(letter);
    }
    above.last().copied().unwrap_or(word.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_suggested_and_a_far_one_is_not() {
        let known = ["environment", "owner", "operator", "name"];
        for (word, expected) in [
            ("envronment", Some("environment")),
            ("enviroment", Some("environment")),
            ("ownr", Some("owner")),
            ("onwer", Some("owner")),
            ("operater", Some("operator")),
            ("Name", Some("name")),
            ("colour", None),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, known), expected, "{word}");
        }
    }

    #[test]
    fn words_are_listed_as_a_sentence_does() {
        assert_eq!(listed(&[], "or"), "none");
        assert_eq!(listed(&["a"], "or"), "`a`");
        assert_eq!(listed(&["a", "b", "c"], "or"), "`a`, `b` or `c`");
    }
}
