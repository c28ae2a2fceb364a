//! The outbound client against a provider that misbehaves in every way it knows.
#![expect(clippy::unwrap_used, reason = "what cannot fail in a test that passes")]

use std::net::{Ipv4Addr, TcpListener};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use net::{Body, Client, Endpoint, Phase, Roots, SendError, Settings, SetupError, Timeouts};
use testkit::{Authority, Canary, FakeProvider, Gate, PROVIDER_KEY, Script, assert_clean};

/// Never reached in a test that passes.
const PATIENT: Timeouts = Timeouts { connect_ms: 30_000, first_byte_ms: 30_000 };

fn client(authority: &Authority, connections_per_host_max: usize) -> Client {
    let roots = Roots::Only(vec![authority.certificate()]);
    let settings = Settings { connections_per_host_max, roots, ..Settings::default() };
    Client::new(settings).unwrap()
}

fn endpoint(base_url: &str) -> Endpoint {
    Endpoint::parse(base_url).unwrap()
}

fn chat(endpoint: &Endpoint) -> Request<Body> {
    let chunks = [&b"{\"model\":"[..], b"", b"\"m\",\"stream\":true}"].map(Bytes::from_static);
    let query = format!("key={}", Canary::ProviderKey.value().replace('>', ""));
    Request::post(endpoint.join("/v1/chat/completions", Some(&query)).unwrap())
        .header("authorization", format!("Bearer {PROVIDER_KEY}"))
        .header("x-canary", Canary::ForeignCredential.value())
        .body(Body::new(chunks))
        .unwrap()
}

/// Sends one chat to a provider that acts out `script`.
async fn sent(
    script: Script,
    timeouts: Timeouts,
) -> (FakeProvider, Result<Response<Incoming>, SendError>) {
    let provider = FakeProvider::start();
    provider.next(script);
    let endpoint = endpoint(&provider.base_url());
    let answer = client(&Authority::new(), 8).send(&endpoint, chat(&endpoint), timeouts).await;
    (provider, answer)
}

async fn failure(script: Script) -> SendError {
    let (_provider, answer) = sent(script, PATIENT).await;
    let error = answer.map(drop).unwrap_err();
    assert_clean(format!("{error} {error:?}").as_bytes(), "the error", &Canary::ALL);
    error
}

#[tokio::test]
async fn a_call_arrives_as_it_was_sent_and_its_answer_streams() {
    let (provider, answer) = sent(Script::StreamChunks { n: 4 }, PATIENT).await;
    let answer = answer.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    assert!(body.ends_with(b"data: [DONE]\n\n"));
    let seen = provider.last_seen();
    assert_eq!(&seen.body[..], b"{\"model\":\"m\",\"stream\":true}");
    assert_eq!(seen.header("content-length"), "27");
    assert_eq!(seen.header("host"), provider.address().to_string());
    assert!(seen.path.starts_with("/v1/chat/completions?key="));
    for name in seen.headers.keys() {
        let expected = ["authorization", "x-canary", "content-length", "host"];
        assert!(expected.contains(&name.as_str()), "nothing is added: {name}");
    }
}

#[tokio::test]
async fn other_statuses_are_answers() {
    let (_provider, answer) = sent(Script::Status(529, "{}".to_owned()), PATIENT).await;
    assert_eq!(answer.unwrap().status().as_u16(), 529);
}

#[tokio::test]
async fn redirects_are_never_followed() {
    let (provider, answer) = sent(Script::Redirect, PATIENT).await;
    assert!(matches!(answer, Err(SendError::Redirect(StatusCode::FOUND))));
    assert_eq!(provider.seen().len(), 1);
    for status in [300, 301, 303, 304, 307, 308, 399] {
        let error = failure(Script::Status(status, String::new())).await;
        assert!(matches!(error, SendError::Redirect(given) if given.as_u16() == status), "{error}");
    }
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused() {
    let over = Script::HugeHead { bytes: 64 * 1024 };
    for script in [over, Script::HugeHead { bytes: 4 * 1024 * 1024 }, Script::ManyHeaders] {
        let error = failure(script.clone()).await;
        assert!(matches!(error, SendError::TooLarge), "{script:?}: {error:?}");
    }
    let (_provider, answer) = sent(Script::HugeHead { bytes: 63 * 1024 }, PATIENT).await;
    assert_eq!(answer.map(|answer| answer.status()).unwrap(), StatusCode::OK);
}

#[tokio::test]
async fn a_connection_that_ends_before_the_answer_is_named_and_not_tried_again() {
    let (provider, answer) = sent(Script::DropBeforeHeaders, PATIENT).await;
    assert!(matches!(answer, Err(SendError::Dropped)));
    assert_eq!(provider.seen().len(), 1);
}

#[tokio::test]
async fn a_pooled_connection_that_dies_does_not_repeat_the_call() {
    let provider = FakeProvider::start();
    let endpoint = endpoint(&provider.base_url());
    let client = client(&Authority::new(), 8);
    let first = client.send(&endpoint, chat(&endpoint), PATIENT).await.unwrap();
    first.into_body().collect().await.unwrap();
    provider.next(Script::DropBeforeHeaders);
    let second = client.send(&endpoint, chat(&endpoint), PATIENT).await;
    assert!(matches!(second, Err(SendError::Dropped)));
    assert_eq!(provider.seen().len(), 2);
    assert_eq!(provider.connections(), 1, "the second call went over the pooled connection");
}

#[tokio::test]
async fn an_answer_that_is_not_http_is_dropped() {
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let endpoint = endpoint(&format!("http://{}", listener.local_addr().unwrap()));
    let peer = tokio::spawn(async move {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.read(&mut [0; 4096]).await.unwrap();
        stream.write_all(b"\x15\x03\x01 SSH-2.0-nonsense\r\n\r\n").await.unwrap();
    });
    let answer = client(&Authority::new(), 8).send(&endpoint, chat(&endpoint), PATIENT).await;
    assert!(matches!(answer, Err(SendError::Dropped)));
    peer.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_first_byte_has_a_limit_and_the_call_is_ended_with_it() {
    let timeouts = Timeouts { first_byte_ms: 1, ..PATIENT };
    let (provider, answer) = sent(Script::HangBeforeHeaders, timeouts).await;
    assert!(matches!(answer, Err(SendError::Timeout(Phase::FirstByte))));
    // It may have been ended before it had arrived at all.
    if !provider.seen().is_empty() {
        provider.wait_cut(1);
    }
}

#[tokio::test]
async fn connecting_has_a_limit_of_its_own() {
    // Somebody listens and never says a word of TLS.
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let endpoint = endpoint(&format!("https://{}", listener.local_addr().unwrap()));
    let timeouts = Timeouts { connect_ms: 1, ..PATIENT };
    let answer = client(&Authority::new(), 8).send(&endpoint, chat(&endpoint), timeouts).await;
    assert!(matches!(answer, Err(SendError::Timeout(Phase::Connect))));
}

#[tokio::test]
async fn nobody_listening_names_peer_and_cause_and_nothing_else() {
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
    let endpoint = endpoint(&format!("http://{free}"));
    let answer = client(&Authority::new(), 8).send(&endpoint, chat(&endpoint), PATIENT).await;
    let error = answer.unwrap_err();
    assert!(matches!(error, SendError::Connect(_)));
    let text = error.to_string();
    assert!(text.starts_with(&format!("cannot connect to {free}: Connection refused")), "{text}");
    assert_clean(format!("{error:?} {text}").as_bytes(), "the error", &Canary::ALL);
}

#[tokio::test]
async fn a_call_addressed_to_another_host_is_not_sent() {
    let (provider, other) = (FakeProvider::start(), FakeProvider::start());
    let (here, there) = (endpoint(&provider.base_url()), endpoint(&other.base_url()));
    let answer = client(&Authority::new(), 8).send(&here, chat(&there), PATIENT).await;
    assert!(answer.unwrap_err().to_string().contains("another host"));
    provider.assert_untouched();
    other.assert_untouched();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn dropping_an_answer_or_a_call_ends_it_at_the_provider() {
    let (provider, answer) = sent(Script::HangMidStream, PATIENT).await;
    let mut body = answer.unwrap().into_body();
    assert!(body.frame().await.is_some_and(|frame| frame.is_ok()));
    drop(body);
    provider.wait_cut(1);
    provider.next(Script::HangBeforeHeaders);
    let endpoint = endpoint(&provider.base_url());
    let client = client(&Authority::new(), 8);
    let calling =
        tokio::spawn(async move { client.send(&endpoint, chat(&endpoint), PATIENT).await });
    provider.wait_seen(2);
    calling.abort();
    provider.wait_cut(2);
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_an_error_and_not_an_end() {
    for script in [Script::DropMidStream, Script::TruncatedBody] {
        let (_provider, answer) = sent(script, PATIENT).await;
        assert!(answer.unwrap().into_body().collect().await.is_err());
    }
}

#[tokio::test]
async fn connections_to_a_host_are_bounded_and_used_again() {
    let provider = FakeProvider::start();
    let endpoint = endpoint(&provider.base_url());
    let client = client(&Authority::new(), 1);
    let gate = Gate::new();
    provider.next(Script::SlowByGate(gate.clone()));
    let busy = client.send(&endpoint, chat(&endpoint), PATIENT).await.unwrap();
    let hurried = Timeouts { connect_ms: 1, ..PATIENT };
    let beyond = client.send(&endpoint, chat(&endpoint), hurried).await;
    assert!(matches!(beyond, Err(SendError::Timeout(Phase::Connect))));
    assert_eq!(provider.seen().len(), 1, "the call beyond the bound was not sent");
    gate.open();
    let patient = client.send(&endpoint, chat(&endpoint), PATIENT);
    let (_, answer) = tokio::join!(busy.into_body().collect(), patient);
    answer.unwrap().into_body().collect().await.unwrap();
    assert_eq!(provider.connections(), 1);
}

#[tokio::test]
async fn tls_is_verified_in_both_versions() {
    let authority = Authority::new();
    let good = authority.issue(&["127.0.0.1"]);
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let provider = FakeProvider::start_tls(&good, &[version]);
        let endpoint = endpoint(&provider.base_url());
        let answer = client(&authority, 8).send(&endpoint, chat(&endpoint), PATIENT).await;
        assert_eq!(answer.unwrap().status(), StatusCode::OK);
    }
}

#[tokio::test]
async fn whom_nobody_vouches_for_is_sent_nothing() {
    let authority = Authority::new();
    for (identity, cause) in [
        (Authority::new().issue(&["127.0.0.1"]), "invalid peer certificate"),
        (authority.issue(&["127.0.0.2", "localhost"]), "certificate not valid for name"),
        (authority.issue_expired(&["127.0.0.1"]), "certificate expired"),
    ] {
        let provider = FakeProvider::start_tls(&identity, rustls::ALL_VERSIONS);
        let endpoint = endpoint(&provider.base_url());
        let answer = client(&authority, 8).send(&endpoint, chat(&endpoint), PATIENT).await;
        let error = answer.unwrap_err().to_string();
        assert!(error.contains(cause), "{error}");
        provider.assert_untouched();
    }
}

#[tokio::test]
async fn a_client_that_trusts_nobody_sends_nothing_over_https() {
    let identity = Authority::new().issue(&["127.0.0.1"]);
    let provider = FakeProvider::start_tls(&identity, rustls::ALL_VERSIONS);
    let endpoint = endpoint(&provider.base_url());
    let settings = Settings { roots: Roots::Nobody, ..Settings::default() };
    let client = Client::new(settings).unwrap();
    let answer = client.send(&endpoint, chat(&endpoint), PATIENT).await;
    assert!(answer.unwrap_err().to_string().contains("invalid peer certificate"));
    provider.assert_untouched();
}

#[test]
fn without_trust_roots_there_is_no_client() {
    let settings = Settings { roots: Roots::Only(Vec::new()), ..Settings::default() };
    let error = Client::new(settings).unwrap_err();
    assert!(matches!(error, SetupError::NoRoots(_)));
    assert!(error.to_string().contains("install the operating system's ca-certificates"));
}
