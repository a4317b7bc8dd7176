"""Archived documents with real clients: from edit to ar, away and back for a time."""

import datetime
import hashlib
import json
import os
import subprocess
import threading
import time
import unittest

import archive
from clock import Clock

BUCKET = "papers"
WAIT_SECONDS_MAX = 60
DAY = 86400
ONGOING = 'ongoing-request="true"'


class Archiving(unittest.TestCase):
    def setUp(self):
        self.place = archive.Place()
        self.addCleanup(self.place.remove)
        self.clock = Clock(self.place.folder)
        self.enterContext(self.clock.signing())
        self.server = None
        self.start()
        self.addCleanup(lambda: self.server.kill())
        self.s3.create_bucket(Bucket=BUCKET)
        self.tape = self.place.folder / "tape"

    def start(self):
        self.server = archive.Server(self.place, environment=self.clock.environment())
        self.s3 = self.server.client()

    def go_to(self, moment):
        """Moves the clock, and says that it is right: a jump alone lets nothing expire."""
        self.clock.set_to(moment)
        self.place.command("clock", "accept")

    def restart(self, how="stop"):
        self.s3.close()
        getattr(self.server, how)()
        self.start()

    def json(self, *arguments):
        return json.loads(self.place.command(*arguments, "--json").stdout)

    def put(self, key, body, **more):
        return self.s3.put_object(Bucket=BUCKET, Key=key, Body=body, **more)

    def get(self, key):
        return self.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()

    def head(self, key):
        return self.s3.head_object(Bucket=BUCKET, Key=key)

    def make_shelf(self, *place):
        self.place.command("element", "create", "shelf", "--mode", "ar")
        self.place.command("element", "target", "shelf", *(place or ("--directory", self.tape)))

    def until(self, what, is_so):
        """Waits until something is so, by asking again."""
        deadline = time.monotonic() + WAIT_SECONDS_MAX
        while not is_so():
            if time.monotonic() > deadline:
                raise AssertionError(f"{what} did not come about:\n{self.server.said()}")
            self.server.process.poll()
            threading.Event().wait(0.05)

    def data_files(self, root):
        found = archive.HOUR_FOLDER
        return [
            path for path in root.rglob("*")
            if path.is_file() and not path.name.endswith(".json") and found.search(str(path.parent.relative_to(root)))
            and ".artstore" not in path.relative_to(root).parts and "seals" not in path.relative_to(root).parts
        ]

    def until_archived(self, element="shelf"):
        self.until("the archiving", lambda: not self.data_files(self.place.element(element)))

    def until_restored(self, key):
        self.until("the restore", lambda: "expiry-date" in self.head(key).get("Restore", ""))

    def assert_refused(self, code, status, call, **arguments):
        with self.assertRaises(self.s3.exceptions.ClientError) as raised:
            call(Bucket=BUCKET, **arguments)
        answer = raised.exception.response
        self.assertEqual((code, status), (answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]))
        return answer

    def test_a_document_walks_through_all_modes(self):
        """edit, rw, ro, ar, restored, expired, restored again: class, headers and errors at each step are what AWS
        documents, and what the document is never changes."""
        self.make_shelf()
        self.place.command("element", "create", "ro-01", "--mode", "ro")
        body = os.urandom(3 << 20)
        self.put("report.pdf", body, Metadata={"case": "42"}, ContentType="application/pdf")
        identity = lambda: {name: self.head("report.pdf").get(name) for name in ("ETag", "LastModified", "ContentLength", "Metadata", "ContentType")}
        before = identity()
        source = {"Bucket": BUCKET, "Key": "report.pdf"}
        for storage_class in ("STANDARD_IA", "GLACIER_IR"):
            self.s3.copy_object(Bucket=BUCKET, Key="report.pdf", CopySource=source, StorageClass=storage_class)
            self.assertEqual(storage_class, self.head("report.pdf")["StorageClass"])
            self.assertEqual((before, body), (identity(), self.get("report.pdf")))
            refused = self.assert_refused("InvalidObjectState", 403, self.s3.restore_object, Key="report.pdf")
            self.assertIn("x-artstore-mode", refused["ResponseMetadata"]["HTTPHeaders"])
        self.s3.copy_object(Bucket=BUCKET, Key="report.pdf", CopySource=source, StorageClass="GLACIER")
        self.assertEqual(("GLACIER", before), (self.head("report.pdf")["StorageClass"], identity()))
        refused = self.assert_refused("InvalidObjectState", 403, self.s3.get_object, Key="report.pdf")
        self.assertEqual("GLACIER", refused["Error"]["StorageClass"])
        self.until_archived()
        self.assertNotIn("Restore", self.head("report.pdf"))

        # An hour before midnight in UTC: two days from then end three midnights later.
        midnight = (self.clock.now() + datetime.timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        self.go_to(midnight - datetime.timedelta(hours=1))
        asked = self.s3.restore_object(Bucket=BUCKET, Key="report.pdf", RestoreRequest={"Days": 2})
        self.assertEqual(202, asked["ResponseMetadata"]["HTTPStatusCode"])
        self.until_restored("report.pdf")
        expiry = midnight + datetime.timedelta(days=2)
        told = f'ongoing-request="false", expiry-date="{expiry:%a, %d %b %Y %H:%M:%S} GMT"'
        self.assertEqual(told, self.head("report.pdf")["Restore"])
        self.assertEqual((body, told), (self.get("report.pdf"), self.s3.get_object(Bucket=BUCKET, Key="report.pdf")["Restore"]))
        for call, more in ((self.s3.put_object, {"Body": b"other"}), (self.s3.delete_object, {})):
            self.assert_refused("AccessDenied", 403, call, Key="report.pdf", **more)
        again = self.s3.restore_object(Bucket=BUCKET, Key="report.pdf", RestoreRequest={"Days": 5})
        self.assertEqual(200, again["ResponseMetadata"]["HTTPStatusCode"])
        listed = self.s3.list_objects_v2(Bucket=BUCKET, OptionalObjectAttributes=["RestoreStatus"])["Contents"][0]
        self.assertEqual(midnight + datetime.timedelta(days=5), listed["RestoreStatus"]["RestoreExpiryDate"])

        self.go_to(midnight + datetime.timedelta(days=5, seconds=1))
        self.assert_refused("InvalidObjectState", 403, self.s3.get_object, Key="report.pdf")
        self.until("the removal", lambda: not list(self.place.element("shelf").glob(".artstore/restored/*")))
        self.assertEqual((before, 1), (identity(), len(self.data_files(self.tape))))
        self.restart()
        self.s3.restore_object(Bucket=BUCKET, Key="report.pdf")
        self.until_restored("report.pdf")
        self.assertEqual(body, self.get("report.pdf"))
        self.server.stop()
        self.place.command("fsck")

    def test_the_aws_command_line_knows_what_is_archived(self):
        """`aws s3 cp --recursive` passes over what is archived and says so; `--force-glacier-transfer` gets what is
        restored; `s3api restore-object` and `artstore restore` ask for it."""
        self.make_shelf()
        for name in ("away", "here"):
            self.put(f"tree/{name}", name.encode() * 1000)
        self.json("transfer", BUCKET, "tree/away", "--to", "ar")
        self.until_archived()
        target = self.place.folder / "fetched"
        copied = self.server.aws("s3", "cp", "--recursive", f"s3://{BUCKET}/tree/", target, check=False)
        self.assertEqual(2, copied.returncode, copied.stderr)
        self.assertIn("GLACIER", copied.stderr)
        self.assertEqual(["here"], [path.name for path in target.iterdir()])
        self.server.aws(
            "s3api", "restore-object", "--bucket", BUCKET, "--key", "tree/away", "--restore-request",
            json.dumps({"Days": 1, "GlacierJobParameters": {"Tier": "Expedited"}}),
        )
        self.until_restored("tree/away")
        self.server.aws("s3", "cp", "--recursive", "--force-glacier-transfer", f"s3://{BUCKET}/tree/", target)
        self.assertEqual(["away", "here"], sorted(path.name for path in target.iterdir()))
        self.assertEqual(b"away" * 1000, (target / "away").read_bytes())
        shown = self.json("restores")
        self.assertEqual([("tree/away", "restored", "Expedited")], [(one["key"], one["state"], one["tier"]) for one in shown])
        self.assertIn("is here", self.place.command("restore", BUCKET, "tree/away", "--days", 3).stdout)
        refused = self.place.command("restore", BUCKET, "tree/here", check=False)
        self.assertEqual(1, refused.returncode)
        self.assertIn("nothing to restore", refused.stderr)

    def test_a_whole_element_is_archived_through_kills(self):
        """`artstore element mode NAME ar` ends when everything is on the target; killed in its midst the element is ro
        and whole, and the server goes on by itself until it is ar."""
        self.place.command("element", "create", "old", "--mode", "rw")
        self.place.command("element", "target", "old", "--directory", self.tape, "--class", "deep-archive")
        bodies = {f"k{number:03}": os.urandom(40_000 + number) for number in range(60)}
        for key, body in bodies.items():
            self.put(key, body)
        self.json("transfer", BUCKET, "", "--to", "old")
        self.place.command("element", "mode", "old", "ro")
        arguments = [archive.binary(), "element", "mode", "old", "ar", "--data", str(self.place.data)]
        for round_number in range(3):
            asked = subprocess.Popen(arguments, env=self.place.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            self.until("some archiving", lambda: len(self.data_files(self.tape)) > 10 * round_number)
            self.s3.close()
            self.server.kill()
            # A command that comes while no server runs does the work itself and owns the archive until it ends.
            asked.wait()
            self.start()
            for key, body in list(bodies.items())[round_number::7]:
                try:
                    self.assertEqual(body, self.get(key))
                except self.s3.exceptions.ClientError as error:
                    self.assertEqual("InvalidObjectState", error.response["Error"]["Code"])
                    self.assertEqual("DEEP_ARCHIVE", self.head(key)["StorageClass"])
        self.until("mode ar", lambda: self.head("k000")["StorageClass"] == "DEEP_ARCHIVE")
        self.until_archived("old")
        digests = {hashlib.sha256(path.read_bytes()).digest() for path in self.data_files(self.tape)}
        self.assertEqual({hashlib.sha256(body).digest() for body in bodies.values()}, digests)
        self.assertEqual({"done"}, {one["state"] for one in self.json("transactions") if one.get("element")})
        self.s3.restore_object(Bucket=BUCKET, Key="k042")
        self.until_restored("k042")
        self.assertEqual(bodies["k042"], self.get("k042"))

    def test_commands_are_killed_and_run_again(self):
        """Movers that are slow, fail and are killed with the server: each document is wholly archived or wholly here at
        every moment, and comes back by the recall command."""
        store = self.place.folder / "store"
        log = self.place.folder / "mover.log"
        at_store = f"STORE='{store}'; mkdir -p \"$(dirname \"$STORE/$ARTSTORE_NAME\")\"; echo \"$ARTSTORE_OPERATION\" >> '{log}'; "
        self.make_shelf(
            "--archive-command", at_store + "sleep 0.2; cp \"$ARTSTORE_FILE\" \"$STORE/$ARTSTORE_NAME\"",
            "--recall-command", at_store + "sleep 0.2; cp \"$STORE/$ARTSTORE_NAME\" \"$ARTSTORE_FILE\"",
            "--verify-command", at_store + "sha256sum < \"$STORE/$ARTSTORE_NAME\" | cut -d' ' -f1",
        )
        bodies = {f"тетрадь {number}": os.urandom(100_000) for number in range(8)}
        for key, body in bodies.items():
            self.put(key, body)
        self.json("transfer", BUCKET, "", "--to", "ar")
        runs = lambda: log.read_text().split() if log.exists() else []
        self.until("a command", lambda: runs().count("archive") >= 2)
        self.restart("kill")
        self.until_archived()
        for key in list(bodies)[:3]:
            self.s3.restore_object(Bucket=BUCKET, Key=key, RestoreRequest={"Days": 1})
        self.until("a recall", lambda: "recall" in runs())
        self.restart("kill")
        for key in list(bodies)[:3]:
            self.until_restored(key)
            self.assertEqual(bodies[key], self.get(key))
        self.server.stop()
        self.place.command("fsck")
        self.start()


if __name__ == "__main__":
    unittest.main()
