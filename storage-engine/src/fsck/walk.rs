//! The walk over an element's folders down to the hours, which passes over nothing in silence.

use std::io;

use crate::disk::{DirEntry, Disk, EntryKind};

/// What the walk meets.
pub(crate) enum Met<'a> {
    /// An hour folder with its entries, in order of name.
    Hour(&'a str, Vec<DirEntry>),
    /// Something that does not belong where it is.
    Foreign(String),
    /// A folder that cannot be read.
    Unreadable(String, io::Error),
}

/// Digits in the names of year, month, day and hour.
const DIGITS: [usize; 4] = [4, 2, 2, 2];
/// What lies in the root of an element beside the years; `lost+found` belongs to the file system.
const ROOT_FOLDERS: [&str; 4] = [".artstore", "buckets", "seals", "lost+found"];
const ROOT_FILES: [&str; 2] = ["element.json", "element.json.partial"];

/// Walks an element in order of time.
pub(crate) fn walk(disk: &dyn Disk, take: &mut dyn FnMut(Met<'_>)) {
    below(disk, "", &DIGITS, take);
}

fn below(disk: &dyn Disk, folder: &str, digits: &[usize], take: &mut dyn FnMut(Met<'_>)) {
    let mut entries = match disk.read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => return take(Met::Unreadable(folder.to_owned(), error)),
    };
    entries.sort_unstable();
    let Some((width, deeper)) = digits.split_first() else {
        return take(Met::Hour(folder, entries));
    };
    for entry in entries {
        let is_part = entry.name.len() == *width && entry.name.bytes().all(|byte| byte.is_ascii_digit());
        let path = if folder.is_empty() { entry.name.clone() } else { format!("{folder}/{}", entry.name) };
        if is_part && entry.kind == EntryKind::Dir {
            below(disk, &path, deeper, take);
        } else if !(folder.is_empty() && belongs_in_root(&entry)) {
            take(Met::Foreign(path));
        }
    }
}

fn belongs_in_root(entry: &DirEntry) -> bool {
    match entry.kind {
        EntryKind::Dir => ROOT_FOLDERS.contains(&entry.name.as_str()),
        EntryKind::File => ROOT_FILES.contains(&entry.name.as_str()),
        EntryKind::Other => false,
    }
}
