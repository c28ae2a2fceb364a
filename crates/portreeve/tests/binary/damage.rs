//! Files of a log that were damaged or changed at rest: what is read from them is shown to be what
//! was signed, or is not shown at all.

use std::fs;

use crate::common::{Home, decision};

/// A home at rest whose log holds one call, and that call's id.
fn called() -> (Home, String) {
    let home = Home::new();
    let server = home.up();
    let id = decision(&server.call(&home.token("demo-agent")));
    server.stop();
    (home, id)
}

#[test]
fn a_damaged_id_index_hides_no_decision() {
    let (home, id) = called();
    let ids = home.path("logs/decisions/ids");
    let index = ids.join("000000.new");
    let length = fs::read(&index).unwrap().len();
    for damage in [vec![0; length], vec![0xff; length], Vec::new()] {
        fs::write(&index, damage).unwrap();
        let told = home.run(&["explain", &id]);
        assert!(told.ok().contains("demo-agent"), "{told:?}");
        home.run(&["ledger", "prove", &id]).ok();
        home.run(&["replay", &id]).ok();
    }
    fs::remove_dir_all(&ids).unwrap();
    home.run(&["explain", &id]).ok();
    // Only what was looked for everywhere is said not to be there.
    home.run(&["explain", "0199a3c2-7c1e-7b44-9f0e-3b1d2f4a5c6d"]).fails(1);
}

#[test]
fn what_was_changed_in_a_log_is_listed_nowhere() {
    let (home, _) = called();
    let reads = [&["decisions"][..], &["secret", "status"], &["usage", "--by", "agent"]];
    let standing = reads.map(|read| home.run(read).code);
    let checkpoint = fs::read_to_string(home.path("logs/decisions/checkpoint")).unwrap();
    let size = checkpoint.lines().nth(1).unwrap();
    let bundle = home.path("logs/decisions/tile/entries/000.p").join(size);
    let whole = fs::read(&bundle).unwrap();
    let at = whole.windows(10).position(|window| window == b"demo-agent").unwrap();
    let mut changed = whole.clone();
    changed[at..at + 10].copy_from_slice(b"good-agent");
    fs::write(&bundle, changed).unwrap();
    for read in reads {
        let run = home.run(read);
        assert!(run.fails(4).contains("portreeve ledger verify"), "{read:?}: {run:?}");
        assert!(!run.out.contains("good-agent"), "{read:?}: {run:?}");
    }
    assert_eq!(home.run(&["ledger", "verify"]).code, Some(1));
    fs::write(&bundle, whole).unwrap();
    assert_eq!(reads.map(|read| home.run(read).code), standing);
}
