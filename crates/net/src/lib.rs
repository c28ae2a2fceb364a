//! The one bounded outbound HTTP client: everything portreeve sends anywhere goes through here.
//!
//! It dials, waits no longer than it is told, sends a call at most once and hands back the
//! answer as it streams. It never follows a redirect, never retries, never uses a proxy, never
//! reads the environment (the system's trust roots apart) and never puts a URL's query, a
//! header or a body into an error.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let client = net::Client::new(net::Settings::default())?;
//! let endpoint = net::Endpoint::parse("https://api.openai.com/v1")?;
//! let uri = endpoint.join("/v1/models", None).ok_or("not a path")?;
//! let request = http::Request::get(uri).body(net::Body::empty())?;
//! let timeouts = net::Timeouts { connect_ms: 2_000, first_byte_ms: 30_000 };
//! let answer = client.send(&endpoint, request, timeouts).await?;
//! # Ok(()) }
//! ```

mod body;
mod client;
mod dialer;
mod endpoint;
mod error;
mod hop;
mod reach;
mod roots;

pub use body::Body;
pub use client::{Client, Settings, Timeouts};
pub use endpoint::{Endpoint, EndpointError};
pub use error::{Phase, SendError, SetupError, Unreached};
pub use hop::strip_hop_by_hop;
pub use reach::{Reached, Step, Unreachable};
pub use roots::Roots;
