//! Who we vouch for: the embedded trust domain and its token service.
//!
//! It mints the short-lived tokens that agents carry (`spec/token.md`) and publishes the keys
//! that verify them. It never opens a file, reads a clock or decides who may have a token:
//! key texts, instants and randomness are handed in, and whoever calls it has decided.
//!
//! ```
//! use issuer::{AgentClaims, ServiceNames, SigningKey, TokenService};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let random = [2; 16];
//! let names = ServiceNames {
//!     issuer: "https://gateway.acme.test".into(),
//!     audience: "https://gateway.acme.test/agents".into(),
//!     trust_domain: "acme.test".parse()?,
//! };
//! let service = TokenService::new(SigningKey::generate()?, names)?;
//! let (agent, environment) = ("demo".parse()?, model::Environment::Dev);
//! let claims = AgentClaims { agent, epoch: 1, environment, context: None };
//! let now: model::Timestamp = "2026-11-24T09:00:00Z".parse()?;
//! let token = service.mint(&claims, now, 300, random)?;
//! assert_eq!(token.expires(), "2026-11-24T09:05:00Z".parse()?);
//! # Ok(())
//! # }
//! ```

mod key;
mod pem;
mod service;
mod token;

pub use key::{KeyError, PublicKey, SigningKey, jwks};
pub use service::{
    AgentClaims, LIFETIME_SECONDS_MAX, MintError, ServiceError, ServiceNames, TokenService,
};
pub use token::Token;
