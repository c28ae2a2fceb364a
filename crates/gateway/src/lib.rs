//! The data plane: listen, admit, record, forward, relay.
//!
//! A request is decided completely, the decision is written durably, and only then does
//! anything leave. This crate never changes a charter, never reads a secret's value and never
//! writes the control log.

mod admit;
mod answer;
mod approved;
mod arrival;
mod attempt;
mod betas;
mod body;
mod bounds;
mod budget;
mod call;
mod connection;
mod eligible;
mod figures;
mod forward;
mod gate;
mod health;
mod key_refused;
mod listen;
mod listing;
mod live;
mod plan;
mod probe;
mod relay;
mod route;
mod routes;
mod seen;
mod stall;
mod stored;
mod tls;
mod unproved;
mod upstream;

pub use answer::{
    ATTEMPTS_HEADER, Answer, DECISION_HEADER, MODEL_HEADER, RECEIPT_HEADER, TARGET_HEADER,
};
pub use approved::CONTEXT_HEADER;
pub use arrival::MintId;
pub use bounds::Bounds;
pub use connection::{ConnectionFacts, Peer, Surface};
pub use figures::{Refused, Spread, Traffic, TrafficRow, Window};
pub use gate::{Gate, Load, Parts};
pub use health::{Condition, TargetHealth};
pub use listen::{ListenError, Listener, ListenerSpec, Transport};
pub use live::{Live, LiveError, Upstreams};
pub use probe::{Layer, ProbeAsk, ProbeLayer, Probed, ProbedTarget};
pub use relay::{BrokenOff, Relay};
pub use route::{GOVERNED, GovernedPath, OPEN, OpenPath};
pub use routes::RouteStatus;
pub use tls::{TlsError, TlsFiles};
pub use upstream::{Outbound, Unsent, Upstream};
