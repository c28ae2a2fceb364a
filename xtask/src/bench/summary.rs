//! What several rounds say together: the median, and how far apart they were.

/// Of one figure over all rounds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Summary {
    pub(super) median: f64,
    pub(super) low: f64,
    pub(super) high: f64,
}

impl Summary {
    /// Of the figures of several rounds; none where there are none, or one is no number.
    pub(super) fn of(mut figures: Vec<f64>) -> Option<Self> {
        figures.sort_by(f64::total_cmp);
        let (low, high) = (*figures.first()?, *figures.last()?);
        if !(low.is_finite() && high.is_finite()) {
            return None;
        }
        let middle = figures.len() / 2;
        let upper = figures.get(middle)?;
        let median = match figures.get(middle.wrapping_sub(1)) {
            Some(lower) if figures.len().is_multiple_of(2) => f64::midpoint(*lower, *upper),
            _ => *upper,
        };
        Some(Self { median, low, high })
    }

    /// The same in another unit.
    pub(super) fn scaled(self, factor: f64) -> Self {
        Self { median: self.median * factor, low: self.low * factor, high: self.high * factor }
    }
}

/// A figure as people read it: three digits that count, thousands set apart.
pub(super) fn shown(figure: f64) -> String {
    let size = figure.abs();
    let decimals = match size {
        _ if size >= 99.95 => 0,
        _ if size >= 9.995 => 1,
        _ => 2,
    };
    let text = format!("{figure:.decimals$}");
    let (whole, rest) = text.split_once('.').map_or((text.as_str(), None), |(a, b)| (a, Some(b)));
    let (sign, digits) = whole.strip_prefix('-').map_or(("", whole), |digits| ("-", digits));
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let rest = rest.map(|rest| format!(".{rest}")).unwrap_or_default();
    format!("{sign}{grouped}{rest}")
}
