//! Messages, Anthropic's form.

use model::StoredKind;
use serde::Deserialize;

use super::Heard;
use crate::loose::{List, Object, Text, Written};
use crate::usage::Tokens;

/// A whole answer; the first event carries one too.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Message {
    usage: Object<Tokens>,
    container: Object<Container>,
    content: List<Block>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Container {
    id: Text,
}

/// A block of the content, as far as it is the result of code that ran.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Block {
    #[serde(rename = "type")]
    kind: Text,
    content: Object<Outcome>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Outcome {
    content: List<Output>,
}

/// A file that the code made.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Output {
    file_id: Text,
}

/// One event of a stream.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Step {
    #[serde(rename = "type")]
    kind: Text,
    message: Object<Message>,
    usage: Object<Tokens>,
    delta: Object<Delta>,
    content_block: Object<Block>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Delta {
    container: Object<Container>,
    text: Written,
    thinking: Written,
    partial_json: Written,
}

pub(super) fn whole(heard: &mut Heard, body: &[u8]) -> Option<()> {
    note(heard, &serde_json::from_slice(body).ok()?);
    Some(())
}

pub(super) fn event(heard: &mut Heard, data: &[u8]) -> Option<()> {
    let step: Step = serde_json::from_slice(data).ok()?;
    match step.kind.get()? {
        "message_start" => note(heard, step.message.0.as_ref()?),
        "content_block_delta" => {
            let delta = step.delta.0?;
            let written = delta.text.0 || delta.thinking.0 || delta.partial_json.0;
            heard.wrote(u64::from(written));
        }
        "content_block_start" => note_block(heard, step.content_block.0.as_ref()?),
        "message_delta" => {
            note_usage(heard, &step.usage);
            note_container(heard, &step.delta.0?.container);
        }
        "message_stop" => heard.done = true,
        "error" => heard.failed = true,
        _ => {}
    }
    Some(())
}

fn note(heard: &mut Heard, message: &Message) {
    note_usage(heard, &message.usage);
    note_container(heard, &message.container);
    heard.wrote(u64::from(message.content.iter().next().is_some()));
    for block in message.content.iter() {
        note_block(heard, block);
    }
}

fn note_usage(heard: &mut Heard, usage: &Object<Tokens>) {
    if let Some(usage) = &usage.0 {
        heard.tally.add(usage.anthropic());
    }
}

fn note_container(heard: &mut Heard, container: &Object<Container>) {
    if let Some(container) = &container.0 {
        heard.stored.add(StoredKind::Container, &container.id);
    }
}

fn note_block(heard: &mut Heard, block: &Block) {
    if !block.kind.get().is_some_and(|kind| kind.ends_with("code_execution_tool_result")) {
        return;
    }
    for output in block.content.0.iter().flat_map(|outcome| outcome.content.iter()) {
        heard.stored.add(StoredKind::File, &output.file_id);
    }
}
