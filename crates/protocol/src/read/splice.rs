//! The few bytes the gateway replaces in a body, and the body that results.

use std::ops::Range;

use bytes::{Bytes, BytesMut};

use super::cap::{Cap, CapPlace};
use crate::json::{Kind, Value};

/// Where the body is changed on its way to the provider.
#[derive(Debug, Clone, Default)]
pub(super) struct Splices {
    /// The value of `model`, quotes included.
    model: Option<Range<usize>>,
    /// The same where models are resources, called `models/` and their name: a body may name its
    /// model twice.
    resources: Vec<Range<usize>>,
    /// Asking for usage: what is replaced (nothing, where text is only added), and by what.
    usage: Option<(Range<usize>, &'static str)>,
    /// Where an output cap goes.
    cap: CapPlace,
}

/// A body to send: slices of the one that was received, and the few bytes spliced in.
#[derive(Debug, Clone)]
pub struct ForwardBody {
    chunks: Vec<Bytes>,
    hides_usage: bool,
}

impl Splices {
    pub(super) fn model(model: Value<'_>) -> Self {
        Self { model: Some(model.span()), ..Self::default() }
    }

    /// Replaces the name of a model that is a resource, too.
    pub(super) fn resource(&mut self, model: Value<'_>) {
        self.resources.push(model.span());
    }

    /// The same, with a place for an output cap.
    pub(super) fn capping(mut self, cap: CapPlace) -> Self {
        self.cap = cap;
        self
    }

    /// Asks for the usage of a streamed answer, unless the client does so itself.
    ///
    /// `options` is the value of `stream_options` and `include_usage` that of the flag in it,
    /// each as written, if it is.
    pub(super) fn ask_for_usage(
        &mut self,
        options: Option<Value<'_>>,
        include_usage: Option<Value<'_>>,
    ) {
        let after_model = self.model.as_ref().map_or(0, |model| model.end);
        self.usage = match (options, include_usage) {
            (_, Some(flag)) if flag.kind() == Kind::True => None,
            (_, Some(flag)) => Some((flag.span(), "true")),
            (Some(options), None) if options.is_null() => {
                Some((options.span(), r#"{"include_usage":true}"#))
            }
            (Some(options), None) => {
                let inside = options.span().start.saturating_add(1);
                let empty = options.members().next().is_none();
                let text =
                    if empty { r#""include_usage":true"# } else { r#""include_usage":true,"# };
                Some((inside..inside, text))
            }
            (None, None) => {
                let text = r#","stream_options":{"include_usage":true}"#;
                Some((after_model..after_model, text))
            }
        };
    }

    /// `body` with `upstream_model` in the place of the model's name, and `cap` in its own.
    pub(super) fn apply(
        &self,
        body: &Bytes,
        upstream_model: &str,
        cap: Option<Cap>,
    ) -> ForwardBody {
        let name = Bytes::from(serde_json::Value::from(upstream_model).to_string());
        let resource =
            Bytes::from(serde_json::Value::from(format!("models/{upstream_model}")).to_string());
        let resources = self.resources.iter().cloned().map(|place| (place, resource.clone()));
        let model = self.model.clone().map(|place| (place, name));
        let usage =
            self.usage.clone().map(|(place, text)| (place, Bytes::from_static(text.as_bytes())));
        let cap = cap.and_then(|cap| self.cap.edit(cap));
        let mut edits: Vec<_> =
            model.into_iter().chain(resources).chain(cap).chain(usage).collect();
        // Stable: text added right after the model's name stays after it.
        edits.sort_by_key(|(place, _)| place.start);
        let mut chunks = Vec::with_capacity(2 * edits.len() + 1);
        let mut sent = 0;
        for (place, text) in edits {
            chunks.push(body.slice(sent..place.start));
            chunks.push(text);
            sent = place.end;
        }
        chunks.push(body.slice(sent..));
        chunks.retain(|chunk| !chunk.is_empty());
        ForwardBody { chunks, hides_usage: self.usage.is_some() }
    }
}

impl ForwardBody {
    /// The slices, in order; none is empty.
    #[must_use]
    pub fn chunks(&self) -> &[Bytes] {
        &self.chunks
    }

    /// The slices, in order.
    #[must_use]
    pub fn into_chunks(self) -> Vec<Bytes> {
        self.chunks
    }

    /// How many bytes the slices make.
    #[must_use]
    pub fn content_length(&self) -> u64 {
        let bytes: usize = self.chunks.iter().map(Bytes::len).sum();
        u64::try_from(bytes).unwrap_or(u64::MAX)
    }

    /// Whether the usage of the streamed answer is asked for by the gateway alone, so that its
    /// chunk is not for the client: what [`Meter::new`](crate::Meter::new) wants to know.
    #[must_use]
    pub const fn hides_usage(&self) -> bool {
        self.hides_usage
    }

    /// The body in one piece: copies it.
    #[must_use]
    pub fn into_bytes(self) -> Bytes {
        let mut whole = BytesMut::with_capacity(self.chunks.iter().map(Bytes::len).sum());
        for chunk in &self.chunks {
            whole.extend_from_slice(chunk);
        }
        whole.freeze()
    }
}
