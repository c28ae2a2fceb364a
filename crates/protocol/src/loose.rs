//! Reading answers loosely: what has another form than expected reads as absent, and the rest of
//! the answer is read all the same. For providers' answers only, never for a request.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// What becomes of a value that may have any form. Each form reads as absent unless said.
pub(crate) trait Loose<'de>: Default {
    /// `true` or `false`.
    fn of_bool(_: bool) -> Self {
        Self::default()
    }

    /// A whole number, not negative.
    fn of_whole_number(_: u64) -> Self {
        Self::default()
    }

    /// A string.
    fn of_string(_: &str) -> Self {
        Self::default()
    }

    /// A list.
    fn of_list<A: SeqAccess<'de>>(mut list: A) -> Result<Self, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Self::default())
    }

    /// An object.
    fn of_object<A: MapAccess<'de>>(mut object: A) -> Result<Self, A::Error> {
        while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Self::default())
    }
}

/// What stands in an outline for a string that was too long to keep: it is no id, and it is not
/// empty.
pub(crate) const LEFT_OUT: &str = "\u{2026}";

/// A string, or nothing.
#[derive(Debug, Clone, Default)]
pub(crate) struct Text(Option<String>);

/// `true` or `false`, or nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Flag(pub(crate) Option<bool>);

/// Whether a value holds anything: a string, list or object that is not empty.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Written(pub(crate) bool);

/// An object, or nothing.
#[derive(Debug, Clone)]
pub(crate) struct Object<T>(pub(crate) Option<T>);

/// A list of objects, or nothing. What in it is no object is left out.
#[derive(Debug, Clone)]
pub(crate) struct List<T> {
    objects: Vec<T>,
    /// A list, and one without any element.
    pub(crate) is_empty_list: bool,
}

impl Text {
    /// The string.
    pub(crate) fn get(&self) -> Option<&str> {
        self.0.as_deref()
    }
}

impl<T> List<T> {
    /// The objects in it, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.objects.iter()
    }
}

impl<T> Default for Object<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self { objects: Vec::new(), is_empty_list: false }
    }
}

impl Loose<'_> for Text {
    fn of_string(text: &str) -> Self {
        Self(Some(text.to_owned()))
    }
}

impl<'de> Loose<'de> for Written {
    fn of_string(text: &str) -> Self {
        Self(!text.is_empty())
    }

    fn of_list<A: SeqAccess<'de>>(mut list: A) -> Result<Self, A::Error> {
        let mut any = false;
        while list.next_element::<IgnoredAny>()?.is_some() {
            any = true;
        }
        Ok(Self(any))
    }

    fn of_object<A: MapAccess<'de>>(mut object: A) -> Result<Self, A::Error> {
        let mut any = false;
        while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {
            any = true;
        }
        Ok(Self(any))
    }
}

impl Loose<'_> for Flag {
    fn of_bool(flag: bool) -> Self {
        Self(Some(flag))
    }
}

impl<'de, T: Deserialize<'de>> Loose<'de> for Object<T> {
    fn of_object<A: MapAccess<'de>>(object: A) -> Result<Self, A::Error> {
        T::deserialize(MapAccessDeserializer::new(object)).map(|object| Self(Some(object)))
    }
}

impl<'de, T: Deserialize<'de>> Loose<'de> for List<T> {
    fn of_list<A: SeqAccess<'de>>(mut list: A) -> Result<Self, A::Error> {
        let mut read = Self { objects: Vec::new(), is_empty_list: true };
        while let Some(Object(element)) = list.next_element::<Object<T>>()? {
            read.is_empty_list = false;
            read.objects.extend(element);
        }
        Ok(read)
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        loosely(deserializer)
    }
}

impl<'de> Deserialize<'de> for Written {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        loosely(deserializer)
    }
}

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        loosely(deserializer)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        loosely(deserializer)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        loosely(deserializer)
    }
}

/// Reads a value of any form.
pub(crate) fn loosely<'de, T: Loose<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    deserializer.deserialize_any(AnyForm(PhantomData))
}

struct AnyForm<T>(PhantomData<T>);

impl<'de, T: Loose<'de>> Visitor<'de> for AnyForm<T> {
    type Value = T;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("any value")
    }

    fn visit_bool<E>(self, flag: bool) -> Result<T, E> {
        Ok(T::of_bool(flag))
    }

    fn visit_u64<E>(self, number: u64) -> Result<T, E> {
        Ok(T::of_whole_number(number))
    }

    fn visit_i64<E>(self, _: i64) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_f64<E>(self, _: f64) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_str<E>(self, text: &str) -> Result<T, E> {
        Ok(T::of_string(text))
    }

    fn visit_unit<E>(self) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<T, A::Error> {
        T::of_list(list)
    }

    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<T, A::Error> {
        T::of_object(object)
    }
}
