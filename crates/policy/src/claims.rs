//! What is claimed about a target, as policies see it. What nobody stated is not there.

use model::Timestamp;

use crate::facts::TargetFacts;
use crate::value::{Fields, Value};

const DAY_MS: i64 = 86_400_000;

/// `context.target` at `now`.
pub(crate) fn target(target: &TargetFacts, now: Timestamp) -> Value {
    let claims = &target.claims;
    let mut fields = Fields::from([("upstream_model", Value::Text(target.upstream_model.clone()))]);
    let known = [
        ("region", claims.region.clone().map(Value::Text)),
        ("retention_days", claims.retention_days.map(|days| Value::Long(days.into()))),
        ("trains", claims.trains.map(Value::Bool)),
        ("claims_age_days", claims.stated.and_then(|stated| age_days(stated, now))),
        ("days_to_end_of_life", claims.end_of_life.map(|end| days_left(end, now))),
    ];
    fields.extend(known.into_iter().filter_map(|(name, value)| Some((name, value?))));
    Value::Record(fields)
}

/// Whole days since `stated`. A day that has not come confirms nothing yet: the age is unknown.
fn age_days(stated: Timestamp, now: Timestamp) -> Option<Value> {
    (stated <= now).then(|| Value::Long(now.millis().saturating_sub(stated.millis()) / DAY_MS))
}

/// Whole days left before `end`, the first instant at which nothing is served: 0 throughout the
/// last 24 hours, -1 from `end` on.
fn days_left(end: Timestamp, now: Timestamp) -> Value {
    let last = end.millis().saturating_sub(1);
    Value::Long(last.saturating_sub(now.millis()).div_euclid(DAY_MS))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Timestamp = Timestamp::from_millis(20_000 * DAY_MS + DAY_MS / 2);

    #[test]
    fn age_counts_whole_days_and_a_day_to_come_is_unknown() {
        let age = |milliseconds| age_days(NOON.plus_millis(milliseconds), NOON);
        assert_eq!(age(0), Some(Value::Long(0)));
        assert_eq!(age(1 - DAY_MS), Some(Value::Long(0)));
        assert_eq!(age(-DAY_MS), Some(Value::Long(1)));
        assert_eq!(age(-365 * DAY_MS), Some(Value::Long(365)));
        assert_eq!(age(1), None);
        assert_eq!(
            age_days(Timestamp::from_millis(i64::MIN), NOON),
            Some(Value::Long(i64::MAX / DAY_MS))
        );
    }

    #[test]
    fn the_last_day_is_0_and_the_end_of_life_is_negative() {
        let left = |milliseconds| days_left(NOON.plus_millis(milliseconds), NOON);
        assert_eq!(left(DAY_MS + 1), Value::Long(1));
        assert_eq!(left(DAY_MS), Value::Long(0));
        assert_eq!(left(1), Value::Long(0));
        assert_eq!(left(0), Value::Long(-1));
        assert_eq!(left(-DAY_MS + 1), Value::Long(-1));
        assert_eq!(left(-DAY_MS), Value::Long(-2));
        assert_eq!(
            days_left(Timestamp::from_millis(i64::MIN), NOON),
            Value::Long(i64::MIN.div_euclid(DAY_MS))
        );
    }
}
