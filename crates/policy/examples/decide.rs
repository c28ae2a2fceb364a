//! Measures decisions under charters of 50 to 20,000 policies: evaluating alone, the whole
//! decision with its facts, and the decision on a question that was answered before. Figures go into `docs/reference/policy.md`.
//!
//! `cargo run --release -p policy --example decide [SIZE...]`

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a measurement reads the clock and prints; it is no part of the product"
)]

use std::sync::Arc;
use std::thread;
use std::time::Instant;

use model::{
    Ask, Beyond, Case, CharterInForce, Claims, DecisionId, Dialect, Digest, Environment, Operation,
    PolicySetKind, Proof, ProviderTool, ProviderToolKind, SecretVersion, Stores, Subject,
    Timestamp,
};
use policy::{
    AgentFacts, CallFacts, Circumstances, DataClass, Lifecycle, ModelFacts, Parts, Policies,
    PolicySource, ProviderKind, Question, RecentFacts, SecretFacts, TargetFacts, compile,
};

/// A decision is measured as one that was never asked before, and as one that was.
const WHAT: [&str; 3] = ["evaluating alone", "whole decision", "whole decision, asked before"];
const ROUNDS: usize = 5_000;
const SIZES: [usize; 4] = [50, 500, 5_000, 20_000];
const NOW: Timestamp = Timestamp::from_millis(1_795_510_800_000);

/// A measured call: what it is, where it may go, what it asks.
struct Shape {
    name: &'static str,
    targets: Vec<TargetFacts>,
    ask: Ask,
}

/// Medians and worst hundredths, in µs.
struct Measured {
    p50: f64,
    p99: f64,
}

fn main() {
    let given: Vec<usize> = std::env::args().skip(1).map(|size| size.parse().unwrap()).collect();
    let sizes = if given.is_empty() { SIZES.to_vec() } else { given };
    let shapes = shapes();
    let mut rows: Vec<[Vec<Measured>; 3]> = shapes.iter().map(|_| Default::default()).collect();
    for size in sizes.iter().copied() {
        let policies = compile(&charter(size), &|_| true).unwrap();
        assert_eq!(policies.all().count(), size);
        let (agent, model) = (agent(), model());
        let targets = shapes.iter().flat_map(|shape| &shape.targets);
        let policies = policies.with_parts(Parts::new([&agent], [&model], targets));
        let again = by_another_thread(&policies, &shapes, decide);
        let policies = policies.without_memory();
        let evaluating = by_another_thread(&policies, &shapes, authorize);
        let whole = by_another_thread(&policies, &shapes, decide);
        for (cells, row) in evaluating.into_iter().zip(whole).zip(again).zip(&mut rows) {
            let ((evaluating, whole), again) = cells;
            row[0].push(evaluating);
            row[1].push(whole);
            row[2].push(again);
        }
    }
    println!(
        "p50 (p99) in µs | {} | last to first |",
        sizes.iter().map(ToString::to_string).collect::<Vec<_>>().join(" | ")
    );
    for (shape, row) in shapes.iter().zip(rows) {
        for (what, cells) in WHAT.iter().zip(row) {
            let ratio = cells[cells.len() - 1].p50 / cells[0].p50;
            let cell = |one: &Measured| format!("{:.1} ({:.1})", one.p50, one.p99);
            let cells = cells.iter().map(cell).collect::<Vec<_>>().join(" | ");
            println!("{}, {what} | {cells} | {ratio:.2} |", shape.name);
        }
    }
}

/// Policies are compiled by one thread and asked by others, as in the gateway: a thread that
/// compiled 20,000 of them is left with a heap in pieces, in which every allocation is slow.
fn by_another_thread(
    policies: &Policies,
    shapes: &[Shape],
    once: fn(&Policies, &Shape) -> f64,
) -> Vec<Measured> {
    let all = || shapes.iter().map(|shape| measured(|| once(policies, shape))).collect();
    thread::scope(|scope| scope.spawn(all).join().unwrap())
}

fn shapes() -> Vec<Shape> {
    let alpha = || target("alpha", true);
    let shape = |name, targets, beyond| Shape { name, targets, ask: ask(beyond) };
    vec![
        shape("one target, no secret", vec![target("alpha", false)], Beyond::NOTHING),
        shape("one target with a secret", vec![alpha()], Beyond::NOTHING),
        shape("two targets with secrets", vec![alpha(), target("beta", true)], Beyond::NOTHING),
        shape("one target with a secret, a tool and storage", vec![alpha()], beyond()),
    ]
}

fn measured(mut once: impl FnMut() -> f64) -> Measured {
    // The first ones find nothing in the processor's caches.
    for _ in 0..ROUNDS / 10 {
        once();
    }
    let mut micros: Vec<_> = (0..ROUNDS).map(|_| once()).collect();
    micros.sort_by(f64::total_cmp);
    Measured { p50: micros[micros.len() / 2], p99: micros[micros.len() * 99 / 100] }
}

/// The questions of one decision, made ready before the clock runs.
fn authorize(policies: &Policies, shape: &Shape) -> f64 {
    let (agent, model, call) = (agent(), model(), call());
    let asked = Circumstances {
        agent: &agent,
        call: &call,
        approved: None,
        ask: &shape.ask,
        model: &model,
        targets: &shape.targets,
    };
    let rehearsal = policies.rehearse(&asked).unwrap();
    let start = Instant::now();
    let matched = rehearsal.put();
    let elapsed = start.elapsed();
    assert!(matched >= shape.targets.len());
    elapsed.as_secs_f64() * 1e6
}

fn decide(policies: &Policies, shape: &Shape) -> f64 {
    let (agent, model) = (agent(), model());
    let case = Case { ask: Some(shape.ask.clone()), ..case() };
    let question = Question {
        case,
        agent: &agent,
        call: call(),
        approved: None,
        model: &model,
        targets: &shape.targets,
        withheld: Vec::new(),
    };
    let start = Instant::now();
    let permit = policies.decide(question).unwrap();
    let elapsed = start.elapsed();
    assert_eq!(permit.targets().len(), shape.targets.len());
    elapsed.as_secs_f64() * 1e6
}

/// `size` policies: six guardrails, a permit for each team, provider and secret (a tenth of all
/// each), and one for each agent.
fn charter(size: usize) -> Vec<PolicySource> {
    const GUARDRAILS: [(&str, &str); 6] = [
        ("", r#"principal.lifecycle == Lifecycle::"suspended""#),
        ("", "context.caller.token_age_s > 300"),
        (r#"in Action::"ModelAccess""#, "context.call.input_bytes > 1000000"),
        ("", r#"principal.env == Env::"prod" && principal.autonomy > 3"#),
        (r#"== Action::"UseSecret""#, r#"context.provider.kind == ProviderKind::"demo""#),
        ("", r#"context.now < datetime("2026-01-01")"#),
    ];
    let tenth = size / 10;
    let guardrails = GUARDRAILS.iter().map(|(action, condition)| {
        format!("forbid (principal, action {action}, resource) when {{ {condition} }};")
    });
    let teams = (0..tenth).map(|n| {
        let scope = format!(
            r#"principal in Team::"{}", action == Action::"InvokeModel", resource"#,
            numbered("team", n)
        );
        let capped = "context.call has output_tokens_max && context.call.output_tokens_max <= 4000";
        format!("permit ({scope}) when {{ {capped} }};")
    });
    let tools = (0..tenth).map(|n| {
        let scope = format!(
            r#"principal in Team::"team-1", action in Action::"ToolAccess", resource in Provider::"{}""#,
            provider(n)
        );
        format!("permit ({scope}) when {{ principal.autonomy < 3 }};")
    });
    let secrets = (0..tenth).map(|n| {
        let name = provider(n);
        let scope = format!(
            r#"principal, action == Action::"UseSecret", resource == Secret::"{name}-key""#
        );
        format!(r#"permit ({scope}) when {{ context.provider == Provider::"{name}" }};"#)
    });
    let agents = (0..size - 3 * tenth - GUARDRAILS.len()).map(|n| {
        let scope = format!(
            r#"principal == Agent::"agent-{n}", action == Action::"InvokeModel", resource == Model::"gpt""#
        );
        format!("permit ({scope}) when {{ context.call.function_tools < 64 }};")
    });
    [
        files(PolicySetKind::Guardrails, "guardrail", guardrails.collect()),
        files(PolicySetKind::Model, "team", teams.collect()),
        files(PolicySetKind::Tool, "tool", tools.collect()),
        files(PolicySetKind::Secret, "lend", secrets.collect()),
        files(PolicySetKind::Model, "agent", agents.collect()),
    ]
    .concat()
}

fn numbered(name: &str, number: usize) -> String {
    format!("{name}-{number}")
}

fn provider(number: usize) -> String {
    match number {
        0 => "alpha".to_owned(),
        1 => "beta".to_owned(),
        other => numbered("provider", other),
    }
}

/// A file for every five hundred of them.
fn files(set: PolicySetKind, name: &str, rules: Vec<String>) -> Vec<PolicySource> {
    let named = |(number, text): (usize, &String)| {
        let id = numbered(name, number);
        format!("@id(\"{id}\") @owner(\"seat:policy\") @rationale(\"measured\")\n{text}\n")
    };
    let all: Vec<String> = rules.iter().enumerate().map(named).collect();
    let file =
        |(number, part): (usize, &[String])| file(set, &numbered(name, number), part.concat());
    all.chunks(500).enumerate().map(file).collect()
}

fn file(set: PolicySetKind, name: &str, text: String) -> PolicySource {
    PolicySource { set, path: format!("policies/{}/{name}.cedar", set.as_str()), text }
}

fn agent() -> AgentFacts {
    AgentFacts {
        name: "agent-1".parse().unwrap(),
        environment: Environment::Dev,
        lifecycle: Lifecycle::Active,
        team: "team-1".parse().unwrap(),
        autonomy: 1,
        data_class: DataClass::Internal,
        trust_domain: "example.org".into(),
        owner: "seat:support-lead".into(),
    }
}

fn model() -> ModelFacts {
    ModelFacts { name: "gpt".parse().unwrap(), owner: "seat:model-owner".into() }
}

fn call() -> CallFacts {
    let recent = RecentFacts { requests: 12, refusals: 1, targets: 2 };
    CallFacts { now: NOW, proof: Proof::EmbeddedToken, token_age_s: 30, recent }
}

fn ask(beyond: Beyond) -> Ask {
    Ask {
        model: Some("gpt".parse().unwrap()),
        stream: true,
        input_bytes: 4_000,
        output_tokens_max: Some(1_000),
        function_tools: 2,
        beyond,
        ..Ask::bare(Operation::Responses, Dialect::OpenAi)
    }
}

/// A web search, in a conversation that the provider keeps.
fn beyond() -> Beyond {
    let kind = ProviderToolKind::WebSearch;
    let search = ProviderTool { kind, declared: "web_search".into(), server: None };
    Beyond { tools: vec![search], stores: Some(Stores::ByDefault), ..Beyond::NOTHING }
}

fn target(name: &str, secret: bool) -> TargetFacts {
    let secret = secret.then(|| SecretFacts {
        name: format!("{name}-key").parse().unwrap(),
        version: SecretVersion(1),
        owner: "seat:platform".into(),
    });
    TargetFacts {
        provider: name.parse().unwrap(),
        provider_owner: "seat:platform".into(),
        kind: ProviderKind::OpenAi,
        upstream_model: "gpt-5".into(),
        secret,
        claims: Claims::default(),
    }
}

fn case() -> Case {
    Case {
        id: DecisionId::new(1, [7; 10]),
        received: NOW,
        subject: Some(Subject {
            agent: "agent-1".parse().unwrap(),
            proof: Proof::EmbeddedToken,
            trust_domain: "example.org".into(),
            credential: Digest::of(b"token"),
            issued: NOW,
            expires: NOW,
            epoch: 1,
            context: None,
        }),
        ask: None,
        context: None,
        agent_owner: None,
        target_owner: None,
        charter: Arc::new(CharterInForce {
            digest: Digest::of(b"charter"),
            change: model::ChangeId::new(1, [7; 10]),
            control_index: 1,
            genesis: false,
            accountable: "seat:accountable".into(),
            secondary: ["seat:policy".into(), "seat:platform".into(), "seat:response".into()],
        }),
    }
}
