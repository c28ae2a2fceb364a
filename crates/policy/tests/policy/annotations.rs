//! What every policy must say about itself, and the limits of a file.

use model::PolicySetKind::{self, Guardrails, Model, Secret, Tool};

use crate::support::{compiled, named, shown, source};

const PERMIT: &str = r#"permit (principal, action == Action::"InvokeModel", resource);"#;
const FORBID: &str = r#"forbid (principal, action == Action::"InvokeModel", resource);"#;

/// The problems of one file, as `line:column code`.
fn problems(set: PolicySetKind, text: &str) -> Vec<String> {
    match compiled(&[source(set, "x.cedar", text)]) {
        Ok(_) => Vec::new(),
        Err(problems) => problems
            .iter()
            .map(|one| format!("{}:{} {}", one.place.line, one.place.column, one.code))
            .collect(),
    }
}

/// `annotations` on a permit of the model set.
fn permit(annotations: &str) -> Vec<String> {
    problems(Model, &format!("{annotations}\n{PERMIT}"))
}

#[test]
fn a_policy_names_itself_its_owner_and_its_reason() {
    assert!(permit(r#"@id("a") @owner("seat:a") @rationale("why")"#).is_empty());
    let all = ["2:1 policy-id-missing", "2:1 policy-owner-missing", "2:1 policy-rationale-missing"];
    assert_eq!(permit(""), all);
    let empty = permit(r#"@id @owner(" ") @rationale("")"#);
    assert_eq!(
        empty,
        ["1:1 policy-id-missing", "1:5 policy-owner-missing", "1:17 policy-rationale-missing"]
    );
}

#[test]
fn what_an_annotation_says_is_seen_as_it_stands() {
    // The bytes of the file are plain; Cedar's escapes are not.
    let hidden = permit(r#"@id("a") @owner("seat:a") @rationale("why\u{1b}[2Jnot")"#);
    assert_eq!(hidden, ["1:27 policy-text-hidden"]);
    let bent = permit(r#"@id("a") @owner("seat:a") @rationale("why") @control("A\u{202e}B")"#);
    assert_eq!(bent, ["1:45 policy-text-hidden"]);
    assert!(permit(r#"@id("a") @owner("seat:a") @rationale("two\nlines")"#).is_empty());
    let text = format!(r#"@id("a") @owner("seat:\u{{1b}}[2J") @rationale("why") {PERMIT}"#);
    let problems = compiled(&[source(Model, "x.cedar", &text)]).unwrap_err();
    assert_eq!(problems.len(), 1, "hidden; whether it is a seat, the test's charter does not ask");
    assert!(!shown(&problems).contains('\u{1b}'), "the problem itself would drive a terminal");
}

#[test]
fn ids_are_plain_and_unique_within_a_set() {
    let too_long = "a".repeat(123);
    for bad in ["A", "a b", "a/b", "-a", "ä", &too_long] {
        let found = permit(&format!(r#"@owner("seat:a") @id("{bad}") @rationale("why")"#));
        assert_eq!(found, ["1:18 policy-id-malformed"], "{bad}");
    }
    assert!(
        permit(&format!(r#"@id("{}") @owner("seat:a") @rationale("why")"#, "a".repeat(122)))
            .is_empty()
    );

    let twice = format!("{}{}", named("a", PERMIT), named("a", PERMIT));
    assert_eq!(problems(Model, &twice), ["3:1 policy-id-duplicate"]);
    let secret = r#"permit (principal, action == Action::"UseSecret", resource);"#;
    let in_two_sets =
        [source(Model, "m", &named("a", PERMIT)), source(Secret, "s", &named("a", secret))];
    assert!(compiled(&in_two_sets).is_ok());
    let in_two_files =
        [source(Model, "z", &named("a", PERMIT)), source(Model, "b", &named("a", FORBID))];
    let found = shown(&compiled(&in_two_files).unwrap_err());
    assert!(found.starts_with("z:1:1: @id `model/a` is taken by the policy at b:1:1"), "{found}");
}

#[test]
fn an_owner_is_a_seat_of_the_charter() {
    for bad in ["seat:nobody", "nobody", "team:a"] {
        let found = permit(&format!(r#"@id("a") @owner("{bad}") @rationale("why")"#));
        assert_eq!(found, ["1:10 policy-owner-unknown"], "{bad}");
    }
}

#[test]
fn problems_are_addressed_to_the_owner_who_exists() {
    let who = |owner: &str| {
        let text = format!("@id(\"A\") @owner(\"{owner}\") @rationale(\"why\")\n{PERMIT}");
        compiled(&[source(Model, "x", &text)]).unwrap_err()[0].who.clone()
    };
    assert_eq!(who("seat:a"), "seat:a");
    assert_eq!(who("seat:nobody"), "whoever edits this file");
}

#[test]
fn unknown_annotations_are_refused_where_they_stand() {
    let found = permit(concat!(
        "@id(\"a\") @owner(\"seat:a\")\n",
        "  @rationale(\"an @onwer in a text\") // @onwer\n",
        "  @onwer(\"seat:a\")"
    ));
    assert_eq!(found, ["3:3 policy-annotation-unknown"]);
    for mode in ["@mode(\"shadow\")", "@mode(\"enforce\")", "@mode"] {
        let found = permit(&format!(r#"@id("a") @owner("seat:a") @rationale("why") {mode}"#));
        assert_eq!(found, ["1:45 policy-mode-unsupported"], "{mode}");
    }
}

#[test]
fn only_permits_expire_and_at_a_time_that_can_be_read() {
    let expires = |text: &str, policy: &str| {
        let annotations = r#"@id("a") @owner("seat:a") @rationale("why")"#;
        problems(Model, &format!("{annotations}\n@expires(\"{text}\")\n{policy}"))
    };
    for good in ["2026-12-31", "2026-12-31T18:00:00Z", "2026-12-31T18:00:00.5+02:00"] {
        assert!(expires(good, PERMIT).is_empty(), "{good}");
        assert_eq!(expires(good, FORBID), ["2:1 policy-expires-forbid"], "{good}");
    }
    for bad in [
        "",
        "tomorrow",
        "2026-13-01",
        "2026-02-30",
        "2026-1-1",
        "26-12-31",
        "2026-12-31 18:00:00Z",
        "2026-12-31T18:00:00",
        "2026-12-31T25:00:00Z",
        "2026-12-31T18:00:00Z[Europe/Berlin]",
        "20261231T180000Z",
        " 2026-12-31",
        "1767139200",
    ] {
        assert_eq!(expires(bad, PERMIT), ["2:1 policy-expires-malformed"], "{bad}");
    }
}

#[test]
fn every_problem_of_every_file_is_reported_in_order() {
    let sources = [
        source(Model, "policies/model/b.cedar", &format!("{PERMIT}\n{PERMIT}")),
        source(Guardrails, "policies/guardrails/a.cedar", "forbid (principal action, resource);\n"),
        source(
            Model,
            "policies/model/a.cedar",
            "permit (principal, action,\n resource) when { ' };",
        ),
    ];
    let found = compiled(&sources).unwrap_err();
    let places: Vec<_> = found.iter().map(|one| format!("{} {}", one.place, one.code)).collect();
    assert_eq!(places[0], "policies/guardrails/a.cedar:1:19 policy-syntax");
    assert_eq!(places[1], "policies/model/a.cedar:2:19 policy-syntax");
    assert_eq!(places.len(), 2 + 6, "{places:?}");
    assert!(places.is_sorted(), "{places:?}");
}

#[test]
fn no_policies_at_all_is_a_charter_that_permits_nothing() {
    assert_eq!(compiled(&[]).unwrap().all().count(), 0);
    for text in ["", " \n", "// nothing yet", "// nothing yet\r\n"] {
        assert_eq!(compiled(&[source(Model, "x", text)]).unwrap().all().count(), 0, "{text:?}");
    }
}

#[test]
fn files_policies_and_nesting_are_bounded() {
    let padded = |bytes: usize| format!("// {}\n{}", "x".repeat(bytes), named("a", PERMIT));
    assert!(problems(Model, &padded(250 * 1024)).is_empty());
    assert_eq!(problems(Model, &padded(256 * 1024)), ["1:1 policy-file-too-large"]);

    let sized = |bytes: usize| {
        named(
            "a",
            &format!(
                "permit ( // {}\nprincipal, action == Action::\"InvokeModel\", resource);",
                "x".repeat(bytes)
            ),
        )
    };
    assert!(problems(Model, &sized(16_000)).is_empty());
    assert_eq!(problems(Model, &sized(16 * 1024)), ["1:1 policy-too-large"]);

    let nested = |depth: usize| {
        let (open, close) = ("(".repeat(depth), ")".repeat(depth));
        named(
            "a",
            &format!(
                "{} when {{ {open}context.call.stream{close} }};",
                PERMIT.trim_end_matches(';')
            ),
        )
    };
    assert!(problems(Model, &nested(14)).is_empty());
    assert_eq!(problems(Model, &nested(15)), ["2:68 policy-too-deep"]);
    assert_eq!(problems(Model, &nested(100_000)).len(), 1);
    let in_text = named(
        "a",
        &format!(
            "{} when {{ resource.owner == \"{}\" }};",
            PERMIT.trim_end_matches(';'),
            "(\\\"".repeat(200)
        ),
    );
    assert!(problems(Model, &in_text).is_empty());
}

#[test]
fn deep_conditions_are_refused_before_they_overflow_anything() {
    let with = |condition: String| {
        let head = PERMIT.trim_end_matches(';');
        problems(Model, &named("a", &format!("{head} when {{ {condition} }};")))
    };
    let too_deep = ["2:68 policy-too-deep"];
    for (unit, end, fits) in [
        ("true && ", "context.call.stream", 28),
        ("false || ", "context.call.stream", 28),
        ("if true then true else ", "context.call.stream", 28),
        ("1 + ", "context.call.input_bytes > 0", 27),
        ("context == ", "context", 1),
    ] {
        let at_most = with(format!("{}{end}", unit.repeat(fits)));
        assert_ne!(at_most, too_deep, "{unit}");
        assert_eq!(with(format!("{}{end}", unit.repeat(31))), too_deep, "{unit}");
        assert_eq!(with(format!("{}{end}", unit.repeat(600))), too_deep, "{unit}");
    }
    assert_eq!(with(format!("context{}", ".a".repeat(7_000))), too_deep);
    assert_eq!(with(format!("{}true", "!".repeat(15_000))), too_deep);
    let wide = format!("[1{}].contains(context.call.input_bytes)", ", 1".repeat(4_000));
    assert!(with(wide).is_empty(), "a list is wide and not deep");
    let many = format!("true{}", " } when { context.call.stream".repeat(400));
    assert!(with(many).is_empty(), "conditions side by side are not deep");
}

#[test]
fn the_page_shows_policies_that_compile_and_the_words_that_exist() {
    let page = include_str!("../../../../docs/reference/policy.md");
    let examples: Vec<_> = page.split("```cedar\n").skip(1).collect();
    assert_eq!(examples.len(), 4);
    for example in examples {
        let (example, _) = example.split_once("```").unwrap();
        let set = if example.contains("ToolAccess") || example.contains("UseProviderTool") {
            Tool
        } else {
            Model
        };
        assert!(problems(set, example).is_empty(), "{example}\n{:?}", problems(set, example));
    }
    for word in policy::DataClass::ALL {
        assert!(page.contains(&format!("`{word}`")), "{word}");
    }
    for word in policy::ProviderKind::ALL {
        assert!(page.contains(&format!("`{word}`")), "{word}");
    }
    for word in model::ProviderToolKind::ALL {
        assert!(page.contains(&format!("`{word}`")), "{word}");
    }
    for word in model::UnrecognisedPlace::ALL {
        assert!(page.contains(&format!("`{word}`")), "{word}");
    }
    for one in model::Operation::ALL {
        let asked = *one != model::Operation::ListModels;
        assert_eq!(page.contains(&format!("`{}`", one.as_str())), asked, "{one:?}");
    }
}
