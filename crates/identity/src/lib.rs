//! Who is calling: a credential proved, or a reason why not.
//!
//! [`credential`] takes the one credential out of a request's headers; [`TokenVerifier`] turns
//! it into a [`model::Subject`]. Neither asks whether the agent still exists, is suspended or has
//! a newer epoch: that is live state, and the gateway looks at it on every request.

mod cache;
mod credential;
mod jws;
mod verifier;

pub use credential::{CREDENTIAL_BYTES_MAX, Credential, credential};
pub use verifier::{Expected, TokenVerifier, TrustedKey, VerifierError};
