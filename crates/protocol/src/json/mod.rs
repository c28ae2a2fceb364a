//! Strict JSON: one pass over a body, every value with its place in the bytes.
//!
//! It accepts what RFC 8259 accepts and refuses, beyond that, what two readers could read
//! differently: duplicate keys, unpaired surrogates, numbers no `f64` holds.

mod fault;
mod scan;
mod tape;
mod text;
mod token;

#[cfg(test)]
mod tests;

pub(crate) use scan::scan;
pub(crate) use tape::{Kind, Value};
pub(crate) use text::same_name;

/// How large the structure of a body may be. Its size in bytes is the caller's to bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Deepest nesting of objects and arrays; the body itself is level 1. More than
    /// [`DEPTH_CEILING`](Self::DEPTH_CEILING) counts as that.
    pub depth_max: usize,
    /// Most values and keys in one body. Each costs 16 bytes while the body is read.
    pub values_max: usize,
}

impl Limits {
    /// What reads a scanned body recurses with its nesting, so that no limit is above this.
    pub const DEPTH_CEILING: usize = 128;
}

impl Default for Limits {
    fn default() -> Self {
        Self { depth_max: 64, values_max: 262_144 }
    }
}
