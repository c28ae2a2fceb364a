//! What the ledger's tests share: a clock that stands, decisions to record, a home for a log.
#![allow(dead_code, reason = "each test binary uses its part of this")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on says where"
)]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use ledger::read::Reader;
use ledger::{DecisionLog, Entry, FactKeys, Faults, LogHome, OpenError, Recovered, Settings};
use model::{
    Case, ChangeId, CharterInForce, Clock, DecisionId, DecisionRecord, Digest, OutcomeDue, Proof,
    Recordable, Subject, Timestamp, VerdictRecord,
};
use tempfile::TempDir;
use tlog::{LogKey, Receipt};
use zeroize::Zeroizing;

/// The tests' time begins here.
pub(crate) const START: Timestamp = Timestamp::from_millis(1_795_510_800_000);

/// A clock that stands until it is moved.
#[derive(Debug)]
pub(crate) struct StandingClock(AtomicI64);

impl StandingClock {
    pub(crate) fn advance(&self, milliseconds: i64) {
        self.0.fetch_add(milliseconds, Ordering::SeqCst);
    }
}

impl Clock for StandingClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}

/// A decision to record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Permit {
    pub(crate) case: Case,
    pub(crate) facts: Vec<u8>,
    pub(crate) due: OutcomeDue,
}

impl Recordable for Permit {
    fn record(&self) -> DecisionRecord {
        self.case.record(VerdictRecord::permitted())
    }

    fn facts(&self) -> &[u8] {
        &self.facts
    }

    fn outcome_due(&self) -> OutcomeDue {
        self.due
    }
}

/// The decision numbered `number`, by agent `demo-agent`.
pub(crate) fn permit(number: u64) -> Permit {
    let subject = Subject {
        agent: "demo-agent".parse().unwrap(),
        proof: Proof::EmbeddedToken,
        trust_domain: "example.com".to_owned(),
        credential: Digest::of(b"credential"),
        issued: START,
        expires: START.plus_millis(300_000),
        epoch: 1,
        context: None,
    };
    let charter = CharterInForce {
        digest: Digest::of(b"charter"),
        change: ChangeId::new(1, [1; 10]),
        control_index: 2,
        genesis: true,
        accountable: "seat:accountable".to_owned(),
        secondary: ["seat:policy", "seat:platform", "seat:response"].map(str::to_owned),
    };
    let case = Case {
        id: id(number),
        received: START,
        subject: Some(subject),
        ask: None,
        agent_owner: Some("seat:owner".to_owned()),
        target_owner: None,
        charter: Arc::new(charter),
        context: None,
    };
    let facts = format!(r#"{{"asked":{number}}}"#).into_bytes();
    Permit { case, facts, due: OutcomeDue::Yes }
}

/// The id of the decision numbered `number`.
pub(crate) fn id(number: u64) -> DecisionId {
    let mut random = [0; 10];
    random[2..].copy_from_slice(&number.to_be_bytes());
    DecisionId::new(1_795_510_800_000 + number / 100, random)
}

/// A refusal-like decision: nothing follows it.
pub(crate) fn refusal(number: u64) -> Permit {
    Permit { due: OutcomeDue::No, ..permit(number) }
}

/// A folder for a log, with its keys and clock.
pub(crate) struct Home {
    pub(crate) folder: TempDir,
    pub(crate) clock: Arc<StandingClock>,
    pub(crate) faults: Faults,
}

impl Home {
    pub(crate) fn new() -> Self {
        // Memory where there is some: these tests sync thousands of times.
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() {
            tempfile::tempdir_in(memory).or_else(|_| tempfile::tempdir())
        } else {
            tempfile::tempdir()
        };
        Self {
            folder: folder.unwrap(),
            clock: Arc::new(StandingClock(AtomicI64::new(START.millis()))),
            faults: Faults::plan(),
        }
    }

    /// A home whose log is a copy of this one's as it stands, lock and all open files aside.
    pub(crate) fn copy(&self) -> Self {
        let copy = Self::new();
        copy_dir(&self.log(), &copy.log());
        copy_dir(&self.keys(), &copy.keys());
        copy
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    pub(crate) fn keys(&self) -> PathBuf {
        self.folder.path().join("facts")
    }

    pub(crate) fn fact_keys(&self) -> FactKeys {
        FactKeys::open_with(&self.keys(), &Zeroizing::new([9; 32]), self.faults.clone()).unwrap()
    }

    pub(crate) fn settings(&self) -> Settings {
        Settings {
            checkpoint_every: Duration::from_secs(3600),
            answer_within: Duration::from_secs(30),
            heartbeat_every: None,
            faults: self.faults.clone(),
            ..Settings::default()
        }
    }

    pub(crate) fn open(&self) -> (DecisionLog, Recovered) {
        self.open_with(self.settings()).unwrap()
    }

    pub(crate) fn open_with(
        &self,
        settings: Settings,
    ) -> Result<(DecisionLog, Recovered), OpenError> {
        let home = LogHome::new(self.log());
        DecisionLog::open(home, key(), self.fact_keys(), self.clock.clone(), settings)
    }

    pub(crate) fn reader(&self) -> Reader {
        Reader::open(&self.log(), &key().vkey()).unwrap()
    }

    pub(crate) fn entries(&self) -> Vec<Entry> {
        self.reader().entries(0).unwrap().map(Result::unwrap).collect()
    }

    pub(crate) fn verify(&self) -> Result<ledger::verify::Report, ledger::verify::Finding> {
        ledger::verify::verify_dir(&self.log(), &key().vkey())
    }
}

pub(crate) fn key() -> LogKey {
    LogKey::generate("example.com/decisions".parse().unwrap(), [7; 32])
}

/// The log signed this receipt, and holds exactly what it promised.
pub(crate) fn check_receipt(entries: &[Entry], receipt: &Receipt) {
    receipt.verify(&key().verifier()).unwrap();
    check_place(entries, receipt);
}

/// The log holds exactly what the receipt promised.
pub(crate) fn check_place(entries: &[Entry], receipt: &Receipt) {
    let entry = &entries[usize::try_from(receipt.index).unwrap()];
    let bytes = ledger::canonical(&entry.json).unwrap();
    assert_eq!(tlog::leaf_hash(bytes.as_bytes()), receipt.leaf, "entry {}", receipt.index);
}

fn copy_dir(from: &Path, to: &Path) {
    if !from.is_dir() {
        return;
    }
    std::fs::create_dir_all(to).unwrap();
    for item in std::fs::read_dir(from).unwrap() {
        let path = item.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy_dir(&path, &target);
        } else {
            std::fs::copy(&path, &target).unwrap();
        }
    }
}
