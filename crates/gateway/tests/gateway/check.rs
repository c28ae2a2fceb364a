//! What every refusal and every forwarded call has in common, asserted in one place.

use ledger::{Entry, EntryKind};
use model::{DecisionId, Dialect, RefusalCode, Retry, Stage};
use serde_json::Value;
use testkit::Reply;
use tlog::Receipt;

use crate::world::World;

/// Asserts that `reply` is the refusal `code`: its status, its words in the client's dialect,
/// its headers, and what the log holds of it.
#[track_caller]
pub(crate) fn refused(world: &World, dialect: Dialect, reply: &Reply, code: RefusalCode) {
    let id = refusal_answer(dialect, reply, code);
    let receipt = reply.header("portreeve-receipt");
    assert_eq!(receipt.is_some(), code.stage() == Stage::Forward, "{code:?}: a receipt");
    let entries = world.entries_of(id);
    if is_unproved(code) {
        assert_eq!(kinds(&entries), [EntryKind::RefusalsOpened], "{code:?}");
    } else if code == RefusalCode::LogUnavailable {
        // It cannot be in the log it could not be written to.
    } else if code.stage() == Stage::Forward {
        assert_eq!(kinds(&entries), [EntryKind::Decision, EntryKind::Outcome], "{code:?}");
        assert_eq!(entries[0].json["verdict"]["code"], "permitted", "{code:?}");
        let outcome = &entries[1].json;
        assert_eq!(outcome["ended"], "upstream_failed", "{code:?}");
        let last = outcome["attempts"].as_array().unwrap().last().unwrap();
        assert_eq!(last["failure"], failure(code), "{code:?}: {outcome}");
        assert_eq!(outcome["status"], code.status(), "{code:?}");
    } else {
        assert_eq!(kinds(&entries), [EntryKind::Decision], "{code:?}");
        let decision = &entries[0].json;
        assert_eq!(decision["verdict"]["code"], code.as_str());
        assert_eq!(decision["verdict"]["allowed"], false);
        assert_eq!(decision["outcome"], "none");
        assert!(decision["targets"].is_null(), "{code:?}: nothing it may be forwarded to");
    }
}

/// Asserts what the client sees of the refusal `code`; gives the id it names.
#[track_caller]
pub(crate) fn refusal_answer(dialect: Dialect, reply: &Reply, code: RefusalCode) -> DecisionId {
    let text = reply.text();
    let body = reply.json();
    let error = &body["error"];
    let own = own(dialect, &body);
    assert_eq!(own["code"], code.as_str(), "{code:?}: {text}");
    assert_eq!(reply.status, code.status(), "{code:?}: {text}");
    let id = decision_id(reply);
    let id_text = id.to_string();
    assert_eq!(own["decision"], id_text, "{code:?}");
    let message = error["message"].as_str().unwrap();
    assert!(message.starts_with(code.title()), "{code:?}: {message}");
    assert!(
        message.contains(&format!("Who can fix it: {}", code.fixer().as_str())),
        "{code:?}: {message}"
    );
    assert!(own["who"].as_str().is_some_and(|who| !who.is_empty()), "{code:?}");
    let request_id = match dialect {
        Dialect::OpenAi => {
            let expected =
                if code == RefusalCode::ModelUnknown { "model_not_found" } else { code.as_str() };
            assert_eq!(error["code"], expected);
            assert!(error["type"].is_string() && error["param"].is_null());
            "x-request-id"
        }
        Dialect::Anthropic => {
            assert_eq!(body["type"], "error");
            assert_eq!(body["request_id"], id_text);
            assert!(error["type"].is_string());
            "request-id"
        }
        Dialect::Gemini => {
            assert_eq!(error["code"], code.status());
            assert_eq!(error["details"][0]["reason"], code.as_str().to_ascii_uppercase());
            assert!(error["status"].is_string());
            "x-request-id"
        }
    };
    assert_eq!(reply.header(request_id), Some(id_text.as_str()), "{code:?}");
    assert_eq!(reply.header("content-type"), Some("application/json"));
    let should_retry = (code.retry() == Retry::Useless).then_some("false");
    assert_eq!(reply.header("x-should-retry"), should_retry, "{code:?}");
    let challenge = (code.status() == 401).then_some("Bearer realm=\"portreeve\"");
    assert_eq!(reply.header("www-authenticate"), challenge, "{code:?}");
    id
}

/// Asserts that the stream `text` ends with the dialect's own event for an error, which is `code`.
#[track_caller]
pub(crate) fn last_event(dialect: Dialect, text: &str, code: RefusalCode) {
    let text = text.replace("\r\n", "\n");
    let last = text.trim_end().rsplit("\n\n").next().unwrap();
    assert_eq!(last.starts_with("event: error\n"), dialect == Dialect::Anthropic, "{last}");
    let data = last.lines().find_map(|line| line.strip_prefix("data: ")).expect("an event");
    let data: Value = serde_json::from_str(data).unwrap();
    assert_eq!(own(dialect, &data)["code"], code.as_str(), "{data}");
}

/// What this gateway says of a refusal beside the vendor's own fields.
pub(crate) fn own(dialect: Dialect, body: &Value) -> &Value {
    let error = &body["error"];
    match dialect {
        Dialect::OpenAi | Dialect::Anthropic => &error["portreeve"],
        Dialect::Gemini => &error["details"][0]["metadata"],
    }
}

/// What the last attempt of a call that ended with `code` is recorded under.
fn failure(code: RefusalCode) -> &'static str {
    if code == RefusalCode::TargetsSetAside {
        "target_set_aside"
    } else if code == RefusalCode::TargetsBusy {
        "target_busy"
    } else {
        code.as_str()
    }
}

/// Asserts that `reply` is a forwarded answer with a sound receipt of its decision; gives the
/// outcome as the log holds it.
#[track_caller]
pub(crate) fn forwarded(world: &World, reply: &Reply) -> Value {
    assert_eq!(reply.status, 200, "{}", reply.text());
    let id = decision_id(reply);
    let entries = world.entries_of(id);
    assert_eq!(kinds(&entries), [EntryKind::Decision, EntryKind::Outcome]);
    let decision = &entries[0];
    assert_eq!(decision.json["verdict"]["code"], "permitted");
    let receipt = Receipt::decode(reply.header("portreeve-receipt").unwrap()).unwrap();
    receipt.verify(&world.verifier()).unwrap();
    assert_eq!(receipt.index, decision.index);
    let bytes = ledger::canonical(&decision.json).unwrap();
    assert_eq!(receipt.leaf, tlog::leaf_hash(bytes.as_bytes()));
    entries[1].json.clone()
}

/// The decision that `reply` names, as the log holds it.
#[track_caller]
pub(crate) fn decision(world: &World, reply: &Reply) -> Value {
    world.entries_of(decision_id(reply))[0].json.clone()
}

/// The outcome of the decision that `reply` names, as the log holds it.
#[track_caller]
pub(crate) fn outcome(world: &World, reply: &Reply) -> Value {
    let entries = world.entries_of(decision_id(reply));
    assert_eq!(kinds(&entries), [EntryKind::Decision, EntryKind::Outcome]);
    entries[1].json.clone()
}

/// Each try of `outcome`: the provider, without its wire form, and why it failed.
pub(crate) fn tries(outcome: &Value) -> Vec<(String, Option<String>)> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let attempts = outcome["attempts"].as_array().unwrap().iter();
    attempts
        .map(|attempt| {
            let provider = attempt["provider"].as_str().unwrap();
            let (name, _) = provider.split_once('-').unwrap();
            (name.to_owned(), text(&attempt["failure"]))
        })
        .collect()
}

/// Why each target of the wire form `kind` was withheld, by the provider's name without it.
pub(crate) fn withheld(decision: &Value, kind: &str) -> Vec<(String, String)> {
    let records = decision["withheld"].as_array().map(Vec::as_slice).unwrap_or_default();
    records
        .iter()
        .filter_map(|record| {
            let (name, of) = record["provider"].as_str().unwrap().split_once('-').unwrap();
            let code = record["code"].as_str().unwrap();
            (of == kind).then(|| (name.to_owned(), code.to_owned()))
        })
        .collect()
}

/// Everything of the answer, without what may differ: the decision's id, and the time.
#[track_caller]
pub(crate) fn without_id(reply: &Reply) -> String {
    let id = decision_id(reply).to_string();
    let headers: String = reply
        .headers
        .iter()
        .filter(|(name, _)| name != "date")
        .map(|(name, value)| format!("{name}: {value}\n"))
        .collect();
    format!("{}\n{headers}\n{}", reply.status, reply.text()).replace(&id, "ID")
}

/// The outcome of the one forwarded call of this world.
#[track_caller]
pub(crate) fn only_outcome(world: &World) -> Value {
    let entries = world.entries();
    let outcomes: Vec<_> =
        entries.iter().filter(|entry| entry.kind == EntryKind::Outcome).collect();
    assert_eq!(outcomes.len(), 1, "one call came to an outcome");
    outcomes[0].json.clone()
}

/// The id on an answer.
#[track_caller]
pub(crate) fn decision_id(reply: &Reply) -> DecisionId {
    reply.header("portreeve-decision").expect("a decision on the answer").parse().unwrap()
}

/// Whether the code is of a caller that proved no identity: counted, not recorded one by one.
pub(crate) fn is_unproved(code: RefusalCode) -> bool {
    code.status() == 401 && code != RefusalCode::CredentialRevoked
}

fn kinds(entries: &[Entry]) -> Vec<EntryKind> {
    entries.iter().map(|entry| entry.kind).collect()
}
