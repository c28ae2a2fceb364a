//! What a target costs: dated, in US dollars for a million tokens. It knows no vendor's prices.

use model::Place;

use crate::claims::DATE_HELP;
use crate::date::Date;
use crate::located::Located;
use crate::mention::Sheet;
use crate::money;
use crate::yaml::Node;

/// The price of one target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatedPrice {
    /// A million tokens read, in nano-USD.
    pub input_nano_per_million: u64,
    /// A million tokens written, in nano-USD.
    pub output_nano_per_million: u64,
    /// The day since which it holds.
    pub since: Located<Date>,
    /// Where it is stated.
    pub place: Place,
}

/// Reads the mapping at `node`.
pub(crate) fn read(sheet: &mut Sheet<'_>, node: &Node) -> Option<StatedPrice> {
    let fields = sheet.fields(node, "targets[].price")?;
    let input = fields.required("input", |node| money::read(sheet, node));
    let output = fields.required("output", |node| money::read(sheet, node));
    let since = fields.required("since", |node| sheet.located(node, DATE_HELP));
    Some(StatedPrice {
        input_nano_per_million: input?,
        output_nano_per_million: output?,
        since: since?,
        place: sheet.reader.place(node.at),
    })
}
