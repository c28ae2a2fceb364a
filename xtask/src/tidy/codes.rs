//! A refusal nobody triggers is a promise without proof: each code is met by a test.

use model::RefusalCode;

use super::rust::{is_test_file, test_lines};
use super::{Finding, Repository};

/// Codes no test meets yet. The list may only shrink: a code that is met must leave it.
const NOT_YET: &[RefusalCode] = &[];

/// Each code of the catalogue stands in a test: as `RefusalCode::Variant`, or as its own text.
pub(super) fn tested(repository: &Repository) -> Vec<Finding> {
    let tests = test_texts(repository);
    findings(&tests, RefusalCode::ALL, NOT_YET)
}

fn findings(tests: &[String], all: &[RefusalCode], not_yet: &[RefusalCode]) -> Vec<Finding> {
    let judge = |code: &RefusalCode| {
        let met = tests.iter().any(|text| is_met(text, *code));
        match (met, not_yet.contains(code)) {
            (false, false) => Some(format!("`{}` is met by no test", code.as_str())),
            (true, true) => Some(format!("`{}` is met now: take it off the list", code.as_str())),
            (true, false) | (false, true) => None,
        }
    };
    all.iter().filter_map(judge).map(|what| Finding::new("refusal codes", 0, what)).collect()
}

/// What counts as a test: test files and modules, scenarios, drivers. Not the catalogue's own.
fn test_texts(repository: &Repository) -> Vec<String> {
    let files = repository.tree.files();
    files
        .filter(|(path, _)| !path.starts_with("crates/model/") && !path.starts_with("xtask/"))
        .filter_map(|(path, text)| {
            let whole = path.contains("/tests/") || path.starts_with("e2e/") || is_test_file(path);
            match (whole, path.ends_with(".rs")) {
                (true, _) => Some(text.to_owned()),
                (false, true) => Some(test_lines(text).collect::<Vec<_>>().join("\n")),
                (false, false) => None,
            }
        })
        .collect()
}

fn is_met(text: &str, code: RefusalCode) -> bool {
    // A variant's own name is enough where the enum is named too: tests import what they use.
    let variant = text.contains("RefusalCode") && has_word(text, &format!("{code:?}"), Quotes::No);
    let quotes = if code.as_str().contains('_') { Quotes::No } else { Quotes::Demanded };
    variant || has_word(text, code.as_str(), quotes)
}

/// Whether a word counts only in quotes: a code may also be a plain English word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quotes {
    No,
    Demanded,
}

/// Whether `word` stands in `text` with no further letter, digit or `_` around it.
fn has_word(text: &str, word: &str, quotes: Quotes) -> bool {
    let inside = |character: Option<char>| {
        character.is_some_and(|character| character.is_alphanumeric() || character == '_')
    };
    text.match_indices(word).any(|(at, _)| {
        let (before, rest) = text.split_at(at);
        let (left, right) = (before.chars().next_back(), rest.chars().nth(word.chars().count()));
        match quotes {
            Quotes::No => !inside(left) && !inside(right),
            Quotes::Demanded => left == Some('"') && right == Some('"'),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODE: RefusalCode = RefusalCode::BodyTooLarge;

    #[test]
    fn a_code_is_met_as_variant_or_as_text_and_not_as_a_part_of_another() {
        for (text, expect) in [
            ("assert_eq!(code, RefusalCode::BodyTooLarge);", true),
            ("verdict: denied body_too_large 413", true),
            ("use model::RefusalCode::{BodyTooLarge, BodyTimeout};", true),
            ("BodyTooLarge, of some other enum", false),
            ("RefusalCode::BodyTooLargeIndeed", false),
            ("xbody_too_large", false),
            ("body_too_large_", false),
            ("", false),
        ] {
            assert_eq!(is_met(text, CODE), expect, "{text}");
        }
    }

    #[test]
    fn a_code_that_is_a_plain_word_counts_only_in_quotes() {
        assert!(is_met("code == \"draining\"", RefusalCode::Draining));
        assert!(!is_met("while the gateway is draining", RefusalCode::Draining));
    }

    #[test]
    fn the_list_of_exceptions_may_only_shrink() {
        let met = ["body_too_large".to_owned()];
        assert_eq!(findings(&met, &[CODE], &[]), []);
        assert_eq!(findings(&[], &[CODE], &[CODE]), []);
        assert_eq!(findings(&[], &[CODE], &[]).len(), 1);
        assert_eq!(findings(&met, &[CODE], &[CODE]).len(), 1);
    }
}
