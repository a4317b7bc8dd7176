"""A real tree of several thousand files goes up and down with `aws s3 sync`."""

import re
import shutil
import subprocess
import unittest

import archive
import documents

BUCKET = "papers"
STORED_NAME = re.compile(r"(?s).+_[^/]*_\d{8}T\d{6}_[0-9a-f]{8}(\.\w{1,16})?")


class SyncedTree(archive.ArchiveTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tree = cls.place.folder / "tree"
        cls.tree.mkdir()
        cls.file_count = documents.make_tree(cls.tree)
        cls.s3.create_bucket(Bucket=BUCKET)
        cls.server.aws("s3", "sync", cls.tree, f"s3://{BUCKET}/docs", "--only-show-errors")

    def test_the_tree_comes_back_identical(self):
        """What `aws s3 sync` brought up comes down byte for byte, and a second sync transfers nothing."""
        back = self.place.folder / "back"
        self.server.aws("s3", "sync", f"s3://{BUCKET}/docs", back, "--only-show-errors")
        compared = subprocess.run(["diff", "-r", self.tree, back], capture_output=True, text=True)
        self.assertEqual("", compared.stdout[:2000] + compared.stderr[:2000])
        self.assertEqual(self.file_count, sum(1 for path in back.rglob("*") if path.is_file()))
        up = self.server.aws("s3", "sync", self.tree, f"s3://{BUCKET}/docs", "--no-progress")
        down = self.server.aws("s3", "sync", f"s3://{BUCKET}/docs", back, "--no-progress")
        self.assertEqual("", up.stdout + up.stderr + down.stdout + down.stderr)

    def test_every_object_is_a_plain_file_beside_its_sidecar(self):
        """Each key is one file under the hour's folder, named as agreed, with the digest its sidecar states."""
        element = self.place.element()
        seen = set()
        for path, sidecar in archive.sidecars(element):
            data = element / sidecar["data"]
            self.assertEqual(str(path), f"{data}.attr.json")
            self.assertRegex(str(data.parent.relative_to(element)), archive.HOUR_FOLDER)
            self.assertRegex(data.name, STORED_NAME)
            self.assertLessEqual(len(data.name), 200)
            self.assertLessEqual(len(path.name.encode()), 255)
            self.assertLessEqual(path.stat().st_size, 4096)
            self.assertEqual(sidecar["sha256"], archive.sha256_of(data))
            self.assertEqual(sidecar["size"], data.stat().st_size)
            self.assertEqual(sidecar["sha256"], archive.sha256_of(self.tree / sidecar["key"].removeprefix("docs/")))
            self.assertTrue(data.name.startswith(sidecar["key"].rsplit("/")[-1][:20].split(".")[0].strip(" -'\"")[:3]))
            seen.add(sidecar["key"])
        self.assertEqual(set(archive.listing(self.s3, BUCKET)), seen)
        self.assertEqual(self.file_count, len(seen))

    def test_the_catalog_can_be_deleted(self):
        """The catalog is derived: deleted while the server is down, it comes back with the same answers."""
        before = archive.listing(self.s3, BUCKET)
        catalog = self.place.data / "catalog"
        self.assertTrue(catalog.exists())
        self.restart(between=lambda: shutil.rmtree(catalog))
        self.assertEqual(before, archive.listing(self.s3, BUCKET))
        key = max(before)
        answer = self.s3.get_object(Bucket=BUCKET, Key=key)
        self.assertEqual((self.tree / key.removeprefix("docs/")).read_bytes(), answer["Body"].read())


if __name__ == "__main__":
    unittest.main()
