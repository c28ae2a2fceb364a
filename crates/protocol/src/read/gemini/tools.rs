//! Declarations of tools: the caller's functions, and the provider's tools by kind.

use model::ProviderToolKind::{
    self, CodeExecution, ComputerUse, FileSearch, Maps, RemoteMcp, WebFetch, WebSearch,
};
use model::{RefusalCode, StoredKind};

use super::{fields_of, form};
use crate::json::{Kind, Value};
use crate::read::fields::{Objection, of_kind};
use crate::read::finds::Finds;
use crate::read::form::{Act, Form, Member, Shape, names, object, opaque, plain};
use crate::read::{server, walk};

/// A tool says what it is by the member it has; it may have several.
pub(in crate::read) static TOOL: Form = form(&[&[
    object(FUNCTIONS, &FUNCTION),
    object(SERVERS, &SERVER),
    provided("googleSearch", &GOOGLE_SEARCH, WebSearch),
    provided("googleSearchRetrieval", &GOOGLE_SEARCH_RETRIEVAL, WebSearch),
    provided("enterpriseWebSearch", &GOOGLE_SEARCH, WebSearch),
    provided("urlContext", &NOTHING, WebFetch),
    provided("codeExecution", &NOTHING, CodeExecution),
    provided("googleMaps", &GOOGLE_MAPS, Maps),
    provided("fileSearch", &FILE_SEARCH, FileSearch),
    provided("computerUse", &COMPUTER_USE, ComputerUse),
]]);

const FUNCTIONS: &str = "functionDeclarations";
const SERVERS: &str = "mcpServers";

pub(super) static TOOL_CONFIG: Form = form(&[&[
    object("functionCallingConfig", &FUNCTION_CALLING_CONFIG),
    object("retrievalConfig", &RETRIEVAL_CONFIG),
    plain("includeServerSideToolInvocations"),
]]);

const fn provided(name: &'static str, form: &'static Form, kind: ProviderToolKind) -> Member {
    object(name, form).doing(Act::Tool(kind))
}

static FUNCTION: Form = form(&[&[
    plain("name"),
    plain("description"),
    opaque("parameters"),
    opaque("parametersJsonSchema"),
    opaque("response"),
    opaque("responseJsonSchema"),
    plain("behavior"),
]]);

static SERVER: Form = form(&[&[plain("name"), object(TRANSPORT, &HTTP_TRANSPORT)]]);

const TRANSPORT: &str = "streamableHttpTransport";

static HTTP_TRANSPORT: Form = form(&[&[
    plain("url"),
    opaque("headers"),
    plain("timeout"),
    plain("sseReadTimeout"),
    plain("terminateOnClose"),
]]);

static NOTHING: Form = form(&[&[]]);

static GOOGLE_SEARCH: Form = form(&[&[
    object("searchTypes", &SEARCH_TYPES),
    object("timeRangeFilter", &INTERVAL),
    plain("blockingConfidence"),
    plain("excludeDomains"),
]]);

static SEARCH_TYPES: Form =
    form(&[&[object("webSearch", &NOTHING), object("imageSearch", &NOTHING)]]);

static INTERVAL: Form = form(&[&[plain("startTime"), plain("endTime")]]);

static GOOGLE_SEARCH_RETRIEVAL: Form = form(&[&[object("dynamicRetrievalConfig", &DYNAMIC)]]);

static DYNAMIC: Form = form(&[&[plain("mode"), plain("dynamicThreshold")]]);

static GOOGLE_MAPS: Form =
    form(&[&[plain("enableWidget"), object("groundingTypes", &GROUNDING_TYPES)]]);

static GROUNDING_TYPES: Form = form(&[&[object("places", &NOTHING), object("routing", &NOTHING)]]);

static FILE_SEARCH: Form = form(&[&[
    names("fileSearchStoreNames", StoredKind::VectorStore),
    plain("metadataFilter"),
    plain("topK"),
]]);

static COMPUTER_USE: Form = form(&[&[
    plain("environment"),
    plain("excludedPredefinedFunctions"),
    plain("enablePromptInjectionDetection"),
    plain("disabledSafetyPolicies"),
]]);

static FUNCTION_CALLING_CONFIG: Form =
    form(&[&[plain("mode"), plain("allowedFunctionNames"), plain("streamFunctionCallArguments")]]);

static RETRIEVAL_CONFIG: Form = form(&[&[object("latLng", &LAT_LNG), plain("languageCode")]]);

static LAT_LNG: Form = form(&[&[plain("latitude"), plain("longitude")]]);

/// Notes every tool.
///
/// # Errors
/// A tool is of no known kind or of the wrong form, or there are too many.
pub(super) fn check(tools: Option<Value<'_>>, finds: &mut Finds) -> Result<(), Objection> {
    let Some(tools) = tools else { return Ok(()) };
    each_of(tools, |tool| tool_is_known(tool, finds))
        .and_then(|()| {
            let path = walk::Path::ROOT.inside("tools");
            walk::value(tools, Shape::Object(&TOOL), &path, finds)
        })
        .map_err(|objection| objection.within("tools"))
}

fn tool_is_known(tool: Value<'_>, finds: &mut Finds) -> Result<(), Objection> {
    for (key, _) in tool.members().filter(|(_, value)| !value.is_null()) {
        if TOOL.member(&[], &key)?.is_none() {
            let remark = "declares a kind of tool that this gateway does not know";
            return Err(Objection::new(RefusalCode::ToolUnknown, "", remark));
        }
    }
    let fields = fields_of(tool, &TOOL)?;
    if let Some(functions) = fields.optional(FUNCTIONS) {
        each_of(functions, |_| {
            finds.client_tool();
            Ok(())
        })?;
    }
    let Some(servers) = fields.optional(SERVERS) else { return Ok(()) };
    each_of(servers, |one| finds.tool(RemoteMcp, SERVERS, host_of(one)?))
        .map_err(|objection| objection.within(SERVERS))
}

/// The host of an MCP server; none where the request gives no URL.
fn host_of(server: Value<'_>) -> Result<Option<String>, Objection> {
    let Some(transport) = fields_of(server, &SERVER)?.optional(TRANSPORT) else { return Ok(None) };
    let Some(url) = fields_of(transport, &HTTP_TRANSPORT)?.optional("url") else { return Ok(None) };
    let host = url.string().and_then(|url| server::host(&url));
    host.map(Some).ok_or_else(|| Objection::invalid("url", "names no readable server"))
}

/// Calls `each` with every object of a list, or with the one that stands in its place.
fn each_of<'t>(
    list: Value<'t>,
    mut each: impl FnMut(Value<'t>) -> Result<(), Objection>,
) -> Result<(), Objection> {
    let wrong = || Objection::invalid("", "must be an object or an array of objects");
    match list.kind() {
        Kind::Object => each(list),
        Kind::Array => list.elements().enumerate().try_for_each(|(nth, one)| {
            let one = of_kind(one, Kind::Object).ok_or_else(wrong);
            one.and_then(&mut each).map_err(|objection| objection.within(format_args!("[{nth}]")))
        }),
        Kind::Key | Kind::String | Kind::Number | Kind::True | Kind::False | Kind::Null => {
            Err(wrong())
        }
    }
}
