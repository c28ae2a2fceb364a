//! What a provider keeps belongs to the agent whose call made it, also after the gateway was
//! started again: the decision log says so.

use serde_json::{Value, json};
use testkit::Reply;

use crate::common::{Home, Server, text_of};

/// Lets two agents use the demo model and have it keep what they ask it to keep.
const POLICIES: [(&str, &str); 3] = [
    (
        "model/20-more.cedar",
        r#"@id("helper-uses-demo")
@owner("seat:policy-lead")
@rationale("A second agent.")
permit (principal == Agent::"helper", action == Action::"InvokeModel", resource == Model::"portreeve-demo");
"#,
    ),
    (
        "secret/20-more.cedar",
        r#"@id("helper-lends-demo-key")
@owner("seat:platform-lead")
@rationale("Its calls need the key.")
permit (principal == Agent::"helper", action == Action::"UseSecret", resource == Secret::"demo-key");
"#,
    ),
    (
        "tool/20-keep.cedar",
        r#"@id("keep")
@owner("seat:policy-lead")
@rationale("Follow-up questions need what was said before.")
permit (principal, action == Action::"StoreAtProvider", resource == Provider::"demo")
unless { context.by_default };
"#,
    ),
];

const HELPER: &str = "name: helper
purpose: Is there for tests.
environment: dev
status: active
review_by: 2027-06-30
bindings:
  - kind: embedded
";

/// Asks for an answer that is kept, after the one called `previous`.
fn ask(server: &Server, token: &str, previous: Option<&str>) -> Reply {
    let bearer = format!("Bearer {token}");
    let body = json!({
        "model": "portreeve-demo",
        "input": "hello",
        "store": true,
        "previous_response_id": previous,
    });
    let headers = [("authorization", bearer.as_str())];
    testkit::post(server.address, "/v1/responses", &headers, body.to_string().as_bytes())
}

#[track_caller]
fn answered(reply: &Reply) -> String {
    assert_eq!(reply.status, 200, "{}", reply.text());
    text_of(&reply.json(), "id")
}

#[track_caller]
fn refused(reply: &Reply) {
    let code = |body: &Value| body.pointer("/error/code").cloned();
    assert_eq!(code(&reply.json()), Some(json!("stored_object_refused")), "{}", reply.text());
}

/// Waits until so many calls stand in the log with what they made.
fn wait_kept(home: &Home, calls: usize) {
    let kept = || {
        let entries = home.entries("decisions");
        entries.iter().filter(|entry| entry.json["stored"].is_array()).count()
    };
    assert!((0..10_000).any(|_| kept() >= calls), "outcomes are not written");
}

#[test]
fn an_agent_goes_on_with_its_own_answers_after_a_restart_and_nobody_elses() {
    let home = Home::new();
    let server = home.up();
    for (path, text) in POLICIES {
        home.write(&format!("policies/{path}"), text);
    }
    home.write("agents/helper.yaml", HELPER);
    home.apply();
    let (token, other) = (home.token("demo-agent"), home.token("helper"));
    let first = answered(&ask(&server, &token, None));
    let second = answered(&ask(&server, &token, Some(&first)));
    refused(&ask(&server, &other, Some(&first)));
    server.stop();

    let server = home.up();
    answered(&ask(&server, &token, Some(&first)));
    answered(&ask(&server, &token, Some(&second)));
    refused(&ask(&server, &other, Some(&first)));
    refused(&ask(&server, &token, Some("resp_guessed")));
    let own = answered(&ask(&server, &other, None));
    refused(&ask(&server, &token, Some(&own)));
    // Ended as by a power cut: what stands in the write-ahead file counts as well.
    wait_kept(&home, 5);
    server.kill();
    let server = home.up();
    answered(&ask(&server, &other, Some(&own)));
}
