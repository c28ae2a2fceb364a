//! One value of the table as JSON Schema says it: type, bounds, pattern. Patterns are of the
//! language that both ECMAScript and Python read alike.

use super::json::{Json, Members};
use crate::money::USD_MAX;
use crate::people::{COST_CENTER_BYTES_MAX, EMAIL_BYTES_MAX};
use crate::root::FORMAT;
use crate::takes::Value;
use crate::yaml::TEXT_CHARS_MAX;

const NAME: &str = "^[a-z0-9][a-z0-9._-]{0,127}$";
const MODEL_NAME: &str = "^[a-z0-9][a-z0-9._/:-]{0,127}$";
const POLICY_ID: &str = "^(?=.{3,128}$)[a-z0-9][a-z0-9._-]*/[a-z0-9._/-]*$";
const ONE_LINE: &str = "^[^\\n]*\\S[^\\n]*$";
const DATE: &str = "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$";
const TIME_OF_DAY: &str = "^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$";
const INSTANT: &str = "^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}";
const TRUST_DOMAIN: &str = "^[a-z0-9._-]{1,255}$";
const EMAIL: &str = "^[^@<>\\s]+@[^@<>\\s]+$";
const SSH_KEY: &str =
    "^\\s*(ssh-ed25519|sk-ssh-ed25519@openssh\\.com)\\s+[A-Za-z0-9+/]+={0,2}(\\s.*)?$";
const URL: &str = "^(https://|http://(127\\.|\\[|[Ll][Oo][Cc][Aa][Ll][Hh][Oo][Ss][Tt]))[^?#\\s]*$";
const UPSTREAM_MODEL: &str = "^[!-~]{1,256}$";
const REGION: &str = "^[a-z0-9-]{1,32}$";
const SERVER: &str = "^([a-z0-9._-]{1,253}|\\[[0-9A-Fa-f:.]+\\])$";
const VENDOR_WORD: &str = "^[A-Za-z0-9_.:-]{1,64}$";
const UNRECOGNISED: &str = "^(field|part|beta):[A-Za-z0-9_.:-]{1,64}$";
const DOLLARS: &str = "^(0|[1-9][0-9]*)(\\.[0-9]{1,9})?$";
const DOLLARS_ABOVE_NOTHING: &str = "^(?=.*[1-9])(0|[1-9][0-9]*)(\\.[0-9]{1,9})?$";

/// Whether an amount may be nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Least {
    Nothing,
    AboveNothing,
}

/// What JSON Schema says of `value`.
pub(super) fn of(value: Value) -> Members {
    match value {
        Value::Format => {
            let number = FORMAT.parse().map_or(Json::text(FORMAT), Json::Number);
            vec![("enum", Json::List(vec![number, Json::text(FORMAT)]))]
        }
        Value::Name(_) => pattern(NAME),
        Value::ModelName => pattern(MODEL_NAME),
        Value::PolicyId => pattern(POLICY_ID),
        Value::Text => text(ONE_LINE),
        Value::Lines => text("\\S"),
        Value::Word(vocabulary) => vec![("enum", Json::texts(vocabulary.words()))],
        Value::Number(low, high) => number(low, high),
        Value::Flag => vec![("type", Json::text("boolean"))],
        Value::Date => formatted(DATE, "date"),
        Value::TimeOfDay => pattern(TIME_OF_DAY),
        Value::Instant => pattern(INSTANT),
        Value::TrustDomain => pattern(TRUST_DOMAIN),
        Value::Email => bounded(EMAIL, EMAIL_BYTES_MAX),
        Value::SshKey => bounded(SSH_KEY, crate::ssh_line::LINE_BYTES_MAX),
        Value::CostCentre => bounded("^[A-Za-z0-9][A-Za-z0-9_./:-]*$", COST_CENTER_BYTES_MAX),
        Value::Url => bounded(URL, crate::base_url::BASE_BYTES_MAX),
        Value::UpstreamModel => pattern(UPSTREAM_MODEL),
        Value::Region => pattern(REGION),
        Value::Dollars => dollars(Least::Nothing),
        Value::AtMost(high) => {
            let either = [number(1, high), dollars(Least::AboveNothing)].map(Json::Object);
            vec![("anyOf", Json::List(either.to_vec()))]
        }
        Value::Server => pattern(SERVER),
        Value::VendorWord => pattern(VENDOR_WORD),
        Value::Unrecognised => pattern(UNRECOGNISED),
    }
}

/// The names that a mapping of one's own names takes.
pub(super) fn own_names() -> Json {
    Json::Object(vec![("pattern", Json::text(NAME))])
}

/// A whole number within bounds.
pub(super) fn number(low: u64, high: u64) -> Members {
    vec![
        ("type", Json::text("integer")),
        ("minimum", Json::Number(low)),
        ("maximum", Json::Number(high)),
    ]
}

/// An amount as a number, or as a text for those who want its decimals kept.
pub(super) fn dollars(least: Least) -> Members {
    let (bound, pattern) = match least {
        Least::Nothing => ("minimum", DOLLARS),
        Least::AboveNothing => ("exclusiveMinimum", DOLLARS_ABOVE_NOTHING),
    };
    let most = ("maximum", Json::Number(USD_MAX));
    let number = vec![("type", Json::text("number")), (bound, Json::Number(0)), most];
    let either = [number, self::pattern(pattern)].map(Json::Object);
    vec![("anyOf", Json::List(either.to_vec()))]
}

fn pattern(pattern: &str) -> Members {
    vec![("type", Json::text("string")), ("pattern", Json::text(pattern))]
}

fn formatted(pattern: &str, format: &str) -> Members {
    let mut members = self::pattern(pattern);
    members.push(("format", Json::text(format)));
    members
}

fn bounded(pattern: &str, most: usize) -> Members {
    let mut members = self::pattern(pattern);
    members.push(("maxLength", Json::Number(u64::try_from(most).unwrap_or(u64::MAX))));
    members
}

fn text(pattern: &str) -> Members {
    bounded(pattern, TEXT_CHARS_MAX)
}
