//! Reading a charter's directory: bounded, never through a link, all problems at once.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;

use govern::read_tree;
use model::Problems;
use tempfile::TempDir;

use crate::common::folder;

/// A folder that `fill` filled.
fn filled(fill: impl FnOnce(&Path)) -> TempDir {
    let folder = folder();
    fs::write(folder.path().join("charter.yaml"), b"portreeve: 1\n").unwrap();
    fill(folder.path());
    folder
}

fn problems(fill: impl FnOnce(&Path)) -> Problems {
    let folder = filled(fill);
    read_tree(folder.path()).expect_err("the folder has a problem")
}

/// One problem, with this code, at this place.
#[track_caller]
fn check(fill: impl FnOnce(&Path), code: &str, place: &str) {
    let problems = problems(fill);
    let [problem] = problems.as_slice() else { panic!("{problems:#?}") };
    assert_eq!((problem.code, problem.place.file.as_str()), (code, place), "{problem}");
    assert!(!problem.help.is_empty() && !problem.who.is_empty());
}

#[test]
fn files_are_read_with_their_relative_paths() {
    let folder = filled(|root| {
        fs::create_dir_all(root.join("policies/model")).unwrap();
        fs::write(root.join("policies/model/10.cedar"), [0xff, 0x00]).unwrap();
        fs::create_dir(root.join("empty")).unwrap();
    });
    let tree = read_tree(folder.path()).unwrap();
    let files: Vec<_> = tree.files().collect();
    let expected: [(&str, &[u8]); 2] =
        [("charter.yaml", b"portreeve: 1\n"), ("policies/model/10.cedar", &[0xff, 0x00])];
    assert_eq!(files, expected);
}

#[test]
fn what_begins_with_a_dot_is_somebody_elses() {
    let folder = filled(|root| {
        fs::create_dir_all(root.join(".git/objects")).unwrap();
        fs::write(root.join(".git/objects/x"), vec![0; 300 * 1024]).unwrap();
        fs::write(root.join(".charter.yaml.swp"), b"half").unwrap();
        symlink("/etc/passwd", root.join(".link")).unwrap();
    });
    assert_eq!(read_tree(folder.path()).unwrap().files().count(), 1);
}

#[test]
fn links_are_not_followed() {
    check(
        |root| symlink("/etc/passwd", root.join("people.yaml")).unwrap(),
        "not-a-file",
        "people.yaml",
    );
    check(
        |root| symlink("charter.yaml", root.join("again.yaml")).unwrap(),
        "not-a-file",
        "again.yaml",
    );
    check(|root| symlink("..", root.join("agents")).unwrap(), "not-a-file", "agents");
    check(|root| symlink("nowhere", root.join("dangling")).unwrap(), "not-a-file", "dangling");
}

#[test]
fn pipes_sockets_and_devices_are_not_opened() {
    check(
        |root| {
            let made = Command::new("mkfifo").arg(root.join("pipe.yaml")).status().unwrap();
            assert!(made.success());
        },
        "not-a-file",
        "pipe.yaml",
    );
    check(|root| drop(UnixListener::bind(root.join("s.yaml")).unwrap()), "not-a-file", "s.yaml");
}

#[test]
fn names_are_text() {
    check(
        |root| fs::write(root.join(OsStr::from_bytes(b"agents\xff.yaml")), b"").unwrap(),
        "name",
        ".",
    );
}

#[test]
fn a_file_has_a_largest_size() {
    let at = |bytes: usize| {
        move |root: &Path| fs::write(root.join("big.yaml"), vec![b'#'; bytes]).unwrap()
    };
    assert!(read_tree(filled(at(256 * 1024)).path()).is_ok());
    check(at(256 * 1024 + 1), "too-large", "big.yaml");
}

/// However many there are too many, it is one problem.
#[test]
fn there_is_a_largest_number_of_files() {
    let files = |count: usize| {
        move |root: &Path| {
            for number in 1..count {
                fs::write(root.join(format!("{number}.md")), b"").unwrap();
            }
        }
    };
    assert!(read_tree(filled(files(2_000)).path()).is_ok());
    for count in [2_001, 2_050] {
        let problems = problems(files(count));
        assert_eq!(problems.len(), 1, "{count} files");
        assert_eq!(problems[0].code, "too-many-files");
    }
}

#[test]
fn folders_have_a_largest_depth() {
    let deep = |depth: usize| {
        move |root: &Path| fs::create_dir_all(root.join(vec!["d"; depth].join("/"))).unwrap()
    };
    assert!(read_tree(filled(deep(8)).path()).is_ok());
    check(deep(9), "too-deep", &["d"; 9].join("/"));
    check(deep(60), "too-deep", &["d"; 9].join("/"));
}

#[test]
fn a_folder_that_is_none_is_a_problem() {
    let folder = filled(|_| ());
    let problems = read_tree(&folder.path().join("charter.yaml")).unwrap_err();
    assert_eq!(problems[0].code, "unreadable");
    let problems = read_tree(&folder.path().join("nowhere")).unwrap_err();
    assert_eq!(problems[0].code, "unreadable");
}

#[test]
fn all_problems_come_at_once_sorted_by_place() {
    let found = problems(|root| {
        symlink("/", root.join("z")).unwrap();
        symlink("/", root.join("a")).unwrap();
        fs::write(root.join("m.yaml"), vec![b'#'; 300 * 1024]).unwrap();
    });
    let places: Vec<_> = found.iter().map(|problem| problem.place.file.as_str()).collect();
    assert_eq!(places, ["a", "m.yaml", "z"]);
}
