//! The small document that says whose target a folder or a prefix is. A place without it is not the right one, or is
//! away.

use serde_json::Value;

use crate::document::{self, Members};
use crate::element::Element;
use crate::error::Result;

/// Its name.
pub(super) const NAME: &str = "artstore-target.json";
/// Its largest size, in bytes.
pub(super) const BYTES_MAX: usize = 64 * 1024;
const SCHEMA: u64 = 1;

/// The mark of an element's target.
pub(super) fn render(element: &Element) -> Vec<u8> {
    let members = Members::from_iter([
        ("schema".to_owned(), Value::from(SCHEMA)),
        ("element".to_owned(), element.id.to_string().into()),
        ("name".to_owned(), element.name.as_str().into()),
    ]);
    document::render(&members, &["schema", "element", "name"])
}

/// The id of the element that a mark names; empty where it names none, which is no element's id.
///
/// *Errors*: `Corrupt`, `NewerFormat`.
pub(super) fn element_of(mark: &[u8]) -> Result<String> {
    let members = document::parse(mark, SCHEMA, NAME)?;
    Ok(members.get("element").and_then(Value::as_str).unwrap_or_default().to_owned())
}
