//! What time does to a charter that was sound when it was checked: targets come to their end, and
//! claims go unconfirmed. A finding changes nothing; it says who must look.

use model::{Claims, ModelName, Timestamp};
use policy::{Crowd, READ_TOGETHER_MAX};

use crate::Bundle;
use crate::compiled::{Model, Target};
use crate::price::PriceSource;

mod contexts;

/// How long before a target's end its owner is warned, in days.
pub const END_WARNED_DAYS: u32 = 60;

/// How long a claim stands unconfirmed, in days.
pub const CLAIMS_STAND_DAYS: u32 = 365;

/// How long before a context's end its owner is warned, in days.
pub const CONTEXT_WARNED_DAYS: u32 = 14;

/// Something in the charter that somebody should look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What kind; programs may match on it.
    pub code: &'static str,
    /// What is found, in one line.
    pub what: String,
    /// The seat that should look, as `seat:NAME`.
    pub who: String,
    /// What they can do.
    pub help: String,
}

/// What a target is found to be at an instant.
struct Looked<'b> {
    model: &'b Model,
    target: &'b Target,
    now: Timestamp,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}: {} ({})", self.what, self.help, self.who)
    }
}

impl Bundle {
    /// What somebody should look at, at `now`: by model, in the order of its targets; then by
    /// context; then by agent; then about policies.
    ///
    /// - `end-of-life-near`: a target ends within 60 days; `end-of-life-past`: it has ended.
    /// - `successor-past-its-end`: what is to take a target's place has ended itself.
    /// - `claims-unconfirmed`: claims that nobody confirmed for 365 days; `claims-ahead`: claims
    ///   confirmed on a day that has not come: until then, their age is unknown to policies.
    /// - `price-ahead`: a price that holds from a day that has not come.
    /// - `model-past-its-end`: every target of a model has ended.
    /// - `model-without-context`: a model that must be used in a context, and no context covers it;
    ///   `agent-without-context`: an agent that must call in one, and is bound to none that has not
    ///   ended.
    /// - `context-ending`: a context ends within 14 days; `context-ended`: it has ended.
    /// - `context-self-approved`: a context stands on the approval of the owner of one of its agents.
    /// - `policies-crowded`: so many policies are read together that every decision they could have
    ///   a part in is slow.
    /// - `agent-unallocated`: calls of an agent are charged to nobody, while others' are.
    #[must_use]
    pub fn findings(&self, now: Timestamp) -> Vec<Finding> {
        let mut found = Vec::new();
        for model in self.models() {
            for target in &model.targets {
                let looked = Looked { model, target, now };
                found.extend(looked.end());
                found.extend(looked.successor(self));
                found.extend(looked.claims());
                found.extend(looked.price());
            }
            if is_past_its_end(model, now) {
                let what = format!("no target of model `{}` is served any more", model.facts.name);
                let help = "propose a change that gives it another target, or withdraws it";
                found.push(finding("model-past-its-end", what, &model.facts.owner, help));
            }
            found.extend(contexts::of_model(self, model));
        }
        found.extend(self.contexts().flat_map(|context| contexts::of_context(self, context, now)));
        found.extend(self.agents().flat_map(|agent| contexts::of_agent(self, agent, now)));
        found.extend(self.policies().crowds().into_iter().map(crowded));
        found
    }
}

impl Looked<'_> {
    /// Whether the target ends soon, or has ended.
    fn end(&self) -> Option<Finding> {
        let end = self.claimed().end_of_life?;
        let (code, ends) = if end <= self.now {
            ("end-of-life-past", "has ended since")
        } else if end.millis_since(self.now) <= days_ms(END_WARNED_DAYS) {
            ("end-of-life-near", "ends on")
        } else {
            return None;
        };
        let what = format!("{} {ends} {}", self.named(), day(end));
        let help = match &self.claimed().successor {
            Some(successor) => {
                format!("its successor is `{successor}`; switching is a change: propose it")
            }
            None => "it names no successor; propose a change that puts another target in its place"
                .to_owned(),
        };
        Some(finding(code, what, &self.model.facts.owner, help))
    }

    /// Whether what is to take its place is no longer there.
    fn successor(&self, bundle: &Bundle) -> Option<Finding> {
        let successor: &ModelName = self.claimed().successor.as_ref()?;
        let ended =
            bundle.models.get(successor).is_some_and(|next| is_past_its_end(next, self.now));
        ended.then(|| {
            let what =
                format!("{} is to be followed by `{successor}`, which has ended", self.named());
            let help = "propose a change that names another successor";
            finding("successor-past-its-end", what, &self.model.facts.owner, help)
        })
    }

    /// Whether anybody stands behind the claims still.
    fn claims(&self) -> Option<Finding> {
        let stated = self.claimed().stated?;
        let who = self.claimed().owner.as_ref().unwrap_or(&self.model.facts.owner);
        let named = self.named();
        if stated > self.now {
            let what = format!(
                "the claims about {named} were confirmed on {}, which has not come",
                day(stated)
            );
            let help = "write the day on which they were last confirmed";
            return Some(finding("claims-ahead", what, who, help));
        }
        let old = self.now.millis_since(stated) > days_ms(CLAIMS_STAND_DAYS);
        old.then(|| {
            let what = format!("the claims about {named} were last confirmed on {}", day(stated));
            let help = "read the provider's terms again, then propose a change of `stated`";
            finding("claims-unconfirmed", what, who, help)
        })
    }

    /// Whether the price is one of a day that has not come.
    fn price(&self) -> Option<Finding> {
        let price = self.target.price.filter(|price| price.from == PriceSource::Charter)?;
        (price.since > self.now).then(|| {
            let what = format!(
                "the price of {} holds from {}, which has not come, and is counted already",
                self.named(),
                day(price.since)
            );
            let help = "state the price of today, and propose the other when its day comes";
            finding("price-ahead", what, &self.model.facts.owner, help)
        })
    }

    const fn claimed(&self) -> &Claims {
        &self.target.facts.claims
    }

    fn named(&self) -> String {
        let Self { model, target, .. } = self;
        let facts = &target.facts;
        format!(
            "`{}` at {}, for model `{}`,",
            facts.upstream_model, facts.provider, model.facts.name
        )
    }
}

fn crowded(crowd: Crowd) -> Finding {
    let Crowd { about, count, beyond } = crowd;
    let what = format!(
        "{count} policies about {about} are read together; the first of them beyond \
         {READ_TOGETHER_MAX} is `{}` at {}:{}",
        beyond.id, beyond.file, beyond.line
    );
    let help = "name a team and a resource in their scopes, or say in one policy what several say: \
                each is read for every such call";
    finding("policies-crowded", what, &beyond.owner, help)
}

/// Whether every target of the model has ended.
fn is_past_its_end(model: &Model, now: Timestamp) -> bool {
    model.targets.iter().all(|target| target.facts.claims.end_of_life.is_some_and(|end| end <= now))
}

fn finding(code: &'static str, what: String, who: &str, help: impl Into<String>) -> Finding {
    Finding { code, what, who: who.to_owned(), help: help.into() }
}

fn days_ms(days: u32) -> u64 {
    const DAY_MS: u64 = 24 * 60 * 60 * 1000;
    u64::from(days).saturating_mul(DAY_MS)
}

/// The day of an instant, in UTC, as charters write it.
fn day(instant: Timestamp) -> String {
    const DATE_CHARS: usize = 10;
    instant.to_string().chars().take(DATE_CHARS).collect()
}
