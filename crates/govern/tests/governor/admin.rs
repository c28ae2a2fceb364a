//! The admin surface over a Unix socket, as any program may speak to it.

use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::Arc;

use approval::{Object, Verb};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use govern::Governor;
use govern::admin::{
    ACTS_PATH, BUDGETS_PATH, METRICS_PATH, PROBES_PATH, ROUTES_PATH, Reports, STATUS_PATH,
    TRAFFIC_PATH, answer,
};
use http_body_util::Full;
use hyper::Response;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use ledger::EntryKind;
use serde_json::{Value, json};
use testkit::{Canary, Connection, Reply, assert_clean, assert_clean_dir};
use tokio::net::UnixListener;

use crate::common::{
    Begun, COLLEAGUE, FOUNDER, SECRET, act_of, as_json, charter, digest_of, sealing,
};

const CANARY: &str = Canary::ProviderKey.value();
const SALT: &str = "0505050505050505050505050505050505050505050505050505050505050505";

/// Serves the admin surface of `begun`; the tests talk to it from other threads.
struct Surface {
    begun: Begun,
    socket: PathBuf,
}

impl Surface {
    async fn new() -> Self {
        let begun = Begun::new().await;
        let socket = begun.folder.path().join("admin.sock");
        let listener = UnixListener::bind(&socket).unwrap();
        tokio::spawn(serve(listener, Arc::clone(&begun.governor)));
        Self { begun, socket }
    }

    async fn call(&self, method: &'static str, path: &'static str, body: Vec<u8>) -> Reply {
        let socket = self.socket.clone();
        let asked = move || {
            let mut connection = Connection::unix(&socket);
            let length = body.len().to_string();
            connection.request(method, path, &[("content-length", &length)], b"");
            // Whoever refuses by the head alone does not wait for the rest.
            let _ = connection.try_send_raw(&body);
            connection.reply().unwrap()
        };
        tokio::task::spawn_blocking(asked).await.unwrap()
    }

    async fn post(&self, body: &Value) -> Reply {
        self.call("POST", ACTS_PATH, body.to_string().into_bytes()).await
    }
}

/// What parts that the control plane does not know say of themselves.
fn reports() -> Reports {
    Reports {
        status: Box::new(|| json!({ "part": "told" })),
        routes: Box::new(|| json!([{ "model": "one" }])),
        budgets: Box::new(|| json!([{ "name": "one-budget" }])),
        metrics: Box::new(|| Response::new(Full::new("one_metric 1\n".into()))),
        traffic: Box::new(|| json!({ "in_flight": 1 })),
        probe: Box::new(|asked| {
            Box::pin(async move {
                let agent = asked.get("agent").ok_or("no agent")?;
                Ok(json!({ "asked": agent }))
            })
        }),
    }
}

async fn serve(listener: UnixListener, governor: Arc<Governor>) {
    let reports = Arc::new(reports());
    while let Ok((stream, _)) = listener.accept().await {
        let (governor, reports) = (Arc::clone(&governor), Arc::clone(&reports));
        tokio::spawn(async move {
            let service = service_fn(|request| {
                let (governor, reports) = (Arc::clone(&governor), Arc::clone(&reports));
                async { Ok::<_, Infallible>(answer(governor, reports, request).await) }
            });
            // A client that leaves early is no concern of these tests.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

/// The members of an error, which has no others.
#[track_caller]
fn error(reply: &Reply) -> (String, String) {
    let json = reply.json();
    let members: Vec<_> = json.as_object().unwrap().keys().collect();
    assert_eq!(members, ["error"], "{json}");
    let text = |member: &str| json["error"][member].as_str().unwrap().to_owned();
    (text("kind"), text("message"))
}

fn secret_payload(value: &str, salt: &str) -> Value {
    json!({ "kind": "secret", "value": value, "salt": salt })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_verb_works_over_the_wire_and_is_recorded() {
    let surface = Surface::new().await;
    let begun = &surface.begun;

    let tree = charter("the second");
    let (act, _) = begun.apply(&tree).await;
    let files: Vec<_> = tree.files().map(|(path, bytes)| (path, BASE64.encode(bytes))).collect();
    let base = begun.in_force().await;
    let payload = json!({ "kind": "charter", "files": files, "base": base });
    let reply = surface.post(&json!({ "act": act, "payload": payload })).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(reply.json()["charter"], digest_of(&tree).to_string());
    let applied = begun.entries_of(EntryKind::CharterApplied);
    assert_eq!(act_of(&applied[0]), as_json(&act));
    assert_eq!(reply.json()["change"], applied[0].json["body"]["change"]);
    assert_eq!(reply.json()["index"], applied[0].index);

    let (act, _) = begun.put(SECRET, CANARY);
    let payload = secret_payload(&BASE64.encode(CANARY), SALT);
    let reply = surface.post(&json!({ "act": act, "payload": payload })).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!((&reply.json()["secret"], &reply.json()["version"]), (&SECRET.into(), &1.into()));
    assert_eq!((&reply.json()["state"], &reply.json()["active"]), (&"active".into(), &1.into()));
    assert_clean(&reply.everything(), "the answer", &[Canary::ProviderKey]);

    let (act, _) = begun.put(SECRET, CANARY);
    let payload = secret_payload(&BASE64.encode(CANARY), SALT);
    let reply = surface.post(&json!({ "act": act, "payload": payload })).await;
    assert_eq!((&reply.json()["state"], &reply.json()["active"]), (&"pending".into(), &1.into()));
    assert_clean(&reply.everything(), "the answer", &[Canary::ProviderKey]);

    let (act, _) = begun.token("demo-agent");
    let reply = surface.post(&json!({ "act": act, "payload": { "kind": "none" } })).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert!(reply.json()["token"].as_str().unwrap().starts_with("eyJ"));

    assert_eq!(begun.entries_of(EntryKind::Act).len(), 3);
    assert_clean_dir(&begun.folder.path().join("control"), &[Canary::ProviderKey]);
}

/// A good posted act, and copies of it with one thing wrong.
struct Good(Value);

impl Good {
    fn without(&self, pointer: &str, member: &str) -> String {
        let mut body = self.0.clone();
        body.pointer_mut(pointer).unwrap().as_object_mut().unwrap().remove(member).unwrap();
        body.to_string()
    }

    fn with(&self, pointer: &str, member: &str, value: Value) -> String {
        let mut body = self.0.clone();
        let at = body.pointer_mut(pointer).unwrap().as_object_mut().unwrap();
        at.insert(member.to_owned(), value);
        body.to_string()
    }

    fn payload(&self, payload: Value) -> String {
        self.with("", "payload", payload)
    }

    /// Texts that are not the JSON of a posted act.
    fn no_bodies(&self) -> Vec<(&'static str, String)> {
        let text = self.0.to_string();
        vec![
            ("empty", String::new()),
            ("no JSON", CANARY.to_owned()),
            ("a string", json!(CANARY).to_string()),
            ("a list", json!([CANARY]).to_string()),
            ("null", "null".to_owned()),
            ("cut short", text.split_at(text.len() - 1).0.to_owned()),
            ("something behind it", format!("{text}{CANARY}")),
            ("twice", format!("{text}{text}")),
            ("a member twice", text.replacen('{', &format!("{{\"act\":{CANARY:?},"), 1)),
            ("no act", self.without("", "act")),
            ("no payload", self.without("", "payload")),
            ("more than a posted act", self.with("", CANARY, json!(1))),
            ("nested too deeply", "[".repeat(100_000)),
            ("a number too large", format!("{{\"act\":1e{},\"payload\":1}}", "9".repeat(400))),
        ]
    }

    /// Acts that are none.
    fn no_acts(&self) -> Vec<(&'static str, String)> {
        let field = |name: &str, text: &str| self.with("/act/act", name, json!(text));
        vec![
            ("an act that is a string", self.with("", "act", json!(CANARY))),
            ("an act that is null", self.with("", "act", Value::Null)),
            ("an act without a signature", self.without("/act", "signature")),
            ("an act with more", self.with("/act", CANARY, json!(CANARY))),
            ("a signature that is a number", self.with("/act", "signature", json!(7))),
            ("a signature that is a list", self.with("/act", "signature", json!([CANARY]))),
            ("an act's act that is a string", self.with("/act", "act", json!(CANARY))),
            ("an act's act with more", field(CANARY, CANARY)),
            ("an act without a nonce", self.without("/act/act", "nonce")),
            ("an act that is too long", field("verb", &"x".repeat(9_000))),
            ("the secret as the verb", field("verb", CANARY)),
            ("the secret in the object", field("object", &format!("secret:{SECRET}:{CANARY}"))),
            ("the secret as the actor", field("actor", CANARY)),
            ("the secret as the gateway", field("gateway", &format!(" {CANARY}"))),
            ("the secret as the nonce", field("nonce", CANARY)),
            ("the secret as the time", field("time", CANARY)),
            ("a time with another spelling", field("time", "2026-11-24T09:00:00Z")),
            ("a verb of tomorrow", field("verb", "secret.show")),
            ("a verb with another object", field("verb", "agent.token")),
        ]
    }

    /// Payloads that are none.
    fn no_payloads(&self) -> Vec<(&'static str, String)> {
        let value = BASE64.encode(CANARY);
        let secret = |value: &str, salt: &str| self.payload(secret_payload(value, salt));
        let files = |files: Value, base: &str| {
            self.payload(json!({ "kind": "charter", "files": files, "base": base }))
        };
        let two_lines = BASE64.encode(format!("{CANARY}\n{CANARY}"));
        let digest = digest_of(&charter("")).to_string();
        vec![
            ("a payload of no kind", self.payload(json!({ "value": value, "salt": SALT }))),
            ("a payload of another kind", self.with("/payload", "kind", json!(CANARY))),
            ("a payload with more", self.with("/payload", CANARY, json!(CANARY))),
            ("none with more", self.payload(json!({ "kind": "none", "value": value }))),
            ("no salt", self.without("/payload", "salt")),
            ("no value", self.without("/payload", "value")),
            ("a value as it is", secret(CANARY, SALT)),
            ("a value that is a number", self.with("/payload", "value", json!(7))),
            ("an empty value", secret("", SALT)),
            ("a value of two lines", secret(&two_lines, SALT)),
            ("a value too long", secret(&BASE64.encode(CANARY.repeat(1000)), SALT)),
            ("the secret as the salt", secret(&value, CANARY)),
            ("a salt too short", secret(&value, &SALT[2..])),
            ("a salt too long", secret(&value, &format!("{SALT}05"))),
            ("a salt in capitals", secret(&value, &"AB".repeat(32))),
            ("a file that is no base64", files(json!([["charter.yaml", CANARY]]), &digest)),
            ("files that are none", files(json!(CANARY), &digest)),
            ("a file that is a string", files(json!([CANARY]), &digest)),
            ("a base that is none", files(json!([]), CANARY)),
        ]
    }
}

/// Bodies that are no posted act: 400, nothing changed, and nothing of them in the answer, since
/// a secret may stand anywhere in what somebody mistyped.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_malformed_body_is_refused_and_never_echoed() {
    let surface = Surface::new().await;
    let before = surface.begun.ground().await;
    let act = surface.begun.act(Verb::SecretPut, sealing(SECRET, CANARY).0);
    let payload = secret_payload(&BASE64.encode(CANARY), SALT);
    let good = Good(json!({ "act": act, "payload": payload }));
    let bodies = [good.no_bodies(), good.no_acts(), good.no_payloads()].concat();
    for (what, body) in bodies {
        let reply = surface.call("POST", ACTS_PATH, body.into_bytes()).await;
        assert_eq!(reply.status, 400, "{what}: {}", reply.text());
        let (kind, message) = error(&reply);
        assert_eq!(kind, "malformed", "{what}");
        assert!(!message.is_empty(), "{what}");
        assert_clean(&reply.everything(), what, &[Canary::ProviderKey]);
    }
    let no_text = [b"{\"act\":\"".as_slice(), &[0xff, 0xfe], b"\"}"].concat();
    assert_eq!(surface.call("POST", ACTS_PATH, no_text).await.status, 400);
    assert_eq!(surface.begun.ground().await, before);

    // The very body they were all made from is a good one.
    let reply = surface.post(&good.0).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_has_a_largest_size() {
    let surface = Surface::new().await;
    let before = surface.begun.ground().await;
    let announced = {
        let socket = surface.socket.clone();
        let asked = move || {
            let mut connection = Connection::unix(&socket);
            let length = (48 * 1024 * 1024 + 1).to_string();
            // The answer comes without the body: nobody has to send what will be refused.
            connection.request("POST", ACTS_PATH, &[("content-length", &length)], b"");
            connection.reply().unwrap()
        };
        tokio::task::spawn_blocking(asked).await.unwrap()
    };
    assert_eq!(announced.status, 400);
    let unannounced = {
        let socket = surface.socket.clone();
        let asked = move || {
            let mut connection = Connection::unix(&socket);
            let chunked = [("transfer-encoding", "chunked"), ("content-type", "application/json")];
            connection.request("POST", ACTS_PATH, &chunked, b"");
            let chunk = [b"100000\r\n".as_slice(), &[b' '; 0x10_0000], b"\r\n"].concat();
            while connection.try_send_raw(&chunk).is_ok() {}
            connection.reply().unwrap()
        };
        tokio::task::spawn_blocking(asked).await.unwrap()
    };
    assert_eq!(unannounced.status, 400);
    assert_eq!(surface.begun.ground().await, before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_paths_and_methods_do_not_exist() {
    let surface = Surface::new().await;
    let before = surface.begun.ground().await;
    let elsewhere = [
        ("GET", ACTS_PATH),
        ("PUT", ACTS_PATH),
        ("DELETE", ACTS_PATH),
        ("POST", STATUS_PATH),
        ("PUT", STATUS_PATH),
        ("GET", "/"),
        ("POST", "/"),
        ("POST", "/v1/acts/"),
        ("POST", "/v1/ACTS"),
        ("GET", "/v1/secrets"),
        ("GET", "/v1/status/.."),
        ("GET", "/v1/metrics"),
        ("POST", "/metrics"),
        ("POST", "/v1/chat/completions"),
    ];
    for (method, path) in elsewhere {
        let (act, _) = surface.begun.token("demo-agent");
        let body = json!({ "act": act, "payload": { "kind": "none" } });
        let reply = surface.call(method, path, body.to_string().into_bytes()).await;
        assert_eq!(reply.status, 404, "{method} {path}: {}", reply.text());
        assert!(
            !error(&reply).1.contains(path.trim_matches('/')) || path == "/",
            "{method} {path}"
        );
    }
    assert_eq!(surface.begun.ground().await, before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reading_the_status_changes_nothing() {
    let surface = Surface::new().await;
    let before = surface.begun.ground().await;
    for _ in 0..3 {
        let reply = surface.call("GET", STATUS_PATH, Vec::new()).await;
        assert_eq!(reply.status, 200);
        let status = reply.json();
        assert_eq!(status["gateway"], "portreeve");
        assert_eq!(status["charter"], digest_of(&surface.begun.first).to_string());
        assert_eq!(status["part"], "told", "what the other parts report stands beside it");
        let routes = surface.call("GET", ROUTES_PATH, Vec::new()).await;
        assert_eq!((routes.status, routes.json()), (200, json!([{ "model": "one" }])));
        let budgets = surface.call("GET", BUDGETS_PATH, Vec::new()).await;
        assert_eq!((budgets.status, budgets.json()), (200, json!([{ "name": "one-budget" }])));
        let metrics = surface.call("GET", METRICS_PATH, Vec::new()).await;
        assert_eq!((metrics.status, metrics.text().as_str()), (200, "one_metric 1\n"));
        let traffic = surface.call("GET", TRAFFIC_PATH, Vec::new()).await;
        assert_eq!((traffic.status, traffic.json()), (200, json!({ "in_flight": 1 })));
        let asked = json!({ "agent": "one" }).to_string().into_bytes();
        let probe = surface.call("POST", PROBES_PATH, asked).await;
        assert_eq!((probe.status, probe.json()), (200, json!({ "asked": "one" })));
        for (asked, why) in [
            (b"{}".to_vec(), "no agent"),
            (b"nothing".to_vec(), "no JSON"),
            (vec![b' '; 5_000], "too large"),
        ] {
            let refused = surface.call("POST", PROBES_PATH, asked).await;
            assert_eq!((refused.status, error(&refused).0.as_str()), (400, "malformed"));
            assert!(error(&refused).1.contains(why), "{}", refused.text());
        }
    }
    assert_eq!(surface.begun.ground().await, before);
}

/// Each kind of no has its status, and none of them changes anything.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_says_which_kind_it_is() {
    let surface = Surface::new().await;
    let before = surface.begun.ground().await;
    let agent = |name: &str| Object::Agent(name.parse().unwrap());
    let none = json!({ "kind": "none" });

    let act =
        surface.begun.act_but(Verb::AgentToken, agent("demo-agent"), (FOUNDER, COLLEAGUE), |_| {});
    let reply = surface.post(&json!({ "act": act, "payload": none })).await;
    assert_eq!((reply.status, error(&reply).0.as_str()), (403, "unauthorised"));

    let act = surface.begun.act(Verb::AgentToken, agent("night-batch"));
    let reply = surface.post(&json!({ "act": act, "payload": none })).await;
    assert_eq!((reply.status, error(&reply).0.as_str()), (409, "denied"));
    assert!(error(&reply).1.contains("night-batch"));

    let (act, _) = surface.begun.put(SECRET, CANARY);
    let payload = secret_payload(&BASE64.encode(format!("{CANARY}!")), SALT);
    let reply = surface.post(&json!({ "act": act, "payload": payload })).await;
    assert_eq!((reply.status, error(&reply).0.as_str()), (409, "denied"));
    assert_clean(&reply.everything(), "the refusal", &[Canary::ProviderKey]);

    surface.begun.faults.fail(ledger::Step::WalSync, ledger::When::Before, 1);
    let (act, _) = surface.begun.token("demo-agent");
    let reply = surface.post(&json!({ "act": act, "payload": none })).await;
    assert_eq!((reply.status, error(&reply).0.as_str()), (503, "unavailable"));
    assert_eq!(surface.begun.ground().await, before);
}

/// A charter's problems come all at once, each with place, owner and help.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_charters_problems_are_listed() {
    let surface = Surface::new().await;
    let tree = crate::common::tree_with(&[
        ("agents/x.yaml", "name: y\n"),
        ("providers/z.yaml", "kind: q\n"),
    ]);
    let (act, _) = surface.begun.apply(&tree).await;
    let files: Vec<_> = tree.files().map(|(path, bytes)| (path, BASE64.encode(bytes))).collect();
    let base = surface.begun.in_force().await;
    let payload = json!({ "kind": "charter", "files": files, "base": base });
    let reply = surface.post(&json!({ "act": act, "payload": payload })).await;
    assert_eq!(reply.status, 409);
    let json = reply.json();
    let problems: Vec<_> =
        json["error"]["problems"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    for file in ["agents/x.yaml", "providers/z.yaml"] {
        assert!(problems.iter().any(|problem| problem.starts_with(file)), "{problems:#?}");
    }
    assert!(problems.iter().all(|problem| problem.contains("who can fix: ")), "{problems:#?}");
}
