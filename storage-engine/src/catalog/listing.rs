//! Pages of current objects: with a delimiter one seek passes over everything below a common prefix,
//! so that a page costs what it shows and not what the bucket holds.

use std::ops::Bound;

use redb::{ReadableTable, Table};

use super::entry::Entry;
use super::key;
use crate::error::Result;

/// Versions of one key that are passed over by walking before a seek is cheaper.
const WALK_MAX: usize = 8;

/// Which page is wanted; the meaning of each is that of `archive::list::ListRequest`.
pub(crate) struct PageRequest<'a> {
    pub(crate) bucket: &'a str,
    pub(crate) prefix: &'a str,
    pub(crate) delimiter: Option<&'a str>,
    pub(crate) after: Option<&'a str>,
    pub(crate) max: usize,
}

/// One row of a page.
pub(crate) enum Row {
    Object { key: String, entry: Entry },
    CommonPrefix(String),
}

/// The rows in order, and whether more follow.
pub(crate) struct Page {
    pub(crate) rows: Vec<Row>,
    pub(crate) is_truncated: bool,
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
    'seek: while start < end {
        let range = (Bound::Included(start.as_slice()), Bound::Excluded(end.as_slice()));
        let mut shown: Option<(String, usize)> = None;
        for row in table.range::<&[u8]>(range).map_err(super::store::failed)? {
            let (row_key, value) = row.map_err(super::store::failed)?;
            let Some((name, seq)) = key::split(row_key.value(), request.bucket) else { break 'seek };
            if let Some((last, walked)) = shown.as_mut().filter(|(last, _)| *last == *name) {
                *walked += 1;
                if *walked > WALK_MAX {
                    start = key::past_versions(request.bucket, last);
                    continue 'seek;
                }
                continue;
            }
            let entry = Entry::decode(value.value(), seq)?;
            shown = Some((name.clone().into_owned(), 0));
            if entry.is_marker() {
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
            page.rows.push(Row::Object { key: name.into_owned(), entry });
        }
        break;
    }
    Ok(page)
}

fn start_after(request: &PageRequest<'_>, after: &str) -> Vec<u8> {
    match common_prefix(request.prefix, request.delimiter, after) {
        Some(common) => key::past(key::keys(request.bucket, common)),
        None => key::past_versions(request.bucket, after),
    }
}

/// What `name` is rolled up into: itself up to and with the first delimiter behind the prefix.
pub(crate) fn common_prefix<'n>(prefix: &str, delimiter: Option<&str>, name: &'n str) -> Option<&'n str> {
    let delimiter = delimiter.filter(|delimiter| !delimiter.is_empty())?;
    let rest = name.strip_prefix(prefix)?;
    let at = rest.find(delimiter)?;
    name.get(..prefix.len() + at + delimiter.len())
}

/// The table of versions, as a write transaction sees it.
pub(super) type Versions<'t> = Table<'t, &'static [u8], &'static [u8]>;
