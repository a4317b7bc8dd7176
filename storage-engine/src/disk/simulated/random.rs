//! A tiny seeded generator (splitmix64, Steele and others 2014): the same seed, the same power cut.

#[derive(Clone)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 to `max`, inclusive.
    pub(crate) fn up_to(&mut self, max: usize) -> usize {
        let choices = (max as u64).saturating_add(1);
        usize::try_from(self.next() % choices).unwrap_or(max)
    }

    /// True in `hits` of `of` cases.
    pub(crate) fn chance(&mut self, hits: u64, of: u64) -> bool {
        self.next() % of.max(1) < hits
    }
}
