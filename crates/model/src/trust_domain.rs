//! The name of a SPIFFE trust domain, and the ids of the agents in it. Never a key.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::AgentName;

/// Longest trust domain name, in bytes (SPIFFE-ID 2.1).
const TRUST_DOMAIN_BYTES_MAX: usize = 255;

/// A trust domain in canonical form: lower case, no scheme, port or path (SPIFFE-ID 2.1).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TrustDomain(Arc<str>);

/// A text that is not a trust domain in canonical form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("trust domain `{0}`: use 1 to 255 of a-z, 0-9 and -_.")]
pub struct TrustDomainError(String);

impl TrustDomain {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The SPIFFE ID of one of this domain's agents: `spiffe://<trust domain>/agent/<name>`.
    ///
    /// An agent's name is a valid path segment as it is, so the result is canonical.
    #[must_use]
    pub fn agent_id(&self, agent: &AgentName) -> String {
        format!("spiffe://{}/agent/{agent}", self.0)
    }
}

impl FromStr for TrustDomain {
    type Err = TrustDomainError;

    fn from_str(text: &str) -> Result<Self, TrustDomainError> {
        let allowed =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte);
        if text.is_empty() || text.len() > TRUST_DOMAIN_BYTES_MAX || !text.bytes().all(allowed) {
            let given = text.chars().take(TRUST_DOMAIN_BYTES_MAX).collect();
            return Err(TrustDomainError(given));
        }
        Ok(Self(text.into()))
    }
}

impl fmt::Display for TrustDomain {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl fmt::Debug for TrustDomain {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "trust domain({})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trust_domain_is_canonical_or_refused() {
        for good in ["acme.test", "a", "x-1_y.z", &"a".repeat(255)] {
            assert_eq!(good.parse::<TrustDomain>().map(|td| td.to_string()), Ok(good.into()));
        }
        for bad in ["", "ACME.test", "a:8443", "a/b", "u@a", "a%2Fb", "ä", &"a".repeat(256)] {
            assert!(bad.parse::<TrustDomain>().is_err(), "{bad}");
        }
    }

    #[test]
    fn an_agents_id_is_its_domain_and_its_name() {
        let (Ok(domain), Ok(agent)) = ("acme.test".parse::<TrustDomain>(), "demo".parse()) else {
            panic!("both are valid");
        };
        assert_eq!(domain.agent_id(&agent), "spiffe://acme.test/agent/demo");
    }
}
