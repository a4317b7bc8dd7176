"""restic keeps a repository on the server: back up, check every byte, restore, forget and prune."""

import json
import shutil
import unittest

import archive
import documents
import programs

BUCKET = "restic"


class Restic(archive.ArchiveTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        key, secret = cls.server.credentials()
        cls.environment = {
            "AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret, "AWS_DEFAULT_REGION": archive.REGION,
            "RESTIC_REPOSITORY": f"s3:{cls.server.endpoint}/{BUCKET}/repository", "RESTIC_PASSWORD": "of the repository",
            "RESTIC_CACHE_DIR": str(cls.place.folder / "cache"),
        }

    def restic(self, *arguments, **options):
        return programs.run(self.place, "restic", *arguments, environment=self.environment, **options)

    def snapshots(self):
        return [snapshot["id"] for snapshot in json.loads(self.restic("snapshots", "--json").stdout)]

    def restored(self, snapshot, tree, name):
        target = self.place.folder / name
        self.restic("restore", snapshot, "--target", target)
        return target / tree.relative_to("/")

    def test_a_repository_lives_through_backup_prune_and_restore(self):
        """Two backups are whole and restore to the trees they were made of; after forget --prune the later one still
        is, every byte of it checked, and what was pruned is gone from the bucket."""
        tree = self.place.folder / "tree"
        documents.make_small_tree(tree)
        documents.make_file(tree / "large.bin", 24 * archive.MIB, seed=5)
        first_tree = self.place.folder / "first-tree"
        shutil.copytree(tree, first_tree)
        self.restic("init")
        self.restic("backup", tree)
        (tree / "large.bin").unlink()
        documents.make_file(tree / "second.bin", 3 * archive.MIB, seed=6)
        self.restic("backup", tree)
        first, second = self.snapshots()
        self.restic("check", "--read-data")
        programs.assert_same_tree(self, first_tree, self.restored(first, tree, "first-restored"))
        programs.assert_same_tree(self, tree, self.restored(second, tree, "second-restored"))
        stored = self.stored_bytes()
        self.restic("forget", "--keep-last", "1", "--prune")
        self.assertEqual([second], self.snapshots())
        self.restic("check", "--read-data")
        programs.assert_same_tree(self, tree, self.restored(second, tree, "again-restored"))
        self.assertLess(self.stored_bytes(), stored - 20 * archive.MIB)

    def test_a_wrong_password_and_a_second_init_are_refused(self):
        """A repository is not made twice over itself, and not opened with another password."""
        elsewhere = self.environment | {"RESTIC_REPOSITORY": f"s3:{self.server.endpoint}/{BUCKET}/guarded"}
        programs.run(self.place, "restic", "init", environment=elsewhere)
        programs.run(self.place, "restic", "init", environment=elsewhere, exit_code=1)
        wrong = elsewhere | {"RESTIC_PASSWORD": "another"}
        programs.run(self.place, "restic", "snapshots", environment=wrong, exit_code=1)
        programs.run(self.place, "restic", "check", environment=elsewhere)

    def stored_bytes(self):
        return sum(entry["Size"] for entry in archive.listing(self.s3, BUCKET).values())


if __name__ == "__main__":
    unittest.main()
