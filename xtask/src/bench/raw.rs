//! The raw figures: one line of JSON for the machine, one for each run. Everything that is shown
//! is computed from them.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Map, Value, json};

use super::cell::Cell;
use super::target::Target;

/// Most lines that are read.
const ROWS_MAX: usize = 10_000;

/// Everything that was measured in one run of the bench.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Raw {
    /// What it was measured on and how, in words.
    pub(super) machine: BTreeMap<String, String>,
    pub(super) rows: Vec<Row>,
}

/// What one run of one target came to.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    pub(super) cell: String,
    pub(super) target: String,
    pub(super) round: u32,
    /// By name; the unit is the name's end.
    pub(super) figures: BTreeMap<String, f64>,
}

impl Raw {
    pub(super) const fn new(machine: BTreeMap<String, String>) -> Self {
        Self { machine, rows: Vec::new() }
    }

    /// As it is kept.
    pub(super) fn text(&self) -> String {
        let machine = json!({ "machine": self.machine });
        let rows = self.rows.iter().map(Row::to_json);
        std::iter::once(machine).chain(rows).map(|line| format!("{line}\n")).collect()
    }

    /// What is kept.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let mut lines = text.lines();
        let first: Value = serde_json::from_str(lines.next().unwrap_or_default())
            .context("the first line is no JSON")?;
        let machine = first.get("machine").and_then(Value::as_object);
        let machine = machine.context("the first line says nothing of the machine")?;
        let words = machine.iter().map(|(key, value)| {
            let value = value.as_str().with_context(|| format!("`{key}` is no text"))?;
            Ok((key.clone(), value.to_owned()))
        });
        let machine = words.collect::<Result<_>>()?;
        let rows: Vec<Row> = lines.take(ROWS_MAX + 1).map(Row::parse).collect::<Result<_>>()?;
        ensure!(rows.len() <= ROWS_MAX, "more than {ROWS_MAX} lines");
        Ok(Self { machine, rows })
    }

    /// Whether anything went wrong that would make the figures mean nothing.
    pub(super) fn check(&self) -> Result<()> {
        for row in &self.rows {
            let errors = row.figures.get("errors").copied().unwrap_or_default();
            ensure!(errors == 0.0, "{} at {}: {errors} wrong answers", row.cell, row.target);
        }
        Ok(())
    }

    /// One figure of a target by round.
    pub(super) fn rounds(&self, cell: Cell, target: &str, figure: &str) -> BTreeMap<u32, f64> {
        let rows = self.rows.iter().filter(|row| row.cell == cell.name() && row.target == target);
        rows.filter_map(|row| Some((row.round, *row.figures.get(figure)?))).collect()
    }

    /// The same for a target that is measured under load.
    pub(super) fn of(&self, cell: Cell, target: Target, figure: &str) -> BTreeMap<u32, f64> {
        self.rounds(cell, target.name(), figure)
    }
}

impl Row {
    pub(super) fn new(cell: Cell, target: &str, round: u32) -> Self {
        let (cell, target) = (cell.name().to_owned(), target.to_owned());
        Self { cell, target, round, figures: BTreeMap::new() }
    }

    /// With one more figure, to three decimals: what lies beyond is noise.
    pub(super) fn with(mut self, name: &str, figure: f64) -> Self {
        self.figures.insert(name.to_owned(), (figure * 1e3).round() / 1e3);
        self
    }

    fn to_json(&self) -> Value {
        json!({
            "cell": self.cell,
            "target": self.target,
            "round": self.round,
            "figures": self.figures,
        })
    }

    fn parse(line: &str) -> Result<Self> {
        let row: Map<String, Value> = serde_json::from_str(line).context("a line is no JSON")?;
        let text = |key: &str| {
            let value = row.get(key).and_then(Value::as_str);
            value.map(str::to_owned).with_context(|| format!("a line has no `{key}`"))
        };
        let round = row.get("round").and_then(Value::as_u64);
        let figures = row.get("figures").and_then(Value::as_object);
        let figures = figures.context("a line has no figures")?.iter().map(|(name, value)| {
            Ok((name.clone(), value.as_f64().with_context(|| format!("`{name}` is no number"))?))
        });
        Ok(Self {
            cell: text("cell")?,
            target: text("target")?,
            round: u32::try_from(round.context("a line has no `round`")?)?,
            figures: figures.collect::<Result<_>>()?,
        })
    }
}
