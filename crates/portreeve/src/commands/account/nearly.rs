//! Which permits nearly allowed what was refused: for operators and owners, never for agents. From
//! the facts that were sealed then and the charter of that time.

use model::{DecisionRecord, RefusalCode};
use policy::{NearMiss, Policies, RecordedFacts, Unmet};
use serde_json::{Value, json};

/// Most of them that are shown, the nearest first.
const SHOWN_MAX: usize = 5;

/// What is known of them.
pub(crate) enum Nearly {
    /// Nothing was refused for want of a permit.
    NotAsked,
    /// Those there are.
    Known(Vec<NearMiss>),
    /// They cannot be told, for this reason.
    Unknown(String),
}

impl Nearly {
    /// Those of `decision`, whose facts, if it has any, `read` gives.
    pub(crate) fn of(
        decision: &DecisionRecord,
        policies: &Policies,
        read: impl FnOnce() -> Result<RecordedFacts, String>,
    ) -> Self {
        if decision.verdict.allowed && decision.withheld.is_empty() {
            return Self::NotAsked;
        }
        match read() {
            Ok(facts) => Self::Known(policies.near_misses(&facts.asked.borrow())),
            Err(why) if wants_a_permit(decision) => Self::Unknown(why),
            Err(_) => Self::NotAsked,
        }
    }

    /// Every policy it names.
    pub(crate) fn misses(&self) -> &[NearMiss] {
        match self {
            Self::Known(misses) => misses.get(..SHOWN_MAX).unwrap_or(misses),
            Self::NotAsked | Self::Unknown(_) => &[],
        }
    }

    /// How many there are beside those that are shown.
    fn more(&self) -> usize {
        match self {
            Self::Known(misses) => misses.len().saturating_sub(SHOWN_MAX),
            Self::NotAsked | Self::Unknown(_) => 0,
        }
    }

    /// For people: a paragraph each, of lines, `seat` naming whom to ask.
    pub(crate) fn paragraphs(&self, seat: impl Fn(&str) -> String) -> Vec<Vec<String>> {
        let mut paragraphs: Vec<_> =
            self.misses().iter().map(|miss| paragraph(miss, &seat)).collect();
        if let Some(last) = paragraphs.last_mut().filter(|_| self.more() > 0) {
            last.push(format!("and {} more", self.more()));
        }
        if let Self::Unknown(why) = self {
            paragraphs.push(vec![format!("cannot be told: {why}")]);
        }
        paragraphs
    }

    /// For programs.
    pub(crate) fn json(&self) -> Value {
        json!({
            "nearest": self.misses().iter().map(object).collect::<Vec<_>>(),
            "more": self.more(),
            "unknown": match self {
                Self::Unknown(why) => Some(why),
                Self::NotAsked | Self::Known(_) => None,
            },
        })
    }
}

/// Whether the record itself says that something was refused because no policy allows it.
fn wants_a_permit(decision: &DecisionRecord) -> bool {
    let withheld = decision.withheld.iter().map(|withheld| withheld.code.as_str());
    let mut codes = std::iter::once(decision.verdict.code.as_str()).chain(withheld);
    codes.any(|code| code == RefusalCode::PolicyNoPermit.as_str())
}

fn paragraph(miss: &NearMiss, seat: &impl Fn(&str) -> String) -> Vec<String> {
    let NearMiss { policy, places, unmet } = miss;
    let place =
        |(provider, upstream): &(model::ProviderName, String)| format!("{provider} as {upstream}");
    let places = places.iter().map(place).collect::<Vec<_>>().join(", ");
    let mut lines = vec![
        format!("permit {}   {}:{}-{}", policy.id, policy.file, policy.line, policy.line_end),
        format!("  at {places}"),
    ];
    for Unmet { condition, values } in unmet {
        lines.push(format!("  unmet  {condition}"));
        lines.extend(values.iter().map(|(path, value)| format!("         {path} was {value}")));
    }
    lines.push(format!("  ask    {}", seat(&policy.owner)));
    lines
}

fn object(miss: &NearMiss) -> Value {
    let NearMiss { policy, places, unmet } = miss;
    let place = |(provider, upstream_model): &(model::ProviderName, String)| json!({"provider": provider, "upstream_model": upstream_model});
    let condition = |Unmet { condition, values }: &Unmet| {
        let values = values.iter().map(|(path, value)| json!({"path": path, "was": value}));
        json!({"condition": condition, "values": values.collect::<Vec<_>>()})
    };
    json!({
        "policy": policy,
        "places": places.iter().map(place).collect::<Vec<_>>(),
        "unmet": unmet.iter().map(condition).collect::<Vec<_>>(),
        "ask": policy.owner,
    })
}
