//! How names stand in a listing: as they are, or percent-encoded with `encoding-type=url`.

use s3s::dto::EncodingType;

use crate::percent::encode_key;
use crate::refusal::{Answer, Code, Refusal};
use crate::response::is_xml;

/// The spelling that the client asked for. XML cannot hold every character of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spelling {
    /// As they are.
    Plain,
    /// Percent-encoded.
    Url,
}

impl Spelling {
    /// Reads `encoding-type`.
    ///
    /// *Errors*: `InvalidArgument` for anything but `url`.
    pub(crate) fn of(encoding: Option<&EncodingType>) -> Answer<Self> {
        match encoding.map(EncodingType::as_str) {
            None => Ok(Self::Plain),
            Some(EncodingType::URL) => Ok(Self::Url),
            Some(other) => {
                Err(Refusal::because(Code::InvalidArgument, "Invalid Encoding Method specified in Request")
                    .with_element("ArgumentName", "encoding-type")
                    .with_element("ArgumentValue", other))
            }
        }
    }

    /// Spells a name that clients do not expect to be encoded: only one that XML cannot hold is.
    pub(crate) fn spell_if_needed(self, name: &str) -> String {
        if name.chars().all(is_xml) { name.to_owned() } else { self.spell(name) }
    }

    /// Spells a name.
    pub(crate) fn spell(self, name: &str) -> String {
        match self {
            Self::Plain => name.to_owned(),
            Self::Url => encode_key(name),
        }
    }
}
