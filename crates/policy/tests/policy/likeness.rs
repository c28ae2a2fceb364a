//! Calls that are alike get the same verdict, and what makes no difference makes calls alike.

use model::PolicySetKind::{Guardrails, Model, Secret, Tool};
use model::{Digest, StoredKind, StoredName, Timestamp};
use policy::{Likeness, Policies};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use crate::support::{NOW, Scene, named, policies, scene};

/// Conditions of which each reads something that may be left out.
const CONDITIONS: [&str; 14] = [
    "context.now < datetime(\"2026-11-24T09:00:01Z\")",
    "context.caller.token_age_s < 60",
    "context.caller == context.caller",
    "context.recent.requests < 10",
    "context.recent.refusals < 3",
    "context.recent == {requests: 7, refusals: 2, targets: 3}",
    "context.call.input_bytes < 1000",
    "context.call has output_tokens_max && context.call.output_tokens_max < 6000",
    "context.call.function_tools == 0",
    "!context.call.stream",
    "context.call.urls < 2",
    "context.target has claims_age_days && context.target.claims_age_days < 30",
    "context.target has days_to_end_of_life && context.target.days_to_end_of_life > 0",
    "principal.autonomy < 3",
];

fn with(conditions: &[&str], expires: bool) -> Policies {
    let when: String = conditions.iter().map(|one| format!("when {{ {one} }}\n")).collect();
    let expires = if expires { "@expires(\"2026-11-24T09:00:01Z\")\n" } else { "" };
    let permit =
        |action: &str| format!("permit (principal, action == Action::\"{action}\", resource)");
    let model = format!("{expires}{} {when};", permit("InvokeModel"));
    let sets = [
        (Model, named("model", &model)),
        (Secret, named("secret", &format!("{};", permit("UseSecret")))),
        (
            Tool,
            named("tool", &format!("{} when {{ context.names < 2 }};", permit("StoreAtProvider"))),
        ),
        (
            Guardrails,
            named("never", "forbid (principal, action, resource) when { principal.autonomy > 3 };"),
        ),
    ];
    policies(&sets.each_ref().map(|(set, text)| (*set, text.as_str())))
}

/// The scene with everything that may be left out set to one of two values.
fn any_scene() -> impl Strategy<Value = Scene> {
    let times = select(vec![0_i64, 999, 1000, 1001, 86_400_000, -40 * 86_400_000]);
    (times, any::<[bool; 9]>(), any::<[bool; 3]>()).prop_map(|(later, flags, dates)| {
        let [age, requests, refusals, bytes, cap, tools, stream, urls, names] = flags;
        let mut scene = scene();
        scene.call.now = NOW.plus_millis(later);
        scene.call.token_age_s = if age { 30 } else { 90 };
        scene.call.recent.requests = if requests { 7 } else { 20 };
        scene.call.recent.refusals = if refusals { 2 } else { 5 };
        scene.ask.input_bytes = if bytes { 400 } else { 4000 };
        scene.ask.output_tokens_max = cap.then_some(5000);
        scene.ask.function_tools = tools.into();
        scene.ask.stream = stream;
        scene.ask.beyond.urls = if urls { 3 } else { 0 };
        let name = |id: &[u8]| StoredName { kind: StoredKind::Response, id: Digest::of(id) };
        scene.ask.beyond.names = vec![name(if names { b"a" } else { b"b" })];
        let [stated, ends, midnight] = dates;
        let noon = if midnight { 0 } else { 43_200_000 };
        let day = |days: i64| Timestamp::from_millis((20_781 + days) * 86_400_000 + noon);
        scene.targets[0].claims.stated = stated.then(|| day(-29));
        scene.targets[0].claims.end_of_life = ends.then(|| day(1));
        scene
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn alike_calls_get_the_same_verdict(
        conditions in subsequence(CONDITIONS.to_vec(), 0..4),
        expires: bool,
        scenes in prop::collection::vec(any_scene(), 12),
    ) {
        let policies = with(&conditions, expires);
        let likeness = Likeness::of(&policies);
        let judged: Vec<_> = scenes
            .iter()
            .map(|scene| {
                let asked = scene.circumstances();
                let verdict = policies.judge(&asked, "seat:policy").map(|targets| {
                    // A permit carries the claims of its targets, which are not policy's words.
                    targets.iter().map(|one| (one.provider.clone(), one.policies.clone())).collect::<Vec<_>>()
                });
                (likeness.digest(&asked), verdict)
            })
            .collect();
        for (one, verdict) in &judged {
            for (other, again) in &judged {
                if one == other {
                    prop_assert_eq!(verdict, again);
                }
            }
        }
    }
}

type Change = fn(&mut Scene);

/// Whether two scenes, one changed by `change`, are alike for a policy with `condition`.
#[track_caller]
fn check(condition: &str, change: impl FnOnce(&mut Scene), alike: bool) {
    let likeness = Likeness::of(&with(&[condition], false));
    let (first, mut second) = (scene(), scene());
    change(&mut second);
    let same = likeness.digest(&first.circumstances()) == likeness.digest(&second.circumstances());
    assert_eq!(same, alike, "{condition}");
}

#[test]
fn what_no_policy_reads_makes_no_difference_and_what_one_reads_does() {
    const NOTHING: &str = "principal.autonomy < 3";
    let changes: [(&str, Change); 9] = [
        ("context.now == context.now", |scene| scene.call.now = NOW.plus_millis(1)),
        ("context.caller.token_age_s > 0", |scene| scene.call.token_age_s += 1),
        ("context.recent.requests > 0", |scene| scene.call.recent.requests += 1),
        ("context.recent.refusals > 0", |scene| scene.call.recent.refusals += 1),
        ("context.recent.targets > 0", |scene| scene.call.recent.targets += 1),
        ("context.call.input_bytes > 0", |scene| scene.ask.input_bytes += 1),
        ("context.call has output_tokens_max", |scene| scene.ask.output_tokens_max = None),
        ("context.call.function_tools > 0", |scene| scene.ask.function_tools += 1),
        ("context.call.stream", |scene| scene.ask.stream = true),
    ];
    for (reads, change) in changes {
        check(NOTHING, change, true);
        check(reads, change, false);
        check(&format!("!({reads})"), change, false);
    }
    check("context.recent == context.recent", |scene| scene.call.recent.targets += 1, false);
    check("context.call.urls > 0", |scene| scene.ask.beyond.urls += 1, false);
    // What is never left out.
    check(NOTHING, |scene| scene.agent.team = "other".parse().unwrap(), false);
    check(NOTHING, |scene| scene.model.owner.push('x'), false);
    check(NOTHING, |scene| scene.targets[0].claims.trains = Some(true), false);
    check(NOTHING, |scene| scene.ask.beyond.stores = Some(model::Stores::Asked), false);
}
