//! What the YAML scanner could not read, in words of those who wrote it. The scanner speaks of its
//! grammar; here stands what the slip was most likely.

/// What is wrong, and what to do, for the scanner's `info`.
pub(super) fn words(info: &str) -> (String, &'static str) {
    let known = KNOWN.iter().find(|(part, ..)| info.contains(part));
    match known {
        Some((_, what, help)) => ((*what).to_owned(), help),
        None => (format!("the YAML cannot be read here: {info}"), LOOK),
    }
}

const LOOK: &str = "look at this line and the one before: indentation, quotes, `:`";

/// Part of what the scanner says, what is wrong in plain words, and what to do.
const KNOWN: &[(&str, &str, &str)] = &[
    (
        "mapping values are not allowed",
        "a `:` stands where no field can begin",
        "line the field up with those beside it, or put a text that holds `: ` in quotes",
    ),
    (
        "simple key expect",
        "the line before has no `: ` between field and value",
        "write the field, a colon, a space and the value, as in `name: value`",
    ),
    (
        "tab",
        "a tab stands where spaces belong",
        "indent with spaces; most editors can be told to write them for the tab key",
    ),
    (
        "illegal placement of ':'",
        "a list or mapping of the lines before is not closed here",
        "close it with `]` or `}`",
    ),
    (
        "invalid indentation in quoted",
        "the quote is not closed on its line",
        "close it with the same quote; write `\\\"` for a quote within double quotes",
    ),
    (
        "found unexpected end of stream",
        "the quote is not closed before the file ends",
        "close it with the same quote; write `\\\"` for a quote within double quotes",
    ),
    (
        "unexpected character",
        "a value begins with a character that YAML keeps for itself",
        "put the value in quotes",
    ),
    (
        "did not find expected next token",
        "a list or mapping is not closed before the file ends",
        "close it with `]` or `}`",
    ),
    (
        "block sequence entries are not allowed",
        "a `- ` stands where no list can begin",
        "put the list on lines of its own below the field, or write it as `[a, b]`",
    ),
    (
        "unknown escape character",
        "a `\\` in double quotes is followed by a character that it does not escape",
        "write `\\\\` for the backslash itself, or use single quotes",
    ),
];
