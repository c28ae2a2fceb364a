//! C2SP transparency-log formats: tree, tiles, bundles, notes, checkpoints, proofs.
