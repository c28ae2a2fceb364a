//! `providers/NAME.yaml`: where models are served, how it is reached and what opens it.

use model::{Place, ProviderName, SeatName, SecretName};

use crate::located::Located;
use crate::mention::{Kind, Sheet};
use crate::timeouts::{self, Timeouts};
use crate::words::ProviderKind;
use crate::yaml::{Fields, Node};
use crate::{base_url, code};

/// A provider as declared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provider {
    /// Its name.
    pub name: ProviderName,
    /// The wire form it speaks.
    pub kind: ProviderKind,
    /// Where it is, where the charter says so: checked, as written.
    pub base_url: Option<Located<String>>,
    /// The secret lent for each call.
    pub secret: Option<Located<SecretName>>,
    /// The seat that answers for it; none is the accountable one.
    pub owner: Option<Located<SeatName>>,
    /// How long to wait for it.
    pub timeouts: Timeouts,
    /// The file.
    pub place: Place,
}

impl Provider {
    /// Where it is: as the charter says, or the vendor's own address; none for the demo.
    #[must_use]
    pub fn base_url(&self) -> Option<&str> {
        self.base_url.as_ref().map(|url| url.value.as_str()).or_else(|| self.kind.base_url())
    }
}

impl ProviderKind {
    /// The vendor's own address; none for the demo.
    #[must_use]
    pub const fn base_url(self) -> Option<&'static str> {
        match self {
            Self::Demo => None,
            Self::OpenAi => Some("https://api.openai.com/v1"),
            Self::Anthropic => Some("https://api.anthropic.com"),
            Self::Gemini => Some("https://generativelanguage.googleapis.com"),
        }
    }
}

/// Reads one provider's file.
pub(crate) fn read(sheet: &mut Sheet<'_>, root: &Node) -> Option<Provider> {
    let fields = sheet.fields(root, "")?;
    let name = fields.required("name", |node| sheet.own_name(node));
    let kind = fields.required("kind", |node| sheet.reader.one_of(node, ProviderKind::WORDS));
    let base_url = fields.optional("base_url", |node| url(sheet, node));
    let secret = fields.optional("secret", |node| sheet.mention(node, Kind::Secret));
    let owner = fields.optional("owner", |node| sheet.mention(node, Kind::Seat));
    let timeouts = fields.or("timeouts", Timeouts::default(), |node| timeouts(sheet, node));
    if let Some(kind) = kind {
        address(sheet, &fields, kind);
    }
    Some(Provider {
        name: name?,
        kind: kind?,
        base_url: base_url?,
        secret: secret?,
        owner: owner?,
        timeouts: timeouts?,
        place: sheet.reader.place(root.at),
    })
}

fn url(sheet: &mut Sheet<'_>, node: &Node) -> Option<Located<String>> {
    let text = sheet.text(node)?;
    match base_url::check(&text) {
        Ok(()) => Some(Located { value: text, place: sheet.reader.place(node.at) }),
        Err(why) => {
            let help = "write https://host[:port][/path]";
            sheet.reader.object(node.at, code::BAD_URL, why.to_owned(), help);
            None
        }
    }
}

/// Whether the address and the secret fit the kind of provider.
fn address(sheet: &mut Sheet<'_>, fields: &Fields<'_>, kind: ProviderKind) {
    match (kind.base_url(), fields.get("base_url"), fields.get("secret")) {
        (None, Some(node), _) => {
            let what = format!("a provider of kind `{kind}` is built in and has no address");
            sheet.reader.object(node.at, code::BAD_VALUE, what, "remove `base_url`");
        }
        (Some(vendor), None, None) => {
            let what = format!("{vendor} asks for a key, and the provider names no secret");
            let help = "name a secret declared under secrets/, or set the `base_url` of a server that asks for none";
            sheet.reader.object(fields.at, code::MISSING_FIELD, what, help);
        }
        (None, None, _) | (Some(_), _, _) => {}
    }
}

fn timeouts(sheet: &mut Sheet<'_>, node: &Node) -> Option<Timeouts> {
    let (stated, whole) = timeouts::read(sheet, node, "timeouts")?;
    for problem in stated.problems(Timeouts::default()) {
        sheet.reader.report(problem);
    }
    whole.then(|| stated.over(Timeouts::default()))
}
