//! From a signed act to a verified one: the right person, the right gateway, just now.
//!
//! Whether the act was seen before, and whether the person may do it, is not decided here.

use model::{PersonName, Timestamp};
use ssh_key::{HashAlg, SshSig};

use crate::keyring::PersonPublicKey;
use crate::signed::NAMESPACE;
use crate::{Act, GatewayName, KeyKind, Keyring, SignedAct};

/// How far an act's time may be from the gateway's, either way, in milliseconds.
pub const DRIFT_MILLIS_MAX: u64 = 300_000;

/// Longest armoured signature that is looked at, in bytes; one takes about 300.
const SIGNATURE_BYTES_MAX: usize = 4096;
/// The version of SSHSIG that is taken.
const SSHSIG_VERSION: u32 = 1;
/// How the text begins: nothing may stand before it, so that a signature carries nothing else.
const ARMOUR: &str = "-----BEGIN SSH SIGNATURE-----";
/// The bit of a security key's flags that says somebody touched it (FIDO's user presence).
const USER_PRESENT: u8 = 0x01;
/// Where the flags stand in a security key's signature: after the 64 bytes of Ed25519.
const FLAGS_AT: usize = 64;

/// An act whose signature, signer, gateway and time were found right. Made by [`verify`] only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedAct {
    act: Act,
    fingerprint: String,
    key_kind: KeyKind,
}

/// Why a signed act is refused. The texts are safe to show to whoever sent it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ActRefused {
    /// Signed for another gateway.
    #[error("the act is for gateway `{0}`, not for this one; sign it for this gateway")]
    OtherGateway(GatewayName),
    /// Signed too long ago.
    #[error("the act was signed more than 300 s ago, at {0}; sign it again")]
    Stale(Timestamp),
    /// Signed in the future.
    #[error("the act is from the future, {0}; check the signer's clock and sign again")]
    FromTheFuture(Timestamp),
    /// The charter knows no such person, or no key of theirs.
    #[error("`{0}` has no key in people.yaml; the charter's owners can add one")]
    UnknownActor(PersonName),
    /// Not an armoured SSHSIG of the one form that is taken.
    #[error("the signature is not an SSHSIG with SHA-512; use `ssh-keygen -Y sign`")]
    NotASignature,
    /// Signed for another purpose.
    #[error("the signature's namespace is not `{NAMESPACE}`; sign with `-n {NAMESPACE}`")]
    OtherNamespace,
    /// The key is not one of that person's.
    #[error("key {fingerprint} is not a key of `{actor}`; sign with one that people.yaml lists")]
    KeyNotOfActor {
        /// Who the act says signed it.
        actor: PersonName,
        /// The key that did.
        fingerprint: String,
    },
    /// The signature is not over this act.
    #[error("the signature is not over this act; it was altered, or another one was signed")]
    BadSignature,
    /// A security key signed without being touched.
    #[error("the security key signed without a touch; make its key without `no-touch-required`")]
    NotTouched,
}

/// The act in `signed`, where one of its actor's keys signed it for `gateway` within
/// [`DRIFT_MILLIS_MAX`] of `now`.
///
/// # Errors
/// [`ActRefused`] says what is wrong, the cheapest check first.
pub fn verify(
    signed: &SignedAct,
    keyring: &Keyring,
    now: Timestamp,
    gateway: &GatewayName,
) -> Result<VerifiedAct, ActRefused> {
    let act = signed.act();
    if act.gateway() != gateway {
        return Err(ActRefused::OtherGateway(act.gateway().clone()));
    }
    check_time(act.time(), now)?;
    let actor = act.actor();
    let keys = keyring.keys(actor).ok_or_else(|| ActRefused::UnknownActor(actor.clone()))?;
    let signature = parse_signature(signed.signature())?;
    let key = keys.iter().find(|key| key.is(signature.public_key())).ok_or_else(|| {
        let fingerprint = signature.public_key().fingerprint(HashAlg::Sha256).to_string();
        ActRefused::KeyNotOfActor { actor: actor.clone(), fingerprint }
    })?;
    check_signature(act, key, &signature)?;
    Ok(VerifiedAct { act: act.clone(), fingerprint: key.fingerprint(), key_kind: key.kind })
}

impl ActRefused {
    /// The reason as a stable word, for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::OtherGateway(_) => "other_gateway",
            Self::Stale(_) => "stale",
            Self::FromTheFuture(_) => "from_the_future",
            Self::UnknownActor(_) => "unknown_actor",
            Self::NotASignature => "not_a_signature",
            Self::OtherNamespace => "other_namespace",
            Self::KeyNotOfActor { .. } => "key_not_of_actor",
            Self::BadSignature => "bad_signature",
            Self::NotTouched => "not_touched",
        }
    }
}

impl VerifiedAct {
    /// The act.
    #[must_use]
    pub const fn act(&self) -> &Act {
        &self.act
    }

    /// Until when the same act would pass [`verify`] again: its nonce is kept at least as long.
    #[must_use]
    pub const fn repeatable_until(&self) -> Timestamp {
        self.act.time().plus_millis(DRIFT_MILLIS_MAX.cast_signed())
    }

    /// The fingerprint of the key that signed, as `ssh-keygen -l` shows it.
    #[must_use]
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// What kind of key signed: a security key shows that somebody touched it.
    #[must_use]
    pub const fn key_kind(&self) -> KeyKind {
        self.key_kind
    }
}

fn check_time(signed: Timestamp, now: Timestamp) -> Result<(), ActRefused> {
    if now.millis_since(signed) > DRIFT_MILLIS_MAX {
        return Err(ActRefused::Stale(signed));
    }
    if signed.millis_since(now) > DRIFT_MILLIS_MAX {
        return Err(ActRefused::FromTheFuture(signed));
    }
    Ok(())
}

/// The signature in `text`, where it is of the one form that is taken: version 1, our namespace,
/// SHA-512, nothing in the reserved field.
fn parse_signature(text: &str) -> Result<SshSig, ActRefused> {
    if text.len() > SIGNATURE_BYTES_MAX || !text.starts_with(ARMOUR) {
        return Err(ActRefused::NotASignature);
    }
    let signature = SshSig::from_pem(text).map_err(|_| ActRefused::NotASignature)?;
    let form = (signature.version(), signature.hash_alg(), signature.reserved());
    if form != (SSHSIG_VERSION, HashAlg::Sha512, &[][..]) {
        return Err(ActRefused::NotASignature);
    }
    if signature.namespace() != NAMESPACE {
        return Err(ActRefused::OtherNamespace);
    }
    Ok(signature)
}

fn check_signature(act: &Act, key: &PersonPublicKey, signature: &SshSig) -> Result<(), ActRefused> {
    key.key
        .verify(NAMESPACE, &act.canonical_bytes(), signature)
        .map_err(|_| ActRefused::BadSignature)?;
    match key.kind {
        KeyKind::Ed25519 => Ok(()),
        KeyKind::SecurityKey => {
            let flags = signature.signature_bytes().get(FLAGS_AT).copied().unwrap_or(0);
            if flags & USER_PRESENT == 0 { Err(ActRefused::NotTouched) } else { Ok(()) }
        }
    }
}
