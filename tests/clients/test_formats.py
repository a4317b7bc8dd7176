"""Archives of every format so far are read by today's program and today's reader.

tests/fixtures/element-format-N is a copied element as the first release of format N wrote it, and is
never rewritten: a change of format adds another.
"""

import datetime
import hashlib
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import archive

FIXTURES = archive.REPOSITORY / "tests" / "fixtures"
FORMAT_1 = {
    "2026/договор 6-499.txt": "Договор № 6-499/2025\n".encode(),
    "2026/long-description.txt": b"see the metadata\n",
    "parts.bin": b"one part\n",
    "empty-document": b"",
    "\x01" * 400: b"a key in base64\n",
}


class Formats(unittest.TestCase):
    def test_the_reader_verifies_format_1(self):
        """Every digest of the fixture holds, so that neither it nor the checksum's definition has drifted."""
        command = [sys.executable, "-S", "-I", "-X", "utf8", archive.READER, "verify", FIXTURES / "element-format-1"]
        done = subprocess.run(command, capture_output=True, text=True)
        self.assertEqual((0, "5 versions read, 0 problems\n", ""), (done.returncode, done.stdout, done.stderr))

    def test_a_server_serves_format_1(self):
        """A server started on the fixture gives back its buckets, bytes, headers, times and metadata."""
        with tempfile.TemporaryDirectory(prefix="artstore-formats-") as scratch:
            place = archive.Place(scratch)
            place.data.joinpath("elements").mkdir(parents=True)
            shutil.copytree(FIXTURES / "element-format-1", place.element())
            with archive.Server(place) as server:
                s3 = server.client()
                self.assertEqual(["contracts", "empty"], [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]])
                self.assertEqual(set(FORMAT_1), set(archive.listing(s3, "contracts")))
                for key, body in FORMAT_1.items():
                    answer = server.request("GET", archive.path_of("contracts", key))
                    self.assertEqual((200, body), (answer.status, answer.body), key)
                head = s3.head_object(Bucket="contracts", Key="2026/long-description.txt")
                self.assertEqual({f"field-{number}": "value " * 15 + "value" for number in range(16)}, head["Metadata"])
                self.assertEqual("y" * 900, head["CacheControl"])
                self.assertEqual(datetime.datetime(2026, 11, 20, 15, 31, 52, tzinfo=datetime.timezone.utc), head["LastModified"])
                parts = s3.head_object(Bucket="contracts", Key="parts.bin")
                digest_of_digests = hashlib.md5(hashlib.md5(FORMAT_1["parts.bin"]).digest()).hexdigest()
                self.assertEqual(f'"{digest_of_digests}-1"', parts["ETag"])
                s3.close()


if __name__ == "__main__":
    unittest.main()
