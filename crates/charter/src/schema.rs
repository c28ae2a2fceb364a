//! JSON Schemas of the charter's files, written from the table of fields, so that an editor
//! knows what the readers know of one file. What takes two files is for `portreeve check`.

mod json;
mod rules;
mod value;

use crate::fields::{Field, below};
use crate::file_kind::FileKind;
use crate::takes::{Filled, Takes, Value};
use json::{Json, Members};

/// The folder in a charter where editors find the schemas. It is no part of the charter.
pub const SCHEMA_FOLDER: &str = ".schema";

/// The text of the JSON Schema (2020-12) of the files of `kind`.
///
/// ```
/// let text = charter::schema_text(charter::FileKind::Agent);
/// assert!(text.contains(r#""title": "portreeve: agents/NAME.yaml""#));
/// ```
#[must_use]
pub fn schema_text(kind: FileKind) -> String {
    let mut members = vec![
        ("$schema", Json::text("https://json-schema.org/draft/2020-12/schema")),
        ("title", Json::text(format!("portreeve: {}", kind.pattern()))),
        ("description", Json::text(kind.about())),
    ];
    members.extend(object(kind, ""));
    Json::Object(members).file()
}

/// The mapping at `parent`: the fields below it and no others.
fn object(kind: FileKind, parent: &str) -> Members {
    let required = below(kind, parent).filter(|(_, row)| row.required).map(|(name, _)| name);
    let required = Json::texts(required);
    let properties =
        below(kind, parent).map(|(name, row)| (name, Json::Object(property(row)))).collect();
    let mut members = vec![
        ("type", Json::text("object")),
        ("properties", Json::Object(properties)),
        ("required", required),
        ("additionalProperties", Json::Flag(false)),
    ];
    members.extend(rules::of(kind, parent));
    members
}

/// A field: what it is for, and what it takes.
fn property(row: &Field) -> Members {
    let takes = row.takes.words();
    let about = if row.required {
        format!("{} [{takes}; required]", row.what)
    } else {
        format!("{} [{takes}; left out: {}]", row.what, row.default)
    };
    let mut members = vec![("description", Json::text(about))];
    members.extend(taken(row));
    members.extend(default(row).map(|default| ("default", default)));
    members
}

fn taken(row: &Field) -> Members {
    let (kind, field) = (row.file, row.field);
    let items = || object(kind, &format!("{field}[]"));
    match row.takes {
        Takes::Mapping => object(kind, field),
        Takes::Named => vec![
            ("type", Json::text("object")),
            ("propertyNames", value::own_names()),
            ("additionalProperties", Json::Object(object(kind, &format!("{field}.*")))),
        ],
        Takes::List(filled) => list(items(), filled),
        Takes::One(one) => value::of(one),
        Takes::Many(one, filled) => list(value::of(one), filled),
        Takes::ManyOr(one) => list(either(value::of(one), items()), Filled::Any),
        Takes::WordOrOne(word) => {
            let mut mapping = object(kind, field);
            mapping
                .extend([("minProperties", Json::Number(1)), ("maxProperties", Json::Number(1))]);
            either(vec![("const", Json::text(word))], mapping)
        }
    }
}

fn either(first: Members, second: Members) -> Members {
    vec![("anyOf", Json::List(vec![Json::Object(first), Json::Object(second)]))]
}

/// A list: nothing in a charter is ever listed twice.
fn list(items: Members, filled: Filled) -> Members {
    let mut members = vec![("type", Json::text("array")), ("items", Json::Object(items))];
    match filled {
        Filled::Any => {}
        Filled::NotEmpty => members.push(("minItems", Json::Number(1))),
        Filled::UpTo(most) => {
            members.extend([("minItems", Json::Number(1)), ("maxItems", Json::Number(most))]);
        }
    }
    members.push(("uniqueItems", Json::Flag(true)));
    members
}

/// The default as a value, where it is one and not a sentence.
fn default(row: &Field) -> Option<Json> {
    let written = row.default.trim_matches('`');
    match row.takes {
        Takes::One(Value::Number(..)) => written.parse().ok().map(Json::Number),
        Takes::One(Value::Flag) => written.parse().ok().map(Json::Flag),
        Takes::One(Value::Word(words)) => {
            words.words().contains(&written).then(|| Json::text(written))
        }
        Takes::Many(..) | Takes::ManyOr(_) => (written == "[]").then(|| Json::List(Vec::new())),
        Takes::Mapping | Takes::Named | Takes::List(_) | Takes::One(_) | Takes::WordOrOne(_) => {
            None
        }
    }
}

#[cfg(test)]
mod tests;
