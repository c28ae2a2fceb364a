//! What an auditor sees: logs in folders, intact and tampered with, receipts, proofs, keys.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "helpers outside test functions may fail a test too"
)]

mod commands;
mod entries;
mod published;
mod receipts;
mod tampering;

use portreeve_verify::{Answer, run};

/// Runs the program with these arguments.
pub(crate) fn verify(arguments: &[&str]) -> Answer {
    run(&arguments.iter().map(|each| (*each).to_owned()).collect::<Vec<_>>())
}

/// The finding that an answer is: exit code 1 and one sentence on one line.
pub(crate) fn sentence(answer: &Answer) -> String {
    assert_eq!((answer.code, answer.err.as_str()), (1, ""), "{answer:?}");
    let sentence = answer.out.strip_prefix("FINDING: ").unwrap().strip_suffix('\n').unwrap();
    assert!(!sentence.is_empty() && !sentence.contains('\n'), "{sentence}");
    sentence.to_owned()
}
