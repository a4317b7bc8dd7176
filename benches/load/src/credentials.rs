//! An AWS credentials file.

use std::path::Path;

use crate::error::{Error, ErrorKind, Result};

#[derive(Clone)]
pub(crate) struct Credentials {
    pub(crate) access_key: String,
    pub(crate) secret_key: String,
}

impl Credentials {
    /// Reads one section of a file.
    pub(crate) fn read(file: &Path, profile: &str) -> Result<Self> {
        let text = std::fs::read_to_string(file)
            .map_err(|source| Error::io(ErrorKind::Usage, format!("read {}", file.display()), source))?;
        Self::parse(&text, profile).ok_or_else(|| {
            Error::new(ErrorKind::Usage, format!("{} has no whole section [{profile}]", file.display()))
        })
    }

    fn parse(text: &str, profile: &str) -> Option<Self> {
        let heading = format!("[{profile}]");
        let section = text
            .lines()
            .map(str::trim)
            .skip_while(|line| *line != heading)
            .skip(1)
            .take_while(|line| !line.starts_with('['));
        let (mut access_key, mut secret_key) = (None, None);
        for (name, value) in section.filter_map(|line| line.split_once('=')) {
            match name.trim() {
                "aws_access_key_id" => access_key = Some(value.trim().to_owned()),
                "aws_secret_access_key" => secret_key = Some(value.trim().to_owned()),
                _ => {}
            }
        }
        Some(Self { access_key: access_key?, secret_key: secret_key? })
    }
}

#[cfg(test)]
mod tests {
    use super::Credentials;

    /// The section that was asked for is read, not the one before or behind it.
    #[test]
    fn one_section_is_read() {
        let text = "# first use\n[other]\naws_access_key_id = no\naws_secret_access_key = no\n\
                    [artstore]\naws_access_key_id = id\naws_secret_access_key=a=b\n[last]\naws_access_key_id = no\n";
        let credentials = Credentials::parse(text, "artstore").expect("the section is whole");
        assert_eq!((credentials.access_key.as_str(), credentials.secret_key.as_str()), ("id", "a=b"));
        assert!(Credentials::parse(text, "last").is_none(), "half a section is none");
    }
}
