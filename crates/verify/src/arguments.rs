//! The command line, read by hand: three commands and four options do not need a library.
//! An argument that is not understood is refused, never passed over.

use std::path::PathBuf;

use crate::Failure;

/// What `--help` prints.
pub(crate) const HELP: &str = "\
portreeve-verify: check a portreeve log, a receipt or a proof, offline

  portreeve-verify log DIR [--vkey KEY] [--seen CHECKPOINT]... [--json]
      recompute the published log in DIR from its entries and compare it with its checkpoint
  portreeve-verify receipt RECEIPT DIR [--vkey KEY] [--json]
      is what this receipt promised in the log in DIR?
  portreeve-verify proof FILE --vkey KEY [--entry FILE] [--json]
      does this .tlog-proof show that its entry is in the log?

KEY         the log's public key, or a file that holds it. Get it from somewhere else than the log:
            a key found inside DIR shows only that the log agrees with itself.
CHECKPOINT  a checkpoint of this log that you kept from earlier; it shows that nothing was rolled
            back or rewritten since. May be given more than once.

exit: 0 as promised, 1 a finding (one sentence), 2 wrong usage, 3 something could not be read,
      or the report could not be written
";

/// What to check.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Help,
    Version,
    Log(LogArguments),
    Receipt(ReceiptArguments),
    Proof(ProofArguments),
}

/// A published log, whole.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct LogArguments {
    pub(crate) dir: PathBuf,
    /// The key, or the file that holds it.
    pub(crate) vkey: Option<String>,
    /// Files with checkpoints from earlier.
    pub(crate) seen: Vec<PathBuf>,
}

/// A receipt against a published log.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ReceiptArguments {
    pub(crate) receipt: String,
    pub(crate) dir: PathBuf,
    pub(crate) vkey: Option<String>,
}

/// A proof on its own.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ProofArguments {
    pub(crate) file: PathBuf,
    pub(crate) vkey: String,
    /// The entry, where the proof does not carry it.
    pub(crate) entry: Option<PathBuf>,
}

/// Options and plain arguments, before a command gives them a meaning.
#[derive(Default)]
struct Given {
    plain: Vec<String>,
    vkey: Option<String>,
    entry: Option<PathBuf>,
    seen: Vec<PathBuf>,
    json: bool,
}

/// The command and whether it answers in JSON.
pub(crate) fn parse(arguments: &[String]) -> Result<(Command, bool), Failure> {
    if arguments.iter().any(|each| each == "--help" || each == "-h") {
        return Ok((Command::Help, false));
    }
    let Some((name, rest)) = arguments.split_first() else {
        return Err(usage("say what to check: log, receipt or proof"));
    };
    let given = Given::read(rest)?;
    let json = given.json;
    let command = match name.as_str() {
        "log" => given.log()?,
        "receipt" => given.receipt()?,
        "proof" => given.proof()?,
        "--version" => Command::Version,
        other => return Err(usage(&format!("`{other}` is no command"))),
    };
    Ok((command, json))
}

impl Given {
    fn read(arguments: &[String]) -> Result<Self, Failure> {
        let mut given = Self::default();
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            let mut value = || {
                let missing = || usage(&format!("{argument} needs a value"));
                rest.next().cloned().ok_or_else(missing)
            };
            match argument.as_str() {
                "--json" => given.json = true,
                "--vkey" if given.vkey.is_none() => given.vkey = Some(value()?),
                "--entry" if given.entry.is_none() => given.entry = Some(value()?.into()),
                "--vkey" | "--entry" => {
                    return Err(usage(&format!("{argument} is given twice")));
                }
                "--seen" => given.seen.push(value()?.into()),
                option if option.starts_with('-') => {
                    return Err(usage(&format!("`{option}` is no option")));
                }
                plain => given.plain.push(plain.to_owned()),
            }
        }
        Ok(given)
    }

    fn log(self) -> Result<Command, Failure> {
        let Self { plain, vkey, entry: None, seen, .. } = self else {
            return Err(usage("--entry belongs to `proof`"));
        };
        let [dir] = exactly(plain, "log needs one folder: log DIR")?;
        Ok(Command::Log(LogArguments { dir: dir.into(), vkey, seen }))
    }

    fn receipt(self) -> Result<Command, Failure> {
        if self.entry.is_some() || !self.seen.is_empty() {
            return Err(usage("`receipt` takes neither --entry nor --seen"));
        }
        let needs = "receipt needs a receipt and a folder: receipt RECEIPT DIR";
        let [receipt, dir] = exactly(self.plain, needs)?;
        Ok(Command::Receipt(ReceiptArguments { receipt, dir: dir.into(), vkey: self.vkey }))
    }

    fn proof(self) -> Result<Command, Failure> {
        if !self.seen.is_empty() {
            return Err(usage("--seen belongs to `log`"));
        }
        let [file] = exactly(self.plain, "proof needs one file: proof FILE --vkey KEY")?;
        let vkey = self.vkey.ok_or_else(|| usage("proof needs the log's key: --vkey KEY"))?;
        Ok(Command::Proof(ProofArguments { file: file.into(), vkey, entry: self.entry }))
    }
}

fn exactly<const N: usize>(plain: Vec<String>, needs: &str) -> Result<[String; N], Failure> {
    plain.try_into().map_err(|_| usage(needs))
}

fn usage(what: &str) -> Failure {
    Failure::Usage(what.to_owned())
}
