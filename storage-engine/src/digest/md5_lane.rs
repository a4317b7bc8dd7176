//! MD5 beside the other digests: it is the slowest by far and no hardware helps, so that a long body
//! gives it a thread of its own.

use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;

use bytes::Bytes;
use sha2::Digest as _;

/// Bodies shorter than this are not worth a thread.
const THREAD_FROM_BYTES: u64 = 1024 * 1024;
/// Pieces that may wait for the thread; each is a piece of a body, at most a few MiB.
const WAITING_MAX: usize = 4;

/// A running MD5, inline or on a thread.
pub(super) enum Md5Lane {
    /// Not wanted: the digest is all zeros.
    Off,
    Inline {
        md5: md5::Md5,
        bytes: u64,
    },
    Thread {
        pieces: SyncSender<Bytes>,
        done: JoinHandle<md5::Md5>,
    },
}

impl Md5Lane {
    pub(super) fn new() -> Self {
        Self::Inline { md5: md5::Md5::new(), bytes: 0 }
    }

    /// Takes bytes that cannot be shared.
    pub(super) fn update(&mut self, piece: &[u8]) {
        match self {
            Self::Off => {}
            Self::Inline { md5, bytes } => {
                md5.update(piece);
                *bytes += piece.len() as u64;
            }
            Self::Thread { .. } => self.send(Bytes::copy_from_slice(piece)),
        }
    }

    /// Takes bytes that can be, and moves to a thread once the body is long.
    pub(super) fn update_shared(&mut self, piece: &Bytes) {
        if let Self::Inline { md5, bytes } = self
            && *bytes >= THREAD_FROM_BYTES
        {
            let (pieces, incoming) = sync_channel::<Bytes>(WAITING_MAX);
            let mut running = md5.clone();
            let spawned = std::thread::Builder::new().name("md5".into()).spawn(move || {
                for piece in incoming {
                    running.update(&piece);
                }
                running
            });
            if let Ok(done) = spawned {
                *self = Self::Thread { pieces, done };
            }
        }
        match self {
            Self::Off | Self::Inline { .. } => self.update(piece),
            Self::Thread { .. } => self.send(piece.clone()),
        }
    }

    fn send(&mut self, piece: Bytes) {
        if let Self::Thread { pieces, .. } = self {
            // The thread ends only when the sender is dropped, so that sending cannot fail.
            pieces.send(piece).ok();
        }
    }

    pub(super) fn finish(self) -> [u8; 16] {
        match self {
            Self::Off => [0; 16],
            Self::Inline { md5, .. } => md5.finalize().into(),
            Self::Thread { pieces, done } => {
                drop(pieces);
                match done.join() {
                    Ok(md5) => md5.finalize().into(),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
        }
    }
}
