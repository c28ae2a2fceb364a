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
//! let watch = Watch::new(Settings::default())?;
//! let mut standing = Standing::default();
//! standing.set(&telemetry::catalogue::BUILD_INFO, [env!("CARGO_PKG_VERSION")], 1.0);
//! let text = watch.exposition(standing)?;
//! assert!(text.contains("portreeve_build_info{version=\""));
//! # Ok::<(), telemetry::Error>(())
//! ```

pub mod catalogue;
mod finished;
mod meters;
mod names;
mod page;
mod process;
mod series;
mod standing;
mod watch;

pub use finished::{CallEnd, Finished, Steps};
pub use page::reference_page;
pub use process::process;
pub use standing::Standing;
pub use watch::{Settings, StreamOpen, Watch};

/// A metric cannot be made or written: its definition is wrong, which a test would have found.
pub type Error = prometheus::Error;

/// The content type of [`Watch::exposition`].
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";
