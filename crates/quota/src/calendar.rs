//! Windows of the calendar, in UTC: which one an instant lies in, and where it ends.

use model::{Per, Timestamp};

const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 86_400_000;
/// The last millisecond that lies in a window of its own: a month later, RFC 3339 has no year left.
const LAST_MS: i64 = 253_399_622_399_999;

/// The first instant of the window `now` lies in.
///
/// An instant before 1970 counts as its first, one after November 9999 as the last of that month,
/// so that every window can be written down.
#[must_use]
pub const fn window_start(per: Per, now: Timestamp) -> Timestamp {
    let millis = match now.millis() {
        ..0 => 0,
        within @ 0..=LAST_MS => within,
        _ => LAST_MS,
    };
    Timestamp::from_millis(match per {
        Per::Minute => millis - millis % MINUTE_MS,
        Per::Day => millis - millis % DAY_MS,
        Per::Month => month_start(millis / DAY_MS) * DAY_MS,
    })
}

/// The first instant after the window `now` lies in.
#[must_use]
pub const fn window_end(per: Per, now: Timestamp) -> Timestamp {
    let start = window_start(per, now);
    match per {
        Per::Minute => start.plus_millis(MINUTE_MS),
        Per::Day => start.plus_millis(DAY_MS),
        Per::Month => {
            // No month has more than 31 days, so 31 days after its first day it is the next.
            let next = month_start(start.millis() / DAY_MS + 31);
            Timestamp::from_millis(next * DAY_MS)
        }
    }
}

/// The first day of the month of `day`; both in days since 1970-01-01, of which none is negative.
///
/// It counts in years that begin in March: then the leap day is a year's last, and the months
/// before it alternate evenly (153 days in every five).
const fn month_start(day: i64) -> i64 {
    const DAYS_TO_1970: i64 = 719_468;
    const DAYS_IN_400_YEARS: i64 = 146_097;
    let day_of_era = (day + DAYS_TO_1970) % DAYS_IN_400_YEARS;
    let leaps = day_of_era / 1460 - day_of_era / 36_524 + day_of_era / 146_096;
    let year_of_era = (day_of_era - leaps) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    day - (day_of_year - (153 * month_from_march + 2) / 5)
}

#[cfg(test)]
mod tests;
