//! A disk that takes no more. The system's own limit on file sizes makes every write of the logs
//! fail as a full disk would, and is lifted again while the process runs.

use std::process::Command;

use ledger::EntryKind;
use testkit::{FakeProvider, Reply};

use crate::common::{Home, Server, run};

/// How often it is asked whether it is ready again before that is called a failure.
const HEALED_WITHIN: usize = 100_000;

/// A gateway whose writes fail with an error, rather than a signal, beyond the limit.
fn up(home: &Home) -> Server {
    let mut shell = Command::new("/bin/sh");
    shell
        .args(["-c", "trap '' XFSZ; exec \"$0\" up --listen 127.0.0.1:0"])
        .arg(env!("CARGO_BIN_EXE_portreeve"))
        .env_clear()
        .env("PORTREEVE_HOME", home.root());
    Server::start(shell)
}

/// Lets no file of the process grow beyond `bytes`.
fn limit(server: &Server, bytes: &str) {
    let mut prlimit = Command::new("prlimit");
    prlimit.args(["--pid", &server.id().to_string(), &format!("--fsize={bytes}:unlimited")]);
    run(prlimit, b"").ok();
}

fn readiness(server: &Server) -> u16 {
    testkit::get(server.address, "/readyz", &[]).status
}

fn code(reply: &Reply) -> String {
    let json = reply.json();
    json["error"]["code"].as_str().unwrap_or_else(|| panic!("no code in {json}")).to_owned()
}

#[test]
fn nothing_is_forwarded_that_cannot_be_recorded_and_it_heals() {
    let (home, provider) = (Home::new(), FakeProvider::start());
    let mut server = up(&home);
    home.use_provider(&provider);
    let token = home.token("demo-agent");
    assert_eq!(server.call_model(&token, "local-model").status, 200);
    assert_eq!(readiness(&server), 200);
    let (seen, size) = (provider.seen().len(), decisions(&home));

    limit(&server, "1");
    for _ in 0..5 {
        let reply = server.call_model(&token, "local-model");
        assert_eq!(reply.status, 503, "{}", reply.text());
        assert_eq!(code(&reply), "log_unavailable");
        assert!(reply.header("portreeve-receipt").is_none());
    }
    assert_eq!(readiness(&server), 503);
    assert_eq!(provider.seen().len(), seen, "nothing was forwarded");
    // People are refused in the same way: an act that cannot be recorded is not taken.
    let refused = home.run(&["agent", "token", "demo-agent"]);
    assert!(refused.fails(4).contains("the control log cannot be written"), "{refused:?}");
    let status = home.run(&["status"]);
    assert!(status.ok().contains("FAILING"), "{status:?}");
    assert!(server.is_running());
    assert_eq!(testkit::get(server.address, "/healthz", &[]).status, 200);
    assert_eq!(decisions(&home), size);

    limit(&server, "unlimited");
    let reply = server.call_model(&token, "local-model");
    assert_eq!(reply.status, 200, "{}", reply.text());
    // Publishing is tried again within a second; until then it says that it is not ready.
    let healed = (0..HEALED_WITHIN).any(|_| readiness(&server) == 200);
    assert!(healed, "{}", home.run(&["status"]).all());
    home.token("demo-agent");
    assert!(!server.said().contains("panicked"), "{}", server.said());
    server.stop();
    assert_eq!(decisions(&home), size + 1);
    home.run(&["ledger", "verify"]).ok();
}

fn decisions(home: &Home) -> usize {
    home.entries("decisions").iter().filter(|entry| entry.kind == EntryKind::Decision).count()
}
