//! Which agents a target is for: a condition, as a charter states it. It judges nobody.

use model::Environment;

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
        fields.or("environments", Vec::new(), |node| sheet.words(node, &environments));
    let data_classes =
        fields.or("data_classes", Vec::new(), |node| sheet.words(node, DataClass::WORDS));
    Some(Condition { environments: environments?, data_classes: data_classes? })
}
