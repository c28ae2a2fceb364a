//! Points in time as people name them on the command line.

use anyhow::Result;
use model::Timestamp;

use crate::clock;
use crate::exit::Failure;

/// An RFC 3339 time, the beginning of a date in UTC, or an age such as `15m`.
pub(super) fn instant(flag: &str, text: &str) -> Result<Timestamp> {
    if let Ok(instant) = text.parse().or_else(|_| format!("{text}T00:00:00Z").parse()) {
        return Ok(instant);
    }
    let usage = || {
        let text = format!(
            "{flag} {text}: use a time such as 2026-11-24T09:00:00Z, a date such as 2026-11-24, or \
             an age such as 15m, 24h or 7d"
        );
        anyhow::Error::from(Failure::usage(text))
    };
    let unit = text.chars().last().ok_or_else(usage)?;
    let seconds: i64 = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        _ => return Err(usage()),
    };
    let count: i64 = text.trim_end_matches(unit).parse().map_err(|_| usage())?;
    let age_ms = count.checked_mul(seconds).and_then(|s| s.checked_mul(1000)).ok_or_else(usage)?;
    Ok(clock::system().now().plus_millis(age_ms.saturating_neg()))
}
