"""s3cmd makes buckets, sends, fetches, syncs, copies, moves, lists and removes."""

import re
import unittest
import urllib.error
import urllib.request

import archive
import documents
import programs
from archive import MIB

BUCKET = "s3cmd"
URI = f"s3://{BUCKET}"


class S3cmd(archive.ArchiveTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        key, secret = cls.server.credentials()
        host = cls.server.endpoint.removeprefix("http://")
        cls.config = cls.place.folder / "s3cfg"
        # A host_bucket without %(bucket)s asks for buckets in the path.
        cls.config.write_text(
            f"[default]\naccess_key = {key}\nsecret_key = {secret}\nhost_base = {host}\nhost_bucket = {host}\n"
            f"use_https = False\nbucket_location = {archive.REGION}\nmax_retries = 1\n"
        )
        cls.tree = cls.place.folder / "tree"
        cls.file_count = documents.make_small_tree(cls.tree)
        cls.s3cmd("mb", URI)

    @classmethod
    def s3cmd(cls, *arguments, **options):
        return programs.run(cls.place, "s3cmd", "-c", cls.config, "--no-progress", *arguments, **options)

    def keys(self, prefix, bucket=BUCKET):
        return {key for key in archive.listing(self.s3, bucket) if key.startswith(prefix)}

    def body(self, key):
        return self.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()

    def file(self, name, content):
        path = self.place.folder / name
        path.write_bytes(content)
        return path

    def test_a_bucket_is_made_listed_and_removed(self):
        """`mb` makes a bucket, `ls` shows it, `rb` refuses one with objects and removes an empty one."""
        self.s3cmd("mb", "s3://s3cmd-short")
        self.assertIn("s3://s3cmd-short", self.s3cmd("ls").stdout)
        self.s3cmd("put", self.file("one", b"1"), "s3://s3cmd-short/one")
        refused = self.s3cmd("rb", "s3://s3cmd-short", exit_code=None)
        self.assertNotEqual(0, refused.returncode)
        self.assertIn("BucketNotEmpty", refused.stderr)
        self.s3cmd("del", "s3://s3cmd-short/one")
        self.s3cmd("rb", "s3://s3cmd-short")
        self.assertNotIn("s3://s3cmd-short", self.s3cmd("ls").stdout)

    def test_put_and_get_keep_bytes_type_and_metadata(self):
        """What is put comes back from `get`, with the added headers and metadata, and `info` shows them."""
        body = bytes(range(256)) * 500
        self.s3cmd(
            "put", self.file("described.bin", body), f"{URI}/described.bin", "--mime-type", "application/x-report",
            "--add-header", "x-amz-meta-case:6-499", "--add-header", "Cache-Control: max-age=60",
        )
        back = self.place.folder / "described-back.bin"
        self.s3cmd("get", f"{URI}/described.bin", back)
        self.assertEqual(body, back.read_bytes())
        head = self.s3.head_object(Bucket=BUCKET, Key="described.bin")
        self.assertEqual("application/x-report", head["ContentType"])
        self.assertEqual(("6-499", "max-age=60"), (head["Metadata"].get("case"), head["CacheControl"]))
        info = self.s3cmd("info", f"{URI}/described.bin").stdout
        self.assertRegex(info, rf"File size:\s+{len(body)}\n")
        self.assertRegex(info, r"MIME type:\s+application/x-report\n")
        self.assertIn("x-amz-meta-case: 6-499", info)
        self.assertIn("MD5 sum:", info)

    def test_info_of_a_bucket(self):
        """`info` of a bucket shows its location and ends well, whatever sub-resources the server has."""
        self.assertRegex(self.s3cmd("info", URI).stdout, r"Location:\s+us-east-1\n")

    def test_metadata_is_modified_on_the_server(self):
        """`modify` replaces headers by a copy onto itself, and the content stays."""
        self.s3cmd("put", self.file("modified.txt", b"stays"), f"{URI}/modified.txt", "--add-header", "x-amz-meta-a:1")
        changes = ["--add-header", "x-amz-meta-b:2", "--add-header", "Content-Type: text/x-new"]
        self.s3cmd("modify", f"{URI}/modified.txt", *changes)
        head = self.s3.head_object(Bucket=BUCKET, Key="modified.txt")
        self.assertEqual(("1", "2"), (head["Metadata"].get("a"), head["Metadata"].get("b")))
        self.assertEqual("text/x-new", head["ContentType"])
        self.assertEqual(b"stays", self.body("modified.txt"))

    def test_sync_both_ways(self):
        """A tree synced up and down is the same; a second sync sends nothing; --delete-removed follows removals."""
        self.s3cmd("sync", f"{self.tree}/", f"{URI}/tree/")
        self.assertEqual(self.file_count, len(self.keys("tree/")))
        back = self.place.folder / "back"
        back.mkdir()
        self.s3cmd("sync", f"{URI}/tree/", f"{back}/")
        programs.assert_same_tree(self, self.tree, back)
        before = archive.listing(self.s3, BUCKET)
        self.s3cmd("sync", f"{back}/", f"{URI}/tree/")
        self.assertEqual(before, archive.listing(self.s3, BUCKET))
        victim = next(path for path in sorted(back.rglob("*.bin")))
        victim.unlink()
        (back / "added").write_bytes(b"added")
        self.s3cmd("sync", "--delete-removed", f"{back}/", f"{URI}/tree/")
        expected = {f"tree/{path.relative_to(back)}" for path in back.rglob("*") if path.is_file()}
        self.assertEqual(expected, self.keys("tree/"))

    def test_copy_and_move(self):
        """`cp` copies on the server and keeps the source; `mv` takes it away; --recursive does both to a folder."""
        for number in range(3):
            self.s3cmd("put", self.file("part", b"body %d" % number), f"{URI}/from/{number}")
        self.s3cmd("cp", f"{URI}/from/0", f"{URI}/copied/0")
        self.assertEqual((b"body 0", b"body 0"), (self.body("from/0"), self.body("copied/0")))
        self.s3cmd("mv", f"{URI}/from/0", f"{URI}/moved/0")
        self.assertEqual(b"body 0", self.body("moved/0"))
        self.assertEqual({"from/1", "from/2"}, self.keys("from/"))
        self.s3cmd("cp", "--recursive", f"{URI}/from/", f"{URI}/copied/")
        self.s3cmd("mv", "--recursive", f"{URI}/from/", f"{URI}/moved/")
        self.assertEqual(set(), self.keys("from/"))
        for folder in ("copied", "moved"):
            self.assertEqual([b"body 0", b"body 1", b"body 2"], [self.body(f"{folder}/{number}") for number in range(3)])

    def test_a_large_file_goes_in_parts_and_is_copied(self):
        """A file of 17 MiB goes up in parts of 5 MiB and comes down the same, from a copy as well."""
        source = documents.make_file(self.place.folder / "large.bin", 17 * MIB + 5, seed=4)
        self.s3cmd("put", "--multipart-chunk-size-mb=5", source, f"{URI}/large.bin")
        self.assertRegex(self.s3.head_object(Bucket=BUCKET, Key="large.bin")["ETag"], r'^"[0-9a-f]{32}-4"$')
        self.s3cmd("cp", f"{URI}/large.bin", f"{URI}/large-copy.bin")
        for key in ("large.bin", "large-copy.bin"):
            back = self.place.folder / f"back-{key}"
            self.s3cmd("get", f"{URI}/{key}", back)
            self.assertEqual(archive.sha256_of(source), archive.sha256_of(back))
        self.assertNotIn("large.bin", self.s3cmd("multipart", URI).stdout)

    def test_listings_count_right(self):
        """`ls` shows one level, `la` every bucket's, `ls --recursive` all keys, `du` their bytes and number."""
        for name, size in [("a", 100), ("sub/b", 2000), ("sub/c", 30000)]:
            self.s3cmd("put", self.file("sized", b"x" * size), f"{URI}/counted/{name}")
        top = self.s3cmd("ls", f"{URI}/counted/").stdout
        self.assertIn(f"{URI}/counted/sub/", top)
        self.assertNotIn(f"{URI}/counted/sub/b", top)
        below = self.s3cmd("ls", "--recursive", f"{URI}/counted/").stdout.splitlines()
        found = [(int(line.split()[2]), line.split()[3]) for line in below]
        self.assertEqual([(100, f"{URI}/counted/a"), (2000, f"{URI}/counted/sub/b"), (30000, f"{URI}/counted/sub/c")], found)
        self.assertIn(f"{URI}/counted/", self.s3cmd("la").stdout)
        self.assertRegex(self.s3cmd("du", f"{URI}/counted/").stdout, r"^\s*32100\s+3 objects ")

    def test_a_folder_is_removed_recursively(self):
        """`del --recursive` removes all below a prefix and nothing beside it."""
        for key in ("gone/1", "gone/2/3", "gone-not"):
            self.s3cmd("put", self.file("victim", b"x"), f"{URI}/{key}")
        self.s3cmd("del", "--recursive", "--force", f"{URI}/gone/")
        self.assertEqual({"gone-not"}, self.keys("gone"))

    def test_a_signed_link_is_of_version_2_and_refused(self):
        """`signurl` of s3cmd signs by Signature Version 2, which the server refuses with 400, whatever it signs."""
        self.s3cmd("put", self.file("linked", b"linked"), f"{URI}/linked")
        link = re.search(r"http://\S+", self.s3cmd("signurl", f"{URI}/linked", "+600").stdout)[0]
        self.assertIn("Signature=", link)
        with self.assertRaises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(link)
        refused.exception.close()
        self.assertEqual(400, refused.exception.code)


if __name__ == "__main__":
    unittest.main()
