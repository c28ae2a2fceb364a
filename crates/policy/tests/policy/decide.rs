//! Verdicts: order, reasons, owners, time, and what a caller may learn from a no.

use model::PolicySetKind::{Guardrails, Model, Secret};
use model::RefusalCode::{self, ModelUnknown, PolicyError, PolicyForbids, PolicyNoPermit};
use model::{
    DecisionRecord, Digest, Environment, OutcomeDue, PolicyRef, Recordable, Refusal, Timestamp,
    VerdictRecord,
};
use policy::{DataClass, Lifecycle, Policies, ProviderKind, Targets, model_unknown};

use crate::support::{NOW, Scene, case, compiled, named, policies, scene, source, target};

pub(crate) const USE: &str = r#"permit (principal, action == Action::"InvokeModel", resource);"#;
pub(crate) const LEND: &str = r#"permit (principal, action == Action::"UseSecret", resource);"#;

/// Not false and not true: adding overflows.
const ERROR: &str = "context.caller.token_age_s + 9223372036854775807 > 0";

pub(crate) fn use_when(condition: &str) -> String {
    format!("{} when {{ {condition} }};", USE.trim_end_matches(';'))
}

fn forbid_use_when(condition: &str) -> String {
    use_when(condition).replace("permit", "forbid")
}

/// `rule` named `use` in the model set, and every secret may be lent.
pub(crate) fn with_model_rule(rule: &str) -> Policies {
    policies(&[(Model, &named("use", rule)), (Secret, &named("lend", LEND))])
}

/// The providers that are permitted, or the code.
pub(crate) fn verdict(scene: &Scene, policies: &Policies) -> Result<Vec<String>, RefusalCode> {
    let targets = policies.judge(&scene.circumstances(), "seat:policy");
    targets.map(|targets| providers(&targets)).map_err(|refusal| refusal.code)
}

pub(crate) fn refusal(scene: &Scene, policies: &Policies) -> Refusal {
    scene.decide(policies).unwrap_err().refusal
}

fn providers(targets: &Targets) -> Vec<String> {
    targets.iter().map(|target| target.provider.to_string()).collect()
}

fn ids(policies: &[PolicyRef]) -> Vec<&str> {
    policies.iter().map(|policy| policy.id.as_str()).collect()
}

#[test]
fn each_target_cites_the_policies_of_its_model_and_its_secret() {
    let model = named("b", USE) + &named("a", &use_when("principal.autonomy == 1"));
    let policies = policies(&[(Model, &model), (Secret, &named("lend", LEND))]);
    let permit = scene().decide(&policies).unwrap();
    let cited: Vec<_> = permit.targets().iter().map(|target| ids(&target.policies)).collect();
    assert_eq!(cited, [vec!["model/a", "model/b", "secret/lend"], vec!["model/a", "model/b"]]);
    assert_eq!(permit.targets().len(), 2);
    assert_eq!(permit.targets().first(), permit.targets().get(0).unwrap());
    assert_eq!(permit.targets().get(1).unwrap().provider.as_str(), "beta");
    assert_eq!(permit.targets().get(2), None);
    assert_eq!(permit.targets().get(usize::MAX), None);
}

#[test]
fn permitted_targets_keep_their_order_and_the_first_refusal_speaks_for_all() {
    let scene = scene();
    let only = |kind: &str| use_when(&format!("context.provider.kind == ProviderKind::\"{kind}\""));
    assert_eq!(verdict(&scene, &with_model_rule(USE)), Ok(vec!["alpha".into(), "beta".into()]));
    assert_eq!(verdict(&scene, &with_model_rule(&only("demo"))), Ok(vec!["beta".into()]));
    assert_eq!(verdict(&scene, &with_model_rule(&only("openai"))), Ok(vec!["alpha".into()]));
    assert_eq!(verdict(&scene, &with_model_rule(&only("anthropic"))), Err(PolicyNoPermit));

    let forbids_alpha = forbid_use_when("context.provider == Provider::\"alpha\"");
    let model = named("use", &only("openai")) + &named("not-alpha", &forbids_alpha);
    let policies = policies(&[(Model, &model)]);
    assert_eq!(verdict(&scene, &policies), Err(PolicyForbids));
    let mut turned = scene.clone();
    turned.targets.reverse();
    assert_eq!(verdict(&turned, &policies), Err(PolicyNoPermit));
}

#[test]
fn where_no_permit_could_ever_match_the_model_does_not_exist() {
    let scene = scene();
    let check =
        |rule: &str, code| assert_eq!(verdict(&scene, &with_model_rule(rule)), Err(code), "{rule}");
    // The scope names another caller or another model.
    check(&USE.replace("principal,", r#"principal == Agent::"other","#), ModelUnknown);
    check(&USE.replace("principal,", r#"principal in Team::"other","#), ModelUnknown);
    check(&USE.replace("principal,", r#"principal is Agent in Team::"other","#), ModelUnknown);
    check(&USE.replace("resource)", r#"resource == Model::"other")"#), ModelUnknown);
    // A condition that no context can change.
    check(&use_when(r#"principal.env == Env::"prod""#), ModelUnknown);
    check(&use_when(r#"context.call.stream && principal.env == Env::"prod""#), ModelUnknown);
    check(
        &format!("{} unless {{ principal.env == Env::\"dev\" }};", USE.trim_end_matches(';')),
        ModelUnknown,
    );
    check(
        &format!(
            "{} when {{ context.call.stream }};",
            use_when("principal.autonomy > 1").trim_end_matches(';')
        ),
        ModelUnknown,
    );
    // A condition that another context could change.
    check(&use_when("context.call.stream"), PolicyNoPermit);
    check(&use_when(r#"principal.env == Env::"dev" && context.call.stream"#), PolicyNoPermit);
    check(&use_when(r#"context.call.stream || principal.env == Env::"prod""#), PolicyNoPermit);
    check(
        &format!("{} unless {{ context.call has output_tokens_max }};", USE.trim_end_matches(';')),
        PolicyNoPermit,
    );
    check(&use_when(r#"context.provider == Provider::"gamma""#), PolicyNoPermit);
    // Nothing at all.
    assert_eq!(verdict(&scene, &compiled(&[]).unwrap()), Err(ModelUnknown));
    assert_eq!(verdict(&scene, &policies(&[(Secret, &named("lend", LEND))])), Err(ModelUnknown));
}

#[test]
fn a_model_out_of_reach_is_refused_exactly_like_a_missing_one() {
    let missing = model_unknown("seat:policy");
    let elsewhere = USE.replace("principal,", r#"principal == Agent::"other","#);
    for (guardrail, name) in [("context.caller.token_age_s > 10", "matches"), (ERROR, "errs")] {
        let guardrail = format!("forbid (principal, action, resource) when {{ {guardrail} }};");
        let sets = [(Guardrails, named("g", &guardrail)), (Model, named("use", &elsewhere))];
        let sets: Vec<_> = sets.iter().map(|(set, text)| (*set, text.as_str())).collect();
        let policies = policies(&sets);
        assert_eq!(refusal(&scene(), &policies), missing, "a guardrail {name}");
        assert_eq!(policies.judge(&scene().circumstances(), "seat:policy"), Err(missing.clone()));
    }
    let mut nowhere = scene();
    nowhere.targets.clear();
    assert_eq!(refusal(&nowhere, &with_model_rule(USE)), missing);
}

#[test]
fn a_refusal_names_who_can_fix_it() {
    let policies = policies(&[
        (
            Guardrails,
            &named(
                "old",
                "forbid (principal, action, resource) when { context.caller.token_age_s > 60 };",
            ),
        ),
        (
            Model,
            &(named("use", &use_when("!context.call.stream"))
                + &named("small", &forbid_use_when("context.call.input_bytes > 500"))),
        ),
        (
            Secret,
            &(named("lend", &LEND.replace("resource)", r#"resource == Secret::"alpha-key")"#))
                + &named(
                    "hold",
                    &LEND
                        .replace("permit", "forbid")
                        .replace(";", " when { context.caller.token_age_s > 40 };"),
                )),
        ),
    ]);
    let check = |change: &dyn Fn(&mut Scene), code, cited: &[&str], whom: &str| {
        let mut scene = scene();
        scene.targets.truncate(1);
        change(&mut scene);
        let refusal = refusal(&scene, &policies);
        assert_eq!((refusal.code, refusal.ask_whom.as_str()), (code, whom));
        assert_eq!(ids(&refusal.policies), cited);
        assert!(
            !refusal.detail.contains("alpha") && !refusal.detail.contains("secret"),
            "{}",
            refusal.detail
        );
    };
    check(&|scene| scene.call.token_age_s = 61, PolicyForbids, &["guardrails/old"], "seat:old");
    check(&|scene| scene.ask.input_bytes = 501, PolicyForbids, &["model/small"], "seat:small");
    check(&|scene| scene.ask.stream = true, PolicyNoPermit, &[], "seat:model-owner");
    check(&|scene| scene.call.token_age_s = 41, PolicyForbids, &["secret/hold"], "seat:hold");
    let other_secret = |scene: &mut Scene| {
        scene.targets[0].secret.as_mut().unwrap().name = "alpha-spare".parse().unwrap();
    };
    check(&other_secret, PolicyNoPermit, &[], "seat:secret-owner");
}

#[test]
fn a_secret_that_may_not_be_lent_takes_its_target_away_and_no_other() {
    let policies = policies(&[(Model, &named("use", USE))]);
    let mut scene = scene();
    assert_eq!(verdict(&scene, &policies), Ok(vec!["beta".into()]));
    scene.targets.truncate(1);
    assert_eq!(verdict(&scene, &policies), Err(PolicyNoPermit));
}

#[test]
fn a_policy_that_cannot_be_evaluated_refuses_the_whole_request() {
    let everything = format!("forbid (principal, action, resource) when {{ {ERROR} }};");
    let secret = LEND.replace(";", &format!(" when {{ {ERROR} }};"));
    let cases = [
        ("guardrails/bad", named("bad", &everything), String::new(), String::new()),
        ("model/bad", String::new(), named("bad", &forbid_use_when(ERROR)), String::new()),
        ("model/bad", String::new(), named("bad", &use_when(ERROR)), String::new()),
        ("secret/bad", String::new(), String::new(), named("bad", &secret)),
        (
            "secret/bad",
            String::new(),
            String::new(),
            named("bad", &secret.replace("permit", "forbid")),
        ),
    ];
    for (id, guardrails, model, secret) in cases {
        let model =
            model + &named("use", USE) + &named("no", &forbid_use_when("context.call.stream"));
        let secret = secret + &named("lend", LEND);
        let policies = policies(&[(Guardrails, &guardrails), (Model, &model), (Secret, &secret)]);
        for stream in [false, true] {
            let mut scene = scene();
            scene.ask.stream = stream;
            if stream && id.starts_with("secret") {
                continue;
            }
            let refusal = refusal(&scene, &policies);
            assert_eq!(refusal.code, PolicyError, "{id}");
            assert_eq!((ids(&refusal.policies), refusal.ask_whom.as_str()), (vec![id], "seat:bad"));
            assert!(refusal.detail.contains(id), "{}", refusal.detail);
            assert!(!scene.may_list(&policies));
            // Neither does a permitted target in front of it save the request.
            scene.targets.reverse();
            assert_eq!(verdict(&scene, &policies), Err(PolicyError), "{id}");
        }
    }
}

#[test]
fn the_only_permit_is_not_out_of_reach_because_it_is_broken() {
    let broken = use_when("principal.autonomy + 9223372036854775807 > 0");
    assert_eq!(verdict(&scene(), &with_model_rule(&broken)), Err(PolicyError));
    let of_another = broken.replace("principal,", r#"principal == Agent::"other","#);
    assert_eq!(verdict(&scene(), &with_model_rule(&of_another)), Err(ModelUnknown));
}

#[test]
fn a_broken_policy_of_somebody_else_harms_nobody_else() {
    let other = forbid_use_when(ERROR).replace("principal,", r#"principal == Agent::"other","#);
    let model = named("use", USE) + &named("bad", &other);
    let policies = policies(&[(Model, &model), (Secret, &named("lend", LEND))]);
    assert!(verdict(&scene(), &policies).is_ok());
}

#[test]
fn a_permit_counts_until_it_expires_and_not_a_millisecond_longer() {
    let at = |expires: &str, now: Timestamp| {
        let text = format!("@expires(\"{expires}\")\n{}", named("use", USE));
        let mut scene = scene();
        scene.call.now = now;
        scene.targets.remove(0);
        verdict(&scene, &policies(&[(Model, &text)]))
    };
    let later = |milliseconds| NOW.plus_millis(milliseconds);
    let beta = Ok(vec!["beta".to_owned()]);
    assert_eq!(at("2026-11-24T09:00:00Z", later(-1)), beta);
    assert_eq!(at("2026-11-24T09:00:00Z", NOW), Err(ModelUnknown));
    assert_eq!(at("2026-11-24T10:00:00+01:00", later(-1)), beta);
    assert_eq!(at("2026-11-24T10:00:00+01:00", NOW), Err(ModelUnknown));
    // A date counts to the end of its day.
    let midnight = 15 * 3_600_000;
    assert_eq!(at("2026-11-24", later(midnight - 1)), beta);
    assert_eq!(at("2026-11-24", later(midnight)), Err(ModelUnknown));
    assert_eq!(at("2026-11-23", NOW), Err(ModelUnknown));
}

#[test]
fn an_expired_permit_is_as_if_it_were_not_there() {
    let old = |policy: &str| format!("@expires(\"2026-01-01\")\n{policy}");
    let model =
        old(&named("old", USE)) + &named("use", USE) + &old(&named("bad", &use_when(ERROR)));
    let policies = policies(&[(Model, &model), (Secret, &old(&named("lend", LEND)))]);
    let permit = scene().decide(&policies).unwrap();
    assert_eq!(ids(&permit.targets().first().policies), ["model/use"]);
    assert_eq!(providers(permit.targets()), ["beta"]);
}

#[test]
fn the_same_question_has_the_same_answer_whatever_the_order_of_files() {
    let texts: Vec<_> = (0..8)
        .map(|n| source(Model, &format!("{}.cedar", 7 - n), &named(&format!("use-{n}"), USE)))
        .collect();
    let lend = source(Secret, "lend.cedar", &named("lend", LEND));
    let forth = compiled(&[&texts[..], std::slice::from_ref(&lend)].concat()).unwrap();
    let back: Vec<_> = std::iter::once(lend).chain(texts.into_iter().rev()).collect();
    let back = compiled(&back).unwrap();
    assert!(forth.all().eq(back.all()));
    let first = scene().decide(&forth).unwrap();
    for policies in [&forth, &back, &forth] {
        let again = scene().decide(policies).unwrap();
        assert_eq!(again.targets(), first.targets());
        assert_eq!(again.facts(), first.facts());
    }
    assert_eq!(first.targets().first().policies.len(), 9);
}

#[test]
fn every_attribute_of_the_schema_reaches_the_policies() {
    let all = r#"
        principal.env == Env::"staging" && principal.lifecycle == Lifecycle::"suspended" &&
        principal.team == Team::"support" && principal.autonomy == 4 } when {
        principal.data_class == DataClass::"restricted" && principal.owner == "seat:support-lead" &&
        principal.trust_domain == "example.org" && principal in Team::"support" } when {
        resource == Model::"gpt" && resource.owner == "seat:model-owner" } when {
        context.now == datetime("2026-11-24T09:00:00.000Z") && context.caller.token_age_s == 30 &&
        context.caller.proof == Proof::"embedded_token" } when {
        context.call has output_tokens_max && context.call.output_tokens_max == 1000 } when {
        !context.call.stream && context.call.input_bytes == 400 } when {
        context.call.function_tools == 0 } when {
        context.provider == Provider::"alpha" && context.provider.kind == ProviderKind::"openai" &&
        action in Action::"ModelAccess""#;
    let lend = LEND.replace(
        ";",
        r#" when { resource == Secret::"alpha-key" && resource.owner == "seat:secret-owner" }
            when { resource.version == 3 && context.provider == Provider::"alpha" }
            when { context.model == "gpt" && context.upstream_model == "alpha-gpt" }
            when { context.now == datetime("2026-11-24T09:00:00.000Z") }
            when { context.caller.token_age_s == 30 };"#,
    );
    let policies =
        policies(&[(Model, &named("use", &use_when(all))), (Secret, &named("lend", &lend))]);
    let mut scene = scene();
    scene.agent.environment = Environment::Staging;
    scene.agent.lifecycle = Lifecycle::Suspended;
    scene.agent.autonomy = 4;
    scene.agent.data_class = DataClass::Restricted;
    assert_eq!(verdict(&scene, &policies), Ok(vec!["alpha".into()]));
    scene.ask.output_tokens_max = None;
    assert_eq!(verdict(&scene, &policies), Err(PolicyNoPermit));
}

#[test]
fn a_number_beyond_what_cedar_holds_still_meets_its_limit() {
    let forbid = named("small", &forbid_use_when("context.call.input_bytes > 1000"));
    let policies = policies(&[(Model, &(named("use", USE) + &forbid))]);
    let mut scene = scene();
    for bytes in [1001, i64::MAX as u64, i64::MAX as u64 + 1, u64::MAX] {
        scene.ask.input_bytes = bytes;
        assert_eq!(verdict(&scene, &policies), Err(PolicyForbids), "{bytes}");
    }
}

#[test]
fn a_question_that_cannot_be_put_is_refused() {
    let policies = with_model_rule(USE);
    let refused = |scene: &Scene| {
        let refused = scene.decide(&policies).unwrap_err();
        assert_eq!(refused.refusal.code, PolicyError);
        assert_eq!(refused.refusal.ask_whom, "seat:model-owner");
        assert!(refused.refusal.detail.starts_with("The question could not be put"));
        String::from_utf8(refused.facts).unwrap()
    };
    // A time that cannot be written.
    let mut late = scene();
    late.call.now = Timestamp::from_millis(i64::MAX);
    assert!(refused(&late).contains(r#""unevaluable":"#));
    // One provider, described in two ways.
    let mut twofold = scene();
    twofold.targets.push(target("alpha", ProviderKind::Anthropic, None));
    assert!(refused(&twofold).contains("described in two ways"));
}

#[test]
fn a_verdict_is_given_only_on_the_case_it_is_about() {
    let policies = with_model_rule(USE);
    let scene = scene();
    let decide = |change: &dyn Fn(&mut model::Case)| {
        let mut case = case();
        change(&mut case);
        policies
            .decide(policy::Question { case, ..scene.question() })
            .map(|_| ())
            .map_err(|refused| refused.refusal.code)
    };
    assert_eq!(decide(&|_| ()), Ok(()));
    assert_eq!(decide(&|case| case.subject = None), Err(PolicyError));
    assert_eq!(
        decide(&|case| case.subject.as_mut().unwrap().agent = "other".parse().unwrap()),
        Err(PolicyError)
    );
    assert_eq!(decide(&|case| case.ask = None), Err(PolicyError));
    assert_eq!(decide(&|case| case.ask.as_mut().unwrap().model = None), Err(PolicyError));
    assert_eq!(
        decide(&|case| case.ask.as_mut().unwrap().model = "gpt2".parse().ok()),
        Err(PolicyError)
    );
}

#[test]
fn a_permit_is_recorded_with_its_targets_and_an_outcome_is_due() {
    let permit = scene().decide(&with_model_rule(USE)).unwrap();
    let DecisionRecord { id, verdict, targets, .. } = permit.record();
    assert_eq!((id, verdict), (case().id, VerdictRecord::permitted()));
    assert_eq!(permit.outcome_due(), OutcomeDue::Yes);
    assert_eq!(permit.case(), &case());
    let [alpha, beta] = &targets[..] else { panic!("two targets") };
    assert_eq!((alpha.provider.as_str(), alpha.upstream_model.as_str()), ("alpha", "alpha-gpt"));
    let secret = alpha.secret.as_ref().unwrap();
    assert_eq!(
        (secret.name.as_str(), secret.version.0, secret.owner.as_str()),
        ("alpha-key", 3, "seat:secret-owner")
    );
    assert_eq!(beta.secret, None);
    assert_eq!(ids(&alpha.policies), ["model/use", "secret/lend"]);
    let text = named("use", USE);
    assert_eq!(alpha.policies[0].text, Digest::of(text.trim_end().as_bytes()));

    let refused = scene().decide(&compiled(&[]).unwrap()).unwrap_err();
    assert_eq!(refused.case, case());
    assert_eq!(refused.outcome_due(), OutcomeDue::No);
    assert_eq!(refused.record().verdict.code, "model_unknown");
}
