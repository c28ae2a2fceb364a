//! What the reading of a body finds beyond the model's answer, within bounds. Never decides.

use model::{
    Beyond, Digest, ProviderTool, ProviderToolKind, StoredKind, StoredName, Stores, Unrecognised,
    UnrecognisedPlace,
};

use super::bound::Media;
use super::fields::Objection;
use super::walk::Path;

/// Most things unrecognised in one request, each counted once.
pub(super) const UNRECOGNISED_MAX: usize = 16;
/// Most declarations of provider tools in one request.
pub(super) const DECLARATIONS_MAX: usize = 64;
/// Most different provider tools in one request.
pub(super) const TOOLS_MAX: usize = 16;
/// Most different stored objects named in one request.
pub(super) const NAMES_MAX: usize = 64;
/// Longest name of anything in a record, in characters.
const NAME_LENGTH_MAX: usize = 64;
/// What stands in records for a name that does not fit there.
const OTHER: &str = "other";

/// What was found so far.
#[derive(Debug, Default)]
pub(super) struct Finds {
    beyond: Beyond,
    /// Tools that the caller defines and runs.
    client_tools: u32,
    /// Declarations of provider tools, repetitions included.
    declarations: usize,
    media: Media,
}

/// What was found in the end.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) beyond: Beyond,
    /// Tools that the caller defines and runs.
    pub(super) client_tools: u32,
    pub(super) media: Media,
}

impl Finds {
    /// What was found.
    pub(super) fn into_found(self) -> Found {
        Found { beyond: self.beyond, client_tools: self.client_tools, media: self.media }
    }

    /// Counts a tool that the caller defines and runs.
    pub(super) const fn client_tool(&mut self) {
        self.client_tools = self.client_tools.saturating_add(1);
    }

    /// Counts a URL that the provider would fetch.
    pub(super) const fn url(&mut self) {
        self.beyond.urls = self.beyond.urls.saturating_add(1);
    }

    /// Counts an image, sound, video or document that stands in the body, of that many bytes.
    pub(super) fn media(&mut self, bytes: usize) {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.media.parts = self.media.parts.saturating_add(1);
        self.media.bytes = self.media.bytes.saturating_add(bytes);
    }

    /// Notes that the provider would keep the conversation.
    pub(super) const fn stores(&mut self, stores: Stores) {
        self.beyond.stores = Some(stores);
    }

    /// Whether a tool of that kind is declared.
    pub(super) fn has_tool(&self, kind: ProviderToolKind) -> bool {
        self.beyond.tools.iter().any(|tool| tool.kind == kind)
    }

    /// Notes a tool of the provider's, once.
    ///
    /// # Errors
    /// There are too many.
    pub(super) fn tool(
        &mut self,
        kind: ProviderToolKind,
        declared: &str,
        server: Option<String>,
    ) -> Result<(), Objection> {
        self.declarations = self.declarations.saturating_add(1);
        if self.declarations > DECLARATIONS_MAX {
            return Err(Objection::invalid("", "is one provider tool too many; 64 are read"));
        }
        let tool = ProviderTool { kind, declared: recorded(declared), server };
        let remark = "is one provider tool too many; 16 different ones are read";
        note(&mut self.beyond.tools, tool, TOOLS_MAX, remark)
    }

    /// Notes an object kept at the provider, once.
    ///
    /// # Errors
    /// There are too many.
    pub(super) fn name(&mut self, kind: StoredKind, id: &str) -> Result<(), Objection> {
        let remark = "names one stored object too many; 64 are read";
        note(&mut self.beyond.names, stored_name(kind, id), NAMES_MAX, remark)
    }

    /// Notes a member that is in no table, once.
    ///
    /// # Errors
    /// There are too many.
    pub(super) fn unknown_field(&mut self, path: &Path<'_>, key: &str) -> Result<(), Objection> {
        // A key with a dot in it could pass for a member of a known object.
        let name = if key.contains('.') { OTHER.to_owned() } else { recorded(&path.to(key)) };
        self.unrecognised(UnrecognisedPlace::Field, name)
    }

    /// Notes content of a type that is in no table, once.
    ///
    /// # Errors
    /// There are too many.
    pub(super) fn unknown_part(&mut self, kind: &str) -> Result<(), Objection> {
        self.unrecognised(UnrecognisedPlace::Part, recorded(kind))
    }

    /// Notes those values of the header for previews that are not `known`, each once.
    ///
    /// # Errors
    /// There are too many.
    pub(super) fn betas(&mut self, betas: &[&str], known: &[&str]) -> Result<(), Objection> {
        betas.iter().filter(|beta| !known.contains(beta)).try_for_each(|beta| {
            self.unrecognised(UnrecognisedPlace::Beta, recorded(beta))
                .map_err(|objection| objection.or_at(recorded(beta)))
        })
    }

    fn unrecognised(&mut self, place: UnrecognisedPlace, name: String) -> Result<(), Objection> {
        let remark = "is one thing too many that this gateway does not know; 16 are read";
        note(&mut self.beyond.unrecognised, Unrecognised { place, name }, UNRECOGNISED_MAX, remark)
    }
}

/// An object kept at a provider, as records name it.
#[must_use]
pub fn stored_name(kind: StoredKind, id: &str) -> StoredName {
    StoredName { kind, id: Digest::of(id.as_bytes()) }
}

/// Adds `one` to `list` unless it is there.
fn note<T: PartialEq>(
    list: &mut Vec<T>,
    one: T,
    max: usize,
    remark: &'static str,
) -> Result<(), Objection> {
    if list.contains(&one) {
        return Ok(());
    }
    if list.len() >= max {
        return Err(Objection::invalid("", remark));
    }
    list.push(one);
    Ok(())
}

/// `name` as it may stand in a record, or in the detail of a refusal.
pub(super) fn recorded(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.:-".contains(&byte);
    let fits = (1..=NAME_LENGTH_MAX).contains(&name.len()) && name.bytes().all(plain);
    if fits { name.to_owned() } else { OTHER.to_owned() }
}
