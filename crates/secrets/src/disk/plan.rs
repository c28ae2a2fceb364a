//! A plan of disk failures for tests: at one operation, and at every one after it, as if the
//! process had died there.

use std::cell::Cell;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

/// How the first failing operation fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    /// Nothing of it took effect.
    Before,
    /// Half of a write took effect; any other operation counts as `Before`.
    HalfWay,
    /// All of it took effect, and still it is reported as failed.
    After,
}

/// Which operation fails, and how many there were.
#[derive(Debug, Clone, Default)]
pub(crate) struct Plan(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    done: Cell<usize>,
    die_at: Option<(usize, When)>,
}

impl Plan {
    /// The operation numbered `at`, from 0, fails, and so does each one after it.
    pub(crate) fn die_at(&self, at: usize, when: When) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *state = State { done: Cell::new(0), die_at: Some((at, when)) };
    }

    /// Whether the planned failure came.
    pub(crate) fn has_died(&self) -> bool {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.die_at.is_some_and(|(at, _)| state.done.get() > at)
    }

    pub(crate) fn step<T>(&self, work: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        match self.next() {
            None => work(),
            Some(When::Before | When::HalfWay) => Err(planned()),
            Some(When::After) => work().and_then(|_| Err(planned())),
        }
    }

    pub(crate) fn write(
        &self,
        bytes: &[u8],
        write: impl FnOnce(&[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        match self.next() {
            None => write(bytes),
            Some(When::Before) => Err(planned()),
            Some(When::HalfWay) => {
                let (half, _) = bytes.split_at(bytes.len() / 2);
                write(half).and_then(|()| Err(planned()))
            }
            Some(When::After) => write(bytes).and_then(|()| Err(planned())),
        }
    }

    fn next(&self) -> Option<When> {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let number = state.done.replace(state.done.get() + 1);
        let (at, when) = state.die_at?;
        match number.cmp(&at) {
            std::cmp::Ordering::Less => None,
            std::cmp::Ordering::Equal => Some(when),
            std::cmp::Ordering::Greater => Some(When::Before),
        }
    }
}

fn planned() -> io::Error {
    io::Error::other("planned failure")
}
