//! How a sidecar is written and read. docs/STORAGE.md lists every member.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::overflow::{GROUPS, Overflow};
use super::record::{Blocks, Kind, Sidecar};
use crate::archive::object::{Attributes, ObjectPart};
use crate::digest::{BLOCK_BYTES, BlockDigests, Checksum, ChecksumAlgorithm, ChecksumType};
use crate::document::{self, Fields, Members};
use crate::error::{Error, ErrorKind, Result};
use crate::mode::{Mode, StorageClass, class_of_name};
use crate::name::{BucketName, ObjectKey, StoredPath, VersionId};
use crate::retention::{Disposal, Retention};
use crate::timestamp::{from_rfc3339, to_rfc3339};

/// Largest sidecar, in bytes.
pub const SIDECAR_BYTES_MAX: usize = 4096;
/// The format this release writes, and the newest it reads.
const SCHEMA: u64 = 1;
/// A key whose JSON text is longer than this (control characters, many quotes) is kept as base64.
const KEY_JSON_BYTES_MAX: usize = 1400;

const ORDER: [&str; 36] = [
    "schema",
    "kind",
    "id",
    "bucket",
    "key",
    "key_base64",
    "version_id",
    "seq",
    "placement_seq",
    "owner",
    "created_by",
    "created_at",
    "modified_at",
    "data",
    "size",
    "sha256",
    "etag",
    "checksums",
    "checksum_type",
    "content_type",
    "content_encoding",
    "content_language",
    "content_disposition",
    "cache_control",
    "expires",
    "metadata",
    "tags",
    "parts",
    "part_checksums",
    "upload",
    "bound_for",
    "retention",
    "disposal",
    "blocks",
    "posix",
    "overflow",
];

/// Writes a sidecar, and the overflow sidecar where it does not fit.
///
/// *Errors*: `MetadataTooLarge` where identity and digests leave no room, or the overflow is full.
pub fn encode(sidecar: &Sidecar) -> Result<(Vec<u8>, Option<Overflow>)> {
    let mut members = members(sidecar);
    let bytes = document::render(&members, &ORDER);
    if bytes.len() <= SIDECAR_BYTES_MAX {
        return Ok((bytes, None));
    }
    let mut spilled = Members::new();
    for group in GROUPS {
        let Some(value) = members.remove(group) else { continue };
        spilled.insert(group.into(), value);
        let overflow = Overflow::make(&sidecar.path, &spilled, SCHEMA)?;
        members.insert("overflow".into(), json!({"name": overflow.name, "sha256": overflow.digest()}));
        let bytes = document::render(&members, &ORDER);
        if bytes.len() <= SIDECAR_BYTES_MAX {
            return Ok((bytes, Some(overflow)));
        }
    }
    Err(Error::new(ErrorKind::MetadataTooLarge, "write sidecar").about(&sidecar.key).because(format_args!(
        "names and headers alone exceed the {SIDECAR_BYTES_MAX} bytes of a sidecar: shorten content headers"
    )))
}

/// Reads a sidecar; `overflow` is asked for the overflow sidecar's bytes by file name.
///
/// *Errors*: `Corrupt`, `NewerFormat`, and what `overflow` answers.
pub fn decode(bytes: &[u8], what: &str, overflow: impl FnOnce(&str) -> Result<Vec<u8>>) -> Result<Sidecar> {
    let mut members = document::parse(bytes, SCHEMA, what)?;
    if let Some(reference) = members.remove("overflow") {
        let text = |name: &str| reference.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (name, digest) = (text("name"), text("sha256"));
        if name.contains('/') || !name.contains(".attr.ext.") {
            return Err(Error::new(ErrorKind::Corrupt, "read sidecar").about(what));
        }
        members.extend(Overflow::members(&overflow(&name)?, &digest, SCHEMA, &name)?);
    }
    sidecar_of(Fields::new(members, what))
}

/// Every member of a sidecar, those that may leave for an overflow sidecar included.
pub(crate) fn members(sidecar: &Sidecar) -> Members {
    let mut members = sidecar.unknown.clone();
    let mut set = |name: &str, value: Value| {
        members.insert(name.to_owned(), value);
    };
    set("schema", SCHEMA.into());
    set("kind", sidecar.kind.as_str().into());
    set("id", sidecar.id.to_string().into());
    set("bucket", sidecar.bucket.as_str().into());
    let key = Value::from(sidecar.key.as_str());
    if key.to_string().len() <= KEY_JSON_BYTES_MAX {
        set("key", key);
    } else {
        set("key_base64", STANDARD.encode(sidecar.key.as_str()).into());
    }
    set("version_id", sidecar.version_id.to_string().into());
    set("seq", sidecar.seq.into());
    set("placement_seq", sidecar.placement_seq.into());
    set("owner", (*sidecar.owner).into());
    set("created_by", (*sidecar.created_by).into());
    set("created_at", to_rfc3339(sidecar.created_ms).into());
    set("modified_at", to_rfc3339(sidecar.modified_ms).into());
    set("data", sidecar.path.data().into());
    if sidecar.kind.has_content() {
        set("size", sidecar.size.into());
        set("sha256", hex::encode(sidecar.sha256).into());
        set("etag", sidecar.etag.as_str().into());
    }
    if sidecar.kind == Kind::Object {
        set("blocks", blocks_value(&sidecar.blocks));
    }
    if !sidecar.checksums.is_empty() {
        let pairs =
            sidecar.checksums.iter().map(|sum| (sum.algorithm.as_str().to_owned(), Value::from(&*sum.value)));
        set("checksums", Value::Object(pairs.collect()));
        set("checksum_type", sidecar.checksum_type.as_str().into());
    }
    if !sidecar.parts.is_empty() {
        let (runs, checksums) = parts_values(&sidecar.parts);
        set("parts", runs);
        if let Some(checksums) = checksums {
            set("part_checksums", checksums);
        }
    }
    if let Some(upload) = sidecar.upload {
        set("upload", upload.simple().to_string().into());
    }
    if let Some(class) = sidecar.bound_for {
        set("bound_for", class.as_str().into());
    }
    if let Some(retention) = sidecar.retention {
        set("retention", retention.to_value());
    }
    if let Some(disposal) = &sidecar.disposal {
        set("disposal", disposal.to_value());
    }
    set_attributes(&sidecar.attributes, set);
    members
}

fn set_attributes(attributes: &Attributes, mut set: impl FnMut(&str, Value)) {
    let texts = [
        ("content_type", &attributes.content_type),
        ("content_encoding", &attributes.content_encoding),
        ("content_language", &attributes.content_language),
        ("content_disposition", &attributes.content_disposition),
        ("cache_control", &attributes.cache_control),
        ("expires", &attributes.expires),
    ];
    for (name, text) in texts {
        if let Some(text) = text {
            set(name, text.as_str().into());
        }
    }
    for (name, texts) in [("metadata", &attributes.metadata), ("tags", &attributes.tags)] {
        if !texts.is_empty() {
            set(name, texts.iter().map(|(key, text)| (key.clone(), Value::from(text.as_str()))).collect());
        }
    }
}

fn sidecar_of(mut fields: Fields<'_>) -> Result<Sidecar> {
    fields.value("schema");
    let kind = fields.parsed("kind", |text| Kind::ALL.into_iter().find(|kind| kind.as_str() == text))?;
    let (is_object, has_content) = (kind == Kind::Object, kind.has_content());
    let checksums = checksums_of(&mut fields)?;
    let checksum_type = match fields.text_if("checksum_type")? {
        None => ChecksumType::FullObject,
        Some(text) => ChecksumType::parse(&text).ok_or_else(|| fields.corrupt("checksum_type"))?,
    };
    let algorithm = checksums.first().map(|sum: &Checksum| sum.algorithm);
    Ok(Sidecar {
        kind,
        id: fields.parsed("id", |text| uuid::Uuid::try_parse(text).ok())?,
        bucket: fields.parsed("bucket", |text| BucketName::parse(text).ok())?,
        key: key_of(&mut fields)?,
        version_id: fields.parsed("version_id", |text| VersionId::parse(text).ok())?,
        seq: fields.number("seq")?,
        placement_seq: fields.number("placement_seq")?,
        owner: fields.text("owner")?.into(),
        created_by: fields.text("created_by")?.into(),
        path: fields.parsed("data", |text| StoredPath::parse(text).ok())?,
        size: if has_content { fields.number("size")? } else { 0 },
        sha256: if has_content { fields.parsed("sha256", sha256_of)? } else { [0; 32] },
        etag: if has_content { fields.text("etag")? } else { String::new() },
        checksums,
        checksum_type,
        blocks: if is_object { blocks_of(&mut fields)? } else { Blocks::Inline(BlockDigests::default()) },
        parts: parts_of(&mut fields, algorithm)?.into(),
        upload: match fields.text_if("upload")? {
            None => None,
            Some(text) => Some(uuid::Uuid::try_parse(&text).map_err(|_| fields.corrupt("upload"))?),
        },
        bound_for: bound_for(&mut fields)?,
        retention: Retention::of(&mut fields)?,
        disposal: Disposal::of(&mut fields)?,
        created_ms: fields.parsed("created_at", from_rfc3339)?,
        modified_ms: fields.parsed("modified_at", from_rfc3339)?,
        attributes: attributes_of(&mut fields)?,
        unknown: fields.rest(),
    })
}

/// Reads the class to which an object goes on by itself.
///
/// *Errors*: `Corrupt` for one that nothing is bound for.
pub(crate) fn bound_for(fields: &mut Fields<'_>) -> Result<Option<StorageClass>> {
    let Some(text) = fields.text_if("bound_for")? else { return Ok(None) };
    let class = class_of_name(&text).ok().filter(|class| class.mode() > Mode::Rw);
    class.map(Some).ok_or_else(|| fields.corrupt("bound_for"))
}

fn attributes_of(fields: &mut Fields<'_>) -> Result<Attributes> {
    Ok(Attributes {
        content_type: fields.text_if("content_type")?,
        content_encoding: fields.text_if("content_encoding")?,
        content_language: fields.text_if("content_language")?,
        content_disposition: fields.text_if("content_disposition")?,
        cache_control: fields.text_if("cache_control")?,
        expires: fields.text_if("expires")?,
        metadata: fields.texts("metadata")?,
        tags: fields.texts("tags")?,
    })
}

fn key_of(fields: &mut Fields<'_>) -> Result<ObjectKey> {
    let text = match fields.text_if("key")? {
        Some(text) => text,
        None => fields.parsed("key_base64", |text| String::from_utf8(STANDARD.decode(text).ok()?).ok())?,
    };
    ObjectKey::parse(&text).map_err(|_| fields.corrupt("key"))
}

fn sha256_of(text: &str) -> Option<[u8; 32]> {
    hex::decode(text).ok()?.try_into().ok()
}

fn checksums_of(fields: &mut Fields<'_>) -> Result<Vec<Checksum>> {
    let texts: BTreeMap<String, String> = fields.texts("checksums")?;
    let sums = texts.into_iter().map(|(name, value)| {
        let algorithm = ChecksumAlgorithm::parse(&name).ok_or_else(|| fields.corrupt("checksums"))?;
        Ok(Checksum { algorithm, value: value.into() })
    });
    sums.collect()
}

fn blocks_value(blocks: &Blocks) -> Value {
    match blocks {
        Blocks::Inline(digests) => json!({"bytes": BLOCK_BYTES, "crc32c": digests.to_hex()}),
        Blocks::File(sha256) => json!({"bytes": BLOCK_BYTES, "file_sha256": hex::encode(sha256)}),
    }
}

fn blocks_of(fields: &mut Fields<'_>) -> Result<Blocks> {
    let value = fields.value("blocks").unwrap_or_default();
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    let same_size = value.get("bytes").and_then(Value::as_u64) == Some(BLOCK_BYTES as u64);
    let inline = text("crc32c").and_then(BlockDigests::from_hex).map(Blocks::Inline);
    let file = || text("file_sha256").and_then(sha256_of).map(Blocks::File);
    inline.or_else(file).filter(|_| same_size).ok_or_else(|| fields.corrupt("blocks"))
}

/// Runs of parts with one size, `[first, last, size]`, and the checksums of all parts in order.
fn parts_values(parts: &[ObjectPart]) -> (Value, Option<Value>) {
    let mut runs: Vec<[u64; 3]> = Vec::new();
    for part in parts {
        let number = u64::from(part.number);
        match runs.last_mut() {
            Some([_, last, size]) if *last + 1 == number && *size == part.size => *last = number,
            _ => runs.push([number, number, part.size]),
        }
    }
    let sums: Option<Vec<&str>> =
        parts.iter().map(|part| part.checksum.as_ref().map(|sum| &*sum.value)).collect();
    (json!(runs), sums.map(|sums| json!(sums)))
}

fn parts_of(fields: &mut Fields<'_>, algorithm: Option<ChecksumAlgorithm>) -> Result<Vec<ObjectPart>> {
    let Some(value) = fields.value("parts") else { return Ok(Vec::new()) };
    let runs: Vec<[u64; 3]> = serde_json::from_value(value).map_err(|_| fields.corrupt("parts"))?;
    let mut parts = Vec::new();
    for [first, last, size] in runs {
        let (first, last) = (u16::try_from(first), u16::try_from(last));
        let (Ok(first), Ok(last)) = (first, last) else { return Err(fields.corrupt("parts")) };
        parts.extend((first..=last).map(|number| ObjectPart { number, size, checksum: None }));
        if parts.len() > usize::from(crate::archive::multipart::PART_NUMBER_MAX) {
            return Err(fields.corrupt("parts"));
        }
    }
    if let Some(value) = fields.value("part_checksums") {
        let sums: Vec<String> =
            serde_json::from_value(value).map_err(|_| fields.corrupt("part_checksums"))?;
        let algorithm = algorithm.filter(|_| sums.len() == parts.len());
        let algorithm = algorithm.ok_or_else(|| fields.corrupt("part_checksums"))?;
        for (part, value) in parts.iter_mut().zip(sums) {
            part.checksum = Some(Checksum { algorithm, value: value.into() });
        }
    }
    Ok(parts)
}
