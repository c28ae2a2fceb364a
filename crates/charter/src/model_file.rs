//! `models/FILE.yaml`: a model as agents name it, and where it is served.

use model::{ModelName, Place, ProviderName, SeatName};

use crate::located::Located;
use crate::mention::{Kind, Sheet};
use crate::yaml::Node;
use crate::{code, problem};

/// Longest name of a model at a provider, in bytes.
const UPSTREAM_BYTES_MAX: usize = 256;

/// A model as declared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    /// Its name, as agents say it.
    pub name: ModelName,
    /// What it is for.
    pub purpose: String,
    /// The seat that answers for it; none is the accountable one.
    pub owner: Option<Located<SeatName>>,
    /// Where it is served, the preferred place first; at least one.
    pub targets: Vec<ModelTarget>,
    /// The file.
    pub place: Place,
}

/// One place a model is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelTarget {
    /// The provider.
    pub provider: Located<ProviderName>,
    /// The provider's own name of the model.
    pub upstream_model: String,
    /// Where it is declared.
    pub place: Place,
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
    let targets = fields.required("targets", |node| targets(sheet, node));
    let place = sheet.reader.place(root.at);
    let model = || {
        let name = name.as_ref()?.value.clone();
        Some(Model { name, purpose: purpose?, owner: owner?, targets: targets?, place })
    };
    let model = model();
    (name, model)
}

fn targets(sheet: &mut Sheet<'_>, node: &Node) -> Option<Vec<ModelTarget>> {
    let items = sheet.reader.filled_list(node)?;
    let mut targets: Vec<ModelTarget> = Vec::new();
    for item in items {
        let Some(next) = target(sheet, item) else { continue };
        let same = |other: &ModelTarget| {
            other.provider.value == next.provider.value
                && other.upstream_model == next.upstream_model
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

fn target(sheet: &mut Sheet<'_>, item: &Node) -> Option<ModelTarget> {
    let fields = sheet.fields(item, "targets[]")?;
    let provider = fields.required("provider", |node| sheet.mention(node, Kind::Provider));
    let upstream_model = fields.required("upstream_model", |node| {
        let text = sheet.text(node)?;
        if text.len() <= UPSTREAM_BYTES_MAX && text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Some(text);
        }
        let what = format!("`{}` is not a provider's name of a model", problem::shown(&text));
        let help = "write at most 256 ASCII characters, without spaces";
        sheet.reader.object(node.at, code::BAD_VALUE, what, help);
        None
    });
    let place = sheet.reader.place(item.at);
    Some(ModelTarget { provider: provider?, upstream_model: upstream_model?, place })
}
