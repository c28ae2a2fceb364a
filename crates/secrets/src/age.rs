//! How old a sealed value may grow. It compares times that it is handed and reads no clock.

use model::Timestamp;

/// One day, in milliseconds.
const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// The warning begins this many days before the end ...
const WARNED_DAYS: i64 = 14;
/// ... but not before this part of the time allowed is over, in percent: a secret that lives a
/// week is not warned about from its first hour.
const WARNED_FROM_PERCENT: i64 = 80;
/// How far ahead of the clock a sealing time may lie: a clock that was set right meanwhile.
const AHEAD_MS_MAX: i64 = DAY_MS;

/// A sealed value's time: from its sealing to the last instant at which it may be lent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetime {
    sealed: Timestamp,
    max_age_ms: i64,
}

/// How a sealed value stands in its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Age {
    /// Nothing is due.
    Fresh,
    /// The end is near: another version is to be sealed and activated.
    Due,
    /// Older than its owner allows.
    Overdue,
    /// Sealed more than a day after what the clock says now. One of the two times is wrong and
    /// its age cannot be told, so it is lent as little as what is overdue: a value sealed under
    /// a clock years ahead would else never grow old.
    Ahead,
}

impl Lifetime {
    /// Of a value sealed at `sealed`, whose owner allows `max_age_days` days.
    #[must_use]
    pub fn new(sealed: Timestamp, max_age_days: u32) -> Self {
        Self { sealed, max_age_ms: i64::from(max_age_days) * DAY_MS }
    }

    /// The last instant at which it may be lent.
    #[must_use]
    pub const fn ends(self) -> Timestamp {
        self.sealed.plus_millis(self.max_age_ms)
    }

    /// When the warning begins: 14 days before the end, or where 80 % of the time allowed is
    /// over, whichever is later.
    #[must_use]
    pub fn warned_from(self) -> Timestamp {
        let days_before = self.max_age_ms - WARNED_DAYS * DAY_MS;
        let share = self.max_age_ms / 100 * WARNED_FROM_PERCENT;
        self.sealed.plus_millis(days_before.max(share))
    }

    /// How it stands at `now`.
    #[must_use]
    pub fn age(self, now: Timestamp) -> Age {
        if self.sealed > now.plus_millis(AHEAD_MS_MAX) {
            Age::Ahead
        } else if now > self.ends() {
            Age::Overdue
        } else if now >= self.warned_from() {
            Age::Due
        } else {
            Age::Fresh
        }
    }

    /// Whole days from its sealing to `now`, 0 where the clock is less than a day behind it;
    /// none where it is [`Age::Ahead`].
    #[must_use]
    pub fn days(self, now: Timestamp) -> Option<u64> {
        if self.age(now) == Age::Ahead {
            return None;
        }
        Some(now.millis_since(self.sealed) / DAY_MS.unsigned_abs())
    }
}

impl Age {
    /// Whether a value of this age may be lent.
    #[must_use]
    pub const fn may_be_lent(self) -> bool {
        match self {
            Self::Fresh | Self::Due => true,
            Self::Overdue | Self::Ahead => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEALED: Timestamp = Timestamp::from_millis(1_795_510_800_000);

    /// How a value that may become `max_age_days` old stands `after_ms` after its sealing.
    #[track_caller]
    fn check(max_age_days: u32, after_ms: i64, age: Age, days: Option<u64>) {
        let lifetime = Lifetime::new(SEALED, max_age_days);
        let now = SEALED.plus_millis(after_ms);
        assert_eq!((lifetime.age(now), lifetime.days(now)), (age, days), "after {after_ms} ms");
    }

    #[test]
    fn long_lives_are_warned_about_two_weeks_ahead_and_end_to_the_millisecond() {
        check(90, 0, Age::Fresh, Some(0));
        check(90, DAY_MS - 1, Age::Fresh, Some(0));
        check(90, 76 * DAY_MS - 1, Age::Fresh, Some(75));
        check(90, 76 * DAY_MS, Age::Due, Some(76));
        check(90, 90 * DAY_MS, Age::Due, Some(90));
        check(90, 90 * DAY_MS + 1, Age::Overdue, Some(90));
        check(3650, 3636 * DAY_MS, Age::Due, Some(3636));
    }

    #[test]
    fn short_lives_are_warned_about_in_their_last_fifth() {
        check(70, 56 * DAY_MS - 1, Age::Fresh, Some(55));
        check(70, 56 * DAY_MS, Age::Due, Some(56));
        check(30, 24 * DAY_MS - 1, Age::Fresh, Some(23));
        check(30, 24 * DAY_MS, Age::Due, Some(24));
        check(1, DAY_MS / 10 * 8 - 1, Age::Fresh, Some(0));
        check(1, DAY_MS / 10 * 8, Age::Due, Some(0));
        check(1, DAY_MS + 1, Age::Overdue, Some(1));
    }

    #[test]
    fn a_clock_before_the_sealing_is_forgiven_a_day_and_no_more() {
        check(90, -1, Age::Fresh, Some(0));
        check(90, -DAY_MS, Age::Fresh, Some(0));
        check(90, -DAY_MS - 1, Age::Ahead, None);
        check(1, -3650 * DAY_MS, Age::Ahead, None);
        assert!(Age::Fresh.may_be_lent() && Age::Due.may_be_lent());
        assert!(!Age::Overdue.may_be_lent() && !Age::Ahead.may_be_lent());
    }

    #[test]
    fn times_at_the_ends_of_the_scale_do_not_overflow() {
        let first = Lifetime::new(Timestamp::from_millis(i64::MIN), u32::MAX);
        let last = Lifetime::new(Timestamp::from_millis(i64::MAX), u32::MAX);
        let (early, late) = (Timestamp::from_millis(i64::MIN), Timestamp::from_millis(i64::MAX));
        assert_eq!(first.age(early), Age::Fresh);
        assert_eq!(first.age(late), Age::Overdue);
        assert_eq!(last.age(early), Age::Ahead);
        assert_eq!(last.age(late), Age::Due, "it never ends, and says so");
        assert_eq!(first.days(late), Some(u64::MAX / 2 / DAY_MS.unsigned_abs()));
    }
}
