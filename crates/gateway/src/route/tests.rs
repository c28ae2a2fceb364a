//! Which paths lead where, and that no other exists.

use super::*;

fn request(method: &str, path: &str, header: &str) -> Request<()> {
    let mut request = Request::builder().method(method).uri(path);
    if !header.is_empty() {
        request = request.header(header, "2023-06-01");
    }
    request.body(()).expect("a request")
}

fn check(request: &Request<()>, expect: Result<Route, RefusalCode>) {
    let found = find(Surface::Agents, request).map_err(|refusal| refusal.code);
    assert_eq!(found, expect, "{} {}", request.method(), request.uri());
    let metrics = find(Surface::Metrics, request).map_err(|refusal| refusal.code);
    assert_eq!(metrics, Err(RefusalCode::PathUnknown), "metrics' listeners serve no agent");
    let elsewhere = find(Surface::Admin, request).map_err(|refusal| refusal.code);
    assert_eq!(elsewhere, Err(RefusalCode::PathUnknown), "{}", request.uri());
}

fn governed(operation: Operation, dialect: Dialect) -> Governed {
    Governed { operation, dialect, model: None, stream: false }
}

fn to(operation: Operation, dialect: Dialect) -> Result<Route, RefusalCode> {
    Ok(Route::Governed(governed(operation, dialect)))
}

#[test]
fn paths_with_and_without_version_and_prefix_lead_to_the_same_place() {
    let cases = [
        ("/chat/completions", Operation::ChatCompletions, Dialect::OpenAi, "/openai"),
        ("/responses", Operation::Responses, Dialect::OpenAi, "/openai"),
        ("/embeddings", Operation::Embeddings, Dialect::OpenAi, "/openai"),
        ("/messages", Operation::Messages, Dialect::Anthropic, "/anthropic"),
        ("/messages/count_tokens", Operation::CountMessageTokens, Dialect::Anthropic, "/anthropic"),
    ];
    for (path, operation, dialect, prefix) in cases {
        for path in [
            path.to_owned(),
            format!("/v1{path}"),
            format!("{prefix}{path}"),
            format!("{prefix}/v1{path}"),
        ] {
            check(&request("POST", &path, ""), to(operation, dialect));
        }
    }
}

#[test]
fn geminis_paths_name_the_model_and_whether_to_stream() {
    for start in ["/v1beta", "/v1", "", "/gemini", "/gemini/v1beta"] {
        for (verb, operation, stream) in [
            ("generateContent", Operation::GenerateContent, false),
            ("streamGenerateContent", Operation::GenerateContent, true),
            ("countTokens", Operation::CountContentTokens, false),
        ] {
            let path = format!("{start}/models/fast-1.5:{verb}");
            let model = Some("fast-1.5".to_owned());
            let route = Governed { model, stream, ..governed(operation, Dialect::Gemini) };
            check(&request("POST", &path, ""), Ok(Route::Governed(route)));
            check(&request("GET", &path, ""), Err(RefusalCode::MethodRefused));
        }
    }
}

#[test]
fn a_list_of_models_is_in_the_dialect_of_whoever_asks() {
    for (path, header, dialect) in [
        ("/v1/models", "", Dialect::OpenAi),
        ("/v1/models", "anthropic-version", Dialect::Anthropic),
        ("/v1/models", "x-goog-api-key", Dialect::Gemini),
        ("/v1beta/models", "", Dialect::Gemini),
        ("/anthropic/v1/models", "", Dialect::Anthropic),
        ("/gemini/models", "", Dialect::Gemini),
        ("/openai/v1/models", "anthropic-version", Dialect::OpenAi),
    ] {
        check(&request("GET", path, header), to(Operation::ListModels, dialect));
    }
}

#[test]
fn anything_else_does_not_exist() {
    for path in [
        "/v1",
        "/v1/",
        "/v1/v1/messages",
        "/v1/messages/",
        "/v1/messages/batches",
        "//v1/messages",
        "/v1/%6dessages",
        "/v1/responses/resp_1",
        "/v1/conversations",
        "/v1/files",
        "/v1beta/files",
        "/v1beta/cachedContents",
        "/openaiv1/models",
        "/v2/messages",
        "/admin",
        "/metrics",
        "/v1/../v1/messages",
        "/V1/messages",
        "/v1beta/models/:generateContent",
        "/v1beta/models/a/b:generateContent",
        "/v1beta/models/fast:batchGenerateContent",
        "/v1beta/models/fast:GenerateContent",
        "/v1beta/models/fast",
        "/v1beta/tunedModels/fast:generateContent",
    ] {
        check(&request("POST", path, ""), Err(RefusalCode::PathUnknown));
    }
    check(&request("GET", "/v1/messages", ""), Err(RefusalCode::MethodRefused));
    let refused = find(Surface::Agents, &request("GET", "/v1/messages", "")).expect_err("refused");
    assert_eq!(refused.detail, "`/v1/messages` takes POST only.", "as it was written");
    let long = format!("/{}", "x".repeat(500));
    let refused = find(Surface::Agents, &request("GET", &long, "")).expect_err("refused");
    assert!(refused.detail.len() < 150, "{}", refused.detail);
    check(&request("POST", "/healthz", ""), Err(RefusalCode::MethodRefused));
}

#[test]
fn errors_of_paths_that_do_not_exist_are_in_a_dialect_all_the_same() {
    for (path, dialect) in [
        ("/v1beta/files", Dialect::Gemini),
        ("/v1/messages/batches", Dialect::Anthropic),
        ("/gemini/x", Dialect::Gemini),
        ("/v1/files", Dialect::OpenAi),
        ("/v1/models/portreeve-demo", Dialect::OpenAi),
        ("/models/portreeve-demo", Dialect::OpenAi),
        ("/v1beta/models/portreeve-demo", Dialect::Gemini),
        ("/v1/models/portreeve-demo:embedContent", Dialect::Gemini),
        ("/anthropic/v1/models/portreeve-demo", Dialect::Anthropic),
    ] {
        assert_eq!(dialect_of(&request("POST", path, "")), dialect, "{path}");
    }
    for (header, dialect) in
        [("anthropic-version", Dialect::Anthropic), ("x-goog-api-key", Dialect::Gemini)]
    {
        assert_eq!(dialect_of(&request("GET", "/v1/models/portreeve-demo", header)), dialect);
    }
}

#[test]
fn every_open_path_is_there_and_takes_nothing_but_a_look() {
    for open in OPEN {
        for method in ["GET", "HEAD"] {
            let found = find(Surface::Agents, &request(method, open.path, ""));
            assert!(matches!(found, Ok(Route::Alive | Route::Ready | Route::Root)), "{open:?}");
        }
        check(&request("POST", open.path, ""), Err(RefusalCode::MethodRefused));
    }
}

#[test]
fn only_known_queries_pass() {
    let query = |operation, stream, query: &str| {
        let uri = format!("/path?{query}").parse::<Uri>().expect("a uri");
        let governed = Governed { stream, ..governed(operation, Dialect::OpenAi) };
        query_for(&governed, &uri).map_err(|refusal| refusal.code)
    };
    let refused = Err(RefusalCode::FieldInvalid);
    assert_eq!(query(Operation::Messages, false, "beta=true"), Ok(Some("beta=true")));
    assert_eq!(query(Operation::CountMessageTokens, false, "beta=true"), Ok(Some("beta=true")));
    assert_eq!(query(Operation::Messages, false, "beta=true&x=1"), refused);
    assert_eq!(query(Operation::ChatCompletions, false, "key=1"), refused);
    assert_eq!(query(Operation::Responses, false, "beta=true"), refused);
    assert_eq!(query(Operation::GenerateContent, true, "alt=sse"), Ok(Some("alt=sse")));
    assert_eq!(query(Operation::GenerateContent, true, ""), refused);
    assert_eq!(query(Operation::GenerateContent, true, "alt=sse&key=AIza"), refused);
    assert_eq!(query(Operation::GenerateContent, false, "key=AIza"), refused);
    assert_eq!(query(Operation::GenerateContent, false, "alt=json"), Ok(None));
    assert_eq!(query(Operation::CountContentTokens, false, "alt=sse"), refused);
    assert_eq!(query(Operation::ListModels, false, "pageSize=2"), Ok(None));
}
