//! What is measured: one cell for each kind of load, or for a part of the gateway by itself.

/// A kind of measurement. Each gives figures for several targets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cell {
    /// A start, what is used then, and with many streams open.
    Memory,
    /// Clients that ask again as soon as they are answered.
    Requests,
    /// Requests that are due at a fixed rate, and what the disk takes at the same rate.
    Rate,
    /// Streams as fast as they go.
    Chunks,
    /// Verifying the log that the run has written so far.
    Verify,
    /// A decision, by the number of policies.
    Policy,
    /// The ledger alone, and what the disk allows.
    Ledger,
}

impl Cell {
    /// In the order in which they are measured.
    pub(super) const ALL: [Self; 7] = [
        Self::Memory,
        Self::Requests,
        Self::Rate,
        Self::Chunks,
        Self::Verify,
        Self::Policy,
        Self::Ledger,
    ];

    /// Cells of one group are measured in turn, round by round, and one group after another.
    pub(super) const GROUPS: [&[Self]; 4] = [
        &[Self::Memory],
        &[Self::Requests, Self::Rate, Self::Chunks],
        &[Self::Verify],
        &[Self::Policy, Self::Ledger],
    ];

    /// As it stands in the raw figures.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Requests => "requests",
            Self::Rate => "rate",
            Self::Chunks => "chunks",
            Self::Verify => "verify",
            Self::Policy => "policy",
            Self::Ledger => "ledger",
        }
    }

    /// Most rounds that it is measured in: a part by itself takes long and repeats well.
    pub(super) const fn rounds_max(self) -> u32 {
        match self {
            Self::Memory | Self::Requests | Self::Rate | Self::Chunks => u32::MAX,
            Self::Verify | Self::Policy | Self::Ledger => 3,
        }
    }
}
