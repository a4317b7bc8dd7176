//! What the chain does not lead to: hours without a seal, and seals that it does not name.

use std::io;

use super::finding::{Finding, FindingKind};
use super::links::Links;
use super::place::Place;
use super::report::Tally;
use crate::disk::EntryKind;
use crate::error::Result;
use crate::seal::chain::Chain;
use crate::seal::hour::Hour;
use crate::seal::hours::{days, hours_from};
use crate::seal::seal_file::{SEALS_DIR, SealFile, SealName};

/// Hours looked for at once.
const HOURS_MAX: usize = 1_000;
/// Most seals outside the chain that are looked at closely.
const SEALS_MAX: u64 = 1_000;

/// Notes the hours that have no seal.
pub(super) fn check_hours(place: &Place, links: &Links, tally: &mut Tally) {
    let mut from = Some(Hour::FIRST);
    while let Some(start) = from {
        let (hours, next) = match hours_from(&*place.disk, start, HOURS_MAX) {
            Ok(found) => found,
            Err(error) => return tally.add(Finding::new(FindingKind::Unreadable, &place.name, "", error)),
        };
        for hour in hours.into_iter().filter(|hour| !links.hours.contains_key(hour)) {
            let mut files = 0_u64;
            let folder = hour.to_string();
            let counted = place.disk.each_entry(&folder, &mut |entry| {
                files += u64::from(entry.kind == EntryKind::File);
            });
            match counted {
                Err(error) => tally.add(Finding::new(FindingKind::Unreadable, &place.name, folder, error)),
                // Everything in it was removed before it was ever sealed.
                Ok(()) if files == 0 => {}
                Ok(()) => {
                    let detail = format_args!("{files} files in it have no seal yet");
                    tally.add(Finding::new(FindingKind::UnsealedHour, &place.name, folder, detail));
                }
            }
        }
        from = next;
    }
}

/// Looks for seals that the chain does not name. A stop before the last step of sealing leaves one that
/// follows on a seal of the chain; one that follows on another proves that the chain was cut.
pub(super) fn check_seals(place: &Place, links: &Links, tally: &mut Tally) {
    let mut seen = 0;
    let walked = days(&*place.disk, SEALS_DIR, &mut |day| {
        let entries = place.disk.read_dir(&format!("{SEALS_DIR}/{day}"))?;
        let mut names: Vec<SealName> = entries
            .iter()
            .filter_map(|entry| SealName::parse(&format!("{SEALS_DIR}/{day}/{}", entry.name)))
            .collect();
        names.sort_unstable();
        for name in names {
            let last = links.hours.get(&name.hour).map_or(0, |sealed| sealed.revision);
            if name.revision > last && seen < SEALS_MAX {
                seen += 1;
                check_unnamed(place, name, tally);
            }
        }
        Ok(())
    });
    match walked {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tally.add(Finding::new(FindingKind::Unreadable, &place.name, SEALS_DIR, error));
        }
        _ => {}
    }
}

fn check_unnamed(place: &Place, name: SealName, tally: &mut Tally) {
    // A server may have appended its line since the chain was read.
    let is_named_now = || -> Result<bool> {
        let (_, root) = SealFile::read(&*place.disk, name)?;
        Chain::holds(&*place.disk, crate::seal::Link { name, root })
    };
    if is_named_now().unwrap_or(false) {
        return;
    }
    let follows = match SealFile::read(&*place.disk, name) {
        Ok((SealFile { previous: None, .. }, _)) => true,
        Ok((SealFile { previous: Some(previous), .. }, _)) => {
            Chain::holds(&*place.disk, previous).unwrap_or(false)
        }
        Err(_) => false,
    };
    let (kind, detail) = if follows {
        (FindingKind::SealUnfinished, "the chain does not name it; it follows on a seal of the chain")
    } else {
        (FindingKind::ChainBroken, "the chain does not lead to it: the chain was cut, or it is a stranger's")
    };
    tally.add(Finding::new(kind, &place.name, name.path(), detail));
}
