//! The screen as people see it, and that it leaves out what there is nothing to say of.

use std::fmt::Write as _;

use model::{Measure, Per, Timestamp};

use super::refusals::Refused;
use super::*;
use crate::budgets::{CounterReport, ScopeReport};
use crate::reports::HealthReport;
use crate::traffic::{SpreadReport, WindowReport};

fn resting() -> Standing {
    Standing {
        status: json!({
            "gateway": "acme",
            "trust_domain": "acme.test",
            "charter": "sha256:00",
            "change": "01993a0e-0000-7000-8000-000000000001",
            "since": "2026-11-24T09:00:00.000Z",
            "genesis": true,
        }),
        findings: vec!["genesis mode: ann holds all of them".to_owned()],
        lasting: 1,
        refusals: Vec::new(),
        traffic: None,
        set_aside: Vec::new(),
        budgets: Vec::new(),
    }
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn busy() -> Standing {
    let mut standing = resting();
    standing.status["listeners"] =
        json!(["http://127.0.0.1:4000", "unix:/run/portreeve/admin.sock"]);
    standing.status["logs"] = json!({
        "control": "healthy, 12 entries, 12 published",
        "decisions": "healthy, 9041 entries, 9040 published",
    });
    let spread = |p50_us, p99_us| Some(SpreadReport { count: 9, p50_us, p99_us });
    standing.traffic = Some(TrafficReport {
        began: at(0),
        now: at(11_520_000),
        draining: false,
        in_flight: 1_204,
        streams: 3,
        whole: WindowReport {
            covered_ms: 300_000,
            requests: 3_690,
            refusals: 30,
            tokens: 1,
            nano_usd: 1,
            own: spread(959, 4_200),
            provider: spread(410_000, 2_100_000),
            answer: None,
        },
        agents: Vec::new(),
        models: Vec::new(),
        targets: Vec::new(),
        recent: WindowReport::default(),
        codes: Vec::new(),
        newest: Vec::new(),
    });
    let health = HealthReport {
        state: HealthState::SetAside,
        failures: None,
        until: Some(at(1_795_510_800_007)),
        last_failure: Some("upstream_timeout".to_owned()),
    };
    standing.set_aside = vec![RouteReport {
        model: "fast".parse().expect("a name"),
        provider: "openai".parse().expect("a name"),
        upstream_model: "gpt-5".to_owned(),
        in_flight: 0,
        health,
    }];
    standing.budgets = vec![budget(910_000)];
    standing.refusals = vec![
        refused(2, "policy_forbids", Some("the policy's owner"), Some("seat:policy-lead")),
        refused(1, "upstream_timeout", Some("the provider"), None),
    ];
    standing.findings.extend((1..=5).map(|nth| format!("secret key-{nth} is too old")));
    standing
}

fn budget(used: u64) -> BudgetReport {
    BudgetReport {
        name: "team-tokens".parse().expect("a name"),
        purpose: "A test.".to_owned(),
        scope: ScopeReport { kind: "gateway".to_owned(), name: None },
        owner: "seat:platform-lead".to_owned(),
        holder: None,
        counters: vec![CounterReport {
            what: Measure::Tokens,
            per: Per::Day,
            agent: None,
            at_most: 1_000_000,
            used,
            held: 0,
            remaining: 1_000_000 - used,
            window: at(0),
            resets: at(1),
            forecast: None,
        }],
    }
}

fn refused(nth: u8, code: &str, fixer: Option<&str>, ask: Option<&str>) -> Refused {
    Refused {
        id: model::DecisionId::new(1, [nth; 10]),
        at: at(1_795_510_800_000 + i64::from(nth)),
        code: code.to_owned(),
        agent: Some("helper".to_owned()),
        model: Some("fast".to_owned()),
        fixer: fixer.map(str::to_owned),
        ask: ask.map(str::to_owned),
    }
}

#[test]
fn a_busy_gateway_fits_on_one_screen() {
    let screen = text::screen(&busy(), false);
    let expected = "\
gateway      acme (serving for 3 h 12 min)
trust domain acme.test
charter      sha256:00 since 2026-11-24T09:00:00.000Z
change       01993a0e-0000-7000-8000-000000000001, unreviewed (genesis mode)
listener     http://127.0.0.1:4000
listener     unix:/run/portreeve/admin.sock
log          control: healthy, 12 entries, 12 published
log          decisions: healthy, 9041 entries, 9040 published
traffic      12.3 requests/s, 0.1 refused/s over 5 min 0 s; 1,204 under way, 3 streamed
latency      the gateway's own part: p50 959 us, p99 4.2 ms
latency      the providers', until they answer: p50 410 ms, p99 2.1 s
set aside    fast at openai as gpt-5: until 2026-11-24T09:00:00.007Z (upstream_timeout)
budget       team-tokens: 91 % of its tokens per day is used; raised by seat:platform-lead
refused      2026-11-24T09:00:00.002Z  policy_forbids  helper to fast  the policy's owner (seat:policy-lead)
refused      2026-11-24T09:00:00.001Z  upstream_timeout  helper to fast  the provider
open         secret key-1 is too old
open         secret key-2 is too old
open         secret key-3 is too old
open         secret key-4 is too old
open         2 more: `portreeve status --all`
";
    let mut expected = expected.to_owned();
    let latest = model::DecisionId::new(1, [2; 10]);
    let _ =
        writeln!(expected, "next         `portreeve explain {latest}` shows the latest refusal");
    assert_eq!(screen, expected);
    assert!(screen.lines().count() <= 24, "one screen of a terminal");
    let all = text::screen(&busy(), true);
    assert!(all.contains("key-5") && all.contains("genesis mode: ann"), "{all}");
}

#[test]
fn a_resting_gateway_says_so_and_nothing_that_nobody_knows() {
    let expected = "\
gateway      acme (not serving; start it with `portreeve up`)
trust domain acme.test
charter      sha256:00 since 2026-11-24T09:00:00.000Z
change       01993a0e-0000-7000-8000-000000000001, unreviewed (genesis mode)
refused      nothing lately
open         genesis mode: ann holds all of them
";
    assert_eq!(text::screen(&resting(), false), expected);
}

#[test]
fn a_budget_is_shown_from_eighty_percent_on_whatever_is_held_of_it() {
    assert!(nearly_used(budget(799_999)).is_none());
    assert!(nearly_used(budget(800_000)).is_some());
    let mut held = budget(0);
    held.counters[0].held = 800_000;
    assert!(nearly_used(held).is_some());
}

#[test]
fn a_draining_gateway_says_so() {
    let mut standing = busy();
    let traffic = standing.traffic.as_mut().expect("it serves");
    traffic.draining = true;
    assert!(text::screen(&standing, false).contains("draining: new requests are refused"));
    assert_eq!(object(standing)["draining"], true);
}
