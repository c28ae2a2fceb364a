//! `portreeve explain`: every link of the chain behind one decision, as it was at that time.

use serde_json::Value;
use testkit::FakeProvider;

use crate::common::{Home, decision, text_of};

/// All that an account of a forwarded call must say, as text.
#[track_caller]
fn check_text(text: &str, expected: &[&str]) {
    for part in expected {
        assert!(text.contains(part), "`{part}` is missing:\n{text}");
    }
}

#[test]
fn a_real_call_shows_every_link_and_goes_on_showing_them() {
    let (home, provider) = (Home::new(), FakeProvider::start());
    let server = home.up();
    home.use_provider(&provider);
    let change = text_of(&home.run(&["change", "list", "--json"]).json()[1], "id");
    let status = home.run(&["status", "--json"]).json();
    let reply = server.call_model(&home.token("demo-agent"), "local-model");
    assert_eq!(reply.status, 200, "{}", reply.text());
    let id = decision(&reply);
    let domain = text_of(&status, "trust_domain");
    let charter = text_of(&status, "charter");
    let links = [
        id.as_str(),
        "ALLOWED",
        "agent demo-agent",
        "answered for by seat:risk-lead (founder",
        &format!("of {domain}, epoch "),
        "token sha256:",
        "chat_completions of local-model (open_ai",
        "model answered for by seat:risk-lead",
        "permit model/demo-agent-uses-local   policies/model/30-local.cedar:1-8",
        "permit secret/demo-agent-local-key   policies/secret/30-local.cedar:1-8",
        "owner seat:policy-lead (founder",
        "| permit (",
        "resource == Model::\"local-model\"",
        "local as my-model",
        "secret local-key v1 (owner seat:risk-lead",
        "complete, status 200",
        "local as my-model answered 200",
        "tokens: ",
        &charter,
        &format!("in force by change {change}, signed by founder"),
        "UNREVIEWED",
        "seat:policy-lead",
        "seat:platform-lead",
        "seat:response-lead",
        "The person who began this gateway",
        &format!("{domain}/decisions entry "),
        "outcome entry ",
        "leaf sha256:",
        "proof: ",
    ];
    let explain = || home.run(&["explain", &id]).ok().to_owned();
    let json = || home.run(&["explain", &id, "--json"]).json();
    check_text(&explain(), &links);
    check_json(&json(), &id, &change);
    let before = json();

    // The policy goes, the seat's holder is renamed, the provider goes: the account stays what
    // it was at that time.
    std::fs::remove_file(home.path("charter/policies/model/30-local.cedar")).unwrap();
    home.write("policies/model/30-local.cedar", "// nobody uses the local model any more\n");
    home.replace("people.yaml", "The person who began this gateway", "Somebody else");
    home.apply();
    let token = home.token("demo-agent");
    assert_eq!(server.call_model(&token, "local-model").status, 404);
    check_text(&explain(), &links);
    assert_eq!(json()["policy_texts"], before["policy_texts"]);

    server.stop();
    check_text(&explain(), &links);
    check_text(&explain(), &["in the signed checkpoint of", "checked now"]);
    let after = json();
    for member in ["decision", "outcome", "policy_texts", "seats", "change"] {
        assert_eq!(after[member], before[member], "{member}");
    }
    assert_eq!(after["ledger"]["proof"], "included");
}

fn check_json(json: &Value, id: &str, change: &str) {
    assert_eq!(text_of(json, "id"), id);
    assert_eq!(json["decision"]["subject"]["agent"], "demo-agent");
    assert_eq!(json["decision"]["targets"][0]["secret"]["name"], "local-key");
    assert_eq!(json["outcome"]["status"], 200);
    assert_eq!(json["change"]["id"], change);
    assert_eq!(json["change"]["reviewed"], false);
    let texts = json["policy_texts"].as_object().unwrap();
    assert!(texts["model/demo-agent-uses-local"].as_str().unwrap().contains("permit ("));
    assert_eq!(json["seats"]["seat:policy-lead"], "founder");
    assert!(json["ledger"]["index"].is_u64());
    assert_eq!(json["ledger"]["leaf"].as_str().unwrap().len(), 64);
}

#[test]
fn a_refusal_names_who_can_fix_it_and_the_policy_that_refused() {
    let home = Home::new();
    let server = home.up();
    home.write(
        "policies/guardrails/20-closed.cedar",
        "@id(\"closed\")\n@owner(\"seat:response-lead\")\n@rationale(\"The office is closed.\")\nforbid (principal == Agent::\"demo-agent\", action == Action::\"InvokeModel\", resource)\nwhen { context.call.stream };\n",
    );
    home.apply();
    let token = home.token("demo-agent");
    let bearer = format!("Bearer {token}");
    let body = crate::common::chat("portreeve-demo", true).to_string();
    let headers = [("authorization", bearer.as_str())];
    let reply = testkit::post(server.address, "/v1/chat/completions", &headers, body.as_bytes());
    assert_eq!(reply.status, 403, "{}", reply.text());
    let text = home.run(&["explain", &decision(&reply)]).ok().to_owned();
    check_text(
        &text,
        &[
            "REFUSED",
            "policy_forbids",
            "Who can fix it:",
            "forbid guardrails/closed   policies/guardrails/20-closed.cedar:1-5",
            "owner seat:response-lead (founder",
            "| when { context.call.stream };",
            "nothing was forwarded",
        ],
    );
}

/// What an operator is told of a permit that nearly matched, and an agent is not.
const NEAR: [&str; 7] = [
    "permit model/streams   policies/model/30-local.cedar:1-10",
    "  at local as my-model",
    "  unmet  when { context.call.stream }",
    "         context.call.stream was false",
    r#"  unmet  when { context.approved.data_class == DataClass::"public" }"#,
    "         context.approved.data_class was absent",
    "  ask    seat:response-lead (founder",
];

/// The permit that nearly matched is told from the facts and the charter of that time, to whoever
/// has the home, and never to the agent.
#[test]
fn a_permit_that_nearly_matched_is_explained_to_people_and_not_to_the_agent() {
    let (home, provider) = (Home::new(), FakeProvider::start());
    let server = home.up();
    home.use_provider(&provider);
    let policy = r#"@id("streams")
@owner("seat:response-lead")
@rationale("Answers are watched as they come.")
permit (
  principal == Agent::"demo-agent",
  action == Action::"InvokeModel",
  resource == Model::"local-model"
)
when { context.call.stream && context has approved &&
       context.approved.data_class == DataClass::"public" };
"#;
    home.write("policies/model/30-local.cedar", policy);
    home.apply();
    let reply = server.call_model(&home.token("demo-agent"), "local-model");
    assert_eq!(reply.status, 403, "{}", reply.text());
    let answer = format!("{}{:?}", reply.text(), reply.headers);
    for word in ["streams", "30-local", "response-lead", "context.", "DataClass", "absent"] {
        assert!(!answer.contains(word), "`{word}` reached the agent: {answer}");
    }
    let id = decision(&reply);
    let json = || home.run(&["explain", &id, "--json"]).json()["near_misses"].clone();
    check_text(home.run(&["explain", &id]).ok(), &NEAR);
    let before = json();
    assert_eq!(before["more"], 0);
    assert_eq!(before["unknown"], Value::Null);
    let [near] = &before["nearest"].as_array().unwrap()[..] else { panic!("one: {before}") };
    assert_eq!(near["policy"]["id"], "model/streams");
    assert_eq!(near["places"][0]["provider"], "local");
    assert_eq!(near["ask"], "seat:response-lead");
    assert_eq!(near["unmet"].as_array().unwrap().len(), 3);
    let value = serde_json::json!({"path": "context.call.stream", "was": "false"});
    assert_eq!(near["unmet"][0]["values"][0], value);

    // Today's policy has nothing to do with it.
    home.write("policies/model/30-local.cedar", "// nobody uses the local model any more\n");
    home.apply();
    check_text(home.run(&["explain", &id]).ok(), &NEAR);
    assert_eq!(json(), before);

    // A call that was allowed, and one that another refused, have no near misses.
    let allowed = decision(&server.call(&home.token("demo-agent")));
    let none = home.run(&["explain", &allowed, "--json"]).json()["near_misses"].clone();
    assert_eq!(none["nearest"], Value::Array(Vec::new()));

    // Without the facts it says so, and the rest of the account stands.
    std::fs::remove_file(home.path("keys/facts.key")).unwrap();
    let text = home.run(&["explain", &id]).ok().to_owned();
    check_text(&text, &["REFUSED", "Nearly       cannot be told: ", "facts.key is missing"]);
    assert!(!text.contains("model/streams"), "{text}");
    assert!(text_of(&json(), "unknown").contains("facts.key is missing"));
}

/// A model that nobody may use is explained to people, whatever the agent was told.
#[test]
fn a_missing_model_is_explained() {
    let home = Home::new();
    let server = home.up();
    let reply = server.call_model(&home.token("demo-agent"), "no-such-model");
    assert_eq!(reply.status, 404);
    let text = home.run(&["explain", &decision(&reply)]).ok().to_owned();
    check_text(&text, &["REFUSED", "no-such-model", "agent demo-agent", "no policy"]);
}

/// What goes beyond the model is explained at least as well as the caller was told.
#[test]
fn a_refusal_is_explained_in_the_words_the_caller_was_told() {
    let home = Home::new();
    let server = home.up();
    let bearer = format!("Bearer {}", home.token("demo-agent"));
    let explained = |body: &str| {
        let headers = [("authorization", bearer.as_str())];
        let reply = testkit::post(server.address, "/v1/responses", &headers, body.as_bytes());
        assert_eq!(reply.status, 403, "{}", reply.text());
        let id = decision(&reply);
        let json = home.run(&["explain", &id, "--json"]).json();
        let detail = text_of(&json["decision"]["verdict"], "detail");
        let told = reply.text().replace("\\\"", "\"");
        assert!(told.contains(&detail), "{detail}: {told}");
        home.run(&["explain", &id]).ok().to_owned()
    };
    let stored = explained(r#"{"model": "portreeve-demo", "input": "hello"}"#);
    check_text(&stored, &["storage_refused", "(StoreAtProvider)", "Send `\"store\": false`."]);
    let tool = explained(
        r#"{"model": "portreeve-demo", "input": "hello", "store": false, "tools": [{"type": "web_search"}]}"#,
    );
    check_text(
        &tool,
        &["the provider's tool `web_search`", "tool set allows that (UseProviderTool)"],
    );
    let unknown = explained(
        r#"{"model": "portreeve-demo", "input": "hello", "store": false, "brand_new": 1}"#,
    );
    check_text(&unknown, &["It is the field `brand_new`", "(PassUnrecognised)"]);
}

/// What is refused while a request is read may quote it, and is not recorded.
#[test]
fn what_a_body_says_is_not_in_the_log_because_it_was_refused() {
    let home = Home::new();
    let server = home.up();
    let bearer = format!("Bearer {}", home.token("demo-agent"));
    let headers = [("authorization", bearer.as_str())];
    let body = br#"{"model": "portreeve-demo", "messages": [{"private": 1, "private": 2}]}"#;
    let reply = testkit::post(server.address, "/v1/chat/completions", &headers, body);
    assert!(reply.text().contains("private"), "{}", reply.text());
    let json = home.run(&["explain", &decision(&reply), "--json"]).json();
    assert_eq!(json["decision"]["verdict"]["code"], "body_duplicate_key");
    assert!(!json.to_string().contains("private"), "{json}");
}

/// The caller is told that the key is the matter; whoever runs the gateway is told which.
#[test]
fn the_secret_in_question_is_named_to_the_operator_alone() {
    let home = Home::new();
    let server = home.up();
    let provider = FakeProvider::start();
    home.use_provider(&provider);
    let token = home.token("demo-agent");
    home.replace("secrets/local-key.yaml", "active: 1", "active: 2");
    home.apply();
    let missing = server.call_model(&token, "local-model");
    home.replace("policies/secret/30-local.cedar", "demo-agent\",", "helper\",");
    home.replace("secrets/local-key.yaml", "active: 2", "active: 1");
    home.write(
        "agents/helper.yaml",
        "name: helper\npurpose: Tests.\nenvironment: dev\nstatus: active\nreview_by: 2027-06-30\nbindings:\n  - kind: embedded\n",
    );
    home.apply();
    let unlent = server.call_model(&token, "local-model");
    for (reply, code) in [(missing, "secret_missing"), (unlent, "policy_no_permit")] {
        assert!(!reply.text().contains("local-key"), "{}", reply.text());
        let text = home.run(&["explain", &decision(&reply)]).ok().to_owned();
        check_text(&text, &[code, "the secret in question is local-key"]);
        let json = home.run(&["explain", &decision(&reply), "--json"]).json();
        assert_eq!(json["decision"]["verdict"]["secret"], "local-key");
    }
}
