//! What the control log holds of each act, and what folding it tells: who began this gateway,
//! which charter is in force, what was asked before.
//!
//! The log is the ground state: nothing here is stored anywhere else.

use std::collections::BTreeMap;

use approval::{Nonce, SignedAct};
use ledger::Entry;
use model::{ChangeId, Digest, PersonName, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How long a nonce is remembered, in milliseconds: twice as long as an act stays fresh either
/// way, so that an act outlives its own replay.
const NONCE_KEPT_MS: u64 = 20 * 60 * 1000;

/// The genesis entry: the one person's signed act that brought the first charter into force.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct GenesisBody {
    /// The signed act, as it was received.
    pub act: Value,
    /// Who began this gateway.
    pub person: PersonName,
    /// Their public key, as an SSH key line.
    pub key: String,
    /// The gateway's name: what acts and tokens are bound to.
    pub gateway: String,
    /// The embedded trust domain.
    pub trust_domain: String,
    /// The first charter.
    pub charter: Digest,
    /// The change that brought it.
    pub change: ChangeId,
    /// The decision log that goes with this control log: its verifier key.
    pub decision_log: String,
}

/// A charter brought into force.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AppliedBody {
    /// The signed act, as it was received.
    pub act: Value,
    /// Who signed it.
    pub actor: PersonName,
    /// The charter brought into force.
    pub charter: Digest,
    /// The one it replaced.
    pub base: Digest,
    /// The change's id.
    pub change: ChangeId,
    /// Whether anybody but the actor approved it. In genesis nobody has.
    pub reviewed: bool,
}

/// Any other act.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ActBody {
    /// The signed act, as it was received.
    pub act: Value,
    /// Who signed it.
    pub actor: PersonName,
    /// What it does.
    pub verb: String,
    /// On what.
    pub object: String,
    /// What it brings about: a secret's version, a token's digest and end.
    pub effect: Value,
}

/// One charter that came into force.
#[derive(Debug, Clone)]
pub struct Applied {
    /// The change.
    pub change: ChangeId,
    /// The charter.
    pub charter: Digest,
    /// The one it replaced; none for the first.
    pub base: Option<Digest>,
    /// Who signed.
    pub actor: PersonName,
    /// The signed act.
    pub act: SignedAct,
    /// Where it stands in the control log.
    pub index: u64,
    /// When it was recorded.
    pub at: Timestamp,
    /// Whether anybody but the actor approved it.
    pub reviewed: bool,
}

/// The control log, folded.
#[derive(Debug, Clone)]
pub struct ControlState {
    /// How this gateway began.
    pub genesis: GenesisBody,
    /// Every charter that came into force, oldest first; never empty.
    changes: Vec<Applied>,
    nonces: BTreeMap<Nonce, Timestamp>,
}

/// The control log cannot be understood.
#[derive(Debug, thiserror::Error)]
pub enum FoldError {
    /// It has no genesis entry: the first run was never completed.
    #[error("the control log has no genesis entry")]
    NoGenesis,
    /// It has two.
    #[error("the control log has a second genesis entry at {0}")]
    SecondGenesis(u64),
    /// An entry is not in the form this version writes.
    #[error("control log entry {index} cannot be read: {cause}")]
    Entry {
        /// Which.
        index: u64,
        /// Why.
        cause: String,
    },
}

/// Folds entries one by one.
#[derive(Debug, Default)]
pub struct Fold {
    state: Option<ControlState>,
}

impl Fold {
    /// Takes the next entry.
    ///
    /// # Errors
    /// See [`FoldError`]. Kinds that change nothing here (epochs, heartbeats, checkpoints) pass.
    pub fn take(&mut self, entry: &Entry) -> Result<(), FoldError> {
        let (index, at) = (entry.index, entry.ts);
        let content = entry.json.get("body").unwrap_or(&Value::Null);
        match entry.kind.as_str() {
            "genesis" => self.genesis(index, at, content),
            "charter_applied" => {
                let body: AppliedBody = parse(index, content)?;
                let act = signed(index, &body.act)?;
                let state = self.state.as_mut().ok_or(FoldError::NoGenesis)?;
                state.applied(Applied {
                    change: body.change,
                    charter: body.charter,
                    base: Some(body.base),
                    actor: body.actor,
                    act,
                    index,
                    at,
                    reviewed: body.reviewed,
                });
                Ok(())
            }
            "act" => {
                let body: ActBody = parse(index, content)?;
                let act = signed(index, &body.act)?;
                let state = self.state.as_mut().ok_or(FoldError::NoGenesis)?;
                state.saw(act.act().nonce(), at);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// The folded state.
    ///
    /// # Errors
    /// Where the log has no genesis entry.
    pub fn finish(self) -> Result<ControlState, FoldError> {
        self.state.ok_or(FoldError::NoGenesis)
    }

    fn genesis(&mut self, index: u64, at: Timestamp, content: &Value) -> Result<(), FoldError> {
        if self.state.is_some() {
            return Err(FoldError::SecondGenesis(index));
        }
        let body: GenesisBody = parse(index, content)?;
        let first = Applied {
            change: body.change,
            charter: body.charter,
            base: None,
            actor: body.person.clone(),
            act: signed(index, &body.act)?,
            index,
            at,
            reviewed: false,
        };
        let nonces = BTreeMap::from([(first.act.act().nonce(), at)]);
        self.state = Some(ControlState { genesis: body, changes: vec![first], nonces });
        Ok(())
    }
}

impl ControlState {
    /// Every charter that came into force, oldest first.
    #[must_use]
    pub fn changes(&self) -> &[Applied] {
        &self.changes
    }

    /// The charter in force.
    #[must_use]
    pub fn current(&self) -> Option<&Applied> {
        self.changes.last()
    }

    /// Whether an act with this nonce was taken before.
    #[must_use]
    pub fn has_seen(&self, nonce: Nonce) -> bool {
        self.nonces.contains_key(&nonce)
    }

    /// Remembers an act's nonce, and forgets those that no fresh act can carry any more.
    pub(crate) fn saw(&mut self, nonce: Nonce, at: Timestamp) {
        self.nonces.retain(|_, seen| at.millis_since(*seen) <= NONCE_KEPT_MS);
        self.nonces.insert(nonce, at);
    }

    pub(crate) fn applied(&mut self, applied: Applied) {
        self.saw(applied.act.act().nonce(), applied.at);
        self.changes.push(applied);
    }
}

fn parse<T: serde::de::DeserializeOwned>(index: u64, content: &Value) -> Result<T, FoldError> {
    T::deserialize(content).map_err(|cause| FoldError::Entry { index, cause: cause.to_string() })
}

fn signed(index: u64, act: &Value) -> Result<SignedAct, FoldError> {
    SignedAct::from_json(act.to_string().as_bytes())
        .map_err(|cause| FoldError::Entry { index, cause: cause.to_string() })
}
