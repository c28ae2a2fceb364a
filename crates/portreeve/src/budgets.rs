//! How every budget stands, as it crosses the admin socket and as programs are shown it.

use bundle::{Bundle, LimitFacts, QuotaFacts};
use model::{AgentName, BudgetScope, Measure, Per, PersonName, QuotaName, Timestamp};
use quota::{CounterStatus, Counters, Limit};
use serde::{Deserialize, Serialize};

/// One budget with all its counters.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct BudgetReport {
    pub(crate) name: QuotaName,
    pub(crate) purpose: String,
    #[serde(rename = "for")]
    pub(crate) scope: ScopeReport,
    /// The seat that can raise it.
    pub(crate) owner: String,
    /// Who holds that seat.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) holder: Option<PersonName>,
    pub(crate) counters: Vec<CounterReport>,
}

/// Whose calls a budget counts: a word, and a name for all but the gateway.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ScopeReport {
    pub(crate) kind: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) name: Option<String>,
}

/// One counter: amounts are calls, tokens, or nano-USD.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct CounterReport {
    pub(crate) what: Measure,
    pub(crate) per: Per,
    /// The agent it counts for, where the budget counts each apart.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) agent: Option<AgentName>,
    pub(crate) at_most: u64,
    pub(crate) used: u64,
    /// What calls under way may still use.
    pub(crate) held: u64,
    pub(crate) remaining: u64,
    pub(crate) window: Timestamp,
    pub(crate) resets: Timestamp,
    /// What will be used by then if it goes on like this; none while the window is young.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) forecast: Option<u64>,
}

/// How every budget of `bundle` stands.
pub(crate) fn standing(bundle: &Bundle, counters: &Counters, now: Timestamp) -> Vec<BudgetReport> {
    let report = |quota: &QuotaFacts| {
        let limit = |LimitFacts { key, at_most, owner }: LimitFacts| Limit { key, at_most, owner };
        let limits: Vec<Limit> = quota.limits.iter().cloned().map(limit).collect();
        let status = counters.status(now, &limits);
        BudgetReport {
            name: quota.name.clone(),
            purpose: quota.purpose.clone(),
            scope: ScopeReport::from(&quota.scope),
            owner: quota.owner.clone(),
            holder: bundle.holder(&quota.owner).cloned(),
            counters: status.into_iter().map(CounterReport::from).collect(),
        }
    };
    bundle.quotas().iter().map(report).collect()
}

impl BudgetReport {
    /// Whether nothing is left of one of its counters.
    pub(crate) fn is_used_up(&self) -> bool {
        self.counters.iter().any(CounterReport::is_used_up)
    }
}

impl CounterReport {
    /// How much of it is used or held, in percent; a limit of nothing is all used.
    pub(crate) fn percent_taken(&self) -> u128 {
        let taken = u128::from(self.used) + u128::from(self.held);
        (taken * 100).checked_div(u128::from(self.at_most)).unwrap_or(100)
    }

    /// Whether all of it is used: calls under way can give nothing back.
    pub(crate) const fn is_used_up(&self) -> bool {
        self.used >= self.at_most
    }
}

impl From<CounterStatus> for CounterReport {
    fn from(status: CounterStatus) -> Self {
        let CounterStatus { key, at_most, used, held, window, resets, forecast } = status;
        Self {
            what: key.measure,
            per: key.per,
            agent: key.agent,
            at_most,
            used,
            held,
            remaining: at_most.saturating_sub(used.saturating_add(held)),
            window,
            resets,
            forecast,
        }
    }
}

impl From<&BudgetScope> for ScopeReport {
    fn from(scope: &BudgetScope) -> Self {
        let (kind, name) = match scope {
            BudgetScope::Agent(name) => ("agent", Some(name.to_string())),
            BudgetScope::Team(name) => ("team", Some(name.to_string())),
            BudgetScope::Context(name) => ("context", Some(name.to_string())),
            BudgetScope::Gateway => ("gateway", None),
        };
        Self { kind: kind.to_owned(), name }
    }
}
