//! The head of an answer (RFC 9112).

/// How the body of an answer ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// After so many bytes.
    Length(u64),
    /// With a chunk of no bytes.
    Chunked,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) status: u16,
    pub(super) framing: Framing,
    /// Whether the server ends the connection behind this answer.
    pub(super) closes: bool,
    /// Bytes up to and with the empty line.
    pub(super) length: usize,
}

impl Head {
    /// Reads a head once all of it has come in.
    pub(super) fn parse(received: &[u8]) -> Option<Option<Self>> {
        let end = received.windows(4).position(|four| four == b"\r\n\r\n")?;
        Some(received.get(..end).and_then(|text| Self::parse_text(text, end + 4)))
    }

    fn parse_text(text: &[u8], length: usize) -> Option<Self> {
        let mut lines = std::str::from_utf8(text).ok()?.split("\r\n");
        let status = lines.next()?.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
        let mut head = Self { status, framing: Framing::Length(0), closes: false, length };
        for line in lines {
            let (name, value) = line.split_once(':')?;
            let value = value.trim();
            if name.eq_ignore_ascii_case("content-length") {
                head.framing = Framing::Length(value.parse().ok()?);
            } else if name.eq_ignore_ascii_case("transfer-encoding") {
                head.framing = Framing::Chunked;
            } else if name.eq_ignore_ascii_case("connection") {
                head.closes = value.eq_ignore_ascii_case("close");
            }
        }
        Some(head)
    }
}

#[cfg(test)]
mod tests {
    use super::{Framing, Head};

    /// A head is read when its empty line has come in, and what is no HTTP is told from what is not yet whole.
    #[test]
    fn a_head_is_read_when_it_is_whole() {
        let text = b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\nConnection: close\r\n\r\nbody";
        for end in 0..text.len() - 4 {
            assert_eq!(Head::parse(&text[..end]), None);
        }
        let expected =
            Head { status: 200, framing: Framing::Length(12), closes: true, length: text.len() - 4 };
        assert_eq!(Head::parse(text), Some(Some(expected)));
        assert_eq!(Head::parse(b"SSH-2.0\r\n\r\n"), Some(None));
    }
}
