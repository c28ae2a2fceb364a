//! `POST /v1/responses`: what is read of its body.

use model::{RefusalCode, Stores};

use super::items::ITEMS;
use super::shared::{REMEMBERED, SHARED, STREAM_OPTIONS, TEXT_FORMAT};
use super::tools::TOOLS;
use super::{BETAS, choice};
use crate::json::Value;
use crate::read::bound::{Output, SUMS_UP};
use crate::read::cap::CapPlace;
use crate::read::fields::{Fields, Objection, written_in};
use crate::read::finds::Finds;
use crate::read::form::{Act, Form, Member, Shape, Used, code, member, object, plain};
use crate::read::refused::REFUSED;
use crate::read::splice::Splices;
use crate::read::{Request, Wanted, model_of, walk};

/// The body's object.
pub(in crate::read) static BODY: Form = Form::of(&[SHARED, RESPONSES, REMEMBERED, REFUSED]);

/// The cap on everything that is written, thoughts included.
const CAP: &str = "max_output_tokens";

const RESPONSES: &[Member] = &[
    member("tools", Shape::Tagged(&TOOLS)),
    member("input", Shape::Content(&ITEMS)),
    member("instructions", Shape::Content(&ITEMS)),
    plain("background").when(Used::NotFalse).doing(Act::Refused(
        RefusalCode::BackgroundRefused,
        "asks for an answer in the background",
    )),
    object("context_management", &CONTEXT_MANAGEMENT),
    object("stream_options", &STREAM_OPTIONS),
    object("text", &TEXT),
    plain("include"),
    code(CAP),
    plain("max_tool_calls"),
    plain("truncation"),
];

static CONTEXT_MANAGEMENT: Form = Form::of(&[&[plain("type"), plain("compact_threshold")]]);

static TEXT: Form = Form::of(&[&[object("format", &TEXT_FORMAT), plain("verbosity")]]);

pub(in crate::read) fn read(root: Value<'_>, request: &Request<'_>) -> Result<Wanted, Objection> {
    let mut finds = Finds::default();
    finds.betas(request.betas, BETAS)?;
    let fields = walk::fields(root, &BODY, &mut finds)?;
    choice::read(&fields, &mut finds)?;
    let (name, model) = model_of(&fields)?;
    // The vendor keeps an answer unless it is told not to.
    if fields.optional("store").is_none() {
        finds.stores(Stores::ByDefault);
    }
    fields.boolean("store")?;
    fields.boolean("background")?;
    let cap = fields.whole_number(CAP)?;
    let place = CapPlace::after_model(&fields, model, CAP, r#","max_output_tokens":"#);
    let sums_up = fields.optional("context_management").is_some() || is_told_to(&fields);
    Ok(Wanted {
        model: name,
        stream: fields.boolean("stream")?,
        output: Output::one(cap).unbounded_if(sums_up, SUMS_UP),
        finds,
        splices: Splices::model(model).capping(place),
    })
}

/// Whether an item of the input asks for a summary.
fn is_told_to(fields: &Fields<'_>) -> bool {
    let items = fields.optional("input").into_iter().flat_map(Value::elements);
    let mut kinds = items.filter_map(|item| written_in(item, "type").and_then(Value::string));
    kinds.any(|kind| kind == "compaction_trigger")
}
