//! Receipts against the log that gave them, and proofs on their own.

use std::fs;

use tlog::proof::TlogProof;
use tlog::{CompactRange, Hash, inclusion_proof, sign_batch};

use super::published::{Published, key_of, log_key, ordinary};
use super::{sentence, verify};

fn check(receipt: &str, log: &Published) -> portreeve_verify::Answer {
    verify(&["receipt", receipt, log.dir(), "--vkey", &log_key().vkey()])
}

#[test]
fn a_promise_kept_is_reported() {
    let log = Published::sized(300);
    for receipt in sign_batch(&log_key(), 250, &log.leaves[250..260]) {
        let report = check(&receipt.encode(), &log);
        let line = format!("receipt    entry {} is in the log, as promised\n", receipt.index);
        assert!(report.code == 0 && report.out.contains(&line), "{report:?}");
    }
}

#[test]
fn a_promise_broken_is_found() {
    let log = Published::sized(300);
    let receipt = &sign_batch(&log_key(), 299, &log.leaves[299..])[0].encode();
    let shorter = Published::sized(299);
    assert_eq!(
        sentence(&check(receipt, &shorter)),
        "the receipt promises entry 299, but checkpoint 299 ends before it: the log has not \
         published it yet, or has lost it"
    );
    let mut entries = ordinary(300);
    entries[299] = entries[299].replace("\"v\":1", "\"v\":1,\"w\":1");
    assert_eq!(
        sentence(&check(receipt, &Published::of(&entries))),
        "the receipt promises another entry 299 than the log holds: the log has broken a promise \
         that it signed"
    );
    log.write("tile/entries/000", b"");
    assert!(sentence(&check(receipt, &log)).starts_with("the entry bundle tile/entries/000 "));
}

#[test]
fn a_promise_that_the_log_did_not_make_is_found() {
    let log = Published::sized(3);
    let receipt = sign_batch(&log_key(), 0, &log.leaves)[1].encode();
    assert_eq!(check(&format!(" {receipt}\n"), &log).code, 0, "as copied from a header");
    let moved = receipt.replace("r1.1.", "r1.2.");
    assert!(sentence(&check(&moved, &log)).contains("contradicts itself"));
    let moved = receipt.replace("r1.1.0.", "r1.2.1.");
    assert!(sentence(&check(&moved, &log)).contains("has been changed"));
    let forged = sign_batch(&key_of("example.com/portreeve/decisions", 8), 0, &log.leaves);
    assert!(sentence(&check(&forged[1].encode(), &log)).contains("not signed by this key"));
    let other = sign_batch(&key_of("example.com/other", 7), 0, &log.leaves)[1].encode();
    assert!(sentence(&check(&other, &log)).contains("log of another name"));
    let unreadable = check(&receipt[1..], &log);
    assert!(unreadable.code == 2 && unreadable.err.contains("not a receipt"), "{unreadable:?}");
}

fn proof(log: &Published, index: u64, extra: Option<Vec<u8>>) -> String {
    let root = |leaves: &[Hash]| {
        let mut range = CompactRange::new();
        leaves.iter().for_each(|leaf| range.push(*leaf));
        range.root()
    };
    let hashes = |level: u8, index: u64| {
        let first = (index << level) as usize;
        log.leaves.get(first..first + (1 << level)).map(root)
    };
    let path = inclusion_proof(&hashes, index, log.checkpoint.size).unwrap();
    TlogProof { index, extra, path, checkpoint: log.checkpoint.sign(&log_key()) }.encode()
}

#[test]
fn a_proof_proves_its_entry_without_the_log() {
    let log = Published::sized(300);
    let entry = ordinary(300)[17].clone();
    let vkey = log_key().vkey();
    log.write("17.tlog-proof", proof(&log, 17, Some(entry.clone().into_bytes())).as_bytes());
    let file = log.path("17.tlog-proof");
    let report = verify(&["proof", file.to_str().unwrap(), "--vkey", &vkey]);
    assert_eq!(report.code, 0, "{report:?}");
    assert!(report.out.contains("proof      entry 17 is in the log that checkpoint 300 signs\n"));
    assert!(report.out.contains(&entry), "{report:?}");

    log.write("bare.tlog-proof", proof(&log, 17, None).as_bytes());
    let (bare, beside) = (log.path("bare.tlog-proof"), log.path("17.entry"));
    let (bare, beside) = (bare.to_str().unwrap(), beside.to_str().unwrap());
    fs::write(beside, &entry).unwrap();
    assert_eq!(verify(&["proof", bare, "--vkey", &vkey]).code, 2, "there is no entry to check");
    assert_eq!(verify(&["proof", bare, "--vkey", &vkey, "--entry", beside]).code, 0);
    fs::write(beside, format!("{entry} ")).unwrap();
    let changed = verify(&["proof", bare, "--vkey", &vkey, "--entry", beside]);
    assert!(sentence(&changed).starts_with("the proof does not show that the entry is in the log"));
    let other = key_of("example.com/portreeve/decisions", 8).vkey();
    let wrong_key = verify(&["proof", bare, "--vkey", &other, "--entry", beside]);
    assert!(sentence(&wrong_key).starts_with("the proof's checkpoint is refused: "));
    fs::write(bare, [0xff]).unwrap();
    assert_eq!(sentence(&verify(&["proof", bare, "--vkey", &vkey])), "the proof is not text");
}
