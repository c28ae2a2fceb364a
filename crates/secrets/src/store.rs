//! The sealed store: `DIR/NAME/vN.sealed`, one file for each version of each secret. A version
//! is sealed once and never changed; the store never hands a value out but as a lease.
//!
//! A version is given out once, also where its file is gone: `DIR/.latest/NAME` names the latest
//! one, written before the value is sealed.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use ledger::Recorded;
use model::{Clock, SecretName, SecretVersion, Timestamp};
use policy::Permit;

use crate::cache::Cache;
use crate::disk::Disk;
use crate::envelope::{self, Label, Opened};
use crate::index::Index;
use crate::mark;
use crate::{Fingerprint, Lease, LeaseError, SealingKey, SecretError, SecretValue};

/// Largest sealed file, in bytes: a secret of 16 KiB with room to spare.
const FILE_BYTES_MAX: u64 = 64 * 1024;

/// Locked while a value is sealed. It stays empty.
const LOCK_FILE: &str = ".lock";

/// The gateway's sealed secrets.
#[derive(Debug)]
pub struct SecretStore {
    dir: PathBuf,
    gateway: String,
    key: SealingKey,
    clock: Arc<dyn Clock>,
    disk: Disk,
    cache: Cache,
    /// What is sealed, as the folder said when it was last read: only `refresh` changes that. And
    /// the latest version of each secret ever seen.
    index: RwLock<Index>,
    /// Held while a value is sealed: versions are given out one after another. The lock file
    /// does the same between processes.
    sealing: Mutex<()>,
}

/// One sealed version, as a person sees it.
#[derive(Debug)]
pub struct Listed {
    /// The secret.
    pub name: SecretName,
    /// The version.
    pub version: SecretVersion,
    /// What was found when it was opened.
    pub sealed: Result<Sealed, SecretError>,
}

/// What is shown of a value that opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sealed {
    /// When it was sealed.
    pub created: Timestamp,
    /// The same for the same value, and nothing more.
    pub fingerprint: Fingerprint,
}

impl SecretStore {
    /// Opens the store of `gateway` in `dir`, reading which versions there are and when each was
    /// sealed. It writes nothing: a folder that is not there yet is an empty store, and a version
    /// that does not open is kept apart for [`Self::list`] to name.
    ///
    /// # Errors
    /// Where the folder cannot be read.
    pub fn open(
        dir: impl Into<PathBuf>,
        key: SealingKey,
        gateway: &str,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, SecretError> {
        let store = Self {
            dir: dir.into(),
            gateway: gateway.to_owned(),
            key,
            clock,
            disk: Disk::default(),
            cache: Cache::default(),
            index: RwLock::default(),
            sealing: Mutex::new(()),
        };
        store.refresh()?;
        Ok(store)
    }

    /// Seals `value` as the next version of `name`. It takes no part in any call until the
    /// charter names that version.
    ///
    /// Durable when it returns. A crash leaves the version sealed whole, or not at all. A version
    /// that was ever given out is never given out again, whether its file is still there or not.
    ///
    /// # Errors
    /// Where it cannot be written, or nothing says reliably which version is next. After an error
    /// the version may be there; it is then given out to no other value.
    pub fn put(&self, name: &SecretName, value: SecretValue) -> Result<SecretVersion, SecretError> {
        let _here = self.sealing.lock().unwrap_or_else(PoisonError::into_inner);
        let announced = self.next_version(name)?;
        let put = self.put_next(name, &value);
        if put.is_err() {
            // Whoever asked for the next version may have told others that this value is it.
            self.saw(name, announced);
        }
        put
    }

    fn put_next(
        &self,
        name: &SecretName,
        value: &SecretValue,
    ) -> Result<SecretVersion, SecretError> {
        let unwritable = |source| SecretError::Write { path: self.dir.clone(), source };
        self.disk.make_dir(&self.dir).map_err(unwritable)?;
        let _everywhere = self.disk.lock(&self.dir.join(LOCK_FILE)).map_err(unwritable)?;
        // Another process may have sealed something since.
        self.refresh()?;
        let version = self.next_version(name)?;
        self.saw(name, version);
        let written = self.mark(name, version).and_then(|()| self.write(name, version, value));
        // A step that failed may have taken effect all the same: the folder knows.
        self.refresh()?;
        written.map(|()| version)
    }

    /// The version that the next [`Self::put`] of `name` makes, unless another comes first: above
    /// every one that this store ever saw, and above the one that the secret's mark names.
    ///
    /// # Errors
    /// Where no number is left, or the mark is damaged or cannot be read.
    pub fn next_version(&self, name: &SecretName) -> Result<SecretVersion, SecretError> {
        let marked = mark::read(&mark::path(&self.dir, name))?;
        let seen = self.index.read().unwrap_or_else(PoisonError::into_inner).latest(name);
        let latest = marked.max(seen).map_or(0, |latest| latest.0);
        let next = latest.checked_add(1).map(SecretVersion);
        next.ok_or_else(|| SecretError::NoVersionLeft(name.clone()))
    }

    /// The sealed versions of `name`, the first one first. From memory.
    #[must_use]
    pub fn versions(&self, name: &SecretName) -> Vec<SecretVersion> {
        self.index.read().unwrap_or_else(PoisonError::into_inner).versions(name)
    }

    /// Whether there is such a version, also one that does not open. From memory.
    #[must_use]
    pub fn has(&self, name: &SecretName, version: SecretVersion) -> bool {
        self.index.read().unwrap_or_else(PoisonError::into_inner).has(name, version)
    }

    /// When that version was sealed, by the time that is authenticated with its value; none where
    /// there is none, or it did not open when the store last looked, so that it cannot be lent.
    ///
    /// From memory, for every request. The store looks when it is opened and whenever it seals: a
    /// version that another process sealed or restored meanwhile is not seen before.
    #[must_use]
    pub fn sealed_at(&self, name: &SecretName, version: SecretVersion) -> Option<Timestamp> {
        self.index.read().unwrap_or_else(PoisonError::into_inner).sealed_at(name, version)
    }

    /// Every sealed version by name, each opened to see that it opens; never a value.
    #[must_use]
    pub fn list(&self) -> Vec<Listed> {
        let all = self.index.read().unwrap_or_else(PoisonError::into_inner).all();
        all.into_iter()
            .map(|(name, version)| {
                let sealed = self.read(&name, version).map(|opened| Sealed {
                    created: opened.created,
                    fingerprint: self.key.fingerprint(opened.value.expose()),
                });
                Listed { name, version, sealed }
            })
            .collect()
    }

    /// Opens that version, as it lies on the disk now, to see that it opens; never its value.
    ///
    /// # Errors
    /// Where it is not there, cannot be read or does not open.
    pub fn opens(&self, name: &SecretName, version: SecretVersion) -> Result<(), SecretError> {
        self.read(name, version).map(drop)
    }

    /// Lends the secret that target number `target` (from 0) of a recorded permit names, in the
    /// version it names. There is no other way to a sealed value.
    ///
    /// # Errors
    /// Where the permit has no such target, the target names no secret, or it does not open.
    pub fn lease(&self, recorded: &Recorded<Permit>, target: usize) -> Result<Lease, LeaseError> {
        let permitted =
            recorded.value().targets().get(target).ok_or(LeaseError::NoTarget(target))?;
        let secret = permitted.secret.as_ref().ok_or(LeaseError::NoSecret(target))?;
        Ok(self.lend(&secret.name, secret.version)?)
    }

    fn lend(&self, name: &SecretName, version: SecretVersion) -> Result<Lease, SecretError> {
        let value = match self.cache.get(name, version) {
            Some(value) => value,
            None => {
                let opened = self.read(name, version)?;
                // The folder may have been without it when the store last looked.
                self.saw(name, version);
                self.cache.keep(name, version, opened.value)
            }
        };
        Ok(Lease::new(name.clone(), version, value))
    }

    fn read(&self, name: &SecretName, version: SecretVersion) -> Result<Opened, SecretError> {
        let path = self.path(name, version);
        let unreadable = |source: io::Error| {
            if source.kind() == io::ErrorKind::NotFound {
                return SecretError::Missing { name: name.clone(), version };
            }
            SecretError::Read { path: path.clone(), source }
        };
        let file = File::open(&path).map_err(unreadable)?;
        let mut bytes = Vec::new();
        file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(unreadable)?;
        if u64::try_from(bytes.len()).is_ok_and(|length| length > FILE_BYTES_MAX) {
            let cause = "it is larger than 64 KiB".to_owned();
            return Err(SecretError::Malformed { path, cause });
        }
        envelope::open(self.label(name, version), &bytes, &self.key, &path)
    }

    /// Notes durably that `version` is given out.
    fn mark(&self, name: &SecretName, version: SecretVersion) -> Result<(), SecretError> {
        let path = mark::path(&self.dir, name);
        self.disk
            .make_dir(&self.dir.join(mark::DIR))
            .and_then(|()| self.disk.replace(&path, mark::text(version).as_bytes()))
            .map_err(|source| SecretError::Write { path, source })
    }

    fn saw(&self, name: &SecretName, version: SecretVersion) {
        self.index.write().unwrap_or_else(PoisonError::into_inner).saw(name, version);
    }

    fn write(
        &self,
        name: &SecretName,
        version: SecretVersion,
        value: &SecretValue,
    ) -> Result<(), SecretError> {
        let label = self.label(name, version);
        let bytes = envelope::seal(label, value, &self.key, self.clock.now())?;
        let path = self.path(name, version);
        let of = self.dir.join(name.as_str());
        self.disk
            .make_dir(&of)
            .and_then(|()| self.disk.publish(&path, &bytes))
            .map_err(|source| SecretError::Write { path, source })
    }

    fn refresh(&self) -> Result<(), SecretError> {
        let known = self.index.read().unwrap_or_else(PoisonError::into_inner).clone();
        let index = Index::read(&self.dir)?.timed(&known, |name, version| {
            self.read(name, version).map(|opened| opened.created).ok()
        });
        self.index.write().unwrap_or_else(PoisonError::into_inner).replace(index);
        Ok(())
    }

    fn label<'a>(&'a self, name: &'a SecretName, version: SecretVersion) -> Label<'a> {
        Label { gateway: &self.gateway, name, version }
    }

    fn path(&self, name: &SecretName, version: SecretVersion) -> PathBuf {
        self.dir.join(name.as_str()).join(format!("{version}.sealed"))
    }
}

#[cfg(test)]
mod tests;
