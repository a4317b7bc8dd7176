"""Reading: ranges, conditions, headers, listings, presigned links."""

import contextlib
import unittest
import urllib.error
import urllib.request

import archive

BUCKET = "reading"
BODY = bytes(range(256)) * 1024


class Reading(archive.ArchiveTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.s3.create_bucket(Bucket=BUCKET)
        cls.s3.create_bucket(Bucket="listed")
        cls.s3.put_object(Bucket=BUCKET, Key="bytes", Body=BODY)
        cls.keys = sorted(
            [f"photos/{year}/{number:02}.jpg" for year in (2024, 2025) for number in range(15)]
            + ["photos", "photos/", "readme.txt", "zeta", "альфа/бета", "with space/a b+c.txt", "a&b<c>.txt"],
            key=str.encode,
        )
        for key in cls.keys:
            cls.s3.put_object(Bucket="listed", Key=key, Body=key.encode())

    def test_ranges(self):
        """Every form of a range gives exactly its bytes with 206; one outside is 416 InvalidRange."""
        size = len(BODY)
        for asked, first, end in [
            ("bytes=0-0", 0, 1), ("bytes=100-65700", 100, 65701), ("bytes=262000-", 262000, size),
            ("bytes=-10", size - 10, size), (f"bytes=5-{size * 2}", 5, size), (f"bytes=-{size * 2}", 0, size),
        ]:
            with self.subTest(asked):
                answer = self.s3.get_object(Bucket=BUCKET, Key="bytes", Range=asked)
                self.assertEqual(206, answer["ResponseMetadata"]["HTTPStatusCode"])
                self.assertEqual(f"bytes {first}-{end - 1}/{size}", answer["ContentRange"])
                self.assertEqual(BODY[first:end], answer["Body"].read())
        with self.refused("InvalidRange", 416):
            self.s3.get_object(Bucket=BUCKET, Key="bytes", Range=f"bytes={size}-")

    def test_conditions(self):
        """If-Match, If-None-Match and If-Modified-Since answer 200, 304 and 412 as RFC 9110 says."""
        head = self.s3.head_object(Bucket=BUCKET, Key="bytes")
        name = {"Bucket": BUCKET, "Key": "bytes"}
        self.assertEqual(BODY, self.s3.get_object(**name, IfMatch=head["ETag"])["Body"].read())
        with self.refused("PreconditionFailed", 412):
            self.s3.get_object(**name, IfMatch='"0123456789abcdef0123456789abcdef"')
        for condition in [{"IfNoneMatch": head["ETag"]}, {"IfModifiedSince": head["LastModified"]}]:
            with self.refused("304", 304):
                self.s3.get_object(**name, **condition)

    def test_headers_come_back_as_they_were_sent(self):
        """Content headers and user metadata are given back exactly, through a restart."""
        sent = {
            "ContentType": "text/plain; charset=utf-8", "ContentLanguage": "ru, en", "CacheControl": "max-age=60",
            "ContentDisposition": "attachment; filename*=UTF-8''%D0%B0.txt", "ContentEncoding": "gzip",
            "Metadata": {"author": "Ivanov", "case-number": "6-499/2025"},
        }
        self.s3.put_object(Bucket=BUCKET, Key="described", Body=b"x", **sent)
        for _ in range(2):
            head = self.s3.head_object(Bucket=BUCKET, Key="described")
            self.assertEqual(sent, {name: head.get(name) for name in sent})
            self.restart()

    def test_pages_add_up_to_the_whole(self):
        """Pages of any size, by both versions of the call, give every key once and in bytewise order."""
        for size in [1, 7, 1000]:
            for call in ["list_objects", "list_objects_v2"]:
                pages = self.s3.get_paginator(call).paginate(Bucket="listed", PaginationConfig={"PageSize": size})
                found = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
                self.assertEqual(self.keys, found, (size, call))

    def test_a_delimiter_rolls_up(self):
        """With a delimiter, keys below a folder show once as its prefix, on whatever page they fall."""
        for size in [1, 2, 1000]:
            pages = list(
                self.s3.get_paginator("list_objects_v2").paginate(
                    Bucket="listed", Delimiter="/", PaginationConfig={"PageSize": size}
                )
            )
            prefixes = [entry["Prefix"] for page in pages for entry in page.get("CommonPrefixes", [])]
            keys = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
            self.assertEqual(["photos/", "with space/", "альфа/"], prefixes)
            self.assertEqual([key for key in self.keys if "/" not in key], keys)
        below = self.s3.list_objects_v2(Bucket="listed", Prefix="photos/", Delimiter="/", StartAfter="photos/2024/")
        self.assertEqual(["photos/2025/"], [entry["Prefix"] for entry in below["CommonPrefixes"]])

    def link(self, seconds, **config):
        with contextlib.closing(self.server.client(**config)) as signer:
            return signer.generate_presigned_url("get_object", {"Bucket": BUCKET, "Key": "bytes"}, ExpiresIn=seconds)

    def assert_link_is_refused(self, url, *statuses, method="GET"):
        with self.assertRaises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(urllib.request.Request(url, method=method))
        refused.exception.close()
        self.assertIn(refused.exception.code, statuses)

    def test_a_presigned_link_reads_and_nothing_more(self):
        """A presigned GET works without credentials; another method, or a changed term, is refused."""
        link = self.link(60, signature_version="s3v4")
        with urllib.request.urlopen(link) as answer:
            self.assertEqual(BODY, answer.read())
        self.assert_link_is_refused(link, 403, method="DELETE")
        self.assert_link_is_refused(link.replace("Expires=60", "Expires=600"), 403)

    def test_a_link_of_more_than_seven_days_is_refused(self):
        """AWS caps X-Amz-Expires at seven days; so do we."""
        self.assert_link_is_refused(self.link(604_801, signature_version="s3v4"), 400, 403)

    def test_a_link_of_signature_version_2_is_refused(self):
        """What boto3 presigns where nobody asks for s3v4 is Signature Version 2: refused, whatever it signs."""
        link = self.link(60)
        self.assertIn("AWSAccessKeyId=", link)
        self.assert_link_is_refused(link, 400)

    def test_what_is_not_there_yet_says_so(self):
        """An operation that is not built answers 501 NotImplemented, never a success that did nothing."""
        for call, arguments in [
            (self.s3.put_bucket_tagging, {"Tagging": {"TagSet": []}}),
            (self.s3.put_object_legal_hold, {"Key": "bytes", "LegalHold": {"Status": "ON"}}),
            (self.s3.put_bucket_policy, {"Policy": "{}"}),
        ]:
            with self.subTest(call.__name__), self.refused("NotImplemented", 501):
                call(Bucket=BUCKET, **arguments)


if __name__ == "__main__":
    unittest.main()
