//! Percent-encoding (RFC 3986, section 2.1), as S3 uses it in queries and in listings.

use std::borrow::Cow;

const HEX: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'];

/// Encodes a key for a listing with `encoding-type=url`: all but unreserved characters and `/`.
pub(crate) fn encode_key(text: &str) -> String {
    encode(text, true)
}

/// Encodes a value of a query: all but unreserved characters.
pub(crate) fn encode_query(text: &str) -> String {
    encode(text, false)
}

fn encode(text: &str, slash_is_kept: bool) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(char::from(byte));
            }
            b'/' if slash_is_kept => encoded.push('/'),
            _ => {
                encoded.push('%');
                for digit in [byte >> 4, byte & 0x0f] {
                    encoded.extend(HEX.get(usize::from(digit)));
                }
            }
        }
    }
    encoded
}

/// Decodes a name or value of a query; `+` is a space there. `None` where it is not UTF-8 or a `%` is not
/// followed by two hex digits.
pub(crate) fn decode_query(text: &str) -> Option<Cow<'_, str>> {
    decode(text, true)
}

/// Decodes a path, where `+` is itself. `None` as in [`decode_query`].
pub(crate) fn decode_path(text: &str) -> Option<Cow<'_, str>> {
    decode(text, false)
}

fn decode(text: &str, plus_is_space: bool) -> Option<Cow<'_, str>> {
    if !text.contains(['%', '+']) {
        return Some(Cow::Borrowed(text));
    }
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'+' if plus_is_space => b' ',
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
