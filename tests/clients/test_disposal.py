"""Documents whose time is over go when somebody has released them, and leave a tombstone: with real clients and files."""

import hashlib
import json
import subprocess
import sys
import threading
import unittest

import archive
from clock import ClockedTest

BUCKET = "registry"
DAY = 24 * 60 * 60
REASON = "schedule 7: invoices, ten years"
MANY = 600


class Disposal(ClockedTest):
    BUCKET = BUCKET

    def put(self, key, body, storage_class):
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=body, StorageClass=storage_class)

    def keys(self):
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET)
        return [found["Key"] for page in pages for found in page.get("Contents", [])]

    def go_to(self, days):
        self.clock.set(days * DAY)
        self.place.command("clock", "accept")

    def tombstones(self):
        found = [sidecar for _, sidecar in archive.all_sidecars(self.place) if sidecar["kind"] == "tombstone"]
        return {sidecar["key"]: sidecar for sidecar in found}

    def files(self, root):
        return [path for path in root.rglob("*") if path.is_file() and path.name != "artstore-target.json"]

    def check_sound(self):
        self.s3.close()
        self.server.stop()
        self.assertIn("0 damaged, 0 inconsistent, 0 notes", self.place.command("fsck").stdout)
        self.place.command("seal", "verify")

    def test_what_is_due_goes_when_it_is_released(self):
        """A run lists what in rw and ar is kept no longer, and what a rule would let expire; nothing goes before the
        release, then the bytes are gone from element and tape, and a tombstone tells what there was."""
        tape = self.place.folder / "tape"
        self.place.command("element", "create", "shelf", "--mode", "ar")
        self.place.command("element", "target", "shelf", "--directory", tape)
        self.place.command("element", "set", "rw-01", "--retention-days", "3650")
        self.put("invoice.pdf", b"invoice", "STANDARD_IA")
        self.put("lease.pdf", b"lease" * 30_000, "STANDARD_IA")
        self.put("old.pdf", b"archived", "STANDARD_IA")
        self.place.command("transfer", BUCKET, "old", "--to", "ar")
        while not [path for path in self.files(tape) if path.suffix == ".pdf"]:
            self.server.process.poll()
            threading.Event().wait(0.05)
        self.put("draft.txt", b"draft", "STANDARD")
        self.go_to(3700)
        self.place.command("retain", BUCKET, "lease.pdf", "--days", "30")
        run = self.json("disposal", "propose", "--reason", REASON)
        self.assertEqual(("proposed", 2), (run["state"], run["documents"]))
        shown = self.place.command("disposal", "show", run["id"], "--documents", "--json").stdout
        decoder, listed, at = json.JSONDecoder(), [], 0
        while at < len(shown.rstrip()):
            one, end = decoder.raw_decode(shown, at)
            listed.append(one)
            at = end + len(shown[end:]) - len(shown[end:].lstrip())
        self.assertEqual(["invoice.pdf", "old.pdf"], [one["key"] for one in listed[1:]])
        self.assertEqual(hashlib.sha256(b"invoice").hexdigest(), listed[1]["sha256"])
        self.assertEqual(["draft.txt", "invoice.pdf", "lease.pdf", "old.pdf"], self.keys())
        told = self.place.command("disposal", "release", run["id"]).stdout
        self.assertIn("disposed of: 2", told)
        self.assertEqual(["draft.txt", "lease.pdf"], self.keys())
        with self.assertRaisesRegex(self.s3.exceptions.ClientError, "NoSuchKey"):
            self.s3.get_object(Bucket=BUCKET, Key="invoice.pdf")
        stones = self.tombstones()
        self.assertEqual({"invoice.pdf", "old.pdf"}, set(stones))
        stone = stones["invoice.pdf"]
        self.assertEqual((7, listed[1]["sha256"]), (stone["size"], stone["sha256"]))
        self.assertEqual((REASON, run["id"]), (stone["disposal"]["reason"], stone["disposal"]["run"]))
        self.assertEqual([], self.files(tape), "the tape has nothing of it")
        left = [path.name for path in self.files(self.place.data) if path.name.startswith(("invoice", "old"))]
        self.assertTrue(all(name.endswith(".attr.json") for name in left), left)
        again = self.place.command("disposal", "release", run["id"], check=False)
        self.assertEqual(1, again.returncode, again.stderr)
        self.check_sound()
        elements = [self.place.element(name) for name in ("edit-01", "rw-01", "shelf")]
        reader = [sys.executable, archive.READER, "list", *elements]
        listed = subprocess.run(reader, capture_output=True, text=True, check=True).stdout
        self.assertNotIn("invoice.pdf", listed)
        self.assertIn("lease.pdf", listed)

    def test_a_run_outlives_its_server(self):
        """A server that is killed while it disposes goes on when it runs again: each document is whole or gone, and in
        the end all of them are gone and counted; what nobody released is there."""
        self.place.command("element", "set", "rw-01", "--retention-days", "1")
        for number in range(MANY):
            self.put(f"go/{number:04}", b"x" * 100, "STANDARD_IA")
        self.put("stay/1", b"stays", "STANDARD_IA")
        self.go_to(2)
        run = self.json("disposal", "propose", "--prefix", "go/", "--reason", REASON)
        self.assertEqual(MANY, run["documents"])
        self.s3.close()
        releasing = subprocess.Popen(
            [archive.binary(), "disposal", "release", run["id"], "--data", self.place.data],
            env=self.place.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        first = next(path for path, sidecar in archive.sidecars(self.place.element("rw-01")) if sidecar["key"] == "go/0020")
        while json.loads(first.read_text())["kind"] != "tombstone":
            self.assertIsNone(releasing.poll())
        self.server.kill()
        releasing.wait()
        self.assertIn(len(self.tombstones()), range(20, MANY), "it was killed in the midst of it")
        self.start()
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET)
        for key in [found["Key"] for page in pages for found in page.get("Contents", [])][:20]:
            try:
                self.assertIn(self.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read(), (b"x" * 100, b"stays"))
            except self.s3.exceptions.NoSuchKey:
                pass
        for _ in range(1200):
            [known] = [found for found in self.json("disposal", "list") if found["id"] == run["id"]]
            if known["state"] == "done":
                break
            threading.Event().wait(0.05)
        self.assertEqual(("done", MANY, 0, 0), tuple(known[name] for name in ("state", "disposed", "spared", "failed")))
        self.assertEqual(["stay/1"], self.keys())
        self.assertEqual(MANY, len(self.tombstones()))
        self.check_sound()
        offline = self.json("disposal", "propose", "--reason", REASON)
        self.assertEqual(("proposed", 1), (offline["state"], offline["documents"]), "without a server")
        self.assertEqual("withdrawn", self.json("disposal", "withdraw", offline["id"])["state"])


if __name__ == "__main__":
    unittest.main()
