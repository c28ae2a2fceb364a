//! One administrative request, and the bytes a person signs for it (`spec/act.md`).
//!
//! An act carries what is asked for by name or digest, never a secret, a charter or a token.

use std::fmt;
use std::str::FromStr;

use model::{AgentName, ContextName, Digest, PersonName, SecretName, Timestamp};

use crate::{Commitment, GatewayName, Nonce};

/// The first line of an act's canonical bytes: names the format and its version.
const FORMAT_LINE: &str = "portreeve act v1";

/// One request to change something: who, what, on which gateway, when, once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    verb: Verb,
    object: Object,
    stamp: Stamp,
}

/// Who signs, for which gateway, when, and what makes it unlike every other act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    /// The person whose key signs.
    pub actor: PersonName,
    /// The one gateway that may take the act.
    pub gateway: GatewayName,
    /// The nonce.
    pub nonce: Nonce,
    /// When it is signed; it is taken within five minutes of this.
    pub time: Timestamp,
}

/// What an act is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Object {
    /// A charter, by its digest: `charter:sha256:...`.
    Charter(Digest),
    /// A secret, by its name and a commitment to the new value: `secret:NAME:sha256:...`.
    Secret {
        /// Which secret.
        name: SecretName,
        /// What is put into it, without saying so.
        commitment: Commitment,
    },
    /// An agent: `agent:NAME`.
    Agent(AgentName),
    /// An agent in one of its approved contexts: `agent:NAME:context:CONTEXT`.
    AgentContext {
        /// Which agent.
        agent: AgentName,
        /// In which context.
        context: ContextName,
    },
}

/// Why something is not an act.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ActError {
    /// Not one of the verbs.
    #[error("`{0}` is not a verb of an act")]
    Verb(String),
    /// Not an object of any kind.
    #[error("`{0}` is not the object of an act: a charter, secret or agent")]
    Object(String),
    /// The verb takes another kind of object.
    #[error("`{verb}` acts on a {takes}, not on `{given}`")]
    ObjectKind {
        /// The verb.
        verb: Verb,
        /// What it takes.
        takes: ObjectKind,
        /// What it was given.
        given: String,
    },
    /// A field is not in its one spelling.
    #[error("the act's `{0}` is not in the form that spec/act.md gives it")]
    Field(&'static str),
    /// The JSON around the act is not what `spec/act.md` describes.
    #[error("not a signed act in JSON: {0}")]
    Json(String),
    /// More bytes than a signed act ever takes.
    #[error("a signed act takes at most {0} bytes")]
    TooLong(usize),
}

macro_rules! verbs {
    ($($(#[$doc:meta])* $variant:ident $text:literal on $kind:ident;)*) => {
        /// What an act does. The set is closed: a gateway refuses a verb it does not know.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Verb { $($(#[$doc])* $variant,)* }

        impl Verb {
            /// All of them, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The verb as acts spell it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// The kind of object it acts on.
            #[must_use]
            pub const fn object_kind(self) -> ObjectKind {
                match self { $(Self::$variant => ObjectKind::$kind,)* }
            }
        }
    };
}

// A verb is one line here, and one row in spec/act.md.
verbs! {
    /// Bring the first charter into force.
    Genesis "genesis" on Charter;
    /// Bring a charter into force.
    CharterApply "charter.apply" on Charter;
    /// Seal a new value of a secret.
    SecretPut "secret.put" on Secret;
    /// Mint a token for an agent.
    AgentToken "agent.token" on Agent;
}

/// The kinds of [`Object`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ObjectKind {
    /// [`Object::Charter`].
    Charter,
    /// [`Object::Secret`].
    Secret,
    /// [`Object::Agent`] and [`Object::AgentContext`].
    Agent,
}

impl Act {
    /// An act of `verb` upon `object`.
    ///
    /// # Errors
    /// [`ActError::ObjectKind`] where the verb acts on another kind of thing.
    pub fn new(verb: Verb, object: Object, stamp: Stamp) -> Result<Self, ActError> {
        let takes = verb.object_kind();
        if object.kind() != takes {
            return Err(ActError::ObjectKind { verb, takes, given: object.to_string() });
        }
        Ok(Self { verb, object, stamp })
    }

    /// What it does.
    #[must_use]
    pub const fn verb(&self) -> Verb {
        self.verb
    }

    /// What it is about.
    #[must_use]
    pub const fn object(&self) -> &Object {
        &self.object
    }

    /// The person whose key signs.
    #[must_use]
    pub const fn actor(&self) -> &PersonName {
        &self.stamp.actor
    }

    /// The one gateway that may take it.
    #[must_use]
    pub const fn gateway(&self) -> &GatewayName {
        &self.stamp.gateway
    }

    /// What makes it unlike every other act.
    #[must_use]
    pub const fn nonce(&self) -> Nonce {
        self.stamp.nonce
    }

    /// When it was signed, as the signer's clock had it.
    #[must_use]
    pub const fn time(&self) -> Timestamp {
        self.stamp.time
    }

    /// The bytes that are signed: the format line, then one line of JSON with sorted keys.
    ///
    /// No field can hold a character that JSON escapes, so this is RFC 8785's form as it stands.
    #[must_use]
    pub fn canonical_bytes(&self) -> Vec<u8> {
        let Self { verb, object, stamp: Stamp { actor, gateway, nonce, time } } = self;
        format!(
            "{FORMAT_LINE}\n{{\"actor\":\"{actor}\",\"gateway\":\"{gateway}\",\"nonce\":\"{nonce}\",\
             \"object\":\"{object}\",\"time\":\"{time}\",\"verb\":\"{verb}\"}}\n"
        )
        .into_bytes()
    }
}

impl Object {
    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> ObjectKind {
        match self {
            Self::Charter(_) => ObjectKind::Charter,
            Self::Secret { .. } => ObjectKind::Secret,
            Self::Agent(_) | Self::AgentContext { .. } => ObjectKind::Agent,
        }
    }
}

impl fmt::Display for Object {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Charter(digest) => write!(out, "charter:{digest}"),
            Self::Secret { name, commitment } => write!(out, "secret:{name}:{commitment}"),
            Self::Agent(name) => write!(out, "agent:{name}"),
            Self::AgentContext { agent, context } => {
                write!(out, "agent:{agent}:context:{context}")
            }
        }
    }
}

impl FromStr for Object {
    type Err = ActError;

    fn from_str(text: &str) -> Result<Self, ActError> {
        let object = match text.split_once(':') {
            Some(("charter", digest)) => digest.parse().ok().map(Self::Charter),
            Some(("secret", rest)) => secret(rest),
            Some(("agent", rest)) => agent(rest),
            Some(_) | None => None,
        };
        object.ok_or_else(|| ActError::Object(text.chars().take(256).collect()))
    }
}

fn secret(rest: &str) -> Option<Object> {
    let (name, commitment) = rest.split_once(':')?;
    Some(Object::Secret { name: name.parse().ok()?, commitment: commitment.parse().ok()? })
}

fn agent(rest: &str) -> Option<Object> {
    let Some((name, within)) = rest.split_once(':') else {
        return rest.parse().ok().map(Object::Agent);
    };
    let context = within.strip_prefix("context:")?.parse().ok()?;
    Some(Object::AgentContext { agent: name.parse().ok()?, context })
}

impl fmt::Display for Verb {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

impl FromStr for Verb {
    type Err = ActError;

    fn from_str(text: &str) -> Result<Self, ActError> {
        let verb = Self::ALL.iter().copied().find(|verb| verb.as_str() == text);
        verb.ok_or_else(|| ActError::Verb(text.chars().take(64).collect()))
    }
}

impl fmt::Display for ObjectKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Charter => "charter",
            Self::Secret => "secret",
            Self::Agent => "agent",
        })
    }
}
