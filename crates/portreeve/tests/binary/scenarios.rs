//! Stories an auditor can read: what a person typed and what they saw, kept word for word.
//!
//! `UPDATE_SCENARIOS=1` rewrites them with what the program prints now; read the difference.

use std::path::Path;

use testkit::{FakeProvider, Scenario, Script};

use crate::common::{Home, Server};

/// Whether a story begins where the first one ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Gateway {
    New,
    Begun,
}

#[track_caller]
fn check(file: &str, gateway: Gateway) {
    check_with(file, gateway, &[]);
}

/// The same, with `addresses` of providers as the story calls them.
#[track_caller]
fn check_with(file: &str, gateway: Gateway, addresses: &[(&str, String)]) {
    let home = Home::new();
    if gateway == Gateway::Begun {
        let mut command = home.command(&["up", "--listen", "127.0.0.1:0"]);
        command.env_remove("PORTREEVE_HOME");
        Server::start(command).stop();
    }
    let scenarios = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let scenario = Scenario::new(home.folder())
        .program(env!("CARGO_BIN_EXE_portreeve"))
        .ready_when("Stop with Ctrl-C");
    let scenario = addresses.iter().fold(scenario, |story, (name, at)| story.env(name, at));
    scenario.run(&scenarios.join(file));
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

#[test]
fn replaying_decisions() {
    check("replaying-decisions.txt", Gateway::Begun);
}

#[test]
fn one_name_two_providers() {
    let (america, careful) = (FakeProvider::start(), FakeProvider::start());
    america.expect_key("");
    careful.expect_key("");
    careful.always(Script::SafetyRefusal);
    // Nothing listens there: the port was free a moment ago, and nobody else is given it so soon.
    let dead = FakeProvider::start().base_url();
    let addresses =
        [("DEAD", dead), ("AMERICA", america.base_url()), ("CAREFUL", careful.base_url())];
    check_with("one-name-two-providers.txt", Gateway::Begun, &addresses);
    assert_eq!(careful.seen().len(), 1, "the careful one was asked once");
    assert_eq!(
        america.seen().len(),
        2,
        "America was asked once as a fallback, once for the search"
    );
}

#[test]
fn budgets_and_contexts() {
    let (paid, talker) = (FakeProvider::start(), FakeProvider::start());
    paid.expect_key("");
    talker.expect_key("");
    talker.always(Script::EndlessStream);
    let addresses = [("PAID", paid.base_url()), ("TALKER", talker.base_url())];
    check_with("budgets-and-contexts.txt", Gateway::Begun, &addresses);
    assert_eq!(paid.seen().len(), 5, "what a budget or a context refuses is never sent");
    assert_eq!(talker.seen().len(), 1);
}
