//! What the laboratory's upstream answers, in OpenAI's chat form. The load generator expects the
//! same bytes of text, so that what was lost, swapped or damaged on the way is found out.

use bytes::Bytes;

use super::wish::Wish;

/// The credential that the upstream demands. It opens nothing else.
pub const KEY: &str = "lab-key-of-no-value";

/// What every answer reports as input tokens.
pub(crate) const INPUT_TOKENS: u64 = 100;
/// What an answer in one piece reports as output tokens.
pub(crate) const OUTPUT_TOKENS: u64 = 256;
/// Bytes of text after the number in an answer in one piece.
const FILLER_BYTES: usize = 1_000;
/// Text after the number and the position of each chunk.
const CHUNK_FILLER: &str = "sixteen bytes...";

const CHUNK_HEAD: &str = "data: {\"id\":\"chatcmpl-lab\",\"object\":\"chat.completion.chunk\",\
     \"created\":1795510800,\"model\":\"lab-large\",\"choices\":[";

/// The text of the answer to one request.
pub(crate) fn text(number: u64) -> String {
    let mut text = format!("answer {number} ");
    text.extend("a word and another, ".chars().cycle().take(FILLER_BYTES));
    text
}

/// The text of one chunk.
pub(crate) fn chunk_text(number: u64, position: u64) -> String {
    format!("{number}:{position}:{CHUNK_FILLER}")
}

/// Makes answers in one piece from a text that is the same but for the number.
#[derive(Debug, Clone)]
pub(crate) struct Whole {
    before: String,
    after: String,
}

impl Whole {
    pub(crate) fn new() -> Self {
        let text = text(0);
        let filler = text.strip_prefix("answer 0").unwrap_or_default();
        let total = INPUT_TOKENS + OUTPUT_TOKENS;
        Self {
            before: "{\"id\":\"chatcmpl-lab\",\"object\":\"chat.completion\",\
                     \"created\":1795510800,\"model\":\"lab-large\",\"choices\":[{\"index\":0,\
                     \"message\":{\"role\":\"assistant\",\"content\":\"answer "
                .to_owned(),
            after: format!(
                "{filler}\"}},\"logprobs\":null,\"finish_reason\":\"stop\"}}],\"usage\":{{\
                 \"prompt_tokens\":{INPUT_TOKENS},\"completion_tokens\":{OUTPUT_TOKENS},\
                 \"total_tokens\":{total}}}}}"
            ),
        }
    }

    pub(crate) fn to(&self, number: u64) -> Bytes {
        Bytes::from(format!("{}{number}{}", self.before, self.after))
    }
}

/// The first event of a stream: who speaks.
pub(crate) fn opening() -> Bytes {
    let delta = "{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\
                 \"finish_reason\":null}]}\n\n";
    Bytes::from(format!("{CHUNK_HEAD}{delta}"))
}

/// One event of a stream.
pub(crate) fn chunk(number: u64, position: u64) -> Bytes {
    let content = chunk_text(number, position);
    Bytes::from(format!(
        "{CHUNK_HEAD}{{\"index\":0,\"delta\":{{\"content\":\"{content}\"}},\
         \"finish_reason\":null}}]}}\n\n"
    ))
}

/// The last events of a stream: why it ends, what was used, and the end mark.
pub(crate) fn closing(wish: Wish) -> Bytes {
    let (used, total) = (wish.chunks, INPUT_TOKENS + wish.chunks);
    Bytes::from(format!(
        "{CHUNK_HEAD}{{\"index\":0,\"delta\":{{}},\"finish_reason\":\"stop\"}}]}}\n\n\
         {CHUNK_HEAD}],\"usage\":{{\"prompt_tokens\":{INPUT_TOKENS},\"completion_tokens\":{used},\
         \"total_tokens\":{total}}}}}\n\n\
         data: [DONE]\n\n"
    ))
}
