//! The tools that requests declare: the caller's own, and those that the provider runs or defines.

use model::{ProviderToolKind, StoredKind};

use super::parts::{CACHE_MARK, URL};
use crate::read::form::{
    Act, Form, Member, Shape, Unknown, Untagged, Variant, Variants, member, names, object, opaque,
    plain,
};

/// Members that a tool of any type may have.
const COMMON: &[Member] = &[
    plain("type"),
    plain("allowed_callers"),
    plain("defer_loading"),
    object("cache_control", &CACHE_MARK),
];

/// The tools of a chat, whose own kinds hold their definition one level further in.
pub(super) static CHAT_TOOLS: Variants = Variants {
    tag: "type",
    common: COMMON,
    known: &[
        &[
            Variant::of("function", &CHAT_FUNCTION).doing(Act::ClientTool),
            Variant::of("custom", &CHAT_CUSTOM).doing(Act::ClientTool),
        ],
        PROVIDED,
    ],
    untagged: Untagged::Missing,
    unknown: Unknown::Tool,
};

/// The older `functions` of a chat.
pub(super) static FUNCTIONS: Variants = Variants {
    tag: "type",
    common: COMMON,
    known: &[&[FUNCTION_TOOL]],
    untagged: Untagged::Is(&FUNCTION_TOOL),
    unknown: Unknown::Tool,
};

/// The tools of a request to `responses`.
pub(super) static TOOLS: Variants = Variants {
    tag: "type",
    common: COMMON,
    known: &[
        &[
            FUNCTION_TOOL,
            Variant::of("custom", &CUSTOM).doing(Act::ClientTool),
            // A group of the caller's own tools, under one name.
            Variant::of("namespace", &NAMESPACE),
        ],
        PROVIDED,
    ],
    untagged: Untagged::Missing,
    unknown: Unknown::Tool,
};

const FUNCTION_TOOL: Variant = Variant::of("function", &FUNCTION).doing(Act::ClientTool);

/// Tools that the provider runs, or defines for the caller to run.
const PROVIDED: &[Variant] = &[
    tool("web_search", ProviderToolKind::WebSearch, &WEB_SEARCH).dated(),
    tool("web_search_preview", ProviderToolKind::WebSearch, &WEB_SEARCH).dated(),
    tool("file_search", ProviderToolKind::FileSearch, &FILE_SEARCH),
    tool("code_interpreter", ProviderToolKind::CodeExecution, &CODE_INTERPRETER),
    tool("programmatic_tool_calling", ProviderToolKind::CodeExecution, &NOTHING_MORE),
    tool("computer", ProviderToolKind::ComputerUse, &COMPUTER).dated(),
    tool("computer_use_preview", ProviderToolKind::ComputerUse, &COMPUTER).dated(),
    Variant::of("mcp", &MCP).doing(Act::Mcp("server_url", &["connector_id", "tunnel_id"])),
    tool("image_generation", ProviderToolKind::Generation, &IMAGE_GENERATION),
    tool("local_shell", ProviderToolKind::Shell, &NOTHING_MORE),
    tool("shell", ProviderToolKind::Shell, &SHELL),
    tool("apply_patch", ProviderToolKind::TextEditor, &NOTHING_MORE),
    tool("tool_search", ProviderToolKind::ToolSearch, &TOOL_SEARCH),
    // Servers that speak the form.
    tool("browser_search", ProviderToolKind::WebSearch, &NOTHING_MORE),
    tool("x_search", ProviderToolKind::WebSearch, &X_SEARCH),
    tool("code_execution", ProviderToolKind::CodeExecution, &NOTHING_MORE),
];

/// A tool of the provider's, of that name and kind.
const fn tool(name: &'static str, kind: ProviderToolKind, form: &'static Form) -> Variant {
    Variant::of(name, form).doing(Act::Tool(kind))
}

static NOTHING_MORE: Form = Form::of(&[]);

static CHAT_FUNCTION: Form = Form::of(&[&[object("function", &FUNCTION), plain("strict")]]);

static CHAT_CUSTOM: Form = Form::of(&[&[object("custom", &CUSTOM)]]);

static FUNCTION: Form = Form::of(&[&[
    plain("name"),
    plain("description"),
    opaque("parameters"),
    opaque("output_schema"),
    plain("strict"),
]]);

static CUSTOM: Form = Form::of(&[&[
    plain("name"),
    plain("description"),
    // A grammar of the agent's own for what the model may write.
    opaque("format"),
]]);

static NAMESPACE: Form =
    Form::of(&[&[plain("name"), plain("description"), member("tools", Shape::Tagged(&TOOLS))]]);

static WEB_SEARCH: Form = Form::of(&[&[
    plain("external_web_access"),
    plain("search_content_types"),
    plain("search_context_size"),
    object("filters", &WEB_FILTERS),
    object("user_location", &USER_LOCATION),
]]);

static WEB_FILTERS: Form =
    Form::of(&[&[plain("allowed_domains"), plain("blocked_domains"), plain("excluded_domains")]]);

/// Where the person who searches roughly is.
pub(super) static USER_LOCATION: Form = Form::of(&[&[
    plain("type"),
    plain("city"),
    plain("country"),
    plain("region"),
    plain("timezone"),
    object("approximate", &PLACE),
]]);

static PLACE: Form =
    Form::of(&[&[plain("city"), plain("country"), plain("region"), plain("timezone")]]);

static X_SEARCH: Form = Form::of(&[&[
    plain("allowed_x_handles"),
    plain("excluded_x_handles"),
    plain("from_date"),
    plain("to_date"),
    plain("enable_image_understanding"),
    plain("enable_video_understanding"),
]]);

static FILE_SEARCH: Form = Form::of(&[&[
    names("vector_store_ids", StoredKind::VectorStore),
    plain("max_num_results"),
    // Comparisons with labels that the agent gave its files.
    opaque("filters"),
    object("ranking_options", &RANKING),
]]);

static RANKING: Form = Form::of(&[&[
    plain("ranker"),
    plain("score_threshold"),
    object("hybrid_search", &HYBRID_SEARCH),
]]);

static HYBRID_SEARCH: Form = Form::of(&[&[plain("embedding_weight"), plain("text_weight")]]);

static CODE_INTERPRETER: Form =
    Form::of(&[&[object("container", &CONTAINER).doing(Act::Names(StoredKind::Container))]]);

/// A container for code: made for this request, or one that is kept.
static CONTAINER: Form = Form::of(&[&[
    plain("type"),
    names("container_id", StoredKind::Container),
    names("file_ids", StoredKind::File),
    plain("memory_limit"),
    object("network_policy", &NETWORK_POLICY),
    member("skills", Shape::Tagged(&SKILLS)),
]]);

/// The hosts that a container reaches, and credentials of the agent's own for them.
static NETWORK_POLICY: Form =
    Form::of(&[&[plain("type"), plain("allowed_domains"), opaque("domain_secrets")]]);

static SKILLS: Variants = Variants {
    tag: "type",
    common: &[plain("type")],
    known: &[&[
        tool("skill_reference", ProviderToolKind::Skills, &SKILL),
        tool("inline", ProviderToolKind::Skills, &SKILL),
    ]],
    // On the caller's own computer: a name and a path there.
    untagged: Untagged::Is(&LOCAL_SKILL),
    unknown: Unknown::Tool,
};

const LOCAL_SKILL: Variant = Variant::of("local", &SKILL);

static SKILL: Form = Form::of(&[&[
    plain("skill_id"),
    plain("version"),
    plain("name"),
    plain("description"),
    plain("path"),
    opaque("source"),
]]);

static COMPUTER: Form =
    Form::of(&[&[plain("display_width"), plain("display_height"), plain("environment")]]);

static MCP: Form = Form::of(&[&[
    plain("server_label"),
    plain("server_url"),
    plain("server_description"),
    plain("connector_id"),
    plain("tunnel_id"),
    plain("authorization"),
    opaque("headers"),
    object("allowed_tools", &TOOL_FILTER),
    object("require_approval", &APPROVAL),
]]);

static TOOL_FILTER: Form = Form::of(&[&[plain("read_only"), plain("tool_names")]]);

static APPROVAL: Form =
    Form::of(&[&[object("always", &TOOL_FILTER), object("never", &TOOL_FILTER)]]);

static IMAGE_GENERATION: Form = Form::of(&[&[
    plain("action"),
    plain("background"),
    plain("input_fidelity"),
    plain("model"),
    plain("moderation"),
    plain("n"),
    plain("output_compression"),
    plain("output_format"),
    plain("partial_images"),
    plain("quality"),
    plain("size"),
    object("input_image_mask", &MASK),
]]);

static MASK: Form =
    Form::of(&[&[names("file_id", StoredKind::File), plain("image_url").doing(URL)]]);

static SHELL: Form = Form::of(&[&[object("environment", &CONTAINER)]]);

static TOOL_SEARCH: Form =
    Form::of(&[&[plain("description"), plain("execution"), opaque("parameters")]]);
