//! What the program says of secrets: a rotation from the sealed value to the last use of it, and
//! what is missing or damaged, with the server up and down.

use std::fs;

use serde_json::Value;
use testkit::{Canary, assert_clean};

use crate::common::{Home, Run, decision};

/// The one secret of a first run, as `secret status --json` tells of it.
fn demo_key(run: &Run) -> Value {
    let all: Value = serde_json::from_str(&run.out).unwrap();
    all.as_array().unwrap().iter().find(|one| one["name"] == "demo-key").unwrap().clone()
}

#[test]
fn a_rotation_is_told_from_the_sealed_value_to_its_last_use() {
    let home = Home::new();
    let server = home.up();
    let token = home.token("demo-agent");
    let first = server.call(&token);
    assert_eq!(first.status, 200);

    let put = home.run_with(&["secret", "put", "demo-key"], b"portreeve-demo-another-key");
    assert_eq!(put.ok(), "sealed demo-key v2: pending\n");
    let copy = home.path("charter").display().to_string();
    let step = format!("`active: 2` instead of `active: 1` in {copy}/secrets/demo-key.yaml");
    assert!(put.err.contains(&step), "{put:?}");
    let run = home.run(&["secret", "status", "demo-key"]);
    assert!(run.ok().starts_with("demo-key  v1 is lent, until "), "{run:?}");
    assert!(run.out.contains("v2   pending  sealed "), "{run:?}");

    home.replace("secrets/demo-key.yaml", "active: 1", "active: 2");
    home.apply();
    let second = server.call(&token);
    assert_eq!(second.status, 200);
    server.stop();
    let before = home.files();
    let run = home.run(&["secret", "status", "--json"]);
    let secret = demo_key(&run);
    run.ok();
    assert_eq!(secret["standing"], "current");
    assert_eq!(
        (&secret["active"], &secret["versions"][0]["state"]),
        (&2.into(), &"retired".into())
    );
    let used = &secret["last_use"][0];
    assert_eq!((&used["agent"], &used["version"]), (&"demo-agent".into(), &2.into()));
    assert_eq!((&used["decision"], &used["leases"]), (&decision(&second).into(), &2.into()));
    assert!(secret["entries_scanned"].as_u64().is_some_and(|scanned| scanned >= 4), "{secret}");
    assert!(home.files() == before, "it only reads");
}

#[test]
fn a_version_that_was_never_sealed_is_a_finding() {
    let home = Home::new();
    let _server = home.up();
    home.replace("secrets/demo-key.yaml", "active: 1", "active: 3");
    home.apply();
    let run = home.run(&["secret", "status"]);
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(run.out.starts_with("demo-key  MISSING: the charter names v3"), "{run:?}");
    assert!(run.err.is_empty(), "{run:?}");
    let run = home.run(&["secret", "status", "--json"]);
    assert_eq!((run.code, &demo_key(&run)["standing"]), (Some(1), &"missing".into()));
    let list = home.run(&["secret", "list"]);
    assert!(list.ok().contains("active v3 (never sealed)  sealed v1 "), "{list:?}");

    let put = home.run_with(&["secret", "put", "demo-key"], b"portreeve-demo-another-key");
    assert!(put.ok().starts_with("sealed demo-key v2: retired"), "{put:?}");
    assert!(put.err.contains("`active: 2` instead of `active: 3`"), "{put:?}");
    let put = home.run_with(&["secret", "put", "demo-key"], b"portreeve-demo-another-key");
    assert_eq!((put.ok(), put.err.as_str()), ("sealed demo-key v3: active\n", ""));
    let status = home.run(&["secret", "status"]);
    assert!(status.ok().contains("the same value as v2"), "{status:?}");
}

#[test]
fn a_damaged_value_is_named_and_hides_nothing_else() {
    let home = Home::new();
    let server = home.up();
    home.run_with(&["secret", "put", "demo-key"], Canary::ProviderKey.value().as_bytes()).ok();
    server.stop();
    let file = home.path("secrets/demo-key/v1.sealed");
    let whole = fs::read(&file).unwrap();
    fs::write(&file, &whole[..whole.len() / 2]).unwrap();
    for arguments in [&["secret", "status"][..], &["secret", "status", "--json"]] {
        let run = home.run(arguments);
        assert_eq!(run.code, Some(1), "{run:?}");
        assert!(run.out.contains("secrets/demo-key/v1.sealed is not a whole sealed"), "{run:?}");
        assert!(run.out.contains("pending"), "{run:?}");
        assert_clean(run.all().as_bytes(), "what is printed", &[Canary::ProviderKey]);
    }
    fs::write(&file, &whole).unwrap();
    home.run(&["secret", "status"]).ok();
}

#[test]
fn only_what_is_declared_sealed_or_was_lent_is_a_secret() {
    let home = Home::new();
    let nothing = home.run(&["secret", "status"]);
    assert!(nothing.fails(4).contains("portreeve up"), "{nothing:?}");
    let _server = home.up();
    let unknown = home.run(&["secret", "status", "another-key"]);
    assert!(unknown.fails(1).contains("no secret another-key"), "{unknown:?}");
    assert!(!home.run(&["secret", "status", "Not A Name"]).fails(2).is_empty());
}
