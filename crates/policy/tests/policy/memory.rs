//! Answers that are remembered: the same verdict and the same facts as those worked out anew.

use model::PolicySetKind::{Guardrails, Model, Secret, Tool};
use model::Recordable as _;
use policy::{Parts, Policies, ProviderKind};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use crate::support::{NOW, Scene, approved, named, policies, scene};

/// What a policy may look at, and how.
const CONDITIONS: [&str; 21] = [
    "context.now < datetime(\"2026-11-24T09:00:01Z\")",
    "context.now.toTime() < duration(\"9h0m1s\")",
    "context.caller.token_age_s < 60",
    "context.caller == context.caller",
    "context.recent.requests < 10",
    "context.recent.refusals - 1 < 3",
    "context.call.input_bytes < 1000",
    "context.call.input_bytes <= 400 || context.call.input_bytes == 4000",
    "context.call has output_tokens_max && context.call.output_tokens_max < 6000",
    "context.call.function_tools == 0",
    "!context.call.stream",
    "context has approved && context.approved.name == \"a\"",
    "context has approved && context.approved.name like \"a*\"",
    "context has approved.purpose",
    "context.provider.kind == ProviderKind::\"openai\"",
    "context.provider == Provider::\"alpha\"",
    "context.target has claims_age_days && context.target.claims_age_days < 30",
    "principal.autonomy < 3",
    "resource.owner == \"seat:model-owner\"",
    "context.call == context.call",
    "if context.call.stream then context.call.urls < 2 else context.call.urls > 2",
];

/// Those that a forbid may have: what may be absent has to be asked for otherwise there.
fn never() -> Vec<&'static str> {
    let absent = |one: &&str| one.contains("approved") || one.contains("target");
    CONDITIONS.into_iter().filter(|one| !absent(one)).collect()
}

/// Policies of which each looks at something, some of them expiring.
fn with(permits: &[&str], forbids: &[&str], expires: bool) -> Policies {
    let expires = if expires { "@expires(\"2026-11-24T09:00:01Z\")\n" } else { "" };
    let model = permits.iter().enumerate().map(|(number, condition)| {
        let scope = "permit (principal, action == Action::\"InvokeModel\", resource)";
        named(&format!("p{number}"), &format!("{expires}{scope} when {{ {condition} }};"))
    });
    let never = forbids.iter().enumerate().map(|(number, condition)| {
        let scope = "forbid (principal, action == Action::\"InvokeModel\", resource)";
        named(&format!("f{number}"), &format!("{scope} when {{ {condition} }};"))
    });
    let lend = "permit (principal, action == Action::\"UseSecret\", resource) when { resource.version == 3 };";
    let store = "permit (principal, action == Action::\"StoreAtProvider\", resource) when { context.names < 2 };";
    policies(&[
        (Model, &model.collect::<String>()),
        (Guardrails, &never.collect::<String>()),
        (Secret, &named("lend", lend)),
        (Tool, &named("store", store)),
    ])
}

fn any_scene() -> impl Strategy<Value = Scene> {
    let later = select(vec![0_i64, 999, 1000, 1001, -86_400_000]);
    let bytes = select(vec![399_u64, 400, 401, 999, 1000, 3999, 4000]);
    (later, bytes, any::<[bool; 12]>()).prop_map(|(later, bytes, flags)| {
        let [age, requests, cap, tools, stream, urls, context, second, kind, agent, owner, version] =
            flags;
        let mut scene = scene();
        scene.call.now = NOW.plus_millis(later);
        scene.call.token_age_s = if age { 60 } else { 59 };
        scene.call.recent.requests = if requests { 9 } else { 10 };
        scene.ask.input_bytes = bytes;
        scene.ask.output_tokens_max = cap.then_some(6000);
        scene.ask.function_tools = tools.into();
        scene.ask.stream = stream;
        scene.ask.beyond.urls = if urls { 3 } else { 0 };
        scene.approved = context.then(|| approved(if second { "a" } else { "b" }));
        scene.targets[0].kind = if kind { ProviderKind::OpenAi } else { ProviderKind::Anthropic };
        scene.agent.autonomy = if agent { 4 } else { 1 };
        scene.model.owner = if owner { "seat:model-owner" } else { "seat:other" }.into();
        if let Some(secret) = scene.targets[0].secret.as_mut() {
            secret.version = model::SecretVersion(if version { 4 } else { 3 });
        }
        scene
    })
}

/// Everything that comes of it, written out.
fn outcome(policies: &Policies, scene: &Scene) -> (String, String) {
    let facts = |facts: &[u8]| String::from_utf8(facts.to_vec()).unwrap();
    match scene.decide(policies) {
        Ok(permit) => (format!("{:?}", permit.targets()), facts(permit.facts())),
        Err(refused) => (format!("{:?}", refused.refusal), facts(refused.facts())),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// In whatever order questions come, twice each: whoever remembers says what is said by one
    /// who evaluates each.
    #[test]
    fn what_is_remembered_is_what_would_be_decided(
        permits in subsequence(CONDITIONS.to_vec(), 1..4),
        forbids in subsequence(never(), 0..3),
        expires: bool,
        prepared: bool,
        scenes in prop::collection::vec(any_scene(), 16),
    ) {
        let parts = |policies: Policies| {
            let scene = scene();
            let parts = Parts::new([&scene.agent], [&scene.model], &scene.targets);
            if prepared { policies.with_parts(parts) } else { policies }
        };
        let remembering = parts(with(&permits, &forbids, expires));
        let forgetting = with(&permits, &forbids, expires).without_memory();
        for scene in scenes.iter().chain(&scenes) {
            prop_assert_eq!(outcome(&remembering, scene), outcome(&forgetting, scene));
        }
    }
}
