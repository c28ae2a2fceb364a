//! Pages run as a reader would type them, with a stand-in for the product.

use super::super::parse;
use super::*;

/// Prints its arguments; `up` says where it listens and serves until it is asked to stop.
const STAND_IN: &str = r#"#!/bin/sh
case "$1" in
up) trap 'exit 0' TERM; echo "agents: http://$3"; while read line; do :; done ;;
fail) echo "refused $*" >&2; exit "$2" ;;
*) echo "$* in $PWD" ;;
esac
"#;

fn check(page: &str, passed: u64, failed: u64) {
    let folder = TempDir::new().expect("a temporary folder");
    let binary = folder.path().join("stand-in");
    fs::write(&binary, STAND_IN).expect("written");
    fs::set_permissions(&binary, fs::Permissions::from_mode(0o755)).expect("marked");
    let blocks = parse(&page.replace("~~~", "```")).expect("the page is well formed");
    let page = Page { path: "page.md", blocks: &blocks, binary: &binary, python: folder.path() };
    assert_eq!(page.run().expect("it runs"), Count { passed, failed });
}

#[test]
fn blocks_share_one_shell_and_start_in_an_empty_home() {
    check(
        "~~~sh\ntest -z \"$(ls -A)\"\nA=1; mkdir b; cd b\n~~~\n~~~sh\ntest $A = 1\nportreeve x\n~~~\n~~~text\nx in ~/b\n~~~\n",
        2,
        0,
    );
}

#[test]
fn nothing_after_a_failing_block_is_run() {
    check("~~~sh\nfalse\ntrue\n~~~\n~~~sh\ntrue\n~~~\n", 0, 1);
    check("~~~sh\necho a\n~~~\n~~~text\nb\n~~~\n~~~sh\ntrue\n~~~\n", 0, 1);
    check("~~~sh\nexit 3\n~~~\n~~~sh\ntrue\n~~~\n", 0, 1);
}

#[test]
fn an_exit_code_is_demanded_exactly() {
    let page =
        "~~~sh exit=4\nportreeve fail 4\n~~~\n~~~text\nrefused fail 4\n~~~\n~~~sh\ntrue\n~~~\n";
    check(page, 2, 0);
    check("~~~sh exit=4\nportreeve fail 3\n~~~\n", 0, 1);
    check("~~~sh exit=4\ntrue\n~~~\n", 0, 1);
}

#[test]
fn a_server_runs_until_the_end_of_the_page_on_an_address_of_this_run() {
    let page = "~~~sh background\nportreeve up\n~~~\n~~~text\nagents: http://127.0.0.1:8484\n~~~\n\
                ~~~sh\necho http://127.0.0.1:8484 >url\n~~~\n~~~sh exit=1\ngrep -q 8484 url\n~~~\n";
    check(page, 3, 0);
}

#[test]
fn a_page_that_builds_finds_what_it_would_have_built() {
    check(
        "~~~sh background\ncargo run --release -- up\n~~~\n~~~sh\ntarget/release/portreeve x\n~~~\n~~~text\nx in ~\n~~~\n",
        2,
        0,
    );
    check("~~~sh exit=2\ncargo build\n~~~\n", 1, 0);
}

#[test]
fn a_server_that_does_not_start_fails_its_block() {
    check("~~~sh background\nportreeve fail 3\n~~~\n~~~sh\ntrue\n~~~\n", 0, 1);
}

#[test]
fn a_skipped_block_counts_as_nothing() {
    check("~~~sh skip=\"it builds for minutes\"\nfalse\n~~~\n~~~sh\ntrue\n~~~\n", 1, 0);
}
