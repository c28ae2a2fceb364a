//! A value of a question, once: what Cedar evaluates and what the facts record come from it.
//!
//! Because both are derived from the same tree, the record cannot differ from what was evaluated.
//! The recorded form is Cedar's own JSON, written canonically: keys sorted, no white space.

use std::collections::BTreeMap;

use cedar_policy::{EntityUid, RestrictedExpression};
use model::Timestamp;

use crate::evaluate::Unevaluable;

/// A record's fields, sorted by name.
pub(crate) type Fields = BTreeMap<&'static str, Value>;

/// A typed value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    Bool(bool),
    Long(i64),
    Text(String),
    Entity(EntityUid),
    Time(Timestamp),
    Record(Fields),
}

impl Value {
    /// A count; one that Cedar's 64-bit integers cannot hold becomes the largest they can, so
    /// that a limit on it still refuses.
    pub(crate) fn count(count: u64) -> Self {
        Self::Long(i64::try_from(count).unwrap_or(i64::MAX))
    }

    /// How many `items` there are.
    pub(crate) fn length<T>(items: &[T]) -> Self {
        Self::Long(i64::try_from(items.len()).unwrap_or(i64::MAX))
    }

    /// As Cedar evaluates it.
    pub(crate) fn expression(&self) -> Result<RestrictedExpression, Unevaluable> {
        Ok(match self {
            Self::Bool(value) => RestrictedExpression::new_bool(*value),
            Self::Long(value) => RestrictedExpression::new_long(*value),
            Self::Text(value) => RestrictedExpression::new_string(value.clone()),
            Self::Entity(uid) => RestrictedExpression::new_entity_uid(uid.clone()),
            Self::Time(instant) => RestrictedExpression::new_datetime(instant.to_string()),
            Self::Record(fields) => RestrictedExpression::new_record(expressions(fields)?)
                .map_err(|error| Unevaluable(error.to_string()))?,
        })
    }

    /// As the facts record it.
    pub(crate) fn write(&self, out: &mut Json) {
        match self {
            Self::Bool(value) => out.raw(if *value { "true" } else { "false" }),
            Self::Long(value) => out.raw(&value.to_string()),
            Self::Text(value) => out.text(value),
            Self::Entity(uid) => {
                out.raw(r#"{"__entity":"#);
                out.uid(uid);
                out.raw("}");
            }
            Self::Time(instant) => {
                out.raw(r#"{"__extn":{"arg":"#);
                out.text(&instant.to_string());
                out.raw(r#","fn":"datetime"}}"#);
            }
            Self::Record(fields) => write_fields(fields, out),
        }
    }
}

/// The fields as Cedar takes them, for an entity's attributes, a context or a record.
pub(crate) fn expressions(
    fields: &Fields,
) -> Result<Vec<(String, RestrictedExpression)>, Unevaluable> {
    fields.iter().map(|(name, value)| Ok(((*name).to_owned(), value.expression()?))).collect()
}

/// The fields as one JSON object.
pub(crate) fn write_fields(fields: &Fields, out: &mut Json) {
    out.raw("{");
    for (position, (name, value)) in fields.iter().enumerate() {
        if position > 0 {
            out.raw(",");
        }
        out.text(name);
        out.raw(":");
        value.write(out);
    }
    out.raw("}");
}

/// Canonical JSON as it is written.
#[derive(Debug, Default)]
pub(crate) struct Json(String);

impl Json {
    /// `text` as it is: structure, or a number.
    pub(crate) fn raw(&mut self, text: &str) {
        self.0.push_str(text);
    }

    /// `text` as a string, with the shortest escapes (RFC 8785 3.2.2.2).
    pub(crate) fn text(&mut self, text: &str) {
        let plain = |byte: u8| byte >= b' ' && byte != b'"' && byte != b'\\';
        if text.bytes().all(plain) {
            self.0.extend(["\"", text, "\""]);
        } else {
            self.0.push_str(&serde_json::Value::from(text).to_string());
        }
    }

    /// A boundary value, whose members are in canonical order. One that could not be written is
    /// `null`, which no reader of facts takes for a value.
    pub(crate) fn value(&mut self, value: &impl serde::Serialize) {
        self.0.push_str(&serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned()));
    }

    /// An entity's type and id.
    pub(crate) fn uid(&mut self, uid: &EntityUid) {
        self.raw(r#"{"id":"#);
        self.text(uid.id().unescaped());
        self.raw(r#","type":"#);
        self.text(&uid.type_name().to_string());
        self.raw("}");
    }

    /// What `other` holds.
    pub(crate) fn append(&mut self, other: &Self) {
        self.0.push_str(&other.0);
    }

    /// Whether nothing was written yet.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What was written.
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.0.into_bytes()
    }
}
