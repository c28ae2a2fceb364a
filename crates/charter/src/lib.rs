//! The governed declarations as written: parse, locate, name by digest.
//!
//! In: a [`SourceTree`], paths and bytes. Out: a [`Charter`] with every value's place, all
//! [problems](parse()) at once, and the [`Manifest`] whose digest names the charter. It does no
//! I/O, runs no policy and decides nothing.

mod agent;
mod base_url;
mod budgets;
mod charter;
mod claims;
pub mod code;
mod condition;
mod context;
mod date;
mod fields;
mod genesis;
mod hours;
mod layout;
mod located;
mod manifest;
mod mention;
mod model_file;
mod model_target;
mod money;
mod parse;
mod people;
mod policy_test;
mod price;
mod problem;
mod provider;
mod quota;
mod reference;
mod resolve;
mod root;
mod secret;
mod secret_shape;
mod ssh_line;
mod succession;
mod suggest;
mod test_ask;
mod text;
mod timeouts;
mod tree;
mod who;
mod words;
pub mod yaml;

pub use agent::Agent;
pub use charter::{Charter, PolicyFile};
pub use claims::StatedClaims;
pub use condition::Condition;
pub use context::Context;
pub use date::{Date, DateError};
pub use fields::{FIELDS, Field, FileKind};
pub use genesis::{AdoptedKind, Genesis, adopted_provider_files, genesis_files};
pub use hours::Hours;
pub use located::Located;
pub use manifest::{Manifest, ManifestError, manifest};
pub use model_file::{Model, Retries};
pub use model_target::ModelTarget;
pub use parse::parse;
pub use people::{People, Person, Seat, Team};
pub use policy_test::{Expectation, PolicyTest, RecentCalls};
pub use price::StatedPrice;
pub use provider::Provider;
pub use quota::{Applies, Quota, QuotaLimit};
pub use reference::reference_page;
pub use root::{CharterFile, FORMAT, Limits, Secondary};
pub use secret::Secret;
pub use test_ask::TestAsk;
pub use timeouts::{StatedTimeouts, Timeouts};
pub use tree::{FILE_BYTES_MAX, FILES_MAX, SourceTree, TREE_BYTES_MAX};
pub use words::{AgentStatus, Binding, DataClass, PersonTag, ProviderKind, Verdict, Weekday};
