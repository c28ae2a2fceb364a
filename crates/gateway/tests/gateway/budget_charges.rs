//! What a call holds stands in its decision, what it is charged in its outcome: what is known to
//! have been used, a call where a provider answered with a failure, nothing where none answered,
//! all of it where nobody knows.

use std::net::TcpListener;

use model::Dialect::{Anthropic, Gemini, OpenAi};
use model::{Amounts, Measure, Per, RefusalCode};
use serde_json::json;
use testkit::{Canary, Gate, Reply, Script};

use crate::ask::DIALECTS;
use crate::budgets::{
    INPUT_PRICE, OUTPUT_PRICE, charged, check_counters_against_log, gateway_wide, held, holds, key,
    price, put, quota, stands, under, using,
};
use crate::canned::Canned;
use crate::charter_files::kind;
use crate::check;
use crate::world::{Setup, World};

const TOKENS: (&str, &str, &str) = ("tokens", "day", "1000000");
const REQUESTS: (&str, &str, &str) = ("requests", "minute", "1000");
const MONEY: (&str, &str, &str) = ("money", "month", "100");

/// A world in which every call is counted by every measure.
fn counted() -> World {
    World::with(counting(Setup::default(), "fast"))
}

fn counting(setup: Setup, model: &'static str) -> Setup {
    setup.edited(move |files| {
        put(files, &[gateway_wide(&[REQUESTS, TOKENS, MONEY])]);
        price(files, model, "2026-01-01");
    })
}

/// Everything of `outcome`'s charge that it held.
fn in_full(world: &World, reply: &Reply) -> Amounts {
    Amounts {
        requests: held(world, reply, Measure::Requests),
        tokens: held(world, reply, Measure::Tokens),
        nano_usd: held(world, reply, Measure::Money),
    }
}

const fn cost(read: u64, written: u64) -> u64 {
    read * INPUT_PRICE + written * OUTPUT_PRICE
}

#[test]
fn the_hold_is_an_upper_bound_and_the_charge_what_was_used() {
    for dialect in DIALECTS {
        let world = counted();
        let reply = world.ask(dialect).send();
        let outcome = check::forwarded(&world, &reply);
        let held = in_full(&world, &reply);
        let body = u64::try_from(world.ask(dialect).body_text().len()).unwrap();
        let cap = if dialect == Anthropic { 64 } else { 4_096 };
        assert!(held.tokens >= body + cap, "{held:?}");
        assert!(held.tokens <= body + cap + 1_024, "{held:?}: nothing else is in it");
        let read = held.tokens - cap;
        assert_eq!(held.nano_usd, cost(read, cap));
        let used = Amounts { requests: 1, tokens: 12, nano_usd: cost(7, 5) };
        assert_eq!(charged(&outcome), used, "{outcome}");
        assert_eq!(outcome["cost_nano_usd"], cost(7, 5));
        assert_eq!(check_counters_against_log(&world), 3);
        assert_eq!(stands(&world, &key("all", Measure::Money, Per::Month)), (cost(7, 5), 0));
    }
}

#[test]
fn a_call_that_no_budget_applies_to_holds_and_charges_nothing() {
    for dialect in DIALECTS {
        let world = under(&[quota("theirs", "{agent: twin}", &[REQUESTS, TOKENS])]);
        let reply = world.ask(dialect).send();
        let outcome = check::forwarded(&world, &reply);
        assert_eq!(holds(&world, &reply), []);
        assert!(outcome["charged"].is_null(), "{outcome}");
        assert_eq!(reply.header("ratelimit"), None);
        let twins = world.ask(dialect).token(world.token("twin")).send();
        check::forwarded(&world, &twins);
        assert_eq!(holds(&world, &twins).len(), 2);
    }
}

#[test]
fn several_answers_are_held_and_counted_each() {
    let world = counted();
    let one = held(&world, &world.ask(OpenAi).field("n", json!(1)).send(), Measure::Tokens);
    let three = held(&world, &world.ask(OpenAi).field("n", json!(3)).send(), Measure::Tokens);
    assert_eq!(three, 3 * one);
    let config = |count: u32| json!({"candidateCount": count, "maxOutputTokens": 100});
    let ask = |count| world.ask(Gemini).field("generationConfig", config(count)).send();
    assert_eq!(held(&world, &ask(3), Measure::Tokens), 3 * held(&world, &ask(1), Measure::Tokens));
}

/// What counts of a call that ends with a refusal, or with the provider's own error.
#[derive(Debug, Clone, Copy)]
enum Counts {
    Nothing,
    TheCall,
    InFull,
}

#[track_caller]
fn check_end(world: &World, reply: &Reply, counts: Counts) {
    let outcome = check::outcome(world, reply);
    let expected = match counts {
        Counts::Nothing => Amounts::default(),
        Counts::TheCall => Amounts { requests: 1, ..Amounts::default() },
        Counts::InFull => in_full(world, reply),
    };
    assert_eq!(charged(&outcome), expected, "{outcome}");
    if !matches!(counts, Counts::InFull) {
        assert_eq!(outcome["cost_nano_usd"], 0, "{outcome}");
    }
    check_counters_against_log(world);
}

#[test]
fn what_a_provider_answers_with_a_failure_is_a_call_and_no_more() {
    for dialect in DIALECTS {
        for status in [400, 404, 408, 413, 422, 429, 500, 502, 503, 529] {
            let world = counted();
            world.provider.next(Script::Status(status, "{\"error\":{}}".to_owned()));
            let reply = world.ask(dialect).send();
            assert_eq!(reply.status, status);
            check_end(&world, &reply, Counts::TheCall);
        }
        let world = counted();
        world.provider.expect_key("another key");
        let reply = world.ask(dialect).send();
        check::refused(&world, dialect, &reply, RefusalCode::UpstreamCredential);
        check_end(&world, &reply, Counts::TheCall);
        let world = counted();
        world.provider.next(Script::Redirect);
        let reply = world.ask(dialect).send();
        check::refused(&world, dialect, &reply, RefusalCode::UpstreamRedirect);
        check_end(&world, &reply, Counts::TheCall);
    }
}

#[test]
fn a_loop_of_calls_that_fail_uses_up_a_budget_of_requests() {
    for dialect in DIALECTS {
        for status in [400, 429, 500] {
            let quota = gateway_wide(&[("requests", "day", "3"), TOKENS]);
            let world = World::with(
                Setup::routed(&[("fake", "")], "").edited(move |files| put(files, &[quota])),
            );
            world.provider.always(Script::Status(status, "{}".to_owned()));
            for _ in 0..3 {
                assert_eq!(world.ask(dialect).send().status, status);
                // Past any time for which the failing place is set aside.
                world.clock.advance_ms(120_000);
            }
            let reply = world.ask(dialect).send();
            check::refused(&world, dialect, &reply, RefusalCode::BudgetExhausted);
            assert_eq!(world.provider.seen().len(), 3);
            assert_eq!(stands(&world, &key("all", Measure::Tokens, Per::Day)), (0, 0));
            check_counters_against_log(&world);
        }
    }
}

#[test]
fn several_tries_are_one_call() {
    for dialect in DIALECTS {
        let setup = Setup::routed(&[("fake", ""), ("second", ""), ("third", "")], "");
        let world = World::with(counting(setup, "routed"));
        for provider in [&world.provider, &world.second, &world.third] {
            provider.next(Script::Status(503, "{}".to_owned()));
        }
        let reply = world.ask(dialect).model("routed").send();
        assert_eq!(reply.status, 503);
        assert_eq!(check::tries(&check::outcome(&world, &reply)).len(), 3);
        check_end(&world, &reply, Counts::TheCall);
        // That one place could not be reached takes nothing back of what another answered.
        for targets in [["fake", "unreachable"], ["unreachable", "fake"]] {
            let targets = targets.map(|provider| (provider, ""));
            let retries = "retries: {attempts_max: 2}\n";
            let world = World::with(counting(Setup::routed(&targets, retries), "routed"));
            world.provider.next(Script::Status(503, "{}".to_owned()));
            let reply = world.ask(dialect).model("routed").send();
            assert!([502, 503].contains(&reply.status), "{}", reply.status);
            check_end(&world, &reply, Counts::TheCall);
        }
    }
}

#[test]
fn a_secret_that_comes_back_in_a_head_was_paid_for() {
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-request-id: {}\r\n\
         content-length: 2\r\n\r\n{{}}",
        Canary::ProviderKey.value()
    );
    let canned = Canned::start(answer);
    for dialect in DIALECTS {
        let setup = Setup { odd: Some(canned.base_url()), ..Setup::default() };
        let world = World::with(counting(setup, "odd"));
        let reply = world.ask(dialect).model("odd").send();
        check::refused(&world, dialect, &reply, RefusalCode::UpstreamEchoedSecret);
        check_end(&world, &reply, Counts::InFull);
    }
}

#[test]
fn what_no_provider_answered_is_given_back() {
    for dialect in DIALECTS {
        let world = World::with(counting(Setup::default(), "unreachable"));
        let reply = world.ask(dialect).model("unreachable").send();
        check::refused(&world, dialect, &reply, RefusalCode::UpstreamConnect);
        check_end(&world, &reply, Counts::Nothing);
        let world = World::with(counting(Setup::default(), "damaged"));
        let reply = world.ask(dialect).model("damaged").send();
        check::refused(&world, dialect, &reply, RefusalCode::SecretUnreadable);
        check_end(&world, &reply, Counts::Nothing);
        // Somebody listens there, and says nothing of TLS: nothing of the call can be sent.
        let silent = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let odd = Some(format!("https://{}", silent.local_addr().unwrap()));
        let setup = Setup { odd, ..Setup::default() }.edited(move |files| {
            let file = files.get_mut(&format!("providers/odd-{}.yaml", kind(dialect))).unwrap();
            file.push_str("timeouts: {connect_ms: 100}\n");
        });
        let world = World::with(counting(setup, "odd"));
        let reply = world.ask(dialect).model("odd").send();
        check::refused(&world, dialect, &reply, RefusalCode::UpstreamTimeout);
        check_end(&world, &reply, Counts::Nothing);
    }
}

#[test]
fn what_nobody_knows_counts_in_full() {
    for dialect in DIALECTS {
        for (script, model, code) in [
            (Script::DropBeforeHeaders, "fast", RefusalCode::UpstreamDropped),
            (Script::DropAfterHead, "fast", RefusalCode::UpstreamDropped),
            (Script::TruncatedBody, "fast", RefusalCode::UpstreamDropped),
            (Script::Html, "fast", RefusalCode::UpstreamNotJson),
            (Script::EndlessBody, "fast", RefusalCode::UpstreamTooLarge),
            (Script::ManyHeaders, "fast", RefusalCode::UpstreamTooLarge),
            (Script::EchoHeaders, "fast", RefusalCode::UpstreamEchoedSecret),
            (Script::HangBeforeHeaders, "hasty", RefusalCode::UpstreamTimeout),
            (Script::HangAfterHead, "hasty", RefusalCode::UpstreamTimeout),
        ] {
            let world = World::with(counting(Setup::default(), model));
            world.provider.next(script);
            let reply = world.ask(dialect).model(model).send();
            check::refused(&world, dialect, &reply, code);
            check_end(&world, &reply, Counts::InFull);
        }
        for script in [Script::NoUsage, Script::Status(200, "{}".to_owned())] {
            let world = counted();
            world.provider.next(script);
            let reply = world.ask(dialect).send();
            check::forwarded(&world, &reply);
            check_end(&world, &reply, Counts::InFull);
        }
    }
}

#[test]
fn a_stream_that_breaks_off_counts_in_full() {
    for dialect in DIALECTS {
        for script in [Script::DropMidStream, Script::NoUsage] {
            let world = counted();
            world.provider.next(script);
            let reply = world.ask(dialect).stream().send();
            assert_eq!(reply.status, 200);
            check_end(&world, &reply, Counts::InFull);
        }
        let world = counted();
        world.provider.next(Script::DropMidEvent);
        // Whether the client sees half an event depends on its form; what is counted does not.
        let _ = world.ask(dialect).stream().open().reply();
        let outcome = check::only_outcome(&world);
        assert_eq!(charged(&outcome).requests, 1);
        assert!(charged(&outcome).tokens > 64, "{outcome}");
        check_counters_against_log(&world);
    }
}

#[test]
fn a_client_that_leaves_is_charged_in_full_and_the_outcome_says_so() {
    for dialect in DIALECTS {
        for (script, stream) in [
            (Script::HangBeforeHeaders, false),
            (Script::HangAfterHead, false),
            (Script::HangMidStream, true),
        ] {
            let world = counted();
            world.provider.next(script);
            let connection = world.ask(dialect).streamed(stream).open();
            world.provider.wait_seen(1);
            drop(connection);
            world.provider.wait_cut(1);
            let outcome = check::only_outcome(&world);
            assert_eq!(outcome["ended"], "client_gone");
            let (used, held) = stands(&world, &key("all", Measure::Tokens, Per::Day));
            assert_eq!((charged(&outcome).tokens, 0), (used, held), "{outcome}");
            assert!(used > 64);
            check_counters_against_log(&world);
        }
    }
}

#[test]
fn usage_that_lies_is_charged_within_what_was_held_and_what_was_seen() {
    for dialect in DIALECTS {
        let world = counted();
        // Astronomical: no more than was held.
        for usage in [(u64::MAX, u64::MAX), (7, u64::MAX), (1_000_000_000, 1)] {
            world.provider.next(using(dialect, usage));
            let reply = world.ask(dialect).send();
            let outcome = check::forwarded(&world, &reply);
            assert_eq!(charged(&outcome).tokens, held(&world, &reply, Measure::Tokens));
        }
        // A prompt without a token, an answer without one that says something: nobody knows.
        for usage in [(0, 0), (0, 5), (7, 0)] {
            world.provider.next(using(dialect, usage));
            let reply = world.ask(dialect).send();
            check_end(&world, &reply, Counts::InFull);
        }
        // One token more than nothing is believed.
        world.provider.next(using(dialect, (1, 1)));
        let outcome = check::forwarded(&world, &world.ask(dialect).send());
        assert_eq!(charged(&outcome).tokens, 2);
        check_counters_against_log(&world);
    }
}

#[test]
fn counts_that_are_no_whole_numbers_are_none() {
    for bad in ["-5", "1.5", "\"7\"", "null", "1e99", "[]"] {
        let world = counted();
        let body = format!(
            "{{\"choices\":[{{\"message\":{{\"content\":\"hi\"}}}}],\
             \"usage\":{{\"prompt_tokens\":{bad},\"completion_tokens\":5}}}}"
        );
        world.provider.next(Script::Status(200, body));
        let reply = world.ask(OpenAi).send();
        check::forwarded(&world, &reply);
        check_end(&world, &reply, Counts::InFull);
    }
}

/// A streamed chat of so many pieces, whose usage is reported by these events.
fn chat(pieces: usize, usages: &[&str]) -> Script {
    let mut events = "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n".repeat(pieces);
    for usage in usages {
        events.push_str(&format!("data: {{\"choices\":[],\"usage\":{usage}}}\n\n"));
    }
    events.push_str("data: [DONE]\n\n");
    Script::Events(events)
}

#[test]
fn a_stream_is_charged_at_least_what_was_seen_and_twice_told_usage_once() {
    let world = counted();
    let ask = world.ask(OpenAi).stream();
    let seven = "{\"prompt_tokens\":7,\"completion_tokens\":3,\"total_tokens\":10}";
    for (pieces, usages, expected) in [
        (3, vec![seven], Some(10)),
        (3, vec![seven, seven], Some(10)),
        (20, vec![seven], Some(27)),
        (3, vec![], None),
        (3, vec!["{\"prompt_tokens\":7,\"completion_tokens\":0}"], None),
        (3, vec!["{\"prompt_tokens\":0,\"completion_tokens\":3}"], None),
        (3, vec!["{\"prompt_tokens\":-7,\"completion_tokens\":-3}"], None),
    ] {
        world.provider.next(chat(pieces, &usages));
        let reply = ask.send();
        let outcome = check::outcome(&world, &reply);
        assert_eq!(outcome["ended"], "complete", "{usages:?}");
        let all = held(&world, &reply, Measure::Tokens);
        assert_eq!(charged(&outcome).tokens, expected.unwrap_or(all), "{usages:?}");
    }
    check_counters_against_log(&world);
}

#[test]
fn a_timeout_before_a_good_answer_elsewhere_counts_in_full_and_a_refusal_there_does_not() {
    for dialect in DIALECTS {
        for (first, is_known) in [
            (Script::HangBeforeHeaders, false),
            (Script::DropBeforeHeaders, false),
            (Script::Status(503, "{}".to_owned()), true),
            (Script::RetryAfter(429, "1"), true),
        ] {
            let setup = Setup::routed(&[("hasty", ""), ("second", "")], "");
            let world = World::with(counting(setup, "routed"));
            world.provider.next(first);
            let reply = world.ask(dialect).model("routed").send();
            let outcome = check::forwarded(&world, &reply);
            assert_eq!(check::tries(&outcome).len(), 2, "{outcome}");
            if is_known {
                assert_eq!(charged(&outcome).tokens, 12, "{outcome}");
                check_counters_against_log(&world);
            } else {
                check_end(&world, &reply, Counts::InFull);
            }
        }
    }
}

#[test]
fn a_call_that_is_not_recorded_gives_back_what_it_held() {
    for dialect in DIALECTS {
        let world = under(&[gateway_wide(&[("requests", "day", "1")])]);
        let unrecorded = |left: u64| {
            world.faults.fail(ledger::Step::WalAppend, ledger::When::Before, 1);
            let reply = world.ask(dialect).send();
            check::refused(&world, dialect, &reply, RefusalCode::LogUnavailable);
            world.faults.clear();
            // As it stands without the call: it was given back, or was never held.
            let told = reply.header("ratelimit").unwrap();
            assert!(told.starts_with(&format!("\"requests-per-day\";r={left};t=")), "{told}");
            assert_eq!(reply.header("retry-after"), Some("1"), "for the log, not for the budget");
        };
        unrecorded(1);
        assert_eq!(stands(&world, &key("all", Measure::Requests, Per::Day)), (0, 0));
        check::forwarded(&world, &world.ask(dialect).send());
        // The refusal of a call that does not fit is recorded no more than any other.
        unrecorded(0);
        check_counters_against_log(&world);
    }
}

#[test]
fn a_gate_that_drains_holds_nothing_more_and_settles_what_is_under_way() {
    let world = counted();
    let gate = Gate::new();
    world.provider.next(Script::AnswerByGate(gate.clone()));
    let mut under_way = world.ask(OpenAi).open();
    gate.wait_arrived(1);
    world.gate.drain();
    let reply = world.ask(OpenAi).send();
    check::refusal_answer(OpenAi, &reply, RefusalCode::Draining);
    assert_eq!(
        crate::budgets::status_of(&world, &key("all", Measure::Requests, Per::Minute)).held,
        1
    );
    gate.open();
    let outcome = check::forwarded(&world, &under_way.reply().unwrap());
    assert_eq!(charged(&outcome).tokens, 12);
    check_counters_against_log(&world);
}

/// The place of a fallback: what the dearest place may cost is held, what the place that served
/// costs is charged.
#[test]
fn money_is_held_for_the_dearest_place_and_charged_by_the_one_that_served() {
    for dialect in DIALECTS {
        let cheap = "price: {input: 1, output: 1, since: 2026-01-01}";
        let dear = "price: {input: 100, output: 100, since: 2026-01-01}";
        let setup = Setup::routed(&[("fake", cheap), ("second", dear)], "");
        let world =
            World::with(setup.edited(|files| put(files, &[gateway_wide(&[MONEY, TOKENS])])));
        let reply = world.ask(dialect).model("routed").send();
        let outcome = check::forwarded(&world, &reply);
        let tokens = held(&world, &reply, Measure::Tokens);
        assert_eq!(held(&world, &reply, Measure::Money), 100_000 * tokens);
        assert_eq!(charged(&outcome).nano_usd, 1_000 * 12);
        world.provider.next(Script::Status(503, "{}".to_owned()));
        let outcome = check::forwarded(&world, &world.ask(dialect).model("routed").send());
        assert_eq!(charged(&outcome).nano_usd, 100_000 * 12);
        check_counters_against_log(&world);
    }
}
