//! Hours of the week, in UTC: the days, and from when until when on each. It reads no clock.

use std::fmt;

use model::Timestamp;

use crate::mention::Sheet;
use crate::words::Weekday;
use crate::yaml::Node;
use crate::{code, problem};

const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;

/// Minutes of a day.
const DAY_MINUTES: u16 = 24 * 60;

/// Some hours of some days of the week, in UTC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hours {
    /// The days; at least one.
    pub days: Vec<Weekday>,
    /// The minute of the day with which they begin.
    pub from_minute: u16,
    /// The minute of the day before which they end; later than the first.
    pub until_minute: u16,
}

impl Hours {
    /// Whether `now` is within them: the first minute is, the last is not.
    #[must_use]
    pub fn covers(&self, now: Timestamp) -> bool {
        let minute = now.millis().rem_euclid(DAY_MS) / MINUTE_MS;
        self.days.contains(&Weekday::of(now))
            && (i64::from(self.from_minute)..i64::from(self.until_minute)).contains(&minute)
    }
}

impl fmt::Display for Hours {
    /// `mon, tue 08:00-18:00 UTC`.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let days: Vec<_> = self.days.iter().map(|day| day.as_str()).collect();
        let clock = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
        let (from, until) = (clock(self.from_minute), clock(self.until_minute));
        write!(out, "{} {from}-{until} UTC", days.join(", "))
    }
}

impl Weekday {
    /// The day of the week, in UTC.
    #[must_use]
    pub fn of(instant: Timestamp) -> Self {
        // The first of January 1970 was a Thursday.
        let week = [Self::Thu, Self::Fri, Self::Sat, Self::Sun, Self::Mon, Self::Tue, Self::Wed];
        let day = instant.millis().div_euclid(DAY_MS).rem_euclid(7);
        usize::try_from(day).ok().and_then(|day| week.get(day).copied()).unwrap_or(Self::Thu)
    }
}

/// Reads the mapping at `node`.
pub(crate) fn read(sheet: &mut Sheet<'_>, node: &Node) -> Option<Hours> {
    let fields = sheet.fields(node, "hours")?;
    let days = fields.required("days", |node| {
        sheet.reader.filled_list(node)?;
        sheet.words(node, Weekday::WORDS)
    });
    let from = fields.required("from", |node| clock(sheet, node));
    let until = fields.required("until", |node| clock(sheet, node));
    let hours = Hours { days: days?, from_minute: from?, until_minute: until? };
    if hours.from_minute >= hours.until_minute {
        let what = "the hours end no later than they begin".to_owned();
        let help = "hours lie within one day and end at `24:00` at the latest; for a night, declare two contexts";
        sheet.reader.object(node.at, code::WINDOW_EMPTY, what, help);
        return None;
    }
    Some(hours)
}

/// `08:00` as a minute of the day; `24:00` is its end.
fn clock(sheet: &mut Sheet<'_>, node: &Node) -> Option<u16> {
    let text = sheet.reader.written(node, "a time of day")?;
    let minute = minute_of_day(text);
    if minute.is_none() {
        let what = format!("`{}` is not a time of day", problem::shown(text));
        let help = "write hours and minutes, as in `08:00`";
        sheet.reader.object(node.at, code::BAD_VALUE, what, help);
    }
    minute
}

fn minute_of_day(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let two = |text: &str| {
        let digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        if digits { text.parse::<u16>().ok() } else { None }
    };
    let (hour, minute) = (two(hour)?, two(minute)?);
    let of_day = hour * 60 + minute;
    (minute < 60 && of_day <= DAY_MINUTES).then_some(of_day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_of_day_has_one_spelling() {
        for (text, minute) in [("00:00", 0), ("08:30", 510), ("23:59", 1_439), ("24:00", 1_440)] {
            assert_eq!(minute_of_day(text), Some(minute), "{text}");
        }
        for bad in
            ["", ":", "8:00", "08:0", "08:60", "24:01", "25:00", "08.00", "08:00:00", "-1:00"]
        {
            assert_eq!(minute_of_day(bad), None, "{bad}");
        }
    }

    #[test]
    fn hours_are_of_utc_and_end_before_their_last_minute() {
        let hours =
            Hours { days: vec![Weekday::Mon, Weekday::Fri], from_minute: 480, until_minute: 1_080 };
        assert_eq!(hours.to_string(), "mon, fri 08:00-18:00 UTC");
        for (instant, covered) in [
            ("2026-11-23T08:00:00Z", true),
            ("2026-11-23T07:59:59.999Z", false),
            ("2026-11-23T17:59:59.999Z", true),
            ("2026-11-23T18:00:00Z", false),
            ("2026-11-24T12:00:00Z", false),
            ("2026-11-27T12:00:00Z", true),
            ("1969-12-29T12:00:00Z", true),
        ] {
            assert_eq!(hours.covers(instant.parse().unwrap()), covered, "{instant}");
        }
        let always = Hours {
            days: Weekday::WORDS.iter().map(|(_, day)| *day).collect(),
            from_minute: 0,
            until_minute: DAY_MINUTES,
        };
        for millis in [i64::MIN, -1, 0, 1, i64::MAX] {
            assert!(always.covers(Timestamp::from_millis(millis)), "{millis}");
        }
    }
}
