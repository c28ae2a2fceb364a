//! The files of a charter as bytes in memory, within limits. It opens nothing: whoever holds the
//! bytes hands them in.

use std::collections::{BTreeMap, BTreeSet};

use model::Problems;

use crate::{code, problem};

/// Most files in a charter.
pub const FILES_MAX: usize = 2_000;

/// Largest file, in bytes.
pub const FILE_BYTES_MAX: usize = 256 * 1024;

/// All files together, in bytes.
pub const TREE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Longest path, in bytes.
const PATH_BYTES_MAX: usize = 200;

/// Most segments of a path, the file's name included.
const PATH_SEGMENTS_MAX: usize = 8;

/// A charter's files: relative path with `/`, and bytes.
///
/// ```
/// let tree = charter::SourceTree::from_files([("charter.yaml", b"portreeve: 1\n")])
///     .map_err(|problems| problems[0].to_string())?;
/// assert_eq!(tree.files().count(), 1);
/// assert!(charter::SourceTree::from_files([("../charter.yaml", b"")]).is_err());
/// # Ok::<(), String>(())
/// ```
#[derive(Clone, PartialEq, Eq, Default)]
pub struct SourceTree(BTreeMap<String, Vec<u8>>);

impl SourceTree {
    /// A tree of these files, in any order.
    ///
    /// # Errors
    /// Every path that breaks a rule, every path given twice (case apart), every file beyond
    /// the size limit; too many files, or too many bytes in all.
    pub fn from_files<P, B>(files: impl IntoIterator<Item = (P, B)>) -> Result<Self, Problems>
    where
        P: Into<String>,
        B: Into<Vec<u8>>,
    {
        Self::default().with_files(files)
    }

    /// This tree and these files besides.
    ///
    /// # Errors
    /// As [`Self::from_files`]; a path that is there already counts as given twice.
    pub fn with_files<P, B>(
        mut self,
        files: impl IntoIterator<Item = (P, B)>,
    ) -> Result<Self, Problems>
    where
        P: Into<String>,
        B: Into<Vec<u8>>,
    {
        let mut problems = Vec::new();
        let mut paths = Paths::default();
        let mut bytes_total = 0_usize;
        for (path, bytes) in &self.0 {
            problems.extend(paths.add(path));
            bytes_total = bytes_total.saturating_add(bytes.len());
        }
        for (path, bytes) in files {
            let (path, bytes) = (path.into(), bytes.into());
            if self.0.len() >= FILES_MAX {
                let what = format!("the charter has more than {FILES_MAX} files");
                let help = "merge or remove some";
                problems.push(problem::file(&path, code::TOO_MANY_FILES, what, help));
                break;
            }
            bytes_total = bytes_total.saturating_add(bytes.len());
            if bytes_total > TREE_BYTES_MAX {
                let what = format!("the files together have more than {TREE_BYTES_MAX} bytes");
                let help = "keep only the charter's own files here";
                problems.push(problem::file(&path, code::TREE_TOO_LARGE, what, help));
                break;
            }
            if bytes.len() > FILE_BYTES_MAX {
                let what = format!("{} bytes; a file has at most {FILE_BYTES_MAX}", bytes.len());
                problems.push(problem::file(&path, code::FILE_TOO_LARGE, what, "split the file"));
            }
            problems.extend(paths.add(&path));
            self.0.insert(path, bytes);
        }
        if problems.is_empty() {
            return Ok(self);
        }
        problems.sort();
        Err(problems)
    }

    /// Files that this crate itself wrote, at paths it chose.
    pub(crate) fn written(files: impl IntoIterator<Item = (String, Vec<u8>)>) -> Self {
        Self(files.into_iter().collect())
    }

    /// The files, sorted by path.
    pub fn files(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice()))
    }

    /// The bytes of one file.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<&[u8]> {
        self.0.get(path).map(Vec::as_slice)
    }
}

impl std::fmt::Debug for SourceTree {
    /// Names the files; what they hold may be long, or secret by mistake.
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_set().entries(self.0.keys()).finish()
    }
}

/// Paths as they are added, to find two that a file system may take for one.
#[derive(Debug, Default)]
pub(crate) struct Paths {
    files: BTreeSet<String>,
    folders: BTreeSet<String>,
}

impl Paths {
    /// Takes one more path, or says what is wrong with it.
    pub(crate) fn add(&mut self, path: &str) -> Option<model::Problem> {
        if let Err(rule) = check_path(path) {
            let what = format!("the path `{}` {rule}", problem::shown(path));
            let help = "use letters, digits, `-`, `_` and `.`, with `/` between folders";
            return Some(problem::file(path, code::PATH, what, help));
        }
        let folded = path.to_ascii_lowercase();
        let mut folders: Vec<&str> = Vec::new();
        let mut rest = folded.as_str();
        while let Some((folder, _)) = rest.rsplit_once('/') {
            folders.push(folder);
            rest = folder;
        }
        let collides = folders.iter().any(|folder| self.files.contains(*folder))
            || self.folders.contains(&folded)
            || self.files.contains(&folded);
        self.folders.extend(folders.into_iter().map(ToOwned::to_owned));
        self.files.insert(folded);
        collides.then(|| {
            let what =
                format!("the path `{path}` is there already, or one that differs only in case");
            problem::file(path, code::PATH_TWICE, what, "rename one of the two")
        })
    }
}

/// The rule that a path breaks, if any. ASCII alone is allowed, so that no two spellings of one
/// name exist (Unicode TR 15).
pub(crate) fn check_path(path: &str) -> Result<(), &'static str> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if path.is_empty() || path.len() > PATH_BYTES_MAX {
        return Err("is empty or longer than 200 bytes");
    }
    if path.split('/').count() > PATH_SEGMENTS_MAX {
        return Err("has more than 8 segments");
    }
    for segment in path.split('/') {
        if segment.is_empty() {
            return Err("begins or ends with `/`, or has `//` in it");
        }
        if segment.starts_with('.') || segment.ends_with('.') {
            return Err("has a segment that begins or ends with `.`");
        }
        if !segment.bytes().all(plain) {
            return Err("has a character that is not allowed");
        }
    }
    Ok(())
}
