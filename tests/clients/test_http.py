"""HTTP as the S3 door speaks it: interim answers, kept connections, bounded heads, HTTP/2, what every answer has."""

import email.utils
import hashlib
import json
import subprocess
import time
import unittest

import archive
import wire

BUCKET, KEY = "http", "kept"
BODY = b"kept as it is\n" * 1000
ETAG = f'"{hashlib.md5(BODY).hexdigest()}"'
# The bounds of the listener.
HEADERS_MAX = 128
HEAD_BYTES_MAX = 128 * 1024
BODY_BYTES_MAX = 5 << 30
# Above what the kernel's buffers of both ends take from a client that is not read.
UNREAD_BYTES_MAX = 32 * archive.MIB
CLOCK_SKEW_SECONDS_MAX = 60


class Http(archive.ArchiveTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.s3.create_bucket(Bucket=BUCKET)
        cls.s3.put_object(Bucket=BUCKET, Key=KEY, Body=BODY)
        cls.path = archive.path_of(BUCKET, KEY)

    def signed(self, method="GET", path=None, headers=None, **more):
        return wire.signed(self.server, method, path or self.path, headers=headers, **more)

    def test_a_body_is_asked_for_when_its_head_was_accepted(self):
        """`Expect: 100-continue` is answered 100 where the body is wanted; what the head alone decides is refused at
        once, without a 100."""
        path, length = archive.path_of(BUCKET, "expected"), {"Content-Length": len(BODY), "Expect": "100-continue"}
        key, secret = self.server.credentials()
        for status, code, target, more, credentials in [
            (403, "SignatureDoesNotMatch", path, {}, (key, secret[::-1])),
            (404, "NoSuchBucket", "/http-absent/expected", {}, (key, secret)),
            (400, "InvalidStorageClass", path, {"x-amz-storage-class": "ANTARCTIC"}, (key, secret)),
            (400, "EntityTooLarge", path, {"Content-Length": str(BODY_BYTES_MAX + 1)}, (key, secret)),
        ]:
            with self.subTest(code), wire.Connection(self.server) as connection:
                connection.send_head("PUT", target, length | self.signed("PUT", target, more, credentials=credentials))
                answer = connection.answer("PUT")
                self.assertEqual((status, code), (answer.status, answer.code))
                self.assertTrue(connection.is_closed_by_server(), "the next bytes would be taken for a body")
        self.stored_nothing(BUCKET, "expected")
        with wire.Connection(self.server) as connection:
            connection.send_head("PUT", path, self.signed("PUT", path) | length)
            self.assertEqual((100, {}), connection.head_of_answer())
            connection.send([BODY])
            answer = connection.answer("PUT")
            self.assertEqual((200, ETAG), (answer.status, answer.headers["etag"]))
        self.assertEqual(BODY, self.s3.get_object(Bucket=BUCKET, Key="expected")["Body"].read())

    def test_a_connection_serves_many_requests(self):
        """One connection serves requests of every kind in turn, refusals among them, until the client closes it."""
        path, absent = archive.path_of(BUCKET, "turn"), archive.path_of(BUCKET, "absent")
        turns = [
            ("PUT", path, {}, BODY, 200, b""), ("GET", path, {}, b"", 200, BODY), ("HEAD", path, {}, b"", 200, b""),
            ("HEAD", absent, {}, b"", 404, b""), ("GET", path, {"If-None-Match": ETAG}, b"", 304, b""),
            ("GET", path, {"Range": "bytes=5-9"}, b"", 206, BODY[5:10]), ("GET", absent, {}, b"", 404, None),
            ("GET", path, {"If-Match": '"0"'}, b"", 412, None), ("DELETE", path, {}, b"", 204, b""),
            ("GET", path, {}, b"", 404, None),
        ]
        with wire.Connection(self.server) as connection:
            for method, target, more, sent, status, expected in turns * 3:
                connection.send_head(method, target, self.signed(method, target, more) | {"Content-Length": len(sent)})
                connection.send([sent])
                answer = connection.answer(method)
                self.assertEqual(status, answer.status, (method, target, answer.body))
                if expected is not None:
                    self.assertEqual(expected, answer.body)
                self.assertNotEqual("close", answer.headers.get("connection"))
            connection.send_head("GET", self.path, self.signed() | {"Connection": "close"})
            answer = connection.answer()
            self.assertEqual((200, BODY, "close"), (answer.status, answer.body, answer.headers.get("connection")))
            self.assertTrue(connection.is_closed_by_server())

    def test_requests_are_answered_in_their_order(self):
        """Requests that are sent ahead are answered in their order; bytes that are no request are 400 and the end."""
        absent = archive.path_of(BUCKET, "absent")
        with wire.Connection(self.server) as connection:
            for path in [self.path, absent, self.path]:
                connection.send_head("GET", path, self.signed(path=path))
            connection.socket.sendall(b"\x16\x03\x01 what is this\r\n\r\n")
            answers = [connection.answer() for _ in range(4)]
            self.assertEqual([200, 404, 200, 400], [answer.status for answer in answers])
            self.assertEqual((BODY, BODY), (answers[0].body, answers[2].body))
            self.assertTrue(connection.is_closed_by_server())

    def test_bytes_that_are_no_request(self):
        """What is no HTTP is answered 400, and the connection ends."""
        for said in [
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n",
            b"GET / HTTP/1.1\r\nno colon\r\n\r\n", b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
            b"PUT /http/x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
            b"GET / HTTP/1.1\r\nHost: a\r\nname : blank before the colon\r\n\r\n",
        ]:
            with self.subTest(said), wire.Connection(self.server) as connection:
                connection.socket.sendall(said)
                self.assertEqual(400, connection.answer().status)
                self.assertTrue(connection.is_closed_by_server())

    def test_a_body_framed_in_two_ways_is_refused(self):
        """A request with both Content-Length and Transfer-Encoding is never two requests: its rest is not taken for the
        next one (RFC 9112, section 6.1)."""
        path = archive.path_of(BUCKET, "framed")
        smuggled = f"GET {self.path} HTTP/1.1\r\nHost: a\r\n\r\n".encode()
        with wire.Connection(self.server) as connection:
            framing = {"Content-Length": 5 + len(smuggled), "Transfer-Encoding": "chunked"}
            connection.send_head("PUT", path, self.signed("PUT", path) | framing)
            connection.socket.sendall(b"0\r\n\r\n" + smuggled)
            self.assertIn(connection.answer("PUT").status, (400, 411))
            self.assertTrue(connection.is_closed_by_server())
        self.stored_nothing(BUCKET, "framed")

    def test_a_head_is_bounded(self):
        """A head of at most 128 headers is served; one more, or more than 128 KiB, is refused, and the connection ends."""
        signed = self.signed()
        filled = {f"x-{number}": "y" for number in range(HEADERS_MAX - len(signed) - 1)}
        for headers, expected in [
            (filled, 200), (filled | {"one": "more"}, 431), ({"x-large": "y" * HEAD_BYTES_MAX}, 431),
            ({f"x-{number}": "y" * 2000 for number in range(HEADERS_MAX // 2 + 10)}, 431),
        ]:
            with self.subTest(headers=len(headers)), wire.Connection(self.server) as connection:
                connection.send_head("GET", self.path, signed | headers)
                answer = connection.answer()
                self.assertEqual(expected, answer.status)
                if expected == 200:
                    self.assertEqual(BODY, answer.body)
                else:
                    self.assertTrue(connection.is_closed_by_server())

    def test_a_head_without_end(self):
        """A head that goes on and on is refused while it is sent."""
        endless = (b"x-%d: %s\r\n" % (number, b"y" * 1000) for number in range(1 << 20))
        for what, pieces in [("headers", endless), ("path", (b"y" * 1000 for _ in range(1 << 20)))]:
            with self.subTest(what), wire.Connection(self.server) as connection:
                connection.socket.sendall(b"GET /" + (b" HTTP/1.1\r\n" if what == "headers" else b""))
                self.assertLessEqual(connection.send(pieces), UNREAD_BYTES_MAX)
                self.assertIn(connection.answer().status, (400, 414, 431))

    def test_what_every_answer_has(self):
        """Every answer says who gave it, when, and under which id, errors and bodiless ones too; no id comes twice."""
        key, secret = self.server.credentials()
        absent = archive.path_of(BUCKET, "absent")
        made = archive.path_of(BUCKET, "made")
        ids = []
        for status, method, path, headers in [
            (200, "GET", self.path, {}), (200, "HEAD", self.path, {}), (206, "GET", self.path, {"Range": "bytes=0-0"}),
            (304, "GET", self.path, {"If-None-Match": ETAG}), (304, "HEAD", self.path, {"If-None-Match": ETAG}),
            (412, "GET", self.path, {"If-Match": '"0"'}), (412, "HEAD", self.path, {"If-Match": '"0"'}),
            (416, "GET", self.path, {"Range": "bytes=99999999-"}), (404, "GET", absent, {}), (404, "HEAD", absent, {}),
            (404, "GET", "/http-absent?list-type=2", {}), (501, "GET", f"/{BUCKET}?website=", {}), (200, "GET", "/", {}),
            (200, "PUT", made, {}), (204, "DELETE", made, {}), (400, "PUT", made, {"Content-MD5": "no digest"}),
            (501, "BREW", self.path, {}),
        ]:
            with self.subTest(status=status, method=method, path=path):
                signed = self.signed(method, path, headers)
                ids.append(self.assert_complete(status, method, path, signed | {"Content-Length": 0}))
        for status, headers in [
            (403, {}), (403, self.signed(credentials=(key, secret[::-1]))),
            (403, self.signed(credentials=("nobody", secret))),
            (400, {"Authorization": "AWS4-HMAC-SHA256 nothing"}), (400, {"Authorization": "Basic bm8="}),
        ]:
            with self.subTest(status=status, headers=headers):
                ids.append(self.assert_complete(status, "GET", self.path, headers))
        self.assertEqual(len(ids), len(set(ids)))

    def assert_complete(self, status, method, path, headers):
        """One request whose answer has this status, no more bytes than it says, and the headers of every answer."""
        with wire.Connection(self.server) as connection:
            connection.send_head(method, path, headers | {"Connection": "close"})
            answer = connection.answer(method)
            self.assertEqual(status, answer.status, answer.body)
            self.assertTrue(connection.is_closed_by_server(), "bytes behind the answer")
        told = email.utils.parsedate_to_datetime(answer.headers["date"]).timestamp()
        self.assertLess(abs(told - time.time()), CLOCK_SKEW_SECONDS_MAX)
        self.assertEqual("ArtStore", answer.headers.get("server"))
        request_id = answer.headers.get("x-amz-request-id")
        self.assertTrue(request_id)
        if answer.body and answer.code:
            self.assertIn(f"<RequestId>{request_id}</RequestId>".encode(), answer.body)
        return request_id

    def test_a_304_and_a_head_say_what_the_get_would(self):
        """An answer without a body has the headers of the one with a body."""
        with wire.Connection(self.server) as connection:
            answers = []
            for method, more in [("GET", {}), ("HEAD", {}), ("GET", {"If-None-Match": ETAG})]:
                connection.send_head(method, self.path, self.signed(method, headers=more))
                answers.append(connection.answer(method))
        get, head, unchanged = answers
        self.assertEqual((200, 200, 304), tuple(answer.status for answer in answers))
        for name in ["etag", "last-modified", "content-length", "content-type", "accept-ranges"]:
            self.assertEqual(get.headers[name], head.headers.get(name), name)
        for name in ["etag", "last-modified"]:
            self.assertEqual(get.headers[name], unchanged.headers.get(name), name)
        self.assertIn(unchanged.headers.get("content-length"), (None, str(len(BODY))))

    def curl(self, *arguments, body=None):
        """One request of curl over HTTP/2 from its first byte; the answer's version, status and body."""
        key, secret = self.server.credentials()
        out = self.place.folder / "curl.out"
        done = subprocess.run(
            ["curl", "--silent", "--show-error", "--http2-prior-knowledge", "--max-time", "60", "--user", f"{key}:{secret}",
             "--aws-sigv4", f"aws:amz:{archive.REGION}:s3", "--output", out, "--write-out", "%{json}", *arguments],
            input=body, capture_output=True, env=self.place.environment(), timeout=120,
        )
        self.assertEqual(0, done.returncode, done.stderr)
        told = json.loads(done.stdout)
        answer = out.read_bytes()
        out.unlink()
        return told["http_version"], told["http_code"], answer

    def test_http_2_from_the_first_byte(self):
        """curl puts, gets, heads, lists and is refused over HTTP/2 without TLS, as over HTTP/1.1."""
        path, body = archive.path_of(BUCKET, "over-http-2"), b"".join(wire.Stream(3 * archive.MIB, seed=4))
        url, digest = self.server.endpoint + path, hashlib.sha256(body).hexdigest()
        put = self.curl("--header", f"x-amz-content-sha256: {digest}", "--header", "Content-Type: text/x-curl",
                        "--request", "PUT", "--data-binary", "@-", url, body=body)
        self.assertEqual(("2", 200, b""), put)
        empty = ["--header", f"x-amz-content-sha256: {hashlib.sha256(b'').hexdigest()}"]
        self.assertEqual(("2", 200, body), self.curl(*empty, url))
        self.assertEqual(("2", 206, body[7:100_000]), self.curl(*empty, "--range", "7-99999", url))
        version, status, listed = self.curl(*empty, f"{self.server.endpoint}/{BUCKET}?list-type=2")
        self.assertEqual(("2", 200), (version, status))
        self.assertIn(b"<Key>over-http-2</Key>", listed)
        version, status, refused = self.curl(*empty, url + "-not")
        self.assertEqual(("2", 404), (version, status))
        self.assertIn(b"<Code>NoSuchKey</Code>", refused)
        head = self.s3.head_object(Bucket=BUCKET, Key="over-http-2")
        self.assertEqual((len(body), "text/x-curl"), (head["ContentLength"], head["ContentType"]))


if __name__ == "__main__":
    unittest.main()
