//! One line as `sha256sum` writes and checks it: a digest, two blanks, a path.
//!
//! A path with a line feed, a carriage return or a backslash is escaped, and the line begins with a
//! backslash (GNU coreutils manual, "md5sum invocation"; `\r` since coreutils 9.0).

use std::fmt;

/// Hex digits of a SHA-256.
const DIGEST_CHARS: usize = 64;
const GAP: &str = "  ";

/// A file's SHA-256 and its path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) digest: [u8; 32],
    pub(crate) path: String,
}

impl Line {
    /// Reads a line without its line feed; `None` where it is not as [`fmt::Display`] writes it.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (is_escaped, rest) = match text.strip_prefix('\\') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (digest, rest) = rest.split_at_checked(DIGEST_CHARS)?;
        let path = rest.strip_prefix(GAP)?;
        let path = if is_escaped { unescape(path)? } else { path.to_owned() };
        let line = Self { digest: digest_of(digest)?, path };
        // One form for one content: what reads alike has the same digest.
        (!line.path.is_empty() && line.to_string() == text).then_some(line)
    }
}

/// Reads 64 hex digits.
pub(crate) fn digest_of(text: &str) -> Option<[u8; 32]> {
    hex::decode(text).ok()?.try_into().ok()
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digest = hex::encode(self.digest);
        if !self.path.contains(['\\', '\n', '\r']) {
            return write!(f, "{digest}{GAP}{}", self.path);
        }
        write!(f, "\\{digest}{GAP}")?;
        for character in self.path.chars() {
            match character {
                '\\' => f.write_str("\\\\")?,
                '\n' => f.write_str("\\n")?,
                '\r' => f.write_str("\\r")?,
                other => write!(f, "{other}")?,
            }
        }
        Ok(())
    }
}

fn unescape(text: &str) -> Option<String> {
    let mut path = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        path.push(match character {
            '\\' => match characters.next()? {
                '\\' => '\\',
                'n' => '\n',
                'r' => '\r',
                _ => return None,
            },
            plain => plain,
        });
    }
    Some(path)
}
