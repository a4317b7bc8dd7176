//! PUTs that are committed together: one sync, one change of the catalog, no thread that waits for another.

use std::collections::BTreeMap;
use std::sync::{Arc, MutexGuard};

use super::open::Archive;
use super::put::{Decision, ReadyPut, Stored};
use crate::bucket::{BucketDocument, HeldBucket, OpenBucket};
use crate::catalog::Entry;
use crate::element::Element;
use crate::error::Result;
use crate::name::BucketName;

/// Most PUTs that are given at once.
pub const PUTS_MAX: usize = 64;

/// What became of a PUT among others.
pub enum Outcome {
    /// As [`Archive::put`] answers.
    Answered(Result<Stored>),
    /// Its bucket or key is being changed by somebody, another of these perhaps: it is to be put by itself.
    Alone(Box<ReadyPut>),
}

/// A PUT that was decided, with the lock of its key.
struct Decided<'a, T> {
    tag: T,
    put: ReadyPut,
    bucket: &'a BucketDocument,
    retire: Option<Entry>,
    _key: MutexGuard<'a, ()>,
}

impl Archive {
    /// Makes bodies the current objects of their keys, each as [`Archive::put`] does, and tells `answer` of
    /// each as soon as its outcome is known. At most [`PUTS_MAX`], all with short bodies: they share frames of
    /// the log.
    ///
    /// *Durability*: one that is answered without an error survives a power cut.
    pub fn put_together<T>(&self, puts: Vec<(T, ReadyPut)>, answer: &mut dyn FnMut(T, Outcome)) {
        let inner = &self.inner;
        let gate = self.enter();
        let buckets: BTreeMap<BucketName, Arc<OpenBucket>> = puts
            .iter()
            .filter_map(|(_, put)| {
                let name = &put.target.bucket;
                Some((name.clone(), inner.buckets.get(name).ok()?))
            })
            .collect();
        let held: BTreeMap<&BucketName, HeldBucket<'_>> =
            buckets.iter().filter_map(|(name, bucket)| Some((name, bucket.try_hold()?))).collect();
        let mut decided: Vec<Decided<'_, T>> = Vec::with_capacity(puts.len());
        for (tag, put) in puts {
            let bucket =
                held.get(&put.target.bucket).filter(|_| gate.is_ok()).and_then(|held| held.as_deref());
            let key = inner.key_locks.try_lock(&put.target.bucket, &put.target.key);
            // What cannot be had at once, or not at all, is for the PUT by itself to wait for or to refuse.
            let (Some(bucket), Some(key)) = (bucket, key) else {
                answer(tag, Outcome::Alone(Box::new(put)));
                continue;
            };
            match inner.decide(&put, bucket) {
                Ok(Decision::Repeats(stored)) => answer(tag, Outcome::Answered(Ok(stored))),
                Ok(Decision::Replaces(retire)) => {
                    decided.push(Decided { tag, put, bucket, retire, _key: key });
                }
                Err(error) => answer(tag, Outcome::Answered(Err(error))),
            }
        }
        while let Some(first) = decided.first() {
            let element = Arc::clone(&first.put.element);
            let (here, elsewhere) = decided.into_iter().partition(|one| one.put.element.id == element.id);
            self.put_on(&element, here, answer);
            decided = elsewhere;
        }
    }

    /// Commits what was decided, all on one element.
    fn put_on<T>(
        &self,
        element: &Arc<Element>,
        decided: Vec<Decided<'_, T>>,
        answer: &mut dyn FnMut(T, Outcome),
    ) {
        let inner = &self.inner;
        let document = element.document();
        // All of them wait for the same leave.
        let Some(Ok(permit)) = decided.first().map(|one| one.put.permit_to_create(document.mode)) else {
            for Decided { tag, put, .. } in decided {
                let refused = put.permit_to_create(document.mode).err();
                let refused = refused
                    .map_or_else(|| Outcome::Alone(Box::new(put)), |error| Outcome::Answered(Err(error)));
                answer(tag, refused);
            }
            return;
        };
        let mut prepared = Vec::with_capacity(decided.len());
        let mut keys = Vec::with_capacity(decided.len());
        for Decided { tag, put, bucket, retire, _key } in decided {
            let version = inner.new_version(put, (bucket, &document), retire);
            match version.and_then(|(version, stored)| Ok((stored, inner.prepare(element, version)?))) {
                Ok((stored, version)) => {
                    keys.push(_key);
                    prepared.push(((tag, stored), version));
                }
                Err(error) => answer(tag, Outcome::Answered(Err(error))),
            }
        }
        if prepared.is_empty() {
            return;
        }
        for ((tag, stored), outcome) in inner.commit(element, &permit, prepared) {
            answer(tag, Outcome::Answered(outcome.map(|()| stored)));
        }
    }
}
