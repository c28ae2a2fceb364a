//! Stories an auditor can read: what a person typed and what they saw, kept word for word.
//!
//! `UPDATE_SCENARIOS=1` rewrites them with what the program prints now; read the difference.

use std::path::Path;

use testkit::Scenario;

use crate::common::{Home, Server};

/// Whether a story begins where the first one ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Gateway {
    New,
    Begun,
}

#[track_caller]
fn check(file: &str, gateway: Gateway) {
    let home = Home::new();
    if gateway == Gateway::Begun {
        let mut command = home.command(&["up", "--listen", "127.0.0.1:0"]);
        command.env_remove("PORTREEVE_HOME");
        Server::start(command).stop();
    }
    let scenarios = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    Scenario::new(home.folder())
        .program(env!("CARGO_BIN_EXE_portreeve"))
        .ready_when("Stop with Ctrl-C")
        .run(&scenarios.join(file));
}

#[test]
fn first_run() {
    check("first-run.txt", Gateway::New);
}

#[test]
fn a_refused_call() {
    check("a-refused-call.txt", Gateway::Begun);
}

#[test]
fn change_of_policy() {
    check("change-of-policy.txt", Gateway::Begun);
}

#[test]
fn secret_rotation() {
    check("secret-rotation.txt", Gateway::Begun);
}

#[test]
fn reading_the_ledger() {
    check("reading-the-ledger.txt", Gateway::Begun);
}
