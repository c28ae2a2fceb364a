//! US dollars as people and spreadsheets read them. Amounts are whole nano-USD; nothing here
//! rounds, and there is no floating point.

/// How many nano-USD a dollar has.
const NANO: u128 = 1_000_000_000;

/// `nano` in dollars, without the zeros at the end: `1.5`, `0.000045`.
pub(crate) fn plain(nano: u128) -> String {
    let fixed = fixed(nano);
    fixed.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// `nano` in dollars with all nine decimals: `1.500000000`.
pub(crate) fn fixed(nano: u128) -> String {
    format!("{}.{:09}", nano / NANO, nano % NANO)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dollars_are_written_without_loss() {
        for (nano, short, long) in [
            (0, "0", "0.000000000"),
            (1, "0.000000001", "0.000000001"),
            (45_000, "0.000045", "0.000045000"),
            (1_500_000_000, "1.5", "1.500000000"),
            (100_000_000_000, "100", "100.000000000"),
            (u128::from(u64::MAX), "18446744073.709551615", "18446744073.709551615"),
        ] {
            assert_eq!((plain(nano).as_str(), fixed(nano).as_str()), (short, long));
        }
    }
}
