//! `models/FILE.yaml`: a model as agents name it, where it is served, and how often one call is
//! tried.

use model::{ModelName, Place, SeatName};

use crate::code;
use crate::located::Located;
use crate::mention::{Kind, Sheet};
use crate::model_target::{self, ModelTarget};
use crate::yaml::Node;

/// Most targets of one model.
const TARGETS_MAX: usize = 16;

/// The cap on output tokens of a model that states none.
const OUTPUT_TOKENS: u64 = 4_096;

/// Largest cap on output tokens.
const OUTPUT_TOKENS_MAX: u64 = 10_000_000;

/// A model as declared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    /// Its name, as agents say it.
    pub name: ModelName,
    /// What it is for.
    pub purpose: String,
    /// The seat that answers for it; none is the accountable one.
    pub owner: Option<Located<SeatName>>,
    /// Calls of it must be made in an approved context.
    pub context_required: bool,
    /// The cap on output tokens that a call gets which sets none itself, where a budget counts.
    pub output_tokens_max: u64,
    /// The most tokens that one image, sound or document within a request counts as; none where
    /// nobody says, and then such a call has no bound.
    pub media_tokens_max: Option<u64>,
    /// How often one call is tried.
    pub retries: Retries,
    /// Where it is served, the preferred place first; at least one, at most 16.
    pub targets: Vec<ModelTarget>,
    /// The file.
    pub place: Place,
}

/// The budget of tries for one call, over all targets together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retries {
    /// Most tries, the first included; none is as many as there are targets, so that no target
    /// is tried twice unless its owner says so (clients try again as well, and it multiplies).
    pub attempts_max: Option<u32>,
    /// No try begins later than this after the first, in milliseconds.
    pub within_ms: u64,
}

impl Default for Retries {
    fn default() -> Self {
        Self { attempts_max: None, within_ms: 30_000 }
    }
}

/// Reads one model's file: its name, where that could be read, and the model, where all could.
pub(crate) fn read(
    sheet: &mut Sheet<'_>,
    root: &Node,
) -> (Option<Located<ModelName>>, Option<Model>) {
    let Some(fields) = sheet.fields(root, "") else { return (None, None) };
    let help = "write the model as agents say it";
    let name: Option<Located<ModelName>> =
        fields.required("name", |node| sheet.located(node, help));
    let purpose = fields.required("purpose", |node| sheet.purpose(node));
    let owner = fields.optional("owner", |node| sheet.mention(node, Kind::Seat));
    let context_required = fields.or("context_required", false, |node| sheet.reader.flag(node));
    let output_tokens_max = fields.or("output_tokens_max", OUTPUT_TOKENS, |node| {
        sheet.reader.integer(node, 1..=OUTPUT_TOKENS_MAX)
    });
    let media_tokens_max = fields
        .optional("media_tokens_max", |node| sheet.reader.integer(node, 1..=OUTPUT_TOKENS_MAX));
    let retries = fields.or("retries", Retries::default(), |node| retries(sheet, node));
    let targets = fields.required("targets", |node| targets(sheet, node));
    let place = sheet.reader.place(root.at);
    let model = || {
        let name = name.as_ref()?.value.clone();
        Some(Model {
            name,
            purpose: purpose?,
            owner: owner?,
            context_required: context_required?,
            output_tokens_max: output_tokens_max?,
            media_tokens_max: media_tokens_max?,
            retries: retries?,
            targets: targets?,
            place,
        })
    };
    let model = model();
    (name, model)
}

fn retries(sheet: &mut Sheet<'_>, node: &Node) -> Option<Retries> {
    let fields = sheet.fields(node, "retries")?;
    let default = Retries::default();
    let attempts_max = fields
        .optional("attempts_max", |node| u32::try_from(sheet.reader.integer(node, 1..=10)?).ok());
    let within_ms =
        fields.or("within_ms", default.within_ms, |node| sheet.reader.integer(node, 100..=600_000));
    Some(Retries { attempts_max: attempts_max?, within_ms: within_ms? })
}

fn targets(sheet: &mut Sheet<'_>, node: &Node) -> Option<Vec<ModelTarget>> {
    let items = sheet.reader.filled_list(node)?;
    if let Some(beyond) = items.get(TARGETS_MAX) {
        let what = format!("the model has {} targets, more than {TARGETS_MAX}", items.len());
        let help = "keep those that are needed; a model of another name may hold the rest";
        sheet.reader.object(beyond.at, code::BAD_VALUE, what, help);
        return None;
    }
    let mut targets: Vec<ModelTarget> = Vec::new();
    for item in items {
        let Some(next) = model_target::read(sheet, item) else { continue };
        let same = |other: &ModelTarget| {
            other.provider.value == next.provider.value
                && other.upstream_model.value == next.upstream_model.value
        };
        if targets.iter().any(same) {
            let what = "the same target is listed twice".to_owned();
            sheet.reader.object(item.at, code::DUPLICATE, what, "list it once");
        } else {
            targets.push(next);
        }
    }
    (targets.len() == items.len()).then_some(targets)
}
