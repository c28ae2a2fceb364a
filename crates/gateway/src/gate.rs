//! The gate: everything a request meets, and the one function that takes it through.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use identity::TokenVerifier;
use ledger::{DecisionLog, Note, NoteKind};
use model::{Clock, DecisionId, Recordable, Refusal, RefusalCode, StoredObject};
use quota::{Counters, Recent};
use secrets::SecretStore;
use serde_json::json;
use telemetry::Watch;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::admit::{self, Admission, Denied, admit};
use crate::answer::{self, Answer};
use crate::arrival::{Arrival, MintId};
use crate::bounds::Bounds;
use crate::budget::Told;
use crate::connection::ConnectionFacts;
use crate::figures::{Figures, Traffic};
use crate::forward::forward;
use crate::health::Health;
use crate::live::Live;
use crate::route::{self, Route};
use crate::routes::{self, RouteStatus};
use crate::seen::Seen;
use crate::stored::StoredObjects;
use crate::unproved::Unproved;
use crate::upstream::Upstream;

/// Most probes that connect to a provider at a time.
const PROBES_MAX: usize = 4;

/// What a gate is made of.
pub struct Parts {
    /// The charter in force, with its routes.
    pub live: Live,
    /// Checks agents' tokens.
    pub verifier: TokenVerifier,
    /// The decision log of this gateway.
    pub ledger: DecisionLog,
    /// The sealed secrets.
    pub secrets: Arc<SecretStore>,
    /// What budgets have counted so far.
    pub counters: Counters,
    /// The outbound client. The gate alone uses it, and only for recorded permits.
    pub client: net::Client,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Mints decision ids.
    pub mint: MintId,
    /// Who is told of every request that ended.
    pub watch: Watch,
}

/// How much a gate carries at this moment, and how much it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Load {
    /// Requests under way, streams included.
    pub in_flight: usize,
    /// Most of them at a time.
    pub in_flight_max: usize,
}

/// The data plane. One per gateway; requests share it.
pub struct Gate {
    live: ArcSwap<Live>,
    pub(crate) verifier: TokenVerifier,
    pub(crate) ledger: DecisionLog,
    pub(crate) secrets: Arc<SecretStore>,
    pub(crate) upstream: Upstream,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) unproved: Unproved,
    pub(crate) stored: Arc<StoredObjects>,
    pub(crate) health: Health,
    pub(crate) counters: Counters,
    pub(crate) recent: Recent,
    pub(crate) watch: Watch,
    pub(crate) figures: Arc<Figures>,
    /// The bound on probes that connect at a time.
    pub(crate) probes: Semaphore,
    mint: MintId,
    slots: Arc<Semaphore>,
    slots_max: usize,
    pub(crate) body_within: Duration,
    pub(crate) backoff: Duration,
    draining: AtomicBool,
}

impl Gate {
    /// A gate that serves under `parts.live`.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let Bounds { requests_max, body_within, backoff } = Bounds::default();
        Self {
            live: ArcSwap::from_pointee(parts.live),
            verifier: parts.verifier,
            ledger: parts.ledger,
            secrets: parts.secrets,
            upstream: Upstream::new(parts.client),
            figures: Arc::new(Figures::new(Arc::clone(&parts.clock))),
            clock: parts.clock,
            unproved: Unproved::new(),
            stored: Arc::new(StoredObjects::new()),
            health: Health::default(),
            counters: parts.counters,
            recent: Recent::new(),
            watch: parts.watch,
            probes: Semaphore::new(PROBES_MAX),
            mint: parts.mint,
            slots: Arc::new(Semaphore::new(requests_max)),
            slots_max: requests_max,
            body_within,
            backoff,
            draining: AtomicBool::new(false),
        }
    }

    /// The same gate, not yet serving, with other bounds than the product's.
    #[must_use]
    pub fn bounded(self, bounds: Bounds) -> Self {
        let slots_max = bounds.requests_max.min(Semaphore::MAX_PERMITS);
        let slots = Arc::new(Semaphore::new(slots_max));
        let Bounds { body_within, backoff, .. } = bounds;
        Self { slots, slots_max, body_within, backoff, ..self }
    }

    /// Puts another approved charter into force, and says so in the decision log. Requests under
    /// way keep the one they began with.
    pub async fn put_in_force(&self, live: Live) {
        self.live.store(Arc::new(live));
        self.note_charter().await;
    }

    /// Writes into the decision log which charter serves from here on.
    pub async fn note_charter(&self) {
        let live = self.in_force();
        let charter = live.snapshot().charter();
        let body = json!({
            "charter": charter.digest,
            "change": charter.change,
            "control_index": charter.control_index,
            "genesis": charter.genesis,
        });
        let note = Note { id: (self.mint)(self.clock.now()), kind: NoteKind::CharterLoaded, body };
        // Every decision names its charter as well: without this note nothing is hidden, and an
        // unwritable log shows in its own status.
        let _ = self.ledger.note(note).await;
    }

    /// The charter in force.
    #[must_use]
    pub fn in_force(&self) -> Arc<Live> {
        self.live.load_full()
    }

    /// Remembers what a provider keeps for an agent, as the decision log tells at the start.
    pub fn remember(&self, stored: StoredObject) {
        // An object that another entry gave to somebody else stays theirs.
        let _ = self.stored.remember(stored);
    }

    /// What budgets count.
    #[must_use]
    pub const fn counters(&self) -> &Counters {
        &self.counters
    }

    /// How every target of every model fares.
    #[must_use]
    pub fn routes(&self) -> Vec<RouteStatus> {
        routes::status(&self.in_force(), &self.health, self.clock.now())
    }

    /// How much it carries at this moment.
    #[must_use]
    pub fn load(&self) -> Load {
        let in_flight = self.slots_max.saturating_sub(self.slots.available_permits());
        Load { in_flight, in_flight_max: self.slots_max }
    }

    /// What went through lately.
    #[must_use]
    pub fn traffic(&self) -> Traffic {
        self.figures.traffic(self.is_draining())
    }

    /// From now on new requests are refused; those under way go on.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Release);
    }

    /// Closes the aggregate window when its time is over. Called about once a second.
    pub async fn tick(&self) {
        self.unproved.roll(&self.ledger, self.clock.now()).await;
    }

    /// Closes what is open in memory: the last thing before the log is closed.
    pub async fn finish(&self) {
        self.unproved.finish(&self.ledger, self.clock.now()).await;
    }

    /// Takes one request through: snapshot, admit, record, forward.
    pub async fn handle(
        self: Arc<Self>,
        facts: ConnectionFacts,
        request: Request<Incoming>,
    ) -> Response<Answer> {
        let mut arrival = self.arrival(&request);
        let route = match route::find(facts.surface, &request) {
            Ok(Route::Alive | Route::Root) => return answer::open(StatusCode::OK, "ok\n"),
            Ok(Route::Ready) => return self.readiness(),
            Ok(Route::Governed(governed)) => {
                arrival.dialect = governed.dialect;
                arrival.operation = Some(governed.operation);
                Ok(governed)
            }
            Err(refusal) => Err(refusal),
        };
        let slot = Arc::clone(&self.slots).try_acquire_owned().ok();
        let live = self.in_force();
        let mut seen = Seen::new(&self.watch, arrival, request.headers());
        match admit(&self, &live, arrival, route, (slot, request)).await {
            Err(Denied::Unproved(refusal)) => {
                let (answer, counted) = self.refuse_unproved(arrival, &refusal).await;
                seen.counted(counted).answered(Some(refusal.code));
                answer
            }
            Err(Denied::Refused(refused, told)) => {
                seen.decided(&live, &refused.case);
                let refusal = refused.refusal.clone();
                match self.record(&mut seen, *refused).await {
                    Ok(recorded) => {
                        seen.answered(Some(refusal.code));
                        let case = &recorded.value().case;
                        self.figures.refused(arrival, Some(case), refusal.code);
                        let answer = answer::refused(arrival.dialect, &refusal, arrival.id);
                        answer::with_budgets(answer, &told)
                    }
                    // When the budget begins anew is not when the log can be written again.
                    Err(unrecorded) => {
                        answer::with_budgets(unrecorded, &Told { wait_ms: None, ..told })
                    }
                }
            }
            Ok(Admission::Listing(listed)) => {
                seen.decided(&live, listed.case());
                let body = listed.body();
                match self.record(&mut seen, *listed).await {
                    Ok(recorded) => {
                        seen.answered(None);
                        self.figures.answered(arrival, recorded.value().case());
                        answer::json(arrival.dialect, body, arrival.id)
                    }
                    Err(unrecorded) => unrecorded,
                }
            }
            Ok(Admission::Call(call)) => {
                let admit::Call { permit, sending, held } = *call;
                seen.read(sending.read);
                seen.decided(&live, permit.case());
                match self.record(&mut seen, permit).await {
                    Ok(recorded) => forward(&self, &live, seen, recorded, (sending, held)).await,
                    // Nothing was sent: what was held is given back.
                    Err(unrecorded) => {
                        answer::with_budgets(unrecorded, &held.give_back(&self.counters, arrival))
                    }
                }
            }
        }
    }

    /// The only way on: durable first, or a refusal that says the log cannot be written.
    async fn record<T: Recordable>(
        &self,
        seen: &mut Seen,
        decision: T,
    ) -> Result<ledger::Recorded<T>, Response<Answer>> {
        let intended = self.ledger.intend(decision).await;
        seen.recorded();
        intended.map_err(|_unavailable| {
            // The cause stands in the log's status and in the process's own messages.
            self.figures.refused(seen.arrival, None, RefusalCode::LogUnavailable);
            let refusal = Refusal::new(
                RefusalCode::LogUnavailable,
                "Try again; if it lasts, the platform team sees the cause in `portreeve status`.",
            );
            seen.answered(Some(refusal.code));
            answer::refused(seen.arrival.dialect, &refusal, seen.arrival.id)
        })
    }

    /// The answer, and the id of the entry that counts it.
    async fn refuse_unproved(
        &self,
        arrival: Arrival,
        refusal: &Refusal,
    ) -> (Response<Answer>, DecisionId) {
        let now = self.clock.now();
        let id = self.unproved.count(&self.ledger, refusal.code, now, &self.mint).await;
        self.figures.unproved(arrival, refusal.code);
        (answer::refused(arrival.dialect, refusal, id), id)
    }

    fn arrival(&self, request: &Request<Incoming>) -> Arrival {
        let (received, began) = (self.clock.now(), Instant::now());
        let (id, dialect) = ((self.mint)(received), route::dialect_of(request));
        Arrival { id, received, began, dialect, operation: None }
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Acquire)
    }

    fn readiness(&self) -> Response<Answer> {
        if self.is_draining() {
            answer::open(StatusCode::SERVICE_UNAVAILABLE, "draining\n")
        } else if !self.ledger.status().healthy {
            answer::open(StatusCode::SERVICE_UNAVAILABLE, "log unavailable\n")
        } else {
            answer::open(StatusCode::OK, "ready\n")
        }
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Gate").field("live", &self.live).finish_non_exhaustive()
    }
}

impl fmt::Debug for Parts {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Parts").field("live", &self.live).finish_non_exhaustive()
    }
}
