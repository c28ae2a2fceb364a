//! `POST /v1beta/models/{model}:generateContent`, `:streamGenerateContent` and `:countTokens`:
//! what is read of their bodies.
//!
//! These are messages of protocol buffers in JSON: every member may be spelt in camel case or in
//! snake case, and a list of one may be written without its brackets.

mod config;
mod contents;
pub(super) mod tools;

use model::{StoredKind, UnrecognisedPlace};

use super::bound::Output;
use super::fields::{Fields, Objection, of_kind};
use super::finds::Finds;
use super::form::{Act, Form, Member, Shape, Used, code, member, names, object, opaque, plain};
use super::refused::REFUSED;
use super::spelling::Spelling;
use super::splice::Splices;
use super::{Request, Wanted, named, walk};
use crate::json::{Kind, Value};

/// The body's object.
pub(super) static BODY: Form = form(&[FIELDS, REFUSED]).requiring("contents");

/// The object of a body that asks for a count: content, or a whole request to be counted.
pub(super) static COUNT: Form = form(&[COUNTED, REFUSED]);

const FIELDS: &[Member] = &[
    code("model"),
    code("tools"),
    object("contents", &contents::CONTENT),
    object("systemInstruction", &contents::CONTENT),
    object("toolConfig", &tools::TOOL_CONFIG),
    object("safetySettings", &config::SAFETY_SETTING),
    object("generationConfig", &config::GENERATION_CONFIG),
    names("cachedContent", StoredKind::Cache),
    opaque("labels"),
    plain("serviceTier"),
    plain("store").when(Used::NotFalse).doing(Act::Stores),
];

const COUNTED: &[Member] =
    &[code("model"), object("contents", &contents::CONTENT), member(REQUEST, Shape::Object(&BODY))];

const REQUEST: &str = "generateContentRequest";

/// An object with the members of these lists, in either spelling.
const fn form(members: &'static [&'static [Member]]) -> Form {
    Form {
        members,
        required: None,
        spelling: Spelling::CamelOrSnake,
        unknown: UnrecognisedPlace::Field,
    }
}

pub(super) fn read(root: Value<'_>, request: &Request<'_>) -> Result<Wanted, Objection> {
    let mut finds = Finds::default();
    finds.betas(request.betas, &[])?;
    let fields = walk::fields(root, &BODY, &mut finds)?;
    let (output, place) = config::output(root, &fields)?;
    let mut splices = Splices::default().capping(place);
    same_model(&fields, request, &mut splices)?;
    tools::check(fields.optional("tools"), &mut finds)?;
    Ok(Wanted { model: model(request)?, stream: request.stream, output, finds, splices })
}

/// Counting tokens runs no tool. What is declared is noted all the same: one rule for both.
pub(super) fn read_count(root: Value<'_>, request: &Request<'_>) -> Result<Wanted, Objection> {
    let mut finds = Finds::default();
    finds.betas(request.betas, &[])?;
    let fields = walk::fields(root, &COUNT, &mut finds)?;
    let mut splices = Splices::default();
    same_model(&fields, request, &mut splices)?;
    if let Some(counted) = fields.optional(REQUEST) {
        counted_request(counted, request, &mut finds, &mut splices)
            .map_err(|objection| objection.within(REQUEST))?;
    }
    Ok(Wanted { model: model(request)?, stream: false, output: Output::nothing(), finds, splices })
}

/// The request inside a body that asks for its count. Its form was looked at before.
fn counted_request(
    counted: Value<'_>,
    request: &Request<'_>,
    finds: &mut Finds,
    splices: &mut Splices,
) -> Result<(), Objection> {
    let counted = of_kind(counted, Kind::Object)
        .ok_or_else(|| Objection::invalid("", "must be an object"))?;
    let fields = fields_of(counted, &BODY)?;
    same_model(&fields, request, splices)?;
    tools::check(fields.optional("tools"), finds)
}

/// The model that the path names.
fn model(request: &Request<'_>) -> Result<model::ModelName, Objection> {
    named(request.model.ok_or_else(Objection::model_unknown)?)
}

/// A body may name the model too, as a resource: it must be the one that the path names.
fn same_model(
    fields: &Fields<'_>,
    request: &Request<'_>,
    splices: &mut Splices,
) -> Result<(), Objection> {
    let Some(value) = fields.optional("model") else { return Ok(()) };
    let name = value.string().ok_or_else(|| Objection::invalid("model", "must be a string"))?;
    if Some(name.strip_prefix("models/").unwrap_or(&name)) != request.model {
        return Err(Objection::invalid("model", "is not the model that the path names"));
    }
    splices.resource(value);
    Ok(())
}

/// The members of `object` that `form` knows, in whichever spelling.
fn fields_of<'t>(object: Value<'t>, form: &'static Form) -> Result<Fields<'t>, Objection> {
    let mut found = Vec::new();
    for (key, value) in object.members() {
        if let Some(member) = form.member(&[], &key)? {
            found.push((member.name, value));
        }
    }
    Ok(Fields::from(found))
}
