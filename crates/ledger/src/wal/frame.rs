//! The bytes of a segment's header and of a frame. Pure.

use sha2::{Digest as _, Sha256};

use crate::entry::ENTRY_BYTES_MAX;

use super::SEALED_BYTES_MAX;

/// Bytes of a segment's header.
pub(super) const HEADER_BYTES: usize = 64;
/// Bytes of a frame before its entry.
pub(super) const FRAME_HEAD_BYTES: usize = 44;
/// What every frame begins with.
pub(super) const FRAME_MAGIC: [u8; 4] = *b"prWF";

const SEGMENT_MAGIC: [u8; 16] = *b"portreeve-wal-1\n";
const CHECKED_HEADER: usize = 48;
const CHECKED_HEAD: usize = 28;

/// One entry with its sealed facts (empty where it has none).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Frame {
    /// The entry's place in the log.
    pub(crate) index: u64,
    /// The first place of the batch it was synced with.
    pub(crate) batch_first: u64,
    /// The entry.
    pub(crate) entry: Vec<u8>,
    /// Its sealed facts.
    pub(crate) sealed: Vec<u8>,
}

/// What a segment's header says, with what its frames' checks start from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) first: u64,
    pub(super) nonce: [u8; 16],
}

/// A frame's fixed part.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head {
    pub(super) index: u64,
    pub(super) batch_first: u64,
    pub(super) entry_bytes: usize,
    pub(super) sealed_bytes: usize,
    check: [u8; 16],
}

impl Header {
    pub(super) fn encode(&self, origin: &str) -> [u8; HEADER_BYTES] {
        let mut checked = [0_u8; CHECKED_HEADER];
        let (magic, rest) = checked.split_at_mut(16);
        magic.copy_from_slice(&SEGMENT_MAGIC);
        let (first, rest) = rest.split_at_mut(8);
        first.copy_from_slice(&self.first.to_le_bytes());
        let (nonce, _) = rest.split_at_mut(16);
        nonce.copy_from_slice(&self.nonce);
        let mut bytes = [0_u8; HEADER_BYTES];
        let (head, check) = bytes.split_at_mut(CHECKED_HEADER);
        head.copy_from_slice(&checked);
        check.copy_from_slice(&header_check(origin, &checked));
        bytes
    }

    /// Reads a header; none if it is not one of the log `origin`.
    pub(super) fn decode(origin: &str, bytes: &[u8; HEADER_BYTES]) -> Option<Self> {
        let (checked, check) = bytes.split_at(CHECKED_HEADER);
        if header_check(origin, checked) != check {
            return None;
        }
        let rest = checked.strip_prefix(&SEGMENT_MAGIC)?;
        let (first, rest) = rest.split_first_chunk::<8>()?;
        let (nonce, _) = rest.split_first_chunk::<16>()?;
        Some(Self { first: u64::from_le_bytes(*first), nonce: *nonce })
    }
}

fn header_check(origin: &str, checked: &[u8]) -> [u8; 16] {
    short(Sha256::new().chain_update(origin.as_bytes()).chain_update([0]).chain_update(checked))
}

impl Head {
    /// Reads a frame's fixed part; none if it cannot be one.
    pub(super) fn decode(bytes: &[u8; FRAME_HEAD_BYTES]) -> Option<Self> {
        let rest = bytes.strip_prefix(&FRAME_MAGIC)?;
        let (entry_bytes, rest) = rest.split_first_chunk::<4>()?;
        let (sealed_bytes, rest) = rest.split_first_chunk::<4>()?;
        let (index, rest) = rest.split_first_chunk::<8>()?;
        let (batch_first, rest) = rest.split_first_chunk::<8>()?;
        let (check, _) = rest.split_first_chunk::<16>()?;
        let head = Self {
            index: u64::from_le_bytes(*index),
            batch_first: u64::from_le_bytes(*batch_first),
            entry_bytes: usize::try_from(u32::from_le_bytes(*entry_bytes)).ok()?,
            sealed_bytes: usize::try_from(u32::from_le_bytes(*sealed_bytes)).ok()?,
            check: *check,
        };
        let sound = head.entry_bytes <= ENTRY_BYTES_MAX
            && head.sealed_bytes <= SEALED_BYTES_MAX
            && head.batch_first <= head.index;
        sound.then_some(head)
    }

    /// Bytes of the whole frame.
    pub(super) fn frame_bytes(&self) -> u64 {
        // Both lengths were bounded when the head was read.
        (FRAME_HEAD_BYTES + self.body_bytes()) as u64
    }

    pub(super) const fn body_bytes(&self) -> usize {
        self.entry_bytes + self.sealed_bytes
    }

    /// Whether `body` is what was written behind this head.
    pub(super) fn vouches_for(
        &self,
        nonce: &[u8; 16],
        raw: &[u8; FRAME_HEAD_BYTES],
        body: &[u8],
    ) -> bool {
        let (checked, _) = raw.split_at(CHECKED_HEAD);
        body.len() == self.body_bytes() && frame_check(nonce, checked, body) == self.check
    }

    /// The frame of this head with `body`; none if the check does not hold.
    pub(super) fn complete(
        &self,
        nonce: &[u8; 16],
        raw: &[u8; FRAME_HEAD_BYTES],
        body: Vec<u8>,
    ) -> Option<Frame> {
        if !self.vouches_for(nonce, raw, &body) {
            return None;
        }
        let mut entry = body;
        let sealed = entry.split_off(self.entry_bytes);
        Some(Frame { index: self.index, batch_first: self.batch_first, entry, sealed })
    }
}

impl Frame {
    /// Appends a frame's bytes, as a segment with `nonce` holds them.
    pub(super) fn write(
        index: u64,
        batch_first: u64,
        (entry, sealed): (&[u8], &[u8]),
        nonce: &[u8; 16],
        into: &mut Vec<u8>,
    ) {
        let start = into.len();
        into.extend_from_slice(&FRAME_MAGIC);
        into.extend_from_slice(&length(entry).to_le_bytes());
        into.extend_from_slice(&length(sealed).to_le_bytes());
        into.extend_from_slice(&index.to_le_bytes());
        into.extend_from_slice(&batch_first.to_le_bytes());
        let check = short(
            Sha256::new()
                .chain_update(nonce)
                .chain_update(into.get(start..).unwrap_or_default())
                .chain_update(entry)
                .chain_update(sealed),
        );
        into.extend_from_slice(&check);
        into.extend_from_slice(entry);
        into.extend_from_slice(sealed);
    }
}

/// Both parts are bounded well below 4 GiB before they reach a frame; a longer one would give a
/// frame that no reader accepts, never a wrong one.
fn length(part: &[u8]) -> u32 {
    u32::try_from(part.len()).unwrap_or(u32::MAX)
}

fn frame_check(nonce: &[u8; 16], checked: &[u8], body: &[u8]) -> [u8; 16] {
    short(Sha256::new().chain_update(nonce).chain_update(checked).chain_update(body))
}

fn short(hash: Sha256) -> [u8; 16] {
    let full: [u8; 32] = hash.finalize().into();
    full.first_chunk::<16>().copied().unwrap_or_default()
}
