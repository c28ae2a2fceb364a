//! Which conditions ask for what may be absent and which do not, operator by operator.

use cedar_policy::Policy;

use super::{APPROVED, Absent, Fault, faults};

/// What is wrong with `rule`, in short: what is not asked for, `context...` as a whole, or that it
/// may fail.
fn found(rule: &str) -> Vec<String> {
    let policy = Policy::parse(None, rule).unwrap_or_else(|error| panic!("{rule}: {error}"));
    let name = |absent: &Absent| match absent {
        Absent::Claim(claim) => claim.clone(),
        Absent::Approved => APPROVED.to_owned(),
    };
    let short = |fault: &Fault| match fault {
        Fault::NotAsked { absent, earlier } => format!("{} after {earlier}", name(absent)),
        Fault::Whole(what) => (*what).to_owned(),
        Fault::MayFail(absent) => format!("{} may fail", name(absent)),
    };
    faults(&policy).unwrap().iter().map(short).collect()
}

/// A permit when, and a forbid unless, `condition`.
fn asked(condition: &str) -> Vec<String> {
    let permit = found(&format!("permit (principal, action, resource) when {{ {condition} }};"));
    let forbid = found(&format!("forbid (principal, action, resource) unless {{ {condition} }};"));
    assert_eq!(permit, forbid, "{condition}");
    permit
}

#[test]
fn a_claim_that_is_asked_for_is_taken() {
    for condition in [
        "context.target has region",
        "context has target.region",
        "context.target has \"region\" && context.target[\"region\"] == \"eu\"",
        "context.target has region && context.target.region == \"eu\"",
        "context.target has region && \"eu\" == context.target.region",
        "context.target has region && context.target.region like \"eu-*\"",
        "context.target has region && [\"eu\", \"ch\"].contains(context.target.region)",
        "context.target has region && [context.target.region].containsAny([\"eu\"])",
        "context.target has region && [\"eu\"].containsAll([context.target.region])",
        "context.target has trains && context.target.trains == false",
        "context.target has trains && context.target.trains",
        "context.target has retention_days && context.target.retention_days < 1",
        "context.target has retention_days && 30 >= context.target.retention_days",
        "context.target has days_to_end_of_life && context.target.days_to_end_of_life > -30",
        "context.call.stream || context.target has region",
        "if context.call.stream then context.target has region else context.target has trains",
        "!context.call.stream && context.target has region",
        "context has target && context.target has region",
        "context has call && context.target has region",
        "context has approved",
        "context has \"approved\" && context[\"approved\"].name == \"support\"",
        "context has approved && context.approved.purpose like \"support*\"",
        "context has approved && [\"support\", \"sales\"].contains(context.approved.name)",
        "context has approved && context.approved.data_class == DataClass::\"public\"",
        "context has approved.name && context.approved.name == \"support\"",
        "context has approved && context.approved has name",
        "context.call.stream || context has approved && context.target has region",
        "if context.call.stream then context has approved else context.target has region",
    ] {
        assert!(asked(condition).is_empty(), "{condition}: {:?}", asked(condition));
    }
}

#[test]
fn what_is_no_claim_stands_anywhere() {
    for condition in [
        "!(context.target.upstream_model == \"gpt\")",
        "context.target.upstream_model != \"gpt\" && !(context has target)",
        "(context.target has upstream_model) == true",
        "!(resource has region) && principal.region != \"eu\"",
        "context.region != \"eu\" && !context.call.region",
        "context.caller.token_age_s + 1 > 5 && context.now.offset(duration(\"1h\")) > context.now",
        "{\"a\": context.call, \"b\": context.caller}.a.stream",
        "context.recent.requests * 2 > 5 || !(context has recent)",
        "!(context has approver) && !(context.call has approved) && !principal.approved",
        "context.target.upstream_model != \"approved\" && !(resource has approved)",
    ] {
        assert!(asked(condition).is_empty(), "{condition}: {:?}", asked(condition));
        let when = format!("forbid (principal, action, resource) when {{ {condition} }};");
        assert!(found(&when).is_empty(), "{when}");
    }
}

#[test]
fn a_claim_that_stands_anywhere_else_is_found() {
    let has = "context.target has region";
    let value = "context.target.region";
    for (condition, count) in [
        (format!("!({has})"), 1),
        (format!("!({has} && {value} == \"us\")"), 2),
        (format!("{has} && !({value} == \"us\")"), 1),
        (format!("{has} && {value} != \"us\""), 1),
        (format!("({has}) == true"), 1),
        (format!("false == ({has})"), 1),
        (format!("[{has}].contains(false)"), 1),
        (format!("({has} && {value} == \"us\") == false"), 2),
        (format!("({value} == \"us\") == false"), 1),
        (format!("if {has} then {value} == \"eu\" else true"), 1),
        (format!("(if {has} then {value} else \"eu\") == \"eu\""), 2),
        (format!("[if {has} then {value} else \"eu\"].contains(\"eu\")"), 2),
        (format!("{{\"a\": {has}}}.a"), 1),
        (format!("{{\"a\": {value}}} == {{\"a\": \"eu\"}}"), 1),
        (format!("{{\"a\": {value}}} has a"), 1),
        (format!("{{\"a\": {value}}}.a like \"eu\""), 1),
        (format!("[{value}].isEmpty()"), 1),
        (format!("[[{value}].isEmpty()].contains(false)"), 1),
        (format!("!(!({has}))"), 1),
        (format!("principal in [{value}]"), 0),
        (format!("!(principal in [{value}])"), 1),
        (format!("{value} is Agent"), 1),
        (format!("principal is Agent in {value}"), 1),
        (format!("context.now.durationSince({value}) > duration(\"1d\")"), 1),
        (format!("context.now.toTime() == {value}.toTime()"), 1),
        (format!("resource.getTag({value}) == 1"), 1),
        (format!("resource.hasTag({value})"), 1),
        (format!("{value}.x"), 0),
        ("!(context has target.region)".to_owned(), 1),
        ("!(context.target has region.x)".to_owned(), 1),
        ("!(context[\"target\"] has \"region\")".to_owned(), 1),
        ("!context.target[\"an unheard-of claim\"]".to_owned(), 1),
    ] {
        assert_eq!(asked(&condition).len(), count, "{condition}: {:?}", asked(&condition));
    }
    let twice = format!("{has} && {value} != \"us\" && {value} != \"cn\"");
    assert_eq!(asked(&twice), ["region after 1", "region after 2"]);
}

#[test]
fn an_approved_context_that_stands_anywhere_else_is_found() {
    let has = "context has approved";
    let name = "context.approved.name";
    for (condition, count) in [
        (format!("!({has})"), 1),
        (format!("!(!({has}))"), 1),
        (format!("{has} && {name} != \"sales\""), 1),
        (format!("{has} && !({name} == \"sales\")"), 1),
        (format!("({has}) == false"), 1),
        (format!("({has} && {name} == \"sales\") == false"), 2),
        (format!("if {has} then {name} == \"sales\" else true"), 1),
        (format!("(if {has} then {name} else \"sales\") == \"sales\""), 2),
        (format!("{{\"a\": {name}}}.a == \"sales\""), 1),
        (format!("[{has}].contains(false)"), 1),
        ("!(context has approved.name)".to_owned(), 1),
        ("!(context.approved has name)".to_owned(), 1),
        ("!(context[\"approved\"] has \"name\")".to_owned(), 1),
        ("context.approved.data_class is DataClass".to_owned(), 1),
    ] {
        assert_eq!(asked(&condition).len(), count, "{condition}: {:?}", asked(&condition));
    }
    let apart = format!("{has} && {name} != \"a\" && context.target.region != \"approved\"");
    assert_eq!(asked(&apart), ["approved after 1", "region after 0"]);
    for (effect, clause) in [("permit", "unless"), ("forbid", "when")] {
        let condition = format!("{has} && {name} == \"sales\"");
        let rule = format!("{effect} (principal, action, resource) {clause} {{ {condition} }};");
        assert_eq!(found(&rule), ["approved after 0", "approved after 1"], "{rule}");
    }
}

#[test]
fn where_a_false_condition_lets_pass_no_claim_may_stand() {
    for (effect, clause) in [("permit", "unless"), ("forbid", "when")] {
        for (condition, count) in [
            ("context.target has region", 1),
            ("context.target has region && context.target.region == \"us\"", 2),
            ("!(context.target has region)", 1),
            ("!(context.target has region && context.target.region == \"eu\")", 2),
            ("context.call.stream || context.target.trains", 1),
        ] {
            let rule =
                format!("{effect} (principal, action, resource) {clause} {{ {condition} }};");
            assert_eq!(found(&rule).len(), count, "{rule}");
        }
    }
    let both = "permit (principal, action, resource) when { context.target has region } \
                unless { context.target.region == \"us\" };";
    assert_eq!(found(both), ["region after 1"]);
}

#[test]
fn claims_are_not_taken_as_a_whole() {
    let record = "{\"upstream_model\": \"gpt\"}";
    let either = "if context.call.stream then context.target else context.target";
    for (condition, what) in [
        (format!("context.target == {record}"), "context.target"),
        (format!("[context.target].contains({record})"), "context.target"),
        ("{\"t\": context.target}.t.region == \"eu\"".to_owned(), "context.target"),
        ("{\"t\": context.target}.t has region".to_owned(), "context.target"),
        (format!("({either}) has region"), "context.target"),
        ("context.approved == {\"name\": \"a\"}".to_owned(), "context.approved"),
        ("[context.approved].isEmpty()".to_owned(), "context.approved"),
        ("{\"a\": context.approved}.a.name == \"a\"".to_owned(), "context.approved"),
        ("context == {}".to_owned(), "context"),
        ("{\"c\": context}.c.target has region".to_owned(), "context"),
        ("[context].isEmpty()".to_owned(), "context"),
        ("(if true then context else context).target has region".to_owned(), "context"),
    ] {
        let all = asked(&condition);
        assert!(!all.is_empty() && all.iter().all(|one| one == what), "{condition}: {all:?}");
        let rule = format!("permit (principal, action, resource) unless {{ {condition} }};");
        assert_eq!(found(&rule), all);
    }
}

#[test]
fn a_policy_that_asks_for_a_claim_does_no_arithmetic() {
    let claim = "context.target has region";
    for sum in [
        "context.caller.token_age_s + 1 > 5",
        "context.caller.token_age_s - 1 > 5",
        "context.caller.token_age_s * 2 > 5",
        "-context.caller.token_age_s < 5",
        "context.now.offset(duration(\"1h\")) > datetime(\"2026-01-01\")",
    ] {
        assert_eq!(asked(&format!("({sum}) && {claim}")), ["region may fail"], "{sum}");
        let apart =
            format!("permit (principal, action, resource) when {{ {claim} }} unless {{ {sum} }};");
        assert_eq!(found(&apart), ["region may fail"], "{sum}");
        assert!(asked(sum).is_empty(), "{sum}");
    }
    let sum = "context.recent.requests + 1 > 5";
    assert_eq!(asked(&format!("{sum} && context has approved")), ["approved may fail"]);
    assert!(asked(&format!("-5 < context.caller.token_age_s && {claim}")).is_empty());
    let time = "context.now.durationSince(datetime(\"2026-01-01\")) > duration(\"1h\") && \
                context.now.toTime() < duration(\"18h\")";
    assert!(asked(&format!("{time} && {claim}")).is_empty());
}
