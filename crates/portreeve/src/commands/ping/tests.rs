//! What a ping says of each layer that fails, and of a call that gets through.

use super::*;
use crate::probe::LayerReport;

fn asked() -> ProbeAsked {
    ProbeAsked {
        agent: "helper".parse().expect("a name"),
        model: "fast".parse().expect("a name"),
        provider: None,
        context: None,
    }
}

fn fine(layer: &str, says: &str) -> LayerReport {
    let (layer, says) = (layer.to_owned(), says.to_owned());
    LayerReport { layer, ok: true, took_us: 12, says, failure: None }
}

fn failing(layer: &str, code: model::RefusalCode, says: &str) -> LayerReport {
    let mut failure = FailureReport {
        code: code.as_str().to_owned(),
        title: code.title().to_owned(),
        fixer: code.fixer().as_str().to_owned(),
        ask: Some("seat:policy-lead".to_owned()),
        holder: Some("ann".to_owned()),
        policies: vec!["policies/model/10-team.cedar:3".to_owned()],
        secret: None,
        next: None,
        page: None,
    };
    words::advise(&asked(), layer, &mut failure);
    LayerReport { ok: false, took_us: 1_530, failure: Some(failure), ..fine(layer, says) }
}

fn pinged(layers: Vec<LayerReport>) -> Pinged {
    Pinged { asked: asked(), target: None, layers, decision: None }
}

#[test]
fn the_layer_that_fails_is_named_with_who_can_fix_it_and_what_to_do_next() {
    let forbids = model::RefusalCode::PolicyForbids;
    let stopped = pinged(vec![
        fine("agent", "declared, active, of environment dev"),
        failing("policy", forbids, "Withdrawn for now."),
    ]);
    let expected = "\
ok    agent     declared, active, of environment dev (12 us)
FAIL  policy    policy_forbids: A policy forbids it. (1.5 ms)

It stops at the layer `policy`: A policy forbids it.
what      Withdrawn for now.
by        policies/model/10-team.cedar:3
fixed by  the policy's owner: seat:policy-lead (ann)
next      portreeve policy list
read      docs/reference/policy.md
";
    assert_eq!(text::account(&stopped, false), expected);
    let json = stopped.object();
    assert_eq!((&json["ok"], &json["failed"]), (&json!(false), &json!("policy")));
    assert_eq!(json["layers"][1]["failure"]["fixer"], "the policy's owner");
}

#[test]
fn a_call_that_gets_through_is_not_said_to_have_been_made() {
    let through = pinged(vec![fine("agent", "declared")]);
    let text = text::account(&through, false);
    assert!(text.contains("as far as this can be known without one"), "{text}");
    let mut made = pinged(vec![fine("call", "answered 200 by openai/gpt-5")]);
    made.decision = Some("01993a0e".to_owned());
    let text = text::account(&made, true);
    assert!(text.contains("a call was made and answered"), "{text}");
    assert!(text.ends_with("decision  portreeve explain 01993a0e\n"), "{text}");
}

#[test]
fn every_layer_leads_to_a_command_and_a_page_that_is_there() {
    use std::path::Path;

    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for layer in [
        "gateway", "agent", "model", "context", "policy", "quota", "secret", "network", "upstream",
        "token", "call",
    ] {
        let layer = failing(layer, model::RefusalCode::NoTarget, "");
        let failure = layer.failure.expect("it fails");
        let next = failure.next.expect("a command");
        assert!(next.starts_with("portreeve ") && !next.ends_with(' '), "{next}");
        let page = failure.page.expect("a page");
        assert!(root.join(&page).is_file(), "{page}");
    }
}
