//! Month ends, leap years, the edges of time; and every instant against the calendar by which
//! times are written.

use model::{Per, Timestamp};
use proptest::prelude::*;

use super::{LAST_MS, window_end, window_start};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn check(per: Per, now: &str, start: &str, end: &str) {
    assert_eq!(window_start(per, at(now)), at(start), "start of the {} of {now}", per.as_str());
    assert_eq!(window_end(per, at(now)), at(end), "end of the {} of {now}", per.as_str());
}

#[test]
fn an_instant_lies_in_its_minute_day_and_month() {
    let now = "2026-11-24T13:18:32.007Z";
    check(Per::Minute, now, "2026-11-24T13:18:00Z", "2026-11-24T13:19:00Z");
    check(Per::Day, now, "2026-11-24T00:00:00Z", "2026-11-25T00:00:00Z");
    check(Per::Month, now, "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z");
}

#[test]
fn months_end_where_the_calendar_says() {
    let month = |now, start, end| check(Per::Month, now, start, end);
    let leap = ["2024-02-01T00:00:00Z", "2024-02-29T12:00:00Z", "2024-02-29T23:59:59.999Z"];
    for now in leap {
        month(now, "2024-02-01T00:00:00Z", "2024-03-01T00:00:00Z");
    }
    month("2025-02-28T23:59:59.999Z", "2025-02-01T00:00:00Z", "2025-03-01T00:00:00Z");
    // Every fourth century has its leap day, the others have none.
    month("2000-02-29T00:00:00Z", "2000-02-01T00:00:00Z", "2000-03-01T00:00:00Z");
    month("2100-02-28T23:00:00Z", "2100-02-01T00:00:00Z", "2100-03-01T00:00:00Z");
    month("2100-03-01T00:00:00Z", "2100-03-01T00:00:00Z", "2100-04-01T00:00:00Z");
    month("2026-12-31T23:59:59.999Z", "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z");
    check(Per::Minute, "2026-12-31T23:59:59.999Z", "2026-12-31T23:59:00Z", "2027-01-01T00:00:00Z");
}

#[test]
fn absurd_instants_lie_in_the_first_and_the_last_window() {
    for per in Per::ALL {
        for early in [i64::MIN, -1, 0] {
            assert_eq!(window_start(per, Timestamp::from_millis(early)).millis(), 0);
        }
        let last = window_start(per, Timestamp::from_millis(LAST_MS));
        assert_eq!(window_end(per, Timestamp::from_millis(LAST_MS)), at("9999-12-01T00:00:00Z"));
        assert_eq!(window_start(per, Timestamp::from_millis(LAST_MS + 1)), last);
        assert_eq!(window_start(per, Timestamp::from_millis(i64::MAX)), last);
    }
}

/// The same by the calendar that writes times: the text, cut off and counted on.
fn as_written(per: Per, now: Timestamp) -> (Timestamp, Timestamp) {
    let text = now.to_string();
    let (year, month): (u32, u32) = (text[..4].parse().unwrap(), text[5..7].parse().unwrap());
    let next_month = format!("{:04}-{:02}-01T00:00:00Z", year + month / 12, month % 12 + 1);
    let start = match per {
        Per::Minute => at(&format!("{}:00Z", &text[..16])),
        Per::Day => at(&format!("{}T00:00:00Z", &text[..10])),
        Per::Month => at(&format!("{}-01T00:00:00Z", &text[..7])),
    };
    let end = match per {
        Per::Minute => start.plus_millis(60_000),
        Per::Day => start.plus_millis(86_400_000),
        Per::Month => at(&next_month),
    };
    (start, end)
}

proptest! {
    #[test]
    fn every_instant_lies_where_its_text_says(millis in 0..=LAST_MS) {
        let now = Timestamp::from_millis(millis);
        for per in Per::ALL {
            let windows = (window_start(per, now), window_end(per, now));
            prop_assert_eq!(windows, as_written(per, now));
        }
    }

    #[test]
    fn windows_join_without_a_gap(millis in any::<i64>()) {
        let now = Timestamp::from_millis(millis);
        for per in Per::ALL {
            let (start, end) = (window_start(per, now), window_end(per, now));
            prop_assert!(start < end);
            prop_assert_eq!(window_start(per, start), start);
            prop_assert_eq!(window_start(per, end.plus_millis(-1)), start);
            if end.millis() <= LAST_MS {
                prop_assert_eq!(window_start(per, end), end);
            }
        }
    }
}
