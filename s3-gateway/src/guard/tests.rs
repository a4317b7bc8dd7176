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
        assert!(seen.iter().all(|bytes| bytes.len() <= read_bytes.max(8)), "reads of {read_bytes}");
        let sizes = seen.iter().filter_map(|bytes| bytes.strip_suffix(b"\r\n"));
        let sizes = sizes.filter(|size| !size.is_empty()).map_while(|size| {
            let size = std::str::from_utf8(size).ok()?;
            usize::from_str_radix(size, 16).ok()
        });
        assert!(sizes.clone().all(|size| size <= read_bytes), "no chunk is larger than a read");
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
