//! `portreeve secret status`: what each secret is, how long it is lent still, and who was lent it
//! last. It reads the home, whether or not a process serves from it, and changes nothing.

use std::collections::BTreeSet;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use bundle::Bundle;
use model::{SecretName, Timestamp};
use secrets::Listed;
use serde_json::Value;

use super::report::{Declared, Report};
use super::uses::Uses;
use crate::begun::Begun;
use crate::cli::Output;
use crate::clock;
use crate::commands::decisions;
use crate::exit::Failure;
use crate::home::Home;
use crate::{print, suggest};

/// Prints the reports; a secret that calls need and cannot be lent is a finding: exit code 1.
pub(super) fn run(home: &Home, name: Option<&str>, output: Output) -> Result<ExitCode> {
    let wanted: Option<SecretName> =
        name.map(str::parse).transpose().map_err(|cause| Failure::name(&cause))?;
    let begun = Begun::demand(home)?;
    let bundle = begun.bundle(&begun.current()?.charter)?;
    let listed = super::store(home, &begun)?.list();
    let uses = uses(home)?;
    let reports = reports(&bundle, &listed, &uses, clock::system().now());
    let names: Vec<String> = reports.iter().map(|report| report.name.to_string()).collect();
    let reports: Vec<Report> = reports
        .into_iter()
        .filter(|report| wanted.as_ref().is_none_or(|wanted| report.name == *wanted))
        .collect();
    if let Some(wanted) = wanted.filter(|_| reports.is_empty()) {
        let ending = suggest::ending(wanted.as_str(), names.iter().map(String::as_str));
        let text = format!("no secret {wanted}: none is declared, sealed or was lent{ending}");
        return Err(Failure::not_known(text).into());
    }
    if output.json {
        let all: Vec<Value> = reports.iter().map(|report| report.json(uses.scanned())).collect();
        print::line(&serde_json::to_string_pretty(&all)?);
    } else {
        for report in &reports {
            print::line(&report.text());
        }
        print::line(&format!("{} entries of the decision log were scanned", uses.scanned()));
    }
    let found = reports.iter().any(|report| report.standing.is_finding());
    Ok(if found { ExitCode::from(1) } else { ExitCode::SUCCESS })
}

/// Every lease that the decision log tells of.
fn uses(home: &Home) -> Result<Uses> {
    let mut uses = Uses::default();
    for entry in
        decisions::open(home)?.entries(0).context("the decision log cannot be read")?.shown()
    {
        uses.take(&entry.context("the decision log cannot be read")?)?;
    }
    Ok(uses)
}

/// One report for each secret that is declared, sealed or was ever lent, by name.
fn reports(bundle: &Bundle, listed: &[Listed], uses: &Uses, now: Timestamp) -> Vec<Report> {
    let declared = bundle.secrets().map(|secret| &secret.name);
    let sealed = listed.iter().map(|one| &one.name);
    let names: BTreeSet<&SecretName> = declared.chain(sealed).chain(uses.names()).collect();
    names
        .into_iter()
        .map(|name| {
            let declared = bundle.secret(name).map(|secret| Declared {
                purpose: secret.purpose.clone(),
                owner: secret.owner.clone(),
                holder: bundle.holder(&secret.owner).map(ToString::to_string),
                active: secret.active,
                max_age_days: secret.max_age_days,
            });
            let versions: Vec<&Listed> = listed.iter().filter(|one| one.name == *name).collect();
            Report::of(name.clone(), declared, &versions, uses.of(name), now)
        })
        .collect()
}
