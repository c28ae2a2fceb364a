//! Trees for the tests of this crate, read from disk.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use charter::SourceTree;

/// The tree below a folder of this crate.
pub(crate) fn tree_of(folder: &str) -> SourceTree {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut files = Vec::new();
    read(&root, &root, &mut files);
    SourceTree::from_files(files).unwrap()
}

/// The example charter, read once.
pub(crate) fn example() -> SourceTree {
    static EXAMPLE: LazyLock<SourceTree> = LazyLock::new(|| tree_of("../../examples/charter"));
    EXAMPLE.clone()
}

/// The example with some files written otherwise; none removes the file.
pub(crate) fn example_with(changed: &[(&str, Option<&str>)]) -> SourceTree {
    let kept = example();
    let kept = kept.files().filter(|(path, _)| !changed.iter().any(|(other, _)| other == path));
    let kept = kept.map(|(path, bytes)| (path.to_owned(), bytes.to_vec()));
    let written = changed
        .iter()
        .filter_map(|(path, text)| text.map(|text| ((*path).to_owned(), text.into())));
    SourceTree::from_files(kept.chain(written)).unwrap()
}

fn read(root: &Path, folder: &Path, files: &mut Vec<(String, Vec<u8>)>) {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    // As the gateway reads a charter: names that begin with a dot are no part of it.
    let hidden = |path: &PathBuf| path.file_name().unwrap().as_encoded_bytes().starts_with(b".");
    for path in entries.filter(|path| !hidden(path)).collect::<Vec<PathBuf>>() {
        if path.is_dir() {
            read(root, &path, files);
        } else {
            let relative = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            files.push((relative, fs::read(&path).unwrap()));
        }
    }
}
