//! A request in the making, and the ways to sign it.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request};
use http_body_util::Full;
use time::PrimitiveDateTime;
use time::format_description::well_known::Rfc2822;
use time::macros::format_description;

use super::signature::{Key, Scope, encode, sha256};

/// A request that is not yet signed.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) key: Key,
    pub(crate) scope: Scope,
    method: Method,
    path: String,
    query: Vec<(String, String)>,
    headers: Vec<(String, HeaderValue)>,
    body: Bytes,
    content: Option<String>,
    host: String,
}

/// A signed request.
pub(crate) type Signed = Request<Full<Bytes>>;

impl Draft {
    /// Starts a request for a path, as people write it.
    pub(crate) fn new(key: &Key, method: Method, path: &str) -> Self {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        let query = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        Self {
            key: key.clone(),
            scope: Scope::now(),
            method,
            path: path.to_owned(),
            query: query.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            headers: Vec::new(),
            body: Bytes::new(),
            content: None,
            host: "localhost".to_owned(),
        }
    }

    pub(crate) fn header(self, name: &str, value: impl AsRef<[u8]>) -> Self {
        let value = HeaderValue::from_bytes(value.as_ref()).expect("a header's value");
        let mut draft = self;
        draft.headers.push((name.to_owned(), value));
        draft
    }

    pub(crate) fn query(mut self, name: &str, value: &str) -> Self {
        self.query.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// Sends the request to another host.
    pub(crate) fn host(mut self, host: &str) -> Self {
        self.host = host.to_owned();
        self
    }

    /// Claims another content digest than that of the body.
    pub(crate) fn content(mut self, content: &str) -> Self {
        self.content = Some(content.to_owned());
        self
    }

    /// Signs in the header.
    pub(crate) fn sign(self) -> Signed {
        let length = self.body.len().to_string();
        self.header("content-length", length).sign_without_length()
    }

    /// Signs in the header, with no length of the body.
    pub(crate) fn sign_without_length(self) -> Signed {
        self.sign_with(|_, _, body| body)
    }

    /// Signs in the header and makes the body from the signature.
    pub(crate) fn sign_with(mut self, body: impl FnOnce(&Self, &str, Bytes) -> Bytes) -> Signed {
        let content = self.content.clone().unwrap_or_else(|| sha256(&self.body));
        let host = self.host.clone();
        self = self.header("host", host).header("x-amz-content-sha256", &content);
        let date_time = self.scope.date_time.clone();
        self = self.header("x-amz-date", date_time);
        let (canonical, names) = self.canonical(&content);
        let signature = self.key.sign_request(&self.scope, &canonical);
        let body = body(&self, &signature, self.body.clone());
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential={}/{}, SignedHeaders={names}, Signature={signature}",
            self.key.id,
            self.scope.text()
        );
        self.body = body;
        self.header("authorization", authorization).build()
    }

    /// Signs in the header with the time in `Date` alone.
    pub(crate) fn sign_by_date(mut self) -> Signed {
        let form = format_description!("[year][month][day]T[hour][minute][second]");
        let text = self.scope.date_time.trim_end_matches('Z').to_owned();
        let time = PrimitiveDateTime::parse(&text, form).expect("a time").assume_utc();
        let date = time.format(&Rfc2822).expect("a time").replace("+0000", "GMT");
        let (content, host) = (sha256(&self.body), self.host.clone());
        self = self.header("host", host).header("x-amz-content-sha256", &content).header("date", date);
        let (canonical, names) = self.canonical(&content);
        let signature = self.key.sign_request(&self.scope, &canonical);
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential={}/{}, SignedHeaders={names}, Signature={signature}",
            self.key.id,
            self.scope.text()
        );
        let length = self.body.len().to_string();
        self.header("authorization", authorization).header("content-length", length).build()
    }

    /// Signs in the query.
    pub(crate) fn presign(mut self, expires: &str) -> Signed {
        let host = self.host.clone();
        self = self.header("host", host);
        let credential = format!("{}/{}", self.key.id, self.scope.text());
        let date_time = self.scope.date_time.clone();
        let (_, names) = self.canonical("");
        self = self
            .query("X-Amz-Algorithm", "AWS4-HMAC-SHA256")
            .query("X-Amz-Credential", &credential)
            .query("X-Amz-Date", &date_time)
            .query("X-Amz-Expires", expires)
            .query("X-Amz-SignedHeaders", &names);
        let (canonical, _) = self.canonical("UNSIGNED-PAYLOAD");
        let signature = self.key.sign_request(&self.scope, &canonical);
        let length = self.body.len().to_string();
        self.query("X-Amz-Signature", &signature).header("content-length", length).build()
    }

    /// Leaves the request as it is.
    pub(crate) fn unsigned(self) -> Signed {
        let length = self.body.len().to_string();
        let host = self.host.clone();
        self.header("host", host).header("content-length", length).build()
    }

    /// The canonical request and the names of the signed headers.
    fn canonical(&self, content: &str) -> (String, String) {
        let mut headers: Vec<(String, &HeaderValue)> =
            self.headers.iter().map(|(name, value)| (name.to_lowercase(), value)).collect();
        headers.sort_by(|one, other| one.0.cmp(&other.0));
        let names: Vec<&str> = headers.iter().map(|(name, _)| name.as_str()).collect();
        let names = names.join(";");
        let lines: String = headers
            .iter()
            .map(|(name, value)| format!("{name}:{}\n", String::from_utf8_lossy(value.as_bytes()).trim()))
            .collect();
        let canonical = format!(
            "{}\n{}\n{}\n{lines}\n{names}\n{content}",
            self.method,
            encode(&self.path, true),
            self.encoded_query()
        );
        (canonical, names)
    }

    fn encoded_query(&self) -> String {
        let mut pairs: Vec<(String, String)> =
            self.query.iter().map(|(name, value)| (encode(name, false), encode(value, false))).collect();
        pairs.sort();
        let pairs: Vec<String> = pairs.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        pairs.join("&")
    }

    fn build(self) -> Signed {
        let mut uri = encode(&self.path, true);
        if !self.query.is_empty() {
            uri = format!("{uri}?{}", self.encoded_query());
        }
        let mut request = Request::new(Full::new(self.body));
        *request.method_mut() = self.method;
        *request.uri_mut() = uri.parse().expect("a URI");
        for (name, value) in self.headers {
            let name: HeaderName = name.parse().expect("a header's name");
            request.headers_mut().append(name, value);
        }
        request
    }
}
