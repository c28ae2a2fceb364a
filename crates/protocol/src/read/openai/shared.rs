//! Members that bodies of several endpoints have, with what is inside them.

use model::StoredKind;

use super::parts::{CACHE_TTL, INPUT_PARTS};
use crate::read::form::{
    Act, Form, Member, Shape, Used, code, member, names, object, opaque, plain, words,
};

/// Fields of chats and responses alike, as OpenAI documents them.
pub(super) const SHARED: &[Member] = &[
    code("model"),
    code("stream"),
    code("tool_choice"),
    plain("store").when(Used::NotFalse).doing(Act::Stores),
    opaque("metadata"),
    object("moderation", &MODERATION),
    object("prompt_cache_options", &PROMPT_CACHE_OPTIONS),
    object("reasoning", &REASONING),
    plain("parallel_tool_calls"),
    plain("prompt_cache_key"),
    // With `24h` the provider keeps what the prompt came to beyond its memory.
    words("prompt_cache_retention", &["in_memory"]),
    plain("safety_identifier"),
    plain("service_tier"),
    plain("temperature"),
    plain("top_logprobs"),
    plain("top_p"),
    plain("user"),
    plain("verbosity"),
];

/// Fields that name something kept at the provider. Responses have most of them; servers that
/// speak the form take them in chats too.
pub(super) const REMEMBERED: &[Member] = &[
    names("previous_response_id", StoredKind::Response),
    object("conversation", &CONVERSATION).doing(Act::Names(StoredKind::Conversation)),
    object("prompt", &PROMPT),
    names("cached_content", StoredKind::Cache),
];

static CONVERSATION: Form = Form::of(&[&[names("id", StoredKind::Conversation)]]).requiring("id");

static PROMPT: Form = Form::of(&[&[
    names("id", StoredKind::Prompt),
    plain("version"),
    member("variables", Shape::Named(&INPUT_PARTS)),
]])
.requiring("id");

static MODERATION: Form = Form::of(&[&[plain("model"), object("policy", &MODERATION_POLICY)]]);

static MODERATION_POLICY: Form =
    Form::of(&[&[object("input", &MODERATION_MODE), object("output", &MODERATION_MODE)]]);

static MODERATION_MODE: Form = Form::of(&[&[plain("mode")]]);

static PROMPT_CACHE_OPTIONS: Form = Form::of(&[&[plain("mode"), CACHE_TTL]]);

static REASONING: Form = Form::of(&[&[
    plain("context"),
    plain("effort"),
    plain("enabled"),
    plain("exclude"),
    plain("generate_summary"),
    plain("max_tokens"),
    plain("mode"),
    plain("summary"),
]]);

/// `stream_options`.
pub(super) static STREAM_OPTIONS: Form = Form::of(&[&[
    plain("include_usage"),
    plain("include_obfuscation"),
    plain("continuous_usage_stats"),
]]);

/// A format for the model's text: a kind, and perhaps a schema or a grammar of the agent's own.
pub(super) static TEXT_FORMAT: Form = Form::of(&[&[
    plain("type"),
    plain("name"),
    plain("description"),
    plain("strict"),
    opaque("schema"),
    object("json_schema", &JSON_SCHEMA),
    plain("grammar"),
    plain("syntax"),
    plain("definition"),
]]);

static JSON_SCHEMA: Form =
    Form::of(&[&[plain("name"), plain("description"), plain("strict"), opaque("schema")]]);
