//! The words in which tables say what the members of an object are. Never looks at a body.
//!
//! One table per object of a vendor's form. A member is in a table or it is unrecognised; what is
//! in it has a shape, which says where to look further, and perhaps an act, which says what it
//! makes the provider do or keep. Tables may refer to each other in a circle: a tool's result
//! holds parts, among them the results of tools.

use model::{ProviderToolKind, RefusalCode, StoredKind, UnrecognisedPlace};

use super::date::is_date;
use super::fields::Objection;
use super::spelling::Spelling;
use super::uri::Leads;
use crate::json::{Kind, Value};

/// An object whose members are known.
#[derive(Debug)]
pub(super) struct Form {
    /// Its members, in lists that several forms may share.
    pub(super) members: &'static [&'static [Member]],
    /// The member that must be there, if one must.
    pub(super) required: Option<&'static str>,
    /// How its names may be spelt.
    pub(super) spelling: Spelling,
    /// What a member that is in no list is.
    pub(super) unknown: UnrecognisedPlace,
}

/// One member of an object.
#[derive(Debug, Clone, Copy)]
pub(super) struct Member {
    /// Its name.
    pub(super) name: &'static str,
    /// When it counts as used.
    pub(super) used: Used,
    /// What it makes the provider do or keep, where it is used.
    pub(super) act: Act,
    /// Where to look further.
    pub(super) shape: Shape,
}

/// When a member is in use.
#[derive(Debug, Clone, Copy)]
pub(super) enum Used {
    /// Whenever it is there and not `null`.
    Present,
    /// Unless it is `null` or `false`.
    NotFalse,
    /// Unless it is `null`, `[]` or `{}`.
    NotEmpty,
}

/// What a member, or an object of some type, makes the provider do or keep.
#[derive(Debug, Clone, Copy)]
pub(super) enum Act {
    /// Nothing.
    Nothing,
    /// Declares a tool that the caller defines and runs.
    ClientTool,
    /// Declares a tool of the provider's.
    Tool(ProviderToolKind),
    /// Picks a tool of the provider's: declares one where the request declares none of its kind.
    Picks(ProviderToolKind),
    /// Declares an MCP server that the provider is to reach: the member with its URL, and those
    /// with an id of the vendor's in its stead.
    Mcp(&'static str, &'static [&'static str]),
    /// Names objects kept at the provider: one id, or a list of ids.
    Names(StoredKind),
    /// Holds media: an image, a sound, a video, a document.
    Media,
    /// Names an item by its `id`, where the object has none of the members that would stand for it.
    NamesItemWithout(&'static [&'static str]),
    /// Gives a URI, which may lead to an object kept at the provider or to something that it
    /// fetches, or hold media itself (`data:`); the function says which.
    NamesOrUrl(StoredKind, fn(&str) -> Leads),
    /// Has the provider keep the conversation.
    Stores,
    /// Is refused; the remark ends a sentence.
    Refused(RefusalCode, &'static str),
}

/// Where to look further inside a value.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shape {
    /// A scalar, or lists of scalars; an object inside it is unrecognised.
    Plain,
    /// One of these words; anything else is unrecognised.
    Words(&'static [&'static str]),
    /// Data of the agent's own: schemas, arguments, labels. Never searched.
    Opaque,
    /// The endpoint's own code reads it.
    Code,
    /// An object, or a list of them; scalars pass.
    Object(&'static Form),
    /// Exactly a list of objects.
    Objects(&'static Form),
    /// A text, or a list of objects of several types.
    Content(&'static Variants),
    /// Exactly a list of objects of several types.
    Tagged(&'static Variants),
    /// An object of one of several types; scalars pass.
    OneOf(&'static Variants),
    /// An object whose names are the agent's own, and whose values are such objects or scalars.
    Named(&'static Variants),
}

/// Objects that say by one member of what type they are.
#[derive(Debug)]
pub(super) struct Variants {
    /// The member that says so.
    pub(super) tag: &'static str,
    /// Members that objects of every type may have, the tag among them.
    pub(super) common: &'static [Member],
    /// The types, in lists that several tables may share.
    pub(super) known: &'static [&'static [Variant]],
    /// What an object without the tag is.
    pub(super) untagged: Untagged,
    /// What an object of a type in no list is.
    pub(super) unknown: Unknown,
}

/// Objects of one type.
#[derive(Debug, Clone, Copy)]
pub(super) struct Variant {
    /// The type's name.
    pub(super) name: &'static str,
    /// Whether names that go on with a date are the same type, in another version.
    pub(super) versions: Versions,
    /// What an object of the type makes the provider do or keep.
    pub(super) act: Act,
    /// Its members, beyond those of every type.
    pub(super) form: &'static Form,
}

/// Which names belong to a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Versions {
    /// The name itself.
    Exact,
    /// The name itself, and the name followed by `_` and a date.
    Dated,
}

/// What an object is that does not say its type.
#[derive(Debug, Clone, Copy)]
pub(super) enum Untagged {
    /// Refused: the type is required.
    Missing,
    /// Unrecognised, by the name `untyped`.
    Part,
    /// Of the type that needs no name.
    Is(&'static Variant),
}

/// What an object of an unknown type is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Unknown {
    /// Unrecognised content.
    Part,
    /// Refused as a tool of no known kind.
    Tool,
}

impl Form {
    /// An object with the members of these lists.
    pub(super) const fn of(members: &'static [&'static [Member]]) -> Self {
        Self {
            members,
            required: None,
            spelling: Spelling::AsNamed,
            unknown: UnrecognisedPlace::Field,
        }
    }

    /// The same, of which one member must be there and not be `null`.
    pub(super) const fn requiring(mut self, name: &'static str) -> Self {
        self.required = Some(name);
        self
    }

    /// The member called `key` in this form or in `common`.
    ///
    /// # Errors
    /// `key` is the name of a member but for its case: another reader might take it for that.
    pub(super) fn member(
        &self,
        common: &'static [Member],
        key: &str,
    ) -> Result<Option<&'static Member>, Objection> {
        let all = || self.members.iter().copied().chain([common]).flatten();
        if let Some(exact) = all().find(|member| self.spelling.is_exact(member.name, key)) {
            return Ok(Some(exact));
        }
        match all().find(|member| self.spelling.is_alike(member.name, key)) {
            Some(alike) => Err(Objection::alike(alike.name)),
            None => Ok(None),
        }
    }
}

impl Member {
    /// The same, in use only as said.
    pub(super) const fn when(mut self, used: Used) -> Self {
        self.used = used;
        self
    }

    /// The same, with an act.
    pub(super) const fn doing(mut self, act: Act) -> Self {
        self.act = act;
        self
    }
}

impl Used {
    /// Whether a member with this value is in use.
    pub(super) fn is_by(self, value: Value<'_>) -> bool {
        let empty = || value.elements().next().is_none() && value.members().next().is_none();
        match (value.kind(), self) {
            (Kind::Null, _) | (Kind::False, Self::NotFalse) => false,
            (Kind::Array | Kind::Object, Self::NotEmpty) => !empty(),
            _ => true,
        }
    }
}

impl Variants {
    /// The type called `tag`.
    pub(super) fn variant(&self, tag: &str) -> Option<&'static Variant> {
        self.known.iter().copied().flatten().find(|variant| variant.is_called(tag))
    }
}

impl Variant {
    /// An object of the type does nothing beyond what its members do.
    pub(super) const fn of(name: &'static str, form: &'static Form) -> Self {
        Self { name, versions: Versions::Exact, act: Act::Nothing, form }
    }

    /// The same, with an act.
    pub(super) const fn doing(mut self, act: Act) -> Self {
        self.act = act;
        self
    }

    /// The same, under its name with a date behind it too.
    pub(super) const fn dated(mut self) -> Self {
        self.versions = Versions::Dated;
        self
    }

    /// Whether an object that says `tag` is of the type.
    pub(super) fn is_called(&self, tag: &str) -> bool {
        tag.strip_prefix(self.name).is_some_and(|rest| {
            let date = || rest.strip_prefix('_').is_some_and(|date| is_date(date, '_'));
            rest.is_empty() || (self.versions == Versions::Dated && date())
        })
    }
}

/// A member with one shape and no act.
pub(super) const fn member(name: &'static str, shape: Shape) -> Member {
    Member { name, used: Used::Present, act: Act::Nothing, shape }
}

/// A member that is a scalar or lists of scalars, and acts on nothing.
pub(super) const fn plain(name: &'static str) -> Member {
    member(name, Shape::Plain)
}

/// A member that does nothing where it is one of `words`; with any other value it is unrecognised.
pub(super) const fn words(name: &'static str, words: &'static [&'static str]) -> Member {
    member(name, Shape::Words(words))
}

/// A member that is the agent's own data.
pub(super) const fn opaque(name: &'static str) -> Member {
    member(name, Shape::Opaque)
}

/// A member that the endpoint's code reads.
pub(super) const fn code(name: &'static str) -> Member {
    member(name, Shape::Code)
}

/// A member that is an object, or a list of them.
pub(super) const fn object(name: &'static str, form: &'static Form) -> Member {
    member(name, Shape::Object(form))
}

/// A member that names one or several objects kept at the provider.
pub(super) const fn names(name: &'static str, kind: StoredKind) -> Member {
    plain(name).doing(Act::Names(kind))
}

/// A member that holds media, in base64.
pub(super) const fn media(name: &'static str) -> Member {
    plain(name).doing(Act::Media)
}

/// A member that is refused where it is used.
pub(super) const fn refused(
    name: &'static str,
    used: Used,
    code: RefusalCode,
    remark: &'static str,
) -> Member {
    opaque(name).when(used).doing(Act::Refused(code, remark))
}
