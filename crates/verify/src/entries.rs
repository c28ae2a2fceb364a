//! What one entry must be by itself and after those before it (`spec/ledger.md`): canonical
//! JSON, dense numbers, ascending epochs, a clock that does not run back. It pairs decisions
//! with outcomes and counts; it never judges whether a decision was right.

use std::collections::BTreeMap;

use model::Timestamp;
use serde_json::{Map, Value};

/// How far an entry may be dated before one that stands before it: the writer's clock may be
/// corrected, but not turned back.
pub(crate) const BACKWARDS_MAX_MS: u64 = 10_000;
/// Most open decisions that a report names.
const OPEN_NAMED_MAX: usize = 20;

/// The entries seen so far, as far as the next one needs them.
#[derive(Debug, Default)]
pub(crate) struct Sequence {
    epoch: Option<Epoch>,
    epochs: u64,
    unclean: u64,
    first: Option<Timestamp>,
    latest: Option<Timestamp>,
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
    open: BTreeMap<u64, String>,
}

/// The fields that every entry has.
struct Head<'a> {
    kind: &'a str,
    epoch: u64,
    seq: u64,
    ts: Timestamp,
    fields: &'a Map<String, Value>,
}

impl Sequence {
    /// Takes in entry `index`; a refusal is the rest of a sentence about it.
    pub(crate) fn take(&mut self, index: u64, bytes: &[u8]) -> Result<(), String> {
        let value: Value = serde_json::from_slice(bytes).map_err(|_| "is not JSON".to_owned())?;
        let Value::Object(fields) = &value else {
            return Err("is not a JSON object".to_owned());
        };
        if canonical(&value).as_deref() != Some(bytes) {
            return Err("is not canonical JSON (sorted keys, no white space, whole numbers)".into());
        }
        let head = Head::read(fields)?;
        if head.seq != index {
            return Err(format!("says that it is number {}", head.seq));
        }
        self.take_epoch(&head)?;
        self.take_time(head.ts)?;
        self.pairing.take(index, &head);
        *self.types.entry(head.kind.to_owned()).or_default() += 1;
        Ok(())
    }

    fn take_epoch(&mut self, head: &Head<'_>) -> Result<(), String> {
        if head.kind == "epoch_start" {
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
        epoch.stopped = head.kind == "epoch_stop";
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

    fn take_time(&mut self, ts: Timestamp) -> Result<(), String> {
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
        match head.kind {
            "decision" if head.text("outcome") == Some("due") => {
                self.due += 1;
                self.open.insert(index, head.text("id").unwrap_or_default().to_owned());
            }
            "outcome" => {
                let decision = head.fields.get("decision").and_then(Value::as_u64);
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
        self.open.iter().take(OPEN_NAMED_MAX).map(|(index, id)| (*index, id.as_str()))
    }
}

impl<'a> Head<'a> {
    fn read(fields: &'a Map<String, Value>) -> Result<Self, String> {
        let number = |name: &str| {
            let missing = || format!("has no `{name}` that is a whole number");
            fields.get(name).and_then(Value::as_u64).ok_or_else(missing)
        };
        let text = |name: &str| {
            let missing = || format!("has no `{name}` that is text");
            fields.get(name).and_then(Value::as_str).ok_or_else(missing)
        };
        let version = number("v")?;
        if version != 1 {
            return Err(format!("is of version {version}, which this program does not know"));
        }
        let ts = text("ts")?.parse().map_err(|error| format!("has a bad `ts`: {error}"))?;
        Ok(Self { kind: text("type")?, epoch: number("epoch")?, seq: number("seq")?, ts, fields })
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.fields.get(name)?.as_str()
    }

    /// The epoch that an `epoch_start` says came before it, and that epoch's last number.
    fn previous(&self) -> Option<(u64, u64)> {
        let previous = self.fields.get("previous")?;
        let number = |name: &str| previous.get(name)?.as_u64();
        number("epoch").zip(number("last_seq"))
    }
}

/// Canonical JSON: keys sorted by their bytes, no white space, whole numbers only.
fn canonical(value: &Value) -> Option<Vec<u8>> {
    let mut text = Vec::new();
    write_canonical(value, &mut text)?;
    Some(text)
}

fn write_canonical(value: &Value, text: &mut Vec<u8>) -> Option<()> {
    let separate = |position: usize, text: &mut Vec<u8>| {
        if position > 0 {
            text.push(b',');
        }
    };
    match value {
        Value::Number(number) if number.is_f64() => return None,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            text.extend(value.to_string().bytes());
        }
        Value::Array(items) => {
            text.push(b'[');
            for (position, item) in items.iter().enumerate() {
                separate(position, text);
                write_canonical(item, text)?;
            }
            text.push(b']');
        }
        Value::Object(fields) => {
            // Sorted here because a feature of serde_json can make the map keep its own order.
            let sorted: BTreeMap<_, _> = fields.iter().collect();
            text.push(b'{');
            for (position, (key, item)) in sorted.into_iter().enumerate() {
                separate(position, text);
                text.extend(Value::from(key.as_str()).to_string().bytes());
                text.push(b':');
                write_canonical(item, text)?;
            }
            text.push(b'}');
        }
    }
    Some(())
}
