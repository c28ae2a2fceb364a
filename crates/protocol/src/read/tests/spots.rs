//! Every place in an endpoint's tables, each with a body that has something there.

use std::ptr;

use serde_json::{Map, Value, json};

use super::super::form::{Act, Form, Member, Shape, Used, Variant, Variants};
use super::Endpoint;

/// One place: an object, with what leads to it.
#[derive(Clone)]
pub(super) struct Spot<'w> {
    /// The names that lead to the object, outermost first.
    pub(super) path: Vec<&'static str>,
    /// The same for people, with the types of the objects in brackets.
    pub(super) shown: String,
    /// The acts of the objects around it and of itself, with what declares each.
    pub(super) acts: Vec<(Act, &'static str)>,
    /// Makes the whole body of what stands at the place.
    pub(super) wrap: &'w dyn Fn(Value) -> Value,
}

/// What a table foresees at a place.
#[derive(Clone, Copy)]
pub(super) enum Thing {
    /// A member of the object there.
    Member(&'static Member),
    /// An object of this type among the members of the last name in the path.
    Variant(&'static Variant, &'static Variants),
    /// An object in this form; visited after all of its members.
    Form(&'static Form),
    /// A value that is one of these; visited after all of the types.
    Variants(&'static Variants),
}

/// Calls `visit` with every place of an endpoint's tables; each form once, where it is met first.
pub(super) fn visit(endpoint: &Endpoint, visit: &mut dyn FnMut(&Spot<'_>, Thing)) {
    let least: Value = serde_json::from_str(endpoint.least).expect("JSON");
    let wrap = |inside: Value| {
        let mut body = least.as_object().cloned().expect("an object");
        body.extend(inside.as_object().cloned().expect("an object"));
        Value::Object(body)
    };
    let root = Spot { path: Vec::new(), shown: String::new(), acts: Vec::new(), wrap: &wrap };
    Visitor { visit, coded: None, seen: Vec::new() }.form(&root, endpoint.form, &[]);
}

/// The same, and the table by which code reads a field.
pub(super) fn visit_all(endpoint: &Endpoint, visit: &mut dyn FnMut(&Spot<'_>, Thing)) {
    let wrap = |inside: Value| inside;
    let root = Spot { path: Vec::new(), shown: String::new(), acts: Vec::new(), wrap: &wrap };
    let coded = endpoint.coded;
    Visitor { visit, coded, seen: Vec::new() }.form(&root, endpoint.form, &[]);
}

/// A value with which `member` is used, and passes the endpoint's own checks.
pub(super) fn sample(member: &Member) -> Value {
    if let Shape::Words(words) = member.shape {
        return json!(words.first());
    }
    match member.act {
        Act::Names(_) => json!("id-1"),
        Act::Media => json!("bWVkaWE="),
        // No URL of the web, so that it names what is kept.
        Act::NamesOrUrl(..) => json!("id-1"),
        Act::Nothing if matches!(member.shape, Shape::Object(form) if form.required.is_none()) => {
            json!({})
        }
        Act::Nothing => match member.name {
            "include_usage" => json!(true),
            "candidateCount" | "maxOutputTokens" => json!(1),
            _ => json!("x"),
        },
        Act::ClientTool
        | Act::Tool(_)
        | Act::Picks(_)
        | Act::Mcp(..)
        | Act::NamesItemWithout(_)
        | Act::Stores
        | Act::Refused(..) => json!(true),
    }
}

struct Visitor<'v> {
    visit: &'v mut dyn FnMut(&Spot<'_>, Thing),
    /// A field at the top that code reads, and its table.
    coded: Option<(&'static str, Shape)>,
    /// The forms and tables of types that were met, by their address.
    seen: Vec<*const ()>,
}

impl Visitor<'_> {
    fn is_new<T>(&mut self, table: &'static T) -> bool {
        let address = ptr::from_ref(table).cast();
        let new = !self.seen.contains(&address);
        self.seen.push(address);
        new
    }

    fn form(&mut self, spot: &Spot<'_>, form: &'static Form, common: &'static [Member]) {
        if !self.is_new(form) {
            return;
        }
        // The least body has what its own object requires.
        let required = form.required.filter(|_| !spot.path.is_empty());
        let required = required.and_then(|name| form.member(&[], name).ok().flatten());
        let with_required = |inside: Value| {
            // First, as in the alphabet, whether maps keep their order or not: what is found stands in
            // the order of the body.
            let mut object: Map<_, _> = required
                .map(|member| (member.name.to_owned(), sample(member)))
                .into_iter()
                .collect();
            object.extend(inside.as_object().cloned().unwrap_or_default());
            (spot.wrap)(Value::Object(object))
        };
        let mut acts = spot.acts.clone();
        acts.extend(required.map(|member| (member.act, member.name)));
        let spot = Spot { wrap: &with_required, acts, ..spot.clone() };
        for member in form.members.iter().copied().flatten().chain(common) {
            (self.visit)(&spot, Thing::Member(member));
            self.inside(&spot, member);
        }
        (self.visit)(&spot, Thing::Form(form));
    }

    fn inside(&mut self, outer: &Spot<'_>, member: &'static Member) {
        let mut path = outer.path.clone();
        path.push(member.name);
        let dot = if outer.shown.is_empty() { "" } else { "." };
        let shown = format!("{}{dot}{}", outer.shown, member.name);
        let mut acts = outer.acts.clone();
        if !matches!(member.act, Act::Names(_) | Act::NamesOrUrl(..) | Act::Media | Act::Nothing) {
            acts.push((member.act, member.name));
        }
        let one = |value: Value| (outer.wrap)(json!({ member.name: value }));
        let list = |value: Value| (outer.wrap)(json!({ member.name: [value] }));
        let named = |value: Value| (outer.wrap)(json!({ member.name: { "any name": value } }));
        let spot = |wrap| Spot { path, shown, acts, wrap };
        let coded = self.coded.filter(|(name, _)| *name == member.name && outer.path.is_empty());
        match coded.map_or(member.shape, |(_, shape)| shape) {
            Shape::Plain | Shape::Words(_) | Shape::Opaque | Shape::Code => {}
            Shape::Object(form) => self.form(&spot(&one), form, &[]),
            Shape::Objects(form) => self.form(&spot(&list), form, &[]),
            Shape::OneOf(variants) => self.variants(&spot(&one), variants),
            Shape::Named(variants) => self.variants(&spot(&named), variants),
            Shape::Content(variants) | Shape::Tagged(variants) => {
                self.variants(&spot(&list), variants);
            }
        }
    }

    fn variants(&mut self, spot: &Spot<'_>, variants: &'static Variants) {
        if !self.is_new(variants) {
            return;
        }
        let of_type = variants.known.iter().copied().flatten();
        for variant in of_type.clone() {
            (self.visit)(spot, Thing::Variant(variant, variants));
        }
        for (nth, variant) in of_type.enumerate() {
            let tagged = |inside: Value| {
                let mut object = Map::from_iter([(variants.tag.to_owned(), json!(variant.name))]);
                object.extend(inside.as_object().cloned().unwrap_or_default());
                (spot.wrap)(Value::Object(object))
            };
            let mut acts = spot.acts.clone();
            acts.push((variant.act, variant.name));
            let shown = format!("{}[{}]", spot.shown, variant.name);
            let inner = Spot { path: spot.path.clone(), shown, acts, wrap: &tagged };
            // What every type has is looked at in the first one.
            self.form(&inner, variant.form, if nth == 0 { variants.common } else { &[] });
        }
        (self.visit)(spot, Thing::Variants(variants));
    }
}

/// When a member acts, in words; nothing where it always does.
pub(super) const fn condition(used: Used) -> &'static str {
    match used {
        Used::Present => "",
        Used::NotFalse => ", unless `false`",
        Used::NotEmpty => ", unless empty",
    }
}
