//! The nouns every part of portreeve shares: ids, asks, refusals, records.
//!
//! A type lives here only when two crates need it. Nothing here does I/O, reads a clock
//! or decides anything beyond parsing and display.

mod ask;
mod beyond;
pub mod canonical;
mod case;
mod claims;
mod digest;
mod hold;
mod id;
mod policy_ref;
mod printable;
mod problem;
mod record;
mod refusal;
mod subject;
mod time;
mod trust_domain;

pub use ask::{Ask, Dialect, Operation, Usage};
pub use beyond::{
    Beyond, ProviderTool, ProviderToolKind, StoredKind, StoredName, Stores, Unrecognised,
    UnrecognisedPlace,
};
pub use case::{Case, CharterInForce, OutcomeDue, Recordable, Refused};
pub use claims::Claims;
pub use digest::{Digest, DigestError};
pub use hold::{Amounts, BudgetScope, CounterKey, HeldRecord, Measure, Per};
pub use id::{
    AgentName, ChangeId, ContextName, DecisionId, IdError, ModelName, NameError, PersonName,
    PolicyId, ProviderName, QuotaName, SeatName, SecretName, SecretVersion, TeamName,
};
pub use policy_ref::{Effect, PolicyRef, PolicySetKind};
pub use printable::{hidden, is_invisible, printable};
pub use problem::{Place, Problem, Problems};
pub use record::{
    Attempt, CharterRecord, DecisionRecord, Ended, LeaseRecord, Outcome, SecretRecord,
    StoredObject, SubjectRecord, TargetRecord, VerdictRecord, WithheldRecord,
};
pub use refusal::{Fixer, Refusal, RefusalCode, Retry, Stage};
pub use subject::{Environment, Proof, Subject};
pub use time::{Clock, Timestamp, TimestampError};
pub use trust_domain::{TrustDomain, TrustDomainError};
