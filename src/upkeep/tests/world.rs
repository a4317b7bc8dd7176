//! An archive with a clock that a test moves, and passes over it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use storage_engine::archive::bucket::Versioning;
use storage_engine::archive::list::{VersionListEntry, VersionListRequest};
use storage_engine::archive::object::Attributes;
use storage_engine::archive::put::{PutDetails, PutTarget, ReadyPut};
use storage_engine::archive::{Archive, OpenOptions};
use storage_engine::caller::{Caller, Door};
use storage_engine::clock::Clock;
use storage_engine::digest::ClientDigests;
use storage_engine::lifecycle::{DefaultMinimumSize, Filter, Lifecycle, Rule, Scope};
use storage_engine::name::{BucketName, ObjectKey};

use crate::upkeep::lifecycle_pass::LifecyclePass;
use crate::upkeep::lifecycle_work::{LifecycleWork, Progress};
pub(super) const DAY: u64 = 24 * 60 * 60 * 1000;
/// 2026-11-20, half past ten.
const START: u64 = 20_777 * DAY + 37_800_000;

struct ManualClock(AtomicU64);

impl Clock for ManualClock {
    fn now_ms(&self) -> u64 {
        // Each look is later than the one before: versions are told apart by their times.
        self.0.fetch_add(1, Ordering::Relaxed)
    }
}

pub(super) struct World {
    pub(super) _folder: tempfile::TempDir,
    clock: Arc<ManualClock>,
    pub(super) archive: Arc<Archive>,
    pub(super) bucket: BucketName,
}

pub(super) fn caller() -> Caller {
    Caller {
        account: "owner".into(),
        account_name: "owner".into(),
        door: Door::S3,
        address: None,
        request_id: "request".into(),
        operation: "PutObject",
    }
}

pub(super) fn key(text: &str) -> ObjectKey {
    ObjectKey::parse(text).expect("a key")
}

/// A rule without an action, of the whole bucket.
pub(super) fn rule(id: &str) -> Rule {
    Rule {
        id: id.to_owned(),
        is_enabled: true,
        scope: Scope::Filter(Filter::default()),
        expiration: None,
        noncurrent_expiration: None,
        abort_upload_days: None,
        transitions: Vec::new(),
        noncurrent_transitions: Vec::new(),
    }
}

/// A rule of the keys below a prefix.
pub(super) fn below(prefix: &str, rule: Rule) -> Rule {
    let filter = Filter { prefix: Some(prefix.to_owned()), size_above: Some(0), ..Filter::default() };
    Rule { scope: Scope::Filter(filter), ..rule }
}

impl World {
    pub(super) fn new(versioning: Versioning) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let clock = Arc::new(ManualClock(AtomicU64::new(START)));
        let mut options = OpenOptions::new(folder.path().join("data"));
        options.clock = Arc::clone(&clock) as Arc<dyn Clock>;
        let archive = Arc::new(Archive::open(options).expect("the archive opens"));
        let bucket = BucketName::parse("docs").expect("a name");
        archive.create_bucket(&caller(), &bucket, "owner").expect("the bucket is made");
        if versioning != Versioning::Never {
            archive.set_versioning(&caller(), &bucket, versioning).expect("versioning is set");
        }
        Self { _folder: folder, clock, archive, bucket }
    }

    pub(super) fn set(&self, rules: impl IntoIterator<Item = Rule>) {
        let default_minimum_size = DefaultMinimumSize::default();
        let lifecycle = Lifecycle { default_minimum_size, rules: rules.into_iter().collect() };
        self.archive.set_lifecycle(&caller(), &self.bucket, Some(lifecycle)).expect("the rules are valid");
    }

    pub(super) fn put(&self, name: &str, body: &str, class: Option<&str>, tag: Option<&str>) {
        put(&self.archive, &self.bucket, name, body, class, tag);
    }

    pub(super) fn pass_days(&self, days: u64) {
        self.clock.0.fetch_add(days * DAY, Ordering::Relaxed);
    }

    /// Makes a whole pass.
    pub(super) fn pass(&self) -> LifecyclePass {
        self.go_on(LifecyclePass { number: 1, ..LifecyclePass::default() }, &|| false).1
    }

    pub(super) fn go_on(
        &self,
        pass: LifecyclePass,
        is_stopping: &dyn Fn() -> bool,
    ) -> (Progress, LifecyclePass) {
        let now_ms = self.archive.retention_now_ms();
        let mut work = LifecycleWork::new(&self.archive, pass, now_ms, is_stopping);
        let mut progress = work.go_on();
        while progress == Progress::More {
            progress = work.go_on();
        }
        (progress, work.pass)
    }

    /// Every version in order: key, content or nothing for a marker, mode.
    pub(super) fn versions(&self) -> Vec<(String, Option<String>, &'static str)> {
        let mut found = Vec::new();
        let mut marker: Option<(String, _)> = None;
        loop {
            let request = VersionListRequest {
                bucket: &self.bucket,
                prefix: "",
                delimiter: None,
                key_marker: marker.as_ref().map(|(key, _)| key.as_str()),
                version_marker: marker.as_ref().and_then(|(_, version)| *version),
                max: 1000,
            };
            let listing = self.archive.list_versions(&request).expect("they are listed");
            for entry in listing.entries {
                let VersionListEntry::Version(version) = entry else { continue };
                let (key, class) = (version.object.key, version.object.class.as_str());
                if version.is_marker {
                    found.push((key.as_str().to_owned(), None, class));
                    continue;
                }
                let reader = self.archive.read(&self.bucket, &key, Some(version.version_id));
                let bytes = reader.and_then(|reader| reader.read_at(0, 100)).expect("it is read");
                let text = String::from_utf8(bytes.to_vec()).expect("a text");
                found.push((key.as_str().to_owned(), Some(text), class));
            }
            match listing.next {
                Some(next) => marker = Some(next),
                None => return found,
            }
        }
    }

    pub(super) fn keys(&self) -> Vec<String> {
        self.versions().into_iter().map(|(key, ..)| key).collect()
    }
}

pub(super) fn put(
    archive: &Archive,
    bucket: &BucketName,
    name: &str,
    body: &str,
    class: Option<&str>,
    tag: Option<&str>,
) {
    let class = class.map(str::to_owned);
    let target = PutTarget { bucket: bucket.clone(), key: key(name), class, length: None };
    let admission = archive.admit(target).expect("it is let in");
    let mut writer = archive.begin_body(&admission, &[]).expect("a body");
    writer.write(&Bytes::copy_from_slice(body.as_bytes())).expect("it is written");
    let body = writer.finish(&ClientDigests::default()).expect("it is whole");
    let tags = tag.map(|tag| ("kind".to_owned(), tag.to_owned()));
    let attributes = Attributes { tags: BTreeMap::from_iter(tags), ..Attributes::default() };
    let details = PutDetails { attributes, owner: "owner".into(), ..PutDetails::default() };
    archive.put_ready(ReadyPut::new(caller(), admission, body, details)).expect("it is stored");
}
