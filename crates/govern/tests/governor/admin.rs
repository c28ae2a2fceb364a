//! The admin surface over a Unix socket, as any program may speak to it.

use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::Arc;

use approval::{Object, Verb};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use govern::Governor;
use govern::admin::{ACTS_PATH, STATUS_PATH, answer};
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

async fn serve(listener: UnixListener, governor: Arc<Governor>) {
    while let Ok((stream, _)) = listener.accept().await {
        let governor = Arc::clone(&governor);
        tokio::spawn(async move {
            let service = service_fn(|request| {
                let governor = Arc::clone(&governor);
                async {
                    Ok::<_, Infallible>(answer(governor, json!({"part": "told"}), request).await)
                }
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
    assert_eq!(reply.json()["active"], true);
    assert_clean(&reply.everything(), "the answer", &[Canary::ProviderKey]);

    let (act, _) = begun.token("demo-agent");
    let reply = surface.post(&json!({ "act": act, "payload": { "kind": "none" } })).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert!(reply.json()["token"].as_str().unwrap().starts_with("eyJ"));

    assert_eq!(begun.entries_of(EntryKind::Act).len(), 2);
    assert_clean_dir(&begun.folder.path().join("control"), &[Canary::ProviderKey]);
}

/// Bodies that are no posted act: 400, nothing changed, and nothing of them in the answer, since
/// a secret may stand anywhere in what somebody mistyped.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_malformed_body_is_refused_and_never_echoed() {
    let surface = Surface::new().await;
    let before = surface.begun.ground().await;
    let (object, _) = sealing(SECRET, CANARY);
    let act = json!(surface.begun.act(Verb::SecretPut, object));
    let value = BASE64.encode(CANARY);
    let good = json!({ "act": act, "payload": secret_payload(&value, SALT) });
    let without = |pointer: &str, member: &str| {
        let mut body = good.clone();
        body.pointer_mut(pointer).unwrap().as_object_mut().unwrap().remove(member);
        body.to_string()
    };
    let with = |pointer: &str, member: &str, value: Value| {
        let mut body = good.clone();
        let at = body.pointer_mut(pointer).unwrap().as_object_mut().unwrap();
        at.insert(member.to_owned(), value);
        body.to_string()
    };
    let text = good.to_string();
    let (cut, _) = text.split_at(text.len() - 1);
    let files = |path: &str, text: &str| {
        let base = digest_of(&surface.begun.first);
        json!({ "kind": "charter", "files": [[path, text]], "base": base })
    };
    let bodies: Vec<(&str, String)> = vec![
        ("empty", String::new()),
        ("no JSON", CANARY.to_owned()),
        ("a string", json!(CANARY).to_string()),
        ("a list", json!([CANARY]).to_string()),
        ("null", "null".to_owned()),
        ("cut short", cut.to_owned()),
        ("something behind it", format!("{text}{CANARY}")),
        ("twice", format!("{text}{text}")),
        ("a member twice", text.replacen('{', &format!("{{\"act\":{:?},", CANARY), 1)),
        ("no act", without("", "act")),
        ("no payload", without("", "payload")),
        ("more than a posted act", with("", CANARY, json!(1))),
        ("an act that is a string", with("", "act", json!(CANARY))),
        ("an act that is null", with("", "act", Value::Null)),
        ("an act without a signature", without("/act", "signature")),
        ("an act with more", with("/act", CANARY, json!(CANARY))),
        ("a signature that is a number", with("/act", "signature", json!(7))),
        ("a signature that is a list", with("/act", "signature", json!([CANARY]))),
        ("an act's act that is a string", with("/act", "act", json!(CANARY))),
        ("an act's act with more", with("/act/act", CANARY, json!(CANARY))),
        ("an act without a nonce", without("/act/act", "nonce")),
        ("the secret as the verb", with("/act/act", "verb", json!(CANARY))),
        (
            "the secret as the object",
            with("/act/act", "object", json!(format!("secret:{SECRET}:{CANARY}"))),
        ),
        ("the secret as the actor", with("/act/act", "actor", json!(CANARY))),
        ("the secret as the gateway", with("/act/act", "gateway", json!(format!(" {CANARY}")))),
        ("the secret as the nonce", with("/act/act", "nonce", json!(CANARY))),
        ("the secret as the time", with("/act/act", "time", json!(CANARY))),
        ("a time with another spelling", with("/act/act", "time", json!("2026-11-24T09:00:00Z"))),
        ("a verb of tomorrow", with("/act/act", "verb", json!("secret.show"))),
        ("a verb with another object", with("/act/act", "verb", json!("agent.token"))),
        ("a payload of no kind", with("", "payload", json!({ "value": value, "salt": SALT }))),
        ("a payload of another kind", with("/payload", "kind", json!(CANARY))),
        ("a payload with more", with("/payload", CANARY, json!(CANARY))),
        ("none with more", with("", "payload", json!({ "kind": "none", "value": value }))),
        ("no salt", without("/payload", "salt")),
        ("no value", without("/payload", "value")),
        ("a value as it is", with("/payload", "value", json!(CANARY))),
        ("a value that is a number", with("/payload", "value", json!(7))),
        ("an empty value", with("/payload", "value", json!(""))),
        (
            "a value of two lines",
            with("/payload", "value", json!(BASE64.encode(format!("{CANARY}\n{CANARY}")))),
        ),
        ("a value too long", with("/payload", "value", json!(BASE64.encode(CANARY.repeat(1000))))),
        ("the secret as the salt", with("/payload", "salt", json!(CANARY))),
        ("a salt too short", with("/payload", "salt", json!(&SALT[2..]))),
        ("a salt too long", with("/payload", "salt", json!(format!("{SALT}05")))),
        ("a salt in capitals", with("/payload", "salt", json!("AB".repeat(32)))),
        ("a file that is no base64", with("", "payload", files("charter.yaml", CANARY))),
        (
            "files that are none",
            with("", "payload", json!({ "kind": "charter", "files": CANARY, "base": CANARY })),
        ),
        (
            "a base that is none",
            with("", "payload", json!({ "kind": "charter", "files": [], "base": CANARY })),
        ),
        ("nested too deeply", "[".repeat(100_000)),
        ("a number too large", format!("{{\"act\":1e{},\"payload\":null}}", "9".repeat(400))),
    ];
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
    let reply = surface.post(&good).await;
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
        ("GET", "/metrics"),
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
