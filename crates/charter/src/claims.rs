//! What somebody answers for about a target: stated, dated, owned. It checks no claim against
//! the world.

use model::{Place, SeatName};

use crate::date::Date;
use crate::located::Located;
use crate::mention::{Kind, Sheet};
use crate::yaml::{Entry, Node};
use crate::{code, problem};

/// Longest word for a region, in bytes.
const REGION_BYTES_MAX: usize = 32;

/// Longest retention that can be claimed, in days: a hundred years.
const RETENTION_DAYS_MAX: u64 = 36_500;

/// What the help says of a date.
pub(crate) const DATE_HELP: &str = "write the year, month and day, as in 2026-12-31";

/// Claims about one target; at least one of the first three is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatedClaims {
    /// Where requests are processed: a word of `a-z`, `0-9` and `-`.
    pub region: Option<String>,
    /// For how many days the provider keeps what it was sent; 0 is not at all.
    pub retention_days: Option<u32>,
    /// Whether the provider trains on what it was sent.
    pub trains: Option<bool>,
    /// The day on which the claims were last confirmed.
    pub stated: Located<Date>,
    /// The seat that answers for them; none is the model's owner.
    pub owner: Option<Located<SeatName>>,
    /// Where they are made.
    pub place: Place,
}

/// Reads the mapping at `node`.
pub(crate) fn read(sheet: &mut Sheet<'_>, node: &Node) -> Option<StatedClaims> {
    let fields = sheet.fields(node, "targets[].claims")?;
    let region = fields.optional("region", |node| region(sheet, node));
    let retention_days = fields.optional("retention_days", |node| {
        u32::try_from(sheet.reader.integer(node, 0..=RETENTION_DAYS_MAX)?).ok()
    });
    let trains = fields.optional("trains", |node| sheet.reader.flag(node));
    let stated = fields.required("stated", |node| sheet.located(node, DATE_HELP));
    let owner = fields.optional("owner", |node| sheet.mention(node, Kind::Seat));
    // A misspelt claim is reported as an unknown field, and is a claim all the same.
    let claims = |entry: &Entry| !["stated", "owner"].contains(&entry.key.as_str());
    if !sheet.reader.entries(node)?.iter().any(claims) {
        let what = "the claims claim nothing".to_owned();
        let help = "state `region`, `retention_days` or `trains`, or remove `claims`";
        sheet.reader.object(node.at, code::NOTHING_CLAIMED, what, help);
        return None;
    }
    Some(StatedClaims {
        region: region?,
        retention_days: retention_days?,
        trains: trains?,
        stated: stated?,
        owner: owner?,
        place: sheet.reader.place(node.at),
    })
}

fn region(sheet: &mut Sheet<'_>, node: &Node) -> Option<String> {
    let text = sheet.text(node)?;
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if text.len() <= REGION_BYTES_MAX && text.bytes().all(plain) {
        return Some(text);
    }
    let what = format!("`{}` is not a word for a region", problem::shown(&text));
    let help = "write at most 32 of a-z, 0-9 and -, as in `eu` or `us-east-1`";
    sheet.reader.object(node.at, code::BAD_VALUE, what, help);
    None
}
