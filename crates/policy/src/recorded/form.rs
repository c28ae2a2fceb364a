//! The circumstances as facts write them: the member `asked`, form 2. Each shape names every member
//! of what it stands for, in the order of canonical JSON, so that a member that is added to the
//! one and not to the other does not compile. Boundary types only; nothing here decides.

use model::{
    AgentName, Ask, Beyond, Claims, ContextName, Dialect, Digest, Environment, ModelName,
    Operation, Proof, ProviderName, ProviderTool, ProviderToolKind, SecretName, SecretVersion,
    StoredKind, StoredName, Stores, TeamName, Timestamp, Unrecognised, UnrecognisedPlace,
    WithheldRecord,
};
use serde::{Deserialize, Serialize};

use crate::asked::Asked;
use crate::facts::{
    AgentFacts, ApprovedFacts, CallFacts, Circumstances, DataClass, Lifecycle, ModelFacts,
    ProviderKind, RecentFacts, SecretFacts, TargetFacts,
};

/// The circumstances as they are written, and the places that were dropped before the question.
#[derive(Serialize)]
pub(crate) struct Written<'a> {
    #[serde(serialize_with = "AgentForm::serialize")]
    agent: &'a AgentFacts,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "approved::serialize")]
    approved: Option<&'a ApprovedFacts>,
    #[serde(serialize_with = "AskForm::serialize")]
    ask: &'a Ask,
    #[serde(serialize_with = "CallForm::serialize")]
    call: &'a CallFacts,
    #[serde(serialize_with = "ModelForm::serialize")]
    model: &'a ModelFacts,
    #[serde(serialize_with = "targets::serialize")]
    targets: &'a [TargetFacts],
    #[serde(skip_serializing_if = "<[_]>::is_empty", serialize_with = "withheld::serialize")]
    withheld: &'a [WithheldRecord],
}

/// The same, as they are read.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Read {
    #[serde(with = "AgentForm")]
    agent: AgentFacts,
    #[serde(default, with = "approved")]
    approved: Option<ApprovedFacts>,
    #[serde(with = "AskForm")]
    ask: Ask,
    #[serde(with = "CallForm")]
    call: CallFacts,
    #[serde(with = "ModelForm")]
    model: ModelFacts,
    #[serde(with = "targets")]
    targets: Vec<TargetFacts>,
    #[serde(default, with = "withheld")]
    withheld: Vec<WithheldRecord>,
}

impl<'a> Written<'a> {
    pub(crate) const fn new(asked: &Circumstances<'a>, withheld: &'a [WithheldRecord]) -> Self {
        let Circumstances { agent, call, approved, ask, model, targets } = *asked;
        Self { agent, approved, ask, call, model, targets, withheld }
    }
}

impl Read {
    pub(crate) fn into_parts(self) -> (Asked, Vec<WithheldRecord>) {
        let Self { agent, approved, ask, call, model, targets, withheld } = self;
        (Asked { agent, approved, ask, call, model, targets }, withheld)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "AgentFacts", deny_unknown_fields)]
struct AgentForm {
    autonomy: u8,
    #[serde(with = "word")]
    data_class: DataClass,
    environment: Environment,
    #[serde(with = "word")]
    lifecycle: Lifecycle,
    name: AgentName,
    owner: String,
    team: TeamName,
    trust_domain: String,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "ApprovedFacts", deny_unknown_fields)]
struct ApprovedForm {
    #[serde(with = "word")]
    data_class: DataClass,
    name: ContextName,
    owner: String,
    purpose: String,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "CallFacts", deny_unknown_fields)]
struct CallForm {
    now: Timestamp,
    proof: Proof,
    #[serde(with = "RecentForm")]
    recent: RecentFacts,
    token_age_s: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "RecentFacts", deny_unknown_fields)]
struct RecentForm {
    refusals: u32,
    requests: u32,
    targets: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Ask", deny_unknown_fields)]
struct AskForm {
    #[serde(default, skip_serializing_if = "Beyond::is_nothing", with = "BeyondForm")]
    beyond: Beyond,
    dialect: Dialect,
    function_tools: u32,
    input_bytes: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    model: Option<ModelName>,
    operation: Operation,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    output_tokens_max: Option<u64>,
    stream: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Beyond", deny_unknown_fields)]
struct BeyondForm {
    #[serde(default, skip_serializing_if = "Vec::is_empty", with = "names")]
    names: Vec<StoredName>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stores: Option<Stores>,
    #[serde(default, skip_serializing_if = "Vec::is_empty", with = "tools")]
    tools: Vec<ProviderTool>,
    #[serde(default, skip_serializing_if = "Vec::is_empty", with = "unrecognised")]
    unrecognised: Vec<Unrecognised>,
    urls: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "ProviderTool", deny_unknown_fields)]
struct ToolForm {
    declared: String,
    kind: ProviderToolKind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    server: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "StoredName", deny_unknown_fields)]
struct NameForm {
    id: Digest,
    kind: StoredKind,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Unrecognised", deny_unknown_fields)]
struct UnrecognisedForm {
    name: String,
    place: UnrecognisedPlace,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "ModelFacts", deny_unknown_fields)]
struct ModelForm {
    name: ModelName,
    owner: String,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "TargetFacts", deny_unknown_fields)]
struct TargetForm {
    #[serde(default, skip_serializing_if = "Claims::is_nothing", with = "ClaimsForm")]
    claims: Claims,
    #[serde(with = "word")]
    kind: ProviderKind,
    provider: ProviderName,
    provider_owner: String,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "secret")]
    secret: Option<SecretFacts>,
    upstream_model: String,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "SecretFacts", deny_unknown_fields)]
struct SecretForm {
    name: SecretName,
    owner: String,
    version: SecretVersion,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Claims", deny_unknown_fields)]
struct ClaimsForm {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    end_of_life: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    owner: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    region: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    retention_days: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stated: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    successor: Option<ModelName>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    trains: Option<bool>,
}

/// A place that was dropped before policy was asked: no policy refused it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WithheldForm {
    code: String,
    provider: ProviderName,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    secret: Option<SecretName>,
    upstream_model: String,
}

/// A word of one of policy's own vocabularies.
mod word {
    use std::fmt::Display;
    use std::str::FromStr;

    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<T: Display, S: Serializer>(
        word: &T,
        out: S,
    ) -> Result<S::Ok, S::Error> {
        out.collect_str(word)
    }

    pub(super) fn deserialize<'de, T, D>(from: D) -> Result<T, D::Error>
    where
        T: FromStr,
        D: Deserializer<'de>,
    {
        let text = String::deserialize(from)?;
        text.parse().map_err(|_| D::Error::custom(format!("`{text}` is no word for it")))
    }
}

/// A module that writes and reads a list, or nothing or one, of what a form stands for.
macro_rules! listed {
    ($list:ident: $of:ty, $write:literal, $with:literal) => {
        mod $list {
            use serde::{Deserialize, Deserializer, Serialize, Serializer};

            #[derive(Serialize)]
            struct Lent<'a>(#[serde(serialize_with = $write)] &'a $of);

            #[derive(Deserialize)]
            struct Own(#[serde(with = $with)] $of);

            pub(super) fn serialize<S: Serializer>(all: &[$of], out: S) -> Result<S::Ok, S::Error> {
                out.collect_seq(all.iter().map(Lent))
            }

            pub(super) fn deserialize<'de, D: Deserializer<'de>>(
                from: D,
            ) -> Result<Vec<$of>, D::Error> {
                Ok(Vec::<Own>::deserialize(from)?.into_iter().map(|Own(one)| one).collect())
            }
        }
    };
    ($one:ident?: $of:ty, $write:literal, $with:literal) => {
        mod $one {
            use std::borrow::Borrow;

            use serde::{Deserialize, Deserializer, Serialize, Serializer};

            #[derive(Serialize)]
            struct Lent<'a>(#[serde(serialize_with = $write)] &'a $of);

            #[derive(Deserialize)]
            struct Own(#[serde(with = $with)] $of);

            pub(super) fn serialize<S: Serializer>(
                one: &Option<impl Borrow<$of>>,
                out: S,
            ) -> Result<S::Ok, S::Error> {
                one.as_ref().map(|one| Lent(one.borrow())).serialize(out)
            }

            pub(super) fn deserialize<'de, D: Deserializer<'de>>(
                from: D,
            ) -> Result<Option<$of>, D::Error> {
                Ok(Option::<Own>::deserialize(from)?.map(|Own(one)| one))
            }
        }
    };
}

listed!(targets: super::TargetFacts, "super::TargetForm::serialize", "super::TargetForm");
listed!(tools: super::ProviderTool, "super::ToolForm::serialize", "super::ToolForm");
listed!(names: super::StoredName, "super::NameForm::serialize", "super::NameForm");
listed!(unrecognised: super::Unrecognised, "super::UnrecognisedForm::serialize", "super::UnrecognisedForm");
listed!(approved?: super::ApprovedFacts, "super::ApprovedForm::serialize", "super::ApprovedForm");
listed!(secret?: super::SecretFacts, "super::SecretForm::serialize", "super::SecretForm");

mod withheld {
    use model::WithheldRecord;
    use serde::{Deserialize, Deserializer, Serializer};

    use super::WithheldForm;

    pub(super) fn serialize<S: Serializer>(
        all: &[WithheldRecord],
        out: S,
    ) -> Result<S::Ok, S::Error> {
        out.collect_seq(all.iter().map(|one| WithheldForm {
            code: one.code.clone(),
            provider: one.provider.clone(),
            secret: one.secret.clone(),
            upstream_model: one.upstream_model.clone(),
        }))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Vec<WithheldRecord>, D::Error> {
        let record = |one: WithheldForm| WithheldRecord {
            provider: one.provider,
            upstream_model: one.upstream_model,
            code: one.code,
            policies: Vec::new(),
            detail: None,
            secret: one.secret,
        };
        Ok(Vec::<WithheldForm>::deserialize(from)?.into_iter().map(record).collect())
    }
}
