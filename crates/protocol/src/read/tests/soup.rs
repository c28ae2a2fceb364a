//! Bodies put together at random from the tables' own words: nothing panics, and what was read
//! keeps within its bounds.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::super::finds::{NAMES_MAX, TOOLS_MAX, UNRECOGNISED_MAX};
use super::super::form::{Form, Member, Shape, Variants};
use super::{ENDPOINTS, read_at};

/// Numbers that decide one after the other what a body holds; zeros once they are used up.
struct Choices(std::vec::IntoIter<u16>);

impl Choices {
    fn below(&mut self, count: usize) -> usize {
        usize::from(self.0.next().unwrap_or(0)).checked_rem(count).unwrap_or(0)
    }

    fn scalar(&mut self) -> Value {
        let scalars = [
            json!("x"),
            Value::Null,
            json!(true),
            json!(false),
            json!(7),
            json!(-1.5),
            json!("https://example.com"),
            json!("data:,"),
            json!([]),
            json!({}),
            json!(["a", "b"]),
            json!([{ "type": "web_search" }]),
            json!({ "file_id": "f" }),
        ];
        scalars.get(self.below(scalars.len())).cloned().unwrap_or_default()
    }

    fn object(&mut self, form: &Form, common: &[Member], depth: usize) -> Map<String, Value> {
        let members: Vec<_> = form.members.iter().copied().flatten().chain(common).collect();
        let mut object = Map::new();
        for _ in 0..self.below(6) {
            match members.get(self.below(members.len() + 1)) {
                Some(member) => {
                    object.insert(member.name.to_owned(), self.value(member.shape, depth));
                }
                None => {
                    object.insert(format!("zz_{}", self.below(40)), self.scalar());
                }
            }
        }
        object
    }

    fn value(&mut self, shape: Shape, depth: usize) -> Value {
        if depth == 0 || self.below(8) == 7 {
            return self.scalar();
        }
        match shape {
            Shape::Words(words) if self.below(2) == 0 => json!(words.first()),
            Shape::Plain | Shape::Words(_) | Shape::Opaque | Shape::Code => self.scalar(),
            Shape::Object(form) => Value::Object(self.object(form, &[], depth - 1)),
            Shape::Objects(form) => {
                let count = self.below(4);
                (0..count).map(|_| Value::Object(self.object(form, &[], depth - 1))).collect()
            }
            Shape::Content(variants) | Shape::Tagged(variants) => {
                let count = self.below(4);
                (0..count).map(|_| self.variant(variants, depth - 1)).collect()
            }
            Shape::OneOf(variants) => self.variant(variants, depth - 1),
            Shape::Named(variants) => json!({ "any": self.variant(variants, depth - 1) }),
        }
    }

    fn variant(&mut self, variants: &Variants, depth: usize) -> Value {
        let known: Vec<_> = variants.known.iter().copied().flatten().collect();
        let Some(variant) = known.get(self.below(known.len() + 1)) else {
            return json!({ variants.tag: "zz_unknown", "file_id": "f" });
        };
        let mut object = self.object(variant.form, variants.common, depth);
        if self.below(8) != 7 {
            object.insert(variants.tag.to_owned(), json!(variant.name));
        }
        Value::Object(object)
    }
}

proptest! {
    #[test]
    fn no_body_of_the_tables_own_words_makes_anything_panic(
        choices in prop::collection::vec(any::<u16>(), 0..200)
    ) {
        for endpoint in ENDPOINTS {
            let mut choices = Choices(choices.clone().into_iter());
            let mut body: Map<_, _> =
                serde_json::from_str(endpoint.least).expect("the least body is an object");
            body.extend(choices.object(endpoint.form, &[], 8));
            if choices.below(4) != 3 {
                body.insert("model".to_owned(), json!("m"));
            }
            let body = Value::Object(body);
            match read_at(endpoint, &body) {
                Ok(reading) => {
                    let beyond = &reading.ask().beyond;
                    prop_assert!(beyond.tools.len() <= TOOLS_MAX);
                    prop_assert!(beyond.names.len() <= NAMES_MAX);
                    prop_assert!(beyond.unrecognised.len() <= UNRECOGNISED_MAX);
                }
                Err(refusal) => {
                    let bare = refusal.code == model::RefusalCode::ModelUnknown;
                    prop_assert!(bare || !refusal.detail.is_empty(), "{}: {:?}", body, refusal);
                }
            }
        }
    }
}
