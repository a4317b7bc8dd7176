//! Small JSON documents with a checksum: the form shared by sidecars, bucket and element documents.
//!
//! On disk a document is UTF-8 JSON, one top-level member a line, in a stated order, `checksum` last.
//! The checksum is the SHA-256, in hex, of the canonical form: the document without `checksum`,
//! members sorted by name at every level, no white space, characters beyond ASCII unescaped (what
//! Python's `json.dumps(d, sort_keys=True, separators=(",", ":"), ensure_ascii=False)` gives).
//! Members this program does not know are kept when it rewrites a document.

use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use crate::error::{Error, ErrorKind, Result};

/// The members of a document, without its checksum.
pub(crate) type Members = Map<String, Value>;

const CHECKSUM: &str = "checksum";
const SCHEMA: &str = "schema";

/// Writes a document: the members named in `order` first, then all others by name, then the checksum.
pub(crate) fn render(members: &Members, order: &[&str]) -> Vec<u8> {
    let known = order.iter().filter_map(|name| members.get_key_value(*name));
    let rest = members.iter().filter(|(name, _)| !order.contains(&name.as_str()));
    let mut text = String::from("{\n");
    for (name, value) in known.chain(rest) {
        text.push_str(&format!(" {}: {},\n", Value::from(name.as_str()), value));
    }
    text.push_str(&format!(" \"{CHECKSUM}\": \"{}\"\n}}\n", checksum(members)));
    text.into_bytes()
}

/// Reads a document of schema `schema_max` or older and checks its checksum.
///
/// *Errors*: `NewerFormat` for a later schema, `Corrupt` for everything else that is wrong.
pub(crate) fn parse(bytes: &[u8], schema_max: u64, what: &str) -> Result<Members> {
    let corrupt = |reason: &str| Error::new(ErrorKind::Corrupt, "read document").about(what).because(reason);
    let mut members = match serde_json::from_slice(bytes) {
        Ok(Value::Object(members)) => members,
        Ok(_) => return Err(corrupt("it is not a JSON object")),
        Err(error) => return Err(corrupt("it is not JSON").caused_by(error)),
    };
    let schema = members.get(SCHEMA).and_then(Value::as_u64);
    let schema = schema.ok_or_else(|| corrupt("it has no schema number"))?;
    if schema > schema_max {
        return Err(Error::new(ErrorKind::NewerFormat, "read document").about(what).because(format_args!(
            "it has schema {schema} and this release reads up to {schema_max}: use a newer release"
        )));
    }
    match members.remove(CHECKSUM) {
        Some(Value::String(stored)) if stored == checksum(&members) => Ok(members),
        Some(_) => Err(corrupt("its checksum does not match its content")),
        None => Err(corrupt("it has no checksum")),
    }
}

fn checksum(members: &Members) -> String {
    hex::encode(Sha256::digest(canonical(members)))
}

/// The canonical form of members.
pub(crate) fn canonical(members: &Members) -> Vec<u8> {
    // serde_json's map is ordered by name, so that its compact form is the canonical one.
    serde_json::to_vec(members).unwrap_or_default()
}

/// Takes the members of a document out one by one, so that what is left is what nobody knew.
pub(crate) struct Fields<'a> {
    members: Members,
    what: &'a str,
}

impl<'a> Fields<'a> {
    pub(crate) fn new(members: Members, what: &'a str) -> Self {
        Self { members, what }
    }

    pub(crate) fn corrupt(&self, name: &str) -> Error {
        Error::new(ErrorKind::Corrupt, "read document")
            .about(self.what)
            .because(format_args!("its member {name:?} is missing or not of its form"))
    }

    /// Takes a value of any form.
    pub(crate) fn value(&mut self, name: &str) -> Option<Value> {
        self.members.remove(name)
    }

    /// Takes a text that may be absent.
    pub(crate) fn text_if(&mut self, name: &str) -> Result<Option<String>> {
        match self.members.remove(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.corrupt(name)),
        }
    }

    /// Takes a text.
    pub(crate) fn text(&mut self, name: &str) -> Result<String> {
        self.text_if(name)?.ok_or_else(|| self.corrupt(name))
    }

    /// Takes a whole number.
    pub(crate) fn number(&mut self, name: &str) -> Result<u64> {
        self.members.remove(name).as_ref().and_then(Value::as_u64).ok_or_else(|| self.corrupt(name))
    }

    /// Takes a whole number that may be absent.
    pub(crate) fn number_if(&mut self, name: &str) -> Result<Option<u64>> {
        if self.members.contains_key(name) { self.number(name).map(Some) } else { Ok(None) }
    }

    /// Takes a text and reads it with `parse`.
    pub(crate) fn parsed<T>(&mut self, name: &str, parse: impl FnOnce(&str) -> Option<T>) -> Result<T> {
        let text = self.text(name)?;
        parse(&text).ok_or_else(|| self.corrupt(name))
    }

    /// Takes an object whose values are texts; empty where it is absent.
    pub(crate) fn texts(&mut self, name: &str) -> Result<std::collections::BTreeMap<String, String>> {
        let map = match self.members.remove(name) {
            None => return Ok(Default::default()),
            Some(Value::Object(map)) => map,
            Some(_) => return Err(self.corrupt(name)),
        };
        map.into_iter()
            .map(|(key, value)| match value {
                Value::String(text) => Ok((key, text)),
                _ => Err(self.corrupt(name)),
            })
            .collect()
    }

    /// What was not taken: members of a later release, to be kept.
    pub(crate) fn rest(self) -> Members {
        self.members
    }
}
