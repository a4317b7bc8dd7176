"""A bucket of another ArtStore as the archive target: both servers real, and what lies between them cut and damaged."""

import hashlib
import os
import ssl
import subprocess
import threading
import time
import unittest

import archive
from archive import MIB
from clock import ClockedTest
from relay import Relay

BUCKET = "papers"
COLD = "cold"
WAIT_SECONDS_MAX = 120
AGAIN_SECONDS = 11 * 60
LARGE_BYTES = 130 * MIB


class BucketTarget(ClockedTest):
    BUCKET = BUCKET

    def setUp(self):
        super().setUp()
        self.there = archive.Place()
        self.addCleanup(self.there.remove)
        self.start_there()
        self.addCleanup(lambda: self.cold_server.kill())
        self.cold.create_bucket(Bucket=COLD)
        self.relay = Relay(self.cold_server.ports[0])
        self.addCleanup(self.relay.close)

    def start_there(self):
        self.cold_server = archive.Server(self.there, environment=self.clock.environment())
        self.cold = self.cold_server.client()

    def restart_there(self):
        self.cold.close()
        self.cold_server.kill()
        self.start_there()
        self.relay.to = self.cold_server.ports[0]

    def place_there(self, *more):
        return (
            "--bucket", COLD, "--endpoint", f"http://127.0.0.1:{self.relay.port}",
            "--credentials", self.there.data / "credentials", "--profile", "artstore", *more,
        )

    def make_shelf(self, *more):
        self.place.command("element", "create", "shelf", "--mode", "ar")
        self.place.command("element", "target", "shelf", *self.place_there(*more))

    def put(self, key, body, **more):
        return self.s3.put_object(Bucket=BUCKET, Key=key, Body=body, **more)

    def head(self, key):
        return self.s3.head_object(Bucket=BUCKET, Key=key)

    def get(self, key):
        return self.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()

    def until(self, what, is_so):
        """Waits until something is so, by asking again."""
        deadline = time.monotonic() + WAIT_SECONDS_MAX
        while not is_so():
            if time.monotonic() > deadline:
                raise AssertionError(f"{what} did not come about:\n{self.server.said()[-4000:]}")
            self.server.process.poll()
            threading.Event().wait(0.05)

    def files_here(self, element="shelf"):
        root = self.place.element(element)
        found = root.glob("20*/*/*/*/*")
        return [path for path in found if not path.name.endswith(".json")]

    def until_archived(self, element="shelf"):
        self.until("the archiving", lambda: not self.files_here(element))

    def restored(self, key):
        self.s3.restore_object(Bucket=BUCKET, Key=key, RestoreRequest={"Days": 1})
        self.until("the restore", lambda: "expiry-date" in self.head(key).get("Restore", ""))
        return self.get(key)

    def objects_there(self):
        return archive.listing(self.cold, COLD)

    def digests_there(self):
        """The SHA-256 of each data file in the bucket."""
        keys = [key for key in self.objects_there() if not key.endswith(".json")]
        return {key: hashlib.sha256(self.cold.get_object(Bucket=COLD, Key=key)["Body"].read()).hexdigest() for key in keys}

    def test_documents_go_there_and_come_back(self):
        """Documents of every size, and one that goes in parts, are whole in the bucket before they go from here; the bucket
        copied over the element is the element; memory does not grow with a document."""
        self.make_shelf("--prefix", "branch office/shelf")
        memory_before = self.server.memory_peak_bytes()
        bodies = {f"отчёт + {size}.pdf": os.urandom(size) for size in (0, 1, 300, 70_000, 3 * MIB)}
        bodies["large"] = os.urandom(MIB) * (LARGE_BYTES // MIB)
        for key, body in bodies.items():
            self.put(key, body, Metadata={"case": "42"})
        self.place.command("transfer", BUCKET, "", "--to", "ar")
        self.until_archived()
        self.assertEqual({hashlib.sha256(body).hexdigest() for body in bodies.values()}, set(self.digests_there().values()))
        self.assertTrue(all(key.startswith("branch office/shelf/") for key in self.objects_there()))
        with self.assertRaisesRegex(self.s3.exceptions.ClientError, "InvalidObjectState"):
            self.get("large")
        for key, body in bodies.items():
            self.assertEqual(hashlib.sha256(body).digest(), hashlib.sha256(self.restored(key)).digest(), key)
        grown = self.server.memory_peak_bytes() - memory_before
        self.assertLess(grown, 64 * MIB)
        shown = self.place.command("element", "list").stdout
        self.assertIn(f":{self.relay.port}/{COLD}/branch office/shelf", shown)
        secret = self.cold_server.credentials()[1]
        for path in self.place.data.rglob("*.json"):
            self.assertNotIn(secret, path.read_text(errors="replace"), path)

        self.s3.close()
        self.server.stop()
        self.place.command("fsck")
        element = self.place.element("shelf")
        self.cold_server.aws("s3", "sync", f"s3://{COLD}/branch office/shelf/", element, "--exclude", "artstore-target.json")
        sums = {hashlib.sha256(path.read_bytes()).hexdigest() for path in self.files_here()}
        self.assertEqual({hashlib.sha256(body).hexdigest() for body in bodies.values()}, sums)
        self.place.command("fsck")
        self.place.command("seal", "verify")
        self.start()

    def test_kills_of_either_server_lose_nothing(self):
        """An element becomes ar while both servers are killed and connections are cut: at every moment a document is read
        here, or is whole there; in the end all are there."""
        self.place.command("element", "create", "old", "--mode", "rw")
        self.place.command("element", "target", "old", *self.place_there("--class", "deep-archive"))
        bodies = {f"k{number:03}": os.urandom(40_000 + number) for number in range(60)}
        for key, body in bodies.items():
            self.put(key, body)
        self.place.command("transfer", BUCKET, "", "--to", "old")
        self.place.command("element", "mode", "old", "ro")
        asked = lambda: threading.Thread(target=self.place.command, args=("element", "mode", "old", "ar"), kwargs={"check": False})
        for round_number in range(4):
            asking = asked()
            asking.start()
            self.until("some archiving", lambda: len(self.objects_there()) > 25 * round_number)
            if round_number % 2:
                self.restart_there()
                asking.join()
            else:
                self.relay.cut_after_bytes = self.relay.passed + 150_000
                self.s3.close()
                self.server.kill()
                asking.join()
                self.start()
            for key, body in list(bodies.items())[round_number::7]:
                try:
                    self.assertEqual(body, self.get(key))
                except self.s3.exceptions.ClientError as error:
                    self.assertEqual("InvalidObjectState", error.response["Error"]["Code"])
        self.clock.set(AGAIN_SECONDS)
        asking = asked()
        asking.start()
        asking.join()
        self.until("mode ar", lambda: self.head("k000")["StorageClass"] == "DEEP_ARCHIVE")
        self.until_archived("old")
        self.assertEqual({hashlib.sha256(body).hexdigest() for body in bodies.values()}, set(self.digests_there().values()))
        self.assertEqual(bodies["k042"], self.restored("k042"))

    def test_what_is_damaged_on_the_way_stays_here(self):
        """A byte that changes on the way there is found before anything goes from here, and told with both digests; the next
        try succeeds. Bytes that change on the way back are not restored."""
        self.make_shelf()
        body = os.urandom(3 * MIB)
        self.relay.damage = True
        self.put("a", body)
        self.place.command("transfer", BUCKET, "a", "--to", "ar")
        self.until("the damage", lambda: "the bytes that came have the SHA-256" in self.server.said())
        self.assertEqual([hashlib.sha256(body).hexdigest()], [hashlib.sha256(path.read_bytes()).hexdigest() for path in self.files_here()])
        self.assertFalse([key for key in self.objects_there() if key.endswith(".attr.json")], "no sidecar says that it was compared")
        self.clock.set(AGAIN_SECONDS)
        self.until_archived()
        self.assertEqual([hashlib.sha256(body).hexdigest()], list(self.digests_there().values()))
        self.assertEqual(body, self.restored("a"))

    def test_a_bucket_that_is_away_is_waited_for(self):
        """No service, no bucket, a wrong key: each is told with what to do and changes nothing; when the service is back the
        work goes on by itself."""
        command = ("element", "target", "shelf", *self.place_there())
        self.place.command("element", "create", "shelf", "--mode", "ar")
        for more, told in (
            (("--bucket", "nowhere-1"), "NoSuchBucket"), (("--profile", "nobody"), "no profile [nobody]"),
            (("--credentials", self.there.data / "missing"), "missing"), (("--endpoint", "ftp://example.org"), "https://s3."),
            (("--prefix", "../other"), "the prefix of a bucket"),
        ):
            changed = dict(zip(command[3::2], command[4::2])) | dict([more])
            arguments = [part for pair in changed.items() for part in pair]
            refused = self.place.command(*command[:3], *arguments, check=False)
            self.assertNotEqual(0, refused.returncode)
            self.assertIn(told, refused.stderr)
        wrong = self.place.folder / "wrong"
        wrong.write_text(f"[default]\naws_access_key_id = {self.cold_server.credentials()[0]}\naws_secret_access_key = wrong\n")
        refused = self.place.command(
            "element", "target", "shelf", "--bucket", COLD, "--endpoint", f"http://127.0.0.1:{self.relay.port}", "--credentials", wrong,
            check=False,
        )
        self.assertIn("SignatureDoesNotMatch", refused.stderr)
        self.assertIn(f"check the key in {wrong}", refused.stderr)
        self.assertFalse(self.objects_there(), "nothing was written there")
        self.place.command(*command)
        self.cold.close()
        self.cold_server.kill()
        self.put("a", b"archived" * 1000)
        self.place.command("transfer", BUCKET, "a", "--to", "ar")
        self.until("the trouble", lambda: "A document is not archived" in self.server.said())
        self.assertEqual(1, len(self.files_here()))
        self.start_there()
        self.relay.to = self.cold_server.ports[0]
        self.clock.set(AGAIN_SECONDS)
        self.until_archived()
        self.assertEqual(b"archived" * 1000, self.restored("a"))

    def test_a_bucket_behind_tls(self):
        """With https the service must have a certificate that the system trusts: one that it does not is told, and nothing
        is sent."""
        folder = self.place.folder
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
             "-keyout", folder / "key.pem", "-out", folder / "trusted.pem", "-subj", "/CN=localhost",
             "-addext", "subjectAltName=DNS:localhost", "-addext", "basicConstraints=critical,CA:FALSE"],
            check=True, capture_output=True,
        )
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(folder / "trusted.pem", folder / "key.pem")
        secured = Relay(self.cold_server.ports[0], tls)
        self.addCleanup(secured.close)
        place = list(self.place_there())
        place[place.index("--endpoint") + 1] = f"https://localhost:{secured.port}"
        self.place.command("element", "create", "shelf", "--mode", "ar")
        refused = self.place.command("element", "target", "shelf", *place, check=False)
        self.assertIn("certificate", refused.stderr)
        self.assertFalse(self.objects_there())
        self.s3.close()
        self.server.stop()
        self.server = archive.Server(
            self.place, environment=self.clock.environment() | {"SSL_CERT_FILE": str(folder / "trusted.pem")},
        )
        self.s3 = self.server.client()
        self.place.command("element", "target", "shelf", *place)
        body = os.urandom(3 * MIB)
        self.put("a", body)
        self.place.command("transfer", BUCKET, "a", "--to", "ar")
        self.until_archived()
        self.assertEqual(body, self.restored("a"))

    def test_a_stop_does_not_wait_for_a_bucket(self):
        """A server whose target answers no more ends within its time."""
        self.make_shelf()
        self.cold_server.process.send_signal(19)
        try:
            self.put("a", os.urandom(MIB))
            passed = self.relay.passed
            self.place.command("transfer", BUCKET, "a", "--to", "ar")
            self.until("a request", lambda: self.relay.passed > passed)
            self.s3.close()
            start = time.monotonic()
            self.server.stop()
            self.assertLess(time.monotonic() - start, 20)
        finally:
            self.cold_server.process.send_signal(18)
        self.start()
        self.until_archived()

    def test_what_is_disposed_of_leaves_a_versioned_bucket(self):
        """A disposal removes every version of data file, overflow and sidecar from a bucket that keeps versions."""
        self.cold.put_bucket_versioning(Bucket=COLD, VersioningConfiguration={"Status": "Enabled"})
        self.make_shelf()
        self.place.command("element", "set", "shelf", "--retention-days", "30")
        metadata = {f"key-{number}": "value" * 20 for number in range(18)}
        tags = "&".join(f"tag-{number}={'v' * 250}" for number in range(10))
        self.put("invoice.pdf", b"invoice" * 20_000, Metadata=metadata, Tagging=tags)
        self.put("lease.pdf", b"lease" * 20_000)
        self.place.command("transfer", BUCKET, "", "--to", "ar")
        self.until_archived()
        self.place.command("retain", BUCKET, "lease.pdf", "--days", "300")
        self.clock.set(60 * 24 * 60 * 60)
        self.place.command("clock", "accept")
        # What an earlier version of the object was, and a marker, are removed as well.
        invoice = [key for key in self.objects_there() if "/invoice_" in key]
        self.assertEqual(3, len(invoice), "data file, overflow, sidecar")
        data = next(key for key in invoice if key.endswith(".pdf"))
        self.cold.delete_object(Bucket=COLD, Key=data)
        run = self.json("disposal", "propose", "--reason", "schedule 7")
        self.assertEqual(1, run["documents"])
        self.assertIn("disposed of: 1", self.place.command("disposal", "release", run["id"]).stdout)
        listed = self.cold.list_object_versions(Bucket=COLD)
        kept = [entry["Key"] for entry in listed["Versions"] + listed.get("DeleteMarkers", []) if "/lease_" not in entry["Key"]]
        self.assertEqual(["shelf/artstore-target.json"], kept)
        self.assertEqual(b"lease" * 20_000, self.restored("lease.pdf"))


if __name__ == "__main__":
    unittest.main()
