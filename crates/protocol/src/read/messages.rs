//! `POST /v1/messages`: what is read of its body and what is refused.

use model::{Refusal, RefusalCode};

use super::fields::{Fields, Objection, each_object, member};
use super::splice::Splices;
use super::{Wanted, messages_of, model_of, refused, stored};
use crate::json::Value;

/// The fields that are read. One that differs from these only in case is refused.
pub(super) const READ: &[&str] = &["model", "messages", "system", "stream", "max_tokens", "tools"];

pub(super) fn read(root: Value<'_>) -> Result<Wanted, Refusal> {
    Ok(wanted(root)?)
}

fn wanted(root: Value<'_>) -> Result<Wanted, Objection> {
    let fields = Fields::of(root, READ)?;
    let (name, model) = model_of(&fields)?;
    each_object("messages", messages_of(&fields)?, |message| {
        stored::check_content("content", message)
    })?;
    if let Some(system) = fields.optional("system") {
        stored::check_parts("system", system)?;
    }
    refused::check(root)?;
    Ok(Wanted {
        model: name,
        function_tools: count_tools(&fields)?,
        stream: fields.boolean("stream")?,
        output_tokens_max: fields.whole_number("max_tokens")?,
        splices: Splices::model(model),
    })
}

/// How many tools are declared that the caller runs and defines. Every other kind is named by a
/// `type` with a date or version, and is the vendor's: run by it, or made to act for it.
fn count_tools(fields: &Fields<'_>) -> Result<u32, Objection> {
    let mut count = 0_u32;
    if let Some(tools) = fields.array("tools")? {
        each_object("tools", tools, |tool| {
            count = count.saturating_add(1);
            check_tool(tool)
        })?;
    }
    Ok(count)
}

fn check_tool(tool: Value<'_>) -> Result<(), Objection> {
    let Some(kind) = member(tool, "type")? else { return Ok(()) };
    let kind = kind.string().ok_or_else(|| Objection::invalid("type", "must be a string"))?;
    if kind == "custom" {
        return Ok(());
    }
    if kind.starts_with("mcp") {
        let remark = "asks the provider to reach an MCP server";
        return Err(Objection::new(RefusalCode::RemoteMcpRefused, "type", remark));
    }
    let remark = "is not `custom`; only tools that the caller defines are admitted";
    Err(Objection::new(RefusalCode::ProviderToolRefused, "type", remark))
}
