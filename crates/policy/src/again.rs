//! A recorded verdict reached again, from the facts it rested on. What comes out is no permit:
//! nothing can be forwarded for it.

use model::{Refusal, WithheldRecord};

use crate::facts::Circumstances;
use crate::permit::Targets;
use crate::policies::Policies;
use crate::recorded::{PERMITTED, RecordedFacts};
use crate::trail::Trail;
use crate::weigh::Weighed;

/// What policies say in recorded circumstances: the same as [`Policies::decide`] said, if they
/// are the same policies.
#[derive(Debug)]
pub struct DecidedAgain {
    /// The permitted targets in order, or the refusal where there is none.
    pub verdict: Result<Targets, Refusal>,
    /// The places that serve the model and may not be used: those that were dropped before policy was
    /// asked, then those that policy refuses.
    pub withheld: Vec<WithheldRecord>,
    /// What was evaluated, as it would be sealed.
    pub facts: Vec<u8>,
}

impl Policies {
    /// Decides again what was decided in `recorded`. `policy_seat` is the secondary seat for
    /// policy of the charter it is decided under.
    #[must_use]
    pub fn decide_again(&self, recorded: &RecordedFacts, policy_seat: &str) -> DecidedAgain {
        self.weighed(&recorded.asked.borrow(), policy_seat, recorded.withheld.clone())
    }

    /// The verdict with its facts; `withheld` are the places that were dropped before.
    pub(crate) fn weighed(
        &self,
        asked: &Circumstances<'_>,
        policy_seat: &str,
        withheld: Vec<WithheldRecord>,
    ) -> DecidedAgain {
        let mut trail = Trail::default();
        self.weigh(asked, policy_seat, &mut trail).with_facts(trail, asked, withheld)
    }
}

impl Weighed {
    /// The same with what it rests on, and with the places that were dropped before.
    pub(crate) fn with_facts(
        self,
        trail: Trail,
        asked: &Circumstances<'_>,
        mut withheld: Vec<WithheldRecord>,
    ) -> DecidedAgain {
        let word = self.verdict.as_ref().map_or_else(|no| no.code.as_str(), |_| PERMITTED);
        let facts = trail.into_facts(asked, &withheld, word);
        // Where nothing else was left, policy was asked about those that were dropped before.
        withheld.retain(|before| !self.withheld.iter().any(|other| same_place(before, other)));
        withheld.extend(self.withheld);
        DecidedAgain { verdict: self.verdict, withheld, facts }
    }
}

fn same_place(one: &WithheldRecord, other: &WithheldRecord) -> bool {
    (&one.provider, &one.upstream_model) == (&other.provider, &other.upstream_model)
}
