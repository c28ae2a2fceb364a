//! Responses, OpenAI's newer form.

use model::StoredKind;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::Heard;
use crate::loose::{Flag, List, Object, Text, Written};
use crate::usage::Tokens;

/// A whole answer, which some events carry too.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Answer {
    id: Text,
    store: Flag,
    usage: Object<Tokens>,
    output: List<Item>,
}

/// One item of the output.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Item {
    id: Text,
    /// Of code that ran.
    container_id: Text,
    /// Of commands that ran.
    environment: Object<Environment>,
    content: List<Part>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Environment {
    container_id: Text,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Part {
    annotations: List<Annotation>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Annotation {
    #[serde(rename = "type")]
    kind: Text,
    file_id: Text,
    container_id: Text,
}

/// One event of a stream.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Step {
    #[serde(rename = "type")]
    kind: Text,
    response: Object<Answer>,
    item: Object<Item>,
    delta: Written,
    annotation: Object<Annotation>,
    error: Option<IgnoredAny>,
}

pub(super) fn whole(heard: &mut Heard, body: &[u8]) -> Option<()> {
    note(heard, &serde_json::from_slice(body).ok()?);
    Some(())
}

/// A `[DONE]`, which some servers add, says nothing: the answer ends with an event that holds it.
pub(super) fn event(heard: &mut Heard, data: &[u8]) -> Option<()> {
    let step: Step = serde_json::from_slice(data).ok()?;
    heard.failed |= step.error.is_some();
    let kind = step.kind.get().unwrap_or_default();
    ends(heard, kind.as_bytes());
    heard.wrote(u64::from(step.delta.0 && kind.ends_with(".delta")));
    if let Some(answer) = &step.response.0 {
        note(heard, answer);
    }
    if let Some(item) = &step.item.0 {
        note_item(heard, item);
    }
    if let Some(annotation) = &step.annotation.0 {
        note_annotation(heard, annotation);
    }
    Some(())
}

/// An event too large to be read: its name says the same as the type inside it.
pub(super) fn unread(heard: &mut Heard, name: &[u8]) {
    ends(heard, name);
}

fn ends(heard: &mut Heard, kind: &[u8]) {
    match kind {
        b"response.completed" | b"response.incomplete" => heard.done = true,
        b"response.failed" | b"error" => heard.failed = true,
        _ => {}
    }
}

fn note(heard: &mut Heard, answer: &Answer) {
    heard.report(answer.usage.0.as_ref().and_then(Tokens::responses));
    if heard.written == 0 && answer.output.iter().next().is_some() {
        heard.wrote(1);
    }
    heard.is_unkept |= answer.store == Flag(Some(false));
    if !heard.is_unkept {
        heard.stored.add(StoredKind::Response, &answer.id);
    }
    for item in answer.output.iter() {
        note_item(heard, item);
    }
}

fn note_item(heard: &mut Heard, item: &Item) {
    if !heard.is_unkept {
        heard.stored.add(StoredKind::Item, &item.id);
    }
    heard.stored.add(StoredKind::Container, &item.container_id);
    if let Some(environment) = &item.environment.0 {
        heard.stored.add(StoredKind::Container, &environment.container_id);
    }
    for annotation in item.content.iter().flat_map(|part| part.annotations.iter()) {
        note_annotation(heard, annotation);
    }
}

/// A citation of a file that code made. A citation of a file that was searched announces nothing:
/// whoever may search a store may not on that account have its files.
fn note_annotation(heard: &mut Heard, annotation: &Annotation) {
    if annotation.kind.get() == Some("container_file_citation") {
        heard.stored.add(StoredKind::Container, &annotation.container_id);
        heard.stored.add(StoredKind::File, &annotation.file_id);
    }
}
