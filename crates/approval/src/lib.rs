//! Signed acts and votes, and the proof that a charter has what it needs.
