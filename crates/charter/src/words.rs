//! The closed vocabularies of a charter: one spelling, in files, messages and pages.

/// An enum whose variants are words of a charter.
macro_rules! words {
    ($(#[$doc:meta])* $type:ident { $($(#[$inner:meta])* $variant:ident $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $type {
            $($(#[$inner])* $variant),+
        }

        impl $type {
            /// Each with its word, in order.
            pub const WORDS: &'static [(&'static str, Self)] = &[$(($word, Self::$variant)),+];

            /// The word in charters, policies and records.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                out.write_str(self.as_str())
            }
        }
    };
}

words! {
    /// Whether an agent is served.
    AgentStatus {
        /// It is served.
        Active "active",
        /// Its owner took it out of service.
        Suspended "suspended",
    }
}

words! {
    /// The most sensitive data an agent may handle, in rising order.
    DataClass {
        /// Anybody may see it.
        Public "public",
        /// Anybody in the organisation may see it.
        Internal "internal",
        /// Those who need it may see it.
        Confidential "confidential",
        /// Named people may see it.
        Restricted "restricted",
    }
}

words! {
    /// A day of the week.
    Weekday {
        /// Monday.
        Mon "mon",
        /// Tuesday.
        Tue "tue",
        /// Wednesday.
        Wed "wed",
        /// Thursday.
        Thu "thu",
        /// Friday.
        Fri "fri",
        /// Saturday.
        Sat "sat",
        /// Sunday.
        Sun "sun",
    }
}

words! {
    /// How an agent proves who it is.
    Binding {
        /// By a token of this gateway's own issuer.
        Embedded "embedded",
    }
}

words! {
    /// The wire form a provider speaks.
    ProviderKind {
        /// The built-in demonstration provider: no network.
        Demo "demo",
        /// OpenAI's.
        OpenAi "openai",
        /// Anthropic's.
        Anthropic "anthropic",
        /// Google's Gemini.
        Gemini "gemini",
    }
}

words! {
    /// What a person's work bars them from.
    PersonTag {
        /// They build models or agents: they hold no seat that judges those.
        ModelDeveloper "model-developer",
    }
}

words! {
    /// What a policy test expects.
    Verdict {
        /// It is permitted.
        Allow "allow",
        /// It is refused now, by a policy or for want of one.
        Deny "deny",
        /// It could never be permitted: the 404 of a thing that does not exist.
        Unknown "unknown",
    }
}
