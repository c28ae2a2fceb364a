//! Every target on its seeds, on what once broke one, and on mutated inputs, always the same.
#![allow(clippy::expect_used, reason = "what a test is given must be what it says")]

use fuzz::{Mutator, TARGETS, Target, kept};

/// Each minute of a target in `cargo xtask test` counts.
const TARGETS_MAX: usize = 14;

fn run(name: &str) {
    let target = fuzz::target(name).expect("it is listed");
    let seeds = (target.seeds)();
    assert!(!seeds.is_empty(), "it begins with nothing");
    for (number, input) in seeds.iter().enumerate() {
        tried(target, input, &format!("seed {number}"));
    }
    for (file, input) in kept(name).expect("the folder can be read") {
        tried(target, &input, &file);
    }
    let mut mutator = Mutator::new(target, 1);
    for number in 0..target.cases {
        tried(target, &mutator.next_input(), &format!("mutated input {number}"));
    }
}

/// Tries an input, and shows it where it fails.
fn tried(target: &Target, input: &[u8], which: &str) {
    let tried = std::panic::catch_unwind(|| (target.check)(input));
    if tried.is_err() {
        let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
        let file = folder.join(format!("{}-failed", target.name));
        std::fs::write(&file, input).expect("a folder for tests can be written");
        panic!("{} fails on {which}, which is now {}", target.name, file.display());
    }
}

macro_rules! each {
    ($($test:ident $name:literal;)+) => {
        $(#[test] fn $test() { run($name); })+

        #[test]
        fn every_target_has_its_test() {
            let tested = [$($name),+];
            let listed: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
            assert_eq!(listed, tested);
            assert!(tested.len() <= TARGETS_MAX);
        }
    };
}

each! {
    bodies_of_openai "body-openai";
    bodies_of_anthropic "body-anthropic";
    bodies_of_gemini "body-gemini";
    answers "stream";
    short_texts "text";
    tokens "token";
    notes_and_proofs "note";
    tiles_and_bundles "tile";
    entries "entry";
    write_ahead_segments "wal";
    acts "act";
    facts_and_counters "facts";
    charters "charter";
    policies "policy";
}

#[test]
fn the_mutator_always_makes_the_same_inputs() {
    let target = fuzz::target("text").expect("it is listed");
    let inputs = |seed| {
        let mut mutator = Mutator::new(target, seed);
        (0..200).map(|_| mutator.next_input()).collect::<Vec<_>>()
    };
    assert_eq!(inputs(1), inputs(1));
    assert_ne!(inputs(1), inputs(2));
}
