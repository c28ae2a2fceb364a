//! Which failures lead to the next target, and that nothing else does.

use model::Dialect::{self, OpenAi};
use model::RefusalCode;
use serde_json::json;
use testkit::{Connection, Reply, Script};

use crate::ask::DIALECTS;
use crate::check;
use crate::world::{Setup, World};

/// The second stands by for the first, which has no patience.
const PAIR: &[(&str, &str)] =
    &[("fake", "timeouts: {first_byte_ms: 1000, idle_ms: 1000}"), ("second", "")];

fn status(status: u16) -> Script {
    Script::Status(status, format!("{{\"error\":{{\"message\":\"status {status}\"}}}}"))
}

/// Asserts that a call which the first target fails as `script` says is answered by the second.
#[track_caller]
fn check_leads_on(dialect: Dialect, stream: bool, script: Script, failure: &str) {
    let world = World::routed(PAIR);
    world.provider.next(script);
    let reply = world.ask(dialect).model("routed").streamed(stream).send();
    let outcome = check::forwarded(&world, &reply);
    assert_eq!(outcome["ended"], "complete");
    let expected = [("fake".to_owned(), Some(failure.to_owned())), ("second".to_owned(), None)];
    assert_eq!(check::tries(&outcome), expected);
    assert_eq!(world.provider.seen().len(), 1);
    assert_eq!(world.second.seen().len(), 1);
    assert!(!reply.text().contains("status"), "nothing of the failed answer is shown");
    assert_eq!(world.end().report.unpaired, Vec::<u64>::new());
}

#[test]
fn a_connection_that_breaks_before_the_head_leads_on() {
    for dialect in DIALECTS {
        for stream in [false, true] {
            check_leads_on(dialect, stream, Script::DropBeforeHeaders, "upstream_dropped");
        }
    }
}

#[test]
fn a_status_that_says_later_leads_on() {
    for dialect in DIALECTS {
        for (code, failure) in [
            (408, "status_408"),
            (429, "status_429"),
            (500, "status_5xx"),
            (502, "status_5xx"),
            (503, "status_5xx"),
            (504, "status_5xx"),
            (529, "status_5xx"),
        ] {
            check_leads_on(dialect, code % 2 == 0, status(code), failure);
        }
    }
}

#[test]
fn a_target_that_does_not_answer_in_time_leads_on() {
    for dialect in DIALECTS {
        check_leads_on(dialect, true, Script::HangBeforeHeaders, "upstream_timeout");
    }
}

#[test]
fn a_stream_that_ends_or_stalls_before_its_first_byte_leads_on() {
    for dialect in DIALECTS {
        check_leads_on(dialect, true, Script::DropAfterHead, "upstream_dropped");
        check_leads_on(dialect, true, Script::Events(String::new()), "upstream_dropped");
    }
    check_leads_on(OpenAi, true, Script::HangAfterHead, "upstream_timeout");
}

#[test]
fn a_whole_answer_that_ends_early_leads_on_for_nobody_saw_it() {
    for dialect in DIALECTS {
        check_leads_on(dialect, false, Script::TruncatedBody, "upstream_dropped");
    }
}

#[test]
fn a_target_that_cannot_be_reached_leads_on() {
    for dialect in DIALECTS {
        let world = World::routed(&[("unreachable", ""), ("second", "")]);
        let reply = world.ask(dialect).model("routed").send();
        let outcome = check::forwarded(&world, &reply);
        let failure = Some("upstream_connect".to_owned());
        let expected = [("unreachable".to_owned(), failure), ("second".to_owned(), None)];
        assert_eq!(check::tries(&outcome), expected);
        assert!(outcome["attempts"][0]["cause"].is_string(), "why stands in the record");
    }
}

/// The answer to a call whose first target acts out `script`, as far as it comes. Asserts that
/// the second was not asked.
#[track_caller]
fn stays(dialect: Dialect, stream: bool, script: Script) -> (World, Reply) {
    let world = World::routed(PAIR);
    world.provider.next(script);
    let reply = read(&mut world.ask(dialect).model("routed").streamed(stream).open());
    assert_eq!(check::tries(&check::outcome(&world, &reply)).len(), 1);
    assert_eq!(world.provider.seen().len(), 1, "and it was asked once");
    world.second.assert_untouched();
    (world, reply)
}

/// The answer as far as it comes.
fn read(connection: &mut Connection) -> Reply {
    let mut reply = connection.head().unwrap();
    match reply.header("content-length").map(|length| length.parse().unwrap()) {
        Some(length) => reply.body = connection.take(length).unwrap(),
        None => {
            while let Ok(Some(chunk)) = connection.chunk() {
                reply.body.extend(chunk);
            }
        }
    }
    reply
}

#[test]
fn what_a_provider_says_on_purpose_is_relayed_and_tried_nowhere_else() {
    for dialect in DIALECTS {
        for code in [400, 402, 404, 405, 409, 413, 415, 422, 499] {
            let (_, reply) = stays(dialect, code % 2 == 0, status(code));
            assert_eq!(reply.status, code);
            assert!(reply.text().contains("status"), "{}", reply.text());
        }
        let error = json!({"error": {"message": "no"}}).to_string();
        let (_, reply) = stays(dialect, false, Script::Status(200, error.clone()));
        assert_eq!((reply.status, reply.text()), (200, error));
    }
}

#[test]
fn an_answer_that_cannot_be_shown_is_refused_and_tried_nowhere_else() {
    for dialect in DIALECTS {
        for stream in [false, true] {
            for (script, code) in [
                (status(401), RefusalCode::UpstreamCredential),
                (status(403), RefusalCode::UpstreamCredential),
                (Script::Redirect, RefusalCode::UpstreamRedirect),
                (Script::Html, RefusalCode::UpstreamNotJson),
                (Script::ManyHeaders, RefusalCode::UpstreamTooLarge),
            ] {
                let (world, reply) = stays(dialect, stream, script);
                check::refused(&world, dialect, &reply, code);
            }
        }
        // Nor is another place asked where the key of the first is wrong, however it is said.
        let world = World::routed(PAIR);
        world.provider.expect_key("another key");
        let reply = world.ask(dialect).model("routed").send();
        check::refused(&world, dialect, &reply, RefusalCode::UpstreamCredential);
        assert!(!reply.text().contains("Incorrect"), "{}", reply.text());
        world.second.assert_untouched();
        let (world, reply) = stays(dialect, false, Script::EchoHeaders);
        check::refused(&world, dialect, &reply, RefusalCode::UpstreamEchoedSecret);
    }
}

#[test]
fn a_refusal_for_safety_is_an_answer() {
    for dialect in DIALECTS {
        for stream in [false, true] {
            let (world, reply) = stays(dialect, stream, Script::SafetyRefusal);
            let outcome = check::forwarded(&world, &reply);
            assert_eq!(outcome["ended"], "complete", "{outcome}");
            assert_eq!(check::tries(&outcome), [("fake".to_owned(), None)]);
            let said = ["content_filter", "\"refusal\"", "SAFETY"];
            assert!(said.iter().any(|word| reply.text().contains(word)), "{}", reply.text());
        }
    }
}

#[test]
fn once_a_byte_reached_the_client_nothing_else_is_tried() {
    for dialect in DIALECTS {
        for (script, failure) in [
            (Script::DropMidStream, "upstream_dropped"),
            (Script::DropMidEvent, "upstream_dropped"),
            (Script::GarbageSse, "upstream_dropped"),
            (Script::HangMidStream, "upstream_timeout"),
            (Script::EchoHeaders, "upstream_echoed_secret"),
        ] {
            let (world, reply) = stays(dialect, true, script);
            let outcome = check::forwarded(&world, &reply);
            assert_eq!(outcome["ended"], "upstream_broken");
            assert_eq!(check::tries(&outcome), [("fake".to_owned(), Some(failure.to_owned()))]);
        }
    }
}

#[test]
fn when_every_target_fails_the_client_gets_the_last_ones_own_words() {
    let twice = "retries: {attempts_max: 2}\n";
    for dialect in DIALECTS {
        for stream in [false, true] {
            let world = World::with(Setup::routed(PAIR, twice));
            world.provider.next(status(500));
            world.second.next(Script::RetryAfter(429, "7"));
            let reply = world.ask(dialect).model("routed").streamed(stream).send();
            assert_eq!((reply.status, reply.header("retry-after")), (429, Some("7")));
            assert!(reply.text().contains("The fake provider says 429."), "{}", reply.text());
            assert_eq!(reply.header("portreeve-attempts"), Some("2"));
            let outcome = check::outcome(&world, &reply);
            assert_eq!((&outcome["ended"], &outcome["status"]), (&json!("complete"), &json!(429)));
            let failed = |name: &str, why: &str| (name.to_owned(), Some(why.to_owned()));
            let expected = [failed("fake", "status_5xx"), failed("second", "status_429")];
            assert_eq!(check::tries(&outcome), expected);
        }
        // Where the last one says nothing, the gateway does.
        let world = World::with(Setup::routed(&[("fake", ""), ("unreachable", "")], twice));
        world.provider.next(status(500));
        let reply = world.ask(dialect).model("routed").send();
        check::refused(&world, dialect, &reply, RefusalCode::UpstreamConnect);
    }
}
