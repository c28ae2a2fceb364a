//! Walks over published logs held in memory: what is found, and the sentence that says it.

use std::collections::BTreeMap;
use std::convert::Infallible;

use tlog::bundle::{self, Bundle};
use tlog::tile::{self, Tile, TileEdge};
use tlog::walk::{self, Finding, Stopped, Walked};
use tlog::{Checkpoint, LogKey, leaf_hash};

use super::{entry, log_key};

/// A published log: its files by path, and its signed checkpoint.
#[derive(Clone)]
struct Published {
    files: BTreeMap<String, Vec<u8>>,
    checkpoint: Checkpoint,
}

impl Published {
    fn of(entries: &[Vec<u8>]) -> Self {
        let size = entries.len() as u64;
        let mut files = BTreeMap::new();
        let mut edge = TileEdge::new();
        let mut tiles: Vec<_> =
            entries.iter().flat_map(|entry| edge.push(leaf_hash(entry))).collect();
        tiles.extend(edge.partials());
        for each in tiles {
            files.insert(each.tile.path(), tile::encode(&each.hashes));
        }
        for place in Bundle::all(size) {
            let first = place.first_entry() as usize;
            let held = &entries[first..first + usize::from(place.width())];
            files.insert(place.path(), bundle::encode(held).unwrap());
        }
        let origin = log_key().name().clone();
        Self { files, checkpoint: Checkpoint { origin, size, root: edge.root() } }
    }

    fn sized(size: u64) -> Self {
        Self::of(&(0..size).map(entry).collect::<Vec<_>>())
    }

    fn walk(&self, held: &[Checkpoint]) -> Result<Walked, Finding> {
        self.judged(held, &mut |_, _| Ok(()))
    }

    fn judged(
        &self,
        held: &[Checkpoint],
        judge: &mut walk::JudgeEntry<'_>,
    ) -> Result<Walked, Finding> {
        let mut read = |path: &str| Ok::<_, Infallible>(self.files.get(path).cloned());
        match walk::walk(&self.checkpoint, held, &mut read, judge) {
            Ok(walked) => Ok(walked),
            Err(Stopped::Found(finding)) => Err(finding),
            Err(Stopped::Unreadable { .. }) => unreachable!("memory is always readable"),
        }
    }

    /// The sentence that a walk ends with.
    fn sentence(&self) -> String {
        self.walk(&[]).unwrap_err().to_string()
    }

    fn file(&mut self, path: &str) -> &mut Vec<u8> {
        self.files.get_mut(path).unwrap_or_else(|| panic!("{path}"))
    }

    /// Puts another entry into a bundle, and its hash into the leaf tile.
    fn forge(&mut self, index: u64, forged: &[u8], tile_too: bool) {
        let size = self.checkpoint.size;
        let place = Bundle::all(size).find(|place| place.index() == index / 256).unwrap();
        let position = (index % 256) as usize;
        let bytes = self.file(&place.path());
        let mut entries: Vec<Vec<u8>> =
            bundle::decode(bytes, place.width()).unwrap().iter().map(|it| it.to_vec()).collect();
        entries[position] = forged.to_vec();
        *bytes = bundle::encode(&entries).unwrap();
        if tile_too {
            let leaves = Tile::new(0, place.index(), place.width()).unwrap();
            let at = position * 32;
            self.file(&leaves.path())[at..at + 32].copy_from_slice(&leaf_hash(forged));
        }
    }
}

#[test]
fn intact_logs_are_walked_whole() {
    for (size, bundles, tiles) in
        [(0, 0, 0), (1, 1, 1), (255, 1, 1), (256, 1, 2), (257, 2, 3), (1000, 4, 5)]
    {
        let mut indices = Vec::new();
        let log = Published::sized(size);
        let walked = log.judged(&[], &mut |index, bytes| {
            assert_eq!(bytes, entry(index));
            indices.push(index);
            Ok(())
        });
        assert_eq!(walked, Ok(Walked { entries: size, bundles, tiles }));
        assert_eq!(indices, (0..size).collect::<Vec<_>>());
    }
}

#[test]
fn a_changed_entry_is_named() {
    let mut log = Published::sized(300);
    log.forge(273, b"{\"seq\":9}", false);
    assert_eq!(
        log.sentence(),
        "entry 273 (number 17 of bundle tile/entries/001.p/44) is not what checkpoint 300 signed: \
         the signed tree holds another hash there"
    );
    log.forge(3, b"{\"seq\":9}", false);
    assert!(log.sentence().starts_with("entry 3 (number 3 of bundle tile/entries/000) is not"));
    // Tiles that do not give the signed root themselves are no witness against an entry.
    log.file("tile/0/000")[32 * 9] ^= 1;
    assert!(matches!(log.walk(&[]), Err(Finding::RootDiffers { size: 300, .. })));
    log.files.remove("tile/0/000");
    assert!(matches!(log.walk(&[]), Err(Finding::RootDiffers { size: 300, .. })));
}

/// CVE-2026-56865: a verifier that authenticates entries by the tiles above them, and leaves
/// out one comparison, accepts a leaf tile and an entry bundle that were forged together.
#[test]
fn cve_2026_56865_a_tile_and_a_bundle_forged_together_are_refused() {
    for size in [1, 255, 256, 257, 300, 1000] {
        for index in [0, size / 2, size - 1] {
            let mut log = Published::sized(size);
            log.forge(index, b"{\"seq\":666}", true);
            let finding = log.walk(&[]).unwrap_err();
            assert!(matches!(finding, Finding::RootDiffers { .. }), "{size} {index}: {finding}");
            // Nor does it help to forge every tile above: the root is signed.
            let entries: Vec<_> = (0..size)
                .map(|at| if at == index { b"{\"seq\":666}".to_vec() } else { entry(at) })
                .collect();
            log.files = Published::of(&entries).files;
            let finding = log.walk(&[]).unwrap_err();
            assert!(matches!(finding, Finding::RootDiffers { .. }), "{size} {index}: {finding}");
        }
    }
    let mut log = Published::sized(1);
    log.forge(0, b"{}", true);
    assert_eq!(
        log.sentence(),
        "the entries give the root KKOhj2zWQGsIbp/9ofm4oT289EsPPzLLkDGhH9BTrPk=, but checkpoint 1 \
         signed pAKw429aroVFc2D88AolRbh91H8xBVPnsNMtbQrEQA0=: at least one entry was changed, \
         moved or replaced"
    );
}

#[test]
fn a_changed_tile_is_named_and_the_entries_stay_intact() {
    let mut log = Published::sized(300);
    log.file("tile/0/000")[32 * 7] ^= 1;
    assert_eq!(
        log.sentence(),
        "the tile tile/0/000 differs from the entries at hash 7; the entries are intact"
    );
    let mut log = Published::sized(300);
    log.file("tile/1/000.p/1").pop();
    assert_eq!(
        log.sentence(),
        "the tile tile/1/000.p/1 has 31 bytes, not 32; the entries are intact"
    );
    log.files.remove("tile/1/000.p/1");
    assert_eq!(log.sentence(), "the tile tile/1/000.p/1 is missing; the entries are intact");
}

#[test]
fn missing_entries_are_told_apart() {
    let mut log = Published::sized(600);
    log.files.remove("tile/entries/001");
    assert_eq!(
        log.sentence(),
        "the entry bundle tile/entries/001 is missing, though the checkpoint covers 600 entries"
    );
    log.files.remove("tile/entries/002.p/88");
    let shorter = "the log is shorter than its checkpoint: 256 entries are there of 600 signed";
    assert_eq!(log.sentence(), shorter);

    let mut log = Published::sized(300);
    let bytes = log.file("tile/entries/001.p/44");
    bytes.truncate(bytes.len() - 2 - entry(299).len());
    let shorter = "the log is shorter than its checkpoint: 299 entries are there of 300 signed";
    assert_eq!(log.sentence(), shorter);
    log.file("tile/entries/001.p/44").pop();
    assert_eq!(
        log.sentence(),
        "the entry bundle tile/entries/001.p/44 cannot be read: it breaks off inside its entry \
         number 42"
    );
    let mut log = Published::sized(300);
    log.file("tile/entries/000").push(0);
    assert_eq!(
        log.sentence(),
        "the entry bundle tile/entries/000 cannot be read: 1 bytes follow its last entry"
    );
}

#[test]
fn a_full_tile_and_bundle_stand_in_for_partial_ones() {
    // A log may delete partial files once the full ones are there; an older checkpoint of it
    // still verifies.
    let (older, mut log) = (Published::sized(300), Published::sized(600));
    log.checkpoint = older.checkpoint;
    let missing = "the tile tile/1/000.p/1 is missing; the entries are intact";
    assert_eq!(log.sentence(), missing, "a partial tile without a full one has to stay");
    log.files.insert("tile/1/000.p/1".to_owned(), older.files["tile/1/000.p/1"].clone());
    assert_eq!(log.walk(&[]), Ok(Walked { entries: 300, bundles: 2, tiles: 3 }));

    let mut changed = log.clone();
    changed.file("tile/0/001")[43 * 32] ^= 1;
    let differs = "the tile tile/0/001.p/44 differs from the entries at hash 43; the entries are \
                   intact";
    assert_eq!(changed.sentence(), differs);
    changed.file("tile/0/001").pop();
    let length = "the tile tile/0/001 has 8191 bytes, not 8192; the entries are intact";
    assert_eq!(changed.sentence(), length);
    log.file("tile/entries/001").pop();
    let broken = "the entry bundle tile/entries/001 cannot be read: it breaks off inside its entry \
                  number 255";
    assert_eq!(log.sentence(), broken);
}

#[test]
fn history_is_compared_with_checkpoints_from_earlier() {
    let log = Published::sized(300);
    let earlier: Vec<Checkpoint> =
        [0, 1, 256, 299, 300].map(|size| Published::sized(size).checkpoint).into();
    assert!(log.walk(&earlier).is_ok());

    let rolled_back = log.walk(&[Published::sized(301).checkpoint]).unwrap_err();
    assert_eq!(
        rolled_back.to_string(),
        "the log was rolled back: a checkpoint of 301 entries was seen, this one has 300"
    );
    let other_nothing = Checkpoint { root: [1; 32], ..Published::sized(0).checkpoint };
    assert_eq!(log.walk(&[other_nothing]), Err(Finding::Forked { held: 0 }));
    // Rewritten and signed again with the log's own key: only an earlier checkpoint shows it.
    let mut entries: Vec<_> = (0..300).map(entry).collect();
    entries[200] = b"{\"seq\":-1}".to_vec();
    let rewritten = Published::of(&entries);
    assert!(rewritten.walk(&[]).is_ok());
    assert!(rewritten.walk(&[Published::sized(200).checkpoint]).is_ok());
    assert_eq!(
        rewritten.walk(&[Published::sized(256).checkpoint]).unwrap_err().to_string(),
        "the log's history was rewritten: its first 256 entries are not those that a checkpoint \
         seen earlier signed"
    );
}

#[test]
fn what_was_signed_comes_before_what_it_says() {
    let refuse = &mut |index: u64, _: &[u8]| {
        if index >= 260 { Err("is not a JSON object".to_owned()) } else { Ok(()) }
    };
    let mut log = Published::sized(300);
    assert_eq!(
        log.judged(&[], refuse).unwrap_err().to_string(),
        "entry 260 (number 4 of bundle tile/entries/001.p/44) is not a JSON object"
    );
    log.forge(260, b"nonsense", false);
    assert!(matches!(log.judged(&[], refuse), Err(Finding::EntryDiffers { index: 260, .. })));
}

#[test]
fn a_file_that_cannot_be_read_is_not_a_finding() {
    let log = Published::sized(3);
    let mut read = |_: &str| Err("the disk is on fire");
    let stopped = walk::walk(&log.checkpoint, &[], &mut read, &mut |_, _| Ok(())).unwrap_err();
    assert_eq!(stopped.to_string(), "tile/entries/000.p/3 cannot be read: the disk is on fire");
}

#[test]
fn a_checkpoint_without_a_log_behind_it_ends_at_once() {
    let mut log = Published::sized(3);
    log.checkpoint.size = u64::MAX;
    let shorter = "the log is shorter than its checkpoint: 0 entries are there of \
                   18446744073709551615 signed";
    assert_eq!(log.sentence(), shorter);
}

#[test]
fn checkpoints_that_this_key_did_not_sign_are_told_apart() {
    let check = |note: &str, sentence: &str| {
        let finding = walk::open(note, &log_key().verifier()).unwrap_err();
        assert_eq!(finding.to_string(), sentence);
    };
    let key_of = |name: &str, seed: u8| LogKey::generate(name.parse().unwrap(), [seed; 32]);
    let checkpoint = Published::sized(300).checkpoint;
    let note = checkpoint.sign(&log_key());
    assert_eq!(walk::open(&note, &log_key().verifier()), Ok(checkpoint.clone()));
    let name = log_key().verifier().to_string();
    check(
        &checkpoint.sign(&key_of("example.com/portreeve/decisions", 8)),
        &format!("the checkpoint is not signed by the key {name}"),
    );
    check(
        &note.replace("\n300\n", "\n299\n"),
        &format!(
            "the checkpoint claims to be signed by the key {name}, and its text or signature was \
             changed"
        ),
    );
    let other = Checkpoint { origin: "example.com/other".parse().unwrap(), ..checkpoint };
    check(
        &other.sign(&log_key()),
        "the checkpoint is of the log `example.com/other`, but the key is of \
         `example.com/portreeve/decisions`",
    );
    check(
        "nothing",
        "the checkpoint cannot be read: the note has no empty line between its text and its \
         signatures",
    );
}
