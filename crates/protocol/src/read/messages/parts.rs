//! Blocks of a message's content, and what is inside them.

use model::StoredKind;

use super::tools::DEFINITIONS;
use crate::read::form::{
    Act, Form, Member, Shape, Unknown, Untagged, Variant, Variants, media, member, names, object,
    opaque, plain, words,
};
use crate::read::uri;

/// Blocks of content, of whoever's turn.
pub(super) static PARTS: Variants = Variants {
    tag: "type",
    common: BLOCK,
    known: &[
        // What people and models write and show.
        &[
            Variant::of("text", &TEXT),
            Variant::of("image", &IMAGE),
            Variant::of("document", &DOCUMENT),
            Variant::of("search_result", &SEARCH_RESULT),
            Variant::of("thinking", &THINKING),
            Variant::of("redacted_thinking", &DATA),
            Variant::of("container_upload", &FILE),
            Variant::of("browser_state", &BROWSER_STATE),
        ],
        // Calls of tools, the caller's and the provider's, as the model wrote them.
        &[
            Variant::of("tool_use", &TOOL_USE),
            Variant::of("server_tool_use", &TOOL_USE),
            Variant::of("mcp_tool_use", &TOOL_USE),
        ],
        // What came of them.
        &[
            Variant::of("tool_result", &TOOL_RESULT),
            Variant::of("mcp_tool_result", &TOOL_RESULT),
            Variant::of("tool_reference", &TOOL_REFERENCE),
            Variant::of("web_search_tool_result", &WEB_SEARCH_RESULT),
            Variant::of("web_fetch_tool_result", &WEB_FETCH_RESULT),
            Variant::of("advisor_tool_result", &ADVISOR_RESULT),
            Variant::of("tool_search_tool_result", &TOOL_SEARCH_RESULT),
            Variant::of("code_execution_tool_result", &CODE_RESULT),
            Variant::of("bash_code_execution_tool_result", &CODE_RESULT),
            Variant::of("text_editor_code_execution_tool_result", &CODE_RESULT),
        ],
        // What changes the conversation or its tools from here on, or tells that it was changed.
        &[
            Variant::of("compaction", &COMPACTION),
            Variant::of("fallback", &FALLBACK),
            Variant::of("mcp_tool_listing", &MCP_TOOL_LISTING),
            Variant::of("tool_addition", &TOOL_CHANGE),
            Variant::of("tool_removal", &TOOL_CHANGE),
        ],
    ],
    untagged: Untagged::Part,
    unknown: Unknown::Part,
};

/// Members of every block.
const BLOCK: &[Member] = &[plain("type"), object("cache_control", &CACHE_CONTROL)];

pub(super) static CACHE_CONTROL: Form = Form::of(&[&[
    plain("type"),
    // Both are kept in memory. For how long one may be kept beyond that is policy's to say.
    words("ttl", &["5m", "1h"]),
    plain("scope"),
]]);

static TEXT: Form = Form::of(&[&[plain("text"), object("citations", &CITATION)]]);

static DATA: Form = Form::of(&[&[plain("data")]]);

static FILE: Form = Form::of(&[&[names("file_id", StoredKind::File)]]);

static THINKING: Form = Form::of(&[&[plain("thinking"), plain("signature")]]);

static IMAGE: Form = Form::of(&[&[
    member("source", Shape::OneOf(&SOURCES)),
    object("transformations", &TRANSFORMATIONS),
]]);

static TRANSFORMATIONS: Form = Form::of(&[&[plain("oversized_image")]]);

static DOCUMENT: Form = Form::of(&[&[
    member("source", Shape::OneOf(&SOURCES)),
    object("citations", &CITATIONS),
    plain("context"),
    plain("title"),
]]);

static CITATIONS: Form = Form::of(&[&[plain("enabled")]]);

/// Where images and documents come from.
static SOURCES: Variants = Variants {
    tag: "type",
    common: &[plain("type")],
    known: &[&[
        Variant::of("base64", &INLINE_MEDIA),
        Variant::of("text", &INLINE),
        Variant::of("content", &CONTENT),
        Variant::of("url", &URL),
        Variant::of("file", &FILE),
    ]],
    untagged: Untagged::Part,
    unknown: Unknown::Part,
};

static INLINE_MEDIA: Form = Form::of(&[&[media("data"), plain("media_type")]]);

static INLINE: Form = Form::of(&[&[plain("data"), plain("media_type")]]);

static CONTENT: Form = Form::of(&[&[member("content", Shape::Content(&PARTS))]]);

static URL: Form =
    Form::of(&[&[plain("url").doing(Act::NamesOrUrl(StoredKind::File, uri::of_web))]]);

/// What the caller searched itself: nothing is fetched.
static SEARCH_RESULT: Form = Form::of(&[&[
    plain("source"),
    plain("title"),
    member("content", Shape::Content(&PARTS)),
    object("citations", &CITATIONS),
]]);

static CITATION: Form = Form::of(&[&[
    plain("type"),
    plain("cited_text"),
    plain("document_index"),
    plain("document_title"),
    plain("encrypted_index"),
    plain("end_block_index"),
    plain("end_char_index"),
    plain("end_page_number"),
    plain("search_result_index"),
    plain("source"),
    plain("start_block_index"),
    plain("start_char_index"),
    plain("start_page_number"),
    plain("title"),
    plain("url"),
    names("file_id", StoredKind::File),
]]);

static BROWSER_STATE: Form =
    Form::of(&[&[object("tabs", &TAB), object("state_changes", &STATE_CHANGE)]]);

static TAB: Form = Form::of(&[&[plain("tab_id"), plain("title"), plain("url"), plain("active")]]);

static STATE_CHANGE: Form = Form::of(&[&[
    plain("type"),
    plain("tab_id"),
    plain("download_id"),
    plain("url"),
    plain("path"),
    plain("size_bytes"),
    plain("error"),
]]);

static TOOL_USE: Form = Form::of(&[&[
    plain("id"),
    plain("name"),
    // What the model wrote: the agent's own data.
    opaque("input"),
    object("caller", &CALLER),
    plain("server_name"),
    plain("toolset_name"),
]]);

static CALLER: Form = Form::of(&[&[plain("type"), plain("tool_id")]]);

static TOOL_RESULT: Form = Form::of(&[&[
    plain("tool_use_id"),
    member("content", Shape::Content(&PARTS)),
    plain("is_error"),
    plain("toolset_name"),
]]);

static TOOL_REFERENCE: Form = Form::of(&[&[plain("tool_name")]]);

/// Members of every result of a tool of the provider's, beside its content.
const RESULT: &[Member] = &[plain("tool_use_id"), object("caller", &CALLER)];

static WEB_SEARCH_RESULT: Form = Form::of(&[RESULT, &[object("content", &PAGE_FOUND)]]);

static PAGE_FOUND: Form = Form::of(&[&[
    plain("type"),
    plain("encrypted_content"),
    plain("title"),
    plain("url"),
    plain("page_age"),
    plain("error_code"),
]]);

static WEB_FETCH_RESULT: Form = Form::of(&[RESULT, &[object("content", &PAGE_FETCHED)]]);

/// A page that was fetched before: its URL is not fetched again.
static PAGE_FETCHED: Form = Form::of(&[&[
    plain("type"),
    plain("url"),
    plain("retrieved_at"),
    plain("error_code"),
    member("content", Shape::OneOf(&PARTS)),
]]);

static ADVISOR_RESULT: Form = Form::of(&[RESULT, &[object("content", &ADVICE)]]);

static ADVICE: Form = Form::of(&[&[
    plain("type"),
    plain("text"),
    plain("encrypted_content"),
    plain("stop_reason"),
    plain("error_code"),
]]);

static TOOL_SEARCH_RESULT: Form = Form::of(&[RESULT, &[object("content", &TOOLS_FOUND)]]);

static TOOLS_FOUND: Form = Form::of(&[&[
    plain("type"),
    object("tool_references", &REFERENCE_FOUND),
    plain("error_code"),
    plain("error_message"),
]]);

static REFERENCE_FOUND: Form =
    Form::of(&[&[plain("type"), plain("tool_name"), object("cache_control", &CACHE_CONTROL)]]);

static CODE_RESULT: Form = Form::of(&[RESULT, &[object("content", &OUTCOME)]]);

/// What code, a command or an edit in the provider's container came to.
static OUTCOME: Form = Form::of(&[&[
    plain("type"),
    object("content", &OUTPUT),
    plain("stdout"),
    plain("encrypted_stdout"),
    plain("stderr"),
    plain("return_code"),
    plain("error_code"),
    plain("error_message"),
    plain("file_type"),
    plain("num_lines"),
    plain("start_line"),
    plain("total_lines"),
    plain("is_file_update"),
    plain("lines"),
    plain("new_lines"),
    plain("new_start"),
    plain("old_lines"),
    plain("old_start"),
]]);

static OUTPUT: Form = Form::of(&[&[plain("type"), names("file_id", StoredKind::File)]]);

static COMPACTION: Form = Form::of(&[&[
    plain("content"),
    plain("encrypted_content"),
    plain("signature"),
    member("tool_changes", Shape::Content(&PARTS)),
]]);

/// Tells which model answered in place of which: in an earlier answer, and nothing comes of it.
static FALLBACK: Form =
    Form::of(&[&[object("from", &MODEL), object("to", &MODEL), opaque("trigger")]]);

static MODEL: Form = Form::of(&[&[plain("model")]]);

static MCP_TOOL_LISTING: Form =
    Form::of(&[&[plain("mcp_server_name"), object("tools", &LISTED_TOOL)]]);

pub(super) static LISTED_TOOL: Form =
    Form::of(&[&[plain("name"), plain("description"), opaque("input_schema")]]);

static TOOL_CHANGE: Form = Form::of(&[&[member("tool", Shape::OneOf(&CHANGED))]]);

/// A tool that comes or goes: one that the request declares elsewhere, or a declaration.
static CHANGED: Variants = Variants {
    tag: "type",
    common: &[plain("type"), object("cache_control", &CACHE_CONTROL)],
    known: &[&[
        Variant::of("tool_reference", &REFERENCE),
        Variant::of("mcp_tool_reference", &REFERENCE),
        Variant::of("mcp_toolset_reference", &REFERENCE),
        Variant::of("tool_definition", &DEFINITION),
    ]],
    untagged: Untagged::Part,
    unknown: Unknown::Part,
};

static REFERENCE: Form = Form::of(&[&[plain("name"), plain("server_name")]]);

static DEFINITION: Form = Form::of(&[&[member("definition", Shape::OneOf(&DEFINITIONS))]]);
