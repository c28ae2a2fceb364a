//! All that `portreeve check` found, in the form that was asked for, with a summary at the end.

use std::collections::BTreeSet;

use anyhow::Result;
use bundle::Finding;
use charter::SourceTree;
use model::Problem;
use serde_json::Value;

use super::paint::Paint;
use super::told::{Severity, Told};
use super::{counted, finding};
use crate::cli::ErrorFormat;
use crate::print;

/// How findings are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// One after the other, as `--error-format` says.
    Text(ErrorFormat),
    /// One JSON document with all of them.
    Document,
}

/// Findings as they are told.
pub(super) struct Report<'t> {
    form: Form,
    tree: Option<&'t SourceTree>,
    paint: Paint,
    all: Vec<Value>,
    problems: usize,
    warnings: usize,
    files: BTreeSet<String>,
}

impl Form {
    /// Whether people read it.
    pub(super) fn is_prose(self) -> bool {
        matches!(self, Self::Text(ErrorFormat::Human | ErrorFormat::Plain))
    }
}

impl<'t> Report<'t> {
    pub(super) fn new(form: Form, tree: Option<&'t SourceTree>) -> Self {
        let is_coloured = print::is_coloured(&std::io::stdout());
        let paint = if is_coloured { Paint::Coloured } else { Paint::Bare };
        let (all, files) = (Vec::new(), BTreeSet::new());
        Self { form, tree, paint, all, problems: 0, warnings: 0, files }
    }

    /// Tells of problems with a place, in their order.
    pub(super) fn problems(&mut self, problems: &[Problem], severity: Severity) {
        for problem in problems {
            let told = Told::new(problem, severity, self.tree);
            match self.form {
                Form::Text(ErrorFormat::Human) => print::drawn(&told.human(self.paint)),
                Form::Text(ErrorFormat::Plain) => print::line(&told.plain()),
                Form::Text(ErrorFormat::Json) => print::line(&told.json().to_string()),
                Form::Document => self.all.push(told.json()),
            }
            match severity {
                Severity::Problem => self.problems += 1,
                Severity::Warning => self.warnings += 1,
            }
            self.files.insert(problem.place.file.clone());
        }
    }

    /// Tells of what is no problem of one file.
    pub(super) fn findings(&mut self, findings: &[Finding]) {
        for found in findings {
            match self.form {
                Form::Text(ErrorFormat::Human | ErrorFormat::Plain) => {
                    print::line(&format!("warning: {found}"));
                }
                Form::Text(ErrorFormat::Json) => print::line(&finding(found).to_string()),
                Form::Document => self.all.push(finding(found)),
            }
        }
    }

    /// The summary, or the document.
    pub(super) fn end(self) -> Result<()> {
        if self.form == Form::Document {
            print::line(&serde_json::to_string_pretty(&self.all)?);
        } else if self.form.is_prose() && self.problems + self.warnings > 0 {
            let found = [(self.problems, "problem"), (self.warnings, "warning")];
            let found = found.iter().filter(|(count, _)| *count > 0);
            let found: Vec<_> = found.map(|(count, what)| counted(*count, what)).collect();
            let files = counted(self.files.len(), "file");
            print::line(&format!("{} in {files}", found.join(" and ")));
        }
        Ok(())
    }
}
