//! `receipt RECEIPT DIR`: did the log keep the promise that this receipt is?

use serde_json::json;
use tlog::{Receipt, ReceiptError, leaf_hash};

use crate::Failure;
use crate::arguments::ReceiptArguments;
use crate::check_log::{describe_tree, open_checkpoint, walk_folder};
use crate::key;
use crate::report::Report;

/// Checks the receipt, recomputes the log, and looks for the promised entry.
pub(crate) fn check(arguments: &ReceiptArguments) -> Result<Report, Failure> {
    let finding = |sentence: String| Err(Failure::Finding(sentence));
    let key = key::for_log(&arguments.dir, arguments.vkey.as_deref())?;
    let receipt = Receipt::decode(arguments.receipt.trim()).map_err(refused)?;
    receipt.verify(&key.verifier).map_err(refused)?;
    let checkpoint = open_checkpoint(&arguments.dir, &key)?;
    let (index, size) = (receipt.index, checkpoint.size);
    let mut found = None;
    let mut judge = |at: u64, entry: &[u8]| {
        if at == index {
            found = Some(leaf_hash(entry));
        }
        Ok(())
    };
    let walked = walk_folder(&arguments.dir, &checkpoint, &[], &mut judge)?;
    match found {
        Some(leaf) if leaf == receipt.leaf => {}
        Some(_) => {
            return finding(format!(
                "the receipt promises another entry {index} than the log holds: the log has broken \
                 a promise that it signed"
            ));
        }
        None => {
            return finding(format!(
                "the receipt promises entry {index}, but checkpoint {size} ends before it: the log \
                 has not published it yet, or has lost it"
            ));
        }
    }
    let mut report = Report::default();
    describe_tree(&mut report, &key, &checkpoint, walked);
    report.line("receipt", format!("entry {index} is in the log, as promised"));
    report.line("verdict", "kept");
    report.field("receipt", json!({ "index": index, "kept": true }));
    Ok(report)
}

fn refused(error: ReceiptError) -> Failure {
    match error {
        ReceiptError::Form(_) => Failure::Usage(error.to_string()),
        ReceiptError::OriginDiffers | ReceiptError::Batch(_) | ReceiptError::NotSigned => {
            Failure::Finding(error.to_string())
        }
    }
}
