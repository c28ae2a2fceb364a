//! Bodies in OpenAI's wire form, as its vendor and the servers that speak it document them.

pub(super) mod chat;
pub(super) mod choice;
pub(super) mod embeddings;
mod items;
mod output;
mod parts;
pub(super) mod responses;
mod shared;
mod tools;

/// Values of `openai-beta` that turn on nothing beyond what bodies say.
const BETAS: &[&str] = &["responses=experimental", "responses=v1"];
