//! The keys of a home: made where they are missing, read where they are there.

use std::path::Path;

use anyhow::{Context as _, Result};
use approval::PersonKey;
use aws_lc_rs::{hkdf, hmac};
use issuer::SigningKey;
use secrets::SealingKey;
use tlog::{LogKey, Origin};
use zeroize::Zeroizing;

use crate::clock;
use crate::exit::Failure;
use crate::home::{Home, read_key, write_new};

/// Every key a serving gateway holds.
pub(crate) struct Keys {
    pub(crate) token: SigningKey,
    pub(crate) control: LogKey,
    pub(crate) decisions: LogKey,
    pub(crate) sealing: SealingKey,
    /// Wraps the per-agent keys under which facts are sealed.
    pub(crate) facts: Zeroizing<[u8; 32]>,
}

/// Reads the keys, making each that is missing.
pub(crate) fn read_or_make(home: &Home, trust_domain: &str) -> Result<Keys> {
    Ok(Keys {
        token: token_key(home)?,
        control: log_key(home, trust_domain, "control")?,
        decisions: log_key(home, trust_domain, "decisions")?,
        sealing: sealing_key(home)?,
        facts: facts_key(home)?,
    })
}

/// Reads the keys of a gateway that was begun. A missing one is not made anew: what it sealed
/// or signed would be lost without a word.
pub(crate) fn read(home: &Home) -> Result<Keys> {
    let files = ["token.pem", "log-control.skey", "log-decisions.skey", "sealing.key", "facts.key"];
    let missing: Vec<String> = files
        .into_iter()
        .map(|name| home.key(name))
        .filter(|path| !path.is_file())
        .map(|path| path.display().to_string())
        .collect();
    if !missing.is_empty() {
        let text = format!("missing: {}; restore it from a backup of keys/", missing.join(", "));
        return Err(Failure::unavailable(text).into());
    }
    read_or_make(home, "")
}

/// The person's key: the file given, the one in the home, or a new one in the home. A file that
/// cannot be used is a mistake of whoever named it.
pub(crate) fn person(home: &Home, given: Option<&Path>) -> Result<PersonKey> {
    let own = home.key("person");
    let path = given.unwrap_or(&own);
    let found = read_key(path)
        .map_err(|cause| Failure::settings(format!("{:#}", anyhow::Error::new(cause))))?;
    if let Some(bytes) = found {
        let text = std::str::from_utf8(&bytes).unwrap_or_default();
        let key = PersonKey::from_openssh(text).map_err(|why| {
            let path = path.display();
            Failure::settings(format!("the person's key {path} cannot be used: {why}"))
        })?;
        return Ok(key);
    }
    if given.is_some() {
        let text = format!("there is no key file {}", path.display());
        return Err(Failure::settings(text).into());
    }
    let seed = Zeroizing::new(clock::random()?);
    let key = PersonKey::generate(&seed, "portreeve genesis person")
        .context("the person's key cannot be made")?;
    let text = key.to_openssh().context("the person's key cannot be written")?;
    let line = key.public_line().context("the person's key cannot be written")?;
    // The public half first: the private file is what later runs look for.
    write_new(&home.key("person.pub"), format!("{line}\n").as_bytes())?;
    write_new(&own, text.as_bytes())?;
    Ok(key)
}

fn token_key(home: &Home) -> Result<SigningKey> {
    let path = home.key("token.pem");
    if let Some(bytes) = read_key(&path)? {
        let text = std::str::from_utf8(&bytes).context("the token key is not text")?;
        return SigningKey::from_pem(text)
            .with_context(|| format!("the token key {} cannot be used", path.display()));
    }
    let key = SigningKey::generate().context("the token key cannot be made")?;
    let text = key.to_pem().context("the token key cannot be written")?;
    write_new(&path, text.as_bytes())?;
    Ok(key)
}

fn log_key(home: &Home, trust_domain: &str, log: &str) -> Result<LogKey> {
    let path = home.key(&format!("log-{log}.skey"));
    if let Some(bytes) = read_key(&path)? {
        let text = std::str::from_utf8(&bytes).context("the log key is not text")?;
        return LogKey::from_skey(text.trim())
            .with_context(|| format!("the log key {} cannot be used", path.display()));
    }
    let origin: Origin = format!("{trust_domain}/{log}")
        .parse()
        .with_context(|| format!("the {log} log cannot be named after the trust domain"))?;
    let key = LogKey::generate(origin, clock::random()?);
    write_new(&path, key.skey().as_bytes())?;
    Ok(key)
}

fn sealing_key(home: &Home) -> Result<SealingKey> {
    let path = home.key("sealing.key");
    SealingKey::read_or_make(&path).context("the sealing key cannot be used")
}

/// The key that wraps those of the facts, for reading facts; none where it is missing.
pub(crate) fn facts(home: &Home) -> Result<Option<Zeroizing<[u8; 32]>>> {
    let path = home.key("facts.key");
    let Some(bytes) = read_key(&path)? else { return Ok(None) };
    let key: [u8; 32] = bytes
        .as_slice()
        .try_into()
        .with_context(|| format!("{} is not 32 bytes long", path.display()))?;
    Ok(Some(Zeroizing::new(key)))
}

/// The key that proves the snapshot of the budgets' counters: derived from the one of the facts,
/// so that a home has no file more. None where that is missing.
pub(crate) fn counters(home: &Home) -> Result<Option<hmac::Key>> {
    let Some(facts) = facts(home)? else { return Ok(None) };
    let prk = hkdf::Prk::new_less_safe(hkdf::HKDF_SHA256, facts.as_slice());
    let expanded = prk.expand(&[b"portreeve budget counters"], hmac::HMAC_SHA256);
    let expanded = expanded.ok().context("the key of the counters cannot be derived")?;
    Ok(Some(hmac::Key::from(expanded)))
}

fn facts_key(home: &Home) -> Result<Zeroizing<[u8; 32]>> {
    if let Some(key) = facts(home)? {
        return Ok(key);
    }
    let path = home.key("facts.key");
    let key = Zeroizing::new(clock::random()?);
    write_new(&path, key.as_slice())?;
    Ok(key)
}
