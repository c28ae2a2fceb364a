//! The charter store: what is read back is what was put in, or it is noticed.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use charter::SourceTree;
use govern::{CharterStore, StoreError};
use model::Digest;
use tempfile::TempDir;

use crate::common::{charter, digest_of, folder};

struct Stored {
    _folder: TempDir,
    root: PathBuf,
    store: CharterStore,
    tree: SourceTree,
    digest: Digest,
}

impl Stored {
    fn new() -> Self {
        let folder = folder();
        let root = folder.path().join("charters");
        let store = CharterStore::open(root.clone()).unwrap();
        let tree = charter("stored");
        let digest = store.put(&tree).unwrap();
        Self { _folder: folder, root, store, tree, digest }
    }

    fn file(&self, path: &str) -> PathBuf {
        self.root.join(self.digest.hex()).join(path)
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(&self.root)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

#[test]
fn what_was_put_is_got_by_its_digest() {
    let stored = Stored::new();
    assert_eq!(stored.digest, digest_of(&stored.tree));
    assert_eq!(stored.store.get(&stored.digest).unwrap(), stored.tree);
    assert_eq!(CharterStore::at(stored.root.clone()).get(&stored.digest).unwrap(), stored.tree);
    // Again, and another beside it: neither disturbs the other.
    assert_eq!(stored.store.put(&stored.tree).unwrap(), stored.digest);
    let other = charter("other");
    let second = stored.store.put(&other).unwrap();
    assert_eq!(stored.store.get(&second).unwrap(), other);
    assert_eq!(stored.store.get(&stored.digest).unwrap(), stored.tree);
    let mut expected = vec![stored.digest.hex(), second.hex()];
    expected.sort();
    assert_eq!(stored.names(), expected);
}

#[test]
fn only_its_owner_reads_it() {
    let stored = Stored::new();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&stored.root), 0o700);
    assert_eq!(mode(&stored.file("")), 0o700);
    assert_eq!(mode(&stored.file("agents")), 0o700);
    assert_eq!(mode(&stored.file("agents/demo-agent.yaml")), 0o600);
}

#[test]
fn an_unknown_digest_is_missing_and_the_text_names_it() {
    let stored = Stored::new();
    let unknown = Digest::of(b"never stored");
    let error = stored.store.get(&unknown).unwrap_err();
    assert!(matches!(error, StoreError::Missing(..)), "{error:?}");
    assert!(error.to_string().contains(&unknown.to_string()));
    let nowhere = CharterStore::at(stored.root.join("nowhere"));
    assert!(matches!(nowhere.get(&stored.digest).unwrap_err(), StoreError::Missing(..)));
    assert!(!stored.root.join("nowhere").exists(), "reading makes nothing");
}

#[test]
fn an_edited_store_is_noticed_and_mended_by_the_next_put() {
    type Edit = fn(&Stored);
    let edits: [(&str, Edit); 6] = [
        ("a byte more", |stored| {
            let path = stored.file("agents/demo-agent.yaml");
            let mut bytes = fs::read(&path).unwrap();
            bytes.push(b'\n');
            fs::write(path, bytes).unwrap();
        }),
        ("one byte other", |stored| {
            let path = stored.file("policies/model/10-demo.cedar");
            let mut bytes = fs::read(&path).unwrap();
            bytes[0] ^= 1;
            fs::write(path, bytes).unwrap();
        }),
        ("an extra file", |stored| {
            fs::write(stored.file("agents/mallory.yaml"), b"name: mallory\n").unwrap();
        }),
        ("a missing file", |stored| {
            fs::remove_file(stored.file("policies/guardrails/10-baseline.cedar")).unwrap();
        }),
        ("a renamed file", |stored| {
            fs::rename(stored.file("people.yaml"), stored.file("people2.yaml")).unwrap();
        }),
        ("an empty file", |stored| {
            fs::write(stored.file("README.md"), b"").unwrap();
        }),
    ];
    for (what, edit) in edits {
        let stored = Stored::new();
        edit(&stored);
        let error = stored.store.get(&stored.digest).unwrap_err();
        let StoreError::Changed { wanted, found } = &error else { panic!("{what}: {error:?}") };
        assert_eq!(*wanted, stored.digest, "{what}");
        assert_ne!(found, wanted, "{what}");
        assert_eq!(stored.store.put(&stored.tree).unwrap(), stored.digest, "{what}");
        assert_eq!(stored.store.get(&stored.digest).unwrap(), stored.tree, "{what}");
    }
}

/// A link is never followed, not even to the very bytes that were stored.
#[test]
fn a_link_in_the_store_is_not_followed() {
    let stored = Stored::new();
    let path = stored.file("README.md");
    let aside = stored.root.parent().unwrap().join("aside");
    fs::rename(&path, &aside).unwrap();
    symlink(&aside, &path).unwrap();
    let error = stored.store.get(&stored.digest).unwrap_err();
    assert!(matches!(error, StoreError::Unreadable(..)), "{error:?}");
    assert!(error.to_string().contains("README.md"), "{error}");
}

/// A crash before the rename leaves `.incoming`: it is under no digest, and the next put clears it.
#[test]
fn what_a_crash_left_is_never_found_and_is_cleared() {
    let stored = Stored::new();
    let left = stored.root.join(".incoming");
    fs::create_dir_all(left.join("agents")).unwrap();
    fs::write(left.join("agents/half.yaml"), b"name: ha").unwrap();
    assert_eq!(stored.store.get(&stored.digest).unwrap(), stored.tree);
    let other = charter("other");
    let digest = stored.store.put(&other).unwrap();
    assert_eq!(stored.store.get(&digest).unwrap(), other);
    assert!(!left.exists());

    // The same where the crash came between clearing a broken copy away and the rename.
    fs::remove_dir_all(stored.file("")).unwrap();
    fs::create_dir_all(&left).unwrap();
    assert!(matches!(stored.store.get(&stored.digest).unwrap_err(), StoreError::Missing(..)));
    stored.store.put(&stored.tree).unwrap();
    assert_eq!(stored.store.get(&stored.digest).unwrap(), stored.tree);
}

#[test]
fn a_disk_that_refuses_is_named() {
    let stored = Stored::new();
    let in_the_way = stored.root.join("in-the-way");
    fs::write(&in_the_way, b"a file").unwrap();
    let error = CharterStore::open(in_the_way.join("charters")).unwrap_err();
    assert!(matches!(error, StoreError::Io { .. }), "{error:?}");
    assert!(error.to_string().contains("in-the-way"), "{error}");
}
