//! What is remembered, for how long, and that neither agents nor targets fill the memory.

use model::{AgentName, Timestamp};

use super::{AGENTS_MAX, Recent, RecentFacts, TARGETS_MAX, Went};

const MINUTE: i64 = 60_000;

fn agent(name: &str) -> AgentName {
    name.parse().unwrap()
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(1_795_510_800_000 + millis)
}

fn check(recent: &Recent, millis: i64, expect: (u64, u64, u64)) {
    let facts = recent.facts(&agent("demo"), at(millis));
    let (requests, refusals, targets) = expect;
    assert_eq!(facts, RecentFacts { requests, refusals, targets }, "at {millis} ms");
}

fn note(recent: &Recent, millis: i64, went: Went, target: Option<u64>) {
    recent.note(&agent("demo"), at(millis), went, target);
}

#[test]
fn requests_refusals_and_different_targets_are_counted_by_agent() {
    let recent = Recent::new();
    check(&recent, 0, (0, 0, 0));
    note(&recent, 0, Went::Allowed, Some(1));
    note(&recent, 1, Went::Refused, Some(2));
    note(&recent, 2 * MINUTE, Went::Allowed, Some(1));
    note(&recent, 2 * MINUTE, Went::Refused, None);
    check(&recent, 2 * MINUTE, (4, 2, 2));
    assert_eq!(recent.facts(&agent("other"), at(0)), RecentFacts::default());
}

#[test]
fn nothing_is_forgotten_before_ten_minutes_and_everything_after_eleven() {
    let recent = Recent::new();
    note(&recent, 0, Went::Refused, Some(1));
    check(&recent, 10 * MINUTE, (1, 1, 1));
    check(&recent, 11 * MINUTE - 1, (1, 1, 1));
    check(&recent, 11 * MINUTE, (0, 0, 0));
    // The same place in the ring is used again, and holds only what is new.
    note(&recent, 11 * MINUTE, Went::Allowed, Some(2));
    check(&recent, 11 * MINUTE, (1, 0, 1));
    check(&recent, i64::MAX / 2, (0, 0, 0));
}

#[test]
fn a_clock_set_back_forgets_nothing() {
    let recent = Recent::new();
    note(&recent, 60 * MINUTE, Went::Allowed, Some(1));
    note(&recent, 0, Went::Refused, Some(2));
    check(&recent, 0, (2, 1, 2));
    check(&recent, 60 * MINUTE, (2, 1, 2));
    check(&recent, i64::MIN / 2, (2, 1, 2));
}

#[test]
fn instants_before_1970_are_its_first() {
    let recent = Recent::new();
    recent.note(&agent("demo"), Timestamp::from_millis(i64::MIN), Went::Allowed, None);
    let facts = recent.facts(&agent("demo"), Timestamp::from_millis(0));
    assert_eq!(facts.requests, 1);
}

#[test]
fn targets_beyond_the_most_are_counted_as_so_many_until_old_ones_are_forgotten() {
    let recent = Recent::new();
    let most = u64::try_from(TARGETS_MAX).unwrap();
    for target in 0..most + 9 {
        note(&recent, 0, Went::Allowed, Some(target));
    }
    check(&recent, 0, (most + 9, 0, most));
    note(&recent, 11 * MINUTE, Went::Allowed, Some(most + 9));
    check(&recent, 11 * MINUTE, (1, 0, 1));
}

#[test]
fn agents_beyond_the_most_share_a_record_until_idle_ones_are_forgotten() {
    let recent = Recent::new();
    for number in 0..AGENTS_MAX {
        recent.note(&agent(&format!("a{number}")), at(0), Went::Allowed, None);
    }
    let requests = |name: &str, millis| recent.facts(&agent(name), at(millis)).requests;
    recent.note(&agent("late"), at(1), Went::Allowed, None);
    recent.note(&agent("later"), at(2), Went::Allowed, None);
    assert_eq!((requests("late", 2), requests("later", 2), requests("a0", 2)), (2, 2, 1));
    recent.note(&agent("late"), at(11 * MINUTE), Went::Allowed, None);
    assert_eq!((requests("late", 11 * MINUTE), requests("a0", 11 * MINUTE)), (1, 0));
}
