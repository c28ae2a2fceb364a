//! A day of the calendar, as reviews are due on one. It knows no time zone but UTC.

use std::fmt;
use std::str::FromStr;

use model::Timestamp;

/// Characters of a date, and of the date that begins an RFC 3339 time.
const DATE_CHARS: usize = 10;

/// A day, written `2026-12-31`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(jiff::civil::Date);

/// A text that is not a day in the form `2026-12-31`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a date such as 2026-12-31")]
pub struct DateError(String);

impl Date {
    /// The last day that a calendar has.
    const LAST: Self = Self(jiff::civil::Date::MAX);

    /// The day, in UTC, that is `days` after the one of `instant`, or the last there is.
    #[must_use]
    pub fn after(instant: Timestamp, days: u16) -> Self {
        let text: String = instant.to_string().chars().take(DATE_CHARS).collect();
        let day = text.parse().unwrap_or(Self::LAST);
        Self(day.0.saturating_add(jiff::Span::new().days(i64::from(days))))
    }

    /// The first instant of this day, in UTC.
    #[must_use]
    pub fn begins(self) -> Timestamp {
        instant(self.0)
    }

    /// The first instant after this day, in UTC: what is due by the day is overdue from then.
    #[must_use]
    pub fn ends(self) -> Timestamp {
        // The day after the last one a calendar has never comes.
        let next = self.0.checked_add(jiff::Span::new().days(1));
        next.map_or(Timestamp::from_millis(i64::MAX), instant)
    }
}

/// The first instant of a day, in UTC. Each day of the calendar but those at its far ends has one.
fn instant(day: jiff::civil::Date) -> Timestamp {
    format!("{day}T00:00:00Z").parse().unwrap_or(Timestamp::from_millis(i64::MAX))
}

impl FromStr for Date {
    type Err = DateError;

    /// Takes `YYYY-MM-DD` alone, a day that exists.
    fn from_str(text: &str) -> Result<Self, DateError> {
        let error = || DateError(text.chars().take(64).collect());
        let digits = |at: usize| text.as_bytes().get(at).is_some_and(u8::is_ascii_digit);
        let hyphens = [4, 7].iter().all(|at| text.as_bytes().get(*at) == Some(&b'-'));
        if text.len() != DATE_CHARS || !hyphens || ![0, 1, 2, 3, 5, 6, 8, 9].into_iter().all(digits)
        {
            return Err(error());
        }
        text.parse().map(Self).map_err(|_| error())
    }
}

impl fmt::Display for Date {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_one_spelling_of_a_day_that_exists() {
        for good in ["2026-12-31", "2028-02-29", "0001-01-01"] {
            assert_eq!(good.parse::<Date>().map(|date| date.to_string()), Ok(good.into()));
        }
        for bad in [
            "",
            "2026-2-3",
            "2026-02-30",
            "2027-02-29",
            "31.12.2026",
            "2026-12-31T00:00Z",
            "2026-12-31 ",
            "20261231",
            "2026/12/31",
            "tomorrow",
        ] {
            assert!(bad.parse::<Date>().is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_due_by_a_day_is_overdue_when_the_day_has_ended() {
        let day: Date = "2026-12-31".parse().unwrap();
        assert_eq!(day.begins(), "2026-12-31T00:00:00Z".parse().unwrap());
        assert_eq!(day.ends(), "2027-01-01T00:00:00Z".parse().unwrap());
        let eve: Timestamp = "2026-12-31T23:59:59.999Z".parse().unwrap();
        assert_eq!(Date::after(eve, 0), day);
        assert_eq!(Date::after(eve, 1).to_string(), "2027-01-01");
    }
}
