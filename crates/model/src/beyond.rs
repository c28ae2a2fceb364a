//! What a request would have its provider do or keep beyond answering from the model.
//!
//! `protocol` finds it in a body, `policy` decides it in the tool set: a grant of a model covers
//! none of it.

use serde::{Deserialize, Serialize};

use crate::Digest;

/// Everything in a request that acts or remembers at the provider, and everything in it that
/// this gateway does not know.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Beyond {
    /// Tools that the provider runs, or defines for the caller to run: each kind and server once.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub tools: Vec<ProviderTool>,
    /// Whether the provider would keep the conversation once it is answered; none where not.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub stores: Option<Stores>,
    /// Objects kept at the provider that the request names.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub names: Vec<StoredName>,
    /// Fields, parts and betas that this gateway does not know.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub unrecognised: Vec<Unrecognised>,
    /// How many URLs in the content the provider would fetch.
    #[serde(skip_serializing_if = "is_zero", default)]
    pub urls: u32,
}

/// A tool of the provider's that a request declares.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProviderTool {
    /// What it does.
    pub kind: ProviderToolKind,
    /// The vendor's own word for it, as in `web_search_20250305`: the type or field that declares
    /// it, of at most 64 characters.
    pub declared: String,
    /// For a remote MCP server: its host in lower case, without port and path, or the vendor's
    /// connector id. None where the tool has no server or the request does not say a usable one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub server: Option<String>,
}

/// Whether the provider keeps a conversation because the request says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stores {
    /// A field of the request asks for it.
    Asked,
    /// The vendor does so where the field is absent.
    ByDefault,
}

/// An object kept at a provider, by the digest of its id there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredName {
    /// What it is.
    pub kind: StoredKind,
    /// SHA-256 of the id, as the provider writes it.
    pub id: Digest,
}

/// What somebody typed that this gateway has no reading for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unrecognised {
    /// Where it stands.
    pub place: UnrecognisedPlace,
    /// Its name, with the path that leads to it (`reasoning.foo`): at most 64 characters of
    /// `A-Z a-z 0-9 _ . : -`, or `other` where it has any other.
    pub name: String,
}

macro_rules! words {
    ($(#[$doc:meta])* $type:ident: $($(#[$of:meta])* $variant:ident $word:literal,)+) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $type {
            $($(#[$of])* #[serde(rename = $word)] $variant,)+
        }

        impl $type {
            /// All of them, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word in the schema, in charters and in records.
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

        impl std::str::FromStr for $type {
            type Err = ();

            fn from_str(text: &str) -> Result<Self, ()> {
                Self::ALL.iter().copied().find(|one| one.as_str() == text).ok_or(())
            }
        }
    };
}

words! {
    /// What a tool of the provider's does.
    ProviderToolKind:
    /// Searches the web.
    WebSearch "web_search",
    /// Fetches pages that the model chooses.
    WebFetch "web_fetch",
    /// Looks places up on a map.
    Maps "maps",
    /// Searches files or stores kept at the provider.
    FileSearch "file_search",
    /// Runs code at the provider.
    CodeExecution "code_execution",
    /// Runs commands: a shell that the provider defines.
    Shell "shell",
    /// Edits files: an editor that the provider defines.
    TextEditor "text_editor",
    /// Drives a screen, a keyboard and a mouse.
    ComputerUse "computer_use",
    /// Keeps notes between conversations.
    Memory "memory",
    /// Makes images, audio or video.
    Generation "generation",
    /// Reaches an MCP server or a connector from the provider's side.
    RemoteMcp "remote_mcp",
    /// Loads instructions and programs kept at the provider.
    Skills "skills",
    /// Searches the tools that the request declares.
    ToolSearch "tool_search",
    /// Asks a second model.
    Advisor "advisor",
}

words! {
    /// What an object kept at a provider is.
    StoredKind:
    /// An earlier answer (`previous_response_id`).
    Response "response",
    /// One item of an earlier answer (`item_reference`).
    Item "item",
    /// A conversation.
    Conversation "conversation",
    /// A file.
    File "file",
    /// A store of files to search.
    VectorStore "vector_store",
    /// A container in which code runs.
    Container "container",
    /// A cache of a prompt's beginning.
    Cache "cache",
    /// A prompt kept under an id.
    Prompt "prompt",
    /// Speech or a voice.
    Audio "audio",
}

words! {
    /// Where something unrecognised stands.
    UnrecognisedPlace:
    /// A member of an object whose members are known.
    Field "field",
    /// The type of a part or an item of the content.
    Part "part",
    /// A value of the header that turns on previews.
    Beta "beta",
}

impl Beyond {
    /// A request that asks for the model's answer and for nothing else.
    pub const NOTHING: Self = Self {
        tools: Vec::new(),
        stores: None,
        names: Vec::new(),
        unrecognised: Vec::new(),
        urls: 0,
    };

    /// Whether the request asks for the model's answer and for nothing else.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        *self == Self::NOTHING
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
const fn is_zero(count: &u32) -> bool {
    *count == 0
}
