//! A probe names the first layer that a call would fail at, as the call itself would be refused;
//! and it makes no call, records nothing, lends nothing.

use gateway::{ProbeAsk, ProbeLayer, Probed};
use ledger::{Step, When};
use model::Dialect::OpenAi;
use model::{Operation, Refusal, RefusalCode};
use testkit::{Gate, Script};

use crate::ask::body;
use crate::budgets::{gateway_wide, replace, under};
use crate::charter_files::AGENT;
use crate::check;
use crate::world::{Setup, World};

const DAY_MS: i64 = 86_400_000;

fn asked(agent: &str, target: &str) -> ProbeAsk {
    let (model, provider) = match target.split_once('@') {
        Some((model, provider)) => (model, Some(provider.parse().unwrap())),
        None => (target, None),
    };
    let (agent, model) = (agent.parse().unwrap(), model.parse().unwrap());
    ProbeAsk { agent, model, provider, context: None }
}

/// Probes, and asserts that nothing but the probe's own answer came of it.
#[track_caller]
fn probe_asked(world: &World, ask: &ProbeAsk) -> Probed {
    let providers = [&world.provider, &world.second, &world.third];
    let seen = || providers.map(|provider| provider.seen().len());
    let before = (world.log.status().size, seen());
    let probed = world.runtime.block_on(world.gate.probe(ask));
    assert_eq!((world.log.status().size, seen()), before, "nothing was recorded or sent");
    probed
}

fn probe(world: &World, agent: &str, target: &str) -> Probed {
    probe_asked(world, &asked(agent, target))
}

/// The one layer that failed: the last.
#[track_caller]
fn failed(probed: &Probed) -> (ProbeLayer, &Refusal) {
    let (last, before) = probed.layers.split_last().expect("a layer");
    assert!(before.iter().all(|layer| layer.found.is_ok()), "{probed:?}");
    (last.of, last.found.as_ref().expect_err("it fails"))
}

#[track_caller]
fn check_fails(world: &World, agent: &str, target: &str, (of, code): (ProbeLayer, RefusalCode)) {
    let probed = probe(world, agent, target);
    let (failed, refusal) = failed(&probed);
    assert_eq!((failed, refusal.code), (of, code), "{agent} to {target}: {refusal:?}");
}

#[track_caller]
fn check_passes(probed: &Probed) {
    let layers: Vec<ProbeLayer> = probed.layers.iter().map(|layer| layer.of).collect();
    let all = [
        ProbeLayer::Gateway,
        ProbeLayer::Agent,
        ProbeLayer::Model,
        ProbeLayer::Context,
        ProbeLayer::Policy,
        ProbeLayer::Quota,
        ProbeLayer::Secret,
        ProbeLayer::Network,
        ProbeLayer::Upstream,
    ];
    assert_eq!(layers, all, "{probed:?}");
    assert!(probed.layers.iter().all(|layer| layer.found.is_ok()), "{probed:?}");
}

#[test]
fn a_call_that_would_be_answered_passes_every_layer() {
    let world = World::start();
    let probed = probe(&world, AGENT, "fast");
    check_passes(&probed);
    let target = probed.target.expect("a target");
    assert_eq!(target.provider.as_str(), "fake-openai");
    assert_eq!(target.upstream_model, "Up/openai");
    assert_eq!(target.operation, Operation::ChatCompletions);
    // The policy layer says by which policies.
    let policy = probed.layers[4].found.as_ref().unwrap();
    assert!(policy.contains("policies/model/"), "{policy}");
    // One place of several, in its own wire form.
    let probed = probe(&world, AGENT, "fast@fake-anthropic");
    check_passes(&probed);
    assert_eq!(probed.target.expect("a target").operation, Operation::Messages);
    check::forwarded(&world, &world.ask(OpenAi).send());
}

#[test]
fn each_layer_before_the_network_fails_with_the_code_of_a_call() {
    let world = World::start();
    for (agent, target, layer, code) in [
        ("nobody", "fast", ProbeLayer::Agent, RefusalCode::AgentUnknown),
        ("resting", "fast", ProbeLayer::Agent, RefusalCode::AgentSuspended),
        ("productive", "fast", ProbeLayer::Agent, RefusalCode::AgentEnvironmentUnserved),
        (AGENT, "no-such-model", ProbeLayer::Model, RefusalCode::ModelUnknown),
        (AGENT, "fast@second-openai", ProbeLayer::Model, RefusalCode::NoTarget),
        (AGENT, "fast@nowhere", ProbeLayer::Model, RefusalCode::NoTarget),
        (AGENT, "guarded", ProbeLayer::Policy, RefusalCode::PolicyForbids),
        (AGENT, "hidden", ProbeLayer::Policy, RefusalCode::ModelUnknown),
        (AGENT, "locked", ProbeLayer::Policy, RefusalCode::PolicyNoPermit),
        (AGENT, "keyless", ProbeLayer::Secret, RefusalCode::SecretMissing),
        (AGENT, "damaged", ProbeLayer::Secret, RefusalCode::SecretUnreadable),
    ] {
        check_fails(&world, agent, target, (layer, code));
    }
}

#[test]
fn a_context_that_is_required_or_not_the_agents_fails_its_layer() {
    let require = |files: &mut crate::charter_files::Files| {
        let file = format!("agents/{AGENT}.yaml");
        replace(files, &file, "purpose: A test.\n", "purpose: A test.\ncontext_required: true\n");
    };
    let world = World::with(Setup::default().edited(require));
    check_fails(&world, AGENT, "fast", (ProbeLayer::Context, RefusalCode::ContextRequired));
    let other = ProbeAsk { context: Some("other".parse().unwrap()), ..asked(AGENT, "fast") };
    let probed = probe_asked(&world, &other);
    let (layer, refusal) = failed(&probed);
    assert_eq!((layer, refusal.code), (ProbeLayer::Context, RefusalCode::ContextUnknown));
}

#[test]
fn a_budget_that_is_used_up_fails_its_layer_and_one_with_something_left_does_not() {
    let world = under(&[gateway_wide(&[("requests", "day", "1")])]);
    check_passes(&probe(&world, AGENT, "fast"));
    check::forwarded(&world, &world.ask(OpenAi).send());
    world.settle();
    let probed = probe(&world, AGENT, "fast");
    let (layer, refusal) = failed(&probed);
    assert_eq!((layer, refusal.code), (ProbeLayer::Quota, RefusalCode::BudgetExhausted));
    assert_eq!(refusal.ask_whom, "seat:risk-lead");
    let world = under(&[gateway_wide(&[("money", "day", "1.00")])]);
    check_fails(&world, AGENT, "fast", (ProbeLayer::Quota, RefusalCode::BudgetUnpriced));
}

#[test]
fn a_secret_fails_its_layer_from_the_instant_it_is_too_old() {
    let world = World::start();
    world.clock.advance_ms(90 * DAY_MS);
    check_passes(&probe(&world, AGENT, "fast"));
    world.clock.advance_ms(1);
    check_fails(&world, AGENT, "fast", (ProbeLayer::Secret, RefusalCode::SecretExpired));
}

#[test]
fn a_provider_that_cannot_be_reached_fails_the_network_layer() {
    let world = World::start();
    let probed = probe(&world, AGENT, "unreachable");
    let (layer, refusal) = failed(&probed);
    assert_eq!((layer, refusal.code), (ProbeLayer::Network, RefusalCode::UpstreamConnect));
    // It speaks no TLS: the step is named.
    assert!(refusal.detail.contains("prove who it is"), "{refusal:?}");
}

#[test]
fn a_target_that_is_set_aside_is_passed_over_or_fails_the_upstream_layer() {
    let world = World::routed(&[("fake", ""), ("second", "")]);
    for _ in 0..3 {
        world.provider.next(Script::DropBeforeHeaders);
        check::forwarded(&world, &world.ask(OpenAi).model("routed").send());
    }
    let aside = (ProbeLayer::Upstream, RefusalCode::TargetsSetAside);
    check_fails(&world, AGENT, "routed@fake-openai", aside);
    let probed = probe(&world, AGENT, "routed");
    check_passes(&probed);
    let said = probed.layers[4].found.clone().unwrap();
    assert!(said.contains("passed over: fake-openai (targets_set_aside)"), "{said}");
    assert_ne!(probed.target.expect("another").provider.as_str(), "fake-openai");
}

#[test]
fn a_target_that_carries_as_much_as_it_may_fails_the_upstream_layer() {
    let world = World::routed(&[("fake", "concurrency_max: 1")]);
    let gate = Gate::new();
    world.provider.next(Script::SlowByGate(gate.clone()));
    let mut connection = world.ask(OpenAi).model("routed").stream().open();
    assert_eq!(connection.head().unwrap().status, 200);
    let busy = (ProbeLayer::Upstream, RefusalCode::TargetsBusy);
    check_fails(&world, AGENT, "routed@fake-openai", busy);
    gate.open();
    while connection.chunk().unwrap().is_some() {}
    world.settle();
    check_passes(&probe(&world, AGENT, "routed@fake-openai"));
}

#[test]
fn a_gateway_that_cannot_write_or_is_stopping_fails_the_first_layer() {
    let world = World::start();
    world.faults.fail(Step::WalAppend, When::Before, 1);
    let reply = world.ask(OpenAi).send();
    check::refusal_answer(OpenAi, &reply, RefusalCode::LogUnavailable);
    check_fails(&world, AGENT, "fast", (ProbeLayer::Gateway, RefusalCode::LogUnavailable));
    world.faults.clear();
    check::forwarded(&world, &world.ask(OpenAi).send());
    check_passes(&probe(&world, AGENT, "fast"));
    world.gate.drain();
    check_fails(&world, AGENT, "fast", (ProbeLayer::Gateway, RefusalCode::Draining));
}

#[test]
fn what_a_real_call_met_at_the_provider_is_told() {
    let world = World::start();
    world.provider.expect_key("another key");
    let reply = world.ask(OpenAi).body(body(OpenAi, "fast").to_string()).send();
    check::refusal_answer(OpenAi, &reply, RefusalCode::UpstreamCredential);
    world.settle();
    let probed = probe(&world, AGENT, "fast");
    check_passes(&probed);
    let said = probed.layers[8].found.clone().unwrap();
    assert!(said.contains("upstream_credential"), "{said}");
}
