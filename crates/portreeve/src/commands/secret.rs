//! `portreeve secret`: seal a value from standard input; list what is sealed and say how it
//! stands, never values.

mod page;
mod report;
mod status;
#[cfg(test)]
mod tests;
mod uses;

use std::io::{IsTerminal as _, Read as _};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use approval::{Commitment, Object, Salt, Verb};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use govern::admin::PostedPayload;
use model::{SecretName, SecretVersion};
use secrets::{SealingKey, SecretStore, SecretValue, VersionState};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::admin_client;
use crate::begun::Begun;
use crate::cli::{Secret, Signing};
use crate::clock;
use crate::commands::signing::signer;
use crate::exit::Failure;
use crate::home::Home;
use crate::names::{self, Given};
use crate::print;

/// Longest value read from standard input, in bytes.
const VALUE_MAX: u64 = 64 * 1024;

/// Runs one of the secrets' commands.
pub(crate) async fn run(home: &Home, command: Secret) -> Result<ExitCode> {
    match command {
        Secret::Put { name, signing } => put(home, &name, &signing).await,
        Secret::Status { name, output } => status::run(home, name.as_deref(), output),
        Secret::List(output) => {
            let all = secrets(home)?;
            if output.json {
                print::line(&serde_json::to_string_pretty(&all)?);
            } else {
                for secret in &all {
                    print::line(&line(secret));
                }
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}

async fn put(home: &Home, name: &str, signing: &Signing) -> Result<ExitCode> {
    let name: SecretName = name.parse().map_err(|cause| Failure::name(&cause))?;
    if std::io::stdin().is_terminal() {
        print::notice("Type or paste the value, then Enter and Ctrl-D. It is shown to nobody.");
    }
    let mut bytes = Zeroizing::new(Vec::new());
    std::io::stdin()
        .take(VALUE_MAX)
        .read_to_end(&mut bytes)
        .context("the value cannot be read from standard input")?;
    let value =
        SecretValue::from_bytes(bytes).map_err(|cause| Failure::usage(cause.to_string()))?;
    let (_, signer) = signer(home, signing)?;
    let salt = Salt::new(Zeroizing::new(clock::random()?));
    let commitment = Commitment::of(&name, value.expose(), &salt);
    let object = Object::Secret { name: name.clone(), commitment };
    let signed = signer.sign(Verb::SecretPut, object)?;
    let payload = PostedPayload::Secret {
        value: Zeroizing::new(BASE64.encode(value.expose())),
        salt: salt.expose_hex(),
    };
    let answer = admin_client::post(&home.admin_socket(), &signed, payload).await;
    let given = [Given::Secret(name.as_str())];
    let answer = answer.map_err(|error| names::asked_about(home, error, &given))?;
    let version = numbered(&answer, "version")?;
    let active = numbered(&answer, "active")?;
    print::line(&format!("sealed {name} {version}: {}", VersionState::of(version, active)));
    if let Some(step) = next_step(&name, version, active, &home.working_copy()) {
        print::notice(&step);
    }
    Ok(ExitCode::SUCCESS)
}

/// A version that an answer names.
fn numbered(answer: &Value, member: &str) -> Result<SecretVersion> {
    let number = answer.get(member).and_then(Value::as_u64);
    number
        .and_then(|number| u32::try_from(number).ok())
        .map(SecretVersion)
        .with_context(|| format!("the answer has no {member}"))
}

/// What is to be done before `version` is lent, where the charter in force names `active` and its
/// working copy lies in `charter`; none where it is lent already.
fn next_step(
    name: &SecretName,
    version: SecretVersion,
    active: SecretVersion,
    charter: &Path,
) -> Option<String> {
    let why = match VersionState::of(version, active) {
        VersionState::Active => return None,
        VersionState::Pending => "yet",
        VersionState::Retired => "and never will be by itself",
    };
    let charter = charter.display();
    Some(format!(
        "It is not lent {why}: the charter in force names {active}. To activate {version}, write\n  \
         `active: {}` instead of `active: {}` in {charter}/secrets/{name}.yaml, then run\n  \
         portreeve change propose {charter} --apply",
        version.0, active.0
    ))
}

/// The sealed store of a home that was begun.
pub(crate) fn store(home: &Home, begun: &Begun) -> Result<SecretStore> {
    let key =
        SealingKey::read(&home.key("sealing.key")).context("the sealing key cannot be used")?;
    let gateway = &begun.state.genesis.gateway;
    SecretStore::open(home.secrets(), key, gateway, clock::system())
        .context("the sealed store cannot be read")
}

/// The declared secrets with the versions that are sealed of each.
fn secrets(home: &Home) -> Result<Vec<Value>> {
    let begun = Begun::demand(home)?;
    let bundle = begun.bundle(&begun.current()?.charter)?;
    let store = store(home, &begun)?;
    Ok(bundle
        .secrets()
        .map(|secret| {
            let versions = store.versions(&secret.name);
            let pending = versions.iter().filter(|version| **version > secret.active);
            json!({
                "name": secret.name,
                "purpose": secret.purpose,
                "owner": secret.owner,
                "answered_by": bundle.holder(&secret.owner),
                "active": secret.active,
                "sealed": versions.contains(&secret.active),
                "pending": pending.collect::<Vec<_>>(),
                "versions": versions,
                "max_age_days": secret.max_age_days,
            })
        })
        .collect())
}

/// The versions in a member of a secret, as in `v1, v2`.
fn versions(secret: &Value, member: &str) -> String {
    let all = secret.get(member).and_then(Value::as_array);
    let named: Vec<String> = all.into_iter().flatten().map(|one| format!("v{one}")).collect();
    named.join(", ")
}

/// A declared secret on one line.
fn line(secret: &Value) -> String {
    let text = |key: &str| secret.get(key).map(print::value).unwrap_or_default();
    let missing =
        if secret.get("sealed") == Some(&Value::Bool(true)) { "" } else { " (never sealed)" };
    let pending = match versions(secret, "pending").as_str() {
        "" => String::new(),
        pending => format!("  pending {pending}"),
    };
    let sealed = match versions(secret, "versions").as_str() {
        "" => "none".to_owned(),
        sealed => sealed.to_owned(),
    };
    format!(
        "{:24} active v{}{missing}  sealed {sealed}{pending}  owner {}  at most {} days",
        text("name"),
        text("active"),
        text("owner"),
        text("max_age_days")
    )
}
