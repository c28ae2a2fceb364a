//! The line by which a file tells an editor its JSON Schema. It looks for that line and opens
//! nothing: whether the schema is there is for whoever reads the disk.

use model::{Place, Problem};

use crate::file_kind::FileKind;
use crate::layout::{self, Spot};
use crate::schema::SCHEMA_FOLDER;
use crate::tree::SourceTree;
use crate::yaml::Position;
use crate::{code, problem};

/// What the line begins with, behind its `#`.
const SERVER: &str = "yaml-language-server";
/// What stands before the schema.
const SCHEMA: &str = "$schema=";

/// A file that names its schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaReference {
    /// Where the schema is named.
    pub place: Place,
    /// The kind of the file.
    pub kind: FileKind,
    /// The schema, as it is written: a path from the file, or a URL.
    pub schema: String,
}

impl FileKind {
    /// The first line of such a file, by which an editor finds its schema, without a line feed.
    #[must_use]
    pub fn schema_line(self) -> String {
        let up = if self.folder().is_some() { "../" } else { "" };
        format!("# {SERVER}: {SCHEMA}{up}{SCHEMA_FOLDER}/{}", self.schema_file())
    }
}

/// Every file of `tree` that names its schema, in the order of their paths.
pub fn schema_references(tree: &SourceTree) -> impl Iterator<Item = SchemaReference> {
    tree.files().filter_map(|(path, bytes)| {
        let Ok(Spot::Yaml(kind)) = layout::spot(path) else { return None };
        let (at, schema) = named(std::str::from_utf8(bytes).ok()?)?;
        Some(SchemaReference { place: problem::place(path, at), kind, schema: schema.to_owned() })
    })
}

/// What is wrong with the schema that the file names: an editor would help with the fields of
/// another kind of file.
pub(crate) fn check(path: &str, kind: FileKind, text: &str) -> Option<Problem> {
    let (at, schema) = named(text)?;
    if schema.rsplit('/').next() == Some(kind.schema_file()) {
        return None;
    }
    let what =
        format!("the schema is `{}`, another than that of this file", problem::shown(schema));
    let help = format!("write `{}`, or remove the line", kind.schema_line());
    Some(problem::at(problem::place(path, at), code::WRONG_SCHEMA, what, &help))
}

/// The schema that a comment before the first field names, and where.
fn named(text: &str) -> Option<(Position, &str)> {
    let head = text.lines().take_while(|line| line.starts_with('#') || line.trim().is_empty());
    head.enumerate().find_map(|(index, line)| {
        let comment = line.strip_prefix('#')?.trim_start();
        comment.strip_prefix(SERVER)?.trim_start().strip_prefix(':')?;
        let (before, after) = line.split_once(SCHEMA)?;
        let schema = after.split_whitespace().next().filter(|schema| after.starts_with(*schema))?;
        let column = before.chars().count() + SCHEMA.chars().count() + 1;
        Some((Position { line: index + 1, column }, schema))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `line:column` of the problem with the first lines of an agent's file.
    fn check(text: &str, expected: Option<&str>) {
        let found = super::check("agents/a.yaml", FileKind::Agent, text);
        let place = found.map(|one| format!("{}:{}", one.place.line, one.place.column));
        assert_eq!(place.as_deref(), expected, "{text:?}");
    }

    #[test]
    fn a_file_names_the_schema_of_its_own_kind_or_none() {
        for kind in FileKind::ALL {
            let line = kind.schema_line();
            assert!(super::check("x", kind, &line).is_none(), "{line}");
            assert!(named(&line).is_some(), "{line}");
        }
        check("name: a\n", None);
        check("# yaml-language-server: $schema=../.schema/agents.json\n", None);
        check("# yaml-language-server: $schema=https://schemas.acme.example/agents.json\n", None);
        check("# é\n\n#yaml-language-server : $schema=../.schema/people.json\n", Some("3:33"));
        check("# yaml-language-server: $schema=../.schema/agents.yaml\n", Some("1:33"));
        check("# yaml-language-server: $schema=../.schema/myagents.json x\n", Some("1:33"));
        // An editor reads none of these as the line.
        check("# yaml-language-server: schema=people.json\n", None);
        check("# yaml-language-server: $schema= people.json\n", None);
        check("# yaml-language-servers: $schema=people.json\n", None);
        check("name: a\n# yaml-language-server: $schema=people.json\n", None);
    }

    #[test]
    fn every_file_that_names_a_schema_is_found() {
        let agent = FileKind::Agent.schema_line();
        let files = [
            ("agents/a.yaml", agent.as_str()),
            ("agents/b.yaml", "name: b\n"),
            ("policies/model/a.cedar", agent.as_str()),
            ("people.yaml", "# yaml-language-server: $schema=.schema/people.json\n"),
        ];
        let tree = SourceTree::from_files(files).unwrap();
        let found: Vec<_> = schema_references(&tree).collect();
        let shown: Vec<_> =
            found.iter().map(|one| format!("{} {}", one.place, one.schema)).collect();
        let expected =
            ["agents/a.yaml:1:33 ../.schema/agents.json", "people.yaml:1:33 .schema/people.json"];
        assert_eq!(shown, expected);
    }
}
