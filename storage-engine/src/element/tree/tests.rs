//! The walk over an element's sidecars.

use std::collections::BTreeSet;

use super::{BATCH_SIDECARS, BATCHES_MAX, Found, READERS, scan};
use crate::disk::SharedDisk;
use crate::disk::simulated::{Machine, Profile};
use crate::error::{Error, ErrorKind};

/// More sidecars than all batches that wait or are read at a time, in three hours; none can be read.
const SIDECARS: usize = BATCH_SIDECARS * (2 * BATCHES_MAX + READERS + 3);

fn disk() -> SharedDisk {
    let disk = Machine::new(Profile::Ordered, 0).disk("element").unwrap();
    for number in 0..SIDECARS {
        let folder = format!("2026/11/20/{:02}", number % 3);
        if number < 3 {
            disk.create_dir(&folder).unwrap();
        }
        disk.create(&format!("{folder}/{number}.attr.json")).unwrap();
    }
    disk
}

/// Every sidecar is handed over once, whatever is in it.
#[test]
fn every_sidecar_is_found_once() {
    let disk = disk();
    disk.create("2026/11/20/00/no sidecar").unwrap();
    disk.create_dir("2026/11/20/day").unwrap();
    let mut paths = BTreeSet::new();
    scan(&*disk, &mut |found| {
        let Found::Unreadable(path, error) = found else { panic!("nothing can be read") };
        assert_eq!(error.kind(), ErrorKind::Corrupt);
        assert!(paths.insert(path), "twice");
        Ok(())
    })
    .unwrap();
    assert_eq!(paths.len(), SIDECARS);
}

/// Whoever takes what is found may end the walk at any time, and is told what it said.
#[test]
fn a_walk_that_is_ended_ends() {
    let disk = disk();
    for last in [1, BATCH_SIDECARS, SIDECARS / 2, SIDECARS] {
        let mut count = 0;
        let ended = scan(&*disk, &mut |_| {
            count += 1;
            if count == last { Err(Error::new(ErrorKind::StorageFull, "load")) } else { Ok(()) }
        });
        assert_eq!((ended.unwrap_err().kind(), count), (ErrorKind::StorageFull, last));
    }
}
