//! Fields by which a request would reach beyond the model it names, in whatever dialect: refused
//! where they are used, whatever policy says.
//!
//! They name what is known of servers and gateways that speak the vendors' wire forms. Charters
//! point at such servers by `base_url`, so their extensions count too.

use model::RefusalCode::FieldInvalid;

use super::form::{Member, Used, refused};

const MODELS: &str = "names further models; a request names one";
const ELSEWHERE: &str = "says where or how to reach a provider, which is the charter's to say";

/// Members of the body's object, in every dialect.
pub(super) const REFUSED: &[Member] = &[
    // Routers, and Anthropic's own: other models than the one that is decided on.
    refused("fallbacks", Used::NotEmpty, FieldInvalid, MODELS),
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
];
