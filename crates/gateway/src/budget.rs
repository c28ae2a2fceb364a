//! What a call may use at most, held of every budget that applies; and what is counted in the
//! end. Counting itself is `quota`'s.

use bundle::{Bundle, LimitFacts};
use model::{
    Amounts, Case, Dialect, HeldRecord, Measure, Per, Refusal, RefusalCode, Timestamp, Usage,
};
use policy::Permit;
use protocol::{OutputBound, RateLimit, Reading};
use quota::{Counters, Hold, Limit, NotHeld, Over, Price};

use crate::arrival::Arrival;
use crate::live::{Live, Model};

/// What a call holds until it is concluded, and what its use costs.
#[derive(Debug, Default)]
pub(crate) struct Held {
    hold: Option<Hold>,
    /// Something may have reached a provider: from then on what is not known counts in full.
    begun: bool,
    /// The price at each permitted target, in the permit's order.
    prices: Vec<Option<Price>>,
    pub(crate) cost_center: Option<String>,
    /// The cap that is spliced in where the client sent none; none where no budget needs one.
    pub(crate) cap: Option<u64>,
    /// Most output tokens before an answer is cut; none where no budget counts them.
    pub(crate) output_max: Option<u64>,
    /// How the budgets stand, as headers.
    pub(crate) told: Told,
    /// The limits it is held against.
    limits: Vec<Limit>,
}

/// Headers that tell how budgets stand.
#[derive(Debug, Clone, Default)]
pub(crate) struct Told {
    pub(crate) headers: Vec<(&'static str, String)>,
    /// In how many milliseconds a refused call may be allowed.
    pub(crate) wait_ms: Option<u64>,
}

/// What became of a call, as far as budgets care.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Used {
    /// No provider answered, and none can have used anything.
    Nothing,
    /// A provider answered with a failure: a call was made, which used no tokens and no money.
    Call,
    /// So much, as the provider reported and nothing contradicts.
    Known(Usage),
    /// Nobody knows: all that is held counts.
    Unknown,
}

impl Used {
    /// What tries used together, of which at most one got an answer that counts tokens.
    pub(crate) const fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
            (Self::Known(usage), _) | (_, Self::Known(usage)) => Self::Known(usage),
            (Self::Call, _) | (_, Self::Call) => Self::Call,
            (Self::Nothing, Self::Nothing) => Self::Nothing,
        }
    }
}

/// What is asked of the budgets.
pub(crate) struct Asking<'a> {
    pub(crate) live: &'a Live,
    pub(crate) model: &'a Model,
    pub(crate) reading: &'a Reading,
    pub(crate) permit: &'a Permit,
}

/// Which amounts are counted by the limits that apply.
#[derive(Clone, Copy)]
struct Counted {
    tokens: bool,
    money: bool,
}

impl Asking<'_> {
    /// Holds what the call may use at most, of every budget that applies: of all or of none.
    pub(crate) fn hold(&self, counters: &Counters) -> Result<Held, (Refusal, Told)> {
        let case = self.permit.case();
        let limits = limits(self.live.bundle(), case);
        let mut held = Held::default();
        held.prices = self.prices();
        held.cost_center = cost_center(self.live.bundle(), case);
        if limits.is_empty() {
            return Ok(held);
        }
        let counts = |measure| limits.iter().any(|limit| limit.key.measure == measure);
        let counted = Counted { tokens: counts(Measure::Tokens), money: counts(Measure::Money) };
        if counted.tokens || counted.money {
            self.cap(&mut held);
        }
        let plain = |refusal| (refusal, Told::default());
        let bound = self.bound(counted, &held).map_err(plain)?;
        let hold = counters.hold(case.received, bound, &limits);
        let dialect = case.ask.as_ref().map_or(Dialect::OpenAi, |ask| ask.dialect);
        held.told.headers = headers(counters, (dialect, case.received), &limits);
        match hold {
            Ok(hold) => {
                held.hold = Some(hold);
                held.limits = limits;
                Ok(held)
            }
            Err(NotHeld::Over(over)) => {
                let wait_ms = (!over.never).then(|| over.resets.millis_since(case.received));
                Err((refusal(&over), Told { wait_ms, ..held.told.clone() }))
            }
            Err(NotHeld::Full | NotHeld::TooManyLimits) => {
                let detail = "No more calls can be counted at once.";
                Err(plain(Refusal::new(RefusalCode::Overloaded, detail)))
            }
        }
    }

    /// The output cap to splice in, and where an answer is cut.
    fn cap(&self, held: &mut Held) {
        let bound = self.reading.bound();
        let cap = match bound.output {
            OutputBound::Nothing => return,
            OutputBound::Capped(own) => own,
            OutputBound::Uncapped => {
                held.cap = Some(self.model.output_tokens_max);
                self.model.output_tokens_max
            }
        };
        held.output_max = Some(bound.output_tokens(cap));
    }

    fn bound(&self, counted: Counted, held: &Held) -> Result<Amounts, Refusal> {
        let bound = self.reading.bound();
        let one = Amounts { requests: 1, ..Amounts::default() };
        if !counted.tokens && !counted.money {
            return Ok(one);
        }
        let unbounded = |why: &str| {
            let detail = format!("What the call uses has no bound: {why}.");
            Refusal::new(RefusalCode::BudgetUnbounded, detail)
        };
        if let Some(why) = bound.unbounded {
            return Err(unbounded(why));
        }
        let input = bound.input_tokens(self.model.media_tokens_max).ok_or_else(|| {
            unbounded("an image, a sound or a document may count as any number of tokens")
        })?;
        let output = held.output_max.unwrap_or(0);
        let mut amounts = Amounts { tokens: input.saturating_add(output), ..one };
        if counted.money {
            let prices = held.prices.iter().map(Option::as_ref);
            amounts.nano_usd = quota::price::bound(prices, input, output).ok_or_else(|| {
                let owner = self.model.facts.owner.clone();
                Refusal::new(RefusalCode::BudgetUnpriced, "").asking(owner)
            })?;
        }
        Ok(amounts)
    }

    /// The prices in force at the permitted targets.
    fn prices(&self) -> Vec<Option<Price>> {
        let now = self.permit.case().received;
        let targets = self.permit.targets().iter();
        let price = |target: &policy::Target| {
            let price = self.model.price(&target.provider, &target.upstream_model)?;
            (price.since <= now).then_some(price)
        };
        targets.map(price).collect()
    }
}

impl Held {
    /// The refusal of an answer that is cut, naming the budgets it would have used up.
    pub(crate) fn cut(&self) -> Refusal {
        let of_use = self.limits.iter().filter(|limit| limit.key.measure != Measure::Requests);
        let mut names: Vec<&str> = of_use.clone().map(|limit| limit.key.quota.as_str()).collect();
        names.dedup();
        let detail =
            format!("It counts on: {}. Ask for less, or have it raised.", names.join(", "));
        let owner = of_use.map(|limit| limit.owner.clone()).next().unwrap_or_default();
        Refusal::new(RefusalCode::BudgetCut, detail).asking(owner)
    }

    /// What is held, for the decision's entry.
    pub(crate) fn records(&self) -> Vec<HeldRecord> {
        self.hold.as_ref().map(Hold::records).unwrap_or_default()
    }

    /// Gives back what is held for a call that was not recorded, so that nothing was sent: how the
    /// budgets stand without it.
    pub(crate) fn give_back(mut self, counters: &Counters, arrival: Arrival) -> Told {
        let limits = std::mem::take(&mut self.limits);
        drop(self);
        let at = (arrival.dialect, arrival.received);
        Told { headers: headers(counters, at, &limits), wait_ms: None }
    }

    /// From here on something may have reached a provider.
    pub(crate) const fn begin(&mut self) {
        self.begun = true;
    }

    /// What is counted of a call that is dropped as it stands, see [`Drop`]; none where nothing is
    /// held.
    pub(crate) fn if_dropped(&self) -> Option<Amounts> {
        let bound = self.hold.as_ref().map(Hold::bound)?;
        Some(if self.begun { bound } else { Amounts::default() })
    }

    /// Counts what was used at the target at `index`; gives what is charged, where anything was
    /// held, and the cost in nano-USD, where it is known.
    pub(crate) fn settle(&mut self, used: Used, index: usize) -> (Option<Amounts>, Option<u64>) {
        let price = self.prices.get(index).copied().flatten();
        let cost = match used {
            Used::Known(usage) => {
                price.map(|price| price.cost(usage.input_tokens, usage.output_tokens))
            }
            Used::Nothing | Used::Call => Some(0),
            Used::Unknown => None,
        };
        let Some(hold) = self.hold.take() else { return (None, cost) };
        let bound = hold.bound();
        let one = Amounts { requests: 1, ..Amounts::default() };
        let amounts = match used {
            Used::Nothing => Amounts::default(),
            Used::Call => one,
            Used::Known(usage) => Amounts {
                tokens: usage.input_tokens.saturating_add(usage.output_tokens),
                nano_usd: cost.unwrap_or(bound.nano_usd),
                ..one
            },
            Used::Unknown => bound,
        };
        (Some(hold.settle(amounts)), cost)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // A call that was dropped before anything was sent has used nothing; of any other, the
        // hold's own end counts all of it.
        if let Some(hold) = self.hold.take().filter(|_| !self.begun) {
            hold.release();
        }
    }
}

/// The limits that apply to the case's agent in its context.
fn limits(bundle: &Bundle, case: &Case) -> Vec<Limit> {
    let Some(subject) = &case.subject else { return Vec::new() };
    let limit = |LimitFacts { key, at_most, owner }| Limit { key, at_most, owner };
    bundle.limits(&subject.agent, case.context.as_ref()).into_iter().map(limit).collect()
}

fn cost_center(bundle: &Bundle, case: &Case) -> Option<String> {
    bundle.agent(&case.subject.as_ref()?.agent)?.cost_center.clone()
}

/// How `limits` stand at `now`, as headers of the dialect.
fn headers(
    counters: &Counters,
    (dialect, now): (Dialect, Timestamp),
    limits: &[Limit],
) -> Vec<(&'static str, String)> {
    let status = counters.status(now, limits).into_iter();
    let rates: Vec<RateLimit> = status
        .map(|status| RateLimit {
            measure: status.key.measure,
            per: status.key.per,
            limit: status.at_most,
            remaining: status.at_most.saturating_sub(status.used.saturating_add(status.held)),
            resets: status.resets,
        })
        .collect();
    protocol::rate_limit_headers(dialect, now, &rates)
}

/// The refusal of a call that does not fit into what is left.
fn refusal(over: &Over) -> Refusal {
    let key = &over.limit.key;
    let code = match (over.never, key.per) {
        (true, _) => RefusalCode::BudgetTooSmall,
        (false, Per::Minute) => RefusalCode::BudgetPaused,
        (false, Per::Day | Per::Month) => RefusalCode::BudgetExhausted,
    };
    let unit = |amount: u64| written(key.measure, amount);
    let detail = format!(
        "Budget `{}`, {} per {}: of {}, {} are used and {} are held by calls under way; this call \
         may use {}. It begins anew at {}.",
        key.quota,
        key.measure.as_str(),
        key.per.as_str(),
        unit(over.limit.at_most),
        unit(over.used),
        unit(over.held),
        unit(over.asked),
        over.resets,
    );
    Refusal::new(code, detail).asking(&over.limit.owner)
}

/// An amount, for people. One at the end of what can be counted stands for all above it.
fn written(measure: Measure, amount: u64) -> String {
    match (measure, amount) {
        (Measure::Money, u64::MAX) => "more than 18446744073 USD".to_owned(),
        (Measure::Money, _) => usd(amount),
        (Measure::Requests | Measure::Tokens, u64::MAX) => format!("more than {}", u64::MAX - 1),
        (Measure::Requests | Measure::Tokens, _) => amount.to_string(),
    }
}

/// Nano-USD in dollars.
fn usd(nano: u64) -> String {
    let (whole, rest) = (nano / 1_000_000_000, nano % 1_000_000_000);
    let digits = format!("{rest:09}");
    let digits = digits.trim_end_matches('0');
    if digits.is_empty() { format!("{whole} USD") } else { format!("{whole}.{digits} USD") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_written_in_dollars_without_loss() {
        for (nano, text) in [
            (0, "0 USD"),
            (1, "0.000000001 USD"),
            (1_500_000_000, "1.5 USD"),
            (12_000_000_000, "12 USD"),
            (18_446_744_073_000_000_000, "18446744073 USD"),
            (u64::MAX, "more than 18446744073 USD"),
        ] {
            assert_eq!(written(Measure::Money, nano), text);
        }
    }

    #[test]
    fn what_cannot_be_counted_any_more_is_no_amount() {
        for measure in [Measure::Requests, Measure::Tokens] {
            let almost = written(measure, u64::MAX - 1);
            assert_eq!(written(measure, u64::MAX), format!("more than {almost}"));
        }
    }
}
