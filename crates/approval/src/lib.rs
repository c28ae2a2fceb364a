//! Signed acts, and the proof that a charter has what it needs to come into force.
//!
//! A person signs one [`Act`] with an SSH key; [`verify`] turns it into a [`VerifiedAct`], and
//! [`Approved`] can be made of nothing else (`spec/act.md`). It never reads a file or a clock,
//! and never judges whether an act was seen before: nonces are kept by whoever governs.
//!
//! ```
//! use approval::{Act, Approved, Keyring, Nonce, Object, PersonKey, SignedAct, Stamp, Verb, verify};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let (seed, random) = ([1; 32].into(), [2; 16]);
//! let key = PersonKey::generate(&seed, "ann@acme.test")?;
//! let line = key.public_line()?;
//! let keyring = Keyring::from_lines([("ann".parse()?, line.as_str())]).map_err(|_| "a bad key")?;
//!
//! let charter = model::Digest::of(b"a manifest");
//! let now: model::Timestamp = "2026-11-24T09:00:00Z".parse()?;
//! let (actor, gateway) = ("ann".parse()?, "gateway.acme.test".parse()?);
//! let stamp = Stamp { actor, gateway, nonce: Nonce::new(random), time: now };
//! let act = Act::new(Verb::CharterApply, Object::Charter(charter), stamp)?;
//! let signed = SignedAct::sign(act, &key)?;
//!
//! let verified = verify(&signed, &keyring, now, &"gateway.acme.test".parse()?)?;
//! assert_eq!(Approved::genesis(&verified, &charter)?.digest(), &charter);
//! # Ok(())
//! # }
//! ```

mod act;
mod approved;
mod charter_keys;
mod commitment;
mod hexadecimal;
mod keyring;
mod names;
mod person_key;
mod signed;
mod verify;

pub use act::{Act, ActError, Object, ObjectKind, Stamp, Verb};
pub use approved::{Approved, NotApproved};
pub use commitment::{Commitment, Salt};
pub use keyring::{KeyError, KeyKind, Keyring, KeyringError};
pub use names::{GatewayName, GatewayNameError, Nonce, NonceError};
pub use person_key::{KeyTextError, PersonKey};
pub use signed::{NAMESPACE, SIGNED_ACT_BYTES_MAX, SignError, SignedAct};
pub use verify::{ActRefused, DRIFT_MILLIS_MAX, VerifiedAct, verify};
