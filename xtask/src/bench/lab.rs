//! One run of the laboratory's load generator or disk writer: the plan goes in, the figures come
//! out.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use super::options::Extent;
use super::raw::Row;
use super::target::Running;
use crate::command::feed;

/// The credential that the laboratory's upstream demands: that of `testkit::lab::KEY`.
pub(super) const KEY: &str = "lab-key-of-no-value";
/// The model that every request names.
const MODEL: &str = "lab";
/// What a run may take beyond its own times: connecting, and answers under way.
const BEYOND: Duration = Duration::from_secs(120);
/// How long one look at a target's readiness may take.
const LOOK_LIMIT: Duration = Duration::from_secs(5);
/// What a writer appends that stands for one entry of a log.
const RECORD_BYTES: usize = 512;

/// What a run of load asks for, and how often; as `testkit::lab` reads it.
#[derive(Debug, Clone)]
pub(super) struct Asking {
    pub(super) ask: Value,
    pub(super) shape: Value,
}

/// How the disk is written to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Appending {
    /// Records made durable together.
    pub(super) records: usize,
    /// Appends due in a second; none for as many as the disk takes.
    pub(super) per_second: Option<u32>,
}

/// Puts `target` under load; what was measured is added to `row`.
pub(super) fn load(
    lab: &Path,
    (target, beside): (&Running, u32),
    asking: &Asking,
    extent: Extent,
    row: Row,
) -> Result<Row> {
    let (warm, window) = extent.times();
    let plan = json!({
        "to": target.address.to_string(),
        "authorization": target.authorization()?,
        "model": MODEL,
        "ask": asking.ask,
        "shape": asking.shape,
        "warm_ms": millis(warm),
        "window_ms": millis(window),
        // What is measured without anything in between costs nothing in between.
        "watch": target.pid,
        "beside": [beside],
    });
    let report = report(lab, "load", &plan, warm + window + BEYOND)?;
    if let Some(error) = report.get("first_error").and_then(Value::as_str) {
        bail!("{} gave a wrong answer: {error}", target.target.name());
    }
    Ok(figures(row, &report))
}

/// Writes to the disk that `folder` is on.
pub(super) fn disk(
    lab: &Path,
    folder: &Path,
    appending: Appending,
    extent: Extent,
    row: Row,
) -> Result<Row> {
    let window = extent.times().1;
    let plan = json!({
        "folder": folder,
        "record_bytes": RECORD_BYTES,
        "records": appending.records,
        "per_second": appending.per_second,
        "window_ms": millis(window),
    });
    let report = report(lab, "disk", &plan, window + BEYOND)?;
    let row = with_number(row, &report, "records_per_second");
    Ok(with_latency(row, &report))
}

/// The status that a target answers a GET with; none where nobody answers.
pub(super) fn status_of(address: SocketAddr, path: &str) -> Option<u16> {
    let mut stream = TcpStream::connect_timeout(&address, LOOK_LIMIT).ok()?;
    stream.set_read_timeout(Some(LOOK_LIMIT)).ok()?;
    let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).ok()?;
    let mut head = [0; 12];
    stream.read_exact(&mut head).ok()?;
    let status = head.strip_prefix(b"HTTP/1.1 ")?;
    std::str::from_utf8(status).ok()?.parse().ok()
}

fn report(lab: &Path, what: &str, plan: &Value, limit: Duration) -> Result<Value> {
    let wrote = feed(Command::new(lab).arg(what), &plan.to_string(), limit)?;
    let line = wrote.lines().find(|line| line.starts_with('{'));
    serde_json::from_str(line.unwrap_or_default()).context("the laboratory's report is no JSON")
}

/// The figures of a run of load, each by what it is for.
fn figures(row: Row, report: &Value) -> Row {
    let number = |name: &str| report.get(name).and_then(Value::as_f64);
    let seconds = number("window_ms").unwrap_or_default() / 1e3;
    let (requests, chunks) = (number("requests"), number("chunks"));
    let mut row = with_latency(row, report);
    for name in ["errors", "others_cores", "pss_before_kib", "pss_kib"] {
        row = with_number(row, report, name);
    }
    for (count, rate, cost) in [
        (requests, "requests_per_second", "cpu_us_per_request"),
        (chunks, "chunks_per_second", "cpu_us_per_chunk"),
    ] {
        let Some(count) = count.filter(|count| *count > 0.0) else { continue };
        row = row.with(rate, count / seconds);
        if let Some(cpu_ns) = number("cpu_ns") {
            row = row.with(cost, cpu_ns / count / 1e3);
        }
    }
    row
}

fn with_latency(mut row: Row, report: &Value) -> Row {
    if let Some(latency) = report.get("latency") {
        for name in ["p50_us", "p90_us", "p99_us", "p999_us", "max_us"] {
            row = with_number(row, latency, name);
        }
    }
    row
}

fn with_number(row: Row, report: &Value, name: &str) -> Row {
    match report.get(name).and_then(Value::as_f64) {
        Some(number) => row.with(name, number),
        None => row,
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
