//! Source trees and manifests: which files a charter may have, and what it is called.

use charter::{FILE_BYTES_MAX, FILES_MAX, Manifest, SourceTree, TREE_BYTES_MAX, manifest};

/// The codes of the problems with files of these paths.
fn codes(paths: &[&str]) -> Vec<&'static str> {
    match SourceTree::from_files(paths.iter().map(|path| (*path, b"x"))) {
        Ok(_) => Vec::new(),
        Err(problems) => problems.into_iter().map(|problem| problem.code).collect(),
    }
}

#[test]
fn a_path_stays_within_the_charter_and_has_one_spelling() {
    for good in ["charter.yaml", "a/b/c.md", "A-b_c.d/e", "1/2/3/4/5/6/7/8"] {
        assert_eq!(codes(&[good]), [""; 0], "{good}");
    }
    for bad in [
        "",
        "/",
        "/a",
        "a/",
        "a//b",
        ".",
        "..",
        "../a",
        "a/../b",
        "a/./b",
        ".git/config",
        "a/.b",
        "a.",
        "a\\b",
        "C:a",
        "a b",
        "a\nb",
        "a\0b",
        "ä",
        "e\u{301}",
        "a%2fb",
        "a*",
        "~",
        "1/2/3/4/5/6/7/8/9",
        &"a".repeat(201),
    ] {
        assert_eq!(codes(&[bad]), ["path"], "{bad:?}");
    }
}

#[test]
fn two_paths_are_never_one_on_another_file_system() {
    assert_eq!(codes(&["a", "a"]), ["path-twice"]);
    assert_eq!(codes(&["README.md", "readme.md"]), ["path-twice"]);
    assert_eq!(codes(&["agents/a.yaml", "Agents/a.yaml"]), ["path-twice"]);
    assert_eq!(codes(&["a", "a/b"]), ["path-twice"], "a file and a folder");
    assert_eq!(codes(&["A/b", "a"]), ["path-twice"], "a folder and a file");
    assert_eq!(codes(&["a/b", "a/c", "ab"]), [""; 0]);
}

#[test]
fn every_bad_file_is_named_at_once() {
    assert_eq!(codes(&["../a", "b", "c/", "B"]), ["path", "path-twice", "path"]);
}

#[test]
fn size_and_number_have_limits() {
    let of = |files: usize, bytes: usize| {
        let file = move |index| (format!("f{index}.md"), vec![b'x'; bytes]);
        SourceTree::from_files((0..files).map(file))
    };
    assert!(of(1, FILE_BYTES_MAX).is_ok());
    assert_eq!(of(1, FILE_BYTES_MAX + 1).unwrap_err()[0].code, "file-too-large");
    assert!(of(FILES_MAX, 1).is_ok());
    assert_eq!(of(FILES_MAX + 1, 1).unwrap_err()[0].code, "too-many-files");
    let whole = TREE_BYTES_MAX / FILE_BYTES_MAX;
    assert!(of(whole, FILE_BYTES_MAX).is_ok());
    assert_eq!(of(whole + 1, FILE_BYTES_MAX).unwrap_err()[0].code, "tree-too-large");
    // Endless input ends.
    let endless = SourceTree::from_files((0..).map(|index| (format!("f{index}"), Vec::new())));
    assert_eq!(endless.unwrap_err()[0].code, "too-many-files");
}

#[test]
fn files_are_added_under_the_same_rules() {
    let tree = SourceTree::from_files([("a.md", "1")]).unwrap();
    assert_eq!(tree.clone().with_files([("b.md", "2")]).unwrap().files().count(), 2);
    assert_eq!(tree.clone().with_files([("A.md", "2")]).unwrap_err()[0].code, "path-twice");
    assert_eq!(tree.with_files([("a.md", "1")]).unwrap_err()[0].code, "path-twice");
}

/// The digest names charters for good: this one never changes.
#[test]
fn the_manifest_has_one_form_for_good() {
    let tree = SourceTree::from_files([("b/c.md", ""), ("a.md", "abc"), ("B.md", "x")]).unwrap();
    let manifest = manifest(&tree);
    let text = "\
2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881  1  B.md
ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  3  a.md
e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  0  b/c.md
";
    assert_eq!(manifest.to_string(), text);
    assert_eq!(manifest.digest().to_string(), DIGEST);
    assert_eq!(text.parse(), Ok(manifest));
}

const DIGEST: &str = "sha256:3b5b3fd788a1613d7eb73e0006b459db26ef1efe0168c756e5fa5572546b75c4";

#[test]
fn only_the_manifests_own_form_is_read() {
    let sum = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    let good = format!("{sum}  3  a.md\n{sum}  3  b.md\n");
    assert_eq!(good.parse::<Manifest>().map(|manifest| manifest.to_string()), Ok(good.clone()));
    assert_eq!("".parse::<Manifest>().map(|manifest| manifest.files().count()), Ok(0));
    let bad = [
        good.trim_end().to_owned(),
        format!("{sum}  3  b.md\n{sum}  3  a.md\n"),
        format!("{sum}  3  a.md\n{sum}  3  a.md\n"),
        format!("{sum}  3  A.md\n{sum}  3  a.md\n"),
        format!("{sum}  03  a.md\n"),
        format!("{sum}  +3  a.md\n"),
        format!("{sum}  262145  a.md\n"),
        format!("{sum} 3  a.md\n"),
        format!("{sum}  3 a.md\n"),
        format!("{sum}   3  a.md\n"),
        format!("{sum}  3  a.md \n"),
        format!("{sum}  3  a.md\r\n"),
        format!("{sum}  3  ../a.md\n"),
        format!("{}  3  a.md\n", sum.to_uppercase()),
        format!("{}  3  a.md\n", &sum[1..]),
        format!("sha256:{sum}  3  a.md\n"),
        format!("\n{sum}  3  a.md\n"),
        format!("{sum}  3  a.md\n\n"),
    ];
    for text in bad {
        assert!(text.parse::<Manifest>().is_err(), "{text:?}");
    }
}
