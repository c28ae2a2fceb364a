//! One problem of a charter as it is told: for people, plainly, or for programs. It reads the
//! line that is meant out of the tree, and never shows one that may hold a secret.

use charter::{FileKind, SourceTree};
use model::Problem;
use serde_json::{Value, json};

use super::excerpt::{Span, excerpt};
use super::paint::{Paint, wrapped};
use super::token;

/// Cells of a line, as people paste them.
const WIDTH: usize = 80;

/// How grave a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Severity {
    /// The charter does not come into force.
    Problem,
    /// It does, and somebody should know.
    Warning,
}

/// A problem with the line it is on.
#[derive(Debug)]
pub(super) struct Told<'a> {
    problem: &'a Problem,
    severity: Severity,
    line: Option<Line>,
    /// There is a line, and it may hold a secret.
    is_withheld: bool,
}

/// A line of a file, and what of it is meant.
#[derive(Debug)]
struct Line {
    text: String,
    /// The one before, where the slip may stand there.
    before: Option<String>,
    span: Span,
}

impl Severity {
    const fn word(self) -> &'static str {
        match self {
            Self::Problem => "error",
            Self::Warning => "warning",
        }
    }
}

impl<'a> Told<'a> {
    /// `problem` of the charter in `tree`, where that could be read.
    pub(super) fn new(problem: &'a Problem, severity: Severity, tree: Option<&SourceTree>) -> Self {
        let line = tree.and_then(|tree| tree.get(&problem.place.file)).and_then(|bytes| {
            let text = String::from_utf8_lossy(bytes);
            let line = line(problem, &text)?;
            let lines = [Some(&line.text), line.before.as_ref()];
            let shown = lines.iter().flatten().all(|line| may_show(problem, &text, line));
            Some((line, shown))
        });
        let is_withheld = line.as_ref().is_some_and(|(_, shown)| !shown);
        let line = line.and_then(|(line, shown)| shown.then_some(line));
        Self { problem, severity, line, is_withheld }
    }

    /// A heading, then a rule on the left that ends with the problem: people paste parts.
    pub(super) fn human(&self, paint: Paint) -> String {
        let Problem { place, code, what, who, help } = self.problem;
        let mut text = paint.heading(self.severity.word(), &wrapped(what, WIDTH - 9).join("\n  "));
        let mut rule = |line: &str| text.push_str(&paint.rule('│', line));
        rule(&format!("at    {place}"));
        if let Some(Line { text, before, span }) = &self.line {
            let number = place.line.to_string();
            let digits = number.len();
            let gutter = " ".repeat(digits);
            let room = WIDTH - digits - 6;
            let shown = excerpt(text, *span, room);
            rule("");
            if let Some(before) = before {
                let start = Span { column: 1, chars: 1 };
                let line = excerpt(before, start, room).line;
                rule(&format!(" {:>digits$} │ {line}", place.line - 1));
            }
            rule(&format!(" {number} │ {}", shown.line));
            rule(&format!(" {gutter} │ {}", shown.marks));
            rule("");
        } else if self.is_withheld {
            rule("      the line may hold a secret, and is not shown");
        }
        rule(&format!("code  {code}"));
        rule(&format!("who   {who}"));
        for (index, line) in wrapped(help, WIDTH - 8).iter().enumerate() {
            rule(&format!("{}{line}", if index == 0 { "help  " } else { "      " }));
        }
        text.push_str(&paint.rule('╰', &format!("read  {}", page(self.problem))));
        text
    }

    /// Sentences with a word before each, without rules: for those who have it read to them.
    pub(super) fn plain(&self) -> String {
        let Problem { place, code, what, who, help } = self.problem;
        let mut text = format!("{}: {what}\nfile: {}\n", self.severity.word(), place.file);
        if place.line > 0 {
            text.push_str(&format!("line: {}\n", place.line));
        }
        if place.column > 0 {
            text.push_str(&format!("column: {}\n", place.column));
        }
        if let Some(Line { text: line, .. }) = &self.line {
            text.push_str(&format!("reads: {}\n", line.trim()));
        } else if self.is_withheld {
            text.push_str("the line may hold a secret, and is not shown\n");
        }
        text.push_str(&format!(
            "code: {code}\nwho: {who}\nhelp: {help}\nread: {}\n",
            page(self.problem)
        ));
        text
    }

    /// One object.
    pub(super) fn json(&self) -> Value {
        let Problem { place, code, what, who, help } = self.problem;
        let span = self.line.as_ref().map(|line| line.span);
        json!({
            "id": code,
            "severity": match self.severity {
                Severity::Problem => "problem",
                Severity::Warning => "warning",
            },
            "file": place.file,
            "line": place.line,
            "column": place.column,
            "end_column": span.map_or(place.column, |span| span.column + span.chars),
            "what": what,
            "who": who,
            "help": help,
            "page": page(self.problem),
            "text": self.line.as_ref().map(|line| line.text.as_str()),
        })
    }
}

/// The line that is meant, and how much of it.
fn line(problem: &Problem, text: &str) -> Option<Line> {
    let place = &problem.place;
    let line = text.split('\n').nth(place.line.checked_sub(1)?)?;
    let line = line.strip_suffix('\r').unwrap_or(line);
    let column = place.column.max(1);
    let at = line.char_indices().nth(column - 1).map_or(line.len(), |(at, _)| at);
    let (before, rest) = line.split_at(at);
    let is_yaml = place.file.ends_with(".yaml");
    let chars = match (place.column, place.chars) {
        (0, _) => line.chars().count(),
        (_, 0) => token::length(is_yaml, before, rest),
        (_, chars) => chars,
    };
    let before = text.split('\n').nth(place.line.wrapping_sub(2)).map(str::to_owned);
    Some(Line {
        text: line.to_owned(),
        before: before.filter(|_| problem.code == charter::code::SYNTAX),
        span: Span { column, chars: chars.max(1) },
    })
}

/// Whether the line may be shown: not where it may hold a secret, nor a URL that may carry one, nor
/// what somebody wrote into a secret's file that does not belong there.
fn may_show(problem: &Problem, text: &str, line: &str) -> bool {
    let is_secrets = problem.place.file.starts_with("secrets/");
    let is_stray = matches!(problem.code, charter::code::UNKNOWN_FIELD | charter::code::SYNTAX);
    let may_carry = problem.code == charter::code::BAD_URL && line.contains(['@', '?', '#']);
    let is_told = problem.code == charter::code::SECRET_IN_CHARTER;
    let hidden = is_told || may_carry || (is_secrets && is_stray);
    !hidden && !charter::may_hold_secret(text, line)
}

/// The page to read.
fn page(problem: &Problem) -> String {
    let file = problem.place.file.as_str();
    if problem.code.starts_with("schema-") || problem.code == charter::code::WRONG_SCHEMA {
        return "docs/guide/editors.md".to_owned();
    }
    if file.starts_with("policies/") {
        return "docs/reference/policy.md".to_owned();
    }
    let anchor = match FileKind::ALL.into_iter().find(|kind| is_of(file, *kind)) {
        _ if is_about_yaml(problem.code) => "#yaml-strictly".to_owned(),
        Some(kind) => format!("#{}", anchor(kind.pattern())),
        None => String::new(),
    };
    format!("docs/reference/charter.md{anchor}")
}

/// Whether what is wrong is wrong in every file alike.
fn is_about_yaml(code: &str) -> bool {
    use charter::code::{
        ANCHOR, BYTE_ORDER_MARK, DUPLICATE_KEY, EMPTY_FILE, INVISIBLE_CHARACTER, KEY_KIND,
        MERGE_KEY, NOT_UTF8, SECOND_DOCUMENT, SECRET_IN_CHARTER, SYNTAX, TAG,
    };
    [
        ANCHOR,
        BYTE_ORDER_MARK,
        DUPLICATE_KEY,
        EMPTY_FILE,
        INVISIBLE_CHARACTER,
        KEY_KIND,
        MERGE_KEY,
        NOT_UTF8,
        SECOND_DOCUMENT,
        SECRET_IN_CHARTER,
        SYNTAX,
        TAG,
    ]
    .contains(&code)
}

fn is_of(file: &str, kind: FileKind) -> bool {
    match kind.folder() {
        Some(folder) => file.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/')),
        None => file == kind.pattern(),
    }
}

/// A heading as pages link to it.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|character| character.is_alphanumeric());
    kept.flat_map(char::to_lowercase).collect()
}
