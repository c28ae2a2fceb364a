//! Tokens bound to an approved context: which are handed out, what is recorded of them, and which
//! are refused with a word of what would do.

use approval::{Act, Object, SignedAct, Stamp, Verb};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use charter::SourceTree;
use govern::{ActRefused, ContextRefused, Effect, NotBound, Payload, RefusedKind};
use ledger::EntryKind;
use serde_json::Value;

use crate::common::{Begun, FOUNDER, act_of, as_json, payload_of, tree_with};

const AGENT: &str = "demo-agent";

fn context(name: &str, agent: &str, more: &str) -> String {
    format!(
        "name: {name}\npurpose: What {name} is for.\napprover: response-lead\n\
         data_class: public\nmodels: [portreeve-demo]\nagents: [{agent}]\n{more}"
    )
}

/// A charter in which the agent has two contexts that will do, one of them closed on the day of
/// these tests, and one that ended the day before; a fourth is another agent's.
fn contexts() -> SourceTree {
    let files = [
        ("contexts/tickets.yaml", context("tickets", AGENT, "until: 2026-11-24\n")),
        (
            "contexts/sundays.yaml",
            context("sundays", AGENT, "hours: {days: [sun], from: 08:00, until: 10:00}\n"),
        ),
        ("contexts/last-year.yaml", context("last-year", AGENT, "until: 2026-11-23\n")),
        ("contexts/theirs.yaml", context("theirs", "resting", "")),
    ];
    let files: Vec<(&str, &str)> =
        files.iter().map(|(path, text)| (*path, text.as_str())).collect();
    tree_with(&files)
}

async fn begun() -> Begun {
    let begun = Begun::new().await;
    begun.take(begun.apply(&contexts()).await).await.unwrap();
    begun
}

fn claims(token: &str) -> Value {
    let part = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

#[tokio::test]
async fn a_token_is_bound_to_the_context_that_was_signed_for() {
    let begun = begun().await;
    for name in ["tickets", "sundays"] {
        let (act, with) = begun.token_in(AGENT, name);
        let signed = as_json(&act);
        let done = begun.take((act, with)).await.unwrap();
        let Effect::Token(token) = &done.effect else { panic!("{done:?}") };
        assert_eq!(claims(token.expose())["portreeve_context"], name);

        let acts = begun.entries_of(EntryKind::Act);
        let entry = acts.last().unwrap();
        assert_eq!((entry.index, act_of(entry)), (done.index, signed));
        let body = &entry.json["body"];
        assert_eq!(body["object"], format!("agent:{AGENT}:context:{name}"));
        assert_eq!(body["effect"]["context"], name);
        assert_eq!(body["effect"]["token"], token.digest().to_string());
    }
    let done = begun.take(begun.token(AGENT)).await.unwrap();
    let Effect::Token(token) = &done.effect else { panic!("{done:?}") };
    assert!(claims(token.expose()).get("portreeve_context").is_none());
    let acts = begun.entries_of(EntryKind::Act);
    assert!(acts.last().unwrap().json["body"]["effect"].get("context").is_none());
    // What was written of either kind is read by the next start.
    let begun = begun.restart().await;
    begun.take(begun.token_in(AGENT, "tickets")).await.unwrap();
}

async fn refused(begun: &Begun, agent: &str, name: &str) -> (ContextRefused, String) {
    let refused = begun.refuses(begun.token_in(agent, name)).await;
    assert_eq!(refused.kind(), RefusedKind::Denied);
    let text = refused.to_string();
    let ActRefused::Context(refused) = refused else { panic!("{refused:?}") };
    (refused, text)
}

#[tokio::test]
async fn a_context_that_would_not_do_is_refused_with_those_that_would() {
    let begun = begun().await;
    for (name, why, says) in [
        ("nowhere", NotBound::Undeclared, "does not declare it"),
        ("theirs", NotBound::OtherAgents, "does not bind the agent to it"),
        ("last-year", NotBound::Ended, "its last day has passed"),
    ] {
        let (refused, text) = refused(&begun, AGENT, name).await;
        assert_eq!((refused.why, refused.context.as_str()), (why, name));
        assert!(text.contains(says) && text.contains(name) && text.contains(AGENT), "{text}");
        assert!(text.ends_with("These would do: sundays, tickets"), "{text}");
    }
    // A day later another one has ended.
    begun.clock.advance_ms(24 * 60 * 60 * 1000);
    let (refused, text) = refused(&begun, AGENT, "tickets").await;
    assert_eq!(refused.why, NotBound::Ended);
    assert!(text.ends_with("These would do: sundays"), "{text}");
}

#[tokio::test]
async fn an_agent_without_contexts_is_told_that_none_would_do() {
    let begun = Begun::new().await;
    let (_, text) = refused(&begun, AGENT, "tickets").await;
    assert!(text.ends_with("None of this agent's contexts would do"), "{text}");
}

#[tokio::test]
async fn the_agent_is_judged_before_its_context() {
    let begun = begun().await;
    let refused = begun.refuses(begun.token_in("nobody", "tickets")).await;
    assert!(matches!(refused, ActRefused::AgentUndeclared(_)), "{refused:?}");
    let refused = begun.refuses(begun.token_in("resting", "theirs")).await;
    assert!(matches!(refused, ActRefused::AgentSuspended(_)), "{refused:?}");
    let refused = begun.refuses(begun.token_in("night-batch", "tickets")).await;
    assert!(matches!(refused, ActRefused::AgentProd(_)), "{refused:?}");
}

/// What was signed is one agent in one context: neither another context nor none.
#[tokio::test]
async fn a_signature_is_for_one_context() {
    let begun = begun().await;
    let (honest, _) = begun.token_in(AGENT, "tickets");
    let agent = || AGENT.parse().unwrap();
    for object in [
        Object::Agent(agent()),
        Object::AgentContext { agent: agent(), context: "sundays".parse().unwrap() },
    ] {
        let stamp = Stamp {
            actor: FOUNDER.parse().unwrap(),
            gateway: honest.act().gateway().clone(),
            nonce: honest.act().nonce(),
            time: honest.act().time(),
        };
        let act = Act::new(Verb::AgentToken, object, stamp).unwrap();
        let forged = SignedAct::with_signature(act, honest.signature().to_owned());
        let refused = begun.refuses((forged, Payload::None)).await;
        let ActRefused::Unverified(unverified) = refused else { panic!("{refused:?}") };
        assert_eq!(unverified.code(), "bad_signature");
    }
    let beside = payload_of(&contexts(), begun.in_force().await);
    let refused = begun.refuses((begun.token_in(AGENT, "tickets").0, beside)).await;
    assert!(matches!(refused, ActRefused::PayloadMismatch), "{refused:?}");
}
