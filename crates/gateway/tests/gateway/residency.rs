//! Where data may go: a policy asks for a region, and no failure leads anywhere else.

use model::RefusalCode;
use serde_json::Value;
use testkit::Script;

use crate::ask::DIALECTS;
use crate::charter_files::{Files, kind};
use crate::check;
use crate::world::{Setup, World};

const EU: &str = "claims: {region: eu, retention_days: 0, stated: 2026-11-01}";
const US: &str = "claims: {region: us, stated: 2026-11-01}";
const TARGETS: &[(&str, &str)] = &[("fake", EU), ("second", US), ("third", "")];

/// Only targets that are claimed to be in the EU are permitted.
const PERMIT: &str = r#"
@id("eu-only") @owner("seat:policy-lead") @rationale("Its data stays in the EU.")
permit (principal in Team::"platform", action == Action::"InvokeModel",
    resource == Model::"routed")
when { context.target has region && context.target.region == "eu" };
"#;

/// The same as a guardrail, against a permit without conditions.
const GUARDRAIL: &str = r#"
@id("eu-only") @owner("seat:risk-lead") @rationale("Its data stays in the EU.")
forbid (principal, action == Action::"InvokeModel", resource == Model::"routed")
unless { context.target has region && context.target.region == "eu" };
"#;

fn permitting(files: &mut Files) {
    let policies = files.get_mut("policies/model/50-tests.cedar").unwrap();
    *policies = policies.replace(", Model::\"routed\"", "");
    policies.push_str(PERMIT);
}

fn guarded(files: &mut Files) {
    files.get_mut("policies/guardrails/50-tests.cedar").unwrap().push_str(GUARDRAIL);
}

/// A way to say it.
struct Way {
    edit: fn(&mut Files),
    /// Under which code a target elsewhere is then withheld.
    code: &'static str,
    /// The policy that did it, where one did.
    policy: Option<&'static str>,
}

const WAYS: [Way; 2] = [
    Way { edit: permitting, code: "policy_no_permit", policy: None },
    Way { edit: guarded, code: "policy_forbids", policy: Some("guardrails/eu-only") },
];

#[track_caller]
fn assert_untouched_elsewhere(world: &World) {
    world.second.assert_untouched();
    world.third.assert_untouched();
}

#[test]
fn only_the_region_that_policy_asks_for_is_permitted() {
    for dialect in DIALECTS {
        for Way { edit, code, policy } in WAYS {
            let world = World::with(Setup::routed(TARGETS, "").edited(edit));
            let reply = world.ask(dialect).model("routed").send();
            check::forwarded(&world, &reply);
            let decision = check::decision(&world, &reply);
            let targets = decision["targets"].as_array().unwrap();
            assert_eq!(targets.len(), 1);
            assert_eq!(targets[0]["claims"]["region"], "eu");
            assert_eq!(targets[0]["claims"]["retention_days"], 0);
            let withheld = |name: &str| (name.to_owned(), code.to_owned());
            let expected = [withheld("second"), withheld("third")];
            assert_eq!(check::withheld(&decision, kind(dialect)), expected);
            let second = format!("second-{}", kind(dialect));
            let records = decision["withheld"].as_array().unwrap();
            let record = records.iter().find(|record| record["provider"] == *second).unwrap();
            assert_eq!(record["policies"][0]["id"].as_str(), policy);
            assert_untouched_elsewhere(&world);
        }
    }
}

#[test]
fn when_the_permitted_target_is_dead_no_other_is_asked() {
    for dialect in DIALECTS {
        for Way { edit, code, .. } in WAYS {
            for stream in [false, true] {
                let world = World::with(Setup::routed(TARGETS, "").edited(edit));
                world.provider.always(Script::DropBeforeHeaders);
                let ask = world.ask(dialect).model("routed").streamed(stream);
                // Three tries at the one place, then the refusal; then it is set aside.
                let reply = ask.send();
                check::refused(&world, dialect, &reply, RefusalCode::UpstreamDropped);
                assert_eq!(world.provider.seen().len(), 3);
                let text = reply.text();
                assert!(text.contains("2 more places"), "{text}");
                assert!(!text.contains("second") && !text.contains("eu-only"), "{text}");
                let decision = check::decision(&world, &reply);
                let withheld = check::withheld(&decision, kind(dialect));
                assert!(withheld.iter().all(|(_, why)| why == code), "{withheld:?}");
                let reply = ask.send();
                check::refused(&world, dialect, &reply, RefusalCode::TargetsSetAside);
                assert_untouched_elsewhere(&world);
            }
        }
    }
}

#[test]
fn the_own_words_of_the_permitted_target_are_the_last() {
    for dialect in DIALECTS {
        let world = World::with(Setup::routed(TARGETS, "").edited(permitting));
        world.provider.always(Script::Status(503, "{\"error\":\"eu\"}".to_owned()));
        let reply = world.ask(dialect).model("routed").send();
        assert_eq!((reply.status, reply.text().as_str()), (503, "{\"error\":\"eu\"}"));
        assert_untouched_elsewhere(&world);
    }
}

#[test]
fn where_no_target_is_in_the_region_nothing_is_sent_at_all() {
    for dialect in DIALECTS {
        for Way { edit, code, .. } in WAYS {
            let elsewhere = [("second", US), ("third", "")];
            let world = World::with(Setup::routed(&elsewhere, "").edited(edit));
            let reply = world.ask(dialect).model("routed").send();
            check::refused(&world, dialect, &reply, code.parse().unwrap());
            world.provider.assert_untouched();
            assert_untouched_elsewhere(&world);
        }
    }
}

#[test]
fn a_region_is_a_word_and_nothing_like_it_will_do() {
    for region in ["eu-west", "e", "europe"] {
        let claims = format!("claims: {{region: {region}, stated: 2026-11-01}}");
        let world =
            World::with(Setup::routed(&[("second", claims.as_str())], "").edited(permitting));
        for dialect in DIALECTS {
            let reply = world.ask(dialect).model("routed").send();
            check::refused(&world, dialect, &reply, RefusalCode::PolicyNoPermit);
        }
        assert_untouched_elsewhere(&world);
    }
}

#[test]
fn claims_that_are_amended_hold_for_the_next_call() {
    let world = World::with(Setup::routed(&[("fake", EU)], "").edited(permitting));
    for dialect in DIALECTS {
        check::forwarded(&world, &world.ask(dialect).model("routed").send());
    }
    world.amend(|files| {
        let model = files.get_mut("models/routed.yaml").unwrap();
        *model = model.replace("region: eu", "region: us");
    });
    for dialect in DIALECTS {
        let reply = world.ask(dialect).model("routed").send();
        check::refused(&world, dialect, &reply, RefusalCode::PolicyNoPermit);
        assert_eq!(check::decision(&world, &reply)["targets"], Value::Null);
    }
    assert_eq!(world.provider.seen().len(), DIALECTS.len());
}
