//! A value of a question, once: what Cedar evaluates and what the facts record come from it.
//!
//! Because both are derived from the same tree, the record cannot differ from what was evaluated.
//! The recorded form is Cedar's own JSON, written canonically: keys sorted, no white space.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use cedar_policy::{EntityUid, RestrictedExpression};
use model::Timestamp;

use crate::evaluate::Unevaluable;
use crate::json::Json;
use crate::reads::Look;
use crate::schema::Type;

/// A record's fields, sorted by name.
pub(crate) type Fields = BTreeMap<&'static str, Value>;

/// A typed value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    Bool(bool),
    Long(i64),
    Text(String),
    Entity(Name),
    Time(Timestamp),
    Record(Fields),
}

/// An entity's name: its type, which is the schema's, and its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Name {
    pub(crate) kind: Type,
    pub(crate) uid: EntityUid,
}

/// A value in the forms it is needed in: for the facts and for the schema. For Cedar it is made
/// when it is evaluated.
#[derive(Debug)]
pub(crate) struct Said {
    value: Value,
    /// As Cedar evaluates it, once it was.
    expression: OnceLock<RestrictedExpression>,
    /// As the facts record it.
    pub(crate) json: Json,
    /// What the schema's check depends on: which fields there are, the types of their values, and
    /// the words of closed vocabularies.
    pub(crate) shape: String,
}

impl Name {
    /// `{"id":…,"type":…}`.
    pub(crate) fn write(&self, out: &mut Json) {
        out.raw(r#"{"id":"#);
        out.text(self.uid.id().unescaped());
        out.raw(r#","type":""#);
        out.raw(self.kind.name());
        out.raw(r#""}"#);
    }
}

impl Said {
    /// `value` in every form.
    pub(crate) fn new(value: Value) -> Self {
        let (mut json, mut shape) = (Json::default(), String::new());
        value.write(&mut json);
        value.shape(&mut shape);
        Self { value, expression: OnceLock::new(), json, shape }
    }

    /// As Cedar evaluates it.
    pub(crate) fn expression(&self) -> Result<RestrictedExpression, Unevaluable> {
        if let Some(made) = self.expression.get() {
            return Ok(made.clone());
        }
        let made = self.value.expression()?;
        Ok(self.expression.get_or_init(|| made).clone())
    }

    /// Writes all of it that anyone can tell who looks at `inner` of it in this way.
    pub(crate) fn write_look(&self, inner: Option<&str>, look: &Look, out: &mut Json) {
        match (&self.value, inner) {
            (Value::Record(fields), Some(inner)) => look.write(fields.get(inner), out),
            (value, None) => look.write(Some(value), out),
            (_, Some(_)) => out.append(&self.json),
        }
    }
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
    fn expression(&self) -> Result<RestrictedExpression, Unevaluable> {
        Ok(match self {
            Self::Bool(value) => RestrictedExpression::new_bool(*value),
            Self::Long(value) => RestrictedExpression::new_long(*value),
            Self::Text(value) => RestrictedExpression::new_string(value.clone()),
            Self::Entity(name) => RestrictedExpression::new_entity_uid(name.uid.clone()),
            Self::Time(instant) => RestrictedExpression::new_datetime(instant.to_string()),
            Self::Record(fields) => RestrictedExpression::new_record(expressions(fields)?)
                .map_err(|error| Unevaluable(error.to_string()))?,
        })
    }

    /// As the facts record it.
    pub(crate) fn write(&self, out: &mut Json) {
        match self {
            Self::Bool(value) => out.raw(if *value { "true" } else { "false" }),
            Self::Long(value) => out.value(value),
            Self::Text(value) => out.text(value),
            Self::Entity(name) => {
                out.raw(r#"{"__entity":"#);
                name.write(out);
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

    /// What the schema's check of it depends on.
    fn shape(&self, out: &mut String) {
        match self {
            Self::Bool(_) => out.push('b'),
            Self::Long(_) => out.push('l'),
            Self::Text(_) => out.push('s'),
            Self::Time(_) => out.push('t'),
            Self::Entity(name) => {
                out.push_str(name.kind.name());
                if name.kind.is_closed() {
                    out.extend([":", name.uid.id().unescaped()]);
                }
            }
            Self::Record(fields) => {
                out.push('{');
                for (name, value) in fields {
                    out.extend([name, "="]);
                    value.shape(out);
                    out.push(',');
                }
                out.push('}');
            }
        }
    }
}

/// The fields as Cedar takes them, for an entity's attributes or a record.
pub(crate) fn expressions(
    fields: &Fields,
) -> Result<Vec<(String, RestrictedExpression)>, Unevaluable> {
    fields.iter().map(|(name, value)| Ok(((*name).to_owned(), value.expression()?))).collect()
}

/// The fields as one JSON object.
pub(crate) fn write_fields(fields: &Fields, out: &mut Json) {
    out.raw("{");
    for (position, (name, value)) in fields.iter().enumerate() {
        out.raw(if position > 0 { ",\"" } else { "\"" });
        out.raw(name);
        out.raw("\":");
        value.write(out);
    }
    out.raw("}");
}
