//! A chart as SVG: groups of rows, each with its median and its span, on one axis.
//!
//! The colours are legible on a light and on a dark page, and the background is the page's own.

use super::summary::{Summary, shown};

const WIDTH: f64 = 760.0;
/// Where the axis begins: what stands to the left is names.
const LEFT: f64 = 150.0;
/// What is kept free at the right for the figure beside the longest row.
const RIGHT: f64 = 70.0;
const TOP: f64 = 44.0;
const ROW: f64 = 22.0;
const GROUP_HEAD: f64 = 24.0;
const AXIS: f64 = 50.0;
/// Most ticks of an axis.
const TICKS: f64 = 6.0;

/// What is drawn.
#[derive(Debug, Clone)]
pub(super) struct Chart {
    pub(super) title: String,
    /// What the axis counts, with its unit.
    pub(super) axis: String,
    pub(super) scale: Scale,
    pub(super) groups: Vec<Group>,
}

/// How figures become lengths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scale {
    /// From zero; rows are bars.
    Linear,
    /// Each step is ten times the one before; rows are points.
    Logarithmic,
}

/// Rows that belong together.
#[derive(Debug, Clone)]
pub(super) struct Group {
    /// Empty where there is only one.
    pub(super) name: String,
    pub(super) rows: Vec<Row>,
}

/// One figure of one target.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) name: String,
    pub(super) colour: &'static str,
    pub(super) figure: Summary,
}

/// The axis: which figures it leads from and to, and where its ticks stand.
#[derive(Debug, Clone, PartialEq)]
struct Axis {
    scale: Scale,
    from: f64,
    to: f64,
    ticks: Vec<f64>,
}

impl Chart {
    /// As a file; none where there is nothing to draw.
    pub(super) fn svg(&self) -> Option<String> {
        let rows = || self.groups.iter().flat_map(|group| &group.rows);
        let high = rows().map(|row| row.figure.high).reduce(f64::max)?;
        let low = rows().map(|row| row.figure.low).reduce(f64::min)?;
        let axis = Axis::over(self.scale, low, high)?;
        let mut body = String::new();
        let mut y = TOP;
        for group in self.groups.iter().filter(|group| !group.rows.is_empty()) {
            if !group.name.is_empty() {
                let name = escaped(&group.name);
                body.push_str(&format!(
                    "<text x=\"8\" y=\"{:.1}\" class=\"b\">{name}</text>\n",
                    y + 16.0
                ));
                y += GROUP_HEAD;
            }
            for row in &group.rows {
                body.push_str(&row.svg(&axis, y));
                y += ROW;
            }
        }
        let height = y + AXIS;
        let title = escaped(&self.title);
        let ticks = axis.svg(&self.axis, y);
        Some(format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
             width=\"{WIDTH}\" height=\"{height}\" role=\"img\" aria-label=\"{title}\">\n\
             <style>text{{font:13px sans-serif;fill:#727a85}}.b{{font-weight:bold}}\
             .l{{stroke:#8b929c;stroke-width:1}}.g{{stroke:#8b929c;stroke-opacity:.3}}</style>\n\
             <text x=\"8\" y=\"22\" class=\"b\" style=\"font-size:15px\">{title}</text>\n\
             {ticks}{body}</svg>\n"
        ))
    }
}

impl Row {
    fn svg(&self, axis: &Axis, y: f64) -> String {
        let Summary { median, low, high } = self.figure;
        let [at, from, to] = [median, low, high].map(|figure| axis.place(figure));
        let middle = y + ROW / 2.0;
        let (name, colour) = (escaped(&self.name), self.colour);
        let mark = match axis.scale {
            Scale::Linear => format!(
                "<rect x=\"{LEFT}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" fill=\"{colour}\"/>",
                y + 3.0,
                (at - LEFT).max(1.0),
                ROW - 6.0
            ),
            Scale::Logarithmic => {
                format!("<circle cx=\"{at:.1}\" cy=\"{middle:.1}\" r=\"5\" fill=\"{colour}\"/>")
            }
        };
        format!(
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{name}</text>\n{mark}\n\
             <line x1=\"{from:.1}\" y1=\"{middle:.1}\" x2=\"{to:.1}\" y2=\"{middle:.1}\" class=\"l\" \
             style=\"stroke-width:2\"/>\n\
             <text x=\"{:.1}\" y=\"{:.1}\">{}</text>\n",
            LEFT - 8.0,
            middle + 4.5,
            to.max(at) + 8.0,
            middle + 4.5,
            shown(median)
        )
    }
}

impl Axis {
    /// An axis that figures from `low` to `high` fit on; none where a logarithm has no place.
    fn over(scale: Scale, low: f64, high: f64) -> Option<Self> {
        match scale {
            Scale::Linear => {
                // A median may lie below zero where one figure is taken from another.
                let from = low.min(0.0);
                let step = step((high - from).max(f64::MIN_POSITIVE) / TICKS);
                let first = (from / step).floor();
                let count = ((high / step).ceil() - first).max(1.0);
                let ticks: Vec<f64> =
                    (0..=count as u32).map(|n| (first + f64::from(n)) * step).collect();
                Some(Self { scale, from: *ticks.first()?, to: *ticks.last()?, ticks })
            }
            Scale::Logarithmic => {
                if low <= 0.0 {
                    return None;
                }
                let (first, last) = (low.log10().floor() as i32, high.log10().ceil() as i32);
                let ticks: Vec<f64> =
                    (first..=last.max(first + 1)).map(|n| 10_f64.powi(n)).collect();
                Some(Self { scale, from: *ticks.first()?, to: *ticks.last()?, ticks })
            }
        }
    }

    /// Where a figure stands, in pixels from the left.
    fn place(&self, figure: f64) -> f64 {
        let share = match self.scale {
            Scale::Linear => (figure - self.from) / (self.to - self.from),
            Scale::Logarithmic => {
                (figure.log10() - self.from.log10()) / (self.to.log10() - self.from.log10())
            }
        };
        LEFT + share * (WIDTH - LEFT - RIGHT)
    }

    fn svg(&self, name: &str, y: f64) -> String {
        let mut text = String::new();
        for tick in &self.ticks {
            let x = self.place(*tick);
            text.push_str(&format!(
                "<line x1=\"{x:.1}\" y1=\"{TOP}\" x2=\"{x:.1}\" y2=\"{:.1}\" class=\"g\"/>\n\
                 <text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>\n",
                y + 4.0,
                y + 20.0,
                trimmed(*tick)
            ));
        }
        let name = escaped(name);
        text.push_str(&format!(
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{name}</text>\n",
            LEFT + (WIDTH - LEFT - RIGHT) / 2.0,
            y + 40.0
        ));
        text
    }
}

/// A step between ticks that people count in: 1, 2 or 5 of a power of ten, at least `least`.
fn step(least: f64) -> f64 {
    let power = 10_f64.powf(least.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power);
    steps.into_iter().find(|step| *step >= least).unwrap_or(10.0 * power)
}

/// A tick's figure without zeros that say nothing.
fn trimmed(figure: f64) -> String {
    let text = format!("{figure:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_holds_its_figures_and_counts_in_round_steps() {
        let check = |scale, low, high, ticks: &[f64]| {
            let axis = Axis::over(scale, low, high).expect("an axis");
            assert_eq!(
                axis.ticks.iter().map(|tick| trimmed(*tick)).collect::<Vec<_>>(),
                ticks.iter().map(|tick| trimmed(*tick)).collect::<Vec<_>>()
            );
            assert!((axis.place(axis.from) - LEFT).abs() < 0.01);
            assert!((axis.place(axis.to) - (WIDTH - RIGHT)).abs() < 0.01);
        };
        check(Scale::Linear, 3.0, 41.0, &[0.0, 10.0, 20.0, 30.0, 40.0, 50.0]);
        check(Scale::Linear, -0.3, 0.9, &[-0.4, -0.2, 0.0, 0.2, 0.4, 0.6, 0.8, 1.0]);
        check(Scale::Linear, 0.0, 1_000.0, &[0.0, 200.0, 400.0, 600.0, 800.0, 1_000.0]);
        check(Scale::Logarithmic, 0.2, 31.0, &[0.1, 1.0, 10.0, 100.0]);
        assert_eq!(Axis::over(Scale::Logarithmic, 0.0, 1.0), None);
    }

    #[test]
    fn a_chart_names_what_it_shows_and_none_is_drawn_of_nothing() {
        let figure = Summary { median: 2.0, low: 1.0, high: 3.0 };
        let rows = vec![Row { name: "a & b".to_owned(), colour: "#123456", figure }];
        let groups = vec![Group { name: "<g>".to_owned(), rows }];
        let (title, axis) = ("T".to_owned(), "ms".to_owned());
        let chart = Chart { title, axis, scale: Scale::Linear, groups };
        let svg = chart.svg().expect("something to draw");
        for part in ["a &amp; b", "&lt;g&gt;", "#123456", ">ms<", ">2.00<"] {
            assert!(svg.contains(part), "{part} is not in {svg}");
        }
        assert_eq!(Chart { groups: Vec::new(), ..chart }.svg(), None);
    }
}
