"""boto3: its resources, managed transfers and copies, conditions, signed links and forms, buckets as host names."""

import base64
import contextlib
import datetime
import http.client
import io
import socket
import unittest
import unittest.mock
import urllib.parse
import uuid

import boto3
import botocore.auth
from boto3.s3.transfer import TransferConfig
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials

import archive
import checksums
import documents
from archive import MIB

BUCKET, OTHER = "boto3", "boto3-other"
# Everything above a mebibyte goes in parts, as small as S3 allows.
IN_PARTS = TransferConfig(multipart_threshold=MIB, multipart_chunksize=5 * MIB, max_concurrency=4)


class Boto3(archive.ArchiveTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        key, secret = cls.server.credentials()
        session = boto3.session.Session(aws_access_key_id=key, aws_secret_access_key=secret, region_name=archive.REGION)
        cls.resource = session.resource(
            "s3", endpoint_url=cls.server.endpoint,
            config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}, signature_version="s3v4"),
        )
        cls.addClassCleanup(cls.resource.meta.client.close)
        cls.bucket = cls.resource.create_bucket(Bucket=BUCKET)
        cls.other = cls.resource.create_bucket(Bucket=OTHER)
        cls.large = documents.make_file(cls.place.folder / "large.bin", 23 * MIB + 11, seed=21).read_bytes()

    def read(self, key, bucket=BUCKET):
        return self.s3.get_object(Bucket=bucket, Key=key)["Body"].read()

    def test_a_bucket_resource_lists_filters_and_empties(self):
        """`Bucket.objects` gives every object by pages and filters by prefix; its batch delete empties the bucket."""
        bucket = self.resource.create_bucket(Bucket="boto3-emptied")
        names = sorted(f"{folder}/{number}" for folder in ("a", "b") for number in range(7))
        for name in names:
            bucket.put_object(Key=name, Body=name.encode())
        self.assertEqual(names, [found.key for found in bucket.objects.page_size(3)])
        self.assertEqual(names[:7], [found.key for found in bucket.objects.filter(Prefix="a/")])
        self.assertEqual(b"b/6", bucket.Object("b/6").get()["Body"].read())
        bucket.objects.filter(Prefix="a/").delete()
        self.assertEqual(names[7:], [found.key for found in bucket.objects.all()])
        bucket.objects.all().delete()
        self.assertEqual([], list(bucket.objects.all()))
        bucket.delete()
        self.assertNotIn("boto3-emptied", [found.name for found in self.resource.buckets.all()])

    def test_object_versions_are_deleted(self):
        """`Bucket.object_versions` sees every key, as the version `null`, and deletes what it sees."""
        bucket = self.resource.create_bucket(Bucket="boto3-versions")
        for number in range(12):
            bucket.put_object(Key=f"{number:02}", Body=b"x")
        found = [(version.object_key, version.id) for version in bucket.object_versions.page_size(5)]
        self.assertEqual([(f"{number:02}", "null") for number in range(12)], found)
        bucket.object_versions.delete()
        self.assertEqual([], list(bucket.objects.all()))
        bucket.delete()

    def test_file_objects_go_in_parts(self):
        """`upload_fileobj` of a stream goes in parts and `download_fileobj` brings it back, headers included."""
        more = {"ContentType": "text/x-large", "Metadata": {"case": "6-499"}}
        self.bucket.upload_fileobj(Unseekable(self.large), "stream", ExtraArgs=more, Config=IN_PARTS)
        head = self.s3.head_object(Bucket=BUCKET, Key="stream")
        self.assertRegex(head["ETag"], r'^"[0-9a-f]{32}-5"$')
        self.assertEqual(more, {name: head[name] for name in more})
        back = io.BytesIO()
        self.bucket.download_fileobj("stream", back, Config=IN_PARTS)
        self.assertEqual(self.large, back.getvalue())

    def test_an_upload_states_its_checksum(self):
        """A completion may state the checksum of the whole object, or of its parts' checksums: it is compared with the
        object's, told again by HEAD, and a wrong one stores nothing."""
        bodies = [self.large[: 5 * MIB], self.large[5 * MIB : 5 * MIB + 70_000]]
        told = [checksums.all_of(body) for body in bodies]
        whole, wrong = checksums.all_of(b"".join(bodies)), checksums.all_of(b"other")
        kinds = {"FULL_OBJECT": ["CRC32", "CRC32C", "CRC64NVME"], "COMPOSITE": ["CRC32", "SHA1", "SHA256"]}
        for kind, algorithm in [(kind, algorithm) for kind in kinds for algorithm in kinds[kind]]:
            with self.subTest(kind=kind, algorithm=algorithm):
                of_parts = checksums.all_of(b"".join(base64.b64decode(part[algorithm]) for part in told))[algorithm]
                stated = whole[algorithm] if kind == "FULL_OBJECT" else f"{of_parts}-2"
                untrue = wrong[algorithm] if kind == "FULL_OBJECT" else f"{wrong[algorithm]}-2"
                key, field = f"stated/{kind}/{algorithm}", f"Checksum{algorithm}"
                begun = self.s3.create_multipart_upload(
                    Bucket=BUCKET, Key=key, ChecksumAlgorithm=algorithm, ChecksumType=kind
                )
                upload = {"Bucket": BUCKET, "Key": key, "UploadId": begun["UploadId"]}
                parts = []
                for number, (body, values) in enumerate(zip(bodies, told), 1):
                    value = {field: values[algorithm]}
                    sent = self.s3.upload_part(**upload, PartNumber=number, Body=body, **value)
                    parts.append({"PartNumber": number, "ETag": sent["ETag"], **value})
                upload["MultipartUpload"] = {"Parts": parts}
                with self.refused("BadDigest", 400):
                    self.s3.complete_multipart_upload(**upload, **{field: untrue})
                self.stored_nothing(BUCKET, key)
                done = self.s3.complete_multipart_upload(**upload, **{field: stated})
                head = self.s3.head_object(Bucket=BUCKET, Key=key, ChecksumMode="ENABLED")
                self.assertEqual([(stated, kind)] * 2, [(a[field], a["ChecksumType"]) for a in (done, head)])

    def test_a_managed_copy_goes_in_parts(self):
        """`copy` above its threshold copies part by part, in a bucket and to another, and keeps metadata."""
        self.bucket.upload_fileobj(io.BytesIO(self.large), "copied", ExtraArgs={"Metadata": {"a": "1"}}, Config=IN_PARTS)
        source = {"Bucket": BUCKET, "Key": "copied"}
        for bucket in (self.bucket, self.other):
            bucket.copy(source, "copy", Config=IN_PARTS)
            head = self.s3.head_object(Bucket=bucket.name, Key="copy")
            self.assertRegex(head["ETag"], r'^"[0-9a-f]{32}-5"$')
            self.assertEqual(self.large, self.read("copy", bucket.name))
        self.other.copy(source, "copy-in-one")
        self.assertEqual({"a": "1"}, self.s3.head_object(Bucket=OTHER, Key="copy-in-one")["Metadata"])
        self.assertEqual(self.large, self.read("copy-in-one", OTHER))

    def test_metadata_is_replaced_by_a_copy_onto_itself(self):
        """A copy onto itself changes metadata and type and nothing else, and is refused where it changes nothing."""
        self.s3.put_object(Bucket=BUCKET, Key="itself", Body=b"stays", Metadata={"old": "1"}, ContentType="text/x-old")
        before = self.s3.head_object(Bucket=BUCKET, Key="itself")
        with self.refused("InvalidRequest", 400):
            self.s3.copy_object(Bucket=BUCKET, Key="itself", CopySource={"Bucket": BUCKET, "Key": "itself"})
        self.resource.Object(BUCKET, "itself").copy_from(
            CopySource={"Bucket": BUCKET, "Key": "itself"}, MetadataDirective="REPLACE", Metadata={"new": "2"},
            ContentType="text/x-new",
        )
        after = self.resource.Object(BUCKET, "itself")
        self.assertEqual(({"new": "2"}, "text/x-new", before["ETag"]), (after.metadata, after.content_type, after.e_tag))
        self.assertEqual(b"stays", self.read("itself"))

    def test_a_conditional_put(self):
        """`IfNoneMatch='*'` writes only where nothing is, `IfMatch` only over what was read; a refusal changes nothing."""
        name = {"Bucket": BUCKET, "Key": "conditional"}
        with self.refused("NoSuchKey", 404):
            self.s3.put_object(**name, Body=b"0", IfMatch='"9d7183f16acce70658f686ae7f1a4d20"')
        first = self.s3.put_object(**name, Body=b"1", IfNoneMatch="*")
        with self.refused("PreconditionFailed", 412):
            self.s3.put_object(**name, Body=b"2", IfNoneMatch="*")
        self.assertEqual(b"1", self.read("conditional"))
        second = self.s3.put_object(**name, Body=b"3", IfMatch=first["ETag"])
        with self.refused("PreconditionFailed", 412):
            self.s3.put_object(**name, Body=b"4", IfMatch=first["ETag"])
        self.assertEqual(b"3", self.read("conditional"))
        self.assertEqual(second["ETag"], self.s3.head_object(**name)["ETag"])

    def send(self, method, link, body=None, headers=None):
        """One plain request: nothing but the link and these headers."""
        parts = urllib.parse.urlsplit(link)
        with contextlib.closing(self.server.connection()) as connection:
            connection.request(method, f"{parts.path}?{parts.query}", body=body, headers=headers or {})
            return archive.Answer(connection.getresponse())

    def link(self, call, seconds=600, **arguments):
        client = self.resource.meta.client
        return client.generate_presigned_url(call, {"Bucket": BUCKET, **arguments}, ExpiresIn=seconds)

    def test_presigned_get_and_put(self):
        """A link puts and a link gets, each its own key and method alone, and only with the headers that were signed."""
        put = self.link("put_object", Key="linked", ContentType="text/x-linked", Metadata={"case": "6-499"})
        refused = self.send("PUT", put, b"linked", {"Content-Type": "text/other", "x-amz-meta-case": "6-499"})
        self.assertEqual((403, "SignatureDoesNotMatch"), (refused.status, refused.code))
        self.stored_nothing(BUCKET, "linked")
        signed = {"Content-Type": "text/x-linked", "x-amz-meta-case": "6-499"}
        self.assertEqual(200, self.send("PUT", put, b"linked", signed).status)
        get = self.link("get_object", Key="linked")
        answer = self.send("GET", get)
        self.assertEqual((200, b"linked", "6-499"), (answer.status, answer.body, answer.headers.get("x-amz-meta-case")))
        self.assertEqual("text/x-linked", answer.headers["content-type"])
        self.assertEqual(403, self.send("PUT", get, b"other").status)
        self.assertEqual(b"linked", self.read("linked"))

    def test_an_expired_link_is_refused(self):
        """A link whose time is over is refused, and so is one signed for a time to come."""
        self.s3.put_object(Bucket=BUCKET, Key="timed", Body=b"x")
        now = datetime.datetime.now(datetime.timezone.utc)
        for hours, status, code in [(0, 200, None), (-2, 403, "AccessDenied"), (2, 403, "RequestTimeTooSkewed")]:
            with self.subTest(hours=hours):
                answer = self.send("GET", self.link_signed_at(now + datetime.timedelta(hours=hours), "timed"))
                self.assertEqual((status, code), (answer.status, answer.code))

    def link_signed_at(self, moment, key):
        """A link of ten minutes, signed as if by a clock that shows `moment`."""
        request = AWSRequest(method="GET", url=self.server.endpoint + archive.path_of(BUCKET, key))
        signer = botocore.auth.S3SigV4QueryAuth(Credentials(*self.server.credentials()), "s3", archive.REGION, 600)
        with unittest.mock.patch("botocore.auth.get_current_datetime", lambda *_, **__: moment.replace(tzinfo=None)):
            signer.add_auth(request)
        self.assertIn(f"X-Amz-Date={moment:%Y%m%dT%H}", request.url)
        return request.url

    def test_response_headers_are_overridden(self):
        """A signed GET chooses the headers of its answer, and the object's own stay as they are."""
        self.s3.put_object(Bucket=BUCKET, Key="overridden", Body=b"x", ContentType="text/x-own", CacheControl="max-age=1")
        chosen = {
            "ResponseContentType": "text/x-chosen", "ResponseContentLanguage": "ru", "ResponseCacheControl": "no-store",
            "ResponseContentDisposition": 'attachment; filename="a b.txt"', "ResponseContentEncoding": "identity",
        }
        answer = self.send("GET", self.link("get_object", Key="overridden", **chosen))
        told = [answer.headers.get(name) for name in (
            "content-type", "content-language", "cache-control", "content-disposition", "content-encoding")]
        self.assertEqual((200, list(chosen.values())), (answer.status, told))
        head = self.s3.head_object(Bucket=BUCKET, Key="overridden")
        self.assertEqual(("text/x-own", "max-age=1"), (head["ContentType"], head["CacheControl"]))

    def post(self, form, body, **changed):
        """A browser's upload of a form: every field, then the file."""
        boundary = uuid.uuid4().hex
        lines = []
        for name, value in {**form["fields"], **changed}.items():
            lines += [f"--{boundary}", f'Content-Disposition: form-data; name="{name}"', "", value]
        lines += [f"--{boundary}", 'Content-Disposition: form-data; name="file"; filename="письмо.txt"',
                  "Content-Type: text/plain", "", ""]
        sent = "\r\n".join(lines).encode() + body + f"\r\n--{boundary}--\r\n".encode()
        path = urllib.parse.urlsplit(form["url"]).path
        with contextlib.closing(self.server.connection()) as connection:
            kind = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
            connection.request("POST", path, body=sent, headers=kind)
            return archive.Answer(connection.getresponse())

    def test_a_form_is_posted(self):
        """A form of `generate_presigned_post` stores its file as its policy says; what breaks the policy, or another's
        signature, stores nothing."""
        body = bytes(range(256)) * 300
        conditions = [["content-length-range", 1, 100_000], ["starts-with", "$x-amz-meta-case", "6-"]]
        fields = {"success_action_status": "201", "Content-Type": "text/x-form"}
        form = self.resource.meta.client.generate_presigned_post(
            BUCKET, "posted/${filename}", Fields=fields,
            Conditions=[*conditions, {"success_action_status": "201"}, {"Content-Type": "text/x-form"}],
        )
        answer = self.post(form, body, **{"x-amz-meta-case": "6-499"})
        self.assertEqual(201, answer.status, answer.body)
        self.assertIn("<Key>posted/письмо.txt</Key>".encode(), answer.body)
        self.assertEqual(body, self.read("posted/письмо.txt"))
        head = self.s3.head_object(Bucket=BUCKET, Key="posted/письмо.txt")
        self.assertEqual(("text/x-form", {"case": "6-499"}), (head["ContentType"], head["Metadata"]))
        forged = form["fields"]["x-amz-signature"].translate(str.maketrans("0123456789abcdef", "123456789abcdef0"))
        for code, status, length, changed in [
            ("AccessDenied", 403, 10, {"x-amz-meta-case": "7-1"}),
            ("EntityTooLarge", 400, 100_001, {"x-amz-meta-case": "6-1"}),
            ("SignatureDoesNotMatch", 403, 10, {"x-amz-meta-case": "6-1", "x-amz-signature": forged}),
            ("AccessDenied", 403, 10, {"x-amz-meta-case": "6-1", "key": "elsewhere/x"}),
        ]:
            with self.subTest(code=code, changed=sorted(changed)):
                refused = self.post(form, b"x" * length, **changed)
                self.assertEqual((code, status), (refused.code, refused.status), refused.body)
        found = {key for key in archive.listing(self.s3, BUCKET) if key.startswith(("posted/", "elsewhere/"))}
        self.assertEqual({"posted/письмо.txt"}, found)

    def test_an_expired_form_is_refused(self):
        """A form whose policy has expired stores nothing."""
        form = self.resource.meta.client.generate_presigned_post(BUCKET, "late", ExpiresIn=-60)
        refused = self.post(form, b"x")
        self.assertEqual(("AccessDenied", 403), (refused.code, refused.status))
        self.stored_nothing(BUCKET, "late")

    def test_a_bucket_is_a_host_name(self):
        """With `addressing_style` virtual the bucket is in the host's name, and everything works as with paths."""
        endpoint = self.server.endpoint.replace("127.0.0.1", "localhost")
        config = Config(s3={"addressing_style": "virtual"}, signature_version="s3v4", retries={"total_max_attempts": 1})
        key, secret = self.server.credentials()
        with unittest.mock.patch("socket.getaddrinfo", loopback_for_subdomains(socket.getaddrinfo)):
            client = boto3.client("s3", endpoint_url=endpoint, region_name=archive.REGION, aws_access_key_id=key,
                                  aws_secret_access_key=secret, config=config)
            with contextlib.closing(client):
                links = []
                client.meta.events.register("before-send.s3", lambda request, **_: links.append(request.url))
                client.create_bucket(Bucket="boto3-virtual")
                name = {"Bucket": "boto3-virtual", "Key": "папка/a b+c.txt"}
                client.put_object(**name, Body=b"by host name")
                self.assertEqual(b"by host name", client.get_object(**name)["Body"].read())
                client.upload_fileobj(io.BytesIO(self.large), "boto3-virtual", "large", Config=IN_PARTS)
                self.assertEqual({name["Key"], "large"}, set(archive.listing(client, "boto3-virtual")))
                link = client.generate_presigned_url("get_object", name, ExpiresIn=600)
                client.delete_object(Bucket="boto3-virtual", Key="large")
        self.assertEqual({"boto3-virtual.localhost"}, {urllib.parse.urlsplit(sent).hostname for sent in links})
        self.assertEqual(b"by host name", self.read(name["Key"], "boto3-virtual"))
        host = urllib.parse.urlsplit(link).netloc
        self.assertTrue(host.startswith("boto3-virtual.localhost:"), host)
        answer = self.send("GET", link, headers={"Host": host})
        self.assertEqual((200, b"by host name"), (answer.status, answer.body))

    def test_a_body_waits_for_the_answer_to_its_headers(self):
        """With `Expect: 100-continue` a refused upload is refused before its body is sent, and an accepted one is
        asked for its body first."""
        body = b"y" * 100_000
        for bucket, expected in [(BUCKET, b"HTTP/1.1 100"), ("boto3-not-there", b"HTTP/1.1 404")]:
            with self.subTest(bucket):
                path = archive.path_of(bucket, "expected")
                headers = self.server.signed_headers("PUT", path, body, {"Expect": "100-continue"})
                headers |= {"Host": f"127.0.0.1:{self.server.ports[0]}", "Content-Length": str(len(body))}
                head = f"PUT {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers.items())
                with socket.create_connection(("127.0.0.1", self.server.ports[0]), 30) as connection:
                    connection.sendall(head.encode() + b"\r\n")
                    first = connection.recv(4096)
                    self.assertEqual(expected, first[: len(expected)])
                    if bucket == BUCKET:
                        connection.sendall(body)
                        answer = http.client.HTTPResponse(connection)
                        answer.begin()
                        self.assertEqual(200, answer.status)
        self.assertEqual(body, self.read("expected"))


class Unseekable(io.RawIOBase):
    """A stream that can only be read once, forwards."""

    def __init__(self, body):
        self.rest = memoryview(body)

    def readable(self):
        return True

    def readinto(self, buffer):
        count = min(len(buffer), len(self.rest))
        buffer[:count], self.rest = self.rest[:count], self.rest[count:]
        return count


def loopback_for_subdomains(resolve):
    """A resolver for which the subdomains of localhost are the loopback, as RFC 6761 has them; Debian's is not."""
    def answer(host, *arguments, **more):
        return resolve("127.0.0.1" if str(host).endswith(".localhost") else host, *arguments, **more)

    return answer


if __name__ == "__main__":
    unittest.main()
