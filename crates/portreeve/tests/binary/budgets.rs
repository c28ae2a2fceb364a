//! Budgets across the process's life: what was counted is found again whatever became of the
//! snapshot, and the chargeback adds up to the log. Power cuts have their own tests, in `soak`.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use ledger::{Entry, EntryKind};
use serde_json::Value;
use testkit::{FakeProvider, Script};

use crate::common::{Home, Server, copy_dir};

const SNAPSHOT: &str = "quota/counters.json";

fn quota(requests: u64) -> String {
    format!(
        "name: demo-month\npurpose: What the demo agent may use.\nfor: {{agent: demo-agent}}\n\
         limits:\n  - {{what: requests, per: month, at_most: {requests}}}\n  \
         - {{what: tokens, per: month, at_most: 100000000}}\n"
    )
}

/// A home whose demo agent may make so many calls in a month.
fn budgeted(requests: u64) -> (Home, Server) {
    let home = Home::new();
    let server = home.up();
    home.write("quotas/demo-month.yaml", &quota(requests));
    home.apply();
    (home, server)
}

/// What is used and held of the budget's requests and of its tokens, and what was told.
#[track_caller]
fn counted(home: &Home) -> ([u64; 2], String) {
    let run = home.run(&["budgets", "demo-month", "--json"]);
    let budgets: Value = serde_json::from_str(&run.out).unwrap_or_else(|_| panic!("{run:?}"));
    let of = |index: usize| {
        let counter = &budgets[0]["counters"][index];
        let at_most = counter["at_most"].as_u64().unwrap();
        let sum = counter["used"].as_u64().unwrap() + counter["held"].as_u64().unwrap();
        assert!(sum <= at_most, "{counter}");
        assert_eq!(counter["remaining"].as_u64().unwrap(), at_most - sum, "{counter}");
        sum
    };
    ([of(0), of(1)], run.err)
}

/// The same as the log tells it, added up without the program's help.
fn logged(entries: &[Entry]) -> [u64; 2] {
    let mut sums = [0, 0];
    let outcomes: BTreeMap<String, &Entry> = entries
        .iter()
        .filter(|entry| entry.kind == EntryKind::Outcome)
        .map(|entry| (entry.id.unwrap().to_string(), entry))
        .collect();
    for entry in entries.iter().filter(|entry| entry.kind == EntryKind::Decision) {
        let Some(holds) = entry.json["holds"].as_array() else { continue };
        let outcome = outcomes.get(&entry.id.unwrap().to_string()).map(|entry| &entry.json);
        for hold in holds {
            let held = hold["amount"].as_u64().unwrap();
            let measure = hold["counter"]["measure"].as_str().unwrap();
            let charged = outcome.and_then(|outcome| {
                let nothing = (outcome["ended"] == "not_forwarded").then_some(0);
                outcome["charged"][measure].as_u64().or(nothing)
            });
            sums[usize::from(measure == "tokens")] += charged.unwrap_or(held);
        }
    }
    sums
}

#[test]
fn what_was_counted_is_found_again_whatever_became_of_the_snapshot() {
    let (home, server) = budgeted(50);
    let token = home.token("demo-agent");
    assert_eq!(server.call(&token).status, 200);
    server.stop();
    let older = fs::read(home.path(SNAPSHOT)).unwrap();
    let server = home.up();
    for _ in 0..3 {
        assert_eq!(server.call(&token).status, 200);
    }
    server.stop();
    let file = home.path(SNAPSHOT);
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let good = fs::read(&file).unwrap();
    let expected = logged(&home.entries("decisions"));
    assert_eq!(expected[0], 4);
    assert_eq!(counted(&home), (expected, String::new()));

    fs::write(&file, &older).unwrap();
    assert_eq!(counted(&home), (expected, String::new()), "older than the log");
    for at in (0..good.len()).step_by(64) {
        let mut damaged = good.clone();
        damaged[at] ^= 1;
        check_unusable(&home, &damaged, expected);
    }
    let text = String::from_utf8(good.clone()).unwrap();
    check_unusable(&home, b"", expected);
    check_unusable(&home, &good[..good.len() / 2], expected);
    for other in ["1", "3"] {
        let version = format!("\"version\":{other}");
        check_unusable(&home, text.replace("\"version\":2", &version).as_bytes(), expected);
    }
    check_unusable(&home, &forged(&good), expected);
    let (other, server) = budgeted(50);
    assert_eq!(server.call(&other.token("demo-agent")).status, 200);
    server.stop();
    check_unusable(&home, &fs::read(other.path(SNAPSHOT)).unwrap(), expected);

    // Without the key nothing is proved.
    fs::write(&file, &good).unwrap();
    fs::rename(home.path("keys/facts.key"), home.path("keys/aside")).unwrap();
    let (found, told) = counted(&home);
    assert_eq!(found, expected, "{told}");
    assert!(told.contains("keys/facts.key is missing"), "{told}");
    fs::rename(home.path("keys/aside"), home.path("keys/facts.key")).unwrap();
    assert_eq!(counted(&home), (expected, String::new()));

    fs::remove_file(&file).unwrap();
    std::os::unix::fs::symlink("/dev/zero", &file).unwrap();
    let (found, told) = counted(&home);
    assert_eq!(found, expected, "{told}");
    assert!(told.contains("not a regular file"), "{told}");

    fs::remove_file(&file).unwrap();
    let server = home.up();
    server.wait_says("is not there");
    assert_eq!(counted(&home).0, expected, "the process that serves counted the same");
    server.stop();
    assert_eq!(counted(&home), (expected, String::new()), "and left a good one");
}

/// The snapshot with nothing used any more, and a digest of that for a code: what somebody can make
/// who writes into the folder and has no key.
fn forged(good: &[u8]) -> Vec<u8> {
    let mut document: Value = serde_json::from_slice(good).unwrap();
    for window in document["content"]["windows"].as_array_mut().unwrap() {
        window["counters"] = Value::Array(Vec::new());
    }
    let content = document["content"].to_string();
    document["code"] = Value::from(model::Digest::of(content.as_bytes()).hex());
    document.to_string().into_bytes()
}

/// The bytes are no snapshot of this log: that is told, and the whole log is counted.
#[track_caller]
fn check_unusable(home: &Home, bytes: &[u8], expected: [u64; 2]) {
    fs::write(home.path(SNAPSHOT), bytes).unwrap();
    let (found, told) = counted(home);
    assert_eq!(found, expected, "{told}");
    assert!(told.contains("is not used"), "{told}");
}

#[test]
fn a_snapshot_that_is_ahead_of_its_log_is_not_used() {
    let (home, server) = budgeted(50);
    let token = home.token("demo-agent");
    assert_eq!(server.call(&token).status, 200);
    server.stop();
    let early = home.folder().join("early");
    copy_dir(&home.path("logs/decisions"), &early);
    let before = counted(&home).0;
    let server = home.up();
    assert_eq!(server.call(&token).status, 200);
    server.stop();
    fs::remove_dir_all(home.path("logs/decisions")).unwrap();
    copy_dir(&early, &home.path("logs/decisions"));
    let (found, told) = counted(&home);
    assert_eq!(found, before);
    assert!(told.contains("goes up to entry"), "{told}");
}

#[test]
fn a_snapshot_that_cannot_be_written_stops_nothing() {
    for hindered in [SNAPSHOT, "quota"] {
        let (home, server) = budgeted(50);
        let token = home.token("demo-agent");
        // The first cannot be replaced, in the second nothing can be made.
        if hindered == SNAPSHOT {
            fs::create_dir_all(home.path(SNAPSHOT).join("in-the-way")).unwrap();
        } else {
            fs::write(home.path(hindered), b"no folder").unwrap();
        }
        assert_eq!(server.call(&token).status, 200);
        let told = server.stop();
        assert!(told.contains("the snapshot of the budgets' counters cannot be written"), "{told}");
        let server = home.up();
        let before = counted(&home).0;
        assert_eq!(before, logged(&home.entries("decisions")), "as the process that serves counts");
        assert_eq!(server.call(&token).status, 200);
        // An outcome comes after its answer; a process that stopped has written it.
        server.stop();
        let after = counted(&home).0;
        assert_eq!(after, logged(&home.entries("decisions")));
        assert_eq!([before[0], after[0]], [1, 2]);
    }
}

#[test]
fn the_chargeback_adds_up_to_the_log() {
    let (home, server) = budgeted(50);
    let provider = FakeProvider::start();
    home.use_provider(&provider);
    home.replace(
        "models/local.yaml",
        "upstream_model: my-model",
        "upstream_model: my-model\n    price: {input: 3, output: 15, since: 2026-01-01}",
    );
    home.replace("people.yaml", "  risk-lead:\n", "  risk-lead:\n    cost_center: CC-4711\n");
    home.apply();
    let token = home.token("demo-agent");
    assert_eq!(server.call(&token).status, 200);
    assert_eq!(server.call_model(&token, "local-model").status, 200);
    provider.always(Script::NoUsage);
    assert_eq!(server.call_model(&token, "local-model").status, 200);
    assert_eq!(server.call_model(&token, "no-such-model").status, 404);
    server.stop();

    let entries = home.entries("decisions");
    let outcomes = || entries.iter().filter(|entry| entry.kind == EntryKind::Outcome);
    let sum = |pointer: &str| -> u64 {
        outcomes().filter_map(|entry| entry.json.pointer(pointer)?.as_u64()).sum()
    };
    let cost = sum("/cost_nano_usd");
    assert!(cost > 0);
    for by in ["owner", "agent", "model"] {
        let report = home.run(&["usage", "--by", by, "--format", "json"]).json();
        let total = &report["total"];
        assert_eq!(total["requests"], 3);
        assert_eq!(total["cost_nano_usd"], cost);
        assert_eq!(total["input_tokens"], sum("/usage/input_tokens"));
        assert_eq!(total["output_tokens"], sum("/usage/output_tokens"));
        assert_eq!(total["charged_requests"], sum("/charged/requests"));
        assert_eq!(total["charged_tokens"], sum("/charged/tokens"));
        assert_eq!(report["unallocated"]["requests"], 0);
        assert_eq!(report["unallocated"]["cost_nano_usd"], 0);

        let csv = home.run(&["usage", "--by", by]);
        let written = format!("{}.{:09}", cost / 1_000_000_000, cost % 1_000_000_000);
        let last = csv.ok().lines().last().unwrap();
        assert!(last.starts_with("(total),") && last.contains(&written), "{}", csv.out);
        assert!(csv.out.contains("\n(unallocated),,0,0,0,0,0,0.000000000,0.000000000,0\n"));
        let focus = home.run(&["usage", "--by", by, "--format", "focus"]);
        let rows = focus.ok().lines().skip(1);
        let billed: u64 = rows
            .map(|row| row.split(',').next().unwrap().replace('.', ""))
            .map(|digits| digits.parse::<u64>().unwrap())
            .sum();
        assert_eq!(billed, cost, "{}", focus.out);
        assert!(focus.out.contains("CC-4711"), "{}", focus.out);
    }
    // What nobody chose: a row for each agent.
    for format in ["csv", "json", "focus"] {
        let by_agent = home.run(&["usage", "--by", "agent", "--format", format]);
        assert_eq!(home.run(&["usage", "--format", format]).ok(), by_agent.ok());
    }
    let none = home.run(&["usage", "--by", "agent", "--until", "2026-01-01", "--format", "json"]);
    assert_eq!(none.json()["total"]["requests"], 0);
    home.run(&["usage", "--by", "agent", "--since", "1d", "--until", "2d"]).fails(2);
    home.run(&["usage", "--by", "agent", "--since", "soon"]).fails(2);
}

#[test]
fn what_is_used_up_is_a_finding_and_an_unknown_budget_is_refused() {
    let (home, server) = budgeted(1);
    let token = home.token("demo-agent");
    assert_eq!(home.run(&["budgets"]).code, Some(0));
    assert_eq!(server.call(&token).status, 200);
    assert_eq!(server.call(&token).status, 429);
    for _ in 0..2 {
        let run = home.run(&["budgets"]);
        assert_eq!(run.code, Some(1), "{run:?}");
        assert!(run.out.contains("USED UP") && run.out.contains("seat:risk-lead (founder)"));
        for line in run.out.lines() {
            assert!(line.chars().count() <= 100, "{line}");
        }
    }
    home.run(&["budgets", "no-such-budget"]).fails(1);
    server.stop();
    let run = home.run(&["budgets"]);
    assert_eq!(run.code, Some(1), "the same where nothing serves: {run:?}");
}
