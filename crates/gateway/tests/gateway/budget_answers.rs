//! What a client is told of budgets: a refusal that says what ran out, when it begins anew and
//! who can raise it, whether retrying helps, and headers on every answer that was counted.

use model::Dialect::{self, Anthropic, Gemini, OpenAi};
use model::{Amounts, Clock as _, CounterKey, Measure, Per, RefusalCode};
use quota::Limit;
use serde_json::json;
use testkit::{Reply, Script};

use crate::ask::DIALECTS;
use crate::budgets::{gateway_wide, key, price, put, quota, under};
use crate::check;
use crate::world::{Setup, World};

/// Uses up the one call of the budget `all` that counts `what` in a window of `per`; gives the
/// refusal of the next.
fn refused(dialect: Dialect, per: &str, code: RefusalCode) -> (World, Reply) {
    let world = under(&[gateway_wide(&[("requests", per, "1")])]);
    check::forwarded(&world, &world.ask(dialect).send());
    // 2026-11-24T09:00:10Z.
    world.clock.advance_ms(10_000);
    let reply = world.ask(dialect).send();
    check::refused(&world, dialect, &reply, code);
    (world, reply)
}

#[test]
fn a_budget_of_a_minute_says_to_come_back() {
    for dialect in DIALECTS {
        let (_world, reply) = refused(dialect, "minute", RefusalCode::BudgetPaused);
        assert_eq!(reply.header("retry-after"), Some("50"));
        assert_eq!(reply.header("x-should-retry"), None);
        let text = reply.text();
        for said in [
            "`all`",
            "requests per minute",
            "of 1, 1 are used",
            "2026-11-24T09:01:00",
            "Who can fix it: the budget's owner; ask seat:risk-lead.",
        ] {
            assert!(text.contains(said), "{said}: {text}");
        }
        assert_eq!(check::own(dialect, &reply.json())["who"], "seat:risk-lead");
    }
}

#[test]
fn a_budget_of_a_day_or_month_says_that_retrying_is_useless() {
    for dialect in DIALECTS {
        for (per, resets, seconds) in [
            ("day", "2026-11-25T00:00:00", 15 * 3_600 - 10),
            ("month", "2026-12-01T00:00:00", 6 * 86_400 + 15 * 3_600 - 10),
        ] {
            let (_world, reply) = refused(dialect, per, RefusalCode::BudgetExhausted);
            assert_eq!(reply.header("x-should-retry"), Some("false"));
            assert_eq!(reply.header("retry-after"), Some(seconds.to_string().as_str()));
            assert!(reply.text().contains(resets), "{}", reply.text());
        }
    }
}

#[test]
fn a_call_larger_than_a_whole_budget_never_fits_and_is_told_no_time() {
    for dialect in DIALECTS {
        for (what, says) in [("tokens", "of 10, "), ("money", "of 10 USD")] {
            let world = World::with(Setup::default().edited(move |files| {
                put(files, &[gateway_wide(&[(what, "day", "10")])]);
                price(files, "fast", "2026-01-01");
                crate::budgets::replace(
                    files,
                    "models/fast.yaml",
                    "targets:",
                    "output_tokens_max: 9000000\ntargets:",
                );
            }));
            let mut ask = world.ask(dialect);
            if dialect == Anthropic {
                ask = ask.field("max_tokens", json!(9_000_000));
            }
            let reply = ask.send();
            check::refused(&world, dialect, &reply, RefusalCode::BudgetTooSmall);
            assert_eq!(reply.header("retry-after"), None);
            assert_eq!(reply.header("x-should-retry"), Some("false"));
            assert!(reply.text().contains(says), "{}", reply.text());
            world.provider.assert_untouched();
        }
    }
}

/// Caps as large as numbers get, times several answers: that is not a number any more.
#[test]
fn a_bound_beyond_counting_is_told_as_more_than_and_never_fits() {
    for (what, at_most, says) in [
        ("tokens", "1000000000000000", "this call may use more than 18446744073709551614."),
        ("money", "18446744073", "this call may use more than 18446744073 USD."),
    ] {
        let world = World::with(Setup::default().edited(move |files| {
            put(files, &[gateway_wide(&[(what, "month", at_most)])]);
            price(files, "fast", "2026-01-01");
        }));
        for (dialect, fields) in [
            (OpenAi, json!({"max_tokens": u64::MAX, "n": 2})),
            (Anthropic, json!({"max_tokens": u64::MAX})),
            (Gemini, json!({"generationConfig": {"maxOutputTokens": u64::MAX}})),
        ] {
            let mut ask = world.ask(dialect);
            for (name, value) in fields.as_object().unwrap() {
                ask = ask.field(name, value.clone());
            }
            let reply = ask.send();
            check::refused(&world, dialect, &reply, RefusalCode::BudgetTooSmall);
            assert!(reply.text().contains(says), "{}", reply.text());
        }
        world.provider.assert_untouched();
    }
}

/// The names under which vendors tell of requests: the whole, what is left, and when it ends.
const fn names(dialect: Dialect) -> Option<[&'static str; 3]> {
    match dialect {
        OpenAi => Some([
            "x-ratelimit-limit-requests",
            "x-ratelimit-remaining-requests",
            "x-ratelimit-reset-requests",
        ]),
        Anthropic => Some([
            "anthropic-ratelimit-requests-limit",
            "anthropic-ratelimit-requests-remaining",
            "anthropic-ratelimit-requests-reset",
        ]),
        Gemini => None,
    }
}

#[track_caller]
fn check_headers(dialect: Dialect, reply: &Reply, left: u64) {
    let policy = "\"requests-per-minute\";q=2;w=60";
    assert_eq!(reply.header("ratelimit-policy"), Some(policy));
    let limit = format!("\"requests-per-minute\";r={left};t=50");
    assert_eq!(reply.header("ratelimit"), Some(limit.as_str()));
    if let Some([whole, remaining, reset]) = names(dialect) {
        assert_eq!(reply.header(whole), Some("2"));
        assert_eq!(reply.header(remaining), Some(left.to_string().as_str()));
        let resets = if dialect == OpenAi { "50s" } else { "2026-11-24T09:01:00" };
        assert!(reply.header(reset).is_some_and(|at| at.starts_with(resets)));
    }
}

#[test]
fn headers_tell_what_is_left_on_allowed_and_refused_answers() {
    for dialect in DIALECTS {
        for stream in [false, true] {
            let world = under(&[gateway_wide(&[("requests", "minute", "2")])]);
            world.clock.advance_ms(10_000);
            for left in [1, 0] {
                let reply = world.ask(dialect).streamed(stream).send();
                assert_eq!(reply.status, 200);
                check_headers(dialect, &reply, left);
            }
            let reply = world.ask(dialect).streamed(stream).send();
            check::refused(&world, dialect, &reply, RefusalCode::BudgetPaused);
            check_headers(dialect, &reply, 0);
        }
    }
}

#[test]
fn trouble_after_the_hold_tells_how_budgets_stand_too() {
    for dialect in DIALECTS {
        for (script, model, code) in [
            (Script::Html, "fast", RefusalCode::UpstreamNotJson),
            (Script::DropBeforeHeaders, "fast", RefusalCode::UpstreamDropped),
            (Script::HangBeforeHeaders, "hasty", RefusalCode::UpstreamTimeout),
            (Script::Answer, "unreachable", RefusalCode::UpstreamConnect),
            (Script::Answer, "damaged", RefusalCode::SecretUnreadable),
        ] {
            let world = under(&[gateway_wide(&[("requests", "minute", "2")])]);
            world.clock.advance_ms(10_000);
            world.provider.next(script);
            let reply = world.ask(dialect).model(model).send();
            check::refused(&world, dialect, &reply, code);
            check_headers(dialect, &reply, 1);
        }
        let world = under(&[gateway_wide(&[("requests", "minute", "2")])]);
        world.clock.advance_ms(10_000);
        world.provider.next(Script::RetryAfter(503, "7"));
        let reply = world.ask(dialect).send();
        assert_eq!((reply.status, reply.header("retry-after")), (503, Some("7")));
        check_headers(dialect, &reply, 1);
    }
}

/// Counters as many as there may be leave no room for that of a call; the next window has room.
#[test]
fn who_needs_a_counter_too_many_is_asked_to_come_back() {
    let world = under(&[gateway_wide(&[("requests", "minute", "2")])]);
    let counted = |agent: usize| {
        let names = (0..quota::LIMITS_MAX).map(|place| format!("other-{place}"));
        let key = names.map(|name| CounterKey {
            agent: Some(format!("agent-{agent}").parse().unwrap()),
            ..key(&name, Measure::Requests, Per::Minute)
        });
        key.map(|key| Limit { key, at_most: 1, owner: String::new() }).collect::<Vec<_>>()
    };
    let one = Amounts { requests: 1, ..Amounts::default() };
    let counters = world.gate.counters();
    for agent in 0..quota::COUNTERS_MAX / quota::LIMITS_MAX {
        counters.hold(world.clock.now(), one, &counted(agent)).unwrap().release();
    }
    for dialect in DIALECTS {
        let reply = world.ask(dialect).send();
        check::refused(&world, dialect, &reply, RefusalCode::Overloaded);
        assert!(reply.text().contains("No more calls can be counted"), "{}", reply.text());
        assert_eq!(reply.header("ratelimit"), None, "nothing is known of a budget not counted");
    }
    world.provider.assert_untouched();
    world.clock.advance_ms(60_000);
    check::forwarded(&world, &world.ask(OpenAi).send());
}

#[test]
fn money_is_in_no_header_and_neither_are_budgets_of_others() {
    for dialect in DIALECTS {
        let world = World::with(Setup::default().edited(|files| {
            let mine = quota("mine", "{agent: dev}", &[("money", "day", "100")]);
            put(files, &[mine, quota("theirs", "{agent: twin}", &[("requests", "day", "9")])]);
            price(files, "fast", "2026-01-01");
        }));
        let reply = world.ask(dialect).send();
        check::forwarded(&world, &reply);
        let told = reply.headers.iter().filter(|(name, _)| name.contains("ratelimit"));
        assert_eq!(told.count(), 0, "{:?}", reply.headers);
    }
}

#[test]
fn who_is_refused_for_another_reason_is_told_nothing_of_budgets() {
    for dialect in DIALECTS {
        let world = under(&[gateway_wide(&[("requests", "minute", "2")])]);
        for model in ["hidden", "no-such-model", "guarded"] {
            let reply = world.ask(dialect).model(model).send();
            assert_ne!(reply.status, 200);
            assert_eq!(reply.header("ratelimit"), None);
        }
        // And none of them was counted.
        for _ in 0..2 {
            check::forwarded(&world, &world.ask(dialect).send());
        }
        let list = world.ask_list(dialect).send();
        assert_eq!(list.status, 200, "a list uses nothing, whatever is used up");
    }
}
