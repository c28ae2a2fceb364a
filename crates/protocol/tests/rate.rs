//! The headers that say how much of a budget is left: input and expected output.

use model::{Dialect, Measure, Per, Timestamp};
use protocol::{RateLimit, rate_limit_headers};

/// 2026-11-24T09:00:00Z.
const NOW: Timestamp = Timestamp::from_millis(1_795_510_800_000);

fn limit(measure: Measure, per: Per, (limit, remaining): (u64, u64), seconds: i64) -> RateLimit {
    let resets = NOW.plus_millis(seconds * 1000);
    RateLimit { measure, per, limit, remaining, resets }
}

fn check(dialect: Dialect, limits: &[RateLimit], expected: &[(&str, &str)]) {
    let headers = rate_limit_headers(dialect, NOW, limits);
    let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(headers, expected, "{dialect:?}");
}

#[test]
fn each_dialect_has_its_vendors_names_and_the_drafts() {
    let limits = [
        limit(Measure::Requests, Per::Minute, (50, 7), 42),
        limit(Measure::Tokens, Per::Day, (100_000, 0), 54_000),
    ];
    let policy = r#""requests-per-minute";q=50;w=60,"tokens-per-day";q=100000;qu="tokens";w=86400"#;
    let service = r#""requests-per-minute";r=7;t=42,"tokens-per-day";r=0;t=54000"#;
    check(
        Dialect::OpenAi,
        &limits,
        &[
            ("x-ratelimit-limit-requests", "50"),
            ("x-ratelimit-remaining-requests", "7"),
            ("x-ratelimit-reset-requests", "42s"),
            ("x-ratelimit-limit-tokens", "100000"),
            ("x-ratelimit-remaining-tokens", "0"),
            ("x-ratelimit-reset-tokens", "15h0m0s"),
            ("ratelimit-policy", policy),
            ("ratelimit", service),
        ],
    );
    check(
        Dialect::Anthropic,
        &limits,
        &[
            ("anthropic-ratelimit-requests-limit", "50"),
            ("anthropic-ratelimit-requests-remaining", "7"),
            ("anthropic-ratelimit-requests-reset", "2026-11-24T09:00:42.000Z"),
            ("anthropic-ratelimit-tokens-limit", "100000"),
            ("anthropic-ratelimit-tokens-remaining", "0"),
            ("anthropic-ratelimit-tokens-reset", "2026-11-25T00:00:00.000Z"),
            ("ratelimit-policy", policy),
            ("ratelimit", service),
        ],
    );
    check(Dialect::Gemini, &limits, &[("ratelimit-policy", policy), ("ratelimit", service)]);
}

#[test]
fn of_several_the_one_with_least_left_stands() {
    let limits = [
        limit(Measure::Requests, Per::Month, (1000, 400), 86_400),
        limit(Measure::Requests, Per::Minute, (50, 7), 42),
        limit(Measure::Requests, Per::Minute, (20, 9), 42),
        limit(Measure::Requests, Per::Day, (70, 7), 3_723),
    ];
    check(
        Dialect::OpenAi,
        &limits,
        &[
            ("x-ratelimit-limit-requests", "70"),
            ("x-ratelimit-remaining-requests", "7"),
            ("x-ratelimit-reset-requests", "1h2m3s"),
            (
                "ratelimit-policy",
                r#""requests-per-minute";q=50;w=60,"requests-per-day";q=70;w=86400,"requests-per-month";q=1000"#,
            ),
            (
                "ratelimit",
                r#""requests-per-minute";r=7;t=42,"requests-per-day";r=7;t=3723,"requests-per-month";r=400;t=86400"#,
            ),
        ],
    );
}

#[test]
fn no_budget_and_budgets_of_money_are_in_no_header() {
    let money = limit(Measure::Money, Per::Month, (5, 5), 60);
    for dialect in Dialect::ALL {
        check(dialect, &[], &[]);
        check(dialect, &[money], &[]);
    }
}

#[test]
fn odd_values_stay_within_what_clients_can_read() {
    // More left than there is, a window that ended, the largest number there is.
    let huge = limit(Measure::Requests, Per::Minute, (u64::MAX, u64::MAX), -5);
    let lowered = limit(Measure::Tokens, Per::Minute, (10, 60), 60);
    check(
        Dialect::OpenAi,
        &[huge, lowered],
        &[
            ("x-ratelimit-limit-requests", "18446744073709551615"),
            ("x-ratelimit-remaining-requests", "18446744073709551615"),
            ("x-ratelimit-reset-requests", "0s"),
            ("x-ratelimit-limit-tokens", "10"),
            ("x-ratelimit-remaining-tokens", "10"),
            ("x-ratelimit-reset-tokens", "1m0s"),
            (
                "ratelimit-policy",
                r#""requests-per-minute";q=999999999999999;w=60,"tokens-per-minute";q=10;qu="tokens";w=60"#,
            ),
            (
                "ratelimit",
                r#""requests-per-minute";r=999999999999999;t=0,"tokens-per-minute";r=10;t=60"#,
            ),
        ],
    );
}

#[test]
fn a_begun_second_counts_as_one() {
    let mut one = limit(Measure::Requests, Per::Minute, (5, 0), 0);
    one.resets = NOW.plus_millis(1);
    let headers = rate_limit_headers(Dialect::Gemini, NOW, &[one]);
    assert!(headers.iter().any(|(_, value)| value.ends_with(";t=1")), "{headers:?}");
}
