//! The bytes of a data file against its sidecar: size, SHA-256, block digests.

use std::io;

use sha2::{Digest as _, Sha256};

use super::finding::FindingKind;
use crate::digest::{BLOCK_BYTES, BlockDigests};
use crate::disk::{Disk, DiskFile, PARTIAL_SUFFIX, parent};
use crate::element::blocks_path;
use crate::sidecar::{Blocks, Sidecar};

/// Bytes read at once: a whole number of blocks.
const PIECE_BYTES: usize = 16 * BLOCK_BYTES;
/// Bytes of one digest in a file of block digests.
const DIGEST_BYTES: usize = 4;

/// What is wrong with a file.
pub(crate) struct Wrong {
    pub(crate) kind: FindingKind,
    pub(crate) detail: String,
    /// Number of the first block that differs from its digest, where one is known.
    pub(crate) block: Option<u64>,
}

/// The block digests that a data file is compared with.
pub(crate) enum BlockSource<'a> {
    /// Those in the sidecar.
    Inline(&'a BlockDigests),
    /// Those in a file that has the digest its sidecar says.
    File(Box<dyn DiskFile>),
    /// They are missing or damaged.
    Lost,
}

/// Finds the block digests of an object, and what is wrong with their file: its path and why.
pub(crate) fn blocks_of<'a>(
    disk: &dyn Disk,
    sidecar: &'a Sidecar,
) -> (BlockSource<'a>, Option<(String, String)>) {
    let sha256 = match &sidecar.blocks {
        Blocks::Inline(digests) => return (BlockSource::Inline(digests), None),
        Blocks::File(sha256) => sha256,
    };
    let path = blocks_path(sidecar.id);
    match disk.open(&path).and_then(|file| Ok((sha256_of(&*file)?, file))) {
        Ok((found, file)) if found == *sha256 => (BlockSource::File(file), None),
        Ok(_) => (BlockSource::Lost, Some((path, "it has another digest than its sidecar says".into()))),
        Err(error) => (BlockSource::Lost, Some((path, format!("it cannot be read: {error}")))),
    }
}

/// Compares a data file with its sidecar; with `verify` every byte of it. `read` is told of each piece.
pub(crate) fn check(
    disk: &dyn Disk,
    sidecar: &Sidecar,
    blocks: &BlockSource<'_>,
    verify: bool,
    read: &mut dyn FnMut(u64),
) -> Result<(), Wrong> {
    let unreadable = |error: io::Error| Wrong {
        kind: FindingKind::UnreadableFile,
        detail: format!("it cannot be read: {error}"),
        block: None,
    };
    let file = disk.open(sidecar.path.data()).map_err(unreadable)?;
    let len = file.len().map_err(unreadable)?;
    if len != sidecar.size {
        let detail = format!("it has {len} bytes and its sidecar says {}", sidecar.size);
        return Err(Wrong { kind: FindingKind::SizeMismatch, detail, block: None });
    }
    if !verify {
        return Ok(());
    }
    let seen = compare(&*file, sidecar, blocks, read, &mut |_| Ok(())).map_err(unreadable)?;
    seen.verdict(sidecar)
}

/// Makes the file of block digests again from a data file that proves itself by its SHA-256; says so, or
/// `None` where it does not. Memory does not grow with the object.
///
/// *Durability*: bytes and name are durable on return.
pub(super) fn remake_blocks(disk: &dyn Disk, sidecar: &Sidecar) -> io::Result<Option<String>> {
    let path = blocks_path(sidecar.id);
    let partial = format!("{path}{PARTIAL_SUFFIX}");
    let data = disk.open(sidecar.path.data())?;
    disk.create_dir_durable(parent(&path))?;
    if disk.exists(&partial)? {
        disk.remove(&partial)?;
    }
    let (file, mut at) = (disk.create(&partial)?, 0);
    let seen = compare(&*data, sidecar, &BlockSource::Lost, &mut |_| {}, &mut |digests| {
        file.write_at(digests, at)?;
        at += digests.len() as u64;
        Ok(())
    })?;
    if seen.verdict(sidecar).is_err() {
        disk.remove(&partial)?;
        return Ok(None);
    }
    file.sync()?;
    disk.replace(&partial, &path)?;
    disk.sync_dir(parent(&path))?;
    Ok(Some("made again from the data file, whose SHA-256 is right".into()))
}

/// What the bytes of a data file turned out to be.
struct Seen {
    sha256: [u8; 32],
    /// SHA-256 of the digests of all blocks, as their file holds them.
    blocks_sha256: [u8; 32],
    /// Number of the first block that differs from its digest.
    bad_block: Option<u64>,
}

impl Seen {
    fn verdict(&self, sidecar: &Sidecar) -> Result<(), Wrong> {
        let wrong = |detail| Err(Wrong { kind: FindingKind::DigestMismatch, detail, block: self.bad_block });
        let block = self.bad_block.map_or(String::new(), |number| {
            format!("; block {number} of {BLOCK_BYTES} bytes is the first that differs")
        });
        if self.sha256 != sidecar.sha256 {
            return wrong(format!(
                "its SHA-256 is {} and its sidecar says {}{block}",
                hex::encode(self.sha256),
                hex::encode(sidecar.sha256)
            ));
        }
        let blocks_differ = match &sidecar.blocks {
            Blocks::Inline(digests) => {
                self.bad_block.is_some() || digests.len() as u64 != sidecar.size.div_ceil(BLOCK_BYTES as u64)
            }
            Blocks::File(sha256) => *sha256 != self.blocks_sha256,
        };
        if blocks_differ {
            return wrong(format!(
                "its SHA-256 is right and the block digests of its sidecar are not{block}"
            ));
        }
        Ok(())
    }
}

fn compare(
    file: &dyn DiskFile,
    sidecar: &Sidecar,
    blocks: &BlockSource<'_>,
    read: &mut dyn FnMut(u64),
    keep: &mut dyn FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<Seen> {
    let (mut whole, mut digests) = (Sha256::new(), Sha256::new());
    let mut bad_block = None;
    let (mut at, mut number) = (0, 0_u64);
    let size = usize::try_from(sidecar.size).unwrap_or(usize::MAX);
    let mut buffer = vec![0; PIECE_BYTES.min(size.max(1))];
    loop {
        let count = fill(file, &mut buffer, at)?;
        let piece = buffer.get(..count).unwrap_or_default();
        if piece.is_empty() {
            break;
        }
        whole.update(piece);
        let expected = expected(blocks, number)?;
        let mut of_piece = Vec::with_capacity(PIECE_BYTES / BLOCK_BYTES * DIGEST_BYTES);
        for (index, block) in piece.chunks(BLOCK_BYTES).enumerate() {
            let digest = crate::digest::crc32c_of(&[block]).to_be_bytes();
            of_piece.extend(digest);
            let matches = expected.as_ref().is_none_or(|expected| expected.get(index) == Some(&digest));
            if !matches && bad_block.is_none() {
                bad_block = Some(number + index as u64);
            }
        }
        digests.update(&of_piece);
        keep(&of_piece)?;
        at += count as u64;
        number += count.div_ceil(BLOCK_BYTES) as u64;
        read(count as u64);
    }
    Ok(Seen { sha256: whole.finalize().into(), blocks_sha256: digests.finalize().into(), bad_block })
}

/// The digests of the blocks from `first` on, as many as a piece has; `None` where they are not known.
fn expected(blocks: &BlockSource<'_>, first: u64) -> io::Result<Option<Vec<[u8; DIGEST_BYTES]>>> {
    let blocks_max = PIECE_BYTES / BLOCK_BYTES;
    match blocks {
        BlockSource::Lost => Ok(None),
        BlockSource::Inline(digests) => {
            let first = usize::try_from(first).unwrap_or(usize::MAX);
            let found = (first..first.saturating_add(blocks_max)).map_while(|index| digests.get(index));
            Ok(Some(found.map(u32::to_be_bytes).collect()))
        }
        BlockSource::File(file) => {
            let mut bytes = vec![0; blocks_max * DIGEST_BYTES];
            let count = fill(&**file, &mut bytes, first * DIGEST_BYTES as u64)?;
            let (digests, _) = bytes.get(..count).unwrap_or_default().as_chunks::<DIGEST_BYTES>();
            Ok(Some(digests.to_vec()))
        }
    }
}

/// Fills the buffer from `offset` on; fewer bytes only at the end of the file.
fn fill(file: &dyn DiskFile, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match file.read_at(rest, offset + filled as u64)? {
            0 => break,
            count => filled += count,
        }
    }
    Ok(filled)
}

fn sha256_of(file: &dyn DiskFile) -> io::Result<[u8; 32]> {
    let mut whole = Sha256::new();
    let (mut buffer, mut at) = (vec![0; BLOCK_BYTES], 0);
    loop {
        let count = fill(file, &mut buffer, at)?;
        if count == 0 {
            return Ok(whole.finalize().into());
        }
        whole.update(buffer.get(..count).unwrap_or_default());
        at += count as u64;
    }
}
