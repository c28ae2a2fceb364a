//! The sealed store, and secrets lent for one recorded call.
//!
//! A value comes in as a [`SecretValue`], is sealed on disk, and leaves again in one way only:
//! as the header of a call whose permit names that secret and version and is durably recorded
//! ([`SecretStore::lease`]). No function gives a sealed value back, and no error, listing or
//! `Debug` output holds one. `Debug`, `Display`, serde and `==` are not there to leak it.
//!
//! Plaintext stays in this process: in the bounded cache of opened values and in leases, both
//! overwritten when dropped, and, once a lease became a header, in the HTTP client's buffers,
//! which are not.
//!
//! A recorded permit opens the secret that it names:
//!
//! ```no_run
//! fn lend(store: &secrets::SecretStore, recorded: &ledger::Recorded<policy::Permit>) {
//!     let _ = store.lease(recorded, 0);
//! }
//! ```
//!
//! Nothing else does, not even the permit before it is recorded:
//!
//! ```compile_fail,E0308
//! fn lend(store: &secrets::SecretStore, permit: &policy::Permit) {
//!     let _ = store.lease(permit, 0);
//! }
//! ```
//!
//! and a lease cannot be kept for a second call:
//!
//! ```compile_fail,E0599
//! fn keep(lease: &secrets::Lease) -> secrets::Lease {
//!     lease.clone()
//! }
//! ```

mod age;
mod cache;
mod disk;
mod echo;
mod envelope;
mod error;
mod index;
mod key;
mod lease;
mod mark;
mod state;
mod store;
mod value;

pub use age::{Age, Lifetime};
pub use echo::{EchoWatch, Echoed};
pub use error::{LeaseError, SecretError};
pub use key::{Fingerprint, KeyError, SealingKey};
pub use lease::{Lease, NotAHeader, Scheme};
pub use state::VersionState;
pub use store::{Listed, Sealed, SecretStore};
pub use value::{SECRET_BYTES_MAX, SecretValue, ValueError};
