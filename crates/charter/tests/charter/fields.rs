//! The table of fields against what the readers do: every field it lists is known, every
//! required one is missed, every default holds. Files are written as JSON, which is YAML too.

use charter::{Charter, FIELDS, Field, FileKind, SourceTree, Takes, TakesValue, parse};
use model::{Beyond, Problems};
use serde_json::{Value, json};

/// One file of each kind, with every field of the table and the defaults written out.
fn whole(kind: FileKind) -> Value {
    match kind {
        FileKind::Charter => json!({
            "portreeve": 1, "name": "g", "trust_domain": "acme.example", "accountable": "a",
            "secondary": {"policy": "p", "platform": "q", "response": "r"}, "operator": "t",
            "limits": {"body_bytes_max": 10_485_760},
        }),
        FileKind::People => json!({
            "persons": {"ada": {"name": "Ada", "email": "a@b.example", "keys": [], "tags": []}},
            "teams": {"t": {"members": ["ada"]}},
            "seats": {
                "a": {"holder": "ada", "escalation": [], "cost_center": "4711"},
                "p": {"holder": "ada"}, "q": {"holder": "ada"}, "r": {"holder": "ada"},
            },
        }),
        FileKind::Agent => json!({
            "name": "x", "purpose": "p", "owner": "a", "operator": "t", "environment": "dev",
            "status": "active", "epoch": 1, "autonomy": 0, "data_class": "public",
            "review_by": "2026-12-31", "context_required": false, "bindings": [{"kind": "embedded"}],
        }),
        FileKind::Provider => json!({
            "name": "x", "kind": "openai", "base_url": "https://a.example", "secret": "x",
            "owner": "a",
            "timeouts": {"connect_ms": 5_000, "first_byte_ms": 60_000, "idle_ms": 60_000,
                "total_ms": 600_000},
        }),
        FileKind::Model => json!({
            "name": "x", "purpose": "p", "owner": "a", "context_required": false,
            "output_tokens_max": 4096, "media_tokens_max": 1600,
            "retries": {"attempts_max": 3, "within_ms": 30_000},
            "targets": [{
                "provider": "x", "upstream_model": "y", "weight": 1, "concurrency_max": 1,
                "when": {"environments": [], "data_classes": [], "contexts": []},
                "timeouts": {"connect_ms": 5_000, "first_byte_ms": 60_000, "idle_ms": 60_000,
                    "total_ms": 600_000},
                "claims": {"region": "eu", "retention_days": 0, "trains": false,
                    "stated": "2026-01-01", "owner": "a"},
                "price": {"input": "0.25", "output": 2, "since": "2026-01-01"},
                "end_of_life": "2026-12-31", "successor": "next",
            }],
        }),
        FileKind::Secret => json!({
            "name": "x", "purpose": "p", "owner": "a", "max_age_days": 1, "active": 1,
        }),
        FileKind::Context => json!({
            "name": "x", "purpose": "p", "owner": "a", "approver": "p", "data_class": "public",
            "models": ["x"], "tools": [], "environments": [], "from": "2026-01-01",
            "until": "2026-12-31", "agents": ["x"],
            "hours": {"days": ["mon"], "from": "08:00", "until": "18:00"},
        }),
        FileKind::Quota => json!({
            "name": "x", "purpose": "p", "owner": "a", "for": {"team": "t"}, "each": "agent",
            "limits": [{"what": "requests", "per": "minute", "at_most": 1}],
        }),
        FileKind::PolicyTest => json!({"tests": [{
            "name": "t", "agent": "x", "ask": {
                "model": "x", "provider": "x", "operation": "chat_completions",
                "tools": [{"kind": "remote_mcp", "server": "s.example", "declared": "mcp"}],
                "stores": "asked", "names": 0, "unrecognised": [], "urls": 0,
            },
            "at": "2026-01-01T00:00:00Z", "proof": "embedded_token", "token_age_s": 0,
            "stream": false, "context": "x",
            "recent": {"requests": 0, "refusals": 0, "targets": 0}, "expect": {"verdict": "allow", "policies": []},
        }]}),
    }
}

fn path(kind: FileKind) -> String {
    kind.pattern().replace("NAME", "x").replace("FILE", "x")
}

/// The whole charter, with the files that `edit` changes.
fn read(edit: impl Fn(FileKind, &mut Value)) -> (Charter, Problems) {
    let files = FileKind::ALL.map(|kind| {
        let mut file = whole(kind);
        edit(kind, &mut file);
        (path(kind), file.to_string())
    });
    // What the model's target names as its successor.
    let next = r#"{"name": "next", "purpose": "p", "targets": [{"provider": "x", "upstream_model": "z"}]}"#;
    let next = ("models/next.yaml".to_owned(), next.to_owned());
    parse(&SourceTree::from_files(files.into_iter().chain([next])).unwrap())
}

/// The object that holds the field, and the field's name in it.
fn holder<'v>(file: &'v mut Value, field: &str) -> (&'v mut Value, String) {
    let mut segments: Vec<&str> = field.split('.').collect();
    let name = segments.pop().unwrap();
    // A quota is for one of several; the file shows one, and here it is for the one asked about.
    if segments == ["for"] {
        file["for"] = json!({name: if name == "team" { "t" } else { "x" }});
    }
    let object = segments.into_iter().fold(file, |object, segment| match segment {
        "*" => object.as_object_mut().unwrap().values_mut().next().unwrap(),
        _ => match segment.strip_suffix("[]") {
            Some(list) => &mut object[list][0],
            None => &mut object[segment],
        },
    });
    (object, name.to_owned())
}

fn remove(file: &mut Value, field: &str) {
    let (object, name) = holder(file, field);
    assert!(object.as_object_mut().unwrap().remove(&name).is_some(), "{field}");
}

#[test]
fn every_field_of_the_table_is_known() {
    let (_, problems) = read(|_, _| {});
    assert_eq!(problems, []);
}

#[test]
fn a_required_field_is_missed_and_an_optional_one_is_not() {
    for Field { file, field, required, .. } in FIELDS {
        let (_, problems) = read(|kind, text| {
            if kind == *file {
                remove(text, field);
            }
        });
        let what = format!("missing field `{}`", field.rsplit('.').next().unwrap());
        let missed = problems.iter().any(|one| one.place.file == path(*file) && one.what == what);
        assert_eq!(missed, *required, "{field}: {problems:#?}");
    }
}

#[test]
fn a_field_one_letter_off_is_unknown_and_its_name_is_suggested() {
    for Field { file, field, .. } in FIELDS {
        let name = field.rsplit('.').next().unwrap();
        let wrong = format!("{name}x");
        let (_, problems) = read(|kind, text| {
            if kind == *file {
                let (object, name) = holder(text, field);
                let fields = object.as_object_mut().unwrap();
                let value = fields.remove(&name).unwrap();
                fields.insert(wrong.clone(), value);
            }
        });
        let what = format!("unknown field `{wrong}`");
        let found = problems.iter().find(|one| one.what == what);
        let help = found.map(|one| one.help.as_str());
        // Of a field of one or two letters, half would be wrong: nothing is that short.
        assert_eq!(help, Some(format!("did you mean `{name}`?").as_str()), "{field}");
    }
}

/// A charter that leaves out everything optional says the same as one that writes the defaults.
#[test]
fn the_defaults_of_the_table_hold() {
    // These inherit: what holds without them is another field's value.
    let inherited = [
        "owner",
        "operator",
        "base_url",
        "secret",
        "tests[].ask.provider",
        "for.agent",
        "for.team",
        "for.context",
    ];
    let (long, _) = read(|_, _| {});
    let (short, problems) = read(|kind, text| {
        let optional = FIELDS.iter().filter(|field| field.file == kind && !field.required);
        // The last first: a field before the object it stands in.
        for field in optional.rev().filter(|field| !inherited.contains(&field.field)) {
            remove(text, field.field);
        }
    });
    assert_eq!(problems, []);
    let at_nowhere = |charter: &Charter| {
        let mut test = charter.tests[0].clone();
        test.place = model::Place::file("");
        let agent = &charter.agents["x"];
        let rest = (agent.epoch, agent.autonomy, agent.data_class);
        let Beyond { names, unrecognised, urls, .. } = test.ask.beyond;
        let ask = (test.at, test.proof, test.token_age_s, test.stream, test.expect);
        let ask = (ask, test.ask.operation, names, unrecognised, urls);
        let limits = charter.charter.as_ref().unwrap().limits;
        let (model, context) = (&charter.models["x"], &charter.contexts["x"]);
        (
            limits,
            charter.people.persons["ada"].tags.clone(),
            rest,
            charter.providers["x"].timeouts,
            (model.retries.within_ms, model.targets[0].when.clone(), model.output_tokens_max),
            (agent.context_required, model.context_required, test.recent),
            (context.tools.clone(), context.environments.clone()),
            ask,
        )
    };
    assert_eq!(at_nowhere(&short), at_nowhere(&long));
    // What the long one has to write out, to show every field, is none by default.
    let target = &short.models["x"].targets[0];
    assert!(target.timeouts.is_none() && target.claims.is_none() && target.end_of_life.is_none());
    assert!(target.weight.is_none() && target.concurrency_max.is_none());
    assert!(short.models["x"].retries.attempts_max.is_none());
    assert!(short.tests[0].ask.beyond.is_nothing() && short.tests[0].context.is_none());
    let context = &short.contexts["x"];
    assert!(context.from.is_none() && context.until.is_none() && context.hours.is_none());
    assert!(!short.quotas["x"].each_agent && long.quotas["x"].each_agent);
    assert!(target.price.is_none() && short.people.seats["a"].cost_center.is_none());
}

/// What is said of the field's value, once `value` stands there.
fn said_of(row: &Field, value: &Value) -> Vec<String> {
    let (_, problems) = read(|kind, text| {
        if kind == row.file {
            let (object, name) = holder(text, row.field);
            object[name] = value.clone();
        }
    });
    let here = problems.into_iter().filter(|one| one.place.file == path(row.file));
    here.map(|one| one.what).collect()
}

/// The words in the table are those that the readers take: the schemas and the page say them.
#[test]
fn the_table_lists_every_word_of_a_closed_list() {
    let refused = |row: &Field, value: Value| {
        said_of(row, &value).iter().any(|what| what.ends_with("is not allowed here"))
    };
    let mut rows = 0;
    for row in FIELDS {
        let (vocabulary, wrap): (_, fn(&str) -> Value) = match row.takes {
            Takes::One(TakesValue::Word(words)) => (words, |word| json!(word)),
            Takes::Many(TakesValue::Word(words), _) | Takes::ManyOr(TakesValue::Word(words)) => {
                (words, |word| json!([word]))
            }
            Takes::Mapping
            | Takes::Named
            | Takes::List(_)
            | Takes::One(_)
            | Takes::Many(..)
            | Takes::WordOrOne(_)
            | Takes::ManyOr(_) => continue,
        };
        rows += 1;
        for word in vocabulary.words() {
            assert!(!refused(row, wrap(word)), "{}: {word}", row.field);
            assert!(refused(row, wrap(&format!("{word}x"))), "{}: {word}x", row.field);
        }
    }
    assert!(rows > 15, "{rows}");
}

/// The bounds in the table are those of the readers: one more, or one less, is refused.
#[test]
fn the_table_states_the_bounds_of_every_number() {
    let mut rows = 0;
    for row in FIELDS {
        let (low, high) = match row.takes {
            Takes::One(TakesValue::Number(low, high)) => (low, high),
            Takes::One(TakesValue::AtMost(high)) => (1, high),
            Takes::Mapping
            | Takes::Named
            | Takes::List(_)
            | Takes::One(_)
            | Takes::Many(..)
            | Takes::WordOrOne(_)
            | Takes::ManyOr(_) => continue,
        };
        rows += 1;
        let refused = |value: Value| {
            let range = format!("is not a whole number from {low} to {high}");
            said_of(row, &value).iter().any(|what| what.ends_with(&range))
        };
        assert!(!refused(json!(low)) && !refused(json!(high)), "{}", row.field);
        assert!(refused(json!(high + 1)), "{}", row.field);
        assert!(refused(low.checked_sub(1).map_or(json!(-1), |less| json!(less))), "{}", row.field);
    }
    assert!(rows > 25, "{rows}");
}
