//! The socket's file.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};
use tokio::net::{UnixListener, UnixStream};

use crate::error::{Error, ErrorKind, Result};
use crate::private_file;

/// Its name in the data directory.
const FILE_NAME: &str = "control.sock";
/// The longest path of a socket, without the zero byte (unix(7), `sun_path`).
const PATH_BYTES_MAX: usize = 107;

/// The file of a socket. It stays behind when the listener is gone.
#[derive(Debug)]
pub(crate) struct SocketFile {
    path: PathBuf,
}

impl SocketFile {
    /// Removes the file. Call it while the archive's lock is held.
    pub(crate) fn remove(self) -> Result<()> {
        private_file::remove_if_present(&self.path).map_err(|source| {
            Error::new(ErrorKind::Failed, "remove control socket")
                .about(self.path.display())
                .caused_by(source)
        })
    }
}

/// Listens in `data`, in place of what a process that was killed left there.
///
/// Call it while the archive's lock is held: nobody else can be listening then.
pub(crate) fn bind(data: &Path) -> Result<(UnixListener, SocketFile)> {
    let path = data.join(FILE_NAME);
    let listen = || {
        private_file::remove_if_present(&path)?;
        let listener = {
            let address = Address::of(data)?;
            UnixListener::bind(&address.path)?
        };
        // Whoever connects before this line is still asked who they are, at each request.
        private_file::close_to_others(&path)?;
        Ok(listener)
    };
    let listener = listen().map_err(|source: io::Error| {
        Error::new(ErrorKind::Failed, "listen at the control socket")
            .about(path.display())
            .remedy("make the data directory writable; it must be on a file system that knows sockets")
            .caused_by(source)
    })?;
    Ok((listener, SocketFile { path }))
}

/// Connects to the server in `data`; `None` where none listens.
pub(super) async fn connect(data: &Path) -> io::Result<Option<UnixStream>> {
    let connected = match Address::of(data) {
        Ok(address) => UnixStream::connect(&address.path).await,
        Err(error) => Err(error),
    };
    match connected {
        Ok(stream) => Ok(Some(stream)),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// A path that is short enough for a socket: where the real one is not, it goes through a descriptor of
/// the data directory.
struct Address {
    path: PathBuf,
    _folder: Option<OwnedFd>,
}

impl Address {
    fn of(data: &Path) -> io::Result<Self> {
        let path = data.join(FILE_NAME);
        if path.as_os_str().len() <= PATH_BYTES_MAX {
            return Ok(Self { path, _folder: None });
        }
        let folder =
            rustix::fs::open(data, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
        let path = PathBuf::from(format!("/proc/self/fd/{}", folder.as_raw_fd())).join(FILE_NAME);
        Ok(Self { path, _folder: Some(folder) })
    }
}
