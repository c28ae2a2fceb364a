//! Times by how often they occurred: buckets that grow with what they hold, eight to a doubling,
//! so that a time is told at most an eighth too long. It never grows and never keeps a time.

use std::time::Duration;

/// Buckets to a doubling, as a power of two.
const PARTS_BITS: u32 = 3;
/// Buckets to a doubling.
const PARTS: u64 = 1 << PARTS_BITS;
/// The last doubling that is told apart: times of 2^28 microseconds (268 s) and more count as
/// the longest below.
const DOUBLING_MAX: u32 = 27;
/// How many buckets there are.
const BUCKETS: usize = 208;

/// Times in microseconds. Without one it takes no memory but its own few bytes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Histogram(Option<Box<[u32; BUCKETS]>>);

/// The middle and the end of what a window saw, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spread {
    /// How many times there were.
    pub count: u64,
    /// Half of them took no longer.
    pub p50_us: u64,
    /// All but one in a hundred took no longer.
    pub p99_us: u64,
}

impl Histogram {
    /// Counts one time.
    pub(crate) fn record(&mut self, took: Duration) {
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let counts = self.0.get_or_insert_with(|| Box::new([0; BUCKETS]));
        if let Some(count) = counts.get_mut(bucket(us)) {
            *count = count.saturating_add(1);
        }
    }

    /// Forgets all times; the memory is kept for the next.
    pub(crate) fn clear(&mut self) {
        if let Some(counts) = &mut self.0 {
            counts.fill(0);
        }
    }

    /// Adds what `other` counted.
    pub(crate) fn add(&mut self, other: &Self) {
        let Some(more) = &other.0 else { return };
        let counts = self.0.get_or_insert_with(|| Box::new([0; BUCKETS]));
        for (count, more) in counts.iter_mut().zip(more.iter()) {
            *count = count.saturating_add(*more);
        }
    }

    /// The middle and the end; none where nothing was counted.
    pub(crate) fn spread(&self) -> Option<Spread> {
        let counts = self.0.as_ref()?;
        let count: u64 = counts.iter().copied().map(u64::from).sum();
        if count == 0 {
            return None;
        }
        // The rank of a quantile is rounded up: of two times, the longer is the p99.
        let at = |percent: u64| longest_of(counts, count.saturating_mul(percent).div_ceil(100));
        Some(Spread { count, p50_us: at(50), p99_us: at(99) })
    }
}

/// The longest time in the bucket that holds the time of this rank, counted from 1.
fn longest_of(counts: &[u32; BUCKETS], rank: u64) -> u64 {
    let mut seen = 0_u64;
    let reached = counts.iter().position(|count| {
        seen = seen.saturating_add(u64::from(*count));
        seen >= rank
    });
    longest(reached.unwrap_or(BUCKETS - 1))
}

/// Which bucket holds a time: up to eight microseconds each has its own.
fn bucket(us: u64) -> usize {
    let doubling = us.max(1).ilog2();
    let index = if doubling < PARTS_BITS {
        us
    } else if doubling > DOUBLING_MAX {
        u64::MAX
    } else {
        let part = (us >> (doubling - PARTS_BITS)) % PARTS;
        u64::from(doubling - PARTS_BITS + 1) * PARTS + part
    };
    usize::try_from(index).unwrap_or(usize::MAX).min(BUCKETS - 1)
}

/// The longest time that falls into bucket `index`.
fn longest(index: usize) -> u64 {
    let index = u64::try_from(index).unwrap_or(u64::MAX);
    let (doubling, part) = (index / PARTS, index % PARTS);
    match doubling.checked_sub(1) {
        None => part,
        Some(shift) => ((PARTS + part + 1) << shift) - 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_follow_each_other_without_gap_or_overlap() {
        let mut next = 0;
        for index in 0..BUCKETS {
            assert_eq!(bucket(next), index, "the first of bucket {index}");
            assert_eq!(bucket(longest(index)), index, "the last of bucket {index}");
            next = longest(index) + 1;
        }
        assert_eq!(next, 1 << (DOUBLING_MAX + 1), "the end of what is told apart");
        assert_eq!(bucket(next), BUCKETS - 1);
        assert_eq!(bucket(u64::MAX), BUCKETS - 1);
    }

    #[test]
    fn a_time_is_told_at_most_an_eighth_too_long() {
        for us in [1, 7, 8, 9, 99, 1_000, 65_537, 1_000_000, 200_000_000] {
            let told = longest(bucket(us));
            assert!(told >= us && told - us <= us / 8, "{us} is told as {told}");
        }
    }

    #[test]
    fn middle_and_end_are_those_of_all_that_was_counted() {
        let mut all = Histogram::default();
        assert_eq!(all.spread(), None);
        let mut half = Histogram::default();
        for us in 1..=100 {
            if us % 2 == 0 { &mut all } else { &mut half }.record(Duration::from_micros(us));
        }
        all.add(&half);
        let spread = all.spread().expect("a hundred times");
        assert_eq!((spread.count, spread.p50_us, spread.p99_us), (100, 51, 103));
        all.clear();
        assert_eq!(all.spread(), None);
        all.record(Duration::from_micros(3));
        all.record(Duration::from_micros(5));
        let two = Spread { count: 2, p50_us: 3, p99_us: 5 };
        assert_eq!(all.spread(), Some(two));
    }
}
