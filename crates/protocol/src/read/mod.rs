//! A request's body, read once: what is asked, and where the gateway may splice.

mod chat;
mod fields;
mod messages;
mod refused;
mod splice;
mod stored;

#[cfg(test)]
mod tests;

use bytes::Bytes;
use model::{Ask, Dialect, ModelName, Operation, Refusal, RefusalCode};

use crate::json::{Limits, Value, scan};
use fields::{Fields, Objection};
use splice::Splices;

pub use splice::ForwardBody;

/// A body that was read: the ask, and the bytes it was read from.
///
/// It keeps the body, so that what policy evaluated is what [`forward`](Self::forward) sends.
#[derive(Debug, Clone)]
pub struct Reading {
    ask: Ask,
    body: Bytes,
    splices: Splices,
}

/// What one endpoint's body says beyond its size.
struct Wanted {
    model: ModelName,
    stream: bool,
    output_tokens_max: Option<u64>,
    function_tools: u32,
    splices: Splices,
}

/// Reads the body of a request to `operation`, strictly, in one pass.
///
/// A listing has no body: whatever comes with it is neither read nor forwarded.
///
/// # Errors
/// A refusal that arises from the body alone: it is not one well-formed JSON object within
/// `limits` (`body_*`), a field that is read is missing or of the wrong form (`field_*`), it asks
/// the provider to run a tool, to reach an MCP server, or to use something stored there
/// (`provider_tool_refused`, `remote_mcp_refused`, `stored_object_refused`), or no model can
/// have the name it gives (`model_unknown`). Details name fields, never values.
///
/// # Examples
/// ```
/// use bytes::Bytes;
/// use model::{Dialect, Operation};
///
/// let body = Bytes::from_static(br#"{"model":"fast","messages":[],"stream":true}"#);
/// let limits = protocol::Limits::default();
/// let reading = protocol::read(&body, Operation::ChatCompletions, Dialect::OpenAi, &limits)?;
/// assert!(reading.ask().stream);
///
/// let forward = reading.forward("gpt-5.2-mini");
/// assert!(forward.hides_usage());
/// assert_eq!(
///     forward.into_bytes(),
///     r#"{"model":"gpt-5.2-mini","stream_options":{"include_usage":true},"messages":[],"stream":true}"#
/// );
/// # Ok::<(), model::Refusal>(())
/// ```
pub fn read(
    body: &Bytes,
    operation: Operation,
    dialect: Dialect,
    limits: &Limits,
) -> Result<Reading, Refusal> {
    let reader = match operation {
        Operation::ChatCompletions => chat::read,
        Operation::Messages => messages::read,
        Operation::Responses
        | Operation::Embeddings
        | Operation::CountMessageTokens
        | Operation::GenerateContent
        | Operation::CountContentTokens
        | Operation::ListModels => return Ok(Reading::listing(dialect)),
    };
    let tape = scan(body, limits)?;
    let root = tape.root().ok_or_else(|| Refusal::new(RefusalCode::BodyNotJson, ""))?;
    let wanted = reader(root)?;
    let ask = Ask {
        operation,
        dialect,
        model: Some(wanted.model),
        stream: wanted.stream,
        input_bytes: u64::try_from(body.len()).unwrap_or(u64::MAX),
        output_tokens_max: wanted.output_tokens_max,
        function_tools: wanted.function_tools,
        beyond: model::Beyond::NOTHING,
    };
    Ok(Reading { ask, body: body.clone(), splices: wanted.splices })
}

impl Reading {
    fn listing(dialect: Dialect) -> Self {
        let ask = Ask::bare(Operation::ListModels, dialect);
        Self { ask, body: Bytes::new(), splices: Splices::default() }
    }

    /// What is asked.
    #[must_use]
    pub const fn ask(&self) -> &Ask {
        &self.ask
    }

    /// The body to send: as received, with the model's name at the provider in place of the
    /// client's and, for a streamed answer of the OpenAI dialect, usage asked for.
    #[must_use]
    pub fn forward(&self, upstream_model: &str) -> ForwardBody {
        self.splices.apply(&self.body, upstream_model)
    }
}

/// The `model` that is asked for, and where it stands.
///
/// A name that no model of this gateway can have is a model that does not exist.
fn model_of<'t>(fields: &Fields<'t>) -> Result<(ModelName, Value<'t>), Objection> {
    let value = fields.required("model")?;
    let name = value.string().ok_or_else(|| Objection::invalid("model", "must be a string"))?;
    let name = name.parse().map_err(|_| Objection::model_unknown())?;
    Ok((name, value))
}

/// The `messages` that are sent.
fn messages_of<'t>(fields: &Fields<'t>) -> Result<Value<'t>, Objection> {
    fields::array("messages", fields.required("messages")?)
}
