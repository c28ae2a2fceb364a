//! Situations are told apart as policies can, remembered up to a limit, and decided all the same.

use super::super::against::tests::{bundle, recorded};
use super::*;

#[test]
fn situations_beyond_the_limit_are_decided_one_by_one() {
    let bundle = bundle();
    let (_, facts) = recorded(&bundle);
    let mut candidate = Candidate::new(&bundle, 1);
    // The first run's guardrail reads the token's age.
    for (age, situations, over) in [(1, 1, 0), (1, 1, 0), (2, 1, 1), (2, 1, 2), (1, 1, 2)] {
        let mut facts = facts.clone();
        facts.asked.call.token_age_s = age;
        // No policy of it reads a size.
        facts.asked.ask.input_bytes += age + over;
        assert_eq!(candidate.would(&facts, None).refused, None);
        assert_eq!(candidate.seen(), Seen { situations, over });
    }
}

#[test]
fn a_refusal_beside_policy_comes_after_policys_own() {
    let bundle = bundle();
    let (_, facts) = recorded(&bundle);
    let mut candidate = Candidate::new(&bundle, 10);
    let bound = "tickets".parse().unwrap();
    let would = candidate.would(&facts, Some(&bound));
    assert_eq!(would.refused, Some(RefusalCode::ContextBound));
    let mut other = facts;
    other.asked.call.token_age_s = 1_000_000;
    let would = candidate.would(&other, Some(&bound));
    assert_eq!(would.refused, Some(RefusalCode::PolicyForbids));
    assert_eq!(would.policies[0].id.as_str(), "guardrails/tokens-are-fresh");
}
