//! `POST /v1/messages` and `POST /v1/messages/count_tokens`: what is read of their bodies.

mod betas;
mod output;
mod parts;
pub(super) mod servers;
mod tools;

use model::{ModelName, ProviderToolKind, RefusalCode, StoredKind};

use super::bound::Output;
use super::cap::{CapPlace, MAX_TOKENS};
use super::fields::{Fields, Objection};
use super::finds::Finds;
use super::form::{
    Act, Form, Member, Shape, Unknown, Untagged, Used, Variant, Variants, code, member, names,
    object, opaque, plain, refused,
};
use super::refused::REFUSED;
use super::splice::Splices;
use super::{Request, Wanted, model_of, walk};
use crate::json::Value;

/// The body's object.
pub(super) static BODY: Form = Form::of(&[ANSWER, FIELDS, THREAD, REFUSED]).requiring("messages");

/// The same where nothing is answered.
pub(super) static COUNT: Form = Form::of(&[FIELDS, THREAD, REFUSED]).requiring("messages");

/// Fields that say how to answer.
const ANSWER: &[Member] = &[code("stream"), code("max_tokens")];

/// `inference_geo` is left out on purpose: it chooses a region, which a target may be held to.
const FIELDS: &[Member] = &[
    code("model"),
    code("mcp_servers"),
    member("messages", Shape::Objects(&MESSAGE)),
    member("system", Shape::Content(&parts::PARTS)),
    member("tools", Shape::Tagged(&tools::TOOLS)),
    object("cache_control", &parts::CACHE_CONTROL),
    object("compaction", &COMPACTION),
    object("container", &CONTAINER).doing(Act::Names(StoredKind::Container)),
    object("context_management", &CONTEXT_MANAGEMENT),
    object("diagnostics", &DIAGNOSTICS),
    object("metadata", &METADATA),
    object("output_config", &OUTPUT_CONFIG),
    object("output_format", &OUTPUT_FORMAT),
    object("thinking", &THINKING),
    object("tool_choice", &TOOL_CHOICE),
    plain("service_tier"),
    plain("speed"),
    plain("stop_sequences"),
    plain("temperature"),
    plain("top_k"),
    plain("top_p"),
];

/// A conversation kept at the provider. Refused, whatever policy says: what such a conversation
/// holds was decided on in other requests, and nothing of it stands in this one.
const THREAD: &[Member] = &[refused(
    "thread",
    Used::Present,
    RefusalCode::StoredObjectRefused,
    "names a conversation kept at the provider",
)];

static MESSAGE: Form = Form::of(&[&[
    plain("role"),
    member("content", Shape::Content(&parts::PARTS)),
    // Of instructions in the middle of a conversation.
    plain("clear_at"),
    object("output_config", &OUTPUT_CONFIG),
]]);

/// A container is named by its id, or by an object that may load skills into it.
static CONTAINER: Form = Form::of(&[&[
    names("id", StoredKind::Container),
    object("skills", &SKILL).when(Used::NotEmpty).doing(Act::Tool(ProviderToolKind::Skills)),
]]);

static SKILL: Form = Form::of(&[&[plain("type"), plain("skill_id"), plain("version")]]);

static CONTEXT_MANAGEMENT: Form = Form::of(&[&[member("edits", Shape::Tagged(&EDITS))]]);

static EDITS: Variants = Variants {
    tag: "type",
    common: &[plain("type")],
    known: &[&[
        Variant::of("clear_tool_uses", &CLEAR_TOOL_USES).dated(),
        Variant::of("clear_thinking", &CLEAR_THINKING).dated(),
        Variant::of("compact", &COMPACT).dated(),
    ]],
    untagged: Untagged::Part,
    unknown: Unknown::Part,
};

static CLEAR_TOOL_USES: Form = Form::of(&[&[
    object("trigger", &AMOUNT),
    object("keep", &AMOUNT),
    object("clear_at_least", &AMOUNT),
    plain("clear_tool_inputs"),
    plain("exclude_tools"),
]]);

static CLEAR_THINKING: Form = Form::of(&[&[object("keep", &AMOUNT)]]);

static COMPACT: Form = Form::of(&[&[
    object("trigger", &AMOUNT),
    plain("instructions"),
    plain("pause_after_compaction"),
]]);

static AMOUNT: Form = Form::of(&[&[plain("type"), plain("value")]]);

static COMPACTION: Form = Form::of(&[&[plain("type"), plain("instructions")]]);

/// A comparison with an earlier answer, which the provider must still have.
static DIAGNOSTICS: Form = Form::of(&[&[names("previous_message_id", StoredKind::Response)]]);

static METADATA: Form = Form::of(&[&[plain("user_id")]]);

static OUTPUT_CONFIG: Form = Form::of(&[&[
    plain("effort"),
    object("format", &OUTPUT_FORMAT),
    object("task_budget", &TASK_BUDGET),
]]);

static OUTPUT_FORMAT: Form = Form::of(&[&[plain("type"), opaque("schema")]]);

static TASK_BUDGET: Form = Form::of(&[&[plain("type"), plain("total"), plain("remaining")]]);

static THINKING: Form = Form::of(&[&[
    plain("type"),
    plain("budget_tokens"),
    plain("display"),
    object("block_binding", &BLOCK_BINDING),
]]);

static BLOCK_BINDING: Form = Form::of(&[&[plain("prefix_mismatch_behavior")]]);

static TOOL_CHOICE: Form =
    Form::of(&[&[plain("type"), plain("name"), plain("disable_parallel_tool_use")]]);

pub(super) fn read(root: Value<'_>, request: &Request<'_>) -> Result<Wanted, Objection> {
    let mut finds = Finds::default();
    let (name, model, fields) = asked(root, request, &BODY, &mut finds)?;
    let place = CapPlace::after_model(&fields, model, "max_tokens", MAX_TOKENS);
    Ok(Wanted {
        model: name,
        stream: fields.boolean("stream")?,
        output: output::of(&fields)?,
        finds,
        splices: Splices::model(model).capping(place),
    })
}

/// Counting tokens runs no tool. What is declared is noted all the same: one rule for both.
pub(super) fn read_count(root: Value<'_>, request: &Request<'_>) -> Result<Wanted, Objection> {
    let mut finds = Finds::default();
    let (name, model, _) = asked(root, request, &COUNT, &mut finds)?;
    let splices = Splices::model(model);
    Ok(Wanted { model: name, stream: false, output: Output::nothing(), finds, splices })
}

/// The model that is asked for, where it stands, and the fields beside it.
fn asked<'t>(
    root: Value<'t>,
    request: &Request<'_>,
    form: &'static Form,
    finds: &mut Finds,
) -> Result<(ModelName, Value<'t>, Fields<'t>), Objection> {
    betas::check(request.betas, finds)?;
    let fields = walk::fields(root, form, finds)?;
    let (name, model) = model_of(&fields)?;
    servers::check(&fields, finds)?;
    Ok((name, model, fields))
}
