//! Changing the charter from the command line, and what keeps serving when a change is refused.

use std::fs;

use serde_json::Value;

use crate::common::{Home, Server, copy_dir, ssh_key, text_of};

/// A gateway whose working copy declares one agent more, not applied yet.
fn with_helper() -> (Home, Server) {
    let home = Home::new();
    let server = home.up();
    home.write(
        "agents/helper.yaml",
        "name: helper\npurpose: Answers questions about the office.\nenvironment: dev\nstatus: active\nreview_by: 2027-06-30\nbindings:\n  - kind: embedded\n",
    );
    (home, server)
}

fn copy(home: &Home) -> String {
    home.path("charter").display().to_string()
}

fn in_force(home: &Home) -> String {
    text_of(&home.run(&["status", "--json"]).json(), "charter")
}

#[test]
fn a_proposal_is_checked_shown_and_applied_only_where_asked() {
    let (home, server) = with_helper();
    let base = in_force(&home);
    let shown = home.run(&["change", "propose", &copy(&home)]);
    assert!(shown.ok().contains("added    agents/helper.yaml"), "{shown:?}");
    assert!(shown.out.contains(&format!("replaces {base}")), "{shown:?}");
    assert!(shown.err.contains("checked, not applied"), "{shown:?}");
    assert_eq!(in_force(&home), base);
    assert!(home.run(&["agent", "token", "helper"]).fails(1).contains("no agent `helper`"));

    let applied = home.run(&["change", "propose", &copy(&home), "--apply"]);
    assert!(applied.ok().contains("UNREVIEWED"), "{applied:?}");
    assert_ne!(in_force(&home), base);
    home.token("helper");
    let again = home.run(&["change", "propose", &copy(&home), "--apply"]);
    assert!(again.fails(1).contains("in force already"), "{again:?}");

    let changes = home.run(&["change", "list", "--json"]).json();
    let [genesis, change] = changes.as_array().unwrap().as_slice() else { panic!("{changes}") };
    assert_eq!(genesis["base"], Value::Null);
    assert_eq!(text_of(change, "base"), base);
    assert_eq!(change["reviewed"], false);
    let show = home.run(&["change", "show", &text_of(change, "id"), "--json"]).json();
    assert_eq!(show["files"], serde_json::json!({ "agents/helper.yaml": "added" }));
    assert_eq!(show["act"]["act"]["verb"], "charter.apply");
    server.stop();
    assert_eq!(home.run(&["change", "list", "--json"]).json(), changes, "with the server down too");
}

/// A removed file, a changed one and an added one are told apart.
#[test]
fn a_change_shows_every_file_that_differs() {
    let (home, _server) = with_helper();
    home.replace("README.md", "\n", "\n\n");
    let show = |id: &str| home.run(&["change", "show", id]).ok().to_owned();
    let first = home.apply();
    assert!(show(&first).contains("changed  README.md"), "{}", show(&first));
    fs::remove_file(home.path("charter/agents/helper.yaml")).unwrap();
    let second = home.apply();
    assert!(show(&second).contains("removed  agents/helper.yaml"), "{}", show(&second));
}

#[test]
fn a_bad_charter_is_refused_and_the_last_good_one_keeps_serving() {
    let (home, server) = with_helper();
    let (base, token) = (in_force(&home), home.token("demo-agent"));
    home.replace("agents/helper.yaml", "environment: dev", "environment: production");
    home.replace("providers/demo.yaml", "kind: demo", "kind: dmeo");
    let refused = home.run(&["change", "propose", &copy(&home), "--apply"]);
    let said = refused.fails(1);
    assert!(
        said.contains("agents/helper.yaml:3") && said.contains("providers/demo.yaml:"),
        "{said}"
    );
    assert!(said.contains("who can fix:"), "{said}");
    assert_eq!(in_force(&home), base);
    assert_eq!(server.call(&token).status, 200);
    // A start reads the store, not the broken working copy.
    server.stop();
    let server = home.up();
    assert_eq!(server.call(&home.token("demo-agent")).status, 200);
    let check = home.run(&["check"]);
    assert_eq!(check.code, Some(1));
    assert!(check.out.contains("agents/helper.yaml:3"), "{check:?}");
}

#[test]
fn policy_that_fails_the_charters_own_tests_is_refused() {
    let (home, server) = with_helper();
    let token = home.token("demo-agent");
    home.replace("policies/model/10-demo.cedar", "demo-agent", "helper");
    let refused = home.run(&["change", "propose", &copy(&home), "--apply"]);
    let said = refused.fails(1);
    assert!(said.contains("demo-agent may use the demo model"), "{said}");
    assert!(said.contains("expected allow, found unknown"), "{said}");
    assert_eq!(server.call(&token).status, 200);
}

#[test]
fn a_change_takes_effect_between_two_requests() {
    let (home, server) = with_helper();
    let token = home.token("demo-agent");
    assert_eq!(server.call(&token).status, 200);
    home.replace("agents/demo-agent.yaml", "status: active ", "status: suspended ");
    // Its own tests expect it to be allowed; they are part of the charter.
    fs::remove_file(home.path("charter/tests/demo.yaml")).unwrap();
    home.write(
        "tests/suspended.yaml",
        "tests:\n  - name: a suspended agent is refused\n    agent: demo-agent\n    ask: {model: no-such-model}\n    expect:\n      verdict: unknown\n",
    );
    home.apply();
    let refused = server.call(&token);
    assert!(matches!(refused.status, 401 | 403), "{}", refused.text());
    let told = home.run(&["agent", "token", "demo-agent"]);
    assert!(told.fails(1).contains("suspended"), "{told:?}");
}

#[test]
fn what_a_gateway_keeps_cannot_be_changed() {
    let (home, _server) = with_helper();
    let domain = text_of(&home.run(&["status", "--json"]).json(), "trust_domain");
    home.replace("charter.yaml", &domain, "other.portreeve.internal");
    let refused = home.run(&["change", "propose", &copy(&home), "--apply"]);
    assert!(refused.fails(1).contains("keeps its trust domain"), "{refused:?}");
    home.replace("charter.yaml", "other.portreeve.internal", &domain);
    home.replace("charter.yaml", "name: portreeve", "name: customs-house");
    let refused = home.run(&["change", "propose", &copy(&home), "--apply"]);
    assert!(refused.fails(1).contains("keeps its name"), "{refused:?}");
}

#[test]
fn who_may_not_change_it_does_not() {
    let (home, server) = with_helper();
    let base = in_force(&home);
    let foreign = ssh_key(home.folder(), "foreign", &["ed25519"], "").display().to_string();
    let propose =
        |key: &str| home.run(&["change", "propose", &copy(&home), "--apply", "--person-key", key]);
    assert!(propose(&foreign).fails(5).contains("people.yaml"));
    let mut seal = home.command(&["secret", "put", "demo-key"]);
    seal.env("PORTREEVE_PERSON_KEY", &foreign);
    assert!(crate::common::run(seal, b"a value").fails(5).contains("people.yaml"));
    assert_eq!(in_force(&home), base);

    // Without a server nothing is changed, whoever asks.
    server.stop();
    let propose = home.run(&["change", "propose", &copy(&home), "--apply"]);
    assert!(propose.fails(4).contains("portreeve up"), "{propose:?}");
    assert!(home.run(&["agent", "token", "demo-agent"]).fails(4).contains("portreeve up"));
    assert!(
        home.run_with(&["secret", "put", "demo-key"], b"a value").fails(4).contains("portreeve up")
    );
    assert_eq!(in_force(&home), base);
}

/// A charter that was changed after it was applied, in the store itself, is not served.
#[test]
fn an_edited_store_is_noticed_at_the_start() {
    let home = Home::new();
    home.up().stop();
    let digest = in_force(&home);
    let stored = home.path("charters").join(digest.trim_start_matches("sha256:"));
    assert!(stored.is_dir());
    let policy = stored.join("policies/guardrails/10-baseline.cedar");
    fs::write(&policy, b"// nothing is forbidden any more\n").unwrap();
    let refused = home.no_up(&[]);
    assert!(refused.fails(4).contains("was changed in the store"), "{refused:?}");
    assert!(refused.out.is_empty(), "{}", refused.out);
    // The working copy still holds it: put back, it serves.
    fs::remove_dir_all(&stored).unwrap();
    copy_dir(&home.path("charter"), &stored);
    home.up().stop();
}

/// Sound, and yet every call would be refused: said before it is applied.
#[test]
fn a_model_whose_key_no_policy_lends_is_a_warning() {
    let (home, _server) = with_helper();
    home.write(
        "policies/model/30-helper.cedar",
        "@id(\"helper\")\n@owner(\"seat:policy-lead\")\n@rationale(\"Tests.\")\npermit (principal == Agent::\"helper\", action == Action::\"InvokeModel\", resource == Model::\"portreeve-demo\");\n",
    );
    let found = "warning: agent helper may use model `portreeve-demo` at demo, but no policy lends \
                 secret `demo-key` for it";
    let check = home.run(&["check"]);
    assert!(check.ok().contains(found), "{check:?}");
    let json = home.run(&["check", "--json"]).json();
    assert_eq!(json[0]["id"], "secret-not-permitted", "{json}");
    assert_eq!(json[0]["severity"], "warning", "{json}");
    let applied = home.run(&["change", "propose", &copy(&home), "--apply"]);
    assert!(applied.ok().contains("applied as change"), "{applied:?}");
    assert!(applied.err.contains(found), "{applied:?}");
}

/// A budget that is for somebody else counts from nothing: the change says so before it is applied,
/// when it is, and whenever it is shown.
#[test]
fn a_change_says_whose_budget_becomes_another_account() {
    let home = Home::new();
    let _server = home.up();
    let quota = |applies: &str, at_most: u32| {
        format!(
            "name: demo-month\npurpose: A test.\nfor: {applies}\nlimits:\n  \
             - {{what: requests, per: month, at_most: {at_most}}}\n"
        )
    };
    let change = |text: &str, expected: Option<&str>| {
        home.write("quotas/demo-month.yaml", text);
        let proposed = home.run(&["change", "propose", &copy(&home)]);
        let shown = home.run(&["change", "show", &home.apply()]);
        let said = [proposed.ok().to_owned() + &proposed.err, shown.ok().to_owned()];
        for text in said {
            assert_eq!(text.contains("note: budget"), expected.is_some(), "{text}");
            assert!(text.contains(expected.unwrap_or_default()), "{text}");
        }
    };
    change(&quota("{agent: demo-agent}", 1), None);
    change(&quota("{agent: demo-agent}", 2), None);
    let to_all = "budget `demo-month` was for agent demo-agent and is for the gateway: that is another account, which begins at nothing.";
    change(&quota("gateway", 2), Some(to_all));
    let apart = "was for the gateway and is for the gateway, each agent apart:";
    change(&quota("gateway\neach: agent", 2), Some(apart));
}
