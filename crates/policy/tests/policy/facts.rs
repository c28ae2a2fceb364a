//! The facts of a verdict: canonical, complete, and readable by Cedar's own tools.

use std::collections::BTreeMap;

use cedar_policy::{Context, Entities, EntityUid, Request, Schema};
use model::PolicySetKind::{Guardrails, Model, Secret, Tool};
use model::{
    Beyond, Claims, Digest, Environment, Operation, ProviderTool, ProviderToolKind, Recordable,
    StoredKind, StoredName, Stores, Unrecognised, UnrecognisedPlace,
};
use policy::{
    ApprovedFacts, DataClass, Lifecycle, Policies, ProviderKind, RecentFacts, schema_text,
};
use serde_json::Value;

use crate::support::{NOW, Scene, approved, named, policies, scene};

const USE: &str = r#"permit (principal, action == Action::"InvokeModel", resource);"#;
const LEND: &str = r#"permit (principal, action == Action::"UseSecret", resource);"#;

const BEYOND: &str = r#"permit (principal, action in Action::"ToolAccess", resource);"#;

fn open_policies() -> Policies {
    let sets = [(Model, "use", USE), (Secret, "lend", LEND), (Tool, "beyond", BEYOND)];
    let sets = sets.map(|(set, id, rule)| (set, named(id, rule)));
    policies(&sets.each_ref().map(|(set, text)| (*set, text.as_str())))
}

/// Every kind of tool, storage, a kept object and something of each place that is not recognised.
fn everything() -> Beyond {
    let tool = |kind: &ProviderToolKind| ProviderTool {
        kind: *kind,
        declared: kind.to_string(),
        server: (*kind == ProviderToolKind::RemoteMcp).then(|| "mcp.example.org".into()),
    };
    let unknown =
        |place: &UnrecognisedPlace| Unrecognised { place: *place, name: "reasoning.foo".into() };
    Beyond {
        tools: ProviderToolKind::ALL.iter().map(tool).collect(),
        stores: Some(Stores::ByDefault),
        names: vec![StoredName { kind: StoredKind::Response, id: Digest::of(b"resp_1") }],
        unrecognised: UnrecognisedPlace::ALL.iter().map(unknown).collect(),
        urls: 2,
    }
}

fn all_claims() -> Claims {
    Claims {
        region: Some("eu".into()),
        retention_days: Some(30),
        trains: Some(false),
        end_of_life: Some(NOW.plus_millis(-1)),
        stated: Some(NOW),
        ..Claims::default()
    }
}

fn facts(scene: &Scene, policies: &Policies) -> Vec<u8> {
    match scene.decide(policies) {
        Ok(permit) => permit.facts().to_vec(),
        Err(refused) => refused.facts,
    }
}

fn read(facts: &[u8]) -> Value {
    serde_json::from_slice(facts).unwrap()
}

/// JSON with sorted keys and no white space, written the slow and obvious way.
fn canonical(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let sorted: BTreeMap<_, _> = fields.iter().collect();
            let fields = sorted
                .iter()
                .map(|(name, one)| format!("{}:{}", Value::from(name.as_str()), canonical(one)));
            format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
        }
        Value::Array(items) => {
            format!("[{}]", items.iter().map(canonical).collect::<Vec<_>>().join(","))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.to_string(),
    }
}

#[test]
fn facts_are_canonical_json() {
    let mut odd = scene();
    odd.agent.owner = "seat:\"quoted\"\\\n\u{1}ä\u{1f600}".into();
    odd.targets[0].upstream_model = "a\tb".into();
    for scene in [scene(), odd] {
        let facts = facts(&scene, &open_policies());
        assert_eq!(String::from_utf8(facts.clone()).unwrap(), canonical(&read(&facts)));
    }
}

#[test]
fn facts_hold_every_entity_and_every_question_with_its_answer() {
    let facts = read(&facts(&scene(), &open_policies()));
    let uid = |value: &Value| {
        format!("{}::{}", value["type"].as_str().unwrap(), value["id"].as_str().unwrap())
    };
    let entities: Vec<_> =
        facts["entities"].as_array().unwrap().iter().map(|one| uid(&one["uid"])).collect();
    assert_eq!(
        entities,
        [
            "Agent::demo-agent",
            "Model::gpt",
            "Provider::alpha",
            "Provider::beta",
            "Secret::alpha-key",
            "Team::support"
        ]
    );
    let questions: Vec<_> = facts["questions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            format!(
                "{} {} {} {}",
                uid(&one["action"]),
                uid(&one["resource"]),
                one["answer"]["is"],
                one["answer"]["policies"]
            )
        })
        .collect();
    assert_eq!(
        questions,
        [
            r#"Action::InvokeModel Model::gpt "permit" ["model/use"]"#,
            r#"Action::UseSecret Secret::alpha-key "permit" ["secret/lend"]"#,
            r#"Action::InvokeModel Model::gpt "permit" ["model/use"]"#,
        ]
    );
    assert_eq!(facts["v"], 2);
    assert_eq!(facts["verdict"], "permitted");
    assert_eq!(facts["schema"], model::Digest::of(schema_text(Guardrails).as_bytes()).to_string());
    assert!(facts.get("unevaluable").is_none());
}

#[test]
fn facts_of_a_refusal_say_what_was_matched_even_where_the_caller_is_told_nothing() {
    let guardrail = named(
        "g",
        "forbid (principal, action, resource) when { context.caller.token_age_s > 10 };",
    );
    let facts = read(&facts(&scene(), &policies(&[(Guardrails, &guardrail)])));
    assert_eq!(facts["questions"][0]["answer"]["is"], "forbid");
    assert_eq!(facts["questions"][0]["answer"]["policies"][0], "guardrails/g");
    assert_eq!(facts["questions"].as_array().unwrap().len(), 1);
}

/// Cedar reads the facts back, and every entity and request conforms to the schema: whatever the
/// words of the vocabularies.
#[test]
fn facts_conform_to_the_schema_for_every_word_it_knows() {
    let (schema, _) = Schema::from_cedarschema_str(&schema_text(Guardrails)).unwrap();
    let mut scenes = Vec::new();
    for environment in Environment::ALL {
        let mut scene = scene();
        scene.agent.environment = environment;
        scenes.push(scene);
    }
    for lifecycle in Lifecycle::ALL {
        let mut scene = scene();
        scene.agent.lifecycle = *lifecycle;
        scenes.push(scene);
    }
    for data_class in DataClass::ALL {
        let mut scene = scene();
        scene.agent.data_class = *data_class;
        scene.approved = Some(ApprovedFacts { data_class: *data_class, ..approved("tickets") });
        scene.ask.output_tokens_max = None;
        scenes.push(scene);
    }
    for kind in ProviderKind::ALL {
        let mut scene = scene();
        scene.targets[1].kind = *kind;
        scenes.push(scene);
    }
    for operation in Operation::ALL.iter().filter(|one| **one != Operation::ListModels) {
        let mut scene = scene();
        scene.ask.operation = *operation;
        scene.ask.beyond = everything();
        scene.approved = Some(approved("tickets"));
        scene.call.recent = RecentFacts { requests: u32::MAX, refusals: 0, targets: 1 };
        scene.targets[1].claims = all_claims();
        scenes.push(scene);
    }
    for scene in &scenes {
        let facts = read(&facts(scene, &open_policies()));
        Entities::from_json_value(facts["entities"].clone(), Some(&schema)).unwrap();
        for question in facts["questions"].as_array().unwrap() {
            let uid = |name: &str| EntityUid::from_json(question[name].clone()).unwrap();
            let action = uid("action");
            let context =
                Context::from_json_value(question["context"].clone(), Some((&schema, &action)))
                    .unwrap();
            Request::new(uid("principal"), action, uid("resource"), context, Some(&schema))
                .unwrap();
        }
    }
}

#[test]
fn the_words_in_code_are_those_of_the_schema() {
    let schema = schema_text(Guardrails);
    let words = |words: Vec<&str>| {
        words.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(", ")
    };
    let kinds = ProviderToolKind::ALL.iter().map(|one| one.as_str());
    let places = UnrecognisedPlace::ALL.iter().map(|one| one.as_str());
    // Policy is never asked about a listing.
    let operations = Operation::ALL.iter().filter(|one| **one != Operation::ListModels);
    let operations = operations.map(|one| one.as_str());
    let all = [
        ("Env", words(Environment::ALL.iter().map(|one| one.as_str()).collect())),
        ("Lifecycle", words(Lifecycle::ALL.iter().map(|one| one.as_str()).collect())),
        ("DataClass", words(DataClass::ALL.iter().map(|one| one.as_str()).collect())),
        ("ProviderKind", words(ProviderKind::ALL.iter().map(|one| one.as_str()).collect())),
        ("Proof", words(vec![model::Proof::EmbeddedToken.as_str()])),
        ("ProviderToolKind", words(kinds.collect())),
        ("UnrecognisedPlace", words(places.collect())),
        ("Operation", words(operations.collect())),
    ];
    for (name, words) in all {
        assert!(schema.contains(&format!("entity {name} enum [{words}];")), "{name}: {words}");
    }
    for one in DataClass::ALL {
        assert_eq!(one.to_string().parse(), Ok(*one));
    }
    assert_eq!("secret".parse::<DataClass>(), Err(()));
}

/// What the facts hold of an approved context, of a tool, of storage, of what is not recognised
/// and of claims, to the letter: whoever replays a decision reads this.
#[test]
fn facts_of_what_goes_beyond_the_model_are_written_so() {
    let mut scene = scene();
    scene.targets.remove(0);
    scene.targets[0].claims = all_claims();
    scene.approved = Some(approved("tickets"));
    let Beyond { tools, unrecognised, .. } = everything();
    scene.ask.beyond = Beyond {
        tools: tools.into_iter().filter(|tool| tool.server.is_some()).collect(),
        unrecognised: unrecognised.into_iter().take(1).collect(),
        ..everything()
    };
    let facts = read(&facts(&scene, &open_policies()));
    let lines = |key: &str| -> String {
        let items = facts[key].as_array().unwrap();
        items.iter().map(|one| canonical(one) + "\n").collect()
    };
    let golden = include_str!("beyond.jsonl");
    assert_eq!(lines("entities") + &lines("questions"), golden);
}
