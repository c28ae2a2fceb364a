//! `POST /v1/embeddings`: what is read of its body.

use super::super::fields::Objection;
use super::super::finds::Finds;
use super::super::form::{Form, Member, code, plain};
use super::super::refused::REFUSED;
use super::super::splice::Splices;
use super::super::{Request, Wanted, model_of, walk};
use super::BETAS;
use crate::json::{Kind, Value};

/// The body's object.
pub(in crate::read) static BODY: Form = Form::of(&[DOCUMENTED, EXTENSIONS, REFUSED]);

/// As OpenAI documents them.
const DOCUMENTED: &[Member] =
    &[code("model"), plain("input"), plain("dimensions"), plain("encoding_format"), plain("user")];

/// As servers that speak the form do.
const EXTENSIONS: &[Member] = &[
    plain("add_special_tokens"),
    plain("input_type"),
    plain("normalize"),
    plain("output_dimension"),
    plain("output_dtype"),
    plain("priority"),
    plain("task"),
    plain("truncate"),
    plain("truncate_prompt_tokens"),
    plain("truncation"),
];

pub(in crate::read) fn read(root: Value<'_>, request: &Request<'_>) -> Result<Wanted, Objection> {
    let mut finds = Finds::default();
    finds.betas(request.betas, BETAS)?;
    let fields = walk::fields(root, &BODY, &mut finds)?;
    let (name, model) = model_of(&fields)?;
    if !matches!(fields.required("input")?.kind(), Kind::String | Kind::Array) {
        return Err(Objection::invalid("input", "must be a string or an array"));
    }
    Ok(Wanted {
        model: name,
        stream: false,
        output_tokens_max: None,
        finds,
        splices: Splices::model(model),
    })
}
