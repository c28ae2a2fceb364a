//! From policy over the log to the secret: a lease carries what the recorded permit names.
#![expect(clippy::unwrap_used, reason = "what cannot fail in a test that passes")]

use std::path::Path;
use std::sync::Arc;

use ledger::{DecisionLog, FactKeys, LogHome, Recorded};
use model::{
    Ask, Beyond, Case, ChangeId, CharterInForce, Claims, Clock as _, DecisionId, Dialect, Digest,
    Environment, Operation, Outcome, PolicySetKind, Proof, SecretVersion, Subject,
};
use policy::{
    AgentFacts, CallFacts, DataClass, Lifecycle, ModelFacts, Permit, PolicySource, ProviderKind,
    Question, RecentFacts, SecretFacts, TargetFacts,
};
use secrets::{LeaseError, Scheme, SealingKey, SecretError, SecretStore, SecretValue};
use testkit::ManualClock;
use zeroize::Zeroizing;

/// One policy of each set that a call with a secret needs.
const POLICIES: [(PolicySetKind, &str); 2] = [
    (
        PolicySetKind::Model,
        r#"@id("use") @owner("seat:policy") @rationale("test")
        permit (principal, action == Action::"InvokeModel", resource);"#,
    ),
    (
        PolicySetKind::Secret,
        r#"@id("lend") @owner("seat:policy") @rationale("test")
        permit (principal, action == Action::"UseSecret", resource);"#,
    ),
];

fn value(text: &str) -> SecretValue {
    SecretValue::from_bytes(Zeroizing::new(text.as_bytes().to_vec())).unwrap()
}

fn case(clock: &ManualClock) -> Case {
    let seat = |name: &str| format!("seat:{name}");
    Case {
        id: DecisionId::new(1, [7; 10]),
        received: clock.now(),
        subject: Some(Subject {
            agent: "demo-agent".parse().unwrap(),
            proof: Proof::EmbeddedToken,
            trust_domain: "example.org".to_owned(),
            credential: Digest::of(b"token"),
            issued: clock.now(),
            expires: clock.now().plus_millis(300_000),
            epoch: 1,
            context: None,
        }),
        ask: Some(Ask {
            operation: Operation::ChatCompletions,
            dialect: Dialect::OpenAi,
            model: Some("gpt".parse().unwrap()),
            stream: false,
            input_bytes: 2,
            output_tokens_max: None,
            function_tools: 0,
            beyond: Beyond::NOTHING,
        }),
        context: None,
        agent_owner: Some(seat("support")),
        target_owner: Some(seat("models")),
        charter: Arc::new(CharterInForce {
            digest: Digest::of(b"charter"),
            change: ChangeId::new(1, [1; 10]),
            control_index: 1,
            genesis: true,
            accountable: seat("accountable"),
            secondary: [seat("policy"), seat("platform"), seat("response")],
        }),
    }
}

fn agent() -> AgentFacts {
    AgentFacts {
        name: "demo-agent".parse().unwrap(),
        environment: Environment::Dev,
        lifecycle: Lifecycle::Active,
        team: "support".parse().unwrap(),
        autonomy: 1,
        data_class: DataClass::Internal,
        trust_domain: "example.org".to_owned(),
        owner: "seat:support".to_owned(),
    }
}

fn target(provider: &str, kind: ProviderKind, secret: Option<SecretFacts>) -> TargetFacts {
    TargetFacts {
        provider: provider.parse().unwrap(),
        provider_owner: "seat:platform".to_owned(),
        kind,
        upstream_model: "gpt-4".to_owned(),
        secret,
        claims: Claims::default(),
    }
}

/// A permit for two targets: the first with this version of `openai`, the second without secret.
fn permit(clock: &ManualClock, version: u32) -> Permit {
    let sources = POLICIES.map(|(set, text)| PolicySource {
        set,
        path: format!("policies/{}/test.cedar", set.as_str()),
        text: text.to_owned(),
    });
    let policies = policy::compile(&sources, &|_| true).unwrap();
    let recent = RecentFacts::default();
    let call = CallFacts { now: clock.now(), proof: Proof::EmbeddedToken, token_age_s: 1, recent };
    let secret = SecretFacts {
        name: "openai".parse().unwrap(),
        version: SecretVersion(version),
        owner: "seat:platform".to_owned(),
    };
    let targets = [
        target("openai", ProviderKind::OpenAi, Some(secret)),
        target("demo", ProviderKind::Demo, None),
    ];
    let model = ModelFacts { name: "gpt".parse().unwrap(), owner: "seat:models".to_owned() };
    let (case, agent) = (case(clock), agent());
    let question = Question {
        case,
        agent: &agent,
        call,
        approved: None,
        model: &model,
        targets: &targets,
        withheld: Vec::new(),
    };
    policies.decide(question).unwrap()
}

/// That permit, recorded in a log of its own.
async fn record(dir: &Path, clock: &ManualClock, version: u32) -> (DecisionLog, Recorded<Permit>) {
    let home = LogHome::new(dir.join(format!("log-{version}")));
    let key = tlog::LogKey::generate("example.org/decisions".parse().unwrap(), [1; 32]);
    let facts = FactKeys::open(&dir.join("facts"), &Zeroizing::new([9; 32])).unwrap();
    // The log decides when a disk is too slow; a busy test machine is not the subject here.
    let answer_within = std::time::Duration::from_secs(30);
    let settings = ledger::Settings { answer_within, ..ledger::Settings::default() };
    let (log, _recovered) =
        DecisionLog::open(home, key, facts, Arc::new(clock.clone()), settings).unwrap();
    let recorded = log.intend(permit(clock, version)).await.map_err(|(_, why)| why).unwrap();
    (log, recorded)
}

#[tokio::test]
async fn a_lease_carries_the_secret_and_version_of_the_recorded_target() {
    let dir = tempfile::tempdir().unwrap();
    let clock = ManualClock::default();
    let key = SealingKey::read_or_make(&dir.path().join("sealing.key")).unwrap();
    let folder = dir.path().join("secrets");
    let store = SecretStore::open(folder, key, "edge-1", Arc::new(clock.clone())).unwrap();
    let (openai, other) = ("openai".parse().unwrap(), "other".parse().unwrap());
    store.put(&openai, value("sk-first")).unwrap();
    store.put(&openai, value("sk-second")).unwrap();
    store.put(&other, value("sk-other")).unwrap();

    for (version, expected) in [(1, "Bearer sk-first"), (2, "Bearer sk-second")] {
        let (log, recorded) = record(dir.path(), &clock, version).await;
        let (name, header) = store.lease(&recorded, 0).unwrap().header(Scheme::Bearer).unwrap();
        assert_eq!((name.as_str(), header.to_str().unwrap()), ("authorization", expected));
        assert!(matches!(store.lease(&recorded, 1), Err(LeaseError::NoSecret(1))));
        for beyond in [2, usize::MAX] {
            assert!(matches!(store.lease(&recorded, beyond), Err(LeaseError::NoTarget(_))));
        }
        recorded.conclude(&Outcome::not_forwarded(1));
        log.close().await.unwrap();
    }

    let (log, recorded) = record(dir.path(), &clock, 3).await;
    let missing = store.lease(&recorded, 0);
    assert!(matches!(missing, Err(LeaseError::Sealed(SecretError::Missing { .. }))));
    recorded.conclude(&Outcome::not_forwarded(1));
    log.close().await.unwrap();
}
