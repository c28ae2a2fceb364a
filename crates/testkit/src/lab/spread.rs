//! How a set of times is spread: the figures a report gives of them.

use std::time::Duration;

use serde::Serialize;

/// Percentiles of many times, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Spread {
    /// How many there were.
    pub count: u64,
    /// Half were no longer.
    pub p50_us: f64,
    /// Nine of ten were no longer.
    pub p90_us: f64,
    /// 99 of 100 were no longer.
    pub p99_us: f64,
    /// 999 of 1,000 were no longer.
    pub p999_us: f64,
    /// The longest.
    pub max_us: f64,
}

impl Spread {
    /// The spread of `times`; none where there are none.
    #[must_use]
    pub fn of(mut times: Vec<Duration>) -> Option<Self> {
        times.sort_unstable();
        let last = times.last()?;
        let at = |permille: usize| {
            // The smallest time that at least so many of the times do not exceed.
            let rank = (times.len() * permille).div_ceil(1_000).saturating_sub(1);
            times.get(rank).map_or(f64::NAN, micros)
        };
        Some(Self {
            count: times.len() as u64,
            p50_us: at(500),
            p90_us: at(900),
            p99_us: at(990),
            p999_us: at(999),
            max_us: micros(last),
        })
    }
}

fn micros(time: &Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_times_that_occurred() {
        let times = (1..=1_000).rev().map(Duration::from_micros).collect();
        let spread = Spread::of(times).expect("there are some");
        let Spread { count, p50_us, p90_us, p99_us, p999_us, max_us } = spread;
        assert_eq!(count, 1_000);
        assert_eq!(
            [p50_us, p90_us, p99_us, p999_us, max_us].map(f64::round),
            [500.0, 900.0, 990.0, 999.0, 1_000.0]
        );
        let one = Spread::of(vec![Duration::from_micros(3)]).expect("there is one");
        assert_eq!((one.p50_us.round(), one.p999_us.round()), (3.0, 3.0));
        assert_eq!(Spread::of(Vec::new()), None);
    }
}
