//! The manifest that names a charter: one line a file, and the digest of those lines.
//!
//! It says what the files are and nothing of what they mean, so a charter that does not parse
//! has a digest too.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use model::Digest;

use crate::tree::{FILE_BYTES_MAX, FILES_MAX, Paths, SourceTree};

/// Every file of a charter with its SHA-256 and size, sorted by path in byte order.
///
/// Its text has one line a file, `sha256hex  size  path`, each ended by a line feed; the digest
/// of the charter is the SHA-256 of that text.
///
/// ```
/// let tree = charter::SourceTree::from_files([("b.md", "2"), ("a.md", "1")]).unwrap();
/// let manifest = charter::manifest(&tree);
/// assert_eq!(manifest.to_string().parse(), Ok(manifest));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest(BTreeMap<String, Entry>);

/// One file as the manifest knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entry {
    digest: Digest,
    bytes: usize,
}

/// A text that is not a manifest as this product writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the manifest {why}")]
pub struct ManifestError {
    line: usize,
    why: &'static str,
}

/// The manifest of `tree`.
#[must_use]
pub fn manifest(tree: &SourceTree) -> Manifest {
    let entry = |bytes: &[u8]| Entry { digest: Digest::of(bytes), bytes: bytes.len() };
    Manifest(tree.files().map(|(path, bytes)| (path.to_owned(), entry(bytes))).collect())
}

impl Manifest {
    /// The charter's digest: SHA-256 of the manifest's text.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(self.to_string().as_bytes())
    }

    /// Path, SHA-256 and size in bytes of every file, sorted by path.
    pub fn files(&self) -> impl Iterator<Item = (&str, Digest, usize)> {
        self.0.iter().map(|(path, entry)| (path.as_str(), entry.digest, entry.bytes))
    }
}

impl fmt::Display for Manifest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (path, Entry { digest, bytes }) in &self.0 {
            writeln!(out, "{}  {bytes}  {path}", digest.hex())?;
        }
        Ok(())
    }
}

impl FromStr for Manifest {
    type Err = ManifestError;

    /// Takes only what [`fmt::Display`] writes: sorted, every number and digest in its one
    /// spelling, every line ended.
    fn from_str(text: &str) -> Result<Self, ManifestError> {
        let mut entries = BTreeMap::new();
        let mut paths = Paths::default();
        for (index, line) in text.split_inclusive('\n').enumerate() {
            let error = |why| ManifestError { line: index + 1, why };
            let (path, entry) = read_line(line).map_err(error)?;
            if index >= FILES_MAX {
                return Err(error("is one too many"));
            }
            if entries.last_key_value().is_some_and(|(last, _): (&String, _)| *last >= path) {
                return Err(error("is out of order"));
            }
            if paths.add(&path).is_some() {
                return Err(error("names a path that no charter has"));
            }
            entries.insert(path, entry);
        }
        Ok(Self(entries))
    }
}

fn read_line(line: &str) -> Result<(String, Entry), &'static str> {
    let line = line.strip_suffix('\n').ok_or("is not ended by a line feed")?;
    let (hex, rest) = line.split_once("  ").ok_or("is not `sha256  size  path`")?;
    let (size, path) = rest.split_once("  ").ok_or("is not `sha256  size  path`")?;
    let digest = format!("sha256:{hex}").parse().map_err(|_| "begins with no SHA-256")?;
    let bytes: usize = size.parse().map_err(|_| "has no size")?;
    if bytes.to_string() != size || bytes > FILE_BYTES_MAX {
        return Err("has a size that no file has");
    }
    Ok((path.to_owned(), Entry { digest, bytes }))
}
