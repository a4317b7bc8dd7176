//! An archive on a simulated machine, and a client that runs a script on it.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use bytes::Bytes;

use super::model::{self, Model};
use super::script::{BUCKET, Kept, Step};
use crate::archive::annotate::Annotation;
use crate::archive::list::{VersionListEntry, VersionListRequest};
use crate::archive::multipart::{CompletedPart, Completion, NewUpload, UploadListRequest, UploadRef};
use crate::archive::object::Attributes;
use crate::archive::put::{PutDetails, PutTarget, ReadyPut, WriteConditions};
use crate::archive::restore::{RestoreRequest, Tier};
use crate::archive::status::{ElementState, NewElement};
use crate::archive::transfer::{Destination, Transfer};
use crate::archive::{Archive, DeleteConditions, OpenOptions};
use crate::caller::{Caller, Door};
use crate::clock::Clock;
use crate::digest::ClientDigests;
use crate::disk::simulated::{Machine, Profile};
use crate::error::{ErrorKind, Result};
use crate::lifecycle::{DefaultMinimumSize, Expiration, Lifecycle, Rule, Scope};
use crate::mode::Mode;
use crate::name::{BucketName, ElementName, ObjectKey, VersionId};
use crate::retention::Disposal;
use crate::target::simulated::{self, SimulatedBuckets};
use crate::target::{ArchiveClass, ArchiveTarget, TargetPlace};

pub(super) const CONTROL: &str = "suite";
const OWNER: &str = "owner";

/// A clock that goes on by twenty minutes a step, so that scripts cross hours, and jumps where a script says so.
#[derive(Default)]
pub(super) struct StepClock(AtomicI64);

impl Clock for StepClock {
    fn now_ms(&self) -> u64 {
        (1_795_174_200_000 + self.0.load(Ordering::Relaxed)).try_into().expect("later than 1970")
    }
}

impl StepClock {
    fn advance(&self, minutes: i64) {
        self.0.fetch_add(minutes * 60 * 1000, Ordering::Relaxed);
    }
}

/// A machine and the archive that may be open on it.
pub(super) struct World {
    pub(super) machine: Machine,
    pub(super) archive: Option<Archive>,
    /// The account that is told of events, where one is.
    pub(super) listener: Option<&'static str>,
    clock: Arc<StepClock>,
}

/// What a script came to: what was acknowledged, and the step that was not.
pub(super) struct Outcome {
    pub(super) acknowledged: Model,
    pub(super) unanswered: Option<Step>,
}

impl Outcome {
    /// The states that are allowed after a stop.
    pub(super) fn allowed(&self) -> Vec<Model> {
        let mut allowed = vec![self.acknowledged.visible()];
        let unanswered = self.unanswered.iter().flat_map(|step| self.acknowledged.after(step));
        allowed.extend(unanswered.map(|model| model.visible()));
        allowed
    }
}

impl World {
    pub(super) fn on(machine: Machine) -> Self {
        Self { machine, archive: None, listener: None, clock: Arc::default() }
    }

    /// A machine on which `script` has run and the archive was closed; and what it holds.
    pub(super) fn prepared(script: &[Step]) -> (Machine, Model) {
        let mut world = Self::on(Machine::new(Profile::Ordered, 0));
        let outcome = world.run(script, Model::default());
        assert!(outcome.unanswered.is_none(), "{:?}", outcome.unanswered);
        world.close().unwrap();
        world.machine.disk("").unwrap().sync_all().unwrap();
        (world.machine, outcome.acknowledged)
    }

    /// Whether the log of an element has failed, whose last changes may come about at the next start.
    pub(super) fn is_any_latched(&self) -> bool {
        let elements = self.archive.as_ref().map(Archive::elements).unwrap_or_default();
        elements.iter().any(|element| element.state == ElementState::Latched)
    }

    /// Lets hours go by.
    pub(super) fn pass_hours(&self, hours: i64) {
        self.clock.0.fetch_add(hours * 60 * 60 * 1000, Ordering::Relaxed);
    }

    /// Opens the archive.
    pub(super) fn open(&mut self) -> Result<()> {
        let options = OpenOptions {
            data: PathBuf::from("/data"),
            clock: Arc::clone(&self.clock) as Arc<dyn Clock>,
            disks: Arc::new(self.machine.clone()),
            buckets: Arc::new(SimulatedBuckets::new(
                Arc::new(self.machine.clone()),
                PathBuf::from("/"),
                Arc::default(),
            )),
            holder: "suite".to_owned(),
        };
        let archive = Archive::open(options)?;
        archive.set_event_accounts(self.listener.map(str::to_owned).into_iter().collect());
        self.archive = Some(archive);
        Ok(())
    }

    /// Closes the archive cleanly.
    pub(super) fn close(&mut self) -> Result<()> {
        self.archive.take().map_or(Ok(()), |archive| archive.close())
    }

    /// Runs a script on the archive, which is opened where it is not, until a step is not answered.
    pub(super) fn run(&mut self, script: &[Step], before: Model) -> Outcome {
        let mut outcome = Outcome { acknowledged: before, unanswered: None };
        if self.archive.is_none() && self.open().is_err() {
            return outcome;
        }
        for step in script {
            match self.step(step) {
                Ok(()) => outcome.acknowledged.apply(step),
                Err(_) => {
                    outcome.unanswered = Some(step.clone());
                    break;
                }
            }
        }
        outcome
    }

    /// Runs one step.
    pub(super) fn step(&mut self, step: &Step) -> Result<()> {
        if matches!(step, Step::Reopen) {
            self.close()?;
            return self.open();
        }
        self.shared_step(step)
    }

    /// Runs one step that leaves the archive open; many threads may.
    pub(super) fn shared_step(&self, step: &Step) -> Result<()> {
        self.clock.advance(20);
        let archive = self.archive.as_ref().expect("the archive is open");
        let client = Client { archive };
        match *step {
            Step::CreateBucket(name) => archive.create_bucket(&caller(), &bucket(name), OWNER).map(drop),
            Step::DeleteBucket(name) => archive.delete_bucket(&caller(), &bucket(name)),
            Step::Put { key, size, fill, note, class } => client.put(key, size, fill, note, class),
            Step::Delete { key } => archive
                .delete(&caller(), &bucket(BUCKET), &object_key(key), None, &DeleteConditions::default())
                .map(drop),
            Step::SetVersioning(state) => archive.set_versioning(&caller(), &bucket(BUCKET), state),
            Step::SetLifecycle(days) => archive.set_lifecycle(&caller(), &bucket(BUCKET), days.map(expiring)),
            Step::DeleteVersion { key, nth } => client.delete_version(key, nth),
            Step::AnnotateVersion { key, nth, fill, note } => {
                client.annotate(key, Some(client.version(key, nth)?), fill, note)
            }
            Step::Copy { from, key, class } => client.copy(from, key, class),
            Step::Transfer { key, to } => {
                let (bucket, key) = (bucket(BUCKET), object_key(key));
                let to = Destination::Mode(to);
                let transfer = Transfer { version: None, to, revision: None, attributes: None };
                archive.transfer(&caller(), &bucket, &key, &transfer).map(drop)
            }
            Step::Dispose { key } => {
                let (bucket, key) = (bucket(BUCKET), object_key(key));
                let version = archive.object(&bucket, &key, None)?.version_id;
                let found = archive.disposable(&bucket, &key, version)?;
                archive.dispose(&caller(), &found, &disposal()).map(drop)
            }
            Step::MakeShelf(kept) => {
                let name = ElementName::parse("shelf").unwrap();
                let new = NewElement { name, mode: Mode::Ar, root: None, max_size_bytes: None };
                archive.create_element(&caller(), new).and_then(|_| client.set_target("shelf", kept))
            }
            Step::SetTarget { element, kept } => client.set_target(element, kept),
            Step::Archive => client.archive(),
            Step::Restore { key } => {
                let request = RestoreRequest { version: None, days: 1, tier: Tier::Standard };
                archive.restore(&caller(), &bucket(BUCKET), &object_key(key), &request).map(drop)
            }
            Step::Recall => {
                while let Some(recall) = archive.recall_next()? {
                    recall.outcome?;
                }
                Ok(())
            }
            Step::Expire => {
                self.pass_hours(60 * 24);
                archive.expire_restored().map(drop)
            }
            Step::SetMode { element, to } => {
                archive.set_mode(&caller(), &ElementName::parse(element).unwrap(), to).map(drop)
            }
            Step::Annotate { key, fill, note } => client.annotate(key, None, fill, note),
            Step::CreateUpload { key } => client.create_upload(key),
            Step::PutPart { key, number, size, fill } => client.put_part(key, number, size, fill),
            Step::CopyPart { from, span: (start, end), key, number } => {
                let source = archive.read(&bucket(BUCKET), &object_key(from), None)?;
                let upload = client.upload(key)?;
                archive.copy_part(&upload, number, &source, start as u64..end as u64).map(drop)
            }
            Step::Complete { key } => client.complete(key),
            Step::Abort { key } => archive.abort_upload(&caller(), &client.upload(key)?),
            Step::PutControl { name, size, fill } => {
                let bytes = model::bytes_of(fill, size);
                archive.put_control_document(CONTROL, &format!("{name}.json"), &bytes)
            }
            Step::RemoveControl { name } => archive.remove_control_document(CONTROL, &format!("{name}.json")),
            Step::MoveClock { hours } => {
                self.clock.advance(hours * 60);
                Ok(())
            }
            Step::Reopen => Ok(()),
        }
    }
}

/// A lifecycle by which every object expires after so many days.
fn expiring(days: u32) -> Lifecycle {
    let rule = Rule {
        id: "expiring".to_owned(),
        is_enabled: true,
        scope: Scope::Prefix(String::new()),
        expiration: Some(Expiration::Days(days)),
        noncurrent_expiration: None,
        abort_upload_days: None,
        transitions: Vec::new(),
        noncurrent_transitions: Vec::new(),
    };
    Lifecycle { default_minimum_size: DefaultMinimumSize::default(), rules: vec![rule] }
}

pub(super) fn bucket(name: &str) -> BucketName {
    BucketName::parse(name).unwrap()
}

/// A disposal that was released.
fn disposal() -> Disposal {
    Disposal {
        run: uuid::Uuid::from_u128(4),
        reason: "the schedule says so".into(),
        released_by: "archivist".into(),
        disposed_ms: 0,
    }
}

pub(super) fn object_key(text: &str) -> ObjectKey {
    ObjectKey::parse(text).unwrap()
}

pub(super) fn caller() -> Caller {
    Caller {
        account: OWNER.into(),
        account_name: OWNER.into(),
        door: Door::S3,
        address: None,
        request_id: "request".into(),
        operation: "suite",
    }
}

/// The calls that a door makes for one request.
pub(super) struct Client<'a> {
    pub(super) archive: &'a Archive,
}

impl Client<'_> {
    fn put(&self, key: &str, size: usize, fill: u8, note: usize, class: Option<&str>) -> Result<()> {
        self.archive.put_ready(self.ready_put(key, size, fill, note, class)?).map(drop)
    }

    /// A PUT whose body the archive has.
    pub(super) fn ready_put(
        &self,
        key: &str,
        size: usize,
        fill: u8,
        note: usize,
        class: Option<&str>,
    ) -> Result<ReadyPut> {
        let target = PutTarget {
            bucket: bucket(BUCKET),
            key: object_key(key),
            class: class.map(str::to_owned),
            length: Some(size as u64),
        };
        let admission = self.archive.admit(target)?;
        let mut writer = self.archive.begin_body(&admission, &[])?;
        let bytes = model::bytes_of(fill, size);
        for chunk in bytes.chunks(40_000) {
            writer.write(&Bytes::copy_from_slice(chunk))?;
        }
        let claimed = ClientDigests { length: Some(size as u64), ..ClientDigests::default() };
        let body = writer.finish(&claimed)?;
        let mut attributes = Attributes::default();
        attributes.metadata.insert("note".to_owned(), model::note_of(fill, note));
        let details = PutDetails { attributes, conditions: WriteConditions::default(), owner: OWNER.into() };
        Ok(ReadyPut::new(caller(), admission, body, details))
    }

    fn copy(&self, from: &str, key: &str, class: Option<&str>) -> Result<()> {
        let source = self.archive.read(&bucket(BUCKET), &object_key(from), None)?;
        let target = PutTarget {
            bucket: bucket(BUCKET),
            key: object_key(key),
            class: class.map(str::to_owned),
            length: Some(source.object().size),
        };
        let admission = self.archive.admit(target)?;
        let attributes = source.object().attributes.clone();
        let details = PutDetails { attributes, conditions: WriteConditions::default(), owner: OWNER.into() };
        self.archive.copy(&caller(), source, admission, None, details).map(drop)
    }

    /// The version of a key at a place from the newest.
    fn version(&self, key: &str, nth: usize) -> Result<VersionId> {
        let listing = self.archive.list_versions(&VersionListRequest {
            bucket: &bucket(BUCKET),
            prefix: key,
            delimiter: None,
            key_marker: None,
            version_marker: None,
            max: 1000,
        })?;
        let of_key = listing.entries.into_iter().filter_map(|entry| match entry {
            VersionListEntry::Version(listed) => {
                (listed.object.key.as_str() == key).then_some(listed.version_id)
            }
            VersionListEntry::CommonPrefix(_) => None,
        });
        let found = of_key.into_iter().nth(nth);
        found.ok_or_else(|| crate::Error::new(ErrorKind::NoSuchVersion, "find version").about(key))
    }

    fn delete_version(&self, key: &str, nth: usize) -> Result<()> {
        let version = Some(self.version(key, nth)?);
        let (bucket, key) = (bucket(BUCKET), object_key(key));
        self.archive.delete(&caller(), &bucket, &key, version, &DeleteConditions::default()).map(drop)
    }

    fn annotate(&self, key: &str, version: Option<VersionId>, fill: u8, note: usize) -> Result<()> {
        let (bucket, key) = (bucket(BUCKET), object_key(key));
        let seen = self.archive.object(&bucket, &key, version)?;
        let mut attributes = seen.attributes.clone();
        attributes.metadata.insert("note".to_owned(), model::note_of(fill, note));
        let annotation = Annotation { version, revision: seen.revision, attributes, renews_time: true };
        self.archive.annotate(&caller(), &bucket, &key, annotation).map(drop)
    }

    fn create_upload(&self, key: &str) -> Result<()> {
        let new = NewUpload {
            bucket: bucket(BUCKET),
            key: object_key(key),
            class: None,
            attributes: Attributes::default(),
            owner: OWNER.into(),
            checksum: None,
        };
        self.archive.create_upload(&caller(), new).map(drop)
    }

    fn put_part(&self, key: &str, number: u16, size: usize, fill: u8) -> Result<()> {
        let upload = self.upload(key)?;
        let mut writer = self.archive.begin_part(&upload, number, Some(size as u64), &[])?;
        writer.write(&model::bytes_of(fill, size))?;
        let body = writer.finish(&ClientDigests::default())?;
        self.archive.put_part(&upload, number, body).map(drop)
    }

    fn complete(&self, key: &str) -> Result<()> {
        let upload = self.upload(key)?;
        let listed = self.archive.parts(&upload, None, 1000)?;
        let part = |part: crate::archive::multipart::Part| CompletedPart {
            number: part.number,
            etag: part.etag,
            checksum: None,
        };
        let completion = Completion {
            upload,
            parts: listed.parts.into_iter().map(part).collect(),
            conditions: WriteConditions::default(),
            checksum: None,
            size: None,
        };
        self.archive.complete_upload(&caller(), completion).map(drop)
    }

    fn set_target(&self, element: &str, kept: Kept) -> Result<()> {
        let place = match kept {
            Kept::InFolder => TargetPlace::Directory(PathBuf::from(format!("/tape/{element}"))),
            // The bucket is the folder `/tape`.
            Kept::InBucket => TargetPlace::Bucket(simulated::place(element)),
        };
        let target = ArchiveTarget { place, class: ArchiveClass::Glacier };
        self.archive.set_target(&caller(), &ElementName::parse(element).unwrap(), &target).map(drop)
    }

    /// Archives until nothing is left, or something cannot be.
    fn archive(&self) -> Result<()> {
        loop {
            let mut pass = self.archive.archive_due()?;
            if let Some(unarchivable) = pass.failed.pop() {
                return Err(unarchivable.error);
            }
            if !pass.is_more {
                return Ok(());
            }
        }
    }

    /// The open upload of a key.
    fn upload(&self, key: &str) -> Result<UploadRef> {
        let found = self.uploads()?.into_iter().find(|upload| upload.key.as_str() == key);
        found.ok_or_else(|| crate::Error::new(ErrorKind::NoSuchUpload, "find upload").about(key))
    }

    /// Every open upload.
    pub(super) fn uploads(&self) -> Result<Vec<UploadRef>> {
        let name = bucket(BUCKET);
        let request = UploadListRequest {
            bucket: &name,
            prefix: "",
            delimiter: None,
            key_marker: None,
            upload_id_marker: None,
            max: 1000,
        };
        Ok(self.archive.uploads(&request)?.uploads.into_iter().map(|upload| upload.upload).collect())
    }
}
