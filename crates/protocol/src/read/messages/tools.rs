//! Declarations of tools: the caller's own, and those of the provider's by kind.
//!
//! The vendor names a kind with a date behind it. Every version of a kind does what its kind
//! does; a kind that is not here is refused, and so is a name that goes on with anything else.

use model::ProviderToolKind::{
    Advisor, CodeExecution, ComputerUse, Memory, RemoteMcp, Shell, TextEditor, ToolSearch,
    WebFetch, WebSearch,
};

use super::parts::{CACHE_CONTROL, LISTED_TOOL};
use crate::read::form::{
    Act, Form, Member, Unknown, Untagged, Variant, Variants, object, opaque, plain,
};

/// The `tools` of a body. Which server a toolset is of, the endpoint's code finds out.
pub(super) static TOOLS: Variants = Variants {
    tag: "type",
    common: COMMON,
    known: &[KINDS, &[TOOLSET]],
    untagged: Untagged::Is(&CUSTOM),
    unknown: Unknown::Tool,
};

/// Declarations in the middle of a conversation, where a toolset's server is not looked up.
pub(super) static DEFINITIONS: Variants = Variants {
    tag: "type",
    common: COMMON,
    known: &[KINDS, &[TOOLSET.doing(Act::Tool(RemoteMcp))]],
    untagged: Untagged::Is(&CUSTOM),
    unknown: Unknown::Tool,
};

const CUSTOM: Variant = Variant::of("custom", &CUSTOM_TOOL).doing(Act::ClientTool);

const KINDS: &[Variant] = &[
    CUSTOM,
    kind("web_search", &WEB_SEARCH, Act::Tool(WebSearch)),
    kind("web_fetch", &WEB_FETCH, Act::Tool(WebFetch)),
    kind("code_execution", &DEFINED, Act::Tool(CodeExecution)),
    kind("bash", &DEFINED, Act::Tool(Shell)),
    kind("text_editor", &TEXT_EDITOR, Act::Tool(TextEditor)),
    kind("computer", &COMPUTER, Act::Tool(ComputerUse)),
    kind("computer_toolset", &COMPUTER, Act::Tool(ComputerUse)),
    kind("browser_toolset", &COMPUTER, Act::Tool(ComputerUse)),
    kind("memory", &DEFINED, Act::Tool(Memory)),
    kind("tool_search_tool_bm25", &DEFINED, Act::Tool(ToolSearch)),
    kind("tool_search_tool_regex", &DEFINED, Act::Tool(ToolSearch)),
    kind("advisor", &ADVISOR, Act::Tool(Advisor)),
];

/// The tools of an MCP server.
pub(super) const TOOLSET: Variant = kind("mcp_toolset", &MCP_TOOLSET, Act::Nothing);

const fn kind(name: &'static str, form: &'static Form, act: Act) -> Variant {
    Variant::of(name, form).doing(act).dated()
}

/// Members of every declaration.
const COMMON: &[Member] = &[
    plain("type"),
    plain("name"),
    object("cache_control", &CACHE_CONTROL),
    plain("allowed_callers"),
    plain("defer_loading"),
    plain("strict"),
    opaque("input_examples"),
];

static CUSTOM_TOOL: Form =
    Form::of(&[&[plain("description"), opaque("input_schema"), plain("eager_input_streaming")]]);

static DEFINED: Form = Form::of(&[&[]]);

/// What bounds a tool that reaches the web.
const REACH: &[Member] = &[
    plain("allowed_domains"),
    plain("blocked_domains"),
    plain("max_uses"),
    plain("response_inclusion"),
];

static WEB_SEARCH: Form = Form::of(&[REACH, &[object("user_location", &USER_LOCATION)]]);

static USER_LOCATION: Form = Form::of(&[&[
    plain("type"),
    plain("city"),
    plain("country"),
    plain("region"),
    plain("timezone"),
]]);

static WEB_FETCH: Form = Form::of(&[
    REACH,
    &[
        object("citations", &CITATIONS),
        plain("max_content_tokens"),
        object("url_sources", &URL_SOURCES),
        plain("use_cache"),
    ],
]);

static CITATIONS: Form = Form::of(&[&[plain("enabled")]]);

static URL_SOURCES: Form = Form::of(&[&[
    object("client_tool_results", &URL_SOURCE),
    object("server_tool_results", &URL_SOURCE),
    object("user_input", &URL_SOURCE),
]]);

static URL_SOURCE: Form = Form::of(&[&[plain("type"), object("tools", &SOURCE_TOOL)]]);

static SOURCE_TOOL: Form = Form::of(&[&[plain("type"), plain("name")]]);

static TEXT_EDITOR: Form = Form::of(&[&[plain("max_characters")]]);

static COMPUTER: Form = Form::of(&[&[
    plain("display_height_px"),
    plain("display_width_px"),
    plain("display_number"),
    plain("enable_zoom"),
    // By the name of each action, whether it is on.
    opaque("configs"),
]]);

static ADVISOR: Form = Form::of(&[&[
    plain("model"),
    object("caching", &CACHE_CONTROL),
    plain("max_tokens"),
    plain("max_uses"),
]]);

static MCP_TOOLSET: Form = Form::of(&[&[
    plain("mcp_server_name"),
    object("default_config", &TOOL_CONFIG),
    // By the name of each tool, whether it is on.
    opaque("configs"),
    object("tools", &LISTED_TOOL),
]]);

static TOOL_CONFIG: Form = Form::of(&[&[plain("defer_loading"), plain("enabled")]]);
