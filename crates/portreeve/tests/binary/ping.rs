//! `portreeve ping`: which layer stops a call and who can fix it, without making one unless asked.

use ledger::{Entry, EntryKind};
use serde_json::Value;
use testkit::{FakeProvider, PROVIDER_KEY, Script};

use crate::common::{Home, Run, text_of};

fn json(run: &Run, code: i32) -> Value {
    assert_eq!(run.code, Some(code), "{}", run.all());
    serde_json::from_str(&run.out).unwrap_or_else(|cause| panic!("{cause}: {}", run.out))
}

/// What a log says of requests and acts: not what the process that serves writes by itself, at its
/// own times.
fn told(home: &Home, log: &str) -> Vec<Entry> {
    let by_itself =
        |entry: &Entry| matches!(entry.kind, EntryKind::Heartbeat | EntryKind::Checkpoint);
    home.entries(log).into_iter().filter(|entry| !by_itself(entry)).collect()
}

/// The layers that were looked at.
fn layers(json: &Value) -> Vec<&str> {
    let layers = json["layers"].as_array().unwrap();
    layers.iter().map(|layer| layer["layer"].as_str().unwrap()).collect()
}

const ALL: [&str; 10] = [
    "gateway", "agent", "model", "context", "policy", "quota", "secret", "network", "upstream",
    "token",
];

#[test]
fn a_ping_spends_nothing_lends_nothing_and_records_nothing() {
    let home = Home::new();
    let provider = FakeProvider::start();
    provider.expect_key(PROVIDER_KEY);
    let _server = home.up();
    home.use_provider(&provider);
    let before = (told(&home, "decisions").len(), told(&home, "control").len());
    let run = home.run(&["ping", "demo-agent", "local-model", "--json"]);
    let found = json(&run, 0);
    assert_eq!(layers(&found), ALL);
    assert_eq!((&found["ok"], &found["failed"]), (&Value::Bool(true), &Value::Null));
    assert_eq!(text_of(&found, "provider"), "local");
    assert!(found["layers"][0]["took_us"].as_u64().is_some());
    let text = home.run(&["ping", "demo-agent", "local-model@local"]);
    assert!(text.ok().contains("A call would get through"), "{text:?}");
    assert!(!text.all().contains(PROVIDER_KEY) && !run.all().contains(PROVIDER_KEY));
    provider.assert_untouched();
    let after = (told(&home, "decisions").len(), told(&home, "control").len());
    assert_eq!(after, before);
}

#[test]
fn with_spend_one_real_call_is_made_and_recorded() {
    let home = Home::new();
    let provider = FakeProvider::start();
    provider.expect_key(PROVIDER_KEY);
    let _server = home.up();
    home.use_provider(&provider);
    let found = json(&home.run(&["ping", "demo-agent", "local-model", "--spend", "--json"]), 0);
    assert_eq!(layers(&found).last(), Some(&"call"));
    assert_eq!(provider.seen().len(), 1);
    let explained = home.run(&["explain", &text_of(&found, "decision"), "--json"]).json();
    assert_eq!(explained["decision"]["subject"]["agent"], "demo-agent", "{explained}");
    // The person who fetched the token stands in the control log.
    let last = told(&home, "control").pop().unwrap();
    assert!(last.json.to_string().contains("agent.token"), "{}", last.json);
    // A key that the provider does not take is found out only by a real call.
    provider.expect_key("another key");
    assert_eq!(home.run(&["ping", "demo-agent", "local-model"]).code, Some(0));
    let found = json(&home.run(&["ping", "demo-agent", "local-model", "--spend", "--json"]), 1);
    assert_eq!(text_of(&found, "failed"), "call");
    let failure = &found["layers"].as_array().unwrap().last().unwrap()["failure"];
    assert_eq!(text_of(failure, "code"), "upstream_credential");
    assert_eq!(text_of(failure, "fixer"), "the platform team");
    // A provider's own error is called that.
    provider.expect_key(PROVIDER_KEY);
    let said = r#"{"error":{"message":"no such model","code":"model_not_found"}}"#;
    provider.next(Script::Status(404, said.to_owned()));
    let run = home.run(&["ping", "demo-agent", "local-model", "--spend"]);
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(run.out.contains("provider_error") && run.out.contains("no such model"), "{run:?}");
}

#[test]
fn the_layer_that_stops_a_call_is_named_with_who_can_fix_it() {
    let home = Home::new();
    let server = home.up();
    for (agent, target, layer, code) in [
        ("nobody", "portreeve-demo", "agent", "agent_unknown"),
        ("demo-agent", "no-such-model", "model", "model_unknown"),
        ("demo-agent", "portreeve-demo@nowhere", "model", "no_target"),
    ] {
        let found = json(&home.run(&["ping", agent, target, "--json"]), 1);
        assert_eq!(text_of(&found, "failed"), layer, "{found}");
        let failure = &found["layers"].as_array().unwrap().last().unwrap()["failure"];
        assert_eq!(text_of(failure, "code"), code);
        let text = home.run(&["ping", agent, target]);
        assert_eq!(text.code, Some(1));
        for part in [format!("FAIL  {layer}"), code.to_owned(), "fixed by".to_owned()] {
            assert!(text.out.contains(&part), "{part}: {text:?}");
        }
        assert!(text.out.contains(&text_of(failure, "next")), "{text:?}");
    }
    // Nobody to sign: the token is what is missing.
    std::fs::remove_file(home.path("keys/person")).unwrap();
    assert_eq!(home.run(&["ping", "demo-agent", "portreeve-demo"]).code, Some(0));
    let found = json(&home.run(&["ping", "demo-agent", "portreeve-demo", "--spend", "--json"]), 1);
    assert_eq!(text_of(&found, "failed"), "token");
    for wrong in [&["ping", "Not A Name", "x"][..], &["ping", "demo-agent", "x@"], &["ping", "a"]] {
        assert_eq!(home.run(wrong).code, Some(2), "{wrong:?}");
    }
    server.stop();
    assert!(home.run(&["ping", "demo-agent", "portreeve-demo"]).fails(4).contains("portreeve up"));
}
