//! `POST /v1/responses`: what is read of its body.

use model::{RefusalCode, Stores};

use super::items::ITEMS;
use super::shared::{REMEMBERED, SHARED, STREAM_OPTIONS, TEXT_FORMAT};
use super::tools::TOOLS;
use super::{BETAS, choice};
use crate::json::Value;
use crate::read::fields::Objection;
use crate::read::finds::Finds;
use crate::read::form::{Act, Form, Member, Shape, Used, code, member, object, plain};
use crate::read::refused::REFUSED;
use crate::read::splice::Splices;
use crate::read::{Request, Wanted, model_of, walk};

/// The body's object.
pub(in crate::read) static BODY: Form = Form::of(&[SHARED, RESPONSES, REMEMBERED, REFUSED]);

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
    code("max_output_tokens"),
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
    Ok(Wanted {
        model: name,
        stream: fields.boolean("stream")?,
        output_tokens_max: fields.whole_number("max_output_tokens")?,
        finds,
        splices: Splices::model(model),
    })
}
