//! The items that a request to `responses` gives as its input: messages, calls and their results,
//! and what provider-run tools did earlier, which the client replays as data.

use model::{ProviderToolKind, StoredKind};

use super::parts::INPUT_PARTS;
use super::tools::TOOLS;
use crate::read::form::{
    Act, Form, Member, Shape, Unknown, Untagged, Variant, Variants, media, member, names, object,
    opaque, plain,
};

/// Members that an item of any type may have.
const COMMON: &[Member] = &[
    plain("type"),
    plain("id"),
    plain("status"),
    plain("call_id"),
    plain("created_by"),
    object("caller", &CALLER),
];

/// The items of `input`.
pub(super) static ITEMS: Variants = Variants {
    tag: "type",
    common: COMMON,
    known: &[SAID, CALLED, REPLAYED, ACTING],
    untagged: Untagged::Is(&UNTYPED),
    unknown: Unknown::Part,
};

/// An item without a type: a message, which then has no `id`, or a reference, which is one.
const UNTYPED: Variant = Variant::of("untyped", &UNTYPED_ITEM);

/// An item that the client may send by its `id` alone, without the members `data`: the provider
/// then looks it up.
const fn kept(name: &'static str, form: &'static Form, data: &'static [&'static str]) -> Variant {
    Variant::of(name, form).doing(Act::NamesItemWithout(data))
}

/// What was said and thought.
const SAID: &[Variant] = &[
    kept("message", &MESSAGE, &["content"]),
    // A summary stands for nothing: thoughts go on from what is encrypted.
    kept("reasoning", &REASONING, &["encrypted_content"]),
    kept("compaction", &SUMMARY, &["encrypted_content"]),
    Variant::of("compaction_trigger", &NOTHING_MORE),
];

/// Calls of the caller's own tools, or of those it runs for the provider.
const CALLED: &[Variant] = &[
    kept("function_call", &CALL, &["name", "arguments"]),
    kept("function_call_output", &RESULT, &["output"]),
    kept("custom_tool_call", &CALL, &["name", "input"]),
    kept("custom_tool_call_output", &RESULT, &["output"]),
    kept("computer_call", &COMPUTER_CALL, &["action", "actions"]),
    kept("computer_call_output", &COMPUTER_RESULT, &["output"]),
    kept("local_shell_call", &SHELL_CALL, &["action"]),
    kept("local_shell_call_output", &RESULT_TEXT, &["output"]),
    kept("shell_call", &SHELL_CALL, &["action"]),
    kept("shell_call_output", &SHELL_RESULT, &["output"]),
    kept("apply_patch_call", &PATCH_CALL, &["operation"]),
    // A patch that was applied may have nothing to say.
    kept("apply_patch_call_output", &RESULT_TEXT, &["output", "status"]),
];

/// What tools that the provider ran did earlier.
const REPLAYED: &[Variant] = &[
    kept("web_search_call", &SEARCHED, &["action"]),
    kept("file_search_call", &SEARCHED, &["queries", "results"]),
    kept("code_interpreter_call", &CODE_CALL, &["code", "outputs"]),
    kept("image_generation_call", &IMAGE_CALL, &["result"]),
    kept("mcp_list_tools", &MCP_DONE, &["tools", "error"]),
    kept("mcp_call", &MCP_DONE, &["name", "arguments", "output", "error"]),
    kept("mcp_approval_request", &MCP_DONE, &["name", "arguments"]),
    kept("tool_search_call", &TOOL_SEARCH_CALL, &["arguments"]),
    kept("program", &PROGRAM, &["code"]),
    kept("program_output", &PROGRAM, &["result"]),
];

/// Items that do something: name what is kept, let a remote tool go on, declare tools.
const ACTING: &[Variant] = &[
    Variant::of("item_reference", &REFERENCE),
    Variant::of("mcp_approval_response", &APPROVAL).doing(Act::Tool(ProviderToolKind::RemoteMcp)),
    kept("tool_search_output", &MORE_TOOLS, &["tools"]),
    kept("additional_tools", &MORE_TOOLS, &["tools"]),
];

static NOTHING_MORE: Form = Form::of(&[]);

static CALLER: Form = Form::of(&[&[plain("type"), plain("caller_id")]]);

static MESSAGE: Form =
    Form::of(&[&[plain("role"), plain("phase"), member("content", Shape::Content(&INPUT_PARTS))]]);

static REFERENCE: Form = Form::of(&[&[names("id", StoredKind::Item)]]);

static UNTYPED_ITEM: Form = Form::of(&[&[
    names("id", StoredKind::Item),
    plain("role"),
    plain("phase"),
    member("content", Shape::Content(&INPUT_PARTS)),
]]);

static REASONING: Form = Form::of(&[&[
    member("summary", Shape::Content(&INPUT_PARTS)),
    member("content", Shape::Content(&INPUT_PARTS)),
    plain("encrypted_content"),
]]);

static SUMMARY: Form = Form::of(&[&[plain("encrypted_content")]]);

static CALL: Form =
    Form::of(&[&[plain("name"), plain("namespace"), opaque("arguments"), opaque("input")]]);

static RESULT: Form = Form::of(&[&[
    plain("name"),
    plain("namespace"),
    member("output", Shape::Content(&INPUT_PARTS)),
]]);

static RESULT_TEXT: Form = Form::of(&[&[plain("output")]]);

/// What commands wrote, and how each ended.
static SHELL_RESULT: Form =
    Form::of(&[&[object("output", &SHELL_OUTPUT), plain("max_output_length")]]);

static SHELL_OUTPUT: Form = Form::of(&[&[
    plain("stdout"),
    plain("stderr"),
    plain("created_by"),
    object("outcome", &SHELL_OUTCOME),
]]);

static SHELL_OUTCOME: Form = Form::of(&[&[plain("type"), plain("exit_code")]]);

static COMPUTER_CALL: Form =
    Form::of(&[&[opaque("action"), opaque("actions"), opaque("pending_safety_checks")]]);

static COMPUTER_RESULT: Form = Form::of(&[&[
    member("output", Shape::OneOf(&INPUT_PARTS)),
    opaque("acknowledged_safety_checks"),
]]);

static SHELL_CALL: Form = Form::of(&[&[opaque("action"), object("environment", &ENVIRONMENT)]]);

/// Where a command ran: the caller's own computer, or a container that is kept.
static ENVIRONMENT: Form =
    Form::of(&[&[plain("type"), names("container_id", StoredKind::Container), opaque("skills")]]);

static PATCH_CALL: Form = Form::of(&[&[opaque("operation")]]);

static SEARCHED: Form = Form::of(&[&[opaque("action"), opaque("queries"), opaque("results")]]);

static CODE_CALL: Form = Form::of(&[&[
    plain("code"),
    opaque("outputs"),
    // The provider goes on in the container that an earlier call ran in.
    names("container_id", StoredKind::Container),
]]);

static IMAGE_CALL: Form = Form::of(&[&[
    media("result"),
    plain("revised_prompt"),
    plain("action"),
    plain("background"),
    plain("output_format"),
    plain("quality"),
    plain("size"),
]]);

static MCP_DONE: Form = Form::of(&[&[
    plain("name"),
    plain("server_label"),
    names("approval_request_id", StoredKind::Item),
    opaque("arguments"),
    opaque("output"),
    opaque("error"),
    opaque("tools"),
]]);

static APPROVAL: Form = Form::of(&[&[
    names("approval_request_id", StoredKind::Item),
    plain("approve"),
    plain("reason"),
]]);

static TOOL_SEARCH_CALL: Form = Form::of(&[&[plain("execution"), opaque("arguments")]]);

static MORE_TOOLS: Form =
    Form::of(&[&[plain("role"), plain("execution"), member("tools", Shape::Tagged(&TOOLS))]]);

static PROGRAM: Form = Form::of(&[&[plain("code"), plain("fingerprint"), plain("result")]]);
