//! Planned disk failures, for tests. Without a plan (the default) nothing is counted or delayed.

use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// A durable step of the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[doc(hidden)]
pub enum Step {
    /// Making a directory.
    DirCreate,
    /// Syncing a directory.
    DirSync,
    /// Creating a WAL segment and writing its header.
    SegmentCreate,
    /// Writing frames.
    WalAppend,
    /// Syncing frames.
    WalSync,
    /// Cutting a torn or failed tail.
    WalCut,
    /// Removing a published segment.
    SegmentRemove,
    /// Writing an entry bundle.
    Bundle,
    /// Writing a hash tile.
    Tile,
    /// Appending sealed facts.
    Payload,
    /// Writing the id index.
    Ids,
    /// Writing the checkpoint.
    Checkpoint,
    /// Removing partial tiles that a full one replaces.
    PartialRemove,
    /// Writing the `vkey` file.
    Vkey,
    /// Writing a facts key or its tombstone.
    Key,
    /// Removing an erased facts key.
    KeyRemove,
}

/// Whether a step fails before it took effect, half-way, or after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[doc(hidden)]
pub enum When {
    /// Nothing of it took effect.
    Before,
    /// Of a write, the first half took effect; any other step counts as `Before`.
    Torn,
    /// All of it took effect, and still it is reported as failed.
    After,
}

/// A plan of failures; clones share it.
#[derive(Debug, Clone, Default)]
#[doc(hidden)]
pub struct Faults(Option<Arc<Plan>>);

#[derive(Debug, Default)]
struct Plan {
    state: Mutex<State>,
    released: Condvar,
}

#[derive(Debug, Default)]
struct State {
    operations: u64,
    tripped: bool,
    torn: bool,
    fail_step: Option<(Step, When, u32)>,
    fail_from: Option<(u64, When)>,
    hang: Option<Step>,
}

impl Faults {
    /// An empty plan that can be filled later.
    #[must_use]
    pub fn plan() -> Self {
        Self(Some(Arc::default()))
    }

    /// The next `times` operations of `step` fail.
    pub fn fail(&self, step: Step, when: When, times: u32) {
        self.edit(|state| state.fail_step = Some((step, when, times)));
    }

    /// The operation numbered `operation` (from 0, of all steps) fails, and every later one
    /// fails before it takes effect: as if the process had died there.
    pub fn die_at(&self, operation: u64, when: When) {
        self.edit(|state| state.fail_from = Some((operation, when)));
    }

    /// Operations of `step` do not return until the plan is cleared.
    pub fn hang(&self, step: Step) {
        self.edit(|state| state.hang = Some(step));
    }

    /// No more failures; whoever hangs goes on.
    pub fn clear(&self) {
        self.edit(|state| {
            let operations = state.operations;
            *state = State { operations, ..State::default() };
        });
        if let Some(plan) = &self.0 {
            plan.released.notify_all();
        }
    }

    /// How many operations there were, and whether any was made to fail since the last clear.
    #[must_use]
    pub fn seen(&self) -> (u64, bool) {
        self.0.as_ref().map_or((0, false), |plan| {
            let state = lock(&plan.state);
            (state.operations, state.tripped)
        })
    }

    /// Whether a write was torn since the last clear.
    #[must_use]
    pub fn tore(&self) -> bool {
        self.0.as_ref().is_some_and(|plan| lock(&plan.state).torn)
    }

    pub(crate) fn around<T>(
        &self,
        step: Step,
        work: impl FnOnce() -> io::Result<T>,
    ) -> io::Result<T> {
        match self.next(step) {
            None => work(),
            Some(When::Before | When::Torn) => Err(planned(step)),
            Some(When::After) => work().and_then(|_| Err(planned(step))),
        }
    }

    pub(crate) fn around_write(
        &self,
        step: Step,
        bytes: &[u8],
        write: impl FnOnce(&[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        match self.next(step) {
            None => write(bytes),
            Some(When::Before) => Err(planned(step)),
            Some(When::Torn) => {
                self.edit(|state| state.torn = true);
                let (half, _) = bytes.split_at(bytes.len() / 2);
                write(half).and_then(|()| Err(planned(step)))
            }
            Some(When::After) => write(bytes).and_then(|()| Err(planned(step))),
        }
    }

    fn next(&self, step: Step) -> Option<When> {
        let plan = self.0.as_ref()?;
        let mut state = lock(&plan.state);
        while state.hang == Some(step) {
            state = plan.released.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let number = state.operations;
        state.operations += 1;
        let when = state.choose(step, number);
        state.tripped |= when.is_some();
        when
    }

    fn edit(&self, change: impl FnOnce(&mut State)) {
        if let Some(plan) = &self.0 {
            change(&mut lock(&plan.state));
        }
    }
}

impl State {
    fn choose(&mut self, step: Step, number: u64) -> Option<When> {
        match self.fail_from {
            Some((at, when)) if number == at => return Some(when),
            Some((at, _)) if number > at => return Some(When::Before),
            Some(_) | None => {}
        }
        match &mut self.fail_step {
            Some((planned, when, times)) if *planned == step && *times > 0 => {
                *times -= 1;
                Some(*when)
            }
            Some(_) | None => None,
        }
    }
}

fn planned(step: Step) -> io::Error {
    io::Error::other(format!("planned failure of {step:?}"))
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
