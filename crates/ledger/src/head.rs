//! What the ledger itself needs of an entry, read where it stands: no value is built.

use model::{DecisionId, Timestamp, canonical};

use crate::entry::{EntryError, EntryKind, VERSION};

/// The fields of an entry by which it is ordered, found and paired.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Head<'a> {
    pub(crate) kind: EntryKind,
    pub(crate) epoch: u64,
    pub(crate) ts: Timestamp,
    /// The decision it belongs to, where it belongs to one.
    pub(crate) id: Option<DecisionId>,
    /// Of an outcome: the index of its decision.
    pub(crate) decision: Option<u64>,
    /// Whether an outcome must follow it.
    pub(crate) outcome_due: bool,
    /// Of an `epoch_start`: the epoch before it and that one's last index, as it names them.
    pub(crate) previous: Option<(u64, u64)>,
    /// The charter that it names, as it is written: `charter` of a decision, `body` of what says
    /// that a charter was loaded.
    pub(crate) cites: Option<&'a str>,
}

/// The texts of those fields.
#[derive(Default)]
struct Fields<'a> {
    version: Option<&'a str>,
    kind: Option<&'a str>,
    epoch: Option<&'a str>,
    seq: Option<&'a str>,
    ts: Option<&'a str>,
    id: Option<&'a str>,
    decision: Option<&'a str>,
    outcome: Option<&'a str>,
    previous: Option<&'a str>,
    charter: Option<&'a str>,
    body: Option<&'a str>,
}

impl<'a> Head<'a> {
    /// Reads the entry that stands at `index`.
    ///
    /// # Errors
    /// It is not canonical JSON of a known type, or names another place.
    pub(crate) fn read(bytes: &'a [u8], index: u64) -> Result<Self, EntryError> {
        Self::read_with(bytes, index, |_, _| ())
    }

    /// The same; `also` is given each other member's name and text.
    pub(crate) fn read_with(
        bytes: &'a [u8],
        index: u64,
        also: impl FnMut(&'a str, &'a str),
    ) -> Result<Self, EntryError> {
        let fields = Fields::of(bytes, also)?;
        if number("v", fields.version)? != VERSION {
            return Err(EntryError::Malformed("its version is unknown here".to_owned()));
        }
        let says = number("seq", fields.seq)?;
        if says != index {
            return Err(EntryError::Misplaced { says });
        }
        let name = text("type", fields.kind)?;
        let kind: EntryKind =
            name.parse().map_err(|()| EntryError::KindUnknown(name.into_owned()))?;
        let due = kind == EntryKind::Decision && fields.outcome == Some("\"due\"");
        Ok(Self {
            kind,
            epoch: number("epoch", fields.epoch)?,
            ts: parsed("ts", fields.ts)?,
            id: fields.id.map(|id| parsed("id", Some(id))).transpose()?,
            decision: fields.decision.and_then(canonical::number),
            outcome_due: due,
            previous: fields.previous.and_then(previous),
            cites: match kind {
                EntryKind::Decision => fields.charter,
                EntryKind::CharterLoaded => fields.body,
                EntryKind::Outcome
                | EntryKind::RefusalsOpened
                | EntryKind::RefusalsClosed
                | EntryKind::EpochStart
                | EntryKind::EpochStop
                | EntryKind::Heartbeat
                | EntryKind::Genesis
                | EntryKind::Act
                | EntryKind::CharterApplied
                | EntryKind::Checkpoint => None,
            },
        })
    }
}

/// The id in an entry whose place and form do not matter: what the index of ids holds.
pub(crate) fn id_of(bytes: &[u8]) -> Option<DecisionId> {
    parsed("id", Fields::of(bytes, |_, _| ()).ok()?.id).ok()
}

impl<'a> Fields<'a> {
    fn of(bytes: &'a [u8], mut also: impl FnMut(&'a str, &'a str)) -> Result<Self, EntryError> {
        let mut fields = Self::default();
        let take = |key: &'a str, value: &'a str| {
            let field = match key {
                "v" => &mut fields.version,
                "type" => &mut fields.kind,
                "epoch" => &mut fields.epoch,
                "seq" => &mut fields.seq,
                "ts" => &mut fields.ts,
                "id" => &mut fields.id,
                "decision" => &mut fields.decision,
                "outcome" => &mut fields.outcome,
                "previous" => &mut fields.previous,
                "charter" => &mut fields.charter,
                "body" => &mut fields.body,
                _ => return also(key, value),
            };
            *field = Some(value);
        };
        canonical::members(bytes, take)
            .map_err(|error| EntryError::Malformed(error.to_string()))?;
        Ok(fields)
    }
}

fn previous(value: &str) -> Option<(u64, u64)> {
    let (mut epoch, mut last_seq) = (None, None);
    let take = |key: &str, value: &str| match key {
        "epoch" => epoch = canonical::number(value),
        "last_seq" => last_seq = canonical::number(value),
        _ => {}
    };
    canonical::members(value.as_bytes(), take).ok()?;
    epoch.zip(last_seq)
}

fn number(key: &str, value: Option<&str>) -> Result<u64, EntryError> {
    value.and_then(canonical::number).ok_or_else(|| wrong(key, "whole number"))
}

fn text<'a>(key: &str, value: Option<&'a str>) -> Result<std::borrow::Cow<'a, str>, EntryError> {
    value.and_then(canonical::text).ok_or_else(|| wrong(key, "text"))
}

fn parsed<T: std::str::FromStr>(key: &str, value: Option<&str>) -> Result<T, EntryError> {
    text(key, value)?.parse().map_err(|_| wrong(key, "value of its form"))
}

fn wrong(key: &str, what: &str) -> EntryError {
    EntryError::Malformed(format!("`{key}` is not a {what}"))
}
