//! The command line's promises: JSON on every read, exit codes that scripts can tell apart, and
//! reading with the server up or down.

use serde_json::Value;
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use testkit::{Canary, assert_clean};

use crate::common::{Home, Run, chat, decision, run, text_of};

/// A home that took one call, one refusal and one act.
fn used() -> (Home, crate::common::Server, String) {
    let home = Home::new();
    let server = home.up();
    let token = home.token("demo-agent");
    let reply = server.call(&token);
    assert_eq!(reply.status, 200);
    assert_eq!(server.call_model(&token, "no-such-model").status, 404);
    (home, server, decision(&reply))
}

/// Every command that only reads, with `--json`.
fn reads(decision: &str, change: &str) -> Vec<Vec<String>> {
    let lines = [
        "check",
        "status",
        "policy test",
        "policy list",
        "decisions",
        "decisions --denied",
        "decisions --agent demo-agent --since 1h --limit 1",
        "decisions --code permitted --model portreeve-demo",
        "ledger verify",
        "ledger status",
        "agent list",
        "agent show demo-agent",
        "change list",
        "secret list",
        "secret status",
        "routes",
        "routes portreeve-demo",
        "routes --paths",
    ];
    let mut all: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
    all.push(format!("explain {decision}"));
    all.push(format!("change show {change}"));
    all.iter().map(|line| line.split(' ').map(str::to_owned).collect()).collect()
}

/// An array whose items carry `id` or `name`, or one object that does.
fn check_named(what: &str, json: &Value) {
    let named = |item: &Value| {
        ["id", "name"]
            .iter()
            .any(|member| item[*member].as_str().is_some_and(|text| !text.is_empty()))
    };
    if let Value::Array(items) = json {
        for item in items {
            assert!(named(item), "{what}: {item}");
        }
    } else {
        assert!(json.is_object() && named(json), "{what}: {json}");
    }
}

#[test]
fn every_read_gives_the_same_json_with_the_server_up_and_down() {
    let (home, server, id) = used();
    let change = text_of(&home.run(&["change", "list", "--json"]).json()[0], "id");
    let ask = |command: &[String]| {
        let mut arguments: Vec<&str> = command.iter().map(String::as_str).collect();
        arguments.push("--json");
        home.run(&arguments)
    };
    let up: Vec<(Vec<String>, Run)> =
        reads(&id, &change).into_iter().map(|command| (command.clone(), ask(&command))).collect();
    server.stop();
    for (command, with_server) in up {
        let what = command.join(" ");
        let without = ask(&command);
        check_named(&what, &with_server.json());
        check_named(&what, &without.json());
        assert!(without.err.is_empty(), "{what}: {}", without.err);
        // What stands still says the same; the logs and their proofs go on.
        let moves = ["status", "ledger", "explain", "routes", "secret status"]
            .iter()
            .any(|word| what.starts_with(word));
        assert!(
            moves || with_server.out == without.out,
            "{what}: {}{}",
            with_server.out,
            without.out
        );
        let text = home.run(&command.iter().map(String::as_str).collect::<Vec<_>>());
        assert!(!text.ok().trim().is_empty() || what == "decisions --denied", "{what}");
    }
    let prove = home.run(&["ledger", "prove", &id]);
    assert!(prove.ok().starts_with("c2sp.org/tlog-proof@v1"), "{prove:?}");
    let schema = home.run(&["policy", "schema", "model"]);
    assert!(schema.ok().contains("InvokeModel"), "{schema:?}");
}

#[test]
fn a_command_without_a_gateway_says_what_to_do() {
    let home = Home::new();
    let id = "01993a0e-0000-7000-8000-000000000000";
    let reads: [&[&str]; 11] = [
        &["status"],
        &["explain", id],
        &["decisions"],
        &["ledger", "verify"],
        &["ledger", "status"],
        &["ledger", "prove", id],
        &["agent", "list"],
        &["change", "list"],
        &["change", "show", id],
        &["secret", "list"],
        &["routes"],
    ];
    for command in reads {
        assert!(!home.run(command).fails(4).is_empty(), "{command:?}");
        assert!(!home.root().exists(), "{command:?} made something");
    }
    for command in [&["agent", "token", "demo-agent"][..], &["secret", "put", "demo-key"]] {
        let refused = home.run_with(command, b"a value");
        assert!(refused.fails(4).contains("portreeve up"), "{refused:?}");
        assert!(!home.root().exists(), "{command:?} made something");
    }
}

#[test]
fn exit_codes_tell_mistakes_from_denials() {
    let (home, _server, _) = used();
    let unknown = "01993a0e-0000-7000-8000-000000000000";
    let expected: [(&[&str], i32); 16] = [
        (&["explain", unknown], 1),
        (&["explain", "not-an-id"], 2),
        (&["ledger", "prove", unknown], 1),
        (&["ledger", "prove", "1"], 2),
        (&["agent", "show", "nobody"], 1),
        (&["agent", "token", "nobody"], 1),
        (&["agent", "token", "Not A Name"], 2),
        (&["agent", "token", "demo-agent", "--context", "undeclared"], 1),
        (&["agent", "token", "demo-agent", "--context", "Not A Name"], 2),
        (&["change", "show", unknown], 1),
        (&["secret", "put", "Not A Name"], 2),
        (&["secret", "put", "undeclared"], 1),
        (&["policy", "schema", "everything"], 2),
        (&["decisions", "--since", "yesterday"], 2),
        (&["decisions", "--follow", "--json"], 2),
        (&["check", "nowhere"], 2),
    ];
    for (command, code) in expected {
        let ended = home.run_with(command, b"a value");
        assert!(!ended.fails(code).is_empty(), "{command:?}");
    }
    // The command line's own parser uses the same code for its own kind.
    for command in [
        &["no-such-command"][..],
        &["agent"],
        &["decisions", "--limit", "many"],
        &["up", "--port", "1"],
    ] {
        assert_eq!(home.run(command).code, Some(2), "{command:?}");
    }
    assert!(home.run(&["--help"]).ok().contains("Exit codes:"));
}

#[test]
fn people_get_no_token_of_agents_that_are_suspended_or_in_production() {
    let home = Home::new();
    let _server = home.up();
    for (name, environment, status) in [
        ("night-batch", "prod", "active"),
        ("resting", "dev", "suspended"),
        ("tester", "staging", "active"),
    ] {
        home.write(
            &format!("agents/{name}.yaml"),
            &format!("name: {name}\npurpose: Is there for tests.\nenvironment: {environment}\nstatus: {status}\nreview_by: 2027-06-30\nbindings:\n  - kind: embedded\n"),
        );
    }
    home.apply();
    assert!(home.run(&["agent", "token", "night-batch"]).fails(1).contains("environment prod"));
    assert!(home.run(&["agent", "token", "resting"]).fails(1).contains("suspended"));
    let token = home.run(&["agent", "token", "tester"]);
    assert!(
        token.ok().starts_with("eyJ") && token.out.lines().count() == 1,
        "only the token: {token:?}"
    );
    let status = home.run(&["status"]);
    assert!(status.ok().contains("declared but not served: night-batch"), "{status:?}");
}

#[test]
fn a_token_is_bound_to_a_context_by_the_act_that_asks_for_it() {
    let home = Home::new();
    let server = home.up();
    let told = home.run(&["agent", "token", "demo-agent", "--context", "tickets"]);
    let none = told.fails(1);
    assert!(none.contains("does not declare it. None of this agent's contexts"), "{none}");
    for (name, agent) in [("tickets", "demo-agent"), ("theirs", "helper")] {
        home.write(
            &format!("contexts/{name}.yaml"),
            &format!("name: {name}\npurpose: Is there for tests.\napprover: response-lead\ndata_class: public\nmodels: [portreeve-demo]\nagents: [{agent}]\n"),
        );
    }
    home.write("agents/helper.yaml", "name: helper\npurpose: Is there for tests.\nenvironment: dev\nstatus: active\nreview_by: 2027-06-30\nbindings:\n  - kind: embedded\n");
    home.apply();
    let told = home.run(&["agent", "token", "demo-agent", "--context", "theirs"]);
    let other = told.fails(1);
    assert!(other.contains("does not bind the agent to it. These would do: tickets"), "{other}");
    let token = home.run(&["agent", "token", "demo-agent", "--context", "tickets"]);
    assert!(
        token.ok().starts_with("eyJ") && token.out.lines().count() == 1 && token.err.is_empty(),
        "only the token: {token:?}"
    );
    let reply = server.call(token.ok().trim());
    assert_eq!(reply.status, 200, "{}", reply.text());
    let id = decision(&reply);
    let told = home.run(&["explain", &id]);
    assert!(told.ok().contains("token bound to the approved context tickets"), "{told:?}");
    assert!(told.ok().contains("in the approved context tickets"), "{told:?}");
    let told = home.run(&["explain", &id, "--json"]);
    let all: Value = serde_json::from_str(told.ok()).unwrap();
    assert!(all.to_string().contains("\"context\":\"tickets\""), "{all}");
}

#[test]
fn a_secret_comes_from_standard_input_and_is_never_shown() {
    let home = Home::new();
    let _server = home.up();
    let value = Canary::ProviderKey.value();
    let put = home.run_with(&["secret", "put", "demo-key"], format!("{value}\n").as_bytes());
    assert_eq!(put.ok(), "sealed demo-key v2: pending\n");
    assert!(put.err.contains("active: 2"), "{put:?}");
    let list = home.run(&["secret", "list"]);
    assert!(list.ok().contains("demo-key"), "{list:?}");
    for run in [&put, &list, &home.run(&["secret", "list", "--json"])] {
        assert_clean(run.all().as_bytes(), "what is printed", &[Canary::ProviderKey]);
    }
    testkit::assert_clean_dir(&home.root(), &[Canary::ProviderKey]);
    let refused: [(Vec<u8>, &str); 5] = [
        (Vec::new(), "empty"),
        (b"\n".to_vec(), "empty"),
        (format!("{value}\n{value}").into_bytes(), "control character"),
        (format!(" {value}").into_bytes(), "space"),
        (vec![b'x'; 80 * 1024], "longer than"),
    ];
    for (input, why) in refused {
        let run = home.run_with(&["secret", "put", "demo-key"], &input);
        assert!(run.fails(2).contains(why), "{why}: {run:?}");
        assert_clean(run.all().as_bytes(), "a refusal", &[Canary::ProviderKey]);
    }
}

/// An edited log is a finding, whichever it is and whether it can still be read: one sentence,
/// exit code 1.
#[test]
fn a_log_that_was_touched_is_found() {
    let (home, server, _) = used();
    server.stop();
    home.run(&["ledger", "verify"]).ok();
    // One letter of one entry: once such that it is still JSON, once such that it is none.
    for (log, place, other) in [
        ("decisions", "\"allowed\":true", "\"allowed\":tru3"),
        ("decisions", "\"input_bytes\":", "\"input_bytez\":"),
        ("control", "\"trust_domain\":\"", "\"trust_domain\":'"),
        ("control", "\"actor\":\"founder\"", "\"actor\":\"fuunder\""),
    ] {
        let bundle = bundle_with(&home, log, place);
        let good = std::fs::read(&bundle).unwrap();
        std::fs::write(&bundle, replace_once(&good, place, other)).unwrap();
        let found = home.run(&["ledger", "verify"]);
        assert_eq!(found.code, Some(1), "{other}: {found:?}");
        let json = home.run(&["ledger", "verify", "--json"]);
        assert_eq!(json.code, Some(1), "{other}: {json:?}");
        let all: Value = serde_json::from_str(&json.out).unwrap();
        check_named(other, &all);
        let sound = |name: &str| {
            all.as_array().unwrap().iter().find(|one| one["name"] == name).unwrap()["sound"] == true
        };
        assert_eq!((sound("control"), sound("decisions")), (log != "control", log != "decisions"));
        std::fs::write(&bundle, &good).unwrap();
        home.run(&["ledger", "verify"]).ok();
    }
}

/// The newest entry bundle of a log that holds `text`: earlier ones are shorter and stay behind.
fn bundle_with(home: &Home, log: &str, text: &str) -> std::path::PathBuf {
    let mut found: Vec<std::path::PathBuf> = Vec::new();
    let tiles = home.path("logs").join(log).join("tile/entries");
    crate::common::walk(&tiles, &mut |path| {
        let holds =
            path.is_file() && String::from_utf8_lossy(&std::fs::read(path).unwrap()).contains(text);
        if holds {
            found.push(path.to_owned());
        }
    });
    let newest = found.into_iter().max_by_key(|path| std::fs::metadata(path).unwrap().len());
    newest.unwrap_or_else(|| panic!("no bundle of {log} holds {text}"))
}

fn replace_once(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let at = bytes.windows(from.len()).position(|window| window == from.as_bytes()).unwrap();
    [&bytes[..at], to.as_bytes(), &bytes[at + from.len()..]].concat()
}

/// Requests that prove nobody are counted, and the id of their window explains itself.
#[test]
fn refusals_without_an_identity_are_explained_as_a_count() {
    let home = Home::new();
    let server = home.up();
    let body = chat("portreeve-demo", false).to_string();
    let reply = testkit::post(server.address, "/v1/chat/completions", &[], body.as_bytes());
    assert_eq!(reply.status, 401);
    assert!(reply.header("www-authenticate").is_some());
    let id = decision(&reply);
    server.stop();
    let explain = home.run(&["explain", &id]);
    assert!(explain.ok().contains("proved no identity"), "{explain:?}");
    let json = home.run(&["explain", &id, "--json"]).json();
    assert_eq!(text_of(&json, "id"), id);
}

/// `portreeve decisions | head` ends quietly: a closed pipe is no panic.
#[test]
fn a_closed_pipe_ends_output_and_nothing_else() {
    let (home, _server, _) = used();
    let mut shell = std::process::Command::new("/bin/sh");
    shell
        .args(["-c", "{ \"$0\" decisions; echo ended $? >&2; } | true"])
        .arg(env!("CARGO_BIN_EXE_portreeve"))
        .env("PORTREEVE_HOME", home.root());
    let ended = run(shell, b"");
    assert!(ended.err.contains("ended 0"), "{ended:?}");
    assert!(!ended.err.contains("panicked"), "{ended:?}");
}

#[test]
fn decisions_are_followed_as_they_come() {
    let home = Home::new();
    let server = home.up();
    let token = home.token("demo-agent");
    let mut follow =
        home.command(&["decisions", "--follow"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(follow.stdout.take().unwrap()).lines();
    for _ in 0..2 {
        let reply = server.call(&token);
        let id = reply.header("portreeve-decision").unwrap().to_owned();
        let line = lines.next().unwrap().unwrap();
        assert!(line.contains(&id) && line.contains("allow permitted"), "{line}");
    }
    follow.kill().unwrap();
    follow.wait().unwrap();
    server.stop();
}
