//! Process settings: a mistake stops the start before it listens, with its place and a fix.

use std::net::TcpListener;

use crate::common::{Home, Run, write};

const GOOD: &str = "listeners:\n  - {address: \"127.0.0.1:0\", transport: tcp, surface: agents}\n  - {address: admin.sock, transport: unix, surface: admin}\n";

/// A start with these settings, on the first run.
fn up(text: &[u8]) -> (Home, Run) {
    let home = Home::new();
    write(&home.path("settings.yaml"), text);
    let run = home.run(&["up"]);
    (home, run)
}

/// Exit code 3, nothing printed to standard output, nothing made in the home.
#[track_caller]
fn refused(what: &str, text: &[u8]) -> String {
    let (home, run) = up(text);
    let said = run.fails(3).to_owned();
    assert!(run.out.is_empty(), "{what}: {}", run.out);
    for made in ["logs", "charters", "admin.sock", "secrets"] {
        assert!(!home.path(made).exists(), "{what}: {made} was made");
    }
    said
}

#[test]
fn each_mistake_is_named_with_file_and_line() {
    let with = |from: &str, to: &str| {
        assert!(GOOD.contains(from), "{from}");
        GOOD.replacen(from, to, 1)
    };
    let mistakes: [(&str, String, &str); 24] = [
        ("no YAML", with("listeners:", "listeners: ["), "settings.yaml:"),
        ("an unknown field", format!("{GOOD}drain: 5\n"), "settings.yaml:4"),
        ("a listener's unknown field", with("tcp,", "tcp, tls: true,"), "settings.yaml:2"),
        ("a field twice", format!("{GOOD}drain_seconds: 5\ndrain_seconds: 6\n"), "settings.yaml:5"),
        ("no listeners", "drain_seconds: 5\n".to_owned(), "settings.yaml:1"),
        ("an empty list", "listeners: []\n".to_owned(), "settings.yaml:1"),
        ("no list", "listeners: 127.0.0.1:0\n".to_owned(), "settings.yaml:1"),
        (
            "nobody for agents",
            GOOD.lines().filter(|line| !line.contains("agents")).collect::<Vec<_>>().join("\n"),
            "settings.yaml:1",
        ),
        (
            "nobody for people",
            GOOD.lines().filter(|line| !line.contains("admin")).collect::<Vec<_>>().join("\n"),
            "settings.yaml:1",
        ),
        ("no port", with("127.0.0.1:0", "127.0.0.1"), "settings.yaml:2"),
        ("a port too large", with("127.0.0.1:0", "127.0.0.1:65536"), "settings.yaml:2"),
        ("a host's name", with("127.0.0.1:0", "localhost:8484"), "settings.yaml:2"),
        ("an unknown transport", with("transport: tcp", "transport: udp"), "settings.yaml:2"),
        ("an unknown surface", with("surface: agents", "surface: agent"), "settings.yaml:2"),
        ("an unknown telemetry", format!("{GOOD}telemetry: {{agents: true}}\n"), "settings.yaml:4"),
        ("no collector", format!("{GOOD}telemetry: {{otlp: {{}}}}\n"), "settings.yaml:4"),
        (
            "a collector elsewhere in the clear",
            format!("{GOOD}telemetry: {{otlp: {{endpoint: \"http://192.0.2.1:4318\"}}}}\n"),
            "settings.yaml:4",
        ),
        (
            "more than all",
            format!(
                "{GOOD}telemetry: {{otlp: {{endpoint: \"http://127.0.0.1:4318\", sample_percent: 101}}}}\n"
            ),
            "settings.yaml:4",
        ),
        ("no flag", format!("{GOOD}telemetry: {{agent_label: perhaps}}\n"), "settings.yaml:4"),
        ("no surface", with(", surface: agents", ""), "settings.yaml:2"),
        ("tls without a certificate", with("transport: tcp", "transport: tls"), "settings.yaml:2"),
        ("a drain time below zero", format!("{GOOD}drain_seconds: -1\n"), "settings.yaml:4"),
        ("a drain time too long", format!("{GOOD}drain_seconds: 3601\n"), "settings.yaml:4"),
        ("a drain time in words", format!("{GOOD}drain_seconds: soon\n"), "settings.yaml:4"),
    ];
    for (what, text, place) in mistakes {
        let said = refused(what, text.as_bytes());
        assert!(said.contains(place), "{what}: {said}");
        assert!(said.contains("help:"), "{what}: {said}");
    }
    assert!(
        refused("no text", &[b"listeners: \xff".as_slice(), b"\n"].concat())
            .contains("settings.yaml")
    );
    assert!(refused("nothing", b"").contains("settings.yaml"));
    let long = format!("{GOOD}# {}\n", "x".repeat(64 * 1024));
    assert!(refused("a huge file", long.as_bytes()).contains("settings.yaml"));
}

#[test]
fn all_mistakes_come_at_once() {
    let text = GOOD.replacen("tcp", "udp", 1) + "drain_seconds: -1\nmore: 1\n";
    let said = refused("three mistakes", text.as_bytes());
    for place in ["settings.yaml:2", "settings.yaml:4", "settings.yaml:5"] {
        assert!(said.contains(place), "{place}: {said}");
    }
}

/// Nobody serves agents in the clear to other machines, or administration over plain TCP.
#[test]
fn what_would_be_open_to_others_is_not_bound() {
    let open = GOOD.replacen("127.0.0.1:0", "0.0.0.0:0", 1);
    let said = refused("plain TCP for everybody", open.as_bytes());
    assert!(said.contains("transport: tls") && said.contains("0.0.0.0:0"), "{said}");
    let admin = GOOD.replacen("admin.sock, transport: unix", "\"127.0.0.1:0\", transport: tcp", 1);
    let said = refused("administration over TCP", admin.as_bytes());
    assert!(said.contains("Unix socket"), "{said}");
    let gone = GOOD.replacen(
        "transport: tcp, surface: agents",
        "transport: tls, surface: agents, certificate: /nowhere/c.pem, key: /nowhere/k.pem",
        1,
    );
    let said = refused("a certificate that is not there", gone.as_bytes());
    assert!(said.contains("/nowhere/c.pem"), "{said}");
}

#[test]
fn an_address_that_is_taken_is_refused_with_a_fix() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let home = Home::new();
    let run = home.run(&["up", "--listen", &address]);
    let said = run.fails(3);
    assert!(said.contains(&address) && said.contains("--listen ADDRESS:PORT"), "{said}");
    assert!(!home.path("logs").exists(), "nothing was begun");
    drop(taken);
    // The same home serves elsewhere afterwards.
    home.up().stop();
}

#[test]
fn a_listen_flag_that_is_no_address_is_a_mistake_of_the_command_line() {
    for address in ["8484", "localhost:8484", "127.0.0.1", "127.0.0.1:99999", ""] {
        let home = Home::new();
        let run = home.run(&["up", "--listen", address]);
        assert!(run.fails(2).contains("such as 127.0.0.1:8484"), "{address}: {run:?}");
    }
    let home = Home::new();
    let run = home.run(&["up", "--listen", "0.0.0.0:0"]);
    assert!(run.fails(3).contains("transport: tls"), "{run:?}");
}

#[test]
fn the_file_a_first_run_writes_is_good_and_is_kept() {
    let home = Home::new();
    home.up().stop();
    let written = std::fs::read_to_string(home.path("settings.yaml")).unwrap();
    assert!(written.contains("drain_seconds: 30"), "{written}");
    let (_, run) = up(written.replace("127.0.0.1:8484", "127.0.0.1:1x").as_bytes());
    assert!(run.fails(3).contains("settings.yaml:"), "only the address was broken: {run:?}");

    let own = Home::new();
    write(&own.path("settings.yaml"), GOOD.as_bytes());
    own.up().stop();
    assert_eq!(std::fs::read_to_string(own.path("settings.yaml")).unwrap(), GOOD);
}
