//! The account of one decision, as text: who, what, by which policy, under whom, and the proof.
//!
//! It only lays out what the log and the charter of that time say; it looks nothing up itself.

mod nearly;
mod words;

use std::fmt::Write as _;

use model::{
    DecisionRecord, Outcome, PolicyRef, SecretName, Timestamp, VerdictRecord, WithheldRecord,
};
use serde_json::{Value, json};

pub(crate) use nearly::Nearly;
use words::{asked, attempted, beyond, charged, claimed, ended, held, kept};

/// Width of the left column.
pub(crate) const LABEL: usize = 13;

/// Everything known of one decision.
pub(crate) struct Account {
    pub(crate) decision: DecisionRecord,
    pub(crate) recorded: Timestamp,
    pub(crate) index: u64,
    pub(crate) outcome: Option<(u64, Outcome)>,
    pub(crate) outcome_due: bool,
    pub(crate) origin: String,
    pub(crate) proof: ProofState,
    pub(crate) change: ChangeAccount,
    /// The approved context's purpose and owner, from the charter of that time.
    pub(crate) context: Option<(String, String)>,
    /// Which permits nearly allowed what was refused, by the charter of that time.
    pub(crate) nearly: Nearly,
    /// Text of each policy cited, by id, from the charter of that time.
    pub(crate) texts: Vec<(String, String)>,
    /// Seats cited, and who held them in the charter of that time.
    pub(crate) seats: Vec<(String, String)>,
    /// Full names of those persons.
    pub(crate) names: Vec<(String, String)>,
}

/// How far the entry's proof has come.
pub(crate) enum ProofState {
    /// It stands in a signed checkpoint and its inclusion was checked just now.
    Included { size: u64, leaf: String },
    /// It is durable but no checkpoint covers it yet.
    Durable { leaf: String },
}

/// The change that put the charter into force, from the control log.
pub(crate) struct ChangeAccount {
    pub(crate) actor: Option<String>,
    pub(crate) at: Option<Timestamp>,
    pub(crate) reviewed: bool,
}

impl Account {
    /// The account for people.
    pub(crate) fn text(&self) -> String {
        let mut page = Page::default();
        let decision = &self.decision;
        let verdict = if decision.verdict.allowed { "ALLOWED" } else { "REFUSED" };
        page.line(&format!("Decision {}   {}   {verdict}", decision.id, decision.received));
        if !decision.verdict.allowed {
            page.row("Why", &self.why());
            let VerdictRecord { detail, secret, .. } = &decision.verdict;
            page.details(detail.as_ref(), secret.as_ref());
        }
        self.who(&mut page);
        self.what(&mut page);
        self.budgets(&mut page);
        self.policies(&mut page);
        for lines in self.nearly.paragraphs(|seat| self.seat(seat)) {
            page.paragraph("Nearly", &lines);
        }
        self.targets(&mut page);
        self.ending(&mut page);
        self.governed(&mut page);
        self.logged(&mut page);
        page.text
    }

    fn why(&self) -> String {
        let code = &self.decision.verdict.code;
        match code.parse::<model::RefusalCode>() {
            Ok(known) => {
                let whom = match &self.decision.verdict.ask {
                    Some(seat) => format!("{}: ask {}", known.fixer().as_str(), self.seat(seat)),
                    None => known.fixer().as_str().to_owned(),
                };
                format!("{code}: {} Who can fix it: {whom}.", known.title())
            }
            Err(()) => code.clone(),
        }
    }

    fn who(&self, page: &mut Page) {
        let Some(subject) = &self.decision.subject else {
            return page.row("Who", "nobody was proved");
        };
        page.row("Who", &format!("agent {}", subject.agent));
        if let Some(owner) = &self.decision.agent_owner {
            page.more(&format!("answered for by {}", self.seat(owner)));
        }
        page.more(&format!(
            "proved by {} of {}, epoch {}",
            subject.proof.as_str(),
            subject.trust_domain,
            subject.epoch
        ));
        page.more(&format!("token {}, valid until {}", subject.credential, subject.expires));
        if let Some(context) = &subject.context {
            page.more(&format!("token bound to the approved context {context}"));
        }
    }

    fn what(&self, page: &mut Page) {
        let Some(ask) = &self.decision.ask else { return page.row("Asked", "was not read") };
        page.row("Asked", &asked(ask));
        for line in beyond(&ask.beyond) {
            page.more(&line);
        }
        if let Some(owner) = &self.decision.target_owner {
            page.more(&format!("model answered for by {}", self.seat(owner)));
        }
        if let Some(context) = &self.decision.context {
            page.more(&format!("in the approved context {context}"));
            if let Some((purpose, owner)) = &self.context {
                page.more(&format!("  {purpose}   owner {}", self.seat(owner)));
            }
        }
    }

    /// What it holds of budgets, a line for each counter.
    fn budgets(&self, page: &mut Page) {
        let lines: Vec<_> = self.decision.holds.iter().map(held).collect();
        page.paragraph("Holds", &lines);
    }

    fn policies(&self, page: &mut Page) {
        let cited = self.cited();
        if cited.is_empty() {
            return page.row("Decided by", "no policy: it was refused before, or none allowed it");
        }
        for (number, policy) in cited.iter().enumerate() {
            let effect = match policy.effect {
                model::Effect::Permit => "permit",
                model::Effect::Forbid => "forbid",
            };
            let PolicyRef { file, line, line_end, .. } = policy;
            let head = format!("{effect} {}   {file}:{line}-{line_end}", policy.id);
            if number == 0 {
                page.row("Decided by", &head)
            } else {
                page.more(&head)
            }
            page.more(&format!("  owner {}   text {}", self.seat(&policy.owner), policy.text));
            if let Some((_, text)) = self.texts.iter().find(|(id, _)| *id == policy.id.as_str()) {
                for line in text.lines() {
                    page.more(&format!("  | {line}"));
                }
            }
        }
    }

    /// Every policy that took part, each once, in the order of the record.
    pub(crate) fn cited(&self) -> Vec<&PolicyRef> {
        let mut cited: Vec<&PolicyRef> = Vec::new();
        let of_targets = self.decision.targets.iter().flat_map(|target| &target.policies);
        let of_withheld = self.decision.withheld.iter().flat_map(|target| &target.policies);
        let of_verdict = self.decision.verdict.policies.iter();
        for policy in of_verdict.chain(of_targets).chain(of_withheld) {
            if !cited.iter().any(|seen| seen.id == policy.id) {
                cited.push(policy);
            }
        }
        cited
    }

    fn targets(&self, page: &mut Page) {
        for target in &self.decision.targets {
            page.row("May go to", &format!("{} as {}", target.provider, target.upstream_model));
            if let Some(secret) = &target.secret {
                let owner = self.seat(&secret.owner);
                page.more(&format!("secret {} {} (owner {owner})", secret.name, secret.version));
            }
            if let Some(claims) = claimed(&target.claims) {
                page.more(&claims);
            }
        }
        for withheld in &self.decision.withheld {
            let WithheldRecord { provider, upstream_model, code, policies, detail, secret } =
                withheld;
            page.row("Withheld", &format!("{provider} as {upstream_model}: {code}"));
            if let Some(policy) = policies.first() {
                page.more(&format!("by {}", policy.id));
            }
            page.details(detail.as_ref(), secret.as_ref());
        }
    }

    fn ending(&self, page: &mut Page) {
        match &self.outcome {
            Some((_, outcome)) => {
                page.row("Outcome", &ended(outcome));
                for attempt in &outcome.attempts {
                    page.more(&attempted(attempt));
                }
                match outcome.usage {
                    Some(usage) => page.more(&format!(
                        "tokens: {} in, {} out (as the provider reported)",
                        usage.input_tokens, usage.output_tokens
                    )),
                    None => page.more("tokens: not reported"),
                }
                for line in charged(outcome) {
                    page.more(&line);
                }
                if let Some(kept) = kept(&outcome.stored) {
                    page.more(&kept);
                }
            }
            None if self.outcome_due => {
                page.row("Outcome", "none recorded yet: the call is under way, or was lost");
            }
            None => page.row("Outcome", "nothing was forwarded"),
        }
    }

    fn governed(&self, page: &mut Page) {
        let charter = &self.decision.charter;
        page.row("Charter", &charter.digest.to_string());
        let actor = self.change.actor.as_deref().unwrap_or("unknown");
        let at = self.change.at.map(|at| format!(" at {at}")).unwrap_or_default();
        page.more(&format!(
            "in force by change {}, signed by {actor}{at} (control log entry {})",
            charter.change, charter.control_index
        ));
        if !self.change.reviewed {
            page.more("UNREVIEWED: genesis mode, one person holds every seat");
        }
        page.row("Accountable", &self.named(&charter.accountable));
        let [policy, platform, response] = &charter.secondary;
        page.row("Secondary", &format!("policy   {}", self.named(policy)));
        page.more(&format!("platform {}", self.named(platform)));
        page.more(&format!("response {}", self.named(response)));
    }

    fn logged(&self, page: &mut Page) {
        let outcome = match &self.outcome {
            Some((index, _)) => format!(", outcome entry {index}"),
            None => String::new(),
        };
        page.row("Ledger", &format!("{} entry {}{outcome}", self.origin, self.index));
        page.more(&format!("recorded {}", self.recorded));
        match &self.proof {
            ProofState::Included { size, leaf } => {
                page.more(&format!("leaf sha256:{leaf}"));
                page.more(&format!(
                    "proof: in the signed checkpoint of {size} entries, checked now"
                ));
            }
            ProofState::Durable { leaf } => {
                page.more(&format!("leaf sha256:{leaf}"));
                page.more("proof: durable; the next checkpoint will cover it");
            }
        }
    }

    /// A seat, who held it then, and that person's full name.
    fn named(&self, seat: &str) -> String {
        let holder = self.seats.iter().find(|(name, _)| name == seat).map(|(_, holder)| holder);
        let name = holder.and_then(|holder| self.names.iter().find(|(id, _)| id == holder));
        match name {
            Some((id, name)) => format!("{seat}: {id}, {}", name.replace('\n', " ")),
            None => self.seat(seat),
        }
    }

    /// A seat and who held it then.
    fn seat(&self, seat: &str) -> String {
        match self.seats.iter().find(|(name, _)| name == seat) {
            Some((_, holder)) => format!("{seat} ({holder})"),
            None => seat.to_owned(),
        }
    }

    /// The account for programs.
    pub(crate) fn json(&self) -> Value {
        let (proof, size, leaf) = match &self.proof {
            ProofState::Included { size, leaf } => ("included", Some(*size), leaf),
            ProofState::Durable { leaf } => ("durable", None, leaf),
        };
        let texts: serde_json::Map<String, Value> =
            self.texts.iter().map(|(id, text)| (id.clone(), Value::from(text.clone()))).collect();
        let seats: serde_json::Map<String, Value> =
            self.seats.iter().map(|(seat, who)| (seat.clone(), Value::from(who.clone()))).collect();
        json!({
            "id": self.decision.id,
            "decision": self.decision,
            "outcome": self.outcome.as_ref().map(|(_, outcome)| outcome),
            "near_misses": self.nearly.json(),
            "policy_texts": texts,
            "seats": seats,
            "change": {
                "id": self.decision.charter.change,
                "signed_by": self.change.actor,
                "at": self.change.at,
                "reviewed": self.change.reviewed,
            },
            "ledger": {
                "origin": self.origin,
                "index": self.index,
                "outcome_index": self.outcome.as_ref().map(|(index, _)| index),
                "recorded": self.recorded,
                "leaf": leaf,
                "proof": proof,
                "checkpoint_size": size,
            },
        })
    }
}

/// Lines with a labelled left column.
#[derive(Default)]
struct Page {
    text: String,
}

impl Page {
    fn line(&mut self, text: &str) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.text, "{text}");
    }

    fn row(&mut self, label: &str, text: &str) {
        let _ = writeln!(self.text, "\n{label:LABEL$}{text}");
    }

    /// The first of `lines` beside `label`, the others below it.
    fn paragraph(&mut self, label: &str, lines: &[String]) {
        let mut lines = lines.iter();
        if let Some(first) = lines.next() {
            self.row(label, first);
        }
        lines.for_each(|line| self.more(line));
    }

    /// What exactly was refused, and the secret it is about.
    fn details(&mut self, detail: Option<&String>, secret: Option<&SecretName>) {
        if let Some(detail) = detail {
            self.more(detail);
        }
        if let Some(secret) = secret {
            self.more(&format!("the secret in question is {secret}"));
        }
    }

    fn more(&mut self, text: &str) {
        let _ = writeln!(self.text, "{:LABEL$}{text}", "");
    }
}
