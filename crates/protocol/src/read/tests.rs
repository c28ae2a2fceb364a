//! What holds of the tables as a whole, whatever they say: each member is read as its table says,
//! nothing that no table knows passes in silence, and the page says the same.

#![allow(clippy::expect_used, reason = "what a test is given must be what it says")]

mod page;
mod soup;
mod spots;
mod verdicts;

use bytes::Bytes;
use model::{Dialect, Operation, Refusal};
use serde_json::Value;

use super::form::{Form, Shape};
use super::{Reading, Request, gemini, messages, openai, read};
use crate::json::Limits;

/// An endpoint whose body has a table.
struct Endpoint {
    dialect: Dialect,
    operation: Operation,
    form: &'static Form,
    /// The least body that it reads.
    least: &'static str,
    /// The table by which code reads one of its fields.
    coded: Option<(&'static str, Shape)>,
}

const fn endpoint(
    dialect: Dialect,
    operation: Operation,
    form: &'static Form,
    least: &'static str,
) -> Endpoint {
    Endpoint { dialect, operation, form, least, coded: None }
}

impl Endpoint {
    const fn coding(mut self, name: &'static str, shape: Shape) -> Self {
        self.coded = Some((name, shape));
        self
    }
}

/// Every endpoint with a body.
static ENDPOINTS: &[Endpoint] = &[
    endpoint(
        Dialect::OpenAi,
        Operation::ChatCompletions,
        &openai::chat::BODY,
        r#"{"model":"m","messages":[]}"#,
    )
    .coding("tool_choice", Shape::OneOf(&openai::choice::CHOICES)),
    endpoint(
        Dialect::OpenAi,
        Operation::Responses,
        &openai::responses::BODY,
        r#"{"model":"m","store":false}"#,
    )
    .coding("tool_choice", Shape::OneOf(&openai::choice::CHOICES)),
    endpoint(
        Dialect::OpenAi,
        Operation::Embeddings,
        &openai::embeddings::BODY,
        r#"{"model":"m","input":""}"#,
    ),
    endpoint(
        Dialect::Anthropic,
        Operation::Messages,
        &messages::BODY,
        r#"{"model":"m","messages":[]}"#,
    )
    .coding("mcp_servers", Shape::Objects(&messages::servers::SERVER)),
    endpoint(
        Dialect::Anthropic,
        Operation::CountMessageTokens,
        &messages::COUNT,
        r#"{"model":"m","messages":[]}"#,
    )
    .coding("mcp_servers", Shape::Objects(&messages::servers::SERVER)),
    endpoint(Dialect::Gemini, Operation::GenerateContent, &gemini::BODY, r#"{"contents":[]}"#)
        .coding("tools", Shape::Object(&gemini::tools::TOOL)),
    endpoint(Dialect::Gemini, Operation::CountContentTokens, &gemini::COUNT, "{}"),
];

/// What is read of `body` at an endpoint.
fn read_at(endpoint: &Endpoint, body: &Value) -> Result<Reading, Refusal> {
    let gemini = endpoint.dialect == Dialect::Gemini;
    let request = Request {
        operation: endpoint.operation,
        dialect: endpoint.dialect,
        model: gemini.then_some("m"),
        stream: false,
        betas: &[],
    };
    read(&Bytes::from(body.to_string()), &request, &Limits::default())
}
