//! A route as text, in lines of at most 100 characters where its names allow it.

use bundle::{Condition, Timeouts};
use model::{Claims, Timestamp};

use super::gathered::{Route, SecretAge, TargetRoute};
use crate::reports::{HealthReport, HealthState};

/// Longest line, in characters.
const WIDTH: usize = 100;
/// Where the health of a target begins.
const HEALTH_AT: usize = 50;

pub(super) fn route(route: &Route<'_>) -> String {
    let (model, retries) = (route.model, route.model.retries);
    let tries = match retries.attempts_max {
        None => {
            format!("one for each place a call may go to, begun within {}", span(retries.within_ms))
        }
        Some(1) => "one try".to_owned(),
        Some(most) => format!("at most {most} tries, begun within {}", span(retries.within_ms)),
    };
    let holder = route.answered_by.map(|person| format!(" ({person})")).unwrap_or_default();
    let operations: Vec<&str> = route.operations.iter().map(|one| one.as_str()).collect();
    let mut text = Lines::default();
    text.field("", &format!("{}  {}", model.facts.name, model.purpose.trim()), 2);
    text.field("  owner     ", &format!("{}{holder}", model.facts.owner), 12);
    text.field("  serves    ", &operations.join(", "), 12);
    text.field("  tries     ", &tries, 12);
    for (order, target) in (1..).zip(&route.targets) {
        self::target(&mut text, order, (target, route.serving));
    }
    if let Some(finding) = route.finding() {
        text.field("  FINDING   ", &finding, 12);
    }
    text.0
}

fn target(text: &mut Lines, order: usize, (route, serving): (&TargetRoute<'_>, bool)) {
    let (target, facts) = (route.target, &route.target.facts);
    let head =
        format!("  {order}. {} as {} ({})", facts.provider, facts.upstream_model, facts.kind);
    text.field("", &format!("{head:<HEALTH_AT$}{}", health(&route.health, serving)), 5);
    let mut field = |label: &str, value: &str| {
        text.field(&format!("     {label:<9}"), value, 14);
    };
    if let Some(weight) = target.weight {
        field("weight", &format!("{weight}, among its neighbours that carry one"));
    }
    if let Some(only) = only(&target.when) {
        field("only", &only);
    }
    field("key", &route.secret.as_ref().map_or_else(|| "none is needed".to_owned(), key));
    field("waits", &waits(target.timeouts));
    field("carries", &carries(route.in_flight, target.concurrency_max));
    field("claims", &claims(&facts.claims));
    if let (Some(end), Some(days)) = (facts.claims.end_of_life, route.end_in_days) {
        let when = if days > 0 { format!("in {days} days") } else { "PAST".to_owned() };
        let next = facts.claims.successor.as_ref();
        let next = next.map_or_else(|| "no successor".to_owned(), |next| format!("then {next}"));
        field("ends", &format!("{}, {when}; {next}", day(end)));
    }
    if let Some(finding) = route.finding() {
        field("FINDING", &finding);
    }
}

fn health(health: &HealthReport, serving: bool) -> String {
    let code = health.last_failure.as_ref().map(|code| format!(" ({code})")).unwrap_or_default();
    match health.state {
        HealthState::Healthy => "healthy".to_owned(),
        HealthState::Failing => {
            format!("failing, {} in a row{code}", health.failures.unwrap_or_default())
        }
        HealthState::SetAside => {
            let until = health.until.map(|until| until.to_string()).unwrap_or_default();
            format!("set aside until {until}{code}")
        }
        HealthState::ProbeDue => format!("due for a probe{code}"),
        HealthState::Probing => format!("set aside, being tried again{code}"),
        HealthState::Unknown if serving => "unknown".to_owned(),
        HealthState::Unknown => "unknown (nothing serves)".to_owned(),
    }
}

fn only(when: &Condition) -> Option<String> {
    let mut parts = Vec::new();
    if !when.environments.is_empty() {
        let names: Vec<&str> = when.environments.iter().map(|one| one.as_str()).collect();
        parts.push(format!("environment {}", names.join(" or ")));
    }
    if !when.data_classes.is_empty() {
        let names: Vec<&str> = when.data_classes.iter().map(|one| one.as_str()).collect();
        parts.push(format!("data class {}", names.join(" or ")));
    }
    let agents = (!parts.is_empty()).then(|| format!("agents of {}", parts.join(", ")));
    let contexts = (!when.contexts.is_empty()).then(|| {
        let names: Vec<&str> = when.contexts.iter().map(|one| one.as_str()).collect();
        format!("calls in context {}", names.join(" or "))
    });
    let said: Vec<String> = agents.into_iter().chain(contexts).collect();
    (!said.is_empty()).then(|| said.join("; "))
}

fn key(secret: &SecretAge<'_>) -> String {
    let facts = secret.facts;
    let max = secret.max_age_days.map(|max| format!(", at most {max}")).unwrap_or_default();
    let refused = if secret.lent { "" } else { ", NOT LENT" };
    let age = match (secret.sealed, secret.age_days) {
        (None, _) => "NOT SEALED".to_owned(),
        (Some(_), Some(1)) => format!("sealed 1 day ago{max}{refused}"),
        (Some(_), Some(days)) => format!("sealed {days} days ago{max}{refused}"),
        (Some(sealed), None) => format!("sealed {sealed}, ahead of the clock{refused}"),
    };
    format!("{} {}, {age}; {}", facts.name, facts.version, facts.owner)
}

fn waits(timeouts: Timeouts) -> String {
    format!(
        "connect {}, first byte {}, next byte {}, whole answer {}",
        span(timeouts.connect_ms),
        span(timeouts.first_byte_ms),
        span(timeouts.idle_ms),
        span(timeouts.total_ms)
    )
}

fn carries(in_flight: Option<usize>, most: Option<usize>) -> String {
    let most =
        most.map_or_else(|| "no bound of its own".to_owned(), |most| format!("at most {most}"));
    match in_flight {
        Some(count) => format!("{count} calls now, {most}"),
        None => most,
    }
}

/// What is claimed, the unknown named: a policy that asks for it is not satisfied.
fn claims(claims: &Claims) -> String {
    let known = |said: Option<String>| said.unwrap_or_else(|| "unknown".to_owned());
    let region = known(claims.region.clone());
    let keeps = known(claims.retention_days.map(|days| format!("{days} days")));
    let trains = known(claims.trains.map(|trains| if trains { "yes" } else { "no" }.to_owned()));
    let mut text = format!("region {region}, retention {keeps}, training {trains}");
    if let Some(stated) = claims.stated {
        text.push_str(&format!("; as stated on {}", day(stated)));
    }
    if let Some(owner) = &claims.owner {
        text.push_str(&format!("; {owner}"));
    }
    text
}

fn span(ms: u64) -> String {
    if ms.is_multiple_of(1000) { format!("{} s", ms / 1000) } else { format!("{ms} ms") }
}

/// The day of an instant, in UTC.
fn day(at: Timestamp) -> String {
    at.to_string().chars().take(10).collect()
}

/// Lines that are broken between words.
#[derive(Default)]
struct Lines(String);

impl Lines {
    /// Adds `label` and `value`; where they need more than one line, the others begin `indent`
    /// characters in.
    fn field(&mut self, label: &str, value: &str, indent: usize) {
        self.0.push_str(label);
        let mut at = label.chars().count();
        for word in value.split_inclusive(' ') {
            let length = word.trim_end().chars().count();
            if at > indent && at + length > WIDTH {
                self.0.truncate(self.0.trim_end().len());
                self.0.push('\n');
                self.0.push_str(&" ".repeat(indent));
                at = indent;
            }
            self.0.push_str(word);
            at += word.chars().count();
        }
        self.0.truncate(self.0.trim_end().len());
        self.0.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_values_go_on_below_and_no_line_is_too_long() {
        let mut lines = Lines::default();
        let value = "word ".repeat(40);
        lines.field("  label  ", &value, 9);
        assert!(lines.0.lines().count() > 1 && lines.0.ends_with("word\n"), "{}", lines.0);
        for line in lines.0.lines() {
            assert!(line.chars().count() <= WIDTH && line == line.trim_end(), "{line}");
        }
        assert_eq!(lines.0.split_whitespace().count(), 41);
        // A name that is longer than a line stands in one of its own, whole.
        let mut lines = Lines::default();
        lines.field("  label  ", &"x".repeat(200), 9);
        assert_eq!(lines.0, format!("  label  {}\n", "x".repeat(200)));
    }

    #[test]
    fn what_is_not_claimed_is_called_unknown() {
        assert_eq!(
            claims(&Claims::default()),
            "region unknown, retention unknown, training unknown"
        );
        let stated = Claims {
            region: Some("eu".to_owned()),
            retention_days: Some(0),
            trains: Some(false),
            stated: Some(Timestamp::from_millis(1_795_510_800_007)),
            owner: Some("seat:legal".to_owned()),
            ..Claims::default()
        };
        assert_eq!(
            claims(&stated),
            "region eu, retention 0 days, training no; as stated on 2026-11-24; seat:legal"
        );
    }
}
