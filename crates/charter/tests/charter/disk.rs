//! Trees for the tests of this crate, read from disk.

use std::fs;
use std::path::{Path, PathBuf};

use charter::SourceTree;

/// The tree below a folder of this crate.
pub(crate) fn tree_of(folder: &str) -> SourceTree {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut files = Vec::new();
    read(&root, &root, &mut files);
    SourceTree::from_files(files).unwrap()
}

/// The example charter.
pub(crate) fn example() -> SourceTree {
    tree_of("../../examples/charter")
}

fn read(root: &Path, folder: &Path, files: &mut Vec<(String, Vec<u8>)>) {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    for path in entries.collect::<Vec<PathBuf>>() {
        if path.is_dir() {
            read(root, &path, files);
        } else {
            let relative = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            files.push((relative, fs::read(&path).unwrap()));
        }
    }
}
