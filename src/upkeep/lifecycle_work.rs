//! What a pass does: it goes through the buckets that have rules, or all where an element has a term, page by page, asks
//! rules and terms about each version and each open upload, and does what is due. Whatever it does is done of what it
//! saw alone, so that a pass which is stopped, repeated or overtaken by clients deletes nothing for what it was before.

use storage_engine::archive::bucket::Bucket;
use storage_engine::archive::list::{ListedVersion, VersionListEntry, VersionListRequest};
use storage_engine::archive::multipart::{Upload, UploadId, UploadListRequest};
use storage_engine::archive::status::ElementStatus;
use storage_engine::archive::transfer::{Destination, Transfer, Transferred};
use storage_engine::archive::{Archive, DeleteConditions, Seen};
use storage_engine::caller::{Caller, Door};
use storage_engine::lifecycle::{Candidate, Judgement, Lifecycle, Standing, TransitionClass};
use storage_engine::mode::{Mode, StorageClass};
use storage_engine::name::{BucketName, VersionId};
use storage_engine::{Error, ErrorKind, Result};

use super::expiry::{warning, with_retention};
use super::lifecycle_pass::{LifecycleFailure, LifecyclePass, Place, Step, UploadPlace, VersionPlace};

/// Versions and uploads between two notes of how far a pass is.
const PAGE_ENTRIES: usize = 200;
/// Who the audit and delete markers name.
const ACCOUNT: &str = "system";

/// A pass that is being worked on.
pub(super) struct LifecycleWork<'a> {
    archive: &'a Archive,
    pub(super) pass: LifecyclePass,
    now_ms: u64,
    is_stopping: &'a dyn Fn() -> bool,
    /// The classes of the elements in use, as of the last page.
    classes: Vec<StorageClass>,
    /// Whether the archive closed in the middle of something, which is then still to be done.
    is_cut_off: bool,
    /// What is only looked for; `None` where what is due is done.
    search: Option<Search<'a>>,
}

/// A search for what is due for disposal: nothing else is done.
pub(super) struct Search<'a> {
    /// The bucket; `None` for all.
    pub(super) bucket: Option<&'a BucketName>,
    /// What keys begin with.
    pub(super) prefix: &'a str,
    /// Takes a version that is due, and the rule that says so.
    pub(super) take: &'a mut dyn FnMut(&BucketName, &ListedVersion, &str),
}

/// How far a page has brought a pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// There is more to do.
    More,
    /// Nothing is left.
    Done,
    /// The server stops.
    Stopped,
}

/// Whether a page was the last of its bucket.
enum Page {
    More,
    Last,
    Stopped,
}

/// Whether a version is still there after what was done with it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Stays,
    Gone,
}

impl<'a> LifecycleWork<'a> {
    /// Goes on with a pass over what was due at `now_ms`, in milliseconds since 1970.
    pub(super) fn new(
        archive: &'a Archive,
        pass: LifecyclePass,
        now_ms: u64,
        is_stopping: &'a dyn Fn() -> bool,
    ) -> Self {
        Self { archive, pass, now_ms, is_stopping, classes: Vec::new(), is_cut_off: false, search: None }
    }

    /// Only looks for what is due for disposal.
    pub(super) fn searching(self, search: Search<'a>) -> Self {
        Self { search: Some(search), ..self }
    }

    /// Does a page, and moves the place on.
    pub(super) fn go_on(&mut self) -> Progress {
        let Some((bucket, step)) = self.place() else { return Progress::Done };
        let name = bucket.name.clone();
        let page = match (&bucket.lifecycle, &step) {
            (_, Step::Uploads(_)) if self.search.is_some() => Ok(Page::Last),
            (None, Step::Uploads(_)) => Ok(Page::Last),
            (Some(lifecycle), Step::Uploads(after)) => self.uploads(&name, lifecycle, after.clone()),
            (lifecycle, Step::Versions(after)) => self.versions(&name, lifecycle.as_deref(), after.clone()),
        };
        match (page, step) {
            (Ok(Page::Stopped), _) => Progress::Stopped,
            (Ok(Page::More), _) => Progress::More,
            (Ok(Page::Last), Step::Uploads(_)) => {
                self.go_to(&name, Step::Versions(None));
                Progress::More
            }
            (Ok(Page::Last), Step::Versions(_)) => {
                self.pass.buckets += 1;
                self.leave(&name)
            }
            (Err(error), _) => {
                if error.kind() != ErrorKind::NoSuchBucket {
                    self.fail(&name, ("", "", ""), &error);
                }
                self.leave(&name)
            }
        }
    }

    /// The bucket to go on with, and where in it.
    fn place(&self) -> Option<(Bucket, Step)> {
        let at = self.pass.at.clone();
        let is_due = self.is_due();
        let is_left = |bucket: &Bucket| at.as_ref().is_none_or(|at| bucket.name >= at.bucket);
        let bucket = self.archive.buckets().into_iter().find(|bucket| is_due(bucket) && is_left(bucket))?;
        let step = at.filter(|at| at.bucket == bucket.name).map_or(Step::Uploads(None), |at| at.step);
        Some((bucket, step))
    }

    /// Which buckets are gone through: those with rules, and every one where the term of an element may concern it. A
    /// search goes through its own.
    fn is_due(&self) -> impl Fn(&Bucket) -> bool + use<'a> {
        let searched = self.search.as_ref().map(|search| search.bucket);
        let has_terms = self.archive.elements().iter().any(|element| element.retention.is_some());
        move |bucket| match searched {
            Some(wanted) => wanted.is_none_or(|wanted| *wanted == bucket.name),
            None => has_terms || bucket.lifecycle.as_ref().is_some_and(|rules| rules.is_enabled()),
        }
    }

    fn go_to(&mut self, bucket: &BucketName, step: Step) {
        self.pass.at = Some(Place { bucket: bucket.clone(), step });
    }

    /// Goes on to the next bucket.
    fn leave(&mut self, bucket: &BucketName) -> Progress {
        let is_due = self.is_due();
        let is_next = |next: &Bucket| is_due(next) && next.name > *bucket;
        match self.archive.buckets().into_iter().find(is_next) {
            Some(next) => {
                self.go_to(&next.name, Step::Uploads(None));
                Progress::More
            }
            None => Progress::Done,
        }
    }

    /// Ends the uploads of a page that are older than a rule lets them be.
    fn uploads(
        &mut self,
        bucket: &BucketName,
        lifecycle: &Lifecycle,
        after: Option<UploadPlace>,
    ) -> Result<Page> {
        let listing = self.archive.uploads(&UploadListRequest {
            bucket,
            prefix: "",
            delimiter: None,
            key_marker: after.as_ref().map(|place| place.key.as_str()),
            upload_id_marker: after.as_ref().map(|place| UploadId::parse(&place.upload)).transpose()?,
            max: PAGE_ENTRIES,
        })?;
        for upload in &listing.uploads {
            if (self.is_stopping)() {
                return Ok(Page::Stopped);
            }
            self.look_at_upload(bucket, lifecycle, upload);
            if self.is_cut_off {
                return Ok(Page::Stopped);
            }
            let (key, id) = (upload.upload.key.as_str().to_owned(), upload.upload.id.to_string());
            self.go_to(bucket, Step::Uploads(Some(UploadPlace { key, upload: id })));
        }
        Ok(if listing.next.is_some() { Page::More } else { Page::Last })
    }

    fn look_at_upload(&mut self, bucket: &BucketName, lifecycle: &Lifecycle, upload: &Upload) {
        let named = &upload.upload;
        let expiry = lifecycle.upload_expiry(named.key.as_str(), upload.initiated_ms);
        let Some((_, rule)) = expiry.filter(|(at, _)| at.ms() <= self.now_ms) else { return };
        match self.archive.abort_upload(&self.caller("LifecycleAbortMultipartUpload"), named) {
            Ok(()) => self.pass.uploads_aborted += 1,
            Err(error) => self.fail(bucket, (named.key.as_str(), &named.id.to_string(), rule), &error),
        }
    }

    /// Does what is due with the versions of a page.
    fn versions(
        &mut self,
        bucket: &BucketName,
        lifecycle: Option<&Lifecycle>,
        after: Option<VersionPlace>,
    ) -> Result<Page> {
        let listing = self.archive.list_versions(&VersionListRequest {
            bucket,
            prefix: self.search.as_ref().map_or("", |search| search.prefix),
            delimiter: None,
            key_marker: after.as_ref().map(|place| place.key.as_str()),
            version_marker: after.as_ref().map(|place| VersionId::parse(&place.version)).transpose()?,
            max: PAGE_ENTRIES,
        })?;
        self.classes = self.archive.elements().iter().filter_map(class_of).collect();
        let mut before = after;
        for entry in listing.entries {
            if (self.is_stopping)() {
                return Ok(Page::Stopped);
            }
            let VersionListEntry::Version(version) = entry else { continue };
            let key = version.object.key.as_str();
            let successor = before.filter(|before| !version.is_latest && before.key == key);
            let fate = self.look_at(bucket, lifecycle, &version, successor.as_ref());
            if fate == Fate::Stays && self.search.is_none() {
                self.warn(bucket, &version);
            }
            if self.is_cut_off {
                return Ok(Page::Stopped);
            }
            let counts = !version.is_latest && !version.is_marker && fate == Fate::Stays;
            let newer = successor.map_or(0, |successor| successor.newer) + u32::from(counts);
            let place = VersionPlace {
                key: key.to_owned(),
                version: version.version_id.to_string(),
                made_ms: version.object.modified_ms,
                newer,
            };
            self.pass.versions += 1;
            self.go_to(bucket, Step::Versions(Some(place.clone())));
            before = Some(place);
        }
        Ok(if listing.next.is_some() { Page::More } else { Page::Last })
    }

    /// Does what is due with a version. `successor` is the next newer one, where it is known.
    fn look_at(
        &mut self,
        bucket: &BucketName,
        lifecycle: Option<&Lifecycle>,
        version: &ListedVersion,
        successor: Option<&VersionPlace>,
    ) -> Fate {
        let by_rule = lifecycle
            .map_or(Ok(Judgement::Nothing), |lifecycle| self.judge(bucket, lifecycle, version, successor));
        let judged = by_rule.map(|judged| with_retention(judged, version, self.now_ms));
        if let Some(search) = &mut self.search {
            return match judged {
                Ok(Judgement::AwaitDisposal { rule }) => {
                    (search.take)(bucket, version, rule);
                    Fate::Stays
                }
                // It would be gone by now, and count for nothing.
                Ok(Judgement::Expire { .. }) => Fate::Gone,
                Ok(_) => Fate::Stays,
                Err(error) => self.settle(bucket, version, "", |_| Err(error)),
            };
        }
        match judged {
            Ok(Judgement::Nothing | Judgement::AskTags) => Fate::Stays,
            Ok(Judgement::AwaitDisposal { .. }) => {
                self.pass.due_for_disposal += 1;
                Fate::Stays
            }
            Ok(Judgement::Expire { rule }) => {
                self.settle(bucket, version, rule, |work| work.expire(bucket, version))
            }
            Ok(Judgement::RemoveMarker { rule }) => {
                self.settle(bucket, version, rule, |work| work.remove_marker(bucket, version))
            }
            Ok(Judgement::Transition { rule, to }) => {
                self.settle(bucket, version, rule, |work| work.transfer(bucket, version, to))
            }
            Err(error) => self.settle(bucket, version, "", |_| Err(error)),
        }
    }

    /// Tells the owner of a version that it goes soon, or may be disposed of soon.
    fn warn(&mut self, bucket: &BucketName, version: &ListedVersion) {
        let Some(occurrence) = warning(bucket, version, (self.pass.told_ms, self.now_ms)) else { return };
        match self.archive.emit(&self.caller("RetentionWarning"), occurrence) {
            Ok(()) => self.pass.warned += 1,
            Err(error) => {
                let (key, id) = (version.object.key.as_str(), version.version_id.to_string());
                self.fail(bucket, (key, &id, ""), &error);
            }
        }
    }

    /// Does something with a version, and notes where it cannot be done.
    fn settle(
        &mut self,
        bucket: &BucketName,
        version: &ListedVersion,
        rule: &str,
        work: impl FnOnce(&mut Self) -> Result<Fate>,
    ) -> Fate {
        work(self).unwrap_or_else(|error| {
            let (key, id) = (version.object.key.as_str(), version.version_id.to_string());
            self.fail(bucket, (key, &id, rule), &error);
            Fate::Stays
        })
    }

    fn judge<'l>(
        &self,
        bucket: &BucketName,
        lifecycle: &'l Lifecycle,
        version: &ListedVersion,
        successor: Option<&VersionPlace>,
    ) -> Result<Judgement<'l>> {
        let object = &version.object;
        let standing = match successor {
            _ if version.is_latest => Standing::Current,
            // A clock that was set back makes nothing older than it is.
            Some(successor) => Standing::Noncurrent {
                since_ms: successor.made_ms.max(object.modified_ms),
                newer: successor.newer,
            },
            // Its successor went meanwhile: the next pass knows the one that is there now.
            None => return Ok(Judgement::Nothing),
        };
        let candidate = Candidate {
            key: object.key.as_str(),
            size: object.size,
            created_ms: object.modified_ms,
            mode: object.class.mode(),
            is_marker: version.is_marker,
            standing,
            tags: None,
        };
        match lifecycle.judge(&candidate, self.now_ms) {
            Judgement::AskTags => {
                let read = self.archive.object(bucket, &object.key, Some(version.version_id))?;
                if read.revision != object.revision {
                    return Err(changed(version));
                }
                let tags = Some(&read.attributes.tags);
                Ok(lifecycle.judge(&Candidate { tags, ..candidate }, self.now_ms))
            }
            judged => Ok(judged),
        }
    }

    fn expire(&mut self, bucket: &BucketName, version: &ListedVersion) -> Result<Fate> {
        let named = (!version.is_latest).then_some(version.version_id);
        let caller = self.caller("LifecycleExpiration");
        let deleted = self.archive.delete(&caller, bucket, &version.object.key, named, &seen(version))?;
        if version.is_latest && deleted.delete_marker {
            self.pass.hidden += 1;
            return Ok(Fate::Stays);
        }
        self.pass.deleted += 1;
        self.pass.deleted_bytes += version.object.size;
        Ok(Fate::Gone)
    }

    /// Removes a delete marker if it is the only version of its key.
    fn remove_marker(&mut self, bucket: &BucketName, version: &ListedVersion) -> Result<Fate> {
        let key = &version.object.key;
        let older = self.archive.list_versions(&VersionListRequest {
            bucket,
            prefix: key.as_str(),
            delimiter: None,
            key_marker: Some(key.as_str()),
            version_marker: Some(version.version_id),
            max: 1,
        })?;
        let is_of_key = |entry: &VersionListEntry| match entry {
            VersionListEntry::Version(older) => older.object.key == *key,
            VersionListEntry::CommonPrefix(_) => false,
        };
        if older.entries.iter().any(is_of_key) {
            return Ok(Fate::Stays);
        }
        let caller = self.caller("LifecycleExpiration");
        self.archive.delete(&caller, bucket, key, Some(version.version_id), &seen(version))?;
        self.pass.markers_removed += 1;
        Ok(Fate::Gone)
    }

    fn transfer(
        &mut self,
        bucket: &BucketName,
        version: &ListedVersion,
        to: TransitionClass,
    ) -> Result<Fate> {
        // Asked here, so that what has nowhere to go is not read every day.
        let class = to.storage_class();
        if !self.classes.contains(&class) {
            return Err(Error::new(ErrorKind::InvalidStorageClass, "move to the class of a rule")
                .about(to.as_str())
                .because("no element in use has it: artstore element list shows them"));
        }
        let transfer = Transfer {
            version: Some(version.version_id),
            to: Destination::Class(class),
            revision: Some(version.object.revision),
            attributes: None,
        };
        let caller = self.caller("LifecycleTransition");
        let transferred = self.archive.transfer(&caller, bucket, &version.object.key, &transfer)?;
        if let Transferred::Moved { stored, .. } = transferred {
            self.pass.moved += 1;
            self.pass.moved_bytes += stored.size;
        }
        Ok(Fate::Stays)
    }

    fn caller(&self, operation: &'static str) -> Caller {
        Caller {
            account: ACCOUNT.into(),
            account_name: ACCOUNT.into(),
            door: Door::Job,
            address: None,
            request_id: format!("lifecycle-{}", self.pass.number).into(),
            operation,
        }
    }

    fn fail(&mut self, bucket: &BucketName, (key, version, rule): (&str, &str, &str), error: &Error) {
        if error.kind() == ErrorKind::Unavailable && (self.is_stopping)() {
            self.is_cut_off = true;
            return;
        }
        let failure = LifecycleFailure {
            bucket: bucket.clone(),
            key: key.to_owned(),
            version: version.to_owned(),
            rule: rule.to_owned(),
            reason: error.to_string(),
        };
        self.pass.fail(failure, error.kind());
    }
}

/// The class that objects on an element report.
fn class_of(element: &ElementStatus) -> Option<StorageClass> {
    match element.mode? {
        Mode::Ar => element.target.as_ref().map(|target| target.class.storage_class()),
        mode => Some(mode.storage_class()),
    }
}

fn seen(version: &ListedVersion) -> DeleteConditions {
    let seen = Seen { revision: version.object.revision, is_latest: version.is_latest };
    DeleteConditions { etag_is: None, seen: Some(seen) }
}

fn changed(version: &ListedVersion) -> Error {
    Error::new(ErrorKind::PreconditionFailed, "judge version").about(&version.object.key)
}
