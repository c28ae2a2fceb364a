//! Ids are types, not strings: each kind of name is parsed once, at the door.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Longest name of any kind, in bytes.
const NAME_MAX: usize = 128;

/// A name that breaks the naming rule of its kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind} `{given}`: use 1 to 128 of a-z, 0-9 and {extra}, beginning with a letter or digit")]
pub struct NameError {
    kind: &'static str,
    given: String,
    extra: &'static str,
}

/// An id that is not in the form this product writes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind} `{given}` is not a UUID")]
pub struct IdError {
    kind: &'static str,
    given: String,
}

fn check(kind: &'static str, extra: &'static str, text: &str) -> Result<(), NameError> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let allowed = |byte: u8| plain(byte) || extra.as_bytes().contains(&byte);
    let starts_well = text.bytes().next().is_some_and(plain);
    if starts_well && text.len() <= NAME_MAX && text.bytes().all(allowed) {
        return Ok(());
    }
    let given = text.chars().take(NAME_MAX).collect();
    Err(NameError { kind, given, extra })
}

macro_rules! name {
    ($(#[$doc:meta])* $type:ident, $kind:literal, $extra:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $type(Arc<str>);

        impl $type {
            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $type {
            type Err = NameError;

            fn from_str(text: &str) -> Result<Self, NameError> {
                check($kind, $extra, text)?;
                Ok(Self(text.into()))
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(&self.0)
            }
        }

        impl fmt::Debug for $type {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(out, "{}({})", $kind, self.0)
            }
        }

        impl AsRef<str> for $type {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl std::borrow::Borrow<str> for $type {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

name!(
    /// A workload with its own identity.
    AgentName, "agent", "-_."
);
name!(
    /// A model as agents name it; providers' own spellings fit (`meta/llama-3.1:8b`).
    ModelName, "model", "-_./:"
);
name!(
    /// Where models are served.
    ProviderName, "provider", "-_."
);
name!(
    /// A sealed secret, by name; its value is never part of any name.
    SecretName, "secret", "-_."
);
name!(
    /// A natural person, as `people.yaml` calls them.
    PersonName, "person", "-_."
);
name!(
    /// A group of persons.
    TeamName, "team", "-_."
);
name!(
    /// A role held by exactly one person.
    SeatName, "seat", "-_."
);
name!(
    /// A budget, as its charter calls it.
    QuotaName, "quota", "-_."
);
name!(
    /// An approved context: a purpose with its limits.
    ContextName, "context", "-_."
);
name!(
    /// One policy: its set and its `@id`, as in `model/demo-agent-uses-demo`.
    PolicyId, "policy", "-_./"
);

/// Which sealed value of a secret: 1 is the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SecretVersion(pub u32);

impl fmt::Display for SecretVersion {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "v{}", self.0)
    }
}

macro_rules! uuid_id {
    ($(#[$doc:meta])* $type:ident, $kind:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $type(uuid::Uuid);

        impl $type {
            /// The id as a UUID.
            #[must_use]
            pub const fn uuid(&self) -> uuid::Uuid {
                self.0
            }

            /// An id minted elsewhere.
            #[must_use]
            pub const fn from_uuid(uuid: uuid::Uuid) -> Self {
                Self(uuid)
            }

            /// A new id (UUIDv7), ordered by `milliseconds` and made unique by `random`.
            #[must_use]
            pub fn new(milliseconds: u64, random: [u8; 10]) -> Self {
                Self(uuid::Builder::from_unix_timestamp_millis(milliseconds, &random).into_uuid())
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0.as_hyphenated(), out)
            }
        }

        impl fmt::Debug for $type {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, out)
            }
        }

        impl FromStr for $type {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                let given = || text.chars().take(64).collect();
                uuid::Uuid::try_parse(text)
                    .map(Self)
                    .map_err(|_| IdError { kind: $kind, given: given() })
            }
        }

        impl TryFrom<String> for $type {
            type Error = IdError;

            fn try_from(text: String) -> Result<Self, IdError> {
                text.parse()
            }
        }

        impl From<$type> for String {
            fn from(id: $type) -> Self {
                id.to_string()
            }
        }
    };
}

uuid_id!(
    /// One decision, and everything recorded about it. UUIDv7, so ids sort by time.
    DecisionId, "decision id"
);
uuid_id!(
    /// One change of the charter.
    ChangeId, "change id"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_to_their_rule() {
        for good in ["a", "demo-agent", "x_1.y", &"a".repeat(128)] {
            assert_eq!(good.parse::<AgentName>().map(|name| name.to_string()), Ok(good.into()));
        }
        for bad in ["", "-a", "A", "a/b", "a b", "ä", "..", &"a".repeat(129)] {
            assert!(bad.parse::<AgentName>().is_err(), "{bad}");
        }
        assert!("meta/llama-3.1:8b".parse::<ModelName>().is_ok());
    }

    #[test]
    fn decision_ids_sort_by_time_and_read_back() {
        let early = DecisionId::new(1, [255; 10]);
        let late = DecisionId::new(2, [0; 10]);
        assert!(early < late);
        assert_eq!(early.to_string().parse(), Ok(early));
        assert!("nonsense".parse::<DecisionId>().is_err());
    }
}
