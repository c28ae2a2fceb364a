//! Which paths exist. A path that is not here is not there: no wildcard, no pass-through.

use http::{Method, Request, Uri};
use model::{Dialect, Operation, Refusal, RefusalCode};

use crate::connection::Surface;

/// Longest piece of a refused path that an answer repeats, in characters.
const SHOWN_MAX: usize = 80;

/// What a path leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Route {
    /// Is the process alive? Open, unrecorded.
    Alive,
    /// Does it take requests? Open, unrecorded.
    Ready,
    /// `HEAD /`, with which some clients look whether anybody is there. Open, unrecorded.
    Root,
    /// A governed operation.
    Governed(Governed),
}

/// A governed operation, and what its path says of the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Governed {
    pub(crate) operation: Operation,
    pub(crate) dialect: Dialect,
    /// The model, where the path names it.
    pub(crate) model: Option<String>,
    /// Whether the path asks for a streamed answer.
    pub(crate) stream: bool,
}

/// One governed path, as the self-test and the docs list it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GovernedPath {
    /// The method.
    pub method: &'static str,
    /// The path without the optional version and dialect prefix. `{model}` stands for a name.
    pub path: &'static str,
    /// The operation, which decides how the body is read.
    pub operation: Operation,
}

/// A path that is open to anybody who reaches the listener, and is not recorded. It takes GET and
/// HEAD.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenPath {
    /// The path; no version and no prefix goes before it.
    pub path: &'static str,
    /// What it answers, in words.
    pub says: &'static str,
}

/// Every path that is not governed. None leads to a provider.
pub const OPEN: &[OpenPath] = &[
    OpenPath { path: "/healthz", says: "alive" },
    OpenPath { path: "/readyz", says: "takes requests" },
    OpenPath { path: "/", says: "somebody is here" },
];

const fn post(path: &'static str, operation: Operation) -> GovernedPath {
    GovernedPath { method: "POST", path, operation }
}

/// Every governed path. Each passes authenticate, read, decide and record; there is no other way
/// to a provider.
pub const GOVERNED: &[GovernedPath] = &[
    post("/chat/completions", Operation::ChatCompletions),
    post("/responses", Operation::Responses),
    post("/embeddings", Operation::Embeddings),
    post("/messages", Operation::Messages),
    post("/messages/count_tokens", Operation::CountMessageTokens),
    post("/models/{model}:generateContent", Operation::GenerateContent),
    post("/models/{model}:streamGenerateContent", Operation::GenerateContent),
    post("/models/{model}:countTokens", Operation::CountContentTokens),
    GovernedPath { method: "GET", path: "/models", operation: Operation::ListModels },
];

/// What stands in a path for the name of a model.
const MODEL_SLOT: &str = "{model}";
/// The method of Gemini's API that streams.
const STREAMING: &str = ":streamGenerateContent";
/// The version segments a path may begin with. Gemini's clients use the second.
const VERSIONS: [&str; 2] = ["/v1", "/v1beta"];

/// Finds the route of a request on an agents' listener, or says why there is none. On any other
/// surface no route of agents exists.
pub(crate) fn find<B>(surface: Surface, request: &Request<B>) -> Result<Route, Refusal> {
    let (method, path) = (request.method(), request.uri().path());
    if surface != Surface::Agents {
        return Err(unknown(path));
    }
    match path {
        "/healthz" => return looking(method, Route::Alive),
        "/readyz" => return looking(method, Route::Ready),
        "/" => return looking(method, Route::Root),
        _ => {}
    }
    let (_, rest) = split_prefix(path);
    let rest = unversioned(rest);
    let (governed, model) = GOVERNED
        .iter()
        .find_map(|governed| Some((governed, matches(governed.path, rest)?)))
        .ok_or_else(|| unknown(path))?;
    if governed.method != method.as_str() {
        let detail = format!("`{}` takes {} only.", shown(path), governed.method);
        return Err(Refusal::new(RefusalCode::MethodRefused, detail));
    }
    Ok(Route::Governed(Governed {
        operation: governed.operation,
        // A list is in the form of whoever asks.
        dialect: governed.operation.dialect().unwrap_or_else(|| dialect_of(request)),
        model: model.map(str::to_owned),
        stream: governed.path.ends_with(STREAMING),
    }))
}

/// The dialect errors are written in, whether or not the path exists.
pub(crate) fn dialect_of<B>(request: &Request<B>) -> Dialect {
    let (prefix, rest) = split_prefix(request.uri().path());
    let headers = request.headers();
    if let Some(dialect) = prefix {
        dialect
    } else if rest.starts_with("/v1beta/") || names_a_method(unversioned(rest)) {
        Dialect::Gemini
    } else if unversioned(rest).starts_with("/messages")
        || headers.contains_key("anthropic-version")
    {
        Dialect::Anthropic
    } else if headers.contains_key("x-goog-api-key") && unversioned(rest).starts_with("/models") {
        Dialect::Gemini
    } else {
        Dialect::OpenAi
    }
}

/// The query a provider is given: what the dialect's own clients send, and nothing else.
pub(crate) fn query_for(governed: &Governed, uri: &Uri) -> Result<Option<&'static str>, Refusal> {
    let query = uri.query().unwrap_or("");
    let wrong = |detail| Err(Refusal::new(RefusalCode::FieldInvalid, detail));
    match governed.operation {
        Operation::ListModels => Ok(None),
        Operation::Messages | Operation::CountMessageTokens if query == "beta=true" => {
            Ok(Some("beta=true"))
        }
        Operation::GenerateContent if governed.stream => match query {
            "alt=sse" => Ok(Some("alt=sse")),
            "" => wrong("Streams are server-sent events: add `alt=sse` to the query."),
            _ => wrong(QUERY),
        },
        Operation::GenerateContent | Operation::CountContentTokens if query == "alt=json" => {
            Ok(None)
        }
        Operation::ChatCompletions
        | Operation::Responses
        | Operation::Embeddings
        | Operation::Messages
        | Operation::CountMessageTokens
        | Operation::GenerateContent
        | Operation::CountContentTokens => {
            if query.is_empty() {
                Ok(None)
            } else {
                wrong(QUERY)
            }
        }
    }
}

/// What is wrong with a query. A credential in one is in every log on the way.
const QUERY: &str =
    "The query string has parameters this endpoint does not take; credentials go into a header.";

/// The model that `rest` names where it is of the form of `path`; nothing in it where the form
/// has no model.
fn matches<'p>(path: &str, rest: &'p str) -> Option<Option<&'p str>> {
    match path.split_once(MODEL_SLOT) {
        None => (path == rest).then_some(None),
        Some((before, after)) => {
            let model = rest.strip_prefix(before)?.strip_suffix(after)?;
            (!model.is_empty() && !model.contains('/')).then_some(Some(model))
        }
    }
}

fn split_prefix(path: &str) -> (Option<Dialect>, &str) {
    for (prefix, dialect) in [
        ("/openai", Dialect::OpenAi),
        ("/anthropic", Dialect::Anthropic),
        ("/gemini", Dialect::Gemini),
    ] {
        if let Some(rest) = path.strip_prefix(prefix).filter(|rest| rest.starts_with('/')) {
            return (Some(dialect), rest);
        }
    }
    (None, path)
}

/// The path without its version segment.
fn unversioned(path: &str) -> &str {
    let shorter = VERSIONS
        .iter()
        .find_map(|version| path.strip_prefix(version).filter(|rest| rest.starts_with('/')));
    shorter.unwrap_or(path)
}

/// Whether a path without its version is of the form `/models/NAME:METHOD`, which is Gemini's
/// alone: the other vendors write `/models/NAME` for one model of the list.
fn names_a_method(path: &str) -> bool {
    path.strip_prefix("/models/").is_some_and(|rest| rest.contains(':'))
}

fn unknown(path: &str) -> Refusal {
    let detail = format!("`{}` is none of those in docs/guide/agents.md.", shown(path));
    Refusal::new(RefusalCode::PathUnknown, detail)
}

/// As much of a path as an answer repeats.
fn shown(path: &str) -> String {
    path.chars().take(SHOWN_MAX).collect()
}

fn looking(method: &Method, route: Route) -> Result<Route, Refusal> {
    if [Method::GET, Method::HEAD].contains(method) {
        Ok(route)
    } else {
        Err(Refusal::new(RefusalCode::MethodRefused, "This path takes GET and HEAD only."))
    }
}

#[cfg(test)]
mod tests;
