//! The kinds of YAML file a charter has, and where each lies. It reads none of them.

/// The kinds of YAML file a charter has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FileKind {
    /// `charter.yaml`.
    Charter,
    /// `people.yaml`.
    People,
    /// `agents/NAME.yaml`.
    Agent,
    /// `providers/NAME.yaml`.
    Provider,
    /// `models/FILE.yaml`.
    Model,
    /// `secrets/NAME.yaml`.
    Secret,
    /// `contexts/NAME.yaml`.
    Context,
    /// `quotas/NAME.yaml`.
    Quota,
    /// `tests/FILE.yaml`.
    PolicyTest,
}

impl FileKind {
    /// All of them, in the order of the reference page.
    pub const ALL: [Self; 9] = [
        Self::Charter,
        Self::People,
        Self::Agent,
        Self::Provider,
        Self::Model,
        Self::Secret,
        Self::Context,
        Self::Quota,
        Self::PolicyTest,
    ];

    /// The folder such files lie in; none for a file at the root.
    #[must_use]
    pub const fn folder(self) -> Option<&'static str> {
        match self {
            Self::Charter | Self::People => None,
            Self::Agent => Some("agents"),
            Self::Provider => Some("providers"),
            Self::Model => Some("models"),
            Self::Secret => Some("secrets"),
            Self::Context => Some("contexts"),
            Self::Quota => Some("quotas"),
            Self::PolicyTest => Some("tests"),
        }
    }

    /// Where such a file lies.
    #[must_use]
    pub const fn pattern(self) -> &'static str {
        match self {
            Self::Charter => "charter.yaml",
            Self::People => "people.yaml",
            Self::Agent => "agents/NAME.yaml",
            Self::Provider => "providers/NAME.yaml",
            Self::Model => "models/FILE.yaml",
            Self::Secret => "secrets/NAME.yaml",
            Self::Context => "contexts/NAME.yaml",
            Self::Quota => "quotas/NAME.yaml",
            Self::PolicyTest => "tests/FILE.yaml",
        }
    }

    /// The name of its JSON Schema: that of the folder, or of the file at the root.
    #[must_use]
    pub const fn schema_file(self) -> &'static str {
        match self {
            Self::Charter => "charter.json",
            Self::People => "people.json",
            Self::Agent => "agents.json",
            Self::Provider => "providers.json",
            Self::Model => "models.json",
            Self::Secret => "secrets.json",
            Self::Context => "contexts.json",
            Self::Quota => "quotas.json",
            Self::PolicyTest => "tests.json",
        }
    }

    /// What such a file is for, in a sentence.
    #[must_use]
    pub const fn about(self) -> &'static str {
        match self {
            Self::Charter => "What the gateway is called, and the seats that govern it.",
            Self::People => "Persons and their keys, teams, and the seats that persons hold.",
            Self::Agent => "One agent: a workload with its own identity, and who answers for it.",
            Self::Provider => "One provider: where models are served, and what opens it.",
            Self::Model => "One model as agents name it, and where it is served.",
            Self::Secret => "One secret by name; its value is sealed elsewhere and never here.",
            Self::Context => "One approved context: purpose, data class, models, tools, window.",
            Self::Quota => "One budget: whose calls it counts, what of them, and how much at most.",
            Self::PolicyTest => "What the policies must answer.",
        }
    }
}
