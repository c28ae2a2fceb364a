//! What bounds the answers of a chat.

use crate::json::{Kind, Value};
use crate::read::bound::{CAP_OF_ZERO, NOT_TEXT, Output, is_more_than_text};
use crate::read::fields::{Fields, Objection};

/// OpenAI takes no cap beside a prediction.
const PREDICTION_BESIDE: &str = "beside a prediction no output cap is taken";

const THINKING_BESIDE: &str =
    "the model may think beside its output cap, and no budget says how long";

/// What bounds everything the model may write.
///
/// # Errors
/// A number is not a whole one, or no answer is asked for.
pub(super) fn of_chat(fields: &Fields<'_>) -> Result<Output, Objection> {
    let older = fields.whole_number("max_tokens")?;
    let newer = fields.whole_number("max_completion_tokens")?;
    let answers = fields.whole_number("n")?.unwrap_or(1);
    if answers == 0 {
        return Err(Objection::invalid("n", "must be at least 1"));
    }
    // Providers differ in which of the two they follow, so the larger one counts.
    let output = Output::several(answers, older.max(newer))
        .unbounded_if(older == Some(0) || newer == Some(0), CAP_OF_ZERO)
        .unbounded_if(fields.optional("prediction").is_some(), PREDICTION_BESIDE)
        .unbounded_if(fields.optional("modalities").is_some_and(is_more_than_text), NOT_TEXT);
    Ok(thinking(fields, output))
}

/// Servers of one vendor let a model think apart from the cap: as long as `thinking_budget` says,
/// or without a bound in the request.
fn thinking(fields: &Fields<'_>, output: Output) -> Output {
    let asked = fields.optional("enable_thinking").is_some_and(|flag| flag.kind() != Kind::False);
    match fields.optional("thinking_budget").map(Value::whole_number) {
        Some(Some(tokens)) => Output { thinking_tokens: tokens, ..output },
        Some(None) => output.unbounded_if(true, THINKING_BESIDE),
        None => output.unbounded_if(asked, THINKING_BESIDE),
    }
}
