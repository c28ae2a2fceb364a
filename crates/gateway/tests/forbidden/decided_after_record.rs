//! What is recorded is what was decided: a recorded permit cannot be changed.

fn main() {}

fn change(recorded: &mut ledger::Recorded<policy::Permit>, other: policy::Permit) {
    *recorded.value() = other;
}
