//! What bounds a call under a budget: the caller's own cap or one that is spliced in, a stream
//! that is cut at it, and a refusal where nothing is a bound.

use model::Dialect::{Anthropic, Gemini, OpenAi};
use model::{Measure, Per, RefusalCode};
use serde_json::{Value, json};
use testkit::{Gate, Script};

use crate::ask::{Ask, DIALECTS};
use crate::budgets::{
    charged, check_counters_against_log, gateway_wide, held, key, price, put, replace, stands,
    under,
};
use crate::charter_files::grant;
use crate::check;
use crate::world::{Setup, World};

const TOKENS: (&str, &str, &str) = ("tokens", "day", "10000000");
const MONEY: (&str, &str, &str) = ("money", "day", "1000");
const REQUESTS: (&str, &str, &str) = ("requests", "day", "1000");
/// A picture that stands in the request.
const PIXEL: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk";

/// A world under a budget of these limits, in which `fast` has a price.
fn priced(limits: &'static [(&str, &str, &str)]) -> World {
    World::with(Setup::default().edited(|files| {
        put(files, &[gateway_wide(limits)]);
        price(files, "fast", "2026-01-01");
        grant(files);
    }))
}

/// The caps in a body that reached the provider: of chats and messages, of responses, of Gemini's.
fn caps(body: &Value) -> Vec<u64> {
    [
        "/max_tokens",
        "/max_completion_tokens",
        "/max_output_tokens",
        "/generationConfig/maxOutputTokens",
    ]
    .iter()
    .filter_map(|place| body.pointer(place).and_then(Value::as_u64))
    .collect()
}

/// Asks that say nothing of a cap, where the form lets them.
fn uncapped(world: &World) -> Vec<Ask<'_>> {
    let response = json!({"model": "fast", "input": "hi", "store": false}).to_string();
    vec![
        world.ask(OpenAi),
        world.ask(OpenAi).stream(),
        world.ask(OpenAi).path("/v1/responses").body(response),
        world.ask(Gemini),
        world.ask(Gemini).stream(),
    ]
}

#[test]
fn a_cap_is_spliced_in_where_the_caller_sent_none_and_a_budget_needs_one() {
    for (limits, expected) in [
        (&[TOKENS] as &'static [_], vec![4_096]),
        (&[MONEY], vec![4_096]),
        (&[MONEY, TOKENS, REQUESTS], vec![4_096]),
        (&[REQUESTS], vec![]),
    ] {
        let world = priced(limits);
        for ask in uncapped(&world) {
            assert_eq!(ask.send().status, 200);
            let seen = world.provider.last_seen();
            assert_eq!(caps(&seen.json()), expected, "{}", seen.path);
        }
        // Embeddings write nothing, and Anthropic's callers always say.
        let body = json!({"model": "fast", "input": "hi"}).to_string();
        assert_eq!(world.ask(OpenAi).path("/v1/embeddings").body(body).send().status, 200);
        assert_eq!(caps(&world.provider.last_seen().json()), Vec::<u64>::new());
        assert_eq!(world.ask(Anthropic).send().status, 200);
        assert_eq!(caps(&world.provider.last_seen().json()), [64]);
    }
}

#[test]
fn without_a_budget_of_the_caller_nothing_is_spliced_in() {
    let world = under(&[crate::budgets::quota("theirs", "{agent: twin}", &[TOKENS])]);
    for ask in uncapped(&world) {
        assert_eq!(ask.send().status, 200);
        assert_eq!(caps(&world.provider.last_seen().json()), Vec::<u64>::new());
    }
}

#[test]
fn the_cap_that_is_spliced_in_is_the_models_own() {
    let world = World::with(Setup::default().edited(|files| {
        put(files, &[gateway_wide(&[TOKENS])]);
        replace(files, "models/fast.yaml", "targets:", "output_tokens_max: 77\ntargets:");
    }));
    for ask in uncapped(&world) {
        assert_eq!(ask.send().status, 200);
        assert_eq!(caps(&world.provider.last_seen().json()), [77]);
    }
}

#[test]
fn the_callers_own_cap_stays_as_it_is_and_is_what_is_held() {
    let world = priced(&[TOKENS]);
    let config = |cap: u64| json!({"maxOutputTokens": cap});
    for (ask, field) in [
        (world.ask(OpenAi), "max_tokens"),
        (world.ask(Anthropic), "max_tokens"),
        (world.ask(Gemini), "generationConfig"),
    ] {
        let with = |cap: u64| {
            let value = if field == "generationConfig" { config(cap) } else { json!(cap) };
            ask.clone().field(field, value)
        };
        let few = with(10).send();
        assert_eq!(caps(&world.provider.last_seen().json()), [10]);
        let many = with(90_010).send();
        assert_eq!(caps(&world.provider.last_seen().json()), [90_010]);
        let more = held(&world, &many, Measure::Tokens) - held(&world, &few, Measure::Tokens);
        // The number itself is three bytes longer.
        assert_eq!(more, 90_000 + 3);
    }
}

/// A good beginning of a stream, with `pieces` of text.
fn pieces(dialect: model::Dialect, pieces: usize) -> String {
    let one = match dialect {
        OpenAi => "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\n",
        Anthropic => {
            "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\
             \"delta\":{\"type\":\"text_delta\",\"text\":\"a\"}}\n\n"
        }
        Gemini => "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"a\"}]}}]}\n\n",
    };
    one.repeat(pieces)
}

/// The caller's own cap of four tokens.
fn capped(world: &World, dialect: model::Dialect) -> Ask<'_> {
    let ask = world.ask(dialect).stream();
    match dialect {
        OpenAi => ask.field("max_completion_tokens", json!(4)),
        Anthropic => ask.field("max_tokens", json!(4)),
        Gemini => ask.field("generationConfig", json!({"maxOutputTokens": 4})),
    }
}

#[test]
fn a_provider_that_streams_past_the_cap_is_cut() {
    for dialect in DIALECTS {
        let world = priced(&[TOKENS, MONEY]);
        let gate = Gate::new();
        world.provider.next(Script::EventsByGate(
            pieces(dialect, 4),
            gate.clone(),
            pieces(dialect, 1),
        ));
        let mut connection = capped(&world, dialect).open();
        let head = connection.head().unwrap();
        assert_eq!(head.status, 200);
        // As much as was held passes.
        let mut text = String::from_utf8(connection.chunk().unwrap().unwrap()).unwrap();
        while text.len() < pieces(dialect, 4).len() {
            text.push_str(&String::from_utf8(connection.chunk().unwrap().unwrap()).unwrap());
        }
        assert_eq!(text, pieces(dialect, 4));
        gate.open();
        let mut rest = String::new();
        while let Some(chunk) = connection.chunk().unwrap() {
            rest.push_str(&String::from_utf8(chunk).unwrap());
        }
        check::last_event(dialect, &rest, RefusalCode::BudgetCut);
        let outcome = check::outcome(&world, &head);
        assert_eq!(outcome["ended"], "budget_cut");
        assert_eq!(outcome["attempts"][0]["failure"], "budget_cut");
        assert_eq!(charged(&outcome).tokens, held(&world, &head, Measure::Tokens));
        check_counters_against_log(&world);
        // The provider is not set aside for it.
        check::forwarded(&world, &world.ask(dialect).send());
    }
}

#[test]
fn an_endless_stream_is_cut_at_the_cap_and_the_provider_hung_up_on() {
    for dialect in DIALECTS {
        let world = priced(&[TOKENS]);
        world.provider.next(Script::EndlessStream);
        let reply = capped(&world, dialect).send();
        check::last_event(dialect, &reply.text(), RefusalCode::BudgetCut);
        world.provider.wait_cut(1);
        assert_eq!(check::only_outcome(&world)["ended"], "budget_cut");
        // Without a budget that counts tokens, nobody cuts: it goes on until the client leaves.
        let world = priced(&[REQUESTS]);
        world.provider.next(Script::EndlessStream);
        let mut connection = capped(&world, dialect).open();
        assert_eq!(connection.head().unwrap().status, 200);
        for _ in 0..20 {
            assert!(connection.chunk().unwrap().is_some());
        }
        drop(connection);
        assert_eq!(check::only_outcome(&world)["ended"], "client_gone");
    }
}

#[test]
fn a_cut_within_an_event_that_the_client_has_half_of_breaks_off() {
    for dialect in [Anthropic, Gemini] {
        let world = priced(&[TOKENS]);
        let whole = pieces(dialect, 5);
        let half = whole.len() - pieces(dialect, 1).len() / 2;
        let gate = Gate::new();
        world.provider.next(Script::EventsByGate(
            whole[..half].to_owned(),
            gate.clone(),
            whole[half..].to_owned(),
        ));
        let mut connection = capped(&world, dialect).open();
        let head = connection.head().unwrap();
        let mut got = connection.chunk().unwrap().unwrap();
        while got.len() < half {
            got.extend(connection.chunk().unwrap().unwrap());
        }
        gate.open();
        // An event of the gateway's own would be read as the rest of the provider's.
        let rest = std::iter::from_fn(|| connection.chunk().transpose());
        let rest: Vec<_> = rest.take_while(Result::is_ok).map(Result::unwrap).collect();
        assert!(rest.is_empty(), "{:?}", String::from_utf8_lossy(&rest.concat()));
        let outcome = check::outcome(&world, &head);
        assert_eq!(outcome["ended"], "budget_cut");
        assert_eq!(charged(&outcome).tokens, held(&world, &head, Measure::Tokens));
    }
}

#[test]
fn a_whole_answer_past_the_cap_is_relayed_and_charged_what_was_held() {
    for dialect in DIALECTS {
        let world = priced(&[TOKENS]);
        world.provider.next(crate::budgets::using(dialect, (7, 5_000_000)));
        let reply = capped(&world, dialect).streamed(false).send();
        let outcome = check::forwarded(&world, &reply);
        assert_eq!(outcome["usage"]["output_tokens"], 5_000_000);
        assert_eq!(charged(&outcome).tokens, held(&world, &reply, Measure::Tokens));
    }
}

/// Asks that nothing bounds, though everything in them is granted.
fn unbounded(world: &World) -> Vec<(model::Dialect, Ask<'_>)> {
    let picture = json!([{"role": "user", "content": [
        {"type": "image_url", "image_url": {"url": "https://pictures.test/1.png"}}]}]);
    let from = json!([{"role": "user", "content": [
        {"type": "image", "source": {"type": "url", "url": "https://pictures.test/1.png"}}]}]);
    let file = json!([{"parts": [
        {"fileData": {"mimeType": "image/png", "fileUri": "https://pictures.test/1.png"}}]}]);
    vec![
        (OpenAi, world.ask(OpenAi).field("messages", picture)),
        (Anthropic, world.ask(Anthropic).field("messages", from)),
        (Gemini, world.ask(Gemini).field("contents", file)),
        (OpenAi, world.ask(OpenAi).field("tools", json!([{"type": "web_search"}]))),
        (
            Anthropic,
            world
                .ask(Anthropic)
                .field("tools", json!([{"type": "web_search_20250305", "name": "web_search"}])),
        ),
        (Gemini, world.ask(Gemini).field("tools", json!([{"googleSearch": {}}]))),
        (OpenAi, world.ask(OpenAi).field("tomorrow", json!(1))),
        (Anthropic, world.ask(Anthropic).field("tomorrow", json!(1))),
        (Gemini, world.ask(Gemini).field("tomorrow", json!(1))),
        (OpenAi, world.ask(OpenAi).field("max_tokens", json!(0))),
    ]
}

#[test]
fn what_nothing_bounds_is_refused_under_a_budget_of_tokens_or_money_alone() {
    for (limits, is_refused) in
        [(&[TOKENS] as &'static [_], true), (&[MONEY], true), (&[REQUESTS], false)]
    {
        let world = priced(limits);
        for (dialect, ask) in unbounded(&world) {
            let before = world.provider.seen().len();
            let reply = ask.send();
            if is_refused {
                check::refused(&world, dialect, &reply, RefusalCode::BudgetUnbounded);
                assert_eq!(world.provider.seen().len(), before, "{}", reply.text());
            } else {
                check::forwarded(&world, &reply);
            }
        }
        let (used, held) = stands(&world, &key("all", Measure::Tokens, Per::Day));
        assert_eq!((used, held), (0, 0), "nothing is held of what is refused");
    }
}

#[test]
fn something_kept_at_the_provider_is_refused_under_a_budget_of_tokens() {
    let world = priced(&[REQUESTS]);
    let response = |more: Value| {
        let mut body = json!({"model": "fast", "input": "hi", "store": true});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        world.ask(OpenAi).path("/v1/responses").body(body.to_string())
    };
    check::forwarded(&world, &response(json!({})).send());
    let after = response(json!({"previous_response_id": "resp_fake1"}));
    check::forwarded(&world, &after.send());
    world.amend(|files| put(files, &[gateway_wide(&[TOKENS])]));
    check::refused(&world, OpenAi, &after.send(), RefusalCode::BudgetUnbounded);
    check::forwarded(&world, &response(json!({})).send());
}

/// Asks with a picture in them.
fn pictured(world: &World) -> Vec<(model::Dialect, Ask<'_>)> {
    let url = format!("data:image/png;base64,{PIXEL}");
    let chat = json!([{"role": "user", "content": [
        {"type": "image_url", "image_url": {"url": url}}]}]);
    let source = json!({"type": "base64", "media_type": "image/png", "data": PIXEL});
    let message = json!([{"role": "user", "content": [{"type": "image", "source": source}]}]);
    let content = json!([{"parts": [{"inlineData": {"mimeType": "image/png", "data": PIXEL}}]}]);
    vec![
        (OpenAi, world.ask(OpenAi).field("messages", chat)),
        (Anthropic, world.ask(Anthropic).field("messages", message)),
        (Gemini, world.ask(Gemini).field("contents", content)),
    ]
}

#[test]
fn a_picture_needs_a_bound_that_somebody_declared() {
    let world = priced(&[TOKENS]);
    for (dialect, ask) in pictured(&world) {
        check::refused(&world, dialect, &ask.send(), RefusalCode::BudgetUnbounded);
    }
    world.amend(|files| {
        replace(files, "models/fast.yaml", "targets:", "media_tokens_max: 5000\ntargets:");
    });
    for (dialect, ask) in pictured(&world) {
        let reply = ask.send();
        check::forwarded(&world, &reply);
        let bound = held(&world, &reply, Measure::Tokens);
        let cap = if dialect == Anthropic { 64 } else { 4_096 };
        assert!((5_000 + cap..6_500 + cap).contains(&bound), "{bound}");
    }
    world.amend(|files| put(files, &[gateway_wide(&[REQUESTS])]));
    for (_, ask) in pictured(&world) {
        check::forwarded(&world, &ask.send());
    }
}

#[test]
fn a_model_without_a_price_is_refused_under_a_budget_of_money_alone() {
    for dialect in DIALECTS {
        let world = under(&[gateway_wide(&[MONEY])]);
        let reply = world.ask(dialect).send();
        check::refused(&world, dialect, &reply, RefusalCode::BudgetUnpriced);
        assert_eq!(check::own(dialect, &reply.json())["who"], "seat:policy-lead");
        world.provider.assert_untouched();
        // A price that begins tomorrow is none today.
        world.amend(|files| {
            put(files, &[gateway_wide(&[MONEY])]);
            price(files, "fast", "2026-11-25");
        });
        let reply = world.ask(dialect).send();
        check::refused(&world, dialect, &reply, RefusalCode::BudgetUnpriced);
        world.clock.advance_ms(24 * 3_600_000);
        check::forwarded(&world, &world.ask(dialect).send());
        world.amend(|files| put(files, &[gateway_wide(&[TOKENS])]));
        check::forwarded(&world, &world.ask(dialect).send());
    }
}

#[test]
fn one_place_without_a_price_is_enough_to_be_unpriced() {
    for dialect in DIALECTS {
        let priced = "price: {input: 1, output: 1, since: 2026-01-01}";
        let setup = Setup::routed(&[("fake", priced), ("second", "")], "");
        let world = World::with(setup.edited(|files| put(files, &[gateway_wide(&[MONEY])])));
        let reply = world.ask(dialect).model("routed").send();
        check::refused(&world, dialect, &reply, RefusalCode::BudgetUnpriced);
    }
}
