//! The control plane: signed acts, changes of the charter, the charter store, the admin surface.
//!
//! It writes the control log and nobody else does. It never sees a request of an agent, never
//! reads a decision, and changes nothing without a signed act.

pub mod admin;
mod control;
mod governor;
mod refused;
mod settle;
mod store;
mod token;
mod tree;
mod unlendable;

pub use control::{ActBody, Applied, AppliedBody, ControlState, Fold, FoldError, GenesisBody};
pub use governor::{
    Activate, Activated, Done, Effect, Governor, Hooks, Parts, Payload, Refold, Rehearse,
};
pub use refused::{ActRefused, RefusedKind};
pub use store::{CharterStore, StoreError};
pub use token::{ContextRefused, NotBound};
pub use tree::read_tree;
pub use unlendable::unlendable;
