//! Money as people write it: US dollars in decimal digits, counted in billionths. It never goes
//! through floating point, so what is written is what is counted.

use crate::mention::Sheet;
use crate::yaml::Node;
use crate::{code, problem};

/// Decimals of a dollar that are counted.
const DECIMALS_MAX: usize = 9;

/// Billionths of a dollar in one.
const NANO_PER_USD: u64 = 1_000_000_000;

/// Most dollars an amount may be: what 64 bits of billionths hold, rounded down to whole dollars, so
/// that a count that reached their end is above every amount that anybody declared.
pub(crate) const USD_MAX: u64 = 18_446_744_073;

/// What the help says of an amount.
const HELP: &str =
    "write US dollars with at most 9 decimals, as in `12.50`, and at most 18446744073";

/// Reads an amount: nano-USD.
pub(crate) fn read(sheet: &mut Sheet<'_>, node: &Node) -> Option<u64> {
    let text = sheet.reader.written(node, "an amount of US dollars")?;
    let nano = nano_usd(text);
    if nano.is_none() {
        let what = format!("`{}` is not an amount of US dollars", problem::shown(text));
        sheet.reader.object(node.at, code::BAD_VALUE, what, HELP);
    }
    nano
}

/// Reads an amount of more than nothing.
pub(crate) fn read_positive(sheet: &mut Sheet<'_>, node: &Node) -> Option<u64> {
    let nano = read(sheet, node)?;
    if nano == 0 {
        let what = "the amount is nothing".to_owned();
        sheet.reader.object(node.at, code::BAD_VALUE, what, HELP);
        return None;
    }
    Some(nano)
}

/// `12.50` as 12,500,000,000. One spelling only: no sign, exponent, separator or needless zero
/// before the point.
fn nano_usd(text: &str) -> Option<u64> {
    let (whole, decimals) = match text.split_once('.') {
        Some((whole, decimals)) if !decimals.is_empty() => (whole, decimals),
        Some(_) => return None,
        None => (text, ""),
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let spelt = !whole.is_empty() && (whole == "0" || !whole.starts_with('0'));
    if !spelt || !digits(whole) || !digits(decimals) || decimals.len() > DECIMALS_MAX {
        return None;
    }
    let nano: u64 = format!("{decimals:0<DECIMALS_MAX$}").parse().ok()?;
    let sum = whole.parse::<u64>().ok()?.checked_mul(NANO_PER_USD)?.checked_add(nano)?;
    (sum <= USD_MAX * NANO_PER_USD).then_some(sum)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_help_names_the_most() {
        assert!(HELP.ends_with(&format!("at most {USD_MAX}")));
    }

    #[test]
    fn money_is_counted_as_it_is_written() {
        for (text, nano) in [
            ("0", 0),
            ("0.0", 0),
            ("1", 1_000_000_000),
            ("12.50", 12_500_000_000),
            ("0.000000001", 1),
            ("0.1", 100_000_000),
            ("0.3", 300_000_000),
            ("18446744073", USD_MAX * NANO_PER_USD),
            ("18446744073.000000000", USD_MAX * NANO_PER_USD),
        ] {
            assert_eq!(nano_usd(text), Some(nano), "{text}");
        }
        for bad in [
            "",
            ".",
            ".5",
            "5.",
            "-1",
            "+1",
            "01",
            "00",
            "1e3",
            "1,50",
            "1_000",
            "1.2.3",
            "$5",
            "5 USD",
            " 5",
            "0x10",
            ".inf",
            "NaN",
            "0.0000000001",
            "1.0000000000",
            "18446744073.000000001",
            "18446744073.709551615",
            "18446744073.709551616",
            "18446744074",
            "99999999999999999999999",
            "\u{0661}",
        ] {
            assert_eq!(nano_usd(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn every_amount_reads_back(nano in 0..=USD_MAX * NANO_PER_USD) {
            let text = format!("{}.{:09}", nano / NANO_PER_USD, nano % NANO_PER_USD);
            prop_assert_eq!(nano_usd(&text), Some(nano));
        }

        #[test]
        fn no_text_panics(text: String) {
            let _ = nano_usd(&text);
        }
    }
}
