//! The schemas as JSON: every field of the table stands in them, and nothing else.

use std::collections::BTreeSet;

use serde_json::Value as Parsed;

use super::*;
use crate::fields::FIELDS;

fn parsed(kind: FileKind) -> Parsed {
    serde_json::from_str(&schema_text(kind)).unwrap()
}

/// Every path of a field that a schema describes, as the table writes paths.
fn paths(schema: &Parsed, parent: &str, found: &mut BTreeSet<String>) {
    let both = schema["anyOf"].as_array().into_iter().flatten();
    for schema in both.chain([schema]) {
        for (name, below) in schema["properties"].as_object().into_iter().flatten() {
            if !below.is_object() {
                continue;
            }
            let path = if parent.is_empty() { name.clone() } else { format!("{parent}.{name}") };
            assert!(below["description"].as_str().is_some_and(|text| text.len() > 10), "{path}");
            paths(below, &path, found);
            found.insert(path);
        }
        if schema["additionalProperties"].is_object() {
            paths(&schema["additionalProperties"], &format!("{parent}.*"), found);
        }
        if schema["items"].is_object() {
            paths(&schema["items"], &format!("{parent}[]"), found);
        }
    }
}

#[test]
fn a_schema_has_the_fields_of_the_table_and_no_others() {
    for kind in FileKind::ALL {
        let mut found = BTreeSet::new();
        paths(&parsed(kind), "", &mut found);
        let rows = FIELDS.iter().filter(|row| row.file == kind);
        let listed: BTreeSet<String> = rows.map(|row| row.field.to_owned()).collect();
        assert_eq!(found, listed, "{kind:?}");
    }
}

/// Wherever a schema names fields, it refuses others; wherever it describes text, it bounds it.
#[test]
fn nothing_in_a_schema_is_open() {
    fn closed(schema: &Parsed, path: &str) {
        if schema["properties"].is_object() && schema["type"] == "object" {
            assert_eq!(schema["additionalProperties"], false, "{path}");
        }
        if schema["type"] == "string" {
            assert!(schema["pattern"].is_string(), "{path}");
        }
        if schema["type"] == "array" {
            assert!(schema["items"].is_object() && schema["uniqueItems"] == true, "{path}");
        }
        let members = schema.as_object().into_iter().flatten();
        for (name, below) in members {
            closed(below, &format!("{path}/{name}"));
        }
        for (index, below) in schema.as_array().into_iter().flatten().enumerate() {
            closed(below, &format!("{path}/{index}"));
        }
    }
    for kind in FileKind::ALL {
        closed(&parsed(kind), kind.schema_file());
    }
}

#[test]
fn a_default_is_a_value_that_the_field_takes() {
    let agent = parsed(FileKind::Agent);
    let field = |name: &str| agent["properties"][name]["default"].clone();
    assert_eq!((field("epoch"), field("context_required")), (1.into(), false.into()));
    assert_eq!((field("data_class"), field("owner")), ("public".into(), Parsed::Null));
    let people = parsed(FileKind::People);
    let person = &people["properties"]["persons"]["additionalProperties"]["properties"];
    assert_eq!(person["tags"]["default"], Parsed::Array(Vec::new()));
}

#[test]
fn what_holds_between_fields_is_said() {
    let quota = parsed(FileKind::Quota);
    let limit = &quota["properties"]["limits"]["items"];
    assert_eq!(limit["if"]["properties"]["what"]["const"], "money");
    let dollars = &limit["then"]["properties"]["at_most"]["anyOf"][0];
    assert_eq!(dollars["maximum"], 18_446_744_073_u64);
    assert_eq!(limit["else"]["properties"]["at_most"]["maximum"], 1_000_000_000_000_000_u64);
    assert_eq!(parsed(FileKind::Provider)["then"]["properties"]["base_url"], false);
}
