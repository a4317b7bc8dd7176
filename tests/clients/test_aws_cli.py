"""The AWS command line: copies, moves, syncs, links, and the calls of s3api that its other commands do not make."""

import contextlib
import json
import time
import unittest
import urllib.error
import urllib.request

import archive
import checksums
import documents
import programs
from archive import MIB

BUCKET, OTHER = "aws-cli", "aws-cli-other"
URI = f"s3://{BUCKET}"
EXPIRY_SECONDS_MAX = 30


class AwsCli(archive.ArchiveTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for bucket in (BUCKET, OTHER):
            cls.server.aws("s3", "mb", f"s3://{bucket}")
        cls.tree = cls.place.folder / "tree"
        cls.file_count = documents.make_small_tree(cls.tree)

    def s3_command(self, *arguments, **options):
        return self.server.aws("s3", *arguments, **options).stdout

    def s3api(self, operation, *arguments):
        done = self.server.aws("s3api", operation, "--bucket", BUCKET, "--output", "json", *arguments)
        return json.loads(done.stdout) if done.stdout else {}

    def keys(self, prefix, bucket=BUCKET):
        return {key for key in archive.listing(self.s3, bucket) if key.startswith(prefix)}

    def body(self, key, bucket=BUCKET):
        return self.s3.get_object(Bucket=bucket, Key=key)["Body"].read()

    def file(self, name, content):
        path = self.place.folder / name
        path.write_bytes(content)
        return path

    def test_cp_and_mv_between_keys(self):
        """`cp` and `mv` between keys and buckets are made by the server: bytes, type and metadata go along, and only
        `mv` takes the source away."""
        body = bytes(range(256)) * 40
        described = ["--content-type", "text/x-report", "--metadata", "case=6-499"]
        self.s3_command("cp", self.file("source", body), f"{URI}/from/source", *described)
        self.s3_command("cp", f"{URI}/from/source", f"{URI}/to/copied")
        self.s3_command("cp", f"{URI}/from/source", f"s3://{OTHER}/copied")
        self.s3_command("mv", f"{URI}/to/copied", f"{URI}/to/moved")
        self.assertEqual(({"from/source"}, {"to/moved"}), (self.keys("from/"), self.keys("to/")))
        for bucket, key in [(BUCKET, "from/source"), (BUCKET, "to/moved"), (OTHER, "copied")]:
            head = self.s3.head_object(Bucket=bucket, Key=key)
            self.assertEqual(("text/x-report", {"case": "6-499"}), (head["ContentType"], head["Metadata"]), key)
            self.assertEqual(body, self.body(key, bucket))

    def test_a_tree_is_copied_on_the_server_and_removed(self):
        """`cp --recursive` between buckets copies every key; `rm --recursive` removes a prefix and leaves the rest."""
        self.s3_command("cp", "--recursive", self.tree, f"{URI}/whole", "--only-show-errors")
        self.s3_command("cp", "--recursive", f"{URI}/whole", f"s3://{OTHER}/whole", "--only-show-errors")
        back = self.place.folder / "whole-back"
        self.s3_command("cp", "--recursive", f"s3://{OTHER}/whole", back, "--only-show-errors")
        programs.assert_same_tree(self, self.tree, back)
        self.s3_command("cp", self.file("beside", b"x"), f"s3://{OTHER}/whole-beside")
        removed = self.s3_command("rm", "--recursive", f"s3://{OTHER}/whole/")
        self.assertEqual(self.file_count, len(removed.splitlines()))
        self.assertEqual({"whole-beside"}, self.keys("whole", OTHER))

    def test_sync_with_delete_follows(self):
        """`sync --delete` adds, replaces and removes what differs, up, down and between buckets."""
        tree = self.place.folder / "followed"
        documents.make_small_tree(tree, seed=11)
        self.s3_command("sync", tree, f"{URI}/followed", "--only-show-errors")
        gone, changed = sorted(tree.rglob("*.bin"))[:2]
        gone.unlink()
        changed.write_bytes(b"of another length than before")
        (tree / "added").write_bytes(b"added")
        said = self.s3_command("sync", "--delete", tree, f"{URI}/followed", "--no-progress")
        self.assertEqual(3, len(said.splitlines()), said)
        self.s3_command("sync", "--delete", f"{URI}/followed", f"s3://{OTHER}/followed", "--only-show-errors")
        back = self.place.folder / "followed-back"
        back.mkdir()
        (back / "not-there").write_bytes(b"goes")
        self.s3_command("sync", "--delete", f"s3://{OTHER}/followed", back, "--only-show-errors")
        programs.assert_same_tree(self, tree, back)

    def test_a_large_object_is_copied_in_parts(self):
        """Above its threshold `cp` copies in parts: the copy has the bytes, and an ETag of parts."""
        source = documents.make_file(self.place.folder / "large.bin", 20 * MIB + 77, seed=12)
        self.s3_command("cp", source, f"{URI}/large.bin", "--only-show-errors")
        self.s3_command("cp", f"{URI}/large.bin", f"{URI}/large-copy.bin", "--only-show-errors")
        back = self.place.folder / "large-back.bin"
        self.s3_command("cp", f"{URI}/large-copy.bin", back, "--only-show-errors")
        self.assertEqual(archive.sha256_of(source), archive.sha256_of(back))
        self.assertRegex(self.s3.head_object(Bucket=BUCKET, Key="large-copy.bin")["ETag"], r'^"[0-9a-f]{32}-3"$')

    def fetch(self, link):
        """The status and body of a plain GET."""
        try:
            with urllib.request.urlopen(link) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as refused:
            with contextlib.closing(refused):
                return refused.code, refused.read()

    def link(self, seconds):
        return self.s3_command("presign", f"{URI}/linked", "--expires-in", seconds).strip()

    def test_a_presigned_link(self):
        """`presign`, with the credentials file of the first start alone, makes a link that reads without credentials;
        another key, term or signature is refused, and so is the link when its time is over."""
        self.s3_command("cp", self.file("linked", b"linked"), f"{URI}/linked")
        link = self.link(600)
        self.assertEqual((200, b"linked"), self.fetch(link))
        self.s3_command("cp", f"{URI}/linked", f"{URI}/secret")
        flipped = link[:-1] + ("0" if link[-1] != "0" else "1")
        for tampered in (link.replace("/linked", "/secret"), link.replace("Expires=600", "Expires=6000"), flipped):
            self.assertNotEqual(link, tampered)
            status, answer = self.fetch(tampered)
            self.assertEqual(403, status, tampered)
            self.assertIn(b"<Code>SignatureDoesNotMatch</Code>", answer)
        short = self.link(1)
        deadline = time.monotonic() + EXPIRY_SECONDS_MAX
        status, answer = self.fetch(short)
        while status == 200 and time.monotonic() < deadline:
            status, answer = self.fetch(short)
        self.assertEqual(403, status)
        self.assertIn(b"<Code>AccessDenied</Code>", answer)

    def test_copy_object(self):
        """`copy-object` keeps metadata, replaces it where asked, and honours the conditions on its source."""
        first = self.s3api("put-object", "--key", "kept", "--body", self.file("kept", b"kept"), "--metadata", "a=1")
        copied = self.s3api("copy-object", "--key", "kept-copy", "--copy-source", f"{BUCKET}/kept")
        self.assertEqual(first["ETag"], copied["CopyObjectResult"]["ETag"])
        replace = ["--metadata-directive", "REPLACE", "--metadata", "b=2", "--content-type", "text/x-b"]
        self.s3api("copy-object", "--key", "replaced", "--copy-source", f"{BUCKET}/kept", *replace)
        heads = {key: self.s3api("head-object", "--key", key) for key in ("kept-copy", "replaced")}
        self.assertEqual(({"a": "1"}, {"b": "2"}), (heads["kept-copy"]["Metadata"], heads["replaced"]["Metadata"]))
        self.assertEqual("text/x-b", heads["replaced"]["ContentType"])
        self.assertEqual(b"kept", self.body("replaced"))
        refused = self.server.aws(
            "s3api", "copy-object", "--bucket", BUCKET, "--key", "conditional", "--copy-source", f"{BUCKET}/kept",
            "--copy-source-if-match", '"00000000000000000000000000000000"', check=False,
        )
        self.assertNotEqual(0, refused.returncode)
        self.assertIn("PreconditionFailed", refused.stderr)
        self.stored_nothing(BUCKET, "conditional")

    def test_upload_part_copy_of_ranges(self):
        """An object assembled of ranges of another has exactly those bytes, in the order of its parts."""
        source = documents.make_file(self.place.folder / "ranges.bin", 12 * MIB, seed=13)
        content = source.read_bytes()
        self.s3_command("cp", source, f"{URI}/ranges.bin", "--only-show-errors")
        upload_id = self.s3api("create-multipart-upload", "--key", "assembled.bin")["UploadId"]
        upload = ["--key", "assembled.bin", "--upload-id", upload_id]
        ranges = [(6 * MIB, 11 * MIB + 5), (0, 5 * MIB), (17, 1000)]
        parts = []
        for number, (first, end) in enumerate(ranges, 1):
            copied = self.s3api(
                "upload-part-copy", *upload, "--part-number", number, "--copy-source", f"{BUCKET}/ranges.bin",
                "--copy-source-range", f"bytes={first}-{end - 1}",
            )
            parts.append({"PartNumber": number, "ETag": copied["CopyPartResult"]["ETag"]})
        self.s3api("complete-multipart-upload", *upload, "--multipart-upload", json.dumps({"Parts": parts}))
        self.assertEqual(b"".join(content[first:end] for first, end in ranges), self.body("assembled.bin"))

    def test_list_object_versions(self):
        """In a bucket without versioning every key has one version, `null`, and it is the latest."""
        for number in range(5):
            self.s3.put_object(Bucket=BUCKET, Key=f"versions/{number}", Body=b"x" * number)
        listed = self.s3api("list-object-versions", "--prefix", "versions/", "--page-size", 2)
        found = [(v["Key"], v["VersionId"], v["IsLatest"], v["Size"]) for v in listed["Versions"]]
        self.assertEqual([(f"versions/{number}", "null", True, number) for number in range(5)], found)
        self.assertNotIn("DeleteMarkers", listed)

    def test_get_object_attributes(self):
        """`get-object-attributes` tells ETag, size, class, checksum and parts of an object, and only what was asked."""
        body = self.file("whole", b"whole")
        whole = self.s3api("put-object", "--key", "whole", "--body", body, "--checksum-algorithm", "SHA256")
        everything = ["--object-attributes", "ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"]
        told = self.s3api("get-object-attributes", "--key", "whole", *everything)
        self.assertEqual(whole["ETag"].strip('"'), told["ETag"].strip('"'))
        self.assertEqual((5, "STANDARD"), (told["ObjectSize"], told["StorageClass"]))
        self.assertEqual(checksums.all_of(b"whole")["SHA256"], told["Checksum"]["ChecksumSHA256"])
        self.assertNotIn("ObjectParts", told)
        told = self.s3api("get-object-attributes", "--key", "whole", "--object-attributes", "ObjectSize")
        self.assertEqual({"ObjectSize"}, told.keys() - {"LastModified"})
        source = documents.make_file(self.place.folder / "parted.bin", 17 * MIB, seed=14)
        self.s3_command("cp", source, f"{URI}/parted.bin", "--only-show-errors")
        told = self.s3api("get-object-attributes", "--key", "parted.bin", *everything)
        self.assertEqual(3, told["ObjectParts"]["TotalPartsCount"])
        self.assertEqual(17 * MIB, told["ObjectSize"])

    def test_checksums_of_each_algorithm(self):
        """A checksum of each algorithm is kept and told as the client computed it; a wrong one stores nothing."""
        body = bytes(range(256)) * 100
        expected, wrong = checksums.all_of(body), checksums.all_of(b"other")
        path = self.file("checked", body)
        options = {"CRC32": "crc32", "CRC32C": "crc32-c", "CRC64NVME": "crc64-nvme", "SHA1": "sha1", "SHA256": "sha256"}
        for name, option in options.items():
            with self.subTest(name):
                stated = ["--body", path, f"--checksum-{option}", expected[name]]
                put = self.s3api("put-object", "--key", f"checked/{name}", *stated)
                self.assertEqual(expected[name], put[f"Checksum{name}"])
                head = self.s3api("head-object", "--key", f"checked/{name}", "--checksum-mode", "ENABLED")
                self.assertEqual((expected[name], "FULL_OBJECT"), (head[f"Checksum{name}"], head["ChecksumType"]))
                refused = self.server.aws(
                    "s3api", "put-object", "--bucket", BUCKET, "--key", f"wrong/{name}", "--body", path,
                    f"--checksum-{option}", wrong[name], check=False,
                )
                self.assertNotEqual(0, refused.returncode)
                self.assertIn("BadDigest", refused.stderr)
                self.stored_nothing(BUCKET, f"wrong/{name}")

    def test_checksums_that_the_client_computes(self):
        """`cp --checksum-algorithm` sends a trailer of its own computing, in one piece and in parts, and checks it back."""
        large = documents.make_file(self.place.folder / "checked-large.bin", 9 * MIB, seed=15)
        for name in ("CRC32", "SHA1", "SHA256"):
            for size, path in [("small", self.file("checked-small", b"small")), ("large", large)]:
                with self.subTest(algorithm=name, size=size):
                    key = f"computed/{size}-{name}"
                    self.s3_command("cp", path, f"{URI}/{key}", "--checksum-algorithm", name, "--only-show-errors")
                    back = self.place.folder / "computed-back"
                    self.s3_command("cp", f"{URI}/{key}", back, "--checksum-mode", "ENABLED", "--only-show-errors")
                    self.assertEqual(archive.sha256_of(path), archive.sha256_of(back))
                    head = self.s3.head_object(Bucket=BUCKET, Key=key, ChecksumMode="ENABLED")
                    self.assertIn(f"Checksum{name}", head)
                    self.assertEqual(size == "large", head[f"Checksum{name}"].endswith("-2"))


if __name__ == "__main__":
    unittest.main()
