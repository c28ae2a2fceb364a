//! What a person brings to the first run: an SSH key, a charter, providers' keys.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use testkit::{Canary, assert_clean, assert_clean_dir};

use crate::common::{Home, Server, copy_dir, ssh_key, text_of};

/// A key of OpenSSH's making, no passphrase.
fn key(home: &Home, name: &str) -> String {
    ssh_key(home.folder(), name, &["ed25519"], "").display().to_string()
}

fn nothing_begun(home: &Home) {
    assert!(!home.path("logs").exists(), "nothing was begun");
    assert!(!home.path("admin.sock").exists());
}

#[test]
fn a_key_of_ones_own_begins_the_gateway() {
    let home = Home::new();
    let mine = key(&home, "mine");
    let server = home.up_with(&["--person-key", &mine]);
    assert!(!home.path("keys/person").exists(), "a key given is not copied");
    let line = fs::read_to_string(format!("{mine}.pub")).unwrap();
    let public = line.split_whitespace().nth(1).unwrap();
    let people = fs::read_to_string(home.path("charter/people.yaml")).unwrap();
    assert!(people.contains(public), "{people}");

    let token = home.run(&["agent", "token", "demo-agent", "--person-key", &mine]);
    assert_eq!(server.call(token.ok().trim()).status, 200);
    let without = home.run(&["agent", "token", "demo-agent"]);
    assert!(without.fails(5).contains("--person-key FILE"), "{without:?}");
    let other = key(&home, "other");
    let foreign = home.run(&["agent", "token", "demo-agent", "--person-key", &other]);
    assert!(foreign.fails(5).contains("belongs to nobody in people.yaml"), "{foreign:?}");
    server.stop();
    // Later runs sign nothing, so they need no key.
    home.up().stop();
}

#[test]
fn keys_that_cannot_sign_here_are_refused_in_words() {
    let home = Home::new();
    let locked = ssh_key(home.folder(), "locked", &["ed25519"], "a passphrase");
    let rsa = ssh_key(home.folder(), "rsa", &["rsa", "-b", "2048"], "");
    let ecdsa = ssh_key(home.folder(), "ecdsa", &["ecdsa"], "");
    let public = format!("{}.pub", key(&home, "mine"));
    fs::set_permissions(&public, fs::Permissions::from_mode(0o600)).unwrap();
    let open = key(&home, "open");
    fs::set_permissions(&open, fs::Permissions::from_mode(0o644)).unwrap();
    let text = |path: &Path| path.display().to_string();
    let nowhere = text(&home.folder().join("nowhere"));
    let refused = [
        (text(&locked), "protected by a passphrase"),
        (text(&rsa), "ssh-ed25519"),
        (text(&ecdsa), "ssh-ed25519"),
        (public, "not an OpenSSH private key"),
        (open, "chmod 600"),
        (nowhere, "there is no key file"),
    ];
    for (path, why) in refused {
        let run = home.no_up(&["--person-key", &path]);
        let said = run.fails(3);
        assert!(said.contains(why) && said.contains(&path), "{why}: {said}");
        nothing_begun(&home);
    }
    // Nothing of that is in the way of a good key.
    let good = key(&home, "good");
    home.up_with(&["--person-key", &good]);
}

#[test]
fn a_charter_of_ones_own_must_know_the_key() {
    let home = Home::new();
    let mine = key(&home, "mine");
    let mine_line = fs::read_to_string(format!("{mine}.pub")).unwrap();
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/charter");
    let own = home.folder().join("own");
    copy_dir(&example, &own);
    let own = own.display().to_string();

    let stranger = home.no_up(&["--charter", &own, "--person-key", &mine]);
    let said = stranger.fails(3);
    assert!(said.contains("belongs to nobody in"), "{said}");
    assert!(said.contains(mine_line.split_whitespace().nth(1).unwrap()), "the key to add: {said}");
    nothing_begun(&home);

    let people = format!("{own}/people.yaml");
    let text = fs::read_to_string(&people).unwrap();
    let chris = text.lines().find(|line| line.ends_with("chris@laptop")).unwrap();
    let with_mine = text.replace(chris, &format!("      - {}", mine_line.trim()));
    fs::write(&people, with_mine).unwrap();
    let server = home.up_with(&["--charter", &own, "--person-key", &mine]);
    let status = home.run(&["status", "--json"]).json();
    assert!(text_of(&status, "gateway").starts_with("lakeside-gate"), "{status}");
    assert_eq!(text_of(&status, "trust_domain"), "agents.lakeside.example");
    let genesis = home.run(&["change", "list", "--json"]).json();
    assert_eq!(genesis[0]["signed_by"], "chris");

    // The one production agent gets no token and is named as not served; the other one does.
    let run = home.run(&["agent", "token", "support-assistant", "--person-key", &mine]);
    assert!(run.fails(1).contains("environment prod"), "{run:?}");
    assert!(
        server.banner.contains("declared but not served: support-assistant"),
        "{}",
        server.banner
    );
    home.run(&["agent", "token", "stock-forecaster", "--person-key", &mine]).ok();

    // The working copy is a copy: the directory given is left alone and not looked at again.
    server.stop();
    fs::remove_dir_all(&own).unwrap();
    assert!(home.path("charter/people.yaml").is_file());
    home.up().stop();
}

#[test]
fn a_charter_that_is_no_directory_or_has_problems_begins_nothing() {
    let home = Home::new();
    let nowhere = home.folder().join("nowhere").display().to_string();
    let run = home.no_up(&["--charter", &nowhere]);
    assert!(run.fails(2).contains("not a directory"), "{run:?}");
    let empty = home.folder().join("empty");
    fs::create_dir(&empty).unwrap();
    let run = home.no_up(&["--charter", &empty.display().to_string()]);
    assert!(run.fails(1).contains("charter.yaml"), "{run:?}");
    nothing_begun(&home);
}

/// A start with providers' keys in the environment.
fn up_with_keys(home: &Home, adopt: bool, value: &str) -> Server {
    let flags: &[&str] = if adopt { &["--adopt-env-keys"] } else { &[] };
    let mut command = home.command(&[&["up", "--listen", "127.0.0.1:0"], flags].concat());
    command
        .env("OPENAI_API_KEY", value)
        .env("ANTHROPIC_API_KEY", format!("{value}-2"))
        .env("GEMINI_API_KEY", format!("{value}-3"));
    Server::start(command)
}

#[test]
fn keys_from_the_environment_are_sealed_where_asked_and_stand_nowhere() {
    let canary = Canary::ProviderKey;
    let home = Home::new();
    let server = up_with_keys(&home, true, canary.value());
    let secrets = home.run(&["secret", "list", "--json"]).json();
    for name in ["anthropic-key", "openai-key", "gemini-key"] {
        let secret = secrets.as_array().unwrap().iter().find(|one| one["name"] == name).unwrap();
        assert_eq!(secret["versions"], serde_json::json!([1]), "{secrets}");
    }
    for provider in ["openai", "anthropic", "gemini"] {
        assert!(home.path(&format!("charter/providers/{provider}.yaml")).is_file());
    }
    let shown = [
        home.run(&["secret", "list"]).all(),
        home.run(&["status"]).all(),
        home.run(&["change", "show", &text_of(&home.run(&["status", "--json"]).json(), "change")])
            .all(),
        server.banner.clone(),
    ];
    for text in shown {
        assert_clean(text.as_bytes(), "what is printed", &[canary]);
    }
    let said = server.stop();
    assert_clean(said.as_bytes(), "standard error", &[canary]);
    assert_clean_dir(&home.root(), &[canary]);

    // The variables are no longer needed, and what was sealed is still there.
    let _server = home.up();
    assert_eq!(home.run(&["secret", "list", "--json"]).json(), secrets);
}

#[test]
fn without_the_flag_nothing_is_adopted() {
    let home = Home::new();
    let server = up_with_keys(&home, false, Canary::ProviderKey.value());
    let secrets = home.run(&["secret", "list", "--json"]).json();
    assert_eq!(secrets.as_array().unwrap().len(), 1, "{secrets}");
    assert!(!home.path("charter/providers/openai.yaml").exists());
    server.stop();
    assert_clean_dir(&home.root(), &[Canary::ProviderKey]);
}

#[test]
fn a_value_that_is_no_key_is_refused_without_being_shown() {
    let home = Home::new();
    let mut command = home.command(&["up", "--listen", "127.0.0.1:0", "--adopt-env-keys"]);
    command.env("OPENAI_API_KEY", format!("{}\nand more", Canary::ProviderKey.value()));
    let run = crate::common::run(command, b"");
    assert!(run.fails(3).contains("OPENAI_API_KEY"), "{run:?}");
    assert_clean(run.all().as_bytes(), "the refusal", &[Canary::ProviderKey]);
    nothing_begun(&home);
    assert_clean_dir(&home.root(), &[Canary::ProviderKey]);
}

/// The flag belongs to the charter that the first run writes.
#[test]
fn keys_are_not_adopted_into_a_charter_of_ones_own() {
    let home = Home::new();
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/charter");
    let run = home.no_up(&["--charter", &own.display().to_string(), "--adopt-env-keys"]);
    assert!(run.fails(2).contains("portreeve secret put"), "{run:?}");
    nothing_begun(&home);
}
