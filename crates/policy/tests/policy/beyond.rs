//! What goes beyond the model's answer: tools that the provider runs, storage, what is not
//! recognised. A grant of the model covers none of it.

use model::PolicySetKind::{self, Guardrails, Model, Secret, Tool};
use model::RefusalCode::{
    self, ModelUnknown, PolicyError, PolicyForbids, ProviderToolRefused, RemoteMcpRefused,
    StorageRefused, UnrecognisedRefused,
};
use model::{
    Beyond, Digest, Operation, ProviderTool, ProviderToolKind, Recordable, Refusal, StoredKind,
    StoredName, Stores, Unrecognised, UnrecognisedPlace, WithheldRecord,
};
use policy::{Policies, ProviderKind};
use serde_json::Value;

use crate::support::{Scene, named, policies, scene, target};

const USE: &str = r#"permit (principal, action == Action::"InvokeModel", resource);"#;
const LEND: &str = r#"permit (principal, action == Action::"UseSecret", resource);"#;
const TOOLS: &str = r#"permit (principal, action == Action::"UseProviderTool", resource);"#;
const STORE: &str = r#"permit (principal, action == Action::"StoreAtProvider", resource);"#;
const PASS: &str = r#"permit (principal, action == Action::"PassUnrecognised", resource);"#;

/// Not false and not true: adding overflows.
const ERROR: &str = "context.caller.token_age_s + 9223372036854775807 > 0";

/// The model and the secret are granted, and `more`, by set and rule; each is named by its set.
fn granted(more: &[(PolicySetKind, &str)]) -> Policies {
    let more: Vec<_> = more.iter().map(|(set, rule)| (*set, named("more", rule))).collect();
    let more = more.iter().map(|(set, text)| (*set, text.as_str()));
    let base = [(Model, named("use", USE)), (Secret, named("lend", LEND))];
    let base = base.iter().map(|(set, text)| (*set, text.as_str()));
    let mut sets: Vec<(PolicySetKind, String)> = Vec::new();
    for (set, text) in base.chain(more) {
        match sets.iter_mut().find(|(known, _)| *known == set) {
            Some((_, all)) => all.push_str(text),
            None => sets.push((set, text.to_owned())),
        }
    }
    let sets: Vec<_> = sets.iter().map(|(set, text)| (*set, text.as_str())).collect();
    policies(&sets)
}

fn when(rule: &str, condition: &str) -> String {
    format!("{} when {{ {condition} }};", rule.trim_end_matches(';'))
}

fn forbid(rule: &str) -> String {
    rule.replace("permit", "forbid")
}

/// The scene at `alpha` alone, asking for `beyond` too.
fn asking(beyond: Beyond) -> Scene {
    let mut scene = scene();
    scene.targets.truncate(1);
    scene.ask.beyond = beyond;
    scene
}

fn tool(kind: ProviderToolKind) -> ProviderTool {
    let server = (kind == ProviderToolKind::RemoteMcp).then(|| "mcp.example.org".to_owned());
    ProviderTool { kind, declared: format!("{kind}_20990101"), server }
}

fn tools(kinds: &[ProviderToolKind]) -> Beyond {
    Beyond { tools: kinds.iter().copied().map(tool).collect(), ..Beyond::NOTHING }
}

fn stores(how: Stores) -> Beyond {
    Beyond { stores: Some(how), ..Beyond::NOTHING }
}

fn names(count: u8) -> Beyond {
    let name = |n: u8| StoredName { kind: StoredKind::Response, id: Digest::of(&[n]) };
    Beyond { names: (0..count).map(name).collect(), ..Beyond::NOTHING }
}

fn unrecognised(all: &[(UnrecognisedPlace, &str)]) -> Beyond {
    let one = |(place, name): &(UnrecognisedPlace, &str)| Unrecognised {
        place: *place,
        name: (*name).to_owned(),
    };
    Beyond { unrecognised: all.iter().map(one).collect(), ..Beyond::NOTHING }
}

fn code(scene: &Scene, policies: &Policies) -> Result<(), RefusalCode> {
    let decided = scene.decide(policies).map(|_| ()).map_err(|refused| refused.refusal.code);
    let judged = policies.judge(&scene.circumstances(), "seat:policy");
    assert_eq!(decided, judged.map(|_| ()).map_err(|refusal| refusal.code));
    decided
}

fn refusal(scene: &Scene, policies: &Policies) -> Refusal {
    scene.decide(policies).unwrap_err().refusal
}

fn cited(scene: &Scene, policies: &Policies) -> Vec<String> {
    let permit = scene.decide(policies).unwrap();
    permit.targets().first().policies.iter().map(|one| one.id.to_string()).collect()
}

#[test]
fn a_tool_of_a_provider_needs_a_grant_of_its_own() {
    for kind in ProviderToolKind::ALL {
        let scene = asking(tools(&[*kind]));
        let refused = if *kind == ProviderToolKind::RemoteMcp {
            RemoteMcpRefused
        } else {
            ProviderToolRefused
        };
        let this =
            TOOLS.replace("resource)", &format!("resource == ProviderTool::\"alpha/{kind}\")"));
        let no_grant = policies(&[(Tool, &named("tool", &this))]);
        assert_eq!(code(&scene, &no_grant), Err(ModelUnknown), "{kind}: not even the model");
        let model_only = granted(&[]);
        assert_eq!(code(&scene, &model_only), Err(refused), "{kind}: the model only");
        let refusal = refusal(&scene, &model_only);
        assert_eq!((refusal.policies.len(), refusal.ask_whom.as_str()), (0, "seat:alpha-owner"));
        assert!(refusal.detail.contains(&format!("`{kind}`")), "{}", refusal.detail);
        assert!(refusal.detail.contains("tool set allows that (UseProviderTool)"));
        assert!(!refusal.detail.contains("2099"), "no text of the request: {}", refusal.detail);

        assert_eq!(code(&scene, &granted(&[(Tool, &this)])), Ok(()), "{kind}: granted");
        let elsewhere = this.replace("alpha/", "beta/");
        assert_eq!(code(&scene, &granted(&[(Tool, &elsewhere)])), Err(refused), "{kind}: at beta");

        let never = forbid(TOOLS);
        let guarded = granted(&[(Tool, &this), (Guardrails, &never)]);
        assert_eq!(code(&scene, &guarded), Err(refused), "{kind}: a guardrail forbids");
        let forbidden = crate::beyond::refusal(&scene, &guarded);
        assert_eq!(forbidden.policies[0].id.as_str(), "guardrails/more");
        assert_eq!(forbidden.ask_whom, "seat:more");
        assert!(forbidden.detail.contains("a policy forbids that"), "{}", forbidden.detail);
    }
}

#[test]
fn every_tool_of_a_request_must_be_allowed() {
    let [search, shell] = [ProviderToolKind::WebSearch, ProviderToolKind::Shell];
    let only_search = when(TOOLS, r#"resource.kind == ProviderToolKind::"web_search""#);
    let policies = granted(&[(Tool, &only_search)]);
    assert_eq!(code(&asking(tools(&[search, search])), &policies), Ok(()));
    assert_eq!(code(&asking(tools(&[search, shell])), &policies), Err(ProviderToolRefused));
    assert_eq!(code(&asking(tools(&[shell, search])), &policies), Err(ProviderToolRefused));
}

#[test]
fn a_grant_of_tools_is_no_grant_of_storage_and_the_other_way_round() {
    let every = format!("{TOOLS}\n");
    let storing = stores(Stores::Asked);
    let unknown = unrecognised(&[(UnrecognisedPlace::Field, "reasoning.foo")]);
    let searching = tools(&[ProviderToolKind::WebSearch]);
    for (rule, allows) in [(every.as_str(), 0), (STORE, 1), (PASS, 2)] {
        let policies = granted(&[(Tool, rule)]);
        let codes = [ProviderToolRefused, StorageRefused, UnrecognisedRefused];
        let asks = [searching.clone(), storing.clone(), unknown.clone()];
        for (position, (beyond, refused)) in asks.into_iter().zip(codes).enumerate() {
            let expected = if position == allows { Ok(()) } else { Err(refused) };
            assert_eq!(code(&asking(beyond), &policies), expected, "{rule} for {position}");
        }
    }
    let group = r#"permit (principal, action in Action::"ToolAccess", resource);"#;
    let all = Beyond { stores: Some(Stores::Asked), tools: searching.tools, ..unknown };
    assert_eq!(code(&asking(all), &granted(&[(Tool, group)])), Ok(()));
}

#[test]
fn storage_is_refused_and_the_caller_told_what_to_send() {
    let model_only = granted(&[]);
    for how in [Stores::Asked, Stores::ByDefault] {
        let refused = refusal(&asking(stores(how)), &model_only);
        assert_eq!((refused.code, refused.ask_whom.as_str()), (StorageRefused, "seat:alpha-owner"));
        assert!(refused.detail.contains("Send `\"store\": false`"), "{}", refused.detail);
        assert!(refused.detail.contains("(StoreAtProvider)"), "{}", refused.detail);
        assert_eq!(code(&asking(stores(how)), &granted(&[(Tool, STORE)])), Ok(()));
    }
    let named_only = refusal(&asking(names(2)), &model_only);
    assert_eq!(named_only.code, StorageRefused);
    assert!(named_only.detail.contains("Name nothing that is kept there"), "{}", named_only.detail);
    assert!(!named_only.detail.contains("store\\\": false"), "{}", named_only.detail);
    let both = Beyond { names: names(1).names, ..stores(Stores::Asked) };
    let both = refusal(&asking(both), &model_only);
    assert!(both.detail.contains("`\"store\": false`, and name nothing"), "{}", both.detail);

    let forbidden = granted(&[(Tool, STORE), (Guardrails, &forbid(STORE))]);
    let forbidden = refusal(&asking(stores(Stores::Asked)), &forbidden);
    assert_eq!((forbidden.code, forbidden.ask_whom.as_str()), (StorageRefused, "seat:more"));
}

#[test]
fn a_model_that_is_allowed_only_without_storage_says_so() {
    let kept = Beyond { names: names(1).names, ..stores(Stores::ByDefault) };
    for rule in [
        when(USE, "context.call.stores == false"),
        format!("{USE}\n{}", named("no", &when(&forbid(USE), "context.call.stores"))),
    ] {
        let model = named("use", &rule);
        let policies = policies(&[
            (Model, &model),
            (Secret, &named("lend", LEND)),
            (Tool, &named("s", STORE)),
        ]);
        assert_eq!(code(&asking(names(1)), &policies), Ok(()));
        let refused = scene_refused(&asking(kept.clone()), &policies);
        assert_eq!(refused.refusal.code, StorageRefused);
        assert!(refused.refusal.detail.contains("send `\"store\": false`"));
        let ids: Vec<_> = refused.refusal.policies.iter().map(|one| one.id.as_str()).collect();
        let (cites, whom): (&[&str], _) = if rule.contains("forbid") {
            (&["model/no"], "seat:no")
        } else {
            (&[], "seat:model-owner")
        };
        assert_eq!((ids.as_slice(), refused.refusal.ask_whom.as_str()), (cites, whom));
        let facts: Value = serde_json::from_slice(&refused.facts).unwrap();
        let asked: Vec<_> = facts["questions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| (one["context"]["call"]["stores"].clone(), one["answer"]["is"].clone()))
            .collect();
        let first = if rule.contains("forbid") { "forbid" } else { "nothing" };
        let expected: [(Value, Value); 2] =
            [(true.into(), first.into()), (false.into(), "permit".into())];
        assert_eq!(asked, expected);
    }
    // Where it would be refused all the same, or cannot be reached at all, storage is no reason.
    let other = policies(&[(Model, &named("use", &when(USE, "context.call.stream")))]);
    assert_eq!(code(&asking(kept.clone()), &other), Err(RefusalCode::PolicyNoPermit));
    let nobody = USE.replace("principal,", r#"principal == Agent::"other","#);
    let nobody = policies(&[(Model, &named("use", &when(&nobody, "!context.call.stores")))]);
    assert_eq!(code(&asking(kept), &nobody), Err(ModelUnknown));
}

fn scene_refused(scene: &Scene, policies: &Policies) -> model::Refused {
    scene.decide(policies).unwrap_err()
}

#[test]
fn what_is_not_recognised_is_refused_by_name_until_a_policy_passes_it_on() {
    for place in UnrecognisedPlace::ALL {
        let scene = asking(unrecognised(&[(*place, "reasoning.foo"), (*place, "bar")]));
        let refused = refusal(&scene, &granted(&[]));
        assert_eq!(refused.code, UnrecognisedRefused);
        assert_eq!(refused.ask_whom, "seat:alpha-owner");
        assert!(refused.detail.contains("`reasoning.foo`"), "{}", refused.detail);
        assert!(refused.detail.contains("tool set allows that (PassUnrecognised)"));
        let one = when(PASS, r#"context.name like "reasoning.*""#);
        let refused = refusal(&scene, &granted(&[(Tool, &one)]));
        assert!(refused.detail.contains("`bar`"), "{}", refused.detail);
        let both = r#"["reasoning.foo", "bar"].contains(context.name)"#;
        let both =
            when(PASS, &format!("{both} && context.place == UnrecognisedPlace::\"{place}\""));
        assert_eq!(code(&scene, &granted(&[(Tool, &both)])), Ok(()));
        let forbidden = granted(&[(Tool, &both), (Guardrails, &forbid(PASS))]);
        assert_eq!(code(&scene, &forbidden), Err(UnrecognisedRefused));
    }
}

#[test]
fn a_caller_that_cannot_reach_the_model_learns_of_nothing_beyond_it() {
    let elsewhere = USE.replace("principal,", r#"principal == Agent::"other","#);
    let policies = policies(&[(Model, &named("use", &elsewhere))]);
    let missing = policy::model_unknown("seat:policy");
    for beyond in [
        tools(ProviderToolKind::ALL),
        stores(Stores::Asked),
        names(3),
        unrecognised(&[(UnrecognisedPlace::Beta, "x")]),
    ] {
        assert_eq!(refusal(&asking(beyond), &policies), missing);
    }
}

#[test]
fn a_target_cites_what_allowed_it_once_and_in_order() {
    let every = Beyond {
        stores: Some(Stores::Asked),
        tools: tools(&[ProviderToolKind::WebSearch, ProviderToolKind::Maps]).tools,
        ..unrecognised(&[(UnrecognisedPlace::Field, "a"), (UnrecognisedPlace::Field, "b")])
    };
    let tool = named("z-tools", TOOLS) + &named("b-store", STORE) + &named("a-pass", PASS);
    let sets = [(Model, named("use", USE)), (Secret, named("lend", LEND)), (Tool, tool)];
    let sets: Vec<_> = sets.iter().map(|(set, text)| (*set, text.as_str())).collect();
    let expected = ["model/use", "tool/z-tools", "tool/b-store", "tool/a-pass", "secret/lend"];
    assert_eq!(cited(&asking(every.clone()), &policies(&sets)), expected);

    let group = r#"permit (principal, action in Action::"ToolAccess", resource);"#;
    assert_eq!(
        cited(&asking(every), &granted(&[(Tool, group)])),
        ["model/use", "tool/more", "secret/lend"]
    );
}

#[test]
fn targets_that_policy_refuses_are_withheld_while_another_is_permitted() {
    let beta_only = when(TOOLS, r#"resource in Provider::"beta""#);
    let policies = granted(&[(Tool, &beta_only), (Guardrails, &forbid(&when(STORE, "true")))]);
    let mut scene = scene();
    scene.targets.push(target("gamma", ProviderKind::Gemini, None));
    scene.ask.beyond = tools(&[ProviderToolKind::WebSearch]);
    let before = WithheldRecord {
        provider: "delta".parse().unwrap(),
        upstream_model: "delta-gpt".into(),
        code: "condition".into(),
        policies: Vec::new(),
        detail: None,
        secret: None,
    };
    let question = policy::Question { withheld: vec![before.clone()], ..scene.question() };
    let permit = policies.decide(question).unwrap();
    let permitted: Vec<_> = permit.targets().iter().map(|one| one.provider.as_str()).collect();
    assert_eq!(permitted, ["beta"]);
    let of_policy = |provider: &str| WithheldRecord {
        provider: provider.parse().unwrap(),
        upstream_model: format!("{provider}-gpt"),
        code: "provider_tool_refused".into(),
        policies: Vec::new(),
        detail: Some(
            "It declares the provider's tool `web_search`; no policy of the tool set allows that \
             (UseProviderTool)."
                .into(),
        ),
        secret: None,
    };
    assert_eq!(permit.withheld(), [before, of_policy("alpha"), of_policy("gamma")]);
    assert_eq!(permit.record().withheld, permit.withheld());

    // Where none is permitted, the first refusal speaks, and says of how many.
    scene.targets.remove(1);
    let refused = refusal(&scene, &policies);
    assert_eq!(refused.code, ProviderToolRefused);
    assert!(
        refused
            .detail
            .ends_with(" The model has 2 targets; none is allowed, the first for this reason.")
    );
    scene.targets.truncate(1);
    assert!(!refusal(&scene, &policies).detail.contains("targets"));
}

#[test]
fn a_withheld_target_names_the_policies_that_refused_it() {
    let not_alpha = forbid(&when(TOOLS, r#"resource in Provider::"alpha""#));
    let policies = granted(&[(Tool, TOOLS), (Guardrails, &not_alpha)]);
    let mut scene = scene();
    scene.ask.beyond = tools(&[ProviderToolKind::Skills]);
    let permit = scene.decide(&policies).unwrap();
    let [alpha] = permit.withheld() else { panic!("one is withheld") };
    assert_eq!(
        (alpha.provider.as_str(), alpha.policies[0].id.as_str()),
        ("alpha", "guardrails/more")
    );
}

#[test]
fn a_tool_policy_that_cannot_be_evaluated_refuses_the_whole_request() {
    for (rule, beyond) in [
        (TOOLS, tools(&[ProviderToolKind::Maps])),
        (STORE, stores(Stores::ByDefault)),
        (PASS, unrecognised(&[(UnrecognisedPlace::Part, "video")])),
    ] {
        let at_alpha = format!(r#"{ERROR} || context.target.upstream_model == "alpha-gpt""#);
        for broken in [when(rule, &at_alpha), forbid(&when(rule, &at_alpha))] {
            let text = named("bad", &broken) + &named("good", rule);
            let sets = [(Model, named("use", USE)), (Secret, named("lend", LEND)), (Tool, text)];
            let sets: Vec<_> = sets.iter().map(|(set, text)| (*set, text.as_str())).collect();
            let mut scene = scene();
            scene.ask.beyond = beyond.clone();
            for _ in 0..2 {
                let refused = refusal(&scene, &policies(&sets));
                assert_eq!((refused.code, refused.ask_whom.as_str()), (PolicyError, "seat:bad"));
                scene.targets.reverse();
            }
        }
    }
}

#[test]
fn every_attribute_of_the_tool_sets_contexts_reaches_the_policies() {
    let common = r#"context.model == "gpt" && context.target.upstream_model == "alpha-gpt" &&
        context.caller.token_age_s == 30 && context.now == datetime("2026-11-24T09:00:00.000Z")"#;
    let mcp = when(
        &when(TOOLS, common),
        r#"resource == ProviderTool::"alpha/remote_mcp" && resource in Provider::"alpha" &&
           resource.kind == ProviderToolKind::"remote_mcp" } when {
           context.declared == "remote_mcp_20990101" && context has server &&
           context.server == "mcp.example.org" && action in Action::"ToolAccess""#,
    );
    let store = when(
        &when(STORE, common),
        r#"resource == Provider::"alpha" && resource.owner == "seat:alpha-owner" &&
           resource.kind == ProviderKind::"openai" } when {
           context.stores && context.by_default && context.names == 2"#,
    );
    let pass = when(
        &when(PASS, common),
        r#"resource == Provider::"alpha" && context.name == "x" &&
           context.place == UnrecognisedPlace::"beta""#,
    );
    let text = named("a", &mcp) + &named("b", &store) + &named("c", &pass);
    let used = when(
        USE,
        r#"context.call.operation == Operation::"responses" && context.call.provider_tools == 1 }
           when { context.call.stores && context.call.unrecognised == 1 && context.call.urls == 7 }
           when { context.target.upstream_model == "alpha-gpt" }
           when { context.provider.owner == "seat:alpha-owner""#,
    );
    let policies =
        policies(&[(Model, &named("use", &used)), (Secret, &named("lend", LEND)), (Tool, &text)]);
    let mut scene = asking(Beyond {
        tools: tools(&[ProviderToolKind::RemoteMcp]).tools,
        stores: Some(Stores::ByDefault),
        names: names(2).names,
        urls: 7,
        ..unrecognised(&[(UnrecognisedPlace::Beta, "x")])
    });
    scene.ask.operation = Operation::Responses;
    assert_eq!(code(&scene, &policies), Ok(()));
    scene.ask.beyond.tools[0].server = None;
    assert_eq!(code(&scene, &policies), Err(RemoteMcpRefused));
}

#[test]
fn near_misses_tell_of_the_tool_set_too() {
    let policies = granted(&[(Tool, &when(TOOLS, r#"context.model == "other""#))]);
    let scene = asking(tools(&[ProviderToolKind::Maps]));
    let found = policies.near_misses(&scene.circumstances());
    let [miss] = &found[..] else { panic!("{found:?}") };
    assert_eq!((miss.policy.id.as_str(), miss.places[0].0.as_str()), ("tool/more", "alpha"));
    assert_eq!(miss.unmet[0].condition, r#"when { context.model == "other" }"#);
}

#[test]
fn a_guardrail_may_forbid_calls_by_what_they_ask_of_the_provider() {
    for (condition, beyond) in [
        ("context.call.urls > 0", Beyond { urls: 1, ..Beyond::NOTHING }),
        ("context.call.provider_tools > 1", tools(&ProviderToolKind::ALL[..2])),
        ("context.call.unrecognised > 0", unrecognised(&[(UnrecognisedPlace::Field, "x")])),
        (r#"context.call.operation == Operation::"chat_completions""#, Beyond::NOTHING),
    ] {
        let rule = forbid(&when(USE, condition));
        assert_eq!(code(&asking(beyond), &granted(&[(Guardrails, &rule)])), Err(PolicyForbids));
    }
    assert_eq!(code(&asking(Beyond { urls: 1, ..Beyond::NOTHING }), &granted(&[])), Ok(()));
}
