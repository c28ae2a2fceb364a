//! Which calls a target is for: a condition, as a charter states it. It judges nobody.

use model::{ContextName, Environment};

use crate::located::Located;
use crate::mention::{Kind, Sheet};
use crate::words::DataClass;
use crate::yaml::Node;

/// Which calls a target serves. An empty list is no condition.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Condition {
    /// Where the agent runs: one of these.
    pub environments: Vec<Environment>,
    /// The most sensitive data the agent may handle: one of these.
    pub data_classes: Vec<DataClass>,
    /// The approved context the call is made in: one of these.
    pub contexts: Vec<Located<ContextName>>,
}

/// Reads the mapping at `node`.
pub(crate) fn read(sheet: &mut Sheet<'_>, node: &Node) -> Option<Condition> {
    let fields = sheet.fields(node, "targets[].when")?;
    let environments = Environment::ALL.map(|one| (one.as_str(), one));
    let environments =
        fields.or("environments", Vec::new(), |node| sheet.words(node, &environments));
    let data_classes =
        fields.or("data_classes", Vec::new(), |node| sheet.words(node, DataClass::WORDS));
    let contexts = fields.or("contexts", Vec::new(), |node| {
        let items = sheet.reader.list(node)?;
        sheet.mentions(items, Kind::Context)
    });
    Some(Condition {
        environments: environments?,
        data_classes: data_classes?,
        contexts: contexts?,
    })
}
