//! Frames as people see them, at every size, whatever names came from outside.

use model::{DecisionId, Measure, Per, Timestamp};

use super::frame::{self, Contact, Size, View};
use super::frames::{GONE, NARROW, NEVER, ONCE, ONE_KIND, ORDINARY, WIDE, WRONG};
use super::sample::Sample;
use crate::budgets::{BudgetReport, CounterReport, ScopeReport};
use crate::cli::TopBy;
use crate::traffic::{
    LastRefusal, RefusedReport, RowReport, SpreadReport, TrafficReport, WindowReport,
};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(1_795_510_800_000 + seconds * 1_000)
}

fn window(covered_ms: u64, requests: u64, refusals: u64) -> WindowReport {
    let spread = |p50_us, p99_us| Some(SpreadReport { count: requests, p50_us, p99_us });
    WindowReport {
        covered_ms,
        requests,
        refusals,
        tokens: requests * 37,
        nano_usd: requests * 1_234_567,
        own: spread(959, 4_200),
        provider: None,
        answer: spread(410_000, 2_100_000),
    }
}

fn row(name: &str, requests: u64, last: Option<(&str, i64)>) -> RowReport {
    RowReport {
        name: name.to_owned(),
        in_flight: usize::from(requests > 5),
        window: window(10_000, requests, u64::from(last.is_some())),
        last_refusal: last
            .map(|(code, second)| LastRefusal { code: code.to_owned(), at: at(second) }),
    }
}

fn refused(nth: u8, code: &str) -> RefusedReport {
    RefusedReport {
        id: DecisionId::new(1, [nth; 10]),
        at: at(i64::from(nth)),
        code: code.to_owned(),
        agent: Some("helper".to_owned()),
        model: (nth > 1).then(|| "fast".to_owned()),
    }
}

fn counter(what: Measure, used: u64) -> CounterReport {
    CounterReport {
        what,
        per: Per::Day,
        agent: None,
        at_most: 1_000_000_000_000,
        used,
        held: 0,
        remaining: 1_000_000_000_000 - used,
        window: at(0),
        resets: at(7_200),
        forecast: None,
    }
}

fn busy() -> Sample {
    let traffic = TrafficReport {
        began: at(-11_520),
        now: at(60),
        draining: false,
        in_flight: 1_204,
        streams: 3,
        whole: window(300_000, 3_690, 30),
        recent: window(14_000, 172, 1),
        agents: vec![
            row("helper", 90, Some(("policy_forbids", 50))),
            row("idle", 0, None),
            row("night-batch", 82, None),
        ],
        models: vec![row("fast", 172, Some(("policy_forbids", 50)))],
        targets: vec![row("openai/gpt-5", 172, None)],
        codes: vec![row("budget_paused", 0, Some(("budget_paused", -300))), {
            row("policy_forbids", 1, Some(("policy_forbids", 50)))
        }],
        newest: vec![refused(2, "policy_forbids"), refused(1, "budget_paused")],
    };
    let budget = BudgetReport {
        name: "team-tokens".parse().expect("a name"),
        purpose: "A test.".to_owned(),
        scope: ScopeReport { kind: "gateway".to_owned(), name: None },
        owner: "seat:platform-lead".to_owned(),
        holder: None,
        counters: vec![
            counter(Measure::Tokens, 910_000_000_000),
            counter(Measure::Money, 1_000_000_000_000),
            counter(Measure::Requests, 0),
        ],
    };
    Sample { gateway: "acme".to_owned(), logs_work: true, traffic, budgets: vec![budget] }
}

fn view(sample: Option<Sample>, contact: Contact) -> View {
    View { sample, contact, by: None, now: at(60) }
}

/// A frame without colour, of so many columns and lines.
#[track_caller]
fn check(view: &View, columns: usize, lines: usize, expected: &str) {
    let text = frame::text(view, Size { columns, lines }, false);
    assert_eq!(text, expected.trim_end_matches('\n'), "\n{text}\n");
}

#[test]
fn an_ordinary_terminal_shows_a_few_of_everything() {
    check(&view(Some(busy()), Contact::Live), 80, 24, ORDINARY);
}

#[test]
fn a_wide_one_shows_more_of_each() {
    check(&view(Some(busy()), Contact::Live), 140, 30, WIDE);
}

#[test]
fn a_narrow_one_leaves_out_what_matters_less() {
    check(&view(Some(busy()), Contact::Live), 40, 12, NARROW);
}

#[test]
fn one_kind_alone_has_all_the_room() {
    let view = View { by: Some(TopBy::Refusal), ..view(Some(busy()), Contact::Live) };
    check(&view, 80, 9, ONE_KIND);
}

#[test]
fn once_shows_every_row_and_no_keys() {
    check(&view(Some(busy()), Contact::Once), 100, usize::MAX, ONCE);
}

#[test]
fn where_nothing_answers_it_says_so_and_what_it_saw_last() {
    let why = "nothing serves at /run/admin.sock".to_owned();
    let gone = Contact::Gone { why, since: at(48) };
    check(&view(None, gone.clone()), 60, 4, NEVER);
    check(&view(Some(busy()), gone), 80, 8, GONE);
}

#[test]
fn what_is_wrong_stands_in_the_first_line() {
    let mut sample = busy();
    sample.logs_work = false;
    sample.traffic.draining = true;
    check(&view(Some(sample), Contact::Live), 100, 1, WRONG);
}

#[test]
fn no_size_is_too_small_and_nothing_is_wider_than_the_terminal() {
    for by in [None, Some(TopBy::Agent), Some(TopBy::Budget), Some(TopBy::Refusal)] {
        for contact in
            [Contact::Live, Contact::Gone { why: "nothing serves".repeat(9), since: at(0) }]
        {
            let view = View { by, ..view(Some(busy()), contact) };
            for columns in (0..30).chain([79, 80, 81, 300]) {
                for lines in [0, 1, 2, 3, 5, 8, 24, 100] {
                    let size = Size { columns, lines };
                    let text = frame::text(&view, size, false);
                    assert!(text.lines().count() <= lines, "{size:?}:\n{text}");
                    assert!(text.lines().all(|line| line.len() <= columns), "{size:?}:\n{text}");
                }
            }
        }
    }
}

/// `text` without what colours it.
fn uncoloured(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        out.push_str(before);
        let (code, after) = after.split_once('m').expect("a colour ends");
        assert!(code.chars().all(|digit| matches!(digit, '0'..='9' | ';')), "{code}");
        rest = after;
    }
    out + rest
}

#[test]
fn colour_changes_no_text_and_names_from_outside_bring_none() {
    let mut sample = busy();
    let hostile = "\u{1b}]0;x\u{7}\u{1b}[2J\r\n\u{9b}31m\u{202e}\u{1f600}wide";
    sample.gateway = hostile.to_owned();
    sample.traffic.agents = vec![row(hostile, 3, Some((hostile, 1)))];
    sample.traffic.targets = vec![row(hostile, 3, None)];
    sample.traffic.codes = vec![row(hostile, 3, None)];
    for one in &mut sample.traffic.newest {
        (one.code, one.agent) = (hostile.to_owned(), Some(hostile.to_owned()));
    }
    let gone = Contact::Gone { why: hostile.to_owned(), since: at(0) };
    for contact in [Contact::Live, gone] {
        for by in [None, Some(TopBy::Target)] {
            let view = View { by, ..view(Some(sample.clone()), contact.clone()) };
            let size = Size { columns: 120, lines: 40 };
            let plain = frame::text(&view, size, false);
            let printable = |line: &str| line.chars().all(|one| matches!(one, ' '..='~'));
            assert!(plain.lines().all(printable), "{plain:?}");
            let coloured = frame::text(&view, size, true);
            assert!(coloured.contains("\u{1b}[1m"), "{coloured:?}");
            assert_eq!(uncoloured(&coloured), plain);
        }
    }
}
