//! The series of one kind of call, found once and kept: what most requests add to.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use model::Operation;
use prometheus::{Counter, Histogram, IntCounter, Registry};

use crate::Error;
use crate::catalogue::{CALL_SECONDS, CALL_TOKENS, COST, FIRST_BYTE_SECONDS, UNREPORTED};
use crate::meters::{Amounts, Counts, Spread};
use crate::names::OTHER;

/// Most combinations of operation, model and provider that are told apart.
const SERIES_MAX: usize = 4_096;

/// What is told of calls of one operation, model and provider.
#[derive(Debug)]
pub(crate) struct Series {
    pub(crate) seconds: Histogram,
    pub(crate) first_byte: Histogram,
    pub(crate) input: Histogram,
    pub(crate) output: Histogram,
    pub(crate) cost: Counter,
    pub(crate) unreported: IntCounter,
}

/// The series of all kinds of calls that were made.
#[derive(Debug)]
pub(crate) struct Calls {
    seconds: Spread<3>,
    first_byte: Spread<3>,
    tokens: Spread<4>,
    cost: Amounts<3>,
    unreported: Counts<3>,
    known: RwLock<HashMap<Operation, ByModel>>,
}

type ByModel = HashMap<Box<str>, HashMap<Box<str>, Arc<Series>>>;

impl Calls {
    pub(crate) fn new(registry: &Registry) -> Result<Self, Error> {
        Ok(Self {
            seconds: Spread::new(registry, &CALL_SECONDS)?,
            first_byte: Spread::new(registry, &FIRST_BYTE_SECONDS)?,
            tokens: Spread::new(registry, &CALL_TOKENS)?,
            cost: Amounts::new(registry, &COST)?,
            unreported: Counts::new(registry, &UNREPORTED)?,
            known: RwLock::default(),
        })
    }

    /// The series of `operation`, `model` and `provider`.
    pub(crate) fn of(
        &self,
        operation: Operation,
        model: &str,
        provider: &str,
    ) -> Option<Arc<Series>> {
        let known = |all: &HashMap<Operation, ByModel>| {
            all.get(&operation)?.get(model)?.get(provider).cloned()
        };
        let found = known(&self.known.read().unwrap_or_else(PoisonError::into_inner));
        if found.is_some() {
            return found;
        }
        let mut all = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(series) = known(&all) {
            return Some(series);
        }
        let made: usize = all.values().flat_map(HashMap::values).map(HashMap::len).sum();
        let (model, provider) = if made < SERIES_MAX { (model, provider) } else { (OTHER, OTHER) };
        let series = Arc::new(self.make(operation.as_str(), model, provider)?);
        let of_model = all.entry(operation).or_default().entry(model.into()).or_default();
        of_model.insert(provider.into(), Arc::clone(&series));
        Some(series)
    }

    fn make(&self, operation: &str, model: &str, provider: &str) -> Option<Series> {
        let labels = [operation, model, provider];
        let tokens = |kind| self.tokens.of([operation, model, provider, kind]);
        Some(Series {
            seconds: self.seconds.of(labels)?,
            first_byte: self.first_byte.of(labels)?,
            input: tokens("input")?,
            output: tokens("output")?,
            cost: self.cost.of(labels)?,
            unreported: self.unreported.of(labels)?,
        })
    }
}
