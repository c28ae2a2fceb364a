//! Which agents a target is for: a condition, as a charter states it. It judges nobody.

use model::Environment;

use crate::code;
use crate::mention::Sheet;
use crate::words::DataClass;
use crate::yaml::Node;

/// Which agents' calls a target serves. An empty list is no condition.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Condition {
    /// Where the agent runs: one of these.
    pub environments: Vec<Environment>,
    /// The most sensitive data the agent may handle: one of these.
    pub data_classes: Vec<DataClass>,
}

/// Reads the mapping at `node`.
pub(crate) fn read(sheet: &mut Sheet<'_>, node: &Node) -> Option<Condition> {
    let fields = sheet.fields(node, "targets[].when")?;
    let environments = Environment::ALL.map(|one| (one.as_str(), one));
    let environments =
        fields.or("environments", Vec::new(), |node| words(sheet, node, &environments));
    let data_classes =
        fields.or("data_classes", Vec::new(), |node| words(sheet, node, DataClass::WORDS));
    Some(Condition { environments: environments?, data_classes: data_classes? })
}

/// Words of a closed list, none of them twice.
fn words<T: Copy + PartialEq>(
    sheet: &mut Sheet<'_>,
    node: &Node,
    known: &[(&str, T)],
) -> Option<Vec<T>> {
    let items = sheet.reader.list(node)?;
    let mut words = Vec::new();
    for item in items {
        match sheet.reader.one_of(item, known) {
            Some(word) if words.contains(&word) => {
                let what = "the same word is listed twice".to_owned();
                sheet.reader.object(item.at, code::DUPLICATE, what, "list it once");
            }
            Some(word) => words.push(word),
            None => {}
        }
    }
    (words.len() == items.len()).then_some(words)
}
