//! The first run: makes what a gateway needs and begins it with one person's signed act.
//!
//! Every step is made where it is missing and kept where it is there. The genesis entry of the
//! control log is the last one: a first run that stops before it is simply run again.

use std::path::Path;

use anyhow::{Context as _, Result};
use approval::{Approved, GatewayName, Keyring, Object, Verb};
use bundle::Bundle;
use charter::{AdoptedKind, Genesis, SourceTree};
use govern::{CharterStore, GenesisBody};
use ledger::ControlKind;
use model::{Environment, PersonName, SecretName, SecretVersion};
use secrets::{SecretStore, SecretValue};
use zeroize::Zeroizing;

use crate::admin_client::Signer;
use crate::cli::Up;
use crate::commands::write_schemas;
use crate::demo::KEY_PREFIX;
use crate::exit::Failure;
use crate::home::{Home, clear, make_dir, rename, write_new};
use crate::open::open_control;
use crate::settings::TEMPLATE;
use crate::{clock, keys};

/// What a first run that brings no charter calls its one person.
const PERSON: &str = "founder";
/// What it calls its gateway.
const GATEWAY: &str = "portreeve";
/// The secret of the demo provider.
const DEMO_SECRET: &str = "demo-key";
/// Where a provider's key is looked for: the first variable that is set, in the order in which
/// the vendor's own clients look.
const ENVIRONMENT: [(&[&str], AdoptedKind); 3] = [
    (&["OPENAI_API_KEY"], AdoptedKind::OpenAi),
    (&["ANTHROPIC_API_KEY"], AdoptedKind::Anthropic),
    (&["GOOGLE_API_KEY", "GEMINI_API_KEY"], AdoptedKind::Gemini),
];

/// What the first run is about to begin: everything checked, nothing yet in force.
pub(crate) struct Plan {
    tree: SourceTree,
    bundle: Bundle,
    signer: Signer,
    key_line: String,
    adopted: Vec<(SecretName, SecretValue)>,
}

/// Makes the person's key and the charter where they are missing, and checks both.
pub(crate) fn plan(home: &Home, options: &Up) -> Result<Plan> {
    make_dir(&home.root().join("keys"))?;
    let key = keys::person(home, options.person_key.as_deref())?;
    let key_line = key.public_line().context("the person's key cannot be written")?;
    let mut adopted = Vec::new();
    let copy = home.working_copy();
    let source = options.charter.as_deref().unwrap_or(&copy);
    if options.charter.is_none() && !copy.is_dir() {
        adopted = write_charter(&copy, &key_line, options.adopt_env_keys)?;
    } else if options.adopt_env_keys {
        let text = "--adopt-env-keys declares providers in the charter that the first run writes, \
                    and a charter is here already; declare them in it and use `portreeve secret put`";
        return Err(Failure::usage(text).into());
    }
    let (tree, bundle) = crate::commands::checked(source)?;
    if source != copy {
        write_tree(&copy, &tree)?;
        write_schemas(&copy)?;
    }
    let person = bundle.person_of_key(&key_line).ok_or_else(|| {
        let text = format!(
            "the key that would begin this gateway belongs to nobody in {}/people.yaml; \
             add it there, or name the person's key with --person-key FILE:\n{key_line}",
            source.display()
        );
        Failure::settings(text)
    })?;
    // Many gateways are called `portreeve`; with its trust domain the name is this one's alone.
    let gateway: GatewayName = format!("{}/{}", bundle.gateway(), bundle.trust_domain())
        .parse()
        .map_err(|cause| Failure::settings(format!("charter.yaml: {cause}")))?;
    Ok(Plan { tree, bundle, signer: Signer { person, key, gateway }, key_line, adopted })
}

/// Begins the gateway: keys, stored charter, sealed secrets, and last the genesis entry.
pub(crate) async fn begin(home: &Home, mut plan: Plan) -> Result<()> {
    let trust_domain = plan.bundle.trust_domain().to_owned();
    let keys = keys::read_or_make(home, &trust_domain)?;
    if !home.settings().is_file() {
        write_new(&home.settings(), TEMPLATE.as_bytes())?;
    }
    let digest = CharterStore::open(home.charters())?.put(&plan.tree)?;
    let gateway = plan.signer.gateway.as_str();
    seal(home, &keys, (&plan.bundle, gateway), std::mem::take(&mut plan.adopted))?;
    let signed = plan.signer.sign(Verb::Genesis, Object::Charter(digest))?;
    prove(&plan, &signed, &digest)?;
    let body = GenesisBody {
        act: serde_json::to_value(&signed)?,
        person: plan.signer.person.clone(),
        key: plan.key_line.clone(),
        gateway: plan.signer.gateway.to_string(),
        trust_domain,
        charter: digest,
        change: clock::new_change(clock::system().now())?,
        decision_log: keys.decisions.vkey(),
    };
    let control = open_control(home, keys.control)?;
    control
        .append(ControlKind::Genesis, serde_json::to_value(&body)?)
        .await
        .context("the genesis entry cannot be written")?;
    control.close().await.context("the control log was not closed in good order")?;
    Ok(())
}

/// The act is verified as every later start will verify it, before it is recorded for good.
fn prove(plan: &Plan, signed: &approval::SignedAct, digest: &model::Digest) -> Result<()> {
    let keyring = Keyring::from_lines([(plan.signer.person.clone(), plan.key_line.as_str())])
        .map_err(|_| Failure::settings("the person's key cannot sign acts"))?;
    let now = clock::system().now();
    let verified = approval::verify(signed, &keyring, now, &plan.signer.gateway)?;
    Approved::genesis(&verified, digest)?;
    Ok(())
}

/// Seals the demo key and the adopted keys as version 1, where no version is there.
fn seal(
    home: &Home,
    keys: &keys::Keys,
    (bundle, gateway): (&Bundle, &str),
    adopted: Vec<(SecretName, SecretValue)>,
) -> Result<()> {
    let store = SecretStore::open(home.secrets(), keys.sealing.clone(), gateway, clock::system())
        .context("the sealed store cannot be opened")?;
    let first = SecretVersion(1);
    let demo: SecretName = DEMO_SECRET.parse()?;
    if bundle.secret(&demo).is_some() && !store.has(&demo, first) {
        let random: [u8; 16] = clock::random()?;
        let hex = model::Digest::of(&random).hex();
        let text = Zeroizing::new(format!("{KEY_PREFIX}{hex}").into_bytes());
        store.put(&demo, SecretValue::from_bytes(text)?)?;
    }
    for (name, value) in adopted {
        if !store.has(&name, first) {
            store.put(&name, value)?;
        }
    }
    Ok(())
}

/// Writes the charter a person is glad to edit, with providers for the keys found.
fn write_charter(
    copy: &Path,
    key_line: &str,
    adopt: bool,
) -> Result<Vec<(SecretName, SecretValue)>> {
    let random: [u8; 6] = clock::random()?;
    let suffix: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    let person: PersonName = PERSON.parse()?;
    let now = clock::system().now();
    let genesis = Genesis {
        name: GATEWAY.to_owned(),
        trust_domain: format!("{suffix}.portreeve.internal"),
        person,
        key_line: key_line.to_owned(),
        today: now,
    };
    let mut files: Vec<(String, Vec<u8>)> = owned(&charter::genesis_files(&genesis));
    let mut adopted = Vec::new();
    for (variables, kind) in ENVIRONMENT.iter().filter(|_| adopt) {
        let mut set = variables.iter().filter_map(|name| Some((name, environment(name)?)));
        let Some((variable, bytes)) = set.next() else { continue };
        let value = SecretValue::from_bytes(bytes)
            .map_err(|cause| Failure::settings(format!("{variable}: {cause}")))?;
        files.extend(owned(&charter::adopted_provider_files(*kind)));
        adopted.push((kind.secret_name().parse()?, value));
    }
    if adopt && adopted.is_empty() {
        let text = "--adopt-env-keys: none of OPENAI_API_KEY, ANTHROPIC_API_KEY, GOOGLE_API_KEY and \
                    GEMINI_API_KEY is set";
        return Err(Failure::usage(text).into());
    }
    let tree = SourceTree::from_files(files)
        .map_err(|problems| Failure::settings(format!("{problems:?}")))?;
    write_whole(copy, &tree)?;
    Ok(adopted)
}

/// Writes `tree` as the folder `root`, which is there whole or not at all.
fn write_whole(root: &Path, tree: &SourceTree) -> Result<()> {
    // A crash before the rename leaves a `.new` beside it, which the next run clears away.
    let fresh = root.with_extension("new");
    clear(&fresh)?;
    write_tree(&fresh, tree)?;
    write_schemas(&fresh)?;
    rename(&fresh, root)?;
    Ok(())
}

/// A variable's bytes, zeroized when dropped; none where it is unset or empty.
fn environment(variable: &str) -> Option<Zeroizing<Vec<u8>>> {
    #[expect(clippy::disallowed_methods, reason = "the binary reads the environment, here once")]
    let value = std::env::var(variable).ok()?;
    Some(Zeroizing::new(value.into_bytes())).filter(|bytes| !bytes.is_empty())
}

fn owned(tree: &SourceTree) -> Vec<(String, Vec<u8>)> {
    tree.files().map(|(path, bytes)| (path.to_owned(), bytes.to_vec())).collect()
}

/// Writes every file of `tree` below `root`; files that are there are kept as they are.
fn write_tree(root: &Path, tree: &SourceTree) -> Result<()> {
    for (path, bytes) in tree.files() {
        let place = root.join(path);
        if !place.exists() {
            write_new(&place, bytes)?;
        }
    }
    Ok(())
}

/// Agents of environment prod, which genesis mode does not serve.
pub(crate) fn unserved(bundle: &Bundle) -> Vec<String> {
    bundle
        .agents()
        .filter(|agent| agent.facts.environment == Environment::Prod)
        .map(|agent| agent.facts.name.to_string())
        .collect()
}
