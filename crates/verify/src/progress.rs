//! How far a long check is, on a terminal: one line on standard error, gone at the end.
//!
//! Where standard error is no terminal, nothing is written.

use std::io::{self, IsTerminal as _, Write};

/// A log shorter than this is checked before anybody could read how far it is.
const ENTRIES_MIN: u64 = 50_000;
/// Columns of the bar itself.
const COLUMNS: u64 = 40;

/// A bar that fills. Dropping it removes it from the screen.
#[derive(Debug)]
pub struct Bar<W: Write = io::Stderr> {
    /// None where nobody would see it.
    to: Option<W>,
    /// The percentage on the screen.
    shown: Option<u64>,
}

impl Bar {
    /// A bar on standard error, if that is a terminal.
    #[must_use]
    pub fn on_terminal() -> Self {
        let to = io::stderr();
        Self { to: to.is_terminal().then_some(to), shown: None }
    }
}

impl<W: Write> Bar<W> {
    /// Shows that `done` of `of` are done, where that changes what is seen.
    pub fn show(&mut self, done: u64, of: u64) {
        let Some(to) = self.to.as_mut().filter(|_| of >= ENTRIES_MIN) else { return };
        let percent =
            u64::try_from(u128::from(done) * 100 / u128::from(of)).unwrap_or(100).min(100);
        if self.shown == Some(percent) {
            return;
        }
        self.shown = Some(percent);
        let full = percent * COLUMNS / 100;
        let bar: String =
            (0..COLUMNS).map(|column| if column < full { '#' } else { '.' }).collect();
        // A terminal that went away costs the bar, not the check.
        let _ = write!(to, "\r[{bar}] {percent:>3} % of {of} entries").and_then(|()| to.flush());
    }
}

impl<W: Write> Drop for Bar<W> {
    fn drop(&mut self) {
        if let Some(to) = self.to.as_mut().filter(|_| self.shown.is_some()) {
            let _ = write!(to, "\r\x1b[K").and_then(|()| to.flush());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(steps: &[(u64, u64)]) -> String {
        let mut screen = Vec::new();
        let mut bar = Bar { to: Some(&mut screen), shown: None };
        steps.iter().for_each(|(done, of)| bar.show(*done, *of));
        drop(bar);
        String::from_utf8(screen).expect("text")
    }

    #[test]
    fn a_long_check_shows_each_percentage_once_and_leaves_no_trace() {
        let text = written(&[(0, 100_000), (999, 100_000), (1_000, 100_000), (50_000, 100_000)]);
        let lines: Vec<_> = text.split('\r').collect();
        let half = format!("[{}{}]  50 % of 100000 entries", "#".repeat(20), ".".repeat(20));
        assert_eq!(lines.len(), 5, "{text}");
        assert_eq!((lines[3], lines[4]), (half.as_str(), "\x1b[K"));
    }

    #[test]
    fn a_short_check_and_one_without_a_terminal_show_nothing() {
        assert_eq!(written(&[(0, ENTRIES_MIN - 1), (ENTRIES_MIN - 2, ENTRIES_MIN - 1)]), "");
        let mut bar: Bar<Vec<u8>> = Bar { to: None, shown: None };
        bar.show(1, ENTRIES_MIN);
        assert_eq!(bar.shown, None);
    }
}
