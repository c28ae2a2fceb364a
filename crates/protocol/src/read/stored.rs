//! Finds references to files stored at the provider inside messages.
//!
//! Only content that the vendors define is searched. What a model wrote as the arguments of a
//! tool (`input` of a `tool_use` block) is the agent's own data: a `file_id` there is no
//! reference, and neither is one in a tool's schema, which is never searched at all.

use model::RefusalCode;

use super::fields::{self, Objection, each_object};
use crate::json::{Kind, Value, same_name};

const FILE_ID: &str = "file_id";

/// Checks the `content` of a message (or the `system` of a request): text, or a list of parts.
pub(super) fn check_content(name: &'static str, owner: Value<'_>) -> Result<(), Objection> {
    fields::member(owner, name)?.map_or(Ok(()), |content| check_parts(name, content))
}

/// Checks content that is text or a list of parts.
pub(super) fn check_parts(name: &'static str, content: Value<'_>) -> Result<(), Objection> {
    match content.kind() {
        Kind::String => Ok(()),
        Kind::Array => each_object(name, content, check_part),
        Kind::Object | Kind::Key | Kind::Number | Kind::True | Kind::False | Kind::Null => {
            Err(Objection::invalid(name, "must be a string or an array of objects"))
        }
    }
}

/// Checks one part: no `file_id` anywhere in it, but for the arguments of a tool call.
fn check_part(part: Value<'_>) -> Result<(), Objection> {
    let kind = fields::member(part, "type")?.and_then(Value::string);
    let calls_tool = kind.is_some_and(|kind| kind.ends_with("tool_use"));
    for (key, value) in part.members() {
        if same_name(&key, FILE_ID) && !value.is_null() {
            let remark = "names a file stored at the provider";
            return Err(Objection::new(RefusalCode::StoredObjectRefused, FILE_ID, remark));
        }
        if !(calls_tool && key == "input") {
            check_inside(value)?;
        }
    }
    Ok(())
}

/// Checks whatever a part holds. A tool's result holds parts, which may again be calls.
fn check_inside(value: Value<'_>) -> Result<(), Objection> {
    match value.kind() {
        Kind::Object => check_part(value),
        Kind::Array => value.elements().try_for_each(check_inside),
        Kind::Key | Kind::String | Kind::Number | Kind::True | Kind::False | Kind::Null => Ok(()),
    }
}
