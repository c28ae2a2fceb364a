//! Traces: what a client says of one is taken up strictly, providers are told only where the
//! operator wants that, and nothing private is exported.

use std::collections::BTreeSet;
use std::sync::Arc;

use model::Dialect::OpenAi;
use net::Endpoint;
use telemetry::{Export, Resource, Settings, Standing, Tracing};
use testkit::{Canary, FakeProvider, Script, assert_clean};
use tokio::sync::watch;

use crate::ask::DIALECTS;
use crate::world::{Setup, World};

const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// A world that traces what its clients ask for, and tells these providers.
fn traced(sample_percent: u8, told: &[&str]) -> World {
    let told: BTreeSet<_> = told.iter().map(|name| name.parse().unwrap()).collect();
    let tracing = Some(Tracing { sample_percent, told });
    World::with(Setup {
        telemetry: Settings { tracing, ..Settings::default() },
        ..Setup::default()
    })
}

#[test]
fn a_provider_is_told_of_a_trace_only_where_the_operator_says_so() {
    let told = |world: &World, name: &str| {
        let seen = world.provider.last_seen();
        seen.headers.get(name).map(|value| value.to_str().unwrap().to_owned())
    };
    let ask = |world: &World, parent: &str| {
        let ask = world.ask(OpenAi).header("traceparent", parent).header("tracestate", "v=1");
        assert_eq!(ask.send().status, 200);
    };
    let world = traced(100, &["fake-openai"]);
    ask(&world, PARENT);
    let parent = told(&world, "traceparent").expect("it is told");
    assert!(parent.starts_with("00-4bf92f3577b34da6a3ce929d0e0e4736-"), "{parent}");
    assert!(parent.ends_with("-01") && parent != PARENT, "the span is the gateway's: {parent}");
    assert_eq!(told(&world, "tracestate").as_deref(), Some("v=1"));
    ask(&world, "00-nonsense");
    let own = told(&world, "traceparent").expect("it has a trace of its own");
    assert!(!own.contains("nonsense"));
    assert_eq!(told(&world, "tracestate"), None, "it belongs to a parent");
    ask(&world, &PARENT.replace("-01", "-00"));
    assert_eq!(told(&world, "traceparent"), None, "its client does not record it");

    for world in [World::start(), traced(100, &[]), traced(100, &["second-openai"])] {
        ask(&world, PARENT);
        assert_eq!(told(&world, "traceparent"), None);
        assert_eq!(told(&world, "tracestate"), None);
    }
}

#[test]
fn nothing_private_is_exported() {
    let world = traced(100, &[]);
    // Whatever it answers, it keeps what it was sent.
    let collector = FakeProvider::start();
    let export = Export {
        endpoint: Endpoint::parse(&collector.base_url()).unwrap(),
        authorization: None,
        metrics_every: None,
        resource: Resource { gateway: "gate-under-test".to_owned(), version: "0" },
        client: crate::world::client(),
        clock: Arc::new(world.clock.clone()),
        standing: Arc::new(Standing::default),
        say: |_, _| {},
    };
    let (stop, stopping) = watch::channel(false);
    for dialect in DIALECTS {
        let ask = world.ask(dialect).header("traceparent", PARENT);
        assert_eq!(ask.send().status, 200);
        assert_eq!(ask.model("guarded").send().status, 403);
        world.provider.next(Script::DropBeforeHeaders);
        assert_ne!(world.ask(dialect).send().status, 200);
        assert_eq!(world.ask(dialect).no_token().send().status, 401);
    }
    world.settle();
    let traces = world.traces.lock().unwrap().take().expect("it traces");
    let watch = world.watch.clone();
    let running = world.runtime.spawn(export.run(watch, traces, stopping));
    collector.wait_seen(1);
    let exported = collector.last_seen();
    assert_eq!(exported.path, "/v1/traces");
    let body = &exported.body;
    for told in
        ["portreeve.decision.id", "policy_forbids", "credential_missing", "upstream_dropped"]
    {
        assert!(body.windows(told.len()).any(|part| part == told.as_bytes()), "no {told}");
    }
    assert_clean(body, "an export", &Canary::ALL);
    stop.send(true).unwrap();
    world.runtime.block_on(running).unwrap();
}
