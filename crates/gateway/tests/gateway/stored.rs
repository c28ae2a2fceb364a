//! What providers keep: only the agent whose call made an object may name it, wherever it is kept.

use model::Dialect::{Anthropic, Gemini, OpenAi};
use model::{RefusalCode, StoredKind, StoredObject};
use serde_json::{Value, json};
use testkit::{Gate, Reply, Script};

use crate::ask::Ask;
use crate::charter_files::{AGENT, TWIN, grant};
use crate::check;
use crate::world::{Setup, World};

/// A world in which the team may have its providers keep things.
fn keeping() -> World {
    World::with(Setup::default().edited(grant))
}

/// A request to `/v1/responses` by `agent`, with `more` in its body.
fn respond<'w>(world: &'w World, agent: &str, more: Value) -> Ask<'w> {
    let mut body = json!({"model": "fast", "input": "hi"});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let ask = world.ask(OpenAi).token(world.token(agent));
    ask.path("/v1/responses").body(body.to_string())
}

/// Has `agent` make a response, and gives its id and that of its one item.
#[track_caller]
fn make(world: &World, agent: &str) -> (String, String) {
    let reply = respond(world, agent, json!({})).send();
    check::forwarded(world, &reply);
    let body = reply.json();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (text(&body["id"]), text(&body["output"][0]["id"]))
}

#[track_caller]
fn refused(world: &World, reply: &Reply) -> String {
    check::refused(world, OpenAi, reply, RefusalCode::StoredObjectRefused);
    check::without_id(reply)
}

#[test]
fn who_made_an_answer_may_go_on_from_it_and_nobody_else() {
    let world = keeping();
    let (response, item) = make(&world, AGENT);
    for named in [
        json!({"previous_response_id": response}),
        json!({"input": [{"type": "item_reference", "id": item}]}),
    ] {
        let reply = respond(&world, AGENT, named.clone()).send();
        check::forwarded(&world, &reply);
        let before = world.provider.seen().len();
        // The twin is permitted the very same; it only did not make it.
        let others = refused(&world, &respond(&world, TWIN, named.clone()).send());
        let guessed = named.to_string().replace("fake1", "fake99");
        let guessed = serde_json::from_str(&guessed).unwrap();
        let nobodys = refused(&world, &respond(&world, AGENT, guessed).send());
        assert_eq!(others, nobodys, "whose it is, and whether it is, shows in no letter");
        assert!(!others.contains(&response) && !others.contains(AGENT), "{others}");
        let unknown = respond(&world, "nobody", named).send();
        check::refused(&world, OpenAi, &unknown, RefusalCode::AgentUnknown);
        assert_eq!(world.provider.seen().len(), before);
    }
}

#[test]
fn what_an_answer_left_behind_is_in_the_record_by_digest() {
    let world = keeping();
    let reply = respond(&world, AGENT, json!({})).send();
    let stored = check::forwarded(&world, &reply)["stored"].clone();
    let object = |kind, id| {
        let object = protocol::stored_name(kind, id);
        json!({"agent": AGENT, "provider": "fake-openai", "object": object})
    };
    let expected =
        [object(StoredKind::Response, "resp_fake1"), object(StoredKind::Item, "msg_fake1")];
    assert_eq!(stored, json!(expected));
    let decision = check::decision(&world, &reply);
    assert_eq!(decision["ask"]["beyond"]["stores"], "by_default");
    let named = json!({"previous_response_id": "resp_fake1", "store": false});
    let reply = respond(&world, AGENT, named).send();
    assert_eq!(check::forwarded(&world, &reply).get("stored"), None, "nothing is kept");
    let names = check::decision(&world, &reply)["ask"]["beyond"]["names"].clone();
    assert_eq!(names, json!([protocol::stored_name(StoredKind::Response, "resp_fake1")]));
}

#[test]
fn one_foreign_name_among_own_ones_refuses_the_whole() {
    let world = keeping();
    let (response, item) = make(&world, AGENT);
    let (_, foreign) = make(&world, TWIN);
    let reference = |id: &str| json!({"type": "item_reference", "id": id});
    let both = json!({"previous_response_id": response,
        "input": [reference(&item), reference(&foreign)]});
    refused(&world, &respond(&world, AGENT, both).send());
    // Nor does one kind of id pass for another.
    refused(&world, &respond(&world, AGENT, json!({"previous_response_id": item})).send());
    assert_eq!(world.provider.seen().len(), 2);
}

#[test]
fn what_is_kept_at_one_provider_is_nobodys_at_another() {
    let world = World::with(Setup::routed(&[("fake", ""), ("second", "")], "").edited(grant));
    world.provider.next(Script::DropBeforeHeaders);
    let made = respond(&world, AGENT, json!({"model": "routed"})).send();
    check::forwarded(&world, &made);
    assert_eq!(made.header("portreeve-target"), Some("second-openai/Up/openai"));
    // It goes on where it is kept, though the first target is well again.
    let named = json!({"model": "routed", "previous_response_id": made.json()["id"]});
    let reply = respond(&world, AGENT, named.clone()).send();
    check::forwarded(&world, &reply);
    assert_eq!(reply.header("portreeve-target"), Some("second-openai/Up/openai"));
    let withheld = check::withheld(&check::decision(&world, &reply), "openai");
    assert_eq!(withheld, [("fake".to_owned(), "stored_object_refused".to_owned())]);
    assert_eq!(world.provider.seen().len(), 1);
    // When that place fails, there is no other for it.
    world.second.always(Script::DropBeforeHeaders);
    let reply = respond(&world, AGENT, named.clone()).send();
    check::refused(&world, OpenAi, &reply, RefusalCode::UpstreamDropped);
    assert_eq!(world.provider.seen().len(), 1);
    // `fast` is served by the first provider alone.
    let named = json!({"previous_response_id": named["previous_response_id"]});
    refused(&world, &respond(&world, AGENT, named).send());
}

#[test]
fn a_vendors_default_to_keep_needs_a_grant_and_the_refusal_names_the_field() {
    let world = World::start();
    for more in [json!({}), json!({"store": true}), json!({"store": null})] {
        let reply = respond(&world, AGENT, more).send();
        check::refused(&world, OpenAi, &reply, RefusalCode::StorageRefused);
        assert!(reply.text().contains("store"), "{}", reply.text());
        assert!(reply.text().contains("false"), "it says what to send: {}", reply.text());
    }
    let chat = world.ask(OpenAi).field("store", json!(true)).send();
    check::refused(&world, OpenAi, &chat, RefusalCode::StorageRefused);
    world.provider.assert_untouched();
    check::forwarded(&world, &respond(&world, AGENT, json!({"store": false})).send());
    check::forwarded(&world, &world.ask(OpenAi).field("store", json!(false)).send());
    check::forwarded(&world, &world.ask(OpenAi).send());
}

#[test]
fn what_was_not_to_be_kept_is_nobodys() {
    let world = keeping();
    let reply = respond(&world, AGENT, json!({"store": false})).send();
    let id = reply.json()["id"].clone();
    assert_eq!(check::forwarded(&world, &reply).get("stored"), None);
    refused(&world, &respond(&world, AGENT, json!({"previous_response_id": id})).send());
    // Nor does an error's body make anything.
    let error = json!({"id": "resp_error", "error": {"message": "no"}}).to_string();
    for status in [400, 500] {
        world.provider.next(Script::Status(status, error.clone()));
        let reply = respond(&world, AGENT, json!({})).send();
        assert_eq!(check::outcome(&world, &reply).get("stored"), None, "{status}");
    }
    let named = json!({"previous_response_id": "resp_error"});
    refused(&world, &respond(&world, AGENT, named).send());
}

#[test]
fn what_the_log_remembers_is_known_again_after_a_start() {
    let world = keeping();
    let named = json!({"previous_response_id": "resp_of_yesterday"});
    refused(&world, &respond(&world, AGENT, named.clone()).send());
    let object = protocol::stored_name(StoredKind::Response, "resp_of_yesterday");
    let agent = AGENT.parse().unwrap();
    world.gate.remember(StoredObject { agent, provider: "fake-openai".parse().unwrap(), object });
    check::forwarded(&world, &respond(&world, AGENT, named.clone()).send());
    refused(&world, &respond(&world, TWIN, named.clone()).send());
    // What has an owner keeps it, whatever is said later.
    let agent = TWIN.parse().unwrap();
    world.gate.remember(StoredObject { agent, provider: "fake-openai".parse().unwrap(), object });
    refused(&world, &respond(&world, TWIN, named.clone()).send());
    check::forwarded(&world, &respond(&world, AGENT, named).send());
}

#[test]
fn a_stream_makes_its_id_known_before_it_ends() {
    let world = keeping();
    let gate = Gate::new();
    world.provider.next(Script::SlowByGate(gate.clone()));
    let mut held = respond(&world, AGENT, json!({"stream": true})).open();
    assert_eq!(held.head().unwrap().status, 200);
    let first = held.chunk().unwrap().unwrap();
    assert!(String::from_utf8_lossy(&first).contains("resp_fake1"));
    gate.wait_arrived(1);
    let named = json!({"previous_response_id": "resp_fake1"});
    let reply = respond(&world, AGENT, named.clone()).send();
    assert_eq!(reply.status, 200, "{}", reply.text());
    let foreign = respond(&world, TWIN, named).send();
    check::refusal_answer(OpenAi, &foreign, RefusalCode::StoredObjectRefused);
    // A client that leaves has made it all the same.
    drop(held);
    let gone = world.entries().into_iter().find(|entry| entry.json["ended"] == "client_gone");
    let stored = gone.unwrap().json["stored"].clone();
    let digest = protocol::stored_name(StoredKind::Response, "resp_fake1").id.to_string();
    assert!(stored.to_string().contains(&digest), "{stored}");
    gate.open();
}

#[test]
fn one_answer_leaves_no_more_behind_than_the_bound() {
    let world = keeping();
    let items: Vec<_> = (0..100).map(|nth| json!({"id": format!("msg_{nth}")})).collect();
    let body = json!({"id": "resp_many", "output": items}).to_string();
    world.provider.next(Script::Status(200, body));
    let reply = respond(&world, AGENT, json!({})).send();
    let stored = check::forwarded(&world, &reply)["stored"].clone();
    assert_eq!(stored.as_array().unwrap().len(), 64);
    let reference = |id| json!({"input": [{"type": "item_reference", "id": id}]});
    check::forwarded(&world, &respond(&world, AGENT, reference("msg_62")).send());
    refused(&world, &respond(&world, AGENT, reference("msg_63")).send());
}

#[test]
fn files_caches_and_containers_that_no_call_made_cannot_be_named_in_any_dialect() {
    let world = keeping();
    let file = json!([{"role": "user", "content": [{"type": "file", "file": {"file_id": "f"}}]}]);
    let document = json!([{"role": "user", "content": [
        {"type": "document", "source": {"type": "file", "file_id": "f"}}]}]);
    for (dialect, field, value) in [
        (OpenAi, "messages", file),
        (OpenAi, "previous_response_id", json!("resp_1")),
        (Anthropic, "messages", document),
        (Anthropic, "container", json!("container_1")),
        (Gemini, "cachedContent", json!("cachedContents/1")),
    ] {
        let reply = world.ask(dialect).field(field, value).send();
        check::refused(&world, dialect, &reply, RefusalCode::StoredObjectRefused);
    }
    world.provider.assert_untouched();
}

#[test]
fn a_container_that_an_answer_announces_is_the_agents_without_storage() {
    let world = keeping();
    let body = json!({"id": "msg_1", "container": {"id": "container_1"}}).to_string();
    world.provider.next(Script::Status(200, body));
    let reply = world.ask(Anthropic).send();
    check::forwarded(&world, &reply);
    let ask = |agent: &str| {
        let ask = world.ask(Anthropic).token(world.token(agent));
        ask.field("container", json!("container_1")).send()
    };
    check::forwarded(&world, &ask(AGENT));
    check::refused(&world, Anthropic, &ask(TWIN), RefusalCode::StoredObjectRefused);
}

#[test]
fn an_id_that_a_provider_gives_again_stays_the_firsts_in_memory_and_in_the_log() {
    let world = keeping();
    let answer = json!({
        "id": "resp_twice", "object": "response", "status": "completed", "store": true,
        "output": [], "usage": {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2},
    });
    let stored = |agent: &str| {
        world.provider.next(Script::Status(200, answer.to_string()));
        let outcome = check::forwarded(&world, &respond(&world, agent, json!({})).send());
        outcome.get("stored").cloned()
    };
    assert!(stored(AGENT).is_some());
    assert_eq!(stored(TWIN), None, "a start reads ownership from what stands there");
    let named = json!({"previous_response_id": "resp_twice"});
    check::forwarded(&world, &respond(&world, AGENT, named.clone()).send());
    refused(&world, &respond(&world, TWIN, named).send());
}
