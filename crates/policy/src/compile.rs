//! Policy files to [`Policies`]: all problems at once, or everything checked and ready.
//!
//! Limits: a file of 256 KiB, a policy of 16 KiB, conditions 32 levels deep, 20,000 policies.
//! They bound the recursion and the time of every later step.

use std::collections::{BTreeMap, BTreeSet};

use cedar_policy::{PolicySet, ValidationMode, ValidationWarning};
use model::{Effect, PolicyRef, PolicySetKind, Problem, Problems};

use crate::conditions;
use crate::depth;
use crate::lint::{self, Annotations};
use crate::locate::{self, Statement};
use crate::policies::{Compiled, Policies, PolicyListing};
use crate::problem::{self, EDITOR};
use crate::schema;

/// Largest policy file, in bytes.
const FILE_BYTES_MAX: usize = 256 * 1024;

/// Largest policy, in bytes.
const POLICY_BYTES_MAX: usize = 16 * 1024;

/// Deepest condition: see [`depth::beyond`] for the measure.
const DEPTH_MAX: usize = 32;

/// Most policies in a charter.
const POLICIES_MAX: usize = 20_000;

/// How far a policy may follow references: its principal, its resource and entities in the
/// context. The slice of a question is complete for that and no more.
const LEVEL: u32 = 1;

/// The code of a policy that matches nothing.
const IMPOSSIBLE: &str = "policy-impossible";

/// One policy file of a charter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicySource {
    /// The set it belongs to.
    pub set: PolicySetKind,
    /// Its path in the charter.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// Checks every file and compiles them all; no file at all is a set that permits nothing.
///
/// `owner_exists` answers whether the charter has the seat that an `@owner` names (`seat:...`).
///
/// # Errors
/// Every problem of every file, sorted by place.
///
/// ```
/// use model::PolicySetKind;
/// use policy::{PolicySource, compile};
///
/// let text = r#"
/// @id("support-uses-gpt")
/// @owner("seat:policy-lead")
/// @rationale("Support answers customers with it.")
/// permit (principal in Team::"support", action == Action::"CallTool", resource);
/// "#;
/// let path = "policies/model/support.cedar".to_owned();
/// let source = PolicySource { set: PolicySetKind::Model, path, text: text.to_owned() };
/// let problems = compile(&[source], &|owner| owner == "seat:policy-lead").unwrap_err();
/// assert_eq!(problems[0].place.to_string(), "policies/model/support.cedar:5:49");
/// assert_eq!(problems[0].what, r#"unrecognized action `Action::"CallTool"`"#);
/// ```
pub fn compile(
    sources: &[PolicySource],
    owner_exists: &dyn Fn(&str) -> bool,
) -> Result<Policies, Problems> {
    let mut sources: Vec<_> = sources.iter().collect();
    sources.sort_by(|left, right| (left.set, &left.path).cmp(&(right.set, &right.path)));
    let mut compiler = Compiler {
        owner_exists,
        places: BTreeMap::new(),
        compiled: Vec::new(),
        problems: Vec::new(),
    };
    for source in sources {
        compiler.file(source);
    }
    compiler.finish()
}

struct Compiler<'a> {
    owner_exists: &'a dyn Fn(&str) -> bool,
    /// Where each id was first seen.
    places: BTreeMap<String, String>,
    compiled: Vec<Compiled>,
    problems: Problems,
}

impl Compiler<'_> {
    fn finish(mut self) -> Result<Policies, Problems> {
        if self.places.len() > POLICIES_MAX {
            self.problems.push(Problem {
                place: model::Place::file("policies"),
                code: "policies-too-many",
                what: format!("{} policies; the most is {POLICIES_MAX}", self.places.len()),
                who: EDITOR.to_owned(),
                help: "let one policy speak of a team instead of each agent".to_owned(),
            });
        }
        if self.problems.is_empty() {
            return Ok(Policies::new(self.compiled));
        }
        // Cedar's words quote what a file holds, its escapes undone.
        let mut problems: Problems = self.problems.into_iter().map(problem::shown).collect();
        problems.sort();
        problems.dedup();
        Err(problems)
    }

    fn file(&mut self, source: &PolicySource) {
        if let Some((offset, code, what)) = beyond_limits(&source.text) {
            return self.object(source, offset, code, what);
        }
        let set: PolicySet = match source.text.parse() {
            Ok(set) => set,
            Err(errors) => {
                let errors: cedar_policy::ParseErrors = errors;
                let problems = errors
                    .iter()
                    .map(|error| problem::from_cedar(source, error, "policy-syntax", 0));
                return self.problems.extend(problems);
            }
        };
        for statement in locate::statements(&source.text, &set) {
            let earlier = self.problems.len();
            self.statement(source, &statement);
            self.address(earlier, &statement);
        }
    }

    /// Addresses the problems found after the first `earlier` to the policy's owner, where it
    /// names one that exists.
    fn address(&mut self, earlier: usize, statement: &Statement) {
        let owner = statement.policy.as_ref().and_then(|policy| policy.annotation("owner"));
        let Some(owner) = owner.filter(|owner| (self.owner_exists)(owner)) else { return };
        for problem in self.problems.iter_mut().skip(earlier) {
            owner.clone_into(&mut problem.who);
        }
    }

    fn statement(&mut self, source: &PolicySource, statement: &Statement) {
        if statement.text.len() > POLICY_BYTES_MAX {
            let what = format!("the policy has more than {POLICY_BYTES_MAX} bytes");
            return self.object(source, statement.start, "policy-too-large", what);
        }
        let Some(policy) = &statement.policy else {
            return self.problems.push(lint::template(source, statement));
        };
        let (annotations, problems) = lint::policy(source, statement, policy, self.owner_exists);
        let unknown = |problem: &Problem| problem.code == lint::ATTRIBUTE_UNKNOWN;
        let is_misspelt = problems.iter().any(unknown);
        self.problems.extend(problems);
        self.validate(source, statement, policy, is_misspelt);
        let Some(annotations) = annotations else { return };
        if self.is_first(source, statement, &annotations) {
            self.keep(source, statement, policy, annotations);
        }
    }

    /// Notes the policy's id; objects where it was seen before.
    fn is_first(
        &mut self,
        source: &PolicySource,
        statement: &Statement,
        annotations: &Annotations,
    ) -> bool {
        let id = annotations.id.to_string();
        let within = locate::annotation(&statement.text, "id").unwrap_or(0);
        let offset = statement.start + within;
        if let Some(first) = self.places.get(&id) {
            let what = format!("@id `{id}` is taken by the policy at {first}");
            self.object(source, offset, "policy-id-duplicate", what);
            return false;
        }
        let place = locate::place(&source.path, &source.text, offset);
        self.places.insert(id, place.to_string());
        true
    }

    fn validate(
        &mut self,
        source: &PolicySource,
        statement: &Statement,
        policy: &cedar_policy::Policy,
        is_misspelt: bool,
    ) {
        let alone = match PolicySet::from_policies([policy.clone()]) {
            Ok(alone) => alone,
            Err(error) => {
                return self.object(source, statement.start, "policy-invalid", error.to_string());
            }
        };
        let validator = schema::validator(source.set);
        let result = validator.validate_with_level(&alone, ValidationMode::Strict, LEVEL);
        let report = |diagnostic: &dyn miette::Diagnostic, code| {
            problem::from_cedar(source, diagnostic, code, statement.start)
        };
        let errors: Vec<_> =
            result.validation_errors().map(|error| report(error, "policy-invalid")).collect();
        let mut hopeless = is_misspelt || !errors.is_empty();
        self.problems.extend(errors);
        for warning in result.validation_warnings() {
            let code = warning_code(warning);
            // That a policy can never match follows from an error already reported.
            if code == IMPOSSIBLE && std::mem::replace(&mut hopeless, true) {
                continue;
            }
            let mut problem = report(warning, code);
            if code == IMPOSSIBLE {
                problem.what = format!("the policy can never hold: {}", problem.what);
            }
            self.problems.push(problem);
        }
    }

    fn keep(
        &mut self,
        source: &PolicySource,
        statement: &Statement,
        policy: &cedar_policy::Policy,
        annotations: Annotations,
    ) {
        let id = cedar_policy::PolicyId::new(annotations.id.as_str());
        let cedar = policy.new_id(id);
        match conditions::without_context(&cedar) {
            Ok(reach) => {
                let listing = listing(source, statement, policy, annotations);
                self.compiled.push(Compiled { listing, cedar, reach });
            }
            Err(what) => self.object(source, statement.start, "policy-invalid", what),
        }
    }

    fn object(&mut self, source: &PolicySource, offset: usize, code: &'static str, what: String) {
        self.problems.push(Problem {
            place: locate::place(&source.path, &source.text, offset),
            code,
            what,
            who: EDITOR.to_owned(),
            help: help(code).to_owned(),
        });
    }
}

fn listing(
    source: &PolicySource,
    statement: &Statement,
    policy: &cedar_policy::Policy,
    annotations: Annotations,
) -> PolicyListing {
    let line = |offset| u32::try_from(locate::line(&source.text, offset)).unwrap_or(u32::MAX);
    let Annotations { id, owner, rationale, control, expires } = annotations;
    let reference = PolicyRef {
        id,
        effect: match policy.effect() {
            cedar_policy::Effect::Permit => Effect::Permit,
            cedar_policy::Effect::Forbid => Effect::Forbid,
        },
        file: source.path.clone(),
        line: line(statement.start),
        line_end: line(statement.end),
        text: model::Digest::of(statement.text.as_bytes()),
        owner,
    };
    let text = statement.text.clone();
    let names = names(policy);
    PolicyListing { policy: reference, set: source.set, rationale, control, expires, text, names }
}

/// What `policy` names, without its actions; with a tool of a provider, the provider.
fn names(policy: &cedar_policy::Policy) -> Vec<(String, String)> {
    let mut names = BTreeSet::new();
    for uid in policy.entity_literals() {
        let (kind, id) = (uid.type_name().to_string(), uid.id().unescaped().to_owned());
        let tool = kind == lint::PROVIDER_TOOL;
        if let Some(provider) = lint::provider_of_tool(&id).filter(|_| tool) {
            names.insert(("Provider".to_owned(), provider.to_owned()));
        }
        if kind != "Action" {
            names.insert((kind, id));
        }
    }
    names.into_iter().collect()
}

/// What is beyond a limit of a file: where, which, in words.
fn beyond_limits(text: &str) -> Option<(usize, &'static str, String)> {
    if text.len() > FILE_BYTES_MAX {
        let what = format!("the file has {} bytes; the most is {FILE_BYTES_MAX}", text.len());
        return Some((0, "policy-file-too-large", what));
    }
    let offset = depth::beyond(text, DEPTH_MAX)?;
    let what = format!("the condition is more than {DEPTH_MAX} levels deep");
    Some((offset, "policy-too-deep", what))
}

/// What to do about the problems this file reports itself.
fn help(code: &str) -> &'static str {
    match code {
        "policy-file-too-large" => "split the file; the set is the folder, not the file",
        "policy-too-large" => "split the policy; permits of a set add up",
        "policy-too-deep" => "write conditions side by side: `when { ... } when { ... }`",
        "policy-id-duplicate" => "give each policy of a set an @id of its own",
        _ => "docs/reference/policy.md describes the schema",
    }
}

fn warning_code(warning: &ValidationWarning) -> &'static str {
    let impossible = matches!(
        warning,
        ValidationWarning::ImpossiblePolicy(_) | ValidationWarning::InvalidActionApplication(_)
    );
    if impossible { IMPOSSIBLE } else { "policy-confusing-text" }
}
