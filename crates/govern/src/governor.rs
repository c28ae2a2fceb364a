//! The governor: takes signed acts, one at a time, and brings about what they ask.
//!
//! Every act is verified, refused if it was seen before, recorded in the control log, and only
//! then does anything change. Nothing here changes anything without an act.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use approval::{
    Act, Approved, Commitment, GatewayName, Object, Salt, SignedAct, Verb, VerifiedAct,
};
use bundle::{Bundle, Finding, Snapshot};
use charter::SourceTree;
use issuer::TokenService;
use ledger::{ControlKind, ControlLog, Unavailable};
use model::{ChangeId, Clock, Digest, SecretName, SecretVersion, Timestamp};
use secrets::{SecretStore, SecretValue};
use serde_json::{Value, json};
use tokio::sync::Mutex;

use crate::control::{ActBody, Applied, AppliedBody, ControlState};
use crate::refused::{ActRefused, RefusedKind};
use crate::store::CharterStore;
use crate::token::Wanted;
use crate::unlendable::unlendable;

/// What bringing a charter into force comes to.
pub type Activated = Pin<Box<dyn Future<Output = Result<(), String>> + Send>>;
/// Brings an approved charter into force in the gateway, or says why it cannot serve it.
pub type Activate = Box<dyn Fn(Snapshot) -> Activated + Send + Sync>;
/// Says whether the gateway could serve a charter, before it is recorded as in force.
pub type Rehearse = Box<dyn Fn(&Bundle) -> Result<(), String> + Send + Sync>;

/// Folds the control log again, from what lies on the disk.
pub type Refold = Box<dyn Fn() -> Result<ControlState, String> + Send + Sync>;

/// How the gateway is asked and told; the two halves know nothing else of each other.
pub struct Hooks {
    /// Says whether the gateway could serve a charter.
    pub rehearse: Rehearse,
    /// Tells the gateway to serve one.
    pub activate: Activate,
}

/// What a governor is made of.
pub struct Parts {
    /// The control log. The governor alone writes it.
    pub control: ControlLog,
    /// What the control log says so far.
    pub state: ControlState,
    /// The charter in force.
    pub bundle: Arc<Bundle>,
    /// The charter store.
    pub charters: CharterStore,
    /// The sealed secrets.
    pub secrets: Arc<SecretStore>,
    /// The token service of the embedded trust domain.
    pub issuer: TokenService,
    /// This gateway's name.
    pub gateway: GatewayName,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness for token and change ids.
    pub random: fn() -> Option<[u8; 16]>,
    /// How the gateway is asked and told.
    pub hooks: Hooks,
    /// How the control log is read again.
    pub refold: Refold,
}

/// The control plane's one writer.
pub struct Governor {
    pub(crate) control: ControlLog,
    pub(crate) charters: CharterStore,
    secrets: Arc<SecretStore>,
    pub(crate) issuer: TokenService,
    pub(crate) gateway: GatewayName,
    clock: Arc<dyn Clock>,
    pub(crate) random: fn() -> Option<[u8; 16]>,
    pub(crate) hooks: Hooks,
    pub(crate) refold: Refold,
    /// Held for the whole of an act: acts are taken one after another.
    pub(crate) governed: Mutex<Governed>,
}

/// What acts change. Only the governor does, under its mutex.
pub(crate) struct Governed {
    pub(crate) state: ControlState,
    pub(crate) bundle: Arc<Bundle>,
    /// An entry was refused as late, and may stand in the log all the same.
    pub(crate) unsure: bool,
}

/// What comes with an act beside the act itself.
pub enum Payload {
    /// Nothing.
    None,
    /// The charter to bring into force, and the one it is meant to replace.
    Charter {
        /// The files.
        tree: SourceTree,
        /// The digest of the charter the proposer saw in force.
        base: Digest,
    },
    /// The secret's value, and the salt of the commitment that was signed.
    Secret {
        /// The value.
        value: SecretValue,
        /// The salt.
        salt: Salt,
    },
}

/// What an act brought about.
#[derive(Debug)]
pub struct Done {
    /// Where it stands in the control log.
    pub index: u64,
    /// The effect, for the person who asked.
    pub effect: Effect,
}

/// The effect of an act.
#[derive(Debug)]
pub enum Effect {
    /// A charter came into force.
    Applied {
        /// The change.
        change: ChangeId,
        /// The charter.
        charter: Digest,
        /// What its models need and the sealed store cannot lend.
        unlendable: Vec<Finding>,
    },
    /// A secret's value was sealed.
    Sealed {
        /// The secret.
        name: SecretName,
        /// The version it became.
        version: SecretVersion,
        /// The version that the charter in force names.
        active: SecretVersion,
    },
    /// A token was minted.
    Token(issuer::Token),
}

impl Governor {
    /// A governor over `parts`.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self {
            control: parts.control,
            charters: parts.charters,
            secrets: parts.secrets,
            issuer: parts.issuer,
            gateway: parts.gateway,
            clock: parts.clock,
            random: parts.random,
            hooks: parts.hooks,
            refold: parts.refold,
            governed: Mutex::new(Governed {
                state: parts.state,
                bundle: parts.bundle,
                unsure: false,
            }),
        }
    }

    /// Takes one signed act with what comes beside it.
    ///
    /// # Errors
    /// See [`ActRefused`]. A refused act changes nothing; one whose signature did not verify is
    /// not recorded, because anybody could fill the log with such.
    pub async fn take(&self, signed: SignedAct, payload: Payload) -> Result<Done, ActRefused> {
        let mut governed = self.governed.lock().await;
        self.settled(&mut governed).await?;
        let now = self.clock.now();
        let verified = approval::verify(&signed, governed.bundle.keyring(), now, &self.gateway)?;
        let act = verified.act();
        if governed.state.has_seen(act.nonce()) {
            return Err(ActRefused::Replayed);
        }
        let done = self.perform(&mut governed, (&signed, &verified), payload, now).await;
        if done.as_ref().is_err_and(|refused| refused.kind() == RefusedKind::Denied) {
            // What comes beside an act is not signed: whoever reads a refused act could post it
            // again with something else beside it.
            governed.state.saw(act.nonce(), now);
        }
        done
    }

    /// Brings about what a verified act that was never seen before asks for.
    async fn perform(
        &self,
        governed: &mut Governed,
        (signed, verified): (&SignedAct, &VerifiedAct),
        payload: Payload,
        now: Timestamp,
    ) -> Result<Done, ActRefused> {
        let act = verified.act();
        match (act.object().clone(), payload) {
            (Object::Charter(digest), Payload::Charter { tree, base }) => {
                self.apply(governed, (signed, verified), digest, (tree, base)).await
            }
            (Object::Secret { name, commitment }, Payload::Secret { value, salt }) => {
                let sealing = Sealing { name, commitment, value, salt };
                self.seal(governed, signed, act, sealing).await
            }
            (Object::Agent(agent), Payload::None) => {
                self.mint(governed, signed, act, Wanted { agent, context: None, now }).await
            }
            (Object::AgentContext { agent, context }, Payload::None) => {
                let context = Some(context);
                self.mint(governed, signed, act, Wanted { agent, context, now }).await
            }
            (
                Object::Charter(_)
                | Object::Secret { .. }
                | Object::Agent(_)
                | Object::AgentContext { .. },
                _,
            ) => Err(ActRefused::PayloadMismatch),
        }
    }

    /// check, store, record, activate: a crash after any step leaves the last good charter.
    async fn apply(
        &self,
        governed: &mut Governed,
        (signed, verified): (&SignedAct, &VerifiedAct),
        digest: Digest,
        (tree, base): (SourceTree, Digest),
    ) -> Result<Done, ActRefused> {
        if verified.act().verb() == Verb::Genesis {
            return Err(ActRefused::Begun);
        }
        if charter::manifest(&tree).digest() != digest {
            return Err(ActRefused::OtherCharter);
        }
        let in_force = governed.state.current().map(|applied| applied.charter);
        if in_force != Some(base) {
            return Err(ActRefused::BaseMoved { base, in_force });
        }
        if in_force == Some(digest) {
            return Err(ActRefused::NothingChanged);
        }
        let bundle = Arc::new(bundle::check(&tree).map_err(ActRefused::Problems)?);
        if bundle.trust_domain() != governed.bundle.trust_domain() {
            return Err(ActRefused::TrustDomainFixed);
        }
        if bundle.gateway() != governed.bundle.gateway() {
            return Err(ActRefused::NameFixed(governed.bundle.gateway().to_owned()));
        }
        let approved = Approved::genesis(verified, &digest).map_err(ActRefused::NotApproved)?;
        (self.hooks.rehearse)(&bundle).map_err(ActRefused::CannotServe)?;
        self.charters.put(&tree).map_err(ActRefused::Store)?;
        let now = self.clock.now();
        let change = self.change_id(now)?;
        let body = AppliedBody {
            act: json_of(signed),
            actor: verified.act().actor().clone(),
            charter: digest,
            base,
            change,
            reviewed: false,
        };
        let index = self.append(governed, ControlKind::CharterApplied, &body).await?;
        governed.state.applied(Applied {
            change,
            charter: digest,
            base: Some(base),
            actor: body.actor,
            act: signed.clone(),
            index,
            at: now,
            reviewed: false,
        });
        governed.bundle = Arc::clone(&bundle);
        let unlendable = unlendable(&bundle, &self.secrets, now);
        let snapshot = Snapshot::new(bundle, &approved, change, index)
            .map_err(|_| ActRefused::OtherCharter)?;
        (self.hooks.activate)(snapshot).await.map_err(ActRefused::CannotServe)?;
        Ok(Done { index, effect: Effect::Applied { change, charter: digest, unlendable } })
    }

    /// Records the act with the version it will become, then seals the value.
    async fn seal(
        &self,
        governed: &mut Governed,
        signed: &SignedAct,
        act: &Act,
        sealing: Sealing,
    ) -> Result<Done, ActRefused> {
        let Sealing { name, commitment, value, salt } = sealing;
        if !commitment.opens_to(&name, value.expose(), &salt) {
            return Err(ActRefused::OtherSecret);
        }
        let declared = governed
            .bundle
            .secret(&name)
            .ok_or_else(|| ActRefused::SecretUndeclared(name.clone()))?;
        let (owner, active) = (declared.owner.clone(), declared.active);
        let version = self.secrets.next_version(&name).map_err(ActRefused::Seal)?;
        let effect = json!({ "secret": name, "version": version, "owner": owner });
        let index = self.act_entry(governed, signed, act, effect).await?;
        let version = self.secrets.put(&name, value).map_err(ActRefused::Seal)?;
        Ok(Done { index, effect: Effect::Sealed { name, version, active } })
    }

    pub(crate) async fn act_entry(
        &self,
        governed: &mut Governed,
        signed: &SignedAct,
        act: &Act,
        effect: Value,
    ) -> Result<u64, ActRefused> {
        let body = ActBody {
            act: json_of(signed),
            actor: act.actor().clone(),
            verb: act.verb().as_str().to_owned(),
            object: act.object().to_string(),
            effect,
        };
        let index = self.append(governed, ControlKind::Act, &body).await?;
        governed.state.saw(act.nonce(), self.clock.now());
        Ok(index)
    }

    async fn append<T: serde::Serialize>(
        &self,
        governed: &mut Governed,
        kind: ControlKind,
        body: &T,
    ) -> Result<u64, ActRefused> {
        let body = serde_json::to_value(body).map_err(|_| ActRefused::Unwritable)?;
        // Unsure until the log has answered, whatever happens to whoever waits.
        governed.unsure = true;
        let appended = self.control.append(kind, body).await;
        governed.unsure = matches!(appended, Err(Unavailable::Late(_)));
        Ok(appended.map_err(ActRefused::Log)?.index)
    }

    /// What is in force, and what is open: for `portreeve status`.
    pub async fn status(&self) -> Value {
        let governed = self.governed.lock().await;
        let current = governed.state.current();
        json!({
            "gateway": self.gateway.as_str(),
            "trust_domain": governed.state.genesis.trust_domain,
            "charter": current.map(|applied| applied.charter),
            "change": current.map(|applied| applied.change),
            "since": current.map(|applied| applied.at),
            "genesis": true,
            "agents": governed.bundle.agents().count(),
            "models": governed.bundle.models().count(),
        })
    }

    fn change_id(&self, now: Timestamp) -> Result<ChangeId, ActRefused> {
        let random = (self.random)().ok_or(ActRefused::NoRandomness)?;
        let mut ten = [0_u8; 10];
        for (to, from) in ten.iter_mut().zip(random) {
            *to = from;
        }
        Ok(ChangeId::new(u64::try_from(now.millis()).unwrap_or(0), ten))
    }
}

struct Sealing {
    name: SecretName,
    commitment: Commitment,
    value: SecretValue,
    salt: Salt,
}

fn json_of(signed: &SignedAct) -> Value {
    serde_json::to_value(signed).unwrap_or(Value::Null)
}

impl fmt::Debug for Governor {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Governor").field("gateway", &self.gateway).finish_non_exhaustive()
    }
}

impl fmt::Debug for Hooks {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Hooks")
    }
}

impl fmt::Debug for Parts {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Parts").field("gateway", &self.gateway).finish_non_exhaustive()
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::None => "None",
            Self::Charter { .. } => "Charter",
            Self::Secret { .. } => "Secret",
        })
    }
}
