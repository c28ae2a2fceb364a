//! How commands fail: one code each, told in the form that was asked for, on standard error alone.

use serde_json::Value;

use crate::common::{Home, Run, text_of};

/// The one object on standard error.
#[track_caller]
fn told(run: &Run, code: &str) -> Value {
    assert!(run.out.is_empty(), "{run:?}");
    assert_eq!(run.err.lines().count(), 1, "{}", run.err);
    let json: Value = serde_json::from_str(&run.err).unwrap_or_else(|_| panic!("{}", run.err));
    assert_eq!(text_of(&json, "code"), code, "{json}");
    assert_eq!(json["exit"].as_i64(), run.code.map(i64::from), "{json}");
    for member in ["what", "help", "page"] {
        assert!(!text_of(&json, member).is_empty(), "{member}: {json}");
    }
    json
}

#[test]
fn each_kind_of_failure_has_its_code() {
    let home = Home::new();
    let json = |words: &[&str]| home.run(&[words, &["--error-format", "json"]].concat());
    told(&json(&["status"]), "not_begun");
    let server = home.up();
    for (words, code) in [
        (&["agent", "show", "nobody"][..], "not_known"),
        (&["routes", "no-such-model"], "not_known"),
        (&["budgets", "no-such-budget"], "not_known"),
        (&["secret", "status", "no-such-secret"], "not_known"),
        (&["explain", "01993a0e-0000-7000-8000-000000000000"], "not_known"),
        (&["ledger", "prove", "01993a0e-0000-7000-8000-000000000000"], "not_known"),
        (&["help", "no-such-topic"], "not_known"),
        (&["agent", "token", "nobody"], "act_denied"),
        (&["explain", "not-an-id"], "name_invalid"),
        (&["agent", "token", "Not A Name"], "name_invalid"),
        (&["no-such-command"], "command_line"),
        (&["decisions", "--follow", "--json"], "command_line"),
        (&["agent", "token", "demo-agent", "--person-key", "nowhere"], "setting_invalid"),
    ] {
        told(&json(words), code);
    }
    let charter = home.path("charter");
    std::fs::write(charter.join("agents/demo-agent.yaml"), "name: demo-agent\n").unwrap();
    let run = json(&["change", "propose", charter.to_str().unwrap()]);
    told(&run, "charter_invalid");
    let second = json(&["up", "--listen", "127.0.0.1:0"]);
    told(&second, "home_unusable");
    server.stop();
    std::fs::remove_file(home.path("keys/person")).unwrap();
    told(&json(&["agent", "token", "demo-agent"]), "no_key");
    let place = told(&json(&["ping", "demo-agent", "portreeve-demo"]), "nothing_serves");
    assert!(text_of(&place, "where").ends_with("admin.sock"), "{place}");
}

#[test]
fn people_get_a_rule_screen_readers_get_none_and_nobody_gets_colour_in_a_file() {
    let home = Home::new();
    let human = home.run(&["status"]);
    let human = human.fails(4);
    assert!(human.lines().skip(1).all(|line| line.starts_with(['│', '╰'])), "{human}");
    assert!(human.contains("code  not_begun") && human.contains("read  docs/"), "{human}");
    assert!(!human.contains('\u{1b}'), "{human}");
    let plain = home.run(&["status", "--error-format", "plain"]);
    let plain = plain.fails(4);
    assert!(plain.is_ascii() && plain.contains("\ncode: not_begun\n"), "{plain}");
    let before = home.run(&["--error-format=json", "no-such-command"]);
    assert!(before.err.starts_with('{'), "{before:?}");
    assert_eq!(home.run(&["--version"]).code, Some(0));
}

#[test]
fn a_name_that_is_nearly_right_is_guessed_and_never_taken() {
    let home = Home::new();
    let server = home.up();
    let id = crate::common::decision(&server.call(&home.token("demo-agent")));
    for (words, guess) in [
        (&["agent", "show", "demo-agnet"][..], "demo-agent"),
        (&["routes", "portreve-demo"], "portreeve-demo"),
        (&["secret", "status", "demo-kye"], "demo-key"),
        (&["help", "exit-code"], "exit-codes"),
        (&["explain", &id[..9]], &id),
        (&["ledger", "prove", &id[..9]], &id),
    ] {
        let run = home.run(words);
        assert!(matches!(run.code, Some(1 | 2)) && run.out.is_empty(), "{run:?}");
        assert!(run.err.to_lowercase().contains("did you mean"), "{run:?}");
        assert!(run.err.contains(guess), "{guess}: {run:?}");
    }
    let pinged = home.run(&["ping", "demo-agnet", "portreeve-demo"]);
    assert_eq!(pinged.code, Some(1));
    assert!(pinged.out.contains("Did you mean `demo-agent`?"), "{pinged:?}");
    let pinged = home.run(&["ping", "demo-agent", "portreve-demo"]);
    assert!(pinged.out.contains("Did you mean `portreeve-demo`?"), "{pinged:?}");
}

#[test]
fn help_has_topics_and_every_command() {
    let home = Home::new();
    let codes = home.run(&["help", "exit-codes"]);
    assert!(codes.ok().starts_with("Exit codes:"), "{codes:?}");
    assert!(home.run(&["help"]).ok().contains("Topics of `portreeve help`"));
    assert!(home.run(&["help", "agent", "token"]).ok().contains("--person-key"));
    assert!(home.run(&["help", "errors", "not_begun"]).ok().contains("exit code 4"));
    assert!(!home.root().exists(), "help makes nothing");
}

#[test]
fn what_was_refused_says_which_name_may_have_been_meant() {
    let home = Home::new();
    let server = home.up();
    for (words, code, guess) in [
        (&["agent", "token", "demo-agnet"][..], "act_denied", "demo-agent"),
        (&["secret", "put", "demo-kye"], "act_denied", "demo-key"),
    ] {
        let run = home.run_with(words, b"a value");
        assert!(run.fails(1).contains(&format!("Did you mean `{guess}`?")), "{run:?}");
        assert!(run.err.contains(&format!("code  {code}")), "{run:?}");
    }
    // What is not near, or is declared and refused for another reason, is not guessed.
    let run = home.run(&["agent", "token", "somebody-else"]);
    assert!(!run.fails(1).contains("Did you mean"), "{run:?}");
    for (words, guess) in [
        (&["--agent", "demo-agnet"][..], "demo-agent"),
        (&["--model", "portreve-demo"], "portreeve-demo"),
        (&["--code", "policy_forbid"], "policy_forbids"),
    ] {
        let run = home.run(&[&["decisions"], words].concat());
        assert_eq!(run.ok(), "");
        let meant = format!("no decision is of that name. Did you mean `{guess}`?\n");
        assert_eq!(run.err, meant);
    }
    let right = home.run(&["decisions", "--agent", "demo-agent"]);
    assert!(right.ok().is_empty() && right.err.is_empty(), "{right:?}");
    let pinged = home.run(&["ping", "demo-agent", "portreeve-demo@dmeo"]);
    assert!(pinged.out.contains("Did you mean `demo`?"), "{pinged:?}");
    server.stop();
}
