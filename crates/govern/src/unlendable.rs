//! Secrets that a charter's models need and that the sealed store cannot lend. It opens no value
//! and changes nothing; somebody is told what to seal before a caller finds out.

use std::collections::BTreeMap;

use bundle::{Bundle, Finding, Secret};
use model::{SecretName, Timestamp};
use secrets::{Age, Lifetime, SecretStore};

/// Most places that one finding names.
const NAMED_MAX: usize = 3;

/// A secret and the places that need it, as `MODEL at PROVIDER`.
struct Needed<'b> {
    secret: &'b Secret,
    by: Vec<String>,
}

/// The secrets that targets of models in `bundle` need and that are not lent at `now`, by name.
///
/// - `secret-missing`: the active version has no sealed value.
/// - `secret-overdue`: it is older than its owner allows.
/// - `secret-ahead`: it was sealed at a time that has not come, so its age cannot be told.
#[must_use]
pub fn unlendable(bundle: &Bundle, secrets: &SecretStore, now: Timestamp) -> Vec<Finding> {
    let mut needed: BTreeMap<&SecretName, Needed<'_>> = BTreeMap::new();
    for model in bundle.models() {
        for target in &model.targets {
            let named = target.facts.secret.as_ref();
            let Some(secret) = named.and_then(|facts| bundle.secret(&facts.name)) else { continue };
            let entry = needed.entry(&secret.name);
            let entry = entry.or_insert_with(|| Needed { secret, by: Vec::new() });
            entry.by.push(format!("{} at {}", model.facts.name, target.facts.provider));
        }
    }
    needed.values().filter_map(|needed| needed.finding(secrets, now)).collect()
}

impl Needed<'_> {
    fn finding(&self, secrets: &SecretStore, now: Timestamp) -> Option<Finding> {
        let Secret { name, active: version, owner, max_age_days, .. } = self.secret;
        let (code, found, help) = match secrets.sealed_at(name, *version) {
            None => ("secret-missing", "has no sealed value", self.unsealed(secrets)),
            Some(sealed) => {
                let another =
                    format!("seal another with `portreeve secret put {name}` and make it active");
                match Lifetime::new(sealed, *max_age_days).age(now) {
                    Age::Fresh | Age::Due => return None,
                    Age::Overdue => ("secret-overdue", "is older than its owner allows", another),
                    Age::Ahead => ("secret-ahead", "was sealed ahead of the clock", another),
                }
            }
        };
        let what =
            format!("secret `{name}` {version} {found}, so it is not lent for {}", self.places());
        Some(Finding { code, what, who: owner.clone(), help })
    }

    /// What to do where the active version has no value: the next to be sealed may be another.
    fn unsealed(&self, secrets: &SecretStore) -> String {
        let Secret { name, active: version, .. } = self.secret;
        match secrets.next_version(name) {
            Ok(next) if next != *version => format!(
                "the next value sealed becomes {next}: `active` must name a version that is sealed"
            ),
            Ok(_) | Err(_) => format!("seal it with `portreeve secret put {name}`"),
        }
    }

    fn places(&self) -> String {
        let named: Vec<&str> = self.by.iter().take(NAMED_MAX).map(String::as_str).collect();
        let more = self.by.len().saturating_sub(NAMED_MAX);
        let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("{}{rest}", named.join(", "))
    }
}
