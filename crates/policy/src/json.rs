//! Canonical JSON as it is written: the caller sorts keys, strings have the shortest escapes, and
//! there is no white space. It reads nothing.

/// What was written so far: always UTF-8.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Json(Vec<u8>);

impl Json {
    /// Nothing yet, with room for `bytes`.
    pub(crate) fn with_room(bytes: usize) -> Self {
        Self(Vec::with_capacity(bytes))
    }

    /// `text` as it is: structure.
    pub(crate) fn raw(&mut self, text: &str) {
        self.0.extend_from_slice(text.as_bytes());
    }

    /// `text` as a string, with the shortest escapes (RFC 8785 3.2.2.2).
    pub(crate) fn text(&mut self, text: &str) {
        let plain = |byte: u8| byte >= b' ' && byte != b'"' && byte != b'\\';
        if text.bytes().all(plain) {
            self.raw("\"");
            self.raw(text);
            self.raw("\"");
        } else {
            self.value(&text);
        }
    }

    /// A boundary value, whose members are in canonical order. One that could not be written is
    /// `null`, which no reader of facts takes for a value.
    pub(crate) fn value(&mut self, value: &impl serde::Serialize) {
        let before = self.0.len();
        if serde_json::to_writer(&mut self.0, value).is_err() {
            self.0.truncate(before);
            self.raw("null");
        }
    }

    /// What `other` holds.
    pub(crate) fn append(&mut self, other: &Self) {
        self.0.extend_from_slice(&other.0);
    }

    /// Whether nothing was written yet.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many bytes were written.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// What was written.
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}
