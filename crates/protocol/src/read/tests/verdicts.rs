//! Every member of every table is read as the table says, and nothing else passes in silence.

use model::{
    Beyond, ProviderTool, ProviderToolKind, RefusalCode, Stores, Unrecognised, UnrecognisedPlace,
};
use serde_json::{Value, json};

use super::super::form::{Act, Shape, Unknown};
use super::super::stored_name;
use super::spots::{Spot, Thing, sample, visit};
use super::{ENDPOINTS, Endpoint, read_at};

/// What a hidden tool looks like.
fn hidden() -> Value {
    json!({ "type": "web_search", "tools": [{ "type": "mcp", "server_url": "https://a.b" }] })
}

/// What reading finds: the ask's own words, and how much media; or the code of the refusal.
type Found = Result<(Beyond, u32, u32), RefusalCode>;

fn found(endpoint: &Endpoint, body: &Value) -> Found {
    let reading = read_at(endpoint, body).map_err(|refusal| refusal.code)?;
    Ok((reading.ask().beyond.clone(), reading.ask().function_tools, reading.bound().media))
}

/// What a table says of acts that stand in one body.
fn expected(endpoint: &Endpoint, acts: &[(Act, &'static str)], body: &Value) -> Found {
    let mut beyond = Beyond::default();
    let (mut client_tools, mut media) = (0, 0);
    let text = body.to_string();
    for (act, declared) in acts {
        let mut tool = |kind| {
            let tool = ProviderTool { kind, declared: (*declared).to_owned(), server: None };
            if !beyond.tools.contains(&tool) {
                beyond.tools.push(tool);
            }
        };
        match act {
            Act::Nothing => {}
            Act::ClientTool => client_tools += 1,
            Act::Tool(kind) | Act::Picks(kind) => tool(*kind),
            Act::Mcp(..) => tool(ProviderToolKind::RemoteMcp),
            Act::Names(kind) | Act::NamesOrUrl(kind, _) => {
                let name = stored_name(*kind, "id-1");
                if !beyond.names.contains(&name) {
                    beyond.names.push(name);
                }
            }
            // No body here gives an item an id, but for references, which say so themselves.
            Act::NamesItemWithout(_) => assert!(!text.contains("\"id\":\"id-1\""), "{text}"),
            Act::Media => media += 1,
            Act::Stores => beyond.stores = Some(Stores::Asked),
            Act::Refused(code, _) => return Err(*code),
        }
    }
    // A count uses nothing, whatever stands in it.
    let counts = endpoint.operation.as_str().starts_with("count_");
    Ok((beyond, client_tools, if counts { 0 } else { media }))
}

/// Whether `unrecognised` is found, besides whatever else is.
fn is_unrecognised(found: &Found, place: UnrecognisedPlace, name: &str) -> bool {
    let name = if name.len() > 64 { "other" } else { name };
    let name = name.to_owned();
    match found {
        Ok((beyond, ..)) => beyond.unrecognised.contains(&Unrecognised { place, name }),
        Err(_) => false,
    }
}

/// Whether a refusal around the place comes before anything at it.
fn is_refused_around(spot: &Spot<'_>) -> bool {
    spot.acts.iter().any(|(act, _)| matches!(act, Act::Refused(..)))
}

#[test]
fn every_member_acts_as_its_table_says() {
    let mut members = 0;
    for endpoint in ENDPOINTS {
        visit(endpoint, &mut |spot, thing| {
            let Thing::Member(member) = thing else { return };
            let is_tag = spot.shown.ends_with(']') && member.name == "type";
            let id_of_item = member.name == "id"
                && spot.acts.iter().any(|(act, _)| matches!(act, Act::NamesItemWithout(_)));
            // Which server is meant decides the ask, and vectors hold that to examples.
            let in_mcp = spot.shown.contains("tools[mcp");
            let strict = matches!(member.shape, Shape::Code | Shape::Objects(_) | Shape::Tagged(_))
                || matches!(member.shape, Shape::Object(form) if form.required.is_some());
            if is_tag || id_of_item || in_mcp || strict {
                return;
            }
            let body = (spot.wrap)(json!({ member.name: sample(member) }));
            let mut acts = spot.acts.clone();
            acts.push((member.act, member.name));
            assert_eq!(found(endpoint, &body), expected(endpoint, &acts, &body), "{body}");
            members += 1;
        });
    }
    assert!(members > 400, "{members} members");
}

#[test]
fn every_type_acts_as_its_table_says() {
    let mut types = 0;
    for endpoint in ENDPOINTS {
        visit(endpoint, &mut |spot, thing| {
            let Thing::Variant(variant, variants) = thing else { return };
            if spot.path == ["tools"] && variant.name.starts_with("mcp") {
                return;
            }
            let body = (spot.wrap)(json!({ variants.tag: variant.name }));
            let mut acts = spot.acts.clone();
            acts.push((variant.act, variant.name));
            assert_eq!(found(endpoint, &body), expected(endpoint, &acts, &body), "{body}");
            types += 1;
        });
    }
    assert!(types > 60, "{types} types");
}

#[test]
fn a_member_in_no_table_never_passes_in_silence() {
    for endpoint in ENDPOINTS {
        visit(endpoint, &mut |spot, thing| {
            let Thing::Form(form) = thing else { return };
            if is_refused_around(spot) {
                return;
            }
            for value in [hidden(), json!([hidden()]), json!("x"), json!(0), json!(false)] {
                let body = (spot.wrap)(json!({ "zz_new": value }));
                let path = spot.path.iter().copied().chain(["zz_new"]).collect::<Vec<_>>();
                let name = match form.unknown {
                    UnrecognisedPlace::Part => "zz_new".to_owned(),
                    UnrecognisedPlace::Field | UnrecognisedPlace::Beta => path.join("."),
                };
                let found = found(endpoint, &body);
                assert!(is_unrecognised(&found, form.unknown, &name), "{body}: {found:?}");
            }
            let body = (spot.wrap)(json!({ "zz_new": null }));
            let found = found(endpoint, &body);
            assert!(found.is_ok_and(|(beyond, ..)| beyond.unrecognised.is_empty()), "{body}");
        });
    }
}

#[test]
fn an_object_where_a_table_foresees_none_never_passes_in_silence() {
    for endpoint in ENDPOINTS {
        visit(endpoint, &mut |spot, thing| {
            let Thing::Member(member) = thing else { return };
            if is_refused_around(spot) || !matches!(member.shape, Shape::Plain) {
                return;
            }
            let path = spot.path.iter().copied().chain([member.name]).collect::<Vec<_>>().join(".");
            for value in [hidden(), json!([hidden()]), json!([[hidden()]])] {
                let body = (spot.wrap)(json!({ member.name: value }));
                let found = found(endpoint, &body);
                let silent =
                    found.is_ok() && !is_unrecognised(&found, UnrecognisedPlace::Field, &path);
                assert!(!silent, "{body}: {found:?}");
            }
        });
    }
}

#[test]
fn any_value_but_the_words_of_a_table_is_unrecognised() {
    let mut members = 0;
    for endpoint in ENDPOINTS {
        visit(endpoint, &mut |spot, thing| {
            let Thing::Member(member) = thing else { return };
            let Shape::Words(words) = member.shape else { return };
            let check = |value: Value, passes: bool| {
                let body = (spot.wrap)(json!({ member.name: value }));
                let path = spot.path.iter().copied().chain([member.name]).collect::<Vec<_>>();
                let found = found(endpoint, &body);
                let noted = is_unrecognised(&found, UnrecognisedPlace::Field, &path.join("."));
                assert!(found.is_ok() && noted != passes, "{body}: {found:?}");
            };
            check(Value::Null, true);
            for word in words {
                check(json!(word), true);
                check(json!(word.to_ascii_uppercase()), false);
                check(json!(format!("{word} ")), false);
                check(json!([word]), false);
                check(json!({ word.to_owned(): word }), false);
            }
            for value in [json!("24h"), json!(""), json!(0), json!(false), json!([]), hidden()] {
                check(value, false);
            }
            members += 1;
        });
    }
    assert!(members >= 6, "{members} members");
}

#[test]
fn an_object_where_code_reads_never_passes_in_silence() {
    for endpoint in ENDPOINTS {
        visit(endpoint, &mut |spot, thing| {
            let Thing::Member(member) = thing else { return };
            if !matches!(member.shape, Shape::Code) {
                return;
            }
            for value in [hidden(), json!([hidden()])] {
                let body = (spot.wrap)(json!({ member.name: value }));
                let silent = found(endpoint, &body).is_ok_and(|(beyond, ..)| beyond.is_nothing());
                assert!(!silent, "{body}");
            }
        });
    }
}

#[test]
fn an_object_of_an_unknown_type_never_passes_in_silence() {
    for endpoint in ENDPOINTS {
        visit(endpoint, &mut |spot, thing| {
            let Thing::Variants(variants) = thing else { return };
            if is_refused_around(spot) {
                return;
            }
            for tag in ["zz_new", "", "WEB_SEARCH", "Text", "function_"] {
                let mut object = hidden();
                object["type"] = json!("web_search");
                object[variants.tag] = json!(tag);
                let body = (spot.wrap)(object);
                let found = found(endpoint, &body);
                match variants.unknown {
                    Unknown::Tool => assert_eq!(found, Err(RefusalCode::ToolUnknown), "{body}"),
                    Unknown::Part => {
                        let name = if tag.is_empty() { "other" } else { tag };
                        let part = is_unrecognised(&found, UnrecognisedPlace::Part, name);
                        assert!(part, "{body}: {found:?}");
                    }
                }
            }
            for tag in [json!(1), json!({}), json!([])] {
                let body = (spot.wrap)(json!({ variants.tag: tag }));
                assert_eq!(found(endpoint, &body), Err(RefusalCode::FieldInvalid), "{body}");
            }
        });
    }
}

#[test]
fn a_known_name_in_another_case_is_refused_everywhere() {
    for endpoint in ENDPOINTS {
        visit(endpoint, &mut |spot, thing| {
            let Thing::Member(member) = thing else { return };
            if is_refused_around(spot) {
                return;
            }
            let mut name = member.name.to_ascii_uppercase();
            if name == member.name {
                name = member.name.to_ascii_lowercase();
            }
            let body = (spot.wrap)(json!({ name: null }));
            assert_eq!(found(endpoint, &body), Err(RefusalCode::FieldInvalid), "{body}");
        });
    }
}

#[test]
fn what_is_the_agents_own_is_never_searched() {
    for endpoint in ENDPOINTS {
        visit(endpoint, &mut |spot, thing| {
            let Thing::Member(member) = thing else { return };
            let acts = spot.acts.iter().any(|(act, _)| !matches!(act, Act::Nothing));
            let plain = matches!((member.shape, member.act), (Shape::Opaque, Act::Nothing));
            if acts || !plain {
                return;
            }
            let data = json!({ "file_id": "f", "tools": [hidden()], "MODEL": 1, "zz_new": {} });
            let body = (spot.wrap)(json!({ member.name: data }));
            let found = found(endpoint, &body);
            assert!(
                found.as_ref().is_ok_and(|(beyond, ..)| beyond.is_nothing()),
                "{body}: {found:?}"
            );
        });
    }
}

#[test]
fn no_member_is_in_two_lists_of_one_form() {
    for endpoint in ENDPOINTS {
        visit(endpoint, &mut |spot, thing| {
            let Thing::Form(form) = thing else { return };
            let mut names: Vec<_> =
                form.members.iter().copied().flatten().map(|member| member.name).collect();
            let all = names.len();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), all, "{} in {}", endpoint.operation.as_str(), spot.shown);
        });
    }
}
