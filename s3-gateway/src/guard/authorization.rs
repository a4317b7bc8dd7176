//! Which way a request is signed: Signature Version 4 in the header or in the query, and nothing else.
//!
//! s3s takes the first mechanism that it finds, Signature Version 2 among them; where two are present it
//! would verify one while a guard reads the other. Here exactly one is left.

use http::HeaderMap;
use http::header::AUTHORIZATION;

use super::Query;
use crate::refusal::{Answer, Code, Refusal};

/// The one algorithm of signatures.
pub(crate) const VERSION_4: &str = "AWS4-HMAC-SHA256";
const QUERY_PARAMETERS: [&str; 6] = [
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Signature",
    "X-Amz-Date",
    "X-Amz-SignedHeaders",
    "X-Amz-Expires",
];

/// Where the signature stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// In the `Authorization` header.
    Header,
    /// In the query: a presigned URL.
    Query,
    /// In a field of a form.
    Form,
}

/// What a request says about its signature. Nothing of it is verified yet.
#[derive(Debug)]
pub(super) struct Authorization<'a> {
    /// Where it stands.
    pub(super) place: Place,
    /// The credential: access key and scope, joined by `/`.
    pub(super) credential: &'a str,
    /// The names of the signed headers, joined by `;`.
    pub(super) signed_headers: &'a str,
}

impl<'a> Authorization<'a> {
    /// Finds the one mechanism of a request.
    ///
    /// *Errors*: `AccessDenied` for an anonymous request, `InvalidRequest` for Signature Version 2,
    /// `InvalidArgument` for two mechanisms or an unknown one, and the two codes for malformed ones.
    pub(super) fn find(headers: &'a HeaderMap, query: &'a Query) -> Answer<Self> {
        let mut in_header = headers.get_all(AUTHORIZATION).iter();
        let header = in_header.next();
        let is_presigned = query.has("X-Amz-Algorithm") || query.has("X-Amz-Signature");
        let is_version_2 = query.has("Signature") || query.has("AWSAccessKeyId");
        let mechanisms =
            usize::from(header.is_some()) + usize::from(is_presigned) + usize::from(is_version_2);
        if mechanisms > 1 || in_header.next().is_some() {
            return Err(one_mechanism());
        }
        if is_version_2 {
            return Err(Refusal::version_2());
        }
        if is_presigned {
            return Self::from_query(query);
        }
        match header {
            Some(value) => Self::from_header(value.to_str().map_err(|_| malformed())?),
            None => Err(Refusal::new(Code::AccessDenied)),
        }
    }

    /// Refuses a form that is signed in its head as well: its signature is in its fields.
    ///
    /// *Errors*: `InvalidArgument`.
    pub(super) fn refuse_beside_form(headers: &HeaderMap, query: &Query) -> Answer<()> {
        let is_signed = headers.contains_key(AUTHORIZATION)
            || ["X-Amz-Algorithm", "X-Amz-Signature", "Signature", "AWSAccessKeyId"]
                .iter()
                .any(|name| query.has(name));
        if is_signed { Err(one_mechanism()) } else { Ok(()) }
    }

    fn from_header(value: &'a str) -> Answer<Self> {
        let (scheme, fields) = value.trim().split_once(' ').unwrap_or((value.trim(), ""));
        match scheme {
            VERSION_4 => {}
            "AWS" => return Err(Refusal::version_2()),
            _ => return Err(Refusal::because(Code::InvalidArgument, "Unsupported Authorization Type")),
        }
        let field = |name: &str| {
            let mut values = fields.split(',').filter_map(|field| field.trim().strip_prefix(name));
            values.next().filter(|value| !value.is_empty()).ok_or_else(malformed)
        };
        let (credential, signed_headers) = (field("Credential=")?, field("SignedHeaders=")?);
        field("Signature=")?;
        Ok(Self { place: Place::Header, credential, signed_headers })
    }

    fn from_query(query: &'a Query) -> Answer<Self> {
        let is_once = |name: &&str| query.names().filter(|known| known == name).count() == 1;
        if !QUERY_PARAMETERS.iter().all(is_once) {
            return Err(Refusal::because(
                Code::AuthorizationQueryParametersError,
                "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, \
                 X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.",
            ));
        }
        if query.get("X-Amz-Algorithm") != Some(VERSION_4) {
            return Err(Refusal::because(
                Code::AuthorizationQueryParametersError,
                "X-Amz-Algorithm only supports \"AWS4-HMAC-SHA256\"",
            ));
        }
        Ok(Self {
            place: Place::Query,
            credential: query.get("X-Amz-Credential").unwrap_or_default(),
            signed_headers: query.get("X-Amz-SignedHeaders").unwrap_or_default(),
        })
    }
}

fn one_mechanism() -> Refusal {
    Refusal::because(
        Code::InvalidArgument,
        "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string \
         parameter or the Authorization header should be specified",
    )
}

fn malformed() -> Refusal {
    Refusal::because(
        Code::AuthorizationHeaderMalformed,
        "The authorization header is malformed; it needs Credential, SignedHeaders and Signature",
    )
}
