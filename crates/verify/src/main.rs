//! `portreeve-verify`: the auditor's small program. It reads files and prints what they prove;
//! it opens no connection, writes no file and needs nothing from the gateway.

use std::io::Write as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> =
        std::env::args_os().skip(1).map(|each| each.to_string_lossy().into_owned()).collect();
    let answer = portreeve_verify::run(&arguments);
    // Where nobody reads the report, the exit code still says it.
    let _ = std::io::stdout().write_all(answer.out.as_bytes());
    let _ = std::io::stderr().write_all(answer.err.as_bytes());
    ExitCode::from(answer.code)
}
