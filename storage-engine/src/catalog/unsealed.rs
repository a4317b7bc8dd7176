//! The table of hours that are to be sealed, as the last checkpoint found them (`crate::seal`).
//!
//! A row for each such hour, by element and hour (big-endian number), has the time of its last change in
//! milliseconds since 1970. A row for each element alone has the hour where its rest begins; the row
//! without a name has the checkpoint that the table was written with: one of another checkpoint is none.

use redb::{ReadableTable, Table, TableDefinition};

use super::store::{KnownElement, failed};
use crate::error::Result;
use crate::name::ElementId;
use crate::seal::{Hour, UnsealedRecord};

pub(super) const TABLE: TableDefinition<'static, &[u8], u64> = TableDefinition::new("unsealed");
const CHECKPOINT: &[u8] = b"";
/// Where there is no rest.
const NO_REST: u64 = u64::MAX;

/// Writes the rows of these elements with checkpoint `checkpoint`; those of others stay.
pub(super) fn write(
    table: &mut Table<'_, &'static [u8], u64>,
    elements: &[KnownElement],
    checkpoint: u64,
) -> Result<()> {
    table.insert(CHECKPOINT, checkpoint).map_err(failed)?;
    for KnownElement { id: element, unsealed: record, .. } in elements {
        let (start, end) = (row(*element, 0), row(*element, u32::MAX));
        table.retain_in(start.as_slice()..=end.as_slice(), |_, _| false).map_err(failed)?;
        for (hour, changed_ms) in &record.hours {
            table.insert(row(*element, hour.number()).as_slice(), changed_ms).map_err(failed)?;
        }
        let rest = record.rest.map_or(NO_REST, |rest| u64::from(rest.number()));
        table.insert(element.as_bytes().as_slice(), rest).map_err(failed)?;
    }
    Ok(())
}

/// The hours of an element; `None` where the table is not of checkpoint `last`, as after a release that does
/// not write it, or does not know the element.
pub(super) fn read(
    table: &impl ReadableTable<&'static [u8], u64>,
    element: ElementId,
    last: u64,
) -> Result<Option<UnsealedRecord>> {
    let number = |row: &[u8]| table.get(row).map(|found| found.map(|value| value.value())).map_err(failed);
    let Some(rest) = number(element.as_bytes().as_slice())? else { return Ok(None) };
    if number(CHECKPOINT)? != Some(last) {
        return Ok(None);
    }
    let rest = u32::try_from(rest).ok().map(Hour::of_number);
    let mut record = UnsealedRecord { hours: Vec::new(), rest };
    let (start, end) = (row(element, 0), row(element, u32::MAX));
    for found in table.range(start.as_slice()..=end.as_slice()).map_err(failed)? {
        let (name, changed_ms) = found.map_err(failed)?;
        let number = name.value().last_chunk::<4>().map(|bytes| u32::from_be_bytes(*bytes));
        record.hours.extend(number.map(|number| (Hour::of_number(number), changed_ms.value())));
    }
    Ok(Some(record))
}

fn row(element: ElementId, hour: u32) -> Vec<u8> {
    [element.as_bytes().as_slice(), hour.to_be_bytes().as_slice()].concat()
}
