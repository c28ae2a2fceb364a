//! `/metrics`: on the admin socket and on a listener of its own, where nothing else is served.

use testkit::Connection;

use crate::common::{Home, write};

const SETTINGS: &str = "listeners:
  - {address: \"127.0.0.1:0\", transport: tcp, surface: metrics}
  - {address: \"127.0.0.1:0\", transport: tcp, surface: agents}
  - {address: admin.sock, transport: unix, surface: admin}
telemetry: {agent_label: true}
";

/// The address of the listener that serves metrics, from what `status` says.
fn metrics_address(home: &Home) -> std::net::SocketAddr {
    let status = home.run(&["status", "--json"]).json();
    let listeners = status["listeners"].as_array().expect("a list");
    // Where agents connect stands first.
    let url = listeners[1].as_str().expect("an address");
    url.strip_prefix("http://").expect("plain HTTP").parse().expect("an address and port")
}

#[test]
fn metrics_have_a_listener_that_serves_nothing_else() {
    let home = Home::new();
    write(&home.path("settings.yaml"), SETTINGS.as_bytes());
    let server = home.up_with(&[]);
    let token = home.token("demo-agent");
    let answer = server.call(&token);
    assert_eq!(answer.status, 200, "agents connect where the banner says: {}", server.banner);
    let address = metrics_address(&home);
    let get = |method: &str, path: &str| {
        let mut connection = Connection::tcp(address);
        connection.request(method, path, &[], b"");
        connection.reply().expect("an answer")
    };
    let metrics = get("GET", "/metrics");
    assert_eq!(metrics.status, 200);
    let text = metrics.text();
    for line in [
        "portreeve_agent_requests_total{agent=\"demo-agent\",code=\"permitted\"} 1",
        "portreeve_ledger_healthy{log=\"decisions\"} 1",
        "portreeve_target_up{model=\"portreeve-demo\",provider=\"demo\",upstream_model=\"portreeve-demo\"} 1",
        "portreeve_genesis_mode 1",
        "portreeve_requests_in_flight 0",
        "# TYPE portreeve_call_duration_seconds histogram",
    ] {
        assert!(text.lines().any(|found| found == line), "no `{line}` in\n{text}");
    }
    for (method, path) in [("GET", "/"), ("GET", "/v1/status"), ("POST", "/v1/acts")] {
        assert_eq!(get(method, path).status, 404, "{path}");
    }
    assert_eq!(get("POST", "/metrics").status, 405);
    let credential = format!("Bearer {token}");
    let bearer = [("authorization", credential.as_str())];
    for path in ["/metrics", "/v1/metrics"] {
        assert_eq!(
            testkit::get(server.address, path, &bearer).status,
            404,
            "agents see no metrics"
        );
    }
}
