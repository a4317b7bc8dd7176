//! Names: how a segment of a key shows in a folder, and which segment a name means.
//!
//! A key is cut at each `/`; what lies between is a segment, and the segments of a key are the folders and the file of its
//! path. Nearly every segment is its own name. S3 allows some that no file system does, and a key that is an object and a
//! folder at once; those show under a name that begins with [`MARK`]:
//!
//! | what | its name |
//! |---|---|
//! | the empty segment, `.`, `..`, one with a NUL, one that begins with the mark | `~artstore~name~` and the segment |
//! | an object whose key is a folder as well | `~artstore~file~` and the segment |
//! | one of those, or any other, that is too long for a name | `~artstore~long~` or `~artstore~longfile~`, the SHA-256 of the segment in hex, `~` and its beginning |
//!
//! In these `%` and NUL are written `%25` and `%00`. Each segment has one name, and each name means one segment or none.

use std::fmt;

use sha2::{Digest as _, Sha256};

/// Longest name of a file or folder, in bytes (`NAME_MAX` of Linux's file systems).
pub const NAME_BYTES_MAX: usize = 255;
/// What names begin with that are not their segment.
pub const MARK: &str = "~artstore~";

const LITERAL: &str = "~artstore~name~";
const FILE: &str = "~artstore~file~";
const LONG: &str = "~artstore~long~";
const LONG_FILE: &str = "~artstore~longfile~";

/// The name of an entry of a folder: 1 to 255 bytes, neither `.` nor `..`, without `/` and NUL.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryName(String);

/// What a name means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// This segment; where it is a folder, that.
    Segment(String),
    /// The object whose key ends with this segment, where a folder has the same name.
    File(String),
    /// The segment that has this name, to be looked for among those that begin with `start`.
    Long {
        /// The beginning of the segment.
        start: String,
        /// Whether the object is meant, where a folder has the same name.
        is_file: bool,
    },
}

/// Why a name that came from outside is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameFault {
    /// It has more than [`NAME_BYTES_MAX`] bytes: `ENAMETOOLONG`.
    TooLong,
    /// No key has it: it is not UTF-8, is no name at all, or begins with [`MARK`] and is not the name of a segment.
    Unknown,
}

impl EntryName {
    /// The name of a segment of a key; where there is a folder of the name, that folder's.
    #[must_use]
    pub fn of(segment: &str) -> Self {
        if is_name(segment) && !segment.starts_with(MARK) {
            return Self(segment.to_owned());
        }
        marked(LITERAL, LONG, segment)
    }

    /// The name of an object whose key ends with `segment`, beside a folder that has the same key.
    #[must_use]
    pub fn of_file_beside_folder(segment: &str) -> Self {
        marked(FILE, LONG_FILE, segment)
    }

    /// Reads a name that came from outside.
    ///
    /// *Errors*: see [`NameFault`].
    pub fn parse(bytes: &[u8]) -> Result<Self, NameFault> {
        if bytes.len() > NAME_BYTES_MAX {
            return Err(NameFault::TooLong);
        }
        let text = std::str::from_utf8(bytes).ok().filter(|text| is_name(text));
        let name = Self(text.ok_or(NameFault::Unknown)?.to_owned());
        if name.meaning().is_none() { Err(NameFault::Unknown) } else { Ok(name) }
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is its segment, as nearly every name is; only such a name can be given to something new.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        !self.0.starts_with(MARK)
    }

    /// What it means; `None` for one that no segment has.
    #[must_use]
    pub fn meaning(&self) -> Option<Meaning> {
        let name = self.0.as_str();
        if self.is_plain() {
            return Some(Meaning::Segment(name.to_owned()));
        }
        if let Some(text) = name.strip_prefix(LITERAL) {
            let segment = unescaped(text)?;
            return (Self::of(&segment) == *self).then_some(Meaning::Segment(segment));
        }
        if let Some(text) = name.strip_prefix(FILE) {
            let segment = unescaped(text)?;
            return (Self::of_file_beside_folder(&segment) == *self).then_some(Meaning::File(segment));
        }
        let (text, is_file) = match (name.strip_prefix(LONG), name.strip_prefix(LONG_FILE)) {
            (Some(text), _) => (text, false),
            (None, Some(text)) => (text, true),
            (None, None) => return None,
        };
        let (digest, start) = text.split_once('~')?;
        let is_digest =
            digest.len() == 64 && digest.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let start = unescaped(start).filter(|start| is_digest && !start.contains('/'))?;
        Some(Meaning::Long { start, is_file })
    }
}

impl fmt::Display for EntryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for EntryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// Whether a file system takes it.
fn is_name(text: &str) -> bool {
    (1..=NAME_BYTES_MAX).contains(&text.len())
        && !matches!(text, "." | "..")
        && !text.bytes().any(|byte| matches!(byte, 0 | b'/'))
}

/// The name of a segment behind a mark: whole where it fits, else by its digest.
fn marked(literal: &str, long: &str, segment: &str) -> EntryName {
    let whole = format!("{literal}{}", escaped(segment));
    if whole.len() <= NAME_BYTES_MAX {
        return EntryName(whole);
    }
    let mut name = format!("{long}{}~", hex::encode(Sha256::digest(segment)));
    for character in segment.chars() {
        let before = name.len();
        push_escaped(&mut name, character);
        if name.len() > NAME_BYTES_MAX {
            name.truncate(before);
            break;
        }
    }
    EntryName(name)
}

fn push_escaped(text: &mut String, character: char) {
    match character {
        '%' => text.push_str("%25"),
        '\0' => text.push_str("%00"),
        other => text.push(other),
    }
}

fn escaped(segment: &str) -> String {
    let mut text = String::with_capacity(segment.len());
    segment.chars().for_each(|character| push_escaped(&mut text, character));
    text
}

/// The text that was escaped; `None` where none was.
fn unescaped(text: &str) -> Option<String> {
    let mut parts = text.split('%');
    let mut segment = parts.next()?.to_owned();
    for part in parts {
        let (character, rest) = match (part.strip_prefix("25"), part.strip_prefix("00")) {
            (Some(rest), _) => ('%', rest),
            (None, Some(rest)) => ('\0', rest),
            (None, None) => return None,
        };
        segment.push(character);
        segment.push_str(rest);
    }
    Some(segment)
}
