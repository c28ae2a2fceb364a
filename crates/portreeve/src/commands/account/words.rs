//! The words an account uses for what was asked, tried and kept.

use model::{
    Ask, Attempt, Beyond, Claims, Ended, HeldRecord, Measure, Outcome, StoredObject, Stores,
};

use crate::usd;

/// What was asked, in one line.
pub(super) fn asked(ask: &Ask) -> String {
    let model = ask.model.as_ref().map_or("", |model| model.as_str());
    let stream = if ask.stream { ", streamed" } else { "" };
    let cap = ask.output_tokens_max.map(|cap| format!(", at most {cap} tokens out"));
    let tools = match ask.function_tools {
        0 => String::new(),
        count => format!(", {count} function tools"),
    };
    format!(
        "{} of {model} ({}{stream}), {} bytes{}{tools}",
        ask.operation.as_str(),
        ask.dialect.as_str(),
        ask.input_bytes,
        cap.unwrap_or_default()
    )
}

/// How the call ended, in one line.
pub(super) fn ended(outcome: &Outcome) -> String {
    let ending = match outcome.ended {
        Ended::Interrupted => {
            return "interrupted: the gateway stopped before it knew how the call ended".to_owned();
        }
        Ended::BudgetCut => "budget_cut: the stream was cut, what it held was used up",
        Ended::Complete
        | Ended::ClientGone
        | Ended::UpstreamFailed
        | Ended::UpstreamBroken
        | Ended::NotForwarded => outcome.ended.as_str(),
    };
    let status = outcome.status.map(|status| format!(", status {status}")).unwrap_or_default();
    let first = outcome.first_byte_ms.map(|ms| format!("first byte after {ms} ms, "));
    format!(
        "{ending}{status}, {} bytes to the client, {}{} ms in all",
        outcome.output_bytes,
        first.unwrap_or_default(),
        outcome.duration_ms
    )
}

fn said(attempt: &Attempt) -> String {
    match attempt.failure.as_deref() {
        Some("target_set_aside") => " passed over: set aside after failures".to_owned(),
        Some("target_busy") => " passed over: it carries as many calls as it may".to_owned(),
        Some(code) => {
            let status = attempt.status.map(|status| format!(" answered {status}"));
            let cause = attempt.cause.as_ref().map(|cause| format!(" ({cause})"));
            let (status, cause) = (status.unwrap_or_default(), cause.unwrap_or_default());
            format!("{status}, failed: {code}{cause}")
        }
        None => attempt.status.map(|status| format!(" answered {status}")).unwrap_or_default(),
    }
}

/// One try at a target.
pub(super) fn attempted(attempt: &Attempt) -> String {
    let lease = attempt.lease.as_ref();
    let lease = lease.map(|lease| format!(", lent {} {}", lease.name, lease.version));
    let id = attempt.upstream_request_id.as_ref().map(|id| format!(", its request id {id}"));
    let Attempt { provider, upstream_model, .. } = attempt;
    let said = said(attempt);
    format!(
        "{provider} as {upstream_model}{said}{}{}",
        lease.unwrap_or_default(),
        id.unwrap_or_default()
    )
}

/// What the provider would do or keep beyond answering: one line for each.
pub(super) fn beyond(beyond: &Beyond) -> Vec<String> {
    let tools = beyond.tools.iter().map(|tool| {
        let server = tool.server.as_ref().map(|server| format!(" at {server}"));
        format!("provider tool {} ({}){}", tool.kind, tool.declared, server.unwrap_or_default())
    });
    let stores = beyond.stores.map(|stores| match stores {
        Stores::Asked => "the provider is asked to keep the conversation".to_owned(),
        Stores::ByDefault => "the provider keeps the conversation unless told not to".to_owned(),
    });
    let names =
        beyond.names.iter().map(|name| format!("names a stored {} ({})", name.kind, name.id));
    let unknown = beyond.unrecognised.iter();
    let unknown =
        unknown.map(|unknown| format!("not recognised: {} {}", unknown.place, unknown.name));
    let urls = (beyond.urls > 0).then(|| format!("{} URLs to fetch", beyond.urls));
    tools.chain(stores).chain(names).chain(unknown).chain(urls).collect()
}

/// What is claimed about a target.
pub(super) fn claimed(claims: &Claims) -> Option<String> {
    let region = claims.region.as_ref().map(|region| format!("region {region}"));
    let retention = claims.retention_days.map(|days| format!("kept for {days} days"));
    let trains = claims
        .trains
        .map(|trains| if trains { "trained on".to_owned() } else { "not trained on".to_owned() });
    let end = claims.end_of_life.map(|end| format!("ends {end}"));
    let said: Vec<String> = [region, retention, trains, end].into_iter().flatten().collect();
    (!said.is_empty()).then(|| format!("claimed: {}", said.join(", ")))
}

/// What the provider keeps since.
pub(super) fn kept(stored: &[StoredObject]) -> Option<String> {
    let kinds: Vec<String> = stored.iter().map(|stored| stored.object.kind.to_string()).collect();
    (!kinds.is_empty())
        .then(|| format!("kept at the provider for this agent: {}", kinds.join(", ")))
}

/// What a call holds of one budget.
pub(super) fn held(record: &HeldRecord) -> String {
    let key = &record.counter;
    let agent = key.agent.as_ref().map(|agent| format!(", of agent {agent} alone"));
    format!(
        "{} of budget {}, {} per {}, counted from {}{}",
        amount(key.measure, record.amount),
        key.quota,
        key.measure.as_str(),
        key.per.as_str(),
        record.window,
        agent.unwrap_or_default()
    )
}

/// What was charged of budgets, what it cost and who pays: one line for each.
pub(super) fn charged(outcome: &Outcome) -> Vec<String> {
    let charged = outcome.charged.map(|charged| {
        format!(
            "charged to budgets: {}, {}, {}",
            amount(Measure::Requests, charged.requests),
            amount(Measure::Tokens, charged.tokens),
            amount(Measure::Money, charged.nano_usd)
        )
    });
    let cost = outcome.cost_nano_usd.map(|nano| format!("cost {}", amount(Measure::Money, nano)));
    let center = outcome.cost_center.as_ref().map(|center| format!("cost centre {center}"));
    charged
        .into_iter()
        .chain(cost.into_iter().chain(center).reduce(|cost, center| format!("{cost}, {center}")))
        .collect()
}

fn amount(measure: Measure, amount: u64) -> String {
    match (measure, amount) {
        (Measure::Requests, 1) => "1 request".to_owned(),
        (Measure::Requests | Measure::Tokens, _) => format!("{amount} {}", measure.as_str()),
        (Measure::Money, _) => format!("{} USD", usd::plain(amount.into())),
    }
}
