"""Copies inside the archive: in the kernel where it can, in bounded memory, and byte by byte what the source is."""

import contextlib
import os
import time
import unittest

import archive
import images
import memory
import wire
from archive import IS_LONG, MIB

BUCKET = "copies"
SOURCE = {"Bucket": BUCKET, "Key": "source"}
SOURCE_BYTES = (5 * 1024 if IS_LONG else 1024) * MIB
PART_BYTES = SOURCE_BYTES // 4
# The source and two copies of it, while an upload is completed the parts beside the object, and room to spare.
IMAGE_BYTES = SOURCE_BYTES * 5
GROWTH_BYTES_MAX = 64 * MIB
# Where extents are shared, a copy costs its sidecar, its log and the extents' references.
SHARED_BYTES_MAX = 16 * MIB


class Copies(unittest.TestCase):
    def test_on_ext4(self):
        """CopyObject and UploadPartCopy of ranges give the source's bytes, within 64 MiB of memory; the ranges begin
        inside of the file system's blocks."""
        self.check("ext4", seams=[PART_BYTES + 1, 2 * PART_BYTES + 1001, 3 * PART_BYTES + 77_777], room_bytes_max=None)

    def test_on_xfs(self):
        """The same on XFS, where copies of whole blocks take no room of their own."""
        self.check("xfs", seams=[PART_BYTES, 2 * PART_BYTES, 3 * PART_BYTES], room_bytes_max=SHARED_BYTES_MAX)

    def check(self, kind, seams, room_bytes_max):
        with images.Image(kind, IMAGE_BYTES) as image:
            place = archive.Place(image.mounted)
            digest = store_source(place)
            with archive.Server(place) as server, contextlib.closing(server.client()) as s3:
                for key, copy in [("whole", copy_whole), ("ranges", copy_ranges)]:
                    with self.subTest(key):
                        before, started = used_bytes(place), time.monotonic()
                        with memory.bounded(server, f"{kind}: {SOURCE_BYTES // MIB} MiB, {key}", GROWTH_BYTES_MAX):
                            copy(s3, key, seams)
                        seconds = time.monotonic() - started
                        room_bytes = used_bytes(place) - before
                        print(f"  copied in {seconds:.1f} s, taking {room_bytes / MIB:.1f} MiB", flush=True)
                        self.assert_copied(place, s3, key, seams, digest)
                        if room_bytes_max is not None:
                            self.assertLessEqual(room_bytes, room_bytes_max)
                server.stop()

    def assert_copied(self, place, s3, key, seams, digest):
        """The copy's file, its sidecar, and what a GET across the seams answers agree with what was sent as the source."""
        [found] = [sidecar for _, sidecar in archive.all_sidecars(place) if sidecar["key"] == key]
        self.assertEqual((SOURCE_BYTES, digest), (found["size"], found["sha256"]))
        self.assertEqual(digest, archive.sha256_of(place.element() / found["data"]))
        with open(place.element() / found["data"], "rb") as file:
            for seam in seams:
                file.seek(seam - MIB)
                answer = s3.get_object(Bucket=BUCKET, Key=key, Range=f"bytes={seam - MIB}-{seam + MIB - 1}")
                self.assertTrue(file.read(2 * MIB) == answer["Body"].read(), f"other bytes around {seam}")


def store_source(place):
    """Stores the source by a server of its own, whose memory goes with it; answers with the source's digest."""
    stream = wire.Stream(SOURCE_BYTES, seed=5)
    with archive.Server(place) as server, contextlib.closing(server.client()) as s3:
        s3.create_bucket(Bucket=BUCKET)
        answer, _ = wire.exchange(server, "PUT", archive.path_of(BUCKET, "source"), stream, SOURCE_BYTES)
        if answer.status != 200:
            raise AssertionError(f"the source was not stored: {answer.status} {answer.body}")
        server.stop()
    return stream.sha256.hexdigest()


def copy_whole(s3, key, _):
    s3.copy_object(Bucket=BUCKET, Key=key, CopySource=SOURCE)


def copy_ranges(s3, key, seams):
    upload = {"Bucket": BUCKET, "Key": key}
    upload["UploadId"] = s3.create_multipart_upload(**upload)["UploadId"]
    parts = []
    for number, (first, end) in enumerate(zip([0, *seams], [*seams, SOURCE_BYTES]), 1):
        span = f"bytes={first}-{end - 1}"
        copied = s3.upload_part_copy(**upload, PartNumber=number, CopySource=SOURCE, CopySourceRange=span)
        parts.append({"PartNumber": number, "ETag": copied["CopyPartResult"]["ETag"]})
    s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})


def used_bytes(place):
    """What is taken of the file system of a place, once everything has been written."""
    images.run("sync", "--file-system", place.folder)
    status = os.statvfs(place.folder)
    return (status.f_blocks - status.f_bfree) * status.f_frsize


if __name__ == "__main__":
    unittest.main()
