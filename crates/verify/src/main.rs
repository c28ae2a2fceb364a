//! `portreeve-verify`: the auditor's small program. It reads files and prints what they prove;
//! it opens no connection, writes no file and needs nothing from the gateway.

use std::io::{ErrorKind, Write as _};
use std::process::ExitCode;

/// The report could not be written: nobody may take its absence for a verdict.
const UNWRITTEN: u8 = 3;

fn main() -> ExitCode {
    let arguments: Vec<String> =
        std::env::args_os().skip(1).map(|each| each.to_string_lossy().into_owned()).collect();
    let answer = {
        let mut bar = portreeve_verify::Bar::on_terminal();
        portreeve_verify::run_watched(&arguments, &mut |done, of| bar.show(done, of))
    };
    // Where standard error cannot be written either, the exit code still says it.
    let _ = std::io::stderr().write_all(answer.err.as_bytes());
    match print(&answer.out) {
        Ok(()) => ExitCode::from(answer.code),
        // A reader that has seen enough, as `head` does, leaves the verdict as it is.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => ExitCode::from(answer.code),
        Err(error) => {
            let what = format!("portreeve-verify: the report cannot be written: {error}\n");
            let _ = std::io::stderr().write_all(what.as_bytes());
            ExitCode::from(UNWRITTEN)
        }
    }
}

/// Writes all of the report, through to where standard output leads.
fn print(report: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout();
    out.write_all(report.as_bytes())?;
    out.flush()
}
