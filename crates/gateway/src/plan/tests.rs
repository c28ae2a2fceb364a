//! The order of tries, and when there is no further one.

use model::ProviderName;

use super::*;
use crate::health::Health;

const NOW: Timestamp = Timestamp::from_millis(1_000_000);
const BACKOFF: Duration = Duration::from_millis(250);

fn providers(count: usize) -> Vec<ProviderName> {
    (0..count).map(|nth| format!("p{nth}").parse().expect("a name")).collect()
}

fn plan(health: &Health, count: usize, attempts_max: u32) -> Plan {
    let candidates = providers(count)
        .iter()
        .map(|provider| Candidate::new(health.of(provider, "m"), Some(1)))
        .collect();
    Plan::new(candidates, Retries { attempts_max: Some(attempts_max), within_ms: 10_000 }, BACKOFF)
}

/// What comes next, without its pass (which is given back at once).
fn next(plan: &mut Plan) -> String {
    let mut skipped = Vec::new();
    let next = match plan.next(NOW, &mut skipped) {
        Next::Try(place, _pass) => format!("try {place}"),
        Next::Wait(until) => format!("wait {}", (until - Instant::now()).as_millis()),
        Next::Nothing(code, wait) => format!("{} {wait:?}", code.as_str()),
    };
    skipped.iter().fold(next, |next, Skipped { index, why }| format!("{next}, {why} {index}"))
}

fn set_aside(health: &Health, provider: usize, ms: u64) {
    let providers = providers(provider + 1);
    let watched = health.of(&providers[provider], "m");
    watched.admit(NOW, None).expect("a pass").failed(NOW, "upstream_connect", Some(ms));
}

#[tokio::test(start_paused = true)]
async fn each_is_tried_in_order_then_the_first_again_after_a_pause() {
    let mut plan = plan(&Health::default(), 2, 4);
    for expect in ["try 0", "try 1"] {
        assert_eq!(next(&mut plan), expect);
        plan.failed(plan.turn - 1, None);
    }
    assert_eq!(next(&mut plan), "wait 250");
    tokio::time::advance(BACKOFF).await;
    assert_eq!(next(&mut plan), "try 0");
    plan.failed(0, None);
    assert_eq!(next(&mut plan), "try 1");
    plan.failed(1, None);
    assert_eq!(next(&mut plan), "targets_set_aside None", "the tries are used up");
}

#[tokio::test(start_paused = true)]
async fn the_wait_a_target_asks_for_is_kept_where_the_budget_has_room_for_it() {
    let mut plan = plan(&Health::default(), 1, 5);
    assert_eq!(next(&mut plan), "try 0");
    plan.failed(0, Some(3_000));
    assert_eq!(next(&mut plan), "wait 3000");
    tokio::time::advance(Duration::from_secs(3)).await;
    assert_eq!(next(&mut plan), "try 0");
    plan.failed(0, Some(8_000));
    assert_eq!(next(&mut plan), "targets_set_aside None", "11 s are more than the budget's 10");
}

#[tokio::test(start_paused = true)]
async fn no_try_begins_after_the_budgets_time() {
    let mut plan = plan(&Health::default(), 3, 10);
    assert_eq!(next(&mut plan), "try 0");
    plan.failed(0, None);
    tokio::time::advance(Duration::from_secs(10)).await;
    assert_eq!(next(&mut plan), "targets_set_aside None");
}

#[tokio::test(start_paused = true)]
async fn what_is_set_aside_or_full_is_passed_over_and_said_once() {
    let health = Health::default();
    set_aside(&health, 0, 60_000);
    let full = health.of(&providers(2)[1], "m").admit(NOW, Some(1)).expect("a pass");
    let mut plan = plan(&health, 3, 5);
    assert_eq!(next(&mut plan), "try 2, target_set_aside 0, target_busy 1");
    plan.failed(2, Some(60_000));
    assert_eq!(next(&mut plan), "targets_busy None");
    drop(full);
    assert_eq!(next(&mut plan), "try 1");
}

#[tokio::test(start_paused = true)]
async fn with_every_target_set_aside_nothing_is_sent_and_the_wait_is_told() {
    let health = Health::default();
    set_aside(&health, 0, 9_000);
    set_aside(&health, 1, 4_000);
    let mut plan = plan(&health, 2, 5);
    assert_eq!(
        next(&mut plan),
        "targets_set_aside Some(4000), target_set_aside 0, target_set_aside 1"
    );
}

#[test]
fn only_trouble_on_the_way_leads_on() {
    let leading: Vec<_> = RefusalCode::ALL.iter().copied().filter(|code| leads_on(*code)).collect();
    assert_eq!(
        leading,
        [RefusalCode::UpstreamConnect, RefusalCode::UpstreamTimeout, RefusalCode::UpstreamDropped]
    );
    let leading: Vec<u16> = (100..1_000).filter(|status| status_leads_on(*status)).collect();
    let expected: Vec<u16> = [408, 429].into_iter().chain(500..600).collect();
    assert_eq!(leading, expected);
}

#[test]
fn a_wait_is_read_in_seconds_and_in_no_other_form() {
    let read = |text: &str| {
        let mut headers = http::HeaderMap::new();
        headers.insert("retry-after", text.parse().expect("a value"));
        retry_after_ms(&headers)
    };
    assert_eq!(read("2"), Some(2_000));
    for text in ["", "0", "-1", "1.5", "Wed, 21 Oct 2026 07:28:00 GMT"] {
        assert_eq!(read(text), None, "{text}");
    }
    for text in ["18446744073709551615", "99999999999999999999"] {
        assert_eq!(read(text), Some(u64::MAX), "{text} is too long to count");
    }
}
