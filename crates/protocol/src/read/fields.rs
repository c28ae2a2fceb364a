//! Reading typed fields out of a scanned body, and what is wrong with one.

use std::fmt::Display;

use model::{Refusal, RefusalCode};

use crate::json::{Kind, Value, same_name};

/// Why a body is refused: the code, the path of the field, and a remark that ends a sentence.
#[derive(Debug)]
pub(super) struct Objection {
    code: RefusalCode,
    path: String,
    remark: &'static str,
}

/// Those members of the body's object that a table knows.
#[derive(Debug)]
pub(super) struct Fields<'t>(Vec<(&'static str, Value<'t>)>);

impl Objection {
    pub(super) fn new(code: RefusalCode, path: impl Into<String>, remark: &'static str) -> Self {
        Self { code, path: path.into(), remark }
    }

    /// A field has a value of the wrong type or form.
    pub(super) fn invalid(path: impl Into<String>, remark: &'static str) -> Self {
        Self::new(RefusalCode::FieldInvalid, path, remark)
    }

    pub(super) fn missing(path: impl Into<String>) -> Self {
        Self::new(RefusalCode::FieldMissing, path, "is required")
    }

    pub(super) fn model_unknown() -> Self {
        Self::new(RefusalCode::ModelUnknown, "", "")
    }

    pub(super) fn alike(name: &str) -> Self {
        Self::invalid(name, "is spelt in another case, which some providers would read")
    }

    /// The same, at `path` unless it already says where.
    pub(super) fn or_at(self, path: impl Into<String>) -> Self {
        if self.path.is_empty() { Self { path: path.into(), ..self } } else { self }
    }

    /// The same, further out: `outer` is what the path so far is inside of.
    pub(super) fn within(mut self, outer: impl Display) -> Self {
        let dot = if self.path.is_empty() || self.path.starts_with('[') { "" } else { "." };
        self.path = format!("{outer}{dot}{}", self.path);
        self
    }
}

impl From<Objection> for Refusal {
    fn from(Objection { code, path, remark }: Objection) -> Self {
        if path.is_empty() {
            return Self::new(code, "");
        }
        Self::new(code, format!("`{path}` {remark}."))
    }
}

impl<'t> From<Vec<(&'static str, Value<'t>)>> for Fields<'t> {
    fn from(members: Vec<(&'static str, Value<'t>)>) -> Self {
        Self(members)
    }
}

impl<'t> Fields<'t> {
    /// A field, `null` included.
    fn get(&self, name: &str) -> Option<Value<'t>> {
        self.0.iter().find(|(found, _)| *found == name).map(|(_, value)| *value)
    }

    pub(super) fn required(&self, name: &'static str) -> Result<Value<'t>, Objection> {
        self.get(name).ok_or_else(|| Objection::missing(name))
    }

    /// A field that is there and is not `null`: to the vendors, `null` is the same as nothing.
    pub(super) fn optional(&self, name: &str) -> Option<Value<'t>> {
        self.get(name).filter(|value| !value.is_null())
    }

    /// A field as it stands, `null` included: for splicing.
    pub(super) fn as_written(&self, name: &str) -> Option<Value<'t>> {
        self.get(name)
    }

    pub(super) fn boolean(&self, name: &'static str) -> Result<bool, Objection> {
        self.optional(name).map_or(Ok(false), |value| {
            value.boolean().ok_or_else(|| Objection::invalid(name, "must be true or false"))
        })
    }

    pub(super) fn whole_number(&self, name: &'static str) -> Result<Option<u64>, Objection> {
        self.optional(name)
            .map(|value| {
                let number = value.whole_number();
                number
                    .ok_or_else(|| Objection::invalid(name, "must be a whole number, not negative"))
            })
            .transpose()
    }
}

/// The member of `object` called `name`, `null` included: for splicing.
pub(super) fn written_in<'t>(object: Value<'t>, name: &str) -> Option<Value<'t>> {
    object.members().find(|(key, _)| key == name).map(|(_, value)| value)
}

/// The member of `object` called `name`, unless it is `null`.
///
/// # Errors
/// A member is called so but for its case.
pub(super) fn member_of<'t>(
    object: Value<'t>,
    name: &'static str,
) -> Result<Option<Value<'t>>, Objection> {
    let mut found = None;
    for (key, value) in object.members().filter(|(key, _)| same_name(key, name)) {
        if key != name {
            return Err(Objection::alike(name));
        }
        found = Some(value);
    }
    Ok(found.filter(|value: &Value<'_>| !value.is_null()))
}

/// `value` if it is an array.
pub(super) fn array<'t>(name: &'static str, value: Value<'t>) -> Result<Value<'t>, Objection> {
    of_kind(value, Kind::Array).ok_or_else(|| Objection::invalid(name, "must be an array"))
}

/// `value` if it is of that kind.
pub(super) fn of_kind(value: Value<'_>, kind: Kind) -> Option<Value<'_>> {
    (value.kind() == kind).then_some(value)
}

/// Calls `each` with every element of `list`, which must all be objects; adds the path to what
/// `each` objects to.
pub(super) fn each_object<'t>(
    name: &'static str,
    list: Value<'t>,
    mut each: impl FnMut(Value<'t>) -> Result<(), Objection>,
) -> Result<(), Objection> {
    for (nth, element) in list.elements().enumerate() {
        of_kind(element, Kind::Object)
            .ok_or_else(|| Objection::invalid("", "must be an object"))
            .and_then(&mut each)
            .map_err(|objection| objection.within(format_args!("{name}[{nth}]")))?;
    }
    Ok(())
}
