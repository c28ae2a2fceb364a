//! The first run: what it makes, who may read it, and what a later run, a second process or an
//! interrupted start find.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use ledger::{ControlLog, EntryKind, LogHome, Settings};
use testkit::ManualClock;

use crate::common::{Home, Server, run, text_of, walk};

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().permissions().mode() & 0o777
}

fn names(dir: &Path) -> BTreeSet<String> {
    fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn genesis_count(home: &Home) -> usize {
    home.entries("control").iter().filter(|entry| entry.kind == EntryKind::Genesis).count()
}

/// The umask is none of its concern: what it makes is its owner's alone.
#[test]
fn it_makes_exactly_what_it_says_for_its_owner_alone() {
    let home = Home::new();
    let mut shell = Command::new("/bin/sh");
    shell
        .args(["-c", "umask 000; exec \"$0\" up --listen 127.0.0.1:0"])
        .arg(env!("CARGO_BIN_EXE_portreeve"))
        .env_clear()
        .env("PORTREEVE_HOME", home.root());
    let server = Server::start(shell);
    let token = home.token("demo-agent");
    assert_eq!(server.call(&token).status, 200);

    let made = [
        "admin.sock",
        "begun.json",
        "charter",
        "charters",
        "keys",
        "lock",
        "logs",
        "secrets",
        "settings.yaml",
    ];
    assert_eq!(names(&home.root()), set(&made));
    for said in ["charter/", "keys/person", "keys/", "secrets/", "logs/", "settings.yaml"] {
        assert!(server.banner.contains(&format!("  {said} ")), "{said}: {}", server.banner);
        assert!(home.path(said).exists(), "{said}");
    }
    let keys = [
        "facts",
        "facts.key",
        "log-control.skey",
        "log-decisions.skey",
        "person",
        "person.pub",
        "sealing.key",
        "token.pem",
    ];
    assert_eq!(names(&home.path("keys")), set(&keys));
    assert_eq!(names(&home.path("logs")), set(&["control", "decisions"]));

    let check = || {
        assert_eq!(mode(&home.root()), 0o700);
        walk(&home.root(), &mut |path| {
            let expected = if path.is_dir() { 0o700 } else { 0o600 };
            assert_eq!(mode(path), expected, "{}", path.display());
        });
    };
    assert!(fs::metadata(home.path("admin.sock")).unwrap().file_type().is_socket());
    check();
    server.stop();
    check();
    assert!(!home.path("admin.sock").exists(), "nothing serves, so there is no socket");
}

#[test]
fn what_it_prints_can_be_done() {
    let home = Home::new();
    let server = home.up();
    let curl = server.banner.split("curl").nth(1).expect("a call to copy");
    let mut shell = Command::new("/bin/sh");
    let call = format!("curl{}", curl.split("\n\n").next().unwrap());
    shell.args(["-c", &call]).current_dir(home.folder());
    let answer = run(shell, b"");
    assert!(answer.ok().contains("I am portreeve's built-in demo model"), "{call}\n{answer:?}");
    assert!(server.banner.contains("genesis mode"), "{}", server.banner);
    assert!(server.banner.contains("Trust domain "), "{}", server.banner);
}

#[test]
fn a_second_run_serves_what_is_there() {
    let home = Home::new();
    let server = home.up();
    let before = home.run(&["status", "--json"]).json();
    assert_eq!(server.call(&home.token("demo-agent")).status, 200);
    let first = server.banner.clone();
    server.stop();
    let files = home.files();
    let server = home.up();
    let after = home.run(&["status", "--json"]).json();
    for member in ["gateway", "trust_domain", "charter", "change"] {
        assert_eq!(text_of(&before, member), text_of(&after, member), "{member}");
    }
    assert!(first.contains(&text_of(&after, "trust_domain")), "{first}");
    assert!(server.banner.contains(&text_of(&after, "charter")), "{}", server.banner);
    assert!(!server.banner.contains("Made in"), "{}", server.banner);
    assert_eq!(server.call(&home.token("demo-agent")).status, 200);
    server.stop();
    for (path, bytes) in home.files() {
        let before = files.iter().find(|(earlier, _)| *earlier == path).map(|(_, bytes)| bytes);
        let same = before == Some(&bytes);
        assert!(same || path.starts_with(home.path("logs")), "{} changed", path.display());
    }
    assert_eq!(genesis_count(&home), 1);
}

/// An edited working copy is not what serves.
#[test]
fn editing_the_working_copy_changes_nothing() {
    let home = Home::new();
    home.up().stop();
    fs::remove_dir_all(home.path("charter")).unwrap();
    let server = home.up();
    assert_eq!(server.call(&home.token("demo-agent")).status, 200);
    assert!(!home.path("charter").exists());
}

#[test]
fn a_second_process_is_refused_and_disturbs_nothing() {
    let home = Home::new();
    let mut server = home.up();
    let token = home.token("demo-agent");
    for _ in 0..2 {
        let refused = home.no_up(&[]);
        let said = refused.fails(4);
        assert!(said.contains("is in use by another portreeve"), "{said}");
        assert!(said.contains(&home.root().display().to_string()), "{said}");
        assert!(refused.out.is_empty(), "{}", refused.out);
    }
    assert!(server.is_running());
    assert_eq!(server.call(&token).status, 200);
    assert_eq!(home.run(&["status", "--json"]).json()["serving"], true);
    home.token("demo-agent");
    server.stop();
    home.run(&["ledger", "verify"]).ok();
}

#[test]
fn a_home_that_others_can_enter_is_refused() {
    for bits in [0o755, 0o750, 0o701, 0o770] {
        let home = Home::new();
        fs::create_dir(home.root()).unwrap();
        fs::set_permissions(home.root(), fs::Permissions::from_mode(bits)).unwrap();
        let refused = home.no_up(&[]);
        let said = refused.fails(4);
        assert!(said.contains(&format!("mode {bits:o}")) && said.contains("chmod 700"), "{said}");
        assert_eq!(names(&home.root()), set(&[]), "nothing was made in it");
    }
}

#[test]
fn a_key_that_others_can_read_is_refused() {
    let home = Home::new();
    home.up().stop();
    for key in ["token.pem", "log-control.skey", "log-decisions.skey", "facts.key", "sealing.key"] {
        let path = home.path("keys").join(key);
        for bits in [0o640, 0o604, 0o666] {
            fs::set_permissions(&path, fs::Permissions::from_mode(bits)).unwrap();
            let refused = home.no_up(&[]);
            let said = refused.fails(4);
            assert!(said.contains(key), "{said}");
            assert!(said.contains("chmod 600"), "{said}");
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }
    let _server = home.up();
    let person = home.path("keys/person");
    fs::set_permissions(&person, fs::Permissions::from_mode(0o644)).unwrap();
    let refused = home.run(&["agent", "token", "demo-agent"]);
    assert!(refused.fails(3).contains("chmod 600"), "{refused:?}");
}

/// A first run that stopped before the genesis entry is simply run again: what it made is kept.
#[test]
fn a_first_run_that_was_interrupted_is_completed() {
    let stops: [(&str, &[&str]); 4] = [
        ("before the genesis entry", &["begun.json", "logs"]),
        ("before the charter was stored", &["begun.json", "logs", "charters", "secrets"]),
        (
            "before the log's keys",
            &[
                "begun.json",
                "logs",
                "charters",
                "secrets",
                "settings.yaml",
                "keys/log-control.skey",
                "keys/sealing.key",
                "keys/facts.key",
            ],
        ),
        (
            "before the charter was written",
            &["begun.json", "logs", "charters", "secrets", "settings.yaml", "charter"],
        ),
    ];
    for (when, gone) in stops {
        let home = Home::new();
        home.up().stop();
        let people = fs::read(home.path("charter/people.yaml")).unwrap();
        for path in gone {
            let path = home.path(path);
            if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }.unwrap();
        }
        let server = home.up();
        assert!(server.banner.contains("Made in"), "{when}: {}", server.banner);
        assert_eq!(server.call(&home.token("demo-agent")).status, 200, "{when}");
        if home.path("charter").exists() && !gone.contains(&"charter") {
            assert_eq!(fs::read(home.path("charter/people.yaml")).unwrap(), people, "{when}");
        }
        server.stop();
        assert_eq!(genesis_count(&home), 1, "{when}");
        home.run(&["ledger", "verify"]).ok();
    }
}

/// The log was opened, its first epoch recorded, and then the power went.
#[test]
fn a_log_without_a_genesis_entry_is_still_a_first_run() {
    let home = Home::new();
    home.up().stop();
    fs::remove_dir_all(home.path("logs")).unwrap();
    fs::remove_file(home.path("begun.json")).unwrap();
    let skey = fs::read_to_string(home.path("keys/log-control.skey")).unwrap();
    let key = tlog::LogKey::from_skey(skey.trim()).unwrap();
    let at = LogHome::new(home.path("logs/control"));
    let clock = Arc::new(ManualClock::default());
    drop(ControlLog::open(at, key, clock, Settings::default()).unwrap());
    let server = home.up();
    assert!(server.banner.contains("Made in"), "{}", server.banner);
    assert_eq!(server.call(&home.token("demo-agent")).status, 200);
    server.stop();
    assert_eq!(genesis_count(&home), 1);
}

/// A gateway that served before and lost its control log is not begun a second time.
#[test]
fn a_lost_control_log_is_not_a_first_run() {
    let losses: [&[&str]; 3] = [&["logs"], &["logs/control"], &["logs/control", "begun.json"]];
    for gone in losses {
        let home = Home::new();
        home.up().stop();
        for path in gone {
            let path = home.path(path);
            if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }.unwrap();
        }
        let refused = home.no_up(&[]);
        assert!(refused.fails(4).contains("restore"), "{gone:?}: {refused:?}");
        assert!(!home.path("logs/control").exists(), "{gone:?}: nothing was begun");
    }
}

/// A first run that stopped in the middle of writing the charter leaves no half of one behind.
#[test]
fn half_a_charter_is_never_taken_for_one() {
    let home = Home::new();
    home.up().stop();
    let begun = home.files();
    let again = Home::new();
    // Everything up to the point where the charter's files are being written.
    for (path, bytes) in begun {
        let relative = path.strip_prefix(home.root()).unwrap();
        let keys = relative.starts_with("keys/person") || relative.starts_with("keys/person.pub");
        if keys {
            crate::common::write(&again.root().join(relative), &bytes);
        }
    }
    crate::common::write(&again.path("charter.new/agents/demo-agent.yaml"), b"name: demo-ag");
    fs::set_permissions(again.root(), fs::Permissions::from_mode(0o700)).unwrap();
    let server = again.up();
    assert_eq!(server.call(&again.token("demo-agent")).status, 200);
    assert!(!again.path("charter.new").exists());
}

#[test]
fn a_bad_charter_stops_a_first_run_before_it_listens() {
    let home = Home::new();
    home.up().stop();
    home.replace("agents/demo-agent.yaml", "environment: dev ", "environment: production ");
    home.replace("models/portreeve-demo.yaml", "provider: demo", "provider: dmeo");
    fs::remove_dir_all(home.path("logs")).unwrap();
    fs::remove_file(home.path("begun.json")).unwrap();
    let refused = home.no_up(&[]);
    let said = refused.fails(1);
    assert!(refused.out.is_empty(), "{}", refused.out);
    for place in ["agents/demo-agent.yaml:", "models/portreeve-demo.yaml:"] {
        assert!(said.contains(place), "{place}: {said}");
    }
    assert!(said.contains("who can fix:") && said.contains("help:"), "{said}");
    assert!(!home.path("logs").exists(), "nothing was begun");
}

/// The settings file is written later in a first run: nobody is sent to a file that is not there.
#[test]
fn a_first_run_whose_address_is_taken_says_what_can_be_done_now() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let home = Home::new();
    let refused = home.run(&["up", "--listen", &address]);
    let said = refused.fails(3).to_owned();
    assert!(said.contains(&address) && said.contains("--listen ADDRESS:PORT"), "{said}");
    assert!(!said.contains("settings.yaml"), "{said}");
    home.up().stop();
    let refused = home.run(&["up", "--listen", &address]);
    assert!(refused.fails(3).contains("settings.yaml"), "{refused:?}");
}
