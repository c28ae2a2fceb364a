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

/// The entity types a question is made of.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Type {
    Action,
    Agent,
    DataClass,
    Env,
    Lifecycle,
    Model,
    Proof,
    Provider,
    ProviderKind,
    Secret,
    Team,
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

/// The actions and their groups, as entities: every slice holds them.
pub(crate) fn actions() -> &'static [Entity] {
    &SCHEMAS.actions
}

/// The entity of `kind` that is called `id`.
pub(crate) fn uid(kind: Type, id: &str) -> EntityUid {
    let name = match kind {
        Type::Action => &NAMES.action,
        Type::Agent => &NAMES.agent,
        Type::DataClass => &NAMES.data_class,
        Type::Env => &NAMES.env,
        Type::Lifecycle => &NAMES.lifecycle,
        Type::Model => &NAMES.model,
        Type::Proof => &NAMES.proof,
        Type::Provider => &NAMES.provider,
        Type::ProviderKind => &NAMES.provider_kind,
        Type::Secret => &NAMES.secret,
        Type::Team => &NAMES.team,
    };
    EntityUid::from_type_name_and_id(name.clone(), EntityId::new(id))
}

struct Schemas {
    guardrails: Validator,
    model: Validator,
    tool: Validator,
    secret: Validator,
    downstream: Validator,
    actions: Vec<Entity>,
    digest: Digest,
}

struct Names {
    action: EntityTypeName,
    agent: EntityTypeName,
    data_class: EntityTypeName,
    env: EntityTypeName,
    lifecycle: EntityTypeName,
    model: EntityTypeName,
    proof: EntityTypeName,
    provider: EntityTypeName,
    provider_kind: EntityTypeName,
    secret: EntityTypeName,
    team: EntityTypeName,
}

static SCHEMAS: LazyLock<Schemas> = LazyLock::new(|| Schemas {
    guardrails: build(PolicySetKind::Guardrails),
    model: build(PolicySetKind::Model),
    tool: build(PolicySetKind::Tool),
    secret: build(PolicySetKind::Secret),
    downstream: build(PolicySetKind::Downstream),
    actions: action_entities(&build(PolicySetKind::Guardrails)),
    digest: Digest::of(schema_text(PolicySetKind::Guardrails).as_bytes()),
});

static NAMES: LazyLock<Names> = LazyLock::new(|| Names {
    action: type_name("Action"),
    agent: type_name("Agent"),
    data_class: type_name("DataClass"),
    env: type_name("Env"),
    lifecycle: type_name("Lifecycle"),
    model: type_name("Model"),
    proof: type_name("Proof"),
    provider: type_name("Provider"),
    provider_kind: type_name("ProviderKind"),
    secret: type_name("Secret"),
    team: type_name("Team"),
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

#[expect(clippy::expect_used, reason = "the schema is a constant; the tests build it")]
fn action_entities(validator: &Validator) -> Vec<Entity> {
    let entities = validator.schema().action_entities().expect("the embedded actions form a tree");
    entities.into_iter().collect()
}

#[expect(clippy::expect_used, reason = "the names are constants; the tests parse each of them")]
fn type_name(name: &str) -> EntityTypeName {
    name.parse().expect("a plain word is an entity type's name")
}
