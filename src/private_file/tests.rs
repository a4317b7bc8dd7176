//! Claims about the program's own files.
#![expect(clippy::disallowed_methods, reason = "a test looks at files directly")]

use std::io;
use std::os::unix::fs::PermissionsExt;

use super::{Existing, create_folder_durable, read_text, write_durable};

/// Only the owner may read what is written, whatever the file that it replaces allowed.
#[test]
fn a_written_file_is_the_owners_alone() -> io::Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("credentials");
    write_durable(&path, b"first", Existing::Replace)?;
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o644))?;
    write_durable(&path, b"second", Existing::Replace)?;
    assert_eq!(path.metadata()?.permissions().mode() & 0o777, 0o600);
    assert_eq!(read_text(&path)?, "second");
    Ok(())
}

/// A key that is there already is never replaced, and the attempt leaves nothing beside it.
#[test]
fn an_existing_file_is_kept_where_asked() -> io::Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("master.key");
    write_durable(&path, b"first", Existing::Keep)?;
    let refused = write_durable(&path, b"second", Existing::Keep).map_err(|error| error.kind());
    assert_eq!(refused, Err(io::ErrorKind::AlreadyExists));
    assert_eq!(read_text(&path)?, "first");
    assert_eq!(std::fs::read_dir(folder.path())?.count(), 1);
    Ok(())
}

/// Every folder made for a key is closed to others.
#[test]
fn folders_are_the_owners_alone() -> io::Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("config/artstore");
    create_folder_durable(&path)?;
    assert_eq!(path.metadata()?.permissions().mode() & 0o777, 0o700);
    create_folder_durable(&path)?;
    Ok(())
}
