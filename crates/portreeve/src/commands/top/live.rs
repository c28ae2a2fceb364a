//! The screen as it follows the gateway: it asks, draws, and listens to keys, signals and the
//! terminal's size, each without waiting for another.

use std::io::stdout;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

use super::frame::{self, Contact, Size, View};
use super::sample::Sample;
use super::terminal::{Keys, Terminal};
use crate::budgets::BudgetReport;
use crate::cli::{Top, TopBy};
use crate::home::Home;
use crate::signals::Signals;
use crate::{clock, print, wrap};

/// How old the budgets may be that are shown.
const BUDGETS_LAST: Duration = Duration::from_secs(10);
/// Where a terminal does not say how large it is.
const SIZE_UNKNOWN: (usize, usize) = (80, 24);

/// Shows the screen until somebody leaves, the process is told to end, or the terminal is gone.
pub(super) async fn run(home: &Home, options: Top) -> Result<ExitCode> {
    // All of them are watched before the terminal is touched: none leaves it as it should not be.
    let mut signals = Signals::watch()?;
    let mut hangup = signal(SignalKind::hangup()).context("a hang-up cannot be watched")?;
    let mut resized =
        signal(SignalKind::window_change()).context("the terminal's size cannot be watched")?;
    let (told, mut samples) = mpsc::channel(1);
    let every = Duration::from_secs(options.every);
    let asking = tokio::spawn(ask(home.admin_socket(), every, told));
    let terminal = Terminal::enter()?;
    let mut keys = Keys::typed();
    let coloured = print::is_coloured(&stdout());
    let now = clock::system().now();
    let mut view = View { sample: None, contact: Contact::Live, by: options.by, now };
    loop {
        view.now = clock::system().now();
        let (columns, lines) = wrap::size(&stdout()).unwrap_or(SIZE_UNKNOWN);
        let size = Size { columns, lines };
        if !terminal.paint(&frame::text(&view, size, coloured)) {
            break;
        }
        tokio::select! {
            Some(sample) = samples.recv() => view.hear(sample),
            key = keys.next() => if !view.press(key) { break },
            () = signals.next() => break,
            _ = hangup.recv() => break,
            _ = resized.recv() => {}
        }
    }
    asking.abort();
    Ok(ExitCode::SUCCESS)
}

/// Asks the serving process again and again, until nobody wants to know.
async fn ask(socket: PathBuf, every: Duration, told: mpsc::Sender<Result<Sample>>) {
    let mut budgets: Option<(Instant, Vec<BudgetReport>)> = None;
    loop {
        budgets = budgets.filter(|(since, _)| since.elapsed() < BUDGETS_LAST);
        let known = budgets.as_ref().map(|(_, budgets)| budgets.clone());
        let sample = Sample::with(&socket, known).await;
        budgets = match &sample {
            Ok(sample) => budgets.or_else(|| Some((Instant::now(), sample.budgets.clone()))),
            // Another process may answer next.
            Err(_) => None,
        };
        if told.send(sample).await.is_err() {
            return;
        }
        sleep(every).await;
    }
}

impl View {
    /// What the serving process said, or that it said nothing. What it said last stays.
    fn hear(&mut self, sample: Result<Sample>) {
        match sample {
            Ok(sample) => (self.sample, self.contact) = (Some(sample), Contact::Live),
            Err(error) => {
                let since = match self.contact {
                    Contact::Gone { since, .. } => since,
                    Contact::Once | Contact::Live => clock::system().now(),
                };
                self.contact = Contact::Gone { why: format!("{error:#}"), since };
            }
        }
    }

    /// A key, or none where the terminal to type on is gone; says whether to go on.
    fn press(&mut self, key: Option<u8>) -> bool {
        /// Ctrl-C and Ctrl-D, as they are typed where they are keys like others.
        const LEAVING: [Option<u8>; 5] = [None, Some(b'q'), Some(b'Q'), Some(3), Some(4)];
        self.by = match key {
            Some(b'o') => None,
            Some(b'a') => Some(TopBy::Agent),
            Some(b'm') => Some(TopBy::Model),
            Some(b't') => Some(TopBy::Target),
            Some(b'c') => Some(TopBy::Code),
            Some(b'b') => Some(TopBy::Budget),
            Some(b'r') => Some(TopBy::Refusal),
            Some(_) | None => self.by,
        };
        !LEAVING.contains(&key)
    }
}
