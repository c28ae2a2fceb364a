//! Watches a streamed answer pass: what it used, whether it ended, whether it failed.
//!
//! It never changes an event. It withholds exactly one kind: the chunk that carries nothing but
//! usage, where the gateway alone asked for it.

mod event;
mod line;
mod skim;

use bytes::{Bytes, BytesMut};
use model::{Operation, StoredName, Usage};

use crate::heard::{Carries, Form, Heard, charge};
use event::Event;
use line::{Line, Lines, Piece};

/// Largest event that is held back, in bytes. A larger one passes as it comes: it is none that
/// carries usage and nothing else.
pub const EVENT_BYTES_MAX: usize = 64 * 1024;

/// Most that is kept of an event of any size to look into it, in bytes: its outline, without
/// strings of more than 256 bytes and without what is nested more than five deep. An event with a
/// larger outline passes unread, but for its name: what it says of usage stays unknown.
pub const OUTLINE_BYTES_MAX: usize = 256 * 1024;

/// Follows one streamed answer (server-sent events), whatever pieces it arrives in.
///
/// Lines end with LF or CRLF. A stream of bare CRs, which no vendor sends, passes unread.
///
/// # Examples
/// ```
/// use bytes::Bytes;
/// use model::{Operation, Usage};
///
/// let mut meter = protocol::Meter::new(Operation::ChatCompletions, true);
/// let text = Bytes::from_static(b"data: {\"choices\":[{\"delta\":{\"content\":\"Hi\"}}]}\n\n");
/// assert_eq!(meter.feed(text.clone()), text);
/// let end = b"data: {\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":1}}\n\ndata: [DONE]\n\n";
/// assert_eq!(meter.feed(Bytes::from_static(end)), "data: [DONE]\n\n");
/// assert!(meter.rest().is_empty() && meter.ended_properly());
/// assert_eq!(meter.usage(), Some(Usage { input_tokens: 9, output_tokens: 1 }));
/// ```
#[derive(Debug)]
pub struct Meter {
    heard: Heard,
    lines: Lines,
    event: Event,
    /// Some only where the usage chunk is to be hidden: the bytes of the event under way that
    /// were held back, until its end shows what it is.
    held: Option<BytesMut>,
    /// The stream ended inside an event of which the client has a part.
    broken_off: bool,
}

impl Meter {
    /// A meter for the streamed answer to `operation`. With `hides_usage`, a chunk of a chat that
    /// carries usage and no choice is withheld: see
    /// [`ForwardBody::hides_usage`](crate::ForwardBody::hides_usage).
    #[must_use]
    pub fn new(operation: Operation, hides_usage: bool) -> Self {
        let form = Form::of(operation);
        let hides = hides_usage && form == Form::Chat;
        Self {
            heard: Heard::new(form),
            lines: Lines::default(),
            event: Event::default(),
            held: hides.then(BytesMut::new),
            broken_off: false,
        }
    }

    /// Takes the next bytes of the answer and gives those to relay now; empty means none yet.
    ///
    /// Where nothing is hidden, that is `chunk` itself. Where usage is hidden, an event is given
    /// when its last byte is there: a client cannot act on less. Comments between events pass
    /// at once.
    pub fn feed(&mut self, chunk: Bytes) -> Bytes {
        match self.held.take() {
            None => {
                self.watch(&chunk);
                chunk
            }
            Some(mut held) => {
                let shown = self.sift(&chunk, &mut held);
                self.held = Some(held);
                shown
            }
        }
    }

    /// The end of the stream: what was held back and is for the client after all.
    ///
    /// A last event that lacks its blank line, or even its line end, counts as if it were whole.
    pub fn rest(&mut self) -> Bytes {
        self.broken_off = self.is_inside_event();
        if !self.lines.is_new() {
            self.lines.end(|piece| self.event.take(piece));
        }
        let hide = self.end_event();
        match self.held.as_mut() {
            Some(held) if hide => {
                held.clear();
                Bytes::new()
            }
            Some(held) => held.split().freeze(),
            None => Bytes::new(),
        }
    }

    /// Whether the provider said that the answer is complete, and no error passed: by `[DONE]`,
    /// `response.completed` or `response.incomplete`, `message_stop`, or Gemini's reason to stop.
    /// Ask after [`rest`](Self::rest).
    #[must_use]
    pub const fn ended_properly(&self) -> bool {
        self.heard.is_done() && !self.heard.has_failed()
    }

    /// Whether the provider reported an error inside the stream, `response.failed` included.
    #[must_use]
    pub const fn saw_error(&self) -> bool {
        self.heard.has_failed()
    }

    /// Whether part of an event has been relayed and its end has not: no event of the gateway's
    /// own can follow, for the client would read it as the rest of that one. What
    /// [`rest`](Self::rest) gave does not count as relayed.
    #[must_use]
    pub fn is_inside_event(&self) -> bool {
        let is_inside = match self.held {
            None => !(self.event.is_new() && self.lines.is_new()),
            Some(_) => self.event.is_oversize(),
        };
        is_inside || self.broken_off
    }

    /// What the provider has reported so far, counted as in [`Told`](crate::Told). Final once the
    /// stream ended properly; before that, messages and Gemini's answers report a running count.
    #[must_use]
    pub fn usage(&self) -> Option<Usage> {
        self.heard.usage()
    }

    /// A lower bound of the tokens written so far, for all answers together: what the provider
    /// reported, or the pieces that came, whichever is more. A piece is an event's part for one
    /// answer that has at least a character in it, and each is taken for a token at least: servers
    /// send whole tokens, and one that would send half of them is cut early. Only ever grows.
    ///
    /// This is what an answer is cut by, and it is cheap: two numbers that are kept anyway.
    #[must_use]
    pub fn tokens_at_least(&self) -> u64 {
        self.heard.tokens_at_least()
    }

    /// What to charge for the answer: the usage that was reported, with as many output tokens as
    /// were seen where it says fewer. Ask after [`rest`](Self::rest).
    ///
    /// None where that cannot be trusted, so that all that is held is to be charged: the answer
    /// did not [end properly](Self::ended_properly), and what was reported before is no more than
    /// a running count; nothing was reported; or something plainly false (a prompt without a
    /// token, or an answer without one that is not empty). [`usage`](Self::usage) says what was
    /// reported all the same.
    #[must_use]
    pub fn charge(&self) -> Option<Usage> {
        let usage = self.usage().filter(|_| self.ended_properly());
        charge(usage, self.tokens_at_least())
    }

    /// The objects that the answer says it left at the provider and that were not taken yet: each
    /// comes once. See [`told`](crate::told).
    pub fn take_stored(&mut self) -> Vec<StoredName> {
        self.heard.take_stored()
    }

    fn watch(&mut self, chunk: &[u8]) {
        for piece in line::pieces(chunk) {
            if self.line(piece) == Some(Line::Blank) {
                self.end_event();
            }
        }
    }

    /// Follows `chunk` and gives what of it, and of the bytes held, is for the client now.
    fn sift(&mut self, chunk: &Bytes, held: &mut BytesMut) -> Bytes {
        let mut before = BytesMut::new();
        // Of the chunk: what is decided and shown begins at `shown`, what is undecided at `open`.
        let (mut shown, mut open, mut at) = (0, 0, 0);
        for piece in line::pieces(chunk) {
            at += piece.len();
            let line = self.line(piece);
            let hide = line == Some(Line::Blank) && self.end_event();
            if hide {
                before.extend_from_slice(&chunk.slice(shown..open));
                held.clear();
                shown = at;
            }
            if hide || (self.event.is_new() && line.is_some()) || self.event.is_oversize() {
                before.unsplit(held.split());
                open = at;
            }
        }
        held.extend_from_slice(&chunk.slice(open..));
        if before.is_empty() {
            return chunk.slice(shown..open);
        }
        before.extend_from_slice(&chunk.slice(shown..open));
        before.freeze()
    }

    /// Takes a piece that ends at a line's end, or with the chunk; says what the line is to the
    /// stream if it is whole.
    fn line(&mut self, piece: &[u8]) -> Option<Line> {
        self.event.grow(piece.len());
        let mut whole = None;
        self.lines.take(piece, |piece| {
            self.event.take(piece);
            if let Piece::End(line) = piece {
                whole = Some(line);
            }
        });
        whole
    }

    /// Looks at the event that just ended; says whether it is to be hidden.
    fn end_event(&mut self) -> bool {
        let carries = if self.event.has_data() {
            self.heard.event(self.event.name(), self.event.outline())
        } else {
            Carries::More
        };
        let hide = carries == Carries::UsageOnly && !self.event.is_oversize();
        self.event.clear();
        hide
    }
}
