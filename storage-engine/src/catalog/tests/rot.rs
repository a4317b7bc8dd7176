//! Bytes of the catalog's file that change by themselves.

use super::{ARCHIVE, entry, machine, open, page, put};
use crate::ErrorKind;
use crate::catalog::entry::EntryKind;
use crate::catalog::store::Catalog;
use crate::disk::SharedDisk;
use crate::disk::simulated::{Machine, Profile};
use crate::name::{ObjectKey, VersionId};

const FILE: &str = "catalog/catalog.redb";
const BLOCK: u64 = 4096;
const KEYS: u64 = 1200;
const SEED: u64 = 0x5eed;

/// A catalog of many keys at checkpoint 1, closed; its bytes and the keys.
fn filled(disk: &SharedDisk) -> (Vec<u8>, Vec<String>) {
    let catalog = open(disk, 0);
    let keys: Vec<String> = (0..KEYS).map(|number| format!("folder-{}/{number:05}", number % 7)).collect();
    let mut rows = Vec::new();
    for (seq, key) in (1..).zip(&keys) {
        let version = VersionId::Unique { seq, nonce: 1 };
        rows.push((super::bucket(), ObjectKey::parse(key).unwrap(), entry(seq, EntryKind::Object, version)));
    }
    catalog.load(&mut rows).unwrap();
    catalog.persist(1, KEYS, &[]).unwrap();
    drop(catalog);
    let mut keys = keys;
    keys.sort_unstable();
    (disk.read_whole(FILE, 64 << 20).unwrap(), keys)
}

fn flip(disk: &SharedDisk, bytes: &[u8], at: u64, bit: u32) {
    let byte = bytes[usize::try_from(at).unwrap()] ^ (1 << bit);
    disk.open_to_write(FILE).unwrap().write_at(&[byte], at).unwrap();
}

/// The next number of a sequence (splitmix64), below `bound`.
fn draw(state: &mut u64, bound: u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb) % bound
}

/// Every key as listings show them, or why they cannot be.
fn all(catalog: &Catalog) -> crate::Result<Vec<String>> {
    let mut found = Vec::new();
    let mut after = Vec::new();
    loop {
        let rows = catalog.versions_after(&after, 100)?;
        let Some(last) = rows.last() else { return Ok(found) };
        after = last.row.clone();
        found.extend(rows.into_iter().map(|row| row.key.as_str().to_owned()));
    }
}

/// With one bit changed anywhere in its file a catalog shows what it showed before, refuses, or is made anew;
/// it never shows less or something else.
#[test]
fn a_changed_bit_is_never_an_answer() {
    let (machine, disk) = machine();
    let (bytes, keys) = filled(&disk);
    let mut state = SEED;
    let (mut noticed, blocks) = (0, bytes.len() as u64 / BLOCK);
    for block in 0..blocks {
        let fork = machine.fork(Profile::Ordered, 1);
        let disk = fork.disk("data").unwrap();
        // The header's bytes are at the front of its block, and most of the others are filled from there.
        let at = block * BLOCK + draw(&mut state, if block == 0 { 512 } else { BLOCK });
        flip(&disk, &bytes, at, u32::try_from(draw(&mut state, 8)).unwrap());
        let catalog = Catalog::open(&*disk, ARCHIVE, 1).unwrap();
        if catalog.versions_count().is_ok_and(|count| count == 0) {
            noticed += 1;
            continue;
        }
        match all(&catalog) {
            Ok(found) => assert_eq!(found, keys, "seed {SEED}, byte {at}"),
            Err(error) => {
                assert!(matches!(error.kind(), ErrorKind::Corrupt | ErrorKind::Unavailable), "{error}");
                noticed += 1;
                let key = ObjectKey::parse(&keys[0]).unwrap();
                // What is in memory is right.
                match catalog.newest(&super::bucket(), &key) {
                    Ok(found) => assert_eq!(found.unwrap().etag.len(), 32, "byte {at}"),
                    Err(error) => assert_eq!(error.kind(), ErrorKind::Unavailable, "byte {at}"),
                }
                assert!(!catalog.is_usable());
                drop(catalog);
                assert_eq!(open(&disk, 1).versions_count().unwrap(), 0, "the next start makes it anew: {at}");
            }
        }
    }
    assert!(noticed * 4 > blocks, "{noticed} of {blocks} changes were noticed: the others hit free blocks");
}

/// A block that changes while the catalog is open, and in memory, is found on the disk, and the catalog is
/// made anew at the next start; a catalog whose file is whole is not.
#[test]
fn a_running_catalog_is_checked_as_it_lies_on_disk() {
    let (_machine, disk) = machine();
    let (_, keys) = filled(&disk);
    let verify = |catalog: &Catalog| {
        let (mut next, mut damaged) = (Some(0), Vec::new());
        while let Some(first) = next {
            let (behind, found) = catalog.verify_blocks(first, 16).unwrap();
            damaged.extend(found);
            next = behind;
        }
        damaged
    };
    let catalog = open(&disk, 1);
    assert_eq!(all(&catalog).unwrap(), keys);
    catalog.read_other_tables().unwrap();
    assert_eq!(verify(&catalog), [0; 0]);
    let bytes = disk.read_whole(FILE, 64 << 20).unwrap();
    let leaf = bytes.windows(keys[600].len()).position(|at| at == keys[600].as_bytes()).unwrap() as u64;
    flip(&disk, &bytes, leaf, 3);
    // Block 1 on disk holds the digests.
    assert_eq!(verify(&catalog), [leaf / BLOCK - 1]);
    assert_eq!(all(&catalog).unwrap(), keys, "what is in memory is right, and goes on being served");
    catalog.mark_damaged();
    catalog.apply(&[put("later", KEYS + 1, EntryKind::Object)]).unwrap();
    catalog.persist(2, KEYS + 1, &[]).unwrap();
    drop(catalog);
    assert_eq!(page(&open(&disk, 2), "", None, None, 10).0, [""; 0], "made anew");
}

/// Blocks that a power cut left behind the last checkpoint are no damage.
#[test]
fn what_a_power_cut_leaves_is_no_damage() {
    let mut made_anew = 0;
    for seed in 0..20 {
        let machine = Machine::new(Profile::Torn, seed);
        let disk = machine.disk("data").unwrap();
        let (_, keys) = filled(&disk);
        let catalog = open(&disk, 1);
        for seq in KEYS + 1..KEYS + 300 {
            catalog.apply(&[put(&format!("behind/{seq}"), seq, EntryKind::Object)]).unwrap();
        }
        let calls = machine.calls();
        machine.crash_at(calls + 1 + seed * 3);
        catalog.persist(2, KEYS, &[]).ok();
        // Nobody closes it.
        std::mem::forget(catalog);
        machine.reboot();
        let disk = machine.disk("data").unwrap();
        // A cut within the write of the header may leave a part of a sector: then it is made anew.
        if let Err(error) = Catalog::open_unwritten(&*disk, ARCHIVE, 1) {
            assert!(crate::fsck::told(&error).contains("its header is damaged"), "seed {seed}: {error:?}");
            made_anew += 1;
            continue;
        }
        let catalog = open(&disk, 1);
        let found = all(&catalog).unwrap();
        assert!(found.len() >= keys.len(), "seed {seed}: at this checkpoint or the next");
        catalog.read_other_tables().unwrap();
        let (mut next, mut damaged) = (Some(0), Vec::new());
        while let Some(first) = next {
            let (behind, bad) = catalog.verify_blocks(first, 64).unwrap();
            damaged.extend(bad);
            next = behind;
        }
        assert_eq!(damaged, [0; 0], "seed {seed}");
    }
    assert!(made_anew <= 2, "{made_anew} of 20 cuts tore the header");
}
