//! Cedar policy: compile the sets, decide a question, say why. The only place a [`Permit`] is made.
//!
//! Four sets answer four kinds of question (model, tool, secret, downstream), each checked
//! against a schema that knows nothing of the others; guardrails, which only forbid, hold for all
//! of them. Every evaluation that goes wrong is a refusal. Nothing here does I/O or reads a clock,
//! and the same policies and the same question give the same verdict: answers may be remembered
//! (`memory`), by everything that they hang on (`reads`), and a decision is none the other for it.

mod again;
mod asked;
mod claims;
mod compile;
mod conditions;
mod crowd;
mod decide;
mod depth;
mod evaluate;
mod expiry;
mod facts;
mod index;
mod json;
mod likeness;
mod lint;
mod locate;
mod matter;
mod memory;
mod near_miss;
mod part;
mod parts;
mod permit;
mod polarity;
mod policies;
mod problem;
mod query;
mod reads;
mod recorded;
mod refuse;
mod rehearse;
mod schema;
mod shapes;
mod slice;
mod trail;
mod value;
mod weigh;

pub use again::DecidedAgain;
pub use asked::Asked;
pub use compile::{PolicySource, compile};
pub use crowd::{Crowd, READ_TOGETHER_MAX};
pub use decide::{Question, model_unknown};
pub use facts::{
    AgentFacts, ApprovedFacts, CallFacts, Circumstances, DataClass, Lifecycle, ModelFacts,
    ProviderKind, RecentFacts, SecretFacts, TargetFacts,
};
pub use likeness::Likeness;
pub use near_miss::{NearMiss, Unmet};
pub use parts::Parts;
pub use permit::{Permit, Target, Targets};
pub use policies::{Policies, PolicyListing};
pub use recorded::{Engine, FactsUnread, RecordedAnswer, RecordedFacts, RecordedQuestion};
pub use rehearse::Rehearsal;
pub use schema::schema_text;
