//! Acts that OpenSSH's own program signed, posted to the admin socket by hand, and checked again
//! from what the control log holds.

use std::fs;
use std::path::Path;
use std::process::Command;

use ledger::EntryKind;
use model::Timestamp;
use serde_json::{Value, json};
use testkit::{Connection, Reply};

use crate::common::{Home, run, text_of, write};

/// The act that most of these tests sign: a token of the demo agent.
const TOKEN: (&str, &str) = ("agent.token", "agent:demo-agent");

/// The bytes that `spec/act.md` has people sign.
fn canonical(act: &Value) -> String {
    // `serde_json` keeps members sorted, which is all that the form asks for.
    format!("portreeve act v1\n{act}\n")
}

/// An act, signed by `ssh-keygen -Y sign` with the key file `key`.
fn signed(folder: &Path, key: &Path, act: &Value, namespace: &str) -> Value {
    let text = folder.join("act.txt");
    write(&text, canonical(act).as_bytes());
    let signature = folder.join("act.txt.sig");
    // A signature of before would be asked about.
    let _ = fs::remove_file(&signature);
    let mut keygen = Command::new("ssh-keygen");
    keygen.args(["-q", "-Y", "sign", "-n", namespace, "-f"]).arg(key).arg(&text);
    run(keygen, b"").ok();
    json!({ "act": act, "signature": fs::read_to_string(signature).unwrap() })
}

/// An act of the founder on this gateway, under the name that it gives itself.
fn act(home: &Home, (verb, object): (&str, &str), nonce: u8, time: Timestamp) -> Value {
    json!({
        "actor": "founder",
        "gateway": text_of(&home.run(&["status", "--json"]).json(), "gateway"),
        "nonce": format!("{nonce:032x}"),
        "object": object,
        "time": time.to_string(),
        "verb": verb,
    })
}

/// The time now: what `date` says, since tests read no clock of their own.
fn now() -> Timestamp {
    let mut date = Command::new("date");
    date.args(["-u", "+%Y-%m-%dT%H:%M:%S.%3NZ"]);
    run(date, b"").ok().trim().parse().unwrap()
}

fn post(home: &Home, act: &Value, payload: &Value) -> Reply {
    let mut connection = Connection::unix(&home.path("admin.sock"));
    let body = json!({ "act": act, "payload": payload }).to_string();
    connection.request("POST", "/v1/acts", &[], body.as_bytes());
    connection.reply().unwrap()
}

/// Checks a signed act as an auditor would, with OpenSSH and `people.yaml` alone.
fn verifies(folder: &Path, recorded: &Value, public_line: &str) -> bool {
    let (signers, signature) = (folder.join("signers"), folder.join("recorded.sig"));
    let line = format!("founder namespaces=\"portreeve-act\" {public_line}\n");
    write(&signers, line.as_bytes());
    write(&signature, text_of(recorded, "signature").as_bytes());
    let mut keygen = Command::new("ssh-keygen");
    keygen
        .args(["-Y", "verify", "-I", "founder", "-n", "portreeve-act", "-f"])
        .arg(&signers)
        .arg("-s")
        .arg(&signature);
    run(keygen, canonical(&recorded["act"]).as_bytes()).code == Some(0)
}

#[test]
fn what_openssh_signed_is_taken_and_what_is_recorded_openssh_verifies() {
    let home = Home::new();
    let server = home.up();
    let key = home.path("keys/person");
    let asked = signed(home.folder(), &key, &act(&home, TOKEN, 1, now()), "portreeve-act");
    let reply = post(&home, &asked, &json!({ "kind": "none" }));
    assert_eq!(reply.status, 200, "{}", reply.text());
    let token = text_of(&reply.json(), "token");
    assert_eq!(server.call(&token).status, 200);

    let again = post(&home, &asked, &json!({ "kind": "none" }));
    assert_eq!(again.status, 403, "{}", again.text());
    assert!(again.text().contains("taken before"), "{}", again.text());
    server.stop();
    let server = home.up();
    assert_eq!(
        post(&home, &asked, &json!({ "kind": "none" })).status,
        403,
        "known after a restart"
    );
    server.stop();

    let public = fs::read_to_string(home.path("keys/person.pub")).unwrap();
    let entries = home.entries("control");
    let recorded = entries.iter().find(|entry| entry.kind == EntryKind::Act).unwrap();
    assert_eq!(recorded.json["body"]["act"], asked);
    assert!(verifies(home.folder(), &asked, &public));
    let genesis = entries.iter().find(|entry| entry.kind == EntryKind::Genesis).unwrap();
    let begun = genesis.json["body"]["act"].clone();
    assert!(verifies(home.folder(), &begun, &public), "the act that began it verifies too");
    let mut forged = asked;
    forged["act"]["object"] = "agent:another".into();
    assert!(!verifies(home.folder(), &forged, &public), "the check itself would notice");
}

#[test]
fn what_was_signed_for_something_else_is_refused() {
    let home = Home::new();
    let _server = home.up();
    let before = home.entries("control").len();
    let none = json!({ "kind": "none" });
    let good = act(&home, TOKEN, 1, now());
    let own = home.path("keys/person");
    let refused = |asked: &Value, why: &str| {
        let reply = post(&home, asked, &none);
        assert_eq!(reply.status, 403, "{why}: {}", reply.text());
        assert!(reply.text().contains(why), "{why}: {}", reply.text());
    };

    refused(&signed(home.folder(), &own, &good, "file"), "namespace");
    let other = crate::common::ssh_key(home.folder(), "other", &["ed25519"], "");
    refused(&signed(home.folder(), &other, &good, "portreeve-act"), "is not a key of `founder`");
    let mut elsewhere = good.clone();
    elsewhere["gateway"] = "customs-house".into();
    refused(&signed(home.folder(), &own, &elsewhere, "portreeve-act"), "not for this one");
    let old = act(&home, TOKEN, 1, now().plus_millis(-301_000));
    refused(&signed(home.folder(), &own, &old, "portreeve-act"), "more than 300 s ago");
    let early = act(&home, TOKEN, 1, now().plus_millis(330_000));
    refused(&signed(home.folder(), &own, &early, "portreeve-act"), "from the future");
    let mut altered = signed(home.folder(), &own, &good, "portreeve-act");
    altered["act"]["nonce"] = format!("{:032x}", 2).into();
    refused(&altered, "not over this act");

    let acts = home.entries("control").iter().filter(|entry| entry.kind == EntryKind::Act).count();
    assert_eq!(acts, 0, "nothing of that is recorded; the log had {before} entries");
}
