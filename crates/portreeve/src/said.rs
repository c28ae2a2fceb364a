//! What a serving process says on standard error: one line for each event, for people or as JSON.
//!
//! Once it serves, lines wait in a queue with a bound and a thread of their own writes them: whoever
//! says something never waits for whoever reads, and what has no place is dropped and counted.
//! Lines hold no prompt and no secret.

use std::io::{self, Write as _};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use model::{Clock as _, Operation, RefusalCode};
use serde_json::{Map, Value};
use telemetry::Finished;

use crate::clock::SystemClock;
use crate::print;

/// Lines that wait to be written.
const LINES_MAX: usize = 1_024;
/// How long the last lines may take when the process ends.
const LEFT_WITHIN: Duration = Duration::from_secs(1);

/// The voice of the process once it serves. Only [`begin`] sets it.
static VOICE: OnceLock<Voice> = OnceLock::new();

/// How lines look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// Sentences for people.
    #[default]
    Human,
    /// One JSON object a line.
    Json,
}

macro_rules! events {
    ($($variant:ident $name:literal $level:literal $meaning:literal;)*) => {
        /// What happened. Names are stable: `docs/reference/events.md` lists them.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Event {
            $(#[doc = $meaning] $variant,)*
        }

        impl Event {
            /// Its name and its level.
            const fn words(self) -> (&'static str, &'static str) {
                match self { $(Self::$variant => ($name, $level)),* }
            }
        }

        /// All of them, as the page lists them: name, level, meaning.
        #[cfg(test)]
        const EVENTS: &[(&str, &str, &str)] = &[$(($name, $level, $meaning)),*];
    };
}

events! {
    Serving "serving" "info" "The process takes requests; said to programs only.";
    Stopping "stopping" "info" "It was told to stop, and lets running answers end.";
    Stopped "stopped" "info" "It has closed its logs.";
    Decision "decision" "info" "A request ended; only where the settings say `decisions: true`.";
    TargetSetAside "target_set_aside" "warn" "A place failed too often, or asked for a pause.";
    TargetBack "target_back" "info" "A place that was set aside answers again.";
    LogFailing "log_failing" "error" "A log cannot be written: nothing is forwarded.";
    LogWorking "log_working" "info" "The logs work again.";
    LogCut "log_cut" "warn" "The end of a write-ahead log was no whole batch and was cut off.";
    OutcomeLost "outcome_lost" "warn" "A decision's outcome was lost when the process last stopped.";
    CountersUnused "counters_unused" "warn" "The snapshot of the budgets' counters could not be used; the log was read instead.";
    CountersUnwritten "counters_unwritten" "warn" "The snapshot of the budgets' counters cannot be written.";
    CountersWritten "counters_written" "info" "The snapshot of the budgets' counters can be written again.";
    CountersAhead "counters_ahead" "warn" "Budgets count in windows that lie in the future: a clock was ahead, or is behind.";
    CountersSetRight "counters_set_right" "info" "What budgets counted in windows that lay in the future is counted where the clock was right again.";
    StoredUnread "stored_unread" "warn" "What providers keep for agents could not be read from the log.";
    NoTrustRoots "no_trust_roots" "warn" "The system has no trust roots: providers over https cannot be reached.";
    ExportFailing "export_failing" "warn" "The collector does not take telemetry.";
    ExportWorking "export_working" "info" "The collector takes telemetry again.";
    LinesDropped "lines_dropped" "warn" "Standard error was not read in time, and lines were dropped.";
}

/// How a serving process speaks.
#[derive(Debug)]
struct Voice {
    format: Format,
    lines: SyncSender<Line>,
    dropped: AtomicU64,
}

/// What the writing thread is sent.
#[derive(Debug)]
enum Line {
    /// A line.
    Text(String),
    /// Somebody waits until everything before it is written.
    Mark(SyncSender<()>),
}

/// From here on lines are written by a thread of their own, in this format.
pub(crate) fn begin(format: Format) -> io::Result<()> {
    let (lines, queue) = sync_channel(LINES_MAX);
    thread::Builder::new().name("lines".to_owned()).spawn(move || write(&queue))?;
    // A process serves once.
    let _ = VOICE.set(Voice { format, lines, dropped: AtomicU64::new(0) });
    Ok(())
}

/// Says that something happened, in words.
pub(crate) fn tell(event: Event, text: &str) {
    let Some(voice) = VOICE.get() else { return print::notice(text) };
    match voice.format {
        Format::Human => voice.say(print::plain(text).into_owned()),
        Format::Json => {
            let mut object = head(event);
            object.insert("message".to_owned(), Value::from(text));
            voice.say(Value::Object(object).to_string());
        }
    }
}

/// Says where it serves, to programs: people are shown it on standard output.
pub(crate) fn serving(addresses: &[String]) {
    if VOICE.get().is_some_and(|voice| voice.format == Format::Json) {
        tell(Event::Serving, &format!("serves at {}", addresses.join(", ")));
    }
}

/// Says how a request ended.
pub(crate) fn decision(finished: &Finished<'_>) {
    let Some(voice) = VOICE.get() else { return };
    let fields = fields(finished);
    match voice.format {
        Format::Human => {
            let words: Vec<String> = fields
                .iter()
                .map(|(name, value)| format!("{name}={}", print::value(value)))
                .collect();
            voice.say(format!("decision {}", words.join(" ")));
        }
        Format::Json => {
            let mut object = head(Event::Decision);
            object.extend(fields.into_iter().map(|(name, value)| (name.to_owned(), value)));
            voice.say(Value::Object(object).to_string());
        }
    }
}

/// Lines that had no place since the process began to serve.
pub(crate) fn dropped() -> u64 {
    VOICE.get().map_or(0, |voice| voice.dropped.load(Ordering::Relaxed))
}

/// Waits a moment until everything said before is written.
pub(crate) fn finish() {
    let Some(voice) = VOICE.get() else { return };
    let (written, waits) = sync_channel(1);
    // Where the queue is full nobody reads, and waiting would change nothing.
    if voice.lines.try_send(Line::Mark(written)).is_ok() {
        let _ = waits.recv_timeout(LEFT_WITHIN);
    }
}

impl Voice {
    fn say(&self, line: String) {
        if self.lines.try_send(Line::Text(line)).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Writes what comes, and says when something had no place.
fn write(queue: &Receiver<Line>) {
    let mut told = 0;
    while let Ok(line) = queue.recv() {
        match line {
            // Standard error is where a failure would be told; if it is gone, nobody listens.
            Line::Text(text) => drop(writeln!(io::stderr().lock(), "{text}")),
            Line::Mark(written) => drop(written.try_send(())),
        }
        let dropped = dropped();
        if dropped > told {
            let text =
                format!("{} lines were dropped: standard error was not read", dropped - told);
            told = dropped;
            tell(Event::LinesDropped, &text);
        }
    }
}

/// What every line begins with.
fn head(event: Event) -> Map<String, Value> {
    let (name, level) = event.words();
    let now = SystemClock.now().to_string();
    [("time", now.as_str()), ("level", level), ("event", name)]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), Value::from(value)))
        .collect()
}

/// What is said of a request: names that the charter declares, codes, counts and times.
fn fields(finished: &Finished<'_>) -> Vec<(&'static str, Value)> {
    let call = finished.call.as_ref();
    let usage = call.and_then(|call| call.usage);
    let milliseconds = u64::try_from(finished.steps.total.as_millis()).unwrap_or(u64::MAX);
    let all = [
        ("decision", Some(Value::from(finished.id.to_string()))),
        ("code", Some(Value::from(finished.code.map_or("permitted", RefusalCode::as_str)))),
        ("status", finished.status.map(Value::from)),
        ("dialect", Some(Value::from(finished.dialect.as_str()))),
        ("operation", finished.operation.map(|one| Value::from(Operation::as_str(one)))),
        ("agent", finished.agent.map(|agent| Value::from(agent.as_str()))),
        ("model", finished.model.map(|model| Value::from(model.as_str()))),
        (
            "provider",
            call.and_then(|call| call.attempts.last()).map(|at| Value::from(at.provider.as_str())),
        ),
        ("attempts", call.map(|call| Value::from(call.attempts.len()))),
        ("ended", call.map(|call| Value::from(call.ended.as_str()))),
        ("input_tokens", usage.map(|usage| Value::from(usage.input_tokens))),
        ("output_tokens", usage.map(|usage| Value::from(usage.output_tokens))),
        ("cost_nano_usd", call.and_then(|call| call.cost_nano_usd).map(Value::from)),
        ("input_bytes", Some(Value::from(finished.input_bytes))),
        ("output_bytes", call.map(|call| Value::from(call.output_bytes))),
        ("duration_ms", Some(Value::from(milliseconds))),
    ];
    all.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_lists_every_event_as_it_is() {
        let page = include_str!("../../../docs/reference/events.md");
        let rows: Vec<&str> = page.lines().filter(|line| line.starts_with("| `")).collect();
        let expected: Vec<String> = EVENTS
            .iter()
            .map(|(name, level, meaning)| format!("| `{name}` | {level} | {meaning} |"))
            .collect();
        assert_eq!(rows, expected);
    }
}
