//! Scenario files: how they are read, compared and rewritten.

use super::*;

#[track_caller]
fn outcome(scenario: &str) -> Result<(), String> {
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("scenario.txt");
    fs::write(&file, scenario).expect("a scenario");
    Scenario::new(dir.path()).env("WHO", "auditor").check(&file).map_err(|error| error.to_string())
}

#[test]
fn a_scenario_that_prints_as_written_passes() {
    let scenario = "# A greeting.\n\n$ echo hello $WHO; echo; echo again >&2; exit 3\nhello auditor\n\nagain\n[exit 3]\n\n# Blank lines before this are layout.\n$ true\n$ pwd\n[dir]\n$ echo '$ x'; echo '# y'; echo '\\z'\n\\$ x\n\\# y\n\\\\z\n";
    assert_eq!(outcome(scenario), Ok(()));
}

#[test]
fn a_difference_is_shown_line_by_line() {
    let shown = outcome("$ printf 'a\\nb\\nc\\n'\na\nx\nc\n").unwrap_err();
    assert!(shown.ends_with("  $ printf 'a\\nb\\nc\\n'\n  a\n- x\n+ b\n  c\n"), "{shown}");
    assert!(outcome("$ echo a\n").unwrap_err().contains("+ a"));
    assert!(outcome("$ true\nb\n").unwrap_err().contains("- b"));
    assert!(outcome("$ exit 1\n").unwrap_err().contains("+ [exit 1]"));
}

#[test]
fn what_changes_between_runs_is_named() {
    let hex = "0123456789abcdef".repeat(4);
    let jws = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhZ2VudCJ9.c2lnbmF0dXJlLXBhcnQ";
    for (printed, expected) in [
        ("id 0191d3a4-7c1e-7abc-8def-0123456789ab.", "id [uuid]."),
        ("at 2026-11-24T09:00:00.123Z, 2026-11-24T09:00:00+01:00", "at [time], [time]"),
        (&format!("sha256:{hex} {hex}"), "sha256:[sha256] [sha256]"),
        (&format!("{hex}0"), &format!("{hex}0")),
        (&format!("x{hex}"), &format!("x{hex}")),
        (
            "http://127.0.0.1:40123/v1 localhost:1 [::1]:22",
            "http://127.0.0.1:[port]/v1 localhost:[port] [::1]:[port]",
        ),
        ("127.0.0.1: 127.0.0.1:x 10.0.0.1:80", "127.0.0.1: 127.0.0.1:x 10.0.0.1:80"),
        (&format!("token {jws}."), "token [token]."),
        ("eyJ.eyJ.x", "eyJ.eyJ.x"),
        ("2026-11-24 2026-11-24T09:00", "2026-11-24 2026-11-24T09:00"),
        ("caf\u{e9} 7", "caf\u{e9} 7"),
    ] {
        assert_eq!(redact::text(printed, Path::new("/nowhere")), [expected]);
    }
}

#[test]
fn numbers_match_where_the_scenario_says_so_and_survive_an_update() {
    assert_eq!(outcome("$ echo took 17 ms, 3 times\ntook [number] ms, [number] times\n"), Ok(()));
    assert!(outcome("$ echo took x ms\ntook [number] ms\n").is_err());
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("scenario.txt");
    fs::write(&file, "# kept\n$ echo new; echo took 17 ms\ntook [number] ms\n").expect("written");
    Scenario::new(dir.path()).update(&file).expect("updated");
    let updated = fs::read_to_string(&file).expect("a scenario");
    assert_eq!(updated, "# kept\n$ echo new; echo took 17 ms\nnew\ntook [number] ms\n");
    Scenario::new(dir.path()).check(&file).expect("an update passes");
}

#[test]
fn a_background_command_runs_until_it_is_stopped() {
    let scenario = "$ echo starting; echo ready; exec tail -f /dev/null &\nstarting\nready\n\
        $ echo meanwhile\nmeanwhile\n$ stop\n[killed]\n";
    assert_eq!(outcome(scenario), Ok(()));
    assert!(outcome("$ stop\n").unwrap_err().contains("nothing runs"));
    assert!(outcome("$ echo no &\n").unwrap_err().contains("ended before it was ready"));
}
