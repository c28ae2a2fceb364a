//! That an act was verified is said by its verification alone.

fn main() {}

fn forge(act: approval::Act, fingerprint: String, key_kind: approval::KeyKind) {
    let _ = approval::VerifiedAct { act, fingerprint, key_kind };
}
