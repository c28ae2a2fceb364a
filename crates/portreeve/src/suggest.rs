//! "Did you mean": the name that somebody most likely meant. It guesses only what is near, and
//! never acts on a guess.

/// Longest name that is compared, in characters.
const LENGTH_MAX: usize = 128;

/// `. Did you mean NAME?` for the nearest of `names`; nothing where none is near.
pub(crate) fn ending<'n>(given: &str, names: impl IntoIterator<Item = &'n str>) -> String {
    nearest(given, names).map(|name| format!(". Did you mean `{name}`?")).unwrap_or_default()
}

/// The nearest of `names` to `given`, if it is near: one that it begins, or one that a few
/// changed letters make of it.
pub(crate) fn nearest<'n>(
    given: &str,
    names: impl IntoIterator<Item = &'n str>,
) -> Option<&'n str> {
    let length = given.chars().count();
    if length == 0 || length > LENGTH_MAX {
        return None;
    }
    // A third of the letters, two at least for words of three and more.
    let most = (length / 3).max(usize::from(length > 2) * 2).max(1);
    let near = |name: &'n str| {
        let distance =
            if name.starts_with(given) && length > 2 { 0 } else { distance(given, name) };
        (distance <= most && name.chars().count() <= LENGTH_MAX).then_some((distance, name))
    };
    names.into_iter().filter_map(near).min().map(|(_, name)| name)
}

/// How many letters are added, left out, changed or swapped with their neighbour to make one of
/// the other (optimal string alignment).
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    let mut last = None;
    for (nth, letter) in one.chars().enumerate() {
        let mut next = vec![nth + 1];
        let mut left = None;
        for (at, against) in other.iter().enumerate() {
            let get = |row: &[usize], at: usize| row.get(at).copied().unwrap_or(usize::MAX - 1);
            let changed = get(&row, at) + usize::from(letter != *against);
            let shorter = get(&row, at + 1) + 1;
            let longer = get(&next, at) + 1;
            let mut least = changed.min(shorter).min(longer);
            if last == Some(*against) && left == Some(letter) && at > 0 {
                least = least.min(get(&before, at - 1) + 1);
            }
            next.push(least);
            left = Some(*against);
        }
        last = Some(letter);
        before = std::mem::replace(&mut row, next);
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_count_what_a_hand_gets_wrong() {
        for (one, other, count) in [
            ("", "", 0),
            ("", "abc", 3),
            ("abc", "", 3),
            ("abc", "abc", 0),
            ("abc", "acb", 1),
            ("abc", "ab", 1),
            ("abc", "abd", 1),
            ("ca", "abc", 3),
            ("demo-agnet", "demo-agent", 1),
            ("äb", "ab", 1),
        ] {
            assert_eq!(distance(one, other), count, "{one} {other}");
            assert_eq!(distance(other, one), count, "{other} {one}");
        }
    }

    #[test]
    fn only_what_is_near_is_guessed() {
        let names = ["demo-agent", "night-batch", "gpt-5", "x"];
        for (given, meant) in [
            ("demo-agnet", Some("demo-agent")),
            ("demo", Some("demo-agent")),
            ("nigth-bach", Some("night-batch")),
            ("gpt-4", Some("gpt-5")),
            ("y", Some("x")),
            ("claude", None),
            ("", None),
            (&"d".repeat(200), None),
        ] {
            assert_eq!(nearest(given, names), meant, "{given}");
        }
        assert_eq!(ending("gpt-4", names), ". Did you mean `gpt-5`?");
        assert_eq!(ending("claude", names), "");
    }
}
