//! `portreeve replay ID`: the same verdict again, or why it cannot be reached.

use std::fs;
use std::path::Path;

use serde_json::Value;
use testkit::FakeProvider;

use crate::common::{Home, Run, Server, chat, decision, text_of, walk, write};

/// What replaying `id` printed as JSON, where it ended with `code`.
#[track_caller]
fn replayed(home: &Home, id: &str, code: i32) -> Value {
    let run = home.run(&["replay", id, "--json"]);
    assert_eq!(run.code, Some(code), "{run:?}");
    assert_eq!(run.err, "");
    serde_json::from_str(&run.out).unwrap_or_else(|cause| panic!("{cause}: {run:?}"))
}

#[track_caller]
fn same(home: &Home, id: &str) -> Value {
    let found = replayed(home, id, 0);
    assert_eq!(found["result"], "same", "{found}");
    assert_eq!(found["differences"], serde_json::json!([]));
    let text = home.run(&["replay", id]);
    assert!(text.ok().contains("\nSAME\n"), "{text:?}");
    found
}

/// It cannot be replayed, for `reason`, in text and JSON alike.
#[track_caller]
fn cannot(home: &Home, id: &str, reason: &str) -> String {
    let found = replayed(home, id, 4);
    assert_eq!(found["result"], "cannot", "{found}");
    assert_eq!(found["reason"], reason, "{found}");
    let text: Run = home.run(&["replay", id]);
    assert_eq!(text.code, Some(4), "{text:?}");
    assert!(text.out.contains(&format!("CANNOT be replayed ({reason})")), "{text:?}");
    text_of(&found, "why")
}

fn post(server: &Server, token: &str, path: &str, body: &str) -> testkit::Reply {
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str())];
    testkit::post(server.address, path, &headers, body.as_bytes())
}

#[test]
fn permits_and_refusals_come_out_the_same_whatever_came_after() {
    let (home, provider) = (Home::new(), FakeProvider::start());
    let server = home.up();
    home.use_provider(&provider);
    home.write(
        "policies/guardrails/20-closed.cedar",
        "@id(\"closed\")\n@owner(\"seat:response-lead\")\n@rationale(\"Closed.\")\nforbid (principal, action == Action::\"InvokeModel\", resource)\nwhen { context.call.stream };\n",
    );
    home.apply();
    let token = home.token("demo-agent");
    let permitted = decision(&server.call_model(&token, "local-model"));
    let chat_path = "/v1/chat/completions";
    let forbidden =
        decision(&post(&server, &token, chat_path, &chat("local-model", true).to_string()));
    let stored = r#"{"model": "portreeve-demo", "input": "hello"}"#;
    let stored = decision(&post(&server, &token, "/v1/responses", stored));
    let unknown = decision(&server.call_model(&token, "no-such-model"));
    let found = same(&home, &permitted);
    assert_eq!(found["verdict"], "permitted");
    assert_eq!(found["facts_key"], "agent.demo-agent.1");
    assert_eq!(found["engine_recorded"], found["engine_now"]);
    assert_eq!(same(&home, &forbidden)["policy_said"], "policy_forbids");
    assert_eq!(same(&home, &stored)["policy_said"], "storage_refused");
    assert_eq!(same(&home, &unknown)["verdict"], "model_unknown");
    let text = home.run(&["replay", &forbidden]).ok().to_owned();
    assert!(text.contains("policies/guardrails/20-closed.cedar:1"), "{text}");

    // The charter changes, and nothing serves any more: what was decided stays what it was.
    fs::remove_file(home.path("charter/policies/guardrails/20-closed.cedar")).unwrap();
    fs::remove_file(home.path("charter/policies/model/30-local.cedar")).unwrap();
    home.apply();
    let gone = decision(&server.call_model(&token, "local-model"));
    server.stop();
    for id in [&permitted, &forbidden, &stored, &unknown, &gone] {
        same(&home, id);
    }
    assert_eq!(same(&home, &gone)["policy_said"], "model_unknown");
}

/// What stands beside policy is told apart from what policy said.
#[test]
fn a_budget_that_refused_is_not_replayed_and_policys_yes_is() {
    let home = Home::new();
    let server = home.up();
    home.write(
        "quotas/demo.yaml",
        "name: demo\npurpose: What the demo agent may use.\nfor: {agent: demo-agent}\nlimits:\n  - {what: requests, per: month, at_most: 1}\n",
    );
    home.apply();
    let token = home.token("demo-agent");
    assert_eq!(server.call(&token).status, 200);
    let refused = server.call(&token);
    assert_eq!(refused.status, 429, "{}", refused.text());
    let found = same(&home, &decision(&refused));
    assert_eq!(found["policy_said"], "permitted");
    assert_eq!(found["refused_beside_policy"], "budget_exhausted");
    let text = home.run(&["replay", &decision(&refused)]);
    assert!(text.ok().contains("Not replayed budget_exhausted"), "{text:?}");
}

#[test]
fn what_policy_was_not_asked_about_cannot_be_replayed() {
    let home = Home::new();
    let server = home.up();
    let token = home.token("demo-agent");
    let cut = post(&server, &token, "/v1/chat/completions", r#"{"model": "#);
    let why = cannot(&home, &decision(&cut), "before_policy");
    assert!(why.contains("body_truncated"), "{why}");
    let bearer = format!("Bearer {token}");
    let list = testkit::get(server.address, "/v1/models", &[("authorization", bearer.as_str())]);
    cannot(&home, &decision(&list), "not_evaluated");
    let nobody = testkit::get(server.address, "/v1/models", &[]);
    cannot(&home, &decision(&nobody), "aggregate");
    cannot(&home, "0190a0f0-0000-7000-8000-000000000001", "not_in_log");
    home.write("agents/demo-agent.yaml", &{
        let text = fs::read_to_string(home.path("charter/agents/demo-agent.yaml")).unwrap();
        text.replace("status: active", "status: suspended")
    });
    // A suspended agent fails the charter's own test of what it may do.
    fs::write(home.path("charter/tests/demo.yaml"), SUSPENDED_TESTS).unwrap();
    home.apply();
    let suspended = server.call(&token);
    assert_eq!(suspended.status, 403, "{}", suspended.text());
    let why = cannot(&home, &decision(&suspended), "before_policy");
    assert!(why.contains("agent_suspended"), "{why}");
}

const SUSPENDED_TESTS: &str = "tests:\n  - name: nobody uses what is not there\n    agent: demo-agent\n    ask: {model: no-such-model}\n    expect: {verdict: unknown}\n";

#[test]
fn odd_questions_are_refused() {
    let home = Home::new();
    let nothing_begun = home.run(&["replay", "0190a0f0-0000-7000-8000-000000000001"]);
    assert!(nothing_begun.fails(4).contains("no gateway was begun"));
    home.up().stop();
    for (arguments, says) in
        [(&["replay", "nonsense"][..], "not a UUID"), (&["replay"], "required")]
    {
        let run = home.run(arguments);
        assert_eq!(run.code, Some(2), "{run:?}");
        assert!(run.err.contains(says), "{run:?}");
    }
}

/// Changes one byte in the middle of each file below `dir`.
fn bend(dir: &Path) {
    walk(dir, &mut |path| {
        if path.is_file() {
            let mut bytes = fs::read(path).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            fs::write(path, bytes).unwrap();
        }
    });
}

#[test]
fn what_is_missing_erased_or_changed_is_said() {
    let home = Home::new();
    let server = home.up();
    let id = decision(&server.call(&home.token("demo-agent")));
    // Once it has stopped, everything is published and the facts lie in payloads/.
    server.stop();
    let found = same(&home, &id);
    let charter = text_of(&found, "charter");
    let stored = home.path("charters").join(charter.strip_prefix("sha256:").unwrap());
    let away = home.path("charters/away");

    fs::rename(&stored, &away).unwrap();
    assert!(cannot(&home, &id, "charter_missing").contains(&charter));
    fs::rename(&away, &stored).unwrap();
    let policy = stored.join("policies/model/10-demo.cedar");
    let text = fs::read(&policy).unwrap();
    fs::write(&policy, [&text[..], b"// more\n"].concat()).unwrap();
    cannot(&home, &id, "charter_changed");
    fs::write(&policy, &text).unwrap();

    let wrapping = home.path("keys/facts.key");
    let bytes = fs::read(&wrapping).unwrap();
    fs::remove_file(&wrapping).unwrap();
    assert!(cannot(&home, &id, "facts_locked").contains("backup"));
    write(&wrapping, &[9; 32]);
    cannot(&home, &id, "facts_locked");
    write(&wrapping, &bytes);

    let key = home.path("keys/facts/agent.demo-agent.1.key");
    let bytes = fs::read(&key).unwrap();
    fs::remove_file(&key).unwrap();
    assert!(cannot(&home, &id, "facts_locked").contains("not here"));
    // As an erasure leaves it: the key gone for ever, and the tombstone that says so.
    let tombstone = home.path("keys/facts/agent.demo-agent.1.erased");
    fs::write(&tombstone, "").unwrap();
    assert!(cannot(&home, &id, "facts_erased").contains("erased"));
    fs::remove_file(&tombstone).unwrap();
    write(&key, &bytes);
    same(&home, &id);

    bend(&home.path("logs/decisions/payloads"));
    cannot(&home, &id, "facts_lost");
    bend(&home.path("logs/decisions/payloads"));
    same(&home, &id);
    fs::remove_dir_all(home.path("logs/decisions/payloads")).unwrap();
    cannot(&home, &id, "facts_lost");
}
