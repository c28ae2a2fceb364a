//! The store on a real disk: versions, restarts, damage, and a death at every durable step.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use tempfile::TempDir;
use testkit::{Canary, ManualClock, assert_clean, assert_clean_dir};
use zeroize::Zeroizing;

use super::*;
use crate::disk::plan::When;
use crate::{Scheme, key::KEY_BYTES};

fn open(dir: &TempDir) -> SecretStore {
    open_at(dir, &ManualClock::default())
}

/// The store, sealing by that clock.
fn open_at(dir: &TempDir, clock: &ManualClock) -> SecretStore {
    let key = SealingKey::from_bytes(&[7; KEY_BYTES]).expect("a key");
    let dir = dir.path().join("secrets");
    SecretStore::open(dir, key, "edge-1", Arc::new(clock.clone())).expect("a store")
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

fn name(text: &str) -> SecretName {
    text.parse().expect("a name")
}

fn value(text: &str) -> SecretValue {
    SecretValue::from_bytes(Zeroizing::new(text.as_bytes().to_vec())).expect("a value")
}

/// What a lease of that version carries.
fn lent(store: &SecretStore, secret: &str, version: u32) -> Result<String, SecretError> {
    let lease = store.lend(&name(secret), SecretVersion(version))?;
    let (_name, header) = lease.header(Scheme::XApiKey).expect("a header");
    Ok(header.to_str().expect("text").to_owned())
}

#[test]
fn versions_count_up_and_survive_a_restart() {
    let dir = folder();
    let store = open(&dir);
    assert!(store.list().is_empty());
    assert_eq!(store.next_version(&name("openai")).expect("a number"), SecretVersion(1));
    assert_eq!(store.put(&name("openai"), value("one")).expect("sealed"), SecretVersion(1));
    assert_eq!(store.put(&name("openai"), value("two")).expect("sealed"), SecretVersion(2));
    assert_eq!(store.put(&name("other"), value("three")).expect("sealed"), SecretVersion(1));
    for store in [store, open(&dir)] {
        assert_eq!(store.versions(&name("openai")), [SecretVersion(1), SecretVersion(2)]);
        assert_eq!(store.next_version(&name("openai")).expect("a number"), SecretVersion(3));
        assert!(store.has(&name("other"), SecretVersion(1)));
        assert!(!store.has(&name("other"), SecretVersion(2)));
        assert!(!store.has(&name("missing"), SecretVersion(1)));
        assert_eq!(lent(&store, "openai", 1).expect("lent"), "one");
        assert_eq!(lent(&store, "openai", 2).expect("lent"), "two");
        assert_eq!(lent(&store, "openai", 2).expect("lent again"), "two");
        assert!(matches!(lent(&store, "openai", 3), Err(SecretError::Missing { .. })));
    }
}

#[test]
fn nothing_on_disk_or_in_a_listing_shows_a_value() {
    let dir = folder();
    let store = open(&dir);
    for _ in 0..2 {
        store.put(&name("openai"), value(Canary::ProviderKey.value())).expect("sealed");
    }
    assert_eq!(lent(&store, "openai", 1).expect("lent"), Canary::ProviderKey.value());
    assert_clean_dir(dir.path(), &Canary::ALL);
    let listed = store.list();
    assert_clean(format!("{store:?} {listed:?}").as_bytes(), "debug output", &Canary::ALL);
    let [one, two] = &listed[..] else { panic!("two versions are listed") };
    assert_eq!((one.name.as_str(), one.version), ("openai", SecretVersion(1)));
    let fingerprint = |listed: &Listed| listed.sealed.as_ref().expect("it opens").fingerprint;
    assert_eq!(fingerprint(one), fingerprint(two), "the same value shows as the same");
    let sealed = dir.path().join("secrets/openai/v1.sealed");
    let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
    assert_eq!(mode(&sealed), 0o600);
    assert_eq!(mode(&dir.path().join("secrets/openai")), 0o700);
}

#[test]
fn a_file_copied_onto_another_name_or_version_does_not_open() {
    let dir = folder();
    let store = open(&dir);
    store.put(&name("openai"), value("one")).expect("sealed");
    store.put(&name("other"), value("two")).expect("sealed");
    let at = |path: &str| dir.path().join("secrets").join(path);
    fs::copy(at("openai/v1.sealed"), at("openai/v2.sealed")).expect("copied");
    fs::copy(at("openai/v1.sealed"), at("other/v1.sealed")).expect("copied over");
    let store = open(&dir);
    assert!(matches!(lent(&store, "openai", 2), Err(SecretError::Foreign { .. })));
    assert!(matches!(lent(&store, "other", 1), Err(SecretError::Foreign { .. })));
    assert_eq!(lent(&store, "openai", 1).expect("lent"), "one");
    let broken = store.list().iter().filter(|listed| listed.sealed.is_err()).count();
    assert_eq!(broken, 2, "a listing names what is damaged and shows the rest");
}

#[test]
fn damaged_files_name_themselves_and_files_of_others_are_left_alone() {
    let dir = folder();
    let store = open(&dir);
    store.put(&name("openai"), value("one")).expect("sealed");
    let at = |path: &str| dir.path().join("secrets").join(path);
    let whole = fs::read(at("openai/v1.sealed")).expect("there");
    fs::write(at("openai/v2.sealed"), &whole[..whole.len() / 2]).expect("written");
    fs::write(at("openai/v3.sealed"), vec![b' '; 64 * 1024 + 1]).expect("written");
    fs::write(at("openai/v4.sealed"), "").expect("written");
    fs::create_dir(at("openai/v5.sealed")).expect("made");
    for foreign in ["v0.sealed", "v01.sealed", "v+7.sealed", "v8.sealed~", "v4294967296.sealed"] {
        fs::write(at("openai").join(foreign), "x").expect("written");
    }
    fs::write(at("README"), "x").expect("written");
    fs::create_dir(at("Not A Name")).expect("made");
    let store = open(&dir);
    assert_eq!(store.versions(&name("openai")).len(), 5);
    for (version, cause) in [(2, "eof error"), (3, "larger than 64 KiB"), (4, "eof error")] {
        let error = lent(&store, "openai", version).expect_err("damaged").to_string();
        assert!(error.contains(&format!("openai/v{version}.sealed")), "{error}");
        assert!(error.contains(cause), "{error}");
    }
    assert!(matches!(lent(&store, "openai", 5), Err(SecretError::Read { .. })));
    assert_eq!(store.put(&name("openai"), value("six")).expect("sealed"), SecretVersion(6));
    assert!(at("openai/v01.sealed").exists() && at("README").exists());
}

#[test]
fn a_version_is_never_replaced() {
    let dir = folder();
    let store = open(&dir);
    let late = open(&dir);
    assert_eq!(store.put(&name("openai"), value("one")).expect("sealed"), SecretVersion(1));
    assert_eq!(late.put(&name("openai"), value("two")).expect("sealed"), SecretVersion(2));
    assert_eq!(lent(&late, "openai", 1).expect("lent"), "one");
    let path = store.path(&name("openai"), SecretVersion(1));
    let before = fs::read(&path).expect("there");
    let write = store.write(&name("openai"), SecretVersion(1), &value("three"));
    assert!(matches!(write, Err(SecretError::Write { .. })));
    assert_eq!(fs::read(&path).expect("there"), before);
}

#[test]
fn each_version_says_when_it_was_sealed_and_keeps_saying_it() {
    let dir = folder();
    let clock = ManualClock::default();
    let store = open_at(&dir, &clock);
    let openai = name("openai");
    let mut sealed = Vec::new();
    for text in ["one", "two", "three"] {
        sealed.push((store.put(&openai, value(text)).expect("sealed"), clock.now()));
        clock.advance_ms(86_400_001);
    }
    // A clock that was set back changes nothing about what is sealed.
    clock.advance_ms(-10 * 86_400_000);
    for store in [store, open_at(&dir, &clock)] {
        for (version, at) in &sealed {
            assert_eq!(store.sealed_at(&openai, *version), Some(*at), "{version}");
        }
        assert_eq!(store.sealed_at(&openai, SecretVersion(4)), None);
        assert_eq!(store.sealed_at(&openai, SecretVersion(0)), None);
        assert_eq!(store.sealed_at(&name("opena"), SecretVersion(1)), None);
    }
}

#[test]
fn when_it_was_sealed_comes_from_memory_until_the_store_seals_again() {
    let dir = folder();
    let (store, other) = (open(&dir), open(&dir));
    let (openai, first, second) = (name("openai"), SecretVersion(1), SecretVersion(2));
    store.put(&openai, value("one")).expect("sealed");
    assert_eq!(other.sealed_at(&openai, first), None, "another process's is not seen");
    other.put(&openai, value("two")).expect("sealed");
    assert!(other.sealed_at(&openai, first).is_some(), "it looked when it sealed");
    fs::remove_dir_all(dir.path().join("secrets")).expect("removed");
    assert!(
        other.sealed_at(&openai, first).is_some() && other.sealed_at(&openai, second).is_some()
    );
    assert!(matches!(lent(&other, "openai", 1), Err(SecretError::Missing { .. })));
}

#[test]
fn what_does_not_open_was_never_sealed_for_all_that_is_lent() {
    let dir = folder();
    let store = open(&dir);
    let (openai, first) = (name("openai"), SecretVersion(1));
    store.put(&openai, value("one")).expect("sealed");
    let path = store.path(&openai, first);
    let whole = fs::read_to_string(&path).expect("there");
    // A younger time written into the file does not make the value younger: it opens no more.
    let younger = whole.replace("2026-11-24T09:00:00.000Z", "2027-11-24T09:00:00.000Z");
    assert_ne!(younger, whole);
    for damaged in [younger.as_str(), &whole[..whole.len() / 2], ""] {
        fs::write(&path, damaged).expect("written");
        let opened = open(&dir);
        assert_eq!(opened.sealed_at(&openai, first), None);
        assert!(opened.has(&openai, first), "its number stays taken");
        // Who read it whole keeps what it read; the value itself no longer opens.
        assert!(store.sealed_at(&openai, first).is_some());
        assert!(lent(&store, "openai", 1).is_err());
        // Restored, it is seen by the next who looks.
        fs::write(&path, &whole).expect("written");
        assert_eq!(opened.sealed_at(&openai, first), None);
        opened.put(&name("other"), value("two")).expect("sealed");
        assert!(opened.sealed_at(&openai, first).is_some());
    }
}

#[test]
fn values_sealed_at_once_get_versions_of_their_own() {
    let dir = folder();
    let stores = [open(&dir), open(&dir)];
    std::thread::scope(|scope| {
        for store in stores.iter().chain(&stores) {
            scope.spawn(|| store.put(&name("openai"), value("one")).expect("sealed"));
        }
    });
    assert_eq!(open(&dir).versions(&name("openai")).len(), 4);
}

/// Removes what `path` names under the store's folder, a file or a folder.
fn remove(dir: &TempDir, path: &str) {
    let path = dir.path().join("secrets").join(path);
    if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }.expect("removed");
}

#[test]
fn a_version_whose_file_is_gone_is_not_given_out_again() {
    // The file alone, everything of the secret, and all that is not the mark of it.
    for gone in ["openai/v2.sealed", "openai", "openai/v1.sealed"] {
        let dir = folder();
        let (store, beside) = (open(&dir), open(&dir));
        let openai = name("openai");
        store.put(&openai, value("one")).expect("sealed");
        store.put(&openai, value("two")).expect("sealed");
        assert_eq!(lent(&store, "openai", 2).expect("lent"), "two");
        remove(&dir, gone);
        let reopened = open(&dir);
        for (store, version) in [(&store, 3), (&beside, 4), (&reopened, 5), (&open(&dir), 6)] {
            let next = SecretVersion(version);
            assert_eq!(store.next_version(&openai).expect("a number"), next, "{gone}");
            assert_eq!(store.put(&openai, value("new")).expect("sealed"), next, "{gone}");
            assert_eq!(lent(store, "openai", version).expect("lent"), "new");
        }
        assert_eq!(lent(&store, "openai", 2).expect("still in memory"), "two");
        // What never was is not what is gone.
        assert_eq!(store.put(&name("other"), value("x")).expect("sealed"), SecretVersion(1));
    }
}

#[test]
fn what_was_seen_in_memory_counts_where_everything_on_disk_is_gone() {
    let dir = folder();
    let (store, beside, late) = (open(&dir), open(&dir), open(&dir));
    let openai = name("openai");
    store.put(&openai, value("one")).expect("sealed");
    store.put(&openai, value("two")).expect("sealed");
    // It never looked at the folder since, but was asked for what is in it.
    assert_eq!(lent(&beside, "openai", 2).expect("lent"), "two");
    assert!(!beside.has(&openai, SecretVersion(2)));
    remove(&dir, "");
    assert_eq!(late.next_version(&openai).expect("a number"), SecretVersion(1), "it saw nothing");
    for store in [&store, &beside] {
        assert_eq!(store.next_version(&openai).expect("a number"), SecretVersion(3));
    }
    assert_eq!(beside.put(&openai, value("three")).expect("sealed"), SecretVersion(3));
    assert_eq!(open(&dir).next_version(&openai).expect("a number"), SecretVersion(4));
}

#[test]
fn the_folder_counts_where_the_mark_is_behind_it_or_gone() {
    let dir = folder();
    let openai = name("openai");
    let store = open(&dir);
    for text in ["one", "two", "three"] {
        store.put(&openai, value(text)).expect("sealed");
    }
    let mark = dir.path().join("secrets/.latest/openai");
    assert_eq!(fs::read(&mark).expect("there"), b"v3\n");
    let mode = fs::metadata(&mark).expect("there").permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
    fs::write(&mark, "v1\n").expect("written");
    assert_eq!(open(&dir).next_version(&openai).expect("a number"), SecretVersion(4));
    remove(&dir, ".latest");
    let reopened = open(&dir);
    assert_eq!(reopened.put(&openai, value("four")).expect("sealed"), SecretVersion(4));
    assert_eq!(fs::read(&mark).expect("made again"), b"v4\n");
    assert_eq!(reopened.list().len(), 4, "marks are no secrets");
}

#[test]
fn nothing_is_sealed_where_nobody_knows_what_is_next() {
    let dir = folder();
    let store = open(&dir);
    let openai = name("openai");
    store.put(&openai, value("one")).expect("sealed");
    let mark = dir.path().join("secrets/.latest/openai");
    for damaged in ["", "v", "7", "v0\n", "v1\nv2\n"] {
        fs::write(&mark, damaged).expect("written");
        for store in [&store, &open(&dir)] {
            let next = store.next_version(&openai).expect_err("damaged").to_string();
            assert!(next.contains(".latest/openai names no version"), "{next}");
            assert!(matches!(store.put(&openai, value("two")), Err(SecretError::Mark { .. })));
            assert_eq!(store.versions(&openai), [SecretVersion(1)]);
            // Calls and other secrets are not touched by it.
            assert_eq!(lent(store, "openai", 1).expect("lent"), "one");
            store.put(&name("other"), value("x")).expect("sealed");
        }
    }
    fs::remove_file(&mark).expect("removed");
    fs::create_dir(&mark).expect("made");
    assert!(matches!(store.put(&openai, value("two")), Err(SecretError::Read { .. })));
    fs::remove_dir(&mark).expect("removed");
    // As the error says: by hand, with the highest that was ever sealed.
    fs::write(&mark, "v7").expect("written");
    assert_eq!(store.put(&openai, value("eight")).expect("sealed"), SecretVersion(8));
    fs::write(&mark, "v4294967295\n").expect("written");
    assert!(matches!(store.put(&openai, value("x")), Err(SecretError::NoVersionLeft(_))));
}

#[test]
fn the_last_number_is_the_last() {
    let dir = folder();
    let of = dir.path().join("secrets/openai");
    fs::create_dir_all(&of).expect("made");
    fs::write(of.join("v4294967295.sealed"), "x").expect("written");
    let store = open(&dir);
    let put = store.put(&name("openai"), value("one"));
    assert!(matches!(put, Err(SecretError::NoVersionLeft(_))));
}

/// Dies at every durable step of a first and of a second `put`, in every way, then opens the
/// store anew: what was promised is there, nothing is half there, and sealing goes on.
#[test]
fn a_death_at_any_step_leaves_whole_versions_only() {
    for already in [0, 1] {
        for when in [When::Before, When::HalfWay, When::After] {
            let mut step = 0;
            while die_and_recover(already, step, when) {
                step += 1;
            }
            assert!(step >= 18, "every durable step was tried: {step}");
        }
    }
}

/// Whether there was such a step.
fn die_and_recover(already: u32, step: usize, when: When) -> bool {
    let dir = folder();
    let store = open(&dir);
    let openai = name("openai");
    for number in 1..=already {
        store.put(&openai, value(&format!("value {number}"))).expect("sealed");
    }
    store.disk.plan.die_at(step, when);
    let put = store.put(&openai, value("in doubt"));
    if !store.disk.plan.has_died() {
        assert_eq!(put.expect("nothing failed"), SecretVersion(already + 1));
        return false;
    }
    assert!(matches!(put, Err(SecretError::Write { .. })), "step {step} {when:?}");
    let reopened = open(&dir);
    assert_eq!(store.versions(&openai), reopened.versions(&openai), "both see the same");
    for version in reopened.versions(&openai) {
        let sealed = reopened.sealed_at(&openai, version);
        assert!(sealed.is_some() && sealed == store.sealed_at(&openai, version), "{version}");
    }
    for number in 1..=already {
        assert_eq!(lent(&reopened, "openai", number).expect("kept"), format!("value {number}"));
    }
    for version in reopened.versions(&openai).iter().skip(already as usize) {
        assert_eq!(lent(&reopened, "openai", version.0).expect("whole"), "in doubt");
    }
    let seen = reopened.versions(&openai);
    // Whatever was sealed is marked before: its number stays taken when its file is gone.
    if !seen.is_empty() {
        remove(&dir, "openai");
    }
    let last = seen.last().map_or(0, |version| version.0);
    for store in [&open(&dir), &store] {
        assert!(store.next_version(&openai).expect("a number").0 > last, "step {step} {when:?}");
    }
    // Nor does the store that failed give the number out that it had announced.
    assert!(store.next_version(&openai).expect("a number").0 > already + 1, "{step} {when:?}");
    let next = open(&dir).put(&openai, value("after")).expect("sealing goes on");
    assert!(next.0 > last && next.0 <= already + 2, "{next} after step {step} {when:?}");
    assert_eq!(lent(&reopened, "openai", next.0).expect("lent"), "after");
    for (folder, files) in [("openai", 1), (".latest", 1)] {
        let folder = dir.path().join("secrets").join(folder);
        let found = fs::read_dir(&folder).expect("a folder").count();
        assert_eq!(found, files, "nothing unfinished is left");
    }
    true
}
