//! A signed act that nobody verified approves nothing.

fn main() {}

fn approve(act: &approval::SignedAct, charter: &model::Digest) {
    let _ = approval::Approved::genesis(act, charter);
}
