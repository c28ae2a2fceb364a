//! Who can fix a problem: the seat that answers for the file it is in.

use std::collections::BTreeMap;

use model::Problem;

use crate::mention::Kind;
use crate::people::Declared;
use crate::root::Governing;
use crate::yaml::{Node, Value};

/// What is known of the seats that answer.
#[derive(Debug)]
pub(crate) struct Answering<'a> {
    pub(crate) declared: &'a Declared,
    pub(crate) governing: &'a Governing,
    /// Path to the seat it names as its owner.
    pub(crate) owners: &'a BTreeMap<String, String>,
}

/// Notes the seat that a file names as the owner of what it declares, whatever else is wrong
/// with the file.
pub(crate) fn note_owner(owners: &mut BTreeMap<String, String>, path: &str, root: &Node) {
    let Value::Mapping(entries) = &root.value else { return };
    let named = entries.iter().find(|entry| entry.key == "owner").map(|entry| &entry.node.value);
    if let Some(Value::Scalar(seat)) = named {
        owners.insert(path.to_owned(), seat.text.clone());
    }
}

/// Names the answering seat in every problem whose file has one.
pub(crate) fn name(problems: &mut [Problem], answering: &Answering<'_>) {
    for problem in problems {
        if let Some(seat) = answering.seat(&problem.place.file) {
            problem.who = format!("seat:{seat}");
        }
    }
}

impl Answering<'_> {
    fn seat(&self, path: &str) -> Option<&str> {
        let owner = self.owners.get(path).map(String::as_str).filter(|seat| self.exists(seat));
        owner.or_else(|| self.governing(path))
    }

    /// The governing seat of a file that names no owner.
    fn governing(&self, path: &str) -> Option<&str> {
        let policy = path.starts_with("policies/") || path.starts_with("tests/");
        let first = if policy { &self.governing.policy } else { &self.governing.accountable };
        [first, &self.governing.accountable]
            .into_iter()
            .filter_map(|seat| seat.as_ref().map(|seat| seat.value.as_str()))
            .find(|seat| self.exists(seat))
    }

    fn exists(&self, seat: &str) -> bool {
        self.declared.names.contains(&(Kind::Seat, seat.to_owned()))
    }
}
