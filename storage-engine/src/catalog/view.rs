//! Pages of what some elements hold: of each key the newest version that one of them has.

use std::iter::Peekable;

use redb::{Range, ReadOnlyTable, ReadableDatabase as _};

use super::entry::Entry;
use super::key;
use super::listing::{Page, PageRequest, Row, common_prefix, start_after};
use super::rows::{PLACED, placed_row, row_of};
use super::store::{Catalog, VERSIONS, failed};
use crate::error::{Error, ErrorKind, Result};
use crate::name::{BucketName, ElementId, ObjectKey};

/// Rows of one key that are passed over by walking before a seek is cheaper.
const WALK_MAX: usize = 8;

type Placed = ReadOnlyTable<&'static [u8], ()>;
type Lane = Peekable<Range<'static, &'static [u8], ()>>;

/// What several elements hold, merged in order.
struct Merge<'a> {
    placed: &'a Placed,
    elements: &'a [ElementId],
    end: Vec<u8>,
    lanes: Vec<Lane>,
}

impl<'a> Merge<'a> {
    fn new(placed: &'a Placed, elements: &'a [ElementId], start: &[u8], end: Vec<u8>) -> Result<Self> {
        let mut merge = Self { placed, elements, end, lanes: Vec::new() };
        merge.seek(start)?;
        Ok(merge)
    }

    /// Goes on at `start`.
    fn seek(&mut self, start: &[u8]) -> Result<()> {
        self.lanes.clear();
        for element in self.elements.iter().filter(|_| start < self.end.as_slice()) {
            let (start, end) = (placed_row(*element, start), placed_row(*element, &self.end));
            let rows = self.placed.range(start.as_slice()..end.as_slice()).map_err(failed)?;
            self.lanes.push(rows.peekable());
        }
        Ok(())
    }

    /// The next row, without the element.
    fn next(&mut self) -> Result<Option<Vec<u8>>> {
        let mut least: Option<(usize, Vec<u8>)> = None;
        for (number, lane) in self.lanes.iter_mut().enumerate() {
            let row = match lane.peek() {
                None => continue,
                Some(Ok((row, _))) => row_of(row.value()),
                Some(Err(_)) => match lane.next() {
                    Some(Err(error)) => return Err(failed(error)),
                    _ => continue,
                },
            };
            if least.as_ref().is_none_or(|(_, known)| row < *known) {
                least = Some((number, row));
            }
        }
        let Some((number, row)) = least else { return Ok(None) };
        if let Some(lane) = self.lanes.get_mut(number) {
            lane.next().transpose().map_err(failed)?;
        }
        Ok(Some(row))
    }
}

impl Catalog {
    /// One page of what `elements` hold: objects that are the newest version of their key there.
    ///
    /// *Errors*: `Corrupt` where what is read is damaged; `Unavailable`, `Io`.
    pub(crate) fn view(&self, elements: &[ElementId], request: &PageRequest<'_>) -> Result<Page> {
        let corrupt =
            || Error::new(ErrorKind::Corrupt, "read catalog").because("a place has no version of its own");
        let transaction = self.database.begin_read().map_err(failed)?;
        let versions = transaction.open_table(VERSIONS).map_err(failed)?;
        let placed = transaction.open_table(PLACED).map_err(failed)?;
        let all = key::keys(request.bucket, request.prefix);
        let start = match request.after {
            None => all.clone(),
            Some(after) => start_after(request, after).max(all.clone()),
        };
        let mut merge = Merge::new(&placed, elements, &start, key::past(all))?;
        let mut page = Page { rows: Vec::new(), is_truncated: false };
        let (mut at, mut passed) = (None, 0);
        while let Some(row) = merge.next()? {
            let (name, seq) = key::split(&row, request.bucket).ok_or_else(corrupt)?;
            if at.as_deref() == Some(&*name) {
                passed += 1;
                if passed > WALK_MAX {
                    merge.seek(&key::past_versions(request.bucket, &name))?;
                }
                continue;
            }
            (at, passed) = (Some(name.clone().into_owned()), 0);
            let value = versions.get(row.as_slice()).map_err(failed)?.ok_or_else(corrupt)?;
            let entry = Entry::decode(value.value(), seq)?;
            if entry.is_marker() {
                continue;
            }
            if page.rows.len() == request.max {
                page.is_truncated = true;
                break;
            }
            match common_prefix(request.prefix, request.delimiter, &name) {
                Some(common) => {
                    merge.seek(&key::past(key::keys(request.bucket, common)))?;
                    page.rows.push(Row::CommonPrefix(common.to_owned()));
                }
                None => page.rows.push(Row::Object { key: name.into_owned(), entry, is_latest: true }),
            }
        }
        Ok(page)
    }

    /// The newest version of a key that one of `elements` holds, marker or object.
    pub(crate) fn newest_on(
        &self,
        elements: &[ElementId],
        bucket: &BucketName,
        key: &ObjectKey,
    ) -> Result<Option<Entry>> {
        self.first_version(bucket, key, |entry| elements.contains(&entry.place.element))
    }
}
