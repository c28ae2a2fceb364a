//! Notes, checkpoints, keys, proofs and receipts: signed or not, each is refused or means one
//! thing, and what is written again is what was read.

use std::sync::OnceLock;

use tlog::proof::TlogProof;
use tlog::{Checkpoint, LogKey, LogVerifier, Origin, Receipt, leaf_hash, note, sign_batch};

use crate::Target;
use crate::input::Input;
use crate::seeds::{self, seed};

pub(crate) const TARGET: Target = Target {
    name: "note",
    about: "notes, checkpoints, keys, proofs, receipts: one meaning, one spelling, no forgery",
    check,
    seeds,
    words: &[
        "\u{2014} example.com/portreeve/decisions ",
        "\n\n",
        "example.com/portreeve/decisions\n",
        "300\n",
        "c2sp.org/tlog-proof@v1\n",
        "extra ",
        "index 17\n",
        "r1.",
        "PRIVATE+KEY+",
        "+473dba88+",
        "AAAA",
        "==",
        "0.0.1.",
        "\u{2014} other ",
    ],
    cases: 3000,
};

const NAME: &str = "example.com/portreeve/decisions";

struct Keys {
    key: LogKey,
    verifier: LogVerifier,
}

/// The vectors' key: its seed is one byte, 7.
fn keys() -> &'static Keys {
    static KEYS: OnceLock<Keys> = OnceLock::new();
    KEYS.get_or_init(|| {
        let name = NAME.parse().unwrap_or_else(|_| panic!("{NAME} is a name"));
        let key = LogKey::generate(name, [7; 32]);
        Keys { verifier: key.verifier(), key }
    })
}

fn check(input: &[u8]) {
    let mut input = Input::new(input);
    let what = input.byte();
    let text = input.text();
    match what % 6 {
        0 => opened(&text),
        1 => signed(&text),
        2 => key_texts(&text),
        3 => proof(&text),
        4 => receipt(&text),
        _ => batch(input),
    }
}

/// A note that opens says what was signed, and a checkpoint in it is that of three lines.
fn opened(text: &str) {
    let Keys { verifier, .. } = keys();
    let Ok(signed) = note::open(text, verifier) else {
        assert!(Checkpoint::open(text, verifier).is_err(), "a checkpoint in no note");
        return;
    };
    assert!(text.starts_with(signed) && signed.ends_with('\n'));
    if let Ok(checkpoint) = Checkpoint::open(text, verifier) {
        assert!(signed.starts_with(&checkpoint.text()), "it is spelt otherwise");
        let again = Checkpoint::open(&checkpoint.sign(&keys().key), verifier);
        assert_eq!(again, Ok(checkpoint));
    }
}

/// What this key signs opens with it to the same text, and with no other key.
fn signed(text: &str) {
    let Keys { key, verifier } = keys();
    let Ok(note) = note::sign(text, key) else { return };
    assert_eq!(note::open(&note, verifier), Ok(text));
    let stranger = LogKey::generate(verifier.name().clone(), [8; 32]).verifier();
    assert!(note::open(&note, &stranger).is_err(), "a stranger's key opens it");
    opened(&note);
    // A signature moves to no other text.
    let moved = format!("{NAME} {note}");
    assert!(note::open(&moved, verifier).is_err(), "the signature is taken for another text");
}

fn key_texts(text: &str) {
    if let Ok(verifier) = LogVerifier::from_vkey(text) {
        assert_eq!(verifier.vkey(), text.trim_end_matches('\n'));
    }
    if let Ok(key) = LogKey::from_skey(text) {
        assert_eq!(*key.skey(), text.trim_end_matches('\n'));
        let note = note::sign("a\n", &key);
        assert!(note.is_ok_and(|note| note::open(&note, &key.verifier()).is_ok()));
        assert!(!format!("{key:?}").contains(text.trim_end_matches('\n')), "Debug shows it");
    }
    if let Ok(origin) = text.parse::<Origin>() {
        assert_eq!(origin.as_str(), text);
    }
}

fn proof(text: &str) {
    let Ok(proof) = TlogProof::decode(text) else { return };
    assert_eq!(proof.encode(), text, "it is spelt otherwise");
    let carried = proof.verify_carried(&keys().verifier);
    if let (Ok(checkpoint), Some(entry)) = (&carried, proof.extra.as_deref()) {
        assert!(proof.index < checkpoint.size);
        let verify = |entry: &[u8]| proof.verify(&leaf_hash(entry), &keys().verifier);
        assert_eq!(verify(entry).as_ref(), Ok(checkpoint));
        assert!(verify(&[entry, b"x"].concat()).is_err(), "it proves another entry");
    }
}

fn receipt(text: &str) {
    let Ok(receipt) = Receipt::decode(text) else { return };
    assert_eq!(receipt.encode(), text, "it is spelt otherwise");
    if receipt.verify(&keys().verifier).is_ok() {
        let mut other = receipt.clone();
        other.index = other.index.wrapping_add(1);
        assert!(other.verify(&keys().verifier).is_err(), "it holds for another place");
        let mut other = receipt;
        other.leaf = leaf_hash(&other.leaf);
        assert!(other.verify(&keys().verifier).is_err(), "it holds for another entry");
    }
}

/// Receipts of a batch of any size from any place hold, and read back.
fn batch(mut input: Input<'_>) {
    let Keys { key, verifier } = keys();
    let first = u64::from_le_bytes(std::array::from_fn(|_| input.byte())) >> 1;
    let leaves: Vec<_> = (0..=input.byte() % 40).map(|number| leaf_hash(&[number])).collect();
    let receipts = sign_batch(key, first, &leaves);
    assert_eq!(receipts.len(), leaves.len());
    let at = input.below(receipts.len());
    let Some(receipt) = receipts.get(at) else { return };
    assert_eq!(receipt.verify(verifier), Ok(()));
    assert_eq!(Receipt::decode(&receipt.encode()).as_ref(), Ok(receipt));
}

fn seeds() -> Vec<Vec<u8>> {
    let mut found = vec![
        seed(&[1], format!("{NAME}\n5\nAAAA\n")),
        seed(&[5], [9, 9, 9, 9, 0, 0, 0, 0, 7, 1, 0]),
    ];
    let files: [(&str, &str, u8); 7] = [
        ("tlog/notes.json", "note", 0),
        ("tlog/notes.json", "text", 1),
        ("tlog/checkpoints.json", "note", 0),
        ("tlog/keys.json", "vkey", 2),
        ("tlog/keys.json", "skey", 2),
        ("tlog/proofs.json", "proof", 3),
        ("tlog/receipts.json", "", 4),
    ];
    for (file, name, what) in files {
        found.extend(
            seeds::texts(&seeds::json(file), name).into_iter().map(|text| seed(&[what], text)),
        );
    }
    found
}
