//! The providers of the end-to-end tests: servers nobody here wrote, on loopback.

use anyhow::Result;

use super::Stage;
use crate::server::Server;

/// The secret that opens the servers that demand one, and its value, which protects nothing.
pub(super) const KEY: &str = "real-key";
pub(super) const KEY_VALUE: &str = "a-key-that-opens-a-test-server-only";

/// What the mock servers answer and how they fail, under `e2e/`.
const FIXTURES: &str = "mock_fixtures.json";

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Upstream {
    /// A small real model, in OpenAI's and Anthropic's wire forms.
    Model,
    /// Real embeddings, in OpenAI's.
    Embeddings,
    /// A mock of all three vendors, which fails where it is told to.
    Mock,
    /// No provider: what takes traces and metrics.
    Collector,
}

/// All of them, running.
#[derive(Debug)]
pub(super) struct Upstreams {
    model: Server,
    embeddings: Server,
    mock: Server,
    /// A second mock: where a failover leads.
    spare: Server,
    /// Where the gateway exports its traces and metrics to.
    collector: Server,
}

impl Upstreams {
    /// Starts them.
    pub(super) fn start(stage: &Stage<'_>) -> Result<Self> {
        let python = |name, script, log: &str| {
            let mut command = stage.python.interpreter();
            command.arg(stage.place.root.join("e2e").join(script)).env("MODEL_KEY", KEY_VALUE);
            Server::start(name, &mut command, stage.folder.join(log))
        };
        let mock = |name, log: &str| {
            let mut command = stage.node.script(&stage.folder.join("mock_server.mjs"));
            command.arg(stage.place.root.join("e2e").join(FIXTURES)).env("MODEL_KEY", KEY_VALUE);
            Server::start(name, &mut command, stage.folder.join(log))
        };
        Ok(Self {
            model: python("the model", "model_server.py", "model.log")?,
            embeddings: python("the embeddings", "embeddings_server.py", "embeddings.log")?,
            mock: mock("the mock", "mock.log")?,
            spare: mock("the spare mock", "spare.log")?,
            collector: python("the collector", "otlp_server.py", "collector.log")?,
        })
    }

    /// Where one of them listens, as a URL without a path.
    pub(super) fn url(&self, which: Upstream) -> String {
        match which {
            Upstream::Model => self.model.url(),
            Upstream::Embeddings => self.embeddings.url(),
            Upstream::Mock => self.mock.url(),
            Upstream::Collector => self.collector.url(),
        }
    }

    /// What stands for their addresses in `e2e/charter`.
    pub(super) fn placeholders(&self) -> [(&'static str, String); 4] {
        [
            ("{{MODEL}}", self.model.url()),
            ("{{EMBEDDINGS}}", self.embeddings.url()),
            ("{{MOCK}}", self.mock.url()),
            ("{{SPARE}}", self.spare.url()),
        ]
    }
}
