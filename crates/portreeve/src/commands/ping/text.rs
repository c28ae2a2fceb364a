//! A ping as text: a line for each layer, then what stops the call, who can fix it and what to
//! do next. It reads nothing and asks nobody.

use super::Pinged;
use crate::amounts::time;
use crate::probe::{FailureReport, LayerReport};

/// The whole account; `spent` is whether a real call was asked for.
pub(super) fn account(pinged: &Pinged, spent: bool) -> String {
    let mut text: String = pinged.layers.iter().map(line).collect();
    text.push('\n');
    match pinged.failed() {
        Some((layer, failure)) => text.push_str(&verdict(layer, failure)),
        None if spent => text.push_str("It gets through: a call was made and answered.\n"),
        None => text.push_str(
            "A call would get through as far as this can be known without one; --spend makes a \
             real one.\n",
        ),
    }
    if let Some(decision) = &pinged.decision {
        text.push_str(&format!("decision  portreeve explain {decision}\n"));
    }
    text
}

fn line(layer: &LayerReport) -> String {
    let verdict = if layer.ok { "ok  " } else { "FAIL" };
    let says = match &layer.failure {
        Some(failure) => format!("{}: {}", failure.code, failure.title),
        None => layer.says.clone(),
    };
    format!("{verdict}  {:<9} {says} ({})\n", layer.layer, time(layer.took_us))
}

fn verdict(layer: &LayerReport, failure: &FailureReport) -> String {
    let mut text = format!("It stops at the layer `{}`: {}\n", layer.layer, failure.title);
    if !layer.says.is_empty() {
        text.push_str(&format!("what      {}\n", layer.says));
    }
    if !failure.policies.is_empty() {
        text.push_str(&format!("by        {}\n", failure.policies.join(", ")));
    }
    let seat = match (&failure.ask, &failure.holder) {
        (Some(seat), Some(holder)) => format!(": {seat} ({holder})"),
        (Some(seat), None) => format!(": {seat}"),
        (None, _) => String::new(),
    };
    text.push_str(&format!("fixed by  {}{seat}\n", failure.fixer));
    if let Some(next) = &failure.next {
        text.push_str(&format!("next      {next}\n"));
    }
    if let Some(page) = &failure.page {
        text.push_str(&format!("read      {page}\n"));
    }
    text
}
