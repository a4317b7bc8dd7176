//! Names of data files and sidecars on disk.
//!
//! `{stem}_{user}_{timestamp}_{id8}.{ext}`: the original name first, so that listings sort for
//! people. Never parsed back: the sidecar is what is read.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::error::{Error, ErrorKind, Result};
use crate::timestamp::utc;

/// Most characters of a stored name.
pub(crate) const STORED_NAME_CHARS_MAX: usize = 200;
/// Most bytes of a file name on the file systems in use.
const FILE_NAME_BYTES_MAX: usize = 255;
/// The longest suffix that is ever put behind a stored name: the overflow sidecar's.
const SUFFIX_BYTES_MAX: usize = ".attr.ext.00000000.json".len();
const USER_CHARS_MAX: usize = 24;
const EXTENSION_CHARS_MAX: usize = 16;

/// The ending of a sidecar.
pub(crate) const SIDECAR_SUFFIX: &str = ".attr.json";

/// The file name of an object's data, without folders.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StoredName(String);

impl StoredName {
    /// Makes the stored name of a document.
    ///
    /// `original` is the name a person gave it, `user` who stored it, `created_ms` when; the last
    /// eight hex digits of `id` keep simultaneous uploads of one name apart. Characters that a shell,
    /// a file system or a terminal takes amiss are replaced by `_`; the stem alone is cut, on a
    /// character boundary, until the name has at most 200 characters and, with the longest suffix,
    /// 255 bytes.
    #[must_use]
    pub fn make(original: &str, user: &str, created_ms: u64, id: Uuid) -> Self {
        let (stem, extension) = split_extension(original);
        let stem = sanitise(stem);
        let stem = if stem.is_empty() { "unnamed" } else { stem.as_str() };
        let user: String = sanitise(user).chars().take(USER_CHARS_MAX).collect();
        let user = if user.is_empty() { "unknown" } else { user.as_str() };
        let extension: String = sanitise(extension).chars().take(EXTENSION_CHARS_MAX).collect();
        let id = id.simple().to_string();
        let id8 = id.get(24..).unwrap_or(&id);
        let mut rest = format!("_{user}_{}_{id8}", timestamp(created_ms));
        if !extension.is_empty() {
            rest.push('.');
            rest.push_str(&extension);
        }
        let chars_left = STORED_NAME_CHARS_MAX.saturating_sub(rest.chars().count());
        let bytes_left = FILE_NAME_BYTES_MAX.saturating_sub(SUFFIX_BYTES_MAX + rest.len());
        let mut name = String::new();
        for character in stem.chars().take(chars_left) {
            if name.len() + character.len_utf8() > bytes_left {
                break;
            }
            name.push(character);
        }
        name.push_str(&rest);
        Self(name)
    }

    /// Whether a file name has the form of a stored name. It tells a data file that lost its sidecar from
    /// a stranger's file, and nothing else may rest on it.
    #[must_use]
    pub(crate) fn is_shaped(name: &str) -> bool {
        let name = match name.rsplit_once('.') {
            Some((name, extension)) if !extension.contains('_') => name,
            _ => name,
        };
        let mut parts = name.rsplitn(4, '_');
        let (id, time, user) = (parts.next(), parts.next(), parts.next());
        let is_id = |id: &str| id.len() == 8 && id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        let is_time = |time: &str| {
            time.len() == 15
                && time
                    .bytes()
                    .enumerate()
                    .all(|(at, b)| if at == 8 { b == b'T' } else { b.is_ascii_digit() })
        };
        id.is_some_and(is_id) && time.is_some_and(is_time) && user.is_some() && parts.next().is_some()
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for StoredName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for StoredName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// A short extension of letters and digits belongs to the name's end; anything else is stem.
fn split_extension(original: &str) -> (&str, &str) {
    match original.rsplit_once('.') {
        Some((stem, extension))
            if !stem.is_empty()
                && (1..=EXTENSION_CHARS_MAX).contains(&extension.chars().count())
                && extension.chars().all(char::is_alphanumeric) =>
        {
            (stem, extension)
        }
        _ => (original, ""),
    }
}

fn sanitise(text: &str) -> String {
    let kept: String = text
        .chars()
        .map(|c| match c {
            '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|' | '\'' | '`' | '$' | '\u{fffd}' => '_',
            c if c.is_control() || is_invisible(c) => '_',
            c => c,
        })
        .collect();
    kept.trim_matches(|c: char| c == ' ' || c == '.' || c == '-').to_owned()
}

/// Characters that turn, hide or break text: bidirectional marks, zero-width and separator characters.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{00ad}' | '\u{061c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

fn timestamp(ms: u64) -> String {
    let time = utc(ms);
    format!(
        "{:04}{:02}{:02}T{:02}{:02}{:02}",
        time.year(),
        u8::from(time.month()),
        time.day(),
        time.hour(),
        time.minute(),
        time.second()
    )
}

fn hour_of(ms: u64) -> String {
    let time = utc(ms);
    format!("{:04}/{:02}/{:02}/{:02}", time.year(), u8::from(time.month()), time.day(), time.hour())
}

/// Where a pair lies in its element: `YYYY/MM/DD/HH/<stored name>`, the UTC hour in which it came there.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct StoredPath(String);

impl StoredPath {
    /// The place of `name` for an object created at `created_ms`.
    #[must_use]
    pub fn new(created_ms: u64, name: &StoredName) -> Self {
        Self(format!("{}/{name}", hour_of(created_ms)))
    }

    /// The place of the same document in the hour of `ms`, where it comes by the change `placement_seq`, whose last
    /// eight hex digits take the place of the name's: an element that has become stricter itself may get a document
    /// back that it had before, and no path is used a second time.
    #[must_use]
    pub(crate) fn for_placement(&self, ms: u64, placement_seq: u64) -> Self {
        let name = self.name();
        let stem = match name.rsplit_once('.') {
            Some((stem, extension)) if !extension.contains('_') => stem,
            _ => name,
        };
        let (before, behind) = match stem.rsplit_once('_') {
            Some((before, id8)) if StoredName::is_shaped(name) => {
                (before, name.get(before.len() + 1 + id8.len()..))
            }
            _ => (stem, name.get(stem.len()..)),
        };
        let id8 = placement_seq & u64::from(u32::MAX);
        Self(format!("{}/{before}_{id8:08x}{}", hour_of(ms), behind.unwrap_or_default()))
    }

    /// Parses a path as a sidecar or log record carries it.
    ///
    /// *Errors*: `Corrupt` where it is not `YYYY/MM/DD/HH/<name>`, so that no path read from disk
    /// leads out of the element.
    pub fn parse(text: &str) -> Result<Self> {
        let bad = || Error::new(ErrorKind::Corrupt, "parse stored path").about(text);
        let (hour, name) = text.split_at_checked(14).ok_or_else(bad)?;
        let shaped = hour.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 | 10 | 13 => byte == b'/',
            _ => byte.is_ascii_digit(),
        });
        let plain = !name.is_empty() && name != "." && name != ".." && !name.contains(['/', '\0']);
        if !shaped || !plain || name.len() > FILE_NAME_BYTES_MAX {
            return Err(bad());
        }
        Ok(Self(text.to_owned()))
    }

    /// The hour's folder, `YYYY/MM/DD/HH`.
    #[must_use]
    pub fn hour(&self) -> &str {
        self.0.get(..13).unwrap_or(&self.0)
    }

    /// The file name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.get(14..).unwrap_or_default()
    }

    /// The path of the data file, relative to the element's root.
    #[must_use]
    pub fn data(&self) -> &str {
        &self.0
    }

    /// The path of the sidecar, relative to the element's root.
    #[must_use]
    pub fn sidecar(&self) -> String {
        format!("{}{SIDECAR_SUFFIX}", self.0)
    }
}

impl TryFrom<String> for StoredPath {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        Self::parse(&text)
    }
}

impl From<StoredPath> for String {
    fn from(path: StoredPath) -> Self {
        path.0
    }
}

impl fmt::Display for StoredPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for StoredPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}
