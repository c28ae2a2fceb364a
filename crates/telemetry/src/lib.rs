//! What the gateway shows of itself while it runs. It watches and never decides: nothing here can
//! slow a request, fail it or change what becomes of it.
//!
//! One [`Finished`] is handed over for each request, borrowed; what is kept of it are counts under
//! labels of closed sets and of names that the charter declares. No prompt, no person, no secret
//! and no text of a client's own ever becomes a label.
//!
//! ```
//! use telemetry::{Settings, Standing, Watch};
//!
//! let (watch, _traces) = Watch::new(Settings::default())?;
//! let mut standing = Standing::default();
//! standing.set(&telemetry::catalogue::BUILD_INFO, [env!("CARGO_PKG_VERSION")], 1.0);
//! let text = watch.exposition(standing)?;
//! assert!(text.contains("portreeve_build_info{version=\""));
//! # Ok::<(), telemetry::Error>(())
//! ```

pub mod catalogue;
mod context;
mod conventions;
mod exporter;
mod finished;
mod meters;
mod names;
mod otlp;
mod page;
mod process;
mod series;
mod span;
mod standing;
mod watch;
mod wire;

pub use context::TraceContext;
pub use exporter::{Export, Notice, Traces};
pub use finished::{CallEnd, Finished, Steps, TryTime};
pub use otlp::Resource;
pub use page::reference_page;
pub use process::process;
pub use standing::Standing;
pub use watch::{Settings, StreamOpen, Tell, Tracing, Watch};

/// A metric cannot be made or written: its definition is wrong, which a test would have found.
pub type Error = prometheus::Error;

/// The content type of [`Watch::exposition`].
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";
