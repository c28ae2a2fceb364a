//! Chance that can be thrown again: the same seed gives the same throws.

/// Throws in the order of a seed.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) const fn of(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `limit`, which is not 0. The few numbers that come up a little too often
    /// harm nobody.
    pub(super) fn below<T: TryFrom<u64>>(&mut self, limit: u64) -> T
    where
        T::Error: std::fmt::Debug,
    {
        T::try_from(self.throw() % limit).unwrap()
    }

    /// Dice of their own for somebody who runs at the same time.
    pub(super) fn split(&mut self) -> Self {
        Self(self.throw())
    }

    /// SplitMix64.
    const fn throw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
