//! Several budgets at once, whose they are, and their windows under a clock moved by hand.

use model::Dialect::OpenAi;
use model::{BudgetScope, CounterKey, Measure, Per, RefusalCode};
use serde_json::json;
use testkit::{Gate, Reply, Script};

use crate::ask::DIALECTS;
use crate::budgets::{
    at, charged, check_counters_against_log, gateway_wide, held, holds, key, put, quota, replace,
    stands, status_of, under,
};
use crate::charter_files::{AGENT, TWIN};
use crate::check;
use crate::world::{Setup, World};

/// One call by `agent`.
fn call(world: &World, agent: &str) -> Reply {
    world.ask(OpenAi).token(world.token(agent)).send()
}

#[track_caller]
fn allowed(world: &World, agent: &str) {
    check::forwarded(world, &call(world, agent));
}

#[track_caller]
fn refused(world: &World, agent: &str, code: RefusalCode, quota: &str) {
    let reply = call(world, agent);
    check::refused(world, OpenAi, &reply, code);
    assert!(reply.text().contains(&format!("`{quota}`")), "{}", reply.text());
}

/// A day's budget of so many calls.
fn calls(name: &str, applies: &str, at_most: &str) -> (String, String) {
    quota(name, applies, &[("requests", "day", at_most)])
}

fn each(quota: (String, String)) -> (String, String) {
    (quota.0, quota.1.replace("limits:", "each: agent\nlimits:"))
}

#[test]
fn of_several_budgets_a_call_holds_all_or_none() {
    for dialect in DIALECTS {
        let world = under(&[
            quota(
                "agent",
                "{agent: dev}",
                &[("requests", "day", "9"), ("tokens", "month", "1000000")],
            ),
            calls("team", "{team: platform}", "2"),
            quota("all", "gateway", &[("requests", "minute", "9"), ("tokens", "day", "1000000")]),
        ]);
        let reply = world.ask(dialect).send();
        check::forwarded(&world, &reply);
        let counters: Vec<(String, Measure, Per)> = holds(&world, &reply)
            .into_iter()
            .map(|held| (held.counter.quota.to_string(), held.counter.measure, held.counter.per))
            .collect();
        let named = |name: &str, measure, per| (name.to_owned(), measure, per);
        assert_eq!(
            counters,
            [
                named("agent", Measure::Requests, Per::Day),
                named("agent", Measure::Tokens, Per::Month),
                named("all", Measure::Requests, Per::Minute),
                named("all", Measure::Tokens, Per::Day),
                named("team", Measure::Requests, Per::Day),
            ]
        );
        check::forwarded(&world, &world.ask(dialect).send());
        let third = world.ask(dialect).send();
        check::refused(&world, dialect, &third, RefusalCode::BudgetExhausted);
        assert!(third.text().contains("`team`"));
        assert_eq!(holds(&world, &third), [], "a refusal holds nothing");
        // Of the others, the third call holds and uses nothing.
        let of_agent = CounterKey {
            scope: Some(BudgetScope::Agent(AGENT.parse().unwrap())),
            ..key("agent", Measure::Requests, Per::Day)
        };
        assert_eq!(stands(&world, &of_agent), (2, 0));
        assert_eq!(stands(&world, &key("all", Measure::Requests, Per::Minute)), (2, 0));
        assert_eq!(stands(&world, &key("all", Measure::Tokens, Per::Day)), (24, 0));
        assert_eq!(check_counters_against_log(&world), 5);
    }
}

#[test]
fn of_two_that_are_used_up_the_one_that_lasts_longer_is_told() {
    let world = under(&[
        quota("minute", "gateway", &[("requests", "minute", "1")]),
        quota("month", "gateway", &[("requests", "month", "1")]),
    ]);
    allowed(&world, AGENT);
    refused(&world, AGENT, RefusalCode::BudgetExhausted, "month");
}

#[test]
fn an_agents_budget_is_no_concern_of_another() {
    let world = under(&[calls("mine", "{agent: dev}", "1")]);
    allowed(&world, AGENT);
    refused(&world, AGENT, RefusalCode::BudgetExhausted, "mine");
    for _ in 0..3 {
        allowed(&world, TWIN);
    }
}

#[test]
fn a_team_shares_its_budget_unless_each_agent_has_its_own() {
    for applies in ["{team: platform}", "gateway"] {
        let world = under(&[calls("shared", applies, "2")]);
        allowed(&world, AGENT);
        allowed(&world, TWIN);
        refused(&world, AGENT, RefusalCode::BudgetExhausted, "shared");
        refused(&world, TWIN, RefusalCode::BudgetExhausted, "shared");
        let world = under(&[each(calls("apart", applies, "2"))]);
        for agent in [AGENT, TWIN] {
            allowed(&world, agent);
            allowed(&world, agent);
            refused(&world, agent, RefusalCode::BudgetExhausted, "apart");
            let scope = match applies {
                "gateway" => BudgetScope::Gateway,
                _ => BudgetScope::Team("platform".parse().unwrap()),
            };
            let apart = CounterKey {
                scope: Some(scope),
                agent: Some(agent.parse().unwrap()),
                ..key("apart", Measure::Requests, Per::Day)
            };
            assert_eq!(stands(&world, &apart), (2, 0));
        }
        assert_eq!(check_counters_against_log(&world), 2);
    }
}

/// Whom a budget is for is part of what it counts: changed, it is another account, and changed
/// back the former with all that was counted on it. An agent never fits into what is spent.
#[test]
fn a_budget_for_somebody_else_is_another_account() {
    let world = under(&[calls("shifting", "{agent: dev}", "1")]);
    let change = |quota: (String, String)| world.amend(move |files| put(files, &[quota]));
    allowed(&world, AGENT);
    refused(&world, AGENT, RefusalCode::BudgetExhausted, "shifting");
    for other in [
        calls("shifting", "{team: platform}", "1"),
        calls("shifting", "gateway", "1"),
        each(calls("shifting", "gateway", "1")),
    ] {
        change(other);
        allowed(&world, AGENT);
        refused(&world, AGENT, RefusalCode::BudgetExhausted, "shifting");
    }
    for (former, at_most) in [("{agent: dev}", "1"), ("{team: platform}", "1"), ("gateway", "1")] {
        let (file, text) = calls("shifting", former, at_most);
        change((file, format!("{text}# Changed back.\n")));
        refused(&world, AGENT, RefusalCode::BudgetExhausted, "shifting");
    }
    // Raised, it is the same account: what is used stays used.
    change(calls("shifting", "gateway", "2"));
    allowed(&world, TWIN);
    refused(&world, AGENT, RefusalCode::BudgetExhausted, "shifting");
    assert_eq!(check_counters_against_log(&world), 4);
}

#[test]
fn a_contexts_budget_counts_the_calls_made_in_it() {
    for apart in [false, true] {
        let quota = calls("support", "{context: support}", "1");
        let quota = if apart { each(quota) } else { quota };
        let world = World::with(Setup::default().edited(move |files| {
            for name in ["support", "other"] {
                files.insert(
                    format!("contexts/{name}.yaml"),
                    format!(
                        "name: {name}\npurpose: A test.\napprover: policy-lead\n\
                         data_class: public\nmodels: [fast]\nagents: [dev, twin]\n"
                    ),
                );
            }
            put(files, &[quota]);
        }));
        let ask = |agent: &str, context: &str| {
            world.ask(OpenAi).token(world.token(agent)).header("portreeve-context", context)
        };
        check::forwarded(&world, &ask(AGENT, "support").send());
        let reply = ask(AGENT, "support").send();
        check::refused(&world, OpenAi, &reply, RefusalCode::BudgetExhausted);
        assert_eq!(check::decision(&world, &reply)["context"], "support");
        check::forwarded(&world, &ask(AGENT, "other").send());
        allowed(&world, AGENT);
        let reply = ask(TWIN, "support").send();
        if apart {
            check::forwarded(&world, &reply);
        } else {
            check::refused(&world, OpenAi, &reply, RefusalCode::BudgetExhausted);
        }
        check_counters_against_log(&world);
    }
}

/// A world under the one quota `all`, whose secret may be lent for years.
fn for_years(limit: (&str, &str, &str)) -> World {
    let quota = gateway_wide(&[limit]);
    World::with(Setup::default().edited(move |files| {
        put(files, &[quota]);
        replace(files, "secrets/fake-key.yaml", "max_age_days: 90", "max_age_days: 3650");
    }))
}

/// Asserts that a budget of `per`, used up at `before`, is whole again at `after` and not a
/// millisecond earlier.
#[track_caller]
fn check_roll_over(per: &str, code: RefusalCode, before: &str, after: &str) {
    let world = for_years(("requests", per, "1"));
    world.clock.set(at(before));
    allowed(&world, AGENT);
    refused(&world, AGENT, code, "all");
    world.clock.set(at(after).plus_millis(-1));
    refused(&world, AGENT, code, "all");
    world.clock.set(at(after));
    allowed(&world, AGENT);
    refused(&world, AGENT, code, "all");
    check_counters_against_log(&world);
}

#[test]
fn windows_are_those_of_the_calendar() {
    let paused = RefusalCode::BudgetPaused;
    check_roll_over("minute", paused, "2026-11-24T09:00:00Z", "2026-11-24T09:01:00Z");
    check_roll_over("minute", paused, "2026-12-31T23:59:59.999Z", "2027-01-01T00:00:00Z");
    let used_up = RefusalCode::BudgetExhausted;
    check_roll_over("day", used_up, "2026-11-25T00:00:00Z", "2026-11-26T00:00:00Z");
    check_roll_over("day", used_up, "2026-11-30T23:59:00Z", "2026-12-01T00:00:00Z");
    check_roll_over("month", used_up, "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z");
    check_roll_over("month", used_up, "2026-12-31T23:59:59Z", "2027-01-01T00:00:00Z");
    // February has a day more in a leap year.
    check_roll_over("day", used_up, "2028-02-28T23:59:59Z", "2028-02-29T00:00:00Z");
    check_roll_over("day", used_up, "2028-02-29T00:00:00Z", "2028-03-01T00:00:00Z");
    check_roll_over("month", used_up, "2028-02-01T00:00:00Z", "2028-03-01T00:00:00Z");
    check_roll_over("month", used_up, "2028-02-29T23:59:59Z", "2028-03-01T00:00:00Z");
    check_roll_over("month", used_up, "2027-02-28T12:00:00Z", "2027-03-01T00:00:00Z");
}

#[test]
fn a_clock_that_is_set_back_opens_no_window_again() {
    for (per, back) in [("minute", 60_000), ("day", 86_400_000), ("month", 24 * 86_400_000_i64)] {
        let world = under(&[quota("all", "gateway", &[("requests", per, "2")])]);
        world.clock.set(at("2027-01-20T12:00:00Z"));
        allowed(&world, AGENT);
        // The beginning of the window before.
        world.clock.advance_ms(-back);
        allowed(&world, AGENT);
        let reply = call(&world, AGENT);
        assert_eq!(reply.status, 429, "{per}: both are counted in the newest window");
        world.clock.advance_ms(back);
        assert_eq!(call(&world, AGENT).status, 429, "{per}");
        check_counters_against_log(&world);
    }
}

#[test]
fn a_clock_that_is_set_back_across_a_leap_day_counts_in_the_month_after_it() {
    let world = for_years(("requests", "month", "2"));
    world.clock.set(at("2028-02-29T23:59:59.999Z"));
    allowed(&world, AGENT);
    world.clock.set(at("2028-03-01T00:00:00Z"));
    allowed(&world, AGENT);
    world.clock.set(at("2028-02-29T12:00:00Z"));
    allowed(&world, AGENT);
    let reply = call(&world, AGENT);
    check::refused(&world, OpenAi, &reply, RefusalCode::BudgetExhausted);
    assert!(reply.text().contains("begins anew at 2028-04-01T00:00:00"), "{}", reply.text());
    check_counters_against_log(&world);
}

#[test]
fn a_call_is_counted_in_the_window_it_was_held_in() {
    let world = under(&[gateway_wide(&[("tokens", "minute", "100000")])]);
    let key = key("all", Measure::Tokens, Per::Minute);
    let gate = Gate::new();
    world.provider.next(Script::AnswerByGate(gate.clone()));
    let mut late = world.ask(OpenAi).open();
    gate.wait_arrived(1);
    world.provider.always(Script::Answer);
    assert!(status_of(&world, &key).held > 4_096);
    world.clock.advance_ms(60_000);
    assert_eq!(world.ask(OpenAi).send().status, 200);
    gate.open();
    let late = late.reply().unwrap();
    assert_eq!(charged(&check::forwarded(&world, &late)).tokens, 12);
    // Only the call of this minute.
    assert_eq!(stands(&world, &key), (12, 0));
    check_counters_against_log(&world);
}

#[test]
fn a_budget_lowered_below_what_is_held_keeps_new_calls_out_and_cuts_none() {
    let world = under(&[gateway_wide(&[("requests", "day", "5")])]);
    let key = key("all", Measure::Requests, Per::Day);
    let gate = Gate::new();
    world.provider.always(Script::AnswerByGate(gate.clone()));
    let under_way: Vec<_> = (0..4).map(|_| world.ask(OpenAi).open()).collect();
    gate.wait_arrived(4);
    world.amend(|files| put(files, &[gateway_wide(&[("requests", "day", "2")])]));
    let reply = world.ask(OpenAi).send();
    check::refusal_answer(OpenAi, &reply, RefusalCode::BudgetExhausted);
    assert!(reply.text().contains("of 2, 0 are used and 4 are held"), "{}", reply.text());
    assert_eq!(reply.header("x-ratelimit-remaining-requests"), Some("0"));
    gate.open();
    for mut connection in under_way {
        check::forwarded(&world, &connection.reply().unwrap());
    }
    assert_eq!(stands(&world, &key), (4, 0));
    refused(&world, AGENT, RefusalCode::BudgetExhausted, "all");
    // Raised again, what was used still counts.
    world.amend(|files| put(files, &[gateway_wide(&[("requests", "day", "6")])]));
    allowed(&world, AGENT);
    allowed(&world, AGENT);
    refused(&world, AGENT, RefusalCode::BudgetExhausted, "all");
    check_counters_against_log(&world);
}

#[test]
fn a_budget_that_is_taken_away_and_put_back_has_kept_its_count() {
    let world = under(&[gateway_wide(&[("requests", "day", "1")])]);
    allowed(&world, AGENT);
    world.amend(|files| {
        files.remove("quotas/all.yaml");
    });
    allowed(&world, AGENT);
    world.amend(|files| replace(files, "quotas/all.yaml", "A test.", "Another text."));
    refused(&world, AGENT, RefusalCode::BudgetExhausted, "all");
}

#[test]
fn what_a_settled_call_did_not_use_is_there_for_the_next() {
    let world = under(&[gateway_wide(&[("tokens", "day", "1000000")])]);
    let bound = held(&world, &world.ask(OpenAi).send(), Measure::Tokens);
    let at_most = (bound + 24).to_string();
    world.amend(|files| put(files, &[gateway_wide(&[("tokens", "day", &at_most)])]));
    // Used so far: 12. Each call uses 12 and holds far more.
    allowed(&world, AGENT);
    allowed(&world, AGENT);
    refused(&world, AGENT, RefusalCode::BudgetExhausted, "all");
    // A smaller one still fits: it is the call that does not.
    let small = world.ask(OpenAi).field("max_tokens", json!(10)).send();
    check::forwarded(&world, &small);
    check_counters_against_log(&world);
}
