//! What the archive shows against the model.

use super::{KEYS, Run, Version, noted};
use crate::ErrorKind;
use crate::archive::list::{ListEntry, ListRequest, VersionListEntry, VersionListRequest};
use crate::archive::tests::{caller, key};
use crate::name::VersionId;

impl Run {
    /// Everything that the archive shows is what the model holds, and no more.
    pub(super) fn compare(&self) {
        self.compare_versions();
        self.compare_current();
        for name in KEYS {
            for version in self.of(name) {
                self.compare_version(name, Some(version.id), version);
            }
            self.compare_at_once(name);
            if let Some(version) = self.current(name) {
                self.compare_version(name, None, version);
                self.compare_at_once(name);
            } else {
                assert_eq!(self.refusal(name, None), self.absence(name));
            }
        }
        for (name, id) in &self.given {
            if self.of(name).iter().all(|version| version.id != *id) {
                assert_eq!(self.refusal(name, Some(*id)), ErrorKind::NoSuchVersion, "{name} {id}");
            }
        }
        let is_empty = self.versions.values().all(Vec::is_empty);
        if !is_empty {
            let refused = self.archive().delete_bucket(&caller(), &self.bucket).unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::BucketNotEmpty);
        }
    }

    fn refusal(&self, name: &str, id: Option<VersionId>) -> ErrorKind {
        self.archive().object(&self.bucket, &key(name), id).unwrap_err().kind()
    }

    fn compare_version(&self, name: &str, id: Option<VersionId>, version: &Version) {
        let Some(content) = &version.content else {
            return assert_eq!(self.refusal(name, id), ErrorKind::DeleteMarker);
        };
        let reader = self.archive().read(&self.bucket, &key(name), id).unwrap();
        let object = reader.object();
        assert_eq!(object.version_id, version.id, "{name} {id:?}");
        assert_eq!((&object.etag, &object.attributes), (&version.etag, &noted(&version.note)));
        assert_eq!(object.mode.as_str(), if version.rw { "rw" } else { "edit" });
        assert_eq!(&reader.read_at(0, content.len() + 1).unwrap(), content, "{name} {id:?}");
    }

    /// What is answered at once, where anything is, is what a read answers.
    fn compare_at_once(&self, name: &str) {
        let Some(kept) = self.archive().object_at_once(&self.bucket, &key(name)) else { return };
        let found = self.archive().object(&self.bucket, &key(name), None).unwrap();
        assert_eq!(format!("{kept:?}"), format!("{found:?}"), "{name}");
    }

    fn compare_versions(&self) {
        let mut shown = Vec::new();
        let (mut key_marker, mut version_marker) = (None::<String>, None);
        loop {
            let request = VersionListRequest {
                bucket: &self.bucket,
                prefix: "",
                delimiter: None,
                key_marker: key_marker.as_deref(),
                version_marker,
                max: 2,
            };
            let page = self.archive().list_versions(&request).unwrap();
            for entry in page.entries {
                let VersionListEntry::Version(listed) = entry else { panic!("a prefix") };
                let (key, etag) = (listed.object.key.to_string(), listed.object.etag);
                shown.push((key, listed.version_id, listed.is_latest, listed.is_marker, etag));
            }
            match page.next {
                Some((key, version)) => (key_marker, version_marker) = (Some(key), version),
                None => break,
            }
        }
        let expected = self.versions.iter().flat_map(|(name, of_key)| {
            of_key.iter().enumerate().map(|(at, version)| {
                let is_marker = version.content.is_none();
                ((*name).to_owned(), version.id, at == 0, is_marker, version.etag.clone())
            })
        });
        assert_eq!(shown, expected.collect::<Vec<_>>());
    }

    fn compare_current(&self) {
        let request =
            ListRequest { bucket: &self.bucket, prefix: "", delimiter: None, after: None, max: 1000 };
        let shown = self.archive().list(&request).unwrap().entries.into_iter().map(|entry| match entry {
            ListEntry::Object(object) => (object.key.to_string(), object.etag),
            ListEntry::CommonPrefix(prefix) => panic!("a prefix {prefix}"),
        });
        let expected = self.versions.keys().filter_map(|name| {
            let current = self.current(name)?;
            Some(((*name).to_owned(), current.etag.clone()))
        });
        assert_eq!(shown.collect::<Vec<_>>(), expected.collect::<Vec<_>>());
    }
}
