//! How the fake provider behaves for one request.

use crate::Gate;

/// One behaviour. A key that is missing or wrong is refused before any of them, as its vendor does:
/// with 401, or by Gemini's API with 400.
#[derive(Debug, Clone)]
pub enum Script {
    /// A good answer: streamed with three deltas where the request asks for a stream.
    Answer,
    /// A good answer streamed with `n` deltas (whole where no stream is asked for).
    StreamChunks {
        /// How many deltas.
        n: usize,
    },
    /// Takes the request and never answers.
    HangBeforeHeaders,
    /// Closes the connection instead of answering.
    DropBeforeHeaders,
    /// Sends the head and one event, then nothing more, with the connection open.
    HangMidStream,
    /// Sends the head and one event, then closes the connection.
    DropMidStream,
    /// Sends the head of its answer and nothing of the body, with the connection open.
    HangAfterHead,
    /// Sends the head of its answer, then closes the connection.
    DropAfterHead,
    /// Sends the head, one event and half of the next, then closes the connection.
    DropMidEvent,
    /// 200 with an HTML page.
    Html,
    /// 302 to another path of this provider: following it would show in what it saw.
    Redirect,
    /// This status with this body, as `application/json`.
    Status(u16, String),
    /// This status with an error of the vendor's form, and this value of `retry-after`.
    RetryAfter(u16, &'static str),
    /// 200, `text/event-stream`, with this body.
    Events(String),
    /// The model will not answer, in the vendor's own way to say so: `refusal` and
    /// `content_filter`, `stop_reason: refusal`, `promptFeedback.blockReason`. What never refuses
    /// (embeddings, counts) answers well.
    SafetyRefusal,
    /// A good answer that does not say what it used.
    NoUsage,
    /// 200, `application/json`, without an end.
    EndlessBody,
    /// A stream of deltas without an end.
    EndlessStream,
    /// Announces 4,096 bytes, sends a few and closes the connection.
    TruncatedBody,
    /// `text/event-stream` whose content is none: broken lines, no JSON, no UTF-8.
    GarbageSse,
    /// A good stream that stops after its first event until the gate opens.
    SlowByGate(Gate),
    /// A good answer, once the gate opens: nothing of it comes before.
    AnswerByGate(Gate),
    /// 200, `text/event-stream`, with the first text, and once the gate opens, the second.
    EventsByGate(String, Gate, String),
    /// A good answer whose text is the request's headers, as `name: value` lines.
    EchoHeaders,
    /// A head with 120 headers.
    ManyHeaders,
    /// A good answer whose head has one more header of `bytes` bytes.
    HugeHead {
        /// How long its value is.
        bytes: usize,
    },
}
