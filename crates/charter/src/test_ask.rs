//! What a policy test asks for: the model, and what its provider would do or keep beyond
//! answering.

use model::{
    Beyond, Digest, ModelName, Operation, ProviderName, ProviderTool, ProviderToolKind, StoredKind,
    StoredName, Stores, Unrecognised, UnrecognisedPlace,
};

use crate::located::Located;
use crate::mention::{Kind, Sheet};
use crate::words::Verdict;
use crate::yaml::{Fields, Node, Value};
use crate::{code, problem};

/// Most kept objects that an ask may name.
const NAMES_MAX: u64 = 64;

/// Longest word of a vendor's, and longest name of something unrecognised, in bytes.
const WORD_BYTES_MAX: usize = 64;

/// Why a provider would keep the conversation.
pub(crate) const STORES: [(&str, Stores); 2] =
    [("asked", Stores::Asked), ("by_default", Stores::ByDefault)];

/// Longest host or connector id, in bytes.
const SERVER_BYTES_MAX: usize = 253;

/// What a test asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestAsk {
    /// The model. Declared, unless the test expects it to be unknown.
    pub model: Located<ModelName>,
    /// Only the target at this provider; none is each of them.
    pub provider: Option<Located<ProviderName>>,
    /// What is done with the model; never a listing.
    pub operation: Operation,
    /// What the provider would do or keep. The kept objects it names are made up.
    pub beyond: Beyond,
}

/// Reads the mapping at `node`; `verdict` is what the test expects, where that could be read.
pub(crate) fn read(
    sheet: &mut Sheet<'_>,
    node: &Node,
    verdict: Option<Verdict>,
) -> Option<TestAsk> {
    let fields = sheet.fields(node, "tests[].ask")?;
    // A model that nobody declared is what an `unknown` test may be about.
    let model = fields.required("model", |node| match verdict {
        Some(Verdict::Allow | Verdict::Deny) => sheet.mention(node, Kind::Model),
        Some(Verdict::Unknown) | None => sheet.located(node, "write the name of a model"),
    });
    let provider = fields.optional("provider", |node| sheet.mention(node, Kind::Provider));
    let operation = fields.or("operation", Operation::ChatCompletions, |node| {
        sheet.reader.one_of(node, &operations())
    });
    let beyond = beyond(sheet, &fields);
    Some(TestAsk { model: model?, provider: provider?, operation: operation?, beyond: beyond? })
}

/// The operations that ask for a model: each but the listing of models.
pub(crate) fn operations() -> Vec<(&'static str, Operation)> {
    let asks = |operation: &Operation| *operation != Operation::ListModels;
    Operation::ALL.iter().copied().filter(asks).map(|one| (one.as_str(), one)).collect()
}

fn beyond(sheet: &mut Sheet<'_>, fields: &Fields<'_>) -> Option<Beyond> {
    let tools = fields.or("tools", Vec::new(), |node| distinct(sheet, node, tool));
    let stores = fields.optional("stores", |node| sheet.reader.one_of(node, &STORES));
    let names = fields.or("names", 0, |node| sheet.reader.integer(node, 0..=NAMES_MAX));
    let unrecognised =
        fields.or("unrecognised", Vec::new(), |node| distinct(sheet, node, unrecognised));
    let urls = fields.or("urls", 0, |node| {
        u32::try_from(sheet.reader.integer(node, 0..=u64::from(u32::MAX))?).ok()
    });
    Some(Beyond {
        tools: tools?,
        stores: stores?,
        names: names.map(|count| (0..count).map(made_up).collect())?,
        unrecognised: unrecognised?,
        urls: urls?,
    })
}

/// The name of a kept object that no provider knows. Policies are told how many there are.
fn made_up(nth: u64) -> StoredName {
    StoredName { kind: StoredKind::Response, id: Digest::of(&nth.to_be_bytes()) }
}

/// The items of a list, as `read` reads them, none of them twice.
fn distinct<T: PartialEq>(
    sheet: &mut Sheet<'_>,
    node: &Node,
    read: impl Fn(&mut Sheet<'_>, &Node) -> Option<T>,
) -> Option<Vec<T>> {
    let items = sheet.reader.list(node)?;
    let mut found = Vec::new();
    for item in items {
        match read(sheet, item) {
            Some(next) if found.contains(&next) => {
                let what = "the same is listed twice".to_owned();
                sheet.reader.object(item.at, code::DUPLICATE, what, "list it once");
            }
            Some(next) => found.push(next),
            None => {}
        }
    }
    (found.len() == items.len()).then_some(found)
}

/// A tool: the word for its kind, or a mapping that says more.
fn tool(sheet: &mut Sheet<'_>, item: &Node) -> Option<ProviderTool> {
    let kinds: Vec<_> = ProviderToolKind::ALL.iter().map(|kind| (kind.as_str(), *kind)).collect();
    if matches!(item.value, Value::Scalar(_)) {
        let kind = sheet.reader.one_of(item, &kinds)?;
        return Some(ProviderTool { kind, declared: kind.as_str().to_owned(), server: None });
    }
    let fields = sheet.fields(item, "tests[].ask.tools[]")?;
    let kind = fields.required("kind", |node| sheet.reader.one_of(node, &kinds));
    let server = fields.optional("server", |node| server(sheet, node));
    let declared = fields.optional("declared", |node| {
        let help = "write the vendor's word, as in `web_search_20250305`: at most 64 of A-Z, a-z, 0-9 and _.:-";
        checked(sheet, node, is_word, help)
    });
    let kind = kind?;
    let declared = declared?.unwrap_or_else(|| kind.as_str().to_owned());
    Some(ProviderTool { kind, declared, server: server? })
}

/// A host in lower case, without port and path, or a vendor's connector id: nothing else is ever
/// what a request's server is known by.
fn server(sheet: &mut Sheet<'_>, node: &Node) -> Option<String> {
    let is_server = |text: &str| {
        let plain =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte);
        let address = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        let host = match address {
            Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
            None => text.bytes().all(plain),
        };
        text.len() <= SERVER_BYTES_MAX && host
    };
    let help = "write its host alone, in lower case, or the vendor's id of the connector";
    checked(sheet, node, is_server, help)
}

/// `field:NAME`, `part:NAME` or `beta:NAME`.
fn unrecognised(sheet: &mut Sheet<'_>, item: &Node) -> Option<Unrecognised> {
    let parts = |text: &str| {
        let (place, name) = text.split_once(':')?;
        let place = place.parse::<UnrecognisedPlace>().ok()?;
        is_word(name).then(|| Unrecognised { place, name: name.to_owned() })
    };
    let help = "write `field:NAME`, `part:NAME` or `beta:NAME`; a name is at most 64 of A-Z, a-z, 0-9 and _.:-";
    let text = checked(sheet, item, |text| parts(text).is_some(), help)?;
    parts(&text)
}

/// A text that `fits`.
fn checked(
    sheet: &mut Sheet<'_>,
    node: &Node,
    fits: impl Fn(&str) -> bool,
    help: &str,
) -> Option<String> {
    let text = sheet.text(node)?;
    if fits(&text) {
        return Some(text);
    }
    let what = format!("`{}` is not allowed here", problem::shown(&text));
    sheet.reader.object(node.at, code::BAD_VALUE, what, help);
    None
}

fn is_word(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.:-".contains(&byte);
    !text.is_empty() && text.len() <= WORD_BYTES_MAX && text.bytes().all(plain)
}
