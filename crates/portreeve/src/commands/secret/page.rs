//! A secret's report as text and as JSON. It lays out what a report says and adds nothing.

use std::fmt::Write as _;

use secrets::{Age, VersionState};
use serde_json::{Value, json};

use super::report::{Declared, Report, SealedAt, Standing, Version};
use super::uses::LastUse;

/// Width of the left column.
const LABEL: usize = 10;

impl Report {
    /// The report for people.
    pub(super) fn text(&self) -> String {
        let mut text = format!("{}  {}\n", self.name, self.headline());
        if let Some(declared) = &self.declared {
            let holder = declared.holder.as_deref().unwrap_or("nobody");
            row(&mut text, "purpose", &declared.purpose);
            row(&mut text, "owner", &format!("{} ({holder})", declared.owner));
            row(&mut text, "max age", &self.max_age(declared));
        }
        rows(&mut text, "versions", "none is sealed", self.versions.iter().map(Version::text));
        rows(&mut text, "last use", "none is in the log", self.uses.iter().map(LastUse::text));
        text
    }

    /// The report for programs.
    pub(super) fn json(&self, scanned: u64) -> Value {
        let declared = self.declared.as_ref();
        let lifetime = self.lifetime();
        json!({
            "name": self.name,
            "standing": self.standing.as_str(),
            "finding": self.standing.is_finding(),
            "refusal": self.standing.refusal(),
            "purpose": declared.map(|declared| &declared.purpose),
            "owner": declared.map(|declared| &declared.owner),
            "answered_by": declared.and_then(|declared| declared.holder.as_ref()),
            "max_age_days": declared.map(|declared| declared.max_age_days),
            "active": declared.map(|declared| declared.active),
            "warned_from": lifetime.map(|lifetime| lifetime.warned_from()),
            "ends": lifetime.map(|lifetime| lifetime.ends()),
            "versions": self.versions.iter().map(Version::json).collect::<Vec<_>>(),
            "last_use": self.uses.iter().map(LastUse::json).collect::<Vec<_>>(),
            "entries_scanned": scanned,
        })
    }

    /// How it stands, and what is to be done where something is.
    fn headline(&self) -> String {
        let active = self.declared.as_ref().map_or(String::new(), |one| one.active.to_string());
        let ends = self.lifetime().map_or(String::new(), |lifetime| lifetime.ends().to_string());
        let refused = self
            .standing
            .refusal()
            .map_or(String::new(), |code| format!("calls are refused ({code})"));
        match &self.standing {
            Standing::Current => format!("{active} is lent, until {ends}"),
            Standing::Due => {
                format!("DUE: {active} is lent until {ends}; seal the next version and activate it")
            }
            Standing::Overdue => format!(
                "OVERDUE: {active} was lent until {ends}: {refused}; seal the next version and activate it"
            ),
            Standing::Ahead => format!(
                "AHEAD: {active} was sealed at a time that this machine's clock has not reached, \
                 so its age cannot be told: {refused}; set the clock right, or seal the next \
                 version and activate it"
            ),
            Standing::Missing { next } => format!(
                "MISSING: the charter names {active}, which was never sealed: {refused}; the next \
                 that `portreeve secret put {}` seals is {next}",
                self.name
            ),
            Standing::Unreadable(why) => format!(
                "UNREADABLE: {active} does not open, so from the next start on {refused}: {why}"
            ),
            Standing::Undeclared => {
                "UNDECLARED: the charter in force does not name it, so it is lent to nobody".into()
            }
        }
    }

    fn max_age(&self, declared: &Declared) -> String {
        let warned = self.lifetime().map_or(String::new(), |lifetime| {
            format!("; {} is warned about from {}", declared.active, lifetime.warned_from())
        });
        format!("{} days{warned}", declared.max_age_days)
    }
}

impl Standing {
    /// The code with which calls are refused; none where they are not.
    const fn refusal(&self) -> Option<&'static str> {
        match self {
            Self::Current | Self::Due | Self::Undeclared => None,
            Self::Overdue | Self::Ahead => Some(model::RefusalCode::SecretExpired.as_str()),
            Self::Missing { .. } | Self::Unreadable(_) => {
                Some(model::RefusalCode::SecretMissing.as_str())
            }
        }
    }
}

impl Version {
    fn text(&self) -> String {
        let state = self.state.map_or("-", VersionState::as_str);
        let sealed = match &self.sealed {
            Ok(sealed) => sealed.text(self.state),
            Err(why) => format!("does not open: {why}"),
        };
        format!("{:<4} {state:<8} {sealed}", self.version.to_string())
    }

    fn json(&self) -> Value {
        let sealed = self.sealed.as_ref().ok();
        json!({
            "version": self.version,
            "state": self.state.map(VersionState::as_str),
            "sealed": sealed.map(|sealed| sealed.at),
            "age_days": sealed.and_then(|sealed| sealed.days),
            "may_be_lent": sealed.is_some_and(|sealed| sealed.age.may_be_lent()),
            "same_value_as": sealed.and_then(|sealed| sealed.same_as),
            "problem": self.sealed.as_ref().err(),
        })
    }
}

impl SealedAt {
    fn text(self, state: Option<VersionState>) -> String {
        let mut text = format!("sealed {}", self.at);
        // Writing to a String cannot fail.
        let _ = match self.days {
            Some(1) => write!(text, ", 1 day old"),
            Some(days) => write!(text, ", {days} days old"),
            None => write!(text, ", ahead of this machine's clock"),
        };
        if state == Some(VersionState::Pending) && self.age == Age::Overdue {
            text.push_str(", too old to be lent");
        }
        if let Some(first) = self.same_as {
            let _ = write!(text, ", the same value as {first}");
        }
        text
    }
}

impl LastUse {
    fn text(&self) -> String {
        let agent = self.agent.as_ref().map_or("an unknown agent", |agent| agent.as_str());
        let times = if self.leases == 1 { "lease" } else { "leases" };
        format!(
            "{agent}  {}  {}  decision {}  ({} {times})",
            self.at, self.version, self.decision, self.leases
        )
    }

    fn json(&self) -> Value {
        json!({
            "agent": self.agent,
            "at": self.at,
            "version": self.version,
            "decision": self.decision,
            "leases": self.leases,
        })
    }
}

fn row(text: &mut String, label: &str, value: &str) {
    // Writing to a String cannot fail.
    let _ = writeln!(text, "  {label:<LABEL$} {value}");
}

/// One row for each value, the first of them labelled; `none` where there is no value.
fn rows(text: &mut String, label: &str, none: &str, values: impl Iterator<Item = String>) {
    let mut values = values.peekable();
    if values.peek().is_none() {
        row(text, label, none);
    }
    for (at, value) in values.enumerate() {
        row(text, if at == 0 { label } else { "" }, &value);
    }
}
