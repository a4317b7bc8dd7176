//! How many documents are recalled at a time.

use std::num::NonZeroUsize;
use std::str::FromStr;

use super::value::Expected;

/// A number of recalls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Recalls(pub(crate) NonZeroUsize);

/// Most at a time: each has a thread.
const RECALLS_MAX: usize = 64;

impl FromStr for Recalls {
    type Err = Expected;

    fn from_str(text: &str) -> Result<Self, Expected> {
        let number: Option<NonZeroUsize> = text.parse().ok();
        number
            .filter(|number| number.get() <= RECALLS_MAX)
            .map(Self)
            .ok_or(Expected("a whole number from 1 to 64"))
    }
}
