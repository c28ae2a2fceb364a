//! What a request wants, and what it turned out to use.

use serde::{Deserialize, Serialize};

use crate::ModelName;

/// Which vendor's wire form the client speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dialect {
    /// OpenAI's.
    OpenAi,
    /// Anthropic's.
    Anthropic,
}

/// What is done with the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// `POST /v1/chat/completions`.
    ChatCompletions,
    /// `POST /v1/messages`.
    Messages,
    /// `GET /v1/models`: what may this caller use?
    ListModels,
}

/// What one request wants: everything policy and routing read, nothing a person wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    /// The endpoint.
    pub operation: Operation,
    /// The client's wire form.
    pub dialect: Dialect,
    /// The model as the client named it; none for a listing.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub model: Option<ModelName>,
    /// Whether the answer is to be streamed.
    pub stream: bool,
    /// Size of the body as received.
    pub input_bytes: u64,
    /// The client's own cap on output tokens, where it set one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub output_tokens_max: Option<u64>,
    /// How many plain function tools the request declares (their use stays with the client).
    pub function_tools: u32,
}

/// Tokens a call used, as its provider reported them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens read.
    pub input_tokens: u64,
    /// Tokens written.
    pub output_tokens: u64,
}

impl Dialect {
    /// The name in configuration and records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OpenAi => "open_ai",
            Self::Anthropic => "anthropic",
        }
    }
}

impl Operation {
    /// The name in records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ChatCompletions => "chat_completions",
            Self::Messages => "messages",
            Self::ListModels => "list_models",
        }
    }
}
