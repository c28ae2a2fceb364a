//! Why a decision cannot be replayed: a word for programs and a sentence for people.

/// Why not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cannot {
    pub(super) reason: Reason,
    pub(super) why: String,
}

macro_rules! reasons {
    ($($(#[$doc:meta])* $variant:ident $word:literal,)+) => {
        /// The word for programs.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub(super) enum Reason {
            $($(#[$doc])* $variant,)+
        }

        impl Reason {
            pub(super) const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }
    };
}

reasons! {
    /// The log has no decision of that id.
    NotInLog "not_in_log",
    /// The id is that of a count of requests that proved nobody.
    Aggregate "aggregate",
    /// It was refused before policy was asked.
    BeforePolicy "before_policy",
    /// No single question was evaluated: a list of models.
    NotEvaluated "not_evaluated",
    /// The request named a context that would not do, and the facts do not say which.
    ContextNamed "context_named",
    /// The key that sealed the facts was erased.
    FactsErased "facts_erased",
    /// A key to the facts is missing or cannot be used.
    FactsLocked "facts_locked",
    /// The sealed facts are missing, or no sound record of them is left.
    FactsLost "facts_lost",
    /// The sealed facts are not those the log committed to, or not what this software writes.
    FactsDamaged "facts_damaged",
    /// An earlier version wrote them, without all that the verdict depended on.
    FactsOlder "facts_older",
    /// A later version wrote them.
    FactsNewer "facts_newer",
    /// The charter of that time is not in the store.
    CharterMissing "charter_missing",
    /// What the store has under the charter's digest is not that charter.
    CharterChanged "charter_changed",
    /// The charter of that time does not compile any more.
    CharterUnsound "charter_unsound",
}

impl Cannot {
    pub(super) fn new(reason: Reason, why: impl Into<String>) -> Self {
        Self { reason, why: why.into() }
    }
}
