//! One record is for one call: it cannot be kept for another.

fn main() {}

fn keep(recorded: &ledger::Recorded<policy::Permit>) -> ledger::Recorded<policy::Permit> {
    recorded.clone()
}
