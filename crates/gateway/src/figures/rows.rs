//! Rows by name: one agent, model, target or refusal code each, bounded however many names come.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use model::{RefusalCode, Timestamp};
use tokio::time::Duration;

use super::TrafficRow;
use super::series::{Series, Span};

/// The spans of one row: a second each, ten seconds in all.
const ROW: (i64, usize) = (1_000, 11);
/// Most rows of one kind. What comes beyond is counted in [`OTHERS`].
pub(super) const ROWS_MAX: usize = 128;
/// The row of what has none of its own.
pub(super) const OTHERS: &str = "(others)";

/// Rows by name.
#[derive(Debug, Default)]
pub(super) struct Rows(RwLock<HashMap<Box<str>, Arc<Row>>>);

/// One agent, model, target or code.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) name: Box<str>,
    counted: Mutex<Counted>,
}

/// What a row counts. Whoever holds the lock may change it.
#[derive(Debug)]
pub(super) struct Counted {
    pub(super) series: Series,
    in_flight: usize,
    pub(super) last_refusal: Option<(RefusalCode, Timestamp)>,
}

impl Rows {
    /// The row called `name`; where there are too many, that of the others.
    pub(super) fn of(&self, name: &str, now: Timestamp) -> Arc<Row> {
        if let Some(row) = self.known(name) {
            return row;
        }
        let mut rows = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if rows.len() >= ROWS_MAX && !rows.contains_key(name) {
            // A row that nobody holds and that says nothing any more makes room.
            rows.retain(|_, row| Arc::strong_count(row) > 1 || !row.counted().series.is_idle(now));
        }
        let name = if rows.len() >= ROWS_MAX && !rows.contains_key(name) { OTHERS } else { name };
        Arc::clone(rows.entry(name.into()).or_insert_with(|| Arc::new(Row::new(name))))
    }

    /// The row called `name`, where there is one already.
    pub(super) fn known(&self, name: &str) -> Option<Arc<Row>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(name).map(Arc::clone)
    }

    /// All of them, by name.
    pub(super) fn all(&self, now: Timestamp, began: Timestamp) -> Vec<TrafficRow> {
        let rows = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<TrafficRow> = rows
            .values()
            .map(|row| {
                let counted = row.counted();
                TrafficRow {
                    name: row.name.to_string(),
                    in_flight: counted.in_flight,
                    window: counted.series.window(now, began),
                    last_refusal: counted.last_refusal,
                }
            })
            .collect();
        all.sort_by(|one, other| one.name.cmp(&other.name));
        all
    }
}

impl Row {
    pub(super) fn new(name: &str) -> Self {
        let series = Series::new(ROW.0, ROW.1);
        let counted = Counted { series, in_flight: 0, last_refusal: None };
        Self { name: name.into(), counted: Mutex::new(counted) }
    }

    /// A request that was answered or refused without a call.
    pub(super) fn count(&self, now: Timestamp, refused: Option<RefusalCode>) {
        let mut counted = self.counted();
        if let Some(span) = counted.series.at(now) {
            span.requests += 1;
        }
        if let Some(code) = refused {
            counted.refused(now, code);
        }
    }

    /// A call, or a try, begins.
    pub(super) fn begin(&self, now: Timestamp) {
        let mut counted = self.counted();
        counted.in_flight += 1;
        if let Some(span) = counted.series.at(now) {
            span.requests += 1;
        }
    }

    /// A request that was counted already was refused after all.
    pub(super) fn refused(&self, now: Timestamp, code: RefusalCode) {
        self.counted().refused(now, code);
    }

    /// Its answer began, after so long.
    pub(super) fn waited(&self, now: Timestamp, took: Duration) {
        if let Some(span) = self.counted().series.at(now) {
            span.answer.record(took);
        }
    }

    /// A call, or a try, has ended; it used so much.
    pub(super) fn end(&self, now: Timestamp, used: Spent) {
        let mut counted = self.counted();
        counted.in_flight = counted.in_flight.saturating_sub(1);
        if let (false, Some(span)) = (used.is_nothing(), counted.series.at(now)) {
            used.count(span);
        }
    }

    pub(super) fn counted(&self) -> MutexGuard<'_, Counted> {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counted {
    fn refused(&mut self, now: Timestamp, code: RefusalCode) {
        self.last_refusal = Some((code, now));
        if let Some(span) = self.series.at(now) {
            span.refusals += 1;
        }
    }
}

/// What a call used and cost, as far as anybody knows.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Spent {
    pub(super) tokens: u64,
    pub(super) nano_usd: u64,
}

impl Spent {
    pub(super) const fn is_nothing(self) -> bool {
        self.tokens == 0 && self.nano_usd == 0
    }

    pub(super) const fn count(self, span: &mut Span) {
        span.tokens = span.tokens.saturating_add(self.tokens);
        span.nano_usd = span.nano_usd.saturating_add(self.nano_usd);
    }
}
