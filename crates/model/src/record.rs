//! What the log holds of a decision and of its outcome: boundary types, derived from the
//! values we think with. `spec/ledger.md` describes them field by field.

use serde::{Deserialize, Serialize};

use crate::{
    AgentName, Amounts, Ask, ChangeId, CharterInForce, Claims, ContextName, DecisionId, Digest,
    HeldRecord, PolicyRef, Proof, ProviderName, Refusal, SecretName, SecretVersion, Stage,
    StoredName, Subject, Timestamp, Usage,
};

/// A decision entry's content; the ledger adds order, epoch and commitment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecisionRecord {
    /// The decision's id.
    pub id: DecisionId,
    /// When the request arrived.
    pub received: Timestamp,
    /// Who asked.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub subject: Option<SubjectRecord>,
    /// What was asked.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ask: Option<Ask>,
    /// Allowed or refused, and by what.
    pub verdict: VerdictRecord,
    /// Where it may be forwarded, in order.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub targets: Vec<TargetRecord>,
    /// Where it may not be forwarded although the model is served there, and why.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub withheld: Vec<WithheldRecord>,
    /// What it holds of each budget that applies, until its outcome says what it used.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub holds: Vec<HeldRecord>,
    /// The approved context it was decided in.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub context: Option<ContextName>,
    /// The seat that answers for the agent.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub agent_owner: Option<String>,
    /// The seat that answers for what was asked for.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub target_owner: Option<String>,
    /// The charter in force.
    pub charter: CharterRecord,
}

/// Who asked, as recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubjectRecord {
    /// The agent.
    pub agent: AgentName,
    /// How it was proved.
    pub proof: Proof,
    /// Who vouched.
    pub trust_domain: String,
    /// SHA-256 of the credential.
    pub credential: Digest,
    /// When the credential ends.
    pub expires: Timestamp,
    /// The agent's epoch in the credential.
    pub epoch: u64,
    /// The approved context the credential is bound to.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub context: Option<ContextName>,
}

/// The verdict, as recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VerdictRecord {
    /// `true` for a permit.
    pub allowed: bool,
    /// `permitted`, or the refusal's code.
    pub code: String,
    /// The policies that determined it; for a permit those of each target stand there.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub policies: Vec<PolicyRef>,
    /// For a refusal: the seat the caller was told to ask.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ask: Option<String>,
    /// For a refusal that was decided: what exactly, in the words the caller was told. They hold
    /// kinds, field names and numbers. What is refused while a request is read is told in words
    /// that may quote it, and they are not recorded.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub detail: Option<String>,
    /// For a refusal: the secret in question, which the caller was not told.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub secret: Option<SecretName>,
}

/// One permitted target, as recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetRecord {
    /// The provider.
    pub provider: ProviderName,
    /// The provider's own name of the model.
    pub upstream_model: String,
    /// The secret that may be lent for it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub secret: Option<SecretRecord>,
    /// What is claimed about it.
    #[serde(skip_serializing_if = "Claims::is_nothing", default)]
    pub claims: Claims,
    /// The policies that allowed the model there, then those that allowed what the provider
    /// would do or keep, then those that allowed the secret.
    pub policies: Vec<PolicyRef>,
}

/// One target that serves the model but may not be used for this request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WithheldRecord {
    /// The provider.
    pub provider: ProviderName,
    /// The provider's own name of the model.
    pub upstream_model: String,
    /// Why: a refusal's code, or `condition` where the charter sends this agent elsewhere.
    pub code: String,
    /// The policies that refused it; empty where none was asked.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub policies: Vec<PolicyRef>,
    /// What exactly policy refused there, in the words of a refusal.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub detail: Option<String>,
    /// The secret it is withheld for.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub secret: Option<SecretName>,
}

/// A secret by name and version; never its value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecretRecord {
    /// The name.
    pub name: SecretName,
    /// The version.
    pub version: SecretVersion,
    /// The seat that answers for it.
    pub owner: String,
}

/// The charter in force, as recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CharterRecord {
    /// Its digest.
    pub digest: Digest,
    /// The change that put it into force.
    pub change: ChangeId,
    /// Where that change stands in the control log.
    pub control_index: u64,
    /// One person held every seat: the change was unreviewed.
    pub genesis: bool,
    /// The accountable seat.
    pub accountable: String,
    /// The secondary seats: policy, platform, response.
    pub secondary: [String; 3],
}

/// How a forwarded call ended: the second entry of a decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// How.
    pub ended: Ended,
    /// The status the client was given.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub status: Option<u16>,
    /// Each try at a target.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub attempts: Vec<Attempt>,
    /// Tokens, where the provider reported them.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub usage: Option<Usage>,
    /// What is counted on the budgets it held: at most what it held. None where it held none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub charged: Option<Amounts>,
    /// What the call cost in nano-USD by the prices in force, where the model has a price.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub cost_nano_usd: Option<u64>,
    /// Whose costs these are.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub cost_center: Option<String>,
    /// What the provider now keeps for the agent, as far as its answer says.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub stored: Vec<StoredObject>,
    /// Body bytes relayed to the client.
    pub output_bytes: u64,
    /// From arrival to the answer's first byte.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub first_byte_ms: Option<u64>,
    /// From arrival to the end.
    pub duration_ms: u64,
}

/// How a forwarded call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// The provider's answer was relayed to its end.
    Complete,
    /// The client went away; the upstream call was cancelled.
    ClientGone,
    /// The provider could not be reached, or failed before its answer began.
    UpstreamFailed,
    /// The provider broke off, stalled or overran after its answer had begun.
    UpstreamBroken,
    /// The stream was cut: what the call held of a budget was used up.
    BudgetCut,
    /// Recorded but not forwarded: the client left, or the record came too late.
    NotForwarded,
    /// The gateway stopped before the end.
    Interrupted,
}

/// Something that a provider keeps, and the agent whose request made it: nobody else may name it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredObject {
    /// Whose it is.
    pub agent: AgentName,
    /// Where it is kept.
    pub provider: ProviderName,
    /// What it is, and the digest of its id.
    pub object: StoredName,
}

/// A secret as it was lent for one try.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeaseRecord {
    /// The secret.
    pub name: SecretName,
    /// The version that was lent.
    pub version: SecretVersion,
}

/// One try at a target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attempt {
    /// The provider tried.
    pub provider: ProviderName,
    /// The provider's own name of the model.
    pub upstream_model: String,
    /// The secret that was lent for it; none where none was, or nothing was sent.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub lease: Option<LeaseRecord>,
    /// The status it answered with.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub status: Option<u16>,
    /// The refusal code, where the try failed; `target_set_aside` or `target_busy` where the
    /// target was passed over and nothing was sent.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub failure: Option<String>,
    /// Why, for the operator: which peer, what the system or TLS said. Never shown to the caller.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub cause: Option<String>,
    /// The provider's own id of the request.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub upstream_request_id: Option<String>,
}

impl VerdictRecord {
    /// The verdict of a permit.
    #[must_use]
    pub fn permitted() -> Self {
        Self {
            allowed: true,
            code: "permitted".to_owned(),
            policies: Vec::new(),
            ask: None,
            detail: None,
            secret: None,
        }
    }

    /// The verdict of `refusal`.
    #[must_use]
    pub fn denied(refusal: &Refusal) -> Self {
        let said = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        Self {
            allowed: false,
            code: refusal.code.as_str().to_owned(),
            policies: refusal.policies.clone(),
            ask: said(&refusal.ask_whom),
            detail: said(&refusal.detail).filter(|_| refusal.code.stage() == Stage::Decide),
            secret: refusal.secret.clone(),
        }
    }
}

impl Ended {
    /// The name in records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::ClientGone => "client_gone",
            Self::UpstreamFailed => "upstream_failed",
            Self::UpstreamBroken => "upstream_broken",
            Self::BudgetCut => "budget_cut",
            Self::NotForwarded => "not_forwarded",
            Self::Interrupted => "interrupted",
        }
    }
}

impl Outcome {
    /// The outcome of a call that was recorded but never forwarded.
    #[must_use]
    pub const fn not_forwarded(duration_ms: u64) -> Self {
        Self::bare(Ended::NotForwarded, duration_ms)
    }

    /// An outcome with nothing to say but how it ended.
    #[must_use]
    pub const fn bare(ended: Ended, duration_ms: u64) -> Self {
        Self {
            ended,
            status: None,
            attempts: Vec::new(),
            usage: None,
            charged: None,
            cost_nano_usd: None,
            cost_center: None,
            stored: Vec::new(),
            output_bytes: 0,
            first_byte_ms: None,
            duration_ms,
        }
    }
}

impl From<&Subject> for SubjectRecord {
    fn from(subject: &Subject) -> Self {
        Self {
            agent: subject.agent.clone(),
            proof: subject.proof,
            trust_domain: subject.trust_domain.clone(),
            credential: subject.credential,
            expires: subject.expires,
            epoch: subject.epoch,
            context: subject.context.clone(),
        }
    }
}

impl From<&CharterInForce> for CharterRecord {
    fn from(charter: &CharterInForce) -> Self {
        Self {
            digest: charter.digest,
            change: charter.change,
            control_index: charter.control_index,
            genesis: charter.genesis,
            accountable: charter.accountable.clone(),
            secondary: charter.secondary.clone(),
        }
    }
}
