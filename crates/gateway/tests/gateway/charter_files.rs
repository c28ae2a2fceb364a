//! The charter the gate of these tests serves under: that of a first run, and beside it agents,
//! providers, models and policies, one for each way a request can go.

use std::collections::BTreeMap;

use model::Timestamp;

/// The charter's files by path.
pub(crate) type Files = BTreeMap<String, String>;

/// Where the providers of the charter are.
#[derive(Debug, Clone)]
pub(crate) struct Addresses {
    /// Where the fake provider listens.
    pub(crate) fake: String,
    /// Where a second provider listens, which answers with fixed bytes.
    pub(crate) odd: String,
    /// An address that cannot be connected to.
    pub(crate) unreachable: String,
}

/// The largest body of this charter, in bytes.
pub(crate) const BODY_BYTES_MAX: usize = 65_536;

/// An agent in service, in environment dev.
pub(crate) const AGENT: &str = "dev";

/// Models that are served in both wire forms, and how their providers are called before the
/// wire form is added.
const MODELS: &[(&str, &str)] = &[
    ("fast", "fake"),
    ("hidden", "fake"),
    ("whole-only", "fake"),
    ("guarded", "fake"),
    ("overflowing", "fake"),
    ("hasty", "hasty"),
    ("odd", "odd"),
    ("unreachable", "unreachable"),
    ("keyless", "keyless"),
    ("locked", "locked"),
    ("damaged", "damaged"),
];

/// The secrets, each of a provider called alike.
const SECRETS: &[&str] = &["fake-key", "keyless-key", "locked-key", "damaged-key"];

/// Policies about models beside those of a first run.
const MODEL_POLICIES: &str = r#"
@id("team") @owner("seat:policy-lead") @rationale("What this team may use.")
permit (principal in Team::"platform", action == Action::"InvokeModel", resource)
when { resource in [Model::"fast", Model::"guarded", Model::"hasty", Model::"odd",
    Model::"unreachable", Model::"keyless", Model::"locked", Model::"damaged",
    Model::"openai-only", Model::"anthropic-only"] };

@id("somebody-else") @owner("seat:policy-lead") @rationale("It exists, for another agent.")
permit (principal == Agent::"demo-agent", action == Action::"InvokeModel",
    resource == Model::"hidden");

@id("whole-answers") @owner("seat:policy-lead") @rationale("Only where nothing is streamed.")
permit (principal in Team::"platform", action == Action::"InvokeModel",
    resource == Model::"whole-only")
when { context.call.stream == false };

@id("overflow") @owner("seat:policy-lead") @rationale("It cannot be evaluated.")
permit (principal in Team::"platform", action == Action::"InvokeModel",
    resource == Model::"overflowing")
when { context.call.input_bytes * 9223372036854775807 > 0 };
"#;

const GUARDRAILS: &str = r#"
@id("not-this-one") @owner("seat:response-lead") @rationale("Withdrawn for now.")
forbid (principal, action == Action::"InvokeModel", resource == Model::"guarded");
"#;

/// Every secret may be lent, except `locked-key`.
const SECRET_POLICIES: &str = r#"
@id("lend") @owner("seat:platform-lead") @rationale("The team's models need them.")
permit (principal in Team::"platform", action == Action::"UseSecret", resource)
when { resource in [Secret::"fake-key", Secret::"keyless-key", Secret::"damaged-key"] };
"#;

/// The whole charter.
pub(crate) fn files(key_line: &str, today: Timestamp, at: &Addresses) -> Files {
    let genesis = charter::Genesis {
        name: "gate-under-test".to_owned(),
        trust_domain: "acme.test".to_owned(),
        person: "ann".parse().unwrap(),
        key_line: key_line.to_owned(),
        today,
    };
    let mut files: Files = charter::genesis_files(&genesis)
        .files()
        .map(|(path, bytes)| (path.to_owned(), String::from_utf8(bytes.to_vec()).unwrap()))
        .collect();
    let root = files.get_mut("charter.yaml").unwrap();
    *root = root.replace("10485760", &BODY_BYTES_MAX.to_string());
    let mut add = |path: String, text: String| assert!(files.insert(path, text).is_none());
    for (name, more) in [
        ("dev", "environment: dev\nstatus: active"),
        ("resting", "environment: dev\nstatus: suspended"),
        ("productive", "environment: prod\nstatus: active"),
        ("renewed", "environment: dev\nstatus: active\nepoch: 2"),
    ] {
        add(format!("agents/{name}.yaml"), agent(name, more));
    }
    for (name, url, secret, timeouts) in providers(at) {
        for kind in ["openai", "anthropic"] {
            let text = format!(
                "name: {name}-{kind}\nkind: {kind}\nbase_url: {url}\nsecret: {secret}\n{timeouts}"
            );
            add(format!("providers/{name}-{kind}.yaml"), text);
        }
    }
    for (name, provider) in MODELS {
        add(format!("models/{name}.yaml"), model(name, provider, &["openai", "anthropic"]));
    }
    for kind in ["openai", "anthropic"] {
        let name = format!("{kind}-only");
        add(format!("models/{name}.yaml"), model(&name, "fake", &[kind]));
    }
    for name in SECRETS {
        let text = format!("name: {name}\npurpose: A test.\nmax_age_days: 90\nactive: 1\n");
        add(format!("secrets/{name}.yaml"), text);
    }
    add("policies/model/50-tests.cedar".to_owned(), MODEL_POLICIES.to_owned());
    add("policies/guardrails/50-tests.cedar".to_owned(), GUARDRAILS.to_owned());
    add("policies/secret/50-tests.cedar".to_owned(), SECRET_POLICIES.to_owned());
    files
}

/// Name, address, secret and timeouts of each pair of providers.
fn providers(at: &Addresses) -> [(&'static str, &str, &'static str, &'static str); 7] {
    // Short, for the tests in which a wait must end; every other one waits as long as it takes.
    let hasty = "timeouts: {connect_ms: 1000, first_byte_ms: 1000, idle_ms: 1000, total_ms: 1500}";
    [
        ("fake", &at.fake, "fake-key", ""),
        ("hasty", &at.fake, "fake-key", hasty),
        ("odd", &at.odd, "fake-key", ""),
        ("unreachable", &at.unreachable, "fake-key", ""),
        ("keyless", &at.fake, "keyless-key", ""),
        ("locked", &at.fake, "locked-key", ""),
        ("damaged", &at.fake, "damaged-key", ""),
    ]
}

fn agent(name: &str, more: &str) -> String {
    format!(
        "name: {name}\npurpose: A test.\nowner: platform-lead\noperator: platform\n{more}\n\
         review_by: 2027-11-24\nbindings:\n  - kind: embedded\n"
    )
}

fn model(name: &str, provider: &str, kinds: &[&str]) -> String {
    let targets: String = kinds
        .iter()
        .map(|kind| format!("  - provider: {provider}-{kind}\n    upstream_model: Up/{kind}\n"))
        .collect();
    format!("name: {name}\npurpose: A test.\nowner: policy-lead\ntargets:\n{targets}")
}
