//! Facts read back: what a recorded verdict rested on, as values. The inverse of what
//! [`Policies::decide`](crate::Policies::decide) hands over to be sealed.
//!
//! Reading is strict: facts are of form 2 to the byte, or the answer says why they are not. Nothing here
//! decides; [`Policies::decide_again`](crate::Policies::decide_again) does.

pub(crate) mod form;

use model::{Digest, PolicySetKind, RefusalCode, WithheldRecord};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use crate::asked::Asked;

/// The form of facts that this software writes, and the only one it reads.
pub(crate) const FORM: u64 = 2;

/// The word for policy's yes.
pub(crate) const PERMITTED: &str = "permitted";

/// What a verdict rested on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedFacts {
    /// The circumstances.
    pub asked: Asked,
    /// The places that were dropped before policy was asked, and why.
    pub withheld: Vec<WithheldRecord>,
    /// What decided.
    pub engine: Engine,
    /// SHA-256 of the schema that policies and questions were checked against.
    pub schema: Digest,
    /// What policy said: none for a permit, else the refusal's code. What stands beside policy, as
    /// a budget does, may have refused after a permit.
    pub refused: Option<RefusalCode>,
    /// Each question that was put, in order.
    pub questions: Vec<RecordedQuestion>,
    /// Why the questions could not be put, where they could not.
    pub unevaluable: Option<String>,
}

/// The software that decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Engine {
    /// The version of the Cedar library.
    pub cedar: String,
    /// The version of the Cedar language.
    pub language: String,
    /// The version of this software.
    pub portreeve: String,
}

/// A question that was put to a policy set, and the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedQuestion {
    /// The set: that of models, tools or secrets.
    pub set: PolicySetKind,
    /// The action's id, as in `InvokeModel`.
    pub action: String,
    /// The resource's type and id.
    pub resource: (String, String),
    /// What was answered.
    pub answer: RecordedAnswer,
    /// The policies that determined it, by id.
    pub policies: Vec<String>,
}

/// What was answered to a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordedAnswer {
    /// A permit allows it, and nothing forbids it.
    Permit,
    /// A policy forbids it.
    Forbid,
    /// Nothing forbids it, and nothing allows it.
    Nothing,
    /// A policy could not be evaluated.
    Error,
}

/// Why facts cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FactsUnread {
    /// An earlier version wrote them, before facts held all that a verdict depends on.
    #[error(
        "the facts are of form {0}, an older form that does not hold all the verdict rested on"
    )]
    Older(u64),
    /// A later version wrote them.
    #[error("the facts are of form {0}, which a newer portreeve wrote")]
    Newer(u64),
    /// They are not what this software writes.
    #[error("the facts are damaged: {0}")]
    Damaged(String),
}

impl RecordedFacts {
    /// Reads facts as they were handed over to be sealed.
    ///
    /// # Errors
    /// They are of another form, or not exactly what this software writes.
    pub fn read(bytes: &[u8]) -> Result<Self, FactsUnread> {
        let read: Facts = serde_json::from_slice(bytes).map_err(|error| unread(bytes, &error))?;
        if read.v != FORM {
            return Err(other_form(read.v));
        }
        let (asked, withheld) = read.asked.into_parts();
        let written = written(&asked, &withheld).map_err(damaged)?;
        let begins = |rest: &[u8]| {
            let rest = rest.strip_prefix(written.as_bytes());
            rest.is_some_and(|rest| rest.starts_with(br#","engine":"#))
        };
        if !bytes.strip_prefix(br#"{"asked":"#).is_some_and(begins) {
            return Err(damaged("`asked` is not written as this software writes it"));
        }
        Ok(Self {
            asked,
            withheld,
            engine: read.engine,
            schema: read.schema,
            refused: refused(&read.verdict)?,
            questions: read
                .questions
                .into_iter()
                .map(Question::recorded)
                .collect::<Result<_, _>>()?,
            unevaluable: read.unevaluable,
        })
    }
}

impl Engine {
    /// This software.
    #[must_use]
    pub fn current() -> Self {
        Self {
            cedar: cedar_policy::get_sdk_version().to_string(),
            language: cedar_policy::get_lang_version().to_string(),
            portreeve: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }
}

/// The member `asked`.
fn written(asked: &Asked, withheld: &[WithheldRecord]) -> Result<String, serde_json::Error> {
    serde_json::to_string(&form::Written::new(&asked.borrow(), withheld))
}

/// Why `bytes` are not facts of form 2: another form is told from damage.
fn unread(bytes: &[u8], error: &serde_json::Error) -> FactsUnread {
    #[derive(Deserialize)]
    struct Form {
        v: u64,
    }
    match serde_json::from_slice(bytes) {
        Ok(Form { v }) if v != FORM => other_form(v),
        Ok(_) | Err(_) => damaged(error),
    }
}

fn refused(verdict: &str) -> Result<Option<RefusalCode>, FactsUnread> {
    if verdict == PERMITTED {
        return Ok(None);
    }
    let code = verdict.parse().map_err(|()| damaged(format!("there is no verdict `{verdict}`")))?;
    Ok(Some(code))
}

const fn other_form(form: u64) -> FactsUnread {
    if form < FORM { FactsUnread::Older(form) } else { FactsUnread::Newer(form) }
}

fn damaged(cause: impl std::fmt::Display) -> FactsUnread {
    FactsUnread::Damaged(cause.to_string())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Facts {
    asked: form::Read,
    engine: Engine,
    // Both follow from what was asked, and are there for other readers.
    #[serde(rename = "entities")]
    _entities: Vec<IgnoredAny>,
    questions: Vec<Question>,
    schema: Digest,
    #[serde(default)]
    unevaluable: Option<String>,
    v: u64,
    verdict: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    action: Uid,
    answer: Answer,
    #[serde(rename = "context")]
    _context: IgnoredAny,
    #[serde(rename = "principal")]
    _principal: Uid,
    resource: Uid,
    set: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Uid {
    id: String,
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    is: RecordedAnswer,
    policies: Vec<String>,
}

impl Question {
    fn recorded(self) -> Result<RecordedQuestion, FactsUnread> {
        let Self { action, answer, resource, set, .. } = self;
        let kind = PolicySetKind::ALL.into_iter().find(|kind| kind.as_str() == set);
        Ok(RecordedQuestion {
            set: kind.ok_or_else(|| damaged(format!("there is no set `{set}`")))?,
            action: action.id,
            resource: (resource.kind, resource.id),
            answer: answer.is,
            policies: answer.policies,
        })
    }
}
