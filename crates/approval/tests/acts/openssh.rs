//! What we sign, OpenSSH verifies, and what OpenSSH signs, we verify.
//!
//! The tests need `ssh-keygen` and fail where it is missing; `cargo xtask test` installs it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use approval::{KeyTextError, Keyring, NAMESPACE, PersonKey, SignedAct, verify};
use tempfile::TempDir;

use crate::desk::{SecurityKey, apply, gateway, key, keyring, person, signed_at};

/// A temporary folder in which `ssh-keygen` runs.
struct Bench(TempDir);

impl Bench {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, bytes).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        path
    }

    /// Runs it with `input`; whether it succeeded.
    fn run(&self, arguments: &[&str], input: Option<&Path>) -> bool {
        let input = input.map_or(Stdio::null(), |path| fs::File::open(path).unwrap().into());
        let output = Command::new("ssh-keygen")
            .args(arguments)
            .current_dir(self.0.path())
            .stdin(input)
            .output()
            .unwrap();
        output.status.success()
    }

    /// Whether OpenSSH takes the signature as one of `ann` over that act.
    fn verifies(&self, signed: &SignedAct, signers: &str) -> bool {
        let message = self.write("message", signed.act().canonical_bytes());
        self.write("signature", signed.signature());
        self.write("signers", signers);
        let arguments =
            ["-Y", "verify", "-f", "signers", "-I", "ann", "-n", NAMESPACE, "-s", "signature"];
        self.run(&arguments, Some(&message))
    }

    /// A new key made by the program, of `kind` and under `passphrase`.
    fn make_key(&self, kind: &str, passphrase: &str) -> String {
        assert!(self.run(&["-q", "-t", kind, "-N", passphrase, "-f", kind, "-C", "ann"], None));
        fs::read_to_string(self.path(kind)).unwrap()
    }
}

fn signer(line: &str) -> String {
    format!("ann namespaces=\"{NAMESPACE}\" {line}\n")
}

#[test]
fn openssh_verifies_what_we_sign() {
    let bench = Bench::new();
    let signed = SignedAct::sign(apply("ann"), &key(1)).unwrap();
    let line = |seed| key(seed).public_line().unwrap();
    assert!(bench.verifies(&signed, &signer(&line(1))));
    assert!(!bench.verifies(&signed, &signer(&line(2))));
    let altered = SignedAct::with_signature(apply("ben"), signed.signature().to_owned());
    assert!(!bench.verifies(&altered, &signer(&line(1))));
}

#[test]
fn openssh_and_we_agree_on_the_pretended_security_key() {
    let bench = Bench::new();
    let device = SecurityKey::new(4);
    let line = device.public_line();
    let keyring = Keyring::from_lines([(person("ann"), line.as_str())]).unwrap();
    let touched = device.sign(apply("ann"), 1, 7);
    let lied = device.sign_claiming(apply("ann"), 0, 1, 7);
    for (signed, taken) in [(touched, true), (lied, false)] {
        let ours = verify(&signed, &keyring, signed_at(), &gateway()).is_ok();
        assert_eq!((bench.verifies(&signed, &signer(&line)), ours), (taken, taken));
    }
}

#[test]
fn we_verify_what_openssh_signs_with_a_key_we_made() {
    let bench = Bench::new();
    bench.write("ann", key(1).to_openssh().unwrap().as_bytes());
    for (namespace, hash, code) in [
        (NAMESPACE, "sha512", None),
        (NAMESPACE, "sha256", Some("not_a_signature")),
        ("file", "sha512", Some("other_namespace")),
    ] {
        let name = format!("{namespace}-{hash}");
        bench.write(&name, apply("ann").canonical_bytes());
        let option = format!("hashalg={hash}");
        let arguments = ["-Y", "sign", "-f", "ann", "-n", namespace, "-O", &option, &name];
        assert!(bench.run(&arguments, None), "{name}");
        let signature = fs::read_to_string(bench.path(&format!("{name}.sig"))).unwrap();
        let signed = SignedAct::with_signature(apply("ann"), signature);
        let verdict = verify(&signed, &keyring(), signed_at(), &gateway());
        assert_eq!(verdict.err().map(|refused| refused.code()), code, "{name}");
    }
}

#[test]
fn keys_that_openssh_makes_are_read_and_sign() {
    let bench = Bench::new();
    let key = PersonKey::from_openssh(&bench.make_key("ed25519", "")).unwrap();
    let line = fs::read_to_string(bench.path("ed25519.pub")).unwrap();
    assert_eq!(key.public_line().unwrap(), line.trim_end());
    let keyring = Keyring::from_lines([(person("ann"), line.trim_end())]).unwrap();
    let signed = SignedAct::sign(apply("ann"), &key).unwrap();
    assert!(verify(&signed, &keyring, signed_at(), &gateway()).is_ok());
}

#[test]
fn keys_with_a_passphrase_or_of_another_kind_stay_with_openssh() {
    let bench = Bench::new();
    let refused = |text: String| PersonKey::from_openssh(&text).unwrap_err();
    assert_eq!(refused(bench.make_key("ed25519", "a passphrase")), KeyTextError::Encrypted);
    let ecdsa = refused(bench.make_key("ecdsa", ""));
    assert_eq!(ecdsa, KeyTextError::Kind("ecdsa-sha2-nistp256".into()));
}
