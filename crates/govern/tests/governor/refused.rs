//! What the governor refuses. After each refusal the control log is as long as before, the same
//! charter is in force, and nothing was sealed, stored or served: `Begun::refuses` sees to it.

use approval::{Act, ActRefused as Unverified, Nonce, Object, SignedAct, Stamp, Verb};
use govern::{ActRefused, Payload, RefusedKind};
use model::Digest;

use crate::common::{
    Begun, COLLEAGUE, FOUNDER, SECRET, charter, digest_of, object_of, payload_of, replaced,
    sealing, tree_with,
};

/// Half the window in which an act is fresh, to one side, in milliseconds.
const FRESH_MS: i64 = 300_000;

fn word(refused: &ActRefused) -> &'static str {
    let ActRefused::Unverified(unverified) = refused else { panic!("{refused:?}") };
    assert_eq!(refused.kind(), RefusedKind::Unauthorised);
    unverified.code()
}

#[tokio::test]
async fn an_act_is_taken_once() {
    for verb in [Verb::CharterApply, Verb::SecretPut, Verb::AgentToken] {
        let begun = Begun::new().await;
        let tree = charter("the second");
        let base = begun.in_force().await;
        let (object, payload): (Object, fn(&_, Digest) -> Payload) = match verb {
            Verb::Genesis | Verb::CharterApply => {
                (object_of(&tree), |tree, base| payload_of(tree, base))
            }
            Verb::SecretPut => (sealing(SECRET, "a value").0, |_, _| sealing(SECRET, "a value").1),
            Verb::AgentToken => {
                (Object::Agent("demo-agent".parse().unwrap()), |_, _| Payload::None)
            }
        };
        let act = begun.act(verb, object);
        begun.take((act.clone(), payload(&tree, base))).await.unwrap();
        let refused = begun.refuses((act.clone(), payload(&tree, base))).await;
        assert!(matches!(refused, ActRefused::Replayed), "{verb}: {refused:?}");
        assert_eq!(refused.kind(), RefusedKind::Unauthorised);

        // Another process, the same log: what was taken before is known again.
        let begun = begun.restart().await;
        let refused = begun.refuses((act.clone(), payload(&tree, base))).await;
        assert!(matches!(refused, ActRefused::Replayed), "{verb} after a restart: {refused:?}");

        // At the very end of its freshness it is still known, and beyond it is stale.
        begun.clock.advance_ms(FRESH_MS);
        let refused = begun.refuses((act.clone(), payload(&tree, base))).await;
        assert!(matches!(refused, ActRefused::Replayed), "{verb} at the end: {refused:?}");
        begun.clock.advance_ms(1);
        assert_eq!(word(&begun.refuses((act, payload(&tree, base))).await), "stale");
    }
}

/// The longest an act can live: signed by a clock that is five minutes ahead, taken at once.
#[tokio::test]
async fn an_act_from_a_clock_ahead_is_known_as_long_as_it_is_fresh() {
    let begun = Begun::new().await;
    let object = Object::Agent("demo-agent".parse().unwrap());
    let ahead = |stamp: &mut Stamp| stamp.time = stamp.time.plus_millis(FRESH_MS);
    let act = begun.act_but(Verb::AgentToken, object, (FOUNDER, FOUNDER), ahead);
    begun.take((act.clone(), Payload::None)).await.unwrap();
    begun.clock.advance_ms(2 * FRESH_MS);
    // Acts between then and now make the governor forget what it may forget.
    begun.take(begun.token("demo-agent")).await.unwrap();
    let refused = begun.refuses((act, Payload::None)).await;
    assert!(matches!(refused, ActRefused::Replayed), "{refused:?}");
}

/// The same nonce under another time is another act, and still a replay.
#[tokio::test]
async fn a_nonce_is_used_once_whatever_it_stands_in() {
    let begun = Begun::new().await;
    let same = |stamp: &mut Stamp| stamp.nonce = Nonce::new([9; 16]);
    let agent = Object::Agent("demo-agent".parse().unwrap());
    let act = begun.act_but(Verb::AgentToken, agent, (FOUNDER, FOUNDER), same);
    begun.take((act, Payload::None)).await.unwrap();
    let (object, payload) = sealing(SECRET, "a value");
    let act = begun.act_but(Verb::SecretPut, object, (FOUNDER, FOUNDER), same);
    let refused = begun.refuses((act, payload)).await;
    assert!(matches!(refused, ActRefused::Replayed), "{refused:?}");
}

#[tokio::test]
async fn an_act_must_be_of_now_and_for_this_gateway() {
    let begun = Begun::new().await;
    let agent = || Object::Agent("demo-agent".parse().unwrap());
    let signed = |change: &dyn Fn(&mut Stamp)| {
        let act = begun.act_but(Verb::AgentToken, agent(), (FOUNDER, FOUNDER), change);
        (act, Payload::None)
    };
    let old = signed(&|stamp| stamp.time = stamp.time.plus_millis(-FRESH_MS - 1));
    assert_eq!(word(&begun.refuses(old).await), "stale");
    let new = signed(&|stamp| stamp.time = stamp.time.plus_millis(FRESH_MS + 1));
    assert_eq!(word(&begun.refuses(new).await), "from_the_future");
    let other = signed(&|stamp| stamp.gateway = "portreeve2".parse().unwrap());
    assert_eq!(word(&begun.refuses(other).await), "other_gateway");
    let cased = signed(&|stamp| stamp.gateway = "Portreeve".parse().unwrap());
    assert_eq!(word(&begun.refuses(cased).await), "other_gateway");
    for edge in [-FRESH_MS, FRESH_MS] {
        let just = signed(&|stamp| stamp.time = stamp.time.plus_millis(edge));
        begun.take(just).await.unwrap();
    }
}

#[tokio::test]
async fn an_act_must_be_signed_by_a_key_of_its_actor() {
    let begun = Begun::new().await;
    let agent = || Object::Agent("demo-agent".parse().unwrap());
    let by = |names| (begun.act_but(Verb::AgentToken, agent(), names, |_| {}), Payload::None);
    assert_eq!(word(&begun.refuses(by((FOUNDER, COLLEAGUE))).await), "key_not_of_actor");
    assert_eq!(word(&begun.refuses(by((COLLEAGUE, FOUNDER))).await), "key_not_of_actor");
    assert_eq!(word(&begun.refuses(by((FOUNDER, "mallory"))).await), "key_not_of_actor");
    assert_eq!(word(&begun.refuses(by(("mallory", "mallory"))).await), "unknown_actor");
    assert_eq!(word(&begun.refuses(by(("mallory", FOUNDER))).await), "unknown_actor");
}

/// One signature, every field of the act exchanged for another good one in turn.
#[tokio::test]
async fn an_act_that_was_altered_after_signing_is_refused() {
    let begun = Begun::new().await;
    let agent = |name: &str| Object::Agent(name.parse().unwrap());
    let honest = begun.act(Verb::AgentToken, agent("demo-agent"));
    let stamp = || Stamp {
        actor: FOUNDER.parse().unwrap(),
        gateway: honest.act().gateway().clone(),
        nonce: honest.act().nonce(),
        time: honest.act().time(),
    };
    let other_time = Stamp { time: honest.act().time().plus_millis(1), ..stamp() };
    let other_nonce = Stamp { nonce: Nonce::new([1; 16]), ..stamp() };
    let altered = [
        Act::new(Verb::AgentToken, agent("night-batch"), stamp()),
        Act::new(Verb::AgentToken, agent("demo-agent"), other_time),
        Act::new(Verb::AgentToken, agent("demo-agent"), other_nonce),
    ];
    for act in altered {
        let forged = SignedAct::with_signature(act.unwrap(), honest.signature().to_owned());
        assert_eq!(word(&begun.refuses((forged, Payload::None)).await), "bad_signature");
    }
    // A signature for one charter does not bring another into force.
    let (signed, meant) = (charter("signed"), charter("meant"));
    let honest = begun.act(Verb::CharterApply, object_of(&signed));
    let stamp = Stamp { nonce: honest.act().nonce(), time: honest.act().time(), ..stamp() };
    let act = Act::new(Verb::CharterApply, object_of(&meant), stamp).unwrap();
    let forged = SignedAct::with_signature(act, honest.signature().to_owned());
    let with = payload_of(&meant, begun.in_force().await);
    assert_eq!(word(&begun.refuses((forged, with)).await), "bad_signature");
    begun.take((honest, payload_of(&signed, begun.in_force().await))).await.unwrap();
}

#[tokio::test]
async fn what_comes_with_an_act_must_be_of_its_kind() {
    let begun = Begun::new().await;
    let tree = charter("the second");
    let base = begun.in_force().await;
    let charter = || payload_of(&tree, base);
    let secret = || sealing(SECRET, "a value");
    let agent = || Object::Agent("demo-agent".parse().unwrap());
    let wrong = [
        (Verb::CharterApply, object_of(&tree), Payload::None),
        (Verb::CharterApply, object_of(&tree), secret().1),
        (Verb::SecretPut, secret().0, Payload::None),
        (Verb::SecretPut, secret().0, charter()),
        (Verb::AgentToken, agent(), charter()),
        (Verb::AgentToken, agent(), secret().1),
    ];
    for (verb, object, payload) in wrong {
        let refused = begun.refuses((begun.act(verb, object), payload)).await;
        assert!(matches!(refused, ActRefused::PayloadMismatch), "{verb}: {refused:?}");
        assert_eq!(refused.kind(), RefusedKind::Denied);
    }
}

#[tokio::test]
async fn a_charter_must_be_the_one_that_was_signed() {
    let begun = Begun::new().await;
    let base = begun.in_force().await;
    let (signed, other) = (charter("signed"), charter("signed "));
    let act = begun.act(Verb::CharterApply, object_of(&signed));
    let refused = begun.refuses((act, payload_of(&other, base))).await;
    assert!(matches!(refused, ActRefused::OtherCharter), "{refused:?}");
}

#[tokio::test]
async fn a_charter_replaces_the_one_its_proposer_saw() {
    let begun = Begun::new().await;
    let first = begun.in_force().await;
    begun.take(begun.apply(&charter("the second")).await).await.unwrap();
    let tree = charter("the third");
    for base in [first, Digest::of(b"a charter that never was"), digest_of(&tree)] {
        let act = begun.act(Verb::CharterApply, object_of(&tree));
        let refused = begun.refuses((act, payload_of(&tree, base))).await;
        assert!(matches!(refused, ActRefused::BaseMoved { .. }), "{refused:?}");
        assert!(refused.to_string().contains(&begun.in_force().await.to_string()));
    }
}

#[tokio::test]
async fn the_same_charter_again_is_no_change() {
    let begun = Begun::new().await;
    let refused = begun.refuses(begun.apply(&begun.first.clone()).await).await;
    assert!(matches!(refused, ActRefused::NothingChanged), "{refused:?}");
}

/// Every problem is told at once, and the last good charter keeps serving.
#[tokio::test]
async fn a_charter_with_problems_changes_nothing() {
    let begun = Begun::new().await;
    let good = charter("");
    let bad = tree_with(&[
        (
            "agents/demo-agent.yaml",
            &replaced(&good, "agents/demo-agent.yaml", "dev ", "production "),
        ),
        (
            "models/portreeve-demo.yaml",
            &replaced(&good, "models/portreeve-demo.yaml", "provider: demo", "provider: dmeo"),
        ),
        ("policies/model/10-demo.cedar", "permit (principal, action, resource);"),
    ]);
    let refused = begun.refuses(begun.apply(&bad).await).await;
    let ActRefused::Problems(problems) = &refused else { panic!("{refused:?}") };
    for file in
        ["agents/demo-agent.yaml", "models/portreeve-demo.yaml", "policies/model/10-demo.cedar"]
    {
        assert!(problems.iter().any(|problem| problem.place.file == file), "{file}: {problems:#?}");
    }
    begun.take(begun.token("demo-agent")).await.unwrap();
}

#[tokio::test]
async fn a_charter_whose_own_tests_fail_changes_nothing() {
    let begun = Begun::new().await;
    let permit_gone = tree_with(&[("policies/model/10-demo.cedar", "// nothing is permitted")]);
    let refused = begun.refuses(begun.apply(&permit_gone).await).await;
    let ActRefused::Problems(problems) = &refused else { panic!("{refused:?}") };
    assert!(problems.iter().all(|problem| problem.code == "policy-test-failed"), "{problems:#?}");
}

#[tokio::test]
async fn the_trust_domain_stays() {
    let begun = Begun::new().await;
    let good = charter("");
    let moved = replaced(&good, "charter.yaml", "0123456789ab.portreeve", "moved.portreeve");
    let refused = begun.refuses(begun.apply(&tree_with(&[("charter.yaml", &moved)])).await).await;
    assert!(matches!(refused, ActRefused::TrustDomainFixed), "{refused:?}");
}

/// Every act, token and sealed value is bound to the gateway's name: a charter cannot change it.
#[tokio::test]
async fn the_gateways_name_stays() {
    let begun = Begun::new().await;
    let good = charter("");
    let renamed = replaced(&good, "charter.yaml", "name: portreeve", "name: customs-house");
    let refused = begun.refuses(begun.apply(&tree_with(&[("charter.yaml", &renamed)])).await).await;
    assert!(matches!(refused, ActRefused::NameFixed(_)), "{refused:?}");
}

/// `genesis` began this gateway; signed again it begins nothing.
#[tokio::test]
async fn genesis_happens_once() {
    let begun = Begun::new().await;
    let tree = charter("the second");
    let act = begun.act(Verb::Genesis, object_of(&tree));
    let refused = begun.refuses((act, payload_of(&tree, begun.in_force().await))).await;
    assert!(matches!(refused, ActRefused::Begun), "{refused:?}");
}

#[tokio::test]
async fn a_charter_that_the_gateway_cannot_serve_is_not_recorded() {
    let begun = Begun::new().await;
    begun.gateway.lock().unwrap().cannot = Some("the provider's address is no address".to_owned());
    let refused = begun.refuses(begun.apply(&charter("the second")).await).await;
    assert!(matches!(refused, ActRefused::CannotServe(_)), "{refused:?}");
    assert!(refused.to_string().contains("the provider's address is no address"));
}

#[tokio::test]
async fn only_a_declared_secret_is_sealed_with_the_value_that_was_signed() {
    let begun = Begun::new().await;
    let refused = begun.refuses(begun.put("unheard-of", "a value")).await;
    assert!(matches!(refused, ActRefused::SecretUndeclared(_)), "{refused:?}");

    let signed = sealing(SECRET, "a value").0;
    for other in ["a valuE", "a valu", "a value!"] {
        let act = begun.act(Verb::SecretPut, signed.clone());
        let refused = begun.refuses((act, sealing(SECRET, other).1)).await;
        assert!(matches!(refused, ActRefused::OtherSecret), "{refused:?}");
        assert!(!refused.to_string().contains(other));
    }
    // The same value under another salt is not what was signed either.
    let (object, payload) = sealing(SECRET, "a value");
    let Payload::Secret { value, .. } = payload else { panic!("{payload:?}") };
    let salt = approval::Salt::new([6; 32].into());
    let act = begun.act(Verb::SecretPut, object);
    let refused = begun.refuses((act, Payload::Secret { value, salt })).await;
    assert!(matches!(refused, ActRefused::OtherSecret), "{refused:?}");
    // A commitment to one secret does not open as another.
    let Object::Secret { commitment, .. } = sealing("other-key", "a value").0 else { panic!() };
    let object = Object::Secret { name: SECRET.parse().unwrap(), commitment };
    let act = begun.act(Verb::SecretPut, object);
    let refused = begun.refuses((act, sealing(SECRET, "a value").1)).await;
    assert!(matches!(refused, ActRefused::OtherSecret), "{refused:?}");
}

#[tokio::test]
async fn people_hold_no_token_of_an_agent_that_is_unknown_suspended_or_in_production() {
    let begun = Begun::new().await;
    let refused = begun.refuses(begun.token("nobody")).await;
    assert!(matches!(refused, ActRefused::AgentUndeclared(_)), "{refused:?}");
    let refused = begun.refuses(begun.token("resting")).await;
    assert!(matches!(refused, ActRefused::AgentSuspended(_)), "{refused:?}");
    let refused = begun.refuses(begun.token("night-batch")).await;
    assert!(matches!(refused, ActRefused::AgentProd(_)), "{refused:?}");
    assert_eq!(refused.kind(), RefusedKind::Denied);
}

/// The keys that count are those of the charter in force, from the change on.
#[tokio::test]
async fn a_key_that_a_change_took_away_signs_nothing_more() {
    let begun = Begun::new().await;
    let good = charter("");
    let people = String::from_utf8_lossy(good.get("people.yaml").unwrap()).into_owned();
    let line = crate::common::key(COLLEAGUE).public_line().unwrap();
    let without =
        people.replace(&format!("      - {line}\n"), "").replacen("keys:\n", "keys: []\n", 1);
    let agent = Object::Agent("demo-agent".parse().unwrap());
    let act = |begun: &Begun| begun.act_by(COLLEAGUE, Verb::AgentToken, agent.clone());
    begun.take((act(&begun), Payload::None)).await.unwrap();
    begun.take(begun.apply(&tree_with(&[("people.yaml", &without)])).await).await.unwrap();
    let refused = begun.refuses((act(&begun), Payload::None)).await;
    assert!(matches!(refused, ActRefused::Unverified(Unverified::UnknownActor(_))), "{refused:?}");
}
