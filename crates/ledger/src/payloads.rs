//! Sealed facts, off the log: one append-only file for each 256 entries, `payloads/x001/234`.
//!
//! A record is the entry's index (8 bytes), a length (4) and a check (8), then the sealed facts,
//! which only `facts` can read. A missing payload never invalidates a proof, and a damaged record
//! hides no other: what is sound behind it is found by its check.

use std::fs::File;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::disk::{Disk, read_if_there};
use crate::faults::Step;
use crate::published::{PublishedError, read};

const HEAD_BYTES: usize = 20;
/// Entries for each file.
const PER_FILE: u64 = 256;

/// What a payload file holds, and where its last sound record ends.
struct Records {
    found: Vec<(u64, Vec<u8>)>,
    good: usize,
}

/// Appends `sealed` facts of entries within the bundle at `bundle`; they count once the file that
/// is returned was synced.
///
/// A crash in between leaves sound records, perhaps before their entries are published, and a
/// torn one: the next call keeps the former and cuts the latter. Damage before a sound record is
/// no trace of a crash; it stays as it is.
pub(crate) fn append(
    disk: &Disk,
    dir: &Path,
    bundle: u64,
    sealed: &[(u64, Vec<u8>)],
) -> std::io::Result<File> {
    let path = path(dir, bundle);
    let bytes = read_if_there(&path)?.unwrap_or_default();
    let there = records(&bytes, bundle);
    let good = there.good as u64;
    let after = there.found.last().map(|(index, _)| *index);
    let mut added = Vec::new();
    for (index, payload) in sealed.iter().filter(|(index, _)| after.is_none_or(|a| *index > a)) {
        write_record(*index, payload, &mut added);
    }
    let file = disk.open(Step::Payload, &path)?;
    disk.truncate(Step::Payload, &file, good)?;
    disk.write_at(Step::Payload, &file, &added, good)?;
    Ok(file)
}

/// The sealed facts of entry `index`; none if there are none.
pub(crate) fn find(dir: &Path, index: u64) -> Result<Option<Vec<u8>>, PublishedError> {
    let Some(bytes) = read(&path(dir, index / PER_FILE))? else { return Ok(None) };
    let found = records(&bytes, index / PER_FILE).found.into_iter().find(|(at, _)| *at == index);
    Ok(found.map(|(_, payload)| payload))
}

/// The sealed facts of all entries within the bundle at `bundle`, each with its entry's index.
pub(crate) fn all(dir: &Path, bundle: u64) -> Result<Vec<(u64, Vec<u8>)>, PublishedError> {
    Ok(read(&path(dir, bundle))?.map_or_else(Vec::new, |bytes| records(&bytes, bundle).found))
}

/// The directory that holds the payload file of the bundle at `bundle`.
pub(crate) fn path(dir: &Path, bundle: u64) -> PathBuf {
    // The same grouping by thousands as tlog-tiles, so that no directory grows without bound.
    let mut path = dir.join("payloads");
    let mut groups = vec![format!("{:03}", bundle % 1000)];
    let mut rest = bundle / 1000;
    while rest > 0 {
        groups.push(format!("x{:03}", rest % 1000));
        rest /= 1000;
    }
    path.extend(groups.iter().rev());
    path
}

fn write_record(index: u64, payload: &[u8], into: &mut Vec<u8>) {
    // Payloads were bounded when their frame was written.
    let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
    into.extend_from_slice(&index.to_le_bytes());
    into.extend_from_slice(&length.to_le_bytes());
    into.extend_from_slice(&check(index, payload));
    into.extend_from_slice(payload);
}

/// The sound records of the file of the bundle at `bundle`.
fn records(bytes: &[u8], bundle: u64) -> Records {
    let mut records = Records { found: Vec::new(), good: 0 };
    let mut at = 0;
    while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        // Behind damage a record may begin at any byte. Bytes that happen to name an entry of this
        // file are no record unless their check fits, too.
        match record(rest).filter(|(index, _)| index / PER_FILE == bundle) {
            Some((index, payload)) if is_sound(rest, index, payload) => {
                records.found.push((index, payload.to_vec()));
                at += HEAD_BYTES + payload.len();
                records.good = at;
            }
            Some(_) | None => at += 1,
        }
    }
    records
}

/// The index and the payload that stand at the beginning, if there is a record.
fn record(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (index, rest) = bytes.split_first_chunk::<8>()?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let (_, rest) = rest.split_first_chunk::<8>()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    Some((u64::from_le_bytes(*index), rest.get(..length)?))
}

fn is_sound(record: &[u8], index: u64, payload: &[u8]) -> bool {
    record.get(12..HEAD_BYTES) == Some(&check(index, payload))
}

fn check(index: u64, payload: &[u8]) -> [u8; 8] {
    let hash: [u8; 32] =
        Sha256::new().chain_update(index.to_le_bytes()).chain_update(payload).finalize().into();
    hash.first_chunk::<8>().copied().unwrap_or_default()
}
