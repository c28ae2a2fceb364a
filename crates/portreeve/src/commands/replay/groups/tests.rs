//! Calls are counted in groups, and beyond the limit together.

use super::super::against::tests::{NOW, bundle, recorded};
use super::*;

#[test]
fn groups_keep_the_first_the_last_and_an_example() {
    let (mut record, _) = recorded(&bundle());
    let would = Would { refused: None, policies: Vec::new(), places: Vec::new() };
    let mut groups = Groups::default();
    assert!(groups.is_empty());
    let first = record.id;
    for (id, at) in [(1, 5), (2, 1), (3, 9)] {
        record.id = if id == 1 { first } else { DecisionId::new(id, [0; 10]) };
        record.received = NOW.plus_millis(at);
        groups.add(&record, &would, (Effect::Gains, vec!["a".into()]));
    }
    groups.add(&record, &would, (Effect::Gains, vec!["b".into()]));
    groups.add(&record, &would, (Effect::Loses, vec!["a".into()]));
    let found = groups.of(Effect::Gains);
    let [(_, most), (_, fewer)] = found.as_slice() else { panic!("{found:?}") };
    let (earliest, latest) = (NOW.plus_millis(1), NOW.plus_millis(9));
    assert_eq!(**most, Calls { count: 3, first: earliest, last: latest, example: first });
    assert_eq!(fewer.count, 1);
    assert_eq!((groups.count(Effect::Gains), groups.count(Effect::Loses)), (4, 1));
    assert_eq!(groups.count(Effect::Moves), 0);
}

#[test]
fn beyond_the_limit_calls_are_counted_together() {
    let (record, _) = recorded(&bundle());
    let would = Would { refused: None, policies: Vec::new(), places: Vec::new() };
    let mut groups = Groups::default();
    for number in 0..=GROUPS_MAX {
        groups.add(&record, &would, (Effect::Loses, vec![number.to_string()]));
    }
    groups.add(&record, &would, (Effect::Loses, vec!["0".into()]));
    groups.add(&record, &would, (Effect::Loses, vec!["another".into()]));
    assert_eq!(groups.of(Effect::Loses).len(), GROUPS_MAX);
    assert_eq!(groups.over(Effect::Loses), 2);
    assert_eq!(groups.count(Effect::Loses), GROUPS_MAX as u64 + 3);
}
