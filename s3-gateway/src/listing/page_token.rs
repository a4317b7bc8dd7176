//! The token of a listing's next page: opaque to clients, the last name of the page before to us.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::refusal::{Answer, Code, Refusal};

/// Marks the form of a token, so that a later form is told from it.
const FORM: u8 = b'1';

/// Where a page begins: after this name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PageToken(String);

impl PageToken {
    /// The page after `name`.
    pub(crate) fn after(name: &str) -> Self {
        Self(name.to_owned())
    }

    /// Reads a token that was given out.
    ///
    /// *Errors*: `InvalidArgument`.
    pub(crate) fn parse(text: &str) -> Answer<Self> {
        let name = URL_SAFE_NO_PAD.decode(text).ok().and_then(|bytes| match bytes.split_first() {
            Some((&FORM, name)) => String::from_utf8(name.to_vec()).ok(),
            _ => None,
        });
        let wrong =
            || Refusal::because(Code::InvalidArgument, "The continuation token provided is incorrect");
        name.map(Self).ok_or_else(wrong)
    }

    /// The name.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PageToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = vec![FORM];
        bytes.extend_from_slice(self.0.as_bytes());
        f.write_str(&URL_SAFE_NO_PAD.encode(bytes))
    }
}
