//! One walk through a scanned body along its tables: what acts, remembers or is unknown is
//! noted, what may not be is refused. Allocates nothing for a body that does none of it, but for
//! the list of the fields at its top.

use model::{ProviderToolKind, RefusalCode, Stores, UnrecognisedPlace};

use super::fields::{Fields, Objection, each_object, member_of, of_kind};
use super::finds::{Finds, recorded};
use super::form::{Act, Form, Member, Shape, Unknown, Untagged, Variant, Variants};
use super::{server, stored};
use crate::json::{Kind, Value};

/// The names that lead to an object, without the places in lists.
#[derive(Debug, Clone, Copy)]
pub(super) struct Path<'p> {
    outer: Option<&'p Path<'p>>,
    name: &'static str,
}

/// An object's known members: those of its form, and those of every type it could be of.
#[derive(Debug, Clone, Copy)]
struct Known {
    form: &'static Form,
    common: &'static [Member],
}

/// Walks through a body and gives back the known fields at its top.
///
/// # Errors
/// Something in it is refused, is of the wrong form, or is one of too many.
pub(super) fn fields<'t>(
    root: Value<'t>,
    form: &'static Form,
    finds: &mut Finds,
) -> Result<Fields<'t>, Objection> {
    let mut found = Vec::with_capacity(8);
    let known = Known { form, common: &[] };
    Walk { finds }.members(root, known, &Path::ROOT, |name, value| found.push((name, value)))?;
    Ok(Fields::from(found))
}

/// Walks through one value as a member with that shape would be.
///
/// # Errors
/// As [`fields`]; paths begin at the value.
pub(super) fn value(
    value: Value<'_>,
    shape: Shape,
    path: &Path<'_>,
    finds: &mut Finds,
) -> Result<(), Objection> {
    Walk { finds }.shape(value, shape, path)
}

struct Walk<'f> {
    finds: &'f mut Finds,
}

impl Path<'_> {
    /// The body's object.
    pub(super) const ROOT: Self = Self { outer: None, name: "" };

    /// The path to a member of the object at this one.
    pub(super) const fn inside(&self, name: &'static str) -> Path<'_> {
        Path { outer: Some(self), name }
    }

    /// The whole path to `key`, dots between the names.
    pub(super) fn to(&self, key: &str) -> String {
        match self.outer {
            None => key.to_owned(),
            Some(outer) => format!("{}.{key}", outer.to(self.name)),
        }
    }
}

impl Walk<'_> {
    fn members<'t>(
        &mut self,
        object: Value<'t>,
        known: Known,
        path: &Path<'_>,
        mut see: impl FnMut(&'static str, Value<'t>),
    ) -> Result<(), Objection> {
        let mut required = known.form.required;
        for (key, value) in object.members() {
            match known.form.member(known.common, &key)? {
                Some(member) => {
                    only_spelling(object, &key, member.name)?;
                    see(member.name, value);
                    if !value.is_null() {
                        required = required.filter(|name| *name != member.name);
                        self.member(member, value, path).map_err(|o| o.within(member.name))?;
                    }
                }
                None if value.is_null() => {}
                None => self.unknown_member(known.form, &key, value, path)?,
            }
        }
        required.map_or(Ok(()), |name| Err(Objection::missing(name)))
    }

    fn member(
        &mut self,
        member: &'static Member,
        value: Value<'_>,
        path: &Path<'_>,
    ) -> Result<(), Objection> {
        if member.used.is_by(value) {
            self.act(member.act, value, member.name)?;
        }
        self.shape(value, member.shape, &path.inside(member.name))
    }

    fn unknown_member(
        &mut self,
        form: &Form,
        key: &str,
        value: Value<'_>,
        path: &Path<'_>,
    ) -> Result<(), Objection> {
        let noted = match form.unknown {
            UnrecognisedPlace::Part => self.finds.unknown_part(key),
            UnrecognisedPlace::Field | UnrecognisedPlace::Beta => {
                self.finds.unknown_field(path, key)
            }
        };
        noted
            .and_then(|()| stored::search_member(key, value, self.finds))
            .map_err(|objection| objection.or_at(recorded(key)))
    }

    fn shape(&mut self, value: Value<'_>, shape: Shape, path: &Path<'_>) -> Result<(), Objection> {
        match shape {
            Shape::Opaque | Shape::Code => Ok(()),
            Shape::Plain => self.plain(value, path),
            Shape::Words(words) => self.words(value, words, path),
            Shape::Object(form) => self.object(value, form, path),
            Shape::Objects(form) => {
                self.each(value, "must be an array", |walk, one| walk.object(one, form, path))
            }
            Shape::Tagged(variants) => {
                self.each(value, "must be an array", |walk, one| walk.variant(one, variants, path))
            }
            Shape::Content(_) if value.kind() == Kind::String => Ok(()),
            Shape::Content(variants) => {
                let remark = "must be a string or an array of objects";
                self.each(value, remark, |walk, one| walk.variant(one, variants, path))
            }
            Shape::OneOf(variants) if value.kind() == Kind::Object => {
                self.variant(value, variants, path)
            }
            Shape::Named(variants) if value.kind() == Kind::Object => value
                .members()
                .try_for_each(|(_, one)| self.shape(one, Shape::OneOf(variants), path)),
            Shape::OneOf(_) | Shape::Named(_) => self.plain(value, path),
        }
    }

    /// Calls `visit` with each element of a list, which must all be objects.
    fn each<'t>(
        &mut self,
        list: Value<'t>,
        remark: &'static str,
        mut visit: impl FnMut(&mut Self, Value<'t>) -> Result<(), Objection>,
    ) -> Result<(), Objection> {
        let list = of_kind(list, Kind::Array).ok_or_else(|| Objection::invalid("", remark))?;
        each_object("", list, |one| visit(self, one))
    }

    fn object(
        &mut self,
        value: Value<'_>,
        form: &'static Form,
        path: &Path<'_>,
    ) -> Result<(), Objection> {
        if value.kind() == Kind::Object {
            return self.members(value, Known { form, common: &[] }, path, |_, _| {});
        }
        for (nth, element) in value.elements().enumerate() {
            self.object(element, form, path).map_err(|o| o.within(format_args!("[{nth}]")))?;
        }
        Ok(())
    }

    /// Nothing looks into an object that no table foresees, so that it is unrecognised.
    fn plain(&mut self, value: Value<'_>, path: &Path<'_>) -> Result<(), Objection> {
        if value.kind() == Kind::Object {
            return self.unforeseen(value, path);
        }
        value.elements().try_for_each(|element| self.plain(element, path))
    }

    /// Nothing is known of a value that is none of the words that a table foresees.
    fn words(
        &mut self,
        value: Value<'_>,
        words: &[&str],
        path: &Path<'_>,
    ) -> Result<(), Objection> {
        let foreseen = value.string().is_some_and(|word| words.contains(&&*word));
        if foreseen { Ok(()) } else { self.unforeseen(value, path) }
    }

    /// A known member with a value that its table does not foresee.
    fn unforeseen(&mut self, value: Value<'_>, path: &Path<'_>) -> Result<(), Objection> {
        self.finds.unknown_field(path.outer.unwrap_or(&Path::ROOT), path.name)?;
        stored::search(value, self.finds)
    }

    fn variant(
        &mut self,
        object: Value<'_>,
        variants: &'static Variants,
        path: &Path<'_>,
    ) -> Result<(), Objection> {
        let Some(tag) = member_of(object, variants.tag)? else {
            return match variants.untagged {
                Untagged::Missing => Err(Objection::missing(variants.tag)),
                Untagged::Part => self.unknown_part(object, "untyped"),
                Untagged::Is(variant) => {
                    self.known_variant(object, (variants, variant), variant.name, path)
                }
            };
        };
        let tag = tag.string();
        let tag = tag.ok_or_else(|| Objection::invalid(variants.tag, "must be a string"))?;
        match (variants.variant(&tag), variants.unknown) {
            (Some(variant), _) => self.known_variant(object, (variants, variant), &tag, path),
            (None, Unknown::Part) => self.unknown_part(object, &tag),
            (None, Unknown::Tool) => {
                let remark = "names a kind of tool that this gateway does not know";
                Err(Objection::new(RefusalCode::ToolUnknown, variants.tag, remark))
            }
        }
    }

    fn known_variant(
        &mut self,
        object: Value<'_>,
        (variants, variant): (&'static Variants, &'static Variant),
        tag: &str,
        path: &Path<'_>,
    ) -> Result<(), Objection> {
        self.act(variant.act, object, tag).map_err(|objection| objection.or_at(variants.tag))?;
        let known = Known { form: variant.form, common: variants.common };
        self.members(object, known, path, |_, _| {})
    }

    fn unknown_part(&mut self, object: Value<'_>, kind: &str) -> Result<(), Objection> {
        self.finds.unknown_part(kind)?;
        stored::search(object, self.finds)
    }

    fn act(&mut self, act: Act, value: Value<'_>, declared: &str) -> Result<(), Objection> {
        match act {
            Act::Nothing => Ok(()),
            Act::ClientTool => {
                self.finds.client_tool();
                Ok(())
            }
            Act::Tool(kind) => self.finds.tool(kind, declared, None),
            Act::Picks(kind) if self.finds.has_tool(kind) => Ok(()),
            Act::Picks(kind) => self.finds.tool(kind, declared, None),
            Act::Mcp(url, ids) => {
                let server = server::of(value, url, ids)?;
                self.finds.tool(ProviderToolKind::RemoteMcp, declared, server)
            }
            Act::Names(kind) => stored::name(kind, value, self.finds),
            Act::NamesItemWithout(data) => stored::name_item_without(data, value, self.finds),
            Act::NamesOrUrl(kind, leads) => stored::name_or_url(kind, leads, value, self.finds),
            Act::Media => {
                self.finds.media(value.span().len());
                Ok(())
            }
            Act::Stores => {
                self.finds.stores(Stores::Asked);
                Ok(())
            }
            Act::Refused(code, remark) => Err(Objection::new(code, "", remark)),
        }
    }
}

/// Refuses an object that gives one member in both spellings: which one counts is anyone's guess.
fn only_spelling(object: Value<'_>, key: &str, name: &'static str) -> Result<(), Objection> {
    if key != name && object.members().any(|(other, _)| other == name) {
        return Err(Objection::invalid(name, "is there twice, in two spellings"));
    }
    Ok(())
}
