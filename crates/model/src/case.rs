//! One request as it stands when it is decided, and what makes a value recordable.

use std::sync::Arc;

use crate::record::{CharterRecord, DecisionRecord, SubjectRecord, VerdictRecord, WithheldRecord};
use crate::{Ask, ChangeId, ContextName, DecisionId, Digest, Refusal, Subject, Timestamp};

/// What is known of one request when it is decided: its id, caller, ask, and the charter in
/// force. The verdict is made of it and travels with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// The decision's id, minted on arrival.
    pub id: DecisionId,
    /// When the request arrived.
    pub received: Timestamp,
    /// Who asks; none before a credential proved it.
    pub subject: Option<Subject>,
    /// What is asked; none before the body was read.
    pub ask: Option<Ask>,
    /// The approved context it is decided in, where it is in one.
    pub context: Option<ContextName>,
    /// Whose seat answers for the agent (`seat:...`), where the agent is known.
    pub agent_owner: Option<String>,
    /// Whose seat answers for the thing asked for, where that is known.
    pub target_owner: Option<String>,
    /// Under which charter it is decided.
    pub charter: Arc<CharterInForce>,
}

/// The charter a request is decided under, and how it came into force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CharterInForce {
    /// SHA-256 of the charter's sorted source manifest.
    pub digest: Digest,
    /// The change that put it into force.
    pub change: ChangeId,
    /// Where in the control log that change stands.
    pub control_index: u64,
    /// One person holds every seat: changes are unreviewed, and every decision says so.
    pub genesis: bool,
    /// The seat that answers for the gateway (`seat:...`).
    pub accountable: String,
    /// The secondary seats: policy, platform, response.
    pub secondary: [String; 3],
}

/// Whether an outcome entry must follow the decision entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutcomeDue {
    /// Something will be forwarded: how it ended must be recorded, or its absence is reported.
    Yes,
    /// The decision is the end of it.
    No,
}

/// A decision that can be written into the ledger. `ledger` alone turns one into `Recorded`.
pub trait Recordable: Send + 'static {
    /// What the log's leaf holds. Never a prompt, an argument or a person's name.
    fn record(&self) -> DecisionRecord;

    /// Everything the verdict depended on, as canonical JSON: sealed off-log under the
    /// subject's key; the leaf keeps only a salted commitment. Empty where nothing was evaluated.
    fn facts(&self) -> &[u8];

    /// The facts, handed over to whoever seals them: the value may hold none afterwards.
    fn take_facts(&mut self) -> Vec<u8> {
        self.facts().to_vec()
    }

    /// Whether an outcome must follow.
    fn outcome_due(&self) -> OutcomeDue;
}

/// A refusal with its case: recorded exactly as a permit is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The case.
    pub case: Case,
    /// The no.
    pub refusal: Refusal,
    /// The places that serve the model, and why each may not be used.
    pub withheld: Vec<WithheldRecord>,
    /// What policy evaluated, where it came to that (canonical JSON).
    pub facts: Vec<u8>,
}

impl Case {
    /// The record of this case under `verdict`, with no targets.
    #[must_use]
    pub fn record(&self, verdict: VerdictRecord) -> DecisionRecord {
        DecisionRecord {
            id: self.id,
            received: self.received,
            subject: self.subject.as_ref().map(SubjectRecord::from),
            ask: self.ask.clone(),
            verdict,
            targets: Vec::new(),
            withheld: Vec::new(),
            holds: Vec::new(),
            context: self.context.clone(),
            agent_owner: self.agent_owner.clone(),
            target_owner: self.target_owner.clone(),
            charter: CharterRecord::from(&*self.charter),
        }
    }
}

impl Recordable for Refused {
    fn record(&self) -> DecisionRecord {
        let mut record = self.case.record(VerdictRecord::denied(&self.refusal));
        // Of a single place the verdict itself says all there is to say.
        if self.withheld.len() > 1 {
            record.withheld.clone_from(&self.withheld);
        }
        record
    }

    fn facts(&self) -> &[u8] {
        &self.facts
    }

    fn take_facts(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.facts)
    }

    fn outcome_due(&self) -> OutcomeDue {
        OutcomeDue::No
    }
}
