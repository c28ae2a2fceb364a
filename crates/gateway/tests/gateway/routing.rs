//! Which targets a call may go to, and in which order they are tried.

use gateway::Condition;
use model::Dialect::OpenAi;
use serde_json::json;
use testkit::{Canary, FakeProvider, Script};

use crate::ask::DIALECTS;
use crate::charter_files::{kind, upstream};
use crate::check;
use crate::world::{SECOND_KEY, Setup, THIRD_KEY, World};

/// Everywhere, without conditions.
const EVERYWHERE: &[(&str, &str)] = &[("fake", ""), ("second", ""), ("third", "")];

#[test]
fn targets_are_tried_in_the_charters_order_each_with_its_own_key() {
    for dialect in DIALECTS {
        for stream in [false, true] {
            let world = World::routed(EVERYWHERE);
            world.provider.next(Script::DropBeforeHeaders);
            world.second.next(Script::Status(503, "{}".to_owned()));
            let reply = world.ask(dialect).model("routed").streamed(stream).send();
            let outcome = check::forwarded(&world, &reply);
            let provider = |name| format!("{name}-{}", kind(dialect));
            let lease = |name| json!({"name": name, "version": 1});
            let upstream = upstream(dialect);
            let mut expected = json!([
                {"provider": provider("fake"), "upstream_model": upstream,
                    "lease": lease("fake-key"), "failure": "upstream_dropped"},
                {"provider": provider("second"), "upstream_model": upstream,
                    "lease": lease("second-key"), "status": 503, "failure": "status_5xx",
                    "upstream_request_id": "req_fake"},
                {"provider": provider("third"), "upstream_model": upstream,
                    "lease": lease("third-key"), "status": 200,
                    "upstream_request_id": "req_fake"},
            ]);
            // What the system said of the broken connection is for people.
            expected[0]["cause"] = outcome["attempts"][0]["cause"].clone();
            assert_eq!(outcome["attempts"], expected);
            assert_eq!(outcome["ended"], "complete");
            assert_eq!(reply.header("portreeve-attempts"), Some("3"));
            let target = format!("{}/{upstream}", provider("third"));
            assert_eq!(reply.header("portreeve-target"), Some(target.as_str()));
            // The same request reached all three.
            let body = |of: &FakeProvider| of.last_seen().body;
            assert_eq!(body(&world.provider), body(&world.second));
            assert_eq!(body(&world.provider), body(&world.third));
        }
    }
}

#[test]
fn no_key_of_one_place_reaches_another() {
    for dialect in DIALECTS {
        let world = World::routed(EVERYWHERE);
        world.provider.next(Script::DropBeforeHeaders);
        world.second.next(Script::DropBeforeHeaders);
        check::forwarded(&world, &world.ask(dialect).model("routed").send());
        let keys = [Canary::ProviderKey.value(), SECOND_KEY, THIRD_KEY];
        for (place, provider) in [&world.provider, &world.second, &world.third].iter().enumerate() {
            let sent = format!("{:?}", provider.last_seen().headers);
            for (of, key) in keys.iter().enumerate() {
                assert_eq!(sent.contains(key), of == place, "{sent}");
            }
        }
    }
}

#[test]
fn the_routes_are_listed_with_how_each_target_fares() {
    let world = World::routed(&[("fake", "concurrency_max: 7"), ("second", "")]);
    let routes = world.gate.routes();
    let of: Vec<_> = routes.iter().filter(|route| route.model.as_str() == "routed").collect();
    assert_eq!(of.len(), 2 * DIALECTS.len(), "every target, in the charter's order");
    assert_eq!(of[0].provider.as_str(), "fake-openai");
    assert_eq!((of[0].upstream_model.as_str(), of[0].in_flight_max), ("Up/openai", Some(7)));
    assert_eq!((of[1].provider.as_str(), of[1].in_flight_max), ("second-openai", None));
    let health = of[0].health;
    assert_eq!((health.condition, health.in_flight), (Condition::Healthy, 0));
    assert_eq!(health.last_failure, None);
}

#[test]
fn a_target_that_answers_is_the_only_one_that_is_asked() {
    for dialect in DIALECTS {
        let world = World::routed(EVERYWHERE);
        check::forwarded(&world, &world.ask(dialect).model("routed").send());
        assert_eq!(world.provider.seen().len(), 1);
        world.second.assert_untouched();
        world.third.assert_untouched();
    }
}

#[test]
fn no_more_is_tried_than_the_model_declares() {
    for (most, tried) in [(1, [1, 0, 0]), (2, [1, 1, 0]), (3, [1, 1, 1]), (5, [2, 2, 1])] {
        let more = format!("retries: {{attempts_max: {most}}}\n");
        let world = World::with(Setup::routed(EVERYWHERE, &more));
        for provider in [&world.provider, &world.second, &world.third] {
            provider.always(Script::Status(500, "{\"error\":\"all\"}".to_owned()));
        }
        let reply = world.ask(OpenAi).model("routed").send();
        assert_eq!((reply.status, reply.text().as_str()), (500, "{\"error\":\"all\"}"));
        assert_eq!(reply.header("portreeve-attempts"), Some(most.to_string().as_str()));
        let seen = [&world.provider, &world.second, &world.third];
        assert_eq!(seen.map(|provider| provider.seen().len()), tried);
        let tries = check::tries(&check::outcome(&world, &reply));
        assert_eq!(tries.len(), most);
    }
}

/// Which provider is the first of each of `count` decisions.
fn firsts(world: &World, count: usize) -> Vec<String> {
    let first = |_| {
        let reply = world.ask(OpenAi).model("routed").send();
        let target = reply.header("portreeve-target").unwrap().to_owned();
        target.split('-').next().unwrap().to_owned()
    };
    (0..count).map(first).collect()
}

#[test]
fn weights_share_the_load_and_the_same_decision_falls_alike() {
    let weighted = [("fake", "weight: 6"), ("second", "weight: 3"), ("third", "weight: 1")];
    let world = World::routed(&weighted);
    let firsts_here = firsts(&world, 200);
    let share = |name: &str| firsts_here.iter().filter(|first| *first == name).count();
    for (name, expected) in [("fake", 120_usize), ("second", 60), ("third", 20)] {
        assert!(share(name).abs_diff(expected) <= 20, "{name}: {} of 200", share(name));
    }
    // The order is drawn from the decision's id alone, and recorded.
    assert_eq!(firsts(&World::routed(&weighted), 30), firsts_here[..30]);
    let reply = world.ask(OpenAi).model("routed").send();
    let decision = check::decision(&world, &reply);
    assert_eq!(decision["targets"].as_array().unwrap().len(), 3, "the others stand by");
    let first = decision["targets"][0]["provider"].as_str().unwrap();
    assert!(reply.header("portreeve-target").unwrap().starts_with(first));
}

#[test]
fn a_target_without_weight_keeps_its_place() {
    let world = World::routed(&[("fake", ""), ("second", "weight: 1"), ("third", "weight: 1000")]);
    assert!(firsts(&world, 20).iter().all(|first| first == "fake"));
}

#[test]
fn conditions_send_agents_to_their_own_targets() {
    for dialect in DIALECTS {
        let world = World::routed(&[
            ("fake", "when: {environments: [staging]}"),
            ("second", "when: {environments: [staging], data_classes: [public]}"),
            ("third", ""),
        ]);
        // In dev: only the last one has no condition.
        let reply = world.ask(dialect).model("routed").send();
        check::forwarded(&world, &reply);
        let decision = check::decision(&world, &reply);
        assert_eq!(decision["targets"].as_array().unwrap().len(), 1);
        let condition = |name: &str| (name.to_owned(), "condition".to_owned());
        let expected = [condition("fake"), condition("second")];
        assert_eq!(check::withheld(&decision, kind(dialect)), expected);
        world.provider.assert_untouched();
        world.second.assert_untouched();
        // In staging, with confidential data: both parts of a condition count.
        let token = world.token("staged");
        let reply = world.ask(dialect).model("routed").token(token).send();
        check::forwarded(&world, &reply);
        let decision = check::decision(&world, &reply);
        assert_eq!(check::withheld(&decision, kind(dialect)), [condition("second")]);
        assert_eq!(world.provider.seen().len(), 1);
        world.second.assert_untouched();
    }
}

#[test]
fn targets_that_speak_another_wire_form_are_withheld_and_say_so() {
    for dialect in DIALECTS {
        let world = World::start();
        let reply = world.ask(dialect).send();
        let decision = check::decision(&world, &reply);
        for other in DIALECTS.into_iter().filter(|other| *other != dialect) {
            let expected = [("fake".to_owned(), "dialect_mismatch".to_owned())];
            assert_eq!(check::withheld(&decision, kind(other)), expected);
        }
    }
}
