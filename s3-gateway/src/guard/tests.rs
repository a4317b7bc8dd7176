use std::collections::VecDeque;

use bytes::Bytes;

use super::chunk_framing::ChunkFraming;

/// Feeds a body in reads of `read_bytes` and returns what s3s sees, read by read.
fn fed(body: &[u8], length: u64, read_bytes: usize) -> Vec<Bytes> {
    let mut framing = ChunkFraming::new(false, length);
    let mut seen = VecDeque::new();
    for read in body.chunks(read_bytes) {
        framing.take(Bytes::copy_from_slice(read), &mut seen).expect("a framing");
    }
    framing.end().expect("a whole body");
    seen.into()
}

#[test]
fn a_large_unsigned_chunk_reaches_s3s_in_small_ones() {
    let mut body = format!("{:x}\r\n", 1_000_000).into_bytes();
    body.extend(std::iter::repeat_n(b'a', 1_000_000));
    body.extend_from_slice(b"\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n");
    for read_bytes in [1, 7, 4096, 65_536] {
        let seen = fed(&body, 1_000_000, read_bytes);
        let largest = read_bytes.max(16_384);
        assert!(seen.iter().all(|bytes| bytes.len() <= largest), "reads of {read_bytes}");
        let sizes = seen.iter().filter_map(|bytes| bytes.strip_suffix(b"\r\n"));
        let sizes = sizes.filter(|size| !size.is_empty()).map_while(|size| {
            let size = std::str::from_utf8(size).ok()?;
            usize::from_str_radix(size, 16).ok()
        });
        assert!(sizes.clone().all(|size| size <= largest), "no chunk is much larger than a read");
        assert_eq!(sizes.sum::<usize>(), 1_000_000);
    }
}

#[test]
fn the_framing_is_the_same_however_it_is_cut() {
    let body = b"3;x=y\r\nhel\r\n2\r\nlo\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n";
    for read_bytes in 1..=body.len() {
        let seen = fed(body, 5, read_bytes).concat();
        let seen = String::from_utf8(seen).expect("a text");
        let data: String = seen.split("\r\n").take_while(|line| *line != "0").skip(1).step_by(2).collect();
        assert_eq!(data, "hello", "reads of {read_bytes}");
        assert!(seen.ends_with("0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n"));
    }
}

/// Each piece by itself would cost its share of the connection's buffer: many times what it holds.
#[test]
fn tiny_unsigned_chunks_reach_s3s_joined() {
    let mut body = b"1\r\na\r\n".repeat(20_000);
    body.extend_from_slice(b"0\r\n\r\n");
    for read_bytes in [1, 7, 4096, 65_536] {
        let seen = fed(&body, 20_000, read_bytes);
        let whole = seen.concat();
        let chunks = seen.iter().filter(|bytes| bytes.len() >= 8192).count();
        assert!(chunks == 2 && seen.len() <= 3 * 3 + 3, "two chunks of 8 KiB, one of the rest, the end");
        assert!(whole.len() < 20_100, "reads of {read_bytes}: {}", whole.len());
    }
}
