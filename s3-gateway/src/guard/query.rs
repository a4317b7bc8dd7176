//! The query of a request, decoded as s3s decodes it: a guard must see what s3s will see.

use http::Uri;

use crate::percent::decode_query;
use crate::refusal::{Answer, Code, Refusal};

/// The decoded parameters in the order of the request.
#[derive(Debug, Default)]
pub(crate) struct Query {
    pairs: Vec<(String, String)>,
}

impl Query {
    /// Reads the query of `uri`.
    ///
    /// *Errors*: `InvalidURI` where a parameter is not percent-encoded UTF-8.
    pub(crate) fn of(uri: &Uri) -> Answer<Self> {
        let mut pairs = Vec::new();
        for pair in uri.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            match (decode_query(name), decode_query(value)) {
                (Some(name), Some(value)) => pairs.push((name.into_owned(), value.into_owned())),
                _ => return Err(Refusal::new(Code::InvalidUri)),
            }
        }
        Ok(Self { pairs })
    }

    /// Whether a parameter is there.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.pairs.iter().any(|(known, _)| known == name)
    }

    /// The value of a parameter, the first where it is repeated.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// All parameters in the order of the request.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The names of all parameters.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.pairs.iter().map(|(name, _)| name.as_str())
    }
}
