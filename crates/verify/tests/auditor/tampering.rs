//! Everything that can be done to a folder without the log's key is found, at sizes around the
//! width of a tile; what can be done with the key is found by an earlier checkpoint.

use std::fs;

use tlog::bundle::{self, Bundle};
use tlog::leaf_hash;
use tlog::tile::Tile;

use super::published::{Published, key_of, ordinary};
use super::{sentence, verify};

const SIZES: [u64; 6] = [1, 255, 256, 257, 300, 1000];

/// Does something to one file of a log and puts it right again.
fn tamper(log: &Published, path: &str, change: &dyn Fn(&mut Vec<u8>)) -> Option<String> {
    let original = log.read(path);
    let mut changed = original.clone();
    change(&mut changed);
    if changed == original {
        return None;
    }
    log.write(path, &changed);
    let answer = log.check(&[]);
    log.write(path, &original);
    Some(sentence(&answer))
}

#[test]
fn every_change_to_every_file_is_found() {
    for size in SIZES {
        let log = Published::sized(size);
        assert_eq!(log.check(&[]).code, 0, "size {size}");
        for path in log.files() {
            let length = log.read(&path).len();
            for at in [0, length / 2, length - 1] {
                tamper(&log, &path, &|bytes| bytes[at] ^= 1 << (at % 8));
            }
            tamper(&log, &path, &|bytes| bytes.truncate(length - 1));
            tamper(&log, &path, &|bytes| bytes.push(b'\n'));
            tamper(&log, &path, &|bytes| bytes.truncate(length / 2));
            tamper(&log, &path, &Vec::clear);
            tamper(&log, &path, &|bytes| bytes.extend_from_within(..));
        }
    }
}

#[test]
fn every_missing_file_is_found() {
    for size in SIZES {
        let log = Published::sized(size);
        for path in log.files() {
            let original = log.read(&path);
            fs::remove_file(log.path(&path)).unwrap();
            let answer = log.check(&[]);
            log.write(&path, &original);
            if path == "checkpoint" {
                assert_eq!(answer.code, 3, "{answer:?}");
            } else {
                let found = sentence(&answer);
                assert!(
                    found.contains(&path) || found.starts_with("the log is shorter"),
                    "{found}"
                );
            }
        }
        assert_eq!(log.check(&[]).code, 0, "size {size}: put right again");
    }
}

#[test]
fn entries_in_another_order_are_found() {
    for size in &SIZES[1..] {
        let log = Published::sized(*size);
        for place in Bundle::all(*size).filter(|place| place.width() > 1) {
            let found = tamper(&log, &place.path(), &|bytes| {
                let original = bytes.clone();
                let mut entries = bundle::decode(&original, place.width()).unwrap();
                let last = entries.len() - 1;
                entries.swap(0, last);
                *bytes = bundle::encode(&entries).unwrap();
            });
            let first = format!("entry {} (number 0 of bundle {place})", place.first_entry());
            assert!(found.unwrap().starts_with(&first));
        }
    }
    let log = Published::sized(1000);
    let (first, second) = (log.read("tile/entries/000"), log.read("tile/entries/001"));
    log.write("tile/entries/000", &second);
    log.write("tile/entries/001", &first);
    assert!(sentence(&log.check(&[])).starts_with("entry 0 (number 0 of bundle tile/entries/000)"));
}

#[test]
fn an_entry_left_out_or_slipped_in_is_found() {
    let log = Published::sized(300);
    let removed = ordinary(300)[263].clone();
    let change = |edit: &dyn Fn(&mut Vec<&[u8]>)| {
        let found = tamper(&log, "tile/entries/001.p/44", &|bytes| {
            let original = bytes.clone();
            let mut entries = bundle::decode(&original, 44).unwrap();
            edit(&mut entries);
            *bytes = bundle::encode(&entries).unwrap();
        });
        found.unwrap()
    };
    assert_eq!(
        change(&|entries| entries.retain(|entry| !entry.ends_with(removed.as_bytes()))),
        "the log is shorter than its checkpoint: 299 entries are there of 300 signed"
    );
    let slipped_in = change(&|entries| entries.insert(7, b"{}"));
    assert!(slipped_in.starts_with("the entry bundle tile/entries/001.p/44 cannot be read:"));
    let replaced = change(&|entries| {
        entries.remove(7);
        entries.push(b"{}");
    });
    assert!(
        replaced.starts_with("entry 263 (number 7 of bundle tile/entries/001.p/44) is not what")
    );
}

/// CVE-2026-56865: verifiers that authenticate entries through tiles can be made to accept a
/// leaf tile and an entry bundle that were forged together.
#[test]
fn cve_2026_56865_a_tile_and_a_bundle_forged_together_are_found() {
    for size in SIZES {
        for index in [0, size / 2, size - 1] {
            let log = Published::sized(size);
            let place = Bundle::all(size).find(|each| each.index() == index / 256).unwrap();
            let forged = ordinary(size)[index as usize].replace("2026", "2025");
            let original = log.read(&place.path());
            let mut entries = bundle::decode(&original, place.width()).unwrap();
            let position = (index % 256) as usize;
            entries[position] = forged.as_bytes();
            log.write(&place.path(), &bundle::encode(&entries).unwrap());
            let tile = Tile::new(0, place.index(), place.width()).unwrap().path();
            let mut hashes = log.read(&tile);
            hashes[position * 32..][..32].copy_from_slice(&leaf_hash(forged.as_bytes()));
            log.write(&tile, &hashes);
            let found = sentence(&log.check(&[]));
            assert!(found.starts_with("the entries give the root "), "{size} {index}: {found}");
        }
    }
}

#[test]
fn a_log_that_was_rolled_back_is_found_by_an_earlier_checkpoint() {
    for (size, rolled_back_to) in [(256, 255), (257, 256), (300, 1), (1000, 300)] {
        let (whole, shorter) = (Published::sized(size), Published::sized(rolled_back_to));
        let seen = whole.path("checkpoint");
        assert_eq!(shorter.check(&[]).code, 0, "nothing in the folder itself can show it");
        assert_eq!(
            sentence(&shorter.check(&["--seen", seen.to_str().unwrap()])),
            format!(
                "the log was rolled back: a checkpoint of {size} entries was seen, this one has \
                 {rolled_back_to}"
            )
        );
        let seen = shorter.path("checkpoint");
        let report = whole.check(&["--seen", seen.to_str().unwrap()]);
        assert!(report.out.contains(&format!("checkpoint {rolled_back_to} from earlier is a")));
    }
}

#[test]
fn a_log_that_was_rewritten_with_its_own_key_is_found_by_an_earlier_checkpoint() {
    for size in SIZES {
        let honest = Published::sized(size);
        let mut entries = ordinary(size);
        let position = entries.len() / 2;
        entries[position] = entries[position].replace("\"v\":1", "\"v\":1,\"w\":1");
        let rewritten = Published::of(&entries);
        assert_eq!(rewritten.check(&[]).code, 0, "nothing in the folder itself can show it");
        let seen = honest.path("checkpoint");
        assert_eq!(
            sentence(&rewritten.check(&["--seen", seen.to_str().unwrap()])),
            format!(
                "the log's history was rewritten: its first {size} entries are not those that a \
                 checkpoint seen earlier signed"
            )
        );
    }
}

#[test]
fn a_checkpoint_of_another_key_or_log_is_found() {
    let log = Published::sized(3);
    let others = key_of("example.com/portreeve/decisions", 8);
    let seen = log.path("seen");
    fs::write(&seen, log.checkpoint.sign(&others)).unwrap();
    let found = sentence(&log.check(&["--seen", seen.to_str().unwrap()]));
    assert!(found.contains("seen: the checkpoint is not signed by the key"), "{found}");
    log.write("checkpoint", log.checkpoint.sign(&others).as_bytes());
    let found = sentence(&log.check(&[]));
    assert!(found.starts_with("the checkpoint is not signed by the key example.com/"), "{found}");
    let elsewhere = verify(&["log", log.dir(), "--vkey", &key_of("example.com/else", 7).vkey()]);
    assert!(sentence(&elsewhere).starts_with("the checkpoint is not signed by the key"));
}

#[test]
fn a_file_beyond_every_bound_is_not_read() {
    let log = Published::sized(3);
    let file = fs::File::options().write(true).open(log.path("tile/entries/000.p/3")).unwrap();
    file.set_len(bundle::BUNDLE_BYTES_MAX as u64 + 1).unwrap();
    let answer = log.check(&[]);
    assert_eq!(answer.code, 3, "{answer:?}");
    assert!(answer.err.contains("tile/entries/000.p/3 cannot be read: it has more than"));
    fs::remove_file(log.path("tile/entries/000.p/3")).unwrap();
    fs::create_dir(log.path("tile/entries/000.p/3")).unwrap();
    assert_eq!(log.check(&[]).code, 3);
}
