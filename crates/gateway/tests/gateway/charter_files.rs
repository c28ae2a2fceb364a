//! The charter the gate of these tests serves under: that of a first run, and beside it agents,
//! providers, models and policies, one for each way a request can go.

use std::collections::BTreeMap;

use model::{Dialect, Timestamp};

/// The charter's files by path.
pub(crate) type Files = BTreeMap<String, String>;

/// Where the providers of the charter are.
#[derive(Debug, Clone)]
pub(crate) struct Addresses {
    /// Where the fake provider listens.
    pub(crate) fake: String,
    /// Where two more of its kind listen, for models that are served in several places.
    pub(crate) second: String,
    pub(crate) third: String,
    /// Where a provider listens that answers with fixed bytes.
    pub(crate) odd: String,
    /// An address that cannot be connected to.
    pub(crate) unreachable: String,
}

/// The largest body of this charter, in bytes.
pub(crate) const BODY_BYTES_MAX: usize = 65_536;

/// An agent in service, in environment dev.
pub(crate) const AGENT: &str = "dev";

/// Another agent of the same team in the same environment: policies treat it alike.
pub(crate) const TWIN: &str = "twin";

/// How the providers of each wire form are called after what they are.
pub(crate) const fn kind(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::OpenAi => "openai",
        Dialect::Anthropic => "anthropic",
        Dialect::Gemini => "gemini",
    }
}

/// The providers' own name of every model. Gemini's stands in a path.
pub(crate) const fn upstream(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::OpenAi => "Up/openai",
        Dialect::Anthropic => "Up/anthropic",
        Dialect::Gemini => "Up-gemini",
    }
}

/// Models that are served in every wire form, and how their providers are called before the
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

/// The secrets, each of providers called alike.
const SECRETS: &[&str] =
    &["fake-key", "second-key", "third-key", "keyless-key", "locked-key", "damaged-key"];

/// Policies about models beside those of a first run.
const MODEL_POLICIES: &str = r#"
@id("team") @owner("seat:policy-lead") @rationale("What this team may use.")
permit (principal in Team::"platform", action == Action::"InvokeModel", resource)
when { resource in [Model::"fast", Model::"guarded", Model::"hasty", Model::"odd",
    Model::"unreachable", Model::"keyless", Model::"locked", Model::"damaged", Model::"routed",
    Model::"openai-only", Model::"anthropic-only", Model::"gemini-only"] };

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
when { resource in [Secret::"fake-key", Secret::"second-key", Secret::"third-key",
    Secret::"keyless-key", Secret::"damaged-key"] };
"#;

/// Everything beyond the model's answer, at the first two providers of each wire form: for tests
/// of what a grant lets through. No charter of these tests has it unless it says so.
pub(crate) const GRANTS: &str = r#"
@id("tools") @owner("seat:policy-lead") @rationale("What these providers run by themselves.")
permit (principal in Team::"platform", action == Action::"UseProviderTool", resource)
when { resource in [Provider::"fake-openai", Provider::"fake-anthropic", Provider::"fake-gemini"] };

@id("storage") @owner("seat:policy-lead") @rationale("What these providers keep.")
permit (principal in Team::"platform", action == Action::"StoreAtProvider", resource)
when { resource in [Provider::"fake-openai", Provider::"fake-anthropic", Provider::"fake-gemini",
    Provider::"second-openai", Provider::"second-anthropic", Provider::"second-gemini"] };

@id("unrecognised") @owner("seat:policy-lead") @rationale("What is newer than this gateway.")
permit (principal in Team::"platform", action == Action::"PassUnrecognised", resource)
when { resource in [Provider::"fake-openai", Provider::"fake-anthropic", Provider::"fake-gemini"] };
"#;

/// Puts [`GRANTS`] into the charter.
pub(crate) fn grant(files: &mut Files) {
    files.insert("policies/tool/50-tests.cedar".to_owned(), GRANTS.to_owned());
}

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
        (AGENT, "environment: dev\nstatus: active"),
        (TWIN, "environment: dev\nstatus: active"),
        ("staged", "environment: staging\nstatus: active\ndata_class: confidential"),
        ("resting", "environment: dev\nstatus: suspended"),
        ("productive", "environment: prod\nstatus: active"),
        ("renewed", "environment: dev\nstatus: active\nepoch: 2"),
    ] {
        add(format!("agents/{name}.yaml"), agent(name, more));
    }
    for (name, url, secret, timeouts) in providers(at) {
        for kind in Dialect::ALL.map(kind) {
            let text = format!(
                "name: {name}-{kind}\nkind: {kind}\nbase_url: {url}\nsecret: {secret}\n{timeouts}"
            );
            add(format!("providers/{name}-{kind}.yaml"), text);
        }
    }
    for (name, provider) in MODELS {
        add(format!("models/{name}.yaml"), model(name, &[(provider, "")], &Dialect::ALL));
    }
    for dialect in Dialect::ALL {
        let name = format!("{}-only", kind(dialect));
        add(format!("models/{name}.yaml"), model(&name, &[("fake", "")], &[dialect]));
    }
    add("models/routed.yaml".to_owned(), routed(&[("fake", "")], ""));
    for name in SECRETS {
        let text = format!("name: {name}\npurpose: A test.\nmax_age_days: 90\nactive: 1\n");
        add(format!("secrets/{name}.yaml"), text);
    }
    add("policies/model/50-tests.cedar".to_owned(), MODEL_POLICIES.to_owned());
    add("policies/guardrails/50-tests.cedar".to_owned(), GUARDRAILS.to_owned());
    add("policies/secret/50-tests.cedar".to_owned(), SECRET_POLICIES.to_owned());
    files
}

/// Name, address, secret and timeouts of each group of providers, one for each wire form.
fn providers(at: &Addresses) -> [(&'static str, &str, &'static str, &'static str); 9] {
    // Short, for the tests in which a wait must end; every other one waits as long as it takes.
    let hasty = "timeouts: {connect_ms: 1000, first_byte_ms: 1000, idle_ms: 1000, total_ms: 1500}";
    [
        ("fake", &at.fake, "fake-key", ""),
        ("hasty", &at.fake, "fake-key", hasty),
        ("second", &at.second, "second-key", ""),
        ("third", &at.third, "third-key", ""),
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

/// A model that is tried once and no more.
fn model(name: &str, targets: &[(&str, &str)], dialects: &[Dialect]) -> String {
    let once = "retries: {attempts_max: 1}\n";
    format!("{}{}", declared(name, once), served(targets, dialects))
}

/// The file of the model `routed`, which is served in every wire form at `targets`: each says
/// which provider, and what else its target declares. `more` are further fields of the model;
/// without them a call is tried three times.
pub(crate) fn routed(targets: &[(&str, &str)], more: &str) -> String {
    let more = if more.is_empty() { "retries: {attempts_max: 3}\n" } else { more };
    format!("{}{}", declared("routed", more), served(targets, &Dialect::ALL))
}

fn declared(name: &str, more: &str) -> String {
    format!("name: {name}\npurpose: A test.\nowner: policy-lead\n{more}")
}

fn served(targets: &[(&str, &str)], dialects: &[Dialect]) -> String {
    let mut text = "targets:\n".to_owned();
    for dialect in dialects {
        for (provider, more) in targets {
            let (kind, upstream) = (kind(*dialect), upstream(*dialect));
            text.push_str(&format!(
                "  - {{provider: {provider}-{kind}, upstream_model: {upstream}{}{more}}}\n",
                if more.is_empty() { "" } else { ", " },
            ));
        }
    }
    text
}
