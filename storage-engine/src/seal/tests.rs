//! Claims about seals: their lines, their chain, and which hours need one.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proptest::prelude::*;
use uuid::Uuid;

use super::chain::{CHAIN_PATH, Chain};
use super::hour::Hour;
use super::line::Line;
use super::lines::{LineReader, LineWriter, Read};
use super::moved::{Moved, MovedLines};
use super::names::{self, Names};
use super::seal_file::{Link, SealFile, SealName};
use super::unsealed::Unsealed;
use crate::disk::SharedDisk;
use crate::disk::simulated::{Fault, Machine, Profile};
use crate::error::ErrorKind;
use crate::name::{ElementId, StoredPath};

const NOON: &str = "2026/11/20/12";

fn disk() -> SharedDisk {
    Machine::new(Profile::Ordered, 0).disk("element").unwrap()
}

fn hour(folder: &str) -> Hour {
    Hour::parse(folder).unwrap()
}

/// A folder is an hour exactly where the calendar has it; the name comes back, and an hour has 3,600,000 ms.
#[test]
fn an_hour_is_a_folder_of_the_calendar() {
    for folder in ["1970/01/01/00", "2024/02/29/23", NOON, "9999/12/31/23"] {
        assert_eq!(hour(folder).to_string(), folder);
    }
    assert_eq!(hour("1970/01/01/00").end_ms(), 3_600_000);
    assert_eq!(hour("2026/11/20/12").end_ms(), 1_795_179_600_000);
    assert_eq!(hour("2026/12/31/23").next(), hour("2027/01/01/00"));
    for none in [
        "2025/02/29/00",
        "2026/13/01/00",
        "2026/00/01/00",
        "2026/11/20/24",
        "1969/12/31/23",
        "2026/11/20",
        "2026-11-20-12",
    ] {
        assert_eq!(Hour::parse(none), None, "{none}");
    }
}

/// Odd names are written as coreutils 9.1 writes them; what is not of the one form is no line.
#[test]
fn a_line_is_what_sha256sum_writes() {
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    for (path, text) in [
        ("a b", format!("{empty}  a b")),
        ("a\nb", format!("\\{empty}  a\\nb")),
        ("c\\d", format!("\\{empty}  c\\\\d")),
        ("e\rf", format!("\\{empty}  e\\rf")),
    ] {
        let line = Line { digest: super::line::digest_of(empty).unwrap(), path: path.to_owned() };
        assert_eq!(line.to_string(), text);
        assert_eq!(Line::parse(&text), Some(line));
    }
    for wrong in [
        "",
        "x",
        &format!("{empty} a"),
        &format!("{empty}  "),
        &format!("\\{empty}  a"),
        &format!("{}  a", empty.to_uppercase()),
    ] {
        assert_eq!(Line::parse(wrong), None, "{wrong:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Names come in order, each once, whatever fits into memory.
    #[test]
    fn names_are_sorted_in_any_batch(files in prop::collection::btree_set("[a-c.]{1,4}", 0..40), batch in 1_usize..9) {
        let disk = disk();
        disk.create_dir(NOON).unwrap();
        let mut expected = BTreeSet::new();
        for name in files.iter().filter(|name| !name.chars().all(|c| c == '.')) {
            disk.create(&format!("{NOON}/{name}")).unwrap();
            disk.create(&format!("{NOON}/{name}.attr.json")).unwrap();
            expected.insert(name.clone());
        }
        let mut names = Names::in_batches(&*disk, NOON.to_owned(), names::stored, batch);
        let mut found = Vec::new();
        while let Some(name) = names.next().unwrap() {
            found.push(name);
        }
        prop_assert_eq!(found, expected.into_iter().collect::<Vec<_>>());
    }

    /// Every move is found, in any order and whatever fits into memory, though a power cut left some of a line.
    #[test]
    fn moves_are_found_in_any_batch(
        moves in prop::collection::vec((0_u32..40, 0_u32..9), 0..40),
        torn in prop::collection::vec(any::<bool>(), 40),
        asked in prop::collection::vec(0_u32..40, 1..30),
        batch in 1_usize..9,
    ) {
        let disk = disk();
        let place = |number: u32| StoredPath::parse(&format!("{NOON}/{number:02} \"ж\n_")).unwrap();
        let element = ElementId::new(Uuid::from_u128(7));
        let mut known = BTreeMap::new();
        for (at, (from, to)) in moves.iter().enumerate() {
            let moved = Moved { data: place(*from), element, to: place(*to) };
            if torn[at] && at > 0 {
                let file = disk.open_to_write(&format!("seals/{NOON}.moved")).unwrap();
                file.write_at(b"{\"data\":\"2026", file.len().unwrap()).unwrap();
            }
            moved.append(&*disk).unwrap();
            known.insert(*from, moved);
        }
        let mut lines = MovedLines::in_batches(&*disk, NOON, batch);
        for number in asked {
            prop_assert_eq!(lines.find(&place(number)).unwrap(), known.get(&number));
        }
    }

    /// Lines are read as they were written, and the digest is that of the file, over the edges of pieces.
    #[test]
    fn lines_come_back(paths in prop::collection::vec("[a\n\r\\\\ ж]{1,300}", 0..400)) {
        let disk = disk();
        disk.create_dir(".artstore/staging").unwrap();
        let lines: Vec<Line> = paths.into_iter().map(|path| Line { digest: [7; 32], path }).collect();
        let mut writer = LineWriter::create(&*disk, ".artstore/staging/a".to_owned()).unwrap();
        lines.iter().try_for_each(|line| writer.push(line)).unwrap();
        let digest = writer.finish().unwrap();
        writer.publish("lines").unwrap();
        let mut reader = LineReader::open(&*disk, "lines").unwrap();
        let mut found = Vec::new();
        while let Some(read) = reader.next().unwrap() {
            match read {
                Read::Line(line) => found.push(line),
                Read::Malformed => panic!("a line that was written is malformed"),
            }
        }
        prop_assert_eq!(digest, (!lines.is_empty()).then_some(reader.digest()));
        prop_assert_eq!(found, lines);
    }
}

/// Appends a seal without manifests.
fn append(disk: &SharedDisk, chain: &mut Chain, hour: Hour) -> Link {
    let name = SealName { hour, revision: chain.revision(hour) + 1 };
    let seal = SealFile { data: Some([1; 32]), sidecars: None, previous: chain.last() };
    let bytes = seal.encode(name);
    disk.create_dir_durable(crate::disk::parent(&name.path())).unwrap();
    disk.write_durable(&name.path(), &bytes).unwrap();
    let link = Link { name, root: SealFile::read(&**disk, name).unwrap().1 };
    chain.append(link).unwrap();
    link
}

fn opened(disk: &SharedDisk) -> Result<Chain, ErrorKind> {
    Chain::open(&**disk).map_err(|error| error.kind())
}

/// However much of the last line a stop leaves, the chain goes on behind the line before it.
#[test]
fn a_torn_line_is_cut_off() {
    let disk = disk();
    let mut chain = opened(&disk).unwrap();
    append(&disk, &mut chain, hour(NOON));
    let kept = append(&disk, &mut chain, hour("2026/11/20/13"));
    let whole = disk.read_whole(CHAIN_PATH, 1 << 20).unwrap();
    append(&disk, &mut chain, hour("2026/11/20/14"));
    let longer = disk.read_whole(CHAIN_PATH, 1 << 20).unwrap();
    for length in whole.len()..longer.len() {
        for filled in [false, true] {
            // A cut may leave the length without the bytes.
            let mut torn = longer[..length].to_vec();
            if filled {
                torn.resize(longer.len(), 0);
            }
            disk.write_durable(CHAIN_PATH, &torn).unwrap();
            let mut chain = opened(&disk).unwrap();
            assert_eq!(chain.last(), Some(kept), "{length} bytes");
            append(&disk, &mut chain, hour("2026/11/20/14"));
            assert_eq!(disk.read_whole(CHAIN_PATH, 1 << 20).unwrap(), longer, "{length} bytes");
        }
    }
}

/// After a sync that failed the chain is not gone on with; who opens it anew makes the last line durable, which
/// may be whole in memory alone, before another follows.
#[test]
fn a_line_that_could_not_be_synced_is_written_again() {
    let machine = Machine::new(Profile::Ordered, 0);
    let disk = machine.disk("element").unwrap();
    let mut chain = opened(&disk).unwrap();
    append(&disk, &mut chain, hour(NOON));
    let name = SealName { hour: hour("2026/11/20/13"), revision: 1 };
    let seal = SealFile { data: Some([1; 32]), sidecars: None, previous: chain.last() };
    disk.write_durable(&name.path(), &seal.encode(name)).unwrap();
    let link = Link { name, root: SealFile::read(&*disk, name).unwrap().1 };
    // The write of the line is one call, its sync the next.
    machine.fail_at(machine.calls() + 2, Fault::Io);
    assert_eq!(chain.append(link).unwrap_err().kind(), ErrorKind::Io);
    assert_eq!(chain.append(link).unwrap_err().kind(), ErrorKind::Unavailable);
    machine.kill_processes();
    let disk = machine.disk("element").unwrap();
    let mut chain = opened(&disk).unwrap();
    assert_eq!(chain.last(), Some(link), "the line is in memory");
    append(&disk, &mut chain, hour("2026/11/20/14"));
    machine.reboot();
    let chain = opened(&machine.disk("element").unwrap()).unwrap();
    assert_eq!(chain.last().map(|last| last.name.hour), Some(hour("2026/11/20/14")));
}

/// A chain that was cut, changed or taken away is not gone on with.
#[test]
fn a_damaged_chain_is_loud() {
    let disk = disk();
    let mut chain = opened(&disk).unwrap();
    for folder in [NOON, "2026/11/20/13", NOON] {
        append(&disk, &mut chain, hour(folder));
    }
    let whole = disk.read_whole(CHAIN_PATH, 1 << 20).unwrap();
    let line = whole.len() / 3;
    let mut flipped = whole.clone();
    flipped[2 * line - 5] = b'x';
    for (what, bytes) in [
        ("a line in the middle is damaged", flipped),
        ("the first revision is missing", whole[line..].to_vec()),
        ("the last seal is another", [&whole[..2 * line], &whole[..64], &whole[2 * line + 64..]].concat()),
    ] {
        disk.write_durable(CHAIN_PATH, &bytes).unwrap();
        assert_eq!(opened(&disk).err(), Some(ErrorKind::Corrupt), "{what}");
    }
    disk.remove(CHAIN_PATH).unwrap();
    assert_eq!(opened(&disk).err(), Some(ErrorKind::Corrupt), "the chain is missing and seals are there");
}

/// An hour is due when it is over and quiet and nothing is in flight; what touches it meanwhile keeps it.
#[test]
fn an_hour_is_due_when_it_is_over_and_quiet() {
    let quiet = Duration::from_secs(600);
    let noon = hour(NOON);
    let over = noon.end_ms();
    let unsealed = Unsealed::unknown(0);
    let due = |now_ms| unsealed.due(now_ms, quiet, 10);
    unsealed.begin(noon);
    assert_eq!(due(over + 10_000_000), [], "a change is in flight");
    unsealed.end(noon, over - 1000);
    assert_eq!(due(over - 1), [], "it is not over");
    assert_eq!(due(over + 598_999), [], "it is not quiet");
    let found = due(over + 599_000);
    assert_eq!(found.len(), 1);
    assert!(unsealed.is_undisturbed(found[0]));
    unsealed.begin(noon);
    assert!(!unsealed.is_undisturbed(found[0]));
    unsealed.settle(found[0]);
    unsealed.end(noon, over + 700_000);
    let again = due(over + 2_000_000);
    assert_eq!(again.len(), 1, "what was touched meanwhile is to be sealed again");
    unsealed.put_off(again[0], over + 3_000_000);
    assert_eq!(due(over + 2_999_999), []);
    assert_eq!(due(over + 3_000_000).len(), 1);
    unsealed.settle(again[0]);
    assert_eq!(due(u64::MAX), []);
}

/// However many hours are touched, memory is bounded, and none of them is forgotten.
#[test]
fn touched_hours_beyond_the_bound_are_looked_for_again() {
    let unsealed = Unsealed::unknown(0);
    unsealed.take_rest(Hour::FIRST, &[], None);
    for number in 0..20_000 {
        unsealed.begin(Hour::of_number(number));
        unsealed.end(Hour::of_number(number), 1);
    }
    let record = unsealed.record();
    assert_eq!(record.hours.len(), 16_384);
    assert_eq!(record.rest, Some(Hour::of_number(16_384)));
    assert_eq!(unsealed.rest(), None, "those in memory come first");
    let restored = Unsealed::unknown(0);
    restored.restore(record.clone());
    assert_eq!(restored.record(), record);
}
