"""What lies on a rw element is final: STANDARD_IA objects are refused change and removal."""

import json
import unittest

import archive

BUCKET = "records"


class Finality(archive.ArchiveTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.s3.create_bucket(Bucket=BUCKET)

    def keep(self, key, body=b"final", **more):
        return self.s3.put_object(Bucket=BUCKET, Key=key, Body=body, StorageClass="STANDARD_IA", **more)

    def assert_mode_refuses(self, call, **arguments):
        with self.refused("AccessDenied", 403) as refused:
            call(Bucket=BUCKET, **arguments)
        self.assertEqual("rw", refused["ResponseMetadata"]["HTTPHeaders"].get("x-artstore-mode"))
        self.assertIn("rw", refused["Error"]["Message"])

    def test_the_class_chooses_the_element(self):
        """STANDARD_IA lands on the rw element and says so; no class lands on the edit element, with no header."""
        self.keep("archived")
        self.s3.put_object(Bucket=BUCKET, Key="working", Body=b"draft")
        held = {sidecar["key"]: path for path, sidecar in archive.all_sidecars(self.place)}
        self.assertIn(self.place.element("rw-01"), held["archived"].parents)
        self.assertIn(self.place.element("edit-01"), held["working"].parents)
        self.assertEqual("STANDARD_IA", self.s3.head_object(Bucket=BUCKET, Key="archived")["StorageClass"])
        self.assertNotIn("StorageClass", self.s3.head_object(Bucket=BUCKET, Key="working"))
        classes = {key: entry["StorageClass"] for key, entry in archive.listing(self.s3, BUCKET).items()}
        self.assertEqual(("STANDARD_IA", "STANDARD"), (classes["archived"], classes["working"]))

    def test_a_final_object_is_neither_overwritten_nor_deleted(self):
        """PUT and DELETE on a final key are 403 with x-artstore-mode, through a restart too; the bytes stay."""
        self.keep("kept")
        for _ in range(2):
            self.assert_mode_refuses(self.s3.put_object, Key="kept", Body=b"other")
            self.assert_mode_refuses(self.s3.put_object, Key="kept", Body=b"other", StorageClass="STANDARD_IA")
            self.assert_mode_refuses(self.s3.delete_object, Key="kept")
            self.assertEqual(b"final", self.s3.get_object(Bucket=BUCKET, Key="kept")["Body"].read())
            self.restart()

    def test_an_identical_repeat_succeeds(self):
        """A client whose answer was lost repeats its PUT and gets the first answer; nothing changes."""
        first = self.keep("repeated", Metadata={"case": "42"})
        files = sorted(self.place.element("rw-01").rglob("*.attr.json"))
        again = self.keep("repeated", Metadata={"case": "42"})
        self.assertEqual(first["ETag"], again["ETag"])
        self.assertEqual(files, sorted(self.place.element("rw-01").rglob("*.attr.json")))
        self.assert_mode_refuses(
            self.s3.put_object, Key="repeated", Body=b"final", StorageClass="STANDARD_IA", Metadata={"case": "43"}
        )

    def test_a_batch_delete_refuses_key_by_key(self):
        """DeleteObjects answers 200 with AccessDenied for the final key and deletes the other."""
        self.keep("batch-final")
        self.s3.put_object(Bucket=BUCKET, Key="batch-draft", Body=b"x")
        keys = [{"Key": "batch-final"}, {"Key": "batch-draft"}]
        answer = self.s3.delete_objects(Bucket=BUCKET, Delete={"Objects": keys})
        self.assertEqual(["batch-draft"], [entry["Key"] for entry in answer["Deleted"]])
        self.assertEqual([("batch-final", "AccessDenied")], [(e["Key"], e["Code"]) for e in answer["Errors"]])
        self.assertEqual(b"final", self.s3.get_object(Bucket=BUCKET, Key="batch-final")["Body"].read())

    def test_parts_onto_a_final_key(self):
        """A multipart upload onto a key that became final is refused at its completion; the bytes stay."""
        upload = self.s3.create_multipart_upload(Bucket=BUCKET, Key="raced")["UploadId"]
        name = {"Bucket": BUCKET, "Key": "raced", "UploadId": upload}
        etag = self.s3.upload_part(**name, PartNumber=1, Body=b"late")["ETag"]
        self.keep("raced")
        parts = {"Parts": [{"PartNumber": 1, "ETag": etag}]}
        self.assert_mode_refuses(self.s3.complete_multipart_upload, Key="raced", UploadId=upload, MultipartUpload=parts)
        self.assertEqual(b"final", self.s3.get_object(Bucket=BUCKET, Key="raced")["Body"].read())

    def test_if_none_match_is_decided_first(self):
        """PUT with If-None-Match: * on an existing key is 412 in every mode."""
        self.keep("conditional")
        self.s3.put_object(Bucket=BUCKET, Key="conditional-draft", Body=b"x")
        for key in ["conditional", "conditional-draft"]:
            with self.refused("PreconditionFailed", 412):
                self.s3.put_object(Bucket=BUCKET, Key=key, Body=b"y", IfNoneMatch="*")

    def test_an_element_made_later_takes_objects(self):
        """An element made by command on another root is listed and serves at once, with its root registered."""
        root = self.place.folder / "second-root"
        self.place.command("element", "create", "rw-02", "--mode", "rw", "--root", root)
        listed = json.loads(self.place.command("element", "list", "--json").stdout)
        names = [element["name"] for element in (listed["elements"] if isinstance(listed, dict) else listed)]
        self.assertEqual(["edit-01", "rw-01", "rw-02"], sorted(names))
        self.assertTrue((root / "element.json").exists())
        self.restart()
        self.keep("after-second-root")


if __name__ == "__main__":
    unittest.main()
