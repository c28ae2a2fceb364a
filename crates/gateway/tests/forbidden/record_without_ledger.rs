//! That a permit is recorded is the ledger's alone to say.

fn main() {}

fn forge(permit: policy::Permit, receipt: tlog::Receipt) -> ledger::Recorded<policy::Permit> {
    ledger::Recorded::new(permit, receipt, None)
}
