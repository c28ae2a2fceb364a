//! `portreeve status`: the same screen with a gateway that serves and with one that rests.

use serde_json::Value;

use crate::common::{Home, text_of};

#[test]
fn the_screen_says_what_serves_what_was_refused_and_what_is_open() {
    let home = Home::new();
    let server = home.up();
    let token = home.token("demo-agent");
    assert_eq!(server.call(&token).status, 200);
    let refused = server.call_model(&token, "no-such-model");
    assert_eq!(refused.status, 404);
    let status = home.run(&["status", "--json"]).json();
    assert_eq!(status["serving"], true);
    assert_eq!(status["draining"], false);
    assert_eq!(status["healthy"]["decisions"], true);
    assert_eq!(
        (&status["traffic"]["requests"], &status["traffic"]["refusals"]),
        (&2.into(), &1.into())
    );
    for part in ["own", "provider"] {
        assert!(status["traffic"][part]["p99_us"].as_u64().is_some(), "{part}: {status}");
    }
    assert!(status["uptime_s"].as_u64().is_some());
    let latest = status["refusals"][0].clone();
    assert_eq!(text_of(&latest, "code"), "model_unknown");
    assert_eq!(text_of(&latest, "agent"), "demo-agent");
    assert_eq!(text_of(&latest, "id"), refused.header("portreeve-decision").unwrap());
    assert_eq!(text_of(&latest, "fixer"), "the policy's owner");
    let screen = home.run(&["status"]);
    for part in ["serving for", "requests/s", "the gateway's own part: p50", "model_unknown"] {
        assert!(screen.ok().contains(part), "{part}: {}", screen.out);
    }
    let all = home.run(&["status", "--all"]);
    for finding in status["findings"].as_array().unwrap() {
        assert!(all.ok().contains(finding.as_str().unwrap()), "{finding}: {}", all.out);
    }
    server.stop();
    let resting = home.run(&["status", "--json"]).json();
    assert_eq!(resting["serving"], false);
    assert_eq!(resting["refusals"][0], latest, "the log says what was refused");
    assert_eq!(resting.get("traffic"), None::<&Value>, "nobody knows");
    let screen = home.run(&["status"]);
    assert!(screen.ok().contains("not serving; start it with `portreeve up`"), "{screen:?}");
    assert!(!screen.out.contains("latency"), "{screen:?}");
}
