//! The XML document of an error (API page "Error responses"), and the writing of elements.

use std::borrow::Cow;
use std::fmt::Write as _;

use http::HeaderValue;

/// The media type of documents.
pub(super) const XML: HeaderValue = HeaderValue::from_static("application/xml");

/// What an error document says.
pub(crate) struct ErrorDocument<'a> {
    /// The code.
    pub(crate) code: &'a str,
    /// The message, not yet escaped.
    pub(crate) message: &'a str,
    /// Elements besides the usual ones.
    pub(crate) elements: &'a [(&'static str, String)],
    /// The path asked for.
    pub(crate) resource: &'a str,
    /// The request id.
    pub(crate) request_id: &'a str,
    /// The id of the process.
    pub(crate) host_id: &'a str,
}

impl ErrorDocument<'_> {
    /// Writes the document.
    pub(crate) fn to_xml(&self) -> String {
        format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{}", self.to_element())
    }

    /// Writes the document without its declaration.
    pub(crate) fn to_element(&self) -> String {
        let mut xml = String::from("<Error>");
        element(&mut xml, "Code", self.code);
        element(&mut xml, "Message", self.message);
        for (name, value) in self.elements {
            element(&mut xml, name, value);
        }
        element(&mut xml, "Resource", self.resource);
        element(&mut xml, "RequestId", self.request_id);
        element(&mut xml, "HostId", self.host_id);
        xml.push_str("</Error>");
        xml
    }
}

/// Adds an element with a text to a document.
pub(crate) fn element(xml: &mut String, name: &str, value: &str) {
    // Writing to a string cannot fail.
    let written = write!(xml, "<{name}>{}</{name}>", escape(value));
    debug_assert!(written.is_ok(), "a string takes what is written to it");
}

/// Replaces what XML text cannot hold: markup by entities, control characters by U+FFFD.
fn escape(text: &str) -> Cow<'_, str> {
    let is_plain = |c: char| !matches!(c, '<' | '>' | '&' | '"' | '\'') && is_xml(c);
    if text.chars().all(is_plain) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            c if is_xml(c) => escaped.push(c),
            _ => escaped.push('\u{fffd}'),
        }
    }
    Cow::Owned(escaped)
}

/// The characters of XML 1.0, section 2.2.
pub(crate) fn is_xml(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}
