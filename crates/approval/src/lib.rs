//! Signed acts, and the proof that a charter has what it needs to come into force.
//!
//! A person signs one [`Act`] with an SSH key; [`verify`] turns it into a [`VerifiedAct`], and
//! [`Approved`] can be made of nothing else (`spec/act.md`). It never reads a file or a clock,
//! and never judges whether an act was seen before: nonces are kept by whoever governs.

mod act;
mod approved;
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
