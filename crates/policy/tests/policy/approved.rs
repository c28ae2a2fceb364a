//! Approved contexts and recent behaviour: a call in no context gains nothing by it, and what an
//! agent did lately counts from the first call that is one too many.

use model::PolicySetKind::{self, Guardrails, Model, Secret, Tool};
use model::RefusalCode::{self, ModelUnknown, PolicyError, PolicyForbids, PolicyNoPermit};
use model::{Beyond, CounterKey, HeldRecord, Measure, Per, Recordable, Stores};
use policy::{ApprovedFacts, DataClass, Policies, Question, RecentFacts};

use crate::support::{NOW, Scene, approved, compiled, named, policies, scene, source};

const USE: &str = r#"permit (principal, action == Action::"InvokeModel", resource)"#;
const LEND: &str = r#"permit (principal, action == Action::"UseSecret", resource)"#;
const STORE: &str = r#"permit (principal, action == Action::"StoreAtProvider", resource)"#;

/// The verdict on the scene, as a code where it is a refusal; a decision and a judgement agree.
fn verdict(scene: &Scene, policies: &Policies) -> Result<(), RefusalCode> {
    let judged = policies.judge(&scene.circumstances(), "seat:policy");
    let judged = judged.map(|_| ()).map_err(|refusal| refusal.code);
    let decided = scene.decide(policies).map(|_| ()).map_err(|refused| refused.refusal.code);
    assert_eq!(judged, decided);
    judged
}

/// At `beta`, which needs no secret, in the context.
fn within(context: Option<ApprovedFacts>) -> Scene {
    let mut scene = scene();
    scene.targets.remove(0);
    scene.approved = context;
    scene
}

fn rules(rules: &[(PolicySetKind, &str, String)]) -> Policies {
    let texts: Vec<_> =
        rules.iter().map(|(set, id, rule)| (*set, named(id, &format!("{rule};")))).collect();
    policies(&texts.iter().map(|(set, text)| (*set, text.as_str())).collect::<Vec<_>>())
}

/// `condition` as a permit's `when`, and as the `unless` of a forbid and of a guardrail beside an
/// open permit; with the code where it is not met.
fn asking(condition: &str) -> [(Policies, RefusalCode); 3] {
    let permit = format!("{USE} when {{ {condition} }}");
    let forbid = format!("{} unless {{ {condition} }}", USE.replace("permit", "forbid"));
    let guard = format!("forbid (principal, action, resource) unless {{ {condition} }}");
    let open = (Model, "use", USE.to_owned());
    [
        (rules(&[(Model, "use", permit)]), PolicyNoPermit),
        (rules(&[open.clone(), (Model, "only", forbid)]), PolicyForbids),
        (rules(&[open, (Guardrails, "only", guard)]), PolicyForbids),
    ]
}

/// `condition` is met in each of `good`, in none of `bad`, and in no context at all.
fn check(condition: &str, good: &[&ApprovedFacts], bad: &[&ApprovedFacts]) {
    for (policies, refused) in asking(condition) {
        for &context in good {
            let scene = within(Some(context.clone()));
            assert_eq!(verdict(&scene, &policies), Ok(()), "{condition}: {context:?}");
            assert!(scene.may_list(&policies), "{condition}: {context:?}");
        }
        for context in bad.iter().copied().map(Some).chain([None]) {
            let scene = within(context.cloned());
            assert_eq!(verdict(&scene, &policies), Err(refused), "{condition}: {context:?}");
            assert!(!scene.may_list(&policies), "{condition}: {context:?}");
        }
    }
}

#[test]
fn a_context_that_is_asked_for_is_the_only_one_that_does() {
    let [tickets, sales, ticket, tickets2] =
        &["tickets", "sales", "ticket", "tickets2"].map(approved);
    check("context has approved", &[tickets, sales], &[]);
    check(
        r#"context has approved && context.approved.name == "tickets""#,
        &[tickets],
        &[sales, ticket, tickets2],
    );
    check(
        r#"context has approved && ["tickets", "sales"].contains(context.approved.name)"#,
        &[tickets, sales],
        &[ticket],
    );
    check(
        r#"context has approved && context.approved.purpose like "what tickets *""#,
        &[tickets],
        &[sales, tickets2],
    );
    check(
        r#"context has approved && context.approved.owner == "seat:sales-owner""#,
        &[sales],
        &[tickets],
    );
    let of = |data_class| ApprovedFacts { data_class, ..tickets.clone() };
    let [public, internal, confidential, restricted] =
        &[DataClass::Public, DataClass::Internal, DataClass::Confidential, DataClass::Restricted]
            .map(of);
    check(
        r#"context has approved &&
           [DataClass::"public", DataClass::"internal"].contains(context.approved.data_class)"#,
        &[public, internal],
        &[confidential, restricted],
    );
}

#[test]
fn every_set_may_ask_for_a_context() {
    let asks = r#"when { context has approved && context.approved.name == "tickets" }"#;
    let plain = |lend: &str, store: &str| {
        let [lend, store] = [format!("{LEND} {lend}"), format!("{STORE} {store}")];
        rules(&[(Model, "use", USE.to_owned()), (Secret, "lend", lend), (Tool, "store", store)])
    };
    let mut scene = scene();
    scene.targets.truncate(1);
    scene.ask.beyond = Beyond { stores: Some(Stores::Asked), ..Beyond::NOTHING };
    let [lend, store] = [plain(asks, ""), plain("", asks)];
    for (context, met) in [(Some("tickets"), true), (Some("sales"), false), (None, false)] {
        scene.approved = context.map(approved);
        let verdicts = [&lend, &store].map(|policies| verdict(&scene, policies));
        let refused = [PolicyNoPermit, RefusalCode::StorageRefused].map(Err);
        assert_eq!(verdicts, if met { [Ok(()); 2] } else { refused }, "{context:?}");
    }
    for (set, action) in [(Tool, "CallTool"), (PolicySetKind::Downstream, "CallDownstream")] {
        let rule = format!(
            "permit (principal, action == Action::\"{action}\", resource) {asks} \
             when {{ context.recent.requests < 5 }};"
        );
        assert!(compiled(&[source(set, "x.cedar", &named("x", &rule))]).is_ok(), "{action}");
    }
}

#[test]
fn a_context_never_brings_a_model_into_reach_and_its_absence_never_hides_one() {
    let asks = "context has approved";
    let elsewhere = USE.replace("principal,", r#"principal == Agent::"other","#);
    let elsewhere = rules(&[(Model, "use", format!("{elsewhere} when {{ {asks} }}"))]);
    assert_eq!(verdict(&within(Some(approved("tickets"))), &elsewhere), Err(ModelUnknown));
    let [(here, _), ..] = asking(asks);
    assert_eq!(verdict(&within(None), &here), Err(PolicyNoPermit));
    let misses = here.near_misses(&within(None).circumstances());
    assert_eq!(misses[0].unmet.len(), 1);
    assert!(misses[0].unmet[0].condition.contains("context has approved"), "{:?}", misses[0].unmet);
}

/// The problems of `rule`, each with place, code and help.
fn problems(rule: &str) -> Vec<String> {
    let Err(found) = compiled(&[source(Model, "x.cedar", &named("x", rule))]) else {
        return Vec::new();
    };
    let line = |one: &model::Problem| {
        format!("{}:{} {}: {} | {}", one.place.line, one.place.column, one.code, one.what, one.help)
    };
    found.iter().map(line).collect()
}

#[test]
fn a_policy_that_a_call_in_no_context_would_pass_is_refused_with_the_form_that_would_not() {
    let passes = "policy-context-not-asked: a call in no approved context could pass here";
    for (head, clause, form) in [
        (USE.to_owned(), "unless", "permit (...) when"),
        (USE.replace("permit", "forbid"), "when", "forbid (...) unless"),
    ] {
        let example = r#"{ context has approved && context.approved.name == "support" }"#;
        let found = problems(&format!("{head}\n{clause} {example};"));
        let help = format!("ask for the context: `{form} {example};`");
        let [first, second] = [16, 36].map(|at| at + clause.len());
        assert_eq!(
            found,
            [format!("3:{first} {passes} | {help}"), format!("3:{second} {passes} | {help}")]
        );
        let mended = format!("{head} {} {example};", form.split_once(") ").unwrap().1);
        assert!(problems(&mended).is_empty(), "{mended}: {:?}", problems(&mended));
    }

    let whole = format!(
        r#"{USE} when {{ context has approved && context.approved == {{"name": "a",
            "purpose": "b", "data_class": DataClass::"public", "owner": "seat:a"}} }};"#
    );
    let found = problems(&whole);
    let what = "1:1 policy-context-not-asked: `context.approved` is taken as a whole";
    assert!(found.len() == 1 && found[0].starts_with(what), "{found:?}");

    let sum = format!("{USE} when {{ context has approved && context.recent.requests + 1 < 9 }};");
    let found = problems(&sum);
    assert!(found.len() == 1 && found[0].starts_with("1:1 policy-context-arithmetic"), "{found:?}");

    let bare = format!("{USE} when {{ context.approved.name == \"support\" }};");
    assert!(problems(&bare)[0].contains("policy-invalid"), "{:?}", problems(&bare));
}

#[test]
fn what_an_agent_did_lately_counts_from_the_first_that_is_one_too_many() {
    type Count = fn(&mut RecentFacts) -> &mut u32;
    let counts: [(&str, Count); 3] = [
        ("requests", |recent| &mut recent.requests),
        ("refusals", |recent| &mut recent.refusals),
        ("targets", |recent| &mut recent.targets),
    ];
    for (word, count) in counts {
        let limit = format!("context.recent.{word} > 20");
        let guard = format!("forbid (principal, action, resource) when {{ {limit} }}");
        let open = (Model, "use", USE.to_owned());
        let forbids = rules(&[open, (Guardrails, "lately", guard)]);
        let permits = rules(&[(Model, "use", format!("{USE} unless {{ {limit} }}"))]);
        for (lately, good) in [(0, true), (20, true), (21, false), (u32::MAX, false)] {
            let mut scene = within(None);
            scene.call.recent = RecentFacts::default();
            *count(&mut scene.call.recent) = lately;
            let [forbidden, refused] = [&forbids, &permits].map(|one| verdict(&scene, one));
            assert_eq!(
                forbidden,
                if good { Ok(()) } else { Err(PolicyForbids) },
                "{word} {lately}"
            );
            assert_eq!(refused, if good { Ok(()) } else { Err(PolicyNoPermit) }, "{word} {lately}");
        }
    }
}

#[test]
fn a_verdict_is_given_only_in_the_context_of_its_case() {
    let open = rules(&[(Model, "use", USE.to_owned())]);
    let decide = |case: Option<&str>, question: Option<&str>| {
        let scene = within(question.map(approved));
        let context = case.map(|name| name.parse().unwrap());
        let case = model::Case { context, ..scene.case() };
        open.decide(Question { case, ..scene.question() }).map_err(|refused| {
            let facts = String::from_utf8(refused.facts.clone()).unwrap();
            assert!(facts.contains("in another approved context"), "{facts}");
            assert_eq!(refused.record().context, refused.case.context);
            refused.refusal.code
        })
    };
    for (case, question) in
        [(Some("a"), Some("b")), (Some("a"), None), (None, Some("a")), (Some("a"), Some("a2"))]
    {
        let refused = decide(case, question).map(|_| ());
        assert_eq!(refused, Err(PolicyError), "{case:?} {question:?}");
    }
    for context in [None, Some("a")] {
        let permit = decide(context, context).unwrap();
        assert_eq!(permit.record().context.as_ref().map(model::ContextName::as_str), context);
    }
}

#[test]
fn a_permit_holds_nothing_until_it_is_told_and_then_its_record_says_so() {
    let [(policies, _), ..] = asking("context has approved");
    let permit = within(Some(approved("tickets"))).decide(&policies).unwrap();
    assert_eq!(permit.holds(), []);
    let (before, facts) = (permit.record(), permit.facts().to_vec());
    assert_eq!(before.holds, []);
    let held = |quota: &str, amount| HeldRecord {
        counter: CounterKey {
            quota: quota.parse().unwrap(),
            scope: Some(model::BudgetScope::Gateway),
            measure: Measure::Tokens,
            per: Per::Day,
            agent: None,
        },
        window: NOW,
        amount,
    };
    let holds = vec![held("support", 10), held("everybody", 10)];
    let permit = permit.holding(holds.clone());
    assert_eq!(permit.holds(), holds);
    assert_eq!(permit.record(), model::DecisionRecord { holds, ..before.clone() });
    assert_eq!(permit.facts(), facts, "what was decided stays what it was");
    let permit = permit.holding(vec![held("support", 20)]);
    assert_eq!(permit.record().holds, [held("support", 20)]);
    assert_eq!(permit.holding(Vec::new()).record(), before);
}
