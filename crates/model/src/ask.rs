//! What a request wants, and what it turned out to use.

use serde::{Deserialize, Serialize};

use crate::{Beyond, ModelName};

/// Which vendor's wire form the client speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dialect {
    /// OpenAI's.
    OpenAi,
    /// Anthropic's.
    Anthropic,
    /// Google's Gemini.
    Gemini,
}

macro_rules! operations {
    ($($(#[$doc:meta])* $variant:ident $word:literal;)*) => {
        /// What is done with the model.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Operation {
            $($(#[$doc])* $variant,)*
        }

        impl Operation {
            /// All of them, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The name in the schema and in records.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }
        }
    };
}

operations! {
    /// OpenAI, `POST /v1/chat/completions`.
    ChatCompletions "chat_completions";
    /// OpenAI, `POST /v1/responses`.
    Responses "responses";
    /// OpenAI, `POST /v1/embeddings`.
    Embeddings "embeddings";
    /// Anthropic, `POST /v1/messages`.
    Messages "messages";
    /// Anthropic, `POST /v1/messages/count_tokens`.
    CountMessageTokens "count_message_tokens";
    /// Gemini, `POST /v1beta/models/{model}:generateContent` and `:streamGenerateContent`.
    GenerateContent "generate_content";
    /// Gemini, `POST /v1beta/models/{model}:countTokens`.
    CountContentTokens "count_content_tokens";
    /// `GET /v1/models`, `GET /v1beta/models`: what may this caller use?
    ListModels "list_models";
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
    /// How many tools the request declares that the caller defines and runs itself.
    pub function_tools: u32,
    /// What the provider would do or keep beyond answering.
    #[serde(skip_serializing_if = "Beyond::is_nothing", default)]
    pub beyond: Beyond,
}

/// Tokens a call used, as its provider reported them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens read.
    pub input_tokens: u64,
    /// Tokens written.
    pub output_tokens: u64,
}

impl Ask {
    /// An ask of which no more is known than its endpoint.
    #[must_use]
    pub const fn bare(operation: Operation, dialect: Dialect) -> Self {
        Self {
            operation,
            dialect,
            model: None,
            stream: false,
            input_bytes: 0,
            output_tokens_max: None,
            function_tools: 0,
            beyond: Beyond::NOTHING,
        }
    }
}

impl Operation {
    /// The wire form in which it is asked for; none of a list, which every form has.
    #[must_use]
    pub const fn dialect(self) -> Option<Dialect> {
        match self {
            Self::ChatCompletions | Self::Responses | Self::Embeddings => Some(Dialect::OpenAi),
            Self::Messages | Self::CountMessageTokens => Some(Dialect::Anthropic),
            Self::GenerateContent | Self::CountContentTokens => Some(Dialect::Gemini),
            Self::ListModels => None,
        }
    }
}

impl Dialect {
    /// All of them, in order.
    pub const ALL: [Self; 3] = [Self::OpenAi, Self::Anthropic, Self::Gemini];

    /// The name in configuration and records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OpenAi => "open_ai",
            Self::Anthropic => "anthropic",
            Self::Gemini => "gemini",
        }
    }
}
