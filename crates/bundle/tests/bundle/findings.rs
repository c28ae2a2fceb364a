//! What time does to a sound charter, to the millisecond.

use bundle::{Bundle, CLAIMS_STAND_DAYS, END_WARNED_DAYS, check};
use model::Timestamp;

use crate::files::{LOCAL, model_file, tree};

const DAY_MS: i64 = 86_400_000;

fn compiled(targets: &[&str], next: &[&str]) -> Bundle {
    let (file, next) = (model_file("m", targets), model_file("next", next));
    check(&tree(&[LOCAL, ("models/m.yaml", Some(&file)), ("models/next.yaml", Some(&next))]))
        .unwrap()
}

/// The findings at `now`, as `code who`.
fn check_at(bundle: &Bundle, now: Timestamp, expected: &[&str]) {
    let found = bundle.findings(now);
    let said: Vec<_> = found.iter().map(|one| format!("{} {}", one.code, one.who)).collect();
    assert_eq!(said, expected, "at {now}: {found:#?}");
    assert!(found.iter().all(|one| !one.what.is_empty() && !one.help.is_empty()), "{found:#?}");
    assert_eq!(found, bundle.findings(now), "the same again");
}

fn at(day: &str) -> Timestamp {
    format!("{day}T00:00:00Z").parse().unwrap()
}

const LASTS: &str = "provider: local, upstream_model: lasts";

#[test]
fn a_charter_that_claims_nothing_has_no_findings() {
    let bundle = compiled(&[LASTS], &[LASTS]);
    for now in [Timestamp::from_millis(0), at("2026-11-24"), Timestamp::from_millis(i64::MAX)] {
        check_at(&bundle, now, &[]);
    }
}

#[test]
fn an_end_is_told_sixty_days_ahead_and_from_then_on() {
    let ends = "provider: local, upstream_model: ends, end_of_life: 2027-03-01, successor: next";
    let bundle = compiled(&[ends, LASTS], &[LASTS]);
    let end = at("2027-03-01");
    let warned = end.plus_millis(-i64::from(END_WARNED_DAYS) * DAY_MS);
    check_at(&bundle, warned.plus_millis(-1), &[]);
    check_at(&bundle, warned, &["end-of-life-near seat:platform-lead"]);
    check_at(&bundle, end.plus_millis(-1), &["end-of-life-near seat:platform-lead"]);
    check_at(&bundle, end, &["end-of-life-past seat:platform-lead"]);

    let [near] = &bundle.findings(warned)[..] else { panic!("one finding") };
    assert_eq!(near.what, "`ends` at local, for model `m`, ends on 2027-03-01");
    assert_eq!(near.help, "its successor is `next`; switching is a change: propose it");
    let [past] = &bundle.findings(end)[..] else { panic!("one finding") };
    assert_eq!(past.what, "`ends` at local, for model `m`, has ended since 2027-03-01");
}

#[test]
fn an_end_without_a_successor_says_so() {
    let bundle =
        compiled(&["provider: local, upstream_model: x, end_of_life: 2027-03-01"], &[LASTS]);
    let found = bundle.findings(at("2027-02-01"));
    assert!(found[0].help.starts_with("it names no successor"), "{found:#?}");
}

/// One target less is a warning; none left is a model that answers nobody.
#[test]
fn a_model_is_past_its_end_with_its_last_target() {
    let targets = [
        "provider: local, upstream_model: a, end_of_life: 2027-03-01",
        "provider: local, upstream_model: b, end_of_life: 2027-03-02",
    ];
    let bundle = compiled(&targets, &[LASTS]);
    let (past, near) =
        ("end-of-life-past seat:platform-lead", "end-of-life-near seat:platform-lead");
    check_at(&bundle, at("2027-03-01"), &[past, near]);
    let gone = "model-past-its-end seat:platform-lead";
    check_at(&bundle, at("2027-03-02"), &[past, past, gone]);
}

/// The successor outlived what it replaces, and then it ended too.
#[test]
fn a_successor_that_has_ended_itself_is_told() {
    let ends = "provider: local, upstream_model: a, end_of_life: 2027-03-01, successor: next";
    let next = "provider: local, upstream_model: b, end_of_life: 2027-04-01";
    let bundle = compiled(&[ends, LASTS], &[next]);
    let (past, near) =
        ("end-of-life-past seat:platform-lead", "end-of-life-near seat:platform-lead");
    check_at(&bundle, at("2027-04-01").plus_millis(-1), &[past, near]);
    let followed = "successor-past-its-end seat:platform-lead";
    let gone = "model-past-its-end seat:platform-lead";
    check_at(&bundle, at("2027-04-01"), &[past, followed, past, gone]);
    // A successor with a target left is no finding.
    let bundle = compiled(&[ends, LASTS], &[next, LASTS]);
    check_at(&bundle, at("2027-04-01"), &[past, past]);
}

#[test]
fn claims_that_nobody_confirmed_for_a_year_are_their_owners_matter() {
    let claims = "claims: {region: eu, stated: 2026-01-01, owner: risk-lead}";
    let bundle = compiled(&[&format!("{LASTS}, {claims}")], &[LASTS]);
    let stated = at("2026-01-01");
    let stand = stated.plus_millis(i64::from(CLAIMS_STAND_DAYS) * DAY_MS);
    check_at(&bundle, stated, &[]);
    check_at(&bundle, stand, &[]);
    check_at(&bundle, stand.plus_millis(1), &["claims-unconfirmed seat:risk-lead"]);
    check_at(&bundle, stated.plus_millis(-1), &["claims-ahead seat:risk-lead"]);
    let found = bundle.findings(stand.plus_millis(1));
    let what =
        "the claims about `lasts` at local, for model `m`, were last confirmed on 2026-01-01";
    assert_eq!(found[0].what, what);
}
