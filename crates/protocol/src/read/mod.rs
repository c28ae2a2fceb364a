//! A request's body, read once: what is asked, and where the gateway may splice.

mod bound;
mod cap;
mod date;
mod fields;
mod finds;
mod form;
mod gemini;
mod messages;
mod openai;
mod refused;
mod server;
mod spelling;
mod splice;
mod stored;
mod uri;
mod walk;

#[cfg(test)]
mod tests;

use bytes::Bytes;
use model::{Ask, Dialect, ModelName, Operation, Refusal, RefusalCode};

use crate::json::{Limits, Value, scan};
use bound::Output;
use fields::{Fields, Objection};
use finds::Finds;
use splice::Splices;

pub use bound::{Bound, OutputBound, TEMPLATE_TOKENS_MAX, TOOLS_TEMPLATE_TOKENS_MAX};
pub use cap::{Cap, CapField};
pub use finds::stored_name;
pub use splice::ForwardBody;

/// What is known of a request besides its body.
#[derive(Debug, Clone, Copy)]
pub struct Request<'r> {
    /// The endpoint.
    pub operation: Operation,
    /// The wire form its path belongs to.
    pub dialect: Dialect,
    /// Gemini: the model as its path names it, without `models/`. None elsewhere: the body says.
    pub model: Option<&'r str>,
    /// Gemini: whether the path asks for a stream. Elsewhere the body says.
    pub stream: bool,
    /// The values of the headers that turn on previews (`anthropic-beta`, `openai-beta`), split
    /// at commas and trimmed.
    pub betas: &'r [&'r str],
}

/// A body that was read: the ask, and the bytes it was read from.
///
/// It keeps the body, so that what policy evaluated is what [`forward`](Self::forward) sends.
#[derive(Debug, Clone)]
pub struct Reading {
    ask: Ask,
    bound: Bound,
    body: Bytes,
    splices: Splices,
}

/// What one endpoint's body says beyond its size.
struct Wanted {
    model: ModelName,
    stream: bool,
    output: Output,
    finds: Finds,
    splices: Splices,
}

/// Reads a scanned body for one endpoint.
type Reader = fn(Value<'_>, &Request<'_>) -> Result<Wanted, Objection>;

/// Reads the body of a request, strictly, in one pass.
///
/// A listing has no body: whatever comes with it is neither read nor forwarded.
///
/// What would act or remember at the provider, and what this gateway does not know, is no error:
/// it stands in [`Ask::beyond`], for policy to decide.
///
/// # Errors
/// A refusal that arises from the body alone: it is not one well-formed JSON object within
/// `limits` (`body_*`), a field that is read is missing or of the wrong form, or holds more than
/// is read of its kind (`field_*`), it declares a tool of no known kind (`tool_unknown`), it wants
/// an answer in the background (`background_refused`), or no model can have the name it gives
/// (`model_unknown`). Details name fields, never values.
///
/// # Examples
/// ```
/// use bytes::Bytes;
/// use model::{Dialect, Operation};
///
/// let body = Bytes::from_static(br#"{"model":"fast","messages":[],"stream":true}"#);
/// let request = protocol::Request {
///     operation: Operation::ChatCompletions,
///     dialect: Dialect::OpenAi,
///     model: None,
///     stream: false,
///     betas: &[],
/// };
/// let reading = protocol::read(&body, &request, &protocol::Limits::default())?;
/// assert!(reading.ask().stream);
/// assert!(reading.ask().beyond.is_nothing());
///
/// let forward = reading.forward("gpt-5.2-mini", None);
/// assert!(forward.hides_usage());
/// assert_eq!(
///     forward.into_bytes(),
///     r#"{"model":"gpt-5.2-mini","stream_options":{"include_usage":true},"messages":[],"stream":true}"#
/// );
/// # Ok::<(), model::Refusal>(())
/// ```
pub fn read(body: &Bytes, request: &Request<'_>, limits: &Limits) -> Result<Reading, Refusal> {
    let Some(reader) = reader(request.operation) else {
        return Ok(Reading::listing(request.dialect));
    };
    let tape = scan(body, limits)?;
    let root = tape.root().ok_or_else(|| Refusal::new(RefusalCode::BodyNotJson, ""))?;
    let wanted = reader(root, request)?;
    let found = wanted.finds.into_found();
    let ask = Ask {
        operation: request.operation,
        dialect: request.dialect,
        model: Some(wanted.model),
        stream: wanted.stream,
        input_bytes: u64::try_from(body.len()).unwrap_or(u64::MAX),
        output_tokens_max: wanted.output.tokens_max(),
        function_tools: found.client_tools,
        beyond: found.beyond,
    };
    let bound = Bound::of(&ask, found.media, &wanted.output);
    Ok(Reading { ask, bound, body: body.clone(), splices: wanted.splices })
}

/// What reads the bodies of an endpoint; none where they are not read.
const fn reader(operation: Operation) -> Option<Reader> {
    Some(match operation {
        Operation::ChatCompletions => openai::chat::read,
        Operation::Responses => openai::responses::read,
        Operation::Embeddings => openai::embeddings::read,
        Operation::Messages => messages::read,
        Operation::CountMessageTokens => messages::read_count,
        Operation::GenerateContent => gemini::read,
        Operation::CountContentTokens => gemini::read_count,
        Operation::ListModels => return None,
    })
}

impl Reading {
    fn listing(dialect: Dialect) -> Self {
        let ask = Ask::bare(Operation::ListModels, dialect);
        Self { ask, bound: Bound::NOTHING, body: Bytes::new(), splices: Splices::default() }
    }

    /// What is asked.
    #[must_use]
    pub const fn ask(&self) -> &Ask {
        &self.ask
    }

    /// How much the call may use at most, as far as the body says.
    #[must_use]
    pub const fn bound(&self) -> &Bound {
        &self.bound
    }

    /// The body to send: as received, with the model's name at the provider in place of the
    /// client's, for a streamed answer of the OpenAI dialect usage asked for, and `cap` where one
    /// is given, something is written and the client sent none. A field that is `null` was not
    /// sent; everything else that the client wrote stays byte for byte.
    #[must_use]
    pub fn forward(&self, upstream_model: &str, cap: Option<Cap>) -> ForwardBody {
        self.splices.apply(&self.body, upstream_model, cap)
    }
}

/// The `model` that is asked for, and where it stands.
///
/// A name that no model of this gateway can have is a model that does not exist.
fn model_of<'t>(fields: &Fields<'t>) -> Result<(ModelName, Value<'t>), Objection> {
    let value = fields.required("model")?;
    let name = value.string().ok_or_else(|| Objection::invalid("model", "must be a string"))?;
    Ok((named(&name)?, value))
}

/// The model called `name`.
fn named(name: &str) -> Result<ModelName, Objection> {
    name.parse().map_err(|_| Objection::model_unknown())
}
