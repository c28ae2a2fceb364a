//! Which paths exist. A path that is not here is not there: no wildcard, no pass-through.

use http::{Method, Request, Uri};
use model::{Dialect, Operation, Refusal, RefusalCode};

use crate::connection::Surface;

/// Longest piece of a refused path that an answer repeats, in characters.
const SHOWN_MAX: usize = 80;

/// What a path leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Route {
    /// Is the process alive? Open, unrecorded.
    Alive,
    /// Does it take requests? Open, unrecorded.
    Ready,
    /// `HEAD /`, with which some clients look whether anybody is there. Open, unrecorded.
    Root,
    /// A governed operation.
    Governed(Operation, Dialect),
}

/// One governed path, as the self-test and the docs list it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GovernedPath {
    /// The method.
    pub method: &'static str,
    /// The path without the optional `/v1` and dialect prefix.
    pub path: &'static str,
    /// The operation, which decides how the body is read.
    pub operation: Operation,
}

/// Every governed path. Each passes authenticate, read, decide and record; there is no other way
/// to a provider.
pub const GOVERNED: &[GovernedPath] = &[
    GovernedPath {
        method: "POST",
        path: "/chat/completions",
        operation: Operation::ChatCompletions,
    },
    GovernedPath { method: "POST", path: "/messages", operation: Operation::Messages },
    GovernedPath { method: "GET", path: "/models", operation: Operation::ListModels },
];

/// Finds the route of a request on an agents' listener, or says why there is none. On any other
/// surface no route of agents exists.
pub(crate) fn find<B>(surface: Surface, request: &Request<B>) -> Result<Route, Refusal> {
    let (method, path) = (request.method(), request.uri().path());
    if surface != Surface::Agents {
        return Err(unknown(path));
    }
    match path {
        "/healthz" => return only(method, &[Method::GET, Method::HEAD], Route::Alive),
        "/readyz" => return only(method, &[Method::GET, Method::HEAD], Route::Ready),
        "/" => return only(method, &[Method::HEAD, Method::GET], Route::Root),
        _ => {}
    }
    let (prefix, rest) = split_prefix(path);
    let rest = rest.strip_prefix("/v1").filter(|rest| rest.starts_with('/')).unwrap_or(rest);
    let found =
        GOVERNED.iter().find(|governed| governed.path == rest).ok_or_else(|| unknown(path))?;
    if found.method != method.as_str() {
        let detail = format!("{} takes {} only.", found.path, found.method);
        return Err(Refusal::new(RefusalCode::MethodRefused, detail));
    }
    let dialect = dialect(found.operation, prefix, speaks_anthropic(request));
    Ok(Route::Governed(found.operation, dialect))
}

/// The dialect errors are written in, whether or not the path exists.
pub(crate) fn dialect_of<B>(request: &Request<B>) -> Dialect {
    let (prefix, rest) = split_prefix(request.uri().path());
    let anthropic = prefix == Some(Dialect::Anthropic) || rest.ends_with("/messages");
    if anthropic || (prefix.is_none() && speaks_anthropic(request)) {
        Dialect::Anthropic
    } else {
        Dialect::OpenAi
    }
}

/// The query a provider is given: what the dialect's own clients send, and nothing else.
pub(crate) fn query_for(operation: Operation, uri: &Uri) -> Result<Option<&'static str>, Refusal> {
    match (operation, uri.query()) {
        (Operation::Messages, Some("beta=true")) => Ok(Some("beta=true")),
        (Operation::ListModels, _) | (_, None | Some("")) => Ok(None),
        (Operation::Messages | Operation::ChatCompletions, Some(_)) => Err(Refusal::new(
            RefusalCode::FieldInvalid,
            "The query string has parameters this endpoint does not take.",
        )),
    }
}

fn dialect(operation: Operation, prefix: Option<Dialect>, speaks_anthropic: bool) -> Dialect {
    match operation {
        Operation::ChatCompletions => Dialect::OpenAi,
        Operation::Messages => Dialect::Anthropic,
        Operation::ListModels => match prefix {
            Some(dialect) => dialect,
            None if speaks_anthropic => Dialect::Anthropic,
            None => Dialect::OpenAi,
        },
    }
}

fn split_prefix(path: &str) -> (Option<Dialect>, &str) {
    for (prefix, dialect) in [("/openai", Dialect::OpenAi), ("/anthropic", Dialect::Anthropic)] {
        if let Some(rest) = path.strip_prefix(prefix).filter(|rest| rest.starts_with('/')) {
            return (Some(dialect), rest);
        }
    }
    (None, path)
}

fn speaks_anthropic<B>(request: &Request<B>) -> bool {
    request.headers().contains_key("anthropic-version")
}

fn unknown(path: &str) -> Refusal {
    let shown: String = path.chars().take(SHOWN_MAX).collect();
    Refusal::new(RefusalCode::PathUnknown, format!("No such path: {shown}"))
}

fn only(method: &Method, allowed: &[Method], route: Route) -> Result<Route, Refusal> {
    if allowed.contains(method) {
        Ok(route)
    } else {
        Err(Refusal::new(RefusalCode::MethodRefused, "This path takes GET and HEAD only."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(method: &str, path: &str, anthropic: bool, expect: Result<Route, RefusalCode>) {
        let mut request = Request::builder().method(method).uri(path);
        if anthropic {
            request = request.header("anthropic-version", "2023-06-01");
        }
        let request = request.body(()).expect("a request");
        let found = find(Surface::Agents, &request).map_err(|refusal| refusal.code);
        assert_eq!(found, expect, "{method} {path}");
        let elsewhere = find(Surface::Admin, &request).map_err(|refusal| refusal.code);
        assert_eq!(elsewhere, Err(RefusalCode::PathUnknown), "{method} {path}");
    }

    #[test]
    fn paths_with_and_without_v1_and_prefix_lead_to_the_same_place() {
        let chat = Ok(Route::Governed(Operation::ChatCompletions, Dialect::OpenAi));
        for path in ["/v1/chat/completions", "/chat/completions", "/openai/v1/chat/completions"] {
            check("POST", path, false, chat);
        }
        let messages = Ok(Route::Governed(Operation::Messages, Dialect::Anthropic));
        for path in ["/v1/messages", "/messages", "/anthropic/messages", "/v1/messages?beta=true"] {
            check("POST", path, false, messages);
        }
        check(
            "GET",
            "/v1/models",
            true,
            Ok(Route::Governed(Operation::ListModels, Dialect::Anthropic)),
        );
        check(
            "GET",
            "/v1/models",
            false,
            Ok(Route::Governed(Operation::ListModels, Dialect::OpenAi)),
        );
    }

    #[test]
    fn anything_else_does_not_exist() {
        for path in [
            "/v1",
            "/v1/",
            "/v1/v1/messages",
            "/v1/messages/",
            "//v1/messages",
            "/v1/%6dessages",
            "/v1/responses",
            "/v1/files",
            "/openaiv1/models",
            "/v2/messages",
            "/admin",
            "/metrics",
            "/v1/../v1/messages",
            "/V1/messages",
        ] {
            check("POST", path, false, Err(RefusalCode::PathUnknown));
        }
        check("GET", "/v1/messages", false, Err(RefusalCode::MethodRefused));
        check("POST", "/healthz", false, Err(RefusalCode::MethodRefused));
    }

    #[test]
    fn only_known_queries_pass() {
        let uri = |text: &str| text.parse::<Uri>().expect("a uri");
        assert_eq!(
            query_for(Operation::Messages, &uri("/v1/messages?beta=true")),
            Ok(Some("beta=true"))
        );
        assert!(query_for(Operation::Messages, &uri("/v1/messages?beta=true&x=1")).is_err());
        assert!(query_for(Operation::ChatCompletions, &uri("/v1/chat/completions?key=1")).is_err());
    }
}
