//! What is said of secrets: a real sealed store, entries as the log holds them, a clock that is
//! moved by hand. Texts are compared whole where they are what a person reads.

use std::fs;
use std::sync::Arc;

use ledger::{Entry, EntryKind};
use model::{Clock as _, SecretName, SecretVersion, Timestamp};
use secrets::{Listed, SealingKey, SecretStore, SecretValue};
use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::{Canary, ManualClock, assert_clean};
use zeroize::Zeroizing;

use super::next_step;
use super::report::{Declared, Report, Standing};
use super::uses::{LastUse, Uses};

const DAY_MS: i64 = 86_400_000;
const FIRST: &str = "01993a0e-0000-7000-8000-000000000001";
const SECOND: &str = "01993a0e-0000-7000-8000-000000000002";

/// A store in a folder of its own.
struct Stage {
    dir: TempDir,
    clock: ManualClock,
    store: SecretStore,
}

impl Stage {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = ManualClock::default();
        let store = open(&dir, &clock);
        Self { dir, clock, store }
    }

    fn put(&self, name: &str, value: &str) {
        let value = SecretValue::from_bytes(Zeroizing::new(value.as_bytes().to_vec())).unwrap();
        self.store.put(&name.parse().unwrap(), value).unwrap();
    }

    /// The report of `demo-key`, whose charter names version `active`, as a process that opens
    /// the store now gives it.
    fn report(&self, active: u32) -> Report {
        self.report_with(Some(declared(active)), Vec::new())
    }

    fn report_with(&self, declared: Option<Declared>, uses: Vec<LastUse>) -> Report {
        let name: SecretName = "demo-key".parse().unwrap();
        let all = open(&self.dir, &self.clock).list();
        let listed: Vec<&Listed> = all.iter().filter(|one| one.name == name).collect();
        Report::of(name, declared, &listed, uses, self.clock.now())
    }

    fn damage(&self, version: u32) {
        let path = self.dir.path().join(format!("secrets/demo-key/v{version}.sealed"));
        fs::write(path, "no sealed value").unwrap();
    }
}

fn open(dir: &TempDir, clock: &ManualClock) -> SecretStore {
    let key = SealingKey::read_or_make(&dir.path().join("sealing.key")).unwrap();
    SecretStore::open(dir.path().join("secrets"), key, "edge-1", Arc::new(clock.clone())).unwrap()
}

fn declared(active: u32) -> Declared {
    Declared {
        purpose: "Opens the demo model.".to_owned(),
        owner: "seat:platform-lead".to_owned(),
        holder: Some("bo".to_owned()),
        active: SecretVersion(active),
        max_age_days: 90,
    }
}

fn entry(index: u64, kind: EntryKind, id: &str, json: Value) -> Entry {
    let ts = Timestamp::from_millis(1_795_510_800_000).plus_millis(i64::try_from(index).unwrap());
    Entry { index, kind, id: Some(id.parse().unwrap()), epoch: 1, ts, json, published: false }
}

/// A decision of `agent`, of the minute `minute`, whose outcome is due.
fn decision(index: u64, id: &str, agent: &str, minute: u8) -> Entry {
    let digest = format!("sha256:{}", "0".repeat(64));
    let json = json!({
        "id": id,
        "received": format!("2026-11-24T09:{minute:02}:00.000Z"),
        "subject": {
            "agent": agent, "proof": "embedded_token", "trust_domain": "example.org",
            "credential": digest, "expires": "2026-11-24T10:00:00.000Z", "epoch": 1,
        },
        "verdict": { "allowed": true, "code": "permitted" },
        "charter": {
            "digest": digest, "change": FIRST, "control_index": 1, "genesis": true,
            "accountable": "seat:a", "secondary": ["seat:b", "seat:c", "seat:d"],
        },
        "outcome": "due",
    });
    entry(index, EntryKind::Decision, id, json)
}

/// An outcome with one attempt for each lease.
fn outcome(index: u64, id: &str, leases: &[Option<(&str, u32)>]) -> Entry {
    let attempts: Vec<Value> = leases
        .iter()
        .map(|lease| {
            let mut attempt = json!({ "provider": "demo", "upstream_model": "demo" });
            if let Some((name, version)) = lease {
                attempt["lease"] = json!({ "name": name, "version": version });
            }
            attempt
        })
        .collect();
    let json = json!({
        "ended": "complete", "attempts": attempts, "output_bytes": 1, "duration_ms": 1,
    });
    entry(index, EntryKind::Outcome, id, json)
}

fn folded(entries: &[Entry]) -> Uses {
    let mut uses = Uses::default();
    entries.iter().for_each(|entry| uses.take(entry).unwrap());
    uses
}

/// Agent, minute, version and count of each last use.
fn last(uses: &Uses, name: &str) -> Vec<(Option<String>, String, u32, u64)> {
    let shown = |one: LastUse| {
        let agent = one.agent.map(|agent| agent.to_string());
        (agent, one.at.to_string(), one.version.0, one.leases)
    };
    uses.of(&name.parse().unwrap()).into_iter().map(shown).collect()
}

#[test]
fn the_last_lease_of_each_agent_is_found_across_targets_and_versions() {
    let uses = folded(&[
        decision(0, FIRST, "early", 1),
        outcome(1, FIRST, &[Some(("demo-key", 1)), None, Some(("other-key", 7))]),
        decision(2, SECOND, "late", 2),
        outcome(3, SECOND, &[Some(("demo-key", 1)), Some(("demo-key", 2))]),
    ]);
    let at = |minute: u8| format!("2026-11-24T09:{minute:02}:00.000Z");
    let agent = |name: &str| Some(name.to_owned());
    assert_eq!(
        last(&uses, "demo-key"),
        [(agent("late"), at(2), 2, 2), (agent("early"), at(1), 1, 1)]
    );
    assert_eq!(last(&uses, "other-key"), [(agent("early"), at(1), 7, 1)]);
    assert!(last(&uses, "unused-key").is_empty());
    assert_eq!(uses.scanned(), 4);
}

#[test]
fn calls_that_overlap_count_as_they_came_and_not_as_they_ended() {
    let uses = folded(&[
        decision(0, FIRST, "demo-agent", 1),
        decision(1, SECOND, "demo-agent", 2),
        outcome(2, SECOND, &[Some(("demo-key", 2))]),
        outcome(3, FIRST, &[Some(("demo-key", 1))]),
    ]);
    let agent = Some("demo-agent".to_owned());
    let at = "2026-11-24T09:02:00.000Z".to_owned();
    assert_eq!(last(&uses, "demo-key"), [(agent, at, 2, 2)]);
}

#[test]
fn only_leases_count_and_an_outcome_without_its_decision_is_not_lost() {
    let mut refused = decision(0, FIRST, "demo-agent", 1);
    refused.json.as_object_mut().unwrap().remove("outcome");
    let uses = folded(&[
        refused,
        decision(1, SECOND, "demo-agent", 2),
        outcome(2, SECOND, &[None]),
        outcome(3, FIRST, &[Some(("demo-key", 1))]),
        Entry { id: None, ..entry(4, EntryKind::Heartbeat, FIRST, json!({})) },
    ]);
    assert_eq!(last(&uses, "demo-key"), [(None, "2026-11-24T09:00:00.003Z".to_owned(), 1, 1)]);
    assert_eq!(uses.scanned(), 5);
}

#[test]
fn an_entry_this_version_does_not_read_is_named() {
    let mut uses = Uses::default();
    let error = uses.take(&entry(7, EntryKind::Outcome, FIRST, json!({ "ended": "eaten" })));
    assert!(error.unwrap_err().to_string().contains("entry 7 is not an outcome"));
    let odd = json!({ "outcome": "due" });
    let error = uses.take(&entry(8, EntryKind::Decision, FIRST, odd));
    assert!(error.unwrap_err().to_string().contains("entry 8 is not a decision"));
}

#[test]
fn a_secret_in_rotation_shows_all_its_versions_and_who_used_it() {
    let stage = Stage::new();
    stage.put("demo-key", "the first value");
    stage.clock.advance_ms(DAY_MS);
    stage.put("demo-key", "the second value");
    stage.clock.advance_ms(2 * DAY_MS);
    stage.put("demo-key", "the third value");
    let uses = folded(&[
        decision(0, FIRST, "demo-agent", 1),
        outcome(1, FIRST, &[Some(("demo-key", 2))]),
        outcome(2, SECOND, &[Some(("demo-key", 1)), Some(("demo-key", 1))]),
    ]);
    let name = "demo-key".parse().unwrap();
    let report = stage.report_with(Some(declared(2)), uses.of(&name));
    assert_eq!(
        report.text(),
        "\
demo-key  v2 is lent, until 2027-02-23T09:00:00.000Z
  purpose    Opens the demo model.
  owner      seat:platform-lead (bo)
  max age    90 days; v2 is warned about from 2027-02-09T09:00:00.000Z
  versions   v1   retired  sealed 2026-11-24T09:00:00.000Z, 3 days old
             v2   active   sealed 2026-11-25T09:00:00.000Z, 2 days old
             v3   pending  sealed 2026-11-27T09:00:00.000Z, 0 days old
  last use   demo-agent  2026-11-24T09:01:00.000Z  v2  decision 01993a0e-0000-7000-8000-000000000001  (1 lease)
             an unknown agent  2026-11-24T09:00:00.002Z  v1  decision 01993a0e-0000-7000-8000-000000000002  (2 leases)
"
    );
    let json = report.json(3);
    assert_eq!(json["name"], "demo-key");
    assert_eq!((&json["standing"], &json["finding"]), (&"current".into(), &false.into()));
    assert_eq!((&json["active"], &json["answered_by"]), (&2.into(), &"bo".into()));
    assert_eq!(json["versions"][2]["state"], "pending");
    assert_eq!(json["versions"][0]["age_days"], 3);
    assert_eq!(json["last_use"][0]["agent"], "demo-agent");
    assert_eq!(json["last_use"][1]["agent"], Value::Null);
    assert_eq!(json["entries_scanned"], 3);
}

#[test]
fn age_is_warned_about_then_refused() {
    let stage = Stage::new();
    stage.put("demo-key", "the first value");
    let check = |standing: Standing, headline: &str| {
        let report = stage.report(1);
        assert_eq!(report.standing, standing);
        assert!(report.text().starts_with(&format!("demo-key  {headline}")), "{}", report.text());
        assert_eq!(report.json(0)["standing"], standing.as_str());
        assert_eq!(report.json(0)["finding"], standing.is_finding());
        report
    };
    check(Standing::Current, "v1 is lent, until 2027-02-22T09:00:00.000Z\n");
    stage.clock.advance_ms(76 * DAY_MS);
    check(Standing::Due, "DUE: v1 is lent until 2027-02-22T09:00:00.000Z; seal the next");
    stage.clock.advance_ms(14 * DAY_MS);
    check(Standing::Due, "DUE: v1 is lent until 2027-02-22T09:00:00.000Z");
    stage.clock.advance_ms(1);
    let report = check(
        Standing::Overdue,
        "OVERDUE: v1 was lent until 2027-02-22T09:00:00.000Z: calls are refused (secret_expired);",
    );
    assert_eq!(report.json(0)["refusal"], "secret_expired");
    assert_eq!(report.json(0)["versions"][0]["may_be_lent"], false);
}

#[test]
fn a_pending_version_may_grow_too_old_and_may_be_no_new_value() {
    let stage = Stage::new();
    for value in ["one value", "another value", "one value"] {
        stage.put("demo-key", value);
    }
    let text = stage.report(2).text();
    assert!(
        text.contains(
            "v3   pending  sealed 2026-11-24T09:00:00.000Z, 0 days old, the same value as v1\n"
        ),
        "{text}"
    );
    assert_eq!(text.matches("the same value").count(), 1, "{text}");
    stage.clock.advance_ms(91 * DAY_MS);
    stage.put("demo-key", "a value of today");
    stage.clock.advance_ms(DAY_MS);
    let text = stage.report(2).text();
    assert!(text.contains("92 days old, too old to be lent, the same value as v1\n"), "{text}");
    assert!(text.contains("v4   pending  sealed 2027-02-23T09:00:00.000Z, 1 day old\n"), "{text}");
    assert_eq!(text.matches("too old to be lent").count(), 1, "{text}");
}

#[test]
fn a_version_that_was_never_sealed_is_missing_and_the_next_number_is_told() {
    let stage = Stage::new();
    let report = stage.report(1);
    assert_eq!(report.standing, Standing::Missing { next: SecretVersion(1) });
    let text = report.text();
    assert!(text.starts_with("demo-key  MISSING: the charter names v1, which was never sealed: calls are refused (secret_missing); the next that `portreeve secret put demo-key` seals is v1\n"), "{text}");
    assert!(
        text.contains("  versions   none is sealed\n  last use   none is in the log\n"),
        "{text}"
    );
    assert!(text.contains("  max age    90 days\n"), "{text}");
    stage.put("demo-key", "the first value");
    let report = stage.report(5);
    assert_eq!(report.standing, Standing::Missing { next: SecretVersion(2) });
    assert!(report.text().contains("v1   retired"), "{}", report.text());
    assert_eq!(report.json(0)["refusal"], "secret_missing");
    assert_eq!(report.json(0)["ends"], Value::Null);
}

#[test]
fn a_damaged_version_names_its_file_and_the_others_are_still_told() {
    let stage = Stage::new();
    stage.put("demo-key", Canary::ProviderKey.value());
    stage.put("demo-key", "the second value");
    stage.damage(1);
    let report = stage.report(1);
    assert!(matches!(report.standing, Standing::Unreadable(_)) && report.standing.is_finding());
    let text = report.text();
    let name = "demo-key/v1.sealed is not a whole sealed secret (";
    assert!(text.starts_with("demo-key  UNREADABLE: v1 does not open"), "{text}");
    assert_eq!(text.matches(name).count(), 2, "{text}");
    assert!(text.contains("v2   pending  sealed 2026-11-24T09:00:00.000Z, 0 days old\n"), "{text}");
    assert!(report.json(0)["versions"][0]["problem"].as_str().unwrap().contains(name));
    assert_eq!(report.json(0)["versions"][0]["sealed"], Value::Null);
    // Where it is another than the active one, calls go on and nothing is found.
    let report = stage.report(2);
    assert_eq!(report.standing, Standing::Current);
    assert!(report.text().contains("v1   retired  does not open: "), "{}", report.text());
}

#[test]
fn a_clock_before_the_sealing_gives_no_negative_age() {
    let stage = Stage::new();
    stage.put("demo-key", "the first value");
    stage.clock.advance_ms(-DAY_MS);
    let report = stage.report(1);
    assert_eq!(report.standing, Standing::Current);
    assert!(report.text().contains(", 0 days old\n"), "{}", report.text());
    stage.clock.advance_ms(-1);
    let report = stage.report(1);
    assert_eq!(report.standing, Standing::Ahead);
    assert!(report.standing.is_finding());
    let text = report.text();
    assert!(text.starts_with("demo-key  AHEAD: v1 was sealed at a time"), "{text}");
    assert!(text.contains("cannot be told: calls are refused (secret_expired);"), "{text}");
    assert!(text.contains(", ahead of this machine's clock\n"), "{text}");
    assert_eq!(report.json(0)["versions"][0]["age_days"], Value::Null);
}

#[test]
fn what_is_sealed_and_declared_no_more_is_told_and_no_finding() {
    let stage = Stage::new();
    stage.put("demo-key", "the first value");
    stage.clock.advance_ms(5000 * DAY_MS);
    let report = stage.report_with(None, Vec::new());
    assert_eq!(report.standing, Standing::Undeclared);
    assert!(!report.standing.is_finding());
    assert_eq!(
        report.text(),
        "\
demo-key  UNDECLARED: the charter in force does not name it, so it is lent to nobody
  versions   v1   -        sealed 2026-11-24T09:00:00.000Z, 5000 days old
  last use   none is in the log
"
    );
    assert_eq!(report.json(0)["owner"], Value::Null);
    let unheld = Declared { holder: None, ..declared(1) };
    let text = stage.report_with(Some(unheld), Vec::new()).text();
    assert!(text.contains("seat:platform-lead (nobody)"), "{text}");
}

#[test]
fn no_report_shows_a_value() {
    let stage = Stage::new();
    for _ in 0..2 {
        stage.put("demo-key", Canary::ProviderKey.value());
    }
    for active in 1..=3 {
        let report = stage.report(active);
        let all = format!("{}{}{report:?}", report.text(), report.json(0));
        assert_clean(all.as_bytes(), "a report", &Canary::ALL);
    }
}

#[test]
fn the_next_step_names_the_line_the_file_and_the_command() {
    let step = |version, active| {
        let name = "demo-key".parse().unwrap();
        let charter = std::path::Path::new("portreeve-home/charter");
        next_step(&name, SecretVersion(version), SecretVersion(active), charter)
    };
    assert_eq!(step(1, 1), None);
    let pending = "\
It is not lent yet: the charter in force names v1. To activate v2, write
  `active: 2` instead of `active: 1` in portreeve-home/charter/secrets/demo-key.yaml, then run
  portreeve change propose portreeve-home/charter --apply";
    assert_eq!(step(2, 1).as_deref(), Some(pending));
    assert!(step(1, 5).unwrap().starts_with("It is not lent and never will be by itself: the charter in force names v5. To activate v1, write\n"));
}
