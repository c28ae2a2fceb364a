//! What policies may name: the schema, embedded in the product. Never read from a charter.
//!
//! `docs/decisions/0004-schema-belongs-to-the-product.md` says why.

use std::str::FromStr;
use std::sync::LazyLock;

use cedar_policy::{
    Entity, EntityId, EntityTypeName, EntityUid, Schema, SchemaFragment, Validator,
};
use model::{Digest, PolicySetKind};

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

macro_rules! schema_names {
    ($(#[$doc:meta])* $names:ident, $find:ident -> $found:ty, $make:path: $($name:ident)+) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

        #[cfg(test)]
        impl $names {
            const ALL: &'static [Self] = &[$(Self::$name),+];
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
    Action, entity_of -> Entity, action_entity:
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

/// The action with its groups, as an entity: a slice holds those that are asked about.
pub(crate) fn action(action: Action) -> &'static Entity {
    entity_of(action)
}

/// The entity of `kind` that is called `id`.
pub(crate) fn uid(kind: Type, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(type_of(kind).clone(), EntityId::new(id))
}

struct Schemas {
    guardrails: Validator,
    model: Validator,
    tool: Validator,
    secret: Validator,
    downstream: Validator,
    digest: Digest,
}

static SCHEMAS: LazyLock<Schemas> = LazyLock::new(|| Schemas {
    guardrails: build(PolicySetKind::Guardrails),
    model: build(PolicySetKind::Model),
    tool: build(PolicySetKind::Tool),
    secret: build(PolicySetKind::Secret),
    downstream: build(PolicySetKind::Downstream),
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
fn action_entity(name: &str) -> Entity {
    let schema = validator(PolicySetKind::Guardrails).schema();
    let entities = schema.action_entities().expect("the embedded actions form a tree");
    let found = entities.into_iter().find(|entity| entity.uid().id().unescaped() == name);
    found.expect("the embedded schema has the action")
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
            let uid = action(*name).uid();
            assert_eq!(uid.to_string(), format!("Action::\"{name:?}\""));
            assert_eq!(schema.actions().filter(|known| **known == uid).count(), 1);
        }
    }
}
