//! What a model's targets may say, and what models say of each other: each mistake at its place.

use charter::{Charter, parse};
use model::Problems;

use crate::disk::example_with;

/// A provider of Gemini's, beside the example's `anthropic` and `openai`.
const GEMINI: &str = "name: gemini\nkind: gemini\nbase_url: https://g.example\n";

/// The model `m`, whose targets are given in one line each: the first stands in line 4.
fn model(name: &str, targets: &[&str]) -> String {
    let lines: String = targets.iter().map(|target| format!("  - {{{target}}}\n")).collect();
    format!("name: {name}\npurpose: Tests.\ntargets:\n{lines}")
}

/// The example with these models, each as name and targets.
fn read(models: &[(&str, &[&str])]) -> (Charter, Problems) {
    let files: Vec<(String, String)> = models
        .iter()
        .map(|(name, targets)| (format!("models/{name}.yaml"), model(name, targets)))
        .collect();
    let mut changed: Vec<(&str, Option<&str>)> =
        files.iter().map(|(path, text)| (path.as_str(), Some(text.as_str()))).collect();
    changed.push(("providers/gemini.yaml", Some(GEMINI)));
    parse(&example_with(&changed))
}

/// The problems of these models, as `file:line code`.
fn check(models: &[(&str, &[&str])], expected: &[&str]) -> Problems {
    let (_, problems) = read(models);
    let place = |one: &model::Problem| format!("{}:{}", one.place.file, one.place.line);
    let said: Vec<_> = problems.iter().map(|one| format!("{} {}", place(one), one.code)).collect();
    assert_eq!(said, expected, "{problems:#?}");
    assert!(problems.iter().all(|one| !one.help.is_empty() && one.place.column > 0));
    problems
}

/// The problems of one target that adds these fields.
fn check_target(fields: &str, expected: &[&str]) {
    let target = format!("provider: openai, upstream_model: x, {fields}");
    let expected: Vec<_> = expected.iter().map(|code| format!("models/m.yaml:4 {code}")).collect();
    let expected: Vec<_> = expected.iter().map(String::as_str).collect();
    check(&[("m", &[&target])], &expected);
}

#[test]
fn numbers_keep_to_their_bounds() {
    for (field, low, high) in [("weight", 1_u64, 1_000_u64), ("concurrency_max", 1, 100_000)] {
        check_target(&format!("{field}: {low}"), &[]);
        check_target(&format!("{field}: {high}"), &[]);
        check_target(&format!("{field}: {}", low - 1), &["bad-value"]);
        check_target(&format!("{field}: {}", high + 1), &["bad-value"]);
        check_target(&format!("{field}: -1"), &["wrong-type"]);
        check_target(&format!("{field}: \"1\""), &["wrong-type"]);
        check_target(&format!("{field}:"), &["empty-value"]);
    }
}

#[test]
fn retries_keep_to_their_bounds() {
    let of = |retries: &str| {
        let text =
            model("m", &["provider: openai, upstream_model: x"]) + "retries: {" + retries + "}\n";
        let (charter, problems) = parse(&example_with(&[("models/m.yaml", Some(&text))]));
        let codes: Vec<_> = problems.iter().map(|one| one.code).collect();
        (codes, charter.models.get("m").map(|model| model.retries))
    };
    for good in ["", "attempts_max: 1", "attempts_max: 10, within_ms: 100", "within_ms: 600000"] {
        assert_eq!(of(good).0, [""; 0], "{good}");
    }
    for bad in ["attempts_max: 0", "attempts_max: 11", "within_ms: 99", "within_ms: 600001"] {
        assert_eq!(of(bad), (vec!["bad-value"], None), "{bad}");
    }
    assert_eq!(of("attempts: 3").0, ["unknown-field"]);
    let usual = of("").1.unwrap();
    assert_eq!((usual.attempts_max, usual.within_ms), (None, 30_000));
}

#[test]
fn a_condition_lists_known_words_once() {
    check_target("when: {environments: [dev, staging, prod], data_classes: [restricted]}", &[]);
    check_target("when: {environments: [], data_classes: [], contexts: []}", &[]);
    check_target("when: {contexts: [nowhere]}", &["unknown-context"]);
    check_target("when: {contexts: [Nowhere]}", &["bad-value"]);
    check_target("when: {environments: [production]}", &["bad-value"]);
    check_target("when: {data_classes: [Public]}", &["bad-value"]);
    check_target("when: {environments: [dev, dev]}", &["duplicate"]);
    check_target("when: {environments: dev}", &["wrong-type"]);
    check_target("when: {environment: [dev]}", &["unknown-field"]);
    check_target("when: {environments: [x], data_classes: [x, y]}", &["bad-value"; 3]);
}

#[test]
fn no_part_of_a_targets_timeouts_is_longer_than_the_whole_that_holds() {
    check_target("timeouts: {}", &[]);
    check_target("timeouts: {connect_ms: 100, total_ms: 60000}", &[]);
    check_target("timeouts: {connect_ms: 99}", &["bad-value"]);
    // The provider's own first byte and silence are longer than this whole.
    check_target("timeouts: {total_ms: 59999}", &["bad-value"; 2]);
    check_target("timeouts: {idle_ms: 1000, first_byte_ms: 1000, total_ms: 4999}", &["bad-value"]);
    check_target("timeouts: {idle_ms: 600000, total_ms: 599999}", &["bad-value"]);
    check_target("timeouts: {idle_ms: 600000}", &[]);
}

#[test]
fn claims_say_something_on_a_day() {
    let stated = "stated: 2026-01-01";
    for good in [
        "region: eu",
        "region: us-east-1",
        "retention_days: 0",
        "retention_days: 36500",
        "trains: true",
    ] {
        check_target(&format!("claims: {{{good}, {stated}}}"), &[]);
    }
    check_target(&format!("claims: {{{stated}}}"), &["nothing-claimed"]);
    check_target(&format!("claims: {{{stated}, owner: risk-lead}}"), &["nothing-claimed"]);
    check_target("claims: {}", &["missing-field", "nothing-claimed"]);
    check_target("claims: {region: eu}", &["missing-field"]);
    check_target("claims: {region: eu, stated: 2026-02-30}", &["bad-value"]);
    check_target(&format!("claims: {{region: eu, {stated}, owner: nobody}}"), &["unknown-seat"]);
    check_target(&format!("claims: {{retention_days: 36501, {stated}}}"), &["bad-value"]);
    check_target(&format!("claims: {{trains: no, {stated}}}"), &["wrong-type"]);
    let longest = "a".repeat(32);
    check_target(&format!("claims: {{region: {longest}, {stated}}}"), &[]);
    for region in ["EU", "e u", "eu_1", "eu/1", "é", "*", &format!("{longest}a")] {
        check_target(&format!("claims: {{region: \"{region}\", {stated}}}"), &["bad-value"]);
    }
    check_target(&format!("claims: {{region: \"\", {stated}}}"), &["empty-value"]);
}

#[test]
fn a_model_has_sixteen_targets_at_most() {
    let of = |count: usize| -> Vec<String> {
        (0..count).map(|index| format!("provider: openai, upstream_model: x{index}")).collect()
    };
    let (most, beyond) = (of(16), of(17));
    let refs = |targets: &'static [String]| -> Vec<&'static str> {
        targets.iter().map(String::as_str).collect()
    };
    let (most, beyond): (&'static [String], &'static [String]) = (most.leak(), beyond.leak());
    check(&[("m", &refs(most))], &[]);
    check(&[("m", &refs(beyond))], &["models/m.yaml:20 bad-value"]);
}

/// One place is one target: health and records know it by provider and upstream model.
#[test]
fn a_target_is_listed_once_whatever_its_condition() {
    let one = "provider: openai, upstream_model: x";
    let other = "provider: openai, upstream_model: x, when: {environments: [prod]}";
    check(&[("m", &[one, other])], &["models/m.yaml:5 duplicate"]);
}

/// Gemini's API has the model in the path of the URL.
#[test]
fn what_stands_in_a_url_is_plain() {
    for good in ["gemini-2.5-flash", "g", "A.b_c-1"] {
        check(&[("m", &[&format!("provider: gemini, upstream_model: {good}")])], &[]);
    }
    for bad in ["models/g", "g:generateContent", "g?x=1", "g#x", "g%2e", "../g", "g\\\\x", "g@1"] {
        let target = format!("provider: gemini, upstream_model: \"{bad}\"");
        check(&[("m", &[&target])], &["models/m.yaml:4 bad-value"]);
        // Any other vendor takes the name in the body.
        check(&[("m", &[&target.replace("gemini", "openai")])], &[]);
    }
}

const LASTS: &str = "provider: openai, upstream_model: lasts";

fn ends(upstream: &str, day: &str, successor: &str) -> String {
    format!(
        "provider: openai, upstream_model: {upstream}, end_of_life: {day}, successor: {successor}"
    )
}

#[test]
fn a_successor_is_another_declared_model_of_something_that_ends() {
    check(&[("m", &[&ends("x", "2027-01-01", "n")]), ("n", &[LASTS])], &[]);
    check(&[("m", &[&ends("x", "2027-01-01", "n")])], &["models/m.yaml:4 unknown-model"]);
    check(
        &[("m", &[&ends("x", "2027-01-01", "m"), LASTS])],
        &["models/m.yaml:4 successor-is-itself"],
    );
    let endless = "provider: openai, upstream_model: x, successor: n";
    check(&[("m", &[endless]), ("n", &[LASTS])], &["models/m.yaml:4 successor-without-end"]);
    // An end that cannot be read is one mistake, not two.
    let unread = ends("x", "soon", "n");
    check(&[("m", &[&unread]), ("n", &[LASTS])], &["models/m.yaml:4 bad-value"]);
    check_target("end_of_life: 2027-01-01", &[]);
}

#[test]
fn a_successor_outlives_what_it_replaces() {
    let m = ends("x", "2027-01-01", "n");
    let until = |upstream: &str, day: &str| {
        format!("provider: openai, upstream_model: {upstream}, end_of_life: {day}")
    };
    let next = |targets: &[&str]| {
        let (_, problems) = read(&[("m", &[&m]), ("n", targets)]);
        problems.iter().map(|one| format!("{} {}", one.place, one.code)).collect::<Vec<_>>()
    };
    let first = ["models/m.yaml:4:79 successor-ends-first"];
    assert_eq!(next(&[&until("a", "2026-12-31")]), first);
    assert_eq!(next(&[&until("a", "2027-01-01")]), first, "on the same day");
    assert_eq!(next(&[&until("a", "2027-01-02")]), [""; 0]);
    assert_eq!(next(&[&until("a", "2026-01-01"), &until("b", "2027-01-01")]), first);
    assert_eq!(next(&[&until("a", "2026-01-01"), &until("b", "2027-01-02")]), [""; 0]);
    assert_eq!(next(&[&until("a", "2026-01-01"), LASTS]), [""; 0]);
}

/// Each circle is told once, where it closes, with the whole way round.
#[test]
fn successors_do_not_go_in_a_circle() {
    let to = |name: &str| ends("x", "2027-01-01", name);
    let (a, b, c) = (to("b"), to("c"), to("a"));
    let found = check(
        &[("a", &[&a, LASTS]), ("b", &[&b, LASTS]), ("c", &[&c, LASTS])],
        &["models/c.yaml:4 successor-circle"],
    );
    let way = "the successors go in a circle: `a`, then `b`, then `c`, then `a` again";
    assert_eq!(found[0].what, way);
    // What leads into a circle is not part of it.
    let found = check(
        &[("a", &[&a, LASTS]), ("b", &[&b, LASTS]), ("c", &[&to("b"), LASTS])],
        &["models/c.yaml:4 successor-circle"],
    );
    assert!(found[0].what.ends_with("circle: `b`, then `c`, then `b` again"), "{found:#?}");
    // Two ways to one end are no circle.
    let second = ends("y", "2027-01-01", "c");
    check(&[("a", &[&a, &second, LASTS]), ("b", &[&b, LASTS]), ("c", &[LASTS])], &[]);
}

/// The longest way that a charter can hold is walked without a stack of calls.
#[test]
fn a_circle_of_a_thousand_models_is_found() {
    let names: Vec<String> = (0..1_000).map(|index| format!("m{index}")).collect();
    let files: Vec<(String, String)> = (0..names.len())
        .map(|index| {
            let target = ends("x", "2027-01-01", &names[(index + 1) % names.len()]);
            (format!("models/{}.yaml", names[index]), model(&names[index], &[&target, LASTS]))
        })
        .collect();
    let changed: Vec<(&str, Option<&str>)> =
        files.iter().map(|(path, text)| (path.as_str(), Some(text.as_str()))).collect();
    let (_, problems) = parse(&example_with(&changed));
    assert_eq!(problems.len(), 1, "{problems:#?}");
    assert_eq!(problems[0].code, "successor-circle");
}
