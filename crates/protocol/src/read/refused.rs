//! Fields by which a request would reach beyond the model it names: refused where they are used.
//!
//! The list is closed and names what is known of the vendors and of servers that speak their
//! wire forms. Charters point at such servers by `base_url`, so their extensions count too.

use model::RefusalCode::{
    self, FieldInvalid, ProviderToolRefused, RemoteMcpRefused, StorageRefused, StoredObjectRefused,
};

use super::fields::Objection;
use crate::json::{Kind, Value, same_name};

/// When a field is in use.
#[derive(Debug, Clone, Copy)]
pub(super) enum Used {
    /// Whenever it is there and not `null`.
    Present,
    /// Unless it is `null` or `false`.
    NotFalse,
    /// Unless it is `null`, `[]` or `{}`.
    NotEmpty,
    /// Where it is an object.
    Object,
}

/// One field that is refused where it is used.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) name: &'static str,
    used: Used,
    pub(super) code: RefusalCode,
    remark: &'static str,
}

const fn refused(
    name: &'static str,
    used: Used,
    code: RefusalCode,
    remark: &'static str,
) -> Refused {
    Refused { name, used, code, remark }
}

const TOOL: &str = "asks the provider to run a tool";
const MCP: &str = "asks the provider to reach an MCP server";
const STORES: &str = "stores the conversation at the provider";
const STORED: &str = "names something stored at the provider";
const MODELS: &str = "names further models; a request names one";
const ELSEWHERE: &str = "says where or how to reach a provider, which is the charter's to say";

/// Members of the body's object, in either dialect.
pub(super) const REFUSED: &[Refused] = &[
    // OpenAI: web search in chat; stored conversations and answers.
    refused("web_search_options", Used::Present, ProviderToolRefused, TOOL),
    refused("store", Used::NotFalse, StorageRefused, STORES),
    refused("previous_response_id", Used::Present, StoredObjectRefused, STORED),
    refused("conversation", Used::Present, StoredObjectRefused, STORED),
    // Anthropic: the MCP connector; code containers and the skills loaded into them.
    refused("mcp_servers", Used::NotEmpty, RemoteMcpRefused, MCP),
    refused("container", Used::Present, StoredObjectRefused, STORED),
    // Anthropic: conversations kept at the provider; other models where one declines.
    refused("thread", Used::Present, StoredObjectRefused, STORED),
    refused("fallbacks", Used::NotEmpty, FieldInvalid, MODELS),
    // Servers that speak these forms: search and retrieval by the provider.
    refused("search_parameters", Used::Present, ProviderToolRefused, TOOL),
    refused("enable_search", Used::NotFalse, ProviderToolRefused, TOOL),
    refused("plugins", Used::NotEmpty, ProviderToolRefused, TOOL),
    refused("data_sources", Used::NotEmpty, ProviderToolRefused, TOOL),
    // Routers that speak these forms: other models than the one that was decided on.
    refused("models", Used::NotEmpty, FieldInvalid, MODELS),
    // Gateways that speak these forms: another address, key or body than the charter's.
    refused("api_base", Used::Present, FieldInvalid, ELSEWHERE),
    refused("base_url", Used::Present, FieldInvalid, ELSEWHERE),
    refused("api_key", Used::Present, FieldInvalid, ELSEWHERE),
    refused("api_version", Used::Present, FieldInvalid, ELSEWHERE),
    refused("extra_body", Used::Present, FieldInvalid, ELSEWHERE),
    refused("extra_headers", Used::Present, FieldInvalid, ELSEWHERE),
    refused("custom_llm_provider", Used::Present, FieldInvalid, ELSEWHERE),
    refused("litellm_params", Used::Present, FieldInvalid, ELSEWHERE),
    // Gateways and answers of the newer OpenAI form: a cache or a prompt kept at the provider.
    refused("cached_content", Used::Present, StoredObjectRefused, STORED),
    refused("prompt", Used::Object, StoredObjectRefused, STORED),
];

/// Refuses the first field of the list that `root` uses, in whatever case it is written.
pub(super) fn check(root: Value<'_>) -> Result<(), Objection> {
    for (key, value) in root.members() {
        let known = REFUSED.iter().find(|known| same_name(&key, known.name));
        if let Some(known) = known.filter(|known| known.used.is_by(value)) {
            return Err(Objection::new(known.code, known.name, known.remark));
        }
    }
    Ok(())
}

impl Used {
    fn is_by(self, value: Value<'_>) -> bool {
        let empty = value.elements().next().is_none() && value.members().next().is_none();
        match (value.kind(), self) {
            (Kind::Null, _) | (Kind::False, Self::NotFalse) => false,
            (Kind::Array | Kind::Object, Self::NotEmpty) => !empty,
            (kind, Self::Object) => kind == Kind::Object,
            _ => true,
        }
    }
}
