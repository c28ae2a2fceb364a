//! What entries must be by themselves and after each other: signed nonsense is still nonsense.

use super::published::{Published, decision, line, ordinary};
use super::sentence;

/// Publishes and signs these entries, and returns what is said of the last of them.
fn refused(entries: &[String]) -> String {
    let found = sentence(&Published::of(entries).check(&[]));
    let last = entries.len() - 1;
    let start = format!("entry {last} (number {last} of bundle tile/entries/000.p/{}) ", last + 1);
    found.strip_prefix(&start).unwrap_or_else(|| panic!("{found}")).to_owned()
}

/// What is said of this entry after an ordinary beginning of three.
fn after_three(entry: &str) -> String {
    refused(&[ordinary(3), vec![entry.to_owned()]].concat())
}

#[test]
fn an_entry_is_one_canonical_json_object() {
    let canonical = "is not canonical JSON (sorted keys, no white space, whole numbers)";
    assert_eq!(after_three(""), "is not JSON");
    assert_eq!(after_three("{"), "is not JSON");
    assert_eq!(after_three("[]"), "is not a JSON object");
    assert_eq!(after_three("null"), "is not a JSON object");
    let good = line("heartbeat", 3, "", "");
    assert_eq!(after_three(&good.replace(",", ", ")), canonical);
    assert_eq!(after_three(&format!("{good}\n")), canonical);
    assert_eq!(after_three(&good.replace("\"seq\":3", "\"seq\":3,\"seq\":3")), canonical);
    assert_eq!(after_three(&good.replace("\"seq\":3", "\"seq\":3.0")), canonical);
    assert_eq!(after_three(&good.replace("\"v\":1", "\"v\":1,\"a\":1")), canonical);
    assert_eq!(after_three(&good.replace("heartbeat", "heart\\u0062eat")), canonical);
    let deep = format!("{}{}", "[".repeat(4000), "]".repeat(4000));
    assert_eq!(after_three(&good.replace("\"v\":1", &format!("\"v\":{deep}"))), "is not JSON");
}

/// `spec/vectors/ledger/entries.json`, written by `generate.py` there.
#[test]
fn the_vectors_of_the_specification_are_taken_and_refused() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../spec/vectors/ledger/entries.json");
    let vectors = std::fs::read(path).unwrap();
    let vectors: serde_json::Value = serde_json::from_slice(&vectors).unwrap();
    let list = |name: &str| vectors[name].as_array().unwrap().clone();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let log: Vec<String> = list("log").iter().map(|each| text(&each["entry"])).collect();
    let published = Published::of(&log);
    assert_eq!(published.check(&[]).code, 0);
    // Ed25519 is deterministic: the same key over the same tree makes the same note.
    assert_eq!(published.read("checkpoint"), text(&vectors["checkpoint"]).as_bytes());
    for case in list("refused") {
        let entries = [ordinary(3), vec![text(&case["entry"])]].concat();
        // Types to come and ids are counted and shown, never judged.
        let judged = !matches!(case["for"].as_str(), Some("type" | "id"));
        let code = Published::of(&entries).check(&[]).code;
        assert_eq!(code != 0, judged, "{}", case["case"]);
    }
}

#[test]
fn every_entry_has_its_head() {
    let good = line("heartbeat", 3, "", "");
    for (from, to, says) in [
        ("\"v\":1", "\"v\":2", "is of version 2, which this program does not know"),
        ("\"v\":1", "\"v\":\"1\"", "has no `v` that is a whole number"),
        ("\"seq\":3", "\"seq\":-3", "has no `seq` that is a whole number"),
        ("\"epoch\":1", "\"e\":1", "has no `epoch` that is a whole number"),
        ("\"type\":\"heartbeat\"", "\"type\":1", "has no `type` that is text"),
        ("\"seq\":3", "\"seq\":4", "says that it is number 4"),
        ("\"seq\":3", "\"seq\":2", "says that it is number 2"),
    ] {
        assert_eq!(after_three(&good.replace(from, to)), says, "{to}");
    }
    let bad_time = after_three(&good.replace("2026-11-24T", "2026-13-24T"));
    assert!(bad_time.starts_with("has a bad `ts`: "), "{bad_time}");
}

#[test]
fn epochs_ascend_and_name_what_came_before() {
    let start = |epoch: u64, previous: &str| {
        let text = line("epoch_start", 3, "", &format!("\"previous\":{previous}"));
        text.replace("\"epoch\":1,\"prev", &format!("\"epoch\":{epoch},\"prev"))
    };
    let named = r#"{"clean":false,"epoch":1,"last_seq":2}"#;
    let good = [ordinary(3), vec![start(2, named)]].concat();
    let report = Published::of(&good).check(&[]);
    assert!(report.out.contains("epochs     2, 1 of them not ended in good order\n"), "{report:?}");

    assert_eq!(after_three(&start(1, named)), "starts epoch 1 after epoch 1");
    assert_eq!(after_three(&start(3, named)), "starts epoch 3 after epoch 1");
    assert_eq!(after_three(&start(0, named)), "starts epoch 0 after epoch 1");
    let is = "as what stands before it, but that is number 2 of epoch 1";
    assert_eq!(after_three(&start(2, "null")), format!("names nothing {is}"));
    let other = named.replace("2}", "1}");
    assert_eq!(after_three(&start(2, &other)), format!("names number 1 of epoch 1 {is}"));
    let first = ordinary(1)[0].replace("null", named);
    assert_eq!(
        refused(&[first]),
        "names number 2 of epoch 1 as what stands before it, but that is nothing"
    );
    assert_eq!(refused(&[line("heartbeat", 0, "", "")]), "stands before the first epoch_start");
    let elsewhere = line("heartbeat", 3, "", "").replace("\"epoch\":1", "\"epoch\":2");
    assert_eq!(after_three(&elsewhere), "is of epoch 2, within epoch 1");
    let stopped = [ordinary(3), vec![line("epoch_stop", 3, "", "")]].concat();
    assert!(Published::of(&stopped).check(&[]).out.contains("epochs     1, 0 of them"));
    let after = [stopped, vec![line("heartbeat", 4, "", "")]].concat();
    assert_eq!(refused(&after), "follows the epoch_stop of epoch 1");
}

#[test]
fn the_clock_may_be_corrected_but_not_turned_back() {
    let at = |time: &str| line("heartbeat", 3, "", "").replace("09:00:00.003", time);
    let back = [ordinary(3), vec![at("08:59:50.002")]].concat();
    assert_eq!(Published::of(&back).check(&[]).code, 0, "ten seconds are allowed");
    assert_eq!(
        after_three(&at("08:59:50.001")),
        "is dated 2026-11-24T08:59:50.001Z, 10 s before an entry that stands before it (10 s are \
         allowed)"
    );
    // Small steps do not add up: the latest time so far counts.
    let again = line("heartbeat", 4, "", "").replace("09:00:00.004", "08:59:45.000");
    let found = refused(&[back, vec![again]].concat());
    assert!(found.starts_with("is dated 2026-11-24T08:59:45.000Z, 15 s before"), "{found}");
}

#[test]
fn decisions_and_outcomes_are_paired_and_counted() {
    let mut entries = ordinary(5);
    entries.push(line("decision", 5, "", r#""id":"refused","outcome":"none""#));
    entries.push(line("decision", 6, "", &decision(6)));
    entries.push(line("outcome", 7, r#""decision":1"#, ""));
    entries.push(line("novelty", 8, "", ""));
    let log = Published::of(&entries);
    let report = log.check(&[]);
    assert_eq!(report.code, 0, "unpaired entries are reported, not refused: {report:?}");
    for line in [
        "types      decision 4, epoch_start 1, novelty 1, outcome 3\n",
        "outcomes   2 of 3 due; 1 decisions have none, 1 stray\n",
        "           no outcome: decision id-6, entry 6\n",
    ] {
        assert!(report.out.contains(line), "{line}{}", report.out);
    }
    let json: serde_json::Value = serde_json::from_str(&log.check(&["--json"]).out).unwrap();
    assert_eq!(json["ok"], true);
    assert_eq!(json["outcomes"], serde_json::json!({"due":3,"ended":2,"open":1,"stray":1}));
    assert_eq!(json["open"], serde_json::json!([{"id":"id-6","index":6}]));
    assert_eq!(json["types"]["novelty"], 1);
}

#[test]
fn nothing_in_an_entry_reaches_the_terminal_raw() {
    let mut entries = ordinary(1);
    entries.push(line("\\u001b[31m", 1, "", ""));
    let report = Published::of(&entries).check(&[]);
    assert_eq!(report.code, 0, "{report:?}");
    assert!(!report.out.contains('\u{1b}') && report.out.contains("\\u{1b}[31m 1"));
}
