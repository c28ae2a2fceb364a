//! What the outside holds against the logs, and what the logs themselves must add up to.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::path::PathBuf;

use ledger::read::Reader;
use ledger::{Entry, EntryKind};
use serde_json::Value;
use testkit::FakeProvider;
use tlog::{LogVerifier, Receipt};

use crate::common::{Home, Server};

use super::load::Promised;

/// What was promised so far, and what the logs were found to say.
pub(super) struct Books<'h> {
    home: &'h Home,
    verifier: LogVerifier,
    /// Receipts by the index they promise; those below `checked` were found to be kept.
    receipts: BTreeMap<u64, Receipt>,
    /// Decisions that an answer named and that were not found yet.
    named: BTreeSet<String>,
    changes: BTreeSet<String>,
    sealed: BTreeSet<u64>,
    statuses: BTreeMap<u16, u64>,
    /// Entries of the decision log that were looked at: none of them may ever be another.
    checked: u64,
    fold: Fold,
    told: BTreeSet<String>,
    /// Checkpoints of both logs that were seen, as files that an auditor keeps.
    kept: BTreeMap<&'static str, Vec<PathBuf>>,
}

/// The decision log, folded without the program's help.
#[derive(Default)]
struct Fold {
    /// Decisions whose outcome is due, by index: the id, and what is held.
    open: BTreeMap<u64, (String, [u64; 2])>,
    /// Requests and tokens that settled calls were charged.
    charged: [u64; 2],
    decisions: u64,
    outcomes: u64,
    /// Decisions that a cut took.
    interrupted: BTreeSet<String>,
    /// Calls that may have reached the provider, and those whose answer came whole.
    to_provider: [u64; 2],
    /// Permitted for the provider, still open.
    sent: BTreeSet<u64>,
}

impl<'h> Books<'h> {
    pub(super) fn open(home: &'h Home) -> Self {
        let verifier = Reader::open_own(&home.path("logs/decisions")).unwrap().verifier().clone();
        Self {
            home,
            verifier,
            receipts: BTreeMap::new(),
            named: BTreeSet::new(),
            changes: BTreeSet::new(),
            sealed: BTreeSet::new(),
            statuses: BTreeMap::new(),
            checked: 0,
            fold: Fold::default(),
            told: BTreeSet::new(),
            kept: BTreeMap::new(),
        }
    }

    /// Receipts that the outside holds.
    pub(super) fn receipts(&self) -> usize {
        self.receipts.len()
    }

    /// Keeps what a round promised. A number is promised once.
    pub(super) fn promise(&mut self, promised: Promised, round: u64) {
        for receipt in promised.receipts {
            receipt.verify(&self.verifier).unwrap();
            assert!(receipt.index >= self.checked, "round {round}: {} was taken", receipt.index);
            let earlier = self.receipts.insert(receipt.index, receipt);
            assert!(earlier.is_none(), "round {round}: one number, two promises: {earlier:?}");
        }
        self.named.extend(promised.decisions);
        self.changes.extend(promised.changes);
        self.sealed.extend(promised.sealed);
        for status in promised.statuses {
            *self.statuses.entry(status).or_default() += 1;
        }
    }

    /// Takes what a start said of decisions that the cut before it took.
    pub(super) fn told(&mut self, said: &str) {
        let lines = said.lines().filter(|line| line.contains("its outcome was lost"));
        self.told.extend(lines.map(|line| line.split_whitespace().nth(1).unwrap().to_owned()));
    }

    /// Everything, of a process that has just begun to serve and whom nobody has called yet.
    /// `untouched` says that no start before it was cut: then all that was lost was told.
    pub(super) fn check(&mut self, server: &Server, untouched: bool, round: u64) {
        self.told(&server.said());
        self.read_on(round);
        let open: Vec<_> = self.fold.open.values().map(|(id, _)| id).collect();
        assert!(open.is_empty(), "round {round}: settled by the start, all but {open:?}");
        assert!(self.told.is_subset(&self.fold.interrupted), "round {round}");
        if untouched {
            let silent: Vec<_> = self.fold.interrupted.difference(&self.told).collect();
            assert!(silent.is_empty(), "round {round}: lost and not told: {silent:?}");
        }
        // What a cut start may have told to nobody is not asked for again.
        self.told.clone_from(&self.fold.interrupted);
        self.check_budget(round);
        self.check_acts(round);
        self.verify(round);
    }

    /// Reads what came since the last time; every promise about it must be kept.
    fn read_on(&mut self, round: u64) {
        let reader = Reader::open_own(&self.home.path("logs/decisions")).unwrap();
        for entry in reader.entries(self.checked).unwrap() {
            let entry = entry.unwrap();
            assert_eq!(entry.index, self.checked, "round {round}: the numbers are dense");
            if let Some(receipt) = self.receipts.get(&entry.index) {
                assert_eq!(leaf(&entry), receipt.leaf, "round {round}: entry {}", entry.index);
                assert_eq!(entry.kind, EntryKind::Decision);
            }
            if let Some(id) = entry.id {
                self.named.remove(&id.to_string());
            }
            self.fold.take(&entry);
            self.checked += 1;
        }
        assert_eq!(self.named, BTreeSet::new(), "round {round}: answered and not in the log");
        let beyond = self.receipts.range(self.checked..).next();
        assert!(beyond.is_none(), "round {round}: promised and not in the log: {beyond:?}");
    }

    /// What is used and held is what the log adds up to, and no more than is allowed.
    fn check_budget(&self, round: u64) {
        let run = self.home.run(&["budgets", "demo-month", "--json"]);
        let budgets: Value = serde_json::from_str(&run.out).unwrap_or_else(|_| panic!("{run:?}"));
        let of = |index: usize| {
            let counter = &budgets[0]["counters"][index];
            let number = |name: &str| counter[name].as_u64().unwrap();
            let sum = number("used") + number("held");
            assert!(sum <= number("at_most"), "round {round}: {counter}");
            sum
        };
        assert_eq!([of(0), of(1)], self.fold.charged, "round {round}: {}", run.err);
    }

    /// Every act that was answered is in the control log.
    fn check_acts(&self, round: u64) {
        let control = Reader::open_own(&self.home.path("logs/control")).unwrap();
        let (mut changes, mut sealed) = (self.changes.clone(), self.sealed.clone());
        for entry in control.entries(0).unwrap() {
            let text = entry.unwrap().json.to_string();
            changes.retain(|change| !text.contains(change.as_str()));
            sealed.retain(|version| !text.contains(&format!("\"version\":{version}")));
        }
        assert_eq!(changes, BTreeSet::new(), "round {round}: applied and not in the log");
        assert_eq!(sealed, BTreeSet::new(), "round {round}: sealed and not in the log");
    }

    /// Both verifiers, each log against every checkpoint that was ever seen of it.
    fn verify(&mut self, round: u64) {
        let verified = self.home.run(&["ledger", "verify"]);
        assert_eq!(verified.code, Some(0), "round {round}: {}", verified.all());
        for log in ["decisions", "control"] {
            let dir = self.home.path("logs").join(log);
            let kept = self.kept.entry(log).or_default();
            let mut arguments = vec!["log".to_owned(), dir.display().to_string()];
            let vkey = dir.join("vkey").display().to_string();
            arguments.extend(["--vkey".to_owned(), vkey]);
            for seen in kept.iter() {
                arguments.extend(["--seen".to_owned(), seen.display().to_string()]);
            }
            let answer = portreeve_verify::run(&arguments);
            assert_eq!(answer.code, 0, "round {round}: {log}: {}{}", answer.out, answer.err);
            let place = self.home.folder().join(format!("{log}-{round}.checkpoint"));
            fs::copy(dir.join("checkpoint"), &place).unwrap();
            kept.push(place);
        }
    }

    /// The last look, with nothing serving: every receipt again, against every entry.
    pub(super) fn close(&mut self, provider: &FakeProvider) {
        self.read_on(u64::MAX);
        let reader = Reader::open_own(&self.home.path("logs/decisions")).unwrap();
        let mut receipts = self.receipts.clone();
        for entry in reader.entries(0).unwrap().shown() {
            let entry = entry.unwrap();
            if let Some(receipt) = receipts.remove(&entry.index) {
                assert_eq!(leaf(&entry), receipt.leaf, "entry {}", entry.index);
            }
        }
        assert!(receipts.is_empty(), "{receipts:?}");
        let served = self.statuses.get(&200).copied().unwrap_or_default();
        assert_eq!(served, self.receipts.len() as u64);
        // What reached the provider was recorded before, and what it answered whole reached it.
        let [may, whole] = self.fold.to_provider;
        let seen = provider.seen().len() as u64;
        assert!((whole..=may).contains(&seen), "{whole} <= {seen} <= {may}");
        let listed = self.home.run(&["secret", "list", "--json"]).json();
        let is_it = |one: &&Value| one["name"] == "local-key";
        let key = listed.as_array().unwrap().iter().find(is_it).unwrap();
        for version in &self.sealed {
            let versions = key["versions"].as_array().unwrap();
            assert!(versions.iter().any(|one| one == version), "{version} of {key}");
        }
    }
}

impl fmt::Display for Books<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let answers: u64 = self.statuses.values().sum();
        let each = self.statuses.iter().map(|(status, count)| format!("{count} x {status}"));
        writeln!(out, "  answers        {answers}: {}", each.collect::<Vec<_>>().join(", "))?;
        writeln!(out, "  receipts       {}, each in the log as promised", self.receipts.len())?;
        writeln!(
            out,
            "  acts           {} changes applied, {} secrets sealed",
            self.changes.len(),
            self.sealed.len()
        )?;
        write!(
            out,
            "  decision log   {} entries: {} decisions, {} outcomes, {} of them lost and told",
            self.checked,
            self.fold.decisions,
            self.fold.outcomes,
            self.fold.interrupted.len()
        )
    }
}

impl Fold {
    fn take(&mut self, entry: &Entry) {
        if entry.kind == EntryKind::Decision {
            self.decisions += 1;
            if entry.outcome_due() {
                self.begin(entry);
            }
        } else if entry.kind == EntryKind::Outcome {
            self.outcomes += 1;
            self.end(entry);
        }
    }

    fn begin(&mut self, entry: &Entry) {
        let mut held = [0, 0];
        for hold in entry.json["holds"].as_array().into_iter().flatten() {
            let measure = hold["counter"]["measure"].as_str().unwrap();
            held[usize::from(measure == "tokens")] += hold["amount"].as_u64().unwrap();
        }
        let id = entry.id.unwrap().to_string();
        assert!(self.open.insert(entry.index, (id, held)).is_none());
        if entry.json["targets"].to_string().contains("\"local\"") {
            self.to_provider[0] += 1;
            self.sent.insert(entry.index);
        }
    }

    /// An outcome ends one decision that has none yet: a second one finds nothing to end.
    fn end(&mut self, entry: &Entry) {
        let decision = entry.json["decision"].as_u64().unwrap();
        let found = self.open.remove(&decision);
        let (id, held) = found.unwrap_or_else(|| panic!("a second outcome: {}", entry.json));
        assert_eq!(entry.id.unwrap().to_string(), id);
        let ended = entry.json["ended"].as_str().unwrap();
        let nothing = (ended == "not_forwarded").then_some(0);
        for (index, measure) in ["requests", "tokens"].into_iter().enumerate() {
            let charged = entry.json["charged"][measure].as_u64().or(nothing);
            self.charged[index] += charged.unwrap_or(held[index]);
        }
        if !entry.json["lost_epoch"].is_null() {
            assert_eq!(ended, "interrupted", "{}", entry.json);
            self.interrupted.insert(id);
        }
        if self.sent.remove(&decision) && ended == "complete" {
            self.to_provider[1] += 1;
        }
    }
}

fn leaf(entry: &Entry) -> tlog::Hash {
    tlog::leaf_hash(ledger::canonical(&entry.json).unwrap().as_bytes())
}
