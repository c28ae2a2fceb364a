//! The tamper-evident log: append durably, publish, prove, read back. Mints Recorded.
