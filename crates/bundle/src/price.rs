//! What a target costs: as the charter says, or as the vendor was known to charge when this
//! version was made. Prices are whole numbers from here on.
//!
//! Known prices hold at a vendor's own address alone: who serves the same model elsewhere sets a
//! price of their own. No clock is asked, so that the same charter always compiles to the same
//! bundle: of what was in force on the day of the list and what was announced for later, the
//! dearer holds, and of several sizes of prompt the dearest. Text is what is priced. Audio, and
//! writing to a provider's cache, cost more at some vendors: an owner whose agents do that states
//! a price in the charter.

use std::time::{Duration, SystemTime};

use charter::ModelTarget;
use genai_prices::{Calculator, PriceCalculation, PriceRequest, Usage, UsageKey};
use model::Timestamp;
use policy::ProviderKind;

/// The day of the list of known prices: 2026-10-15.
const LISTED: Timestamp = Timestamp::from_millis(1_792_022_400_000);

/// Seconds from 1970 to the day of the list, and to a day after everything announced in it.
const DAYS_SECONDS: [u64; 2] = [1_792_022_400, 4_102_444_800];

/// Tokens that a price is for. No vendor's steps by size of prompt begin later.
const MILLION: f64 = 1_000_000.0;

/// Highest known price that is believed: a thousand dollars for a thousand tokens.
const USD_PER_MILLION_MAX: f64 = 1_000_000.0;

/// What a target costs, per million tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Price {
    /// Tokens read, in nano-USD per million.
    pub input_nano_per_million: u64,
    /// Tokens written, in nano-USD per million.
    pub output_nano_per_million: u64,
    /// Since when it holds, or on which day the list of known prices was made.
    pub since: Timestamp,
    /// Who says so.
    pub from: PriceSource,
}

/// Where a price is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PriceSource {
    /// The charter states it.
    Charter,
    /// It is the vendor's known one.
    Default,
}

/// The price of `target` at `provider`: as stated, or as known; none where neither is.
pub(crate) fn of(target: &ModelTarget, provider: &charter::Provider) -> Option<Price> {
    if let Some(stated) = &target.price {
        return Some(Price {
            input_nano_per_million: stated.input_nano_per_million,
            output_nano_per_million: stated.output_nano_per_million,
            since: stated.since.value.begins(),
            from: PriceSource::Charter,
        });
    }
    let own = provider.base_url().map(|url| url.trim_end_matches('/'));
    if own != provider.kind.base_url() {
        return None;
    }
    known(crate::resolve::kind(provider.kind), &target.upstream_model)
}

/// What the vendor itself charges for its model.
fn known(kind: ProviderKind, upstream_model: &str) -> Option<Price> {
    let vendor = match kind {
        // It answers from within the gateway.
        ProviderKind::Demo => return Some(listed(0, 0)),
        ProviderKind::OpenAi => "openai",
        ProviderKind::Anthropic => "anthropic",
        ProviderKind::Gemini => "google",
    };
    let mut dearest = listed(0, 0);
    for seconds in DAYS_SECONDS {
        let at = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds))?;
        let text = charged(vendor, upstream_model, at, None)?;
        let input = nano(text.input_price).filter(|nano| *nano > 0)?;
        let mut output = nano(text.output_price)?;
        // A model that makes sound or pictures is priced by what it makes.
        for made in [UsageKey::OUTPUT_AUDIO_TOKENS, UsageKey::OUTPUT_IMAGE_TOKENS] {
            output =
                output.max(nano(charged(vendor, upstream_model, at, Some(made))?.output_price)?);
        }
        dearest.input_nano_per_million = dearest.input_nano_per_million.max(input);
        dearest.output_nano_per_million = dearest.output_nano_per_million.max(output);
    }
    Some(dearest)
}

/// The charge for a million tokens read and a million written, those all of the kind `made`.
fn charged(
    vendor: &str,
    model: &str,
    at: SystemTime,
    made: Option<UsageKey>,
) -> Option<PriceCalculation> {
    let tokens = [Some(UsageKey::INPUT_TOKENS), Some(UsageKey::OUTPUT_TOKENS), made];
    let usage: Usage = tokens.into_iter().flatten().map(|key| (key, MILLION)).collect();
    let request = PriceRequest::new(model, &usage).with_provider_id(vendor).with_timestamp(at);
    Calculator::bundled().calculate(&request).ok()
}

const fn listed(input_nano_per_million: u64, output_nano_per_million: u64) -> Price {
    Price {
        input_nano_per_million,
        output_nano_per_million,
        since: LISTED,
        from: PriceSource::Default,
    }
}

/// US dollars as nano-USD, rounded up: the one place where a price is not a whole number.
fn nano(usd: f64) -> Option<u64> {
    const NANO_PER_USD: f64 = 1e9;
    if !usd.is_finite() || !(0.0..=USD_PER_MILLION_MAX).contains(&usd) {
        return None;
    }
    let exact = usd * NANO_PER_USD;
    let near = exact.round();
    // A tenth of a nano-dollar away from a whole number is the imprecision of binary fractions.
    let whole = if (exact - near).abs() < 0.1 { near } else { exact.ceil() };
    #[expect(
        clippy::as_conversions,
        reason = "a whole number from 0 to 1e15, which is exact in both types"
    )]
    Some(whole as u64)
}

#[cfg(test)]
mod tests;
