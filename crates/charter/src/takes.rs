//! What a field takes, as data: the readers' rules in the form from which the reference page and
//! the JSON Schemas are written. It reads nothing; a test holds it against the readers.

use model::{Environment, Measure, Per, Proof, ProviderToolKind, UnrecognisedPlace};

use crate::money::USD_MAX;
use crate::suggest::listed;
use crate::words::{AgentStatus, Binding, DataClass, PersonTag, ProviderKind, Verdict, Weekday};

/// What stands at a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// A mapping, with the fields that the rows below it name.
    Mapping,
    /// A mapping from names of one's own, each to what the rows below `*` say.
    Named,
    /// A list of mappings, with the fields that the rows below `[]` name.
    List(Filled),
    /// One value.
    One(Value),
    /// A list of values, none of them twice.
    Many(Value, Filled),
    /// A word of its own, or a mapping with exactly one of the fields that the rows below name.
    WordOrOne(&'static str),
    /// A list in which each is one value, or a mapping with the fields below `[]`.
    ManyOr(Value),
}

/// How many a list holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filled {
    /// Any number, none too.
    Any,
    /// At least one.
    NotEmpty,
    /// At least one, and at most so many.
    UpTo(u64),
}

/// One value, as YAML writes it on one line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value {
    /// The number of the charter's format.
    Format,
    /// A name: one's own, or that of something the charter declares.
    Name(&'static str),
    /// The name of a model.
    ModelName,
    /// The id of a policy with its set.
    PolicyId,
    /// A text of one line.
    Text,
    /// A text of one line or more.
    Lines,
    /// One of a closed list of words.
    Word(Vocabulary),
    /// A whole number, from the first to the second.
    Number(u64, u64),
    /// `true` or `false`.
    Flag,
    /// A day.
    Date,
    /// Hours and minutes.
    TimeOfDay,
    /// An instant.
    Instant,
    /// The name of a trust domain.
    TrustDomain,
    /// An email address.
    Email,
    /// The line of an SSH public key.
    SshKey,
    /// A cost centre's name.
    CostCentre,
    /// A base URL.
    Url,
    /// A provider's own name of a model.
    UpstreamModel,
    /// A word for a region.
    Region,
    /// An amount of money.
    Dollars,
    /// A whole number to this, or an amount of money: what a limit counts decides.
    AtMost(u64),
    /// The server of a remote tool.
    Server,
    /// A vendor's own word.
    VendorWord,
    /// Something a request holds that the gateway does not know.
    Unrecognised,
}

/// A closed list of words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vocabulary {
    /// Where an agent runs.
    Environments,
    /// Whether an agent is served.
    Statuses,
    /// How sensitive data is.
    DataClasses,
    /// How an agent proves who it is.
    Bindings,
    /// The wire forms of providers.
    ProviderKinds,
    /// What a person's work bars them from.
    PersonTags,
    /// Days of the week.
    Weekdays,
    /// What a tool of a provider's does.
    Tools,
    /// What is done with a model.
    Operations,
    /// What a quota counts.
    Measures,
    /// The windows of a quota.
    Windows,
    /// Whom a quota counts apart.
    Each,
    /// Why a provider would keep a conversation.
    Stores,
    /// How a caller proves who it is.
    Proofs,
    /// What a policy test expects.
    Verdicts,
}

impl Vocabulary {
    /// The words, in their order.
    #[must_use]
    pub fn words(self) -> Vec<&'static str> {
        fn first<T>(pairs: &[(&'static str, T)]) -> Vec<&'static str> {
            pairs.iter().map(|(word, _)| *word).collect()
        }
        match self {
            Self::Environments => Environment::ALL.map(Environment::as_str).to_vec(),
            Self::Statuses => first(AgentStatus::WORDS),
            Self::DataClasses => first(DataClass::WORDS),
            Self::Bindings => first(Binding::WORDS),
            Self::ProviderKinds => first(ProviderKind::WORDS),
            Self::PersonTags => first(PersonTag::WORDS),
            Self::Weekdays => first(Weekday::WORDS),
            Self::Tools => ProviderToolKind::ALL.iter().map(|one| one.as_str()).collect(),
            Self::Operations => first(&crate::test_ask::operations()),
            Self::Measures => Measure::ALL.map(Measure::as_str).to_vec(),
            Self::Windows => Per::ALL.map(Per::as_str).to_vec(),
            Self::Each => vec!["agent"],
            Self::Stores => first(&crate::test_ask::STORES),
            Self::Proofs => vec![Proof::EmbeddedToken.as_str()],
            Self::Verdicts => first(Verdict::WORDS),
        }
    }
}

impl Takes {
    /// The same in words, as the reference page says it.
    #[must_use]
    pub fn words(self) -> String {
        match self {
            Self::Mapping | Self::Named => "mapping".to_owned(),
            Self::List(_) | Self::ManyOr(_) => "list".to_owned(),
            Self::One(value) => value.words(),
            Self::Many(value, _) => format!("list of {}", value.several()),
            Self::WordOrOne(word) => format!("`{word}`, or a mapping with one of the next three"),
        }
    }
}

impl Value {
    /// The value in words, as the reference page says it.
    fn words(self) -> String {
        match self {
            Self::Format => format!("`{}`", crate::root::FORMAT),
            Self::Word(vocabulary) => listed(&vocabulary.words(), "or"),
            Self::Number(low, high) => format!("{low} to {high}"),
            Self::AtMost(high) => format!("1 to {high}; for `money`, US dollars up to {USD_MAX}"),
            Self::Unrecognised => unrecognised(),
            Self::Name(kind) => kind.to_owned(),
            Self::ModelName => "model name".to_owned(),
            Self::PolicyId => "policy id".to_owned(),
            Self::Text
            | Self::Lines
            | Self::CostCentre
            | Self::UpstreamModel
            | Self::VendorWord => "text".to_owned(),
            Self::Flag => "`true` or `false`".to_owned(),
            Self::Date => "date".to_owned(),
            Self::TimeOfDay => "time of day".to_owned(),
            Self::Instant => "RFC 3339 time".to_owned(),
            Self::TrustDomain => "trust domain".to_owned(),
            Self::Email => "email address".to_owned(),
            Self::SshKey => "SSH public key".to_owned(),
            Self::Url => "URL".to_owned(),
            Self::Region => "word of `a-z`, `0-9`, `-`".to_owned(),
            Self::Dollars => "US dollars".to_owned(),
            Self::Server => "host or connector id".to_owned(),
        }
    }

    /// Several of it in words.
    fn several(self) -> String {
        match self {
            Self::Word(vocabulary) => {
                let words: Vec<_> =
                    vocabulary.words().iter().map(|word| format!("`{word}`")).collect();
                words.join(", ")
            }
            Self::Unrecognised => self.words(),
            Self::Format
            | Self::Name(_)
            | Self::ModelName
            | Self::PolicyId
            | Self::Text
            | Self::Lines
            | Self::Number(..)
            | Self::Flag
            | Self::Date
            | Self::TimeOfDay
            | Self::Instant
            | Self::TrustDomain
            | Self::Email
            | Self::SshKey
            | Self::CostCentre
            | Self::Url
            | Self::UpstreamModel
            | Self::Region
            | Self::Dollars
            | Self::AtMost(_)
            | Self::Server
            | Self::VendorWord => format!("{}s", self.words()),
        }
    }
}

fn unrecognised() -> String {
    let places = UnrecognisedPlace::ALL.iter().map(|place| format!("`{place}:NAME`"));
    places.collect::<Vec<_>>().join(", ")
}
