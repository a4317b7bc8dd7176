//! A bucket of another S3 service as an archive target: data files and sidecars under the element's own paths behind
//! a prefix, so that the objects copied over the element's folder are the element as it was.

use bytes::Bytes;
use sha2::{Digest as _, Sha256};

use super::remote::{RemoteBody, RemoteBucket, RemoteBuckets};
use super::setting::BucketPlace;
use super::{Item, Target, mark};
use crate::element::Element;
use crate::error::{Error, ErrorKind, Result};
use crate::name::ElementId;
use crate::sidecar::split_overflow;

/// Bytes handed on at once of what is in memory.
const PIECE_BYTES: usize = 1024 * 1024;

/// An open bucket.
pub(super) struct BucketTarget {
    remote: Box<dyn RemoteBucket>,
    place: BucketPlace,
}

impl BucketTarget {
    /// Opens the target of `element` in a bucket.
    ///
    /// *Errors*: `Unavailable` where the bucket cannot be reached or the prefix is not the element's.
    pub(super) fn open(
        buckets: &dyn RemoteBuckets,
        place: BucketPlace,
        element: ElementId,
        is_stopped: &dyn Fn() -> bool,
    ) -> Result<Self> {
        let target = Self { remote: buckets.open(&place)?, place };
        let away = |why: &str| {
            Error::new(ErrorKind::Unavailable, "open archive target").about(&target.place).because(why)
        };
        match target.mark(is_stopped)? {
            Some(id) if id == element.to_string() => Ok(target),
            Some(_) => Err(away("it is the target of another element: name the right prefix")),
            None => Err(away(
                "it has no artstore-target.json: name the right bucket and prefix, or put that object back",
            )),
        }
    }

    /// Marks a prefix of a bucket as the target of an element.
    ///
    /// *Errors*: `AlreadyExists` where it is another element's; `Unavailable`.
    pub(super) fn claim(
        buckets: &dyn RemoteBuckets,
        place: &BucketPlace,
        element: &Element,
        is_stopped: &dyn Fn() -> bool,
    ) -> Result<()> {
        let target = Self { remote: buckets.open(place)?, place: place.clone() };
        let id = element.id.to_string();
        if target.mark(is_stopped)?.is_none() {
            target.put_whole(mark::NAME, &mark::render(element), is_stopped)?;
        }
        // Read again: somebody may have marked it for another element at the same time.
        match target.mark(is_stopped)? {
            Some(found) if found == id => Ok(()),
            _ => Err(Error::new(ErrorKind::AlreadyExists, "mark archive target")
                .about(place)
                .because("it is the target of another element: name another prefix")),
        }
    }

    /// The id of the element that the prefix is the target of.
    fn mark(&self, is_stopped: &dyn Fn() -> bool) -> Result<Option<String>> {
        self.get_whole(mark::NAME, mark::BYTES_MAX, is_stopped)?
            .map(|bytes| mark::element_of(&bytes))
            .transpose()
    }

    /// The key of a path of the element.
    fn key(&self, path: &str) -> String {
        match self.place.prefix.as_str() {
            "" => path.to_owned(),
            prefix => format!("{prefix}/{path}"),
        }
    }

    fn put_whole(&self, path: &str, content: &[u8], is_stopped: &dyn Fn() -> bool) -> Result<()> {
        let read = |at: u64| {
            let rest = usize::try_from(at).ok().and_then(|at| content.get(at..)).unwrap_or_default();
            Ok(Bytes::copy_from_slice(rest.get(..PIECE_BYTES).unwrap_or(rest)))
        };
        let body = RemoteBody { size: content.len() as u64, read: &read, is_stopped };
        self.remote.put(&self.key(path), &body)
    }

    /// A small object; `None` where there is none. One that is larger ends with its first `bytes_max` + 1 bytes at
    /// the least.
    fn get_whole(
        &self,
        path: &str,
        bytes_max: usize,
        is_stopped: &dyn Fn() -> bool,
    ) -> Result<Option<Vec<u8>>> {
        let (key, mut content) = (self.key(path), Vec::new());
        let is_there = self.remote.get(&key, is_stopped, &mut |piece| {
            content.extend_from_slice(piece);
            if content.len() <= bytes_max {
                return Ok(());
            }
            Err(Error::new(ErrorKind::Corrupt, "read from archive target")
                .about(&key)
                .because(format_args!("it has more than {bytes_max} bytes")))
        });
        is_there.map(|is_there| is_there.then_some(content))
    }

    /// Reads what was stored and compares it with the sidecar's SHA-256.
    fn compare(&self, item: &Item<'_>) -> Result<()> {
        let operation = "read back from archive target";
        let mut sha256 = Sha256::new();
        let is_there = self.remote.get(&self.key(item.name()), item.is_stopped, &mut |piece| {
            sha256.update(piece);
            Ok(())
        })?;
        if !is_there {
            return Err(Error::new(ErrorKind::Corrupt, operation)
                .about(item.name())
                .because("it was stored in the bucket and is not there"));
        }
        item.compare_digest(sha256.finalize().into(), operation)
    }
}

impl Target for BucketTarget {
    fn holds(&self, item: &Item<'_>) -> Result<bool> {
        for (path, content) in item.documents()? {
            match self.get_whole(&path, content.len(), item.is_stopped) {
                Ok(found) if found.as_ref() == Some(&content) => {}
                Ok(_) => return Ok(false),
                Err(error) if error.kind() == ErrorKind::Corrupt => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        Ok(self.remote.size(&self.key(item.name()), item.is_stopped)? == Some(item.sidecar.size))
    }

    fn store(&self, item: &Item<'_>) -> Result<()> {
        let body = RemoteBody { size: item.sidecar.size, read: item.read, is_stopped: item.is_stopped };
        self.remote.put(&self.key(item.name()), &body)?;
        self.compare(item)?;
        // The sidecar says that the bytes were compared: it comes last.
        item.documents()?
            .iter()
            .try_for_each(|(path, content)| self.put_whole(path, content, item.is_stopped))
    }

    fn recall(&self, item: &Item<'_>, to: &str) -> Result<()> {
        let io = |error| Error::io("write restored copy", to, error);
        let (file, mut at) = (item.element.disk.create(to).map_err(io)?, 0);
        let is_there = self.remote.get(&self.key(item.name()), item.is_stopped, &mut |piece| {
            file.write_at(piece, at).map_err(io)?;
            at += piece.len() as u64;
            Ok(())
        })?;
        if is_there {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Corrupt, "read from archive target")
            .about(item.name())
            .because("it is not on the archive target: bring it back there from a copy"))
    }

    fn check_removal(&self, _item: &Item<'_>) -> Result<()> {
        Ok(())
    }

    fn remove(&self, item: &Item<'_>) -> Result<()> {
        let data = self.key(item.name());
        let is_overflow = |key: &str| split_overflow(key).is_some_and(|(stem, _)| stem == data);
        let mut keys = self.remote.names(&data, item.is_stopped)?;
        keys.retain(|key| is_overflow(key));
        keys.push(data.clone());
        // The sidecar goes last: it says whose bytes these are.
        keys.push(self.key(&item.sidecar.path.sidecar()));
        keys.iter().try_for_each(|key| self.remote.remove(key, item.is_stopped))
    }

    fn released(&self, _item: &Item<'_>) -> Result<()> {
        Ok(())
    }
}
