//! Limits, contexts, prices and cost centres as they are compiled.

use std::collections::BTreeSet;

use bundle::{Bundle, LimitFacts, Price, PriceSource, check};
use model::{BudgetScope, ContextName, Measure, Per, ProviderToolKind, Timestamp};

use crate::files::{LOCAL, model_file, replaced, tree};

/// Another agent, which the team `platform` runs as well.
const OTHER: (&str, Option<&str>) = (
    "agents/other.yaml",
    Some(
        "name: other\npurpose: Tests.\nenvironment: staging\nstatus: active\ndata_class: internal\n\
         review_by: 2027-01-01\nbindings: [{kind: embedded}]\n",
    ),
);

const CONTEXT: &str = "name: c\npurpose: Closes the month.\napprover: policy-lead\n\
    data_class: public\nmodels: [portreeve-demo]\nagents: [other, demo-agent]\n";

fn quota(name: &str, lines: &str) -> (String, String) {
    let text = format!("name: {name}\npurpose: Tests.\n{lines}\n");
    (format!("quotas/{name}.yaml"), text)
}

fn compiled(files: &[(String, String)]) -> Bundle {
    let mut changed = vec![OTHER, ("contexts/c.yaml", Some(CONTEXT))];
    changed.extend(files.iter().map(|(path, text)| (path.as_str(), Some(text.as_str()))));
    check(&tree(&changed)).unwrap()
}

/// The limits of `agent` in `context`, as `quota measure per agent at_most owner`.
fn limits(bundle: &Bundle, agent: &str, context: Option<&str>) -> Vec<String> {
    let context: Option<ContextName> = context.map(|name| name.parse().unwrap());
    let said = |LimitFacts { key, at_most, owner }: &LimitFacts| {
        let whose = key.agent.as_ref().map_or("-", |agent| agent.as_ref());
        let (measure, per) = (key.measure.as_str(), key.per.as_str());
        format!("{} {measure} {per} {whose} {at_most} {owner}", key.quota)
    };
    bundle.limits(&agent.parse().unwrap(), context.as_ref()).iter().map(said).collect()
}

#[test]
fn the_limits_of_a_call_are_its_agents_its_teams_its_contexts_and_the_gateways() {
    let requests = |most: u32| format!("limits: [{{what: requests, per: day, at_most: {most}}}]");
    let bundle = compiled(&[
        quota("z-agent", &format!("for: {{agent: demo-agent}}\n{}", requests(1))),
        quota("team", &format!("owner: platform-lead\nfor: {{team: platform}}\n{}", requests(2))),
        quota("in-c", &format!("for: {{context: c}}\neach: agent\n{}", requests(3))),
        quota("in-c-all", &format!("for: {{context: c}}\n{}", requests(4))),
        quota(
            "all",
            "for: gateway\neach: agent\nlimits:\n  - {what: money, per: month, at_most: 0.50}\n  \
             - {what: tokens, per: minute, at_most: 9}\n",
        ),
    ]);
    let always = |agent: &str| {
        vec![
            format!("all tokens minute {agent} 9 seat:risk-lead"),
            format!("all money month {agent} 500000000 seat:risk-lead"),
        ]
    };
    let team = "team requests day - 2 seat:platform-lead".to_owned();
    let own = "z-agent requests day - 1 seat:risk-lead".to_owned();
    let expected = [always("demo-agent"), vec![team.clone(), own.clone()]].concat();
    assert_eq!(limits(&bundle, "demo-agent", None), expected);
    let within = |agent: &str| {
        vec![
            format!("in-c requests day {agent} 3 seat:risk-lead"),
            "in-c-all requests day - 4 seat:risk-lead".to_owned(),
        ]
    };
    let expected = [always("demo-agent"), within("demo-agent"), vec![team.clone(), own]].concat();
    assert_eq!(limits(&bundle, "demo-agent", Some("c")), expected);
    let expected = [always("other"), within("other"), vec![team]].concat();
    assert_eq!(limits(&bundle, "other", Some("c")), expected);
    // What is not declared has no limits, and is never asked about.
    assert_eq!(limits(&bundle, "nobody", None), [""; 0]);
    assert_eq!(limits(&bundle, "other", Some("d")), limits(&bundle, "other", None));
}

#[test]
fn every_budget_lists_each_counter_that_a_call_may_be_counted_on_once() {
    let requests = "limits: [{what: requests, per: day, at_most: 7}]";
    let bundle = compiled(&[
        quota("all", &format!("for: gateway\neach: agent\n{requests}")),
        quota("in-c", &format!("for: {{context: c}}\neach: agent\n{requests}")),
        quota("in-c-all", &format!("for: {{context: c}}\n{requests}")),
        quota("one", &format!("owner: policy-lead\nfor: {{agent: demo-agent}}\n{requests}")),
        quota("team", &format!("for: {{team: platform}}\n{requests}")),
    ]);
    let listed: Vec<(String, usize)> =
        bundle.quotas().iter().map(|quota| (quota.name.to_string(), quota.limits.len())).collect();
    let expected = [("all", 2), ("in-c", 2), ("in-c-all", 1), ("one", 1), ("team", 1)];
    assert_eq!(listed, expected.map(|(name, counters)| (name.to_owned(), counters)));
    let one = &bundle.quotas()[3];
    assert_eq!(one.scope, BudgetScope::Agent("demo-agent".parse().unwrap()));
    assert_eq!((one.owner.as_str(), one.purpose.as_str()), ("seat:policy-lead", "Tests."));
    assert_eq!(bundle.quotas()[0].scope, BudgetScope::Gateway);
    assert!(bundle.quotas()[0].each_agent && !one.each_agent);
    let listed: BTreeSet<_> =
        bundle.quotas().iter().flat_map(|quota| &quota.limits).map(|limit| &limit.key).collect();
    let context: ContextName = "c".parse().unwrap();
    let applying: Vec<LimitFacts> = bundle
        .agents()
        .flat_map(|agent| bundle.limits(&agent.facts.name, Some(&context)))
        .collect();
    assert_eq!(listed, applying.iter().map(|limit| &limit.key).collect());
}

#[test]
fn a_charter_without_quotas_has_no_limits() {
    let bundle = compiled(&[]);
    assert!(bundle.quotas().is_empty());
    assert_eq!(limits(&bundle, "demo-agent", Some("c")), [""; 0]);
    assert_eq!(Measure::ALL.len() * Per::ALL.len(), 9, "what one quota may limit at most");
}

#[test]
fn an_agent_knows_its_contexts() {
    let second = CONTEXT.replace("name: c", "name: b").replace("[other, demo-agent]", "[other]");
    let bundle = compiled(&[("contexts/b.yaml".to_owned(), second)]);
    let contexts = |agent: &str| {
        let agent = bundle.agent(&agent.parse().unwrap()).unwrap();
        agent.contexts.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(contexts("demo-agent"), ["c"]);
    assert_eq!(contexts("other"), ["b", "c"]);
    assert_eq!(bundle.contexts().count(), 2);
    let context = bundle.context(&"c".parse().unwrap()).unwrap();
    assert_eq!(
        (context.owner.as_str(), context.approver.as_str()),
        ("seat:risk-lead", "seat:policy-lead")
    );
    let agents: Vec<_> = context.agents.iter().map(AsRef::as_ref).collect();
    assert_eq!(agents, ["demo-agent", "other"]);
    let facts = context.facts();
    assert_eq!((facts.name.as_ref(), facts.purpose.as_str()), ("c", "Closes the month."));
    assert_eq!((facts.data_class, facts.owner), (context.data_class, context.owner.clone()));
    assert!(context.covers_model(&"portreeve-demo".parse().unwrap()));
    assert!(!context.covers_model(&"portreeve-demos".parse().unwrap()));
    assert!(!context.covers_tool(ProviderToolKind::Shell));
    assert!(bundle.context(&"d".parse().unwrap()).is_none());
}

/// From the first instant of the first day to before the first after the last, to the
/// millisecond, and within its hours.
#[test]
fn a_context_is_open_within_its_window() {
    let open = |lines: &str, now: &str| {
        let text = format!("{CONTEXT}{lines}");
        let bundle = compiled(&[("contexts/c.yaml".to_owned(), text)]);
        bundle.context(&"c".parse().unwrap()).unwrap().admits(now.parse().unwrap())
    };
    let days = "from: 2026-11-01\nuntil: 2026-11-30\n";
    for (now, admitted) in [
        ("2026-10-31T23:59:59.999Z", false),
        ("2026-11-01T00:00:00Z", true),
        ("2026-11-30T23:59:59.999Z", true),
        ("2026-12-01T00:00:00Z", false),
    ] {
        assert_eq!(open(days, now), admitted, "{now}");
    }
    for always in ["1970-01-01T00:00:00Z", "9999-01-01T00:00:00Z"] {
        assert!(open("", always), "{always}");
    }
    let hours = "until: 2026-11-30\nhours: {days: [mon], from: 08:00, until: 18:00}\n";
    for (now, admitted) in [
        ("2026-11-30T07:59:59.999Z", false),
        ("2026-11-30T08:00:00Z", true),
        ("2026-11-30T18:00:00Z", false),
        ("2026-12-07T08:00:00Z", false),
    ] {
        assert_eq!(open(hours, now), admitted, "{now}");
    }
}

#[test]
fn what_must_be_in_a_context_says_so() {
    let agent =
        replaced("agents/demo-agent.yaml", "autonomy:", "context_required: true\nautonomy:");
    let model = model_file("m", &["provider: demo, upstream_model: x"])
        + "context_required: true\noutput_tokens_max: 77\n";
    let bundle = compiled(&[
        ("agents/demo-agent.yaml".to_owned(), agent),
        ("models/m.yaml".to_owned(), model),
    ]);
    let required =
        |name: &str| bundle.agent(&name.parse().unwrap()).map(|agent| agent.context_required);
    assert_eq!((required("demo-agent"), required("other")), (Some(true), Some(false)));
    let model = |name: &str| {
        let model = bundle.model(&name.parse().unwrap()).unwrap();
        (model.context_required, model.output_tokens_max)
    };
    assert_eq!((model("m"), model("portreeve-demo")), ((true, 77), (false, 4_096)));
}

/// Its owner's seat pays, else the accountable one, else nobody.
#[test]
fn an_agents_calls_are_charged_to_its_owners_cost_centre() {
    let charged = |seats: &[&str], owner: &str| {
        let mut people = crate::files::text("people.yaml");
        for seat in seats {
            let line = format!("  {seat}:\n    cost_center: cc-{seat}\n");
            people = people.replacen(&format!("  {seat}:\n"), &line, 1);
        }
        let agent = replaced("agents/demo-agent.yaml", "owner: risk-lead", owner);
        let bundle = compiled(&[
            ("people.yaml".to_owned(), people),
            ("agents/demo-agent.yaml".to_owned(), agent),
        ]);
        bundle.agent(&"demo-agent".parse().unwrap()).unwrap().cost_center.clone()
    };
    let both = ["risk-lead", "platform-lead"];
    assert_eq!(charged(&both, "owner: platform-lead").as_deref(), Some("cc-platform-lead"));
    assert_eq!(charged(&both[..1], "owner: platform-lead").as_deref(), Some("cc-risk-lead"));
    assert_eq!(charged(&both[..1], "").as_deref(), Some("cc-risk-lead"));
    assert_eq!(charged(&both[1..], "owner: policy-lead"), None);
    assert_eq!(charged(&[], "owner: platform-lead"), None);
}

/// Where a model is served at `provider`, and what that costs.
fn price(provider: &str, target: &str) -> Option<Price> {
    let file = model_file("m", &[target]);
    let secret = "name: k\npurpose: Tests.\nmax_age_days: 90\nactive: 1\n";
    let changed = [
        ("providers/p.yaml", Some(provider)),
        ("secrets/k.yaml", Some(secret)),
        ("models/m.yaml", Some(file.as_str())),
        LOCAL,
    ];
    let bundle = check(&tree(&changed)).unwrap();
    bundle.model(&"m".parse().unwrap()).unwrap().targets[0].price
}

#[test]
fn a_price_is_the_charters_or_the_vendors_own() {
    let vendor = "name: p\nkind: openai\nsecret: k\n";
    let known = price(vendor, "provider: p, upstream_model: gpt-5-mini").unwrap();
    assert_eq!(
        (known.input_nano_per_million, known.output_nano_per_million, known.from),
        (250_000_000, 2_000_000_000, PriceSource::Default)
    );
    let stated = price(
        vendor,
        "provider: p, upstream_model: gpt-5-mini, price: {input: 1, output: 2.5, since: 2026-02-01}",
    );
    assert_eq!(
        stated,
        Some(Price {
            input_nano_per_million: 1_000_000_000,
            output_nano_per_million: 2_500_000_000,
            since: "2026-02-01T00:00:00Z".parse::<Timestamp>().unwrap(),
            from: PriceSource::Charter,
        })
    );
    assert_eq!(price(vendor, "provider: p, upstream_model: gpt-of-our-own"), None);
    let spelt = "name: p\nkind: openai\nsecret: k\nbase_url: https://api.openai.com/v1/\n";
    assert_eq!(price(spelt, "provider: p, upstream_model: gpt-5-mini"), Some(known));
}

/// Who serves the same model elsewhere sets a price of their own.
#[test]
fn a_known_price_holds_at_the_vendors_address_alone() {
    for elsewhere in ["http://127.0.0.1:1/v1", "https://api.openai.com.evil.example/v1"] {
        let provider = format!("name: p\nkind: openai\nbase_url: {elsewhere}\n");
        assert_eq!(price(&provider, "provider: p, upstream_model: gpt-5-mini"), None);
    }
}
