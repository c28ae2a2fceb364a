//! Tiles, entry bundles, proofs and whole published logs: paths and files have one spelling, and
//! a log in which anything was changed is not taken for the one that was signed.

use std::collections::BTreeMap;
use std::convert::Infallible;

use tlog::bundle::{self, Bundle};
use tlog::tile::{self, Tile};
use tlog::walk::walk;
use tlog::{
    Checkpoint, CompactRange, Hash, check_consistency, check_inclusion, inclusion_root, leaf_hash,
};

use crate::Target;
use crate::input::Input;
use crate::seeds::{self, seed};

pub(crate) const TARGET: Target = Target {
    name: "tile",
    about: "tiles, bundles, proofs, published logs: one spelling, and no change goes unseen",
    check,
    seeds,
    words: &[
        "tile/0/",
        "tile/entries/",
        "x001/",
        "000",
        ".p/",
        "/256",
        ".p/255",
        "x999/999",
        "\x00\x01",
        "\u{ff}",
        "tile/7/",
    ],
    cases: 3000,
};

/// The most entries of a made-up log: more than a full tile.
const SIZE_MAX: usize = 300;

fn check(input: &[u8]) {
    let mut input = Input::new(input);
    match input.byte() % 4 {
        0 => paths(&input.text()),
        1 => files(input),
        2 => proofs(input),
        _ => logs(input),
    }
}

fn paths(text: &str) {
    if let Ok(tile) = Tile::from_path(text) {
        assert_eq!(tile.path(), text);
        assert!((1..=tile::WIDTH).contains(&tile.width()));
    }
    if let Ok(bundle) = Bundle::from_path(text) {
        assert_eq!(bundle.path(), text);
    }
    assert!(Tile::from_path(text).is_err() || Bundle::from_path(text).is_err(), "it is both");
}

fn files(mut input: Input<'_>) {
    let width = u16::from_le_bytes([input.byte(), input.byte()]) % 300;
    let bytes = input.rest();
    if let Ok(hashes) = tile::decode(bytes, width) {
        assert_eq!(tile::encode(&hashes), bytes);
    }
    if let Ok(entries) = bundle::decode(bytes, width) {
        assert_eq!(entries.len(), usize::from(width));
        assert_eq!(bundle::encode(&entries).as_deref(), Ok(bytes));
    }
}

/// A proof that is made up holds for nothing but what it is computed from.
fn proofs(mut input: Input<'_>) {
    let mut number = || u64::from(input.byte()) << (input.byte() % 56);
    let (index, size) = (number(), number());
    let (hashes, _) = input.rest().as_chunks::<32>();
    let path: Vec<Hash> = hashes.iter().take(70).copied().collect();
    let leaf = leaf_hash(b"leaf");
    if let Ok(root) = inclusion_root(&leaf, index, size, &path) {
        assert!(index < size && path.len() <= 64);
        assert_eq!(check_inclusion(&leaf, index, size, &path, &root), Ok(()));
        let other = leaf_hash(&root);
        assert!(check_inclusion(&leaf, index, size, &path, &other).is_err());
        assert!(check_inclusion(&other, index, size, &path, &root).is_err());
    }
    let (old, new) = (leaf_hash(b"old"), leaf_hash(b"new"));
    let consistent = check_consistency(index, size, &path, &old, &new);
    assert!(consistent.is_err(), "two roots that have nothing to do with each other");
    if let Ok(range) = CompactRange::from_nodes(index, path) {
        assert_eq!(range.size(), index);
        assert_eq!(range.nodes().len(), usize::try_from(index.count_ones()).unwrap_or(0));
    }
}

/// A log of some entries, as its files, and its checkpoint.
fn published(size: usize, entry: &[u8]) -> (BTreeMap<String, Vec<u8>>, Checkpoint) {
    let entries: Vec<Vec<u8>> =
        (0..size).map(|number| [entry, number.to_string().as_bytes()].concat()).collect();
    let leaves: Vec<Hash> = entries.iter().map(|entry| leaf_hash(entry)).collect();
    let mut tree = CompactRange::new();
    leaves.iter().for_each(|leaf| tree.push(*leaf));
    let size = entries.len() as u64;
    let mut files = BTreeMap::new();
    for place in Bundle::all(size) {
        let first = usize::try_from(place.first_entry()).unwrap_or(usize::MAX);
        let part = entries.get(first..first + usize::from(place.width())).unwrap_or_default();
        files.insert(place.path(), bundle::encode(part).unwrap_or_default());
    }
    for place in Tile::all(size) {
        files.insert(place.path(), tile::encode(&hashes_of(&place, &leaves)));
    }
    let origin = "example.com/log".parse().unwrap_or_else(|_| panic!("it is a name"));
    (files, Checkpoint { origin, size, root: tree.root() })
}

/// The hashes of a tile, computed from the leaves alone.
fn hashes_of(place: &Tile, leaves: &[Hash]) -> Vec<Hash> {
    let span = 256_usize.pow(u32::from(place.level()));
    let first = usize::try_from(place.index()).unwrap_or(0) * usize::from(tile::WIDTH);
    let subtree = |number: usize| {
        let mut tree = CompactRange::new();
        let part = leaves.get(number * span..(number + 1) * span).unwrap_or_default();
        part.iter().for_each(|leaf| tree.push(*leaf));
        tree.root()
    };
    (first..first + usize::from(place.width())).map(subtree).collect()
}

/// An intact log is walked through; with one file changed, cut or taken away it is not.
fn logs(mut input: Input<'_>) {
    let size = input.below(SIZE_MAX);
    let (which, how, spot) = (input.byte(), input.byte(), input.below(usize::from(u16::MAX)));
    let entry = input.rest();
    let entry = entry.get(..entry.len().min(200)).unwrap_or_default();
    let (mut files, checkpoint) = published(size, entry);
    assert!(walks(&files, &checkpoint, entry), "an intact log is refused");
    let names: Vec<String> = files.keys().cloned().collect();
    let Some(name) = usize::from(which).checked_rem(names.len()).and_then(|at| names.get(at))
    else {
        return;
    };
    let Some(bytes) = files.get_mut(name) else { return };
    let at = spot.checked_rem(bytes.len()).unwrap_or(0);
    match how % 4 {
        0 => bytes.truncate(at),
        1 => bytes.push(how),
        2 => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= how | 1),
        _ => {
            files.remove(name);
        }
    }
    assert!(!walks(&files, &checkpoint, entry), "{name} was changed, and nobody saw");
}

/// Whether the log is walked to its end, every entry as it was made.
fn walks(files: &BTreeMap<String, Vec<u8>>, checkpoint: &Checkpoint, entry: &[u8]) -> bool {
    let mut read = |path: &str| Ok::<_, Infallible>(files.get(path).cloned());
    let mut judge = |index: u64, bytes: &[u8]| {
        let whole = [entry, index.to_string().as_bytes()].concat();
        if bytes == whole { Ok(()) } else { Err("is another".to_owned()) }
    };
    walk(checkpoint, &[], &mut read, &mut judge)
        .is_ok_and(|walked| walked.entries == checkpoint.size)
}

fn seeds() -> Vec<Vec<u8>> {
    let vectors = seeds::json("tlog/tiles.json");
    let mut found = Vec::new();
    for log in vectors.get("logs").and_then(|logs| logs.as_array()).into_iter().flatten() {
        for name in ["tiles", "bundles"] {
            let paths = log.get(name).and_then(|tiles| tiles.as_object());
            let paths = paths.into_iter().flatten().take(4);
            found.extend(paths.map(|(path, _)| seed(&[0], path)));
        }
    }
    found.push(seed(&[0], "tile/entries/x001/234.p/5"));
    found.push(seed(&[1, 2, 0], [7; 64]));
    found.push(seed(&[1, 2, 0], b"\x00\x03abc\x00\x01d"));
    found.push(seed(&[2, 5, 0, 9, 0], [1; 160]));
    found.push(seed(&[2, 1, 40, 3, 41], [2; 320]));
    for size in [0_u16, 1, 2, 255, 256, 257, 299] {
        for how in 0..4_u8 {
            let [low, high] = size.to_le_bytes();
            found.push(seed(&[3, low, high, how, how, 5, 0], "{\"seq\":"));
        }
    }
    found
}
