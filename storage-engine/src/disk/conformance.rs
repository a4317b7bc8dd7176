//! What every disk does alike: one suite, run over the real disk and the simulated one.

use std::io::ErrorKind;
use std::sync::Arc;

use super::simulated::{Machine, Profile};
use super::{DirEntry, Disk, EntryKind, RealDisk, SharedDisk};

type Case = (&'static str, fn(&dyn Disk));

const SUITE: &[Case] = &[
    ("a name is created once", create_is_exclusive),
    ("publishing refuses a taken name and keeps both files", publish_refuses_a_taken_name),
    ("replacing takes a name over", replace_takes_over),
    ("renames and removals of what is not there say so", missing_names_are_not_found),
    ("bytes are read where they were written, holes as zeros", bytes_lie_where_written),
    ("bytes are copied between files, or the disk says that it cannot", copy_range_copies),
    ("a file is cut and extended with zeros", set_len_cuts_and_extends),
    ("letting go of what is cached changes no byte", forget_cached_changes_nothing),
    ("an open file outlives its name", removed_file_stays_readable),
    ("a file opened for reading is not written", read_handles_do_not_write),
    ("what is read at once is what is there, or the disk says that it cannot", at_once_is_the_same),
    ("a folder that went and came again under its name is a new one", folders_come_again),
    ("a folder shows its entries and their kinds", read_dir_shows_kinds),
    ("folders are created with those above them", create_dir_is_nested),
    ("a folder is not created over a file", create_dir_refuses_a_file),
    ("a folder is removed only when empty", remove_dir_refuses_content),
    ("files and folders are told apart", kinds_are_told_apart),
    ("folders are renamed with what they hold", folders_are_renamed),
    ("no path leads out of the root", no_path_leaves_the_root),
    ("a name has at most 255 bytes and no NUL", names_are_bounded),
    ("a lock has one holder, who is named", lock_has_one_holder),
    ("a durable write replaces the whole file", write_durable_replaces),
    ("a durable write passes over leftovers", write_durable_passes_leftovers),
    ("removing durably what is gone is no error", remove_durable_repeats),
    ("reading whole is bounded", read_whole_is_bounded),
    ("durable folders are created and synced", create_dir_durable_is_nested),
    ("syncs and room are answered", syncs_and_space_answer),
];

fn run(disk_of: impl Fn(&str) -> SharedDisk) {
    for (number, (claim, case)) in SUITE.iter().enumerate() {
        println!("{claim}");
        case(disk_of(&format!("case-{number}")).as_ref());
    }
}

#[test]
fn the_real_disk_conforms() {
    let folder = tempfile::tempdir().unwrap();
    run(|case| Arc::new(RealDisk::create_root(&folder.path().join(case)).unwrap()));
}

#[test]
fn the_simulated_disk_conforms() {
    for profile in Profile::ALL {
        let machine = Machine::new(profile, 1);
        run(|case| machine.disk(case).unwrap());
    }
}

/// Writes a file without syncing it.
fn put(disk: &dyn Disk, path: &str, bytes: &[u8]) {
    disk.create(path).unwrap().write_at(bytes, 0).unwrap();
}

fn get(disk: &dyn Disk, path: &str) -> Vec<u8> {
    disk.read_whole(path, 1 << 20).unwrap()
}

fn names(disk: &dyn Disk, path: &str) -> Vec<String> {
    let mut names: Vec<String> = disk.read_dir(path).unwrap().into_iter().map(|entry| entry.name).collect();
    names.sort();
    names
}

/// The kind of error that `result` is.
fn refusal<T>(result: std::io::Result<T>) -> ErrorKind {
    result.err().expect("must be refused").kind()
}

fn create_is_exclusive(disk: &dyn Disk) {
    put(disk, "a", b"first");
    assert_eq!(refusal(disk.create("a")), ErrorKind::AlreadyExists);
    assert_eq!(get(disk, "a"), b"first");
    assert_eq!(refusal(disk.create("missing/a")), ErrorKind::NotFound);
    disk.create_dir("folder").unwrap();
    assert_eq!(refusal(disk.create("folder")), ErrorKind::AlreadyExists);
}

fn publish_refuses_a_taken_name(disk: &dyn Disk) {
    disk.create_dir("to").unwrap();
    put(disk, "a", b"a");
    put(disk, "to/b", b"b");
    assert_eq!(refusal(disk.publish("a", "to/b")), ErrorKind::AlreadyExists);
    assert_eq!((get(disk, "a"), get(disk, "to/b")), (b"a".to_vec(), b"b".to_vec()));
    disk.publish("a", "to/c").unwrap();
    assert_eq!(get(disk, "to/c"), b"a");
    assert_eq!(names(disk, ""), ["to"]);
    assert_eq!(refusal(disk.publish("to/b", "to/b")), ErrorKind::AlreadyExists);
}

fn replace_takes_over(disk: &dyn Disk) {
    put(disk, "a", b"new");
    put(disk, "b", b"old content");
    let old = disk.open("b").unwrap();
    disk.replace("a", "b").unwrap();
    assert_eq!(get(disk, "b"), b"new");
    assert_eq!(names(disk, ""), ["b"]);
    assert_eq!(old.len().unwrap(), 11, "who had the old file open keeps it");
    disk.replace("b", "b").unwrap();
    disk.replace("b", "free").unwrap();
    assert_eq!(get(disk, "free"), b"new");
}

fn missing_names_are_not_found(disk: &dyn Disk) {
    put(disk, "there", b"");
    for result in [
        disk.publish("gone", "x"),
        disk.replace("gone", "there"),
        disk.publish("there", "gone/x"),
        disk.remove("gone"),
        disk.remove("gone/x"),
        disk.remove_dir("gone"),
        disk.sync_dir("gone"),
    ] {
        assert_eq!(refusal(result), ErrorKind::NotFound);
    }
    assert_eq!(refusal(disk.open("gone")), ErrorKind::NotFound);
    assert_eq!(refusal(disk.open_to_write("gone")), ErrorKind::NotFound);
    assert_eq!(refusal(disk.read_dir("gone")), ErrorKind::NotFound);
    assert!(!disk.exists("gone").unwrap() && !disk.exists("gone/x").unwrap());
    assert!(disk.exists("there").unwrap() && disk.exists("").unwrap());
}

fn bytes_lie_where_written(disk: &dyn Disk) {
    let file = disk.create("a").unwrap();
    assert!(file.is_empty().unwrap());
    file.write_at(b"tail", 10_000).unwrap();
    file.write_at(b"head", 4094).unwrap();
    file.write_at(b"", 50_000).unwrap();
    assert_eq!(file.len().unwrap(), 10_004);
    let mut expected = vec![0; 10_004];
    expected[4094..4098].copy_from_slice(b"head");
    expected[10_000..].copy_from_slice(b"tail");
    assert_eq!(get(disk, "a"), expected);
    let mut buffer = [7; 8];
    assert_eq!(file.read_at(&mut buffer, 10_002).unwrap(), 2, "only to the end");
    assert_eq!(&buffer[..2], b"il");
    assert_eq!(file.read_at(&mut buffer, 10_004).unwrap(), 0);
    assert_eq!(file.read_at(&mut buffer, 1 << 40).unwrap(), 0);
    file.write_at(b"HE", 4094).unwrap();
    let again = disk.open_to_write("a").unwrap();
    again.write_at(b"AD", 4096).unwrap();
    assert_eq!(file.read_at(&mut buffer[..4], 4094).unwrap(), 4);
    assert_eq!(&buffer[..4], b"HEAD");
}

fn copy_range_copies(disk: &dyn Disk) {
    let bytes: Vec<u8> = (0..20_000_u32).map(|at| (at * 7 % 251) as u8).collect();
    put(disk, "from", &bytes);
    put(disk, "to", &[9; 300]);
    let (from, to) = (disk.open("from").unwrap(), disk.open_to_write("to").unwrap());
    let mut expected = vec![9; 100];
    // Over a page's edge, beyond the end of the target, and not aligned to anything.
    if to.copy_range(&*from, 4000, 10_001, 100).unwrap() {
        expected.extend(&bytes[4000..14_001]);
        assert_eq!(get(disk, "to"), expected);
        assert!(to.copy_range(&*from, 0, 100, 0).unwrap());
        expected[..100].copy_from_slice(&bytes[..100]);
        assert_eq!(get(disk, "to"), expected);
    }
    assert!(!to.copy_range(&*from, 19_999, 2, 0).unwrap(), "the source has not that many bytes");
    assert!(from.copy_range(&*to, 0, 1, 0).is_err(), "a file opened for reading is not written");
    assert_eq!(get(disk, "from"), bytes);
}

fn set_len_cuts_and_extends(disk: &dyn Disk) {
    let file = disk.create("a").unwrap();
    file.write_at(&[1; 9000], 0).unwrap();
    file.set_len(5000).unwrap();
    file.set_len(10_000).unwrap();
    let mut expected = vec![1; 5000];
    expected.resize(10_000, 0);
    assert_eq!(get(disk, "a"), expected);
    file.set_len(0).unwrap();
    assert!(file.is_empty().unwrap());
}

fn forget_cached_changes_nothing(disk: &dyn Disk) {
    let file = disk.create("file").unwrap();
    file.write_at(&[7; 10_000], 0).unwrap();
    file.forget_cached(0, 0).unwrap();
    assert_eq!(disk.read_whole("file", 10_000).unwrap(), [7; 10_000], "not synced yet");
    file.sync().unwrap();
    file.forget_cached(4096, 4096).unwrap();
    file.forget_cached(1 << 40, 4096).unwrap();
    assert_eq!(disk.read_whole("file", 10_000).unwrap(), [7; 10_000]);
}

fn removed_file_stays_readable(disk: &dyn Disk) {
    put(disk, "a", b"bytes");
    let open = disk.open("a").unwrap();
    disk.remove("a").unwrap();
    disk.sync_dir("").unwrap();
    disk.sync_all().unwrap();
    put(disk, "a", b"other");
    let mut buffer = [0; 5];
    assert_eq!(open.read_at(&mut buffer, 0).unwrap(), 5);
    assert_eq!(&buffer, b"bytes");
}

fn read_handles_do_not_write(disk: &dyn Disk) {
    put(disk, "a", b"bytes");
    let open = disk.open("a").unwrap();
    assert!(open.write_at(b"x", 0).is_err() && open.set_len(0).is_err());
    assert_eq!(get(disk, "a"), b"bytes");
}

fn at_once_is_the_same(disk: &dyn Disk) {
    disk.create_dir("folder").unwrap();
    put(disk, "folder/a", b"bytes");
    let open = match disk.open_at_once("folder/a") {
        Err(error) => return assert_eq!(error.kind(), ErrorKind::WouldBlock),
        Ok(open) => open,
    };
    let mut buffer = [0; 8];
    match open.read_at_once(&mut buffer, 1) {
        Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
        Ok(count) => assert_eq!(&buffer[..count], &b"ytes"[..count]),
    }
    assert!(disk.open_at_once("folder/none").is_err() && disk.open_at_once("folder").is_err());
    assert!(disk.open_at_once("../x").is_err() && disk.open_at_once("/etc/passwd").is_err());
}

fn folders_come_again(disk: &dyn Disk) {
    disk.create_dir("a/b").unwrap();
    put(disk, "a/b/one", b"1");
    disk.remove("a/b/one").unwrap();
    disk.remove_dir("a/b").unwrap();
    assert_eq!(refusal(disk.create("a/b/two").map(drop)), ErrorKind::NotFound);
    disk.create_dir("a/b").unwrap();
    put(disk, "a/b/two", b"2");
    assert_eq!(names(disk, "a/b"), ["two"]);
    disk.publish("a", "c").unwrap();
    assert_eq!(refusal(disk.create("a/b/three").map(drop)), ErrorKind::NotFound, "a is named c now");
    assert_eq!(refusal(disk.remove("a/b/two")), ErrorKind::NotFound);
    disk.create_dir("a/b").unwrap();
    put(disk, "a/b/three", b"3");
    assert_eq!((names(disk, "a/b"), names(disk, "c/b")), (vec!["three".into()], vec!["two".into()]));
}

fn read_dir_shows_kinds(disk: &dyn Disk) {
    disk.create_dir("folder/inner").unwrap();
    put(disk, "folder/.hidden", b"");
    put(disk, "folder/имя.txt", b"");
    let mut entries = disk.read_dir("folder").unwrap();
    entries.sort();
    let entry = |name: &str, kind| DirEntry { name: name.to_owned(), kind };
    let expected = [
        entry(".hidden", EntryKind::File),
        entry("inner", EntryKind::Dir),
        entry("имя.txt", EntryKind::File),
    ];
    assert_eq!(entries, expected);
    assert_eq!(names(disk, ""), ["folder"]);
    assert_eq!(refusal(disk.read_dir("folder/.hidden")), ErrorKind::NotADirectory);
}

fn create_dir_is_nested(disk: &dyn Disk) {
    disk.create_dir("2026/11/20/11").unwrap();
    disk.create_dir("2026/11/20/12").unwrap();
    disk.create_dir("2026/11/20/12").unwrap();
    disk.create_dir("").unwrap();
    assert_eq!(names(disk, "2026/11/20"), ["11", "12"]);
}

fn create_dir_refuses_a_file(disk: &dyn Disk) {
    put(disk, "a", b"");
    assert_eq!(refusal(disk.create_dir("a")), ErrorKind::NotADirectory);
    assert_eq!(refusal(disk.create_dir("a/b")), ErrorKind::NotADirectory);
}

fn remove_dir_refuses_content(disk: &dyn Disk) {
    disk.create_dir("a/b").unwrap();
    assert_eq!(refusal(disk.remove_dir("a")), ErrorKind::DirectoryNotEmpty);
    disk.remove_dir("a/b").unwrap();
    disk.remove_dir("a").unwrap();
    assert!(names(disk, "").is_empty());
}

fn kinds_are_told_apart(disk: &dyn Disk) {
    disk.create_dir("folder").unwrap();
    put(disk, "file", b"");
    assert_eq!(refusal(disk.open("folder")), ErrorKind::IsADirectory);
    assert_eq!(refusal(disk.open_to_write("folder")), ErrorKind::IsADirectory);
    assert_eq!(refusal(disk.remove("folder")), ErrorKind::IsADirectory);
    assert_eq!(refusal(disk.replace("file", "folder")), ErrorKind::IsADirectory);
    assert_eq!(refusal(disk.replace("folder", "file")), ErrorKind::NotADirectory);
    assert_eq!(refusal(disk.remove_dir("file")), ErrorKind::NotADirectory);
    assert_eq!(refusal(disk.sync_dir("file")), ErrorKind::NotADirectory);
    assert_eq!(refusal(disk.open("file/x")), ErrorKind::NotADirectory);
    assert_eq!(refusal(disk.create("file/x")), ErrorKind::NotADirectory);
}

fn folders_are_renamed(disk: &dyn Disk) {
    disk.create_dir("a/b").unwrap();
    put(disk, "a/b/file", b"x");
    assert_eq!(refusal(disk.publish("a", "a/b/c")), ErrorKind::InvalidInput);
    disk.publish("a/b", "c").unwrap();
    assert_eq!(get(disk, "c/file"), b"x");
    assert!(names(disk, "a").is_empty());
    disk.create_dir("full/x").unwrap();
    // POSIX allows either: ext4 answers the first, XFS the second.
    let taken = [ErrorKind::DirectoryNotEmpty, ErrorKind::AlreadyExists];
    assert!(taken.contains(&refusal(disk.replace("c", "full"))));
    disk.replace("c", "a").unwrap();
    assert_eq!(get(disk, "a/file"), b"x");
}

fn no_path_leaves_the_root(disk: &dyn Disk) {
    disk.create_dir("in").unwrap();
    put(disk, "file", b"");
    for path in ["..", "../x", "in/../../x", "in/../..", "/", "/etc/passwd", "/tmp"] {
        assert!(disk.create(path).is_err(), "create {path}");
        assert!(disk.open(path).is_err(), "open {path}");
        assert!(disk.open_to_write(path).is_err(), "open to write {path}");
        assert!(disk.create_dir(path).is_err(), "create folder {path}");
        assert!(disk.read_dir(path).is_err(), "read folder {path}");
        assert!(disk.sync_dir(path).is_err(), "sync folder {path}");
        assert!(disk.remove(path).is_err(), "remove {path}");
        assert!(disk.remove_dir(path).is_err(), "remove folder {path}");
        assert!(disk.publish("file", path).is_err(), "publish to {path}");
        assert!(disk.replace("file", path).is_err(), "replace {path}");
        assert!(disk.publish(path, "taken").is_err(), "publish {path}");
        assert!(disk.lock(path, "me").is_err(), "lock {path}");
    }
    assert_eq!(names(disk, ""), ["file", "in"]);
}

fn names_are_bounded(disk: &dyn Disk) {
    let longest = "я".repeat(127) + "x";
    put(disk, &longest, b"");
    assert_eq!(names(disk, ""), [longest.as_str()]);
    let too_long = "я".repeat(128);
    assert_eq!(refusal(disk.create(&too_long)), ErrorKind::InvalidFilename);
    assert_eq!(refusal(disk.publish(&longest, &too_long)), ErrorKind::InvalidFilename);
    assert_eq!(refusal(disk.create_dir(&too_long)), ErrorKind::InvalidFilename);
    assert_eq!(refusal(disk.create("nul\0")), ErrorKind::InvalidInput);
}

fn lock_has_one_holder(disk: &dyn Disk) {
    let lock = disk.lock("lock", "process 17 on host").unwrap();
    let refused = disk.lock("lock", "another").err().expect("must be refused");
    assert_eq!(refused.kind(), ErrorKind::WouldBlock);
    assert_eq!(refused.to_string(), "process 17 on host");
    drop(lock);
    let _lock = disk.lock("lock", "short").unwrap();
    assert_eq!(get(disk, "lock"), b"short", "nothing of the longer text is left");
}

fn write_durable_replaces(disk: &dyn Disk) {
    disk.create_dir("in").unwrap();
    for bytes in [&b"longer at first"[..], b"short", b""] {
        disk.write_durable("in/document", bytes).unwrap();
        assert_eq!(get(disk, "in/document"), bytes);
        assert_eq!(names(disk, "in"), ["document"]);
    }
}

fn write_durable_passes_leftovers(disk: &dyn Disk) {
    put(disk, "document.partial", b"what an earlier process had begun");
    disk.write_durable("document", b"whole").unwrap();
    assert_eq!(get(disk, "document"), b"whole");
    assert_eq!(names(disk, ""), ["document"]);
}

fn remove_durable_repeats(disk: &dyn Disk) {
    put(disk, "a", b"");
    disk.remove_durable("a").unwrap();
    disk.remove_durable("a").unwrap();
    assert!(!disk.exists("a").unwrap());
}

fn read_whole_is_bounded(disk: &dyn Disk) {
    let bytes: Vec<u8> = (0..20_000u32).map(|at| at as u8).collect();
    put(disk, "a", &bytes);
    assert_eq!(disk.read_whole("a", 20_000).unwrap(), bytes);
    assert_eq!(disk.read_whole("a", 1 << 30).unwrap(), bytes);
    assert_eq!(refusal(disk.read_whole("a", 19_999)), ErrorKind::FileTooLarge);
    assert_eq!(refusal(disk.read_whole("a", 0)), ErrorKind::FileTooLarge);
    put(disk, "empty", b"");
    assert_eq!(disk.read_whole("empty", 0).unwrap(), b"");
}

fn create_dir_durable_is_nested(disk: &dyn Disk) {
    disk.create_dir_durable("2026/11/20/11").unwrap();
    disk.create_dir_durable("2026/11/20/11").unwrap();
    assert_eq!(names(disk, "2026/11/20"), ["11"]);
}

fn syncs_and_space_answer(disk: &dyn Disk) {
    disk.create_dir("in").unwrap();
    put(disk, "in/a", b"bytes");
    disk.open("in/a").unwrap().sync().unwrap();
    disk.sync_dir("in").unwrap();
    disk.sync_dir("").unwrap();
    disk.sync_all().unwrap();
    let space = disk.space().unwrap();
    assert!(space.free_bytes > 0 && space.free_inodes > 0);
    assert_eq!(disk.file_system_id().unwrap(), disk.file_system_id().unwrap());
}

/// A symbolic link is never followed, wherever it stands in a path.
#[test]
fn symbolic_links_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let outside = RealDisk::create_root(&folder.path().join("outside")).unwrap();
    put(&outside, "secret", b"secret");
    let disk = RealDisk::create_root(&folder.path().join("root")).unwrap();
    put(&disk, "inside", b"inside");
    let link = |target: &str, name: &str| {
        std::os::unix::fs::symlink(target, folder.path().join("root").join(name)).unwrap();
    };
    link("../outside", "folder");
    link("../outside/secret", "file");
    link("inside", "inner");
    link("../outside/new", "dangling");
    for path in ["folder/secret", "file", "inner", "dangling"] {
        assert!(disk.open(path).is_err(), "open {path}");
        assert!(disk.open_to_write(path).is_err(), "open to write {path}");
        assert!(disk.lock(path, "me").is_err(), "lock {path}");
        assert!(disk.create(path).is_err(), "create {path}");
    }
    assert!(disk.create("folder/new").is_err());
    assert!(disk.create_dir("folder/new").is_err());
    assert!(disk.create_dir("folder").is_err(), "a link is not a folder");
    assert!(disk.read_dir("folder").is_err());
    assert!(disk.sync_dir("folder").is_err());
    assert!(disk.publish("inside", "folder/new").is_err());
    assert!(disk.replace("folder/secret", "taken").is_err());
    assert!(disk.remove("folder/secret").is_err());
    assert_eq!(names(&outside, ""), ["secret"]);
    assert_eq!(get(&outside, "secret"), b"secret");
    let kinds = disk.read_dir("").unwrap();
    assert_eq!(kinds.iter().filter(|entry| entry.kind == EntryKind::Other).count(), 4);
    disk.remove("file").unwrap();
    assert_eq!(get(&outside, "secret"), b"secret", "the link went, not what it led to");
}

/// A FIFO that somebody put into the tree is refused at once: opening it must not wait for a writer.
#[test]
fn a_fifo_does_not_hang() {
    let folder = tempfile::tempdir().unwrap();
    let disk = RealDisk::open(folder.path()).unwrap();
    let fifo = folder.path().join("fifo");
    rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    assert_eq!(refusal(disk.open("fifo")), ErrorKind::InvalidInput);
    assert_eq!(refusal(disk.open_to_write("fifo")), ErrorKind::InvalidInput);
    assert_eq!(disk.read_dir("").unwrap()[0].kind, EntryKind::Other);
}
