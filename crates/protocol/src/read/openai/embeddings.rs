//! `POST /v1/embeddings`: what is read of its body.

use super::BETAS;
use crate::json::{Kind, Value};
use crate::read::bound::Output;
use crate::read::fields::Objection;
use crate::read::finds::Finds;
use crate::read::form::{Form, Member, code, plain};
use crate::read::refused::REFUSED;
use crate::read::splice::Splices;
use crate::read::{Request, Wanted, model_of, walk};

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
        output: Output::nothing(),
        finds,
        splices: Splices::model(model),
    })
}
