//! The id index: across spans, after crashes, with repeats.

use model::DecisionId;

use super::*;
use crate::faults::{Faults, When};

fn id(number: u64) -> DecisionId {
    let mut random = [0; 10];
    random[2..].copy_from_slice(&number.to_be_bytes());
    DecisionId::new(number, random)
}

fn ids(range: std::ops::Range<u64>) -> Vec<[u8; 16]> {
    // Every fourth entry has no id; the others repeat the decision of the entry two before.
    range.map(|at| bytes_of((at % 4 != 0).then(|| id(at / 2)))).collect()
}

fn check(dir: &Path, size: u64) {
    assert_eq!(covered(dir).unwrap(), size);
    for decision in [0, 1, 2, 100, SPAN / 2 - 1, SPAN / 2, SPAN / 2 + 1, size / 2 - 1, size] {
        let expected: Vec<u64> = [2 * decision, 2 * decision + 1]
            .into_iter()
            .filter(|at| at % 4 != 0 && *at < size)
            .collect();
        let (found, looked) = find(dir, id(decision), size).unwrap();
        assert_eq!((found, looked), (expected, size), "decision {decision}");
    }
}

#[test]
fn ids_are_found_within_and_across_files() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("ids")).unwrap();
    let disk = Disk::new(Faults::default());
    let steps = [0, 1, 1000, SPAN - 1, SPAN, SPAN + 5, 2 * SPAN + 7];
    for pair in steps.windows(2) {
        extend(&disk, folder.path(), pair[0], &ids(pair[0]..pair[1])).unwrap();
    }
    check(folder.path(), 2 * SPAN + 7);
    let (found, looked) = find(folder.path(), id(SPAN / 2 + 1), SPAN + 3).unwrap();
    assert_eq!((found, looked), (vec![SPAN + 2], SPAN + 3), "nothing beyond the limit");
}

#[test]
fn whatever_step_fails_the_next_attempt_completes_it() {
    for operation in 0.. {
        let mut reached = false;
        for when in [When::Before, When::Torn, When::After] {
            let folder = tempfile::tempdir().unwrap();
            std::fs::create_dir(folder.path().join("ids")).unwrap();
            let faults = Faults::plan();
            let disk = Disk::new(faults.clone());
            extend(&disk, folder.path(), 0, &ids(0..SPAN - 3)).unwrap();
            faults.clear();
            let (before, _) = faults.seen();
            faults.die_at(before + operation, when);
            let failed = extend(&disk, folder.path(), SPAN - 3, &ids(SPAN - 3..SPAN + 9)).is_err();
            assert_eq!(failed, faults.seen().1);
            reached |= failed;
            faults.clear();
            extend(&disk, folder.path(), SPAN - 3, &ids(SPAN - 3..SPAN + 9)).unwrap();
            check(folder.path(), SPAN + 9);
        }
        if !reached {
            break;
        }
    }
}
