//! What one record of the log says: a change, who made it, and the bytes that belong to it.
//!
//! The description is JSON, so that it can grow; sidecar, overflow and small bodies follow as they
//! are. Layout of a record inside a frame: `u32` length of the description, the description, then
//! the attachments one behind the other, whose lengths the description gives. Integers are
//! little-endian.

use std::net::IpAddr;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::caller::{Caller, Door};
use crate::error::{Error, ErrorKind, Result};
use crate::mode::Mode;
use crate::name::{BucketName, ElementId, StoredPath};
use crate::outbox::Event;

/// A record as it stands in a frame.
pub(crate) struct Encoded {
    pub(super) bytes: Vec<u8>,
    /// Whether it takes a change back.
    pub(super) is_abort: bool,
}

/// One record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    /// Sequence number of the change, unique in the archive.
    pub(crate) seq: u64,
    /// When, in milliseconds since 1970.
    pub(crate) time_ms: u64,
    /// Who asked.
    pub(crate) who: Who,
    /// What changes.
    pub(crate) change: Change,
    /// What is told of it, where somebody listens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) event: Option<Box<Event>>,
    /// Bytes of the sidecar or bucket document that follow.
    #[serde(default)]
    document_len: u32,
    /// Bytes of the overflow sidecar that follow.
    #[serde(default)]
    overflow_len: u32,
    /// Bytes of the body that follow.
    #[serde(default)]
    body_len: u32,
}

/// The audit fields of a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Who {
    pub(crate) account: String,
    pub(crate) door: Door,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) address: Option<IpAddr>,
    pub(crate) request_id: String,
    pub(crate) operation: String,
}

/// Where a pair lies, with everything that belongs to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    pub(crate) element: ElementId,
    pub(crate) path: StoredPath,
    /// Name of the overflow sidecar beside it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) overflow: Option<String>,
    /// The object's id, where a file of block digests belongs to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) blocks: Option<Uuid>,
}

/// A version that another takes the place of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Retired {
    pub(crate) place: Place,
    /// Sequence number of the version.
    pub(crate) version_seq: u64,
}

/// Where the bytes of a new object are when the record is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum BodyPlace {
    /// There is no data file.
    Absent,
    /// They follow in the record.
    Inline,
    /// In `staging/<id>`, durable, with the digests of its blocks in `staging/<id>.crc32c`.
    Staged,
}

/// A change. The order of a variant's steps on disk is stated in docs/STORAGE.md.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Change {
    /// A pair is published at `place`; those in `retire` are superseded and go.
    Put { place: Place, id: Uuid, body: BodyPlace, retire: Vec<Retired>, upload: Option<Uuid> },
    /// The sidecar of the pair at `place` is replaced, with the overflow sidecar that it names; the one
    /// before it, where it has another name, goes.
    Annotate { place: Place, id: Uuid, keeps_overflow: bool, old_overflow: Option<String> },
    /// A version goes for good.
    Remove { place: Place, bucket: BucketName, key: String, version_seq: u64 },
    /// The change of this number was committed and could not be published: it never happened.
    Abort { aborted: u64 },
    /// A bucket comes, or its settings change.
    BucketPut { bucket: BucketName },
    /// A bucket goes.
    BucketRemove { bucket: BucketName },
    /// The data file of the pair at `place` goes: its bytes are safe on the element's archive target.
    Release { place: Place },
    /// A version goes for good, and its sidecar gives way to a tombstone: the pair at `place` keeps no other file.
    Dispose { place: Place, bucket: BucketName, key: String, version_seq: u64 },
    /// The bytes of an archived version were asked for; kept for the audit.
    Restore { bucket: BucketName, key: String, version_seq: u64 },
    /// The mode of the log's element changes.
    Mode { from: Mode, to: Mode },
    /// Nothing changes in the tree; the record is kept for the audit.
    Note,
}

/// The bytes that travel with a record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Attachments {
    /// The sidecar or bucket document, exactly as it is written to disk.
    pub(crate) document: Bytes,
    /// The overflow sidecar.
    pub(crate) overflow: Bytes,
    /// The body, where it rides in the record.
    pub(crate) body: Bytes,
}

impl Record {
    pub(crate) fn new(seq: u64, time_ms: u64, caller: &Caller, change: Change) -> Self {
        let who = Who {
            account: caller.account.to_string(),
            door: caller.door,
            address: caller.address,
            request_id: caller.request_id.to_string(),
            operation: caller.operation.to_owned(),
        };
        Self { seq, time_ms, who, change, event: None, document_len: 0, overflow_len: 0, body_len: 0 }
    }

    /// The record with what is told of its change.
    pub(crate) fn telling(self, event: Option<&Event>) -> Self {
        Self { event: event.cloned().map(Box::new), ..self }
    }

    /// Writes the record with its attachments.
    pub(crate) fn encode(mut self, attachments: &Attachments) -> Result<Encoded> {
        let too_long = |_| Error::new(ErrorKind::InvalidArgument, "encode log record");
        self.document_len = u32::try_from(attachments.document.len()).map_err(too_long)?;
        self.overflow_len = u32::try_from(attachments.overflow.len()).map_err(too_long)?;
        self.body_len = u32::try_from(attachments.body.len()).map_err(too_long)?;
        let description = serde_json::to_vec(&self)
            .map_err(|error| Error::new(ErrorKind::InvalidArgument, "encode log record").caused_by(error))?;
        let total = 4 + description.len() + attachments.len();
        let mut bytes = Vec::with_capacity(total);
        bytes.extend(u32::try_from(description.len()).map_err(too_long)?.to_le_bytes());
        bytes.extend(&description);
        bytes.extend_from_slice(&attachments.document);
        bytes.extend_from_slice(&attachments.overflow);
        bytes.extend_from_slice(&attachments.body);
        Ok(Encoded { bytes, is_abort: matches!(self.change, Change::Abort { .. }) })
    }

    /// Reads a record; its checksum has been checked with its frame.
    ///
    /// *Errors*: `Corrupt`, also for a kind of change this release does not know.
    pub(super) fn decode(bytes: &Bytes) -> Result<(Self, Attachments)> {
        let corrupt =
            || Error::new(ErrorKind::Corrupt, "read log record").because("it is not of the stated form");
        let (length, _) = bytes.split_first_chunk::<4>().ok_or_else(corrupt)?;
        let mut at = 4;
        let mut take = |len: u32| {
            let end = at + len as usize;
            let piece = bytes.get(at..end).map(|piece| bytes.slice_ref(piece));
            at = end;
            piece.ok_or_else(corrupt)
        };
        let description = take(u32::from_le_bytes(*length))?;
        let record: Self =
            serde_json::from_slice(&description).map_err(|error| corrupt().caused_by(error))?;
        let attachments = Attachments {
            document: take(record.document_len)?,
            overflow: take(record.overflow_len)?,
            body: take(record.body_len)?,
        };
        Ok((record, attachments))
    }
}

impl Attachments {
    pub(crate) fn len(&self) -> usize {
        self.document.len() + self.overflow.len() + self.body.len()
    }
}
