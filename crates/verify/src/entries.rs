//! What one entry must be by itself and after those before it (`spec/ledger.md`): canonical
//! JSON, dense numbers, ascending epochs, a clock that does not run back. It pairs decisions
//! with outcomes and counts; it never judges whether a decision was right.

use std::borrow::Cow;
use std::collections::BTreeMap;

use model::{Timestamp, canonical};
use serde_json::Value;

/// How far an entry may be dated before one that stands before it: the writer's clock may be
/// corrected, but not turned back.
pub(crate) const BACKWARDS_MAX_MS: u64 = 10_000;
/// Most open decisions that a report names.
const OPEN_NAMED_MAX: usize = 20;
/// Bytes of a decision's id.
const ID_BYTES: usize = 36;

/// The entries seen so far, as far as the next one needs them.
#[derive(Debug, Default)]
pub(crate) struct Sequence {
    epoch: Option<Epoch>,
    epochs: u64,
    unclean: u64,
    first: Option<Timestamp>,
    latest: Option<Timestamp>,
    /// The last time that was read, as text: entries of one batch share theirs.
    read: Option<(String, Timestamp)>,
    types: BTreeMap<String, u64>,
    pairing: Pairing,
}

/// The epoch that is being read.
#[derive(Debug)]
struct Epoch {
    number: u64,
    last_seq: u64,
    stopped: bool,
}

/// Decisions and their outcomes.
#[derive(Debug, Default)]
pub(crate) struct Pairing {
    /// Decisions that must be followed by an outcome.
    pub(crate) due: u64,
    /// Of those, the ones that are.
    pub(crate) ended: u64,
    /// Outcomes whose decision is unknown, or had ended already.
    pub(crate) stray: u64,
    /// Decisions without outcome so far, by where they stand, and their ids.
    open: BTreeMap<u64, Box<str>>,
}

/// The fields that every entry has, and the texts of those that some have.
struct Head<'a> {
    kind: Cow<'a, str>,
    epoch: u64,
    seq: u64,
    ts: Cow<'a, str>,
    texts: Texts<'a>,
}

/// Fields as they are written; none where the entry has none of that name.
#[derive(Default)]
struct Texts<'a> {
    version: Option<&'a str>,
    kind: Option<&'a str>,
    epoch: Option<&'a str>,
    seq: Option<&'a str>,
    ts: Option<&'a str>,
    id: Option<&'a str>,
    outcome: Option<&'a str>,
    decision: Option<&'a str>,
    previous: Option<&'a str>,
}

impl Sequence {
    /// Takes in entry `index`; a refusal is the rest of a sentence about it.
    pub(crate) fn take(&mut self, index: u64, bytes: &[u8]) -> Result<(), String> {
        let head = Head::read(Texts::of(bytes)?)?;
        if head.seq != index {
            return Err(format!("says that it is number {}", head.seq));
        }
        self.take_epoch(&head)?;
        self.take_time(&head.ts)?;
        self.pairing.take(index, &head);
        if let Some(count) = self.types.get_mut(&*head.kind) {
            *count += 1;
        } else {
            self.types.insert(head.kind.into_owned(), 1);
        }
        Ok(())
    }

    fn take_epoch(&mut self, head: &Head<'_>) -> Result<(), String> {
        if &*head.kind == "epoch_start" {
            return self.start_epoch(head);
        }
        let Some(epoch) = &mut self.epoch else {
            return Err("stands before the first epoch_start".to_owned());
        };
        if epoch.number != head.epoch {
            return Err(format!("is of epoch {}, within epoch {}", head.epoch, epoch.number));
        }
        if epoch.stopped {
            return Err(format!("follows the epoch_stop of epoch {}", epoch.number));
        }
        epoch.last_seq = head.seq;
        epoch.stopped = &*head.kind == "epoch_stop";
        Ok(())
    }

    fn start_epoch(&mut self, head: &Head<'_>) -> Result<(), String> {
        let previous = self.epoch.as_ref();
        if let Some(epoch) = previous.filter(|epoch| head.epoch != epoch.number + 1) {
            return Err(format!("starts epoch {} after epoch {}", head.epoch, epoch.number));
        }
        let last = previous.map(|epoch| (epoch.number, epoch.last_seq));
        let named = head.previous();
        if named != last {
            let says = |end: Option<(u64, u64)>| match end {
                Some((epoch, seq)) => format!("number {seq} of epoch {epoch}"),
                None => "nothing".to_owned(),
            };
            let (named, last) = (says(named), says(last));
            return Err(format!("names {named} as what stands before it, but that is {last}"));
        }
        self.unclean += u64::from(previous.is_some_and(|epoch| !epoch.stopped));
        self.epochs += 1;
        self.epoch = Some(Epoch { number: head.epoch, last_seq: head.seq, stopped: false });
        Ok(())
    }

    fn take_time(&mut self, text: &str) -> Result<(), String> {
        let known = self.read.as_ref().filter(|(read, _)| read == text).map(|(_, ts)| *ts);
        let ts = match known {
            Some(ts) => ts,
            None => text.parse().map_err(|error| format!("has a bad `ts`: {error}"))?,
        };
        if known.is_none() {
            self.read = Some((text.to_owned(), ts));
        }
        let latest = self.latest.unwrap_or(ts);
        let behind = latest.millis_since(ts);
        if behind > BACKWARDS_MAX_MS {
            return Err(format!(
                "is dated {ts}, {} s before an entry that stands before it ({} s are allowed)",
                behind / 1000,
                BACKWARDS_MAX_MS / 1000
            ));
        }
        self.first = self.first.or(Some(ts));
        self.latest = Some(latest.max(ts));
        Ok(())
    }

    /// The number of epochs.
    pub(crate) const fn epochs(&self) -> u64 {
        self.epochs
    }

    /// How many epochs were followed by another without an `epoch_stop`: a writer that crashed.
    pub(crate) const fn unclean(&self) -> u64 {
        self.unclean
    }

    /// The times of the first and the latest entry.
    pub(crate) fn span(&self) -> Option<(Timestamp, Timestamp)> {
        self.first.zip(self.latest)
    }

    /// How many entries there are of each type.
    pub(crate) const fn types(&self) -> &BTreeMap<String, u64> {
        &self.types
    }

    /// Decisions and their outcomes.
    pub(crate) const fn pairing(&self) -> &Pairing {
        &self.pairing
    }
}

impl Pairing {
    fn take(&mut self, index: u64, head: &Head<'_>) {
        match &*head.kind {
            "decision" if head.texts.outcome == Some("\"due\"") => {
                self.due += 1;
                let id = head.texts.id.and_then(canonical::text).unwrap_or_default();
                // Of a longer one, which is none, its beginning.
                self.open.insert(index, id.get(..ID_BYTES).unwrap_or(&id).into());
            }
            "outcome" => {
                let decision = head.texts.decision.and_then(canonical::number);
                match decision.and_then(|index| self.open.remove(&index)) {
                    Some(_) => self.ended += 1,
                    None => self.stray += 1,
                }
            }
            _ => {}
        }
    }

    /// How many decisions have no outcome.
    pub(crate) fn open(&self) -> usize {
        self.open.len()
    }

    /// The first of them: where each stands, and its id.
    pub(crate) fn open_named(&self) -> impl Iterator<Item = (u64, &str)> {
        self.open.iter().take(OPEN_NAMED_MAX).map(|(index, id)| (*index, &**id))
    }
}

impl<'a> Texts<'a> {
    fn of(bytes: &'a [u8]) -> Result<Self, String> {
        let mut texts = Self::default();
        let take = |key: &str, value: &'a str| {
            let text = match key {
                "v" => &mut texts.version,
                "type" => &mut texts.kind,
                "epoch" => &mut texts.epoch,
                "seq" => &mut texts.seq,
                "ts" => &mut texts.ts,
                "id" => &mut texts.id,
                "outcome" => &mut texts.outcome,
                "decision" => &mut texts.decision,
                "previous" => &mut texts.previous,
                _ => return,
            };
            *text = Some(value);
        };
        canonical::members(bytes, take).map_err(|_| why_not(bytes).to_owned())?;
        Ok(texts)
    }
}

impl<'a> Head<'a> {
    fn read(texts: Texts<'a>) -> Result<Self, String> {
        let number = |name: &str, value: Option<&str>| {
            let missing = || format!("has no `{name}` that is a whole number");
            value.and_then(canonical::number).ok_or_else(missing)
        };
        let text = |name: &str, value: Option<&'a str>| {
            let missing = || format!("has no `{name}` that is text");
            value.and_then(canonical::text).ok_or_else(missing)
        };
        let version = number("v", texts.version)?;
        if version != 1 {
            return Err(format!("is of version {version}, which this program does not know"));
        }
        let (ts, kind) = (text("ts", texts.ts)?, text("type", texts.kind)?);
        let (epoch, seq) = (number("epoch", texts.epoch)?, number("seq", texts.seq)?);
        Ok(Self { kind, epoch, seq, ts, texts })
    }

    /// The epoch that an `epoch_start` says came before it, and that epoch's last number.
    fn previous(&self) -> Option<(u64, u64)> {
        let (mut epoch, mut last_seq) = (None, None);
        let take = |key: &str, value: &str| match key {
            "epoch" => epoch = canonical::number(value),
            "last_seq" => last_seq = canonical::number(value),
            _ => {}
        };
        canonical::members(self.texts.previous?.as_bytes(), take).ok()?;
        epoch.zip(last_seq)
    }
}

/// Why bytes are not an entry in canonical form, for whoever has to find out.
fn why_not(bytes: &[u8]) -> &'static str {
    match serde_json::from_slice(bytes) {
        Err(_) => "is not JSON",
        Ok(Value::Object(_)) => {
            "is not canonical JSON (sorted keys, no white space, whole numbers)"
        }
        Ok(_) => "is not a JSON object",
    }
}
