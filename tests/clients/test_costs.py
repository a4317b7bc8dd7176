"""What a request costs whatever the load: system calls, bytes of the answer's head."""

import contextlib
import http.client
import re
import signal
import subprocess
import tempfile
import unittest

import archive
import wire

BUCKET, KEY = "costs", "document"
BODY = bytes(range(256)) * 16
REQUESTS = 200
# How often the event loop waits depends on who else runs.
WAITS = {"epoll_wait", "epoll_pwait", "sched_yield", "restart_syscall", "rt_sigreturn"}


class Costs(archive.ArchiveTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.s3.create_bucket(Bucket=BUCKET)
        cls.s3.put_object(Bucket=BUCKET, Key=KEY, Body=BODY)
        cls.path = archive.path_of(BUCKET, KEY)

    def test_a_get_of_what_is_in_memory_takes_seven_system_calls(self):
        """A GET on a kept connection: the request and the end of it, the file, the answer; no waking of a thread."""
        calls = self.calls_of("GET", self.path)
        self.assertLessEqual(sum(calls.values()) / REQUESTS, 7.5, calls)
        self.assertGreaterEqual(calls["openat2"] / REQUESTS, 1, "the tracer saw nothing of the file")

    def test_a_head_of_what_was_read_takes_no_file(self):
        """A HEAD opens nothing once the object was read."""
        calls = self.calls_of("HEAD", self.path)
        self.assertLess(calls.get("openat2", 0), REQUESTS / 10, calls)
        self.assertLessEqual(sum(calls.values()) / REQUESTS, 2.5, calls)

    def test_a_put_takes_two_files_and_one_sync(self):
        """A PUT: one sync, two files made and renamed in folders that stay open, whatever else it does."""
        calls = self.calls_of("PUT", self.path, BODY)
        self.assertLessEqual(calls["fdatasync"] / REQUESTS, 1.02, calls)
        self.assertLessEqual(calls["openat2"] / REQUESTS, 2.2, calls)
        self.assertLessEqual(calls["renameat2"] / REQUESTS, 2.02, calls)
        self.assertNotIn("fsync", calls)

    def test_the_head_of_an_answer_stays_small(self):
        """What surrounds 4 KiB on the wire is less than 700 bytes."""
        with wire.Connection(self.server) as connection:
            connection.send_head("GET", self.path, wire.signed(self.server, "GET", self.path))
            status, headers = connection.head_of_answer()
        size = sum(len(name) + len(value) + 4 for name, value in headers.items())
        self.assertEqual(200, status)
        self.assertLess(size, 700, headers)

    def connect(self):
        return http.client.HTTPConnection("127.0.0.1", self.server.ports[0], timeout=60)

    def exchange(self, connection, method, path, body=None):
        connection.request(method, path, body=body, headers=wire.signed(self.server, method, path))
        answer = connection.getresponse()
        answer.read()
        self.assertEqual(200, answer.status)

    def calls_of(self, method, path, body=None):
        """System calls of so many requests on one connection, by name."""
        with contextlib.closing(self.connect()) as connection:
            for _ in range(3):
                self.exchange(connection, "GET", self.path)

            def ask():
                for _ in range(REQUESTS):
                    self.exchange(connection, method, path, body)

            return self.traced(ask)

    def traced(self, work):
        """What the server calls while `work` runs, without the waits of its event loop."""
        with tempfile.NamedTemporaryFile("r") as report:
            tracer = subprocess.Popen(
                ["strace", "-f", "-c", "-U", "name,calls", "-o", report.name, "-p", str(self.server.process.pid)],
                stderr=subprocess.PIPE, text=True,
            )
            while "attached" not in (line := tracer.stderr.readline()):
                self.assertTrue(line, "strace did not attach")
            work()
            tracer.send_signal(signal.SIGINT)
            tracer.communicate()
            counted = re.findall(r"^(\w+)\s+(\d+)$", report.read(), re.M)
        calls = {name: int(count) for name, count in counted if name != "total"}
        self.assertTrue(calls, "strace counted nothing")
        return {name: count for name, count in calls.items() if name not in WAITS}


if __name__ == "__main__":
    unittest.main()
