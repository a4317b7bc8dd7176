//! The chain and its seals: every root is computed again, and each seal must follow on the one before it.

use std::collections::BTreeMap;
use std::io;

use super::finding::{Finding, FindingKind};
use super::place::Place;
use super::report::Tally;
use crate::error::{Error, ErrorKind};
use crate::seal::chain::CHAIN_PATH;
use crate::seal::hour::Hour;
use crate::seal::lines::{LineReader, Read};
use crate::seal::seal_file::{Link, SealFile, is_any};

/// What the chain leads to.
#[derive(Default)]
pub(super) struct Links {
    pub(super) seals: u64,
    /// The last seal of each hour: some 40 bytes of memory an hour.
    pub(super) hours: BTreeMap<Hour, LastSeal>,
    pub(super) last: Option<Link>,
}

/// The last seal of an hour.
#[derive(Clone, Copy)]
pub(super) struct LastSeal {
    pub(super) revision: u32,
    /// Whether its manifests are what was sealed.
    pub(super) is_usable: bool,
}

/// Reads the chain and compares every seal and manifest with it; marks the roots that are `wanted`.
pub(super) fn check(place: &Place, wanted: &mut BTreeMap<[u8; 32], bool>, tally: &mut Tally) -> Links {
    each(place, tally, &mut |links, link, tally| {
        if let Some(found) = wanted.get_mut(&link.root) {
            *found = true;
        }
        let is_usable = check_seal(place, links.last, link, tally);
        if let Some(sealed) = links.hours.get_mut(&link.name.hour) {
            sealed.is_usable = is_usable;
        }
    })
}

/// Reads the chain alone.
pub(super) fn read(place: &Place, tally: &mut Tally) -> Links {
    each(place, tally, &mut |_, _, _| {})
}

/// Walks the chain; `take` is told of each seal while the last of `links` is the one before it.
fn each(place: &Place, tally: &mut Tally, take: &mut dyn FnMut(&mut Links, Link, &mut Tally)) -> Links {
    let mut links = Links::default();
    let say = |tally: &mut Tally, kind, detail: String| {
        tally.add(Finding::new(kind, &place.name, CHAIN_PATH, detail));
    };
    let mut lines = match LineReader::open(&*place.disk, CHAIN_PATH) {
        Ok(lines) => lines,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let (kind, detail) = match is_any(&*place.disk).unwrap_or(true) {
                true => (FindingKind::ChainBroken, "it is missing and seals lie beside it"),
                false => (FindingKind::NothingSealed, "there is none"),
            };
            say(tally, kind, detail.to_owned());
            return links;
        }
        Err(error) => {
            say(tally, FindingKind::Unreadable, error.to_string());
            return links;
        }
    };
    let mut malformed_at = None;
    loop {
        let at = lines.offset();
        let read = match lines.next() {
            Ok(Some(read)) => read,
            Ok(None) => break,
            Err(error) => {
                say(tally, FindingKind::Unreadable, error.to_string());
                break;
            }
        };
        if let Some(at) = malformed_at.take() {
            say(tally, FindingKind::ChainBroken, format!("its line at byte {at} is damaged"));
        }
        let link = match &read {
            Read::Line(line) => Link::of_line(line),
            Read::Malformed => None,
        };
        let Some(link) = link else {
            malformed_at = Some(at);
            continue;
        };
        let before = links.hours.get(&link.name.hour).map_or(0, |sealed| sealed.revision);
        if link.name.revision != before.saturating_add(1) {
            let expected = before.saturating_add(1);
            let detail = format!("revision {expected} of {} is missing before byte {at}", link.name.hour);
            say(tally, FindingKind::ChainBroken, detail);
        }
        let sealed = LastSeal { revision: link.name.revision.max(before), is_usable: true };
        links.hours.insert(link.name.hour, sealed);
        links.seals += 1;
        take(&mut links, link, tally);
        links.last = Some(link);
    }
    if let Some(at) = malformed_at {
        say(tally, FindingKind::ChainUnfinished, format!("its last line, at byte {at}, is unfinished"));
    }
    links
}

/// Compares a seal with its line and with the seal before it, and its manifests with it; answers whether the
/// manifests can be used.
fn check_seal(place: &Place, before: Option<Link>, link: Link, tally: &mut Tally) -> bool {
    let path = link.name.path();
    let mut say = |kind, path: &str, detail: String| tally.add(Finding::new(kind, &place.name, path, detail));
    let (seal, root) = match SealFile::read(&*place.disk, link.name) {
        Ok(read) => read,
        Err(error) => {
            let (kind, detail) = seal_fault(&error);
            say(kind, &path, detail);
            return false;
        }
    };
    if root != link.root {
        let (found, expected) = (hex::encode(root), hex::encode(link.root));
        say(FindingKind::SealChanged, &path, format!("its root is {found} and the chain says {expected}"));
        return false;
    }
    if seal.previous != before {
        let names = |link: Option<Link>| {
            link.map_or("none".to_owned(), |link| {
                format!("{} ({})", link.name.path(), hex::encode(link.root))
            })
        };
        let detail =
            format!("the seal before it is {} and in the chain {}", names(seal.previous), names(before));
        say(FindingKind::ChainBroken, &path, detail);
    }
    let manifests = [(seal.data, link.name.data_path()), (seal.sidecars, link.name.sidecars_path())];
    let mut is_usable = true;
    for (digest, path) in manifests {
        let Some(digest) = digest else { continue };
        if let Some((kind, detail)) = manifest_fault(place, &path, digest) {
            say(kind, &path, format!("{detail}; what it lists was not compared"));
            is_usable = false;
        }
    }
    is_usable
}

fn seal_fault(error: &Error) -> (FindingKind, String) {
    if error.is_missing_file() {
        return (FindingKind::SealMissing, "the chain names it and it is not there".to_owned());
    }
    match error.kind() {
        ErrorKind::Corrupt => {
            (FindingKind::SealChanged, error.reason().unwrap_or("it is damaged").to_owned())
        }
        _ => (FindingKind::Unreadable, error.to_string()),
    }
}

fn manifest_fault(place: &Place, path: &str, expected: [u8; 32]) -> Option<(FindingKind, String)> {
    let unreadable = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => {
            (FindingKind::ManifestMissing, "its seal names it and it is not there".to_owned())
        }
        _ => (FindingKind::Unreadable, error.to_string()),
    };
    let digest = LineReader::open(&*place.disk, path).and_then(|mut lines| {
        while lines.next()?.is_some() {}
        Ok(lines.digest())
    });
    match digest {
        Err(error) => Some(unreadable(error)),
        Ok(digest) if digest == expected => None,
        Ok(digest) => {
            let detail =
                format!("its SHA-256 is {} and its seal says {}", hex::encode(digest), hex::encode(expected));
            Some((FindingKind::ManifestChanged, detail))
        }
    }
}
