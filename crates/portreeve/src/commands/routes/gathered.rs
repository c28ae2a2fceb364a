//! One model as the charter in force routes it, joined with what is sealed and how it fares.

use bundle::{Bundle, Model, Target};
use model::{Operation, PersonName, Timestamp};
use policy::SecretFacts;
use secrets::{Lifetime, SecretStore};

use crate::reports::{HealthReport, HealthState, RouteReport};

/// One day, in milliseconds.
const DAY_MS: u64 = 86_400_000;

/// What routes are gathered from.
pub(super) struct Seen<'b> {
    pub(super) bundle: &'b Bundle,
    pub(super) secrets: &'b SecretStore,
    /// What the process that serves says; none where nothing serves.
    pub(super) live: Option<Vec<RouteReport>>,
    pub(super) now: Timestamp,
}

/// A model and where it is served.
pub(super) struct Route<'b> {
    pub(super) model: &'b Model,
    /// Who holds the seat that answers for it.
    pub(super) answered_by: Option<&'b PersonName>,
    /// What can be asked of it, as far as its providers' wire forms say.
    pub(super) operations: Vec<Operation>,
    /// In the order in which they are tried.
    pub(super) targets: Vec<TargetRoute<'b>>,
    /// Whether a process serves from the home.
    pub(super) serving: bool,
}

/// One place where a model is served.
pub(super) struct TargetRoute<'b> {
    pub(super) target: &'b Target,
    pub(super) secret: Option<SecretAge<'b>>,
    /// Days until it is no longer served, 0 or less where that has come; none where no end is
    /// stated.
    pub(super) end_in_days: Option<i64>,
    /// Calls under way; none where nobody knows.
    pub(super) in_flight: Option<usize>,
    pub(super) health: HealthReport,
}

/// The secret of a target; never its value.
pub(super) struct SecretAge<'b> {
    pub(super) facts: &'b SecretFacts,
    /// When the active version was sealed; none where it has no value that opens.
    pub(super) sealed: Option<Timestamp>,
    /// Whole days since; none where it is not sealed, or the clock says it is yet to be.
    pub(super) age_days: Option<u64>,
    /// How old it may become; none where the charter does not declare it any more.
    pub(super) max_age_days: Option<u32>,
    /// Whether the gateway lends it, as far as its age goes.
    pub(super) lent: bool,
}

impl<'b> Route<'b> {
    pub(super) fn gather(model: &'b Model, seen: &Seen<'b>) -> Self {
        Self {
            model,
            answered_by: seen.bundle.holder(&model.facts.owner),
            operations: Operation::ALL.iter().copied().filter(|one| serves(model, *one)).collect(),
            targets: model
                .targets
                .iter()
                .map(|target| TargetRoute::gather(model, target, seen))
                .collect(),
            serving: seen.live.is_some(),
        }
    }

    /// What is wrong with the route as a whole: that nothing serves it now.
    pub(super) fn finding(&self) -> Option<String> {
        let mut reasons = Vec::new();
        for target in &self.targets {
            let reason = target.out_of_service()?;
            reasons.push(format!("{} {reason}", target.target.facts.provider));
        }
        Some(format!("no target can serve it now: {}", reasons.join("; ")))
    }

    /// Whether anything is wrong with it or with one of its places.
    pub(super) fn has_finding(&self) -> bool {
        self.finding().is_some() || self.targets.iter().any(|target| target.finding().is_some())
    }
}

impl<'b> TargetRoute<'b> {
    fn gather(model: &Model, target: &'b Target, seen: &Seen<'b>) -> Self {
        let facts = &target.facts;
        let report = seen.live.iter().flatten().find(|report| {
            report.model == model.facts.name
                && report.provider == facts.provider
                && report.upstream_model == facts.upstream_model
        });
        Self {
            target,
            secret: facts.secret.as_ref().map(|secret| SecretAge::of(secret, seen)),
            end_in_days: facts.claims.end_of_life.map(|end| days_until(end, seen.now)),
            in_flight: report.map(|report| report.in_flight),
            health: report.map_or(HealthReport::UNKNOWN, |report| report.health.clone()),
        }
    }

    /// What is wrong with the place that does not mend itself: its key is not lent.
    pub(super) fn finding(&self) -> Option<String> {
        let secret = self.secret.as_ref()?;
        let reason = secret.withheld()?;
        Some(format!("it {reason}, so no call goes there: see `portreeve secret status`"))
    }

    /// Why no call goes there now, whoever makes it; none where one may.
    fn out_of_service(&self) -> Option<&'static str> {
        if self.end_in_days.is_some_and(|days| days <= 0) {
            return Some("is past its end");
        }
        if let Some(reason) = self.secret.as_ref().and_then(SecretAge::withheld) {
            return Some(reason);
        }
        match self.health.state {
            HealthState::SetAside | HealthState::Probing => Some("failed and is set aside"),
            HealthState::Healthy
            | HealthState::Failing
            | HealthState::ProbeDue
            | HealthState::Unknown => None,
        }
    }
}

impl<'b> SecretAge<'b> {
    fn of(facts: &'b SecretFacts, seen: &Seen<'b>) -> Self {
        let sealed = seen.secrets.sealed_at(&facts.name, facts.version);
        let max_age_days = seen.bundle.secret(&facts.name).map(|secret| secret.max_age_days);
        let lifetime = sealed.zip(max_age_days).map(|(sealed, days)| Lifetime::new(sealed, days));
        Self {
            facts,
            sealed,
            age_days: lifetime.and_then(|lifetime| lifetime.days(seen.now)),
            max_age_days,
            lent: lifetime.is_some_and(|lifetime| lifetime.age(seen.now).may_be_lent()),
        }
    }

    /// Why it is not lent; none where it is.
    const fn withheld(&self) -> Option<&'static str> {
        match (self.sealed, self.lent) {
            (None, _) => Some("has no sealed key"),
            (Some(_), false) => Some("has a key that may not be lent for its age"),
            (Some(_), true) => None,
        }
    }
}

/// Whole days from `now` to `end`, the last one begun counted; 0 or less from the end on.
fn days_until(end: Timestamp, now: Timestamp) -> i64 {
    let whole = |ms: u64| i64::try_from(ms / DAY_MS).unwrap_or(i64::MAX);
    if end > now {
        whole(end.millis_since(now).saturating_add(DAY_MS - 1))
    } else {
        -whole(now.millis_since(end))
    }
}

/// Whether any provider of the model speaks the wire form of the operation.
fn serves(model: &Model, operation: Operation) -> bool {
    let speaks = |dialect| model.targets.iter().any(|target| target.facts.kind.speaks(dialect));
    operation.dialect().is_some_and(speaks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_day_counts_until_it_is_over() {
        let check = |end: i64, now: i64, expect: i64| {
            let at = Timestamp::from_millis;
            assert_eq!(days_until(at(end), at(now)), expect, "{end} from {now}");
        };
        let day = 86_400_000;
        check(10 * day, 0, 10);
        check(day, 1, 1);
        check(day, day - 1, 1);
        check(day, day, 0);
        check(day, day + 1, 0);
        check(day, 3 * day, -2);
    }
}
