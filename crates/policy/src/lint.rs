//! What Cedar's validator does not demand: annotations, owners, scoped actions, forbid-only
//! guardrails, claims and contexts that are asked for, names of tools that exist. It never judges
//! what a policy allows.

use cedar_policy::{ActionConstraint, Effect, Policy};
use model::{PolicyId, PolicySetKind, Problem, ProviderName, ProviderToolKind, Timestamp};

use crate::compile::PolicySource;
use crate::expiry;
use crate::locate::{self, Statement};
use crate::polarity::{self, APPROVED, Absent, Fault};
use crate::problem::EDITOR;
use crate::schema;

/// The annotations a policy may carry.
const ALLOWED: [&str; 6] = ["id", "owner", "rationale", "control", "expires", "mode"];

/// The code of a policy that tests an attribute which is none.
pub(crate) const ATTRIBUTE_UNKNOWN: &str = "policy-attribute-unknown";

/// The type of a provider's tools in the schema.
pub(crate) const PROVIDER_TOOL: &str = "ProviderTool";

/// What the annotations of a policy say.
#[derive(Debug)]
pub(crate) struct Annotations {
    pub(crate) id: PolicyId,
    pub(crate) owner: String,
    pub(crate) rationale: String,
    pub(crate) control: Option<String>,
    pub(crate) expires: Option<Timestamp>,
}

/// One policy under examination; it collects what is wrong with it.
#[derive(Debug)]
pub(crate) struct Lint<'a> {
    source: &'a PolicySource,
    statement: &'a Statement,
    problems: Vec<Problem>,
}

/// The policy's annotations, and everything the lints object to. The annotations are present
/// where the policy can be named.
pub(crate) fn policy(
    source: &PolicySource,
    statement: &Statement,
    policy: &Policy,
    owner_exists: &dyn Fn(&str) -> bool,
) -> (Option<Annotations>, Vec<Problem>) {
    let mut lint = Lint { source, statement, problems: Vec::new() };
    lint.known_annotations(policy);
    lint.scope(policy);
    lint.tested_attributes();
    lint.absences(policy);
    lint.provider_tools(policy);
    let id = lint.id(policy);
    let owner = lint.owner(policy, owner_exists);
    let rationale = lint.text(policy, "rationale", "policy-rationale-missing");
    let control =
        policy.annotation("control").map(|_| lint.text(policy, "control", "policy-control-empty"));
    let expires = lint.expires(policy);
    let annotations = id.map(|id| Annotations { id, owner, rationale, control, expires });
    (annotations, lint.problems)
}

/// The objection to a template.
pub(crate) fn template(source: &PolicySource, statement: &Statement) -> Problem {
    let mut lint = Lint { source, statement, problems: Vec::new() };
    let slot = statement.text.find("?principal").or_else(|| statement.text.find("?resource"));
    lint.object_at(
        slot,
        "policy-template",
        "a template is no policy: `?principal` and `?resource` are not taken".to_owned(),
        "write one policy for each agent or team",
    );
    lint.problems.remove(0)
}

/// The provider that the tool `id` belongs to; `None` where no tool can be called that.
pub(crate) fn provider_of_tool(id: &str) -> Option<&str> {
    let (provider, kind) = id.split_once('/')?;
    kind.parse::<ProviderToolKind>().ok()?;
    provider.parse::<ProviderName>().ok()?;
    Some(provider)
}

/// The attributes that the text behind a `has` tests: a path of names, or one in quotes; each with
/// its offset.
fn tested(path: &str) -> Vec<(usize, &str)> {
    if let Some(quoted) = path.strip_prefix('"') {
        return quoted.split('"').next().map(|name| (0, name)).into_iter().collect();
    }
    let of_path = |character: char| character.is_alphanumeric() || "_.".contains(character);
    let path = path.split(|character| !of_path(character)).next().unwrap_or_default();
    let mut at = 0;
    let names = path.split('.').map(|name| {
        let start = at;
        at += name.len() + 1;
        (start, name)
    });
    names.filter(|(_, name)| !name.is_empty()).collect()
}

/// How a policy of this effect asks for `absent`, by example.
fn asking(effect: Effect, absent: &Absent) -> String {
    let (what, condition) = match absent {
        Absent::Claim(claim) => {
            let wanted = match claim.as_str() {
                "region" => "== \"eu\"",
                "trains" => "== false",
                "days_to_end_of_life" => "> 30",
                _ => "<= 30",
            };
            ("claim", format!("context.target has {claim} && context.target.{claim} {wanted}"))
        }
        Absent::Approved => {
            ("context", "context has approved && context.approved.name == \"support\"".to_owned())
        }
    };
    match effect {
        Effect::Permit => format!("ask for the {what}: `permit (...) when {{ {condition} }};`"),
        Effect::Forbid => format!("ask for the {what}: `forbid (...) unless {{ {condition} }};`"),
    }
}

/// The code of a policy that speaks of `absent` without asking for it.
const fn not_asked(absent: &Absent) -> &'static str {
    match absent {
        Absent::Claim(_) => "policy-claim-not-asked",
        Absent::Approved => "policy-context-not-asked",
    }
}

impl Lint<'_> {
    /// Adds a problem at the annotation, or at the policy where there is none.
    fn object(&mut self, annotation: Option<&str>, code: &'static str, what: String, help: &str) {
        let within = annotation.and_then(|name| locate::annotation(&self.statement.text, name));
        self.object_at(within, code, what, help);
    }

    /// Adds a problem at byte `within` of the policy, or at the policy itself.
    fn object_at(&mut self, within: Option<usize>, code: &'static str, what: String, help: &str) {
        let offset = self.statement.start + within.unwrap_or(0);
        self.problems.push(Problem {
            place: locate::place(&self.source.path, &self.source.text, offset),
            code,
            what,
            who: EDITOR.to_owned(),
            help: help.to_owned(),
        });
    }

    fn known_annotations(&mut self, policy: &Policy) {
        let mut names: Vec<_> = policy.annotations().map(|(name, _)| name.to_owned()).collect();
        names.sort();
        for name in names.iter().filter(|name| !ALLOWED.contains(&name.as_str())) {
            self.object(
                Some(name),
                "policy-annotation-unknown",
                format!("annotation `@{name}` is not known"),
                "the annotations are @id, @owner, @rationale, @control and @expires",
            );
        }
        for name in ALLOWED {
            let hidden = policy.annotation(name).and_then(model::hidden);
            if let Some(hidden) = hidden {
                self.object(
                    Some(name),
                    "policy-text-hidden",
                    format!("@{name} holds U+{:04X}, which is not seen", u32::from(hidden)),
                    "remove the escape, so that what is read is what holds",
                );
            }
        }
        if let Some(mode) = policy.annotation("mode") {
            self.object(
                Some("mode"),
                "policy-mode-unsupported",
                format!("`@mode(\"{mode}\")` has no effect here: every policy is enforced"),
                "remove @mode, and the policy if it must not be enforced yet",
            );
        }
    }

    fn scope(&mut self, policy: &Policy) {
        let guardrails = self.source.set == PolicySetKind::Guardrails;
        if guardrails && policy.effect() == Effect::Permit {
            self.object_at(
                locate::word(&self.statement.text, "permit", 0),
                "guardrail-permits",
                "guardrails only forbid".to_owned(),
                "write `forbid`, or move the permit into the set of its domain",
            );
        }
        if !guardrails && policy.action_constraint() == ActionConstraint::Any {
            self.object_at(
                locate::word(&self.statement.text, "action", 0),
                "policy-action-open",
                "the policy holds for every action".to_owned(),
                "name the action: `action == Action::\"...\"` or `action in Action::\"...\"`",
            );
        }
    }

    /// `has` is false of what the schema does not know, and says nothing: a misspelt attribute
    /// would leave a policy that reads well and never holds.
    fn tested_attributes(&mut self) {
        let known = schema::attributes(self.source.set);
        let mut earlier = 0;
        while let Some(at) = locate::word(&self.statement.text, "has", earlier) {
            earlier += 1;
            let after = self.statement.text.get(at + "has".len()..).unwrap_or_default();
            let path = after.trim_start();
            let start = at + "has".len() + after.len() - path.len();
            for (within, name) in tested(path) {
                if known.contains(name) {
                    continue;
                }
                let what = format!("the schema knows no attribute `{name}`, so this never holds");
                let set = self.source.set.as_str();
                let help = format!("`portreeve policy schema {set}` lists what there is");
                self.object_at(Some(start + within), ATTRIBUTE_UNKNOWN, what, &help);
            }
        }
    }

    /// What may be absent must be asked for, so that its absence never passes.
    fn absences(&mut self, policy: &Policy) {
        // A tree that cannot be read is reported where the policy is kept.
        for fault in polarity::faults(policy).unwrap_or_default() {
            match fault {
                Fault::NotAsked { absent, earlier } => {
                    let (word, who) = match &absent {
                        Absent::Claim(claim) => {
                            (claim.as_str(), format!("a target whose `{claim}` is unknown"))
                        }
                        Absent::Approved => (APPROVED, "a call in no approved context".to_owned()),
                    };
                    let within = locate::word(&self.statement.text, word, earlier);
                    let what = format!("{who} could pass here");
                    let help = asking(policy.effect(), &absent);
                    self.object_at(within, not_asked(&absent), what, &help);
                }
                Fault::Whole(value) => self.whole(policy.effect(), value),
                Fault::MayFail(absent) => self.may_fail(&absent),
            }
        }
    }

    /// `value` is used as one, with all that may be absent from it.
    fn whole(&mut self, effect: Effect, value: &str) {
        let (absent, why) = if value.ends_with(APPROVED) {
            (Absent::Approved, "test and compare what it says instead")
        } else {
            (Absent::Claim("region".to_owned()), "and unknown claims with it")
        };
        let what = format!("`{value}` is taken as a whole, {why}");
        self.object(None, not_asked(&absent), what, &asking(effect, &absent));
    }

    /// The policy asks for `absent`, and may fail.
    fn may_fail(&mut self, absent: &Absent) {
        let (code, what) = match absent {
            Absent::Claim(_) => ("policy-claim-arithmetic", "a claim"),
            Absent::Approved => ("policy-context-arithmetic", "an approved context"),
        };
        let fault = format!("the policy asks for {what}, and its arithmetic may overflow");
        let help = format!("write the result as a number; {what} is compared, never computed");
        self.object(None, code, fault, &help);
    }

    /// A tool of a provider that cannot exist would be a policy that never matches.
    fn provider_tools(&mut self, policy: &Policy) {
        let uids = policy.entity_literals().into_iter();
        let tools = uids.filter(|uid| uid.type_name().to_string() == PROVIDER_TOOL);
        for uid in tools {
            if provider_of_tool(uid.id().unescaped()).is_some() {
                continue;
            }
            let within = self.statement.text.find(&uid.to_string());
            let what = format!("`{uid}` is no tool of a provider");
            let kinds: Vec<_> = ProviderToolKind::ALL.iter().map(|kind| kind.as_str()).collect();
            let help = format!("write `<provider>/<kind>`; the kinds are {}", kinds.join(", "));
            self.object_at(within, "policy-provider-tool-malformed", what, &help);
        }
    }

    fn id(&mut self, policy: &Policy) -> Option<PolicyId> {
        let set = self.source.set.as_str();
        let Some(id) = policy.annotation("id").filter(|id| !id.is_empty()) else {
            let help = "add @id(\"...\"), unique in its set: decisions cite it";
            self.object(Some("id"), "policy-id-missing", "the policy has no @id".to_owned(), help);
            return None;
        };
        // Both must be names: the id by itself, without a `/`, and the id with its set.
        let plain = id.parse::<PolicyId>().is_ok() && !id.contains('/');
        let full = format!("{set}/{id}").parse().ok().filter(|_| plain);
        if full.is_none() {
            let help = "use a-z, 0-9, `-`, `_` and `.`, at most 128 with the set's name";
            let what = format!("@id `{id}` is not an id");
            self.object(Some("id"), "policy-id-malformed", what, help);
        }
        full
    }

    fn owner(&mut self, policy: &Policy, exists: &dyn Fn(&str) -> bool) -> String {
        let owner = self.text(policy, "owner", "policy-owner-missing");
        if !owner.is_empty() && !exists(&owner) {
            self.object(
                Some("owner"),
                "policy-owner-unknown",
                format!("@owner `{owner}` is not a seat of this charter"),
                "name a seat of people.yaml, as in @owner(\"seat:policy-lead\")",
            );
        }
        owner
    }

    /// The text of an annotation that must say something.
    fn text(&mut self, policy: &Policy, name: &str, code: &'static str) -> String {
        let text = policy.annotation(name).unwrap_or_default().trim().to_owned();
        if text.is_empty() {
            let help = format!("add @{name}(\"...\")");
            self.object(Some(name), code, format!("the policy has no @{name}"), &help);
        }
        text
    }

    fn expires(&mut self, policy: &Policy) -> Option<Timestamp> {
        let text = policy.annotation("expires")?;
        if policy.effect() == Effect::Forbid {
            self.object(
                Some("expires"),
                "policy-expires-forbid",
                "a forbid must never vanish by itself".to_owned(),
                "remove @expires; a later change can remove the policy",
            );
        }
        let expires = expiry::read(text);
        if expires.is_none() {
            self.object(
                Some("expires"),
                "policy-expires-malformed",
                format!("@expires `{text}` is not a date or time"),
                "write 2026-12-31 (counts through that day, UTC) or 2026-12-31T18:00:00Z",
            );
        }
        expires
    }
}
