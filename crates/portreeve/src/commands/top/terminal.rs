//! The terminal while the screen is on it: keys one by one, a screen of its own, and everything
//! as it was afterwards, however the command ends.
//!
//! A thread of its own writes: a terminal that takes nothing delays no key and no signal.

use std::io::{self, IsTerminal as _, Read as _, Write as _, stdin, stdout};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result};
use rustix::termios::{
    InputModes, LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr,
};
use tokio::sync::mpsc;

/// A screen of its own, without a cursor, and no line broken in two.
const ENTER: &str = "\u{1b}[?1049h\u{1b}[?25l\u{1b}[?7l";
/// All of that taken back.
const LEAVE: &str = "\u{1b}[0m\u{1b}[?7h\u{1b}[?25h\u{1b}[?1049l";
/// How long the terminal may take for what is written last.
const LEFT_WITHIN: Duration = Duration::from_secs(1);

/// The terminal. Dropping it restores it.
#[derive(Debug)]
pub(super) struct Terminal {
    /// How it was set, where keys are typed on it.
    was: Option<Termios>,
    /// What the thread writes next. A newer frame takes the place of one that still waits.
    frame: Arc<Mutex<String>>,
    /// Tells the thread that there is one; dropped, that it is to leave.
    drawn: Option<SyncSender<()>>,
    left: Receiver<()>,
}

/// What is typed.
#[derive(Debug)]
pub(super) struct Keys(Option<mpsc::Receiver<u8>>);

impl Terminal {
    /// Takes the terminal.
    pub(super) fn enter() -> Result<Self> {
        let was = stdin().is_terminal().then(|| tcgetattr(stdin())).transpose();
        let was = was.context("the terminal does not say how it is set")?;
        let frame = Arc::<Mutex<String>>::default();
        let (drawn, draws) = sync_channel(1);
        let (leaves, left) = sync_channel(1);
        let terminal = Self { was, frame: Arc::clone(&frame), drawn: Some(drawn), left };
        if let Some(was) = &terminal.was {
            tcsetattr(stdin(), OptionalActions::Now, &keys_alone(was.clone()))
                .context("the terminal cannot be set")?;
        }
        std::thread::spawn(move || {
            write_frames(&draws, &frame);
            // Whoever waited may have given up.
            let _ = leaves.try_send(());
        });
        Ok(terminal)
    }

    /// Shows a frame; says whether the terminal is still there.
    pub(super) fn paint(&self, frame: &str) -> bool {
        let mut text = String::from("\u{1b}[H");
        for (nth, line) in frame.split('\n').enumerate() {
            text.push_str(if nth == 0 { "" } else { "\r\n" });
            text.push_str(line);
            text.push_str("\u{1b}[K");
        }
        text.push_str("\u{1b}[J");
        *self.frame.lock().unwrap_or_else(PoisonError::into_inner) = text;
        match self.drawn.as_ref().map(|drawn| drawn.try_send(())) {
            Some(Ok(()) | Err(TrySendError::Full(()))) => true,
            Some(Err(TrySendError::Disconnected(()))) | None => false,
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.drawn = None;
        // If the terminal takes nothing, there is nobody to see how it looks.
        let _ = self.left.recv_timeout(LEFT_WITHIN);
        if let Some(was) = &self.was {
            // It may be gone, and then need not be restored.
            let _ = tcsetattr(stdin(), OptionalActions::Now, was);
        }
    }
}

impl Keys {
    /// What is typed from here on; nothing where there is no terminal to type on.
    pub(super) fn typed() -> Self {
        if !stdin().is_terminal() {
            return Self(None);
        }
        let (keys, typed) = mpsc::channel(16);
        std::thread::spawn(move || {
            let mut byte = [0];
            loop {
                match stdin().read(&mut byte) {
                    Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
                    Ok(0) | Err(_) => return,
                    Ok(_) => {
                        let [key] = byte;
                        if keys.blocking_send(key).is_err() {
                            return;
                        }
                    }
                }
            }
        });
        Self(Some(typed))
    }

    /// The next key; none when the terminal is gone.
    pub(super) async fn next(&mut self) -> Option<u8> {
        match &mut self.0 {
            Some(typed) => typed.recv().await,
            None => std::future::pending().await,
        }
    }
}

/// How a terminal is set that gives each key as it is typed, Ctrl-C among them.
fn keys_alone(mut set: Termios) -> Termios {
    set.local_modes -=
        LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG | LocalModes::IEXTEN;
    set.input_modes -= InputModes::IXON;
    set.special_codes[SpecialCodeIndex::VMIN] = 1;
    set.special_codes[SpecialCodeIndex::VTIME] = 0;
    set
}

/// Writes each frame that is waiting when told so, until nobody tells it any more.
fn write_frames(draws: &Receiver<()>, frame: &Mutex<String>) {
    let write = |text: &str| {
        let mut out = stdout().lock();
        out.write_all(text.as_bytes()).and_then(|()| out.flush())
    };
    if write(ENTER).is_err() {
        return;
    }
    for () in draws {
        let text = std::mem::take(&mut *frame.lock().unwrap_or_else(PoisonError::into_inner));
        if write(&text).is_err() {
            return;
        }
    }
    // A terminal that is gone need not be told.
    let _ = write(LEAVE);
}
