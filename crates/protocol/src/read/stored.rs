//! Names of objects kept at the provider: where a table says so, and in whatever no table knows.
//!
//! What a model wrote as the arguments of a tool, and a tool's schema, are the agent's own data:
//! tables mark them so, and nothing here looks at them.

use model::StoredKind;

use super::fields::{Objection, member_of};
use super::finds::Finds;
use super::uri::Leads;
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

/// Notes where a URI leads: to an object that is kept, to something that is fetched, or nowhere, as
/// it holds media itself. An object in its place gives none; its own table says which of its
/// members does.
///
/// # Errors
/// It is no text, or there are too many names.
pub(super) fn name_or_url(
    kind: StoredKind,
    leads: fn(&str) -> Leads,
    value: Value<'_>,
    finds: &mut Finds,
) -> Result<(), Objection> {
    if value.kind() == Kind::Object {
        return Ok(());
    }
    let uri = value.string().ok_or_else(|| Objection::invalid("", "must be a string"))?;
    match leads(&uri) {
        Leads::Nowhere => {}
        Leads::Data => finds.media(value.span().len()),
        Leads::Stored => finds.name(kind, &uri)?,
        Leads::Fetched => finds.url(),
    }
    Ok(())
}

/// Notes the item that `object` stands for by its `id` alone: where each of its members `data`,
/// which would stand for it, is missing or empty, the provider looks the item up.
///
/// # Errors
/// The id is not a string, or there are too many.
pub(super) fn name_item_without(
    data: &'static [&'static str],
    object: Value<'_>,
    finds: &mut Finds,
) -> Result<(), Objection> {
    let Some(id) = member_of(object, "id")? else { return Ok(()) };
    for name in data {
        if member_of(object, name)?.is_some_and(holds_data) {
            return Ok(());
        }
    }
    one_name(StoredKind::Item, id, finds).map_err(|objection| objection.within("id"))
}

/// Whether a value is a text, a list or an object with anything in it.
fn holds_data(value: Value<'_>) -> bool {
    value.string().is_some_and(|text| !text.is_empty())
        || value.elements().next().is_some()
        || value.members().next().is_some()
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
