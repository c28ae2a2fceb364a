//! `quotas/NAME.yaml`: a budget: whose calls it counts, what of them, in which window, and how
//! much at most. It counts nothing itself.

use model::{AgentName, ContextName, Measure, Per, Place, QuotaName, SeatName, TeamName};

use crate::located::Located;
use crate::mention::{Kind, Sheet};
use crate::yaml::{Fields, Node, Value};
use crate::{code, money, problem};

/// Most calls or tokens that a limit may be: far beyond any use, and far from overflow.
const COUNT_MAX: u64 = 1_000_000_000_000_000;

/// A budget as declared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quota {
    /// Its name.
    pub name: QuotaName,
    /// What it is for.
    pub purpose: String,
    /// The seat that answers for it, and can raise it; none is the accountable one.
    pub owner: Option<Located<SeatName>>,
    /// Whose calls it counts.
    pub applies: Applies,
    /// It counts each agent of these apart.
    pub each_agent: bool,
    /// Its limits: at least one, no two of the same measure and window.
    pub limits: Vec<QuotaLimit>,
    /// The file.
    pub place: Place,
}

/// Whose calls a budget counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Applies {
    /// One agent's.
    Agent(Located<AgentName>),
    /// Those of every agent that the team runs.
    Team(Located<TeamName>),
    /// Those made in the context.
    Context(Located<ContextName>),
    /// Every call.
    Gateway,
}

/// One limit of a budget.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuotaLimit {
    /// What is counted.
    pub measure: Measure,
    /// In which window.
    pub per: Per,
    /// How much at most: calls, tokens, or nano-USD.
    pub at_most: u64,
    /// Where it is written.
    pub place: Place,
}

/// Reads one quota's file.
pub(crate) fn read(sheet: &mut Sheet<'_>, root: &Node) -> Option<Quota> {
    let fields = sheet.fields(root, "")?;
    let name = fields.required("name", |node| sheet.own_name(node));
    let purpose = fields.required("purpose", |node| sheet.purpose(node));
    let owner = fields.optional("owner", |node| sheet.mention(node, Kind::Seat));
    let applies = fields.required("for", |node| applies(sheet, node));
    let each = fields.optional("each", |node| sheet.reader.one_of(node, &[("agent", ())]));
    let limits = fields.required("limits", |node| limits(sheet, node));
    let (applies, each) = (applies?, each?);
    if let (Applies::Agent(_), Some(node)) = (&applies, fields.get("each")) {
        let what = "each agent is to be counted apart, and the quota is for one".to_owned();
        let help = "remove `each`, or write `for` a team, a context or `gateway`";
        sheet.reader.object(node.at, code::EACH_OF_ONE, what, help);
        return None;
    }
    Some(Quota {
        name: name?,
        purpose: purpose?,
        owner: owner?,
        applies,
        each_agent: each.is_some(),
        limits: limits?,
        place: sheet.reader.place(root.at),
    })
}

/// The word `gateway`, or a mapping that names one agent, team or context.
fn applies(sheet: &mut Sheet<'_>, node: &Node) -> Option<Applies> {
    if let Value::Scalar(scalar) = &node.value {
        if scalar.text == "gateway" {
            return Some(Applies::Gateway);
        }
        let what = format!("`{}` is not allowed here", problem::shown(&scalar.text));
        let help = "write `gateway`, or a mapping such as `{agent: NAME}`";
        sheet.reader.object(node.at, code::BAD_VALUE, what, help);
        return None;
    }
    let fields = sheet.fields(node, "for")?;
    let agent = fields.optional("agent", |node| sheet.mention(node, Kind::Agent));
    let team = fields.optional("team", |node| sheet.mention(node, Kind::Team));
    let context = fields.optional("context", |node| sheet.mention(node, Kind::Context));
    let named =
        [agent?.map(Applies::Agent), team?.map(Applies::Team), context?.map(Applies::Context)];
    let named: Vec<Applies> = named.into_iter().flatten().collect();
    match <[Applies; 1]>::try_from(named) {
        Ok([applies]) => Some(applies),
        Err(named) => {
            let what = format!("the quota is for {} things, and it is for one", named.len());
            let help = "name one agent, one team or one context, or write `for: gateway`";
            sheet.reader.object(node.at, code::BAD_VALUE, what, help);
            None
        }
    }
}

fn limits(sheet: &mut Sheet<'_>, node: &Node) -> Option<Vec<QuotaLimit>> {
    let items = sheet.reader.filled_list(node)?;
    let mut limits: Vec<QuotaLimit> = Vec::new();
    for item in items {
        let Some(next) = limit(sheet, item) else { continue };
        let same = |other: &QuotaLimit| other.measure == next.measure && other.per == next.per;
        if limits.iter().any(same) {
            let (measure, per) = (next.measure.as_str(), next.per.as_str());
            let what = format!("another limit counts {measure} per {per} already");
            sheet.reader.object(item.at, code::DUPLICATE, what, "keep the one that holds");
        } else {
            limits.push(next);
        }
    }
    (limits.len() == items.len()).then_some(limits)
}

fn limit(sheet: &mut Sheet<'_>, item: &Node) -> Option<QuotaLimit> {
    let measures = Measure::ALL.map(|one| (one.as_str(), one));
    let windows = Per::ALL.map(|one| (one.as_str(), one));
    let fields = sheet.fields(item, "limits[]")?;
    let measure = fields.required("what", |node| sheet.reader.one_of(node, &measures));
    let per = fields.required("per", |node| sheet.reader.one_of(node, &windows));
    let at_most = at_most(sheet, &fields, measure);
    Some(QuotaLimit {
        measure: measure?,
        per: per?,
        at_most: at_most?,
        place: sheet.reader.place(item.at),
    })
}

/// How much: what it is counted in decides how it is written.
fn at_most(sheet: &mut Sheet<'_>, fields: &Fields<'_>, measure: Option<Measure>) -> Option<u64> {
    fields.required("at_most", |node| match measure? {
        Measure::Requests | Measure::Tokens => sheet.reader.integer(node, 1..=COUNT_MAX),
        Measure::Money => money::read_positive(sheet, node),
    })
}
