//! Where a policy stands: the place that every decision cites.

use model::PolicySetKind::{Guardrails, Model};
use model::{Digest, Effect};

use crate::support::{compiled, named, scene, source};

/// Comments, a commented-out copy of the policy after it, text that looks like code, CRLF.
const FILE: &str = concat!(
    "// Who may use what.\n",
    "\n",
    "// @id(\"one\") @owner(\"seat:a\") @rationale(\"r\") ",
    "permit (principal, action == Action::\"InvokeModel\", resource);\n",
    "@id(\"one\") @owner(\"seat:a\") @rationale(\"r\") ",
    "permit (principal, action == Action::\"InvokeModel\", resource);\n",
    "// between; with a semicolon\r\n",
    "  @id(\"two\")\r\n",
    "  @owner(\"seat:b\")\r\n",
    "  @rationale(\"a // b; permit (principal, action, resource);\")\r\n",
    "  @control(\"CSF:PR.AA-05\") @expires(\"2030-01-01\")\r\n",
    "  permit (\r\n",
    "    principal == Agent::\"demo-agent\", // it; has a friend\r\n",
    "    action == Action::\"InvokeModel\",\r\n",
    "    resource == Model::\"gpt\"\r\n",
    "  ) when { resource.owner != \";\" };",
    "@id(\"three\") @owner(\"seat:c\") @rationale(\"r\") forbid (principal,\n",
    "  action == Action::\"InvokeModel\", resource\n",
    ") when { context.call.stream }; // end",
);

#[test]
fn each_policy_is_found_with_its_lines_text_and_digest() {
    let policies = compiled(&[source(Model, "policies/model/a.cedar", FILE)]).unwrap();
    let all: Vec<_> = policies.all().collect();
    let cited: Vec<_> = all
        .iter()
        .map(|one| {
            let policy = &one.policy;
            let lines = (policy.line, policy.line_end);
            (policy.id.as_str(), policy.effect, lines, policy.owner.as_str())
        })
        .collect();
    assert_eq!(
        cited,
        [
            ("model/one", Effect::Permit, (4, 4), "seat:a"),
            ("model/three", Effect::Forbid, (14, 16), "seat:c"),
            ("model/two", Effect::Permit, (6, 14), "seat:b"),
        ]
    );
    for one in &all {
        assert_eq!(one.policy.file, "policies/model/a.cedar");
        assert_eq!(one.policy.text, Digest::of(one.text.as_bytes()));
        assert!(one.text.starts_with("@id(") && one.text.ends_with(';'), "{}", one.text);
        assert!(FILE.contains(&one.text));
    }
    assert_eq!(all[2].control.as_deref(), Some("CSF:PR.AA-05"));
    assert_eq!(all[2].rationale, "a // b; permit (principal, action, resource);");
    assert_eq!(all[2].expires.unwrap().to_string(), "2030-01-02T00:00:00.000Z");
    assert_eq!((all[0].control.as_deref(), all[0].expires), (None, None));
}

#[test]
fn a_problem_points_at_the_policy_and_not_at_its_commented_copy() {
    let text =
        FILE.replace("@id(\"one\") @owner(\"seat:a\")", "@id(\"one\") @owner(\"seat:nobody\")");
    let problems = compiled(&[source(Model, "a.cedar", &text)]).unwrap_err();
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].place.to_string(), "a.cedar:4:12");
}

#[test]
fn columns_count_characters_and_not_bytes() {
    let policy = concat!(
        "permit (principal, action == Action::\"InvokeModel\", resource) ",
        "when { \"äöü\" == resource.ownr };"
    );
    let text = named("x", policy);
    let problems = compiled(&[source(Model, "a.cedar", &text)]).unwrap_err();
    assert_eq!(problems[0].place.to_string(), "a.cedar:2:79");
}

#[test]
fn a_decision_cites_the_policies_by_file_and_line() {
    let guardrails = concat!(
        "\n\n@id(\"g\")\n@owner(\"seat:g\")\n@rationale(\"r\")\n",
        "forbid (principal, action, resource) when { context.caller.token_age_s > 10 };\n"
    );
    let sources = [
        source(Guardrails, "policies/guardrails/g.cedar", guardrails),
        source(Model, "policies/model/a.cedar", FILE),
    ];
    let policies = compiled(&sources).unwrap();
    let mut scene = scene();
    let refused = scene.decide(&policies).unwrap_err().refusal;
    let cited: Vec<_> =
        refused.policies.iter().map(|one| (one.file.as_str(), one.line, one.line_end)).collect();
    assert_eq!(cited, [("policies/guardrails/g.cedar", 3, 6)]);

    scene.call.token_age_s = 10;
    scene.targets.remove(0);
    let permit = scene.decide(&policies).unwrap();
    let cited: Vec<_> =
        permit.targets().first().policies.iter().map(|one| (one.id.as_str(), one.line)).collect();
    assert_eq!(cited, [("model/one", 4), ("model/two", 6)]);
}
