"""The clock of a running server, moved from outside: Debian's `faketime`, preloaded, reads it from a file."""

import contextlib
import datetime
import glob
import json
import unittest
from unittest import mock

import botocore.auth

import archive

LIBRARIES = "/usr/lib/*/faketime/libfaketimeMT.so.1"


class Clock:
    """A wall clock that stands `offset` seconds from this machine's, for a server and for whoever signs for it."""

    def __init__(self, folder):
        found = glob.glob(LIBRARIES)
        if not found:
            raise AssertionError(f"{LIBRARIES} is missing: run tests/run --only prepare")
        self.library = found[0]
        self.file = folder / "clock"
        self.real = botocore.auth.get_current_datetime
        self.set(0)

    def set(self, offset):
        """Moves the clock at once, also under a server that runs."""
        self.offset = round(offset, 3)
        staged = self.file.with_name("clock.new")
        staged.write_text(f"{self.offset:+}")
        staged.replace(self.file)

    def set_to(self, moment):
        """Moves the clock to a moment, given with its time zone."""
        self.set((moment - datetime.datetime.now(datetime.timezone.utc)).total_seconds())

    def now(self):
        return datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=self.offset)

    def environment(self):
        """What a server needs to live by this clock; durations it measures by the machine's."""
        return {
            "LD_PRELOAD": self.library, "FAKETIME_TIMESTAMP_FILE": str(self.file), "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1", "NO_FAKE_STAT": "1",
        }

    @contextlib.contextmanager
    def signing(self):
        """Requests are signed at this clock's time: a signature of another quarter of an hour is refused."""
        moved = lambda **options: self.real(**options) + datetime.timedelta(seconds=self.offset)
        with mock.patch("botocore.auth.get_current_datetime", moved):
            yield


class ClockedTest(unittest.TestCase):
    """A server of its own for each test, which lives by a clock that the test moves, and a bucket."""

    BUCKET = "clocked"

    def setUp(self):
        self.place = archive.Place()
        self.addCleanup(self.place.remove)
        self.clock = Clock(self.place.folder)
        self.enterContext(self.clock.signing())
        self.start()
        self.addCleanup(lambda: self.server.kill())
        self.s3.create_bucket(Bucket=self.BUCKET)

    def start(self):
        self.server = archive.Server(self.place, environment=self.clock.environment())
        self.s3 = self.server.client()

    def json(self, *arguments):
        """What a command answers to programs."""
        return json.loads(self.place.command(*arguments, "--json").stdout)
