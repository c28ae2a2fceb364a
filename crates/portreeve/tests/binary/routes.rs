//! `portreeve routes`: every model with its controls and live health, the paths that exist, and
//! when it is a finding that nothing can serve a model.

use serde_json::{Value, json};
use testkit::{FakeProvider, Script};

use crate::common::Home;

/// Longest line of a screen.
const WIDTH: usize = 100;

#[track_caller]
fn check_width(text: &str) {
    for line in text.lines() {
        assert!(line.chars().count() <= WIDTH, "{line}");
    }
}

/// The one target of the model called `name`.
#[track_caller]
fn target(routes: &Value, name: &str) -> Value {
    let all = routes.as_array().unwrap();
    let route = all.iter().find(|route| route["name"] == name).unwrap();
    assert_eq!(route["targets"].as_array().map(Vec::len), Some(1), "{route}");
    route["targets"][0].clone()
}

#[test]
fn routes_show_controls_and_health_with_the_server_up_and_down() {
    let home = Home::new();
    let server = home.up();
    let up = home.run(&["routes", "--json"]).json();
    let demo = target(&up, "portreeve-demo");
    assert_eq!(up[0]["owner"], "seat:platform-lead");
    assert_eq!(up[0]["operations"].as_array().map(Vec::len), Some(7), "the demo speaks all");
    assert_eq!(demo["secret"]["version"], 1);
    assert_eq!(demo["secret"]["age_days"], 0);
    assert_eq!(demo["concurrency"]["in_flight"], 0);
    assert_eq!(demo["health"], json!({ "state": "healthy" }));
    assert!(demo["timeouts"]["total_ms"].as_u64() > Some(0), "{demo}");
    let text = home.run(&["routes"]);
    check_width(text.ok());
    for said in ["portreeve-demo", "1. demo as portreeve-demo (demo)", "healthy", "demo-key v1"] {
        assert!(text.out.contains(said), "{said}: {}", text.out);
    }
    server.stop();

    let down = home.run(&["routes", "portreeve-demo", "--json"]).json();
    let demo = target(&down, "portreeve-demo");
    assert_eq!(demo["health"], json!({ "state": "unknown" }));
    assert_eq!(demo["concurrency"]["in_flight"], Value::Null);
    assert!(home.run(&["routes"]).ok().contains("unknown (nothing serves)"));
    assert!(home.run(&["routes", "nobody"]).fails(1).contains("declares no model nobody"));
    assert_eq!(home.run(&["routes", "Not A Name"]).code, Some(2));
    assert_eq!(home.run(&["routes", "portreeve-demo", "--paths"]).code, Some(2));
}

#[test]
fn the_paths_that_exist_are_listed_without_a_gateway() {
    let home = Home::new();
    let text = home.run(&["routes", "--paths"]);
    check_width(text.ok());
    assert!(text.out.contains("authenticate, read, decide, record"), "{}", text.out);
    let paths = home.run(&["routes", "--paths", "--json"]).json();
    let names: Vec<&str> =
        paths.as_array().unwrap().iter().filter_map(|path| path["name"].as_str()).collect();
    for name in [
        "POST /v1/responses",
        "POST /v1beta/models/{model}:streamGenerateContent",
        "GET /v1/models",
        "GET /healthz",
        "GET /readyz",
        "GET /",
    ] {
        assert!(names.contains(&name) && text.out.contains(name), "{name}: {names:?}");
    }
    for said in ["with /v1beta", "/openai, /anthropic or /gemini", "no other path"] {
        assert!(text.out.contains(said), "{said}: {}", text.out);
    }
    assert!(!home.root().exists());
    assert!(home.run(&["routes"]).fails(4).contains("portreeve up"));
}

/// A model with everything that a target can carry, at a place that has ended.
const ENDED: &str = "name: ended
purpose: Was served once.
targets:
  - provider: demo
    upstream_model: old
    weight: 3
    when: {environments: [dev, staging]}
    concurrency_max: 8
    claims: {region: eu, retention_days: 0, trains: false, stated: 2020-01-01}
    end_of_life: 2021-01-01
    successor: portreeve-demo
";

#[test]
fn a_model_past_its_end_is_a_finding_wherever_one_looks() {
    let home = Home::new();
    let server = home.up();
    home.write("models/ended.yaml", ENDED);
    home.apply();
    let text = home.run(&["routes", "ended"]);
    assert_eq!(text.code, Some(1), "{text:?}");
    check_width(&text.out);
    for said in [
        "FINDING   no target can serve it now: demo is past its end",
        "weight   3",
        "only     agents of environment dev or staging",
        "at most 8",
        "region eu, retention 0 days, training no; as stated on 2020-01-01",
        "ends     2021-01-01, PAST; then portreeve-demo",
    ] {
        assert!(text.out.contains(said), "{said}: {}", text.out);
    }
    let json = home.run(&["routes", "--json"]);
    assert_eq!(json.code, Some(1), "one model of two");
    assert_eq!(home.run(&["routes", "portreeve-demo"]).code, Some(0));
    let found = "no target of model `ended` is served any more";
    assert!(home.run(&["status"]).ok().contains(found));
    server.stop();
    assert!(home.run(&["status", "--json"]).ok().contains(found));
    assert_eq!(home.run(&["routes"]).code, Some(1));
    let server = home.up();
    assert!(server.banner.contains(found), "{}", server.banner);
}

#[test]
fn a_model_whose_key_was_never_sealed_is_a_finding() {
    let home = Home::new();
    let _server = home.up();
    home.replace("secrets/demo-key.yaml", "active: 1", "active: 2");
    home.apply();
    let text = home.run(&["routes"]);
    assert_eq!(text.code, Some(1), "{text:?}");
    for said in ["demo-key v2, NOT SEALED", "now: demo has no sealed key"] {
        assert!(text.out.contains(said), "{said}: {}", text.out);
    }
    check_width(&text.out);
    let found =
        "secret `demo-key` v2 has no sealed value, so it is not lent for portreeve-demo at demo";
    assert!(home.run(&["status"]).ok().contains(found));
}

/// A second place whose key was never sealed, behind one that answers.
const SPARE: [(&str, &str); 3] = [
    (
        "providers/spare.yaml",
        "name: spare\nkind: openai\nbase_url: http://127.0.0.1:9/v1\nsecret: spare-key\n",
    ),
    (
        "secrets/spare-key.yaml",
        "name: spare-key\npurpose: Opens the spare.\nmax_age_days: 90\nactive: 1\n",
    ),
    (
        "models/pair.yaml",
        "name: pair\npurpose: Two places.\ntargets:\n  - {provider: demo, upstream_model: a}\n  - {provider: spare, upstream_model: b}\n",
    ),
];

#[test]
fn one_place_without_a_key_is_a_finding_although_another_serves() {
    let home = Home::new();
    let server = home.up();
    for (path, text) in SPARE {
        home.write(path, text);
    }
    let copy = home.path("charter").display().to_string();
    let applied = home.run(&["change", "propose", &copy, "--apply"]);
    let found = "secret `spare-key` v1 has no sealed value, so it is not lent for pair at spare: \
                 seal it with `portreeve secret put spare-key` (seat:risk-lead)";
    assert!(applied.ok().contains("applied as change"), "{applied:?}");
    assert!(applied.err.contains(&format!("warning: {found}")), "{applied:?}");
    assert!(home.run(&["status"]).ok().contains(found));
    let routes = home.run(&["routes", "pair"]);
    assert_eq!(routes.code, Some(1), "{routes:?}");
    assert!(routes.out.contains("FINDING  it has no sealed key"), "{}", routes.out);
    assert!(!routes.out.contains("no target can serve it now"), "{}", routes.out);
    check_width(&routes.out);
    let json: Value = serde_json::from_str(&home.run(&["routes", "pair", "--json"]).out).unwrap();
    assert_eq!(json[0]["finding"], Value::Null);
    assert_eq!(json[0]["targets"][0]["finding"], Value::Null);
    assert!(json[0]["targets"][1]["finding"].is_string(), "{json}");
    server.stop();
    let server = home.up();
    assert!(server.banner.contains(found), "{}", server.banner);
    home.run_with(&["secret", "put", "spare-key"], b"a value").ok();
    assert_eq!(home.run(&["routes", "pair"]).code, Some(0));
    assert!(!home.run(&["status"]).ok().contains("spare-key"));
}

#[test]
fn a_target_that_failed_is_shown_as_set_aside() {
    let home = Home::new();
    let server = home.up();
    let provider = FakeProvider::start();
    home.use_provider(&provider);
    assert_eq!(home.run(&["routes", "local-model"]).code, Some(0));
    provider.always(Script::RetryAfter(503, "1800"));
    let token = home.token("demo-agent");
    assert!(server.call_model(&token, "local-model").status >= 500);
    let routes = home.run(&["routes", "local-model", "--json"]);
    assert_eq!(routes.code, Some(1), "{routes:?}");
    let health =
        target(&serde_json::from_str(&routes.out).unwrap(), "local-model")["health"].clone();
    assert_eq!(health["state"], "set_aside", "{health}");
    assert!(health["until"].is_string() && health["last_failure"].is_string(), "{health}");
    let text = home.run(&["routes", "local-model"]);
    assert!(text.out.contains("set aside until"), "{}", text.out);
    assert!(text.out.contains("local failed and is set aside"), "{}", text.out);
    server.wait_says("local as my-model failed (status_5xx) and is set aside");
    // The list of decisions says of a permitted call how it ended, and where.
    let decisions = home.run(&["decisions", "--limit", "1"]).ok().to_owned();
    assert!(decisions.contains("allow permitted"), "{decisions}");
    assert!(decisions.contains("local-model  503 at local"), "{decisions}");
    let json = home.run(&["decisions", "--limit", "1", "--json"]).json();
    assert_eq!(json[0]["outcome"]["status"], 503);
    check_width(&text.out);
}

#[test]
fn a_target_whose_time_aside_is_over_is_due_for_a_probe_and_no_finding() {
    let home = Home::new();
    let server = home.up();
    let provider = FakeProvider::start();
    home.use_provider(&provider);
    provider.always(Script::RetryAfter(503, "1"));
    let token = home.token("demo-agent");
    assert!(server.call_model(&token, "local-model").status >= 500);
    // It is set aside for a second, and nobody calls it meanwhile or after.
    let due = (0..10_000).find_map(|_| {
        let run = home.run(&["routes", "local-model", "--json"]);
        (run.code == Some(0)).then(|| run.json())
    });
    let routes = due.expect("its time is over at last");
    let health = target(&routes, "local-model")["health"].clone();
    assert_eq!(health["state"], "probe_due", "{health}");
    assert_eq!(health.get("until"), None, "{health}");
    assert_eq!(routes[0]["finding"], Value::Null);
    let text = home.run(&["routes", "local-model"]);
    assert!(text.ok().contains("due for a probe"), "{}", text.out);
    assert!(!text.out.contains("FINDING"), "{}", text.out);
}
