"""The built server as the client tests use it: a place on disk, a process, and clients that speak to it."""

import contextlib
import hashlib
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.parse
from pathlib import Path

import boto3
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials

REPOSITORY = Path(__file__).resolve().parents[2]
READER = REPOSITORY / "docs" / "read_archive.py"
IS_LONG = bool(os.environ.get("ARTSTORE_TEST_LONG"))
MIB = 1 << 20
START_SECONDS_MAX = 30
STOP_SECONDS_MAX = 30
HOUR_FOLDER = re.compile(r"\d{4}/\d\d/\d\d/\d\d")
REGION = "us-east-1"

# A gate that runs out of time asks politely first: unwind, so that servers end and images are unmounted.
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


def binary():
    """The program under test; a run without it is a failure, not a skip."""
    path = os.environ.get("ARTSTORE_BINARY")
    if not path or not os.access(path, os.X_OK):
        raise AssertionError("ARTSTORE_BINARY names no program: start these tests with ./tests/run")
    return path


class NotReady(AssertionError):
    """A server that ended, or took too long, before it was ready."""


class Place:
    """A folder of one archive: data directory, home of the master key, scratch space."""

    def __init__(self, folder=None):
        self.folder = Path(folder or tempfile.mkdtemp(prefix="artstore-clients-"))
        self.data = self.folder / "data"

    def element(self, name="edit-01"):
        return self.data / "elements" / name

    def environment(self):
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "TMPDIR") if name in os.environ}
        home = {"HOME": str(self.folder), "XDG_CONFIG_HOME": str(self.folder / "config")}
        return kept | home | {"RUST_BACKTRACE": "1"}

    def command(self, *arguments, check=True):
        """Runs a command of the program on this archive and answers with its completed process."""
        done = subprocess.run(
            [binary(), *map(str, arguments), "--data", str(self.data)],
            env=self.environment(), cwd=self.folder, capture_output=True, text=True, timeout=120,
        )
        if check and done.returncode:
            raise AssertionError(f"artstore {arguments} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done

    def remove(self):
        shutil.rmtree(self.folder, ignore_errors=True)


class Server:
    """A running `artstore serve`."""

    def __init__(self, place, *arguments, log=None, environment=None, under=(), ready=True):
        """Starts it with `environment` beside its own, by the command `under` that runs it, and waits until it is
        `ready`."""
        self.place = place
        self.is_under = bool(under)
        self.ports = free_ports(2)
        self.log_path = Path(log or place.folder / "server.log")
        self.log = open(self.log_path, "ab")
        started = time.monotonic()
        self.process = subprocess.Popen(
            [
                *map(str, under), binary(), "serve", "--data", str(place.data),
                "--s3-listen", f"127.0.0.1:{self.ports[0]}", "--api-listen", f"127.0.0.1:{self.ports[1]}",
                *map(str, arguments),
            ],
            env=place.environment() | (environment or {}), cwd=place.folder,
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
        )
        try:
            if ready:
                self.wait_until_ready(started + START_SECONDS_MAX)
        except BaseException:
            self.kill()
            raise
        self.start_seconds = time.monotonic() - started

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()

    @property
    def endpoint(self):
        return f"http://127.0.0.1:{self.ports[0]}"

    def wait_until_ready(self, deadline):
        """Polls the health endpoint; the wait in between ends at once when the process does."""
        while self.health("/health/ready") != 200:
            try:
                self.process.wait(0.02)
            except subprocess.TimeoutExpired:
                if time.monotonic() < deadline:
                    continue
            raise NotReady(f"the server is not ready, exit code {self.process.poll()}:\n{self.said()}")

    def health(self, path):
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.ports[1], timeout=10)) as connection:
            try:
                connection.request("GET", path)
                return connection.getresponse().status
            except (OSError, http.client.HTTPException):
                return None

    def said(self):
        return self.log_path.read_text(errors="replace")[-4000:]

    def stop(self):
        """Asks the process to end and insists on success."""
        os.kill(self.pid(), signal.SIGTERM)
        code = self.process.wait(STOP_SECONDS_MAX)
        self.log.close()
        if code:
            raise AssertionError(f"the server ended with {code}:\n{self.said()}")

    def kill(self):
        """Ends the process as a crash does."""
        if self.process.poll() is None:
            os.kill(self.pid(), signal.SIGKILL)
        self.process.wait()
        self.log.close()

    def pid(self):
        """The server's process, also where another command runs it."""
        if self.is_under:
            children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
            return int(children[0]) if children else self.process.pid
        return self.process.pid

    def credentials(self):
        text = (self.place.data / "credentials").read_text()
        fields = dict(re.findall(r"^(\w+)\s*=\s*(\S+)$", text, re.M))
        return fields["aws_access_key_id"], fields["aws_secret_access_key"]

    def client(self, credentials=None, **config):
        """A boto3 client with its present defaults, one try per request."""
        key, secret = credentials or self.credentials()
        return boto3.client(
            "s3", endpoint_url=self.endpoint, region_name=REGION, aws_access_key_id=key, aws_secret_access_key=secret,
            config=Config(retries={"total_max_attempts": 1}, read_timeout=300, s3={"addressing_style": "path"}, **config),
        )

    def aws(self, *arguments, check=True, timeout=900):
        """Runs the AWS command line with the credentials that the server wrote, one try per request."""
        environment = self.place.environment() | {
            "AWS_SHARED_CREDENTIALS_FILE": str(self.place.data / "credentials"), "AWS_PROFILE": "artstore",
            "AWS_CONFIG_FILE": os.devnull, "AWS_ENDPOINT_URL": self.endpoint, "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true", "AWS_MAX_ATTEMPTS": "1", "AWS_PAGER": "", "PYTHONIOENCODING": "utf-8",
            "LC_ALL": "C.UTF-8",
        }
        program = Path(sys.executable).with_name("aws")
        done = subprocess.run(
            [program, *map(str, arguments)], env=environment, capture_output=True, text=True, timeout=timeout,
        )
        if check and done.returncode:
            raise AssertionError(f"aws {arguments} ended with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        return done

    def signed_headers(self, method, path, body=b"", headers=None, credentials=None):
        """The headers of a request as botocore signs it, with the path exactly as given."""
        key, secret = credentials or self.credentials()
        request = AWSRequest(method=method, url=self.endpoint + path, data=body, headers=headers or {})
        S3SigV4Auth(Credentials(key, secret), "s3", REGION).add_auth(request)
        return dict(request.headers.items())

    def request(self, method, path, body=b"", headers=None, credentials=None, added=None, sent_body=None):
        """Sends one signed request; `added` headers and `sent_body` come in after signing."""
        signed = self.signed_headers(method, path, body, headers, credentials)
        body = body if sent_body is None else sent_body
        with contextlib.closing(self.connection()) as connection:
            connection.request(method, path, body=body, headers=signed | (added or {}))
            return Answer(connection.getresponse())

    def connection(self):
        return http.client.HTTPConnection("127.0.0.1", self.ports[0], timeout=60)

    def memory_peak_bytes(self):
        return self._status_bytes("VmHWM")

    def memory_now_bytes(self):
        return self._status_bytes("VmRSS")

    def forget_memory_peak(self):
        """Lets the peak start from what is resident now (proc(5), clear_refs)."""
        Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")

    def _status_bytes(self, name):
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"{name}:\s+(\d+) kB", status)[1]) * 1024


class Answer:
    """An HTTP answer, read whole."""

    def __init__(self, response):
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.body = response.read()

    @property
    def code(self):
        """The S3 error code."""
        found = re.search(rb"<Code>(\w+)</Code>", self.body)
        return found[1].decode() if found else None


class ArchiveTest(unittest.TestCase):
    """A test with one server for the whole class, started on an empty place."""

    @classmethod
    def setUpClass(cls):
        cls.place = Place()
        cls.addClassCleanup(cls.place.remove)
        cls.server = Server(cls.place)
        cls.addClassCleanup(lambda: cls.server.kill())
        cls.s3 = cls.server.client()
        cls.addClassCleanup(lambda: cls.s3.close())

    @classmethod
    def restart(cls, how="stop", between=lambda: None, environment=None):
        """Ends the server (`stop` or `kill`), does `between`, and starts it again on the same place, with `environment`
        beside its own."""
        cls.s3.close()
        getattr(cls.server, how)()
        between()
        cls.server = Server(cls.place, environment=environment)
        cls.s3 = cls.server.client()

    @contextlib.contextmanager
    def refused(self, code, status):
        """Expects the S3 error `code` with HTTP `status`; yields a dict that holds the answer afterwards."""
        caught = {}
        with self.assertRaises(self.s3.exceptions.ClientError) as raised:
            yield caught
        caught.update(raised.exception.response)
        self.assertEqual((code, status), (caught["Error"]["Code"], caught["ResponseMetadata"]["HTTPStatusCode"]))

    def stored_nothing(self, bucket, key):
        """Nothing of the key is listed, readable or left on disk."""
        found = self.s3.list_objects_v2(Bucket=bucket, Prefix=key[:900]).get("Contents", [])
        self.assertEqual([], found)
        self.assertEqual([], [path for path, sidecar in all_sidecars(self.place) if sidecar.get("key") == key])


def path_of(bucket, key):
    """The path of a key as SigV4 wants it written; dot segments and double slashes stay."""
    return f"/{bucket}/{urllib.parse.quote(key, safe='/~')}"


def free_ports(count):
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def sidecars(element):
    """The path and content of every sidecar of an element."""
    for path in sorted(Path(element).rglob("*.attr.json")):
        if ".artstore" not in path.relative_to(element).parts:
            yield path, json.loads(path.read_text(encoding="utf-8"))


def canonical(members):
    """The form of a document that its checksum is over (docs/STORAGE.md)."""
    return json.dumps(members, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def write_document(path, members):
    """Writes a document with its checksum and answers with its bytes."""
    whole = members | {"checksum": hashlib.sha256(canonical(members).encode()).hexdigest()}
    raw = json.dumps(whole, ensure_ascii=False, indent=0).encode()
    Path(path).write_bytes(raw)
    return raw


def all_sidecars(place):
    for element in sorted((place.data / "elements").iterdir()):
        yield from sidecars(element)


def listing(s3, bucket):
    """Everything that a listing says of every key."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, FetchOwner=True)
    return {entry["Key"]: entry for page in pages for entry in page.get("Contents", [])}


def sha256_of(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
