//! `spec/vectors/tlog/*.json`, written by `generate.py` there, which shares no code with us.

use serde_json::Value;
use tlog::proof::TlogProof;
use tlog::tile::Tile;
use tlog::{
    Checkpoint, CompactRange, Hash, LogKey, LogVerifier, Receipt, ReceiptError, check_consistency,
    check_inclusion, consistency_proof, empty_root, inclusion_proof, leaf_hash, note, sign_batch,
};

use super::{entry, leaves};

fn vectors(name: &str) -> Value {
    let path = format!("{}/../../spec/vectors/tlog/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn each<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    value[name].as_array().unwrap().iter()
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap()
}

fn number(value: &Value, name: &str) -> u64 {
    value[name].as_u64().unwrap()
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

fn hash(text: &str) -> Hash {
    unhex(text).try_into().unwrap()
}

fn hashes(value: &Value) -> Vec<Hash> {
    value.as_array().unwrap().iter().map(|each| hash(each.as_str().unwrap())).collect()
}

fn verifier(value: &Value) -> LogVerifier {
    LogVerifier::from_vkey(text(value, "vkey")).unwrap()
}

/// The hash of a complete subtree, straight from the leaves.
fn subtree(leaves: &[Hash], level: u8, index: u64) -> Option<Hash> {
    let (first, count) = ((index << level) as usize, 1 << level);
    leaves.get(first..first + count).map(super::root)
}

#[test]
fn roots_and_proofs_are_those_of_rfc_6962() {
    let tree = vectors("tree");
    let leaves: Vec<Hash> =
        each(&tree, "leaves").map(|leaf| leaf_hash(&unhex(leaf.as_str().unwrap()))).collect();
    let roots = hashes(&tree["roots"]);
    assert_eq!(roots.len(), 9);
    assert_eq!(roots[0], empty_root());
    assert_eq!(roots[0][..4], [0xe3, 0xb0, 0xc4, 0x42]);
    let mut range = CompactRange::new();
    for (size, root) in roots.iter().enumerate() {
        assert_eq!(range.root(), *root, "size {size}");
        let again = CompactRange::from_nodes(range.size(), range.nodes().to_vec()).unwrap();
        assert_eq!(again, range);
        if let Some(leaf) = leaves.get(size) {
            range.push(*leaf);
        }
    }
    for case in each(&tree, "inclusion") {
        let (index, size, proof) =
            (number(case, "index"), number(case, "size"), hashes(&case["proof"]));
        let root = &roots[size as usize];
        let made = inclusion_proof(&|level, index| subtree(&leaves, level, index), index, size);
        assert_eq!(made.as_ref(), Ok(&proof), "{case}");
        assert_eq!(check_inclusion(&leaves[index as usize], index, size, &proof, root), Ok(()));
    }
    for case in each(&tree, "consistency") {
        let (old, new, proof) = (number(case, "old"), number(case, "new"), hashes(&case["proof"]));
        let (old_root, new_root) = (&roots[old as usize], &roots[new as usize]);
        let made = consistency_proof(&|level, index| subtree(&leaves, level, index), old, new);
        assert_eq!(made.as_ref(), Ok(&proof), "{case}");
        assert_eq!(check_consistency(old, new, &proof, old_root, new_root), Ok(()), "{case}");
    }
}

#[test]
fn tiles_are_those_of_the_generator() {
    use sha2::Digest as _;
    let vectors = vectors("tiles");
    for log in each(&vectors, "logs") {
        let size = number(log, "size");
        let mut edge = tlog::tile::TileEdge::new();
        let mut tiles: Vec<_> = leaves(size).into_iter().flat_map(|leaf| edge.push(leaf)).collect();
        tiles.extend(edge.partials());
        assert_eq!(edge.root(), hash(text(log, "root")), "size {size}");
        let mut places: Vec<Tile> = tiles.iter().map(|each| each.tile).collect();
        places.sort_unstable();
        assert_eq!(places, Tile::all(size).collect::<Vec<_>>(), "size {size}");
        let expected = log["tiles"].as_object().unwrap();
        let ours: std::collections::BTreeMap<String, Value> = tiles
            .iter()
            .map(|each| {
                let digest = sha2::Sha256::digest(tlog::tile::encode(&each.hashes));
                let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
                (each.tile.path(), Value::from(hex))
            })
            .collect();
        assert!(size > 1000 || ours.len() == expected.len(), "size {size}");
        for (path, digest) in expected {
            assert_eq!(ours.get(path), Some(digest), "size {size}, {path}");
        }
    }
}

#[test]
fn tile_paths_have_one_spelling() {
    let vectors = vectors("tiles");
    for case in each(&vectors, "paths") {
        let (level, width) = (number(case, "level") as u8, number(case, "width") as u16);
        let tile = Tile::new(level, number(case, "index"), width).unwrap();
        assert_eq!(tile.path(), text(case, "path"));
        assert_eq!(Tile::from_path(text(case, "path")), Ok(tile));
    }
    for path in each(&vectors, "refused_paths") {
        assert!(Tile::from_path(path.as_str().unwrap()).is_err(), "{path}");
    }
}

#[test]
fn keys_read_back_as_written_and_no_other_text_is_a_key() {
    let vectors = vectors("keys");
    for case in each(&vectors, "keys") {
        let seed = hash(text(case, "seed"));
        let key = LogKey::generate(text(case, "name").parse().unwrap(), seed);
        assert_eq!(
            (key.vkey().as_str(), key.skey().as_str()),
            (text(case, "vkey"), text(case, "skey"))
        );
        assert_eq!(LogKey::from_skey(text(case, "skey")).unwrap().vkey(), key.vkey());
        assert_eq!(verifier(case), key.verifier());
        assert_eq!(verifier(case).vkey(), text(case, "vkey"));
        let shown = format!("{key:?} {:?}", key.verifier());
        assert!(!shown.contains(text(case, "skey").rsplit('+').next().unwrap()), "{shown}");
        assert!(LogKey::from_skey(text(case, "vkey")).is_err());
    }
    for case in each(&vectors, "refused_vkeys") {
        assert!(LogVerifier::from_vkey(text(case, "vkey")).is_err(), "{}", case["case"]);
    }
}

#[test]
fn notes_open_with_their_key_only() {
    let vectors = vectors("notes");
    for case in each(&vectors, "opens") {
        assert_eq!(
            note::open(text(case, "note"), &verifier(case)),
            Ok(text(case, "text")),
            "{case}"
        );
    }
    for case in each(&vectors, "refused") {
        let opened = note::open(text(case, "note"), &verifier(&vectors));
        assert!(opened.is_err(), "{}: {opened:?}", case["case"]);
    }
}

#[test]
fn checkpoints_are_read_strictly_and_written_as_the_generator_does() {
    let vectors = vectors("checkpoints");
    let (key, verifier) = (LogKey::from_skey(text(&vectors, "skey")).unwrap(), verifier(&vectors));
    for case in each(&vectors, "opens") {
        let opened = Checkpoint::open(text(case, "note"), &verifier).unwrap();
        assert_eq!((opened.size, opened.root), (number(case, "size"), hash(text(case, "root"))));
        if case["case"] != "extension lines" {
            assert_eq!(opened.sign(&key), text(case, "note"), "{}", case["case"]);
        }
    }
    for case in each(&vectors, "refused") {
        assert!(note::open(text(case, "note"), &verifier).is_ok(), "{}: signed", case["case"]);
        assert!(Checkpoint::open(text(case, "note"), &verifier).is_err(), "{}", case["case"]);
    }
}

#[test]
fn receipts_are_signed_per_batch_and_nothing_in_them_can_change() {
    let vectors = vectors("receipts");
    let (key, verifier) = (LogKey::from_skey(text(&vectors, "skey")).unwrap(), verifier(&vectors));
    for case in each(&vectors, "batches") {
        let (first, size) = (number(case, "first"), number(case, "size"));
        let leaves: Vec<Hash> = (first..first + size).map(|at| leaf_hash(&entry(at))).collect();
        let receipts = sign_batch(&key, first, &leaves);
        assert_eq!(receipts.len(), leaves.len());
        for (index, expected) in case["receipts"].as_object().unwrap() {
            let position = index.parse::<u64>().unwrap() - first;
            let receipt = &receipts[position as usize];
            assert_eq!(receipt.encode(), expected.as_str().unwrap());
            assert_eq!(Receipt::decode(expected.as_str().unwrap()).as_ref(), Ok(receipt));
            assert_eq!(receipt.verify(&verifier), Ok(()));
        }
    }
    for text in each(&vectors, "unreadable") {
        let read = Receipt::decode(text.as_str().unwrap());
        assert!(matches!(read, Err(ReceiptError::Form(_))), "{text}: {read:?}");
    }
    for case in each(&vectors, "broken") {
        let receipt = Receipt::decode(text(case, "receipt")).unwrap();
        assert!(receipt.verify(&verifier).is_err(), "{}", case["case"]);
    }
}

#[test]
fn proofs_prove_their_entry_and_no_other() {
    let vectors = vectors("proofs");
    let verifier = verifier(&vectors);
    for case in each(&vectors, "proved") {
        let proof = TlogProof::decode(text(case, "proof")).unwrap();
        assert_eq!(proof.encode(), text(case, "proof"), "{}", case["case"]);
        let leaf = leaf_hash(&entry(number(case, "index")));
        assert!(proof.verify(&leaf, &verifier).is_ok(), "{}", case["case"]);
        assert_eq!(proof.verify_carried(&verifier).is_ok(), case["carried"] == true);
        assert!(proof.verify(&leaf_hash(b"another"), &verifier).is_err(), "{}", case["case"]);
    }
    for text in each(&vectors, "unreadable") {
        assert!(TlogProof::decode(text.as_str().unwrap()).is_err(), "{text}");
    }
    for case in each(&vectors, "refused") {
        let proof = TlogProof::decode(text(case, "proof")).unwrap();
        assert!(proof.verify_carried(&verifier).is_err(), "{}", case["case"]);
    }
}
