//! Opens what a serving process writes and checks with: the logs, the sealed store, the token
//! service, its verifier.

use anyhow::{Context as _, Result};
use identity::{Expected, TokenVerifier, TrustedKey};
use issuer::{ServiceNames, SigningKey, TokenService};
use ledger::{ControlLog, DecisionLog, FactKeys, LogHome};
use secrets::{SealingKey, SecretStore};
use tlog::LogKey;
use zeroize::Zeroizing;

use crate::clock;
use crate::home::Home;
use crate::said::{self, Event};

/// Opens the sealed store of `gateway`.
pub(crate) fn open_secrets(home: &Home, key: SealingKey, gateway: &str) -> Result<SecretStore> {
    SecretStore::open(home.secrets(), key, gateway, clock::system())
        .context("the sealed store cannot be opened")
}

pub(crate) fn token_service(
    key: SigningKey,
    genesis: &govern::GenesisBody,
) -> Result<TokenService> {
    let names = ServiceNames {
        issuer: format!("spiffe://{}", genesis.trust_domain),
        audience: format!("portreeve:{}", genesis.gateway),
        trust_domain: genesis.trust_domain.parse()?,
    };
    Ok(TokenService::new(key, names)?)
}

pub(crate) fn verifier(issuer: &TokenService) -> Result<TokenVerifier> {
    let key = issuer.public_key();
    let trusted = TrustedKey { kid: key.kid().to_owned(), point: *key.point() };
    let names = issuer.names().clone();
    let expected = Expected {
        issuer: names.issuer,
        audience: names.audience,
        trust_domain: names.trust_domain,
    };
    Ok(TokenVerifier::new(vec![trusted], expected)?)
}

/// Opens the control log for writing; the home's lock is held.
pub(crate) fn open_control(home: &Home, key: LogKey) -> Result<ControlLog> {
    let (log, recovered) =
        ControlLog::open(LogHome::new(home.control_log()), key, clock::system(), log_settings())
            .context("the control log cannot be opened")?;
    report_cut("control", recovered.cut_bytes);
    Ok(log)
}

pub(crate) fn open_decisions(
    home: &Home,
    key: LogKey,
    facts: &Zeroizing<[u8; 32]>,
) -> Result<DecisionLog> {
    let facts = FactKeys::open(&home.fact_keys(), facts)
        .context("the keys of the facts cannot be opened")?;
    let (log, recovered) = DecisionLog::open(
        LogHome::new(home.decision_log()),
        key,
        facts,
        clock::system(),
        log_settings(),
    )
    .context("the decision log cannot be opened")?;
    report_cut("decision", recovered.cut_bytes);
    for id in &recovered.unpaired {
        let text = format!(
            "decision {id} was recorded but its outcome was lost when the gateway last stopped; \
             it is now recorded as interrupted"
        );
        said::tell(Event::OutcomeLost, &text);
    }
    Ok(log)
}

/// Says that the end of a write-ahead log was cut: a crash within a write leaves such bytes, and
/// so does damage to the last batch. A receipt for an entry that is gone tells them apart.
fn report_cut(log: &str, cut_bytes: u64) {
    if cut_bytes > 0 {
        let text = format!(
            "the {log} log's write-ahead file ended in {cut_bytes} bytes that are no whole batch; \
             they were cut off. After a crash that is what was being written; if nothing crashed, \
             the file was damaged, and entries may be missing that receipts were given for"
        );
        said::tell(Event::LogCut, &text);
    }
}

fn log_settings() -> ledger::Settings {
    let software = concat!("portreeve ", env!("CARGO_PKG_VERSION")).to_owned();
    ledger::Settings { software, ..ledger::Settings::default() }
}
