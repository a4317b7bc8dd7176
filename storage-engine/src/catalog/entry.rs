//! What the catalog keeps of one version: where the pair lies, and what listings show.

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::digest::{ChecksumAlgorithm, ChecksumType, crc32c_of};
use crate::error::{Error, ErrorKind, Result};
use crate::log::Place;
use crate::name::{ElementId, StoredPath, VersionId};
use crate::sidecar::{Blocks, Kind, Sidecar};

/// What a version is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum EntryKind {
    Object,
    Marker,
    /// Of no row: a tombstone is no version.
    Tombstone,
}

/// One version of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) kind: EntryKind,
    pub(crate) version_id: VersionId,
    pub(crate) seq: u64,
    pub(crate) placement_seq: u64,
    pub(crate) place: Place,
    pub(crate) size: u64,
    pub(crate) etag: String,
    pub(crate) created_ms: u64,
    pub(crate) owner: Arc<str>,
    pub(crate) checksum: Option<(ChecksumAlgorithm, ChecksumType)>,
    /// Whether it goes on to another class by itself.
    pub(crate) is_bound: bool,
    /// Until when it is kept, in milliseconds since 1970; 0 where nothing keeps it.
    pub(crate) kept_until_ms: u64,
}

/// The value of a row, behind a CRC-32C of four bytes: redb does not check pages that it reads.
#[derive(Serialize, Deserialize)]
struct Value<'a> {
    kind: EntryKind,
    nonce: Option<u64>,
    placement_seq: u64,
    element: ElementId,
    path: Cow<'a, str>,
    overflow: Option<Cow<'a, str>>,
    blocks: Option<Uuid>,
    size: u64,
    etag: Cow<'a, str>,
    created_ms: u64,
    owner: Cow<'a, str>,
    checksum: Option<(u8, bool)>,
    is_bound: bool,
    kept_until_ms: u64,
}

impl Entry {
    /// The entry of a sidecar that lies on `element`.
    pub(crate) fn of(sidecar: &Sidecar, element: ElementId, overflow: Option<&str>) -> Self {
        let has_file = matches!(sidecar.blocks, Blocks::File(_));
        Self {
            kind: match sidecar.kind {
                Kind::Object => EntryKind::Object,
                Kind::Marker => EntryKind::Marker,
                Kind::Tombstone => EntryKind::Tombstone,
            },
            version_id: sidecar.version_id,
            seq: sidecar.seq,
            placement_seq: sidecar.placement_seq,
            place: Place {
                element,
                path: sidecar.path.clone(),
                overflow: overflow.map(str::to_owned),
                blocks: has_file.then_some(sidecar.id),
            },
            size: sidecar.size,
            etag: sidecar.etag.clone(),
            created_ms: sidecar.created_ms,
            owner: Arc::clone(&sidecar.owner),
            checksum: sidecar.checksums.first().map(|sum| (sum.algorithm, sidecar.checksum_type)),
            is_bound: sidecar.bound_for.is_some(),
            kept_until_ms: sidecar.retention.map_or(0, |retention| retention.until_ms),
        }
    }

    /// The bytes of the row's value.
    pub(super) fn encode(&self) -> Result<Vec<u8>> {
        let value = Value {
            kind: self.kind,
            nonce: match self.version_id {
                VersionId::Null => None,
                VersionId::Unique { nonce, .. } => Some(nonce),
            },
            placement_seq: self.placement_seq,
            element: self.place.element,
            path: self.place.path.data().into(),
            overflow: self.place.overflow.as_deref().map(Cow::from),
            blocks: self.place.blocks,
            size: self.size,
            etag: self.etag.as_str().into(),
            created_ms: self.created_ms,
            owner: (&*self.owner).into(),
            checksum: self.checksum.map(|(algorithm, kind)| {
                let at = ChecksumAlgorithm::ALL.iter().position(|known| *known == algorithm);
                (at.and_then(|at| u8::try_from(at).ok()).unwrap_or(u8::MAX), kind == ChecksumType::FullObject)
            }),
            is_bound: self.is_bound,
            kept_until_ms: self.kept_until_ms,
        };
        let mut bytes = postcard::to_extend(&value, vec![0; 4])
            .map_err(|error| Error::new(ErrorKind::InvalidArgument, "encode catalog row").caused_by(error))?;
        let checksum = crc32c_of(&[bytes.get(4..).unwrap_or_default()]);
        if let Some(head) = bytes.first_chunk_mut::<4>() {
            *head = checksum.to_le_bytes();
        }
        Ok(bytes)
    }

    /// Reads a row's value.
    ///
    /// *Errors*: `Corrupt`: the catalog is to be thrown away.
    pub(super) fn decode(bytes: &[u8], seq: u64) -> Result<Self> {
        let corrupt = || {
            Error::new(ErrorKind::Corrupt, "read catalog row").because(
                "a row of the catalog is damaged: stop the server, remove the catalog folder, start again",
            )
        };
        let (head, body) = bytes.split_first_chunk::<4>().ok_or_else(corrupt)?;
        if u32::from_le_bytes(*head) != crc32c_of(&[body]) {
            return Err(corrupt());
        }
        let value: Value<'_> = postcard::from_bytes(body).map_err(|error| corrupt().caused_by(error))?;
        let checksum = value.checksum.map(|(at, full)| {
            let algorithm = ChecksumAlgorithm::ALL.get(usize::from(at)).copied().ok_or_else(corrupt)?;
            Ok((algorithm, if full { ChecksumType::FullObject } else { ChecksumType::Composite }))
        });
        Ok(Self {
            kind: value.kind,
            version_id: value.nonce.map_or(VersionId::Null, |nonce| VersionId::Unique { seq, nonce }),
            seq,
            placement_seq: value.placement_seq,
            place: Place {
                element: value.element,
                path: StoredPath::parse(&value.path)?,
                overflow: value.overflow.map(Cow::into_owned),
                blocks: value.blocks,
            },
            size: value.size,
            etag: value.etag.into_owned(),
            created_ms: value.created_ms,
            owner: value.owner.into(),
            checksum: checksum.transpose()?,
            is_bound: value.is_bound,
            kept_until_ms: value.kept_until_ms,
        })
    }

    /// Whether the key reads as deleted while this is its newest version.
    pub(crate) fn is_marker(&self) -> bool {
        self.kind == EntryKind::Marker
    }
}
