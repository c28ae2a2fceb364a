//! A target's way from well to set aside and back.

use super::*;

const CODE: &str = "upstream_connect";

fn at(ms: i64) -> Timestamp {
    Timestamp::from_millis(ms)
}

fn watched() -> Arc<Watched> {
    let provider = "one".parse().expect("a name");
    Health::default().of(&provider, "model")
}

fn fail(watched: &Arc<Watched>, now: i64) {
    watched.admit(at(now), None).expect("admitted").failed(at(now), CODE, None);
}

fn answer(watched: &Arc<Watched>, now: i64) {
    let mut pass = watched.admit(at(now), None).expect("admitted");
    pass.began();
    pass.succeeded();
}

#[test]
fn the_same_target_is_the_same_whoever_asks() {
    let health = Health::default();
    let (one, two) = ("one".parse().expect("a name"), "two".parse().expect("a name"));
    assert!(Arc::ptr_eq(&health.of(&one, "model"), &health.of(&one, "model")));
    assert!(!Arc::ptr_eq(&health.of(&one, "model"), &health.of(&one, "other")));
    assert!(!Arc::ptr_eq(&health.of(&one, "model"), &health.of(&two, "model")));
}

#[test]
fn three_failures_in_a_row_set_it_aside_and_an_answer_in_between_does_not() {
    let watched = watched();
    fail(&watched, 0);
    fail(&watched, 0);
    assert_eq!(watched.status(at(0)).condition, Condition::Failing(2));
    answer(&watched, 0);
    fail(&watched, 0);
    fail(&watched, 0);
    assert!(watched.admit(at(0), None).is_ok());
    fail(&watched, 0);
    assert_eq!(watched.admit(at(999), None).unwrap_err(), PassedOver::SetAside(at(1_000)));
    assert_eq!(watched.status(at(0)).last_failure, Some(CODE));
}

#[test]
fn one_probe_at_a_time_finds_out_whether_it_is_well_again() {
    let watched = watched();
    (0..3).for_each(|_| fail(&watched, 0));
    assert_eq!(watched.status(at(999)).condition, Condition::SetAside(at(1_000)));
    assert_eq!(watched.status(at(1_000)).condition, Condition::ProbeDue, "nobody called yet");
    let probe = watched.admit(at(1_000), None).expect("the probe");
    assert_eq!(watched.status(at(0)).condition, Condition::Probing);
    assert_eq!(watched.admit(at(1_000), None).unwrap_err(), PassedOver::SetAside(at(1_000)));
    drop(probe);
    let mut probe = watched.admit(at(1_001), None).expect("the first probe said nothing");
    probe.began();
    assert_eq!(watched.status(at(0)).condition, Condition::Healthy, "its first bytes will do");
    drop(probe);
}

#[test]
fn a_target_that_flaps_is_set_aside_at_once_and_for_longer() {
    let watched = watched();
    (0..3).for_each(|_| fail(&watched, 0));
    answer(&watched, 1_000);
    fail(&watched, 1_000);
    assert_eq!(watched.status(at(0)).condition, Condition::SetAside(at(3_000)));
    fail(&watched, 3_000);
    assert_eq!(watched.status(at(0)).condition, Condition::SetAside(at(7_000)));
    (0..10).for_each(|_| answer(&watched, 7_000));
    fail(&watched, 7_000);
    assert_eq!(watched.status(at(0)).condition, Condition::Failing(1), "steady again");
    (0..2).for_each(|_| fail(&watched, 7_000));
    assert_eq!(watched.status(at(0)).condition, Condition::SetAside(at(8_000)));
}

#[test]
fn it_is_never_set_aside_for_more_than_a_minute_by_failures_alone() {
    let watched = watched();
    let mut now = 0;
    for _ in 0..40 {
        while watched.admit(at(now), None).is_ok_and(|pass| {
            pass.failed(at(now), CODE, None);
            true
        }) {}
        let Condition::SetAside(until) = watched.status(at(0)).condition else {
            panic!("set aside")
        };
        assert!(until.millis_since(at(now)) <= 60_000);
        now = i64::try_from(until.millis_since(at(0))).expect("small");
    }
}

#[test]
fn the_providers_own_wish_is_honoured_within_an_hour() {
    let watched = watched();
    watched.admit(at(0), None).expect("admitted").failed(at(0), "429", Some(20_000));
    assert_eq!(watched.admit(at(19_999), None).unwrap_err(), PassedOver::SetAside(at(20_000)));
    answer(&watched, 20_000);
    watched.admit(at(0), None).expect("admitted").failed(at(0), "429", Some(u64::MAX));
    assert_eq!(watched.status(at(0)).condition, Condition::SetAside(at(3_600_000)));
}

#[test]
fn a_late_failure_does_not_shorten_the_rest() {
    let watched = watched();
    let early = watched.admit(at(0), None).expect("admitted");
    watched.admit(at(0), None).expect("admitted").failed(at(0), CODE, Some(30_000));
    early.failed(at(1), CODE, Some(1));
    assert_eq!(watched.status(at(0)).condition, Condition::SetAside(at(30_000)));
}

#[test]
fn answers_that_begin_and_break_off_are_failures_in_a_row() {
    let watched = watched();
    for _ in 0..3 {
        let mut pass = watched.admit(at(0), None).expect("admitted");
        pass.began();
        pass.failed(at(0), CODE, None);
    }
    assert_eq!(watched.status(at(0)).condition, Condition::SetAside(at(1_000)));
    // A probe whose answer ends long after others failed does not bring the target back, nor
    // make room for a second probe beside the one that is under way then.
    let mut early = watched.admit(at(1_000), None).expect("the probe");
    early.began();
    fail(&watched, 1_000);
    early.succeeded();
    assert_eq!(watched.status(at(0)).condition, Condition::SetAside(at(3_000)));
    let _late = watched.admit(at(3_000), None).expect("the next probe");
    drop(early);
    assert_eq!(watched.admit(at(3_000), None).unwrap_err(), PassedOver::SetAside(at(3_000)));
}

#[test]
fn it_carries_as_many_calls_as_it_may() {
    let watched = watched();
    let one = watched.admit(at(0), Some(2)).expect("the first");
    let two = watched.admit(at(0), Some(2)).expect("the second");
    assert_eq!(watched.admit(at(0), Some(2)).unwrap_err(), PassedOver::Busy);
    assert_eq!(watched.status(at(0)).in_flight, 2);
    drop(one);
    assert!(watched.admit(at(0), Some(2)).is_ok());
    drop(two);
    assert_eq!(watched.status(at(0)).in_flight, 0);
}
