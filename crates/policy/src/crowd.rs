//! Where too many policies are read together for a decision to be quick. It changes no decision.

use std::collections::BTreeMap;

use model::PolicyRef;

use crate::index::Shelf;
use crate::policies::Policies;

/// How many policies may be read together before it is worth a word: those whose scopes name the
/// same caller and the same resource, or nobody and nothing. Each costs about 1 µs a question.
pub const READ_TOGETHER_MAX: usize = 32;

/// More than [`READ_TOGETHER_MAX`] policies that are read together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crowd {
    /// Whom and what their scopes name, in words.
    pub about: String,
    /// How many they are.
    pub count: usize,
    /// The first of them beyond the limit, in the order of file and line.
    pub beyond: PolicyRef,
}

impl Policies {
    /// Where too many policies are read together, in the order of what they are about. Those of
    /// several actions are counted for the one that has most of them.
    #[must_use]
    pub fn crowds(&self) -> Vec<Crowd> {
        let mut crowds = BTreeMap::new();
        for shelf in self.all.shelves() {
            let Some(crowd) = self.crowd(&shelf) else { continue };
            let known: &mut Crowd = crowds.entry(crowd.about.clone()).or_insert(crowd.clone());
            if known.count < crowd.count {
                *known = crowd;
            }
        }
        crowds.into_values().collect()
    }

    fn crowd(&self, shelf: &Shelf<'_>) -> Option<Crowd> {
        let count = shelf.policies.num_of_policies();
        if count <= READ_TOGETHER_MAX {
            return None;
        }
        let ids = shelf.policies.policies().map(|policy| policy.id().to_string());
        let mut cited = self.cite(&ids.collect::<Vec<_>>());
        cited.sort_by(|one, other| (&one.file, one.line).cmp(&(&other.file, other.line)));
        let beyond = cited.get(READ_TOGETHER_MAX)?.clone();
        let about = match (shelf.caller, shelf.resource) {
            (None, None) => "every caller and resource".to_owned(),
            (Some(caller), None) => format!("{caller} and every resource"),
            (None, Some(resource)) => format!("every caller and {resource}"),
            (Some(caller), Some(resource)) => format!("{caller} and {resource}"),
        };
        Some(Crowd { about, count, beyond })
    }
}
