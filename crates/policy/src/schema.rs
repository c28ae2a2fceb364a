//! What policies may name: the schema, embedded in the product. Never read from a charter.
//!
//! `docs/decisions/0004-schema-belongs-to-the-product.md` says why.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;
use std::sync::LazyLock;

use cedar_policy::{
    Entities, Entity, EntityId, EntityTypeName, EntityUid, Schema, SchemaFragment, Validator,
};
use model::{Digest, PolicySetKind};

use crate::value::Name;

const CORE: &str = include_str!("../schema/core.cedarschema");
const MODEL: &str = include_str!("../schema/model.cedarschema");
const TOOL: &str = include_str!("../schema/tool.cedarschema");
const SECRET: &str = include_str!("../schema/secret.cedarschema");
const DOWNSTREAM: &str = include_str!("../schema/downstream.cedarschema");

/// The schema that a set is validated against, as text: the core and the set's own fragment; for
/// guardrails, which may speak of everything, the core and all fragments.
#[must_use]
pub fn schema_text(kind: PolicySetKind) -> String {
    fragments(kind).join("\n")
}

/// The attributes that the schema of a set names, of whatever.
pub(crate) fn attributes(kind: PolicySetKind) -> &'static BTreeSet<String> {
    static ATTRIBUTES: LazyLock<BTreeMap<PolicySetKind, BTreeSet<String>>> = LazyLock::new(|| {
        PolicySetKind::ALL.into_iter().map(|kind| (kind, named(&schema_text(kind)))).collect()
    });
    static NONE: BTreeSet<String> = BTreeSet::new();
    ATTRIBUTES.get(&kind).unwrap_or(&NONE)
}

/// What stands before a `:` in the text of a schema.
fn named(schema: &str) -> BTreeSet<String> {
    let lines = schema.lines().map(|line| line.split("//").next().unwrap_or_default());
    let before = |line: &str, at: usize| {
        let name = line.get(..at)?.trim_end_matches(['?', '"', ' ']);
        let start = name.rfind(|character: char| !character.is_alphanumeric() && character != '_');
        name.get(start.map_or(0, |start| start + 1)..).map(str::to_owned)
    };
    let names =
        lines.flat_map(|line| line.match_indices(':').filter_map(move |(at, _)| before(line, at)));
    names.filter(|name| !name.is_empty()).collect()
}

macro_rules! schema_names {
    ($(#[$doc:meta])* $names:ident, $find:ident -> $found:ty, $make:path: $($name:ident)+) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub(crate) enum $names { $($name),+ }

        /// What the name stands for, made once.
        fn $find(name: $names) -> &'static $found {
            match name {
                $($names::$name => {
                    static FOUND: LazyLock<$found> = LazyLock::new(|| $make(stringify!($name)));
                    &FOUND
                })+
            }
        }

        impl $names {
            /// All of them.
            #[allow(dead_code, reason = "of the two lists, tests alone read that of the types")]
            pub(crate) const ALL: &'static [Self] = &[$(Self::$name),+];

            /// As the schema calls it.
            pub(crate) const fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name)),+ }
            }
        }
    };
}

schema_names! {
    /// The entity types a question is made of.
    Type, type_of -> EntityTypeName, type_name:
    Agent DataClass Env Lifecycle Model Operation Proof Provider ProviderKind ProviderTool
    ProviderToolKind Secret Team UnrecognisedPlace
}

schema_names! {
    /// The actions that questions are asked about.
    Action, found -> Asked, asked:
    InvokeModel UseProviderTool StoreAtProvider PassUnrecognised UseSecret
}

/// The schema of a set, ready to validate policies and questions.
pub(crate) fn validator(kind: PolicySetKind) -> &'static Validator {
    match kind {
        PolicySetKind::Guardrails => &SCHEMAS.guardrails,
        PolicySetKind::Model => &SCHEMAS.model,
        PolicySetKind::Tool => &SCHEMAS.tool,
        PolicySetKind::Secret => &SCHEMAS.secret,
        PolicySetKind::Downstream => &SCHEMAS.downstream,
    }
}

/// SHA-256 of the whole schema's text: part of the facts of every verdict.
pub(crate) fn digest() -> Digest {
    SCHEMAS.digest
}

/// The actions that are asked about, with their groups, as entities.
pub(crate) fn actions() -> &'static Entities {
    &SCHEMAS.actions
}

/// The name of the entity of `kind` that is called `id`.
pub(crate) fn name(kind: Type, id: &str) -> Name {
    let uid = EntityUid::from_type_name_and_id(type_of(kind).clone(), EntityId::new(id));
    Name { kind, uid }
}

impl Type {
    /// Whether the schema lists its entities: any other is refused.
    pub(crate) const fn is_closed(self) -> bool {
        match self {
            Self::DataClass
            | Self::Env
            | Self::Lifecycle
            | Self::Operation
            | Self::Proof
            | Self::ProviderKind
            | Self::ProviderToolKind
            | Self::UnrecognisedPlace => true,
            Self::Agent
            | Self::Model
            | Self::Provider
            | Self::ProviderTool
            | Self::Secret
            | Self::Team => false,
        }
    }
}

impl Action {
    /// The action.
    pub(crate) fn uid(self) -> &'static EntityUid {
        &found(self).uid
    }

    /// Whether it is `other`, or in the group `other`.
    pub(crate) fn is_in(self, other: &EntityUid) -> bool {
        found(self).all.contains(other)
    }

    /// The set that is asked, besides the guardrails.
    pub(crate) const fn set(self) -> PolicySetKind {
        match self {
            Self::InvokeModel => PolicySetKind::Model,
            Self::UseProviderTool | Self::StoreAtProvider | Self::PassUnrecognised => {
                PolicySetKind::Tool
            }
            Self::UseSecret => PolicySetKind::Secret,
        }
    }
}

/// An action as questions name it.
struct Asked {
    uid: EntityUid,
    /// Itself and its groups.
    all: Vec<EntityUid>,
}

struct Schemas {
    guardrails: Validator,
    model: Validator,
    tool: Validator,
    secret: Validator,
    downstream: Validator,
    actions: Entities,
    digest: Digest,
}

static SCHEMAS: LazyLock<Schemas> = LazyLock::new(|| Schemas {
    guardrails: build(PolicySetKind::Guardrails),
    model: build(PolicySetKind::Model),
    tool: build(PolicySetKind::Tool),
    secret: build(PolicySetKind::Secret),
    downstream: build(PolicySetKind::Downstream),
    actions: action_entities(),
    digest: Digest::of(schema_text(PolicySetKind::Guardrails).as_bytes()),
});

fn fragments(kind: PolicySetKind) -> Vec<&'static str> {
    match kind {
        PolicySetKind::Guardrails => vec![CORE, MODEL, TOOL, SECRET, DOWNSTREAM],
        PolicySetKind::Model => vec![CORE, MODEL],
        PolicySetKind::Tool => vec![CORE, TOOL],
        PolicySetKind::Secret => vec![CORE, SECRET],
        PolicySetKind::Downstream => vec![CORE, DOWNSTREAM],
    }
}

#[expect(clippy::expect_used, reason = "the texts are constants; the tests build each of them")]
fn build(kind: PolicySetKind) -> Validator {
    let parsed = fragments(kind)
        .into_iter()
        .map(|text| SchemaFragment::from_str(text).expect("the embedded schema fragment is valid"));
    Validator::new(Schema::from_schema_fragments(parsed).expect("the embedded fragments agree"))
}

#[expect(clippy::expect_used, reason = "the schema is a constant; the tests find each action")]
fn action_entities() -> Entities {
    let asked =
        |one: &Entity| Action::ALL.iter().any(|action| one.uid().id().unescaped() == action.name());
    let all = build(PolicySetKind::Guardrails).schema().action_entities();
    let all = all.expect("the embedded actions form a tree");
    let asked: Vec<Entity> = all.iter().filter(|one| asked(one)).cloned().collect();
    Entities::from_entities(asked, None).expect("the embedded actions are distinct")
}

#[expect(clippy::expect_used, reason = "the schema is a constant; the tests find each action")]
fn asked(name: &str) -> Asked {
    let entity = actions().iter().find(|entity| entity.uid().id().unescaped() == name);
    let uid = entity.expect("the embedded schema has the action").uid();
    let groups = actions().ancestors(&uid).into_iter().flatten().cloned();
    Asked { all: std::iter::once(uid.clone()).chain(groups).collect(), uid }
}

#[expect(clippy::expect_used, reason = "the names are constants; the tests parse each of them")]
fn type_name(name: &str) -> EntityTypeName {
    name.parse().expect("a plain word is an entity type's name")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_the_schemas() {
        let schema = validator(PolicySetKind::Guardrails).schema();
        for kind in Type::ALL {
            assert!(schema.entity_types().any(|known| known == type_of(*kind)), "{kind:?}");
        }
        for name in Action::ALL {
            let uid = name.uid();
            assert_eq!(uid.to_string(), format!("Action::\"{name:?}\""));
            assert_eq!(schema.actions().filter(|known| *known == uid).count(), 1);
            assert!(actions().get(uid).is_some());
        }
        assert_eq!(actions().len(), Action::ALL.len());
    }

    #[test]
    fn a_type_is_closed_where_the_schema_lists_its_entities() {
        let text = schema_text(PolicySetKind::Guardrails);
        for kind in Type::ALL {
            let listed = text.contains(&format!("entity {} enum [", kind.name()));
            assert_eq!(kind.is_closed(), listed, "{kind:?}");
        }
    }

    #[test]
    fn an_action_is_in_itself_and_its_group_and_nothing_else() {
        let groups = ["ModelAccess", "ToolAccess", "SecretAccess", "DownstreamAccess"];
        let group = |set: PolicySetKind| match set {
            PolicySetKind::Model => "ModelAccess",
            PolicySetKind::Tool => "ToolAccess",
            PolicySetKind::Secret => "SecretAccess",
            PolicySetKind::Guardrails | PolicySetKind::Downstream => "",
        };
        for action in Action::ALL {
            for other in Action::ALL {
                assert_eq!(action.is_in(other.uid()), action == other, "{action:?} {other:?}");
            }
            for name in groups {
                let uid = format!("Action::\"{name}\"").parse().unwrap();
                assert_eq!(action.is_in(&uid), group(action.set()) == name, "{action:?} {name}");
            }
        }
    }
}
