"""The life of a document over modes: transfers by command and by class, elements that become ro."""

import json
import subprocess
import unittest

import archive

BUCKET = "life"


class Modes(archive.ArchiveTest):
    def setUp(self):
        super().setUp()
        self.bucket = f"{BUCKET}-{self.id().rsplit('_', 1)[-1]}"
        self.s3.create_bucket(Bucket=self.bucket)

    def put(self, key, body, **more):
        return self.s3.put_object(Bucket=self.bucket, Key=key, Body=body, **more)

    def get(self, key):
        return self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()

    def json(self, *arguments):
        return json.loads(self.place.command(*arguments, "--json").stdout)

    def element(self, mode="rw"):
        """A new element of a mode."""
        name = f"{mode}-{self.bucket}"
        self.place.command("element", "create", name, "--mode", mode)
        return name

    def head(self, key):
        answer = self.s3.head_object(Bucket=self.bucket, Key=key)
        return {name: answer.get(name) for name in ("ETag", "LastModified", "ContentLength", "Metadata", "VersionId")}

    def assert_mode_refuses(self, mode, call, **arguments):
        with self.refused("AccessDenied", 403) as refused:
            call(Bucket=self.bucket, **arguments)
        self.assertEqual(mode, refused["ResponseMetadata"]["HTTPHeaders"].get("x-artstore-mode"))

    def test_a_transfer_by_command_keeps_what_an_object_is(self):
        """`artstore transfer` moves what is under a prefix: same key, ETag, time, metadata; another class, final."""
        bodies = {f"contracts/{number:03}": archive.os.urandom(size) for number, size in enumerate((0, 5, 70_000, 3 << 20))}
        for key, body in bodies.items():
            self.put(key, body, Metadata={"case": key})
        self.put("drafts/1", b"draft")
        before = {key: self.head(key) for key in bodies}
        done = self.json("transfer", self.bucket, "contracts/", "--to", "rw")
        self.assertEqual((4, 0, 0, "done"), tuple(done[name] for name in ("moved", "unchanged", "failed", "state")))
        self.assertEqual(sum(map(len, bodies.values())), done["moved_bytes"])
        self.assertEqual(before, {key: self.head(key) for key in bodies})
        for key, body in bodies.items():
            self.assertEqual("STANDARD_IA", self.s3.head_object(Bucket=self.bucket, Key=key)["StorageClass"])
            self.assertEqual(body, self.get(key))
            self.assert_mode_refuses("rw", self.s3.delete_object, Key=key)
        self.assertNotIn("StorageClass", self.s3.head_object(Bucket=self.bucket, Key="drafts/1"))
        again = self.json("transfer", self.bucket, "contracts/", "--to", "rw")
        self.assertEqual((0, 4), (again["moved"], again["unchanged"]))
        self.assertEqual([done, again], self.json("transactions")[-2:])

    def test_the_default_mode_of_a_bucket(self):
        """`artstore bucket set` makes final what clients send without a class: PUT, copy, upload in parts, aws-cli."""
        self.put("before", b"1")
        bucket = self.json("bucket", "set", self.bucket, "--default-mode", "rw")
        self.assertEqual("rw", bucket["default_mode"])
        self.assertIn(bucket, self.json("bucket", "list"))
        self.put("put", b"1")
        self.s3.copy_object(Bucket=self.bucket, Key="copy", CopySource={"Bucket": self.bucket, "Key": "before"})
        self.server.aws("s3", "cp", archive.REPOSITORY / "README.md", f"s3://{self.bucket}/cp")
        upload = self.s3.create_multipart_upload(Bucket=self.bucket, Key="parts")["UploadId"]
        part = {"Bucket": self.bucket, "Key": "parts", "UploadId": upload}
        etag = self.s3.upload_part(**part, PartNumber=1, Body=b"1")["ETag"]
        self.s3.complete_multipart_upload(**part, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": etag}]})
        for key in ("put", "copy", "cp", "parts"):
            self.assertEqual("STANDARD_IA", self.s3.head_object(Bucket=self.bucket, Key=key).get("StorageClass"), key)
            self.assert_mode_refuses("rw", self.s3.delete_object, Key=key)
        self.put("named", b"1", StorageClass="STANDARD")
        self.s3.copy_object(Bucket=self.bucket, Key="before", CopySource={"Bucket": self.bucket, "Key": "before"},
                            MetadataDirective="REPLACE", Metadata={"said": "anew"})
        for key in ("before", "named"):
            self.assertNotIn("StorageClass", self.s3.head_object(Bucket=self.bucket, Key=key))
            self.s3.delete_object(Bucket=self.bucket, Key=key)
        refused = self.place.command("bucket", "set", self.bucket, "--default-mode", "ar", check=False)
        self.assertEqual(1, refused.returncode)

    def test_a_stricter_class_on_itself_is_a_transfer(self):
        """CopyObject onto itself with a stricter class moves the object; ETag of parts and time stay."""
        upload = self.s3.create_multipart_upload(Bucket=self.bucket, Key="large")["UploadId"]
        name = {"Bucket": self.bucket, "Key": "large", "UploadId": upload}
        parts = [
            {"PartNumber": number, "ETag": self.s3.upload_part(**name, PartNumber=number, Body=body)["ETag"]}
            for number, body in ((1, b"a" * (5 << 20)), (2, b"b"))
        ]
        self.s3.complete_multipart_upload(**name, MultipartUpload={"Parts": parts})
        before = self.head("large")
        source = {"Bucket": self.bucket, "Key": "large"}
        copied = self.s3.copy_object(Bucket=self.bucket, Key="large", CopySource=source, StorageClass="STANDARD_IA")
        self.assertEqual(before["ETag"], copied["CopyObjectResult"]["ETag"])
        self.assertEqual(before, self.head("large"))
        self.put("small", b"small", Metadata={"case": "1"})
        self.s3.copy_object(
            Bucket=self.bucket, Key="small", CopySource={"Bucket": self.bucket, "Key": "small"},
            StorageClass="STANDARD_IA", Metadata={"case": "2"}, MetadataDirective="REPLACE",
        )
        self.assertEqual({"case": "2"}, self.head("small")["Metadata"])
        for key in ("large", "small"):
            self.assert_mode_refuses(
                "rw", self.s3.copy_object, Key=key, CopySource={"Bucket": self.bucket, "Key": key},
                StorageClass="STANDARD",
            )

    def test_an_element_becomes_ro(self):
        """`artstore element mode NAME ro`: the plan tells and changes nothing; then everything but reading is refused."""
        element = self.element()
        self.put("moved", b"moved")
        self.json("transfer", self.bucket, "moved", "--to", element)
        plan = self.json("element", "mode", element, "ro", "--plan")
        told = ("from", "to", "is_done", "class_from", "class_to", "objects", "bytes", "successor", "retention_days")
        self.assertEqual(("rw", "ro", False, "STANDARD_IA", "GLACIER_IR", 1, 5, "rw-01", None), tuple(plan[name] for name in told))
        self.json("element", "set", element, "--retention-days", "1")
        self.assertIn("is kept for 1 days", self.place.command("element", "mode", element, "ro", "--plan").stdout)
        self.json("element", "set", element, "--retention-days", "0")
        self.assertEqual("STANDARD_IA", self.s3.head_object(Bucket=self.bucket, Key="moved")["StorageClass"])
        self.assertTrue(self.json("element", "mode", element, "ro")["is_done"])
        self.put("later", b"later")
        self.json("transfer", self.bucket, "later", "--to", "ro")
        for _ in range(2):
            for key in ("moved", "later"):
                self.assertEqual(key.encode(), self.get(key))
                self.assertEqual("GLACIER_IR", self.s3.head_object(Bucket=self.bucket, Key=key)["StorageClass"])
                source = {"Bucket": self.bucket, "Key": key}
                self.assert_mode_refuses("ro", self.s3.put_object, Key=key, Body=b"other")
                self.assert_mode_refuses("ro", self.s3.delete_object, Key=key)
                self.assert_mode_refuses("ro", self.s3.put_object_tagging, Key=key, Tagging={"TagSet": []})
                self.assert_mode_refuses(
                    "ro", self.s3.copy_object, Key=key, CopySource=source, Metadata={"a": "b"}, MetadataDirective="REPLACE",
                )
                self.s3.copy_object(Bucket=self.bucket, Key=f"copy of {key}", CopySource=source)
            self.restart()
        classes = {key: entry["StorageClass"] for key, entry in archive.listing(self.s3, self.bucket).items()}
        self.assertEqual("GLACIER_IR", classes["moved"])

    def test_what_no_transition_leads_to_is_refused(self):
        """edit stays edit, nothing goes back, an unknown element is named: exit code 1, the reason, no change."""
        for name, mode, reason in (
            ("edit-01", "ro", "artstore transfer"), ("rw-01", "edit", "only become stricter"), ("nobody", "ro", "no element"),
        ):
            done = self.place.command("element", "mode", name, mode, check=False)
            self.assertEqual(1, done.returncode, done.stderr)
            self.assertIn(reason, done.stderr)
        done = self.place.command("transfer", self.bucket, "", "--to", "edit", check=False)
        self.assertEqual(0, done.returncode, done.stderr)
        self.put("a", b"a", StorageClass="STANDARD_IA")
        self.assertEqual(1, self.json("transfer", self.bucket, "", "--to", "edit")["unchanged"])
        self.assertEqual(1, self.place.command("transfer", self.bucket, "", "--to", "nobody", check=False).returncode)
        self.assertEqual(1, self.place.command("transfer", "no-such-bucket", "", "--to", "rw", check=False).returncode)

    def test_what_cannot_be_moved_stays_and_is_named(self):
        """A damaged object is not moved as a good one: exit code 4, its key and why; the others have moved."""
        for key in ("a", "b", "c"):
            self.put(key, key.encode() * 200_000)
        sidecar = next(
            path for path, sidecar in archive.all_sidecars(self.place)
            if (sidecar["bucket"], sidecar["key"]) == (self.bucket, "b")
        )
        with open(str(sidecar).removesuffix(".attr.json"), "r+b") as data:
            data.seek(150_000)
            data.write(b"X")
        done = self.place.command("transfer", self.bucket, "", "--to", "rw", "--json", check=False)
        self.assertEqual(4, done.returncode, done.stderr)
        told = json.loads(done.stdout)
        self.assertEqual((2, 1, "failed"), tuple(told[name] for name in ("moved", "failed", "state")))
        self.assertEqual(["b"], [failure["key"] for failure in told["failures"]])
        self.assertIn("not what was written", told["failures"][0]["reason"])
        classes = {key: entry["StorageClass"] for key, entry in archive.listing(self.s3, self.bucket).items()}
        self.assertEqual({"a": "STANDARD_IA", "b": "STANDARD", "c": "STANDARD_IA"}, classes)
        self.put("b", b"put again, whole")
        self.assertEqual(1, self.json("transfer", self.bucket, "", "--to", "rw")["moved"])

    def test_a_transfer_survives_a_kill(self):
        """A server killed in the midst of a transfer goes on with it by itself; every object is there all the time."""
        keys = [f"k{number:04}" for number in range(400)]
        for key in keys:
            self.put(key, key.encode() * 30_000 if key.endswith("7") else key.encode())
        command = subprocess.Popen(
            [archive.binary(), "transfer", self.bucket, "", "--to", "rw", "--data", str(self.place.data)],
            env=self.place.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        while not any(entry["StorageClass"] == "STANDARD_IA" for entry in archive.listing(self.s3, self.bucket).values()):
            self.assertIsNone(command.poll(), "the transfer ended before it was seen to move anything")
        self.server.kill()
        self.assertNotEqual(0, command.wait(60), "the command tells that its server went")
        self.restart("kill")
        self.assertEqual(keys, sorted(archive.listing(self.s3, self.bucket)))
        # A second transfer waits for the first one.
        self.json("transfer", self.bucket, "none of them", "--to", "rw")
        first = next(known for known in self.json("transactions") if known["bucket"] == self.bucket)
        self.assertEqual(("done", 0), (first["state"], first["failed"]))
        for key, entry in archive.listing(self.s3, self.bucket).items():
            self.assertEqual("STANDARD_IA", entry["StorageClass"], key)
            self.assertEqual(key.encode(), self.get(key)[:5])
        self.server.stop()
        self.place.command("fsck")
        self.restart("kill")

    def test_without_a_server_the_command_does_it(self):
        """Where no server runs the command itself transfers, and changes modes."""
        self.put("offline", b"offline")
        self.server.stop()
        self.assertEqual(1, self.json("transfer", self.bucket, "", "--to", "rw")["moved"])
        self.restart("kill")
        self.assertEqual("STANDARD_IA", self.s3.head_object(Bucket=self.bucket, Key="offline")["StorageClass"])


if __name__ == "__main__":
    unittest.main()
