//! Which entries belong to a decision: an index by id, rebuildable from the entries.
//!
//! `ids/N.new` holds 16 bytes for each entry from N * 65,536 on, in order (zero: no id). When it
//! is complete it is replaced by `ids/N`, records of id and index, sorted. It is no evidence:
//! whoever uses it reads the entry it points to.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use model::DecisionId;

use crate::disk::{Disk, read_if_there};
use crate::faults::Step;

/// Entries that one file of the index covers.
pub(crate) const SPAN: u64 = 65_536;
const ID_BYTES: u64 = 16;
const RECORD_BYTES: u64 = 24;

/// An entry's id as the index holds it.
pub(crate) fn bytes_of(id: Option<DecisionId>) -> [u8; 16] {
    id.map_or([0; 16], |id| id.uuid().into_bytes())
}

/// How many entries the index covers, without a gap from the first on.
pub(crate) fn covered(dir: &Path) -> io::Result<u64> {
    let mut file = 0;
    while sorted_path(dir, file).try_exists()? {
        file += 1;
    }
    Ok(file * SPAN + growing_len(dir, file)?)
}

/// Makes the index cover exactly `first` entries plus those of `ids`, durably.
///
/// A crash in between leaves a growing file that is short, or covers entries not yet published;
/// the next call cuts it to `first` and writes on. Its zero tail after a lost write cannot pass
/// for ids, because `first` never exceeds what an earlier call synced.
pub(crate) fn extend(disk: &Disk, dir: &Path, first: u64, ids: &[[u8; 16]]) -> io::Result<()> {
    let mut rest = ids;
    let mut at = first;
    while !rest.is_empty() {
        let room = usize::try_from(SPAN - at % SPAN).unwrap_or(usize::MAX);
        let (now, later) = rest.split_at(room.min(rest.len()));
        let file = at / SPAN;
        at += now.len() as u64;
        rest = later;
        if sorted_path(dir, file).try_exists()? {
            // Completed just before a crash, from these same entries.
            disk.remove(Step::Ids, &growing_path(dir, file))?;
            continue;
        }
        append(disk, dir, at - now.len() as u64, now)?;
        if at.is_multiple_of(SPAN) {
            complete(disk, dir, file)?;
        }
    }
    Ok(())
}

fn append(disk: &Disk, dir: &Path, first: u64, ids: &[[u8; 16]]) -> io::Result<()> {
    let file = disk.open(Step::Ids, &growing_path(dir, first / SPAN))?;
    let offset = first % SPAN * ID_BYTES;
    disk.truncate(Step::Ids, &file, offset)?;
    disk.write_at(Step::Ids, &file, ids.as_flattened(), offset)?;
    disk.sync(Step::Ids, &file)
}

/// Sorts a full file of the index. A crash after the rename leaves the unsorted one beside it,
/// which nobody reads any more and the next call removes.
fn complete(disk: &Disk, dir: &Path, file: u64) -> io::Result<()> {
    let growing = growing_path(dir, file);
    let bytes = std::fs::read(&growing)?;
    let (ids, _) = bytes.as_chunks::<16>();
    let mut records: Vec<([u8; 16], u64)> =
        ids.iter().copied().zip(file * SPAN..).filter(|(id, _)| *id != [0; 16]).collect();
    records.sort_unstable();
    let mut sorted = Vec::with_capacity(records.len() * 24);
    for (id, index) in records {
        sorted.extend_from_slice(&id);
        sorted.extend_from_slice(&index.to_be_bytes());
    }
    disk.replace(Step::Ids, &sorted_path(dir, file), &sorted)?;
    disk.remove(Step::Ids, &growing)
}

/// The entries of decision `id` below `limit`, and how many entries were looked at.
pub(crate) fn find(dir: &Path, id: DecisionId, limit: u64) -> io::Result<(Vec<u64>, u64)> {
    let wanted = bytes_of(Some(id));
    let mut found = Vec::new();
    let mut file = 0;
    while file * SPAN < limit {
        match File::open(sorted_path(dir, file)) {
            Ok(sorted) => find_sorted(&sorted, &wanted, &mut found)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => break,
            Err(error) => return Err(error),
        }
        file += 1;
    }
    let mut looked = file * SPAN;
    if looked < limit {
        let growing = read_if_there(&growing_path(dir, file))?.unwrap_or_default();
        let (ids, _) = growing.as_chunks::<16>();
        found.extend((looked..).zip(ids).filter(|(_, one)| **one == wanted).map(|(at, _)| at));
        looked += ids.len() as u64;
    }
    found.retain(|index| *index < limit);
    Ok((found, looked.min(limit)))
}

/// Binary search for the first record of `wanted`, then all that follow.
fn find_sorted(file: &File, wanted: &[u8; 16], found: &mut Vec<u64>) -> io::Result<()> {
    let count = file.metadata()?.len() / RECORD_BYTES;
    let (mut low, mut high) = (0, count);
    while low < high {
        let middle = low + (high - low) / 2;
        if record(file, middle)?.0 < *wanted {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    while low < count {
        let (id, index) = record(file, low)?;
        if id != *wanted {
            break;
        }
        found.push(index);
        low += 1;
    }
    Ok(())
}

fn record(file: &File, position: u64) -> io::Result<([u8; 16], u64)> {
    let mut id = [0_u8; 16];
    let mut index = [0_u8; 8];
    file.read_exact_at(&mut id, position * RECORD_BYTES)?;
    file.read_exact_at(&mut index, position * RECORD_BYTES + ID_BYTES)?;
    Ok((id, u64::from_be_bytes(index)))
}

fn growing_len(dir: &Path, file: u64) -> io::Result<u64> {
    match std::fs::metadata(growing_path(dir, file)) {
        Ok(data) => Ok(data.len() / ID_BYTES),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
        Err(error) => Err(error),
    }
}

fn sorted_path(dir: &Path, file: u64) -> PathBuf {
    dir.join("ids").join(format!("{file:06}"))
}

fn growing_path(dir: &Path, file: u64) -> PathBuf {
    dir.join("ids").join(format!("{file:06}.new"))
}

#[cfg(test)]
mod tests;
