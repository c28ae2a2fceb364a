//! Budgets for tests: quotas to put into the charter, and what is held, charged and counted.

use ledger::{Entry, EntryKind};
use model::{Amounts, BudgetScope, Clock as _, CounterKey, HeldRecord, Measure, Per, Timestamp};
use quota::{CounterStatus, Limit, Replay};
use serde_json::{Value, json};
use testkit::{Reply, Script};

use crate::charter_files::Files;
use crate::check;
use crate::world::{Setup, World};

/// The price of these tests in dollars for a million tokens, and in nano-USD for one.
pub(crate) const INPUT_PRICE: u64 = 2_000;
pub(crate) const OUTPUT_PRICE: u64 = 8_000;

/// The file of the quota `name`, whose limits each say measure, window and amount.
pub(crate) fn quota(name: &str, applies: &str, limits: &[(&str, &str, &str)]) -> (String, String) {
    let mut text =
        format!("name: {name}\npurpose: A test.\nowner: risk-lead\nfor: {applies}\nlimits:\n");
    for (what, per, at_most) in limits {
        text.push_str(&format!("  - {{what: {what}, per: {per}, at_most: {at_most}}}\n"));
    }
    (format!("quotas/{name}.yaml"), text)
}

/// Puts quotas into the charter, in place of those that were there under the same names.
pub(crate) fn put(files: &mut Files, quotas: &[(String, String)]) {
    files.extend(quotas.iter().cloned());
}

/// The one quota `all`, of the whole gateway.
pub(crate) fn gateway_wide(limits: &[(&str, &str, &str)]) -> (String, String) {
    quota("all", "gateway", limits)
}

/// A world under these quotas.
pub(crate) fn under(quotas: &[(String, String)]) -> World {
    let quotas = quotas.to_vec();
    World::with(Setup::default().edited(move |files| put(files, &quotas)))
}

/// The same text in place of another, in one file.
pub(crate) fn replace(files: &mut Files, path: &str, from: &str, to: &str) {
    let text = files.get_mut(path).unwrap();
    assert!(text.contains(from), "{text}");
    *text = text.replace(from, to);
}

/// Gives every target of `model` a price since `since`.
pub(crate) fn price(files: &mut Files, model: &str, since: &str) {
    let price = format!(
        "price: {{input: {}, output: {}, since: {since}}}}}\n",
        dollars(INPUT_PRICE),
        dollars(OUTPUT_PRICE)
    );
    let text = files.get_mut(&format!("models/{model}.yaml")).unwrap();
    let (head, targets) = text.split_once("targets:\n").unwrap();
    *text = format!("{head}targets:\n{}", targets.replace("}\n", &format!(", {price}")));
}

/// Nano-USD for one token as dollars for a million.
fn dollars(nano: u64) -> String {
    format!("{}.{:03}", nano / 1_000, nano % 1_000)
}

/// A counter of the quota `name` of the whole gateway.
pub(crate) fn key(name: &str, measure: Measure, per: Per) -> CounterKey {
    let scope = Some(BudgetScope::Gateway);
    CounterKey { quota: name.parse().unwrap(), scope, measure, per, agent: None }
}

/// What the decision that `reply` names holds.
pub(crate) fn holds(world: &World, reply: &Reply) -> Vec<HeldRecord> {
    holds_of(&check::decision(world, reply))
}

pub(crate) fn holds_of(decision: &Value) -> Vec<HeldRecord> {
    let holds = &decision["holds"];
    if holds.is_null() { Vec::new() } else { serde_json::from_value(holds.clone()).unwrap() }
}

/// What the decision that `reply` names holds of `measure`, where one budget counts that.
pub(crate) fn held(world: &World, reply: &Reply, measure: Measure) -> u64 {
    let holds = holds(world, reply);
    let of: Vec<u64> = holds
        .iter()
        .filter(|held| held.counter.measure == measure)
        .map(|held| held.amount)
        .collect();
    assert_eq!(of.len(), 1, "{holds:?}");
    of[0]
}

/// What an outcome charges.
pub(crate) fn charged(outcome: &Value) -> Amounts {
    let charged = &outcome["charged"];
    assert!(charged.is_object(), "{outcome}");
    serde_json::from_value(charged.clone()).unwrap()
}

/// How a counter stands.
pub(crate) fn status_of(world: &World, key: &CounterKey) -> CounterStatus {
    let limit = Limit { key: key.clone(), at_most: u64::MAX, owner: String::new() };
    world.gate.counters().status(world.clock.now(), &[limit]).remove(0)
}

/// What is used and what is held of a counter, once every outcome is there.
pub(crate) fn stands(world: &World, key: &CounterKey) -> (u64, u64) {
    world.settle();
    let status = status_of(world, key);
    (status.used, status.held)
}

/// Asserts that the counters are what the log says: of each the sum of what outcomes charge, and
/// nothing held. Gives how many counters there are.
#[track_caller]
pub(crate) fn check_counters_against_log(world: &World) -> usize {
    let entries = world.entries();
    let replayed = replay(&entries).counters();
    let now = world.clock.now();
    let mut keys: Vec<CounterKey> = entries
        .iter()
        .filter(|entry| entry.kind == EntryKind::Decision)
        .flat_map(|entry| holds_of(&entry.json))
        .map(|held| held.counter)
        .collect();
    keys.sort();
    keys.dedup();
    for key in &keys {
        let limit = [Limit { key: key.clone(), at_most: u64::MAX, owner: String::new() }];
        let live = world.gate.counters().status(now, &limit);
        assert_eq!(live[0].held, 0, "{key:?}");
        let read = replayed.status(now, &limit);
        assert_eq!((live[0].used, live[0].window), (read[0].used, read[0].window), "{key:?}");
    }
    keys.len()
}

/// The fold of a log's entries, as a start makes it.
fn replay(entries: &[Entry]) -> Replay {
    let mut replay = Replay::new();
    for entry in entries {
        if entry.kind == EntryKind::Decision {
            replay.decision(entry.id.unwrap(), &holds_of(&entry.json));
        } else if entry.kind == EntryKind::Outcome {
            let said = entry.json["charged"].is_object().then(|| charged(&entry.json));
            let nothing = (entry.json["ended"] == "not_forwarded").then(Amounts::default);
            replay.outcome(entry.id.unwrap(), nothing.or(said));
        }
    }
    replay
}

/// The time that `text` says.
pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A whole answer of the main endpoint of `dialect` that says it used `usage`: tokens read and
/// written.
pub(crate) fn using(dialect: model::Dialect, usage: (u64, u64)) -> Script {
    let (read, written) = usage;
    let body = match dialect {
        model::Dialect::OpenAi => json!({"id": "x", "object": "chat.completion",
            "choices": [{"index": 0, "finish_reason": "stop",
                "message": {"role": "assistant", "content": "hello"}}],
            "usage": {"prompt_tokens": read, "completion_tokens": written}}),
        model::Dialect::Anthropic => json!({"id": "x", "type": "message", "role": "assistant",
            "content": [{"type": "text", "text": "hello"}], "stop_reason": "end_turn",
            "usage": {"input_tokens": read, "output_tokens": written}}),
        model::Dialect::Gemini => json!({"candidates": [{"index": 0, "finishReason": "STOP",
                "content": {"role": "model", "parts": [{"text": "hello"}]}}],
            "usageMetadata": {"promptTokenCount": read, "candidatesTokenCount": written}}),
    };
    Script::Status(200, body.to_string())
}
