//! Bytes on the disk that the engine did not write: a start, every read and a check bear them.
//!
//! A file of a stopped archive is changed: bits, lengths, pieces of other files; or, where it is a document, one
//! of its members, with a checksum that fits. Then the archive is opened, read and checked. Nothing panics; what
//! is answered is what was written, or an error; and `fsck` names what was changed.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Value, json};

use super::budget::Budget;
use super::model::{Document, Model};
use super::script::{self, BUCKET, Step};
use super::survey::{chain, files_below};
use super::world::{Client, World, bucket, object_key};
use crate::archive::Archive;
use crate::archive::list::{ListEntry, ListRequest, VersionListEntry, VersionListRequest};
use crate::disk::SharedDisk;
use crate::disk::simulated::random::Random;
use crate::disk::simulated::{Machine, Profile};
use crate::document;
use crate::error::Result;
use crate::fsck::{self, FsckOptions, Report};

const FILE_BYTES_MAX: usize = 64 << 20;
/// Cases in every test run; a long one has thirty times as many.
const CASES: u64 = 60;

/// A stopped archive with something of each kind on its disk, and what it holds.
fn stopped(is_killed: bool) -> (Machine, Model) {
    let mut script = script::before();
    script.push(Step::CreateUpload { key: "in parts" });
    script.push(Step::PutPart { key: "in parts", number: 1, size: 70_000, fill: 130 });
    script.push(Step::Complete { key: "in parts" });
    script.push(Step::Annotate { key: "small", fill: 131, note: 4000 });
    script.push(Step::Reopen);
    script.extend(script::short());
    let mut world = World::on(Machine::new(Profile::Ordered, 0));
    let outcome = world.run(&script, Model::default());
    assert!(outcome.unanswered.is_none(), "{:?}", outcome.unanswered);
    if is_killed {
        drop(world.archive.take());
        world.machine.kill_processes();
    } else {
        world.close().unwrap();
    }
    (world.machine, outcome.acknowledged)
}

/// Changes raw bytes: one way, at one place.
fn change_bytes(bytes: &mut Vec<u8>, chance: &mut Random) {
    // Zeros that are never read are most of a log.
    let used = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    let at = chance.up_to(used.saturating_sub(1));
    match chance.up_to(5) {
        0 | 1 if used > 0 => bytes[at] ^= 1 << chance.up_to(7),
        2 if used > 0 => bytes[at] = [0, 0xff, b'"', b'{', b'-', b'9'][chance.up_to(5)],
        3 => bytes.truncate(at),
        4 => bytes.extend(std::iter::repeat_n(b'[', 1 + chance.up_to(5000))),
        _ => {
            let end = (at + 1 + chance.up_to(600)).min(bytes.len());
            let from = chance.up_to(at);
            let piece = bytes[from..(from + end - at).min(bytes.len())].to_vec();
            bytes.splice(at..end, piece);
        }
    }
}

/// A document with one member changed and a checksum that fits; `None` where the file is none.
fn forged(bytes: &[u8], chance: &mut Random) -> Option<Vec<u8>> {
    let mut members = document::parse(bytes, u64::MAX, "document").ok()?;
    let names: Vec<String> = members.keys().cloned().collect();
    let name = &names[chance.up_to(names.len() - 1)];
    let value = strange_value(&members[name], chance);
    members.insert(name.clone(), value);
    Some(document::render(&members, &["schema"]))
}

fn strange_value(was: &Value, chance: &mut Random) -> Value {
    let inside = match was {
        Value::Array(values) => values.first(),
        Value::Object(values) => values.values().next(),
        _ => None,
    };
    match chance.up_to(11) {
        0 => Value::Null,
        1 => json!(u64::MAX),
        2 => json!(-1),
        3 => json!(1e300),
        4 => json!(""),
        5 => json!("../../../etc/passwd"),
        6 => json!("\u{0}é\u{202e}".repeat(100)),
        7 => json!([]),
        8 => json!({ "a": [was] }),
        9 => json!([[1, u64::MAX, u64::MAX], [0, 0, 0]]),
        10 => json!([was, was]),
        _ => inside.map_or(json!(0), |value| strange_value(value, chance)),
    }
}

/// A file that a case changes.
struct Target {
    disk: SharedDisk,
    path: String,
}

impl Target {
    fn choose(machine: &Machine, chance: &mut Random) -> Self {
        let disk = machine.disk("data").unwrap();
        let files: Vec<String> = files_below(&disk, "").into_iter().collect();
        // Documents first: they are many forms, and a data file has none.
        let documents: Vec<&String> = files.iter().filter(|path| path.ends_with(".json")).collect();
        let path = match chance.up_to(2) {
            0 => files[chance.up_to(files.len() - 1)].clone(),
            _ => documents[chance.up_to(documents.len() - 1)].clone(),
        };
        Self { disk, path }
    }

    /// Changes the file; whether the bytes are others afterwards, and whether a document was forged.
    fn change(&self, chance: &mut Random) -> (bool, bool) {
        let mut bytes = self.disk.read_whole(&self.path, FILE_BYTES_MAX).unwrap();
        let before = bytes.clone();
        let forged = (chance.up_to(1) == 0).then(|| forged(&bytes, chance)).flatten();
        let is_forged = forged.is_some();
        match forged {
            Some(forged) => bytes = forged,
            None => change_bytes(&mut bytes, chance),
        }
        let file = self.disk.open_to_write(&self.path).unwrap();
        file.set_len(bytes.len() as u64).unwrap();
        file.write_at(&bytes, 0).unwrap();
        (bytes != before, is_forged)
    }

    /// Whether `fsck` must name a change of it: pairs and what belongs to them.
    fn is_in_hour(&self) -> bool {
        self.path
            .strip_prefix("elements/")
            .and_then(|path| path.split('/').nth(1))
            .is_some_and(|year| year.len() == 4 && year.starts_with("20"))
    }
}

/// Reads everything; what is answered without an error is as it was written.
fn read_all(archive: &Archive, model: &Model) -> Result<()> {
    let name = bucket(BUCKET);
    let held = &model.buckets[BUCKET];
    let mut keys: Vec<&String> = held.versions.keys().collect();
    keys.retain(|key| held.current(key).is_some());
    for key in keys {
        let expected = held.current(key).expect("an object");
        if let Err(error) = read_one(archive, key, expected) {
            assert!(!chain(&error).is_empty());
        }
    }
    let request = ListRequest { bucket: &name, prefix: "", delimiter: None, after: None, max: 1000 };
    for entry in archive.list(&request)?.entries {
        let ListEntry::Object(listed) = entry else { panic!("a prefix without a delimiter") };
        assert!(held.current(listed.key.as_str()).is_some(), "{} was never written", listed.key);
    }
    let client = Client { archive };
    for upload in client.uploads()? {
        archive.parts(&upload, None, 1000)?;
    }
    Ok(())
}

fn read_one(archive: &Archive, key: &str, expected: &Document) -> Result<()> {
    let reader = archive.read(&bucket(BUCKET), &object_key(key), None)?;
    assert_eq!(
        reader.object().attributes.metadata.get("note").unwrap_or(&String::new()),
        &expected.note,
        "{key}"
    );
    for (offset, length) in [(0, FILE_BYTES_MAX), (expected.bytes.len() as u64 / 2, 100)] {
        let bytes = reader.read_at(offset, length)?;
        let from = offset as usize;
        let end = from.saturating_add(length).min(expected.bytes.len());
        assert!(bytes == expected.bytes[from..end], "{key}: {} other bytes are served", bytes.len());
    }
    Ok(())
}

/// Reads everything of an archive whose documents lie; every answer is good that is no panic.
fn read_anything(archive: &Archive) -> Result<()> {
    for found in archive.buckets() {
        let request = VersionListRequest {
            bucket: &found.name,
            prefix: "",
            delimiter: None,
            key_marker: None,
            version_marker: None,
            max: 1000,
        };
        for entry in archive.list_versions(&request)?.entries {
            let VersionListEntry::Version(listed) = entry else { continue };
            let reader = archive.read(&found.name, &listed.object.key, Some(listed.version_id));
            if let Ok(bytes) = reader.and_then(|reader| reader.read_at(0, FILE_BYTES_MAX)) {
                assert!(bytes.len() <= FILE_BYTES_MAX);
            }
        }
    }
    let client = Client { archive };
    client.uploads()?.iter().try_for_each(|upload| archive.parts(upload, None, 1000).map(drop))
}

fn fsck(machine: &Machine) -> Result<Report> {
    let options = FsckOptions {
        data: PathBuf::from("/data"),
        disks: Arc::new(machine.clone()),
        holder: "suite".to_owned(),
        verify_content: true,
        digest: false,
    };
    fsck::check(options, &mut |_| {})
}

fn run(base: &(Machine, Model), seed: u64) -> String {
    let mut chance = Random::new(seed);
    let machine = base.0.fork(Profile::Ordered, seed);
    let target = Target::choose(&machine, &mut chance);
    let (is_changed, is_forged) = target.change(&mut chance);
    let told = format!("{}{}", target.path, if is_forged { ", forged" } else { "" });
    let run = || {
        let report = fsck(&machine);
        if is_changed && target.is_in_hour() && !is_forged {
            let is_named = report.as_ref().map_or(true, |report| !report.findings.is_empty());
            assert!(is_named, "fsck does not see it");
        }
        let mut world = World::on(machine.clone());
        let opened = world.open();
        if let Some(archive) = &world.archive {
            let read = if is_forged { read_anything(archive) } else { read_all(archive, &base.1) };
            if let Err(error) = read {
                assert!(!chain(&error).is_empty());
            }
            let step = Step::Put { key: "afterwards", size: 900, fill: 90, note: 10, class: None };
            world.step(&step).ok();
        }
        world.close().ok();
        opened.is_ok()
    };
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(opened) => format!("{told}: {}", if opened { "opens" } else { "refused" }),
        Err(panic) => {
            println!("seed {seed}: {told}");
            std::panic::resume_unwind(panic);
        }
    }
}

/// Whatever is changed on a stopped archive's disk, nothing panics, and nothing is served that was not written.
#[test]
fn no_bytes_on_the_disk_are_taken_on_trust() {
    let bases = [stopped(false), stopped(true)];
    let budget = Budget::new(30, 1);
    let mut opens = 0;
    for seed in budget.calls(30 * CASES, 0) {
        opens += u64::from(run(&bases[(seed / 7 % 2) as usize], seed).ends_with("opens"));
    }
    assert!(opens > 0, "no changed archive opened");
}
