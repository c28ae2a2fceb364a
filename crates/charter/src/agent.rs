//! `agents/NAME.yaml`: a workload with its own identity, and who answers for it.

use model::{AgentName, Environment, Place, SeatName, TeamName};

use crate::code;
use crate::date::Date;
use crate::located::Located;
use crate::mention::{Kind, Sheet};
use crate::words::{AgentStatus, Binding, DataClass};
use crate::yaml::Node;

/// The epoch of an agent that names none: the first.
const EPOCH_FIRST: u64 = 1;

/// An agent as declared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agent {
    /// Its name.
    pub name: AgentName,
    /// What it is for.
    pub purpose: String,
    /// The seat that answers for it; none is the accountable one.
    pub owner: Option<Located<SeatName>>,
    /// The team that runs it; none is the charter's operator.
    pub operator: Option<Located<TeamName>>,
    /// Where it runs.
    pub environment: Located<Environment>,
    /// Whether it is served.
    pub status: AgentStatus,
    /// Tokens of an earlier epoch are void.
    pub epoch: u64,
    /// 0 (a person does each step) to 4 (nobody watches).
    pub autonomy: u8,
    /// The most sensitive data it may handle.
    pub data_class: DataClass,
    /// The last day on which it stands unreviewed.
    pub review_by: Located<Date>,
    /// Its calls must be made in an approved context.
    pub context_required: bool,
    /// How it proves who it is; at least one way.
    pub bindings: Vec<Binding>,
    /// The file.
    pub place: Place,
}

/// Reads one agent's file.
pub(crate) fn read(sheet: &mut Sheet<'_>, root: &Node) -> Option<Agent> {
    let fields = sheet.fields(root, "")?;
    let name = fields.required("name", |node| sheet.own_name(node));
    let purpose = fields.required("purpose", |node| sheet.purpose(node));
    let owner = fields.optional("owner", |node| sheet.mention(node, Kind::Seat));
    let operator = fields.optional("operator", |node| sheet.mention(node, Kind::Team));
    let environment = fields.required("environment", |node| environment(sheet, node));
    let status = fields.required("status", |node| sheet.reader.one_of(node, AgentStatus::WORDS));
    let epoch = fields.or("epoch", EPOCH_FIRST, |node| {
        sheet.reader.integer(node, EPOCH_FIRST..=u64::from(u32::MAX))
    });
    let autonomy =
        fields.or("autonomy", 0, |node| u8::try_from(sheet.reader.integer(node, 0..=4)?).ok());
    let data_class = fields
        .or("data_class", DataClass::Public, |node| sheet.reader.one_of(node, DataClass::WORDS));
    let date_help = "write the year, month and day, as in 2026-12-31";
    let review_by = fields.required("review_by", |node| sheet.located(node, date_help));
    let context_required = fields.or("context_required", false, |node| sheet.reader.flag(node));
    let bindings = fields.required("bindings", |node| bindings(sheet, node));
    Some(Agent {
        name: name?,
        purpose: purpose?,
        owner: owner?,
        operator: operator?,
        environment: environment?,
        status: status?,
        epoch: epoch?,
        autonomy: autonomy?,
        data_class: data_class?,
        review_by: review_by?,
        context_required: context_required?,
        bindings: bindings?,
        place: sheet.reader.place(root.at),
    })
}

fn environment(sheet: &mut Sheet<'_>, node: &Node) -> Option<Located<Environment>> {
    let words = Environment::ALL.map(|environment| (environment.as_str(), environment));
    let value = sheet.reader.one_of(node, &words)?;
    Some(Located { value, place: sheet.reader.place(node.at) })
}

fn bindings(sheet: &mut Sheet<'_>, node: &Node) -> Option<Vec<Binding>> {
    let items = sheet.reader.filled_list(node)?;
    let mut bindings = Vec::new();
    for item in items {
        let fields = sheet.fields(item, "bindings[]");
        let kind = fields.and_then(|fields| {
            fields.required("kind", |node| sheet.reader.one_of(node, Binding::WORDS))
        });
        match kind {
            Some(kind) if bindings.contains(&kind) => {
                let what = format!("the binding `{kind}` is listed twice");
                sheet.reader.object(item.at, code::DUPLICATE, what, "list it once");
            }
            Some(kind) => bindings.push(kind),
            None => {}
        }
    }
    (bindings.len() == items.len()).then_some(bindings)
}
