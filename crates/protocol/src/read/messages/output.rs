//! What bounds a message that the model writes.

use crate::json::Value;
use crate::read::bound::{Output, SUMS_UP};
use crate::read::fields::{Fields, Objection, written_in};

/// The budget for thoughts cannot be read.
const BUDGET_ODD: &str = "the budget of the model's thoughts is no whole number";

/// What bounds everything the model may write. Its thoughts keep within the cap, but for those in
/// between calls of tools: their budget may be larger than the cap, and then bounds them itself.
///
/// # Errors
/// The cap is not a whole number.
pub(super) fn of(fields: &Fields<'_>) -> Result<Output, Objection> {
    let cap = fields.whole_number("max_tokens")?;
    let output = Output::one(cap).unbounded_if(sums_up(fields), SUMS_UP);
    let budget = fields.optional("thinking").and_then(|all| written_in(all, "budget_tokens"));
    Ok(match budget.filter(|budget| !budget.is_null()).map(Value::whole_number) {
        Some(Some(tokens)) if cap.is_none_or(|cap| tokens >= cap) => {
            Output { thinking_tokens: tokens, ..output }
        }
        Some(Some(_)) | None => output,
        Some(None) => output.unbounded_if(true, BUDGET_ODD),
    })
}

/// Whether the provider may sum up the conversation: told so, or by an edit that does more than to
/// leave something out.
fn sums_up(fields: &Fields<'_>) -> bool {
    let edits = fields.optional("context_management").and_then(|all| written_in(all, "edits"));
    let leaves_out = |edit: Value<'_>| {
        let kind = written_in(edit, "type").and_then(Value::string);
        kind.is_some_and(|kind| kind.starts_with("clear_"))
    };
    let mut edits = edits.into_iter().flat_map(Value::elements);
    fields.optional("compaction").is_some() || !edits.all(leaves_out)
}
