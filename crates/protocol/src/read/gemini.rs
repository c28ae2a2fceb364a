//! `POST /v1beta/models/{model}:generateContent` and its kin: what is read of their bodies.

use super::fields::Objection;
use super::finds::Finds;
use super::form::Form;
use super::refused::REFUSED;
use super::splice::Splices;
use super::{Request, Wanted, named, walk};
use crate::json::Value;

/// The body's object.
pub(super) static BODY: Form = Form::of(&[REFUSED]);

pub(super) fn read(root: Value<'_>, request: &Request<'_>) -> Result<Wanted, Objection> {
    let mut finds = Finds::default();
    finds.betas(request.betas, &[])?;
    walk::fields(root, &BODY, &mut finds)?;
    let name = request.model.ok_or_else(Objection::model_unknown)?;
    Ok(Wanted {
        model: named(name)?,
        stream: request.stream,
        output_tokens_max: None,
        finds,
        splices: Splices::default(),
    })
}

pub(super) fn read_count(root: Value<'_>, request: &Request<'_>) -> Result<Wanted, Objection> {
    read(root, &Request { stream: false, ..*request })
}
