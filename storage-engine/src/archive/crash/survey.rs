//! What an archive shows, by its calls and by its files.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest as _, Sha256};

use super::model::{BucketSeen, Document, Model, PartSeen, VersionSeen};
use super::script::BUCKET;
use super::world::{CONTROL, Client, World, bucket};
use crate::archive::Archive;
use crate::archive::list::{ListEntry, ListRequest, ListedObject, VersionListEntry, VersionListRequest};
use crate::archive::restore::RestoreStatus;
use crate::disk::{EntryKind, SharedDisk};
use crate::error::{ErrorKind, Result};
use crate::lifecycle::{Expiration, Lifecycle};
use crate::name::{BucketName, VersionId};
use crate::sidecar::{self, Blocks, Kind};

const FILE_BYTES_MAX: usize = 64 << 20;
const ELEMENTS: [&str; 3] = ["edit-01", "rw-01", "shelf"];

/// Reads everything that callers can see.
pub(super) fn survey(archive: &Archive) -> Result<Model> {
    let mut seen = Model::default();
    for found in archive.buckets() {
        let versions = versions(archive, &found.name)?;
        let lifecycle = found.lifecycle.as_deref().and_then(days_of);
        let bucket = BucketSeen { versioning: found.versioning, lifecycle, versions };
        seen.buckets.insert(found.name.to_string(), bucket);
    }
    if seen.buckets.contains_key(BUCKET) {
        let client = Client { archive };
        for upload in client.uploads()? {
            let parts = archive.parts(&upload, None, 1000)?.parts.into_iter();
            let parts = parts
                .map(|part| (part.number, PartSeen { size: part.size, etag: part.etag, bytes: None }))
                .collect();
            seen.uploads.insert(upload.key.to_string(), parts);
        }
    }
    for (name, bytes) in archive.control_documents(CONTROL)? {
        seen.controls.insert(name, bytes.into());
    }
    Ok(seen)
}

/// The versions of a bucket, by key, with their bytes; and that the listing of objects agrees with them.
fn versions(archive: &Archive, name: &BucketName) -> Result<BTreeMap<String, Vec<VersionSeen>>> {
    let mut found: BTreeMap<String, Vec<VersionSeen>> = BTreeMap::new();
    let (mut key_marker, mut version_marker) = (None::<String>, None);
    loop {
        // A small page, so that pages are walked.
        let page = archive.list_versions(&VersionListRequest {
            bucket: name,
            prefix: "",
            delimiter: None,
            key_marker: key_marker.as_deref(),
            version_marker,
            max: 3,
        })?;
        for entry in page.entries {
            let VersionListEntry::Version(listed) = entry else { panic!("a prefix without a delimiter") };
            let of_key = found.entry(listed.object.key.to_string()).or_default();
            assert_eq!(listed.is_latest, of_key.is_empty(), "{}: the newest is the first", listed.object.key);
            let is_null = listed.version_id.is_null();
            let twice = is_null && of_key.iter().any(|version| version.is_null);
            assert!(!twice, "{} has the version null twice", listed.object.key);
            let document = match listed.is_marker {
                true => None,
                false => Some(document(archive, name, &listed.object, Some(listed.version_id))?),
            };
            of_key.push(VersionSeen { is_null, document });
        }
        match page.next {
            Some((key, version)) => (key_marker, version_marker) = (Some(key), version),
            None => break,
        }
    }
    let current: BTreeMap<String, Document> = found
        .iter()
        .filter_map(|(key, of_key)| Some((key.clone(), of_key.first()?.document.clone()?)))
        .collect();
    assert_eq!(objects(archive, name)?, current, "objects are the newest versions that are no markers");
    Ok(found)
}

fn objects(archive: &Archive, name: &BucketName) -> Result<BTreeMap<String, Document>> {
    let (mut found, mut after) = (BTreeMap::new(), None::<String>);
    loop {
        let request =
            ListRequest { bucket: name, prefix: "", delimiter: None, after: after.as_deref(), max: 3 };
        let page = archive.list(&request)?;
        for entry in page.entries {
            let ListEntry::Object(listed) = entry else { panic!("a common prefix without a delimiter") };
            let twice = found.insert(listed.key.to_string(), document(archive, name, &listed, None)?);
            assert!(twice.is_none(), "{} is listed twice", listed.key);
        }
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(found),
        }
    }
}

/// Reads what a listing shows.
fn document(
    archive: &Archive,
    name: &BucketName,
    listed: &ListedObject,
    version: Option<VersionId>,
) -> Result<Document> {
    let object = archive.object(name, &listed.key, version)?;
    let restore = object.restore.map(|restore| match restore {
        RestoreStatus::Ongoing => "ongoing",
        RestoreStatus::Restored { .. } => "restored",
    });
    let mut document = Document {
        bytes: Default::default(),
        note: object.attributes.metadata.get("note").cloned().unwrap_or_default(),
        etag: object.etag.clone(),
        mode: object.mode.as_str(),
        restore,
    };
    assert_eq!((object.size, &object.etag), (listed.size, &listed.etag), "listing and object agree");
    assert_eq!((object.class, object.restore), (listed.class, listed.restore), "listing and object agree");
    let read = archive.read(name, &listed.key, version);
    if document.is_away() {
        assert_eq!(read.err().map(|error| error.kind()), Some(ErrorKind::Archived), "{}", listed.key);
        return Ok(document);
    }
    document.bytes = read?.read_at(0, FILE_BYTES_MAX)?;
    assert_eq!(object.sha256, <[u8; 32]>::from(Sha256::digest(&document.bytes)), "{}", listed.key);
    Ok(document)
}

/// The days of a lifecycle as [`super::world::expiring`] makes it.
fn days_of(lifecycle: &Lifecycle) -> Option<u32> {
    match lifecycle.rules.first()?.expiration? {
        Expiration::Days(days) => Some(days),
        Expiration::Date(_) | Expiration::ExpiredObjectDeleteMarker(_) => None,
    }
}

/// Compares the files of every element with what callers see.
///
/// Each sidecar matches its data, each object has one pair, and nothing else lies about.
pub(super) fn check_files(world: &World, seen: &Model) {
    let mut pairs = BTreeMap::new();
    let mut uploads = 0;
    for element in ELEMENTS {
        // Most scripts make no shelf.
        let disk = world.machine.open_disk(&format!("data/elements/{element}"));
        let disk = disk.and_then(|disk| disk.exists("element.json").map(|exists| exists.then_some(disk)));
        let Some(disk) = disk.ok().flatten() else {
            assert_eq!(element, "shelf", "it is there");
            continue;
        };
        let target = world.machine.open_disk(&format!("tape/{element}")).ok();
        check_element(&disk, target.as_ref(), element, &mut pairs);
        uploads += disk.read_dir(".artstore/uploads").unwrap().len();
    }
    let control = files_below(&world.machine.disk("data/control").unwrap(), "");
    let partial: Vec<&String> = control.iter().filter(|path| path.ends_with(".partial")).collect();
    assert!(partial.is_empty(), "left half written: {partial:?}");
    let mut expected = Pairs::new();
    for (bucket, held) in &seen.buckets {
        let versions =
            held.versions.iter().flat_map(|(key, of_key)| of_key.iter().map(move |made| (key, made)));
        for (key, version) in versions {
            let id = (bucket.clone(), key.clone(), version.is_null, version.document.is_none());
            *expected.entry(id).or_default() += 1;
        }
    }
    assert_eq!(pairs, expected, "pairs on disk and versions of the archive");
    assert_eq!(uploads, seen.uploads.len(), "folders of uploads and open uploads");
}

/// How many pairs there are of a bucket and key, with the version null or not, of a marker or not.
type Pairs = BTreeMap<(String, String, bool, bool), usize>;

fn check_element(disk: &SharedDisk, target: Option<&SharedDisk>, element: &str, pairs: &mut Pairs) {
    let mut files = files_below(disk, "");
    let staged: Vec<&String> = files.iter().filter(|path| path.contains("/staging/")).collect();
    assert!(staged.is_empty(), "{element}: left in staging: {staged:?}");
    // One segment of the log may be half filled; the next that is made begins it again.
    files.remove(".artstore/wal/fresh.partial");
    let partial: Vec<&String> = files.iter().filter(|path| path.ends_with(".partial")).collect();
    assert!(partial.is_empty(), "{element}: left half written: {partial:?}");
    files.retain(|path| path.starts_with("20") || path.starts_with(".artstore/blocks/"));
    let sidecars: Vec<String> = files.iter().filter(|path| path.ends_with(".attr.json")).cloned().collect();
    for path in sidecars {
        let hour = path.rsplit_once('/').unwrap().0;
        let mut belongings = vec![path.clone()];
        let bytes = disk.read_whole(&path, sidecar::SIDECAR_BYTES_MAX).unwrap();
        let found = sidecar::decode(&bytes, &path, |name| {
            let overflow = format!("{hour}/{name}");
            let bytes = disk.read_whole(&overflow, sidecar::OVERFLOW_BYTES_MAX).unwrap();
            belongings.push(overflow);
            Ok(bytes)
        });
        let found = found.unwrap_or_else(|error| panic!("{element}: {path}: {error}"));
        assert_eq!(found.path.sidecar(), path, "{element}: a sidecar names its own data file");
        if found.kind == Kind::Tombstone {
            assert!(files.remove(&path), "{element}: {path}");
            let is_there = |disk: &SharedDisk| disk.exists(found.path.data()).unwrap();
            assert!(!is_there(disk), "{element}: {path} is a tombstone beside its document");
            continue;
        }
        let is_marker = found.kind == Kind::Marker;
        let id = (found.bucket.to_string(), found.key.to_string(), found.version_id.is_null(), is_marker);
        *pairs.entry(id).or_default() += 1;
        if is_marker {
            assert_eq!(belongings.len(), 1, "{element}: {path}: a marker is its sidecar alone");
            files.remove(&path);
            continue;
        }
        let here = disk.read_whole(found.path.data(), FILE_BYTES_MAX);
        let is_here = here.is_ok();
        // What is gone here is whole on the archive target.
        let there = || target.unwrap().read_whole(found.path.data(), FILE_BYTES_MAX);
        let data = here.or_else(|error| if target.is_some() { there() } else { Err(error) });
        let data = data.unwrap_or_else(|error| panic!("{element}: {path} has no data file: {error}"));
        assert_eq!(data.len() as u64, found.size, "{element}: {path}");
        assert_eq!(<[u8; 32]>::from(Sha256::digest(&data)), found.sha256, "{element}: {path}");
        belongings.extend(is_here.then(|| found.path.data().to_owned()));
        if let Blocks::File(sha256) = found.blocks {
            let blocks = files.iter().find(|file| file.contains(&found.id.simple().to_string()));
            let blocks = blocks.unwrap_or_else(|| panic!("{element}: {path} has no block digests")).clone();
            let bytes = disk.read_whole(&blocks, FILE_BYTES_MAX).unwrap();
            assert_eq!(<[u8; 32]>::from(Sha256::digest(&bytes)), sha256, "{element}: {blocks}");
            belongings.push(blocks);
        }
        for belonging in &belongings {
            assert!(files.remove(belonging), "{element}: {belonging} belongs to two objects");
        }
    }
    assert!(files.is_empty(), "{element}: files that belong to nothing: {files:?}");
}

/// Every file beneath a folder, by path.
pub(super) fn files_below(disk: &SharedDisk, folder: &str) -> BTreeSet<String> {
    let (mut files, mut left) = (BTreeSet::new(), vec![folder.to_owned()]);
    while let Some(folder) = left.pop() {
        for entry in disk.read_dir(&folder).unwrap() {
            let path = if folder.is_empty() { entry.name } else { format!("{folder}/{}", entry.name) };
            match entry.kind {
                EntryKind::Dir => left.push(path),
                EntryKind::File | EntryKind::Other => drop(files.insert(path)),
            }
        }
    }
    files
}

/// Checks that the open archive is one of the states allowed, in its answers and in its files.
pub(super) fn check(world: &World, allowed: &[Model]) -> Model {
    let archive = world.archive.as_ref().expect("the archive is open");
    let seen =
        survey(archive).unwrap_or_else(|error| panic!("what is there must be readable: {}", chain(&error)));
    assert!(allowed.contains(&seen), "{}", difference(&seen, allowed));
    check_files(world, &seen);
    let missing = archive.object(&bucket("no-such-bucket"), &super::world::object_key("a"), None);
    assert_eq!(missing.err().map(|error| error.kind()), Some(ErrorKind::NoSuchBucket));
    seen
}

/// An error with what lies below it.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut below = error.source();
    while let Some(source) = below {
        text.push_str(&format!(" <- {source}"));
        below = source.source();
    }
    text
}

/// What of `seen` is in no state allowed, state by state.
pub(super) fn difference(seen: &Model, allowed: &[Model]) -> String {
    let mut text = String::from("what is there was never acknowledged, or what was is not there");
    for (number, model) in allowed.iter().enumerate() {
        let (expected, found) = (format!("{model:#?}"), format!("{seen:#?}"));
        let (expected, found): (Vec<&str>, Vec<&str>) = (expected.lines().collect(), found.lines().collect());
        text.push_str(&format!("\nagainst state {number}:"));
        for line in expected.iter().filter(|line| !found.contains(line)) {
            text.push_str(&format!("\n  expected {}", line.trim()));
        }
        for line in found.iter().filter(|line| !expected.contains(line)) {
            text.push_str(&format!("\n  found    {}", line.trim()));
        }
    }
    text
}
