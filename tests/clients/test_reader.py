"""docs/read_archive.py over elements written by hand: versions, markers, transfers, hostile files."""

import base64
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from archive import READER, write_document

HOUR = "2026/11/20/11"


class Reader(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="artstore-reader-")
        self.addCleanup(scratch.cleanup)
        self.folder = Path(scratch.name)
        self.number = 0

    def element(self, name):
        root = self.folder / name
        (root / HOUR).mkdir(parents=True)
        (root / "buckets").mkdir()
        write_document(root / "element.json", {"schema": 1, "name": name, "mode": "edit"})
        return root

    def keep(self, root, key, body=b"", seq=1, **more):
        """Writes one version as the engine does; a member given as None is left out."""
        self.number += 1
        name = f"file_{self.number:08x}.bin"
        (root / HOUR / name).write_bytes(body)
        members = {
            "schema": 1, "kind": "object", "bucket": "b", "key": key, "version_id": "null", "seq": seq, "placement_seq": seq,
            "data": f"{HOUR}/{name}", "size": len(body), "sha256": hashlib.sha256(body).hexdigest(), "etag": "e",
            "created_at": "2026-11-20T11:00:00.000Z",
        } | more
        path = root / HOUR / f"{name}.attr.json"
        write_document(path, {member: value for member, value in members.items() if value is not None})
        return path

    def run_reader(self, *arguments, code=0):
        command = [sys.executable, "-S", "-I", "-X", "utf8", READER, *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, env={"PATH": "/usr/bin:/bin"})
        self.assertEqual(code, done.returncode, done.stdout + done.stderr)
        return done

    def keys(self, *roots):
        lines = self.run_reader("list", *roots).stdout.splitlines()
        return [json.loads(line.split(" ", 2)[2].rsplit(" ", 3)[0]) for line in lines if line.startswith("object ")]

    def exported(self, *roots, code=0):
        target = self.folder / "exported"
        done = self.run_reader("export", target, *roots, code=code)
        return {str(path.relative_to(target)): path.read_bytes() for path in target.rglob("*") if path.is_file()}, done

    def test_the_highest_sequence_is_current(self):
        """Of several versions and leftovers of one key the one with the highest seq is current, across elements."""
        first, second = self.element("one"), self.element("two")
        self.keep(first, "k", b"old", seq=3)
        self.keep(second, "k", b"new", seq=9)
        self.keep(first, "k", b"middle", seq=5, version_id="a" * 32)
        self.assertEqual({"b/k": b"new"}, self.exported(first, second)[0])

    def test_a_transferred_pair_wins_by_its_placement(self):
        """Of two pairs of one version, as an interrupted transfer leaves them, the later placement counts."""
        first, second = self.element("one"), self.element("two")
        self.keep(first, "k", b"same", seq=3)
        later = self.keep(second, "k", b"same", seq=3, placement_seq=8)
        later.with_name(later.name.removesuffix(".attr.json")).unlink()
        found = self.run_reader("verify", first, second, code=1)
        self.assertIn("two", found.stderr)

    def test_a_marker_hides_what_is_older(self):
        """A delete marker hides older versions, and a version newer than it shows again; tombstones never show."""
        root = self.element("one")
        for key, seq in [("hidden", 9), ("back", 4)]:
            self.keep(root, key, b"content", seq=5, version_id="a" * 32)
            self.keep(root, key, seq=seq, kind="marker", version_id="b" * 32, size=None, sha256=None, etag=None)
        self.keep(root, "disposed", seq=7, kind="tombstone", size=None, sha256=None, etag=None)
        self.assertEqual(["back"], self.keys(root))

    def test_overflow_is_merged_and_checked(self):
        """Members in the overflow count as the sidecar's; an overflow that is not the one named is refused."""
        root = self.element("one")
        path = self.keep(root, None, b"x", overflow=None)
        name = path.name.removesuffix("json") + "ext.00000000.json"
        raw = write_document(path.with_name(name), {"schema": 1, "key": "from-overflow"})
        members = json.loads(path.read_text())
        del members["checksum"]
        write_document(path, members | {"overflow": {"name": name, "sha256": hashlib.sha256(raw).hexdigest()}})
        self.assertEqual(["from-overflow"], self.keys(root))
        write_document(path.with_name(name), {"schema": 1, "key": "forged"})
        self.assertIn("overflow", self.run_reader("list", root, code=1).stderr)

    def test_keys_in_base64(self):
        """A key kept as base64 is read like any other."""
        root = self.element("one")
        key = "\x01\x02ключ"
        self.keep(root, None, b"x", key_base64=base64.b64encode(key.encode()).decode())
        self.assertEqual([key], self.keys(root))

    def test_hostile_sidecars_lead_nowhere(self):
        """Data paths that climb, symbolic links and later formats are named as problems and not followed."""
        secret = self.folder / "secret"
        secret.write_bytes(b"secret")
        root = self.element("one")
        self.keep(root, "good", b"good")
        climbing = self.keep(root, "climbing", data="../../secret")
        linked = self.keep(root, "linked", b"secret")
        data = linked.with_name(linked.name.removesuffix(".attr.json"))
        data.unlink()
        os.symlink(secret, data)
        later = self.keep(root, "later", schema=2)
        written, done = self.exported(root, code=1)
        self.assertEqual({b"good"}, {body for body in written.values() if body})
        for path in (climbing, data, later):
            self.assertIn(str(path), done.stderr)

    def test_no_two_keys_are_written_to_one_place(self):
        """Odd keys, and keys that look like the names of others, each get a file of their own below the folder."""
        root = self.element("one")
        keys = ["a", "a/b", "a//b", "a/", "a//", "%2E", ".", "..", "../up", "%", "a%", "%25", "x" * 300, "x" * 301,
                "é" * 150, "new\nline", "\x00nul", "/rooted", "tail/", "C:\\temp"]
        for number, key in enumerate(keys):
            self.keep(root, key, f"{number} {key}".encode())
        written, done = self.exported(root)
        self.assertEqual(sorted(f"{n} {key}".encode() for n, key in enumerate(keys)), sorted(written.values()))
        self.assertEqual([], [name for name in written if ".." in name.split("/")])
        self.assertIn('"../up" is written as %2E%2E/up', done.stdout)

    def test_empty_folder_keys_become_folders(self):
        """A key that ends with a slash and has no bytes is a folder, beside the keys below it."""
        root = self.element("one")
        self.keep(root, "folder/")
        self.keep(root, "folder/file", b"x")
        self.keep(root, "alone/")
        self.assertEqual({"b/folder/file": b"x"}, self.exported(root)[0])
        self.assertTrue((self.folder / "exported" / "b" / "alone").is_dir())

    def test_the_newest_bucket_document_counts(self):
        """Of a bucket's documents on several elements the highest generation is the bucket."""
        first, second = self.element("one"), self.element("two")
        bucket = {"schema": 1, "name": "b", "created_at": "2026-11-20T11:00:00.000Z"}
        write_document(first / "buckets" / "b.json", bucket | {"owner": "old", "generation": 1})
        write_document(second / "buckets" / "b.json", bucket | {"owner": "new", "generation": 2})
        for roots in [(first, second), (second, first)]:
            self.assertIn("bucket b owner=new", self.run_reader("list", *roots).stdout)

    def test_an_existing_folder_is_not_exported_into(self):
        """`export` refuses a target that exists, so that nothing there is mixed in or overwritten."""
        root = self.element("one")
        self.keep(root, "k", b"x")
        target = self.folder / "exported"
        target.mkdir()
        self.run_reader("export", target, root, code=1)
        self.assertEqual([], list(target.iterdir()))


if __name__ == "__main__":
    unittest.main()
