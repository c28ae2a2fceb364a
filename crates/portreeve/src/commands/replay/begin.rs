//! Where to begin in a log for what happened since a time, without reading what was before.

use anyhow::Result;
use model::Timestamp;

/// How far the writer's clock may have been set back without anything being passed over: a day.
const SET_BACK_MS: i64 = 24 * 60 * 60 * 1_000;

/// An index of a log of `size` entries before which nothing was written since `since`, found by
/// halving: `written` says when an entry was, and is asked for a few.
///
/// An entry's time is the writer's clock's, which may step back. A step of a day at most hides
/// nothing; where those entries that were asked for show a longer one, it is the log's beginning.
pub(super) fn first(
    size: u64,
    since: Timestamp,
    mut written: impl FnMut(u64) -> Result<Option<Timestamp>>,
) -> Result<u64> {
    let before = since.plus_millis(-SET_BACK_MS);
    let Some(oldest) = written(0)?.filter(|oldest| *oldest < before) else { return Ok(0) };
    let (mut low, mut high) = (1, size);
    let (mut latest_before, mut earliest_after) = (Some(oldest), None);
    while low < high {
        let middle = low + (high - low) / 2;
        let Some(at) = written(middle)? else { return Ok(0) };
        // Those before `low` were asked for in their order, those from `high` on in the opposite.
        let steps_back =
            |earlier: Option<Timestamp>, later: Option<Timestamp>| match (earlier, later) {
                (Some(earlier), Some(later)) => {
                    earlier.millis_since(later) > SET_BACK_MS.unsigned_abs()
                }
                (_, None) | (None, _) => false,
            };
        if steps_back(latest_before, Some(at)) || steps_back(Some(at), earliest_after) {
            return Ok(0);
        }
        if at < before {
            low = middle + 1;
            latest_before = latest_before.max(Some(at));
        } else {
            high = middle;
            earliest_after = Some(earliest_after.map_or(at, |known: Timestamp| known.min(at)));
        }
    }
    Ok(low)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = SET_BACK_MS;

    /// The index, and how many entries were asked for.
    fn check(times: &[i64], since: i64) -> (u64, usize) {
        let mut asked = 0;
        let size = u64::try_from(times.len()).unwrap();
        let first = first(size, Timestamp::from_millis(since), |index| {
            asked += 1;
            let at = times.get(usize::try_from(index).unwrap());
            Ok(at.copied().map(Timestamp::from_millis))
        });
        (first.unwrap(), asked)
    }

    #[test]
    fn it_begins_a_day_before_and_asks_for_few() {
        let times: Vec<i64> = (0..100_000).map(|nth| nth * 60_000).collect();
        for since in [0, DAY, DAY + 1, 40 * DAY, i64::MIN, i64::MAX] {
            let (first, asked) = check(&times, since);
            let expected = times.partition_point(|at| *at < since.saturating_sub(DAY));
            assert_eq!(first, u64::try_from(expected).unwrap(), "{since}");
            assert!(asked <= 18, "{asked} of 100,000");
        }
        assert_eq!(check(&[], 5), (0, 1));
    }

    #[test]
    fn a_clock_that_stepped_back_by_a_day_hides_nothing() {
        // An hour at a time, and set back by a day now and then.
        for step_at in [1, 37, 250, 251, 500, 999] {
            let times: Vec<i64> = (0..1_000)
                .map(|nth| nth * 3_600_000 - if nth >= step_at { DAY } else { 0 })
                .collect();
            for since in (0..1_000).map(|hour| hour * 3_600_000) {
                let (first, _) = check(&times, since);
                let passed = &times[..usize::try_from(first).unwrap()];
                assert!(passed.iter().all(|at| *at < since), "{step_at} {since} {first}");
            }
        }
    }

    #[test]
    fn a_longer_step_that_is_met_has_the_whole_log_read() {
        // From here to there the clock was a year ahead.
        for (from, to) in [(0, 500), (1, 500), (200, 300)] {
            let ahead = |nth| if (from..to).contains(&nth) { 365 * DAY } else { 0 };
            let times: Vec<i64> = (0..1_000).map(|nth| nth * 3_600_000 + ahead(nth)).collect();
            assert_eq!(check(&times, 10 * DAY).0, 0, "{from} {to}");
        }
        // An entry that is not there any more is no reason to pass over others.
        assert_eq!(first(9, Timestamp::from_millis(5), |_| Ok(None)).unwrap(), 0);
        assert!(first(9, Timestamp::from_millis(5), |_| Err(anyhow::anyhow!("unread"))).is_err());
    }
}
