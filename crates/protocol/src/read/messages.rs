//! `POST /v1/messages` and its kin: what is read of their bodies.

use super::fields::Objection;
use super::finds::Finds;
use super::form::{
    Act, Form, Member, Shape, Unknown, Untagged, Variant, Variants, code, member, opaque, plain,
};
use super::refused::REFUSED;
use super::splice::Splices;
use super::{Request, Wanted, model_of, walk};
use crate::json::Value;

/// The body's object.
static BODY: Form = Form::of(&[FIELDS, REFUSED]);

const FIELDS: &[Member] = &[
    code("model"),
    code("stream"),
    code("max_tokens"),
    member("messages", Shape::Objects(&MESSAGE)),
    member("system", Shape::Content(&PARTS)),
    member("tools", Shape::Tagged(&TOOLS)),
];

static MESSAGE: Form = Form::of(&[&[plain("role"), member("content", Shape::Content(&PARTS))]]);

static PARTS: Variants = Variants {
    tag: "type",
    common: &[plain("type")],
    known: &[&[Variant::of("text", &TEXT)]],
    untagged: Untagged::Part,
    unknown: Unknown::Part,
};

static TEXT: Form = Form::of(&[&[plain("text")]]);

static TOOLS: Variants = Variants {
    tag: "type",
    common: &[plain("type")],
    known: &[&[CUSTOM]],
    untagged: Untagged::Is(&CUSTOM),
    unknown: Unknown::Tool,
};

const CUSTOM: Variant = Variant::of("custom", &CUSTOM_TOOL).doing(Act::ClientTool);

static CUSTOM_TOOL: Form =
    Form::of(&[&[plain("name"), plain("description"), opaque("input_schema")]]);

pub(super) fn read(root: Value<'_>, request: &Request<'_>) -> Result<Wanted, Objection> {
    let mut finds = Finds::default();
    finds.betas(request.betas, &[])?;
    let fields = walk::fields(root, &BODY, &mut finds)?;
    let (name, model) = model_of(&fields)?;
    fields.required("messages")?;
    Ok(Wanted {
        model: name,
        stream: fields.boolean("stream")?,
        output_tokens_max: fields.whole_number("max_tokens")?,
        finds,
        splices: Splices::model(model),
    })
}

pub(super) fn read_count(root: Value<'_>, request: &Request<'_>) -> Result<Wanted, Objection> {
    read(root, request)
}
