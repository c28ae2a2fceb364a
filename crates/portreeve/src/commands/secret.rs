//! `portreeve secret`: seal a value from standard input; list what is sealed, never values.

use std::io::{IsTerminal as _, Read as _};
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use approval::{Commitment, Object, Salt, Verb};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use govern::admin::PostedPayload;
use model::SecretName;
use secrets::{SealingKey, SecretStore, SecretValue};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::admin_client;
use crate::begun::Begun;
use crate::cli::{Secret, Signing};
use crate::clock;
use crate::commands::signing::signer;
use crate::exit::Failure;
use crate::home::Home;
use crate::print;

/// Longest value read from standard input, in bytes.
const VALUE_MAX: u64 = 64 * 1024;

/// Runs one of the secrets' commands.
pub(crate) async fn run(home: &Home, command: Secret) -> Result<ExitCode> {
    match command {
        Secret::Put { name, signing } => put(home, &name, &signing).await,
        Secret::List(output) => {
            let all = secrets(home)?;
            if output.json {
                print::line(&serde_json::to_string_pretty(&all)?);
            } else {
                for secret in &all {
                    let text = |key: &str| secret.get(key).map(print::value).unwrap_or_default();
                    print::line(&format!(
                        "{:24} active v{}  sealed {}  owner {}  at most {} days",
                        text("name"),
                        text("active"),
                        text("versions"),
                        text("owner"),
                        text("max_age_days")
                    ));
                }
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}

async fn put(home: &Home, name: &str, signing: &Signing) -> Result<ExitCode> {
    let name: SecretName = name.parse().map_err(|cause| Failure::usage(format!("{cause}")))?;
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
    let answer = admin_client::post(&home.admin_socket(), &signed, payload).await?;
    let version =
        answer.get("version").and_then(Value::as_u64).context("the answer has no version")?;
    print::line(&format!("sealed {name} v{version}"));
    if answer.get("active").and_then(Value::as_bool) == Some(false) {
        print::notice(&format!(
            "It is not in use yet: set `active: {version}` in secrets/{name}.yaml and apply the change."
        ));
    }
    Ok(ExitCode::SUCCESS)
}

fn secrets(home: &Home) -> Result<Vec<Value>> {
    let begun = Begun::demand(home)?;
    let bundle = begun.bundle(&begun.current()?.charter)?;
    let key =
        SealingKey::read(&home.key("sealing.key")).context("the sealing key cannot be used")?;
    let gateway = &begun.state.genesis.gateway;
    let store = SecretStore::open(home.secrets(), key, gateway, clock::system())
        .context("the sealed store cannot be read")?;
    Ok(bundle
        .secrets()
        .map(|secret| {
            json!({
                "name": secret.name,
                "purpose": secret.purpose,
                "owner": secret.owner,
                "answered_by": bundle.holder(&secret.owner),
                "active": secret.active,
                "versions": store.versions(&secret.name),
                "max_age_days": secret.max_age_days,
            })
        })
        .collect())
}
