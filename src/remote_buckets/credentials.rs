//! The access key for a bucket elsewhere, from a file as AWS describes it: a line in brackets begins a profile,
//! `name = value` lines belong to it
//! (<https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html>).

use std::path::Path;

use rusty_s3::Credentials;
use storage_engine::{Error, ErrorKind, Result};

use crate::private_file;

/// Reads the access key of a profile.
///
/// *Errors*: `Unavailable` for a file that cannot be read, and one that has no such profile or no key in it. They
/// never quote the file.
pub(super) fn read(path: &Path, profile: &str) -> Result<Credentials> {
    let failed = || Error::new(ErrorKind::Unavailable, "read credentials").about(path.display());
    let text = private_file::read_text(path).map_err(|error| failed().because(&error).caused_by(error))?;
    let found = Found::of(&text, profile)
        .ok_or_else(|| failed().because(format_args!("it has no profile [{profile}]")))?;
    match (found.key, found.secret) {
        (Some(key), Some(secret)) => Ok(match found.token {
            Some(token) => Credentials::new_with_token(key, secret, token),
            None => Credentials::new(key, secret),
        }),
        _ => Err(failed().because(format_args!(
            "its profile [{profile}] needs aws_access_key_id and aws_secret_access_key"
        ))),
    }
}

/// What a profile says of its key.
#[derive(Default)]
struct Found<'a> {
    key: Option<&'a str>,
    secret: Option<&'a str>,
    token: Option<&'a str>,
}

impl<'a> Found<'a> {
    fn of(text: &'a str, profile: &str) -> Option<Self> {
        let (mut found, mut is_inside) = (None, false);
        let lines = text.lines().map(str::trim).filter(|line| !line.starts_with(['#', ';']));
        for line in lines {
            if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
                is_inside = name.trim() == profile;
                if is_inside {
                    found.get_or_insert_with(Self::default);
                }
            } else if let (true, Some(found), Some((name, value))) =
                (is_inside, &mut found, line.split_once('='))
            {
                let value = Some(value.trim()).filter(|value| !value.is_empty());
                match name.trim() {
                    "aws_access_key_id" => found.key = value,
                    "aws_secret_access_key" => found.secret = value,
                    "aws_session_token" => found.token = value,
                    _ => {}
                }
            }
        }
        found
    }
}
