//! From a charter's `people.yaml` to a keyring, each refused key pointed at where it is written.
//!
//! It reads the keys of a charter; it never asks who may do what with them.

use charter::{Charter, Located, code};
use model::{PersonName, Problem, Problems};

use crate::{KeyError, Keyring};

impl TryFrom<&Charter> for Keyring {
    /// The keys that are not taken. One is enough to refuse the charter: in force, it would name
    /// a key that nobody can use, or that anybody can.
    type Error = Problems;

    fn try_from(charter: &Charter) -> Result<Self, Problems> {
        let mut keyring = Self::default();
        let mut problems = Problems::new();
        for (person, declared) in &charter.people.persons {
            for line in &declared.keys {
                if let Err(why) = keyring.add(person, line) {
                    problems.push(problem(person, line, &why));
                }
            }
        }
        if problems.is_empty() { Ok(keyring) } else { Err(problems) }
    }
}

fn problem(person: &PersonName, line: &Located<String>, why: &KeyError) -> Problem {
    let (code, help) = match why {
        KeyError::Unreadable | KeyError::Kind(_) => {
            (code::BAD_KEY, "copy the whole line of the person's .pub file")
        }
        KeyError::Weak => (code::BAD_KEY, "make a new key with `ssh-keygen -t ed25519`"),
        KeyError::Shared(_) => (code::DUPLICATE, "give each person a key of their own"),
    };
    Problem {
        place: line.place.clone(),
        code,
        what: format!("a key of person `{person}`: {why}"),
        who: "whoever edits this file".into(),
        help: help.into(),
    }
}
