"""A copy of an element is enough: docs/read_archive.py reads it, and a server starts on it."""

import json
import shutil
import subprocess
import sys
import unittest

import archive
import documents

BUCKETS = ["letters", "empty-bucket", "protocols"]
ODD_KEYS = ["../../outside", "a", "a/b", "a//b", "folder/", "per%cent", "new\nline", "д" * 512, "x" * 1024, "..", "/rooted",
            "\x01" * 900, 'quote"\\']


class CopiedElement(archive.ArchiveTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for bucket in BUCKETS:
            cls.s3.create_bucket(Bucket=bucket)
        cls.bodies = {}
        tree = cls.place.folder / "tree"
        tree.mkdir()
        documents.make_tree(tree)
        for path in [found for found in sorted(tree.rglob("*")) if found.is_file()][::20]:
            cls.put("letters", str(path.relative_to(tree)), path.read_bytes())
        for key in ODD_KEYS:
            cls.put("protocols", key, b"" if key.endswith("/") else key.encode())
        cls.put("protocols", "replaced", b"old " * 50_000)
        cls.put("protocols", "replaced", b"new " * 50_000)
        cls.put("protocols", "described", b"x", {"title": "v" * 900, "note": "w" * 900})
        cls.put("protocols", "deleted", b"gone")
        cls.s3.delete_object(Bucket="protocols", Key="deleted")
        del cls.bodies["protocols", "deleted"]
        big = documents.make_file(cls.place.folder / "big.bin", 21 << 20)
        cls.server.aws("s3", "cp", big, "s3://letters/big.bin", "--only-show-errors")
        cls.bodies["letters", "big.bin"] = big.read_bytes()
        cls.heads = {name: comparable(cls.s3.head_object(Bucket=name[0], Key=name[1])) for name in quiet(cls.bodies)}
        cls.server.stop()
        # The copy is made as a backup tool makes it, without what the element can do without.
        cls.copy = cls.place.folder / "copy" / "edit-01"
        cls.copy.parent.mkdir()
        subprocess.run(
            ["rsync", "-a", "--exclude=/.artstore/", f"{cls.place.element()}/", f"{cls.copy}/"], check=True
        )
        shutil.rmtree(cls.place.data)
        shutil.rmtree(cls.place.folder / "config", ignore_errors=True)

    @classmethod
    def put(cls, bucket, key, body, metadata=None):
        named = {f"x-amz-meta-{name}": value for name, value in (metadata or {}).items()}
        answer = cls.server.request("PUT", archive.path_of(bucket, key), body, named)
        assert answer.status == 200, (key, answer.body)
        cls.bodies[bucket, key] = body

    def read_archive(self, *arguments):
        command = [sys.executable, "-S", "-I", "-X", "utf8", archive.READER, *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, env={"PATH": "/usr/bin:/bin"})

    def test_the_reader_lists_every_bucket_and_key(self):
        """`list` shows every bucket, the empty one too, and every current key with its size; nothing deleted."""
        listed = self.read_archive("list", self.copy)
        self.assertEqual((0, ""), (listed.returncode, listed.stderr))
        lines = listed.stdout.splitlines()
        self.assertEqual(sorted(BUCKETS), [line.split()[1] for line in lines if line.startswith("bucket ")])
        expected = sorted(f"object {b} {json.dumps(k, ensure_ascii=False)} {len(body)}" for (b, k), body in self.bodies.items())
        found = sorted(" ".join(line.split(" ")[:-2]) for line in lines if line.startswith("object "))
        self.assertEqual(expected, found)

    def test_the_reader_verifies_and_finds_what_is_wrong(self):
        """`verify` passes on the copy and names a changed byte, a lost file and a forged sidecar."""
        self.assertEqual(0, self.read_archive("verify", self.copy).returncode)
        spoiled = self.place.folder / "spoiled"
        shutil.copytree(self.copy, spoiled)
        sidecars = [path for path, sidecar in archive.sidecars(spoiled) if sidecar["size"]]
        data = [path.with_name(path.name.removesuffix(".attr.json")) for path in sidecars[:2]]
        content = bytearray(data[0].read_bytes())
        content[-1] ^= 1
        data[0].write_bytes(content)
        data[1].unlink()
        sidecars[2].write_text(sidecars[2].read_text(encoding="utf-8").replace('"etag": "', '"etag": "0'), encoding="utf-8")
        found = self.read_archive("verify", spoiled)
        self.assertEqual(1, found.returncode)
        self.assertEqual(3, len(found.stderr.splitlines()), found.stderr)
        for path in [*data, sidecars[2]]:
            self.assertIn(str(path), found.stderr)

    def test_the_reader_exports_the_tree_and_nothing_outside(self):
        """`export` writes every object's bytes below its folder, whatever the key says."""
        before = set(self.place.folder.rglob("*"))
        target = self.place.folder / "exported"
        done = self.read_archive("export", target, self.copy)
        self.assertEqual((0, ""), (done.returncode, done.stderr))
        strays = {path for path in set(self.place.folder.rglob("*")) - before if target not in path.parents} - {target}
        self.assertEqual(set(), strays)
        written = [path.read_bytes() for path in target.rglob("*") if path.is_file()]
        expected = [body for (_, key), body in self.bodies.items() if not key.endswith("/")]
        self.assertEqual(sorted(expected), sorted(written))
        self.assertEqual(b"a/b", (target / "protocols" / "a%" / "b").read_bytes() if (target / "protocols" / "a%").is_dir()
                         else (target / "protocols" / "a" / "b").read_bytes())
        self.assertTrue((target / "protocols" / "folder").is_dir())
        self.assertIn("is written as", done.stdout)

    def test_a_server_started_on_the_copy_has_everything(self):
        """A new data directory with the copied element in it serves every bucket, key, ETag, size and header."""
        place = archive.Place(self.place.folder / "reborn")
        (place.data / "elements").mkdir(parents=True)
        shutil.copytree(self.copy, place.element())
        with archive.Server(place) as server:
            s3 = server.client()
            self.assertEqual(sorted(BUCKETS), [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]])
            listed = {(bucket, key) for bucket in BUCKETS for key in archive.listing(s3, bucket)}
            self.assertEqual(set(self.bodies), listed)
            for name, head in self.heads.items():
                self.assertEqual(head, comparable(s3.head_object(Bucket=name[0], Key=name[1])), name)
                self.assertEqual(self.bodies[name], s3.get_object(Bucket=name[0], Key=name[1])["Body"].read(), name)


def quiet(bodies):
    """The names that boto3 can ask for: its URL library takes dot segments and double slashes away."""
    return [(bucket, key) for bucket, key in bodies if not {"", ".", ".."} & set(key.split("/"))]


def comparable(head):
    return {name: head.get(name) for name in ["ETag", "ContentLength", "LastModified", "ContentType", "Metadata"]}


if __name__ == "__main__":
    unittest.main()
