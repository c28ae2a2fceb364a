//! A governed AI gateway that answers for what it lets through.

fn main() {}
