//! An act and the signature over it, as they travel and rest: JSON around an armoured SSHSIG.
//!
//! Holding one proves nothing; `verify` does.

use model::{PersonName, Timestamp};
use serde::{Deserialize, Serialize};
use ssh_key::{HashAlg, LineEnding};

use crate::{Act, ActError, PersonKey, Stamp};

/// The SSHSIG namespace of acts: a signature made for anything else is refused.
pub const NAMESPACE: &str = "portreeve-act";

/// Longest signed act in JSON, in bytes; one takes about 900.
pub const SIGNED_ACT_BYTES_MAX: usize = 8 * 1024;

/// An act with a signature that nobody has verified yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "WireSignedAct", into = "WireSignedAct")]
pub struct SignedAct {
    act: Act,
    signature: String,
}

/// Why an act could not be signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the key could not sign the act")]
pub struct SignError;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireSignedAct {
    act: WireAct,
    signature: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireAct {
    actor: String,
    gateway: String,
    nonce: String,
    object: String,
    time: String,
    verb: String,
}

impl SignedAct {
    /// `act`, signed with `key`.
    ///
    /// # Errors
    /// [`SignError`] where the cryptographic library refuses; it names no cause.
    pub fn sign(act: Act, key: &PersonKey) -> Result<Self, SignError> {
        let signature = key
            .key()
            .sign(NAMESPACE, HashAlg::Sha512, &act.canonical_bytes())
            .and_then(|signature| signature.to_pem(LineEnding::LF))
            .map_err(|_| SignError)?;
        Ok(Self { act, signature })
    }

    /// `act` with a signature made elsewhere, such as by `ssh-keygen -Y sign -n portreeve-act`.
    #[must_use]
    pub const fn with_signature(act: Act, signature: String) -> Self {
        Self { act, signature }
    }

    /// The signed act in a JSON text.
    ///
    /// # Errors
    /// [`ActError`] where the text is too long or not exactly the form of `spec/act.md`.
    pub fn from_json(text: &[u8]) -> Result<Self, ActError> {
        if text.len() > SIGNED_ACT_BYTES_MAX {
            return Err(ActError::TooLong(SIGNED_ACT_BYTES_MAX));
        }
        serde_json::from_slice(text).map_err(|error| ActError::Json(error.to_string()))
    }

    /// The act, as it claims to be signed.
    #[must_use]
    pub const fn act(&self) -> &Act {
        &self.act
    }

    /// The armoured signature.
    #[must_use]
    pub fn signature(&self) -> &str {
        &self.signature
    }
}

impl TryFrom<WireSignedAct> for SignedAct {
    type Error = ActError;

    fn try_from(wire: WireSignedAct) -> Result<Self, ActError> {
        Ok(Self { act: wire.act.try_into()?, signature: wire.signature })
    }
}

impl From<SignedAct> for WireSignedAct {
    fn from(signed: SignedAct) -> Self {
        Self { act: WireAct::from(&signed.act), signature: signed.signature }
    }
}

impl TryFrom<WireAct> for Act {
    type Error = ActError;

    fn try_from(wire: WireAct) -> Result<Self, ActError> {
        let stamp = Stamp {
            actor: wire.actor.parse::<PersonName>().map_err(|_| ActError::Field("actor"))?,
            gateway: wire.gateway.parse().map_err(|_| ActError::Field("gateway"))?,
            nonce: wire.nonce.parse().map_err(|_| ActError::Field("nonce"))?,
            time: canonical_time(&wire.time)?,
        };
        Self::new(wire.verb.parse()?, wire.object.parse()?, stamp)
    }
}

impl From<&Act> for WireAct {
    fn from(act: &Act) -> Self {
        Self {
            actor: act.actor().to_string(),
            gateway: act.gateway().to_string(),
            nonce: act.nonce().to_string(),
            object: act.object().to_string(),
            time: act.time().to_string(),
            verb: act.verb().to_string(),
        }
    }
}

/// The time, where it is spelt as canonical bytes spell it: one instant has one text.
fn canonical_time(text: &str) -> Result<Timestamp, ActError> {
    let time: Timestamp = text.parse().map_err(|_| ActError::Field("time"))?;
    if time.to_string() == text { Ok(time) } else { Err(ActError::Field("time")) }
}
