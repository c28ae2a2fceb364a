//! What is to be said of one secret: its versions, whether it is lent, what is due, and who was
//! lent it last. It judges what it is handed and reads nothing; no value comes near it.

use std::error::Error as _;

use model::{SecretName, SecretVersion, Timestamp};
use secrets::{Age, Fingerprint, Lifetime, Listed, SecretError, VersionState};

use super::uses::LastUse;

/// A secret as the charter in force declares it.
#[derive(Debug, Clone)]
pub(super) struct Declared {
    pub(super) purpose: String,
    pub(super) owner: String,
    /// Who holds that seat.
    pub(super) holder: Option<String>,
    pub(super) active: SecretVersion,
    pub(super) max_age_days: u32,
}

/// Everything said of one secret.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) name: SecretName,
    pub(super) declared: Option<Declared>,
    pub(super) standing: Standing,
    pub(super) versions: Vec<Version>,
    pub(super) uses: Vec<LastUse>,
}

/// Whether the secret is lent, and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Standing {
    /// Its active version is lent, and nothing is due.
    Current,
    /// Its active version is lent, and will soon be too old.
    Due,
    /// Its active version is too old.
    Overdue,
    /// Its active version was sealed at a time that has not come.
    Ahead,
    /// The version that the charter names was never sealed; the next to be sealed is this one.
    Missing { next: SecretVersion },
    /// The version that the charter names does not open.
    Unreadable(String),
    /// The charter in force does not declare it.
    Undeclared,
}

/// One sealed version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Version {
    pub(super) version: SecretVersion,
    /// Its state; none where no charter names a version.
    pub(super) state: Option<VersionState>,
    /// What was found when it was opened, or why it does not open.
    pub(super) sealed: Result<SealedAt, String>,
}

/// When a version was sealed, and how that compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SealedAt {
    pub(super) at: Timestamp,
    /// Its age in whole days; none where it was sealed at a time that has not come.
    pub(super) days: Option<u64>,
    /// How it stands in its time; where no charter sets a maximum age, none is reached.
    pub(super) age: Age,
    /// The first version that holds the same value, where an older one does.
    pub(super) same_as: Option<SecretVersion>,
}

impl Report {
    /// The report of the secret `name` at `now`: `listed` are its sealed versions, the first one
    /// first.
    pub(super) fn of(
        name: SecretName,
        declared: Option<Declared>,
        listed: &[&Listed],
        uses: Vec<LastUse>,
        now: Timestamp,
    ) -> Self {
        let versions: Vec<Version> =
            listed.iter().map(|one| Version::of(one, listed, declared.as_ref(), now)).collect();
        let standing = declared
            .as_ref()
            .map_or(Standing::Undeclared, |declared| Standing::of(declared, &versions));
        Self { name, declared, standing, versions, uses }
    }

    /// The time of the version that the charter names, where that opens.
    pub(super) fn lifetime(&self) -> Option<Lifetime> {
        let declared = self.declared.as_ref()?;
        let active = self.versions.iter().find(|one| one.version == declared.active)?;
        Some(Lifetime::new(active.sealed.as_ref().ok()?.at, declared.max_age_days))
    }
}

impl Version {
    fn of(one: &Listed, all: &[&Listed], declared: Option<&Declared>, now: Timestamp) -> Self {
        let sealed = one.sealed.as_ref().map_err(why).map(|sealed| {
            let max_age_days = declared.map_or(u32::MAX, |declared| declared.max_age_days);
            let lifetime = Lifetime::new(sealed.created, max_age_days);
            SealedAt {
                at: sealed.created,
                days: lifetime.days(now),
                age: lifetime.age(now),
                same_as: first_with(all, sealed.fingerprint).filter(|first| *first < one.version),
            }
        });
        let state = declared.map(|declared| VersionState::of(one.version, declared.active));
        Self { version: one.version, state, sealed }
    }
}

impl Standing {
    fn of(declared: &Declared, versions: &[Version]) -> Self {
        let Some(active) = versions.iter().find(|one| one.version == declared.active) else {
            let last = versions.last().map_or(0, |last| last.version.0);
            return Self::Missing { next: SecretVersion(last.saturating_add(1)) };
        };
        match &active.sealed {
            Err(why) => Self::Unreadable(why.clone()),
            Ok(sealed) => match sealed.age {
                Age::Fresh => Self::Current,
                Age::Due => Self::Due,
                Age::Overdue => Self::Overdue,
                Age::Ahead => Self::Ahead,
            },
        }
    }

    /// The name in JSON.
    pub(super) const fn as_str(&self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Due => "due",
            Self::Overdue => "overdue",
            Self::Ahead => "ahead",
            Self::Missing { .. } => "missing",
            Self::Unreadable(_) => "unreadable",
            Self::Undeclared => "undeclared",
        }
    }

    /// Whether somebody must act before calls are served again.
    pub(super) const fn is_finding(&self) -> bool {
        match self {
            Self::Current | Self::Due | Self::Undeclared => false,
            Self::Overdue | Self::Ahead | Self::Missing { .. } | Self::Unreadable(_) => true,
        }
    }
}

/// The first version that holds the value with this fingerprint.
fn first_with(all: &[&Listed], fingerprint: Fingerprint) -> Option<SecretVersion> {
    all.iter()
        .find(|one| one.sealed.as_ref().is_ok_and(|sealed| sealed.fingerprint == fingerprint))
        .map(|one| one.version)
}

/// Why a version does not open, with the system's reason. Errors of the store hold no content.
fn why(error: &SecretError) -> String {
    error.source().map_or_else(|| error.to_string(), |source| format!("{error}: {source}"))
}
