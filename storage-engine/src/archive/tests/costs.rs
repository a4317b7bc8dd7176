//! What an operation costs whatever the load: calls to the disk that change or sync something, bytes written.

use std::path::PathBuf;
use std::sync::Arc;

use super::{caller, content, get, key, put, ready_put};
use crate::archive::put::WriteConditions;
use crate::archive::put_together::Outcome;
use crate::archive::{Archive, DeleteConditions, OpenOptions};
use crate::disk::simulated::{Machine, Profile};
use crate::name::BucketName;

/// The calls between two states of the machine's trace that begin with one of `kinds`.
fn calls(machine: &Machine, before: u64, kinds: &[&str]) -> Vec<String> {
    let count = usize::try_from(machine.calls() - before).unwrap();
    let trace = machine.trace();
    let newest = trace.into_iter().rev().take(count);
    let named = newest.map(|line| line.trim_start().split_once(' ').unwrap().1.trim_start().to_owned());
    let mut named: Vec<String> =
        named.filter(|call| kinds.iter().any(|kind| call.starts_with(kind))).collect();
    named.reverse();
    named
}

/// An operation with the syncs, and the changes of files and names, that it may cost once the folder of the hour
/// is there. The log's frame is one write, the sync behind it the commit.
#[test]
fn operations_cost_no_more_than_ever() {
    let machine = Machine::new(Profile::Ordered, 0);
    let options =
        OpenOptions { disks: Arc::new(machine.clone()), ..OpenOptions::new(PathBuf::from("/data")) };
    let archive = Archive::open(options).unwrap();
    let bucket = BucketName::parse("docs").unwrap();
    archive.create_bucket(&caller(), &bucket, "0199-account").unwrap();
    put(&archive, &bucket, "first", None, b"makes the folder of the hour").unwrap();
    let (small, large) = (content(4096, 1), content(200_000, 2));
    let cost = |what: &str, syncs: usize, changes: usize, operation: &dyn Fn()| {
        let before = machine.calls();
        operation();
        let synced = calls(&machine, before, &["sync"]);
        let changed =
            calls(&machine, before, &["create", "write", "publish", "replace", "remove", "set_len"]);
        println!("{what}: {} syncs, {} changes\n  {synced:?}\n  {changed:?}", synced.len(), changed.len());
        assert!(synced.len() <= syncs, "{what} syncs {} times: {synced:?}", synced.len());
        assert!(changed.len() <= changes, "{what} changes {} things: {changed:?}", changed.len());
    };
    cost("PUT", 1, 7, &|| drop(put(&archive, &bucket, "a", None, &small).unwrap()));
    cost("PUT over", 1, 9, &|| drop(put(&archive, &bucket, "a", None, &small).unwrap()));
    cost("PUT of four blocks", 3, 8, &|| drop(put(&archive, &bucket, "b", None, &large).unwrap()));
    cost("64 PUTs together", 1, 1 + 64 * 6, &|| {
        let ready = (0..64).map(|number| {
            let key = format!("together-{number}");
            (number, ready_put(&archive, &bucket, &key, None, &small, WriteConditions::default()).unwrap())
        });
        archive.put_together(ready.collect(), &mut |_, outcome| match outcome {
            Outcome::Answered(answer) => drop(answer.unwrap()),
            // By chance it shares its lock with another; it would cost a sync of its own.
            Outcome::Alone(_) => {}
        });
    });
    cost("GET", 0, 0, &|| drop(get(&archive, &bucket, "a").unwrap()));
    cost("HEAD", 0, 0, &|| drop(archive.object(&bucket, &key("b"), None).unwrap()));
    cost("DELETE", 1, 3, &|| {
        archive.delete(&caller(), &bucket, &key("a"), None, &DeleteConditions::default()).unwrap();
    });
}
