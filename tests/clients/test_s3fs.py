"""s3fs mounts a bucket, and programs that know nothing of S3 work in it."""

import os
import shutil
import subprocess
import time
import unittest

import archive
import documents
import programs
from archive import MIB

BUCKET = "s3fs"
MOUNT_SECONDS_MAX = 30


class S3fs(archive.ArchiveTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.s3.create_bucket(Bucket=BUCKET)
        cls.passwords = cls.place.folder / "passwords"
        cls.passwords.write_text(":".join(cls.server.credentials()))
        cls.passwords.chmod(0o600)
        cls.folder = cls.place.folder / "mounted"
        cls.folder.mkdir()
        cls.log_path = cls.place.folder / "s3fs.log"
        cls.mount()
        cls.addClassCleanup(cls.unmount)

    @classmethod
    def mount(cls):
        options = f"url={cls.server.endpoint},use_path_request_style,passwd_file={cls.passwords},multipart_size=10,retries=1"
        with open(cls.log_path, "ab") as log:
            try:
                # In the foreground, so that its end is seen.
                cls.process = subprocess.Popen(
                    ["s3fs", BUCKET, cls.folder, "-f", "-o", options], env=cls.place.environment(), stdout=log, stderr=log,
                    stdin=subprocess.DEVNULL, cwd=cls.place.folder,
                )
            except FileNotFoundError:
                raise AssertionError("s3fs is not installed: tests/run --only prepare installs it") from None
        deadline = time.monotonic() + MOUNT_SECONDS_MAX
        while not os.path.ismount(cls.folder):
            try:
                cls.process.wait(0.02)
            except subprocess.TimeoutExpired:
                if time.monotonic() < deadline:
                    continue
            cls.process.kill()
            cls.process.wait()
            raise AssertionError(f"s3fs did not mount; root and /dev/fuse are needed:\n{cls.log_path.read_text()[-3000:]}")

    @classmethod
    def unmount(cls):
        """Ends the mount even where a file in it is still open or the server is gone."""
        if subprocess.run(["umount", cls.folder], capture_output=True).returncode:
            subprocess.run(["umount", "--lazy", cls.folder], capture_output=True)
            cls.process.kill()
        cls.process.wait(MOUNT_SECONDS_MAX)

    def remount(self):
        """Leaves nothing that s3fs remembers: what is read after this comes from the server."""
        self.unmount()
        self.mount()

    def body(self, key):
        return self.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()

    def test_a_file_is_an_object_and_an_object_is_a_file(self):
        """What is written through the mount is read through S3 at once, and the other way round."""
        (self.folder / "written.txt").write_bytes(b"through the mount")
        self.assertEqual(b"through the mount", self.body("written.txt"))
        self.s3.put_object(Bucket=BUCKET, Key="put.txt", Body=b"through S3")
        self.assertEqual(b"through S3", (self.folder / "put.txt").read_bytes())
        with open(self.folder / "written.txt", "ab") as file:
            file.write(b", and more")
        self.assertEqual(b"through the mount, and more", self.body("written.txt"))

    def test_files_and_folders_are_renamed_and_removed(self):
        """Renaming moves the object, a folder's as well; removing removes it; a folder with files is not removed."""
        folder = self.folder / "drafts"
        folder.mkdir()
        for number in range(3):
            (folder / f"{number}.txt").write_text(f"draft {number}")
        (folder / "0.txt").rename(folder / "renamed.txt")
        with self.assertRaises(OSError):
            folder.rmdir()
        folder.rename(self.folder / "finals")
        self.assertEqual(b"draft 0", self.body("finals/renamed.txt"))
        self.assertEqual(["1.txt", "2.txt", "renamed.txt"], sorted(os.listdir(self.folder / "finals")))
        (self.folder / "finals" / "1.txt").unlink()
        (self.folder / "finals" / "2.txt").unlink()
        (self.folder / "finals" / "renamed.txt").unlink()
        (self.folder / "finals").rmdir()
        left = [key for key in archive.listing(self.s3, BUCKET) if key.startswith(("drafts", "finals"))]
        self.assertEqual([], left)

    def test_mode_owner_and_time_are_kept(self):
        """chmod, chown and utime change the metadata alone, and another mount sees them."""
        path = self.folder / "attributed.txt"
        path.write_bytes(b"content stays")
        path.chmod(0o640)
        os.chown(path, 12, 34)
        os.utime(path, (1_600_000_000, 1_600_000_000))
        self.remount()
        found = path.stat()
        self.assertEqual((0o640, 12, 34), (found.st_mode & 0o7777, found.st_uid, found.st_gid))
        self.assertEqual(1_600_000_000, found.st_mtime)
        self.assertEqual(b"content stays", path.read_bytes())

    def test_a_large_file_goes_in_parts(self):
        """30 MiB go up in parts, are renamed by the server, changed in the middle, and read back by another mount."""
        source = documents.make_file(self.place.folder / "large.bin", 30 * MIB + 99, seed=9)
        shutil.copyfile(source, self.folder / "large.bin")
        self.assertRegex(self.s3.head_object(Bucket=BUCKET, Key="large.bin")["ETag"], r'^"[0-9a-f]{32}-\d+"$')
        (self.folder / "large.bin").rename(self.folder / "large-renamed.bin")
        for path in (source, self.folder / "large-renamed.bin"):
            with open(path, "r+b") as file:
                file.seek(13 * MIB)
                file.write(b"changed in the middle")
        self.remount()
        self.assertEqual(archive.sha256_of(source), archive.sha256_of(self.folder / "large-renamed.bin"))

    def test_a_tree_is_copied_in_and_out(self):
        """`cp -r` of a tree into the mount and out of another mount gives the same tree."""
        tree = self.place.folder / "tree"
        documents.make_small_tree(tree)
        programs.run(self.place, "cp", "-r", tree, self.folder / "tree")
        self.remount()
        programs.assert_same_tree(self, tree, self.folder / "tree")
        programs.run(self.place, "cp", "-r", self.folder / "tree", self.place.folder / "tree-back")
        programs.assert_same_tree(self, tree, self.place.folder / "tree-back")


if __name__ == "__main__":
    unittest.main()
