//! What quotas and contexts may say, and how they must fit the agents they are for: each mistake
//! at its place.

use charter::{Applies, Charter, parse};
use model::{Measure, Per, Problems};
use proptest::prelude::*;

use crate::disk::example_with;

/// The first lines of each context here: six.
const CONTEXT: &str = "name: c\npurpose: Tests.\napprover: policy-lead\ndata_class: internal\n\
    models: [numbers]\nagents: [stock-forecaster]\n";

/// The first lines of each quota here: three.
const QUOTA: &str = "name: q\npurpose: Tests.\nfor: gateway\n";

/// The problems of the example with these files besides, as `file:line code`.
fn check(files: &[(&str, &str)], expected: &[&str]) -> (Charter, Problems) {
    let changed: Vec<_> = files.iter().map(|(path, text)| (*path, Some(*text))).collect();
    let (charter, problems) = parse(&example_with(&changed));
    let said: Vec<String> = problems
        .iter()
        .map(|one| format!("{}:{} {}", one.place.file, one.place.line, one.code))
        .collect();
    assert_eq!(said, expected, "{files:#?}\n{problems:#?}");
    (charter, problems)
}

/// A context of these lines after the first six, or with one of those replaced.
fn context(replaced: (&str, &str), more: &str, expected: &[&str]) -> Problems {
    assert!(CONTEXT.contains(replaced.0));
    let text = CONTEXT.replace(replaced.0, replaced.1) + more;
    check(&[("contexts/c.yaml", &text)], expected).1
}

/// A quota of these lines after the first three.
fn quota(more: &str, expected: &[&str]) -> Problems {
    check(&[("quotas/q.yaml", &format!("{QUOTA}{more}"))], expected).1
}

#[test]
fn a_quota_says_whose_calls_it_counts() {
    let limits = "limits: [{what: requests, per: day, at_most: 5}]\n";
    for (written, each) in [
        ("gateway", true),
        ("{agent: stock-forecaster}", false),
        ("{team: data}", true),
        ("{context: c}", true),
    ] {
        for each in [false, each] {
            let each = if each { "each: agent\n" } else { "" };
            let text = format!("name: q\npurpose: Tests.\nfor: {written}\n{each}{limits}");
            let (charter, _) =
                check(&[("contexts/c.yaml", CONTEXT), ("quotas/q.yaml", &text)], &[]);
            let quota = &charter.quotas["q"];
            assert_eq!(quota.each_agent, !each.is_empty());
            let said = match &quota.applies {
                Applies::Agent(agent) => format!("{{agent: {}}}", agent.value),
                Applies::Team(team) => format!("{{team: {}}}", team.value),
                Applies::Context(context) => format!("{{context: {}}}", context.value),
                Applies::Gateway => "gateway".to_owned(),
            };
            assert_eq!(said, written);
        }
    }
    for (written, code) in [
        ("Gateway", "bad-value"),
        ("[gateway]", "wrong-type"),
        ("{}", "bad-value"),
        ("{gateway: true}", "unknown-field"),
        ("{agent: stock-forecaster, team: data}", "bad-value"),
        ("{agent: nobody}", "unknown-agent"),
        ("{team: nobody}", "unknown-team"),
        ("{context: nobody}", "unknown-context"),
        ("{model: numbers}", "unknown-field"),
    ] {
        let text = format!("name: q\npurpose: Tests.\nfor: {written}\n{limits}");
        let changed = [("quotas/q.yaml", Some(text.as_str()))];
        let (_, problems) = parse(&example_with(&changed));
        assert!(problems.iter().any(|one| one.code == code), "{written}: {problems:#?}");
        assert!(problems.iter().all(|one| one.place.line == 3), "{written}: {problems:#?}");
    }
}

#[test]
fn each_agent_of_one_agent_is_a_mistake() {
    let text = "name: q\npurpose: Tests.\nfor: {agent: stock-forecaster}\neach: agent\n\
        limits: [{what: requests, per: day, at_most: 5}]\n";
    check(&[("quotas/q.yaml", text)], &["quotas/q.yaml:4 each-of-one"]);
    quota(
        "limits: [{what: requests, per: day, at_most: 5}]\neach: team\n",
        &["quotas/q.yaml:5 bad-value"],
    );
}

#[test]
fn limits_are_counted_in_their_own_measure() {
    let text = format!(
        "{QUOTA}limits:\n  - {{what: requests, per: minute, at_most: 1}}\n  \
         - {{what: tokens, per: day, at_most: 1000000000000000}}\n  \
         - {{what: money, per: month, at_most: 12.50}}\n  \
         - {{what: money, per: day, at_most: \"0.000000001\"}}\n"
    );
    let (charter, _) = check(&[("quotas/q.yaml", &text)], &[]);
    let limits: Vec<_> = charter.quotas["q"]
        .limits
        .iter()
        .map(|limit| (limit.measure, limit.per, limit.at_most))
        .collect();
    assert_eq!(
        limits,
        [
            (Measure::Requests, Per::Minute, 1),
            (Measure::Tokens, Per::Day, 1_000_000_000_000_000),
            (Measure::Money, Per::Month, 12_500_000_000),
            (Measure::Money, Per::Day, 1),
        ]
    );
    for (limit, code) in [
        ("what: requests, per: day, at_most: 0", "bad-value"),
        ("what: requests, per: day, at_most: 1000000000000001", "bad-value"),
        ("what: requests, per: day, at_most: 1.5", "wrong-type"),
        ("what: tokens, per: day, at_most: \"5\"", "wrong-type"),
        ("what: tokens, per: day, at_most: -5", "wrong-type"),
        ("what: money, per: day, at_most: 0", "bad-value"),
        ("what: money, per: day, at_most: 18446744073.000000001", "bad-value"),
        ("what: money, per: day, at_most: 1e3", "bad-value"),
        ("what: money, per: day, at_most: 1.0000000001", "bad-value"),
        ("what: money, per: day, at_most: [5]", "wrong-type"),
        ("what: money, per: day, at_most: ~", "empty-value"),
        ("what: money, per: day", "missing-field"),
        ("what: money, per: year, at_most: 5", "bad-value"),
        ("what: calls, per: day, at_most: 5", "bad-value"),
        ("per: day, at_most: 5", "missing-field"),
    ] {
        quota(&format!("limits:\n  - {{{limit}}}\n"), &[&format!("quotas/q.yaml:5 {code}")]);
    }
    quota("limits: []\n", &["quotas/q.yaml:4 empty-value"]);
    quota("", &["quotas/q.yaml:1 missing-field"]);
}

#[test]
fn no_two_limits_count_the_same_in_one_quota() {
    let found = quota(
        "limits:\n  - {what: tokens, per: day, at_most: 5}\n  \
         - {what: tokens, per: month, at_most: 50}\n  - {what: tokens, per: day, at_most: 6}\n",
        &["quotas/q.yaml:7 duplicate"],
    );
    assert_eq!(found[0].what, "another limit counts tokens per day already");
    // In another quota, it is another counter.
    let limits = "limits: [{what: tokens, per: day, at_most: 5}]\n";
    let other = format!("{}{limits}", QUOTA.replace("name: q", "name: r"));
    check(&[("quotas/q.yaml", &format!("{QUOTA}{limits}")), ("quotas/r.yaml", &other)], &[]);
}

#[test]
fn a_context_says_what_it_is_for() {
    let (charter, _) = check(&[("contexts/c.yaml", CONTEXT)], &[]);
    let context = &charter.contexts["c"];
    assert!(context.tools.is_empty() && context.environments.is_empty() && context.owner.is_none());
}

#[test]
fn a_mistake_in_a_context_is_told_where_it_stands() {
    let at = |line: u8, code: &str| format!("contexts/c.yaml:{line} {code}");
    for (from, to, line, code) in [
        ("name: c", "name: d", 1, "name-mismatch"),
        ("policy-lead", "nobody", 3, "unknown-seat"),
        ("internal", "secret", 4, "bad-value"),
        ("[numbers]", "[]", 5, "empty-value"),
        ("[numbers]", "[nothing]", 5, "unknown-model"),
        ("[numbers]", "[numbers, numbers]", 5, "duplicate"),
        ("models: [numbers]\n", "", 1, "missing-field"),
        ("[stock-forecaster]", "[]", 6, "empty-value"),
        ("[stock-forecaster]", "[nobody]", 6, "unknown-agent"),
    ] {
        context((from, to), "", &[&at(line, code)]);
    }
    for (more, code) in [
        ("tools: [web-search]", "bad-value"),
        ("tools: [shell, shell]", "duplicate"),
        ("environments: [staging, staging]", "duplicate"),
        ("from: 2026-02-30", "bad-value"),
        ("hours: {from: \"08:00\", until: \"18:00\"}", "missing-field"),
        ("hours: {days: [], from: \"08:00\", until: \"18:00\"}", "empty-value"),
        ("hours: {days: [Mon], from: \"08:00\", until: \"18:00\"}", "bad-value"),
        ("hours: {days: [mon], from: 8, until: \"18:00\"}", "bad-value"),
        ("hours: {days: [mon], from: \"18:00\", until: \"18:00\"}", "window-empty"),
        ("hours: {days: [mon], from: \"22:00\", until: \"06:00\"}", "window-empty"),
    ] {
        context(("name: c", "name: c"), more, &[&at(7, code)]);
    }
}

#[test]
fn a_window_ends_no_sooner_than_it_begins() {
    let same = ("name: c", "name: c");
    context(same, "from: 2026-06-01\nuntil: 2026-06-01\n", &[]);
    context(same, "from: 2026-06-02\nuntil: 2026-06-01\n", &["contexts/c.yaml:8 window-empty"]);
    context(same, "until: 1999-01-01\n", &[]);
    context(same, "hours: {days: [sun], from: 00:00, until: 24:00}\n", &[]);
}

#[test]
fn a_context_fits_its_agents() {
    let same = ("name: c", "name: c");
    context(same, "environments: [dev, staging]\n", &[]);
    let found =
        context(same, "environments: [dev, prod]\n", &["contexts/c.yaml:6 context-elsewhere"]);
    let what = "agent `stock-forecaster` runs in staging, where the context is not open";
    assert_eq!(found[0].what, what);
    context(("internal", "public"), "", &[]);
    let found =
        context(("internal", "confidential"), "", &["contexts/c.yaml:4 context-above-agent"]);
    let what = "the context is for confidential data, and agent `stock-forecaster` may handle internal at most";
    assert_eq!(found[0].what, what);
    // An agent whose file is broken is not blamed on the context.
    check(
        &[("contexts/c.yaml", CONTEXT), ("agents/stock-forecaster.yaml", "name: x\n")],
        &[
            "agents/stock-forecaster.yaml:1 missing-field",
            "agents/stock-forecaster.yaml:1 missing-field",
            "agents/stock-forecaster.yaml:1 missing-field",
            "agents/stock-forecaster.yaml:1 missing-field",
            "agents/stock-forecaster.yaml:1 missing-field",
            "agents/stock-forecaster.yaml:1 name-mismatch",
        ],
    );
}

/// `count` limits, at most nine, no two of the same measure and window.
fn limits(count: usize) -> String {
    let each = ["requests", "tokens", "money"].into_iter().flat_map(|what| {
        ["minute", "day", "month"]
            .map(|per| format!("  - {{what: {what}, per: {per}, at_most: 1}}\n"))
    });
    format!("limits:\n{}", each.take(count).collect::<String>())
}

#[test]
fn at_most_sixteen_limits_apply_to_one_call() {
    let of = |name: &str, applies: &str, count| {
        let text = format!("name: {name}\npurpose: Tests.\nfor: {applies}\n{}", limits(count));
        (format!("quotas/{name}.yaml"), text)
    };
    let judge = |quotas: &[(String, String)], expected: &[&str]| {
        let mut files: Vec<(&str, &str)> =
            quotas.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        let other = CONTEXT.replace("name: c", "name: other");
        files.extend([("contexts/c.yaml", CONTEXT), ("contexts/other.yaml", &other)]);
        check(&files, expected).1
    };
    let agent = of("agent", "{agent: stock-forecaster}", 4);
    let team = of("team", "{team: data}", 4);
    let gateway = of("gateway", "gateway", 4);
    let full = [agent, team, gateway, of("in-c", "{context: c}", 4)];
    judge(&full, &[]);
    // Of two contexts, a call is made in one.
    let both = [&full[..], &[of("in-other", "{context: other}", 4)]].concat();
    judge(&both, &[]);
    let over = [&full[..], &[of("in-other", "{context: other}", 5)]].concat();
    let found = judge(&over, &["agents/stock-forecaster.yaml:2 too-many-limits"]);
    assert_eq!(
        found[0].what,
        "17 limits apply to a call of agent `stock-forecaster` in context `other`, more than 16: \
         those of `agent`, `team`, `gateway` and `in-other`"
    );
    assert_eq!(found[0].who, "seat:data-lead");
    // Without a context too, and for each agent that it is about.
    let all = [of("one", "gateway", 9), of("two", "gateway", 8)];
    let found = judge(
        &all,
        &[
            "agents/stock-forecaster.yaml:2 too-many-limits",
            "agents/support-assistant.yaml:2 too-many-limits",
        ],
    );
    assert!(found[0].what.contains("of agent `stock-forecaster`, more than 16"), "{found:#?}");
    judge(
        &[of("one", "gateway", 9), of("two", "{team: care}", 8)],
        &["agents/support-assistant.yaml:2 too-many-limits"],
    );
}

#[test]
fn a_price_is_dated_and_in_dollars() {
    let price = |price: &str, expected: &[&str]| {
        let text = format!(
            "name: m\npurpose: Tests.\ntargets:\n  - provider: openai\n    upstream_model: x\n    \
             price: {price}\n"
        );
        check(&[("models/m.yaml", &text)], expected).0
    };
    let charter = price("{input: 0.25, output: \"2\", since: 2026-01-01}", &[]);
    let stated = charter.models["m"].targets[0].price.clone().unwrap();
    assert_eq!(
        (stated.input_nano_per_million, stated.output_nano_per_million),
        (250_000_000, 2_000_000_000)
    );
    assert_eq!(stated.since.value.to_string(), "2026-01-01");
    price("{input: 0, output: 0, since: 2026-01-01}", &[]);
    for (bad, code) in [
        ("{input: 0.25, output: 2}", "missing-field"),
        ("{input: 0.25, since: 2026-01-01}", "missing-field"),
        ("{input: -1, output: 2, since: 2026-01-01}", "bad-value"),
        ("{input: 1, output: free, since: 2026-01-01}", "bad-value"),
        ("{input: 1, output: 2, since: now}", "bad-value"),
        ("{input: 1, output: 2, cached: 1, since: 2026-01-01}", "unknown-field"),
        ("2.50", "wrong-type"),
    ] {
        price(bad, &[&format!("models/m.yaml:6 {code}")]);
    }
}

/// A cost centre is a word in every table it ends up in.
#[test]
fn a_cost_centre_is_a_plain_word() {
    let tree = example_with(&[]);
    let people = std::str::from_utf8(tree.get("people.yaml").unwrap()).unwrap();
    let read = |center: &str| {
        let line = format!("    holder: dana\n    cost_center: {center}\n");
        let text = people.replacen("    holder: dana\n", &line, 1);
        let (charter, problems) = parse(&example_with(&[("people.yaml", Some(&text))]));
        let codes: Vec<_> = problems.iter().map(|one| one.code).collect();
        (charter.people.seats.get("data-lead").and_then(|seat| seat.cost_center.clone()), codes)
    };
    for good in ["CC-4711", "a", "eu/retail:12_3.4", &"x".repeat(64)] {
        assert_eq!(read(good), (Some(good.to_owned()), Vec::new()));
    }
    assert_eq!(read("\"4711\""), (Some("4711".to_owned()), Vec::new()));
    assert_eq!(read("4711").1, ["wrong-type"]);
    for bad in ["\"=SUM(A1)\"", "\"-1\"", "\"a b\"", "\"a,b\"", "é", &"x".repeat(65)] {
        assert_eq!(read(bad).1, ["bad-value"], "{bad}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// An agent is reported exactly where, in one of its contexts or in none, more than sixteen
    /// limits of all quotas apply to its call.
    #[test]
    fn limits_are_counted_over_all_quotas(quotas in prop::collection::vec((0_usize..7, 1_usize..=9), 0..6)) {
        const FOR: [&str; 7] = [
            "gateway",
            "{agent: stock-forecaster}",
            "{agent: support-assistant}",
            "{team: data}",
            "{team: care}",
            "{context: c}",
            "{context: other}",
        ];
        let mut files: Vec<(String, String)> = quotas
            .iter()
            .enumerate()
            .map(|(index, (of, count))| {
                let (of, limits) = (FOR[*of], limits(*count));
                let text = format!("name: q{index}\npurpose: Tests.\nfor: {of}\n{limits}");
                (format!("quotas/q{index}.yaml"), text)
            })
            .collect();
        files.push(("contexts/c.yaml".to_owned(), CONTEXT.to_owned()));
        files.push(("contexts/other.yaml".to_owned(), CONTEXT.replace("name: c", "name: other")));
        let changed: Vec<_> =
            files.iter().map(|(path, text)| (path.as_str(), Some(text.as_str()))).collect();
        let (_, problems) = parse(&example_with(&changed));
        let applying = |to: &[usize]| -> usize {
            quotas.iter().filter(|(of, _)| to.contains(of)).map(|(_, count)| count).sum()
        };
        let forecaster = applying(&[0, 1, 3, 5]).max(applying(&[0, 1, 3, 6]));
        let assistant = applying(&[0, 2, 4]);
        let expected: Vec<&str> = [
            (forecaster, "agents/stock-forecaster.yaml"),
            (assistant, "agents/support-assistant.yaml"),
        ]
        .into_iter()
        .filter(|(count, _)| *count > 16)
        .map(|(_, file)| file)
        .collect();
        let found: Vec<&str> = problems.iter().map(|one| one.place.file.as_str()).collect();
        prop_assert_eq!(found, expected);
        prop_assert!(problems.iter().all(|one| one.code == "too-many-limits"));
    }
}
