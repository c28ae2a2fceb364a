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
pub(crate) struct Index {
    sealed: BTreeMap<SecretName, Versions>,
    /// The latest version of each secret that was ever seen, also where its file is gone since.
    latest: BTreeMap<SecretName, SecretVersion>,
}

/// When each version was sealed, by its authenticated time; none where the version does not open.
type Versions = BTreeMap<SecretVersion, Option<Timestamp>>;

impl Index {
    /// Which versions the folder holds, nothing known of their times. Whatever is not named like
    /// a version is not ours and is left alone; a folder that is not there is an empty store.
    pub(crate) fn read(dir: &Path) -> Result<Self, SecretError> {
        let mut index = Self::default();
        for (file_name, path) in entries(dir)? {
            let Ok(name) = file_name.parse::<SecretName>() else { continue };
            if !path.is_dir() {
                continue;
            }
            let found = entries(&path)?;
            let versions = found.iter().filter_map(|(file_name, _)| version_of(file_name));
            let versions: Versions = versions.map(|version| (version, None)).collect();
            if !versions.is_empty() {
                if let Some((latest, _)) = versions.last_key_value() {
                    index.saw(&name, *latest);
                }
                index.sealed.insert(name, versions);
            }
        }
        Ok(index)
    }

    /// The same with times: those that `known` has, since a sealed version never changes, and
    /// for the others what `open` finds.
    pub(crate) fn timed(
        mut self,
        known: &Self,
        open: impl Fn(&SecretName, SecretVersion) -> Option<Timestamp>,
    ) -> Self {
        for (name, versions) in &mut self.sealed {
            for (version, sealed) in versions {
                *sealed = known.sealed_at(name, *version).or_else(|| open(name, *version));
            }
        }
        self
    }

    /// What the folder says now, and what was seen before.
    pub(crate) fn replace(&mut self, now: Self) {
        let before = std::mem::replace(self, now);
        before.latest.iter().for_each(|(name, version)| self.saw(name, *version));
    }

    /// Notes that there is or was such a version.
    pub(crate) fn saw(&mut self, name: &SecretName, version: SecretVersion) {
        let latest = self.latest.entry(name.clone()).or_insert(version);
        *latest = version.max(*latest);
    }

    /// The latest version of `name` that was ever seen.
    pub(crate) fn latest(&self, name: &SecretName) -> Option<SecretVersion> {
        self.latest.get(name).copied()
    }

    /// The versions of `name`, the first one first.
    pub(crate) fn versions(&self, name: &SecretName) -> Vec<SecretVersion> {
        self.sealed.get(name).into_iter().flat_map(BTreeMap::keys).copied().collect()
    }

    /// Whether there is such a version.
    pub(crate) fn has(&self, name: &SecretName, version: SecretVersion) -> bool {
        self.sealed.get(name).is_some_and(|versions| versions.contains_key(&version))
    }

    /// When that version was sealed.
    pub(crate) fn sealed_at(&self, name: &SecretName, version: SecretVersion) -> Option<Timestamp> {
        *self.sealed.get(name)?.get(&version)?
    }

    /// Every version of every secret, by name.
    pub(crate) fn all(&self) -> Vec<(SecretName, SecretVersion)> {
        self.sealed
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
    version_in(file_name.strip_suffix(".sealed")?)
}

/// The version that `text` is, written exactly as we write it.
pub(crate) fn version_in(text: &str) -> Option<SecretVersion> {
    let version = SecretVersion(text.strip_prefix('v')?.parse().ok()?);
    (version.0 > 0 && text == version.to_string()).then_some(version)
}
