//! Chats and embeddings, OpenAI's older forms.

use model::StoredKind;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{Carries, Heard};
use crate::loose::{List, Object, Text, Written};
use crate::usage::Tokens;

/// An answer or a chunk of one.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Chat {
    choices: List<Choice>,
    usage: Object<Tokens>,
    error: Option<IgnoredAny>,
    /// What the client asked for beside usage: a chunk that brings it is not withheld.
    moderation: Option<IgnoredAny>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Choice {
    message: Object<Message>,
    delta: Object<Message>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Message {
    content: Written,
    reasoning: Written,
    reasoning_content: Written,
    refusal: Written,
    tool_calls: Written,
    function_call: Written,
    audio: Object<Audio>,
}

/// What was spoken: kept at the provider under its id.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Audio {
    id: Text,
    data: Written,
    transcript: Written,
}

impl Message {
    fn is_written(&self) -> bool {
        let spoken = self.audio.0.as_ref().is_some_and(|audio| audio.data.0 || audio.transcript.0);
        let written = [
            self.content,
            self.reasoning,
            self.reasoning_content,
            self.refusal,
            self.tool_calls,
            self.function_call,
        ];
        spoken || written.contains(&Written(true))
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Embeddings {
    usage: Object<Tokens>,
}

pub(super) fn whole(heard: &mut Heard, body: &[u8]) -> Option<()> {
    let chat: Chat = serde_json::from_slice(body).ok()?;
    note(heard, &chat);
    Some(())
}

pub(super) fn embeddings(heard: &mut Heard, body: &[u8]) -> Option<()> {
    let answer: Embeddings = serde_json::from_slice(body).ok()?;
    heard.report(answer.usage.0?.embeddings());
    Some(())
}

pub(super) fn event(heard: &mut Heard, data: &[u8]) -> Option<Carries> {
    if data.trim_ascii() == b"[DONE]" {
        heard.done = true;
        return None;
    }
    let chunk: Chat = serde_json::from_slice(data).ok()?;
    heard.failed |= chunk.error.is_some();
    note(heard, &chunk);
    let is_usage_only = chunk.usage.0.is_some()
        && chunk.error.is_none()
        && chunk.moderation.is_none()
        && chunk.choices.is_empty_list;
    Some(if is_usage_only { Carries::UsageOnly } else { Carries::More })
}

fn note(heard: &mut Heard, chat: &Chat) {
    heard.report(chat.usage.0.as_ref().and_then(Tokens::chat));
    for choice in chat.choices.iter() {
        let messages = [&choice.message.0, &choice.delta.0].into_iter().flatten();
        heard.wrote(u64::from(messages.clone().any(Message::is_written)));
        for audio in messages.filter_map(|message| message.audio.0.as_ref()) {
            heard.stored.add(StoredKind::Audio, &audio.id);
        }
    }
}
