//! The hour folders of an element, found by a walk in order of time.

use std::io;

use super::hour::Hour;
use crate::disk::{Disk, EntryKind};

/// Digits in the names of year, month, day and hour.
const DIGITS: [usize; 4] = [4, 2, 2, 2];

/// The hours from `from` on that have a folder, the earliest first, at most `hours_max`; and the one after
/// the last of them where there may be more.
pub(crate) fn hours_from(
    disk: &dyn Disk,
    from: Hour,
    hours_max: usize,
) -> io::Result<(Vec<Hour>, Option<Hour>)> {
    let mut hours = Vec::new();
    let start = from.to_string();
    below(disk, "", "", &start, &DIGITS, &mut |folder| {
        hours.extend(Hour::parse(folder).filter(|hour| *hour >= from));
        Ok(hours.len() < hours_max)
    })?;
    let next = hours.last().filter(|_| hours.len() >= hours_max).map(|hour| hour.next());
    Ok((hours, next))
}

/// Hands over the days `YYYY/MM/DD` that have a folder below `root`, in order.
pub(crate) fn days(
    disk: &dyn Disk,
    root: &str,
    take: &mut dyn FnMut(&str) -> io::Result<()>,
) -> io::Result<()> {
    let [year, month, day, _] = DIGITS;
    below(disk, root, "", "", &[year, month, day], &mut |folder| take(folder).map(|()| true)).map(drop)
}

/// Hands folders of the last of `digits` over until `take` has enough; answers whether it wants more. Those
/// before `start` are passed over.
fn below(
    disk: &dyn Disk,
    root: &str,
    folder: &str,
    start: &str,
    digits: &[usize],
    take: &mut dyn FnMut(&str) -> io::Result<bool>,
) -> io::Result<bool> {
    let Some((width, deeper)) = digits.split_first() else { return take(folder) };
    let join =
        |above: &str, name: &str| if above.is_empty() { name.to_owned() } else { format!("{above}/{name}") };
    let place = if folder.is_empty() { root.to_owned() } else { join(root, folder) };
    let mut names = Vec::new();
    disk.each_entry(&place, &mut |entry| {
        let is_part = entry.name.len() == *width && entry.name.bytes().all(|byte| byte.is_ascii_digit());
        if is_part && entry.kind == EntryKind::Dir {
            names.push(entry.name);
        }
    })?;
    names.sort_unstable();
    for name in names {
        let path = join(folder, &name);
        if Some(path.as_str()) < start.get(..path.len()) {
            continue;
        }
        if !below(disk, root, &path, start, deeper, take)? {
            return Ok(false);
        }
    }
    Ok(true)
}
