//! The one engine behind both kinds of log: a queue, a writer thread, a publisher thread.
//!
//! Callers only ever touch the queue and a small shared state; no caller waits for the disk
//! longer than `answer_within`.

use std::fs::File;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use model::{Clock, DecisionId, Timestamp};
use tokio::sync::{Semaphore, mpsc, oneshot};

use crate::entry::Draft;
use crate::message::{Answer, Facts, Message, Pending, Then};
use crate::recorded::Due;
use crate::settings::Settings;
use crate::status::{Status, Unavailable};

/// Places in the channel beyond those the permits account for: the one `Close`.
const SPARE_PLACES: usize = 1;

/// A running log.
#[derive(Debug)]
pub(crate) struct Engine {
    shared: Arc<Shared>,
    queue: mpsc::Sender<Message>,
    closing: AtomicBool,
}

/// What callers, writer and publisher share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) origin: String,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) settings: Settings,
    pub(crate) rooms: Arc<Semaphore>,
    state: Mutex<State>,
    /// Wakes the publisher before its time.
    wake: Condvar,
    /// The lock on the log's directory; given up by `close`, or with the last thread.
    lock: Mutex<Option<File>>,
}

/// The small state behind `Status`. Each field names its only writer.
#[derive(Debug, Default)]
pub(crate) struct State {
    /// Writer.
    pub(crate) durable: u64,
    /// Publisher.
    pub(crate) published: u64,
    /// Writer: batches it made durable, and how long that took in all.
    pub(crate) syncs: u64,
    pub(crate) sync_time: Duration,
    /// Set once at opening.
    pub(crate) epoch: u64,
    /// Writer.
    pub(crate) in_flight: u64,
    /// Writer: whether its last batch failed. A caller whose wait ran out says so too.
    pub(crate) writing_fails: bool,
    /// Publisher: whether its last round failed.
    pub(crate) publishing_fails: bool,
    /// Both: the last failure in words.
    pub(crate) last_error: Option<String>,
    /// Callers add; the publisher answers.
    pub(crate) wanted: Vec<oneshot::Sender<Result<u64, Unavailable>>>,
    /// Writer: it has ended; publish what is there, then end.
    pub(crate) writer_ended: bool,
    /// Publisher: it has ended; nobody answers `wanted` any more.
    pub(crate) publisher_ended: bool,
}

/// What an entry asks of the engine besides being written.
pub(crate) struct Intent {
    pub(crate) draft: Draft,
    pub(crate) facts: Option<Facts>,
    pub(crate) owes: Option<(DecisionId, Timestamp)>,
}

impl Shared {
    pub(crate) fn new(
        origin: String,
        clock: Arc<dyn Clock>,
        settings: Settings,
        lock: File,
    ) -> Self {
        let rooms = Arc::new(Semaphore::new(settings.queue_max.clamp(2, Semaphore::MAX_PERMITS)));
        let (state, wake, lock) = (Mutex::default(), Condvar::new(), Mutex::new(Some(lock)));
        Self { origin, clock, settings, rooms, state, wake, lock }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the publisher is wanted, or `timeout` has passed.
    pub(crate) fn wait(&self, timeout: Duration) -> MutexGuard<'_, State> {
        let state = self.state();
        let idle = |state: &mut State| state.wanted.is_empty() && !state.writer_ended;
        let waited = self.wake.wait_timeout_while(state, timeout, idle);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }

    /// A caller's wait ran out: the log is not well until the writer shows otherwise.
    fn note_stall(&self, why: &Unavailable) {
        let mut state = self.state();
        state.writing_fails = true;
        state.last_error = Some(why.to_string());
    }

    pub(crate) fn wake_publisher(&self) {
        self.wake.notify_all();
    }

    /// Gives up the directory's lock. While a thread hangs in the disk it may yet write, so the
    /// lock then stays until that thread has ended.
    fn unlock_if_ended(&self) {
        let ended = {
            let state = self.state();
            state.writer_ended && state.publisher_ended
        };
        if ended {
            self.lock.lock().unwrap_or_else(PoisonError::into_inner).take();
        }
    }
}

impl State {
    /// What a publication that nobody will attempt any more came to.
    pub(crate) fn settled(&self) -> Result<u64, Unavailable> {
        if self.published == self.durable {
            return Ok(self.published);
        }
        Err(Unavailable::Disk(self.last_error.clone().unwrap_or_default()))
    }
}

impl Engine {
    pub(crate) const fn new(shared: Arc<Shared>, queue: mpsc::Sender<Message>) -> Self {
        Self { shared, queue, closing: AtomicBool::new(false) }
    }

    /// The queue for a log of these settings.
    pub(crate) fn queue(settings: &Settings) -> (mpsc::Sender<Message>, mpsc::Receiver<Message>) {
        let places = settings.queue_max.clamp(2, Semaphore::MAX_PERMITS - SPARE_PLACES);
        mpsc::channel(places + SPARE_PLACES)
    }

    /// Makes one entry durable.
    pub(crate) async fn append(&self, intent: Intent) -> Result<Answer, Unavailable> {
        let within = self.shared.settings.answer_within;
        let (reply, answered) = oneshot::channel();
        let mut queued = false;
        let answer = async {
            let places = 1 + u32::from(intent.owes.is_some());
            let rooms = Arc::clone(&self.shared.rooms);
            let mut room =
                rooms.acquire_many_owned(places).await.map_err(|_| Unavailable::Closed)?;
            let due = intent.owes.map(|(id, received)| {
                let clock = Arc::clone(&self.shared.clock);
                Due::new(id, received, room.split(1), self.queue.clone(), clock)
            });
            let then = Then::Answer { reply, due };
            let Intent { draft, facts, .. } = intent;
            let pending = Box::new(Pending { draft, facts, room: Some(room), then });
            let sent = self.queue.try_send(Message::Entry(pending));
            sent.map_err(|_| Unavailable::Closed)?;
            queued = true;
            answered.await.unwrap_or(Err(Unavailable::Closed))
        };
        let timed = tokio::time::timeout(within, answer).await;
        timed.unwrap_or_else(|_| {
            let late = if queued { Unavailable::Late(within) } else { Unavailable::Full(within) };
            self.shared.note_stall(&late);
            Err(late)
        })
    }

    /// Has the writer look for a heartbeat or a retry that is due, and waits until it did.
    pub(crate) async fn tick(&self) -> Result<(), Unavailable> {
        let within = self.shared.settings.answer_within;
        let (done, ticked) = oneshot::channel();
        let tick = async {
            let rooms = Arc::clone(&self.shared.rooms);
            let room = rooms.acquire_owned().await.map_err(|_| Unavailable::Closed)?;
            let sent = self.queue.try_send(Message::Tick { room, done: Some(done) });
            sent.map_err(|_| Unavailable::Closed)?;
            ticked.await.map_err(|_| Unavailable::Closed)
        };
        tokio::time::timeout(within, tick).await.unwrap_or(Err(Unavailable::Late(within)))
    }

    /// Has the publisher publish what is durable now; returns how many entries the checkpoint
    /// then covers.
    pub(crate) async fn publish(&self) -> Result<u64, Unavailable> {
        let within = self.shared.settings.close_within;
        let (done, published) = oneshot::channel();
        {
            let mut state = self.shared.state();
            if state.publisher_ended {
                return state.settled();
            }
            state.wanted.push(done);
        }
        self.shared.wake_publisher();
        let published = tokio::time::timeout(within, published).await;
        published
            .map_or(Err(Unavailable::Late(within)), |done| done.unwrap_or(Err(Unavailable::Closed)))
    }

    /// Ends the epoch: writes what is queued and its end, publishes, gives up the lock.
    pub(crate) async fn close(&self) -> Result<(), Unavailable> {
        if self.closing.swap(true, Ordering::AcqRel) {
            return Err(Unavailable::Closed);
        }
        let within = self.shared.settings.close_within;
        let (reply, closed) = oneshot::channel();
        let sent = self.queue.try_send(Message::Close(reply));
        sent.map_err(|_| Unavailable::Closed)?;
        let stopped = tokio::time::timeout(within, closed).await;
        let stopped = stopped.map_or(Err(Unavailable::Late(within)), |stopped| {
            stopped.unwrap_or(Err(Unavailable::Closed))
        });
        // The writer has ended now, or hangs; the publisher answers when it has ended too.
        let published = self.publish().await;
        self.shared.unlock_if_ended();
        stopped.and(published.map(|_| ()))
    }

    pub(crate) fn status(&self) -> Status {
        let state = self.shared.state();
        Status {
            origin: self.shared.origin.clone(),
            healthy: !state.writing_fails && !state.publishing_fails,
            epoch: state.epoch,
            size: state.durable,
            published: state.published,
            unpublished: state.durable.saturating_sub(state.published),
            in_flight: state.in_flight,
            syncs: state.syncs,
            sync_time: state.sync_time,
            queue_free: self.shared.rooms.available_permits(),
            last_error: state.last_error.clone(),
        }
    }
}
