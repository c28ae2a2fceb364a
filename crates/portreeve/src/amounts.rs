//! Amounts as people read them: times, rates, ages, counts. It rounds; programs get the numbers.

/// So many microseconds, with two or three digits that matter.
pub(crate) fn time(us: u64) -> String {
    match us {
        0..=999 => format!("{us} us"),
        1_000..=9_999 => format!("{}.{} ms", us / 1_000, us % 1_000 / 100),
        10_000..=999_999 => format!("{} ms", us / 1_000),
        _ => format!("{}.{} s", us / 1_000_000, us % 1_000_000 / 100_000),
    }
}

/// So many a second, given in thousandths.
pub(crate) fn rate(milli: u64) -> String {
    match milli {
        0 => "0".to_owned(),
        1..=99 => format!("0.{:02}", milli.div_ceil(10)),
        100..=99_999 => format!("{}.{}", milli / 1_000, milli % 1_000 / 100),
        _ => grouped(milli / 1_000),
    }
}

/// How long ago, or for how long, in its two largest units.
pub(crate) fn age(ms: u64) -> String {
    let seconds = ms / 1_000;
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
    match seconds {
        0..=59 => format!("{seconds} s"),
        60..=3_599 => format!("{minutes} min {} s", seconds % 60),
        3_600..=86_399 => format!("{hours} h {} min", minutes % 60),
        _ => format!("{days} d {} h", hours % 24),
    }
}

/// Digits in groups of three.
pub(crate) fn grouped(amount: u64) -> String {
    let digits = amount.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_keep_the_digits_that_matter() {
        for (us, text) in [
            (0, "0 us"),
            (999, "999 us"),
            (1_000, "1.0 ms"),
            (9_999, "9.9 ms"),
            (10_000, "10 ms"),
            (999_999, "999 ms"),
            (1_000_000, "1.0 s"),
            (268_435_455, "268.4 s"),
        ] {
            assert_eq!(time(us), text);
        }
    }

    #[test]
    fn a_rate_that_is_not_nothing_is_not_shown_as_nothing() {
        for (milli, text) in [
            (0, "0"),
            (1, "0.01"),
            (99, "0.10"),
            (100, "0.1"),
            (12_345, "12.3"),
            (1_234_567, "1,234"),
        ] {
            assert_eq!(rate(milli), text);
        }
    }

    #[test]
    fn ages_are_told_in_their_two_largest_units() {
        for (seconds, text) in [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min 0 s"),
            (3_599, "59 min 59 s"),
            (3_600, "1 h 0 min"),
            (86_399, "23 h 59 min"),
            (90_000, "1 d 1 h"),
        ] {
            assert_eq!(age(seconds * 1_000 + 999), text);
        }
    }

    #[test]
    fn amounts_are_written_as_people_write_them() {
        for (amount, text) in
            [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567"), (12_345, "12,345")]
        {
            assert_eq!(grouped(amount), text);
        }
    }
}
