//! What a serving process says on standard error: as JSON, of each request, and while nobody reads.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use serde_json::Value;
use testkit::{Canary, Connection, FakeProvider, assert_clean};

use crate::common::{Home, write};

const LISTENERS: &str = "listeners:
  - {address: \"127.0.0.1:0\", transport: tcp, surface: agents}
  - {address: admin.sock, transport: unix, surface: admin}
";

/// The lines as JSON, by their event.
fn events(text: &str) -> Vec<(String, Value)> {
    let read = |line: &str| -> Value {
        serde_json::from_str(line).unwrap_or_else(|cause| panic!("{cause}: {line}"))
    };
    let named = |value: Value| (value["event"].as_str().expect("an event").to_owned(), value);
    text.lines().map(read).map(named).collect()
}

#[test]
fn every_line_is_an_object_with_its_event() {
    let home = Home::new();
    let settings = format!("{LISTENERS}log: {{decisions: true}}\n");
    write(&home.path("settings.yaml"), settings.as_bytes());
    let server = home.up_with(&["--log-format", "json"]);
    let provider = FakeProvider::start();
    home.use_provider(&provider);
    let token = home.token("demo-agent");
    assert_eq!(server.call_model(&token, "local-model").status, 200);
    assert_eq!(server.call_model(&token, Canary::Person.value()).status, 404);
    let events = events(&server.stop());
    let names: Vec<&str> = events.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["serving", "decision", "decision", "stopping", "stopped"]);
    for (name, line) in &events {
        assert!(line["time"].as_str().expect("a time").ends_with('Z'), "{name}");
        assert_eq!(line["level"], "info", "{name}");
    }
    let permitted = &events[1].1;
    assert_eq!(permitted["code"], "permitted");
    assert_eq!(permitted["agent"], "demo-agent");
    assert_eq!(permitted["model"], "local-model");
    assert_eq!(permitted["provider"], "local");
    assert_eq!(permitted["ended"], "complete");
    assert!(permitted["input_tokens"].is_u64() && permitted["duration_ms"].is_u64());
    let refused = &events[2].1;
    assert_eq!((&refused["code"], &refused["status"]), (&"model_unknown".into(), &404.into()));
    assert_eq!(refused.get("model"), None, "no charter declares it");
    let text = format!("{events:?}");
    assert_clean(text.as_bytes(), "the lines", &Canary::ALL);
    assert!(!text.contains(&token), "no token");
}

#[test]
fn without_a_setting_lines_are_for_people_and_decisions_have_none() {
    let home = Home::new();
    let server = home.up();
    assert_eq!(server.call(&home.token("demo-agent")).status, 200);
    let text = server.stop();
    assert_eq!(
        text.lines().collect::<Vec<_>>(),
        ["stopping: running answers may end; a second signal stops at once", "stopped"]
    );
}

#[test]
fn a_standard_error_that_nobody_reads_holds_up_nobody() {
    let home = Home::new();
    let settings = format!("{LISTENERS}log: {{decisions: true, format: json}}\n");
    write(&home.path("settings.yaml"), settings.as_bytes());
    let mut child = home
        .command(&["up"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It stays open and is never read.
    let unread = child.stderr.take().unwrap();
    let mut banner = BufReader::new(child.stdout.take().unwrap()).lines();
    let first = banner.next().unwrap().unwrap();
    let address = first.rsplit_once("http://").unwrap().1.parse().unwrap();
    while !banner.next().unwrap().unwrap().contains("Stop with Ctrl-C") {}
    // More than fits into the pipe and the queue: each request is answered all the same.
    let mut connection = Connection::tcp(address);
    for _ in 0..2_500 {
        connection.request("GET", "/v1/models", &[], b"");
        assert_eq!(connection.reply().unwrap().status, 401);
    }
    let mut admin = Connection::unix(&home.path("admin.sock"));
    admin.request("GET", "/metrics", &[], b"");
    let metrics = admin.reply().unwrap().text();
    let dropped = metrics
        .lines()
        .find_map(|line| line.strip_prefix("portreeve_log_lines_dropped_total "))
        .expect("it is counted");
    assert!(dropped.parse::<u64>().unwrap() > 0, "{dropped}");
    // And it stops when it is told to, though its last words find no place.
    let id = child.id().to_string();
    let sent = std::process::Command::new("kill").args(["-TERM", &id]).status().unwrap();
    assert!(sent.success());
    assert!(child.wait().unwrap().success());
    drop(unread);
}
