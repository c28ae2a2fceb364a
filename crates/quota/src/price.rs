//! What tokens cost, in whole nano-USD: rounded up, and never less than it is.

use model::Timestamp;

/// What a target's tokens cost, from a day on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Price {
    /// A million tokens read, in nano-USD.
    pub input_nano_per_million: u64,
    /// A million tokens written, in nano-USD.
    pub output_nano_per_million: u64,
    /// From when on it holds.
    pub since: Timestamp,
}

impl Price {
    /// Of `prices`, the newest that holds at `now`; none where all lie in the future.
    #[must_use]
    pub fn in_force(prices: &[Self], now: Timestamp) -> Option<&Self> {
        prices.iter().filter(|price| price.since <= now).max_by_key(|price| price.since)
    }

    /// What a call costs, in nano-USD, rounded up; `u64::MAX` where it is more than that.
    #[must_use]
    pub fn cost(&self, input_tokens: u64, output_tokens: u64) -> u64 {
        let of = |tokens: u64, price: u64| u128::from(tokens).saturating_mul(price.into());
        let input = of(input_tokens, self.input_nano_per_million);
        let output = of(output_tokens, self.output_nano_per_million);
        u64::try_from(input.saturating_add(output).div_ceil(1_000_000)).unwrap_or(u64::MAX)
    }
}

/// What a call of at most so many tokens costs at most, in nano-USD: at the dearest of the targets
/// it may be sent to. None where one of them has no price, or there is none: then nothing bounds
/// its cost.
#[must_use]
pub fn bound<'a>(
    prices: impl IntoIterator<Item = Option<&'a Price>>,
    input_tokens: u64,
    output_tokens: u64,
) -> Option<u64> {
    let costs = prices.into_iter().map(|price| Some(price?.cost(input_tokens, output_tokens)));
    costs.reduce(|dearest, cost| Some(dearest?.max(cost?))).flatten()
}

#[cfg(test)]
mod tests;
