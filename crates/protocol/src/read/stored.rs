//! Names of objects kept at the provider: where a table says so, and in whatever no table knows.
//!
//! What a model wrote as the arguments of a tool, and a tool's schema, are the agent's own data:
//! tables mark them so, and nothing here looks at them.

use model::StoredKind;

use super::fields::{Objection, member_of};
use super::finds::Finds;
use crate::json::{Kind, Value, same_name};

/// Members by which vendors name stored objects, wherever they stand in something unknown.
const NAMES: &[(&str, StoredKind)] = &[
    ("file_id", StoredKind::File),
    ("file_ids", StoredKind::File),
    ("vector_store_ids", StoredKind::VectorStore),
    ("container_id", StoredKind::Container),
    ("previous_response_id", StoredKind::Response),
    ("conversation", StoredKind::Conversation),
    ("cached_content", StoredKind::Cache),
    ("cachedContent", StoredKind::Cache),
];

/// Notes the objects that `value` names: one id, or a list of ids. An object names none itself;
/// its own table says which of its members does.
///
/// # Errors
/// It is neither, or there are too many.
pub(super) fn name(kind: StoredKind, value: Value<'_>, finds: &mut Finds) -> Result<(), Objection> {
    match value.kind() {
        Kind::Object => Ok(()),
        Kind::Array => value.elements().try_for_each(|element| one_name(kind, element, finds)),
        Kind::Key | Kind::String | Kind::Number | Kind::True | Kind::False | Kind::Null => {
            one_name(kind, value, finds)
        }
    }
}

/// Notes the item that `object` stands for by its `id` alone: where the text `substitute`, which
/// would stand for it, is missing or empty, the provider looks the item up.
///
/// # Errors
/// The id is not a string, or there are too many.
pub(super) fn name_item_without(
    substitute: &'static str,
    object: Value<'_>,
    finds: &mut Finds,
) -> Result<(), Objection> {
    let text = member_of(object, substitute)?.and_then(Value::string);
    match member_of(object, "id")? {
        Some(id) if text.is_none_or(|text| text.is_empty()) => {
            one_name(StoredKind::Item, id, finds).map_err(|objection| objection.within("id"))
        }
        Some(_) | None => Ok(()),
    }
}

/// Notes what anything inside `value` names, however deep: no table says what it is.
///
/// # Errors
/// There are too many names.
pub(super) fn search(value: Value<'_>, finds: &mut Finds) -> Result<(), Objection> {
    value.members().try_for_each(|(key, inside)| search_member(&key, inside, finds))?;
    value.elements().try_for_each(|element| search(element, finds))
}

/// The same of a member that no table knows, its own name included.
///
/// # Errors
/// There are too many names.
pub(super) fn search_member(
    key: &str,
    value: Value<'_>,
    finds: &mut Finds,
) -> Result<(), Objection> {
    if let Some((_, kind)) = NAMES.iter().find(|(name, _)| same_name(key, name)) {
        ids(*kind, value, finds)?;
    }
    search(value, finds)
}

fn ids(kind: StoredKind, value: Value<'_>, finds: &mut Finds) -> Result<(), Objection> {
    if let Some(id) = value.string() {
        finds.name(kind, &id)?;
    }
    value.elements().try_for_each(|element| ids(kind, element, finds))
}

fn one_name(kind: StoredKind, value: Value<'_>, finds: &mut Finds) -> Result<(), Objection> {
    let id = value.string();
    let id = id.ok_or_else(|| Objection::invalid("", "must be an id, or a list of ids"))?;
    finds.name(kind, &id)
}
