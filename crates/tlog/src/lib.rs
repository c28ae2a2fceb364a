//! C2SP transparency-log formats: tree, tiles, entry bundles, signed notes, checkpoints,
//! proofs, and the receipts portreeve hands to callers.
//!
//! Values in, values out: nothing here opens a file, reads a clock or draws randomness, and
//! no input makes it panic. Hashing is RFC 6962 with SHA-256; `spec/tlog.md` says which parts
//! of C2SP are followed and what is added.
//!
//! Tiles are a cache that anybody may have written. Nothing here authenticates an entry with
//! a tile: proofs are checked against a signed root, and [`mod@walk`] recomputes the root from
//! the entries themselves.

pub mod bundle;
mod checkpoint;
mod key;
pub mod note;
mod origin;
pub mod proof;
mod prove;
mod receipt;
mod text;
pub mod tile;
mod tree;
pub mod walk;

pub use checkpoint::{Checkpoint, CheckpointError};
pub use key::{KeyError, LogKey, LogVerifier};
pub use origin::{Origin, OriginError};
pub use prove::{
    HashReader, ProofError, check_consistency, check_inclusion, consistency_proof, inclusion_proof,
    inclusion_root,
};
pub use receipt::{BATCH_MAX, RECEIPT_TEXT_MAX, Receipt, ReceiptError, sign_batch};
pub use text::base64;
pub use tree::{CompactRange, Hash, RangeError, empty_root, leaf_hash, node_hash};
