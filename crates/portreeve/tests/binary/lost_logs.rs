//! Logs and keys that were removed, put back from an older copy or swapped: never begun again,
//! never written on, always said.

use std::fs;

use crate::common::{Home, copy_dir};

/// A home that served a call, stopped, with its agent suspended by a signed act.
fn suspended() -> Home {
    let home = Home::new();
    let server = home.up();
    let token = home.token("demo-agent");
    assert_eq!(server.call(&token).status, 200);
    home.replace("agents/demo-agent.yaml", "status: active", "status: suspended");
    home.apply();
    server.stop();
    home
}

/// Neither the start nor `ledger verify` takes the home as it is; both say `what`.
#[track_caller]
fn refused(home: &Home, what: &str) {
    let verified = home.run(&["ledger", "verify"]);
    assert_ne!(verified.code, Some(0), "{verified:?}");
    let up = home.no_up(&[]);
    assert!(up.fails(4).contains(what), "{up:?}");
}

#[test]
fn a_gateway_whose_control_log_is_gone_is_not_begun_again() {
    let home = suspended();
    fs::remove_dir_all(home.path("logs/control")).unwrap();
    home.replace("agents/demo-agent.yaml", "status: suspended", "status: active");
    refused(&home, "a gateway was begun in");
    fs::remove_dir_all(home.path("logs/decisions")).unwrap();
    refused(&home, "a gateway was begun in");
}

#[test]
fn a_decision_log_that_is_gone_is_missed() {
    let home = suspended();
    fs::remove_dir_all(home.path("logs/decisions")).unwrap();
    refused(&home, "the decision log is missing");
}

#[test]
fn a_log_put_back_from_an_older_copy_contradicts_the_other() {
    let home = suspended();
    let older = home.folder().join("older");
    copy_dir(&home.path("logs"), &older);
    home.replace("agents/demo-agent.yaml", "status: suspended", "status: active");
    let server = home.up();
    home.apply();
    assert_eq!(server.call(&home.token("demo-agent")).status, 200);
    server.stop();

    let newer = home.folder().join("newer");
    copy_dir(&home.path("logs"), &newer);
    for (log, what) in [("decisions", "it was cut back or replaced"), ("control", "does not know")]
    {
        fs::remove_dir_all(home.path("logs")).unwrap();
        copy_dir(&newer, &home.path("logs"));
        fs::remove_dir_all(home.path("logs").join(log)).unwrap();
        copy_dir(&older.join(log), &home.path("logs").join(log));
        refused(&home, what);
    }
}

#[test]
fn another_gateways_log_is_recognised() {
    let (home, other) = (suspended(), suspended());
    fs::remove_dir_all(home.path("logs/decisions")).unwrap();
    copy_dir(&other.path("logs/decisions"), &home.path("logs/decisions"));
    refused(&home, "is another gateway's log");
}

#[test]
fn a_missing_key_is_not_made_anew() {
    let home = suspended();
    for key in ["token.pem", "sealing.key", "facts.key", "log-control.skey", "log-decisions.skey"] {
        let (place, kept) = (home.path("keys").join(key), home.folder().join(key));
        fs::rename(&place, &kept).unwrap();
        let up = home.no_up(&[]);
        assert!(up.fails(4).contains(key), "{up:?}");
        assert!(!place.exists(), "{key} was made anew");
        fs::rename(&kept, &place).unwrap();
    }
    home.up().stop();
}
