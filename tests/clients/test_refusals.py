"""What is wrong is refused with S3's own code, stores nothing and harms nobody."""

import base64
import hashlib
import json
import socket
import unittest

import archive

BUCKET = "strict"


class Refusals(archive.ArchiveTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.s3.create_bucket(Bucket=BUCKET)

    def tearDown(self):
        """After every refusal the server answers as before."""
        self.s3.put_object(Bucket=BUCKET, Key="alive", Body=b"yes")
        self.assertEqual(b"yes", self.s3.get_object(Bucket=BUCKET, Key="alive")["Body"].read())

    def assert_refused(self, answer, status, *codes):
        self.assertEqual(status, answer.status, answer.body)
        self.assertIn(answer.code, codes, answer.body)

    def test_a_wrong_signature(self):
        """A request signed with another secret is SignatureDoesNotMatch; an unknown key is InvalidAccessKeyId."""
        key, secret = self.server.credentials()
        answer = self.server.request("PUT", f"/{BUCKET}/forged", b"x", credentials=(key, secret[::-1]))
        self.assert_refused(answer, 403, "SignatureDoesNotMatch")
        answer = self.server.request("PUT", f"/{BUCKET}/forged", b"x", credentials=("AKIANOBODY", secret))
        self.assert_refused(answer, 403, "InvalidAccessKeyId")
        self.stored_nothing(BUCKET, "forged")

    def test_a_body_changed_after_signing(self):
        """A body that is not the signed one is XAmzContentSHA256Mismatch and is not stored."""
        answer = self.server.request("PUT", f"/{BUCKET}/changed", b"signed", sent_body=b"forged")
        self.assert_refused(answer, 400, "XAmzContentSHA256Mismatch")
        self.stored_nothing(BUCKET, "changed")

    def test_an_added_header_that_was_not_signed(self):
        """An x-amz-* header added after signing is refused: it cannot turn a PUT into a copy."""
        self.s3.put_object(Bucket=BUCKET, Key="private", Body=b"secret")
        added = {"x-amz-copy-source": f"/{BUCKET}/private"}
        answer = self.server.request("PUT", f"/{BUCKET}/smuggled", b"", added=added)
        self.assert_refused(answer, 403, "AccessDenied", "SignatureDoesNotMatch")
        self.stored_nothing(BUCKET, "smuggled")

    def test_a_wrong_digest(self):
        """A Content-MD5 or checksum that is not the body's is BadDigest; a malformed one is InvalidDigest."""
        wrong = base64.b64encode(hashlib.md5(b"other").digest()).decode()
        answer = self.server.request("PUT", f"/{BUCKET}/digest", b"body", {"Content-MD5": wrong})
        self.assert_refused(answer, 400, "BadDigest")
        answer = self.server.request("PUT", f"/{BUCKET}/digest", b"body", {"Content-MD5": "not base64"})
        self.assert_refused(answer, 400, "InvalidDigest")
        wrong = base64.b64encode(hashlib.sha256(b"other").digest()).decode()
        answer = self.server.request("PUT", f"/{BUCKET}/digest", b"body", {"x-amz-checksum-sha256": wrong})
        self.assert_refused(answer, 400, "BadDigest", "XAmzContentChecksumMismatch")
        self.stored_nothing(BUCKET, "digest")

    def test_bad_xml(self):
        """A body that is not the XML asked for is MalformedXML and deletes nothing."""
        self.s3.put_object(Bucket=BUCKET, Key="stays", Body=b"x")
        body = b"<Delete><Object><Key>stays</Key></Object>"
        md5 = base64.b64encode(hashlib.md5(body).digest()).decode()
        answer = self.server.request("POST", f"/{BUCKET}?delete=", body, {"Content-MD5": md5})
        self.assert_refused(answer, 400, "MalformedXML")
        self.assertEqual(b"x", self.s3.get_object(Bucket=BUCKET, Key="stays")["Body"].read())

    def test_traversal_in_keys(self):
        """`../` in a key is two dots and a slash: the key is kept as it is, inside the element."""
        outside = {path for path in self.place.folder.rglob("*") if self.place.data not in path.parents}
        keys = ["../../../escaped", "a/../../b", "./dot", "..", "a//b", "/absolute", "%2e%2e/encoded", "C:\\windows"]
        for key in keys:
            path = archive.path_of(BUCKET, key)
            answer = self.server.request("PUT", path, key.encode())
            self.assertEqual(200, answer.status, f"{key}: {answer.body}")
            self.assertEqual(key.encode(), self.server.request("GET", path).body, key)
        self.assertLessEqual(set(keys), set(archive.listing(self.s3, BUCKET)))
        now = {path for path in self.place.folder.rglob("*") if self.place.data not in path.parents}
        self.assertEqual(outside, now)
        for path, sidecar in archive.all_sidecars(self.place):
            self.assertRegex(str(path.parent.relative_to(self.place.element())), archive.HOUR_FOLDER, sidecar["key"])

    def test_an_absent_bucket(self):
        """Every operation on a bucket that does not exist is NoSuchBucket."""
        for call, arguments in [
            (self.s3.get_object, {"Key": "k"}), (self.s3.put_object, {"Key": "k", "Body": b""}),
            (self.s3.list_objects_v2, {}), (self.s3.delete_object, {"Key": "k"}), (self.s3.delete_bucket, {}),
            (self.s3.create_multipart_upload, {"Key": "k"}),
        ]:
            with self.subTest(call.__name__), self.refused("NoSuchBucket", 404):
                call(Bucket="nowhere", **arguments)

    def test_a_key_of_1025_bytes(self):
        """A key of 1,024 bytes is kept; one more is KeyTooLongError. Bytes count, not characters."""
        longest = "д" * 512
        self.s3.put_object(Bucket=BUCKET, Key=longest, Body=b"fits")
        self.assertEqual(b"fits", self.s3.get_object(Bucket=BUCKET, Key=longest)["Body"].read())
        for key in [longest + "x", "y" * 1025]:
            with self.refused("KeyTooLongError", 400):
                self.s3.put_object(Bucket=BUCKET, Key=key, Body=b"too long")
            self.stored_nothing(BUCKET, key)

    def test_metadata_above_2_kb(self):
        """2 KB of user metadata are kept exactly, beyond what the sidecar holds too; more is MetadataTooLarge."""
        kept = {f"name-{number}": "v" * 100 for number in range(18)}
        self.s3.put_object(Bucket=BUCKET, Key="described", Body=b"x", Metadata=kept)
        self.assertEqual(kept, self.s3.head_object(Bucket=BUCKET, Key="described")["Metadata"])
        with self.refused("MetadataTooLarge", 400):
            self.s3.put_object(Bucket=BUCKET, Key="overdescribed", Body=b"x", Metadata={"name": "v" * 2100})
        self.stored_nothing(BUCKET, "overdescribed")

    def test_an_unknown_storage_class(self):
        """A storage class that no element serves is InvalidStorageClass."""
        answer = self.server.request("PUT", f"/{BUCKET}/cold", b"x", {"x-amz-storage-class": "ANTARCTIC"})
        self.assert_refused(answer, 400, "InvalidStorageClass")
        self.stored_nothing(BUCKET, "cold")

    def test_an_unfinished_body(self):
        """A client that hangs up in the middle of a body leaves nothing behind."""
        body = b"z" * 200_000
        connection = self.server.connection()
        connection.putrequest("PUT", f"/{BUCKET}/cut")
        for name, value in self.server.signed_headers("PUT", f"/{BUCKET}/cut", body).items():
            connection.putheader(name, value)
        connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body[:100_000])
        connection.sock.shutdown(socket.SHUT_RDWR)
        connection.close()
        self.stored_nothing(BUCKET, "cut")

    def test_another_account_reaches_its_own_buckets_only(self):
        """A USER account is refused a stranger's bucket, by every operation, and keeps its own."""
        made = json.loads(self.place.command("account", "create", "clerk", "--role", "USER", "--json").stdout)
        clerk = self.server.client((made["client_id"], made["client_secret"]))
        self.s3.put_object(Bucket=BUCKET, Key="closed", Body=b"x")
        for call, arguments in [
            (clerk.get_object, {"Key": "closed"}), (clerk.put_object, {"Key": "closed", "Body": b"y"}),
            (clerk.delete_object, {"Key": "closed"}), (clerk.list_objects_v2, {}), (clerk.delete_bucket, {}),
        ]:
            with self.subTest(call.__name__), self.refused("AccessDenied", 403):
                call(Bucket=BUCKET, **arguments)
        self.assertEqual(b"x", self.s3.get_object(Bucket=BUCKET, Key="closed")["Body"].read())
        clerk.create_bucket(Bucket="clerks-own")
        clerk.put_object(Bucket="clerks-own", Key="mine", Body=b"z")
        self.assertEqual(["clerks-own"], [bucket["Name"] for bucket in clerk.list_buckets()["Buckets"]])
        self.assertEqual(b"z", clerk.get_object(Bucket="clerks-own", Key="mine")["Body"].read())


if __name__ == "__main__":
    unittest.main()
