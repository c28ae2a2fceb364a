//! `portreeve top`: what goes through the gateway just now, on a screen that follows it. It asks
//! the admin socket and changes nothing.

mod cell;
mod frame;
#[cfg(test)]
mod frames;
mod live;
mod sample;
mod sections;
mod table;
mod terminal;
#[cfg(test)]
mod tests;

use std::io::stdout;
use std::process::ExitCode;

use anyhow::Result;
use serde_json::json;

use crate::cli::Top;
use crate::home::Home;
use crate::{clock, print, wrap};
use frame::{Contact, Size, View};
use sample::Sample;

/// How wide a frame is that nobody looks at on a terminal.
const WIDTH_ELSEWHERE: usize = 120;

/// Shows the screen until somebody leaves; once where it is asked for or nobody looks on.
pub(crate) async fn run(home: &Home, options: Top) -> Result<ExitCode> {
    if print::obeys(&stdout()) && !options.once && !options.output.json {
        return live::run(home, options).await;
    }
    let sample = Sample::take(&home.admin_socket()).await?;
    if options.output.json {
        let Sample { gateway, logs_work, traffic, budgets } = sample;
        let object = json!({
            "name": gateway, "healthy": logs_work, "traffic": traffic, "budgets": budgets,
        });
        print::line(&serde_json::to_string_pretty(&object)?);
        return Ok(ExitCode::SUCCESS);
    }
    let width = wrap::size(&stdout()).map_or(WIDTH_ELSEWHERE, |(columns, _)| columns);
    let view = View {
        sample: Some(sample),
        contact: Contact::Once,
        by: options.by,
        now: clock::system().now(),
    };
    // However many lines there are, somebody scrolls or reads them elsewhere.
    let size = Size { columns: width, lines: usize::MAX };
    print::drawn(&frame::text(&view, size, print::is_coloured(&stdout())));
    Ok(ExitCode::SUCCESS)
}
