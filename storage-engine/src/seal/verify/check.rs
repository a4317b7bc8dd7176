//! The check itself: each element's chain, the files of each hour, and what no seal speaks of.

use std::collections::BTreeMap;

use super::finding::{Finding, FindingKind};
use super::hour::HourCheck;
use super::links::{self, Links};
use super::options::{Progress, VerifyOptions};
use super::place::{self, Place};
use super::report::{ElementReport, Report, SealedLast, Tally};
use super::strays;
use crate::error::Result;
use crate::seal::chain::CHAIN_PATH;
use crate::seal::hour::Hour;
use crate::seal::seal_file::SealName;

/// A check under way.
pub(super) struct Run<'a> {
    pub(super) options: &'a VerifyOptions,
    /// The elements at hand.
    pub(super) places: &'a [Place],
    progress: &'a mut dyn FnMut(Progress),
    told: Progress,
}

impl Run<'_> {
    /// Tells how far the check is.
    pub(super) fn step(&mut self, files: u64, bytes: u64) {
        self.told.files += files;
        self.told.bytes += bytes;
        (self.progress)(self.told);
    }
}

/// Compares elements with their seals; nothing on disk changes, and no database is asked. `progress` is told
/// of every file.
///
/// A server may run meanwhile: an hour in which something seems damaged is compared once more, with the seal
/// that is then its last.
///
/// What is damaged is a finding, never an error, disk errors on single files included.
///
/// *Errors*: `InvalidArgument` where there is no element, `Corrupt` where the registry of a data directory is
/// damaged, `Io` where a folder cannot be opened.
pub fn verify(options: &VerifyOptions, progress: &mut dyn FnMut(Progress)) -> Result<Report> {
    let mut tally = Tally::default();
    let places = place::find(options, &mut tally)?;
    let mut run = Run { options, places: &places, progress, told: Progress::default() };
    let mut wanted: BTreeMap<[u8; 32], bool> = options.roots.iter().map(|root| (*root, false)).collect();
    let elements = places.iter().map(|place| run.check_element(place, &mut wanted, &mut tally)).collect();
    for root in wanted.iter().filter(|(_, found)| !**found).map(|(root, _)| hex::encode(root)) {
        let detail = format_args!("no seal has the root {root}");
        tally.add(Finding::new(FindingKind::RootUnknown, "-", CHAIN_PATH, detail));
    }
    let Tally { findings, damage, notes } = tally;
    Ok(Report { elements, findings, damage, notes, sample: options.sample })
}

impl Run<'_> {
    fn check_element(
        &mut self,
        place: &Place,
        wanted: &mut BTreeMap<[u8; 32], bool>,
        tally: &mut Tally,
    ) -> ElementReport {
        let links = links::check(place, wanted, tally);
        let mut report = ElementReport {
            name: place.name.clone(),
            root: place.root.clone(),
            seals: links.seals,
            hours: links.hours.len() as u64,
            files: 0,
            files_read: 0,
            last: links.last.map(|last| SealedLast { path: last.name.path(), root: last.root }),
        };
        for (hour, sealed) in &links.hours {
            if sealed.is_usable {
                self.check_hour(
                    place,
                    SealName { hour: *hour, revision: sealed.revision },
                    &mut report,
                    tally,
                );
            }
        }
        strays::check_hours(place, &links, tally);
        strays::check_seals(place, &links, tally);
        report
    }

    /// Compares an hour with its last seal; where something seems damaged, once more with the seal that is the
    /// last by then, since a server may have changed the hour meanwhile.
    fn check_hour(&mut self, place: &Place, name: SealName, report: &mut ElementReport, tally: &mut Tally) {
        let mut check = HourCheck::new(self, place, name);
        check.run();
        if check.tally.damage > 0 {
            let again = newest(place, name.hour).unwrap_or(name);
            check = HourCheck::new(self, place, again);
            check.run();
        }
        report.files += check.files;
        report.files_read += check.files_read;
        tally.append(check.tally);
    }
}

/// The last seal of an hour, as the chain says now.
fn newest(place: &Place, hour: Hour) -> Option<SealName> {
    let mut unheard = Tally::default();
    let Links { hours, .. } = links::read(place, &mut unheard);
    let sealed = hours.get(&hour)?;
    Some(SealName { hour, revision: sealed.revision })
}
