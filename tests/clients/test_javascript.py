"""The AWS SDK for JavaScript: javascript/workflow.test.mjs runs its workflow, and what it left is checked here."""

import re
import unittest

import archive
import checksums
import documents
import programs
from archive import MIB

BUCKET = "javascript"
FOLDER = archive.REPOSITORY / "tests" / "clients" / "javascript"


class JavaScript(archive.ArchiveTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if not (FOLDER / "node_modules").exists():
            raise AssertionError("the SDK is not installed: tests/run --only prepare installs it")
        cls.file = documents.make_file(cls.place.folder / "large.bin", 17 * MIB + 3, seed=31)
        key, secret = cls.server.credentials()
        environment = {
            "AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret, "ARTSTORE_ENDPOINT": cls.server.endpoint,
            "ARTSTORE_FILE": str(cls.file), "ARTSTORE_FOLDER": str(cls.place.folder),
        }
        command = ["node", "--test", "--test-reporter=tap", FOLDER / "workflow.test.mjs"]
        cls.ended = programs.run(cls.place, *command, environment=environment, exit_code=None)

    def test_the_workflow_succeeds(self):
        """Every step of the workflow succeeds, none is left out."""
        said = self.ended.stdout + self.ended.stderr
        counted = re.findall(r"^# (pass|fail|skipped|cancelled|todo) (\d+)$", said, re.M)
        counts = {name: int(count) for name, count in counted}
        self.assertEqual(0, self.ended.returncode, said[-8000:])
        self.assertGreaterEqual(counts.pop("pass"), 14)
        self.assertEqual({"fail": 0, "skipped": 0, "cancelled": 0, "todo": 0}, counts)

    def test_what_it_left_is_on_disk_as_it_was_sent(self):
        """What the SDK sent in chunks, parts and trailers lies on disk as nothing but the file it was."""
        digests = {sidecar["key"]: sidecar["sha256"] for _, sidecar in archive.all_sidecars(self.place)}
        expected = archive.sha256_of(self.file)
        self.assertEqual([expected] * 2, [digests.get("streamed"), digests.get("uploaded")])

    def test_its_checksums_are_those_of_the_bytes(self):
        """The checksums that the SDK computed are those that this side computes."""
        expected = checksums.all_of(self.file.read_bytes()[:20_000])
        for name, checksum in expected.items():
            head = self.s3.head_object(Bucket=BUCKET, Key=f"checked/{name}", ChecksumMode="ENABLED")
            self.assertEqual(checksum, head[f"Checksum{name}"])


if __name__ == "__main__":
    unittest.main()
