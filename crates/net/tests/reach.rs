//! Whether a provider can be reached: the step that fails is named, and nothing is sent to it.
#![expect(clippy::unwrap_used, reason = "what cannot fail in a test that passes")]

use std::net::{Ipv4Addr, TcpListener};
use std::time::Duration;

use net::{Client, Endpoint, Reached, Roots, Settings, Step, Unreachable};
use testkit::{Authority, FakeProvider};

/// Never reached in a test that passes.
const PATIENT: Duration = Duration::from_secs(30);

async fn reach(authority: &Authority, url: &str, within: Duration) -> Result<Reached, Unreachable> {
    let roots = Roots::Only(vec![authority.certificate()]);
    let client = Client::new(Settings { roots, ..Settings::default() }).unwrap();
    client.reach(&Endpoint::parse(url).unwrap(), within).await
}

#[tokio::test]
async fn a_provider_that_listens_is_reached_and_sees_no_request() {
    let provider = FakeProvider::start();
    let reached = reach(&Authority::new(), &provider.base_url(), PATIENT).await.unwrap();
    assert_eq!(reached.peer, provider.address());
    assert_eq!(reached.addresses, [provider.address()]);
    assert!(provider.seen().is_empty());
}

#[tokio::test]
async fn a_provider_is_asked_to_prove_who_it_is() {
    let authority = Authority::new();
    let provider = FakeProvider::start_tls(&authority.issue(&["localhost"]), rustls::ALL_VERSIONS);
    let url = format!("https://localhost:{}", provider.address().port());
    reach(&authority, &url, PATIENT).await.unwrap();
    for (trusted, name) in [(&Authority::new(), "localhost"), (&authority, "127.0.0.1")] {
        let url = format!("https://{name}:{}", provider.address().port());
        let error = reach(trusted, &url, PATIENT).await.unwrap_err();
        assert_eq!(error.step, Step::Prove, "{error}");
        assert!(error.cause.contains("certificate"), "{error}");
    }
    assert!(provider.seen().is_empty());
}

#[tokio::test]
async fn nobody_at_the_port_is_a_failed_connection() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let url = format!("http://127.0.0.1:{port}");
    let error = reach(&Authority::new(), &url, PATIENT).await.unwrap_err();
    assert_eq!(error.step, Step::Connect, "{error}");
    assert!(error.to_string().contains(&format!("127.0.0.1:{port}")), "{error}");
}

#[tokio::test]
async fn a_name_that_nobody_has_fails_at_its_lookup() {
    // RFC 6761, 6.4: no resolver gives an answer for it.
    let error = reach(&Authority::new(), "https://provider.invalid", PATIENT).await.unwrap_err();
    assert_eq!(error.step, Step::Lookup, "{error}");
}

#[tokio::test]
async fn one_that_takes_the_connection_and_says_nothing_is_left_in_time() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    // The kernel takes the connection; nobody speaks TLS.
    let error = reach(&Authority::new(), &url, Duration::from_secs(1)).await.unwrap_err();
    assert_eq!(error.step, Step::Prove, "{error}");
    assert!(error.cause.contains("nothing within 1000 ms"), "{error}");
}
