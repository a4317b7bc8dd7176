//! Which bytes of an object are asked for: all, a range, or a part.

use std::ops::Range as Span;

use http::HeaderValue;
use http::header::CONTENT_RANGE;
use s3s::dto::Range;
use storage_engine::archive::object::Object;
use storage_engine::digest::Checksum;

use crate::refusal::{Answer, Code, Refusal};

/// What a GET or HEAD asks for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Selection {
    /// All bytes.
    Whole,
    /// A range of bytes.
    Range(Range),
    /// A part, by its number.
    Part(i32),
}

/// The bytes that answer a selection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Selected {
    /// The bytes, the end excluded.
    pub(crate) span: Span<u64>,
    /// The value of `Content-Range`, where the answer is partial.
    pub(crate) content_range: Option<String>,
    /// The number of parts, where a part was asked for.
    pub(crate) parts_count: Option<i32>,
    /// The checksum of the part, where a part was asked for.
    pub(crate) checksum: Option<Checksum>,
}

impl Selection {
    /// Takes the two ways to ask for a share of an object.
    ///
    /// *Errors*: `InvalidRequest` where both are used.
    pub(crate) fn new(range: Option<Range>, part: Option<i32>) -> Answer<Self> {
        match (range, part) {
            (None, None) => Ok(Self::Whole),
            (Some(range), None) => Ok(Self::Range(range)),
            (None, Some(part)) => Ok(Self::Part(part)),
            (Some(_), Some(_)) => {
                let message = "Cannot specify both Range header and partNumber query parameter";
                Err(Refusal::because(Code::InvalidRequest, message))
            }
        }
    }

    /// The selection, whose range becomes the whole where it is not kept.
    pub(crate) fn if_kept(self, is_kept: bool) -> Self {
        match self {
            Self::Range(_) if !is_kept => Self::Whole,
            kept => kept,
        }
    }

    /// Finds the bytes in `object`.
    ///
    /// *Errors*: `InvalidRange`, `InvalidPart`, `InvalidArgument`.
    pub(crate) fn of(self, object: &Object) -> Answer<Selected> {
        let size = object.size;
        match self {
            Self::Whole => Ok(Selected::whole(object)),
            Self::Range(range) => {
                let span = range.check(size).map_err(|_| outside(range, size))?;
                if span.is_empty() {
                    return Err(outside(range, size));
                }
                let content_range = Some(content_range(&span, size));
                Ok(Selected { span, content_range, parts_count: None, checksum: None })
            }
            Self::Part(number) => part(object, number),
        }
    }
}

impl Selected {
    /// All bytes of an object.
    fn whole(object: &Object) -> Self {
        Self { span: 0..object.size, content_range: None, parts_count: None, checksum: None }
    }
}

/// An object sent in one piece has one part, itself.
fn part(object: &Object, number: i32) -> Answer<Selected> {
    let Ok(number) = u16::try_from(number) else {
        let message = "Part number must be an integer between 1 and 10000, inclusive";
        return Err(Refusal::because(Code::InvalidArgument, message));
    };
    let missing = || Refusal::new(Code::InvalidPart).with_element("PartNumberRequested", number);
    if object.parts.is_empty() {
        let span = 0..object.size;
        let content_range = (!span.is_empty()).then(|| content_range(&span, object.size));
        return if number == 1 {
            Ok(Selected {
                content_range,
                checksum: object.checksums.first().cloned(),
                ..Selected::whole(object)
            })
        } else {
            Err(missing())
        };
    }
    let mut start = 0;
    for part in object.parts.iter() {
        let span = start..start + part.size;
        if part.number == number {
            let content_range = Some(content_range(&span, object.size));
            let parts_count = i32::try_from(object.parts.len()).ok();
            return Ok(Selected { span, content_range, parts_count, checksum: part.checksum.clone() });
        }
        start = span.end;
    }
    Err(missing())
}

fn content_range(span: &Span<u64>, size: u64) -> String {
    format!("bytes {}-{}/{size}", span.start, span.end.saturating_sub(1))
}

fn outside(range: Range, size: u64) -> Refusal {
    let refusal = Refusal::new(Code::InvalidRange)
        .with_element("RangeRequested", range.to_header_string())
        .with_element("ActualObjectSize", size);
    match HeaderValue::from_str(&format!("bytes */{size}")) {
        Ok(value) => refusal.with_header(CONTENT_RANGE, value),
        Err(_) => refusal,
    }
}
