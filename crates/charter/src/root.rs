//! `charter.yaml`: what the gateway is called and which seats answer for it.

use model::{Place, SeatName, TeamName, TrustDomain};

use crate::code;
use crate::located::Located;
use crate::mention::{Kind, Sheet};
use crate::problem;
use crate::yaml::Node;

/// The format of charter this version reads.
pub const FORMAT: &str = "1";

/// Largest request body where charter.yaml sets none, in bytes.
const BODY_BYTES_MAX: u64 = 10 * 1024 * 1024;

/// Longest name of a gateway, in bytes.
const NAME_BYTES_MAX: usize = 128;

/// What `charter.yaml` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CharterFile {
    /// What the gateway is called.
    pub name: String,
    /// The trust domain its agents' identities are issued under.
    pub trust_domain: TrustDomain,
    /// The seat that answers for the gateway.
    pub accountable: Located<SeatName>,
    /// The seats that judge changes beside it.
    pub secondary: Secondary,
    /// The team that runs the gateway.
    pub operator: Located<TeamName>,
    /// Bounds on requests.
    pub limits: Limits,
    /// The file.
    pub place: Place,
}

/// The three secondary seats.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Secondary {
    /// Judges what agents may do.
    pub policy: Located<SeatName>,
    /// Judges routing, providers and secrets.
    pub platform: Located<SeatName>,
    /// Contains and answers incidents.
    pub response: Located<SeatName>,
}

/// Bounds on what one request may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Largest request body, in bytes.
    pub body_bytes_max: u64,
}

/// The four governing seats as far as they could be read.
#[derive(Debug, Default)]
pub(crate) struct Governing {
    pub(crate) accountable: Option<Located<SeatName>>,
    pub(crate) policy: Option<Located<SeatName>>,
    pub(crate) platform: Option<Located<SeatName>>,
    pub(crate) response: Option<Located<SeatName>>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { body_bytes_max: BODY_BYTES_MAX }
    }
}

impl Governing {
    /// The seats that could be read, with what charter.yaml calls them.
    pub(crate) fn seats(&self) -> impl Iterator<Item = (&'static str, &Located<SeatName>)> {
        [
            ("accountable", &self.accountable),
            ("policy", &self.policy),
            ("platform", &self.platform),
            ("response", &self.response),
        ]
        .into_iter()
        .filter_map(|(role, seat)| seat.as_ref().map(|seat| (role, seat)))
    }
}

/// Reads `charter.yaml`.
pub(crate) fn read(sheet: &mut Sheet<'_>, root: &Node) -> (Option<CharterFile>, Governing) {
    let mut governing = Governing::default();
    let Some(fields) = sheet.fields(root, "") else { return (None, governing) };
    let formats = [(FORMAT, ())];
    let format = fields.required("portreeve", |node| sheet.reader.one_of(node, &formats));
    let name = fields.required("name", |node| gateway_name(sheet, node));
    let domain_help = "write a name such as `acme.example`";
    let trust_domain =
        fields.required("trust_domain", |node| sheet.reader.parsed(node, domain_help));
    governing.accountable = fields.required("accountable", |node| sheet.mention(node, Kind::Seat));
    if let Some(secondary) = fields.required("secondary", |node| sheet.fields(node, "secondary")) {
        let mut seat = |role| secondary.required(role, |node| sheet.mention(node, Kind::Seat));
        governing.policy = seat("policy");
        governing.platform = seat("platform");
        governing.response = seat("response");
    }
    let operator = fields.required("operator", |node| sheet.mention(node, Kind::Team));
    let limits = fields.or("limits", Limits::default(), |node| limits(sheet, node));
    let place = sheet.reader.place(root.at);
    let file = || {
        format?;
        Some(CharterFile {
            name: name?,
            trust_domain: trust_domain?,
            accountable: governing.accountable.clone()?,
            secondary: Secondary {
                policy: governing.policy.clone()?,
                platform: governing.platform.clone()?,
                response: governing.response.clone()?,
            },
            operator: operator?,
            limits: limits?,
            place,
        })
    };
    (file(), governing)
}

fn gateway_name(sheet: &mut Sheet<'_>, node: &Node) -> Option<String> {
    let name = sheet.text(node)?;
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let allowed = |byte: u8| plain(byte) || matches!(byte, b'-' | b'_' | b'.');
    let starts_well = name.bytes().next().is_some_and(plain);
    if starts_well && name.len() <= NAME_BYTES_MAX && name.bytes().all(allowed) {
        return Some(name);
    }
    let what = format!("`{}` is not a name of a gateway", problem::shown(&name));
    let help = "use 1 to 128 of a-z, 0-9 and -_., beginning with a letter or digit";
    sheet.reader.object(node.at, code::BAD_VALUE, what, help);
    None
}

fn limits(sheet: &mut Sheet<'_>, node: &Node) -> Option<Limits> {
    let fields = sheet.fields(node, "limits")?;
    let body_bytes_max = fields.or("body_bytes_max", BODY_BYTES_MAX, |node| {
        sheet.reader.integer(node, 1024..=64 * 1024 * 1024)
    })?;
    Some(Limits { body_bytes_max })
}
