//! The crate from outside: source trees in, charters, problems and manifests out.

mod disk;
mod fields;
mod mistakes;
mod properties;
mod trees;
