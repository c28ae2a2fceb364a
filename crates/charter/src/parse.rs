//! A source tree to the charter it declares, with every problem at once.
//!
//! Three passes: read each file by itself, look for what files name in each other, say who can
//! fix what. It parses no Cedar.

use std::collections::{BTreeMap, BTreeSet};

use model::{ModelName, Place, PolicySetKind, Problems};

use crate::charter::{Charter, PolicyFile};
use crate::file_kind::FileKind;
use crate::layout::{self, Spot};
use crate::located::Located;
use crate::mention::{Kind, Mention, Sheet};
use crate::people::Declared;
use crate::root::Governing;
use crate::tree::SourceTree;
use crate::who::Answering;
use crate::yaml::Node;
use crate::{
    agent, code, context, editor, model_file, people, policy_test, problem, provider, quota,
    resolve, root, secret, secret_shape, text, who, yaml,
};

/// Most problems that are listed. A charter with more is something else altogether, and reading
/// on would only cost time.
const PROBLEMS_MAX: usize = 1_000;

/// Reads every file of `tree`.
///
/// The problems are sorted by place, each once. With none, every name in the charter resolves
/// and [`Charter::charter`] is there.
///
/// ```
/// let tree = charter::SourceTree::from_files([("agents/a.yaml", "nme: a\n")]).unwrap();
/// let (_, problems) = charter::parse(&tree);
/// assert!(problems.iter().any(|problem| problem.help == "did you mean `name`?"));
/// ```
#[must_use]
pub fn parse(tree: &SourceTree) -> (Charter, Problems) {
    let mut reading = Reading::default();
    for (path, bytes) in tree.files() {
        if reading.problems.len() > PROBLEMS_MAX {
            break;
        }
        reading.file(path, bytes);
    }
    reading.missing_files(tree);
    // Where files were left unread, what others name in them would look undeclared.
    if reading.problems.len() <= PROBLEMS_MAX {
        resolve::check(&mut reading);
    }
    let Reading { charter, mut problems, declared, governing, owners, .. } = reading;
    let answering = Answering { declared: &declared, governing: &governing, owners: &owners };
    who::name(&mut problems, &answering);
    problems.sort();
    problems.dedup();
    if problems.len() > PROBLEMS_MAX {
        problems.truncate(PROBLEMS_MAX);
        let what = format!("more than {PROBLEMS_MAX} problems; only these are listed");
        problems.push(problem::file(".", code::TOO_MANY_PROBLEMS, what, "mend these first"));
        problems.sort();
    }
    (charter, problems)
}

/// What was read so far, and what is needed to check it.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    pub(crate) charter: Charter,
    pub(crate) problems: Problems,
    pub(crate) governing: Governing,
    pub(crate) declared: Declared,
    pub(crate) mentions: Vec<Mention>,
    /// The names of all policy tests, those too that could not be read whole.
    pub(crate) test_names: Vec<Located<String>>,
    /// The seat that each file's object names as its owner.
    owners: BTreeMap<String, String>,
    /// Where each model's name was first seen.
    models: BTreeMap<ModelName, Place>,
}

impl Reading {
    fn file(&mut self, path: &str, bytes: &[u8]) {
        match layout::spot(path) {
            Ok(Spot::Yaml(kind)) => self.yaml(path, kind, bytes),
            Ok(Spot::Policy(set)) => self.policy(path, set, bytes),
            Ok(Spot::Note) => {
                self.plain(path, bytes);
            }
            Err(problem) => self.problems.push(problem),
        }
    }

    /// A file that is carried as text.
    fn plain<'a>(&mut self, path: &str, bytes: &'a [u8]) -> Option<&'a str> {
        let (text, problems) = text::read(path, bytes);
        self.problems.extend(problems);
        self.problems
            .extend(text.map(|text| secret_shape::in_text(path, text)).unwrap_or_default());
        text
    }

    fn policy(&mut self, path: &str, set: PolicySetKind, bytes: &[u8]) {
        if let Some(text) = self.plain(path, bytes) {
            let (path, text) = (path.to_owned(), text.to_owned());
            self.charter.policies.push(PolicyFile { set, path, text });
        }
    }

    fn yaml(&mut self, path: &str, kind: FileKind, bytes: &[u8]) {
        let mut sheet = Sheet::new(path, kind);
        self.declare(kind, sheet.stem());
        let (root, problems) = yaml::parse(path, bytes);
        self.problems.extend(problems);
        let mut secrets = Vec::new();
        let root = root.map(|root| secret_shape::refuse(path, root, &mut secrets));
        // A secret in a comment is none of the tree's values; one value is reported once.
        let lines: BTreeSet<_> = secrets.iter().map(|problem| problem.place.line).collect();
        let raw = text::read(path, bytes).0.unwrap_or_default();
        self.problems.extend(editor::check(path, kind, raw));
        let beside = secret_shape::in_text(path, raw);
        self.problems.extend(beside.into_iter().filter(|one| !lines.contains(&one.place.line)));
        self.problems.extend(secrets);
        match root {
            Some(root) => self.object(&mut sheet, &root),
            None if kind == FileKind::Model => self.declared.models_unsure = true,
            None => {}
        }
        self.mentions.append(&mut sheet.mentions);
        self.problems.extend(sheet.reader.into_problems());
    }

    /// Notes that a file declares something, even if it turns out to be unreadable: then what
    /// names it is not at fault.
    fn declare(&mut self, kind: FileKind, stem: &str) {
        let kind = match kind {
            FileKind::Agent => Kind::Agent,
            FileKind::Provider => Kind::Provider,
            FileKind::Secret => Kind::Secret,
            FileKind::Context => Kind::Context,
            FileKind::Charter
            | FileKind::People
            | FileKind::Model
            | FileKind::Quota
            | FileKind::PolicyTest => return,
        };
        self.declared.names.insert((kind, stem.to_owned()));
    }

    fn object(&mut self, sheet: &mut Sheet<'_>, root: &Node) {
        who::note_owner(&mut self.owners, sheet.path, root);
        match sheet.kind {
            FileKind::Charter => {
                (self.charter.charter, self.governing) = root::read(sheet, root);
            }
            FileKind::People => {
                let (people, declared) = people::read(sheet, root);
                self.charter.people = people;
                self.declared.merge(declared);
            }
            FileKind::Agent => {
                let agent = agent::read(sheet, root);
                self.charter.agents.extend(agent.map(|agent| (agent.name.clone(), agent)));
            }
            FileKind::Provider => {
                let provider = provider::read(sheet, root);
                let named = provider.map(|provider| (provider.name.clone(), provider));
                self.charter.providers.extend(named);
            }
            FileKind::Model => self.model(sheet, root),
            FileKind::Secret => {
                let secret = secret::read(sheet, root);
                self.charter.secrets.extend(secret.map(|secret| (secret.name.clone(), secret)));
            }
            FileKind::Context => {
                let context = context::read(sheet, root);
                let named = context.map(|context| (context.name.clone(), context));
                self.charter.contexts.extend(named);
            }
            FileKind::Quota => {
                let quota = quota::read(sheet, root);
                self.charter.quotas.extend(quota.map(|quota| (quota.name.clone(), quota)));
            }
            FileKind::PolicyTest => {
                let tests = policy_test::read(sheet, root);
                self.charter.tests.extend(tests.whole);
                self.test_names.extend(tests.names);
            }
        }
    }

    fn model(&mut self, sheet: &mut Sheet<'_>, root: &Node) {
        let (name, model) = model_file::read(sheet, root);
        let Some(Located { value: name, place }) = name else {
            // A model of unknown name might be the one that others mention.
            self.declared.models_unsure = true;
            return;
        };
        self.declared.names.insert((Kind::Model, name.to_string()));
        if let Some(first) = self.models.get(&name) {
            let what = format!("model `{name}` is declared already, at {first}");
            let help = "remove one, or give it another name";
            self.problems.push(problem::at(place, code::DUPLICATE, what, help));
            return;
        }
        self.models.insert(name.clone(), place);
        self.charter.models.extend(model.map(|model| (name, model)));
    }

    fn missing_files(&mut self, tree: &SourceTree) {
        for kind in [FileKind::Charter, FileKind::People] {
            let path = kind.pattern();
            if tree.get(path).is_none() {
                let what = format!("the charter has no `{path}`");
                let help = "docs/reference/charter.md says what it holds";
                self.problems.push(problem::file(path, code::MISSING_FILE, what, help));
            }
        }
    }
}
