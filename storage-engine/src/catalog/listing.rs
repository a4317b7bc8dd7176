//! Pages of current objects or of all versions: with a delimiter one seek passes over everything below
//! a common prefix, so that a page costs what it shows and not what the bucket holds.

use std::ops::Bound;

use redb::ReadableTable;

use super::entry::Entry;
use super::key;
use crate::error::Result;

/// Versions of one key that are passed over by walking before a seek is cheaper.
const WALK_MAX: usize = 8;

/// Which page is wanted; the meaning of each is that of `archive::list`.
pub(crate) struct PageRequest<'a> {
    pub(crate) bucket: &'a str,
    pub(crate) prefix: &'a str,
    pub(crate) delimiter: Option<&'a str>,
    pub(crate) after: Option<&'a str>,
    pub(crate) shown: Shown,
    pub(crate) max: usize,
}

/// What of each key a page shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    /// The newest version where it is an object.
    Current,
    /// Every version, markers included, the newest first; of the key `after`, where that is no part of
    /// a common prefix, those older than `after_seq`.
    Versions { after_seq: Option<u64> },
}

/// One row of a page.
#[expect(clippy::large_enum_variant, reason = "a listing is mostly objects: a box for each would cost more")]
pub(crate) enum Row {
    Object { key: String, entry: Entry, is_latest: bool },
    CommonPrefix(String),
}

/// The rows in order, and whether more follow.
pub(crate) struct Page {
    pub(crate) rows: Vec<Row>,
    pub(crate) is_truncated: bool,
}

/// The key that a walk is at, and how many of its versions it has passed over.
struct At {
    key: String,
    passed: usize,
}

/// Reads one page.
pub(super) fn page<T>(table: &T, request: &PageRequest<'_>) -> Result<Page>
where
    T: ReadableTable<&'static [u8], &'static [u8]>,
{
    let all = key::keys(request.bucket, request.prefix);
    let end = key::past(all.clone());
    let mut start = match request.after {
        None => all.clone(),
        Some(after) => start_after(request, after).max(all),
    };
    let mut page = Page { rows: Vec::new(), is_truncated: false };
    let mut at = newer_than_start(table, request, &start)?;
    'seek: while start < end {
        let range = (Bound::Included(start.as_slice()), Bound::Excluded(end.as_slice()));
        for row in table.range::<&[u8]>(range).map_err(super::store::failed)? {
            let (row_key, value) = row.map_err(super::store::failed)?;
            let Some((name, seq)) = key::split(row_key.value(), request.bucket) else { break 'seek };
            let known = at.as_mut().filter(|at| at.key == *name);
            let is_latest = known.is_none();
            if let Some(at) = known.filter(|_| request.shown == Shown::Current) {
                at.passed += 1;
                if at.passed > WALK_MAX {
                    start = key::past_versions(request.bucket, &at.key);
                    continue 'seek;
                }
                continue;
            }
            let entry = Entry::decode(value.value(), seq)?;
            if is_latest {
                at = Some(At { key: name.clone().into_owned(), passed: 0 });
            }
            if request.shown == Shown::Current && entry.is_marker() {
                continue;
            }
            if page.rows.len() == request.max {
                page.is_truncated = true;
                return Ok(page);
            }
            if let Some(common) = common_prefix(request.prefix, request.delimiter, &name) {
                start = key::past(key::keys(request.bucket, common));
                page.rows.push(Row::CommonPrefix(common.to_owned()));
                continue 'seek;
            }
            page.rows.push(Row::Object { key: name.into_owned(), entry, is_latest });
        }
        break;
    }
    Ok(page)
}

/// The key that a page begins within, where a version newer than its first row exists: none of that key's
/// rows is the latest then. A version that the marker named may be gone, so that this must be looked up.
fn newer_than_start<T>(table: &T, request: &PageRequest<'_>, start: &[u8]) -> Result<Option<At>>
where
    T: ReadableTable<&'static [u8], &'static [u8]>,
{
    let Shown::Versions { after_seq: Some(_) } = request.shown else { return Ok(None) };
    let Some(after) = request.after else { return Ok(None) };
    let versions = key::versions(request.bucket, after);
    if !start.starts_with(&versions) {
        return Ok(None);
    }
    let newer = table.range::<&[u8]>(versions.as_slice()..start).map_err(super::store::failed)?.next();
    let newer = newer.transpose().map_err(super::store::failed)?;
    Ok(newer.map(|_| At { key: after.to_owned(), passed: 0 }))
}

pub(super) fn start_after(request: &PageRequest<'_>, after: &str) -> Vec<u8> {
    match common_prefix(request.prefix, request.delimiter, after) {
        Some(common) => key::past(key::keys(request.bucket, common)),
        None => match request.shown {
            Shown::Versions { after_seq: Some(seq) } => {
                // The row itself and one byte: the first that can come behind it.
                let mut row = key::row(request.bucket, after, seq);
                row.push(0);
                row
            }
            Shown::Versions { after_seq: None } | Shown::Current => key::past_versions(request.bucket, after),
        },
    }
}

/// What `name` is rolled up into: itself up to and with the first delimiter behind the prefix.
pub(crate) fn common_prefix<'n>(prefix: &str, delimiter: Option<&str>, name: &'n str) -> Option<&'n str> {
    let delimiter = delimiter.filter(|delimiter| !delimiter.is_empty())?;
    let rest = name.strip_prefix(prefix)?;
    let at = rest.find(delimiter)?;
    name.get(..prefix.len() + at + delimiter.len())
}
