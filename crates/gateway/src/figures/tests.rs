//! Rows: bounded, whatever is asked for, and nobody's while nobody asks.

use super::rows::{OTHERS, ROWS_MAX};
use super::*;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds * 1_000)
}

fn names(rows: &Rows) -> Vec<String> {
    rows.all(at(0), at(0)).into_iter().map(|row| row.name).collect()
}

#[test]
fn rows_are_bounded_and_those_beyond_are_counted_together() {
    let rows = Rows::default();
    for nth in 0..ROWS_MAX + 50 {
        rows.of(&format!("agent-{nth:04}"), at(1)).count(at(1), None);
    }
    let all = rows.all(at(1), at(0));
    assert_eq!(all.len(), ROWS_MAX + 1);
    let others = all.iter().find(|row| row.name == OTHERS).expect("the others");
    assert_eq!(others.window.requests, 50);
    // One that has a row keeps it.
    rows.of("agent-0000", at(1)).count(at(1), None);
    let first = rows.all(at(1), at(0)).swap_remove(1);
    assert_eq!((first.name.as_str(), first.window.requests), ("agent-0000", 2));
}

#[test]
fn idle_rows_make_room_and_rows_in_use_do_not() {
    let rows = Rows::default();
    let held = rows.of("held", at(1));
    for nth in 0..ROWS_MAX - 1 {
        rows.of(&format!("agent-{nth:04}"), at(1)).count(at(1), None);
    }
    rows.of("late", at(100)).count(at(100), None);
    assert_eq!(names(&rows), ["held", "late"]);
    drop(held);
    assert_eq!(names(&rows), ["held", "late"], "nothing is tidied up before room is needed");
}

#[test]
fn a_row_counts_refusals_and_keeps_the_latest() {
    let row = Row::new("one");
    row.count(at(1), Some(RefusalCode::PolicyForbids));
    row.count(at(2), Some(RefusalCode::BudgetPaused));
    row.count(at(3), None);
    // A call that was counted when it was sent and failed afterwards is one request.
    row.refused(at(4), RefusalCode::UpstreamConnect);
    let counted = row.counted();
    let window = counted.series.window(at(4), at(0));
    assert_eq!((window.requests, window.refusals), (3, 3));
    assert_eq!(counted.last_refusal, Some((RefusalCode::UpstreamConnect, at(4))));
}
