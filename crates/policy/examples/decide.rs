//! Measures one decision of a small charter, in µs. Figures go into `docs/reference/policy.md`.
//!
//! `cargo run --release -p policy --example decide`

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a measurement reads the clock and prints; it is no part of the product"
)]

use std::sync::Arc;
use std::time::Instant;

use model::{
    Ask, Beyond, Case, CharterInForce, Claims, DecisionId, Dialect, Digest, Environment, Operation,
    PolicySetKind, Proof, ProviderTool, ProviderToolKind, SecretVersion, Stores, Subject,
    Timestamp,
};
use policy::{
    AgentFacts, CallFacts, DataClass, Lifecycle, ModelFacts, Policies, PolicySource, ProviderKind,
    Question, RecentFacts, SecretFacts, TargetFacts, compile,
};

const ROUNDS: u32 = 5_000;
const NOW: Timestamp = Timestamp::from_millis(1_795_510_800_000);

fn main() {
    for agents in [5, 500] {
        let policies = compile(&charter(agents), &|_| true).unwrap();
        let count = policies.all().count();
        for (shape, targets, beyond) in [
            ("one target, no secret", vec![target("alpha", false)], Beyond::NOTHING),
            ("one target with a secret", vec![target("alpha", true)], Beyond::NOTHING),
            (
                "two targets with secrets",
                vec![target("alpha", true), target("beta", true)],
                Beyond::NOTHING,
            ),
            ("one target with a secret, a tool and storage", vec![target("alpha", true)], beyond()),
        ] {
            let ask = ask(beyond);
            let mut micros: Vec<_> =
                (0..ROUNDS).map(|_| measure(&policies, &targets, &ask)).collect();
            micros.sort_by(f64::total_cmp);
            let p50 = micros[micros.len() / 2];
            let p90 = micros[micros.len() * 9 / 10];
            println!("{count:>4} policies, {shape}: p50 {p50:.0} µs, p90 {p90:.0} µs");
        }
    }
}

fn measure(policies: &Policies, targets: &[TargetFacts], ask: &Ask) -> f64 {
    let (agent, model) = (agent(), model());
    let case = Case { ask: Some(ask.clone()), ..case() };
    let withheld = Vec::new();
    let question = Question {
        case,
        agent: &agent,
        call: call(),
        approved: None,
        model: &model,
        targets,
        withheld,
    };
    let start = Instant::now();
    let permit = policies.decide(question).unwrap();
    let elapsed = start.elapsed();
    assert_eq!(permit.targets().len(), targets.len());
    elapsed.as_secs_f64() * 1e6
}

/// Six guardrails, a permit for each agent and for two teams, one for all tools, and four permits
/// for secrets.
fn charter(agents: usize) -> Vec<PolicySource> {
    let named = |id: &str, text: &str| {
        format!("@id(\"{id}\") @owner(\"seat:policy\") @rationale(\"measured\")\n{text}\n")
    };
    let guardrails = [
        ("", r#"principal.lifecycle == Lifecycle::"suspended""#),
        ("", "context.caller.token_age_s > 300"),
        (r#"in Action::"ModelAccess""#, "context.call.input_bytes > 1000000"),
        ("", r#"principal.env == Env::"prod" && principal.autonomy > 3"#),
        (r#"== Action::"UseSecret""#, r#"context.provider.kind == ProviderKind::"demo""#),
        ("", r#"context.now < datetime("2026-01-01")"#),
    ];
    let guardrails = guardrails.iter().enumerate().map(|(n, (action, condition))| {
        let text = format!("forbid (principal, action {action}, resource) when {{ {condition} }};");
        named(&format!("g{n}"), &text)
    });
    let permits = (0..agents).map(|n| {
        let scope = format!(
            r#"principal == Agent::"agent-{n}", action == Action::"InvokeModel", resource == Model::"gpt""#
        );
        let text = format!("permit ({scope}) when {{ context.call.function_tools < 64 }};");
        named(&format!("agent-{n}"), &text)
    });
    let teams = ["support", "payments"].map(|team| {
        let scope =
            format!(r#"principal in Team::"{team}", action == Action::"InvokeModel", resource"#);
        let capped = "context.call has output_tokens_max && context.call.output_tokens_max <= 4000";
        named(team, &format!("permit ({scope}) when {{ {capped} }};"))
    });
    let secrets = ["alpha", "beta", "gamma", "delta"].map(|name| {
        let scope = format!(
            r#"principal, action == Action::"UseSecret", resource == Secret::"{name}-key""#
        );
        let condition = format!(r#"context.provider == Provider::"{name}""#);
        named(&format!("lend-{name}"), &format!("permit ({scope}) when {{ {condition} }};"))
    });
    let tools =
        r#"permit (principal in Team::"support", action in Action::"ToolAccess", resource);"#;
    vec![
        file(PolicySetKind::Tool, named("tools", tools)),
        file(PolicySetKind::Guardrails, guardrails.collect()),
        file(PolicySetKind::Model, permits.chain(teams).collect()),
        file(PolicySetKind::Secret, secrets.into_iter().collect()),
    ]
}

fn file(set: PolicySetKind, text: String) -> PolicySource {
    PolicySource { set, path: format!("policies/{}/all.cedar", set.as_str()), text }
}

fn agent() -> AgentFacts {
    AgentFacts {
        name: "agent-1".parse().unwrap(),
        environment: Environment::Dev,
        lifecycle: Lifecycle::Active,
        team: "support".parse().unwrap(),
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
