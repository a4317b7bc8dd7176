//! `aws-chunked` bodies (API page "Signature calculations for streaming uploads").
//!
//! s3s 0.14.1 holds each chunk whole before it passes it on, however large the client makes it. Unsigned
//! chunks are cut here into small ones, and tiny ones joined; signed ones can be neither, and large ones are
//! refused.
//!
//! ```text
//! body    = *chunk last-chunk *trailer
//! chunk   = size-in-hex [";chunk-signature=" signature] CRLF data CRLF
//! last    = "0" [";chunk-signature=" signature] CRLF
//! ```

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};

use crate::refusal::{Answer, Code, Refusal};

/// Largest signed chunk, in bytes. SDKs use 64 KiB to 1 MiB.
pub(super) const SIGNED_CHUNK_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// Longest line before a chunk, in bytes; a signature takes 85 of it.
const SIZE_LINE_BYTES_MAX: usize = 256;
/// Most bytes behind the last chunk.
const TRAILER_BYTES_MAX: usize = 16 * 1024;
const LINE_END: &[u8] = b"\r\n";

/// Unsigned data is passed on in chunks of at least this many bytes, but for the last: a chunk costs the same
/// however little it holds.
const JOINED_BELOW_BYTES: usize = 8192;

/// Follows the framing of a body and passes on what s3s may see of it.
pub(super) struct ChunkFraming {
    /// Small pieces of unsigned data, joined.
    joined: BytesMut,
    is_signed: bool,
    decoded_length: u64,
    decoded: u64,
    state: State,
}

enum State {
    /// In the line before a chunk.
    Size(Vec<u8>),
    /// In the data of a chunk, with this many bytes left.
    Data(u64),
    /// In the line end behind the data, with this many of its bytes seen.
    DataEnd(usize),
    /// Behind the last chunk, with this many bytes seen.
    Trailer(usize),
}

impl ChunkFraming {
    /// Starts at the beginning of a body that shall hold `decoded_length` bytes of data.
    pub(super) fn new(is_signed: bool, decoded_length: u64) -> Self {
        Self {
            joined: BytesMut::new(),
            is_signed,
            decoded_length,
            decoded: 0,
            state: State::Size(Vec::new()),
        }
    }

    /// Takes the next bytes from the connection and adds to `ready` what s3s shall see.
    ///
    /// *Errors*: `InvalidRequest` where the framing is malformed or a signed chunk too large,
    /// `IncompleteBody` where there is more data than was announced.
    pub(super) fn take(&mut self, mut bytes: Bytes, ready: &mut VecDeque<Bytes>) -> Answer<()> {
        if self.is_signed {
            ready.push_back(bytes.clone());
        }
        while !bytes.is_empty() {
            match &mut self.state {
                State::Size(_) => self.take_size(&mut bytes, ready)?,
                State::Data(left) => {
                    let length = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
                    let data = bytes.split_to(length);
                    *left -= length as u64;
                    if *left == 0 {
                        self.state = State::DataEnd(0);
                    }
                    if !self.is_signed {
                        self.pass_on(data, ready);
                    }
                }
                State::DataEnd(seen) => {
                    if bytes.first() != LINE_END.get(*seen) {
                        return Err(malformed("the data of a chunk is not as long as its size says"));
                    }
                    bytes = bytes.slice(1..);
                    *seen += 1;
                    if *seen == LINE_END.len() {
                        self.state = State::Size(Vec::new());
                    }
                }
                State::Trailer(seen) => {
                    *seen += bytes.len();
                    if *seen > TRAILER_BYTES_MAX {
                        return Err(malformed("the trailer is too long"));
                    }
                    let trailer = std::mem::take(&mut bytes);
                    if !self.is_signed {
                        ready.push_back(trailer);
                    }
                }
            }
        }
        Ok(())
    }

    /// Passes unsigned data on, joined with the small pieces before it.
    fn pass_on(&mut self, data: Bytes, ready: &mut VecDeque<Bytes>) {
        if data.len() >= JOINED_BELOW_BYTES {
            self.end_joined(ready);
            put_chunk(data, ready);
            return;
        }
        self.joined.extend_from_slice(&data);
        if self.joined.len() >= JOINED_BELOW_BYTES {
            self.end_joined(ready);
        }
    }

    fn end_joined(&mut self, ready: &mut VecDeque<Bytes>) {
        if !self.joined.is_empty() {
            put_chunk(self.joined.split().freeze(), ready);
        }
    }

    /// Takes a part of the line before a chunk.
    fn take_size(&mut self, bytes: &mut Bytes, ready: &mut VecDeque<Bytes>) -> Answer<()> {
        let State::Size(line) = &mut self.state else {
            return Ok(());
        };
        let end = memchr::memchr(b'\n', bytes);
        let part = bytes.split_to(end.map_or(bytes.len(), |end| end + 1));
        if line.len() + part.len() > SIZE_LINE_BYTES_MAX {
            return Err(malformed("the line before a chunk is too long"));
        }
        line.extend_from_slice(&part);
        if end.is_none() {
            return Ok(());
        }
        let size = parse_size(line).ok_or_else(|| malformed("the size of a chunk is not a number"))?;
        if self.is_signed && size > SIGNED_CHUNK_BYTES_MAX {
            let message = format!("A signed chunk has at most {SIGNED_CHUNK_BYTES_MAX} bytes");
            return Err(Refusal::because(Code::InvalidRequest, message));
        }
        self.decoded = self.decoded.saturating_add(size);
        if self.decoded > self.decoded_length {
            return Err(Refusal::because(
                Code::IncompleteBody,
                "The body holds more than x-amz-decoded-content-length says",
            ));
        }
        if size > 0 {
            self.state = State::Data(size);
            return Ok(());
        }
        self.state = State::Trailer(0);
        if !self.is_signed {
            self.end_joined(ready);
            ready.push_back(Bytes::from_static(b"0\r\n"));
        }
        Ok(())
    }

    /// Ends the body.
    ///
    /// *Errors*: `IncompleteBody` without a last chunk, or with less data than was announced.
    pub(super) fn end(self) -> Answer<()> {
        let is_whole = matches!(self.state, State::Trailer(_)) && self.decoded == self.decoded_length;
        if is_whole { Ok(()) } else { Err(Refusal::new(Code::IncompleteBody)) }
    }
}

fn put_chunk(data: Bytes, ready: &mut VecDeque<Bytes>) {
    ready.push_back(Bytes::from(format!("{:x}\r\n", data.len())));
    ready.push_back(data);
    ready.push_back(Bytes::from_static(LINE_END));
}

/// The size in the line before a chunk.
fn parse_size(line: &[u8]) -> Option<u64> {
    let line = line.strip_suffix(LINE_END)?;
    let digits = line.split(|byte| *byte == b';').next()?;
    let is_hex = (1..=16).contains(&digits.len()) && digits.iter().all(u8::is_ascii_hexdigit);
    let digits = std::str::from_utf8(digits).ok().filter(|_| is_hex)?;
    u64::from_str_radix(digits, 16).ok()
}

fn malformed(rule: &str) -> Refusal {
    Refusal::because(Code::InvalidRequest, format!("The body is not in aws-chunked framing: {rule}"))
}
