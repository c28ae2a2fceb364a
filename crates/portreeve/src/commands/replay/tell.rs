//! What replaying under a candidate came to, as text and as JSON. It compares nothing itself.

use std::fmt::Write as _;
use std::path::Path;

use bundle::Bundle;
use serde_json::{Value, json};

use super::candidate::{SITUATIONS_MAX, Seen};
use super::effect::Effect;
use super::groups::{Alike, Calls, GROUPS_MAX};
use super::many::{Report, Wanted};

/// Width of the left column.
const LABEL: usize = 13;

/// For people.
pub(super) fn text(
    (dir, candidate): (&Path, &Bundle),
    wanted: &Wanted,
    report: &Report,
    seen: Seen,
) -> String {
    let mut page = Page::default();
    page.row("Candidate", &format!("{}, charter {}", dir.display(), candidate.digest()));
    let until = wanted.until.map(|until| format!(" until {until}")).unwrap_or_default();
    let agent = wanted.agent.as_ref().map(|agent| format!(", of {agent}")).unwrap_or_default();
    let count = counted(report.replayed, "decision");
    page.row("Replayed", &format!("{count} since {}{until}{agent}", wanted.since));
    page.row(
        "",
        &format!("{} told apart by its policies", counted(seen.situations as u64, "situation")),
    );
    if seen.over > 0 {
        let over = counted(seen.over, "decision");
        page.row("", &format!("more than {SITUATIONS_MAX}: {over} decided one by one"));
    }
    let mut label = "Not replayed";
    for (reason, count) in &report.not {
        page.row(label, &format!("{count} {}", reason.as_str()));
        label = "";
    }
    if report.declared_now > 0 {
        let calls = counted(report.declared_now, "call");
        page.row("", &format!("{calls} asked for models that only the candidate declares"));
    }
    if report.replayed == 0 && !report.not.is_empty() {
        page.0
            .push_str("\nNone of them could be replayed, so nothing is known of the candidate.\n");
    } else {
        for effect in Effect::ALL {
            page.effect(effect, report);
        }
    }
    page.0.trim_end().to_owned()
}

#[derive(Default)]
struct Page(String);

impl Page {
    fn row(&mut self, label: &str, text: &str) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.0, "{label:<LABEL$}{text}");
    }

    fn effect(&mut self, effect: Effect, report: &Report) {
        let count = report.groups.count(effect);
        let head = match effect {
            Effect::Loses => "Would be refused",
            Effect::Gains => "Would be allowed",
            Effect::Moves => "Would go elsewhere",
        };
        if count == 0 {
            let _ = writeln!(self.0, "\n{head}: nobody");
            return;
        }
        let _ = writeln!(self.0, "\n{head}: {}", counted(count, "call"));
        for (alike, calls) in report.groups.of(effect) {
            self.group(alike, calls);
        }
        let over = report.groups.over(effect);
        if over > 0 {
            let over = counted(over, "call");
            let _ = writeln!(self.0, "  and {over} of more than {GROUPS_MAX} groups");
        }
    }

    fn group(&mut self, alike: &Alike, calls: &Calls) {
        let Alike { agent, operation, model, tools, was, would, because, .. } = alike;
        let with =
            if tools.is_empty() { String::new() } else { format!(" with {}", tools.join(", ")) };
        let Calls { count, first, last, example } = calls;
        let count = counted(*count, "call");
        let _ = writeln!(self.0, "  {agent}: {operation} of {model}{with}: {was}, then {would}");
        for reason in because {
            let _ = writeln!(self.0, "    {reason}");
        }
        let _ = writeln!(self.0, "    {count}, {first} to {last}");
        let _ = writeln!(self.0, "    for example {example}");
    }
}

fn counted(count: u64, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// For programs.
pub(super) fn json(
    (dir, candidate): (&Path, &Bundle),
    wanted: &Wanted,
    report: &Report,
    seen: Seen,
) -> Value {
    let all = Effect::ALL.into_iter().flat_map(|effect| report.groups.of(effect));
    let groups: Vec<Value> = all.map(|(alike, calls)| group(alike, calls)).collect();
    let of = |count: &dyn Fn(Effect) -> u64| -> Value {
        Effect::ALL
            .into_iter()
            .map(|effect| (effect.as_str().to_owned(), json!(count(effect))))
            .collect()
    };
    let not: Value = report
        .not
        .iter()
        .map(|(reason, count)| (reason.as_str().to_owned(), json!(count)))
        .collect();
    json!({
        "candidate": candidate.digest(),
        "directory": dir.display().to_string(),
        "since": wanted.since,
        "until": wanted.until,
        "agent": wanted.agent,
        "replayed": report.replayed,
        "not_replayed": not,
        "asked_for_models_only_the_candidate_declares": report.declared_now,
        "situations": seen.situations,
        "decided_one_by_one": seen.over,
        "calls": of(&|effect| report.groups.count(effect)),
        "calls_of_groups_not_told_apart": of(&|effect| report.groups.over(effect)),
        "groups": groups,
    })
}

fn group(alike: &Alike, calls: &Calls) -> Value {
    json!({
        "id": calls.example,
        "effect": alike.effect.as_str(),
        "agent": alike.agent,
        "operation": alike.operation,
        "model": alike.model,
        "tools": alike.tools,
        "was": alike.was,
        "would": alike.would,
        "because": alike.because,
        "calls": calls.count,
        "first": calls.first,
        "last": calls.last,
    })
}
