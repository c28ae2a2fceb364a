//! Opens the WAL for writing: checks every frame, cuts the tail a crash left, refuses the rest.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use crate::faults::Step;

use super::cursor::{Found, read_at, read_header};
use super::frame::{FRAME_HEAD_BYTES, FRAME_MAGIC, HEADER_BYTES, Head};
use super::segment::{OpenSegment, WalPlace, WalWriter, create_segment};
use super::{WalError, segments};

/// What opening the WAL found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WalRecovered {
    /// Bytes of a torn, never acknowledged tail that were cut away.
    pub(crate) cut_bytes: u64,
}

/// What a segment holds.
struct Scanned {
    path: PathBuf,
    nonce: [u8; 16],
    /// The index behind its last sound frame.
    next: u64,
    /// The end of its last sound frame.
    good: u64,
    /// Where its last batch begins.
    last_batch: u64,
    bytes: u64,
}

/// Opens the WAL at `place`, of whose entries `published` are covered by a signed checkpoint.
/// Where there is no segment, one is made if `fresh`.
///
/// # Errors
/// Durable bytes are damaged or missing, or the disk fails.
pub(crate) fn recover(
    place: WalPlace,
    published: u64,
    fresh: bool,
) -> Result<(WalWriter, WalRecovered), WalError> {
    let mut listed = segments(&place.dir)?;
    if fresh || listed.len() > 1 {
        drop_unborn(&place, &mut listed)?;
    }
    // Segments before the last one that the checkpoint reaches are published as a whole. Removing
    // them may have been cut short, so they say nothing about what is missing.
    let needed = listed.iter().rposition(|(first, _)| *first <= published).unwrap_or(0);
    listed.drain(..needed);
    let Some((first, _)) = listed.first().cloned() else {
        if !fresh {
            return Err(WalError::damaged(&place.dir, 0, "no WAL segment is left"));
        }
        let segment = create_segment(&place.disk, &place.dir, &place.origin, 0)?;
        return Ok((WalWriter::resume(place, segment, 0), WalRecovered { cut_bytes: 0 }));
    };
    if first > published {
        let what = format!("the WAL begins at entry {first}, but only {published} are published");
        return Err(WalError::damaged(&place.dir, 0, what));
    }
    let newest = scan_all(&place, &listed)?;
    if newest.next < published {
        let what = format!(
            "it ends before entry {}, but a signed checkpoint covers {published} entries",
            newest.next
        );
        return Err(WalError::damaged(&newest.path, newest.good, what));
    }
    let cut_bytes = newest.bytes - newest.good;
    let next = newest.next;
    let segment = settle(&place, newest)?;
    Ok((WalWriter::resume(place, segment, next), WalRecovered { cut_bytes }))
}

/// Removes a newest segment whose creation a crash interrupted: it never held a frame.
fn drop_unborn(place: &WalPlace, listed: &mut Vec<(u64, PathBuf)>) -> Result<(), WalError> {
    let Some((_, path)) = listed.last() else { return Ok(()) };
    let file = File::open(path).map_err(WalError::io("cannot open", path))?;
    let bytes = file.metadata().map_err(WalError::io("cannot read", path))?.len();
    let header = read_header(&mut BufReader::new(file), &place.origin)
        .map_err(WalError::io("cannot read", path))?;
    if header.is_some() || bytes > HEADER_BYTES as u64 {
        return Ok(());
    }
    // A crash after this step leaves what a crash before the creation would have left.
    place
        .disk
        .remove(Step::SegmentRemove, path)
        .and_then(|()| place.disk.sync_dir(&place.dir))
        .map_err(WalError::io("cannot remove the unfinished", path))?;
    listed.pop();
    Ok(())
}

/// Scans all segments in order; returns the newest.
fn scan_all(place: &WalPlace, listed: &[(u64, PathBuf)]) -> Result<Scanned, WalError> {
    let mut expected = None;
    let mut newest = None;
    for (position, (first, path)) in listed.iter().enumerate() {
        if expected.is_some_and(|expected| expected != *first) {
            let what = "it does not begin where the segment before it ends";
            return Err(WalError::damaged(path, 0, what));
        }
        let scanned = scan(place, path, *first)?;
        if scanned.good < scanned.bytes && position + 1 < listed.len() {
            let what = "unsound bytes stand before a later segment";
            return Err(WalError::damaged(path, scanned.good, what));
        }
        expected = Some(scanned.next);
        newest = Some(scanned);
    }
    newest.ok_or_else(|| WalError::damaged(&place.dir, 0, "no WAL segment is left"))
}

/// Reads one segment up to its end or its first unsound frame.
fn scan(place: &WalPlace, path: &Path, first: u64) -> Result<Scanned, WalError> {
    let reading = || WalError::io("cannot read", path);
    let file = File::open(path).map_err(WalError::io("cannot open", path))?;
    let bytes = file.metadata().map_err(reading())?.len();
    let mut file = BufReader::with_capacity(1 << 16, file);
    let header = read_header(&mut file, &place.origin)
        .map_err(reading())?
        .filter(|header| header.first == first)
        .ok_or_else(|| WalError::damaged(path, 0, "its header is not sound, or of another log"))?;
    let start = HEADER_BYTES as u64;
    let (nonce, path) = (header.nonce, path.to_owned());
    let mut scanned = Scanned { path, nonce, next: first, good: start, last_batch: start, bytes };
    loop {
        match read_at(&mut file, scanned.good, &nonce).map_err(reading())? {
            Found::Frame(frame, behind) if frame.index == scanned.next => {
                if frame.batch_first == frame.index {
                    scanned.last_batch = scanned.good;
                }
                scanned.good = behind;
                scanned.next += 1;
            }
            Found::Frame(frame, _) => {
                let what = format!("entry {} stands where {} must", frame.index, scanned.next);
                return Err(WalError::damaged(&scanned.path, scanned.good, what));
            }
            Found::End => return Ok(scanned),
            Found::Unsound => {
                refuse_if_durable(&scanned)?;
                return Ok(scanned);
            }
        }
    }
}

/// Unsound bytes are the trace of a crash only if no frame of a later batch follows them.
fn refuse_if_durable(scanned: &Scanned) -> Result<(), WalError> {
    let content =
        std::fs::read(&scanned.path).map_err(WalError::io("cannot read", &scanned.path))?;
    let start = usize::try_from(scanned.good).unwrap_or(usize::MAX);
    let rest = content.get(start..).unwrap_or_default();
    let later = rest
        .windows(FRAME_MAGIC.len())
        .enumerate()
        .filter(|(_, window)| *window == FRAME_MAGIC)
        .filter_map(|(at, _)| sound_batch_first(rest.get(at..)?, &scanned.nonce))
        .find(|batch_first| *batch_first > scanned.next);
    later.map_or(Ok(()), |batch_first| {
        let what = format!(
            "entry {} is unsound, yet a batch written after it was durable (from entry \
             {batch_first}) follows",
            scanned.next
        );
        Err(WalError::damaged(&scanned.path, scanned.good, what))
    })
}

/// The first index of the batch of the frame at the start of `bytes`, if it is sound.
fn sound_batch_first(bytes: &[u8], nonce: &[u8; 16]) -> Option<u64> {
    let (raw, rest) = bytes.split_first_chunk::<FRAME_HEAD_BYTES>()?;
    let head = Head::decode(raw)?;
    let sound = head.vouches_for(nonce, raw, rest.get(..head.body_bytes())?);
    sound.then_some(head.batch_first)
}

/// Makes the newest segment what the writer may build on: cut, and durable for certain.
///
/// Its last batch may never have been synced, and after a failed sync the operating system may
/// call bytes clean that it never wrote. So the batch is written again, the same bytes to the
/// same place, and synced. A crash in between leaves that batch torn or whole, as before.
fn settle(place: &WalPlace, newest: Scanned) -> Result<OpenSegment, WalError> {
    let Scanned { path, nonce, good, last_batch, .. } = newest;
    let content = std::fs::read(&path).map_err(WalError::io("cannot read", &path))?;
    let range = usize::try_from(last_batch).ok().zip(usize::try_from(good).ok());
    let batch = range
        .and_then(|(from, to)| content.get(from..to))
        .ok_or_else(|| WalError::damaged(&path, good, "it shrank while it was read"))?;
    let disk = &place.disk;
    let file = disk
        .open(Step::WalCut, &path)
        .and_then(|file| {
            disk.truncate(Step::WalCut, &file, good)?;
            disk.write_at(Step::WalAppend, &file, batch, last_batch)?;
            disk.sync(Step::WalSync, &file)?;
            disk.sync_dir(&place.dir)?;
            Ok(file)
        })
        .map_err(WalError::io("cannot settle", &path))?;
    Ok(OpenSegment { file, path, nonce, good })
}
