//! Percent-encoding (RFC 3986, section 2.1), as S3 uses it in queries and in listings.

use std::borrow::Cow;

/// Decodes a name or value of a query; `+` is a space there. `None` where it is not UTF-8 or a `%` is not
/// followed by two hex digits.
pub(crate) fn decode_query(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains(['%', '+']) {
        return Some(Cow::Borrowed(text));
    }
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => {
                let high = char::from(bytes.next()?).to_digit(16)?;
                let low = char::from(bytes.next()?).to_digit(16)?;
                u8::try_from(high * 16 + low).ok()?
            }
            byte => byte,
        });
    }
    String::from_utf8(decoded).ok().map(Cow::Owned)
}
