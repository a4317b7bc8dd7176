"""HTTP/1.1 as bytes on a connection: generated bodies, stated payload hashes, heads that no client would send."""

import base64
import contextlib
import functools
import hashlib
import hmac
import http.client
import random
import select
import socket
import zlib

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

import archive
from archive import MIB

UNSIGNED = "UNSIGNED-PAYLOAD"
PATIENCE_SECONDS = 120


class Connection:
    """A connection to the S3 door; what is sent on it is exactly what is given."""

    def __init__(self, server, receive_bytes_max=None):
        self.server = server
        self.socket = socket.socket()
        self.socket.settimeout(PATIENCE_SECONDS)
        # A body behind its head would wait for the delayed acknowledgement of the head.
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if receive_bytes_max:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes_max)
        self.socket.connect(("127.0.0.1", server.ports[0]))
        self.file = self.socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()
        self.socket.close()

    def send_head(self, method, path, headers):
        named = {"Host": f"127.0.0.1:{self.server.ports[0]}"} | headers
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in named.items()), "", ""]
        self.socket.sendall("\r\n".join(lines).encode())

    def send(self, pieces):
        """Sends until all is sent or the server answers; answers with the count of bytes sent."""
        sent = 0
        for piece in pieces:
            rest = memoryview(piece)
            while rest:
                answers, takes, _ = select.select([self.socket], [self.socket], [], PATIENCE_SECONDS)
                if not answers and not takes:
                    raise TimeoutError(f"the server neither reads nor answers after {sent} bytes")
                if answers:
                    return sent
                try:
                    count = self.socket.send(rest, socket.MSG_DONTWAIT)
                except (BrokenPipeError, ConnectionResetError):
                    # It answered and closed in the meantime; the answer says the rest.
                    return sent
                sent, rest = sent + count, rest[count:]
        return sent

    def head_of_answer(self):
        """The status and headers of the next answer, its body unread."""
        line = self.file.readline()
        if not line:
            raise ConnectionError("the server closed the connection without an answer")
        version, status, *_ = line.split(b" ", 2)
        if version != b"HTTP/1.1":
            raise AssertionError(f"no status line: {line[:200]}")
        return int(status), {name.lower(): value for name, value in http.client.parse_headers(self.file).items()}

    def answer(self, method="GET"):
        """The next answer, read whole as its head frames it."""
        status, headers = self.head_of_answer()
        if method == "HEAD" or status in (204, 304) or status < 200:
            return Answer(status, headers, b"")
        if headers.get("transfer-encoding") == "chunked":
            return Answer(status, headers, b"".join(self._chunks()))
        length = headers.get("content-length")
        body = self.file.read(int(length)) if length else self.file.read()
        if length and len(body) != int(length):
            raise ConnectionError(f"{len(body)} bytes of a body of {length}")
        return Answer(status, headers, body)

    def _chunks(self):
        while size := int(self.file.readline(), 16):
            yield self.file.read(size)
            self.file.readline()
        while self.file.readline().strip():
            pass

    def is_closed_by_server(self):
        """Waits for the end of the connection; any byte before it is none of an answer that was read."""
        try:
            return self.file.read(1) == b""
        except ConnectionResetError:
            return True


class Answer(archive.Answer):
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body


class StatedPayload(S3SigV4Auth):
    """Signs a payload hash as it is given; botocore itself would read the body."""

    def __init__(self, credentials, payload):
        super().__init__(Credentials(*credentials), "s3", archive.REGION)
        self.stated = payload

    def payload(self, request):
        return self.stated


def signed(server, method, path, payload=UNSIGNED, headers=None, credentials=None):
    """The headers of a request whose payload hash is `payload`."""
    request = AWSRequest(method=method, url=server.endpoint + path, headers=headers or {})
    StatedPayload(credentials or server.credentials(), payload).add_auth(request)
    return dict(request.headers.items())


def exchange(server, method, path, pieces=(), length=0, payload=UNSIGNED, headers=None):
    """One signed request with a generated body on a connection of its own; its answer and the bytes sent."""
    with Connection(server) as connection:
        connection.send_head(method, path, signed(server, method, path, payload, headers) | {"Content-Length": length})
        sent = connection.send(pieces)
        return connection.answer(method), sent


def chunk(data):
    """Data as one chunk of HTTP; without any, the end of a body."""
    return b"%x\r\n%b\r\n" % (len(data), data)


class Stream:
    """A body made while it is sent, every MiB of it different, with the digests of what was made."""

    def __init__(self, size_bytes, seed=1):
        self.size_bytes, self.seed = size_bytes, seed
        self.sha256, self.crc32 = hashlib.sha256(), 0

    def __iter__(self):
        rest = block_of(self.seed)
        for number in range(self.size_bytes // MIB):
            block = number.to_bytes(8, "big") + rest
            self.sha256.update(block)
            self.crc32 = zlib.crc32(block, self.crc32)
            yield block

    @property
    def crc32_base64(self):
        return base64.b64encode(self.crc32.to_bytes(4, "big")).decode()


@functools.cache
def block_of(seed):
    return random.Random(seed).randbytes(MIB - 8)


class ChunkSigner:
    """The signatures of chunks (API page "Signature calculations for streaming uploads"), each over the one before."""

    def __init__(self, server, headers):
        self.moment = headers["X-Amz-Date"]
        self.scope = [self.moment[:8], archive.REGION, "s3", "aws4_request"]
        self.before = headers["Authorization"].rpartition("Signature=")[2]
        secret = ("AWS4" + server.credentials()[1]).encode()
        self.key = functools.reduce(lambda key, part: hmac.digest(key, part.encode(), "sha256"), self.scope, secret)

    def chunk(self, data):
        lines = ["AWS4-HMAC-SHA256-PAYLOAD", self.moment, "/".join(self.scope), self.before,
                 hashlib.sha256(b"").hexdigest(), hashlib.sha256(data).hexdigest()]
        self.before = hmac.new(self.key, "\n".join(lines).encode(), "sha256").hexdigest()
        return f"{len(data):x};chunk-signature={self.before}\r\n".encode() + data + b"\r\n"


@contextlib.contextmanager
def connections(server, count, **options):
    with contextlib.ExitStack() as opened:
        yield [opened.enter_context(Connection(server, **options)) for _ in range(count)]
