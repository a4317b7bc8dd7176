//! What is answered without catalog, sidecar and waiting is what a read would answer.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::{Fixture, caller, content, get, key, put};
use crate::archive::bucket::Versioning;
use crate::archive::{Archive, DeleteConditions};

fn fixture() -> (Fixture, Archive) {
    let fixture = Fixture::new();
    let archive = fixture.open();
    archive.create_bucket(&caller(), &fixture.bucket, "0199-account").unwrap();
    (fixture, archive)
}

#[test]
fn an_object_that_was_read_is_known_at_once() {
    let (Fixture { bucket, .. }, archive) = &fixture();
    let body = content(5_000, 1);
    put(archive, bucket, "a", None, &body).unwrap();
    assert!(archive.object_at_once(bucket, &key("a")).is_none(), "nobody has read it");
    assert_eq!(get(archive, bucket, "a").unwrap(), body);
    let object = archive.object_at_once(bucket, &key("a")).expect("it was read");
    assert_eq!(object.size, 5_000);
    // Not every file system can tell whether bytes are in memory.
    if let Some(reader) = archive.read_at_once(bucket, &key("a")) {
        assert!(reader.read_at_once(10, 20).is_none_or(|bytes| bytes == body[10..30]));
    }
}

#[test]
fn a_change_of_an_object_or_its_bucket_is_seen_at_once() {
    let (Fixture { bucket, .. }, archive) = &fixture();
    let a = key("a");
    put(archive, bucket, "a", None, b"one").unwrap();
    get(archive, bucket, "a").unwrap();
    put(archive, bucket, "a", None, b"other").unwrap();
    assert!(archive.object_at_once(bucket, &a).is_none_or(|object| object.size == 5));
    get(archive, bucket, "a").unwrap();
    archive.set_versioning(&caller(), bucket, Versioning::Enabled).unwrap();
    assert!(archive.object_at_once(bucket, &a).is_none_or(|object| object.shown_version.is_some()));
    get(archive, bucket, "a").unwrap();
    archive.delete(&caller(), bucket, &a, None, &DeleteConditions::default()).unwrap();
    assert!(archive.object_at_once(bucket, &a).is_none());
}

/// What was acknowledged before a read began is what it sees, or something later.
#[test]
fn no_read_sees_what_was_replaced_before_it_began() {
    let (Fixture { bucket, .. }, archive) = &fixture();
    let sizes_up_to = 400;
    let (written, is_done) = (AtomicU64::new(1), AtomicBool::new(false));
    put(archive, bucket, "a", None, b"x").unwrap();
    let read = || {
        let mut at_once = 0_u32;
        while !is_done.load(Ordering::Acquire) {
            let least = written.load(Ordering::Acquire);
            let kept = archive.object_at_once(bucket, &key("a"));
            at_once += u32::from(kept.is_some());
            let object = kept.unwrap_or_else(|| archive.object(bucket, &key("a"), None).unwrap());
            assert!(object.size >= least, "{} was read and {least} had been acknowledged", object.size);
        }
        at_once
    };
    std::thread::scope(|scope| {
        let readers = [scope.spawn(read), scope.spawn(read)];
        for size in 2..=sizes_up_to {
            put(archive, bucket, "a", None, &content(size, 3)).unwrap();
            written.store(size as u64, Ordering::Release);
        }
        is_done.store(true, Ordering::Release);
        let at_once: u32 = readers.into_iter().map(|reader| reader.join().unwrap()).sum();
        assert!(at_once > 0, "nothing was answered at once: the test shows nothing");
    });
}
