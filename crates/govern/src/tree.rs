//! Reads a charter's directory from disk into a source tree: bounded, and never through a link.

use std::fs;
use std::io::Read as _;
use std::path::Path;

use charter::SourceTree;
use model::{Place, Problem, Problems};

/// Most files a charter's directory may hold.
const FILES_MAX: usize = 2_000;
/// Largest file, in bytes.
const FILE_BYTES_MAX: u64 = 256 * 1024;
/// Deepest folder below the root.
const DEPTH_MAX: usize = 8;

/// Reads every file below `root`. Names that begin with a dot are an editor's or a version
/// control's own, and are left out.
///
/// # Errors
/// All problems at once: a link, something that is no file, a name or content that cannot be
/// read, too many or too large.
pub fn read_tree(root: &Path) -> Result<SourceTree, Problems> {
    let mut reading = Reading { found: 0, files: Vec::new(), problems: Vec::new() };
    reading.folder(root, "", 0);
    if !reading.problems.is_empty() {
        reading.problems.sort();
        return Err(reading.problems);
    }
    SourceTree::from_files(reading.files)
}

struct Reading {
    /// How many files there are, read or not.
    found: usize,
    files: Vec<(String, Vec<u8>)>,
    problems: Problems,
}

impl Reading {
    fn folder(&mut self, path: &Path, relative: &str, depth: usize) {
        if depth > DEPTH_MAX {
            return self.problem(relative, "too-deep", "the folder is nested too deeply");
        }
        let entries = match fs::read_dir(path) {
            Ok(entries) => entries,
            Err(cause) => {
                let what = format!("the folder cannot be read: {cause}");
                return self.problem(relative, "unreadable", &what);
            }
        };
        for entry in entries {
            match entry {
                Ok(entry) => self.entry(&entry, relative, depth),
                Err(cause) => {
                    let what = format!("the folder cannot be read: {cause}");
                    self.problem(relative, "unreadable", &what);
                }
            }
        }
    }

    fn entry(&mut self, entry: &fs::DirEntry, folder: &str, depth: usize) {
        let name = entry.file_name();
        let Some(name) = name.to_str() else {
            return self.problem(folder, "name", "the folder holds a name that is not UTF-8");
        };
        if name.starts_with('.') {
            return;
        }
        let relative = if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => self.folder(&entry.path(), &relative, depth + 1),
            Ok(kind) if kind.is_file() => self.file(&entry.path(), relative),
            Ok(_) => self.problem(&relative, "not-a-file", "it is a link or a device, not a file"),
            Err(cause) => {
                let what = format!("it cannot be examined: {cause}");
                self.problem(&relative, "unreadable", &what);
            }
        }
    }

    fn file(&mut self, path: &Path, relative: String) {
        self.found += 1;
        if self.found > FILES_MAX {
            // However many there are too many, one problem says so.
            if self.found == FILES_MAX + 1 {
                let what = format!("a charter has at most {FILES_MAX} files");
                self.problem(&relative, "too-many-files", &what);
            }
            return;
        }
        match read_bounded(path) {
            Ok(Some(bytes)) => self.files.push((relative, bytes)),
            Ok(None) => {
                let what = format!("the file is larger than {FILE_BYTES_MAX} bytes");
                self.problem(&relative, "too-large", &what);
            }
            Err(cause) => {
                let what = format!("the file cannot be read: {cause}");
                self.problem(&relative, "unreadable", &what);
            }
        }
    }

    fn problem(&mut self, place: &str, code: &'static str, what: &str) {
        let file = if place.is_empty() { "." } else { place };
        self.problems.push(Problem {
            place: Place::file(file),
            code,
            what: what.to_owned(),
            who: "whoever edits the charter's directory".to_owned(),
            help: help(code).to_owned(),
        });
    }
}

/// What to do about a problem of this code.
fn help(code: &str) -> &'static str {
    match code {
        "too-large" => "split the file, and keep data that is no declaration elsewhere",
        "not-a-file" => "put the file itself here: what a link leads to may change unseen",
        "unreadable" => "let whoever runs this command read it: `ls -l` shows who may",
        "name" => "use letters, digits, `-`, `_` and `.`",
        _ => "keep only the charter's own plain files in this directory",
    }
}

/// The file's bytes, or none where it is larger than the bound.
fn read_bounded(path: &Path) -> std::io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    let fits = u64::try_from(bytes.len()).is_ok_and(|length| length <= FILE_BYTES_MAX);
    Ok(fits.then_some(bytes))
}
