//! The disk of a real process in trouble: full, read-only, failing, slow, hanging. What it writes
//! and syncs goes through a small library of the test's own, which does what a plan says.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use testkit::{FakeProvider, Reply};

use crate::common::{Home, Server, run};

/// How often it is asked whether it is well again before that is called a failure.
const HEALED_WITHIN: usize = 100_000;
/// What the system says of a disk that is full, read-only, and broken.
const TROUBLES: [(&str, &str); 3] =
    [("28", "os error 28"), ("30", "os error 30"), ("5", "os error 5")];
const WAL: &str = "/logs/decisions/wal/";

/// A gateway whose disk does what the plan says.
struct Troubled {
    home: Home,
    provider: FakeProvider,
    server: Server,
    token: String,
}

impl Troubled {
    fn start() -> Self {
        let (home, provider) = (Home::new(), FakeProvider::start());
        let library = home.folder().join("shim.so");
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/binary/disk/shim.c");
        let mut compile = Command::new("cc");
        compile.args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(source);
        run(compile, b"").ok();
        let mut up = home.command(&["up", "--listen", "127.0.0.1:0"]);
        up.env("LD_PRELOAD", &library).env("DISK_TROUBLE", home.folder().join("plan"));
        let server = Server::start(up);
        home.use_provider(&provider);
        let token = home.token("demo-agent");
        let troubled = Self { home, provider, server, token };
        assert_eq!(troubled.call().status, 200);
        troubled
    }

    fn plan(&self) -> PathBuf {
        self.home.folder().join("plan")
    }

    /// From now on, `call` on files whose path has `part` in it has this effect.
    fn trouble(&self, call: &str, effect: &str, part: &str) {
        let fresh = self.home.folder().join("plan.fresh");
        fs::write(&fresh, format!("{call} {effect} {part}\n")).unwrap();
        fs::rename(fresh, self.plan()).unwrap();
    }

    fn call(&self) -> Reply {
        self.server.call_model(&self.token, "local-model")
    }

    fn ready(&self) -> bool {
        testkit::get(self.server.address, "/readyz", &[]).status == 200
    }

    /// A call is refused, says so in its caller's words and when to come again, and goes nowhere.
    #[track_caller]
    fn refused(&self, what: &str) {
        let seen = self.provider.seen().len();
        let reply = self.call();
        assert_eq!(reply.status, 503, "{what}: {}", reply.text());
        assert_eq!(reply.json()["error"]["code"], "log_unavailable", "{what}");
        assert_eq!(reply.header("retry-after"), Some("1"), "{what}");
        assert!(reply.header("portreeve-receipt").is_none(), "{what}");
        assert_eq!(self.provider.seen().len(), seen, "{what}: forwarded");
    }

    /// What a person sees while it lasts; `said` is the system's own reason.
    #[track_caller]
    fn told(&self, said: &str) {
        assert!(!self.ready(), "{said}");
        assert_eq!(testkit::get(self.server.address, "/healthz", &[]).status, 200);
        let status = self.home.run(&["status"]);
        assert!(status.ok().contains("FAILING") && status.out.contains(said), "{status:?}");
    }

    /// The trouble ends and the gateway goes on by itself, with nothing lost.
    #[track_caller]
    fn heals(&self, what: &str) {
        fs::remove_file(self.plan()).unwrap();
        assert!((0..HEALED_WITHIN).any(|_| self.ready()), "{what}: not ready again");
        assert_eq!(self.call().status, 200, "{what}");
    }

    fn end(self) {
        self.server.stop();
        self.home.run(&["ledger", "verify"]).ok();
        self.home.up().stop();
    }
}

#[test]
fn a_full_read_only_or_broken_disk_stops_every_call_and_the_gateway_goes_on_after() {
    let troubled = Troubled::start();
    for call in ["write", "sync"] {
        for (error, said) in TROUBLES {
            troubled.trouble(call, error, WAL);
            for _ in 0..3 {
                troubled.refused(said);
            }
            troubled.told(said);
            troubled.heals(said);
        }
    }
    troubled.end();
}

#[test]
fn a_disk_that_hangs_is_answered_for_within_the_bound() {
    let troubled = Troubled::start();
    for call in ["write", "sync"] {
        troubled.trouble(call, "hang", WAL);
        for _ in 0..3 {
            troubled.refused("hang");
        }
        troubled.told("did not make the entry durable");
        troubled.heals("hang");
    }
    troubled.end();
}

#[test]
fn a_slow_disk_makes_calls_slow_and_refuses_none() {
    let troubled = Troubled::start();
    troubled.trouble("sync", "slow", WAL);
    for _ in 0..5 {
        assert_eq!(troubled.call().status, 200);
    }
    assert!(troubled.ready());
    troubled.end();
}

/// What is published can wait: the entries are durable in the write-ahead log.
#[test]
fn trouble_with_what_is_published_fails_no_call() {
    let troubled = Troubled::start();
    for part in ["/logs/decisions/tile/", "/logs/decisions/payloads/", "/logs/decisions/ids/"] {
        troubled.trouble("write", "28", part);
        assert!((0..HEALED_WITHIN).any(|_| !troubled.ready()), "{part}: it does not say so");
        for _ in 0..3 {
            assert_eq!(troubled.call().status, 200, "{part}");
        }
        troubled.told("os error 28");
        troubled.heals(part);
        troubled.trouble("sync", "hang", part);
        for _ in 0..3 {
            assert_eq!(troubled.call().status, 200, "{part}");
        }
        troubled.heals(part);
    }
    troubled.end();
}

/// An act that cannot be recorded is not taken, and calls go on.
#[test]
fn trouble_with_the_control_log_refuses_acts_and_no_call() {
    let troubled = Troubled::start();
    for effect in ["28", "hang"] {
        troubled.trouble("sync", effect, "/logs/control/wal/");
        troubled.home.run(&["agent", "token", "demo-agent"]).fails(4);
        assert_eq!(troubled.call().status, 200, "{effect}");
        troubled.heals(effect);
        troubled.home.token("demo-agent");
    }
    troubled.end();
}
