//! Key files as they should be, and every way in which one is refused.

use std::os::unix::fs::{PermissionsExt as _, symlink};

use tempfile::TempDir;

use super::*;

fn folder() -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("sealing.key");
    (dir, path)
}

/// A key file with this text and mode, read.
fn read(text: &str, mode: u32) -> Result<SealingKey, KeyError> {
    let (_dir, path) = folder();
    fs::write(&path, text).expect("written");
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("a mode");
    SealingKey::read(&path)
}

fn text(base64: &str) -> String {
    format!("{FILE_PREFIX}{base64}\n")
}

#[test]
fn a_key_is_made_once_and_read_from_then_on() {
    let (dir, path) = folder();
    let made = SealingKey::read_or_make(&path).expect("made");
    let read = SealingKey::read_or_make(&path).expect("read");
    assert_eq!(made.id(), read.id());
    assert_eq!(made.fingerprint(b"x"), read.fingerprint(b"x"));
    let mode = fs::metadata(&path).expect("there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(fs::read_dir(dir.path()).expect("a folder").count(), 1, "nothing is left over");
}

#[test]
fn making_never_replaces_a_key() {
    let (_dir, path) = folder();
    fs::write(&path, "something").expect("written");
    assert!(matches!(SealingKey::make(&path), Err(KeyError::Write { .. })));
    assert_eq!(fs::read(&path).expect("there"), b"something");
}

#[test]
fn a_leftover_of_a_crash_is_removed() {
    let (dir, path) = folder();
    fs::write(dir.path().join(".unfinished"), "half a ke").expect("written");
    SealingKey::make(&path).expect("made");
    assert_eq!(fs::read_dir(dir.path()).expect("a folder").count(), 1);
}

#[test]
fn a_key_that_others_may_use_is_refused() {
    let key = text(&STANDARD.encode([7; KEY_BYTES]));
    assert!(read(&key, 0o600).is_ok());
    assert!(read(&key, 0o400).is_ok());
    for mode in [0o640, 0o604, 0o660, 0o601, 0o644, 0o700 | 0o010] {
        let error = read(&key, mode).expect_err("open to others").to_string();
        assert!(error.contains(&format!("(mode {mode:03o}); run: chmod 600")), "{error}");
    }
}

#[test]
fn links_and_folders_are_refused() {
    let (dir, path) = folder();
    let key = dir.path().join("real.key");
    SealingKey::make(&key).expect("made");
    symlink(&key, &path).expect("a link");
    assert!(matches!(SealingKey::read(&path), Err(KeyError::NotAFile(_))));
    assert!(matches!(SealingKey::read_or_make(&path), Err(KeyError::NotAFile(_))));
    assert!(matches!(SealingKey::read(dir.path()), Err(KeyError::NotAFile(_))));
    fs::remove_file(&path).expect("removed");
    symlink(dir.path().join("nowhere"), &path).expect("a link");
    assert!(matches!(SealingKey::read_or_make(&path), Err(KeyError::NotAFile(_))));
}

#[test]
fn anything_but_a_whole_key_is_refused_without_quoting_it() {
    let whole = text(&STANDARD.encode([7; KEY_BYTES]));
    for wrong in [
        String::new(),
        "hunter2".to_owned(),
        whole.trim_end().to_owned(),
        whole.replace(FILE_PREFIX, "portreeve-sealing-key-2:"),
        text(""),
        text(&STANDARD.encode([7; KEY_BYTES - 1])),
        text(&STANDARD.encode([7; KEY_BYTES + 1])),
        text("hunter2!"),
        format!("{whole}{whole}"),
        text(&STANDARD.encode([7; 4096])),
    ] {
        let error = read(&wrong, 0o600).expect_err("no key");
        assert!(matches!(error, KeyError::Malformed(_)), "{wrong}");
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }
    let (_dir, path) = folder();
    assert!(matches!(SealingKey::read(&path), Err(KeyError::Read { .. })));
}

#[test]
fn fingerprints_tell_values_apart_and_depend_on_the_key() {
    let (one, other) = ([1; KEY_BYTES], [2; KEY_BYTES]);
    let one = SealingKey::from_bytes(&one).expect("a key");
    let other = SealingKey::from_bytes(&other).expect("a key");
    assert_ne!(one.fingerprint(b"a"), one.fingerprint(b"b"));
    assert_ne!(one.fingerprint(b"a"), other.fingerprint(b"a"));
    assert_ne!(one.id(), other.id());
    assert_eq!(format!("{one:?}"), format!("SealingKey({})", one.id()));
}
