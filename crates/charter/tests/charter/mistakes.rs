//! A charter with far more than fifty mistakes: every one is reported in one go, with its place,
//! who can fix it and how.

use crate::disk::{example, tree_of};
use charter::{SourceTree, parse};

/// `tests/mistakes.txt` is read by people; it is what `parse` says of `tests/mistakes/`.
#[test]
fn every_mistake_is_reported_at_once() {
    let (_, problems) = parse(&tree_of("tests/mistakes"));
    let said: String = problems.iter().map(|problem| format!("{problem}\n\n")).collect();
    assert_eq!(said, include_str!("../mistakes.txt"));
    assert!(problems.len() >= 50, "{}", problems.len());
}

#[test]
fn no_message_repeats_what_looks_like_a_secret() {
    let (_, problems) = parse(&tree_of("tests/mistakes"));
    for problem in problems {
        let said = problem.to_string();
        assert!(!said.contains("EXAMPLEexample") && !said.contains("password@"), "{said}");
    }
}

#[test]
fn the_example_has_none() {
    let (charter, problems) = parse(&example());
    assert_eq!(problems, []);
    assert_eq!(charter.distinct_holders().len(), 4, "four people govern it");
    assert_eq!(charter.agents.len(), 2);
    assert_eq!(charter.providers.len(), 2);
    let forecaster = &charter.agents["stock-forecaster"];
    assert_eq!(charter.operator(forecaster).unwrap().as_str(), "data");
    assert_eq!(charter.owner(forecaster.owner.as_ref()).unwrap().as_str(), "data-lead");
    assert_eq!(charter.owner(None).unwrap().as_str(), "risk-lead");
    assert!(charter.has_seat("seat:care-lead") && !charter.has_seat("care-lead"));
}

/// A message counts for little among a thousand, and finding more would cost time.
#[test]
fn more_than_a_thousand_problems_are_not_listed() {
    let file: String = (0..600).map(|index| format!("key-{index}: 1\n")).collect();
    let files = (0..20).map(|index| (format!("agents/a{index}.yaml"), file.clone()));
    let (_, problems) = parse(&SourceTree::from_files(files).unwrap());
    assert_eq!(problems.len(), 1001);
    assert_eq!(problems[0].code, "too-many-problems");
    assert!(problems.is_sorted());
    assert!(problems.iter().all(|problem| !problem.code.starts_with("unknown-a")));
}
