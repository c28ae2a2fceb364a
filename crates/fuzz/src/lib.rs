//! What every parser must hold for any bytes at all: targets, their seeds, and a mutator.
//!
//! A target takes bytes and fails, by a panic, where the parser under it breaks a promise. Two
//! engines drive them: a seeded mutator of our own in `cargo test`, a few thousand inputs each,
//! always the same; and libFuzzer, which sees what each input reaches (`cargo xtask fuzz`). No
//! shipped crate uses this one.

mod acts;
mod bodies;
mod charters;
mod entries;
mod facts;
mod input;
mod mutate;
mod notes;
mod policies;
mod seeds;
mod splices;
mod streams;
mod texts;
mod tiles;
mod tokens;
mod wal;

pub use mutate::Mutator;
pub use seeds::kept;

/// Something that reads what somebody else wrote.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name: `cargo xtask fuzz NAME`.
    pub name: &'static str,
    /// What it reads, and what must hold.
    pub about: &'static str,
    /// Fails by a panic where something does not hold. The same bytes always do the same.
    pub check: fn(&[u8]),
    /// Inputs to begin with, from `spec/vectors` and from what this software writes.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// Words of the format, for a mutator to put in.
    pub words: &'static [&'static str],
    /// How many mutated inputs `cargo test` tries: about a second's worth.
    pub cases: u32,
}

/// All targets, at most 14: each runs for a minute in `cargo xtask test`, two at a time.
pub const TARGETS: &[Target] = &[
    bodies::OPENAI,
    bodies::ANTHROPIC,
    bodies::GEMINI,
    streams::TARGET,
    texts::TARGET,
    tokens::TARGET,
    notes::TARGET,
    tiles::TARGET,
    entries::TARGET,
    wal::TARGET,
    acts::TARGET,
    facts::TARGET,
    charters::TARGET,
    policies::TARGET,
];

/// The target called `name`.
#[must_use]
pub fn target(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}
