"""Lifecycle rules as clients set them, carried out while the clock of a running server is moved by days."""

import contextlib
import datetime
import json
import re
import unittest

import archive
from clock import Clock

DAY = 86_400
DONE = ("deleted", "hidden", "markers_removed", "moved", "uploads_aborted")
RULES = [
    {
        "ID": "papers grow old", "Status": "Enabled",
        "Filter": {"And": {"Prefix": "papers/", "ObjectSizeGreaterThan": 0}},
        "Transitions": [{"Days": 1, "StorageClass": "STANDARD_IA"}, {"Days": 10, "StorageClass": "GLACIER_IR"}],
        "Expiration": {"Days": 20},
    },
    {"ID": "logs", "Status": "Enabled", "Filter": {"Prefix": "logs/"}, "Expiration": {"Days": 3}},
    {
        "ID": "drafts", "Status": "Enabled", "Filter": {"Tag": {"Key": "kind", "Value": "draft"}},
        "Expiration": {"Days": 3},
    },
    {
        "ID": "uploads", "Status": "Enabled", "Filter": {"Prefix": ""},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 2},
    },
    {
        "ID": "versions", "Status": "Disabled", "Filter": {},
        "NoncurrentVersionExpiration": {"NoncurrentDays": 1, "NewerNoncurrentVersions": 2},
        "Expiration": {"ExpiredObjectDeleteMarker": True},
    },
]


class Lifecycles(unittest.TestCase):
    def setUp(self):
        self.place = archive.Place()
        self.addCleanup(self.place.remove)
        self.clock = Clock(self.place.folder)
        self.enterContext(self.clock.signing())
        self.seen = 0

    @contextlib.contextmanager
    def served(self):
        with archive.Server(self.place, environment=self.clock.environment()) as server:
            self.s3 = server.client()
            yield server

    def go_to(self, offset):
        """Moves the clock under a server that runs, and says that it is right: a jump alone lets nothing expire."""
        self.clock.set(offset)
        self.place.command("clock", "accept")

    def run_now(self, ends=0):
        """Makes a pass in the server and answers with what it came to. What was done is that of all passes since the
        last call: the server may see that a new day has begun, and come first."""
        done = self.place.command("lifecycle", "run", "--json", check=False)
        self.assertEqual(ends, done.returncode, done.stdout + done.stderr)
        asked = json.loads(done.stdout)
        passes = json.loads(self.place.command("lifecycle", "list", "--json").stdout)
        since = [found for found in passes if self.seen < found["number"] <= asked["number"]]
        self.seen = asked["number"]
        return asked | {name: sum(found[name] for found in since) for name in DONE}

    def put(self, bucket, key, body=b"body", **more):
        return self.s3.put_object(Bucket=bucket, Key=key, Body=body, **more)

    def set_rules(self, bucket, rules):
        self.s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules})

    def make_ro(self):
        self.place.command("element", "create", "ro-01", "--mode", "rw")
        self.place.command("element", "mode", "ro-01", "ro")

    def classes(self, bucket):
        return {key: entry["StorageClass"] for key, entry in archive.listing(self.s3, bucket).items()}

    def test_the_command_line_sets_what_it_reads(self):
        """aws-cli and boto3 set rules and read the same ones back, over a kill; removed they are gone."""
        with self.served() as server:
            self.s3.create_bucket(Bucket="rules")
            missing = server.aws("s3api", "get-bucket-lifecycle-configuration", "--bucket", "rules", check=False)
            self.assertIn("NoSuchLifecycleConfiguration", missing.stderr)
            server.aws(
                "s3api", "put-bucket-lifecycle-configuration", "--bucket", "rules",
                "--lifecycle-configuration", json.dumps({"Rules": RULES}),
            )
            server.kill()
        with self.served() as server:
            said = json.loads(server.aws("s3api", "get-bucket-lifecycle-configuration", "--bucket", "rules").stdout)
            self.assertEqual(RULES, said["Rules"])
            self.assertEqual("all_storage_classes_128K", said["TransitionDefaultMinimumObjectSize"])
            self.assertEqual(RULES, self.s3.get_bucket_lifecycle_configuration(Bucket="rules")["Rules"])
            dated = [{"ID": "d", "Status": "Enabled", "Prefix": "old", "Expiration": {"Date": "2031-02-01"}}]
            self.set_rules("rules", dated)
            read = self.s3.get_bucket_lifecycle_configuration(Bucket="rules")["Rules"]
            self.assertEqual(datetime.datetime(2031, 2, 1, tzinfo=datetime.timezone.utc), read[0]["Expiration"]["Date"])
            server.aws("s3api", "delete-bucket-lifecycle", "--bucket", "rules")
            with self.assertRaisesRegex(self.s3.exceptions.ClientError, "NoSuchLifecycleConfiguration"):
                self.s3.get_bucket_lifecycle_configuration(Bucket="rules")

    def test_days_go_by(self):
        """Over days objects expire, uploads end and papers go from edit to rw to ro, where they stay for good."""
        with self.served() as server:
            self.make_ro()
            self.s3.create_bucket(Bucket="office")
            self.set_rules("office", RULES)
            told = self.put("office", "logs/1")["Expiration"]
            self.assertRegex(told, r'^expiry-date="\w{3}, \d\d \w{3} \d{4} 00:00:00 GMT", rule-id="logs"$')
            self.put("office", "papers/1", b"contract")
            self.put("office", "papers/empty", b"")
            self.put("office", "papers/final", b"final", StorageClass="STANDARD_IA")
            self.put("office", "note", Tagging="kind=draft")
            self.put("office", "letter", Tagging="kind=letter")
            upload = self.s3.create_multipart_upload(Bucket="office", Key="given up")
            self.assertEqual("uploads", upload["AbortRuleId"])
            self.assertEqual(0, self.run_now()["moved"])
            kept = {"papers/empty": "STANDARD", "letter": "STANDARD"}
            young = {"logs/1": "STANDARD", "note": "STANDARD"}

            self.go_to(2 * DAY)
            done = self.run_now()
            self.assertEqual((1, 0, 0), (done["moved"], done["deleted"], done["failed"]))
            final = {"papers/1": "STANDARD_IA", "papers/final": "STANDARD_IA"}
            self.assertEqual(kept | young | final, self.classes("office"))
            self.assertEqual(1, len(self.s3.list_multipart_uploads(Bucket="office")["Uploads"]))

            self.go_to(4 * DAY)
            done = self.run_now()
            self.assertEqual((2, 1, 0), (done["deleted"], done["uploads_aborted"], done["failed"]))
            self.assertEqual(kept | final, self.classes("office"))
            self.assertEqual([], self.s3.list_multipart_uploads(Bucket="office").get("Uploads", []))
            expired = datetime.datetime.strptime(re.search('"(.*?)"', told)[1], "%a, %d %b %Y %H:%M:%S GMT")
            self.assertLess(expired.replace(tzinfo=datetime.timezone.utc), self.clock.now(), "as it was told")

            self.go_to(11 * DAY)
            self.assertEqual(2, self.run_now()["moved"])
            final = dict.fromkeys(final, "GLACIER_IR")
            self.assertEqual(kept | final, self.classes("office"))
            server.kill()

        self.clock.set(30 * DAY)
        with self.served() as server:
            self.assertEqual(0, self.run_now()["due_for_disposal"], "a stop of 19 days is not believed")
            self.go_to(30 * DAY)
            done = self.run_now()
            self.assertEqual((2, 0), (done["due_for_disposal"], done["failed"]), "what is final does not expire")
            self.assertEqual(kept | final, self.classes("office"))
            for key, body in (("papers/1", b"contract"), ("papers/final", b"final")):
                answer = self.s3.get_object(Bucket="office", Key=key)
                self.assertEqual(body, answer["Body"].read())
                self.assertNotIn("Expiration", answer)
            server.stop()
        self.assertIn("0 damaged, 0 inconsistent, 0 notes", self.place.command("fsck").stdout)

    def test_versions_go_by(self):
        """Old versions expire by the time since they were replaced, the newest two of them stay; what expires is
        behind a marker, and a marker with nothing behind it goes."""
        with self.served() as server:
            self.s3.create_bucket(Bucket="versions")
            self.s3.put_bucket_versioning(Bucket="versions", VersioningConfiguration={"Status": "Enabled"})
            ids = [self.put("versions", "k", str(number).encode())["VersionId"] for number in range(5)]
            self.put("versions", "gone")
            self.s3.delete_object(Bucket="versions", Key="gone")
            rules = [RULES[4] | {"Status": "Enabled"}]
            self.set_rules("versions", rules)
            self.assertEqual(0, self.run_now()["deleted"])
            self.go_to(2 * DAY)
            self.assertEqual(2, self.run_now()["deleted"])
            listed = self.s3.list_object_versions(Bucket="versions")
            self.assertEqual(ids[:1:-1], [version["VersionId"] for version in listed["Versions"] if version["Key"] == "k"])

            every = {"NoncurrentVersionExpiration": {"NoncurrentDays": 1}}
            self.set_rules("versions", [rules[0] | every, {"ID": "all", "Status": "Enabled", "Filter": {}, "Expiration": {"Days": 9}}])
            self.assertEqual(3, self.run_now()["deleted"], "two of k and one behind the marker")
            self.assertEqual(1, self.run_now()["markers_removed"])
            listed = self.s3.list_object_versions(Bucket="versions")
            self.assertEqual((ids[4:], None), ([v["VersionId"] for v in listed["Versions"]], listed.get("DeleteMarkers")))

            self.go_to(11 * DAY)
            self.assertEqual(1, self.run_now()["hidden"])
            with self.assertRaisesRegex(self.s3.exceptions.ClientError, "NoSuchKey"):
                self.s3.get_object(Bucket="versions", Key="k")
            read = self.s3.get_object(Bucket="versions", Key="k", VersionId=ids[4])
            self.assertEqual(b"4", read["Body"].read())
            server.stop()

        # What a start finds due it does by itself, and a command does it without a server.
        self.clock.set(13 * DAY)
        with self.served() as server:
            self.assertTrue(self.run_now()["ended_ms"])
            listed = self.s3.list_object_versions(Bucket="versions")
            self.assertNotIn("Versions", listed)
            server.stop()
        passes = json.loads(self.place.command("lifecycle", "list", "--json").stdout)
        self.assertEqual([], [found for found in passes if found["ended_ms"] is None or found["failed"]])
        self.assertEqual(0, self.run_now()["failed"])
        self.assertIn("0 damaged, 0 inconsistent, 0 notes", self.place.command("fsck").stdout)

    def test_a_document_goes_to_the_archive_of_its_class(self):
        """GLACIER moves a document to an element of mode ar with that class, and DEEP_ARCHIVE not to it."""
        with self.served():
            self.place.command("element", "create", "shelf", "--mode", "ar")
            self.place.command("element", "target", "shelf", "--directory", self.place.folder / "tape")
            self.s3.create_bucket(Bucket="cold")
            rule = lambda prefix, name: {
                "ID": name, "Status": "Enabled", "Filter": {"And": {"Prefix": prefix, "ObjectSizeGreaterThan": 0}},
                "Transitions": [{"Days": 0, "StorageClass": name}],
            }
            self.set_rules("cold", [rule("a/", "GLACIER"), rule("b/", "DEEP_ARCHIVE")])
            self.put("cold", "a/1")
            self.put("cold", "b/1")
            self.go_to(DAY)
            done = self.run_now(ends=4)
            self.assertEqual((1, ["b/1"]), (done["moved"], [failure["key"] for failure in done["failures"]]))
            self.assertEqual({"a/1": "GLACIER", "b/1": "STANDARD"}, self.classes("cold"))

    def test_what_cannot_be_done_is_named(self):
        """Where no element has the mode, the document stays where it is, and the command says which and why."""
        with self.served():
            self.s3.create_bucket(Bucket="nowhere")
            rule = {
                "ID": "cold", "Status": "Enabled", "Filter": {"ObjectSizeGreaterThan": 0},
                "Transitions": [{"Days": 0, "StorageClass": "GLACIER_IR"}],
            }
            self.set_rules("nowhere", [rule])
            self.put("nowhere", "k")
            self.go_to(DAY)
            done = self.run_now(ends=4)
            [failure] = done["failures"]
            self.assertEqual(("nowhere", "k", "cold"), tuple(failure[name] for name in ("bucket", "key", "rule")))
            said = self.place.command("lifecycle", "run", check=False)
            self.assertEqual(4, said.returncode)
            self.assertIn("not done: nowhere k", said.stdout)
            self.assertEqual({"k": "STANDARD"}, self.classes("nowhere"))


if __name__ == "__main__":
    unittest.main()
