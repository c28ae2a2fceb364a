//! `proof FILE`: does a `.tlog-proof` show that its entry is in the log?

use tlog::leaf_hash;
use tlog::proof::{TlogProof, TlogProofError};

use crate::Failure;
use crate::arguments::ProofArguments;
use crate::files::read;
use crate::key;
use crate::report::{Report, plain};

/// Checks the proof with the key alone; no log is needed.
pub(crate) fn check(arguments: &ProofArguments) -> Result<Report, Failure> {
    let verifier = key::from_argument(&arguments.vkey)?;
    let text = String::from_utf8(read(&arguments.file)?)
        .map_err(|_| Failure::Finding("the proof is not text".to_owned()))?;
    let proof = TlogProof::decode(&text).map_err(refused)?;
    let carried = proof.extra.as_deref().map(leaf_hash);
    let leaf = match &arguments.entry {
        Some(file) => leaf_hash(&read(file)?),
        None => carried.ok_or_else(|| refused(TlogProofError::NoEntry))?,
    };
    let checkpoint = proof.verify(&leaf, &verifier).map_err(refused)?;
    let (index, size, origin) = (proof.index, checkpoint.size, checkpoint.origin.as_str());
    let mut report = Report::default();
    report.line("log", origin);
    report.line("key", format!("{verifier} (given)"));
    report.line("proof", format!("entry {index} is in the log that checkpoint {size} signs"));
    if arguments.entry.is_none()
        && let Some(entry) = proof.extra.as_deref()
    {
        report.line("entry", plain(&String::from_utf8_lossy(entry)));
    }
    report.line("verdict", "proved");
    report.field("origin", origin);
    report.field("index", index);
    report.field("size", size);
    report.field("leaf", tlog::base64(&leaf));
    Ok(report)
}

fn refused(error: TlogProofError) -> Failure {
    match error {
        TlogProofError::NoEntry => Failure::Usage(format!("{error}: --entry FILE")),
        TlogProofError::Form(_) | TlogProofError::Checkpoint(_) | TlogProofError::Inclusion(_) => {
            Failure::Finding(error.to_string())
        }
    }
}
