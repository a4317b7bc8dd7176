//! Random sequences of everything that makes and removes versions, in each state of versioning and over
//! starts, against a model that keeps them in a map.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use proptest::prelude::*;

use super::{caller, key};
use crate::archive::annotate::Annotation;
use crate::archive::bucket::Versioning;
use crate::archive::multipart::{CompletedPart, Completion, NewUpload};
use crate::archive::object::Attributes;
use crate::archive::put::{PutDetails, PutTarget, Stored, WriteConditions};
use crate::archive::{Archive, DeleteConditions, Deleted, OpenOptions};
use crate::digest::ClientDigests;
use crate::disk::simulated::{Machine, Profile};
use crate::name::{BucketName, VersionId};
use crate::{ErrorKind, Result};

mod compare;
mod cut;

const KEYS: [&str; 3] = ["a", "a/b", "c"];

/// What a client does; a version is named by its place from the newest, one beyond them by an id that no
/// version has.
#[derive(Clone, Debug)]
enum Action {
    Set(Versioning),
    Put {
        key: usize,
        rw: bool,
        condition: Condition,
    },
    Copy {
        from: usize,
        nth: usize,
        key: usize,
        rw: bool,
    },
    Complete {
        key: usize,
        rw: bool,
    },
    /// Completes an earlier upload once more.
    Repeat {
        nth: usize,
    },
    Annotate {
        key: usize,
        nth: Option<usize>,
    },
    Delete {
        key: usize,
    },
    DeleteVersion {
        key: usize,
        nth: usize,
    },
    DeleteNull {
        key: usize,
    },
    Restart(Restart),
    /// Puts while the power fails at one of the next calls.
    CutPut {
        key: usize,
        rw: bool,
        call: u64,
    },
}

#[derive(Clone, Copy, Debug)]
enum Condition {
    None,
    /// `If-None-Match: *`.
    IsNew,
    /// `If-Match` with the ETag of the current object.
    IsCurrent,
    /// `If-Match` with another.
    IsAnother,
}

#[derive(Clone, Copy, Debug)]
enum Restart {
    Clean,
    Killed,
    LostCatalog,
    PowerCut,
}

fn actions() -> impl Strategy<Value = Action> {
    let key = || 0..KEYS.len();
    let condition = prop_oneof![
        4 => Just(Condition::None),
        1 => Just(Condition::IsNew),
        1 => Just(Condition::IsCurrent),
        1 => Just(Condition::IsAnother),
    ];
    let rw = || prop::bool::weighted(0.2);
    let restart = [Restart::Clean, Restart::Killed, Restart::LostCatalog, Restart::PowerCut];
    prop_oneof![
        3 => prop_oneof![Just(Versioning::Enabled), Just(Versioning::Suspended)].prop_map(Action::Set),
        8 => (key(), rw(), condition).prop_map(|(key, rw, condition)| Action::Put { key, rw, condition }),
        2 => (key(), 0..3_usize, key(), rw())
            .prop_map(|(from, nth, key, rw)| Action::Copy { from, nth, key, rw }),
        2 => (key(), rw()).prop_map(|(key, rw)| Action::Complete { key, rw }),
        2 => (0..4_usize).prop_map(|nth| Action::Repeat { nth }),
        2 => (key(), prop::option::of(0..3_usize)).prop_map(|(key, nth)| Action::Annotate { key, nth }),
        5 => key().prop_map(|key| Action::Delete { key }),
        5 => (key(), 0..5_usize).prop_map(|(key, nth)| Action::DeleteVersion { key, nth }),
        2 => key().prop_map(|key| Action::DeleteNull { key }),
        2 => prop::sample::select(restart.to_vec()).prop_map(Action::Restart),
        3 => (key(), rw(), 1..20_u64).prop_map(|(key, rw, call)| Action::CutPut { key, rw, call }),
    ]
}

/// One version; a marker has no content.
#[derive(Clone, Debug)]
struct Version {
    id: VersionId,
    content: Option<Bytes>,
    etag: String,
    note: String,
    rw: bool,
    upload: Option<usize>,
}

/// An archive, what it must hold, and what was given out once.
struct Run {
    machine: Machine,
    archive: Option<Archive>,
    bucket: BucketName,
    state: Versioning,
    /// The versions of each key, the newest first.
    versions: BTreeMap<&'static str, Vec<Version>>,
    /// Every unique version id that was ever given, by key.
    given: BTreeSet<(&'static str, VersionId)>,
    completions: Vec<Completion>,
    writes: usize,
}

/// What a write brings.
struct New {
    content: Bytes,
    etag: String,
    note: String,
    rw: bool,
    upload: Option<usize>,
}

impl Run {
    fn new() -> Self {
        let mut run = Self {
            machine: Machine::new(Profile::Reordered, 1),
            archive: None,
            bucket: BucketName::parse("docs").unwrap(),
            state: Versioning::Never,
            versions: BTreeMap::new(),
            given: BTreeSet::new(),
            completions: Vec::new(),
            writes: 0,
        };
        run.open();
        run.archive().create_bucket(&caller(), &run.bucket, "owner").unwrap();
        run
    }

    fn open(&mut self) {
        let disks = Arc::new(self.machine.clone());
        let options = OpenOptions { disks, ..OpenOptions::new(PathBuf::from("/data")) };
        self.archive = Some(Archive::open(options).unwrap());
    }

    fn archive(&self) -> &Archive {
        self.archive.as_ref().unwrap()
    }

    fn of(&self, name: &str) -> &[Version] {
        self.versions.get(name).map_or(&[], Vec::as_slice)
    }

    fn current(&self, name: &str) -> Option<&Version> {
        self.of(name).first().filter(|version| version.content.is_some())
    }

    /// Why a key has no current object.
    fn absence(&self, name: &str) -> ErrorKind {
        if self.of(name).is_empty() { ErrorKind::NoSuchKey } else { ErrorKind::KeyDeleted }
    }

    /// The id of a version, or one that no version has.
    fn id_of(&self, name: &str, nth: usize) -> VersionId {
        let known = self.of(name).get(nth).map(|version| version.id);
        known.unwrap_or(VersionId::Unique { seq: 5, nonce: nth as u64 })
    }

    fn restart(&mut self, restart: Restart) {
        match restart {
            Restart::Killed => self.machine.kill_processes(),
            Restart::PowerCut => self.machine.power_off(),
            Restart::Clean | Restart::LostCatalog => self.archive().close().unwrap(),
        }
        drop(self.archive.take());
        if matches!(restart, Restart::PowerCut) {
            self.machine.reboot();
        }
        if matches!(restart, Restart::LostCatalog) {
            self.machine.disk("data").unwrap().remove_durable("catalog/catalog.redb").unwrap();
        }
        self.open();
    }

    fn act(&mut self, action: &Action) {
        match *action {
            Action::Set(state) => {
                self.archive().set_versioning(&caller(), &self.bucket, state).unwrap();
                self.state = state;
            }
            Action::Put { key, rw, condition } => self.put(KEYS[key], rw, condition),
            Action::Copy { from, nth, key, rw } => self.copy(KEYS[from], nth, KEYS[key], rw),
            Action::Complete { key, rw } => self.complete(KEYS[key], rw),
            Action::Repeat { nth } => self.repeat(nth),
            Action::Annotate { key, nth } => self.annotate(KEYS[key], nth),
            Action::Delete { key } => self.delete(KEYS[key]),
            Action::DeleteVersion { key, nth } => {
                self.delete_version(KEYS[key], self.id_of(KEYS[key], nth));
            }
            Action::DeleteNull { key } => self.delete_version(KEYS[key], VersionId::Null),
            Action::Restart(restart) => self.restart(restart),
            Action::CutPut { key, rw, call } => self.cut_put(KEYS[key], rw, call),
        }
    }

    /// Takes the answer to a write into the model, where the model finds it right.
    fn written(&mut self, name: &'static str, new: New, answer: Result<Stored>) {
        let null = self.of(name).iter().position(|version| version.id.is_null());
        let retired = null.filter(|_| self.state != Versioning::Enabled);
        let old = retired.map(|at| self.of(name)[at].clone());
        if let Some(old) = old.filter(|old| old.rw) {
            let is_repeat = new.rw && old.content.as_ref() == Some(&new.content);
            if is_repeat && (&old.etag, &old.note) == (&new.etag, &new.note) {
                assert_eq!(answer.unwrap().etag, new.etag);
            } else {
                assert_eq!(answer.unwrap_err().kind(), ErrorKind::ModeForbids);
            }
            return;
        }
        let stored = answer.unwrap();
        assert_eq!((stored.etag.as_str(), stored.size), (new.etag.as_str(), new.content.len() as u64));
        let id = self.id_shown(name, stored.version_id);
        let of_key = self.versions.entry(name).or_default();
        retired.map(|at| of_key.remove(at));
        let New { content, etag, note, rw, upload } = new;
        of_key.insert(0, Version { id, content: Some(content), etag, note, rw, upload });
    }

    /// The id of a version that was made, as its answer shows it.
    fn id_shown(&mut self, name: &'static str, shown: Option<VersionId>) -> VersionId {
        match self.state {
            Versioning::Never => assert_eq!(shown, None),
            Versioning::Suspended => assert_eq!(shown, Some(VersionId::Null)),
            Versioning::Enabled => {
                let id = shown.unwrap();
                assert!(!id.is_null() && self.given.insert((name, id)), "{id} is a new id");
            }
        }
        shown.unwrap_or(VersionId::Null)
    }

    fn next_content(&mut self) -> (Bytes, String) {
        self.writes += 1;
        // Some ride in the log record, some are staged.
        let size = if self.writes.is_multiple_of(7) { 70_000 } else { self.writes };
        (vec![self.writes as u8; size].into(), format!("note {}", self.writes))
    }

    fn target(&self, name: &str, rw: bool) -> PutTarget {
        let class = rw.then(|| "STANDARD_IA".to_owned());
        PutTarget { bucket: self.bucket.clone(), key: key(name), class, length: None }
    }

    fn put(&mut self, name: &'static str, rw: bool, condition: Condition) {
        let (content, note) = self.next_content();
        let current = self.current(name).map(|version| version.etag.clone());
        let (etag_is_not, etag_is) = match condition {
            Condition::None => (None, None),
            Condition::IsNew => (Some("*".to_owned()), None),
            Condition::IsCurrent => (None, Some(current.clone().unwrap_or("*".to_owned()))),
            Condition::IsAnother => (None, Some("another".to_owned())),
        };
        let refusal = match (condition, current) {
            (Condition::IsNew, Some(_)) | (Condition::IsAnother, Some(_)) => {
                Some(ErrorKind::PreconditionFailed)
            }
            (Condition::IsCurrent | Condition::IsAnother, None) => Some(ErrorKind::NoSuchKey),
            _ => None,
        };
        let etag = etag_of(&content);
        let answer = self.send(name, rw, (&content, &note), WriteConditions { etag_is_not, etag_is });
        match refusal {
            Some(kind) => assert_eq!(answer.unwrap_err().kind(), kind),
            None => self.written(name, New { content, etag, note, rw, upload: None }, answer),
        }
    }

    /// Puts as a door does.
    fn send(&self, name: &str, rw: bool, new: (&Bytes, &str), conditions: WriteConditions) -> Result<Stored> {
        let archive = self.archive();
        let admission = archive.admit(self.target(name, rw))?;
        let mut body = archive.begin_body(&admission, &[])?;
        body.write(new.0)?;
        let body = body.finish(&ClientDigests::default())?;
        let details = PutDetails { attributes: noted(new.1), conditions, owner: "owner".into() };
        archive.put(&caller(), admission, body, details)
    }

    fn copy(&mut self, from: &str, nth: usize, name: &'static str, rw: bool) {
        let source = self.archive().read(&self.bucket, &key(from), Some(self.id_of(from, nth)));
        let Some(version) = self.of(from).get(nth).filter(|version| version.content.is_some()) else {
            assert!(source.is_err());
            return;
        };
        let (content, note) = (version.content.clone().unwrap(), version.note.clone());
        let archive = self.archive();
        let admission = archive.admit(self.target(name, rw)).unwrap();
        let details = PutDetails { attributes: noted(&note), owner: "owner".into(), ..Default::default() };
        let answer = archive.copy(&caller(), source.unwrap(), admission, None, details);
        let etag = etag_of(&content);
        self.written(name, New { content, etag, note, rw, upload: None }, answer);
    }

    fn complete(&mut self, name: &'static str, rw: bool) {
        let (content, note) = self.next_content();
        let archive = self.archive();
        let new = NewUpload {
            bucket: self.bucket.clone(),
            key: key(name),
            class: rw.then(|| "STANDARD_IA".to_owned()),
            attributes: noted(&note),
            owner: "owner".into(),
            checksum: None,
        };
        let upload = archive.create_upload(&caller(), new).unwrap().upload;
        let mut body = archive.begin_part(&upload, 1, None, &[]).unwrap();
        body.write(&content).unwrap();
        let part = archive.put_part(&upload, 1, body.finish(&ClientDigests::default()).unwrap()).unwrap();
        let completion = Completion {
            upload: upload.clone(),
            parts: vec![CompletedPart { number: 1, etag: part.etag, checksum: None }],
            conditions: WriteConditions::default(),
            checksum: None,
            size: None,
        };
        let answer = archive.complete_upload(&caller(), completion.clone());
        let Ok(etag) = answer.as_ref().map(|stored| stored.etag.clone()) else {
            archive.abort_upload(&caller(), &upload).unwrap();
            return self.written(name, New { content, etag: String::new(), note, rw, upload: None }, answer);
        };
        let upload = Some(self.completions.len());
        self.completions.push(completion);
        self.written(name, New { content, etag, note, rw, upload }, answer);
    }

    /// A completion that is sent again is answered as at first while its version is there.
    fn repeat(&mut self, nth: usize) {
        let Some(completion) = self.completions.get(nth) else { return };
        let answer = self.archive().complete_upload(&caller(), completion.clone());
        let made = self.of(completion.upload.key.as_str()).iter().find(|made| made.upload == Some(nth));
        match made {
            None => assert_eq!(answer.unwrap_err().kind(), ErrorKind::NoSuchUpload),
            Some(made) => {
                let stored = answer.unwrap();
                let shown = Some(made.id).filter(|_| self.state != Versioning::Never);
                assert_eq!((stored.version_id, &stored.etag), (shown, &made.etag));
            }
        }
    }

    fn annotate(&mut self, name: &'static str, nth: Option<usize>) {
        let id = nth.map(|nth| self.id_of(name, nth));
        let (archive, bucket) = (self.archive(), &self.bucket);
        let revision = archive.object(bucket, &key(name), id).map_or(0, |object| object.revision);
        self.writes += 1;
        let note = format!("note {}", self.writes);
        let annotation = Annotation { version: id, revision, attributes: noted(&note), renews_time: true };
        let answer = self.archive().annotate(&caller(), &self.bucket, &key(name), annotation);
        let found = self.versions.get_mut(name).and_then(|of_key| of_key.get_mut(nth.unwrap_or(0)));
        match found {
            Some(version) if version.content.is_some() => {
                let shown = Some(version.id).filter(|_| self.state != Versioning::Never);
                assert_eq!(answer.unwrap().version_id, shown);
                version.note = note;
            }
            Some(_) if nth.is_some() => assert_eq!(answer.unwrap_err().kind(), ErrorKind::DeleteMarker),
            _ if nth.is_some() => assert_eq!(answer.unwrap_err().kind(), ErrorKind::NoSuchVersion),
            _ => assert_eq!(answer.unwrap_err().kind(), self.absence(name)),
        }
    }

    fn delete(&mut self, name: &'static str) {
        let answer =
            self.archive().delete(&caller(), &self.bucket, &key(name), None, &DeleteConditions::default());
        let null = self.of(name).iter().position(|version| version.id.is_null());
        let retired = null.filter(|_| self.state != Versioning::Enabled);
        if retired.is_some_and(|at| self.of(name)[at].rw) {
            assert_eq!(answer.unwrap_err().kind(), ErrorKind::ModeForbids);
            return;
        }
        let deleted = answer.unwrap();
        let id = (self.state != Versioning::Never).then(|| self.id_shown(name, deleted.version_id));
        assert_eq!(deleted, Deleted { version_id: id, delete_marker: id.is_some() });
        let of_key = self.versions.entry(name).or_default();
        retired.map(|at| of_key.remove(at));
        if let Some(id) = id {
            let (etag, note) = (String::new(), String::new());
            of_key.insert(0, Version { id, content: None, etag, note, rw: false, upload: None });
        }
    }

    fn delete_version(&mut self, name: &'static str, id: VersionId) {
        let conditions = DeleteConditions::default();
        let answer = self.archive().delete(&caller(), &self.bucket, &key(name), Some(id), &conditions);
        let at = self.of(name).iter().position(|version| version.id == id);
        if at.is_some_and(|at| self.of(name)[at].rw) {
            assert_eq!(answer.unwrap_err().kind(), ErrorKind::ModeForbids);
            return;
        }
        let removed = at.and_then(|at| Some(self.versions.get_mut(name)?.remove(at)));
        let delete_marker = removed.is_some_and(|version| version.content.is_none());
        assert_eq!(answer.unwrap(), Deleted { version_id: Some(id), delete_marker });
    }
}

fn etag_of(content: &[u8]) -> String {
    let mut hasher = crate::digest::ContentHasher::new(&[]);
    hasher.update(content);
    hex::encode(hasher.finish().md5)
}

fn noted(note: &str) -> Attributes {
    Attributes { metadata: BTreeMap::from([("note".to_owned(), note.to_owned())]), ..Default::default() }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// After each step listings, versions and their bytes are the model's, whatever the state of
    /// versioning was at each of them.
    #[test]
    fn versions_are_the_models(
        before in proptest::collection::vec(actions(), 0..6),
        after in proptest::collection::vec(actions(), 1..30),
    ) {
        let mut run = Run::new();
        // A bucket that never had versioning first, so that objects of version null are there.
        let before = before.iter().filter(|action| !matches!(action, Action::Set(_)));
        for action in before.chain(&after) {
            run.act(action);
            run.compare();
        }
    }
}
