//! What is sealed, in memory: the versions of each secret and when each was sealed. It reads the
//! folder when it is told to, and holds no value.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use model::{SecretName, SecretVersion, Timestamp};

use crate::SecretError;

/// The versions of each secret, as the folder said when it was read.
#[derive(Debug, Clone, Default)]
pub(crate) struct Index(BTreeMap<SecretName, Versions>);

/// When each version was sealed, by its authenticated time; none where the version does not open.
type Versions = BTreeMap<SecretVersion, Option<Timestamp>>;

impl Index {
    /// Which versions the folder holds, nothing known of their times. Whatever is not named like
    /// a version is not ours and is left alone; a folder that is not there is an empty store.
    pub(crate) fn read(dir: &Path) -> Result<Self, SecretError> {
        let mut index = BTreeMap::new();
        for (file_name, path) in entries(dir)? {
            let Ok(name) = file_name.parse::<SecretName>() else { continue };
            if !path.is_dir() {
                continue;
            }
            let found = entries(&path)?;
            let versions = found.iter().filter_map(|(file_name, _)| version_of(file_name));
            let versions: Versions = versions.map(|version| (version, None)).collect();
            if !versions.is_empty() {
                index.insert(name, versions);
            }
        }
        Ok(Self(index))
    }

    /// The same with times: those that `known` has, since a sealed version never changes, and
    /// for the others what `open` finds.
    pub(crate) fn timed(
        mut self,
        known: &Self,
        open: impl Fn(&SecretName, SecretVersion) -> Option<Timestamp>,
    ) -> Self {
        for (name, versions) in &mut self.0 {
            for (version, sealed) in versions {
                *sealed = known.sealed_at(name, *version).or_else(|| open(name, *version));
            }
        }
        self
    }

    /// The versions of `name`, the first one first.
    pub(crate) fn versions(&self, name: &SecretName) -> Vec<SecretVersion> {
        self.0.get(name).into_iter().flat_map(BTreeMap::keys).copied().collect()
    }

    /// Whether there is such a version.
    pub(crate) fn has(&self, name: &SecretName, version: SecretVersion) -> bool {
        self.0.get(name).is_some_and(|versions| versions.contains_key(&version))
    }

    /// When that version was sealed.
    pub(crate) fn sealed_at(&self, name: &SecretName, version: SecretVersion) -> Option<Timestamp> {
        *self.0.get(name)?.get(&version)?
    }

    /// Every version of every secret, by name.
    pub(crate) fn all(&self) -> Vec<(SecretName, SecretVersion)> {
        self.0
            .iter()
            .flat_map(|(name, versions)| versions.keys().map(|version| (name.clone(), *version)))
            .collect()
    }
}

fn entries(dir: &Path) -> Result<Vec<(String, PathBuf)>, SecretError> {
    let unreadable = |source| SecretError::Read { path: dir.to_owned(), source };
    let entries = match fs::read_dir(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(unreadable)?,
    };
    entries
        .map(|entry| {
            let entry = entry.map_err(unreadable)?;
            Ok((entry.file_name().to_string_lossy().into_owned(), entry.path()))
        })
        .collect()
}

/// The version a file name stands for, written exactly as we write it.
fn version_of(file_name: &str) -> Option<SecretVersion> {
    let number = file_name.strip_prefix('v')?.strip_suffix(".sealed")?.parse().ok()?;
    let version = SecretVersion(number);
    (number > 0 && file_name == format!("{version}.sealed")).then_some(version)
}
