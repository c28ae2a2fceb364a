//! The output cap that a gateway splices in where a client sent none: in which field, and where
//! in the body. A cap that the client sent is never changed.

use std::ops::Range;

use bytes::Bytes;

use super::fields::{Fields, Objection};
use crate::json::Value;

/// An output cap to splice in: for each answer, where several are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cap {
    /// The most tokens of one answer, thinking included.
    pub tokens: u64,
    /// The field that the server follows in chats. The other endpoints have one each.
    pub field: CapField,
}

/// Which field caps a chat.
///
/// OpenAI's reasoning models refuse `max_tokens`, loudly; many servers that speak the form know
/// nothing else, and some of them pass over the newer field in silence. Both fields at once are
/// refused by OpenAI. So the server decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CapField {
    /// `max_completion_tokens`: of servers that follow either field.
    MaxCompletionTokens,
    /// `max_tokens`: of servers that may follow no other. Where a client sent only the newer
    /// field, its number goes into this one too.
    MaxTokens,
}

impl CapField {
    /// The field that the server at `host` follows: the newer one at OpenAI and at OpenAI's models
    /// on Azure, the older one anywhere else. A server that wants the other one says so, whereas
    /// one that passes over its field in silence would write without a cap.
    #[must_use]
    pub fn of_host(host: &str) -> Self {
        const NEWER: [&str; 4] = [
            "openai.com",
            "openai.azure.com",
            "cognitiveservices.azure.com",
            "services.ai.azure.com",
        ];
        let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
        let within = |domain: &str| {
            host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        if NEWER.into_iter().any(within) { Self::MaxCompletionTokens } else { Self::MaxTokens }
    }
}

/// A number to put into a body, and the text around it.
#[derive(Debug, Clone)]
pub(super) struct Insertion {
    /// What it replaces: a `null`, or nothing.
    pub(super) place: Range<usize>,
    pub(super) before: &'static str,
    pub(super) after: &'static str,
}

/// Where a cap goes, should there be one.
#[derive(Debug, Clone, Default)]
pub(super) enum CapPlace {
    /// Nowhere: the client sent its own, or nothing is written.
    #[default]
    Nowhere,
    /// Here.
    Here(Insertion),
    /// Into one of a chat's two fields.
    Either { newer: Insertion, older: Insertion },
    /// A chat with a cap in the newer field: into the older one as well, for servers that follow
    /// no other, and no other number than the client's.
    Older(Insertion, u64),
}

impl CapPlace {
    /// The place of `name` right after the model, or where it is `null`; nowhere if it is set.
    pub(super) fn after_model(
        fields: &Fields<'_>,
        model: Value<'_>,
        name: &'static str,
        text: &'static str,
    ) -> Self {
        match Insertion::of(fields, model, name, text) {
            Some(insertion) => Self::Here(insertion),
            None => Self::Nowhere,
        }
    }

    /// The place in a chat.
    ///
    /// # Errors
    /// The newer field is not a whole number.
    pub(super) fn of_chat(fields: &Fields<'_>, model: Value<'_>) -> Result<Self, Objection> {
        let (newer, older) = ("max_completion_tokens", "max_tokens");
        let own = fields.whole_number(newer)?;
        let newer = Insertion::of(fields, model, newer, r#","max_completion_tokens":"#);
        let older = Insertion::of(fields, model, older, MAX_TOKENS);
        Ok(match (newer, older, own) {
            (Some(newer), Some(older), _) => Self::Either { newer, older },
            (None, Some(older), Some(own)) => Self::Older(older, own),
            (_, None, _) | (None, Some(_), None) => Self::Nowhere,
        })
    }

    /// What to replace and by what, for that cap.
    pub(super) fn edit(&self, cap: Cap) -> Option<(Range<usize>, Bytes)> {
        match (self, cap.field) {
            (Self::Nowhere, _) | (Self::Older(..), CapField::MaxCompletionTokens) => None,
            (Self::Here(here), _) => Some(here.edit(cap.tokens)),
            (Self::Either { newer, .. }, CapField::MaxCompletionTokens) => {
                Some(newer.edit(cap.tokens))
            }
            (Self::Either { older, .. }, CapField::MaxTokens) => Some(older.edit(cap.tokens)),
            (Self::Older(older, own), CapField::MaxTokens) => Some(older.edit(*own)),
        }
    }
}

/// The older field of chats, which is that of messages too, as it is put after the model.
pub(super) const MAX_TOKENS: &str = r#","max_tokens":"#;

impl Insertion {
    /// The place of a field that is `null` or absent.
    fn of(
        fields: &Fields<'_>,
        model: Value<'_>,
        name: &'static str,
        text: &'static str,
    ) -> Option<Self> {
        match fields.as_written(name) {
            Some(value) if value.is_null() => Some(Self::in_place_of(value)),
            Some(_) => None,
            None => {
                let end = model.span().end;
                Some(Self { place: end..end, before: text, after: "" })
            }
        }
    }

    /// The place of a `null`.
    pub(super) fn in_place_of(null: Value<'_>) -> Self {
        Self { place: null.span(), before: "", after: "" }
    }

    /// A place right inside an object, with the text around the number.
    pub(super) fn inside(object: Value<'_>, before: &'static str, after: &'static str) -> Self {
        let inside = object.span().start.saturating_add(1);
        Self { place: inside..inside, before, after }
    }

    fn edit(&self, tokens: u64) -> (Range<usize>, Bytes) {
        let text = format!("{}{tokens}{}", self.before, self.after);
        (self.place.clone(), Bytes::from(text))
    }
}
