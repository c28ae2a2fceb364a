//! One entity as it is evaluated and as the facts record it: both made at once, from one
//! description, so that neither can be without the other.

use std::collections::HashSet;

use cedar_policy::Entity;

use crate::evaluate::Unevaluable;
use crate::json::Json;
use crate::value::{self, Fields, Name};

/// An entity, ready for every question it has a part in. Two are equal where their descriptions are.
#[derive(Debug)]
pub(crate) struct Part {
    /// What policies call it.
    pub(crate) name: Name,
    /// As Cedar evaluates it.
    pub(crate) entity: Entity,
    /// As the facts record it.
    pub(crate) json: Json,
}

impl Part {
    /// The entity `name` with these attributes and this parent.
    pub(crate) fn new(
        name: Name,
        fields: Fields,
        parent: Option<&Name>,
    ) -> Result<Self, Unevaluable> {
        let mut json = Json::default();
        json.raw(r#"{"attrs":"#);
        value::write_fields(&fields, &mut json);
        json.raw(r#","parents":["#);
        if let Some(parent) = parent {
            parent.write(&mut json);
        }
        json.raw(r#"],"uid":"#);
        name.write(&mut json);
        json.raw("}");
        let attributes = value::expressions(&fields)?.into_iter().collect();
        let parents = parent.map(|parent| parent.uid.clone()).into_iter().collect::<HashSet<_>>();
        let entity = Entity::new(name.uid.clone(), attributes, parents)
            .map_err(|error| Unevaluable(error.to_string()))?;
        Ok(Self { name, entity, json })
    }
}

impl PartialEq for Part {
    /// The recorded form holds everything.
    fn eq(&self, other: &Self) -> bool {
        self.json == other.json
    }
}

impl Eq for Part {}
