//! Access to models never implies access to tools, secrets or downstream systems: a policy that
//! speaks of another set's matters does not compile.

use model::PolicySetKind::{self, Guardrails, Model, Secret, Tool};
use policy::schema_text;

use crate::support::{compiled, named, shown, source};

/// `text` in `set` has exactly one problem: `code` at line 2 (`column`), saying each of `says`.
fn check(set: PolicySetKind, text: &str, code: &str, says: &[&str]) {
    let Err(problems) = compiled(&[source(set, "x.cedar", &named("x", text))]) else {
        panic!("this compiles: {text}");
    };
    let all = shown(&problems);
    assert_eq!(problems.len(), 1, "{text}\n{all}");
    assert_eq!(problems[0].code, code, "{text}\n{all}");
    for word in says {
        assert!(all.contains(word), "`{word}` is missing in:\n{all}");
    }
}

fn invoke(condition: &str) -> String {
    format!(
        "permit (principal, action == Action::\"InvokeModel\", resource) when {{ {condition} }};"
    )
}

#[test]
fn a_policy_that_leaves_its_domain_does_not_compile() {
    let calls_a_tool = r#"permit (principal, action == Action::"CallTool", resource);"#;
    check(Model, calls_a_tool, "policy-invalid", &["x.cedar:2:30", "unrecognized action"]);
    let of_a_tool = r#"permit (principal, action == Action::"InvokeModel", resource is Tool);"#;
    check(Model, of_a_tool, "policy-invalid", &["x.cedar:2:65", "unrecognized entity type `Tool`"]);
    let any_model = r#"permit (principal, action in Action::"ModelAccess", resource);"#;
    check(Tool, any_model, "policy-invalid", &["unrecognized action", "ToolAccess"]);
    let searches = r#"permit (principal, action == Action::"UseProviderTool", resource);"#;
    check(Model, searches, "policy-invalid", &["x.cedar:2:30", "unrecognized action"]);
    let keeps = r#"permit (principal, action == Action::"InvokeModel", resource is ProviderTool);"#;
    check(Model, keeps, "policy-invalid", &["unrecognized entity type `ProviderTool`"]);
}

/// Whoever may use a model can say nothing of tools in its policy, and the other way round.
#[test]
fn no_set_knows_the_types_of_another() {
    let own: [(PolicySetKind, &str, &[&str]); 4] = [
        (Model, "InvokeModel", &["Model::\"a\""]),
        (
            Tool,
            "UseProviderTool",
            &[
                "Tool::\"a\"",
                "ToolServer::\"a\"",
                "ProviderTool::\"a/maps\"",
                "ProviderToolKind::\"maps\"",
                "UnrecognisedPlace::\"beta\"",
            ],
        ),
        (Secret, "UseSecret", &["Secret::\"a\""]),
        (PolicySetKind::Downstream, "CallDownstream", &["Downstream::\"a\""]),
    ];
    for (set, action, _) in own {
        for (of, _, entities) in own {
            for entity in entities {
                let text = named(
                    "x",
                    &format!(
                        "permit (principal, action == Action::\"{action}\", resource) \
                         when {{ principal.env == Env::\"dev\" || [{entity}].isEmpty() }};"
                    ),
                );
                let compiles = compiled(&[source(set, "x.cedar", &text)]).is_ok();
                assert_eq!(compiles, set == of, "{entity} in {}", set.as_str());
            }
        }
    }
}

#[test]
fn a_tool_of_a_provider_is_called_by_the_provider_and_a_kind_that_exists() {
    let rule = |id: &str| {
        format!(
            "permit (principal, action == Action::\"UseProviderTool\", \
             resource == ProviderTool::\"{id}\");"
        )
    };
    let code = "policy-provider-tool-malformed";
    for id in ["openai/web_serch", "openai", "web_search", "/web_search", "a/b/maps", "A/maps", ""]
    {
        check(Tool, &rule(id), code, &["x.cedar:2:69", "<provider>/<kind>", "web_search, "]);
    }
    let fine =
        compiled(&[source(Tool, "x.cedar", &named("x", &rule("openai/web_search")))]).unwrap();
    let names: Vec<_> = fine.all().flat_map(|one| one.names.clone()).collect();
    let name = |kind: &str, id: &str| (kind.to_owned(), id.to_owned());
    assert_eq!(names, [name("Provider", "openai"), name("ProviderTool", "openai/web_search")]);
}

#[test]
fn no_set_knows_the_actions_of_another() {
    let own: [(PolicySetKind, &[&str]); 4] = [
        (Model, &["InvokeModel", "ModelAccess"]),
        (
            Tool,
            &["CallTool", "UseProviderTool", "StoreAtProvider", "PassUnrecognised", "ToolAccess"],
        ),
        (Secret, &["UseSecret", "SecretAccess"]),
        (PolicySetKind::Downstream, &["CallDownstream", "DownstreamAccess"]),
    ];
    for (set, _) in own {
        for (of, actions) in own {
            for action in actions {
                let text = named(
                    "x",
                    &format!("permit (principal, action in Action::\"{action}\", resource);"),
                );
                let compiles = compiled(&[source(set, "x.cedar", &text)]).is_ok();
                assert_eq!(compiles, set == of, "{action} in {}", set.as_str());
            }
        }
    }
}

#[test]
fn a_wildcard_action_stands_only_in_guardrails_and_guardrails_only_forbid() {
    for set in PolicySetKind::ALL {
        if set != Guardrails {
            check(
                set,
                "permit (principal, action, resource);",
                "policy-action-open",
                &["x.cedar:2:20"],
            );
            check(set, "forbid (principal, action, resource);", "policy-action-open", &[]);
        }
    }
    check(
        Guardrails,
        "permit (principal, action, resource);",
        "guardrail-permits",
        &["x.cedar:2:1"],
    );
    let forbid = named(
        "x",
        "forbid (principal, action, resource) when { context.caller.token_age_s > 300 };",
    );
    assert!(compiled(&[source(Guardrails, "x.cedar", &forbid)]).is_ok());
}

#[test]
fn words_types_and_attributes_outside_the_schema_do_not_compile() {
    let word = invoke(r#"principal.env == Env::"prd""#);
    check(Model, &word, "policy-invalid", &["x.cedar:2:87", r#""dev", "staging", "prod""#]);
    let unguarded = invoke("context.call.output_tokens_max < 5");
    check(
        Model,
        &unguarded,
        "policy-invalid",
        &["optional attribute", "context.call has output_tokens_max"],
    );
    let misspelt = invoke(r#"principal.lifecyle == Lifecycle::"active""#);
    check(Model, &misspelt, "policy-invalid", &["did you mean `lifecycle`?"]);
    check(Model, &invoke(r#"principal.autonomy == "0""#), "policy-invalid", &["Long and String"]);
    let server = r#"permit (principal, action == Action::"CallTool", resource is ToolServer);"#;
    check(Tool, server, "policy-impossible", &["unable to find an applicable action"]);
    check(Model, &invoke("false"), "policy-impossible", &["impossible"]);
    check(
        Model,
        &invoke("resource.owner == \"se\u{430}t:x\""),
        "policy-confusing-text",
        &["mixed scripts"],
    );
}

#[test]
fn a_policy_follows_references_one_step_and_no_further() {
    let one =
        invoke(r#"context.provider.kind == ProviderKind::"demo" && principal.team == Team::"a""#);
    assert!(compiled(&[source(Model, "x.cedar", &named("x", &one))]).is_ok());
    check(
        Model,
        &invoke(r#"principal.team in Team::"a""#),
        "policy-invalid",
        &["requires level 2"],
    );
}

/// `has` is false of what the schema does not know, and Cedar says nothing of it.
#[test]
fn an_attribute_that_the_schema_does_not_know_is_tested_by_no_policy() {
    for (tested, place) in [
        ("context.target has regoin", "x.cedar:2:89"),
        ("context.target has \"regoin\"", "x.cedar:2:89"),
        ("context has target.regoin", "x.cedar:2:89"),
        ("context has approved && context.target has regoin", "x.cedar:2:113"),
    ] {
        let code = "policy-attribute-unknown";
        check(Model, &invoke(tested), code, &[place, "`regoin`", "portreeve policy schema model"]);
    }
    for tested in [
        "context.target has region",
        "context has approved.name",
        "context.target has \"trains\"",
        "context.target.upstream_model != \"it has regoin\" // has regoin\n",
    ] {
        let text = named("x", &invoke(tested));
        assert!(compiled(&[source(Model, "x.cedar", &text)]).is_ok(), "{tested}");
    }
}

#[test]
fn a_template_is_no_policy() {
    let text = r#"permit (principal == ?principal, action == Action::"UseSecret", resource);"#;
    check(Secret, text, "policy-template", &["x.cedar:2:22"]);
}

#[test]
fn each_set_is_shown_the_schema_it_is_checked_against() {
    for set in [Model, Tool, Secret] {
        let text = schema_text(set);
        assert!(text.contains("entity Agent"), "{}", set.as_str());
        assert_eq!(text.contains("action CallTool"), set == Tool);
        assert_eq!(text.contains("action UseProviderTool"), set == Tool);
        assert_eq!(text.contains("action UseSecret"), set == Secret);
    }
    assert!(schema_text(Guardrails).contains("action CallDownstream"));
}
