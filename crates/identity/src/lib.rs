//! Who is calling: a credential proved, or a reason why not.
//!
//! [`credential`] takes the one credential out of a request's headers; [`TokenVerifier`] turns
//! it into a [`model::Subject`]. Neither asks whether the agent still exists, is suspended or has
//! a newer epoch: that is live state, and the gateway looks at it on every request.
//!
//! ```
//! use identity::{Expected, TokenVerifier, credential};
//! use model::{RefusalCode, Timestamp};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let expected = Expected {
//!     issuer: "https://gateway.acme.test".into(),
//!     audience: "https://gateway.acme.test/agents".into(),
//!     trust_domain: "acme.test".parse()?,
//! };
//! let verifier = TokenVerifier::new(Vec::new(), expected)?;
//!
//! let mut headers = http::HeaderMap::new();
//! assert_eq!(credential(&headers).err(), Some(RefusalCode::CredentialMissing));
//! headers.insert("authorization", "Bearer not-a-token".parse()?);
//! let verdict = credential(&headers).and_then(|it| verifier.verify(&it, Timestamp::default()));
//! assert_eq!(verdict, Err(RefusalCode::CredentialMalformed));
//! # Ok(())
//! # }
//! ```

mod cache;
mod credential;
mod jws;
mod verifier;

pub use credential::{CREDENTIAL_BYTES_MAX, Credential, credential};
pub use verifier::{Expected, TokenVerifier, TrustedKey, VerifierError};
