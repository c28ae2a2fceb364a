//! The charter that a first run writes: small, commented, and meant to be edited. It decides
//! nothing about keys or values; it is given them.

use model::{PersonName, Timestamp};

use crate::date::Date;
use crate::tree::SourceTree;
use crate::words::ProviderKind;

/// Days until the demo agent's declaration is due for review.
const REVIEW_AFTER_DAYS: u16 = 90;

/// What a first run knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Genesis {
    /// What the gateway is called.
    pub name: String,
    /// The trust domain its agents' identities are issued under.
    pub trust_domain: String,
    /// The one person, who holds every seat.
    pub person: PersonName,
    /// The line of that person's SSH public key.
    pub key_line: String,
    /// The time of the first run.
    pub today: Timestamp,
}

/// A vendor whose key the first run may find in the environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AdoptedKind {
    /// OpenAI.
    OpenAi,
    /// Anthropic.
    Anthropic,
    /// Google's Gemini.
    Gemini,
}

/// Path and template of each file of a first run.
const FIRST_RUN: &[(&str, &str)] = &[
    ("README.md", include_str!("../first-run/README.md")),
    ("charter.yaml", include_str!("../first-run/charter.yaml")),
    ("people.yaml", include_str!("../first-run/people.yaml")),
    ("agents/demo-agent.yaml", include_str!("../first-run/agents/demo-agent.yaml")),
    ("providers/demo.yaml", include_str!("../first-run/providers/demo.yaml")),
    ("models/portreeve-demo.yaml", include_str!("../first-run/models/portreeve-demo.yaml")),
    ("secrets/demo-key.yaml", include_str!("../first-run/secrets/demo-key.yaml")),
    (
        "policies/guardrails/10-baseline.cedar",
        include_str!("../first-run/policies/guardrails/10-baseline.cedar"),
    ),
    ("policies/model/10-demo.cedar", include_str!("../first-run/policies/model/10-demo.cedar")),
    ("policies/secret/10-demo.cedar", include_str!("../first-run/policies/secret/10-demo.cedar")),
    (
        "policies/tool/10-provider-tools.cedar",
        include_str!("../first-run/policies/tool/10-provider-tools.cedar"),
    ),
    (
        "policies/downstream/10-none.cedar",
        include_str!("../first-run/policies/downstream/10-none.cedar"),
    ),
    ("contexts/README.md", include_str!("../first-run/contexts/README.md")),
    ("quotas/README.md", include_str!("../first-run/quotas/README.md")),
    ("tests/demo.yaml", include_str!("../first-run/tests/demo.yaml")),
];

const PROVIDER: &str = include_str!("../first-run/adopted/provider.yaml");
const SECRET: &str = include_str!("../first-run/adopted/secret.yaml");
const MODEL: &str = include_str!("../first-run/adopted/model.yaml");
const MODEL_POLICIES: &str = include_str!("../first-run/adopted/model-head.cedar");
const MODEL_POLICY: &str = include_str!("../first-run/adopted/model.cedar");
const SECRET_POLICY: &str = include_str!("../first-run/adopted/secret.cedar");
const TESTS: &str = include_str!("../first-run/adopted/tests.yaml");

/// The charter of a first run: one person in every seat, one demo agent, one built-in provider.
///
/// [`crate::parse()`] finds no problem in it where the name, trust domain and key line are good.
#[must_use]
pub fn genesis_files(genesis: &Genesis) -> SourceTree {
    let review_by = Date::after(genesis.today, REVIEW_AFTER_DAYS).to_string();
    let values = [
        ("name", quoted(&genesis.name)),
        ("trust_domain", quoted(&genesis.trust_domain)),
        ("trust_domain_text", one_line(&genesis.trust_domain)),
        ("person", genesis.person.to_string()),
        ("email", quoted(&format!("{}@{}", genesis.person, genesis.trust_domain))),
        ("key_line", quoted(genesis.key_line.trim())),
        ("review_by", review_by),
    ];
    let files = FIRST_RUN.iter().map(|(path, template)| {
        let values: Vec<_> = values.iter().map(|(slot, value)| (*slot, value.as_str())).collect();
        ((*path).to_owned(), filled(template, &values).into_bytes())
    });
    SourceTree::written(files)
}

/// What is added to the charter of a first run for a provider whose key was found: the provider,
/// its secret, a few models, and the policies that let the demo agent use them.
#[must_use]
pub fn adopted_provider_files(kind: AdoptedKind) -> SourceTree {
    let provider = kind.provider_name();
    let models = kind.models();
    let fill = |template: &str, model: &str| {
        let values = [
            ("provider", provider),
            ("secret", kind.secret_name()),
            ("base_url", kind.kind().base_url().unwrap_or_default()),
            ("model", model),
        ];
        filled(template, &values)
    };
    let first = models.first().copied().unwrap_or_default();
    let policies: String = models.iter().map(|model| fill(MODEL_POLICY, model)).collect();
    let mut files = vec![
        (format!("providers/{provider}.yaml"), fill(PROVIDER, first)),
        (format!("secrets/{}.yaml", kind.secret_name()), fill(SECRET, first)),
        (format!("policies/model/20-{provider}.cedar"), fill(MODEL_POLICIES, first) + &policies),
        (format!("policies/secret/20-{provider}.cedar"), fill(SECRET_POLICY, first)),
        (format!("tests/{provider}.yaml"), fill(TESTS, first)),
    ];
    files.extend(models.iter().map(|model| (format!("models/{model}.yaml"), fill(MODEL, model))));
    SourceTree::written(files.into_iter().map(|(path, text)| (path, text.into_bytes())))
}

impl AdoptedKind {
    /// All of them, in order.
    pub const ALL: [Self; 3] = [Self::OpenAi, Self::Anthropic, Self::Gemini];

    /// What the charter calls the provider.
    #[must_use]
    pub const fn provider_name(self) -> &'static str {
        self.kind().as_str()
    }

    /// What the charter calls the key: the secret to seal it as.
    #[must_use]
    pub const fn secret_name(self) -> &'static str {
        match self {
            Self::OpenAi => "openai-key",
            Self::Anthropic => "anthropic-key",
            Self::Gemini => "gemini-key",
        }
    }

    /// The models that are declared at first: few, and there to be edited.
    const fn models(self) -> &'static [&'static str] {
        match self {
            Self::OpenAi => &["gpt-5-mini", "gpt-5"],
            Self::Anthropic => &["claude-haiku-4-5", "claude-sonnet-4-5"],
            Self::Gemini => &["gemini-2.5-flash", "gemini-2.5-pro"],
        }
    }

    const fn kind(self) -> ProviderKind {
        match self {
            Self::OpenAi => ProviderKind::OpenAi,
            Self::Anthropic => ProviderKind::Anthropic,
            Self::Gemini => ProviderKind::Gemini,
        }
    }
}

/// The template with each `{{slot}}` replaced, in one pass: a value is never read as a slot.
fn filled(template: &str, values: &[(&str, &str)]) -> String {
    let mut text = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((slot, following)) = after.split_once("}}") else { break };
        text.push_str(before);
        let value = values.iter().find(|(name, _)| *name == slot);
        text.push_str(value.map_or("", |(_, value)| value));
        rest = following;
    }
    text.push_str(rest);
    text
}

/// A value as YAML: as it is where that is plainly a text, or else in double quotes.
fn quoted(value: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.@".contains(&byte);
    let letter = value.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic());
    let word = matches!(value, "true" | "false" | "null");
    if letter && !word && value.bytes().all(plain) {
        return value.to_owned();
    }
    let mut text = String::from("\"");
    for character in value.chars() {
        match character {
            '"' | '\\' => text.extend(['\\', character]),
            _ if character.is_control() => {
                text.push_str(&format!("\\U{:08x}", u32::from(character)));
            }
            _ => text.push(character),
        }
    }
    text.push('"');
    text
}

/// A value as part of a comment.
fn one_line(value: &str) -> String {
    value.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}

#[cfg(test)]
mod tests;
