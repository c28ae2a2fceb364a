//! The log of one gateway's decisions and their outcomes.

use std::sync::Arc;

use model::{Clock, DecisionId, OutcomeDue, Recordable};
use serde_json::{Value, json};
use tlog::{LogKey, Receipt};

use crate::engine::{Engine, Intent};
use crate::entry::{Draft, DraftError, EntryKind};
use crate::facts::{FACTS_BYTES_MAX, FactKeys, KeySubject};
use crate::message::Facts;
use crate::recorded::Recorded;
use crate::recovery::{OpenError, Opening, Recovered};
use crate::settings::{LogHome, Settings};
use crate::status::{Status, Unavailable};

/// The log of one gateway's decisions. Clones are handles to the same log.
///
/// ```no_run
/// # async fn example<T: model::Recordable>(
/// #     permit: T, key: tlog::LogKey, facts: ledger::FactKeys,
/// #     clock: std::sync::Arc<dyn model::Clock>,
/// # ) -> Result<(), Box<dyn std::error::Error>> {
/// let home = ledger::LogHome::new("/var/lib/portreeve/decisions");
/// let (log, recovered) =
///     ledger::DecisionLog::open(home, key, facts, clock, ledger::Settings::default())?;
/// println!("{} decisions had no outcome", recovered.unpaired.len());
/// let recorded = log.intend(permit).await.map_err(|(_, why)| why)?;
/// println!("receipt: {}", recorded.receipt().encode());
/// recorded.conclude(&model::Outcome::not_forwarded(3));
/// log.close().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct DecisionLog(Arc<Engine>);

/// Something else that belongs in the decision log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// What the entry can be found by.
    pub id: DecisionId,
    /// What it says.
    pub kind: NoteKind,
    /// The particulars: whole numbers, texts, lists, objects. Never a prompt or a person's name.
    pub body: Value,
}

/// What a note says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoteKind {
    /// From here on, requests that prove no identity are counted under this id.
    RefusalsOpened,
    /// How many there were.
    RefusalsClosed,
    /// The gateway serves another charter from here on.
    CharterLoaded,
}

impl NoteKind {
    const fn entry_kind(self) -> EntryKind {
        match self {
            Self::RefusalsOpened => EntryKind::RefusalsOpened,
            Self::RefusalsClosed => EntryKind::RefusalsClosed,
            Self::CharterLoaded => EntryKind::CharterLoaded,
        }
    }
}

impl DecisionLog {
    /// Opens the log, begins an epoch, and tells what the one before left undone.
    ///
    /// # Errors
    /// Somebody else writes it, it is damaged, or the disk fails. Nothing that was acknowledged
    /// is ever given up to open a log.
    pub fn open(
        home: LogHome,
        key: LogKey,
        facts: FactKeys,
        clock: Arc<dyn Clock>,
        settings: Settings,
    ) -> Result<(Self, Recovered), OpenError> {
        let opening = Opening { home, key, facts: Some(facts), clock, settings };
        let (engine, recovered) = opening.open()?;
        Ok((Self(Arc::new(engine)), recovered))
    }

    /// Makes the decision durable. Only then, and only by what this returns, may anything be
    /// forwarded. The place of the outcome is kept from here on.
    ///
    /// If the caller goes away while it waits, the decision is either not written or followed
    /// by the outcome `not_forwarded`.
    ///
    /// # Errors
    /// The decision is not known to be durable; the value comes back with the reason, at the
    /// latest after `answer_within`, and may be without its facts then.
    pub async fn intend<T: Recordable>(
        &self,
        mut value: T,
    ) -> Result<Recorded<T>, (T, Unavailable)> {
        let intent = match intent_of(&mut value) {
            Ok(intent) => intent,
            Err(why) => return Err((value, why)),
        };
        match self.0.append(intent).await {
            Ok(answer) => Ok(Recorded::new(value, answer.receipt, answer.due)),
            Err(why) => Err((value, why)),
        }
    }

    /// Records something else.
    ///
    /// # Errors
    /// It is not known to be durable.
    pub async fn note(&self, note: Note) -> Result<Receipt, Unavailable> {
        let fields = json!({ "id": note.id, "body": note.body });
        let draft = Draft::of(note.kind.entry_kind(), &fields)?;
        let answer = self.0.append(Intent { draft, facts: None, owes: None }).await?;
        Ok(answer.receipt)
    }

    /// How the log is doing.
    #[must_use]
    pub fn status(&self) -> Status {
        self.0.status()
    }

    /// Publishes what is durable now, without waiting for the next turn; returns how many
    /// entries the checkpoint covers.
    ///
    /// # Errors
    /// The disk failed, or the log is closed.
    pub async fn publish(&self) -> Result<u64, Unavailable> {
        self.0.publish().await
    }

    /// Has the writer look now whether a heartbeat or a retry is due.
    ///
    /// # Errors
    /// The log is closed, or does not answer in time.
    pub async fn tick(&self) -> Result<(), Unavailable> {
        self.0.tick().await
    }

    /// Ends the epoch: writes what is queued, `interrupted` for what is still under way, and
    /// `epoch_stop`; publishes everything; gives up the lock. Other handles are then closed.
    ///
    /// # Errors
    /// Something of that failed; the next start finds it and says so.
    pub async fn close(self) -> Result<(), Unavailable> {
        self.0.close().await
    }
}

fn intent_of<T: Recordable>(value: &mut T) -> Result<Intent, Unavailable> {
    let record = value.record();
    let due = value.outcome_due();
    let mut draft = Draft::of(EntryKind::Decision, &record)?;
    let word = match due {
        OutcomeDue::Yes => "due",
        OutcomeDue::No => "none",
    };
    draft.put("outcome", &word)?;
    let bytes = value.take_facts();
    if bytes.len() > FACTS_BYTES_MAX {
        return Err(DraftError::TooLarge { bytes: bytes.len() }.into());
    }
    let subject = record
        .subject
        .as_ref()
        .map_or(KeySubject::Unproved, |subject| KeySubject::Agent(subject.agent.clone()));
    let facts = (!bytes.is_empty()).then_some(Facts { id: record.id, subject, bytes });
    let owes = matches!(due, OutcomeDue::Yes).then_some((record.id, record.received));
    Ok(Intent { draft, facts, owes })
}
