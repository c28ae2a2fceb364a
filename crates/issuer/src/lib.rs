//! Who we vouch for: the embedded trust domain and its token service.
//!
//! It mints the short-lived tokens that agents carry (`spec/token.md`) and publishes the keys
//! that verify them. It never opens a file, reads a clock or decides who may have a token:
//! key texts, instants and randomness are handed in, and whoever calls it has decided.

mod key;
mod pem;
mod service;
mod token;

pub use key::{KeyError, PublicKey, SigningKey, jwks};
pub use service::{
    AgentClaims, LIFETIME_SECONDS_MAX, MintError, ServiceError, ServiceNames, TokenService,
};
pub use token::Token;
