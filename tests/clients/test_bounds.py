"""Bounds hold under what strains them: one huge chunk, many streams, readers that stall, thousands of parts, forms."""

import base64
import concurrent.futures
import contextlib
import hashlib
import random
import threading
import time
import unittest
import urllib.parse
import uuid
import zlib

import archive
import memory
import wire
from archive import IS_LONG, MIB

BUCKET = "bounds"
# The limits of TARGETS.md, "Costs that no load changes".
STREAM_GROWTH_BYTES_MAX = 64 * MIB
PUTS_GROWTH_BYTES_MAX = 256 * MIB
READERS_GROWTH_BYTES_MAX = 128 * MIB
CHUNK_BYTES = 1024 * MIB
SIGNED_CHUNK_BYTES_MAX = 4 * MIB
PUTS = 64
PUT_BYTES = (64 if IS_LONG else 8) * MIB
READERS = 32
READ_BYTES = 64 * MIB
# What a reader takes at a time, and what the kernel may hold for it.
SIP_BYTES = 256 * 1024
# Twice what the door gathers before it writes.
SLIVERED_BYTES = 512 * 1024
SLIVERED_STREAMS = 4
SLIVERED_GROWTH_BYTES_MAX = 32 * MIB
PART_NUMBER_MAX = 10_000
# Every part, or every fifth: a part costs four syncs, and its file is removed one by one.
PART_NUMBERS = range(PART_NUMBER_MAX, 0, -1 if IS_LONG else -5)
PARTS_PAGE = 1000
PART_SENDERS = 16
FORM_BYTES = 256 * MIB
FORM_BYTES_ALLOWED = MIB
# Above what the kernel's buffers of both ends take from a client that is not read.
UNREAD_BYTES_MAX = 32 * MIB


class Bounds(archive.ArchiveTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.s3.create_bucket(Bucket=BUCKET)

    @contextlib.contextmanager
    def bounded(self, what, growth_bytes_max):
        """A server that has just started does what follows within the bound."""
        self.restart()
        self.s3.list_buckets()
        with memory.bounded(self.server, what, growth_bytes_max):
            yield

    def sidecar(self, key):
        [found] = [sidecar for _, sidecar in archive.all_sidecars(self.place) if sidecar["key"] == key]
        return found

    def assert_stored(self, key, size_bytes, sha256):
        """The file of a key has these bytes, and its sidecar says so."""
        sidecar = self.sidecar(key)
        self.assertEqual((size_bytes, sha256), (sidecar["size"], sidecar["sha256"]))
        self.assertEqual(sha256, archive.sha256_of(self.place.element() / sidecar["data"]))

    def assert_stored_nothing(self, key):
        self.stored_nothing(BUCKET, key)
        self.assertEqual([], list((self.place.element() / ".artstore" / "staging").glob("*")))

    def delete(self, *keys):
        for key in keys:
            self.s3.delete_object(Bucket=BUCKET, Key=key)

    def test_a_chunk_of_one_gibibyte(self):
        """One unsigned aws-chunked chunk of 1 GiB with a CRC32 behind it is stored within 64 MiB of memory; with a
        wrong CRC32 it is refused."""
        stream, path = wire.Stream(CHUNK_BYTES), archive.path_of(BUCKET, "chunk")
        with self.bounded("one chunk of 1 GiB", STREAM_GROWTH_BYTES_MAX):
            answer = self.put_chunk(path, stream, lambda: stream.crc32_base64)
        self.assertEqual((200, stream.crc32_base64), (answer.status, answer.headers.get("x-amz-checksum-crc32")))
        head = self.s3.head_object(Bucket=BUCKET, Key="chunk", ChecksumMode="ENABLED")
        self.assertEqual((CHUNK_BYTES, stream.crc32_base64), (head["ContentLength"], head["ChecksumCRC32"]))
        self.assert_stored("chunk", CHUNK_BYTES, stream.sha256.hexdigest())
        refused = self.put_chunk(archive.path_of(BUCKET, "wrong"), wire.Stream(8 * MIB), lambda: stream.crc32_base64)
        self.assertEqual((400, "BadDigest"), (refused.status, refused.code), refused.body)
        self.assert_stored_nothing("wrong")
        self.delete("chunk")

    def put_chunk(self, path, stream, checksum):
        """A PUT of one chunk; `checksum` is asked when the chunk has been sent."""
        def pieces():
            yield first
            yield from stream
            trailer = f"\r\n0\r\nx-amz-checksum-crc32:{checksum()}\r\n\r\n".encode()
            self.assertEqual(len(ending), len(trailer))
            yield trailer

        first, ending = f"{stream.size_bytes:x}\r\n".encode(), b"\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n"
        headers = {
            "Content-Encoding": "aws-chunked", "x-amz-decoded-content-length": str(stream.size_bytes),
            "x-amz-trailer": "x-amz-checksum-crc32",
        }
        length = len(first) + stream.size_bytes + len(ending)
        payload = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
        return wire.exchange(self.server, "PUT", path, pieces(), length, payload, headers)[0]

    def test_pieces_of_one_byte(self):
        """Uploads cut into pieces of one byte, by aws-chunked or by HTTP, take no more memory than whole ones."""
        body = bytes(range(256)) * (SLIVERED_BYTES // 256)
        for how, put in [("aws-chunked", self.put_in_slivers), ("HTTP", self.post_in_slivers)]:
            with self.subTest(how), concurrent.futures.ThreadPoolExecutor(SLIVERED_STREAMS) as senders:
                keys = [f"slivers/{how}/{number}" for number in range(SLIVERED_STREAMS)]
                with self.bounded(f"{SLIVERED_STREAMS} uploads in bytes, {how}", SLIVERED_GROWTH_BYTES_MAX):
                    answers = list(senders.map(put, keys, [body] * SLIVERED_STREAMS))
                self.assertLessEqual({answer.status for answer in answers}, {200, 204})
                for key in keys:
                    self.assert_stored(key, SLIVERED_BYTES, hashlib.sha256(body).hexdigest())

    def put_in_slivers(self, key, body):
        checksum = base64.b64encode(zlib.crc32(body).to_bytes(4, "big")).decode()
        sent = slivers(body) + f"0\r\nx-amz-checksum-crc32:{checksum}\r\n\r\n".encode()
        headers = {
            "Content-Encoding": "aws-chunked", "x-amz-decoded-content-length": str(len(body)),
            "x-amz-trailer": "x-amz-checksum-crc32",
        }
        payload = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
        return wire.exchange(self.server, "PUT", archive.path_of(BUCKET, key), [sent], len(sent), payload, headers)[0]

    def post_in_slivers(self, key, body):
        path, kind, before, behind = self.form(key, len(body))
        with wire.Connection(self.server) as connection:
            connection.send_head("POST", path, {"Content-Type": kind, "Transfer-Encoding": "chunked"})
            pieces = [wire.chunk(before), slivers(body), wire.chunk(behind), wire.chunk(b"")]
            connection.send(pieces)
            return connection.answer("POST")

    def test_a_signed_chunk_has_at_most_four_mebibytes(self):
        """A signed chunk of 4 MiB is stored; one byte more is refused by its size, and so is one that announces 1 GiB,
        of which hardly anything is read."""
        with self.bounded("signed chunks", STREAM_GROWTH_BYTES_MAX):
            data = b"".join(wire.Stream(SIGNED_CHUNK_BYTES_MAX))
            answer, _ = self.put_signed_chunk("signed", data)
            self.assertEqual(200, answer.status, answer.body)
            answer, _ = self.put_signed_chunk("signed-large", data + b"x")
            self.assertEqual((400, "InvalidRequest"), (answer.status, answer.code), answer.body)
            answer, sent = self.put_signed_chunk("signed-huge", wire.Stream(CHUNK_BYTES))
            self.assertEqual((400, "InvalidRequest"), (answer.status, answer.code), answer.body)
            self.assertLessEqual(sent, UNREAD_BYTES_MAX)
        self.assert_stored("signed", SIGNED_CHUNK_BYTES_MAX, hashlib.sha256(data).hexdigest())
        for key in ["signed-large", "signed-huge"]:
            self.assert_stored_nothing(key)

    def put_signed_chunk(self, key, data):
        """A PUT of one signed chunk; of a stream the signature is not right, since all of it must be known for that."""
        path, is_stream = archive.path_of(BUCKET, key), isinstance(data, wire.Stream)
        size = data.size_bytes if is_stream else len(data)
        headers = {"Content-Encoding": "aws-chunked", "x-amz-decoded-content-length": str(size)}
        headers = wire.signed(self.server, "PUT", path, "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", headers)
        signer = wire.ChunkSigner(self.server, headers)
        if is_stream:
            first = f"{size:x};chunk-signature={'0' * 64}\r\n".encode()
            pieces, length = (piece for part in ([first], data) for piece in part), len(first) + size + 88
        else:
            pieces = [signer.chunk(data), signer.chunk(b"")]
            length = sum(map(len, pieces))
        with wire.Connection(self.server) as connection:
            connection.send_head("PUT", path, headers | {"Content-Length": length})
            sent = connection.send(pieces)
            return connection.answer("PUT"), sent

    def test_many_large_puts_at_a_time(self):
        """64 plain uploads, all half sent at one moment, are all stored within 256 MiB of memory."""
        halfway = threading.Barrier(PUTS, timeout=300)
        streams = {f"put/{number:02}": wire.Stream(PUT_BYTES, seed=number) for number in range(PUTS)}
        with concurrent.futures.ThreadPoolExecutor(PUTS) as senders:
            with self.bounded(f"{PUTS} PUTs of {PUT_BYTES // MIB} MiB", PUTS_GROWTH_BYTES_MAX):
                answers = list(senders.map(lambda key: self.put_by_halves(key, streams[key], halfway), streams))
        self.assertEqual([200] * PUTS, [answer.status for answer in answers])
        for key, stream in streams.items():
            self.assert_stored(key, PUT_BYTES, stream.sha256.hexdigest())
        self.delete(*streams)

    def put_by_halves(self, key, stream, halfway):
        def pieces():
            for number, piece in enumerate(stream):
                if number == stream.size_bytes // MIB // 2:
                    halfway.wait()
                yield piece

        return wire.exchange(self.server, "PUT", archive.path_of(BUCKET, key), pieces(), stream.size_bytes)[0]

    def test_readers_that_stall(self):
        """32 readers that take a little and stall cost at most 128 MiB, hold up nobody, and get every byte in the end."""
        body = b"".join(wire.Stream(READ_BYTES, seed=7))
        self.s3.put_object(Bucket=BUCKET, Key="read", Body=body)
        path = archive.path_of(BUCKET, "read")
        with (
            self.bounded(f"{READERS} stalled readers", READERS_GROWTH_BYTES_MAX),
            wire.connections(self.server, READERS, receive_bytes_max=SIP_BYTES) as readers,
        ):
            for reader in readers:
                reader.send_head("GET", path, wire.signed(self.server, "GET", path))
            for reader in readers:
                status, headers = reader.head_of_answer()
                self.assertEqual((200, str(READ_BYTES)), (status, headers["content-length"]))
                self.assertEqual(body[:SIP_BYTES], reader.file.read(SIP_BYTES))
            for number in range(200):
                self.s3.put_object(Bucket=BUCKET, Key="meanwhile", Body=b"%d" % number)
            self.assertEqual(b"199", self.s3.get_object(Bucket=BUCKET, Key="meanwhile")["Body"].read())
            # The first to begin waits longest.
            for reader in reversed(readers):
                for at in range(SIP_BYTES, READ_BYTES, MIB):
                    expected = body[at : at + MIB]
                    self.assertTrue(expected == reader.file.read(len(expected)), f"other bytes at {at}")
        self.delete("read", "meanwhile")

    def test_thousands_of_parts(self):
        """Parts up to the number 10,000 that arrive at once and in no order are listed page by page, survive a kill, and
        go with an abort; the numbers 0 and 10,001 are refused."""
        name = {"Bucket": BUCKET, "Key": "parts"}
        name["UploadId"] = self.s3.create_multipart_upload(**name)["UploadId"]
        for number in (0, PART_NUMBER_MAX + 1):
            with self.refused("InvalidArgument", 400):
                self.s3.upload_part(**name, PartNumber=number, Body=b"x")
        started = time.monotonic()
        numbers = random.Random(3).sample(PART_NUMBERS, len(PART_NUMBERS))
        with concurrent.futures.ThreadPoolExecutor(PART_SENDERS) as senders:
            shares = [numbers[share::PART_SENDERS] for share in range(PART_SENDERS)]
            list(senders.map(lambda share: self.send_parts(name["UploadId"], share), shares))
        seconds = time.monotonic() - started
        print(f"\n  {len(numbers)} parts from {PART_SENDERS} connections in {seconds:.1f} s", flush=True)
        expected = [(number, 1, etag_of(number)) for number in sorted(numbers)]
        self.assert_parts(name, expected)
        self.restart("kill")
        self.assert_parts(name, expected)
        chosen = [{"PartNumber": number, "ETag": etag} for number, _, etag in expected[:2]]
        with self.refused("EntityTooSmall", 400):
            self.s3.complete_multipart_upload(**name, MultipartUpload={"Parts": chosen})
        self.assert_parts(name, expected)
        self.s3.abort_multipart_upload(**name)
        with self.refused("NoSuchUpload", 404):
            self.s3.list_parts(**name)
        self.assertEqual([], list((self.place.element() / ".artstore" / "uploads").iterdir()))
        self.assert_stored_nothing("parts")

    def send_parts(self, upload_id, numbers):
        credentials = self.server.credentials()
        with wire.Connection(self.server) as connection:
            for number in numbers:
                path = f"{archive.path_of(BUCKET, 'parts')}?partNumber={number}&uploadId={upload_id}"
                headers = wire.signed(self.server, "PUT", path, credentials=credentials)
                connection.send_head("PUT", path, headers | {"Content-Length": 1})
                connection.send([part_of(number)])
                answer = connection.answer("PUT")
                self.assertEqual((200, etag_of(number)), (answer.status, answer.headers.get("etag")), answer.body)

    def assert_parts(self, name, expected):
        pages = [page["Parts"] for page in self.s3.get_paginator("list_parts").paginate(**name)]
        self.assertEqual([PARTS_PAGE] * (len(expected) // PARTS_PAGE), [len(page) for page in pages])
        listed = [(part["PartNumber"], part["Size"], part["ETag"]) for page in pages for part in page]
        self.assertTrue(expected == listed, "other parts than were sent")

    def test_a_large_form(self):
        """A browser's form with a file of 256 MiB is stored within 64 MiB of memory."""
        stream = wire.Stream(FORM_BYTES, seed=9)
        with self.bounded("a form of 256 MiB", STREAM_GROWTH_BYTES_MAX):
            answer, _ = self.post("form", stream, FORM_BYTES)
        self.assertEqual(204, answer.status, answer.body)
        self.assert_stored("form", FORM_BYTES, stream.sha256.hexdigest())
        self.delete("form")

    def test_a_form_larger_than_its_policy(self):
        """A form of 256 MiB whose policy allows 1 MiB is refused with EntityTooLarge long before its end."""
        with self.bounded("a form beyond its policy", STREAM_GROWTH_BYTES_MAX):
            answer, sent = self.post("form-refused", wire.Stream(FORM_BYTES), FORM_BYTES_ALLOWED)
        print(f"  refused after {sent / MIB:.1f} MiB were sent", flush=True)
        self.assertEqual((400, "EntityTooLarge"), (answer.status, answer.code), answer.body)
        self.assertLessEqual(sent, UNREAD_BYTES_MAX)
        self.assert_stored_nothing("form-refused")

    def post(self, key, stream, allowed_bytes):
        """Sends a form; its answer and the bytes of its body that were sent."""
        path, kind, before, behind = self.form(key, allowed_bytes)
        length = len(before) + stream.size_bytes + len(behind)
        with wire.Connection(self.server) as connection:
            connection.send_head("POST", path, {"Content-Type": kind, "Content-Length": length})
            sent = connection.send(piece for pieces in ([before], stream, [behind]) for piece in pieces)
            return connection.answer("POST"), sent

    def form(self, key, allowed_bytes):
        """The path and content type of a form, and what of it stands before the file and behind."""
        with contextlib.closing(self.server.client(signature_version="s3v4")) as client:
            form = client.generate_presigned_post(BUCKET, key, Conditions=[["content-length-range", 0, allowed_bytes]])
        boundary, lines = uuid.uuid4().hex, []
        for name, value in form["fields"].items():
            lines += [f"--{boundary}", f'Content-Disposition: form-data; name="{name}"', "", value]
        lines += [f"--{boundary}", 'Content-Disposition: form-data; name="file"; filename="f"', "", ""]
        path, kind = urllib.parse.urlsplit(form["url"]).path, f"multipart/form-data; boundary={boundary}"
        return path, kind, "\r\n".join(lines).encode(), f"\r\n--{boundary}--\r\n".encode()


def slivers(body):
    """Every byte as a chunk of its own, in the framing that HTTP and aws-chunked share."""
    return b"".join(b"1\r\n%c\r\n" % byte for byte in body)


def part_of(number):
    return bytes([number % 251])


def etag_of(number):
    return f'"{hashlib.md5(part_of(number)).hexdigest()}"'


if __name__ == "__main__":
    unittest.main()
