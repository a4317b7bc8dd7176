"""Documents are kept as long as was promised and go when they may, whatever clients do and clocks say."""

import json
import unittest

import archive
from clock import ClockedTest

BUCKET = "office"
DAY = 24 * 60 * 60


class Retention(ClockedTest):
    BUCKET = BUCKET

    def restart(self, how):
        self.s3.close()
        getattr(self.server, how)()
        self.start()

    def put(self, key, body, **more):
        return self.s3.put_object(Bucket=BUCKET, Key=key, Body=body, **more)

    def keys(self):
        return [found["Key"] for found in self.s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])]

    def assert_kept(self, key, body):
        """Neither a delete, a batch, an overwriting, a copy onto it nor a completed upload destroys it."""
        named = {"Bucket": BUCKET, "Key": key}
        error = self.s3.exceptions.ClientError
        for call, more in (
            (self.s3.delete_object, {}), (self.s3.put_object, {"Body": b"other"}),
            (self.s3.copy_object, {"CopySource": {"Bucket": BUCKET, "Key": "draft"}}),
        ):
            with self.assertRaises(error) as refused:
                call(**named, **more)
            self.assertEqual("AccessDenied", refused.exception.response["Error"]["Code"])
            self.assertIn("is kept until", refused.exception.response["Error"]["Message"])
        [refused] = self.s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": key}]})["Errors"]
        self.assertEqual("AccessDenied", refused["Code"])
        upload = self.s3.create_multipart_upload(**named)["UploadId"]
        part = self.s3.upload_part(**named, UploadId=upload, PartNumber=1, Body=b"part")
        with self.assertRaisesRegex(error, "AccessDenied"):
            parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
            self.s3.complete_multipart_upload(**named, UploadId=upload, MultipartUpload=parts)
        self.s3.abort_multipart_upload(**named, UploadId=upload)
        self.assertEqual(body, self.s3.get_object(**named)["Body"].read())

    def test_what_is_kept_stays_until_its_day(self):
        """`artstore retain` keeps a document of mode edit through every door, a kill and a lost catalog; the day after,
        it goes as ever."""
        self.put("draft", b"draft")
        self.put("lease.pdf", b"lease")
        kept = self.json("retain", BUCKET, "lease.pdf", "--days", "30")
        self.assertEqual("account", kept["origin"])
        self.assertEqual(kept, self.json("retain", BUCKET, "lease.pdf", "--days", "3"), "it is never shortened")
        self.assert_kept("lease.pdf", b"lease")
        self.restart("kill")
        self.assert_kept("lease.pdf", b"lease")
        self.s3.close()
        self.server.stop()
        (self.place.data / "catalog" / "catalog.redb").unlink()
        self.start()
        self.assert_kept("lease.pdf", b"lease")
        self.clock.set(31 * DAY)
        self.assert_kept("lease.pdf", b"lease")
        self.place.command("clock", "accept")
        self.s3.delete_object(Bucket=BUCKET, Key="lease.pdf")
        self.assertEqual(["draft"], self.keys())

    def test_documents_go_from_edit_at_the_end_of_the_term(self):
        """A term of the element lets its documents go without a rule of the bucket, and keeps what comes to rw; neither
        a clock that jumps nor a start under a wrong one lets anything go."""
        self.place.command("element", "set", "edit-01", "--retention-days", "30", "--warn-days", "2")
        self.place.command("element", "set", "rw-01", "--retention-days", "3650")
        self.place.command("element", "set", "rw-01", "--max-size", "1GiB")
        self.place.command("element", "set", "rw-01", "--max-size", "0")
        [edit] = [found for found in self.json("element", "list") if found["name"] == "edit-01"]
        self.assertEqual({"days": 30, "warn_days": 2}, edit["retention"])
        refused = self.place.command("element", "set", "edit-01", "--retention-days", "3", "--warn-days", "7", check=False)
        self.assertEqual(1, refused.returncode, refused.stderr)
        self.put("draft", b"draft")
        self.put("final", b"final", StorageClass="STANDARD_IA")
        sidecar = json.loads(next(self.place.element("rw-01").glob("20*/*/*/*/*.attr.json")).read_text())
        self.assertEqual("element", sidecar["retention"]["origin"])
        self.clock.set(3700 * DAY)
        self.assertEqual(0, self.json("lifecycle", "run")["deleted"])
        self.restart("kill")
        self.assertEqual(0, self.json("lifecycle", "run")["deleted"])
        told = self.json("clock", "show")
        self.assertGreater(told["system_ms"] - told["archive_ms"], 3600 * DAY * 1000)
        self.clock.set(31 * DAY)
        self.assertEqual(0, self.json("lifecycle", "run")["deleted"])
        self.place.command("clock", "accept")
        done = self.json("lifecycle", "run")
        self.assertEqual((1, 0), (done["deleted"], done["failed"]))
        self.assertEqual(["final"], self.keys())
        self.clock.set(3700 * DAY)
        self.place.command("clock", "accept")
        self.assertEqual(1, self.json("lifecycle", "run")["due_for_disposal"])
        self.assertEqual(["final"], self.keys(), "what is final stays")
        self.server.stop()
        self.assertIn("0 damaged, 0 inconsistent, 0 notes", self.place.command("fsck").stdout)


if __name__ == "__main__":
    unittest.main()
