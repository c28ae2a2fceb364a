//! What a request to the fake provider is about: which wire form, and what of it shapes the answer.

use http::Uri;
use serde_json::Value;

/// Which endpoint the path belongs to, and so in which form the answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Chat,
    Responses,
    Embeddings,
    Messages,
    CountMessages,
    Content,
    CountContent,
}

/// Which header a vendor's key comes in, and how its errors look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Vendor {
    OpenAi,
    Anthropic,
    Gemini,
}

/// One request, as far as the answer depends on it.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) form: Form,
    pub(crate) model: String,
    pub(crate) stream: bool,
    /// Whether a streamed chat is to end with its usage.
    pub(crate) usage_wanted: bool,
    /// Whether the request wants the answer kept.
    pub(crate) store: bool,
    /// The how manieth response this is: its id is made of it.
    pub(crate) nth: usize,
    pub(crate) manner: Manner,
}

/// How the model answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    Good,
    /// It will not, for safety's sake.
    Refusing,
    /// It does, and does not say what it used.
    WithoutUsage,
}

/// The endpoint that a path leads to, with what the path says of the request.
#[derive(Debug, Clone)]
pub(crate) struct Endpoint {
    pub(crate) form: Form,
    /// The model, where the path names it.
    model: Option<String>,
    stream: bool,
}

impl Endpoint {
    /// The endpoint at `uri`, where there is one. Gemini streams only as events (`alt=sse`).
    pub(crate) fn at(uri: &Uri) -> Option<Self> {
        let form = match uri.path() {
            "/v1/chat/completions" => Form::Chat,
            "/v1/responses" => Form::Responses,
            "/v1/embeddings" => Form::Embeddings,
            "/v1/messages" => Form::Messages,
            "/v1/messages/count_tokens" => Form::CountMessages,
            path => return Self::of_gemini(path, uri.query()),
        };
        Some(Self { form, model: None, stream: false })
    }

    fn of_gemini(path: &str, query: Option<&str>) -> Option<Self> {
        let (model, method) = path.strip_prefix("/v1beta/models/")?.split_once(':')?;
        let (form, stream) = match (method, query) {
            ("generateContent", None) => (Form::Content, false),
            ("streamGenerateContent", Some("alt=sse")) => (Form::Content, true),
            ("countTokens", None) => (Form::CountContent, false),
            _ => return None,
        };
        Some(Self { form, model: Some(model.to_owned()), stream })
    }
}

impl Asked {
    pub(crate) fn new(endpoint: Endpoint, body: &[u8], nth: usize) -> Self {
        let Endpoint { form, model, stream } = endpoint;
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let flag = |pointer| body.pointer(pointer).and_then(Value::as_bool);
        let named = || body.get("model").and_then(Value::as_str).unwrap_or_default().to_owned();
        Self {
            form,
            model: model.unwrap_or_else(named),
            stream: stream || (form.streams_by_field() && flag("/stream") == Some(true)),
            usage_wanted: flag("/stream_options/include_usage") == Some(true),
            store: flag("/store").unwrap_or(true),
            nth,
            manner: Manner::Good,
        }
    }

    /// The media type of a good answer.
    pub(crate) const fn content_type(&self) -> &'static str {
        if self.stream { "text/event-stream" } else { "application/json" }
    }

    pub(crate) fn in_manner(&self, manner: Manner) -> Self {
        Self { manner, ..self.clone() }
    }
}

impl Form {
    pub(crate) const fn vendor(self) -> Vendor {
        match self {
            Self::Chat | Self::Responses | Self::Embeddings => Vendor::OpenAi,
            Self::Messages | Self::CountMessages => Vendor::Anthropic,
            Self::Content | Self::CountContent => Vendor::Gemini,
        }
    }

    const fn streams_by_field(self) -> bool {
        matches!(self, Self::Chat | Self::Responses | Self::Messages)
    }
}
