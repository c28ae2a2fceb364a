//! Known prices, and the border at which they become whole numbers.

use super::*;

fn price(kind: ProviderKind, model: &str) -> Option<(u64, u64)> {
    known(kind, model).map(|price| (price.input_nano_per_million, price.output_nano_per_million))
}

#[test]
fn the_vendors_prices_are_known() {
    for (kind, model, input, output) in [
        (ProviderKind::OpenAi, "gpt-5-mini", 250_000_000, 2_000_000_000),
        (ProviderKind::OpenAi, "gpt-5", 1_250_000_000, 10_000_000_000),
        (ProviderKind::OpenAi, "text-embedding-3-small", 20_000_000, 0),
        // A price that fell stays fallen.
        (ProviderKind::OpenAi, "o3", 2_000_000_000, 8_000_000_000),
        (ProviderKind::Anthropic, "claude-haiku-4-5", 1_000_000_000, 5_000_000_000),
        // The larger prompt's.
        (ProviderKind::Gemini, "gemini-2.5-pro", 2_500_000_000, 15_000_000_000),
        (ProviderKind::Gemini, "gemini-2.5-flash", 300_000_000, 2_500_000_000),
        (ProviderKind::Demo, "anything", 0, 0),
    ] {
        assert_eq!(price(kind, model), Some((input, output)), "{model}");
    }
}

/// A price of nothing would let a budget of money pass everything.
#[test]
fn what_is_not_priced_by_text_has_no_known_price() {
    for (kind, model) in [
        (ProviderKind::OpenAi, "no-such-model"),
        (ProviderKind::OpenAi, "whisper-1"),
        (ProviderKind::OpenAi, "tts-1"),
        (ProviderKind::OpenAi, "claude-haiku-4-5"),
        (ProviderKind::Anthropic, "gpt-5"),
        (ProviderKind::Gemini, "gemma-3"),
        (ProviderKind::OpenAi, ""),
        (ProviderKind::OpenAi, &"x".repeat(256)),
    ] {
        assert_eq!(price(kind, model), None, "{model}");
    }
}

/// No size of prompt beyond a million tokens is dearer still.
#[test]
fn a_million_tokens_are_in_the_dearest_step() {
    let at = SystemTime::UNIX_EPOCH + Duration::from_secs(DAYS_SECONDS[0]);
    for vendor in ["openai", "anthropic", "google"] {
        let found = Calculator::bundled().find_provider(Some(vendor), None).unwrap().unwrap();
        for model in found.models() {
            let at_size = |tokens: f64| {
                let usage = Usage::from([(UsageKey::INPUT_TOKENS, tokens)]);
                let request = PriceRequest::new(model.id(), &usage)
                    .with_provider_id(vendor)
                    .with_timestamp(at);
                Calculator::bundled().calculate(&request).map_or(0.0, |price| price.input_price)
            };
            let (million, hundred) = (at_size(MILLION), at_size(100.0 * MILLION) / 100.0);
            assert!((million - hundred).abs() < 1e-9, "{vendor} {}", model.id());
        }
    }
}

#[test]
fn the_day_of_the_list_is_one() {
    assert_eq!(LISTED, "2026-10-15T00:00:00Z".parse().unwrap());
    assert_eq!(u64::try_from(LISTED.seconds()).unwrap(), DAYS_SECONDS[0]);
}

#[test]
fn dollars_become_nano_dollars_never_fewer() {
    for (usd, expected) in [
        (0.0, Some(0)),
        (0.3, Some(300_000_000)),
        (0.1 + 0.2, Some(300_000_000)),
        (2.5, Some(2_500_000_000)),
        (1e-9, Some(1)),
        (1.5e-9, Some(2)),
        (1e6, Some(1_000_000_000_000_000)),
        (1.000_001e6, None),
        (-0.1, None),
        (f64::NAN, None),
        (f64::INFINITY, None),
    ] {
        assert_eq!(nano(usd), expected, "{usd}");
    }
}
