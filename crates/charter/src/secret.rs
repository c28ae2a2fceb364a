//! `secrets/NAME.yaml`: that a secret exists, who answers for it and how old it may grow. Its
//! value is never written here.

use model::{Place, SeatName, SecretName, SecretVersion};

use crate::located::Located;
use crate::mention::{Kind, Sheet};
use crate::yaml::Node;

/// A secret as declared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Secret {
    /// Its name.
    pub name: SecretName,
    /// What it opens.
    pub purpose: String,
    /// The seat that answers for it; none is the accountable one.
    pub owner: Option<Located<SeatName>>,
    /// Oldest a sealed value may grow, in days.
    pub max_age_days: u32,
    /// Which sealed version is lent.
    pub active: Located<SecretVersion>,
    /// The file.
    pub place: Place,
}

/// Reads one secret's file.
pub(crate) fn read(sheet: &mut Sheet<'_>, root: &Node) -> Option<Secret> {
    let fields = sheet.fields(root, "")?;
    let name = fields.required("name", |node| sheet.own_name(node));
    let purpose = fields.required("purpose", |node| sheet.purpose(node));
    let owner = fields.optional("owner", |node| sheet.mention(node, Kind::Seat));
    let max_age_days = fields.required("max_age_days", |node| {
        u32::try_from(sheet.reader.integer(node, 1..=3_650)?).ok()
    });
    let active = fields.required("active", |node| {
        let version = sheet.reader.integer(node, 1..=u64::from(u32::MAX))?;
        let value = SecretVersion(u32::try_from(version).ok()?);
        Some(Located { value, place: sheet.reader.place(node.at) })
    });
    Some(Secret {
        name: name?,
        purpose: purpose?,
        owner: owner?,
        max_age_days: max_age_days?,
        active: active?,
        place: sheet.reader.place(root.at),
    })
}
