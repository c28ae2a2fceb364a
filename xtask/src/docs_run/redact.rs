//! What differs from run to run, replaced by its kind, so that a page can show real output.
//!
//! Both sides are redacted: a page may show the values of the run it was written from.

/// Whether `actual` is what `expected` shows. A line `...` matches any number of lines;
/// space at the ends of lines and around the whole does not matter.
pub(super) fn matches(expected: &str, actual: &str, home: &str) -> bool {
    let expected = redact(expected, home);
    let actual = redact(actual, home);
    let expected: Vec<&str> = expected.trim().lines().map(str::trim_end).collect();
    let actual: Vec<&str> = actual.trim().lines().map(str::trim_end).collect();
    lines_match(&expected, &actual)
}

/// `text` with every value of a known kind replaced by the kind's name.
pub(super) fn redact(text: &str, home: &str) -> String {
    let text = if home.is_empty() { text.to_owned() } else { text.replace(home, "~") };
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    let mut before = None;
    while let Some(character) = rest.chars().next() {
        let at_start = !before.is_some_and(is_inside_word);
        if at_start && let Some((kind, after)) = known(rest) {
            out.push_str(kind);
            before = kind.chars().next_back();
            rest = after;
            continue;
        }
        out.push(character);
        before = Some(character);
        rest = rest.split_at(character.len_utf8()).1;
    }
    out
}

fn lines_match(expected: &[&str], actual: &[&str]) -> bool {
    match expected.split_first() {
        None => actual.is_empty(),
        Some((&"...", later)) => {
            (0..=actual.len()).any(|skipped| lines_match(later, actual.split_at(skipped).1))
        }
        Some((first, later)) => actual
            .split_first()
            .is_some_and(|(line, others)| line == first && lines_match(later, others)),
    }
}

/// The value at the start of `text`, as its kind and what follows it.
fn known(text: &str) -> Option<(&'static str, &str)> {
    [digest, hex_name, uuid, time, address, token, duration].into_iter().find_map(|kind| kind(text))
}

/// `sha256:` and 64 hexadecimal characters.
fn digest(text: &str) -> Option<(&'static str, &str)> {
    let (_, after) = run(text.strip_prefix("sha256:")?, 64..=64, is_hex)?;
    Some(("sha256:<digest>", after))
}

/// The twelve first characters of a digest. No word of twelve letters has only a to f.
fn hex_name(text: &str) -> Option<(&'static str, &str)> {
    run(text, 12..=12, is_hex).map(|(_, after)| ("<short digest>", after))
}

fn uuid(text: &str) -> Option<(&'static str, &str)> {
    let mut rest = text;
    for (index, length) in [8, 4, 4, 4, 12].into_iter().enumerate() {
        if index > 0 {
            rest = rest.strip_prefix('-')?;
        }
        (_, rest) = run_exact(rest, length, is_hex)?;
    }
    ends_here(rest).then_some(("<id>", rest))
}

/// RFC 3339 in UTC, with or without a fraction of a second.
fn time(text: &str) -> Option<(&'static str, &str)> {
    let mut rest = text;
    for part in ["4-", "2-", "2T", "2:", "2:"] {
        let (digits, separator) = part.split_at(1);
        (_, rest) = run_exact(rest, digits.parse().ok()?, is_digit)?;
        rest = rest.strip_prefix(separator)?;
    }
    (_, rest) = run_exact(rest, 2, is_digit)?;
    if let Some(fraction) = rest.strip_prefix('.') {
        rest = fraction.trim_start_matches(is_digit);
    }
    rest.strip_prefix('Z').map(|rest| ("<time>", rest))
}

fn address(text: &str) -> Option<(&'static str, &str)> {
    let (_, after) = run(text.strip_prefix("127.0.0.1:")?, 1..=5, is_digit)?;
    Some(("127.0.0.1:<port>", after))
}

/// A signed token: three parts in base64url, the first of which opens with `{"` encoded.
fn token(text: &str) -> Option<(&'static str, &str)> {
    let rest = text.strip_prefix("eyJ")?;
    let after = rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || "-_.".contains(c));
    let length = text.len() - after.len();
    let token = text.split_at(length).0;
    (token.matches('.').count() == 2).then_some(("<token>", after))
}

/// A number of milliseconds or seconds, as in `0.8 ms`, `12 ms` or `1.5 s`.
fn duration(text: &str) -> Option<(&'static str, &str)> {
    let (_, rest) = run_up_to(text, 9, is_digit)?;
    let rest = match rest.strip_prefix('.') {
        Some(fraction) => run_up_to(fraction, 9, is_digit)?.1,
        None => rest,
    };
    let rest = rest.strip_prefix(' ').unwrap_or(rest);
    let rest = ["ms", "us", "s"].into_iter().find_map(|unit| rest.strip_prefix(unit))?;
    ends_here(rest).then_some(("<duration>", rest))
}

/// A run of characters whose length lies in `lengths` and which ends at a word's end.
fn run(
    text: &str,
    lengths: std::ops::RangeInclusive<usize>,
    is: fn(char) -> bool,
) -> Option<(&str, &str)> {
    let (word, rest) = run_up_to(text, *lengths.end(), is)?;
    (lengths.contains(&word.len()) && ends_here(rest)).then_some((word, rest))
}

fn run_exact(text: &str, length: usize, is: fn(char) -> bool) -> Option<(&str, &str)> {
    let (word, rest) = run_up_to(text, length, is)?;
    (word.len() == length).then_some((word, rest))
}

/// At least one and at most `most` characters of a kind, all of them ASCII.
fn run_up_to(text: &str, most: usize, is: fn(char) -> bool) -> Option<(&str, &str)> {
    let length = text.chars().take(most).take_while(|character| is(*character)).count();
    (length > 0).then(|| text.split_at(length))
}

fn ends_here(rest: &str) -> bool {
    !rest.chars().next().is_some_and(is_inside_word)
}

fn is_inside_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

fn is_hex(character: char) -> bool {
    character.is_ascii_digit() || ('a'..='f').contains(&character)
}

fn is_digit(character: char) -> bool {
    character.is_ascii_digit()
}

#[cfg(test)]
mod tests;
