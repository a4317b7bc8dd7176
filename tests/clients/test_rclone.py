"""rclone syncs, checks, copies and moves on the server, keeps times, and streams what has no length."""

import datetime
import hashlib
import os
import unittest
from pathlib import Path

import archive
import documents
import programs
from archive import MIB

BUCKET = "rclone"
# Long before the test, so that no time of it can be mistaken for the time of an upload.
OLD_TIME, NEW_TIME = 1_600_000_000, 1_650_000_000


class Rclone(archive.ArchiveTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        key, secret = cls.server.credentials()
        settings = {
            "TYPE": "s3", "PROVIDER": "Other", "ACCESS_KEY_ID": key, "SECRET_ACCESS_KEY": secret, "REGION": archive.REGION,
            "ENDPOINT": cls.server.endpoint,
        }
        # Names that differ in nothing but their Unicode form are two files.
        cls.environment = {f"RCLONE_CONFIG_ARCHIVE_{name}": value for name, value in settings.items()} | {
            "RCLONE_CONFIG": str(cls.place.folder / "no-config"), "RCLONE_RETRIES": "1", "RCLONE_LOW_LEVEL_RETRIES": "1",
            "RCLONE_NO_UNICODE_NORMALIZATION": "true",
        }
        cls.tree = cls.place.folder / "tree"
        cls.file_count = documents.make_small_tree(cls.tree)
        for path in cls.tree.rglob("*"):
            os.utime(path, (OLD_TIME, OLD_TIME))
        cls.rclone("mkdir", f"archive:{BUCKET}")
        cls.rclone("sync", cls.tree, f"archive:{BUCKET}/tree")

    @classmethod
    def rclone(cls, *arguments, **options):
        return programs.run(cls.place, "rclone", *arguments, environment=cls.environment, **options)

    def listed(self, bucket, prefix=""):
        return {key: entry for key, entry in archive.listing(self.s3, bucket).items() if key.startswith(prefix)}

    def mtimes(self, remote):
        """The modification time of each file as `rclone lsl` shows it, in seconds."""
        found = {}
        for line in self.rclone("lsl", remote).stdout.splitlines():
            _, date, time, name = line.split(maxsplit=3)
            stamp = datetime.datetime.fromisoformat(f"{date} {time[:15]}").replace(tzinfo=datetime.timezone.utc)
            found[name] = stamp.timestamp()
        return found

    def test_a_synced_tree_comes_back_identical(self):
        """`rclone check` finds no difference by hash or by bytes, and the tree comes down as it went up, times too."""
        self.assertEqual(self.file_count, len(self.listed(BUCKET, "tree/")))
        self.rclone("check", self.tree, f"archive:{BUCKET}/tree")
        self.rclone("check", "--download", self.tree, f"archive:{BUCKET}/tree")
        back = self.place.folder / "back"
        self.rclone("sync", f"archive:{BUCKET}/tree", back)
        programs.assert_same_tree(self, self.tree, back)
        self.assertEqual({OLD_TIME}, {path.stat().st_mtime for path in back.rglob("*") if path.is_file()})

    def test_a_check_finds_what_differs(self):
        """`rclone check` fails where one byte differs: its success elsewhere means something."""
        spoiled = self.place.folder / "spoiled"
        self.rclone("copy", f"archive:{BUCKET}/tree", spoiled)
        victim = max(path for path in spoiled.rglob("*") if path.is_file() and path.stat().st_size)
        content = bytearray(victim.read_bytes())
        content[-1] ^= 1
        victim.write_bytes(content)
        done = self.rclone("check", spoiled, f"archive:{BUCKET}/tree", exit_code=1)
        self.assertIn("1 differences found", done.stderr)

    def test_a_second_sync_changes_nothing_and_a_third_follows(self):
        """An unchanged tree is not sent again; a changed, a new and a removed file are the only differences sent."""
        tree = self.place.folder / "followed"
        documents.make_small_tree(tree, seed=8)
        remote = f"archive:{BUCKET}/followed"
        self.rclone("sync", tree, remote)
        before = self.listed(BUCKET, "followed/")
        self.rclone("sync", tree, remote)
        self.assertEqual(before, self.listed(BUCKET, "followed/"))
        gone, changed = sorted(path for path in tree.rglob("*.bin"))[:2]
        gone.unlink()
        changed.write_bytes(b"changed")
        (tree / "added").write_bytes(b"added")
        self.rclone("sync", tree, remote)
        after = self.listed(BUCKET, "followed/")
        names = {path: f"followed/{path.relative_to(tree)}" for path in (gone, changed, tree / "added")}
        differing = {key for key in before | after if before.get(key) != after.get(key)}
        self.assertEqual(set(names.values()), differing)
        self.assertNotIn(names[gone], after)
        self.rclone("check", "--download", tree, remote)

    def test_hashes_are_listed(self):
        """`rclone lsf --hash MD5` gives the MD5 of every file."""
        lines = self.rclone("lsf", "-R", "--files-only", "--format", "hp", "--hash", "MD5", f"archive:{BUCKET}/tree").stdout
        expected = {
            str(path.relative_to(self.tree)): hashlib.md5(path.read_bytes()).hexdigest()
            for path in self.tree.rglob("*") if path.is_file()
        }
        found = dict(reversed(line.split(";", 1)) for line in lines.splitlines())
        self.assertEqual(expected, found)

    def test_a_touched_file_is_not_sent_again(self):
        """A new time with the old content reaches the object by a server-side copy onto itself, content untouched."""
        tree = self.place.folder / "touched"
        tree.mkdir()
        (tree / "document.txt").write_bytes(b"content that stays" * 1000)
        (tree / "other.txt").write_bytes(b"other")
        for path in tree.iterdir():
            os.utime(path, (OLD_TIME, OLD_TIME))
        remote = f"archive:{BUCKET}/touched"
        self.rclone("sync", tree, remote)
        before = self.listed(BUCKET, "touched/")
        os.utime(tree / "document.txt", (NEW_TIME, NEW_TIME))
        done = self.rclone("sync", "-v", tree, remote)
        self.assertIn("Updated modification time in destination", done.stderr)
        self.assertNotIn("Copied", done.stderr)
        self.assertEqual({"document.txt": NEW_TIME, "other.txt": OLD_TIME}, self.mtimes(remote))
        after = self.listed(BUCKET, "touched/")
        self.assertEqual({key: entry["ETag"] for key, entry in before.items()}, {key: e["ETag"] for key, e in after.items()})
        self.assertEqual(before["touched/other.txt"], after["touched/other.txt"])
        self.rclone("check", "--download", tree, remote)

    def test_copy_and_move_between_buckets_stay_on_the_server(self):
        """A copy to another bucket and a move to a third are made by the server; the bytes and times arrive."""
        self.rclone("mkdir", "archive:rclone-copied")
        self.rclone("mkdir", "archive:rclone-moved")
        copied = self.rclone("copy", "-v", f"archive:{BUCKET}/tree", "archive:rclone-copied/tree")
        self.assertEqual(self.file_count, copied.stderr.count("Copied (server-side copy)"))
        self.assertEqual(self.file_count, len(self.listed(BUCKET, "tree/")))
        moved = self.rclone("move", "-v", "archive:rclone-copied/tree", "archive:rclone-moved/tree")
        self.assertEqual(self.file_count, moved.stderr.count("Copied (server-side copy)"))
        self.assertEqual({}, self.listed("rclone-copied"))
        back = self.place.folder / "moved-back"
        self.rclone("copy", "archive:rclone-moved/tree", back)
        programs.assert_same_tree(self, self.tree, back)
        self.assertEqual({OLD_TIME}, set(self.mtimes("archive:rclone-moved/tree").values()))

    def test_a_large_file_goes_in_parts_and_is_copied_in_parts(self):
        """40 MiB go up in parts, are copied by the server in parts, and come down the same; the MD5 travels along."""
        source = documents.make_file(self.place.folder / "large.bin", 40 * MIB + 321, seed=3)
        parts = ["--s3-chunk-size", "6Mi", "--s3-upload-cutoff", "8Mi", "--s3-copy-cutoff", "7Mi"]
        self.rclone("copyto", *parts, source, f"archive:{BUCKET}/large/first.bin")
        self.rclone("copyto", *parts, f"archive:{BUCKET}/large/first.bin", f"archive:{BUCKET}/large/second.bin")
        back = self.place.folder / "large-back.bin"
        self.rclone("copyto", f"archive:{BUCKET}/large/second.bin", back)
        self.assertEqual(archive.sha256_of(source), archive.sha256_of(back))
        etags = {key: entry["ETag"] for key, entry in self.listed(BUCKET, "large/").items()}
        self.assertRegex(etags["large/first.bin"], r'^"[0-9a-f]{32}-7"$')
        self.assertRegex(etags["large/second.bin"], r'^"[0-9a-f]{32}-\d+"$')
        hashes = self.rclone("lsf", "--format", "h", "--hash", "MD5", f"archive:{BUCKET}/large").stdout.split()
        self.assertEqual([hashlib.md5(source.read_bytes()).hexdigest()] * 2, hashes)

    def test_a_stream_of_unknown_length_is_kept(self):
        """`rclone rcat` keeps what it is piped, short or long, and `rclone cat` gives it back."""
        for name, size in [("short", 1000), ("long", 21 * MIB + 7)]:
            body = Path(documents.make_file(self.place.folder / "stream.bin", size, seed=size)).read_bytes()
            self.rclone("rcat", "--streaming-upload-cutoff", "100Ki", f"archive:{BUCKET}/streams/{name}", stdin=body)
            self.assertEqual(body, self.s3.get_object(Bucket=BUCKET, Key=f"streams/{name}")["Body"].read())
            fetched = self.place.folder / "stream-back.bin"
            self.rclone("copyto", f"archive:{BUCKET}/streams/{name}", fetched)
            self.assertEqual(hashlib.sha256(body).hexdigest(), archive.sha256_of(fetched))

    def test_purge_removes_what_it_names(self):
        """`rclone purge` takes a folder and leaves its neighbours, then takes the whole bucket."""
        self.rclone("mkdir", "archive:rclone-purged")
        self.rclone("copy", self.tree, "archive:rclone-purged/gone")
        self.rclone("copy", self.tree, "archive:rclone-purged/kept")
        self.rclone("purge", "archive:rclone-purged/gone")
        self.assertEqual({}, self.listed("rclone-purged", "gone"))
        self.assertEqual(self.file_count, len(self.listed("rclone-purged", "kept/")))
        self.rclone("purge", "archive:rclone-purged")
        self.assertNotIn("rclone-purged", self.rclone("lsd", "archive:").stdout)


if __name__ == "__main__":
    unittest.main()
