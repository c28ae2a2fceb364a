//! A gateway that was begun: its control log folded, its charter in force read back and proved.
//!
//! Reading works whether or not a process serves from the home, and changes nothing.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use approval::{Approved, GatewayName, Keyring};
use bundle::{Bundle, Snapshot};
use govern::{Applied, CharterStore, ControlState, Fold};
use ledger::EntryKind;
use ledger::read::Reader;
use model::{Digest, Timestamp};

use crate::codes::ErrorCode;
use crate::exit::Failure;
use crate::home::Home;

/// The control log of a home that was begun.
pub(crate) struct Begun {
    pub(crate) state: ControlState,
    pub(crate) charters: CharterStore,
}

impl Begun {
    /// Reads the home; none where nothing was ever begun in it.
    pub(crate) fn read(home: &Home) -> Result<Option<Self>> {
        let dir = home.control_log();
        if !dir.is_dir() {
            return Ok(None);
        }
        let reader = Reader::open_own(&dir)
            .with_context(|| format!("the control log in {} cannot be read", dir.display()))?;
        let mut fold = Fold::default();
        let mut began = false;
        for entry in reader.entries(0).context("the control log cannot be read")? {
            let entry = entry.context("the control log cannot be read")?;
            began |= entry.kind == EntryKind::Genesis;
            fold.take(&entry)?;
        }
        if !began {
            return Ok(None);
        }
        let charters = CharterStore::at(home.charters());
        Ok(Some(Self { state: fold.finish()?, charters }))
    }

    /// The same, where a command needs a gateway that was begun.
    pub(crate) fn demand(home: &Home) -> Result<Self> {
        Self::read(home)?.ok_or_else(|| {
            let text = format!(
                "no gateway was begun in {}; run `portreeve up`, or name another --home",
                home.root().display()
            );
            Failure::of(ErrorCode::NotBegun, text).into()
        })
    }

    /// The charter named `digest`, compiled from the store.
    pub(crate) fn bundle(&self, digest: &Digest) -> Result<Bundle> {
        let tree = self.charters.get(digest)?;
        bundle::check(&tree).map_err(|problems| {
            let text = format!(
                "charter {digest} is in force but this version finds {} problems in it; the first: {}",
                problems.len(),
                problems.first().map(ToString::to_string).unwrap_or_default()
            );
            Failure::unavailable(text).into()
        })
    }

    /// The charter in force.
    pub(crate) fn current(&self) -> Result<&Applied> {
        self.state.current().context("the control log names no charter")
    }

    /// The snapshot in force, with its approval proved again from the signed act.
    pub(crate) fn snapshot(&self) -> Result<Snapshot> {
        let current = self.current()?;
        let bundle = Arc::new(self.bundle(&current.charter)?);
        let approved = self.approved(current)?;
        Ok(Snapshot::new(bundle, &approved, current.change, current.index)?)
    }

    /// The name acts are bound to.
    pub(crate) fn gateway(&self) -> Result<GatewayName> {
        Ok(self.state.genesis.gateway.parse()?)
    }

    /// Verifies the act that brought a charter into force, as of the time it was recorded.
    fn approved(&self, applied: &Applied) -> Result<Approved> {
        let keyring = self.keyring_before(applied)?;
        let recorded: Timestamp = applied.at;
        let verified = approval::verify(&applied.act, &keyring, recorded, &self.gateway()?)
            .with_context(|| {
                format!(
                    "the act that brought charter {} into force does not verify",
                    applied.charter
                )
            })?;
        Ok(Approved::genesis(&verified, &applied.charter)?)
    }

    /// The keys that could sign it: the genesis person's own for the first charter, those of
    /// the charter it replaced for any other.
    fn keyring_before(&self, applied: &Applied) -> Result<Keyring> {
        match &applied.base {
            None => {
                let genesis = &self.state.genesis;
                Keyring::from_lines([(genesis.person.clone(), genesis.key.as_str())])
                    .map_err(|_| anyhow::anyhow!("the genesis person's key cannot be read"))
            }
            Some(base) => Ok(self.bundle(base)?.keyring().clone()),
        }
    }
}
