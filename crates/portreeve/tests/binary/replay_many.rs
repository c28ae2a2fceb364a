//! `portreeve replay --bundle`: who would gain and who would lose under another charter.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::common::{Home, Run, Server, copy_dir, decision, text_of, write};

/// Tests that hold whatever policies permit.
const TESTS: &str = "tests:\n  - name: nobody uses what is not there\n    agent: demo-agent\n    ask: {model: no-such-model}\n    expect: {verdict: unknown}\n";

/// A copy of the working copy of the charter, to be changed.
struct Candidate<'h> {
    home: &'h Home,
    dir: PathBuf,
}

impl<'h> Candidate<'h> {
    fn new(home: &'h Home) -> Self {
        let dir = home.folder().join("candidate");
        copy_dir(&home.path("charter"), &dir);
        let candidate = Self { home, dir };
        candidate.write("tests/demo.yaml", TESTS);
        candidate
    }

    fn write(&self, path: &str, text: &str) {
        write(&self.dir.join(path), text.as_bytes());
    }

    fn remove(&self, path: &str) {
        fs::remove_file(self.dir.join(path)).unwrap();
    }

    fn replace(&self, path: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.dir.join(path)).unwrap();
        assert!(text.contains(from), "{path} does not hold `{from}`");
        self.write(path, &text.replace(from, to));
    }

    fn run(&self, more: &[&str]) -> Run {
        let dir = self.dir.display().to_string();
        self.home.run(&[&["replay", "--since", "2026-01-01", "--bundle", &dir], more].concat())
    }

    /// What it prints as JSON, where it ends with `code`.
    #[track_caller]
    fn report(&self, code: i32) -> Value {
        let run = self.run(&["--json"]);
        assert_eq!(run.code, Some(code), "{run:?}");
        serde_json::from_str(&run.out).unwrap_or_else(|cause| panic!("{cause}: {run:?}"))
    }
}

fn responses(server: &Server, token: &str, body: &str) -> testkit::Reply {
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str())];
    testkit::post(server.address, "/v1/responses", &headers, body.as_bytes())
}

/// Three calls of the demo model, one that would have its provider keep it, one of a model that
/// is not there and one list.
fn calls(home: &Home, server: &Server) -> String {
    let token = home.token("demo-agent");
    let ids = [(); 3].map(|()| decision(&server.call(&token)));
    assert_eq!(
        responses(server, &token, r#"{"model": "portreeve-demo", "input": "a"}"#).status,
        403
    );
    assert_eq!(server.call_model(&token, "no-such-model").status, 404);
    let bearer = format!("Bearer {token}");
    let list = testkit::get(server.address, "/v1/models", &[("authorization", bearer.as_str())]);
    assert_eq!(list.status, 200);
    ids[0].clone()
}

#[test]
fn under_the_charter_in_force_nobody_gains_or_loses() {
    let home = Home::new();
    let server = home.up();
    calls(&home, &server);
    let candidate = Candidate::new(&home);
    let report = candidate.report(0);
    assert_eq!(report["replayed"], 4);
    // A guardrail reads the token's age in seconds, which may have gone on from call to call.
    assert!((2..=4).contains(&report["situations"].as_u64().unwrap()), "{report}");
    assert_eq!(report["not_replayed"], json!({ "before_policy": 1, "not_evaluated": 1 }));
    assert_eq!(report["calls"], json!({ "loses": 0, "gains": 0, "moves": 0 }));
    assert_eq!(report["groups"], json!([]));
    let text = candidate.run(&[]);
    assert!(text.ok().contains("Would be refused: nobody\n"), "{text:?}");
    server.stop();
    assert_eq!(candidate.report(0), report, "it is the same when nothing serves");
    let nobody = candidate.run(&["--agent", "somebody-else", "--json"]).json();
    assert_eq!(nobody["replayed"], 0);
    assert_eq!(candidate.run(&["--until", "1h", "--json"]).json()["replayed"], 0);
}

#[test]
fn a_permit_that_is_gone_says_who_loses() {
    let home = Home::new();
    let server = home.up();
    let example = calls(&home, &server);
    let candidate = Candidate::new(&home);
    candidate.remove("policies/model/10-demo.cedar");
    candidate.write("policies/model/10-none.cedar", "// Nobody.\n");
    let report = candidate.report(1);
    assert_eq!(report["calls"], json!({ "loses": 3, "gains": 0, "moves": 0 }));
    let [group] = report["groups"].as_array().unwrap().as_slice() else { panic!("{report}") };
    assert_eq!(group["id"], *example);
    assert_eq!(group["agent"], "demo-agent");
    assert_eq!(group["operation"], "chat_completions");
    assert_eq!(group["model"], "portreeve-demo");
    assert_eq!((&group["was"], &group["would"]), (&json!("permitted"), &json!("model_unknown")));
    let gone = "model/demo (policies/model/10-demo.cedar:9) is gone";
    // The key's own permit is still there, and is not the difference.
    assert_eq!(group["because"], json!([gone]));
    assert_eq!(group["calls"], 3);
    assert!(text_of(group, "first") <= text_of(group, "last"));
    let text = candidate.run(&[]);
    assert_eq!(text.code, Some(1));
    for part in
        ["Would be refused: 3 calls", "demo-agent: chat_completions of portreeve-demo", gone]
    {
        assert!(text.out.contains(part), "{part}: {}", text.out);
    }
}

#[test]
fn a_forbid_and_a_declaration_say_who_loses_too() {
    let home = Home::new();
    let server = home.up();
    calls(&home, &server);
    let check = |change: &dyn Fn(&Candidate<'_>), would: &str, because: &str| {
        let candidate = Candidate::new(&home);
        change(&candidate);
        let report = candidate.report(1);
        assert_eq!(report["calls"]["loses"], 3, "{report}");
        assert_eq!(report["groups"][0]["would"], would);
        assert_eq!(report["groups"][0]["because"], json!([because]));
        fs::remove_dir_all(&candidate.dir).unwrap();
    };
    let closed = "@id(\"closed\")\n@owner(\"seat:response-lead\")\n@rationale(\"Closed.\")\nforbid (principal, action == Action::\"InvokeModel\", resource);\n";
    check(
        &|candidate| candidate.write("policies/guardrails/20-closed.cedar", closed),
        "policy_forbids",
        "guardrails/closed (policies/guardrails/20-closed.cedar:1) forbids it",
    );
    check(
        &|candidate| {
            candidate.replace("agents/demo-agent.yaml", "status: active", "status: suspended")
        },
        "agent_suspended",
        "agent_suspended: The agent is suspended.",
    );
    check(
        &|candidate| {
            candidate.replace(
                "policies/model/10-demo.cedar",
                "\n);",
                "\n)\nwhen { context.call.stream };",
            );
        },
        "policy_no_permit",
        "model/demo (policies/model/10-demo.cedar:9) was changed",
    );
}

#[test]
fn a_new_permit_says_who_gains_and_another_place_who_moves() {
    let home = Home::new();
    let server = home.up();
    calls(&home, &server);
    let candidate = Candidate::new(&home);
    candidate.write(
        "policies/tool/20-keep.cedar",
        "@id(\"keep\")\n@owner(\"seat:response-lead\")\n@rationale(\"Kept.\")\npermit (principal, action == Action::\"StoreAtProvider\", resource);\n",
    );
    candidate.replace(
        "models/portreeve-demo.yaml",
        "targets:\n",
        "targets:\n  - provider: demo\n    upstream_model: portreeve-demo-2\n",
    );
    let report = candidate.report(1);
    assert_eq!(report["calls"], json!({ "loses": 0, "gains": 1, "moves": 3 }), "{report}");
    let [gain, moved] = report["groups"].as_array().unwrap().as_slice() else { panic!("{report}") };
    assert_eq!((&gain["was"], &gain["would"]), (&json!("storage_refused"), &json!("permitted")));
    let permits = "tool/keep (policies/tool/20-keep.cedar:1) permits it";
    assert_eq!(gain["because"], json!([permits]));
    assert_eq!(moved["because"], json!(["now at demo as portreeve-demo-2"]));
}

/// What a budget refused is allowed as far as policy goes: a candidate does not give it back.
#[test]
fn what_a_budget_refused_is_no_gain_and_can_be_a_loss() {
    let home = Home::new();
    let server = home.up();
    home.write(
        "quotas/demo.yaml",
        "name: demo\npurpose: What the demo agent may use.\nfor: {agent: demo-agent}\nlimits:\n  - {what: requests, per: month, at_most: 1}\n",
    );
    home.apply();
    let token = home.token("demo-agent");
    assert_eq!(server.call(&token).status, 200);
    assert_eq!(server.call(&token).status, 429);
    let candidate = Candidate::new(&home);
    candidate.remove("quotas/demo.yaml");
    assert_eq!(candidate.report(0)["replayed"], 2);
    candidate.write("policies/model/10-demo.cedar", "// Nobody.\n");
    let report = candidate.report(1);
    assert_eq!(report["calls"]["loses"], 2);
    let codes: Vec<&Value> =
        report["groups"].as_array().unwrap().iter().map(|group| &group["was"]).collect();
    assert_eq!(codes, ["budget_exhausted", "permitted"]);
}

#[test]
fn a_model_that_only_the_candidate_declares_is_told_of() {
    let home = Home::new();
    let server = home.up();
    calls(&home, &server);
    let candidate = Candidate::new(&home);
    candidate.write(
        "models/more.yaml",
        "name: no-such-model\npurpose: Now it is.\ntargets:\n  - provider: demo\n    upstream_model: x\n",
    );
    let report = candidate.report(0);
    assert_eq!(report["asked_for_models_only_the_candidate_declares"], 1);
    let text = candidate.run(&[]);
    assert!(text.ok().contains("1 call asked for models that only the candidate declares"));
}

#[test]
fn what_cannot_be_replayed_is_counted_by_reason() {
    let home = Home::new();
    let server = home.up();
    calls(&home, &server);
    server.stop();
    let candidate = Candidate::new(&home);
    let key = home.path("keys/facts/agent.demo-agent.1.key");
    let bytes = fs::read(&key).unwrap();
    fs::remove_file(&key).unwrap();
    fs::write(home.path("keys/facts/agent.demo-agent.1.erased"), "").unwrap();
    // Nothing at all can be said, and that is no yes.
    let report = candidate.report(4);
    assert_eq!(report["replayed"], 0);
    assert_eq!(report["not_replayed"]["facts_erased"], 4);
    fs::remove_file(home.path("keys/facts/agent.demo-agent.1.erased")).unwrap();
    write(&key, &bytes);
    fs::remove_dir_all(home.path("logs/decisions/payloads")).unwrap();
    assert_eq!(candidate.report(4)["not_replayed"]["facts_lost"], 4);
    fs::remove_file(home.path("keys/facts.key")).unwrap();
    assert!(candidate.run(&[]).fails(4).contains("facts.key"));
}

#[test]
fn odd_command_lines_and_unsound_candidates_are_refused() {
    let home = Home::new();
    home.up().stop();
    let candidate = Candidate::new(&home);
    let dir = candidate.dir.display().to_string();
    let id = "0190a0f0-0000-7000-8000-000000000001";
    for arguments in [
        &["replay", "--bundle", &dir][..],
        &["replay", "--since", "1d"],
        &["replay", id, "--bundle", &dir, "--since", "1d"],
        &["replay", id, "--until", "1d"],
        &["replay", "--since", "tomorrow", "--bundle", &dir],
        &["replay", "--since", "1h", "--until", "2h", "--bundle", &dir],
        &["replay", "--since", "1h", "--agent", "Not A Name", "--bundle", &dir],
        &["replay", "--since", "1d", "--bundle", "no-such-folder"],
    ] {
        let run = home.run(arguments);
        assert_eq!(run.code, Some(2), "{arguments:?}: {run:?}");
    }
    candidate.replace("policies/model/10-demo.cedar", "InvokeModel", "CallTool");
    let run = candidate.run(&[]);
    let told = run.fails(1);
    assert!(told.contains("policies/model/10-demo.cedar:"), "{told}");
    assert_eq!(run.out, "");
}
