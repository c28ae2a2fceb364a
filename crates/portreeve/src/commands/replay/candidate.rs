//! A candidate charter, and what it would say of recorded calls. Calls that its policies cannot
//! tell apart are decided once.

use std::collections::HashMap;
use std::rc::Rc;

use bundle::{Bundle, Recalled};
use model::{ContextName, Digest, PolicyRef, ProviderName, RefusalCode};
use policy::{Asked, Likeness, RecordedFacts};

/// Most situations whose verdict is remembered; others are decided each anew.
pub(super) const SITUATIONS_MAX: usize = 20_000;

/// A candidate charter.
pub(super) struct Candidate<'c> {
    bundle: &'c Bundle,
    likeness: Likeness,
    known: HashMap<Digest, Rc<Would>>,
    situations_max: usize,
    /// How many calls were decided because there was no room to remember their situation.
    over: u64,
}

/// What the candidate would say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Would {
    /// None where it would allow the call.
    pub(super) refused: Option<RefusalCode>,
    /// The policies that refuse it; none where none does.
    pub(super) policies: Vec<PolicyRef>,
    /// Where the call could go, and by which policies.
    pub(super) places: Vec<Place>,
}

/// A place where a call may go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) provider: ProviderName,
    pub(super) upstream_model: String,
    pub(super) policies: Vec<PolicyRef>,
}

/// How many situations were told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) situations: usize,
    /// Calls beyond those that could be remembered.
    pub(super) over: u64,
}

impl<'c> Candidate<'c> {
    /// The charter, with room for so many situations: [`SITUATIONS_MAX`] where they are many.
    pub(super) fn new(bundle: &'c Bundle, situations_max: usize) -> Self {
        let likeness = Likeness::of(bundle.policies());
        Self { bundle, likeness, known: HashMap::new(), situations_max, over: 0 }
    }

    pub(super) const fn bundle(&self) -> &'c Bundle {
        self.bundle
    }

    pub(super) fn seen(&self) -> Seen {
        Seen { situations: self.known.len(), over: self.over }
    }

    /// What it would say of the call that `facts` are about.
    pub(super) fn would(
        &mut self,
        facts: &RecordedFacts,
        bound: Option<&ContextName>,
    ) -> Rc<Would> {
        match self.bundle.recall(facts, bound) {
            Recalled::Refused(code) => Rc::new(Would::refused(code, Vec::new())),
            Recalled::Asked { asked, beside } => {
                let would = self.decided(&asked);
                match beside {
                    Some(code) if would.refused.is_none() => {
                        Rc::new(Would::refused(code, Vec::new()))
                    }
                    Some(_) | None => would,
                }
            }
        }
    }

    fn decided(&mut self, asked: &Asked) -> Rc<Would> {
        let digest = self.likeness.digest(&asked.borrow());
        if let Some(known) = self.known.get(&digest) {
            return Rc::clone(known);
        }
        let would = Rc::new(self.judged(asked));
        if self.known.len() < self.situations_max {
            self.known.insert(digest, Rc::clone(&would));
        } else {
            self.over += 1;
        }
        would
    }

    fn judged(&self, asked: &Asked) -> Would {
        let [_, policy_seat, ..] = self.bundle.seats();
        match self.bundle.policies().judge(&asked.borrow(), policy_seat) {
            Err(refusal) => Would::refused(refusal.code, refusal.policies),
            Ok(targets) => {
                let places = targets
                    .iter()
                    .map(|target| Place {
                        provider: target.provider.clone(),
                        upstream_model: target.upstream_model.clone(),
                        policies: target.policies.clone(),
                    })
                    .collect();
                Would { refused: None, policies: Vec::new(), places }
            }
        }
    }
}

impl Would {
    const fn refused(code: RefusalCode, policies: Vec<PolicyRef>) -> Self {
        Self { refused: Some(code), policies, places: Vec::new() }
    }
}

#[cfg(test)]
mod tests;
