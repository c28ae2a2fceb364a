//! Whom the policies let use a model at a place whose secret they do not lend: a charter that is
//! sound, and in which calls fail all the same. It is told when a charter is checked.

use model::{Ask, Dialect, Operation, Proof, Timestamp};
use policy::{CallFacts, Circumstances, RecentFacts, TargetFacts};

use crate::compiled::{Model, Target};
use crate::{Bundle, Context, Finding};

/// Most agents that one finding names.
const NAMED_MAX: usize = 3;

impl Bundle {
    /// The targets whose model some agent may use, by a plain ask at `now`, while no policy lends
    /// that agent the target's secret (`secret-not-permitted`): by model, then in the order of
    /// its targets. Each names the seat that answers for the secret.
    ///
    /// It asks the policies once and more for every agent and target, so it is not for each
    /// request, nor for each start.
    #[must_use]
    pub fn unlent(&self, now: Timestamp) -> Vec<Finding> {
        let targets =
            self.models().flat_map(|model| model.targets.iter().map(move |target| (model, target)));
        targets.filter_map(|(model, target)| self.unlent_at(model, target, now)).collect()
    }

    fn unlent_at(&self, model: &Model, target: &Target, now: Timestamp) -> Option<Finding> {
        let secret = target.facts.secret.as_ref()?;
        let without = TargetFacts { secret: None, ..target.facts.clone() };
        let recent = RecentFacts::default();
        let call = CallFacts { now, proof: Proof::EmbeddedToken, token_age_s: 0, recent };
        let ask = Ask::bare(Operation::ListModels, Dialect::OpenAi);
        let agents: Vec<&str> = self
            .agents()
            .filter(|agent| {
                // Where an agent has one context, its plain calls are made in it.
                let only = match agent.contexts.as_slice() {
                    [only] => self.context(only),
                    _ => None,
                };
                if !agent.active || !target.when.admits(&agent.facts, only.map(|one| &one.name)) {
                    return false;
                }
                let approved = only.map(Context::facts);
                let may = |target: &TargetFacts| {
                    self.policies().may_list(&Circumstances {
                        agent: &agent.facts,
                        call: &call,
                        approved: approved.as_ref(),
                        ask: &ask,
                        model: &model.facts,
                        targets: std::slice::from_ref(target),
                    })
                };
                may(&without) && !may(&target.facts)
            })
            .map(|agent| agent.facts.name.as_str())
            .collect();
        if agents.is_empty() {
            return None;
        }
        let (model, provider) = (&model.facts.name, &target.facts.provider);
        let name = &secret.name;
        let what = format!(
            "{} may use model `{model}` at {provider}, but no policy lends secret `{name}` for it",
            named(&agents)
        );
        let help = format!(
            "permit the action UseSecret on Secret::\"{name}\" in policies/secret/, or withdraw \
             the model"
        );
        Some(Finding { code: "secret-not-permitted", what, who: secret.owner.clone(), help })
    }
}

/// The agents, the first of them by name.
fn named(agents: &[&str]) -> String {
    let first: Vec<&str> = agents.iter().take(NAMED_MAX).copied().collect();
    let more = agents.len().saturating_sub(NAMED_MAX);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    let word = if agents.len() == 1 { "agent" } else { "agents" };
    format!("{word} {}{rest}", first.join(", "))
}
