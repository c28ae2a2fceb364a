//! `POST /v1/chat/completions`: what is read of its body and what is refused.

use model::{Refusal, RefusalCode};

use super::fields::{Fields, Objection, each_object, member, of_kind};
use super::splice::Splices;
use super::{Wanted, messages_of, model_of, refused, stored};
use crate::json::{Kind, Value};

/// The fields that are read. One that differs from these only in case is refused.
pub(super) const READ: &[&str] = &[
    "model",
    "messages",
    "stream",
    "stream_options",
    "max_tokens",
    "max_completion_tokens",
    "n",
    "tools",
    "functions",
    "audio",
];

pub(super) fn read(root: Value<'_>) -> Result<Wanted, Refusal> {
    Ok(wanted(root)?)
}

fn wanted(root: Value<'_>) -> Result<Wanted, Objection> {
    let fields = Fields::of(root, READ)?;
    let (name, model) = model_of(&fields)?;
    each_object("messages", messages_of(&fields)?, check_message)?;
    refused::check(root)?;
    check_voice(&fields)?;
    let function_tools = count_tools(&fields)?;
    let stream = fields.boolean("stream")?;
    let options = stream_options(&fields)?;
    let mut splices = Splices::model(model);
    if stream {
        splices.ask_for_usage(fields.as_written("stream_options"), options);
    }
    Ok(Wanted {
        model: name,
        stream,
        output_tokens_max: output_tokens_max(&fields)?,
        function_tools,
        splices,
    })
}

fn check_message(message: Value<'_>) -> Result<(), Objection> {
    stored::check_content("content", message)?;
    // The assistant's earlier speech, kept at the provider and named by id.
    match member(message, "audio")? {
        None => Ok(()),
        Some(_) => {
            let remark = "names an answer stored at the provider";
            Err(Objection::new(RefusalCode::StoredObjectRefused, "audio", remark))
        }
    }
}

/// A voice is a name; an object instead names one that was made and stored at the provider.
fn check_voice(fields: &Fields<'_>) -> Result<(), Objection> {
    let Some(audio) = fields.optional("audio") else { return Ok(()) };
    let voice = member(audio, "voice").map_err(|objection| objection.within("audio"))?;
    if voice.is_some_and(|voice| voice.kind() != Kind::String) {
        let remark = "names a voice stored at the provider";
        return Err(Objection::new(RefusalCode::StoredObjectRefused, "audio.voice", remark));
    }
    Ok(())
}

/// How many function tools are declared; any other kind of tool is the provider's to run.
fn count_tools(fields: &Fields<'_>) -> Result<u32, Objection> {
    let mut count = 0_u32;
    if let Some(tools) = fields.array("tools")? {
        each_object("tools", tools, |tool| {
            count = count.saturating_add(1);
            check_tool(tool)
        })?;
    }
    if let Some(functions) = fields.array("functions")? {
        each_object("functions", functions, |_| {
            count = count.saturating_add(1);
            Ok(())
        })?;
    }
    Ok(count)
}

fn check_tool(tool: Value<'_>) -> Result<(), Objection> {
    let kind = member(tool, "type")?.ok_or_else(|| Objection::missing("type"))?;
    let kind = kind.string().ok_or_else(|| Objection::invalid("type", "must be a string"))?;
    match &*kind {
        "function" => Ok(()),
        "mcp" => {
            let remark = "asks the provider to reach an MCP server";
            Err(Objection::new(RefusalCode::RemoteMcpRefused, "type", remark))
        }
        _ => {
            let remark = "is not `function`; only tools that the caller runs are admitted";
            Err(Objection::new(RefusalCode::ProviderToolRefused, "type", remark))
        }
    }
}

/// The cap on everything the model may write: per answer, times the answers asked for.
fn output_tokens_max(fields: &Fields<'_>) -> Result<Option<u64>, Objection> {
    let older = fields.whole_number("max_tokens")?;
    let newer = fields.whole_number("max_completion_tokens")?;
    let answers = fields.whole_number("n")?.unwrap_or(1);
    if answers == 0 {
        return Err(Objection::invalid("n", "must be at least 1"));
    }
    // Providers differ in which of the two they follow, so the larger one counts.
    Ok(older.max(newer).map(|cap| cap.saturating_mul(answers)))
}

/// `include_usage` as it is written in `stream_options`.
fn stream_options<'t>(fields: &Fields<'t>) -> Result<Option<Value<'t>>, Objection> {
    let Some(options) = fields.optional("stream_options") else { return Ok(None) };
    let options = of_kind(options, Kind::Object)
        .ok_or_else(|| Objection::invalid("stream_options", "must be an object"))?;
    let inner = Fields::of(options, &["include_usage"])
        .and_then(|inner| inner.boolean("include_usage").map(|_| inner))
        .map_err(|objection| objection.within("stream_options"))?;
    Ok(inner.as_written("include_usage"))
}
