//! The simulated machine itself: it loses what may be lost, keeps what must be kept, and bites a
//! writer that does not sync.

use std::collections::BTreeSet;
use std::io::ErrorKind;

use super::{Capacity, Fault, Machine, Profile};
use crate::disk::{Disk, SharedDisk};

const SEEDS: u64 = 200;
const OLD: &[u8] = &[b'o'; 10_000];
const NEW: &[u8] = &[b'n'; 9_000];

/// Content of `path`, where it is there.
fn get(disk: &dyn Disk, path: &str) -> Option<Vec<u8>> {
    disk.exists(path).unwrap().then(|| disk.read_whole(path, 1 << 20).unwrap())
}

/// What `path` holds after a power cut, over all seeds.
fn outcomes(profile: Profile, path: &str, act: impl Fn(&Machine, &SharedDisk)) -> BTreeSet<Option<Vec<u8>>> {
    let outcome = |seed| {
        let machine = Machine::new(profile, seed);
        let disk = machine.disk("data").unwrap();
        act(&machine, &disk);
        machine.reboot();
        get(machine.disk("data").unwrap().as_ref(), path)
    };
    (0..SEEDS).map(outcome).collect()
}

fn put(disk: &SharedDisk, path: &str, bytes: &[u8]) {
    disk.create(path).unwrap().write_at(bytes, 0).unwrap();
}

/// Runs `script` and then cuts the power at each of its calls; `check` sees what is left.
fn at_every_call(
    profile: Profile,
    prepare: impl Fn(&SharedDisk),
    script: impl Fn(&SharedDisk) -> std::io::Result<()>,
    check: impl Fn(&SharedDisk, bool, &str),
) {
    for seed in 0..20 {
        for call in 1.. {
            let machine = Machine::new(profile, seed);
            let disk = machine.disk("data").unwrap();
            prepare(&disk);
            machine.crash_at(machine.calls() + call);
            let answered = script(&disk).is_ok();
            assert_eq!(answered, !machine.is_off(), "an error and a power cut come together");
            machine.reboot();
            let place = format!("{profile:?}, seed {seed}, call {call}: {:#?}", machine.trace());
            check(&machine.disk("data").unwrap(), answered, &place);
            if answered {
                break;
            }
        }
    }
}

/// A file's bytes are durable after its sync, its name only after its folder's.
#[test]
fn a_synced_file_in_an_unsynced_folder_can_vanish() {
    for profile in Profile::ALL {
        let found = outcomes(profile, "a", |_, disk| {
            put(disk, "a", NEW);
            disk.open("a").unwrap().sync().unwrap();
        });
        assert!(found.contains(&None), "{profile:?}");
        assert!(found.iter().flatten().all(|bytes| bytes == NEW), "{profile:?}: its bytes were synced");
    }
}

/// A folder's own name is not made durable by syncing the folder.
#[test]
fn a_synced_folder_in_an_unsynced_folder_can_vanish() {
    for profile in Profile::ALL {
        let found = outcomes(profile, "in/a", |_, disk| {
            disk.create_dir("in").unwrap();
            disk.write_durable("in/a", NEW).unwrap();
        });
        assert!(found.contains(&None), "{profile:?}");
    }
}

/// The control: a writer that never syncs loses bytes or names under every profile. Without this,
/// a passing crash suite would prove nothing.
#[test]
fn a_writer_without_sync_is_caught() {
    for profile in Profile::ALL {
        let found = outcomes(profile, "a", |_, disk| {
            put(disk, "a.partial", NEW);
            disk.replace("a.partial", "a").unwrap();
        });
        assert!(found.iter().any(|found| found.as_deref() != Some(NEW)), "{profile:?}");
    }
}

/// The second control: a rename that is durable protects the name, not the bytes. (Where all bytes
/// survive, there is nothing to lose.)
#[test]
fn a_rename_without_a_file_sync_is_caught() {
    for profile in [Profile::Reordered, Profile::Torn, Profile::Ordered] {
        let found = outcomes(profile, "a", |_, disk| {
            put(disk, "a.partial", NEW);
            disk.replace("a.partial", "a").unwrap();
            disk.sync_dir("").unwrap();
        });
        assert!(found.iter().all(Option::is_some), "{profile:?}: the name is durable");
        assert!(found.iter().flatten().any(|bytes| bytes != NEW), "{profile:?}");
    }
}

/// The third control: writing over a file in place tears it under every profile that loses bytes.
#[test]
fn a_rewrite_in_place_is_caught() {
    for profile in [Profile::Ordered, Profile::Reordered, Profile::Torn] {
        let mut mixed = 0;
        at_every_call(
            profile,
            |disk| disk.write_durable("a", OLD).unwrap(),
            |disk| disk.open_to_write("a")?.write_at(NEW, 0),
            |disk, _, _| {
                let bytes = get(disk.as_ref(), "a").unwrap();
                assert_eq!(bytes.len(), OLD.len());
            },
        );
        for seed in 0..SEEDS {
            let machine = Machine::new(profile, seed);
            let disk = machine.disk("data").unwrap();
            disk.write_durable("a", OLD).unwrap();
            machine.crash_at(machine.calls() + 1);
            disk.open_to_write("a").unwrap().write_at(NEW, 0).unwrap_err();
            machine.reboot();
            let bytes = get(machine.disk("data").unwrap().as_ref(), "a").unwrap();
            mixed += u32::from(bytes.contains(&b'o') && bytes[..NEW.len()].contains(&b'n'));
        }
        assert!(mixed > 0, "{profile:?}");
    }
}

/// Bytes that were never synced may be lost, in whole pages or in sectors.
#[test]
fn unsynced_bytes_are_lost_by_pages_and_sectors() {
    let cuts = |profile| {
        let found = outcomes(profile, "a", |_, disk| {
            disk.write_durable("a", OLD).unwrap();
            disk.open_to_write("a").unwrap().write_at(NEW, 0).unwrap();
        });
        let cut = |bytes: &Vec<u8>| bytes.iter().take_while(|byte| **byte == b'n').count();
        found.iter().flatten().map(cut).filter(|cut| *cut != 0 && *cut != NEW.len()).collect::<BTreeSet<_>>()
    };
    let pages = cuts(Profile::Reordered);
    assert!(!pages.is_empty() && pages.iter().all(|cut| cut % 4096 == 0), "{pages:?}");
    let sectors = cuts(Profile::Torn);
    assert!(sectors.iter().any(|cut| cut % 4096 != 0), "{sectors:?}");
    assert!(sectors.iter().all(|cut| cut % 512 == 0), "{sectors:?}");
}

/// A length may survive without its bytes, which then read as zeros: the classic.
#[test]
fn a_length_can_survive_without_its_bytes() {
    for profile in [Profile::Reordered, Profile::Torn] {
        let found = outcomes(profile, "a", |_, disk| {
            put(disk, "a", NEW);
            disk.sync_dir("").unwrap();
        });
        assert!(found.contains(&Some(vec![0; NEW.len()])), "{profile:?}");
        assert!(found.contains(&Some(Vec::new())), "{profile:?}: and neither may");
    }
}

/// The durable steps keep their word at every call, under every profile.
#[test]
fn write_durable_survives_every_crash_point() {
    for profile in Profile::ALL {
        at_every_call(
            profile,
            |disk| {
                disk.create_dir_durable("in").unwrap();
                disk.write_durable("in/a", OLD).unwrap();
            },
            |disk| disk.write_durable("in/a", NEW),
            |disk, answered, place| {
                let found = get(disk.as_ref(), "in/a").expect(place);
                assert!(found == NEW || (found == OLD && !answered), "{place}");
                disk.write_durable("in/a", NEW).expect("leftovers do not hinder the next write");
            },
        );
    }
}

/// Folders made durably, and removals, survive every crash point.
#[test]
fn durable_folders_and_removals_survive_every_crash_point() {
    for profile in Profile::ALL {
        at_every_call(
            profile,
            |disk| disk.write_durable("old", OLD).unwrap(),
            |disk| {
                disk.create_dir_durable("2026/11/20/11")?;
                disk.write_durable("2026/11/20/11/a", NEW)?;
                disk.remove_durable("old")
            },
            |disk, answered, place| {
                let (old, new) = (get(disk.as_ref(), "old"), get(disk.as_ref(), "2026/11/20/11/a"));
                assert!(new.is_none() || new.as_deref() == Some(NEW), "{place}");
                assert!(old.is_none() || old.as_deref() == Some(OLD), "{place}");
                assert!(old.is_some() || new.is_some(), "the removal came last: {place}");
                assert!(!answered || (old.is_none() && new.is_some()), "{place}");
            },
        );
    }
}

/// A rename across two folders leaves exactly one name, whichever folder was synced.
#[test]
fn a_rename_leaves_one_name() {
    for profile in Profile::ALL {
        for synced in [None, Some("from"), Some("to")] {
            for seed in 0..SEEDS {
                let machine = Machine::new(profile, seed);
                let disk = machine.disk("data").unwrap();
                disk.create_dir_durable("from").unwrap();
                disk.create_dir_durable("to").unwrap();
                disk.write_durable("from/a", NEW).unwrap();
                disk.publish("from/a", "from/b").unwrap();
                disk.publish("from/b", "to/c").unwrap();
                if let Some(folder) = synced {
                    disk.sync_dir(folder).unwrap();
                }
                disk.publish("to/c", "to/d").unwrap();
                machine.reboot();
                let disk = machine.disk("data").unwrap();
                let found: Vec<&str> = ["from/a", "from/b", "to/c", "to/d"]
                    .into_iter()
                    .filter(|path| get(disk.as_ref(), path).as_deref() == Some(NEW))
                    .collect();
                assert_eq!(found.len(), 1, "{profile:?}, seed {seed}: {found:?}");
                assert!(synced.is_none() || found[0].starts_with("to/"), "{profile:?}, seed {seed}");
            }
        }
    }
}

/// What `sync_all` covers survives whole; what came after it may not.
#[test]
fn sync_all_covers_everything_before_it() {
    for profile in Profile::ALL {
        let found = outcomes(profile, "deep/er/a", |_, disk| {
            disk.create_dir("deep/er").unwrap();
            put(disk, "deep/er/b", NEW);
            disk.publish("deep/er/b", "deep/er/a").unwrap();
            disk.sync_all().unwrap();
        });
        assert_eq!(found, BTreeSet::from([Some(NEW.to_vec())]), "{profile:?}");
    }
}

/// In the ordered profile nothing survives that came after something lost.
#[test]
fn ordered_keeps_a_prefix() {
    for seed in 0..SEEDS {
        let machine = Machine::new(Profile::Ordered, seed);
        let disk = machine.disk("data").unwrap();
        for number in 0..20 {
            put(&disk, &number.to_string(), NEW);
        }
        machine.reboot();
        let disk = machine.disk("data").unwrap();
        let whole = |number: &usize| get(disk.as_ref(), &number.to_string()).as_deref() == Some(NEW);
        let first_lost = (0..20).find(|number| !whole(number)).unwrap_or(20);
        assert!((first_lost + 1..20).all(|number| !disk.exists(&number.to_string()).unwrap()), "seed {seed}");
    }
}

/// The same seed and calls leave the same: a failure that a test prints can be seen again.
#[test]
fn a_seed_repeats_itself() {
    for profile in Profile::ALL {
        let run = |seed| {
            let machine = Machine::new(profile, seed);
            let disk = machine.disk("data").unwrap();
            for number in 0..20 {
                put(&disk, &number.to_string(), NEW);
            }
            machine.reboot();
            let disk = machine.disk("data").unwrap();
            (0..20).map(|number| get(disk.as_ref(), &number.to_string())).collect::<Vec<_>>()
        };
        assert_eq!(run(3), run(3), "{profile:?}");
    }
}

/// After the power is off nothing answers, and after a restart old handles stay dead.
#[test]
fn handles_die_with_the_power() {
    let machine = Machine::new(Profile::Ordered, 1);
    let disk = machine.disk("data").unwrap();
    let file = disk.create("a").unwrap();
    file.sync().unwrap();
    disk.sync_dir("").unwrap();
    let lock = disk.lock("lock", "first").unwrap();
    machine.crash_at(machine.calls() + 1);
    assert_eq!(file.write_at(b"x", 0).unwrap_err().kind(), ErrorKind::Other);
    assert!(machine.is_off());
    assert_eq!(disk.open("a").err().unwrap().to_string(), "power is off");
    assert!(file.read_at(&mut [0], 0).is_err() && machine.disk("data").is_err());
    machine.reboot();
    assert!(file.len().is_err() && disk.read_dir("").is_err() && disk.sync_all().is_err());
    let disk = machine.disk("data").unwrap();
    let again = disk.lock("lock", "second").expect("the power cut freed the lock");
    drop(lock);
    assert_eq!(disk.lock("lock", "third").err().unwrap().to_string(), "second");
    drop(again);
}

/// A killed process loses nothing that it wrote, but its locks and handles.
#[test]
fn a_killed_process_loses_no_bytes() {
    let machine = Machine::new(Profile::LostEntries, 1);
    let disk = machine.disk("data").unwrap();
    put(&disk, "a", NEW);
    let _lock = disk.lock("lock", "first").unwrap();
    machine.kill_processes();
    assert!(disk.read_dir("").is_err());
    let disk = machine.disk("data").unwrap();
    assert_eq!(get(disk.as_ref(), "a").as_deref(), Some(NEW));
    disk.lock("lock", "second").unwrap();
}

/// A fork shares nothing with the machine it came from but its past.
#[test]
fn a_fork_goes_its_own_way() {
    let machine = Machine::new(Profile::Ordered, 1);
    let disk = machine.disk("data").unwrap();
    disk.write_durable("a", OLD).unwrap();
    let fork = machine.fork(Profile::LostEntries, 2);
    assert_eq!(fork.calls(), 0);
    disk.open_to_write("a").unwrap().write_at(NEW, 0).unwrap();
    let forked = fork.disk("data").unwrap();
    assert_eq!(get(forked.as_ref(), "a").as_deref(), Some(OLD));
    forked.remove_durable("a").unwrap();
    assert!(disk.exists("a").unwrap());
}

/// The call that is told to fails, once, and only it.
#[test]
fn the_nth_call_fails_once() {
    for (fault, kind) in [(Fault::NoSpace, ErrorKind::StorageFull), (Fault::Io, io_error_kind())] {
        let machine = Machine::new(Profile::Ordered, 1);
        let disk = machine.disk("data").unwrap();
        machine.fail_at(machine.calls() + 2, fault);
        let file = disk.create("a").unwrap();
        assert_eq!(file.write_at(NEW, 0).unwrap_err().kind(), kind);
        file.write_at(NEW, 0).unwrap();
        assert_eq!(get(disk.as_ref(), "a").as_deref(), Some(NEW));
    }
}

fn io_error_kind() -> ErrorKind {
    std::io::Error::from(rustix::io::Errno::IO).kind()
}

/// After a failed sync the bytes read well and are lost: a later sync succeeds and saves nothing.
#[test]
fn a_failed_sync_loses_the_bytes() {
    for profile in Profile::ALL {
        let found = outcomes(profile, "a", |machine, disk| {
            put(disk, "a", NEW);
            disk.sync_dir("").unwrap();
            machine.fail_at(machine.calls() + 1, Fault::Io);
            let file = disk.open("a").unwrap();
            assert_eq!(file.sync().unwrap_err().raw_os_error(), Some(5));
            file.sync().expect("the pages count as clean");
            disk.sync_all().unwrap();
            assert_eq!(get(disk.as_ref(), "a").as_deref(), Some(NEW), "what is cached still reads well");
        });
        assert_eq!(found, BTreeSet::from([Some(Vec::new()), Some(vec![0; NEW.len()])]), "{profile:?}");
    }
}

/// A full disk refuses growth and nothing else; room comes back when the last handle goes.
#[test]
fn a_full_disk_refuses_growth_only() {
    let machine = Machine::new(Profile::Ordered, 1);
    let disk = machine.disk("data").unwrap();
    machine.set_capacity(Capacity { bytes: Some(20 * 4096), inodes: None });
    put(&disk, "a", &[1; 10 * 4096]);
    let free = disk.space().unwrap().free_bytes;
    let b = disk.create("b").unwrap();
    assert_eq!(b.write_at(&[2; 10 * 4096], 0).unwrap_err().kind(), ErrorKind::StorageFull);
    assert_eq!(disk.space().unwrap().free_bytes, 0);
    assert_eq!(disk.create("c").err().unwrap().kind(), ErrorKind::StorageFull);
    disk.open_to_write("a").unwrap().write_at(&[3; 4096], 0).expect("in place needs no room");
    assert_eq!(disk.read_whole("a", 1 << 20).unwrap().len(), 10 * 4096);
    disk.remove("b").unwrap();
    assert_eq!(disk.space().unwrap().free_bytes, 0, "an open file keeps its room");
    drop(b);
    assert_eq!(disk.space().unwrap().free_bytes, free);
    disk.create("c").unwrap().write_at(&[4; 4096], 0).unwrap();
    disk.open_to_write("a").unwrap().set_len(4096).unwrap();
    assert_eq!(disk.space().unwrap().free_bytes, free + 9 * 4096 - 2 * 4096);
}

/// Inodes run out like blocks do.
#[test]
fn inodes_run_out() {
    let machine = Machine::new(Profile::Ordered, 1);
    let disk = machine.disk("data").unwrap();
    machine.set_capacity(Capacity { bytes: None, inodes: Some(4) });
    put(&disk, "a", b"");
    assert_eq!(disk.space().unwrap().free_inodes, 1);
    disk.create_dir("b").unwrap();
    assert_eq!(disk.create("c").err().unwrap().kind(), ErrorKind::StorageFull);
    assert_eq!(disk.create_dir("c").unwrap_err().kind(), ErrorKind::StorageFull);
    disk.remove("a").unwrap();
    put(&disk, "c", b"");
}

/// Several roots are folders of one machine: what one writes another sees, beneath its own root.
#[test]
fn roots_share_the_machine() {
    let machine = Machine::new(Profile::Ordered, 1);
    let data = machine.disk("/data").unwrap();
    let element = machine.disk("data/elements/edit-01").unwrap();
    put(&element, "a", NEW);
    assert_eq!(get(data.as_ref(), "elements/edit-01/a").as_deref(), Some(NEW));
    assert_eq!(data.file_system_id().unwrap(), element.file_system_id().unwrap());
    assert!(element.open("../../lock").is_err());
    assert_eq!(machine.open_disk("data/missing").err().unwrap().kind(), ErrorKind::NotFound);
    machine.reboot();
    machine.open_disk("data/elements/edit-01").expect("roots are durable");
}

/// A file that goes to a new folder is never without a name, whatever is synced.
#[test]
fn a_rename_into_a_new_folder_loses_nothing() {
    for profile in Profile::ALL {
        for synced in [None, Some(""), Some("from"), Some("new"), Some("new/er")] {
            for seed in 0..SEEDS {
                let machine = Machine::new(profile, seed);
                let disk = machine.disk("data").unwrap();
                disk.create_dir_durable("from").unwrap();
                disk.write_durable("from/a", NEW).unwrap();
                disk.create_dir("new/er").unwrap();
                disk.publish("from/a", "new/er/a").unwrap();
                synced.iter().for_each(|folder| disk.sync_dir(folder).unwrap());
                machine.reboot();
                let disk = machine.disk("data").unwrap();
                let found = ["from/a", "new/er/a"].map(|path| get(disk.as_ref(), path).is_some());
                let place = format!("{profile:?}, seed {seed}, {synced:?} synced: {found:?}");
                assert!(found == [true, false] || found == [false, true], "{place}");
            }
        }
    }
}
