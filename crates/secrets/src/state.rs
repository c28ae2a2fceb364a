//! What a sealed version is to the charter in force: waiting, in use, or past.
//!
//! Nothing is stored: the version the charter names decides, so that a change of the charter is
//! the only way from one state to another.

use std::fmt;

use model::SecretVersion;

/// The state of one sealed version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VersionState {
    /// Newer than the one the charter names: lent to nobody until a change names it.
    Pending,
    /// The one the charter names.
    Active,
    /// Older than the one the charter names: lent to nobody any more.
    Retired,
}

impl VersionState {
    /// The state of `version` where the charter names `active`.
    #[must_use]
    pub fn of(version: SecretVersion, active: SecretVersion) -> Self {
        match version.cmp(&active) {
            std::cmp::Ordering::Greater => Self::Pending,
            std::cmp::Ordering::Equal => Self::Active,
            std::cmp::Ordering::Less => Self::Retired,
        }
    }

    /// The name in answers and listings.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Active => "active",
            Self::Retired => "retired",
        }
    }
}

impl fmt::Display for VersionState {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_charters_version_alone_decides() {
        let check = |version, active, expected: &str| {
            let state = VersionState::of(SecretVersion(version), SecretVersion(active));
            assert_eq!(state.to_string(), expected, "v{version} where the charter names v{active}");
        };
        check(1, 1, "active");
        check(2, 1, "pending");
        check(u32::MAX, 1, "pending");
        check(1, 2, "retired");
        check(1, u32::MAX, "retired");
    }
}
