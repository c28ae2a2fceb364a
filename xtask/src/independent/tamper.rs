//! Tampering with a published log's files, as whoever can write its folder would.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use tlog::bundle::{self, Bundle};
use tlog::tile::{Tile, WIDTH};

/// A change to the log in a folder.
pub(super) type Tampering = fn(&Path) -> Result<()>;

/// What a log shows by itself, for whoever has its key: by name.
pub(super) const SHOWN: &[(&str, Tampering)] = &[
    ("one bit of an entry in a full bundle", |log| entry_bit(log, 0)),
    ("one bit of an entry in the last bundle", |log| entry_bit(log, 1)),
    ("one bit of a leaf's hash in a tile", |log| bit(&log.join("tile/0/000"), 32 * 7)),
    ("one bit of a hash in the tile above", |log| bit(&only_in(&log.join("tile/1/000.p"))?, 5)),
    ("one bit of the checkpoint's signature", |log| checkpoint(log, 4, flip_in_signature)),
    ("another root in the checkpoint", |log| checkpoint(log, 2, |root| rotated(&root))),
    ("another size in the checkpoint", |log| checkpoint(log, 1, |size| one_less(&size))),
    ("an entry removed", |log| entries(log, 0, |all| drop(all.remove(7)))),
    ("the last entry removed", |log| entries(log, 1, |all| drop(all.pop()))),
    ("an entry added", |log| entries(log, 1, |all| all.extend(all.last().cloned()))),
    ("two entries in another order", |log| entries(log, 0, |all| all.swap(7, 8))),
    ("cut off behind the first bundle", cut_off),
    ("a tile removed", |log| Ok(fs::remove_file(log.join("tile/0/000"))?)),
];

/// Changes an entry in a full bundle and its hash in the tile of leaves, so that the two agree.
/// A checker that authenticates tiles from the right edge alone is fooled by this.
pub(super) fn forge(log: &Path) -> Result<()> {
    let bundles = number_of_full_bundles(log)?;
    let place = bundles / 2;
    let mut changed = None;
    entries(log, place, |all| changed = change_one(all))?;
    let (position, hash) = changed.context("no entry there can be changed")?;
    let tile = log.join(Tile::new(0, place, WIDTH)?.path());
    let mut hashes = fs::read(&tile)?;
    let there = hashes.get_mut(32 * position..32 * (position + 1)).context("the tile is short")?;
    ensure!(there != hash, "nothing was changed");
    there.copy_from_slice(&hash);
    Ok(fs::write(&tile, hashes)?)
}

/// Flips the lowest bit of a digit in the first entry that says how long something took: it stays
/// canonical JSON. Which entry it is, and its hash now.
fn change_one(all: &mut [Vec<u8>]) -> Option<(usize, tlog::Hash)> {
    let mark = b"\"duration_ms\":";
    let has = |entry: &[u8]| entry.windows(mark.len()).position(|window| window == mark);
    let (position, entry, at) = all
        .iter_mut()
        .enumerate()
        .find_map(|(position, entry)| has(entry).map(|at| (position, entry, at + mark.len())))?;
    *entry.get_mut(at)? ^= 1;
    Some((position, tlog::leaf_hash(entry)))
}

fn number_of_full_bundles(log: &Path) -> Result<u64> {
    let size = fs::read_to_string(log.join("checkpoint"))?;
    let size: u64 = size.lines().nth(1).context("no size")?.parse()?;
    Ok(size / u64::from(WIDTH))
}

/// The path of a bundle: the full one, or the one partial file there is of it.
fn bundle_path(log: &Path, place: u64) -> Result<(PathBuf, u16)> {
    let full = log.join(Bundle::new(place, WIDTH)?.path());
    if full.is_file() {
        return Ok((full, WIDTH));
    }
    let partial = only_in(&full.with_extension("p"))?;
    let width = partial.file_name().and_then(|name| name.to_str()).context("no width")?.parse()?;
    Ok((partial, width))
}

/// The newest of the partial files in a folder: the widest.
fn only_in(folder: &Path) -> Result<PathBuf> {
    let listed = fs::read_dir(folder).with_context(|| format!("no {}", folder.display()))?;
    let width = |path: &PathBuf| path.file_name()?.to_str()?.parse::<u16>().ok();
    let found = listed.flatten().map(|entry| entry.path()).max_by_key(width);
    found.context("an empty folder of partial pieces")
}

/// Rewrites the entries of a bundle; it keeps its file's name, whatever it holds then.
fn entries(log: &Path, place: u64, change: impl FnOnce(&mut Vec<Vec<u8>>)) -> Result<()> {
    let (path, width) = bundle_path(log, place)?;
    let bytes = fs::read(&path)?;
    let mut all: Vec<Vec<u8>> =
        bundle::decode(&bytes, width)?.into_iter().map(<[u8]>::to_vec).collect();
    change(&mut all);
    let mut changed = Vec::new();
    for entry in &all {
        bundle::push(&mut changed, entry)?;
    }
    ensure!(changed != bytes, "nothing was changed");
    Ok(fs::write(&path, changed)?)
}

/// Flips a bit of an entry.
fn entry_bit(log: &Path, place: u64) -> Result<()> {
    entries(log, place, |all| {
        change_one(all);
    })
}

fn bit(path: &Path, at: usize) -> Result<()> {
    let mut bytes = fs::read(path).with_context(|| format!("no {}", path.display()))?;
    *bytes.get_mut(at).context("the file is short")? ^= 1;
    Ok(fs::write(path, bytes)?)
}

/// Changes one line of the checkpoint, counted from 0.
fn checkpoint(log: &Path, line: usize, change: fn(String) -> String) -> Result<()> {
    let path = log.join("checkpoint");
    let text = fs::read_to_string(&path)?;
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let line = lines.get_mut(line).context("the checkpoint is short")?;
    let before = line.clone();
    *line = change(std::mem::take(line));
    ensure!(*line != before, "nothing was changed");
    Ok(fs::write(&path, lines.join("\n") + "\n")?)
}

/// Another signature of the same length under the same key's name and id.
fn flip_in_signature(line: String) -> String {
    let (start, signature) = line.rsplit_once(' ').unwrap_or_default();
    let at = signature.len() / 2;
    let flipped = signature.char_indices().map(|(place, each)| match each {
        'A' if place == at => 'B',
        _ if place == at => 'A',
        each => each,
    });
    format!("{start} {}", flipped.collect::<String>())
}

/// Another root that reads as one.
fn rotated(root: &str) -> String {
    let (first, rest) = root.split_at(8);
    let (second, rest) = rest.split_at(8);
    format!("{second}{first}{rest}")
}

fn one_less(size: &str) -> String {
    size.parse::<u64>().map_or_else(|_| size.to_owned(), |size| (size - 1).to_string())
}

/// Removes every bundle and tile of leaves behind the first.
fn cut_off(log: &Path) -> Result<()> {
    for folder in ["tile/entries/001.p", "tile/0/001.p"] {
        fs::remove_dir_all(log.join(folder)).with_context(|| format!("no {folder}"))?;
    }
    Ok(())
}
