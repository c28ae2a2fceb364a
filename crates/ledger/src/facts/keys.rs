//! The subjects' data keys: one file each, wrapped by a key-encryption key the caller supplies.
//!
//! `agent.NAME.1.key` is an agent's first key. Erasing it leaves `agent.NAME.1.erased` for ever,
//! so that an erased key can be told from a lost one, and the agent's next decision gets key 2.

use std::collections::HashMap;
use std::fmt;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, Nonce, UnboundKey};
use model::{AgentName, DecisionId};
use zeroize::Zeroizing;

use crate::disk::Disk;
use crate::faults::{Faults, Step};

use super::{Commit, DataKey, FORM, FactsError, NONCE_BYTES, random};

/// Keys one subject may use up by erasure, at most.
const GENERATIONS_MAX: u32 = 10_000;

/// Whose facts a key seals.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum KeySubject {
    /// An agent's.
    Agent(AgentName),
    /// Those of requests whose caller was not proved.
    Unproved,
}

/// The data keys of all subjects. Clones share one cache.
#[derive(Clone)]
pub struct FactKeys(Arc<Inner>);

struct Inner {
    dir: PathBuf,
    wrapping: LessSafeKey,
    disk: Disk,
    /// Keys in use; written by `for_sealing` and `erase` alone.
    cache: Mutex<HashMap<KeySubject, Arc<DataKey>>>,
}

/// What an erasure did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erased {
    /// The id of the key that is gone, for the record of the erasure.
    pub key: String,
}

impl KeySubject {
    fn key_id(&self, generation: u32) -> String {
        match self {
            Self::Agent(name) => format!("agent.{name}.{generation}"),
            Self::Unproved => format!("unproved.{generation}"),
        }
    }
}

impl FactKeys {
    /// The keys in `dir` (made on first use, 0700), wrapped by `kek`. Reads and writes nothing
    /// yet. Only one process may seal or erase; others may read.
    ///
    /// # Errors
    /// The key-encryption key cannot be used.
    pub fn open(dir: &Path, kek: &Zeroizing<[u8; 32]>) -> Result<Self, FactsError> {
        Self::open_with(dir, kek, Faults::default())
    }

    /// As `open`, with planned failures.
    ///
    /// # Errors
    /// As `open`.
    #[doc(hidden)]
    pub fn open_with(
        dir: &Path,
        kek: &Zeroizing<[u8; 32]>,
        faults: Faults,
    ) -> Result<Self, FactsError> {
        let wrapping = UnboundKey::new(&AES_256_GCM_SIV, kek.as_slice())
            .map_err(|_| FactsError::KeyDamaged { key: "key-encryption key".to_owned() })?;
        Ok(Self(Arc::new(Inner {
            dir: dir.to_owned(),
            wrapping: LessSafeKey::new(wrapping),
            disk: Disk::new(faults),
            cache: Mutex::default(),
        })))
    }

    /// The facts of decision `id`, from its sealed payload and the commitment in its leaf.
    ///
    /// # Errors
    /// The key is erased, missing or damaged, or the payload is not the one committed to.
    pub fn unseal(
        &self,
        id: DecisionId,
        commit: &Commit,
        sealed: &[u8],
    ) -> Result<Vec<u8>, FactsError> {
        self.0.read_by_id(&commit.key)?.unseal(id, commit, sealed)
    }

    /// The key of this id, to unseal with.
    pub(crate) fn data_key(&self, id: &str) -> Result<DataKey, FactsError> {
        self.0.read_by_id(id)
    }

    /// Erases the subject's present key for ever: what it sealed can then be neither read nor
    /// confirmed, and every proof stays valid. None if the subject has no key.
    ///
    /// Whether a legal hold forbids it is the caller's business; so is the record of it.
    ///
    /// # Errors
    /// A file operation failed; the key may or may not be gone. Doing it again finishes it.
    pub fn erase(&self, subject: &KeySubject) -> Result<Option<Erased>, FactsError> {
        let mut cache = self.cache();
        let inner = &self.0;
        let Some(generation) = inner.last_generation(subject)? else { return Ok(None) };
        cache.remove(subject);
        let key = subject.key_id(generation);
        // A crash after this step leaves tombstone and key. The key is never used again, and the
        // subject's next key, or erasing once more, removes it.
        let tombstone = inner.path(&key, "erased");
        inner.io(&tombstone, inner.disk.replace(Step::Key, &tombstone, b""))?;
        inner.remove_key(&key)?;
        Ok(Some(Erased { key }))
    }

    /// The subject's present key, made durable on first use.
    pub(crate) fn for_sealing(&self, subject: &KeySubject) -> Result<Arc<DataKey>, FactsError> {
        let mut cache = self.cache();
        if let Some(key) = cache.get(subject) {
            return Ok(Arc::clone(key));
        }
        let inner = &self.0;
        let generation = match inner.last_generation(subject)? {
            None => 1,
            Some(last) => {
                let id = subject.key_id(last);
                if inner.exists(&id, "erased")? {
                    inner.remove_key(&id)?;
                    last + 1
                } else {
                    last
                }
            }
        };
        let key = Arc::new(inner.load_or_make(subject.key_id(generation))?);
        cache.insert(subject.clone(), Arc::clone(&key));
        Ok(key)
    }

    fn cache(&self) -> MutexGuard<'_, HashMap<KeySubject, Arc<DataKey>>> {
        self.0.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn path(&self, id: &str, kind: &str) -> PathBuf {
        self.dir.join(format!("{id}.{kind}"))
    }

    fn io<T>(&self, path: &Path, result: std::io::Result<T>) -> Result<T, FactsError> {
        result.map_err(|source| FactsError::Io { path: path.display().to_string(), source })
    }

    fn exists(&self, id: &str, kind: &str) -> Result<bool, FactsError> {
        let path = self.path(id, kind);
        self.io(&path, path.try_exists())
    }

    /// The newest generation of which a key or a tombstone exists.
    fn last_generation(&self, subject: &KeySubject) -> Result<Option<u32>, FactsError> {
        let mut last = None;
        for generation in 1..=GENERATIONS_MAX {
            let id = subject.key_id(generation);
            if !self.exists(&id, "erased")? {
                return Ok(if self.exists(&id, "key")? { Some(generation) } else { last });
            }
            last = Some(generation);
        }
        Ok(last)
    }

    /// Loads a key, or makes it. Either way its directory is synced before the key is used: the
    /// sync after a rename may have failed the last time.
    fn load_or_make(&self, id: String) -> Result<DataKey, FactsError> {
        let path = self.path(&id, "key");
        if self.exists(&id, "key")? {
            let bytes = self.unwrap(&id, &self.io(&path, std::fs::read(&path))?)?;
            self.io(&path, self.disk.sync_dir(&self.dir))?;
            return DataKey::new(id, &bytes);
        }
        let bytes = Zeroizing::new(random::<32>()?);
        let wrapped = self.wrap(&id, &bytes)?;
        self.io(&path, self.disk.create_dirs(&self.dir))?;
        // A crash in between leaves no key or a whole one that sealed nothing yet.
        self.io(&path, self.disk.replace(Step::Key, &path, &wrapped))?;
        if let Some(parent) = self.dir.parent() {
            self.io(&path, self.disk.sync_dir(parent))?;
        }
        DataKey::new(id, &bytes)
    }

    fn read_by_id(&self, id: &str) -> Result<DataKey, FactsError> {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let named = id.bytes().all(|byte| plain(byte) || b"-_.".contains(&byte));
        if !named {
            return Err(FactsError::KeyMissing { key: id.to_owned() });
        }
        if self.exists(id, "erased")? {
            return Err(FactsError::Erased { key: id.to_owned() });
        }
        let path = self.path(id, "key");
        match std::fs::read(&path) {
            Ok(wrapped) => DataKey::new(id.to_owned(), &*self.unwrap(id, &wrapped)?),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                Err(FactsError::KeyMissing { key: id.to_owned() })
            }
            Err(error) => self.io(&path, Err(error)),
        }
    }

    fn remove_key(&self, id: &str) -> Result<(), FactsError> {
        let path = self.path(id, "key");
        self.io(&path, self.disk.remove(Step::KeyRemove, &path))?;
        self.io(&path, self.disk.sync_dir(&self.dir))
    }

    fn wrap(&self, id: &str, bytes: &[u8; 32]) -> Result<Vec<u8>, FactsError> {
        let nonce: [u8; NONCE_BYTES] = random()?;
        let mut buffer = Zeroizing::new(bytes.to_vec());
        let tag = self
            .wrapping
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(key_aad(id)),
                &mut buffer,
            )
            .map_err(|_| FactsError::KeyDamaged { key: id.to_owned() })?;
        let mut wrapped = vec![FORM];
        wrapped.extend_from_slice(&nonce);
        wrapped.extend_from_slice(&buffer);
        wrapped.extend_from_slice(tag.as_ref());
        Ok(wrapped)
    }

    fn unwrap(&self, id: &str, wrapped: &[u8]) -> Result<Zeroizing<[u8; 32]>, FactsError> {
        let damaged = || FactsError::KeyDamaged { key: id.to_owned() };
        let rest = wrapped.strip_prefix(&[FORM]).ok_or_else(damaged)?;
        let (nonce, rest) = rest.split_first_chunk::<NONCE_BYTES>().ok_or_else(damaged)?;
        let mut buffer = Zeroizing::new(rest.to_vec());
        let plain = self
            .wrapping
            .open_in_place(
                Nonce::assume_unique_for_key(*nonce),
                Aad::from(key_aad(id)),
                &mut buffer,
            )
            .map_err(|_| damaged())?;
        let bytes: &[u8; 32] = (&*plain).try_into().map_err(|_| damaged())?;
        Ok(Zeroizing::new(*bytes))
    }
}

fn key_aad(id: &str) -> Vec<u8> {
    format!("portreeve facts key v1\n{id}\n").into_bytes()
}

impl fmt::Debug for FactKeys {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("FactKeys").field("dir", &self.0.dir).finish_non_exhaustive()
    }
}
