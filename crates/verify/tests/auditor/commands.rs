//! Arguments, keys and where they come from, and the program itself.

use std::fs::OpenOptions;
use std::process::{Command, Stdio};

use super::published::{Published, key_of, log_key};
use super::verify;

#[test]
fn a_key_from_inside_the_log_is_used_and_loudly_distrusted() {
    let log = Published::sized(3);
    let missing = verify(&["log", log.dir()]);
    assert!(missing.code == 2 && missing.err.contains("no key: give"), "{missing:?}");

    log.write("vkey", format!("{}\n", log_key().vkey()).as_bytes());
    let inside = log.path("vkey");
    let through = format!("{}/tile/../vkey", log.dir());
    let named_inside = ["log", log.dir(), "--vkey", inside.to_str().unwrap()];
    let detour = ["log", log.dir(), "--vkey", &through];
    for arguments in [&["log", log.dir()][..], &named_inside[..], &detour[..]] {
        let report = verify(arguments);
        assert_eq!(report.code, 0, "{report:?}");
        assert!(report.out.starts_with("WARNING: the key was found INSIDE the log."), "{report:?}");
        assert!(report.out.contains("(inside_log)\n"));
    }
    let json: serde_json::Value =
        serde_json::from_str(&verify(&["log", log.dir(), "--json"]).out).unwrap();
    assert_eq!(json["key"]["source"], "inside_log");
    assert_eq!(json["warnings"].as_array().unwrap().len(), 1);

    let elsewhere = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(elsewhere.path(), log_key().vkey()).unwrap();
    for key in [elsewhere.path().to_str().unwrap(), &log_key().vkey()] {
        let report = verify(&["log", log.dir(), "--vkey", key]);
        assert!(report.code == 0 && report.out.starts_with("log  "), "{report:?}");
    }
    // The key beside the log does not overrule the one given.
    log.write("vkey", key_of("example.com/portreeve/decisions", 8).vkey().as_bytes());
    assert_eq!(log.check(&[]).code, 0);
    assert_eq!(verify(&["log", log.dir()]).code, 1);
    log.write("vkey", b"no key");
    assert_eq!(verify(&["log", log.dir()]).code, 3);
}

#[test]
fn the_report_is_short_and_says_what_was_checked() {
    let log = Published::sized(300);
    let id = log_key().verifier();
    let root = tlog::base64(&log.checkpoint.root);
    assert_eq!(
        log.check(&[]).out,
        format!(
            "log        example.com/portreeve/decisions\n\
             key        {id} (given)\n\
             checkpoint 300 entries, root {root}\n\
             entries    300 in 2 bundles give the signed root\n\
             tiles      3 agree with the entries\n\
             types      decision 150, epoch_start 1, outcome 149\n\
             epochs     1, 0 of them not ended in good order\n\
             time       2026-11-24T09:00:00.000Z to 2026-11-24T09:00:29.009Z\n\
             outcomes   149 of 150 due; 1 decisions have none, 0 stray\n           \
             no outcome: decision id-299, entry 299\n\
             verdict    intact\n"
        )
    );
    assert_eq!(Published::sized(0).check(&[]).code, 0, "an empty log is a log");
}

#[test]
fn arguments_that_are_not_understood_are_refused() {
    let vkey = log_key().vkey();
    let broken = format!("{}x", log_key().vkey());
    for arguments in [
        &[][..],
        &["audit"],
        &["log"],
        &["log", "a", "b"],
        &["log", "a", "--vkey"],
        &["log", "a", "--vkey", &vkey, "--vkey", &vkey],
        &["log", "a", "--entry", "b"],
        &["log", "a", "--verbose"],
        &["log", "a", "--vkey", &broken],
        &["receipt", "r1"],
        &["receipt", "r1", "a", "b"],
        &["receipt", "r1", "a", "--seen", "b"],
        &["proof", "a"],
        &["proof", "--vkey", &vkey],
        &["proof", "a", "--vkey", &vkey, "--seen", "b"],
    ] {
        let answer = verify(arguments);
        assert_eq!((answer.code, answer.out.as_str()), (2, ""), "{arguments:?}: {answer:?}");
        assert!(answer.err.starts_with("portreeve-verify: "), "{answer:?}");
    }
    for arguments in [&["--help"][..], &["log", "-h"], &["--version"]] {
        let answer = verify(arguments);
        assert!(answer.code == 0 && answer.out.contains("portreeve-verify"), "{answer:?}");
    }
}

#[test]
fn what_is_not_there_cannot_be_read() {
    let vkey = log_key().vkey();
    let empty = tempfile::tempdir().unwrap();
    let dir = empty.path().to_str().unwrap();
    for arguments in [
        ["log", dir, "--vkey", &vkey],
        ["log", "/nonexistent/log", "--vkey", &vkey],
        ["log", dir, "--vkey", "/nonexistent/key"],
        ["proof", "/nonexistent/proof", "--vkey", &vkey],
        ["log", dir, "--vkey", dir],
    ] {
        let answer = verify(&arguments);
        assert_eq!((answer.code, answer.out.as_str()), (3, ""), "{arguments:?}: {answer:?}");
        assert!(answer.err.contains("cannot be read: "), "{answer:?}");
    }
}

#[test]
fn the_program_prints_the_answer_and_exits_with_its_code() {
    let program = env!("CARGO_BIN_EXE_portreeve-verify");
    let log = Published::sized(3);
    let run = |key: &str| {
        let output =
            Command::new(program).args(["log", log.dir(), "--vkey", key, "--json"]).output();
        let output = output.unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let (code, out) = run(&log_key().vkey());
    assert!(code == Some(0) && out.starts_with('{'), "{out}");
    let (code, out) = run(&key_of("example.com/portreeve/decisions", 8).vkey());
    let json: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &json["ok"]), (Some(1), &serde_json::Value::Bool(false)));
    assert!(json["finding"].as_str().unwrap().starts_with("the checkpoint is not signed"));
}

/// The program's exit code and standard error where its output goes to `out`.
fn printing_to(out: impl Into<Stdio>, arguments: &[&str]) -> (Option<i32>, String) {
    let program = env!("CARGO_BIN_EXE_portreeve-verify");
    let child = Command::new(program).args(arguments).stdout(out).stderr(Stdio::piped()).spawn();
    let output = child.unwrap().wait_with_output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn a_report_that_cannot_be_written_is_no_verdict() {
    let log = Published::sized(3);
    let (good, bad) = (log_key().vkey(), key_of("example.com/portreeve/decisions", 8).vkey());
    for arguments in [
        &["log", log.dir(), "--vkey", &good][..],
        &["log", log.dir(), "--vkey", &good, "--json"],
        &["log", log.dir(), "--vkey", &bad],
        &["--help"],
    ] {
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let (code, err) = printing_to(full, arguments);
        assert_eq!(code, Some(3), "{arguments:?}: {err}");
        assert!(err.starts_with("portreeve-verify: the report cannot be written: "), "{err}");
    }
    // Where there is nothing to write, wrong usage stays wrong usage.
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let (code, err) = printing_to(full, &["log"]);
    assert!(code == Some(2) && !err.contains("cannot be written"), "{err}");
}

#[test]
fn a_reader_that_leaves_does_not_change_the_verdict() {
    let log = Published::sized(3);
    let keys = [(log_key(), 0), (key_of("example.com/portreeve/decisions", 8), 1)];
    for (key, verdict) in keys {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let (code, err) = printing_to(writer, &["log", log.dir(), "--vkey", &key.vkey()]);
        assert_eq!((code, err.as_str()), (Some(verdict), ""));
    }
}
