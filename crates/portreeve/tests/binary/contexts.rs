//! A charter whose context names what is gone: the change is refused, and what was in force serves.

use std::fs;

use testkit::FakeProvider;

use crate::common::Home;

const CONTEXT: &str = "name: support\npurpose: Answers to customers.\napprover: policy-lead\n\
                       data_class: public\nmodels: [local-model]\nagents: [demo-agent]\n";

#[test]
fn a_change_that_takes_a_contexts_model_away_is_refused_and_the_last_good_charter_serves() {
    let home = Home::new();
    let server = home.up();
    let provider = FakeProvider::start();
    home.use_provider(&provider);
    home.write("contexts/support.yaml", CONTEXT);
    home.apply();
    let token = home.token("demo-agent");
    let charter = home.run(&["status", "--json"]).json()["charter"].clone();
    let serves = || {
        let reply = server.call_model(&token, "local-model");
        assert_eq!(reply.status, 200, "{}", reply.text());
        let decision = reply.header("portreeve-decision").unwrap();
        let account = home.run(&["explain", decision, "--json"]).json();
        assert_eq!(account["decision"]["context"], "support", "{account}");
        assert_eq!(home.run(&["status", "--json"]).json()["charter"], charter);
    };
    serves();
    for file in ["models/local.yaml", "policies/model/30-local.cedar"] {
        fs::remove_file(home.path("charter").join(file)).unwrap();
    }
    let copy = home.path("charter").display().to_string();
    for arguments in [&["change", "propose", &copy, "--apply"][..], &["check", &copy]] {
        let refused = home.run(arguments);
        let told = refused.all();
        assert_eq!(refused.code, Some(1), "{told}");
        for said in ["contexts/support.yaml:", "unknown-model", "`local-model`"] {
            assert!(told.contains(said), "{said}: {told}");
        }
    }
    serves();
    // Nor does a start read what was refused.
    server.stop();
    let server = home.up();
    assert_eq!(server.call_model(&token, "local-model").status, 200);
    fs::remove_file(home.path("charter/contexts/support.yaml")).unwrap();
    home.apply();
    assert_eq!(server.call_model(&token, "local-model").status, 404);
    server.stop();
}
