//! The status as one screen of text: nothing here reads a clock or a file.

use serde_json::Value;

use super::Standing;
use super::refusals::Refused;
use crate::amounts::{age, grouped, rate, time};
use crate::budgets::BudgetReport;
use crate::print;
use crate::reports::RouteReport;
use crate::traffic::{SpreadReport, TrafficReport};

/// Width of the left column.
pub(super) const LABEL: usize = 13;
/// How many findings are shown without being asked for all.
const FINDINGS_SHOWN: usize = 4;

/// A screen under construction. Each line begins with what it is about, for those who search it.
#[derive(Default)]
struct Screen(String);

/// The whole screen; `all` findings or the first few.
pub(super) fn screen(standing: &Standing, all: bool) -> String {
    let mut screen = Screen::default();
    health(&mut screen, standing);
    if let Some(traffic) = &standing.traffic {
        self::traffic(&mut screen, traffic);
    }
    standing.set_aside.iter().for_each(|route| screen.line("set aside", &aside(route)));
    for budget in &standing.budgets {
        nearly_used(budget).iter().for_each(|said| screen.line("budget", said));
    }
    if standing.refusals.is_empty() {
        screen.line("refused", "nothing lately");
    }
    standing.refusals.iter().for_each(|one| screen.line("refused", &refused(one)));
    findings(&mut screen, standing, all);
    screen.0
}

fn health(screen: &mut Screen, standing: &Standing) {
    let text = |key: &str| standing.status.get(key).map(print::value).unwrap_or_default();
    let serves = match &standing.traffic {
        None => "not serving; start it with `portreeve up`".to_owned(),
        Some(traffic) => {
            let since = age(traffic.now.millis_since(traffic.began));
            let draining =
                if traffic.draining { ", draining: new requests are refused" } else { "" };
            format!("serving for {since}{draining}")
        }
    };
    screen.line("gateway", &format!("{} ({serves})", text("gateway")));
    screen.line("trust domain", &text("trust_domain"));
    screen.line("charter", &format!("{} since {}", text("charter"), text("since")));
    let genesis = standing.status.get("genesis") == Some(&Value::Bool(true));
    let unreviewed = if genesis { ", unreviewed (genesis mode)" } else { "" };
    screen.line("change", &format!("{}{unreviewed}", text("change")));
    for listener in standing.status.get("listeners").and_then(Value::as_array).into_iter().flatten()
    {
        screen.line("listener", &print::value(listener));
    }
    for (name, log) in standing.status.get("logs").and_then(Value::as_object).into_iter().flatten()
    {
        screen.line("log", &format!("{name}: {}", print::value(log)));
    }
}

fn traffic(screen: &mut Screen, traffic: &TrafficReport) {
    let window = &traffic.whole;
    let per_second = |count| rate(window.milli_per_second(count));
    screen.line(
        "traffic",
        &format!(
            "{} requests/s, {} refused/s over {}; {} under way, {} streamed",
            per_second(window.requests),
            per_second(window.refusals),
            age(window.covered_ms),
            grouped(count(traffic.in_flight)),
            grouped(count(traffic.streams)),
        ),
    );
    let spread = |spread: Option<SpreadReport>| match spread {
        Some(spread) => format!("p50 {}, p99 {}", time(spread.p50_us), time(spread.p99_us)),
        None => "nothing to tell".to_owned(),
    };
    screen.line("latency", &format!("the gateway's own part: {}", spread(window.own)));
    screen.line(
        "latency",
        &format!("the providers', until they answer: {}", spread(window.provider)),
    );
}

fn aside(route: &RouteReport) -> String {
    let health = &route.health;
    let until = health.until.map_or_else(
        || "the next call there tries it again".to_owned(),
        |until| format!("until {until}"),
    );
    let why = health.last_failure.as_ref().map(|code| format!(" ({code})")).unwrap_or_default();
    format!("{} at {} as {}: {until}{why}", route.model, route.provider, route.upstream_model)
}

fn nearly_used(budget: &BudgetReport) -> Vec<String> {
    let line = |counter: &crate::budgets::CounterReport| {
        let agent = counter.agent.as_ref().map(|agent| format!(" of {agent}")).unwrap_or_default();
        format!(
            "{}{agent}: {} % of its {} per {} is used; raised by {}",
            budget.name,
            counter.percent_taken(),
            counter.what.as_str(),
            counter.per.as_str(),
            budget.owner,
        )
    };
    budget.counters.iter().map(line).collect()
}

fn refused(refused: &Refused) -> String {
    let or_dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    let fixer = refused.fixer.as_ref().map(|who| format!("  {who}")).unwrap_or_default();
    let ask = refused.ask.as_ref().map(|seat| format!(" ({seat})")).unwrap_or_default();
    format!(
        "{}  {}  {} to {}{fixer}{ask}",
        refused.at,
        refused.code,
        or_dash(&refused.agent),
        or_dash(&refused.model),
    )
}

/// What time or a change brought up first, then what is open from the first run on.
fn findings(screen: &mut Screen, standing: &Standing, all: bool) {
    let count = standing.findings.len();
    let shown = if all { count } else { FINDINGS_SHOWN };
    let lasting = standing.lasting.min(count);
    let (lasting, due) = standing.findings.split_at(lasting);
    due.iter().chain(lasting).take(shown).for_each(|finding| screen.line("open", finding));
    let more = count.saturating_sub(shown);
    if more > 0 {
        screen.line("open", &format!("{more} more: `portreeve status --all`"));
    }
    if let Some(one) = standing.refusals.first() {
        screen.line("next", &format!("`portreeve explain {}` shows the latest refusal", one.id));
    }
}

impl Screen {
    fn line(&mut self, about: &'static str, text: &str) {
        self.0.push_str(&format!("{about:<0$}{text}\n", LABEL));
    }
}

fn count(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
