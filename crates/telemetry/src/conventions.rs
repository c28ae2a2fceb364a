//! Every name that leaves by OTLP, in one place: the GenAI conventions of OpenTelemetry as of core
//! v1.42.0 (all of them *Development*), and our own under `portreeve.` where they have no name.
//!
//! No MCP call passes through this gateway, so no name of the MCP conventions is used.

use model::{Dialect, Operation};

/// The version of the conventions these names are of.
pub(crate) const SCHEMA_URL: &str = "https://opentelemetry.io/schemas/1.42.0";
/// What the instrumentation calls itself.
pub(crate) const SCOPE: &str = "portreeve";

pub(crate) const SERVICE_NAME: &str = "service.name";
pub(crate) const SERVICE_VERSION: &str = "service.version";
pub(crate) const SERVICE_INSTANCE: &str = "service.instance.id";

pub(crate) const ERROR_TYPE: &str = "error.type";
pub(crate) const STATUS_CODE: &str = "http.response.status_code";
pub(crate) const OPERATION: &str = "gen_ai.operation.name";
pub(crate) const PROVIDER: &str = "gen_ai.provider.name";
pub(crate) const REQUEST_MODEL: &str = "gen_ai.request.model";
pub(crate) const REQUEST_STREAM: &str = "gen_ai.request.stream";
pub(crate) const AGENT_NAME: &str = "gen_ai.agent.name";
pub(crate) const INPUT_TOKENS: &str = "gen_ai.usage.input_tokens";
pub(crate) const OUTPUT_TOKENS: &str = "gen_ai.usage.output_tokens";
pub(crate) const FIRST_CHUNK: &str = "gen_ai.response.time_to_first_chunk";
pub(crate) const TOKEN_TYPE: &str = "gen_ai.token.type";

pub(crate) const DECISION: &str = "portreeve.decision.id";
pub(crate) const VERDICT: &str = "portreeve.verdict";
pub(crate) const FIXER: &str = "portreeve.refusal.fixer";
pub(crate) const OWN_OPERATION: &str = "portreeve.operation";
pub(crate) const OWN_PROVIDER: &str = "portreeve.provider";
pub(crate) const ENDED: &str = "portreeve.ended";
pub(crate) const COST: &str = "portreeve.cost_usd";
pub(crate) const ATTEMPTS: &str = "portreeve.attempts";

/// What an operation is called there. Two of ours may be one of theirs, so ours stands beside it.
pub(crate) const fn operation(operation: Operation) -> &'static str {
    match operation {
        Operation::ChatCompletions | Operation::Responses | Operation::Messages => "chat",
        Operation::GenerateContent => "generate_content",
        Operation::Embeddings => "embeddings",
        Operation::CountMessageTokens | Operation::CountContentTokens => "count_tokens",
        Operation::ListModels => "list_models",
    }
}

/// Whose wire form is spoken.
pub(crate) const fn provider(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::OpenAi => "openai",
        Dialect::Anthropic => "anthropic",
        Dialect::Gemini => "gcp.gemini",
    }
}

/// What a metric of the catalogue is called by OTLP, and its unit.
pub(crate) fn metric(name: &str) -> (String, &'static str) {
    match name {
        "portreeve_call_duration_seconds" => {
            return ("gen_ai.client.operation.duration".to_owned(), "s");
        }
        "portreeve_call_tokens" => return ("gen_ai.client.token.usage".to_owned(), "{token}"),
        _ => {}
    }
    let name = name.strip_suffix("_total").unwrap_or(name);
    let (name, unit) = [
        ("_seconds", "s"),
        ("_bytes", "By"),
        ("_usd", "{USD}"),
        ("_ratio", "1"),
        ("_tokens", "{token}"),
    ]
    .into_iter()
    .find_map(|(suffix, unit)| Some((name.strip_suffix(suffix)?, unit)))
    .unwrap_or((name, ""));
    (name.replacen('_', ".", 1), unit)
}

/// What a label of the catalogue is called by OTLP, with its value; more than one attribute where
/// the conventions have a word of their own.
pub(crate) fn label(name: &str, value: &str) -> Vec<(String, String)> {
    let one = |name: &str| vec![(name.to_owned(), value.to_owned())];
    match name {
        "operation" => {
            let mut attributes = one(OWN_OPERATION);
            let known = Operation::ALL.iter().find(|known| known.as_str() == value);
            if let Some(known) = known {
                attributes.push((OPERATION.to_owned(), operation(*known).to_owned()));
                if let Some(dialect) = known.dialect() {
                    attributes.push((PROVIDER.to_owned(), provider(dialect).to_owned()));
                }
            }
            attributes
        }
        "model" => one(REQUEST_MODEL),
        "type" => one(TOKEN_TYPE),
        "agent" => one(AGENT_NAME),
        other => one(&format!("portreeve.{other}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_are_named_without_what_otlp_says_elsewhere() {
        let check = |name: &str, expect: &str, unit: &str| {
            assert_eq!(metric(name), (expect.to_owned(), unit), "{name}");
        };
        check("portreeve_requests_total", "portreeve.requests", "");
        check("portreeve_step_duration_seconds", "portreeve.step_duration", "s");
        check("portreeve_call_cost_usd_total", "portreeve.call_cost", "{USD}");
        check("portreeve_call_tokens", "gen_ai.client.token.usage", "{token}");
        check("portreeve_call_duration_seconds", "gen_ai.client.operation.duration", "s");
        check("process_cpu_seconds_total", "process.cpu", "s");
    }

    #[test]
    fn labels_keep_their_own_word_beside_the_convention() {
        let names = label("operation", "responses");
        assert!(names.contains(&("portreeve.operation".into(), "responses".into())));
        assert!(names.contains(&("gen_ai.operation.name".into(), "chat".into())));
        assert!(names.contains(&("gen_ai.provider.name".into(), "openai".into())));
        assert_eq!(label("operation", "none").len(), 1);
        assert_eq!(label("type", "input"), [("gen_ai.token.type".into(), "input".into())]);
    }
}
