//! The proof that a charter may come into force. Nothing but this file makes one.
//!
//! It counts no votes yet held elsewhere and keeps no state: it is a value for one digest.

use model::{Digest, PersonName};

use crate::{Nonce, Object, Verb, VerifiedAct};

/// A charter's digest and who let it into force. The fields are private and every constructor
/// demands what the value proves, so that a proof cannot be turned to another digest:
///
/// ```compile_fail,E0616
/// fn turn(mut approved: approval::Approved, other: model::Digest) -> approval::Approved {
///     approved.digest = other;
///     approved
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approved {
    digest: Digest,
    actor: PersonName,
    nonce: Nonce,
    /// One person alone let it into force, and nobody reviewed it.
    genesis: bool,
}

/// Why an act lets no charter into force.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotApproved {
    /// The act does something else.
    #[error("`{0}` brings no charter into force")]
    OtherVerb(Verb),
    /// The act names another charter.
    #[error("the act is for `{signed}`, not for charter `{charter}`; sign it for this charter")]
    OtherCharter {
        /// What the act names.
        signed: String,
        /// What it was to let into force.
        charter: Digest,
    },
}

impl Approved {
    /// What one person may do while the gateway is in genesis mode: bring `charter` into force
    /// alone, unreviewed. Whoever governs asks for it in that mode only.
    ///
    /// # Errors
    /// [`NotApproved`] where the act is not `genesis` or `charter.apply` of exactly `charter`.
    pub fn genesis(act: &VerifiedAct, charter: &Digest) -> Result<Self, NotApproved> {
        let act = act.act();
        match act.verb() {
            Verb::Genesis | Verb::CharterApply => {}
            verb @ (Verb::SecretPut | Verb::AgentToken) => {
                return Err(NotApproved::OtherVerb(verb));
            }
        }
        if *act.object() != Object::Charter(*charter) {
            let signed = act.object().to_string();
            return Err(NotApproved::OtherCharter { signed, charter: *charter });
        }
        Ok(Self { digest: *charter, actor: act.actor().clone(), nonce: act.nonce(), genesis: true })
    }

    /// The charter that may come into force, and no other.
    #[must_use]
    pub const fn digest(&self) -> &Digest {
        &self.digest
    }

    /// Who let it into force.
    #[must_use]
    pub const fn actor(&self) -> &PersonName {
        &self.actor
    }

    /// The nonce of the act that did: the act stands in the control log under it.
    #[must_use]
    pub const fn nonce(&self) -> Nonce {
        self.nonce
    }

    /// Whether one person alone did it, and nobody reviewed it.
    #[must_use]
    pub const fn is_genesis(&self) -> bool {
        self.genesis
    }
}
