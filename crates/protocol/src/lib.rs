//! Wire forms of the model APIs: bytes in, values out.
//!
//! A request's body is [`read`] once, strictly, into an [`Ask`](model::Ask) and the places where
//! the gateway may splice; [`Reading::forward`] gives the bytes to send. A streamed answer runs
//! through a [`Meter`], a whole one through [`told`]. The gateway's own answers are
//! [`error_body`], [`error_event`] and [`model_list`].
//!
//! Nothing here opens a socket, waits, reads a clock or decides anything about policy. Nothing
//! is ever stripped from a request: it is forwarded as it came, or refused. What is read,
//! spliced and refused is listed in `docs/reference/wire.md`.

mod error;
mod heard;
mod json;
mod listing;
mod loose;
mod media;
mod meter;
mod query;
mod rate;
mod read;
mod usage;

pub use error::{error_body, error_event};
pub use heard::{STORED_MAX, Told, told};
pub use json::Limits;
pub use listing::{GEMINI_MODELS_PER_PAGE, MODELS_PER_PAGE, MODELS_PER_PAGE_MAX, model_list};
pub use media::{content_type_ok, request_id_header};
pub use meter::{EVENT_BYTES_MAX, Meter, OUTLINE_BYTES_MAX};
pub use rate::{RateLimit, rate_limit_headers};
pub use read::{
    Bound, Cap, CapField, ForwardBody, OutputBound, Reading, Request, TEMPLATE_TOKENS_MAX,
    TOOLS_TEMPLATE_TOKENS_MAX, read, stored_name,
};
