//! One changed bit in anything signed is refused.

use tlog::note::{self, NOTE_BYTES_MAX, NoteError, SIGNATURES_MAX};
use tlog::proof::{PROOF_BYTES_MAX, TlogProof};
use tlog::{
    BATCH_MAX, Checkpoint, LogKey, LogVerifier, Origin, RECEIPT_TEXT_MAX, Receipt, leaf_hash,
    sign_batch,
};

use super::{entry, flips, leaves, log_key, root};

fn checkpoint() -> Checkpoint {
    Checkpoint { origin: log_key().name().clone(), size: 300, root: root(&leaves(300)) }
}

/// Every thirteenth of them that is text, so that each byte and each place in a byte come up
/// while the signatures are checked in bearable time.
fn some(flips: impl Iterator<Item = Vec<u8>>) -> impl Iterator<Item = String> {
    flips.step_by(13).filter_map(|bytes| String::from_utf8(bytes).ok())
}

#[test]
fn a_checkpoint_with_a_flipped_bit_is_refused() {
    let note = checkpoint().sign(&log_key());
    for flipped in some(flips(note.as_bytes())) {
        assert!(Checkpoint::open(&flipped, &log_key().verifier()).is_err(), "{flipped}");
    }
}

#[test]
fn a_receipt_with_a_flipped_bit_is_refused() {
    let batch: Vec<_> = (40..43).map(|index| leaf_hash(&entry(index))).collect();
    let text = sign_batch(&log_key(), 40, &batch)[2].encode();
    let verifier = log_key().verifier();
    assert_eq!(Receipt::decode(&text).unwrap().verify(&verifier), Ok(()));
    for flipped in some(flips(text.as_bytes())) {
        let read = Receipt::decode(&flipped);
        assert!(read.is_err() || read.unwrap().verify(&verifier).is_err(), "{flipped}");
    }
}

#[test]
fn a_key_with_a_flipped_bit_is_refused() {
    for flipped in flips(log_key().vkey().as_bytes()).filter_map(|it| String::from_utf8(it).ok()) {
        assert!(LogVerifier::from_vkey(&flipped).is_err(), "{flipped}");
    }
    for flipped in flips(log_key().skey().as_bytes()).filter_map(|it| String::from_utf8(it).ok()) {
        assert!(LogKey::from_skey(&flipped).is_err(), "{flipped}");
    }
}

#[test]
fn a_proof_with_a_flipped_bit_is_refused() {
    let leaves = leaves(300);
    let hashes = |level: u8, index: u64| {
        let (first, count) = ((index << level) as usize, 1 << level);
        leaves.get(first..first + count).map(root)
    };
    let path = tlog::inclusion_proof(&hashes, 17, 300).unwrap();
    let checkpoint = checkpoint().sign(&log_key());
    let proof = TlogProof { index: 17, extra: Some(entry(17)), path, checkpoint }.encode();
    let verifier = log_key().verifier();
    assert!(TlogProof::decode(&proof).unwrap().verify_carried(&verifier).is_ok());
    for flipped in some(flips(proof.as_bytes())) {
        let read = TlogProof::decode(&flipped);
        assert!(read.is_err() || read.unwrap().verify_carried(&verifier).is_err(), "{flipped}");
    }
}

#[test]
fn another_logs_promise_is_refused() {
    let other = LogKey::generate("example.com/other".parse().unwrap(), [7; 32]);
    let same_name = LogKey::generate(log_key().name().clone(), [8; 32]);
    let receipt = &sign_batch(&log_key(), 0, &[leaf_hash(b"a")])[0];
    assert!(receipt.verify(&other.verifier()).is_err());
    assert!(receipt.verify(&same_name.verifier()).is_err());
    let renamed = Receipt { origin: other.name().clone(), ..receipt.clone() };
    assert!(renamed.verify(&other.verifier()).is_err(), "the statement names the log");
}

#[test]
fn a_receipt_is_not_a_checkpoint_and_a_checkpoint_is_not_a_receipt() {
    // The same key signs both. What it signs for receipts has no newline at its end; a note's
    // text always has one, so neither signature can be shown as the other.
    let receipt = &sign_batch(&log_key(), 0, &leaves(300))[0];
    let origin = log_key().name().clone();
    let root = tlog::base64(&root(&leaves(300)));
    let statement = format!("portreeve-receipt/v1\n{origin}\n0\n300\n{root}");
    assert!(log_key().verifier().verify(statement.as_bytes(), &receipt.signature));
    let line = checkpoint().sign(&log_key());
    let id = line.rsplit(' ').next().unwrap().trim_end();
    let forged_signature = {
        use base64::Engine as _;
        let engine = base64::engine::general_purpose::STANDARD;
        let mut bytes = engine.decode(id).unwrap();
        bytes[4..].copy_from_slice(&receipt.signature);
        engine.encode(bytes)
    };
    for text in [statement.clone(), format!("{statement}\n")] {
        let note = format!("{text}\n\u{2014} {origin} {forged_signature}\n");
        assert!(note::open(&note, &log_key().verifier()).is_err());
    }
}

#[test]
fn large_batches_are_signed_in_pieces_and_receipts_stay_short() {
    let name: Origin = "n".repeat(128).parse().unwrap();
    let key = LogKey::generate(name, [7; 32]);
    let size = BATCH_MAX as usize + 3;
    let first = u64::MAX - size as u64;
    let receipts = sign_batch(&key, first, &vec![[0; 32]; size]);
    assert_eq!(receipts.len(), size);
    for receipt in [&receipts[0], &receipts[BATCH_MAX as usize - 1], &receipts[size - 1]] {
        assert_eq!(receipt.verify(&key.verifier()), Ok(()));
        let text = receipt.encode();
        assert!(text.len() <= RECEIPT_TEXT_MAX && text.bytes().all(|byte| byte.is_ascii_graphic()));
        assert_eq!(Receipt::decode(&text).as_ref(), Ok(receipt));
    }
    assert_eq!((receipts[size - 1].batch_size, receipts[size - 1].index), (3, u64::MAX - 1));
    assert!(sign_batch(&key, 0, &[]).is_empty());
}

#[test]
fn notes_have_limits() {
    let (key, verifier) = (log_key(), log_key().verifier());
    let good = note::sign("text\n", &key).unwrap();
    let other = "\u{2014} other AAAAAAA=\n";
    let most = format!("{good}{}", other.repeat(SIGNATURES_MAX - 1));
    assert_eq!(note::open(&most, &verifier), Ok("text\n"));
    let more = format!("{most}{other}");
    assert_eq!(note::open(&more, &verifier), Err(NoteError::TooManySignatures));
    let huge = format!("{}\n{good}", "x".repeat(NOTE_BYTES_MAX));
    assert_eq!(note::open(&huge, &verifier), Err(NoteError::TooLarge));
    assert_eq!(note::sign(&"x\n".repeat(NOTE_BYTES_MAX), &key), Err(NoteError::TooLarge));
    for text in ["", "no newline", "a\ttab\n", "a\0\n"] {
        assert_eq!(note::sign(text, &key), Err(NoteError::NotText), "{text:?}");
    }
}

#[test]
fn texts_that_are_too_long_are_not_taken_apart() {
    let too_long = Receipt::decode(&"r1.".repeat(RECEIPT_TEXT_MAX)).unwrap_err();
    assert_eq!(too_long.to_string(), "not a receipt: it is too long");
    let proof = |bytes: usize| {
        let extra = Some(vec![0; bytes]);
        TlogProof { index: 0, extra, path: vec![], checkpoint: checkpoint().sign(&log_key()) }
    };
    let (largest, larger) = (proof(tlog::bundle::ENTRY_BYTES_MAX), proof(PROOF_BYTES_MAX));
    assert_eq!(TlogProof::decode(&largest.encode()), Ok(largest), "any entry fits");
    assert!(TlogProof::decode(&larger.encode()).is_err());
}

#[test]
fn a_log_has_a_name_that_fits_everywhere() {
    for name in ["x", "example.com/a~b", "127.0.0.1:8080/log", &"n".repeat(128)] {
        assert!(name.parse::<Origin>().is_ok(), "{name}");
    }
    for name in ["", " ", "a b", "a+b", "a\n", "a\t", "ü", "a\u{a0}b", "a\u{7f}", &"n".repeat(129)]
    {
        assert!(name.parse::<Origin>().is_err(), "{name:?}");
    }
}
