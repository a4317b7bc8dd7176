"""Large objects: parts, exact bytes, and memory that does not grow with size."""

import hashlib
import unittest

import archive
import documents
from archive import MIB

BUCKET = "large"
# The limit of TARGETS.md for one stream.
GROWTH_BYTES_MAX = 64 * MIB
SIZE_BYTES = 5 * 1024 * MIB if archive.IS_LONG else 512 * MIB


class LargeObjects(archive.ArchiveTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.s3.create_bucket(Bucket=BUCKET)
        cls.file = documents.make_file(cls.place.folder / "large.bin", SIZE_BYTES)
        cls.digest = archive.sha256_of(cls.file)

    def test_a_copy_in_parts_comes_back_identical(self):
        """`aws s3 cp` of 200 MB goes up in parts and comes down with the same bytes; no part is left over."""
        source = documents.make_file(self.place.folder / "two-hundred.bin", 200 * MIB + 12345, seed=2)
        self.server.aws("s3", "cp", source, f"s3://{BUCKET}/two-hundred.bin", "--only-show-errors")
        back = self.place.folder / "back.bin"
        self.server.aws("s3", "cp", f"s3://{BUCKET}/two-hundred.bin", back, "--only-show-errors")
        digest = archive.sha256_of(source)
        self.assertEqual(digest, archive.sha256_of(back))
        head = self.s3.head_object(Bucket=BUCKET, Key="two-hundred.bin")
        self.assertRegex(head["ETag"], r'^"[0-9a-f]{32}-26"$')
        self.assertEqual([digest], [found["sha256"] for _, found in archive.all_sidecars(self.place)
                                    if found["key"] == "two-hundred.bin"])
        self.assertNotIn("Uploads", self.s3.list_multipart_uploads(Bucket=BUCKET))
        uploads = self.place.element() / ".artstore" / "uploads"
        self.assertEqual([], [path for path in uploads.rglob("*") if path.is_file()])

    def test_an_etag_of_parts_is_the_digest_of_their_digests(self):
        """The ETag of an upload in parts is md5(of the parts' md5s)-N, and GET by part number gives the part."""
        parts = [b"a" * (5 * MIB), b"b" * (6 * MIB), b"tail"]
        upload = self.s3.create_multipart_upload(Bucket=BUCKET, Key="parts", ContentType="text/plain")["UploadId"]
        name = {"Bucket": BUCKET, "Key": "parts", "UploadId": upload}
        kept = [self.s3.upload_part(**name, PartNumber=n, Body=part)["ETag"] for n, part in enumerate(parts, 1)]
        listed = self.s3.list_parts(**name)["Parts"]
        self.assertEqual([(n, len(part)) for n, part in enumerate(parts, 1)], [(p["PartNumber"], p["Size"]) for p in listed])
        with self.refused("NoSuchKey", 404):
            self.s3.get_object(Bucket=BUCKET, Key="parts")
        chosen = [{"PartNumber": n, "ETag": etag} for n, etag in enumerate(kept, 1)]
        done = self.s3.complete_multipart_upload(**name, MultipartUpload={"Parts": chosen})
        expected = hashlib.md5(b"".join(hashlib.md5(part).digest() for part in parts)).hexdigest()
        self.assertEqual(f'"{expected}-3"', done["ETag"])
        answer = self.s3.get_object(Bucket=BUCKET, Key="parts")
        self.assertEqual((b"".join(parts), "text/plain"), (answer["Body"].read(), answer["ContentType"]))

    def test_an_aborted_upload_leaves_nothing(self):
        """After an abort the upload is gone, its parts' bytes are gone, and no object has appeared."""
        upload = self.s3.create_multipart_upload(Bucket=BUCKET, Key="aborted")["UploadId"]
        name = {"Bucket": BUCKET, "Key": "aborted", "UploadId": upload}
        self.s3.upload_part(**name, PartNumber=1, Body=b"x" * (5 * MIB))
        self.s3.abort_multipart_upload(**name)
        with self.refused("NoSuchUpload", 404):
            self.s3.upload_part(**name, PartNumber=2, Body=b"y")
        self.stored_nothing(BUCKET, "aborted")
        self.assertEqual([], list((self.place.element() / ".artstore" / "uploads").rglob("*part*")))

    def test_memory_does_not_grow_with_the_object(self):
        """One stream of a large object, single or in parts, up or down, takes at most 64 MiB above the base."""
        self.restart()
        self.s3.list_buckets()
        for what, transfer in [("single", self.put_single), ("parts", self.put_parts), ("down", self.get)]:
            with self.subTest(what):
                base = self.server.memory_now_bytes()
                self.server.forget_memory_peak()
                transfer()
                growth = self.server.memory_peak_bytes() - base
                print(f"\n  {SIZE_BYTES // MIB} MiB {what}: base {base // MIB} MiB, peak + {growth // MIB} MiB")
                self.assertLessEqual(growth, GROWTH_BYTES_MAX)

    def put_single(self):
        with open(self.file, "rb") as body:
            self.s3.put_object(Bucket=BUCKET, Key="single.bin", Body=body)
        self.assert_stored("single.bin")

    def put_parts(self):
        self.server.aws("s3", "cp", self.file, f"s3://{BUCKET}/parts.bin", "--only-show-errors", timeout=3600)
        self.assert_stored("parts.bin")

    def get(self):
        for key in ["single.bin", "parts.bin"]:
            digest = hashlib.sha256()
            for piece in self.s3.get_object(Bucket=BUCKET, Key=key)["Body"].iter_chunks(MIB):
                digest.update(piece)
            self.assertEqual(self.digest, digest.hexdigest())

    def assert_stored(self, key):
        found = [sidecar for _, sidecar in archive.all_sidecars(self.place) if sidecar["key"] == key]
        self.assertEqual([self.digest], [sidecar["sha256"] for sidecar in found])
        self.assertEqual(self.digest, archive.sha256_of(self.place.element() / found[0]["data"]))


if __name__ == "__main__":
    unittest.main()
