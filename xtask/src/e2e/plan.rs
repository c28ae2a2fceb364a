//! Which driver meets which upstream: first bare, then with the gateway between them.

use super::upstreams::Upstream;

/// A model that `e2e/charter` declares and nobody may use.
const NEVER: (&str, &str) = ("never", "never-permitted");

/// Who calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Agent {
    /// The agent a first run declares: it holds model grants only.
    Demo,
    /// An agent that `e2e/charter` adds: it holds tool grants, too.
    Granted,
    /// Another: it may have conversations kept.
    Keeping,
}

impl Agent {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Demo => "demo-agent",
            Self::Granted => "searching-agent",
            Self::Keeping => "keeping-agent",
        }
    }
}

/// One driver before one upstream.
#[derive(Debug, Clone, Copy)]
pub(super) struct Meeting {
    /// The script under `e2e/`.
    pub(super) script: &'static str,
    /// Who answers in the end.
    pub(super) upstream: Upstream,
    /// Each role and the upstream's own name of the model that plays it.
    pub(super) bare: &'static [(&'static str, &'static str)],
    /// Each role and the name of the model in `e2e/charter`.
    pub(super) governed: &'static [(&'static str, &'static str)],
    /// What works here beside answering.
    pub(super) can: &'static [&'static str],
}

impl Meeting {
    const fn model(script: &'static str, governed: &'static [(&str, &str)]) -> Self {
        Self {
            script,
            upstream: Upstream::Model,
            bare: &[("answers", "smollm2")],
            governed,
            can: &[],
        }
    }

    const fn mock(script: &'static str) -> Self {
        Self {
            script,
            upstream: Upstream::Mock,
            bare: &[("answers", "steady"), ("embeds", "steady-embeddings")],
            governed: &[
                ("answers", "mock"),
                ("embeds", "mock-embeddings"),
                ("limits", "only-limited-for-nothing"),
                ("breaks", "only-breaks"),
                NEVER,
            ],
            can: &["models", "responses"],
        }
    }

    const fn that_can(self, can: &'static [&'static str]) -> Self {
        Self { can, ..self }
    }
}

/// All of them.
pub(super) const MEETINGS: &[Meeting] = &[
    Meeting::model("openai_driver.py", &[("answers", "real-openai"), NEVER])
        .that_can(&["models", "caps"]),
    Meeting::model("responses_driver.py", &[("answers", "real-openai")]),
    Meeting::model("anthropic_driver.py", &[("answers", "real-anthropic"), NEVER])
        .that_can(&["count", "caps"]),
    Meeting::model("anthropic_driver.mjs", &[("answers", "real-anthropic")]).that_can(&["count"]),
    Meeting {
        script: "embeddings_driver.py",
        upstream: Upstream::Embeddings,
        bare: &[("answers", "multilingual-e5-small-q4")],
        governed: &[("answers", "real-embeddings")],
        can: &[],
    },
    Meeting::mock("openai_driver.py"),
    Meeting::mock("responses_driver.py"),
    Meeting::mock("anthropic_driver.py"),
    // No upstream here counts tokens in Gemini's form: that a provider knows no such method is
    // among the faults.
    Meeting::mock("gemini_driver.py"),
    Meeting::mock("openai_driver.mjs"),
    Meeting::mock("anthropic_driver.mjs"),
    Meeting::mock("gemini_driver.mjs"),
];

/// What meets the gateway's own demo provider, before anything else is declared. It speaks every
/// wire form.
pub(super) const BEFORE_THE_DEMO: &[&str] = &[
    "openai_driver.py",
    "responses_driver.py",
    "anthropic_driver.py",
    "gemini_driver.py",
    "openai_driver.mjs",
    "anthropic_driver.mjs",
    "gemini_driver.mjs",
];
/// Its one model, in the charter of a first run.
pub(super) const DEMO_MODELS: &[(&str, &str)] =
    &[("answers", "portreeve-demo"), ("embeds", "portreeve-demo")];
/// What it does beside answering.
pub(super) const DEMO_CAN: &[&str] = &["models", "caps", "count", "responses"];

/// What meets the gateway while upstreams fail; the second reads what the first left behind.
pub(super) const BEFORE_THE_FAILING: &[&str] = &["faults_driver.py", "records_driver.py"];

/// What reads the metrics when all others are done.
pub(super) const OBSERVING: &[&str] = &["observe_driver.py"];

/// What reads the traces and metrics that were exported meanwhile.
pub(super) const EXPORTED: &[&str] = &["otlp_driver.py"];

/// What meets budgets and approved contexts; the second finds used up what the first used up.
pub(super) const UNDER_BUDGETS: &[&str] = &["budgets_driver.py", "budgets_driver.mjs"];
