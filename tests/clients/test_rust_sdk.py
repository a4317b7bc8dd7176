"""The AWS SDK for Rust: rust-sdk/ runs its workflow, and what it left is checked here."""

import os
import re
import unittest
import urllib.error
import urllib.request

import archive
import checksums
import documents
import programs
from archive import MIB

BUCKET = "rust-sdk"
STEPS = ["one piece", "streamed", "parts", "checksums", "conditional", "pages", "links", "copies", "part copies"]


class RustSdk(archive.ArchiveTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.file = documents.make_file(cls.place.folder / "large.bin", 17 * MIB + 3, seed=41)
        key, secret = cls.server.credentials()
        environment = {
            "AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret, "ARTSTORE_ENDPOINT": cls.server.endpoint,
            "ARTSTORE_FILE": str(cls.file),
        }
        cls.ended = programs.run(cls.place, program(), environment=environment, exit_code=None)

    def test_the_workflow_succeeds(self):
        """Every step of the workflow succeeds, none is left out."""
        said = self.ended.stdout + self.ended.stderr
        self.assertEqual(STEPS, re.findall(r"^ok (.*)$", self.ended.stdout, re.M), said[-4000:])
        self.assertEqual(0, self.ended.returncode, said[-4000:])

    def test_what_it_left_is_on_disk_as_it_was_sent(self):
        """What the SDK sent in chunks, parts and trailers lies on disk as nothing but the file it was."""
        digests = {sidecar["key"]: sidecar["sha256"] for _, sidecar in archive.all_sidecars(self.place)}
        expected = archive.sha256_of(self.file)
        self.assertEqual([expected] * 2, [digests.get("streamed"), digests.get("parts")])

    def test_its_checksums_are_those_of_the_bytes(self):
        """The checksums that the SDK computed are those that this side computes."""
        for name, checksum in checksums.all_of(self.file.read_bytes()[:20_000]).items():
            head = self.s3.head_object(Bucket=BUCKET, Key=f"checked/{name}", ChecksumMode="ENABLED")
            self.assertEqual(checksum, head[f"Checksum{name}"])

    def test_its_links_work(self):
        """The links that it signed put and get without credentials, and not the other way round."""
        links = dict(re.findall(r"^(put|get) (http\S+)$", self.ended.stdout, re.M))
        with urllib.request.urlopen(urllib.request.Request(links["put"], data=b"linked", method="PUT")) as answer:
            self.assertEqual(200, answer.status)
        with urllib.request.urlopen(links["get"]) as answer:
            self.assertEqual(b"linked", answer.read())
        with self.assertRaises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(links["put"])
        refused.exception.close()
        self.assertEqual(403, refused.exception.code)


def program():
    """The built program; tests/run builds it."""
    path = os.environ.get("ARTSTORE_RUST_SDK")
    if not path or not os.access(path, os.X_OK):
        raise AssertionError("ARTSTORE_RUST_SDK names no program: start these tests with ./tests/run")
    return path


if __name__ == "__main__":
    unittest.main()
