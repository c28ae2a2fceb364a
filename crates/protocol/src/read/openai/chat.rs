//! `POST /v1/chat/completions`: what is read of its body.

use model::{ProviderToolKind, RefusalCode, StoredKind};

use super::parts::{CACHE_MARK, CHAT_PARTS};
use super::shared::{REMEMBERED, SHARED, STREAM_OPTIONS, TEXT_FORMAT};
use super::tools::{CHAT_TOOLS, FUNCTIONS, USER_LOCATION};
use super::{BETAS, choice, output};
use crate::json::{Kind, Value};
use crate::read::cap::CapPlace;
use crate::read::fields::{self, Fields, Objection};
use crate::read::finds::Finds;
use crate::read::form::{
    Act, Form, Member, Shape, Used, code, media, member, names, object, opaque, plain,
};
use crate::read::refused::REFUSED;
use crate::read::splice::Splices;
use crate::read::{Request, Wanted, model_of, walk};

/// The body's object.
pub(in crate::read) static BODY: Form =
    Form::of(&[SHARED, CHAT, REMEMBERED, SEARCHES, EXTENSIONS, REFUSED]);

/// As OpenAI documents them.
const CHAT: &[Member] = &[
    member("messages", Shape::Objects(&MESSAGE)),
    member("tools", Shape::Tagged(&CHAT_TOOLS)),
    member("functions", Shape::Tagged(&FUNCTIONS)),
    object("audio", &AUDIO),
    object("function_call", &NAMED),
    object("prediction", &PREDICTION),
    object("response_format", &TEXT_FORMAT),
    object("stream_options", &STREAM_OPTIONS),
    opaque("logit_bias"),
    plain("frequency_penalty"),
    plain("logprobs"),
    code("max_completion_tokens"),
    code("max_tokens"),
    plain("modalities"),
    code("n"),
    plain("presence_penalty"),
    plain("reasoning_effort"),
    plain("seed"),
    plain("stop"),
];

/// Searches that the provider makes because a field says so: OpenAI's first, then those of
/// servers that speak the form.
const SEARCHES: &[Member] = &[
    search("web_search_options", &SEARCH_OPTIONS),
    search("search_parameters", &SEARCH_PARAMETERS),
    search("enable_search", &SEARCH_OPTIONS).when(Used::NotFalse),
    search("plugins", &PLUGIN).when(Used::NotEmpty),
    object("data_sources", &DATA_SOURCE)
        .when(Used::NotEmpty)
        .doing(Act::Tool(ProviderToolKind::FileSearch)),
];

/// Fields of servers that speak the form, which shape the model's answer and nothing else.
const EXTENSIONS: &[Member] = &[
    opaque("chat_template_kwargs"),
    opaque("documents"),
    opaque("guided_json"),
    opaque("json_schema"),
    opaque("structured_outputs"),
    object("thinking", &THINKING),
    object("usage", &USAGE),
    plain("add_generation_prompt"),
    plain("add_special_tokens"),
    plain("allowed_token_ids"),
    plain("bad_words"),
    plain("cache_prompt"),
    plain("cache_salt"),
    plain("continue_final_message"),
    plain("do_sample"),
    plain("dry_allowed_length"),
    plain("dry_base"),
    plain("dry_multiplier"),
    plain("dry_penalty_last_n"),
    plain("dynatemp_exponent"),
    plain("dynatemp_range"),
    plain("echo"),
    plain("enable_thinking"),
    plain("grammar"),
    plain("guided_choice"),
    plain("guided_decoding_backend"),
    plain("guided_grammar"),
    plain("guided_regex"),
    plain("guided_whitespace_pattern"),
    plain("ignore_eos"),
    plain("include_reasoning"),
    plain("include_stop_str_in_output"),
    plain("length_penalty"),
    plain("min_p"),
    plain("min_tokens"),
    plain("mirostat"),
    plain("mirostat_eta"),
    plain("mirostat_tau"),
    plain("prompt_logprobs"),
    plain("prompt_mode"),
    plain("random_seed"),
    plain("reasoning_format"),
    plain("reasoning_split"),
    plain("repeat_last_n"),
    plain("repeat_penalty"),
    plain("repetition_penalty"),
    plain("return_tokens_as_token_ids"),
    plain("safe_prompt"),
    plain("skip_special_tokens"),
    plain("spaces_between_special_tokens"),
    plain("stop_token_ids"),
    plain("thinking_budget"),
    plain("tool_stream"),
    plain("top_a"),
    plain("top_k"),
    plain("top_n_sigma"),
    plain("truncate_prompt_tokens"),
    plain("typical_p"),
    plain("xtc_probability"),
    plain("xtc_threshold"),
    // The answer is made later, and fetched by its id.
    plain("deferred").when(Used::NotFalse).doing(Act::Refused(
        RefusalCode::BackgroundRefused,
        "asks for an answer in the background",
    )),
];

const fn search(name: &'static str, form: &'static Form) -> Member {
    object(name, form).doing(Act::Tool(ProviderToolKind::WebSearch))
}

static MESSAGE: Form = Form::of(&[&[
    plain("role"),
    member("content", Shape::Content(&CHAT_PARTS)),
    plain("name"),
    plain("refusal"),
    member("tool_calls", Shape::Objects(&CALL)),
    plain("tool_call_id"),
    object("function_call", &CALLED),
    // The assistant's earlier speech, kept at the provider and named by id.
    object("audio", &SPEECH),
    // What the model wrote besides its answer, as servers that speak the form replay it.
    opaque("annotations"),
    plain("reasoning"),
    plain("reasoning_content"),
    opaque("reasoning_details"),
    plain("partial"),
    plain("prefix"),
    plain("phase"),
    object("cache_control", &CACHE_MARK),
]]);

static CALL: Form = Form::of(&[&[
    plain("id"),
    plain("type"),
    plain("index"),
    object("function", &CALLED),
    object("custom", &CALLED),
    opaque("extra_content"),
]]);

static CALLED: Form = Form::of(&[&[plain("name"), opaque("arguments"), opaque("input")]]);

static NAMED: Form = Form::of(&[&[plain("name")]]);

static SPEECH: Form = Form::of(&[&[
    names("id", StoredKind::Audio),
    media("data"),
    plain("expires_at"),
    plain("transcript"),
]]);

/// A voice is a name; an object instead names one that was made and is kept.
static AUDIO: Form = Form::of(&[&[plain("format"), object("voice", &VOICE)]]);

static VOICE: Form = Form::of(&[&[names("id", StoredKind::Audio)]]).requiring("id");

static PREDICTION: Form =
    Form::of(&[&[plain("type"), member("content", Shape::Content(&CHAT_PARTS))]]);

static THINKING: Form =
    Form::of(&[&[plain("type"), plain("budget_tokens"), plain("clear_thinking")]]);

static USAGE: Form = Form::of(&[&[plain("include")]]);

static SEARCH_OPTIONS: Form =
    Form::of(&[&[plain("search_context_size"), object("user_location", &USER_LOCATION)]]);

static SEARCH_PARAMETERS: Form = Form::of(&[&[
    plain("mode"),
    plain("from_date"),
    plain("to_date"),
    plain("max_search_results"),
    plain("return_citations"),
    object("sources", &SOURCE),
]]);

static SOURCE: Form = Form::of(&[&[
    plain("type"),
    plain("allowed_websites"),
    plain("country"),
    plain("excluded_websites"),
    plain("excluded_x_handles"),
    plain("included_x_handles"),
    plain("links"),
    plain("post_favorite_count"),
    plain("post_view_count"),
    plain("safe_search"),
    plain("x_handles"),
]]);

static PLUGIN: Form = Form::of(&[&[
    plain("id"),
    plain("enabled"),
    plain("engine"),
    plain("max_results"),
    plain("search_prompt"),
]]);

/// An index that the provider searches, and how it is to reach it.
static DATA_SOURCE: Form = Form::of(&[&[plain("type"), opaque("parameters")]]);

pub(in crate::read) fn read(root: Value<'_>, request: &Request<'_>) -> Result<Wanted, Objection> {
    let mut finds = Finds::default();
    finds.betas(request.betas, BETAS)?;
    let fields = walk::fields(root, &BODY, &mut finds)?;
    choice::read(&fields, &mut finds)?;
    let (name, model) = model_of(&fields)?;
    fields::array("messages", fields.required("messages")?)?;
    fields.boolean("store")?;
    let stream = fields.boolean("stream")?;
    let include_usage = include_usage(&fields)?;
    let mut splices = Splices::model(model).capping(CapPlace::of_chat(&fields, model)?);
    if stream {
        splices.ask_for_usage(fields.as_written("stream_options"), include_usage);
    }
    Ok(Wanted { model: name, stream, output: output::of_chat(&fields)?, finds, splices })
}

/// `include_usage` as it is written in `stream_options`.
fn include_usage<'t>(fields: &Fields<'t>) -> Result<Option<Value<'t>>, Objection> {
    let Some(options) = fields.optional("stream_options") else { return Ok(None) };
    if options.kind() != Kind::Object {
        return Err(Objection::invalid("stream_options", "must be an object"));
    }
    let flag = fields::written_in(options, "include_usage");
    match flag.map(Value::kind) {
        None | Some(Kind::True | Kind::False | Kind::Null) => Ok(flag),
        Some(Kind::Object | Kind::Array | Kind::Key | Kind::String | Kind::Number) => {
            Err(Objection::invalid("stream_options.include_usage", "must be true or false"))
        }
    }
}
