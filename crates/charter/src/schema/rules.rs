//! What holds between fields of one mapping, as JSON Schema says it. The readers say the same in
//! words; a validator that nobody here wrote holds the two against each other.

use super::json::{Json, Members};
use super::value::{self, Least};
use crate::file_kind::FileKind;
use crate::takes::{Takes, Value};
use crate::words::ProviderKind;

/// The rules of the mapping at `parent`; most have none.
pub(super) fn of(kind: FileKind, parent: &str) -> Members {
    match (kind, parent) {
        (FileKind::Provider, "") => provider(),
        (FileKind::Model, "targets[]") => successor(),
        (FileKind::Model, "targets[].claims") => claims(),
        (FileKind::Quota, "") => each_of_one(),
        (FileKind::Quota, "limits[]") => money(kind),
        _ => Vec::new(),
    }
}

/// The demo is built in and has no address; of the others, one whose address is the vendor's
/// names the secret that opens it.
fn provider() -> Members {
    let opened = ["secret", "base_url"].map(|name| object(vec![required(&[name])]));
    vec![
        ("if", holds("kind", ProviderKind::Demo.as_str())),
        ("then", object(vec![never("base_url")])),
        ("else", object(vec![("anyOf", Json::List(opened.to_vec()))])),
    ]
}

/// Only what ends has a successor.
fn successor() -> Members {
    vec![
        ("if", object(vec![required(&["successor"])])),
        ("then", object(vec![required(&["end_of_life"])])),
    ]
}

/// Claims claim something.
fn claims() -> Members {
    let some = ["region", "retention_days", "trains"].map(|name| object(vec![required(&[name])]));
    vec![("anyOf", Json::List(some.to_vec()))]
}

/// One agent cannot be counted apart from itself.
fn each_of_one() -> Members {
    let agent = object(vec![("type", Json::text("object")), required(&["agent"])]);
    vec![
        ("if", object(vec![("properties", object(vec![("for", agent)])), required(&["for"])])),
        ("then", object(vec![never("each")])),
    ]
}

/// What a limit counts decides how it is written.
fn money(kind: FileKind) -> Members {
    let amount = |value| object(vec![("properties", object(vec![("at_most", object(value))]))]);
    let row = super::below(kind, "limits[]").find(|(name, _)| *name == "at_most");
    let most = match row.map(|(_, row)| row.takes) {
        Some(Takes::One(Value::AtMost(most))) => most,
        _ => return Vec::new(),
    };
    vec![
        ("if", holds("what", model::Measure::Money.as_str())),
        ("then", amount(value::dollars(Least::AboveNothing))),
        ("else", amount(value::number(1, most))),
    ]
}

fn object(members: Members) -> Json {
    Json::Object(members)
}

fn required(names: &[&str]) -> (&'static str, Json) {
    ("required", Json::texts(names.iter().copied()))
}

fn never(name: &'static str) -> (&'static str, Json) {
    ("properties", object(vec![(name, Json::Flag(false))]))
}

/// The field is there and says so.
fn holds(name: &'static str, word: &str) -> Json {
    let constant = object(vec![("const", Json::text(word))]);
    object(vec![("properties", object(vec![(name, constant)])), required(&[name])])
}
