//! `contexts/NAME.yaml`: an approved circumstance: what for, with which models and tools, when,
//! for whom, and whose approval it stands on. It admits nobody itself.

use model::{AgentName, ContextName, Environment, ModelName, Place, ProviderToolKind, SeatName};

use crate::claims::DATE_HELP;
use crate::code;
use crate::date::Date;
use crate::hours::{self, Hours};
use crate::located::Located;
use crate::mention::{Kind, Sheet};
use crate::words::DataClass;
use crate::yaml::{Fields, Node};

/// A context as declared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    /// Its name.
    pub name: ContextName,
    /// What calls in it are for.
    pub purpose: String,
    /// The seat that answers for it; none is the accountable one.
    pub owner: Option<Located<SeatName>>,
    /// The seat on whose approval it stands.
    pub approver: Located<SeatName>,
    /// The most sensitive data it is for.
    pub data_class: Located<DataClass>,
    /// The models it covers; at least one.
    pub models: Vec<Located<ModelName>>,
    /// The tools of providers it covers.
    pub tools: Vec<ProviderToolKind>,
    /// Where its agents run; an empty list is anywhere.
    pub environments: Vec<Environment>,
    /// Its first day, in UTC; none is ever since.
    pub from: Option<Located<Date>>,
    /// Its last day, in UTC; none is without end.
    pub until: Option<Located<Date>>,
    /// The hours it is open; none is always.
    pub hours: Option<Hours>,
    /// The agents that may call in it; at least one.
    pub agents: Vec<Located<AgentName>>,
    /// The file.
    pub place: Place,
}

/// Its days: the first and the last.
type Days = (Option<Located<Date>>, Option<Located<Date>>);

/// Reads one context's file.
pub(crate) fn read(sheet: &mut Sheet<'_>, root: &Node) -> Option<Context> {
    let fields = sheet.fields(root, "")?;
    let name = fields.required("name", |node| sheet.own_name(node));
    let purpose = fields.required("purpose", |node| sheet.purpose(node));
    let owner = fields.optional("owner", |node| sheet.mention(node, Kind::Seat));
    let approver = fields.required("approver", |node| sheet.mention(node, Kind::Seat));
    let data_class = fields.required("data_class", |node| {
        let value = sheet.reader.one_of(node, DataClass::WORDS)?;
        Some(Located { value, place: sheet.reader.place(node.at) })
    });
    let models = fields.required("models", |node| {
        let items = sheet.reader.filled_list(node)?;
        sheet.mentions(items, Kind::Model)
    });
    let kinds: Vec<_> = ProviderToolKind::ALL.iter().map(|kind| (kind.as_str(), *kind)).collect();
    let tools = fields.or("tools", Vec::new(), |node| sheet.words(node, &kinds));
    let places = Environment::ALL.map(|one| (one.as_str(), one));
    let environments = fields.or("environments", Vec::new(), |node| sheet.words(node, &places));
    let days = days(sheet, &fields);
    let hours = fields.optional("hours", |node| hours::read(sheet, node));
    let agents = fields.required("agents", |node| {
        let items = sheet.reader.filled_list(node)?;
        sheet.mentions(items, Kind::Agent)
    });
    let (from, until) = days?;
    Some(Context {
        name: name?,
        purpose: purpose?,
        owner: owner?,
        approver: approver?,
        data_class: data_class?,
        models: models?,
        tools: tools?,
        environments: environments?,
        from,
        until,
        hours: hours?,
        agents: agents?,
        place: sheet.reader.place(root.at),
    })
}

/// The first day and the last, which is not before it.
fn days(sheet: &mut Sheet<'_>, fields: &Fields<'_>) -> Option<Days> {
    let from: Option<Option<Located<Date>>> =
        fields.optional("from", |node| sheet.located(node, DATE_HELP));
    let until: Option<Option<Located<Date>>> =
        fields.optional("until", |node| sheet.located(node, DATE_HELP));
    let (from, until) = (from?, until?);
    if let (Some(first), Some(last), Some(node)) = (&from, &until, fields.get("until"))
        && first.value > last.value
    {
        let what = format!("the last day is {}, before the first, {}", last.value, first.value);
        sheet.reader.object(node.at, code::WINDOW_EMPTY, what, "write a later `until`");
        return None;
    }
    Some((from, until))
}
