//! portreeve-verify: the auditor's small program.

fn main() {}
