//! Facts read back: every one that is written, to the byte, and nothing else.

use std::sync::LazyLock;

use model::PolicySetKind::{Guardrails, Model, Secret, Tool};
use model::{
    AgentName, Ask, Beyond, Claims, Dialect, Digest, Environment, ModelName, Operation, Proof,
    ProviderTool, ProviderToolKind, Recordable as _, RefusalCode, SecretVersion, StoredKind,
    StoredName, Stores, Timestamp, Unrecognised, UnrecognisedPlace, WithheldRecord,
};
use policy::{
    AgentFacts, ApprovedFacts, Asked, CallFacts, DataClass, Engine, FactsUnread, Lifecycle,
    ModelFacts, Policies, ProviderKind, RecentFacts, RecordedAnswer, RecordedFacts, SecretFacts,
    TargetFacts,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use crate::support::{NOW, Scene, named, policies, scene};

/// The seat that `support::case` names for policy.
const SEAT: &str = "seat:policy";

/// Policies that look at whatever there is to look at, so that verdicts differ.
fn curious() -> &'static Policies {
    static CURIOUS: LazyLock<Policies> = LazyLock::new(compiled);
    &CURIOUS
}

fn compiled() -> Policies {
    let sets = [
        (
            Model,
            named(
                "plain",
                r#"permit (principal, action == Action::"InvokeModel", resource)
                when { !context.call.stores && context.call.input_bytes < 5000 };"#,
            ) + &named(
                "approved",
                r#"permit (principal, action == Action::"InvokeModel", resource)
                when { context has approved && context.approved.data_class == DataClass::"internal"
                    && context.target has region && context.target.region == "eu" };"#,
            ),
        ),
        (
            Tool,
            named(
                "tools",
                r#"permit (principal, action in Action::"ToolAccess", resource)
                when { principal.autonomy < 3 };"#,
            ),
        ),
        (
            Secret,
            named(
                "lend",
                r#"permit (principal, action == Action::"UseSecret", resource)
                when { resource.version < 1000 && context.caller.token_age_s < 900 };"#,
            ),
        ),
        (
            Guardrails,
            named(
                "closed",
                r#"forbid (principal, action, resource)
                when { context.recent.refusals > 1000 || principal.lifecycle == Lifecycle::"suspended" };"#,
            ),
        ),
    ];
    policies(&sets.each_ref().map(|(set, text)| (*set, text.as_str())))
}

fn facts_of(scene: &Scene, withheld: &[WithheldRecord], policies: &Policies) -> Vec<u8> {
    let question = policy::Question { withheld: withheld.to_vec(), ..scene.question() };
    match policies.decide(question) {
        Ok(permit) => permit.facts().to_vec(),
        Err(refused) => refused.facts,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// What is written is read, and what is read decides and writes the same.
    #[test]
    fn facts_are_read_back_to_the_byte_and_give_the_same_verdict(
        scene in any_scene(),
        withheld in vec(any_withheld(), 0..3),
    ) {
        let policies = curious();
        let facts = facts_of(&scene, &withheld, policies);
        let read = RecordedFacts::read(&facts)
            .map_err(|cause| TestCaseError::fail(format!("{cause}: {}", String::from_utf8_lossy(&facts))))?;
        prop_assert_eq!(&read.asked, &Asked::from(&scene.circumstances()));
        prop_assert_eq!(&read.withheld, &withheld);
        prop_assert_eq!(read.asked.borrow().approved, scene.approved.as_ref());
        let first = policies.judge(&scene.circumstances(), SEAT);
        prop_assert_eq!(&policies.judge(&read.asked.borrow(), SEAT), &first);
        prop_assert_eq!(read.refused, first.as_ref().err().map(|refusal| refusal.code));
        let again = policies.decide_again(&read, SEAT);
        prop_assert_eq!(&again.verdict, &first);
        prop_assert_eq!(again.facts, facts);
    }

    /// No byte can be changed, added or taken away so that the facts read as others without being
    /// those others: what is read writes exactly what was read.
    #[test]
    fn what_is_bent_is_refused_or_is_what_it_says(at in any::<prop::sample::Index>(), to: u8) {
        let facts = facts_of(&scene(), &[], curious());
        let mut bent = facts.clone();
        let at = at.index(bent.len());
        bent[at] = to;
        if let Ok(read) = RecordedFacts::read(&bent) {
            let again = curious().decide_again(&read, SEAT);
            let asked = |facts: &[u8]| RecordedFacts::read(facts).map(|facts| facts.asked);
            prop_assert_eq!(asked(&again.facts), Ok(read.asked));
        }
        prop_assert!(RecordedFacts::read(&facts[..at]).is_err());
        prop_assert!(RecordedFacts::read(&[&facts[..], &[to]].concat()).is_err() || to.is_ascii_whitespace());
    }
}

#[test]
fn what_decided_stands_in_the_facts() {
    let read = RecordedFacts::read(&facts_of(&scene(), &[], curious())).unwrap();
    assert_eq!(read.engine, Engine::current());
    assert_eq!(read.engine.portreeve, env!("CARGO_PKG_VERSION"));
    assert!(read.engine.cedar.starts_with("4."), "{:?}", read.engine);
    assert_eq!(read.refused, None);
    let questions: Vec<_> = read
        .questions
        .iter()
        .map(|one| (one.set, one.action.as_str(), one.resource.1.as_str(), one.answer))
        .collect();
    assert_eq!(
        questions,
        [
            (Model, "InvokeModel", "gpt", RecordedAnswer::Permit),
            (Secret, "UseSecret", "alpha-key", RecordedAnswer::Permit),
            (Model, "InvokeModel", "gpt", RecordedAnswer::Permit),
        ]
    );
    assert_eq!(read.questions[1].policies, ["secret/lend"]);
}

/// Facts as the version before wrote them: they do not hold what was asked.
#[test]
fn facts_of_another_form_are_told_from_damaged_ones() {
    let older = br#"{"cedar":"4.5.0","entities":[],"questions":[],"schema":"sha256:00","v":1}"#;
    assert_eq!(RecordedFacts::read(older), Err(FactsUnread::Older(1)));
    let newer = br#"{"everything":"else","v":3}"#;
    assert_eq!(RecordedFacts::read(newer), Err(FactsUnread::Newer(3)));
    for damaged in [&b""[..], b"{}", b"[]", br#"{"v":2}"#, br#"{"v":-1}"#, br#"{"v":"2"}"#, b"\xff"]
    {
        let read = RecordedFacts::read(damaged);
        assert!(matches!(read, Err(FactsUnread::Damaged(_))), "{damaged:?}: {read:?}");
    }
}

#[test]
fn what_this_software_would_not_have_written_is_refused() {
    let mut scene = scene();
    scene.ask.beyond.stores = Some(Stores::Asked);
    let facts = String::from_utf8(facts_of(&scene, &[], curious())).unwrap();
    RecordedFacts::read(facts.as_bytes()).unwrap();
    for (from, to) in [
        // Members that nobody knows, at each depth.
        (r#"{"asked":{"#, r#"{"added":1,"asked":{"#),
        (r#"{"asked":{"#, r#"{"asked":{"added":1,"#),
        (r#""agent":{"#, r#""agent":{"added":1,"#),
        (r#""ask":{"#, r#""ask":{"added":1,"#),
        (r#""beyond":{"#, r#""beyond":{"added":1,"#),
        (r#""call":{"#, r#""call":{"added":1,"#),
        (r#""recent":{"#, r#""recent":{"added":1,"#),
        (r#""secret":{"#, r#""secret":{"added":1,"#),
        (r#""engine":{"#, r#""engine":{"added":1,"#),
        (r#""questions":[{"#, r#""questions":[{"added":1,"#),
        // Words that nobody knows.
        (r#""operation":"chat_completions""#, r#""operation":"chat""#),
        (r#""data_class":"internal""#, r#""data_class":"Internal""#),
        (r#""lifecycle":"active""#, r#""lifecycle":"gone""#),
        (r#""kind":"openai""#, r#""kind":"other""#),
        (r#""is":"permit""#, r#""is":"allow""#),
        (r#""set":"model""#, r#""set":"models""#),
        (r#""verdict":"storage_refused""#, r#""verdict":"refused""#),
        // The same value, written otherwise or twice.
        (r#""stream":false"#, r#""stream": false"#),
        (r#""stream":false"#, r#""stream":false,"stream":false"#),
        (r#""token_age_s":30"#, r#""token_age_s":30.0"#),
        (r#""token_age_s":30"#, r#""token_age_s":030"#),
        (r#""name":"demo-agent""#, r#""name":"demo\u002dagent""#),
        (r#""model":"gpt","#, r#""model":null,"#),
        (
            r#""call":{"now":"2026-11-24T09:00:00.000Z""#,
            r#""call":{"now":"2026-11-24T10:00:00.000+01:00""#,
        ),
        (r#""autonomy":1,"data_class":"internal","#, r#""data_class":"internal","autonomy":1,"#),
        // Names that can be none.
        (r#""name":"demo-agent""#, r#""name":"Demo Agent""#),
        (r#""provider":"alpha""#, r#""provider":"../alpha""#),
        // Numbers out of their range.
        (r#""autonomy":1"#, r#""autonomy":256"#),
        (r#""function_tools":0"#, r#""function_tools":-1"#),
        (r#""v":2"#, r#""v":2,"v":2"#),
    ] {
        assert!(facts.contains(from), "{from}: {facts}");
        let bent = facts.replacen(from, to, 1);
        let read = RecordedFacts::read(bent.as_bytes());
        assert!(matches!(read, Err(FactsUnread::Damaged(_))), "{to}: {read:?}");
    }
    for member in ["asked", "engine", "entities", "questions", "schema", "verdict"] {
        let bent = facts.replacen(&format!("\"{member}\":"), "\"other\":", 1);
        let read = RecordedFacts::read(bent.as_bytes());
        assert!(matches!(read, Err(FactsUnread::Damaged(_))), "{member}: {read:?}");
    }
}

#[test]
fn a_question_that_could_not_be_put_is_read_back_too() {
    let mut scene = scene();
    scene.targets[1].provider = scene.targets[0].provider.clone();
    let facts = facts_of(&scene, &[], curious());
    let read = RecordedFacts::read(&facts).unwrap();
    assert_eq!(read.refused, Some(RefusalCode::PolicyError));
    assert!(read.unevaluable.as_ref().unwrap().contains("described in two ways"), "{read:?}");
    assert_eq!(read.questions, []);
    assert_eq!(curious().decide_again(&read, SEAT).facts, facts);
}

fn any_scene() -> impl Strategy<Value = Scene> {
    (
        any_agent(),
        any_call(),
        option::of(any_approved()),
        any_ask(),
        any_text(),
        vec(any_target(), 1..4),
    )
        .prop_map(|(agent, call, approved, ask, owner, targets)| {
            let model = ModelFacts { name: "gpt".parse().unwrap(), owner };
            Scene { agent, call, approved, ask, model, targets }
        })
}

fn any_agent() -> impl Strategy<Value = AgentFacts> {
    let words = (
        select(vec![Environment::Dev, Environment::Staging, Environment::Prod]),
        select(Lifecycle::ALL),
        select(DataClass::ALL),
    );
    (words, any::<u8>(), any_text(), any_text()).prop_map(|(words, autonomy, domain, owner)| {
        let (environment, lifecycle, data_class) = words;
        AgentFacts {
            // The case that the scene makes names this agent.
            name: "demo-agent".parse::<AgentName>().unwrap(),
            environment,
            lifecycle,
            team: "support".parse().unwrap(),
            autonomy,
            data_class,
            trust_domain: domain,
            owner,
        }
    })
}

fn any_call() -> impl Strategy<Value = CallFacts> {
    (any_time(), 0..2000_u64, any::<bool>(), any::<[u32; 3]>()).prop_map(
        |(now, age, huge, [requests, refusals, targets])| CallFacts {
            now,
            proof: Proof::EmbeddedToken,
            token_age_s: if huge { age } else { u64::MAX - age },
            recent: RecentFacts { requests, refusals: refusals % 2000, targets },
        },
    )
}

fn any_approved() -> impl Strategy<Value = ApprovedFacts> {
    ("[a-z0-9][a-z0-9._-]{0,9}", any_text(), select(DataClass::ALL), any_text()).prop_map(
        |(name, purpose, data_class, owner)| ApprovedFacts {
            name: name.parse().unwrap(),
            purpose,
            data_class,
            owner,
        },
    )
}

fn any_ask() -> impl Strategy<Value = Ask> {
    (
        (select(Operation::ALL), select(Dialect::ALL.to_vec()), any::<bool>()),
        (0..20_000_u64, option::of(any::<u64>()), any::<u32>()),
        any_beyond(),
    )
        .prop_map(
            |((operation, dialect, stream), (input_bytes, cap, function_tools), beyond)| Ask {
                // No question is about a list of models.
                operation: if operation == Operation::ListModels {
                    Operation::Responses
                } else {
                    operation
                },
                dialect,
                model: Some("gpt".parse::<ModelName>().unwrap()),
                stream,
                input_bytes,
                output_tokens_max: cap,
                function_tools,
                beyond,
            },
        )
}

fn any_beyond() -> impl Strategy<Value = Beyond> {
    let tool = (select(ProviderToolKind::ALL), any_text(), option::of(any_text()))
        .prop_map(|(kind, declared, server)| ProviderTool { kind, declared, server });
    let name = (select(StoredKind::ALL), any::<[u8; 32]>())
        .prop_map(|(kind, id)| StoredName { kind, id: Digest::from_bytes(id) });
    let unknown = (select(UnrecognisedPlace::ALL), any_text())
        .prop_map(|(place, name)| Unrecognised { place, name });
    let stores = option::of(select(vec![Stores::Asked, Stores::ByDefault]));
    (vec(tool, 0..3), stores, vec(name, 0..3), vec(unknown, 0..3), 0..3_u32).prop_map(
        |(tools, stores, names, unrecognised, urls)| Beyond {
            tools,
            stores,
            names,
            unrecognised,
            urls,
        },
    )
}

fn any_target() -> impl Strategy<Value = TargetFacts> {
    let secret = ("[a-z]{1,2}", any::<u32>(), any_text()).prop_map(|(name, version, owner)| {
        SecretFacts { name: name.parse().unwrap(), version: SecretVersion(version), owner }
    });
    ("[a-c]", any_text(), select(ProviderKind::ALL), any_text(), option::of(secret), any_claims())
        .prop_map(|(provider, provider_owner, kind, upstream_model, secret, claims)| TargetFacts {
            provider: provider.parse().unwrap(),
            provider_owner,
            kind,
            upstream_model,
            secret,
            claims,
        })
}

fn any_claims() -> impl Strategy<Value = Claims> {
    (
        (
            option::of(select(vec!["eu", "us", "\"\\\u{7}"])),
            option::of(any::<u32>()),
            option::of(any::<bool>()),
        ),
        (option::of(any_time()), option::of(any_time())),
        (option::of("[a-z][a-z/:.]{0,5}"), option::of(any_text())),
    )
        .prop_map(
            |((region, retention_days, trains), (end_of_life, stated), (successor, owner))| {
                Claims {
                    region: region.map(str::to_owned),
                    retention_days,
                    trains,
                    end_of_life,
                    successor: successor.map(|name| name.parse().unwrap()),
                    stated,
                    owner,
                }
            },
        )
}

fn any_withheld() -> impl Strategy<Value = WithheldRecord> {
    ("[a-c]", any_text(), "[a-z_]{1,9}", option::of("[a-z]{1,3}")).prop_map(
        |(provider, upstream_model, code, secret)| WithheldRecord {
            provider: provider.parse().unwrap(),
            upstream_model,
            code,
            policies: Vec::new(),
            detail: None,
            secret: secret.map(|name| name.parse().unwrap()),
        },
    )
}

/// Words, and whatever may stand in a text.
fn any_text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z:-]{0,9}", any::<String>()]
}

/// Around now, and at the ends of what a time of this product can be.
fn any_time() -> impl Strategy<Value = Timestamp> {
    let near = (-10_000_000_000..10_000_000_000_i64).prop_map(|by| NOW.plus_millis(by));
    let ends = select(vec![0, 1, -1, 253_402_207_200_000, -377_705_023_201_000]);
    prop_oneof![near, ends.prop_map(Timestamp::from_millis)]
}

/// `spec/vectors/facts/facts.json`: facts as texts, and what reading each must come to.
#[test]
fn the_vectors_read_as_they_say() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../spec/vectors/facts/facts.json");
    let vectors: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    for vector in vectors.as_array().unwrap() {
        let read = RecordedFacts::read(vector["facts"].as_str().unwrap().as_bytes());
        let found = match &read {
            Ok(_) => "read",
            Err(FactsUnread::Older(_)) => "older",
            Err(FactsUnread::Newer(_)) => "newer",
            Err(FactsUnread::Damaged(_)) => "damaged",
        };
        assert_eq!(found, vector["expect"], "{}: {read:?}", vector["name"]);
    }
    assert!(vectors.as_array().unwrap().len() >= 7);
}
