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

/// Notes the item that `object` stands for by its `id` alone: where `substitute`, which would
/// stand for it, is missing, the provider looks the item up.
///
/// # Errors
/// The id is not a string, or there are too many.
pub(super) fn name_item_without(
    substitute: &'static str,
    object: Value<'_>,
    finds: &mut Finds,
) -> Result<(), Objection> {
    match (member_of(object, substitute)?, member_of(object, "id")?) {
        (None, Some(id)) => {
            one_name(StoredKind::Item, id, finds).map_err(|objection| objection.within("id"))
        }
        (Some(_), _) | (None, None) => Ok(()),
    }
}

/// Notes what anything inside `value` names, however deep: no table says what it is.
///
/// # Errors
/// There are too many names.
pub(super) fn search(value: Value<'_>, finds: &mut Finds) -> Result<(), Objection> {
    for (key, inside) in value.members() {
        let known = NAMES.iter().find(|(name, _)| same_name(&key, name));
        if let Some((_, kind)) = known {
            ids(*kind, inside, finds)?;
        }
        search(inside, finds)?;
    }
    value.elements().try_for_each(|element| search(element, finds))
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
