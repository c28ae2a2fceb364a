//! What conditions look at, and which values they cannot tell apart.

use std::collections::BTreeMap;

use cedar_policy::{Policy, PolicyId};
use model::Timestamp;

use super::*;

fn reads(condition: &str) -> Reads {
    let text = format!("permit (principal, action, resource) when {{ {condition} }};");
    Reads::of(&Policy::parse(Some(PolicyId::new("p")), text).unwrap())
}

/// As `field`, `field.inner!` where it is looked at closely, `field<3,4` where sides matter.
fn said(condition: &str) -> String {
    let Reads::Only(places) = reads(condition) else { return "*".to_owned() };
    let place = |((field, inner), look): (&Place, &Look)| {
        let name = inner.as_ref().map_or_else(|| field.clone(), |inner| format!("{field}.{inner}"));
        match look {
            Look::Closely => format!("{name}!"),
            Look::Sides(sides) => {
                let sides: Vec<_> = sides.iter().map(ToString::to_string).collect();
                format!("{name}<{}", sides.join(","))
            }
        }
    };
    places.iter().map(place).collect::<Vec<_>>().join(" ")
}

#[test]
fn what_a_condition_looks_at() {
    for (condition, expect) in [
        ("principal.autonomy < 3 && resource.owner == \"seat:a\"", ""),
        ("context.call.stream", "call.stream!"),
        ("!context.call.stream || context.call.urls < 2", "call.stream! call.urls<2"),
        ("context.call.urls < 2 && context.call.urls >= 7", "call.urls<2,7"),
        ("2 < context.call.urls && context.call.urls != 5", "call.urls<2,5"),
        ("context.call.urls < 2 && context.call.urls + 1 > 0", "call.urls!"),
        ("context.call.urls < context.call.function_tools", "call.function_tools! call.urls!"),
        ("context.call.urls < principal.autonomy", "call.urls!"),
        ("context.call.urls == -4", "call.urls<-4"),
        ("context.provider == Provider::\"a\"", "provider!"),
        ("context.provider.kind == ProviderKind::\"demo\"", "provider.kind!"),
        ("context.now < datetime(\"1970-01-01T00:00:01Z\")", "now<1000"),
        ("context.now < datetime(\"1970-01-01T01:00:00+0100\")", "now<0"),
        ("context.now < datetime(\"1970-01-01\").offset(duration(\"1s\"))", "now!"),
        ("context.now.toTime() < duration(\"9h\")", "now!"),
        ("context has approved", "approved<"),
        ("context has approved.name", "approved.name<"),
        ("context.call has output_tokens_max", "call.output_tokens_max<"),
        ("context.target has a.b", "target.a!"),
        ("context[\"call\"][\"urls\"] < 2", "call.urls<2"),
        ("context.call == context.call", "call!"),
        ("context == context", "*"),
        ("principal in [context.provider]", "provider!"),
        ("if context.call.stream then context.call.urls < 1 else true", "call.stream! call.urls<1"),
        ("{a: context.call.urls}.a < 1", "call.urls!"),
        ("context.approved.name like \"x*\"", "approved.name!"),
    ] {
        assert_eq!(said(condition), expect, "{condition}");
    }
    let unless = "forbid (principal, action, resource) unless { context.call.stream };";
    let unless = Reads::of(&Policy::parse(None, unless).unwrap());
    assert_eq!(unless, reads("context.call.stream"));
}

#[test]
fn an_answer_lasts_unless_it_hangs_on_all_of_what_is_new_in_each_request() {
    for (condition, lasts) in [
        ("true", true),
        ("context.now < datetime(\"2027-01-01\")", true),
        ("context.caller.token_age_s > 300", true),
        ("context.recent.requests < 10", true),
        ("context.recent.refusals == context.call.urls", true),
        ("context.call.input_bytes > 1000000", true),
        ("context.now.toTime() < duration(\"9h\")", false),
        ("context.caller.token_age_s * 2 > 300", false),
        ("context.recent == context.recent", false),
        ("context.call == context.call", false),
        ("context == context", false),
    ] {
        assert_eq!(reads(condition).last(), lasts, "{condition}");
    }
}

fn written(look: &Look, value: Option<&Value>) -> String {
    let mut out = Json::default();
    look.write(value, &mut out);
    String::from_utf8(out.into_bytes()).unwrap()
}

#[test]
fn a_side_changes_exactly_at_what_it_is_compared_with() {
    let look = Look::Sides(BTreeSet::from([-3, 5]));
    let long = |number| written(&look, Some(&Value::Long(number)));
    let sides = [-4, -3, -2, 4, 5, 6, i64::MIN, i64::MAX].map(long);
    assert_eq!(sides, ["0<", "0=", "1<", "1<", "1=", "2<", "0<", "2<"]);
    let time = |millis| written(&look, Some(&Value::Time(Timestamp::from_millis(millis))));
    assert_eq!([4, 5, 6].map(time), ["1<", "1=", "2<"]);
    assert!(time(-1).contains("__extn"), "before Cedar and this crate are known to agree");
    assert!(time(INSTANTS.end).contains("__extn"));
    assert_eq!(written(&look, None), "-");
    assert_eq!(written(&look, Some(&Value::Bool(true))), "true", "not compared, so all of it");
    let there = Look::Sides(BTreeSet::new());
    let values = [Value::Bool(true), Value::Text("x".into()), Value::Record(BTreeMap::new())];
    assert_eq!(values.map(|value| written(&there, Some(&value))), ["+", "+", "+"]);
    assert_eq!(written(&Look::Closely, Some(&Value::Long(7))), "7");
}
