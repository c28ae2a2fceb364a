//! Stopping: what runs may end, what is new is refused, and the logs are closed in good order.

use ledger::EntryKind;
use testkit::{Connection, FakeProvider, Gate, Script};

use crate::common::{Home, Server, chat};

/// A call whose answer streams from the fake provider and stands still until the gate opens.
fn streaming(server: &Server, token: &str) -> Connection {
    let bearer = format!("Bearer {token}");
    let mut connection = Connection::tcp(server.address);
    let body = chat("local-model", true).to_string();
    let headers = [("authorization", bearer.as_str())];
    connection.request("POST", "/v1/chat/completions", &headers, body.as_bytes());
    connection
}

/// A gateway in front of a provider that holds the next stream back.
fn held() -> (Home, Server, FakeProvider, Gate, String) {
    let (home, provider, gate) = (Home::new(), FakeProvider::start(), Gate::new());
    let server = home.up();
    home.use_provider(&provider);
    provider.next(Script::SlowByGate(gate.clone()));
    let token = home.token("demo-agent");
    (home, server, provider, gate, token)
}

#[test]
fn a_stream_ends_whole_and_the_logs_are_closed() {
    let (home, server, _provider, gate, token) = held();
    let mut stream = streaming(&server, &token);
    assert_eq!(stream.head().unwrap().status, 200);
    let first = stream.chunk().unwrap().expect("the first event");
    gate.wait_arrived(1);

    server.signal("-TERM");
    server.wait_says("stopping");
    assert!(Connection::try_tcp(server.address).is_err() || refuses_new(&server, &token));
    gate.open();
    let mut events = first;
    while let Some(chunk) = stream.chunk().unwrap() {
        events.extend(chunk);
    }
    let text = String::from_utf8_lossy(&events).into_owned();
    assert!(text.trim_end().ends_with("data: [DONE]"), "{text}");
    drop(stream);
    let (status, said) = server.wait();
    assert!(status.success(), "{status}: {said}");
    assert!(said.ends_with("stopped\n"), "{said}");

    for log in ["control", "decisions"] {
        let entries = home.entries(log);
        assert_eq!(entries.last().unwrap().kind, EntryKind::EpochStop, "{log}");
        assert!(entries.iter().all(|entry| entry.published), "{log}: everything is published");
    }
    let entries = home.entries("decisions");
    let outcome = entries.iter().rfind(|entry| entry.kind == EntryKind::Outcome).unwrap();
    assert_eq!(outcome.json["ended"], "complete", "{}", outcome.json);
    home.run(&["ledger", "verify"]).ok();
}

/// A connection that the listener still takes is told to go elsewhere.
fn refuses_new(server: &Server, token: &str) -> bool {
    let bearer = format!("Bearer {token}");
    let Ok(mut connection) = Connection::try_tcp(server.address) else { return true };
    let head =
        format!("GET /v1/models HTTP/1.1\r\nhost: gateway.test\r\nauthorization: {bearer}\r\n\r\n");
    let sent = connection.try_send_raw(head.as_bytes());
    sent.is_err() || connection.reply().map_or(true, |reply| reply.status == 503)
}

#[test]
fn a_second_signal_stops_at_once_and_what_ran_is_recorded_as_interrupted() {
    for second in ["-TERM", "-INT"] {
        let (home, server, _provider, gate, token) = held();
        let mut stream = streaming(&server, &token);
        assert_eq!(stream.head().unwrap().status, 200);
        stream.chunk().unwrap().expect("the first event");
        gate.wait_arrived(1);

        server.signal("-TERM");
        server.wait_says("stopping");
        server.signal(second);
        let (status, said) = server.wait();
        assert!(status.success(), "{second}: {status}: {said}");
        let cut = loop {
            match stream.chunk() {
                Ok(Some(_)) => {}
                Ok(None) => break false,
                Err(_) => break true,
            }
        };
        assert!(cut, "a stream that was cut does not look whole");

        let entries = home.entries("decisions");
        let outcome = entries.iter().rfind(|entry| entry.kind == EntryKind::Outcome).unwrap();
        assert_eq!(outcome.json["ended"], "interrupted", "{}", outcome.json);
        assert_eq!(entries.last().unwrap().kind, EntryKind::EpochStop);
        home.run(&["ledger", "verify"]).ok();
    }
}

/// A signal as soon as it says that it serves finds it ready to stop in good order.
#[test]
fn a_signal_right_after_the_start_stops_in_good_order() {
    let home = Home::new();
    for signal in ["-TERM", "-INT", "-TERM"] {
        let server = home.up();
        server.signal(signal);
        let (status, said) = server.wait();
        assert!(status.success(), "{signal}: {status}: {said}");
        assert_eq!(home.entries("decisions").last().unwrap().kind, EntryKind::EpochStop);
    }
}
