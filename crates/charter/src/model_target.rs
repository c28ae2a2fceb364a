//! One place where a model is served: provider and upstream model, for whom, within which
//! bounds, under which claims, until when.

use model::{ModelName, Place, ProviderName};

use crate::claims::{self, StatedClaims};
use crate::condition::{self, Condition};
use crate::date::Date;
use crate::located::Located;
use crate::mention::{Kind, Sheet};
use crate::price::{self, StatedPrice};
use crate::timeouts::{self, StatedTimeouts};
use crate::yaml::{Fields, Node};
use crate::{code, problem};

/// Longest name of a model at a provider, in bytes.
const UPSTREAM_BYTES_MAX: usize = 256;

/// Largest weight.
const WEIGHT_MAX: u64 = 1_000;

/// Most calls that a target may be said to carry at once.
const CONCURRENCY_MAX: u64 = 100_000;

/// One place a model is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelTarget {
    /// The provider.
    pub provider: Located<ProviderName>,
    /// The provider's own name of the model.
    pub upstream_model: Located<String>,
    /// Its share of the load among the targets beside it that carry a weight too; none takes part
    /// in no sharing.
    pub weight: Option<u32>,
    /// Which agents' calls it serves.
    pub when: Condition,
    /// How long to wait for it, where other than the provider's.
    pub timeouts: Option<StatedTimeouts>,
    /// Most calls it carries at once; none is no bound of its own.
    pub concurrency_max: Option<u32>,
    /// What is claimed about it.
    pub claims: Option<StatedClaims>,
    /// What it costs, where the charter says so.
    pub price: Option<StatedPrice>,
    /// The first day on which the provider no longer serves it.
    pub end_of_life: Option<Located<Date>>,
    /// The model that is to take its place.
    pub successor: Option<Located<ModelName>>,
    /// Where it is declared.
    pub place: Place,
}

/// Reads one item of `targets`.
pub(crate) fn read(sheet: &mut Sheet<'_>, item: &Node) -> Option<ModelTarget> {
    let fields = sheet.fields(item, "targets[]")?;
    let provider = fields.required("provider", |node| sheet.mention(node, Kind::Provider));
    let upstream_model = fields.required("upstream_model", |node| upstream_model(sheet, node));
    let weight = fields.optional("weight", |node| count(sheet, node, WEIGHT_MAX));
    let when = fields.or("when", Condition::default(), |node| condition::read(sheet, node));
    let timeouts = fields.optional("timeouts", |node| {
        let (stated, whole) = timeouts::read(sheet, node, "targets[].timeouts")?;
        whole.then_some(stated)
    });
    let concurrency_max =
        fields.optional("concurrency_max", |node| count(sheet, node, CONCURRENCY_MAX));
    let claims = fields.optional("claims", |node| claims::read(sheet, node));
    let price = fields.optional("price", |node| price::read(sheet, node));
    let end_of_life = fields.optional("end_of_life", |node| sheet.located(node, claims::DATE_HELP));
    let successor = successor(sheet, &fields);
    Some(ModelTarget {
        provider: provider?,
        upstream_model: upstream_model?,
        weight: weight?,
        when: when?,
        timeouts: timeouts?,
        concurrency_max: concurrency_max?,
        claims: claims?,
        price: price?,
        end_of_life: end_of_life?,
        successor: successor?,
        place: sheet.reader.place(item.at),
    })
}

fn upstream_model(sheet: &mut Sheet<'_>, node: &Node) -> Option<Located<String>> {
    let text = sheet.text(node)?;
    if text.len() <= UPSTREAM_BYTES_MAX && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Some(Located { value: text, place: sheet.reader.place(node.at) });
    }
    let what = format!("`{}` is not a provider's name of a model", problem::shown(&text));
    let help = "write at most 256 ASCII characters, without spaces";
    sheet.reader.object(node.at, code::BAD_VALUE, what, help);
    None
}

/// A number from 1 to `most`.
fn count(sheet: &mut Sheet<'_>, node: &Node, most: u64) -> Option<u32> {
    u32::try_from(sheet.reader.integer(node, 1..=most)?).ok()
}

/// The successor: only something that ends has one.
fn successor(sheet: &mut Sheet<'_>, fields: &Fields<'_>) -> Option<Option<Located<ModelName>>> {
    let successor = fields.optional("successor", |node| sheet.mention(node, Kind::Model));
    if let (Some(node), None) = (fields.get("successor"), fields.get("end_of_life")) {
        let what = "a successor is named, and nothing says when this target ends".to_owned();
        let help = "add `end_of_life`, the first day it is no longer served";
        sheet.reader.object(node.at, code::SUCCESSOR_WITHOUT_END, what, help);
        return None;
    }
    successor
}
