//! How much of a suite runs: some calls in every test run, all of them when asked for.

/// Which calls of a script a suite stops at.
pub(super) struct Budget {
    pub(super) stride: usize,
    pub(super) seeds: u64,
}

impl Budget {
    /// Every call with `seeds` seeds in a long run, else each `stride`th call with one.
    pub(super) fn new(stride: usize, seeds: u64) -> Self {
        if is_long() { Self { stride: 1, seeds } } else { Self { stride, seeds: 1 } }
    }

    /// The calls from 1 to `total`; different offsets of one stride cover all of them.
    pub(super) fn calls(&self, total: u64, offset: usize) -> impl Iterator<Item = u64> + use<> {
        (1..=total).skip(offset % self.stride).step_by(self.stride)
    }
}

/// The case that is to be repeated.
#[expect(clippy::disallowed_methods, reason = "a case is given by who repeats it")]
pub(super) fn replayed_case() -> String {
    std::env::var("ARTSTORE_TEST_CASE").unwrap_or_default()
}

#[expect(clippy::disallowed_methods, reason = "a test suite's length is chosen by who runs it")]
fn is_long() -> bool {
    std::env::var_os("ARTSTORE_TEST_LONG").is_some()
}
