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
    /// The ledger alone, and what the disk allows.
    Ledger,
}

impl Cell {
    /// In the order in which they are measured.
    pub(super) const ALL: [Self; 5] =
        [Self::Memory, Self::Requests, Self::Rate, Self::Chunks, Self::Ledger];

    /// Cells of one group are measured in turn, round by round, and one group after another.
    pub(super) const GROUPS: [&[Self]; 3] =
        [&[Self::Memory], &[Self::Requests, Self::Rate, Self::Chunks], &[Self::Ledger]];

    /// As it stands in the raw figures.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Requests => "requests",
            Self::Rate => "rate",
            Self::Chunks => "chunks",
            Self::Ledger => "ledger",
        }
    }

    /// Most rounds that it is measured in: a part by itself takes long and repeats well.
    pub(super) const fn rounds_max(self) -> u32 {
        match self {
            Self::Memory | Self::Requests | Self::Rate | Self::Chunks => u32::MAX,
            Self::Ledger => 3,
        }
    }
}
