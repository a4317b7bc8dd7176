//! A repair that is stopped at any call and run again ends as one that was not, and nothing is lost.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;

use super::budget::Budget;
use super::script::{self, Step};
use super::survey::files_below;
use super::world::{StepClock, World};
use crate::disk::SharedDisk;
use crate::disk::simulated::{Fault, Machine, Profile};
use crate::fsck::{self, FsckOptions, Report};
use crate::sidecar;

const ELEMENTS: [&str; 2] = ["edit-01", "rw-01"];
const FILE_BYTES_MAX: usize = 64 << 20;
const QUARANTINE: &str = ".artstore/quarantine/";

/// Files of all elements, and whether there is a catalog: those in place, and those in quarantine by the
/// path that they had.
#[derive(PartialEq, Eq)]
struct Seen {
    in_place: BTreeMap<String, Vec<u8>>,
    in_quarantine: BTreeMap<String, Vec<u8>>,
    has_catalog: bool,
}

fn repair(machine: &Machine) -> crate::Result<Report> {
    let options = FsckOptions {
        data: PathBuf::from("/data"),
        disks: Arc::new(machine.clone()),
        holder: "suite".to_owned(),
        ..FsckOptions::new(PathBuf::new())
    };
    fsck::repair(options, &StepClock::default(), &mut |_| {})
}

fn element(machine: &Machine, name: &str) -> SharedDisk {
    machine.disk(&format!("data/elements/{name}")).unwrap()
}

fn write(disk: &SharedDisk, path: &str, bytes: &[u8]) {
    disk.create_dir_durable(crate::disk::parent(path)).unwrap();
    disk.write_durable(path, bytes).unwrap();
}

/// An archive with a wound of each kind that a repair does something about.
fn wounded() -> Machine {
    let mut script = script::before();
    // So large that its block digests are in a file.
    script.push(Step::Put { key: "huge", size: 2_200_000, fill: 9, note: 10, class: None });
    let (machine, _) = World::prepared(&script);
    let disk = element(&machine, "edit-01");
    let files = files_below(&disk, "");
    let find = |prefix: &str, suffix: &str| -> String {
        let is_it = |path: &&String| path.contains(prefix) && path.ends_with(suffix);
        files.iter().find(is_it).unwrap_or_else(|| panic!("{prefix}…{suffix} in {files:?}")).clone()
    };
    let read = |path: &str| disk.read_whole(path, FILE_BYTES_MAX).unwrap();
    // Foreign, and a folder.
    let hour = crate::disk::parent(&find("kept_", ".attr.json")).to_owned();
    write(&disk, "notes.txt", b"mine");
    write(&disk, &format!("{hour}/folder/inside"), b"mine");
    write(&disk, "buckets/empty.json.partial", b"{");
    // A placement that does not count.
    let small = find("small_", ".attr.json");
    let mut older = sidecar::decode(&read(&small), &small, |_| panic!("no overflow")).unwrap();
    let data = read(older.path.data());
    older.seq -= 1;
    older.path =
        crate::name::StoredPath::parse(&format!("{hour}/older_owner_20261120T113000_01234567")).unwrap();
    write(&disk, older.path.data(), &data);
    write(&disk, &older.path.sidecar(), &sidecar::encode(&older).unwrap().0);
    // A sidecar that is damaged, beside its data and overflow; and a data file alone.
    let noted = find("noted_", ".attr.json");
    let mut bytes = read(&noted);
    bytes[100] ^= 1;
    write(&disk, &noted, &bytes);
    write(&disk, &format!("{hour}/alone_owner_20261120T113000_76543210"), b"alone");
    // Block digests gone, a document of a bucket damaged and another gone.
    disk.remove_durable(&find("/blocks/", ".crc32c")).unwrap();
    write(&disk, "buckets/archive.json", b"{}");
    machine.disk("").unwrap().sync_all().unwrap();
    machine
}

fn seen(machine: &Machine) -> Seen {
    let mut seen = Seen { in_place: BTreeMap::new(), in_quarantine: BTreeMap::new(), has_catalog: false };
    for name in ELEMENTS {
        let disk = element(machine, name);
        for path in files_below(&disk, "") {
            if path.ends_with("/lock") || path.contains("/wal/") {
                continue;
            }
            let bytes = disk.read_whole(&path, FILE_BYTES_MAX).unwrap();
            let moved =
                path.strip_prefix(QUARANTINE).map(|inside| inside.split_once('/').map(|(_, was)| was));
            match moved {
                Some(Some(was)) => {
                    let twice = seen.in_quarantine.insert(format!("{name}/{was}"), bytes);
                    assert!(twice.is_none(), "{name}/{was} is in quarantine twice");
                }
                Some(None) if path.ends_with(".jsonl") => {}
                Some(None) => drop(seen.in_quarantine.insert(format!("{name}/{path}"), bytes)),
                None => drop(seen.in_place.insert(format!("{name}/{path}"), bytes)),
            }
        }
    }
    seen.has_catalog = machine.disk("data").unwrap().exists("catalog/catalog.redb").unwrap();
    seen
}

/// The end of a repair is the same, whatever came between.
fn check_same(seen: &Seen, expected: &Seen) {
    let paths = |files: &BTreeMap<String, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(paths(&seen.in_place), paths(&expected.in_place), "in place");
    assert_eq!(paths(&seen.in_quarantine), paths(&expected.in_quarantine), "in quarantine");
    assert_eq!(seen.has_catalog, expected.has_catalog, "the catalog");
    assert!(seen == expected, "bytes of a file");
}

/// Each file in quarantine has a line that says why.
fn check_reasons(machine: &Machine) {
    for name in ELEMENTS {
        let disk = element(machine, name);
        let files = files_below(&disk, "");
        let mut told = Vec::new();
        for path in files.iter().filter(|path| path.starts_with(QUARANTINE) && path.ends_with(".jsonl")) {
            let lines = disk.read_whole(path, FILE_BYTES_MAX).unwrap();
            // The last line may be torn: its file has not moved.
            let lines =
                lines.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok());
            told.extend(lines.map(|reason: serde_json::Value| {
                let path = path.trim_end_matches(".jsonl");
                format!("{path}/{}", reason["path"].as_str().unwrap())
            }));
        }
        let inside = files.iter().filter(|path| path.starts_with(QUARANTINE) && !path.ends_with(".jsonl"));
        for path in inside {
            assert!(told.iter().any(|told| path.starts_with(told)), "{name}: no reason for {path}");
        }
    }
}

/// Nothing that was there before has lost its bytes, but for documents that were made again.
fn check_kept(before: &Seen, after: &Seen) {
    for (path, bytes) in &before.in_place {
        let is_there =
            after.in_place.get(path) == Some(bytes) || after.in_quarantine.get(path) == Some(bytes);
        assert!(is_there, "{path} is gone");
    }
}

fn whole() -> (Machine, Seen, Seen, u64) {
    let base = wounded();
    let before = seen(&base);
    let machine = base.fork(Profile::Ordered, 0);
    let report = repair(&machine).unwrap();
    let outcomes = report.outcomes.unwrap();
    assert_eq!((outcomes.quarantined, outcomes.restored), (6, 3), "{:#?}", report.findings);
    assert_eq!(outcomes.failed, 0);
    let calls = machine.calls();
    let after = seen(&machine);
    check_kept(&before, &after);
    assert!(!after.has_catalog, "it named what is in quarantine");
    (base, before, after, calls)
}

/// Runs `case` and says on a failure which one it was.
fn named(machine: &Machine, what: std::fmt::Arguments<'_>, case: impl FnOnce()) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(case)) {
        println!("{}\n{what}", machine.trace().join("\n"));
        std::panic::resume_unwind(panic);
    }
}

/// Stopped at each call by a kill or a power cut on each device, and run again: the same end, each file with
/// its reason, and a third run finds nothing to do.
#[test]
fn a_repair_that_is_stopped_ends_the_same() {
    let (base, before, after, calls) = whole();
    let budget = Budget::new(5, 3);
    let mut cases = 0;
    for profile in Profile::ALL {
        for seed in 0..budget.seeds {
            for call in budget.calls(calls, profile as usize + seed as usize) {
                let machine = base.fork(profile, seed * 1_000_003 + call);
                named(&machine, format_args!("{profile:?}, seed {seed}, call {call} of {calls}"), || {
                    machine.crash_at(call);
                    repair(&machine).ok();
                    if call % 2 == 0 {
                        machine.reboot()
                    } else {
                        machine.kill_processes()
                    }
                    check_kept(&before, &seen(&machine));
                    repair(&machine).unwrap();
                    check_same(&seen(&machine), &after);
                    check_reasons(&machine);
                    let again = repair(&machine).unwrap().outcomes.unwrap();
                    assert_eq!((again.quarantined, again.restored, again.failed), (0, 0, 0));
                });
                cases += 1;
            }
        }
    }
    println!("{cases} stops over {calls} calls");
}

/// Each call fails once: nothing is lost, what failed is told, and a second run does the rest.
#[test]
fn a_repair_bears_errors() {
    let (base, before, after, calls) = whole();
    let budget = Budget::new(9, 2);
    for fault in [Fault::Io, Fault::NoSpace] {
        for call in budget.calls(calls, fault as usize) {
            let machine = base.fork(Profile::Ordered, call);
            named(&machine, format_args!("{fault:?} at call {call} of {calls}"), || {
                machine.fail_at(call, fault);
                repair(&machine).ok();
                check_kept(&before, &seen(&machine));
                machine.reboot();
                check_kept(&before, &seen(&machine));
                repair(&machine).unwrap();
                check_same(&seen(&machine), &after);
                check_reasons(&machine);
            });
        }
    }
}
