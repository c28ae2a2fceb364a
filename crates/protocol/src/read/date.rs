//! The dates by which vendors tell versions of one name apart.

/// Whether `text` is a day: `20250219`, or `2025-02-19` with that separator between its numbers.
pub(super) fn is_date(text: &str, separator: char) -> bool {
    let mut parts = text.split(separator);
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(whole), None, None, None) => {
            let halves = whole.split_at_checked(4);
            let day = halves.and_then(|(year, rest)| Some((year, rest.split_at_checked(2)?)));
            day.is_some_and(|(year, (month, day))| is_day(year, month, day))
        }
        (Some(year), Some(month), Some(day), None) => is_day(year, month, day),
        _ => false,
    }
}

fn is_day(year: &str, month: &str, day: &str) -> bool {
    let number = |text: &str, length: usize| {
        let plain = text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<u16>().ok().filter(|_| plain)
    };
    number(year, 4).is_some()
        && number(month, 2).is_some_and(|month| (1..=12).contains(&month))
        && number(day, 2).is_some_and(|day| (1..=31).contains(&day))
}

#[cfg(test)]
mod tests {
    use super::is_date;

    #[test]
    fn a_day_is_a_date_and_nothing_else_is() {
        for date in ["20250305", "2025_03_11", "20991231", "2025_12_01"] {
            assert!(is_date(date, '_'), "{date}");
        }
        for other in [
            "",
            "2025",
            "2099",
            "202503",
            "2025_03",
            "2025_3_11",
            "2025_0311",
            "20250_311",
            "2025-03-11",
            "2025_03_11_",
            "_20250305",
            "20250305_",
            "20250305 ",
            "202503051",
            "20251305",
            "20250012",
            "2025_12_32",
            "2025_00_01",
            "+0250305",
            "2025_+3_11",
            "x0250305",
            "remote_execution_2099",
            "preview",
            "latest",
            "\u{662}\u{660}\u{662}\u{665}\u{660}\u{663}\u{660}\u{665}",
            "202\u{e9}0305",
        ] {
            assert!(!is_date(other, '_'), "{other}");
        }
    }
}
