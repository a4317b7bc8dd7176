"""System calls of the real server that fail: success is never answered for what is not durable.

strace makes the N-th call of a kind fail in each thread of the server, with EIO or with ENOSPC, from the start
on. What was acknowledged must be there, what was refused wholly there or wholly absent; reads go on; nothing
stays in staging; `artstore fsck` finds the stopped archive in order, and the next start takes changes again.

A long run takes every N up to the first that is never reached; ARTSTORE_TEST_SEED repeats a run.
"""

import os
import random
import re
import sys
import unittest
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "clients"))

import archive
import survey
from history import History
from writers import PLAIN, VERSIONED, Writer

CALLS = {
    "write": "pwrite64,pwritev,copy_file_range",
    "sync": "fsync,fdatasync,syncfs",
    "rename": "renameat2,renameat,rename,linkat",
    "mkdir": "mkdirat,mkdir",
    "unlink": "unlinkat,unlink",
    "open": "openat2",
    "truncate": "ftruncate,fallocate",
}
ERRORS = ["EIO", "ENOSPC"]
CHANGES = 40
# What each kind is failed at in the gate: in the start, whose calls come first, and behind it.
NTHS = {
    "write": [2, 5, 12, 20], "sync": [2, 12, 16, 20], "rename": [2, 5, 8, 12], "mkdir": [1, 3],
    "unlink": [2, 5, 12, 20], "open": [10, 75, 100], "truncate": [1, 3, 5],
}
NTH_MAX = 150
READ_TRIES_MAX = 8
REFUSALS = {500, 503, 507}


class Calls(unittest.TestCase):
    """An archive with two buckets, a server on which runs under strace."""

    @classmethod
    def setUpClass(cls):
        cls.place = archive.Place()
        cls.addClassCleanup(cls.place.remove)
        cls.history = History()
        with archive.Server(cls.place) as server:
            s3 = server.client()
            for bucket in (PLAIN, VERSIONED):
                s3.create_bucket(Bucket=bucket)
            s3.put_bucket_versioning(Bucket=VERSIONED, VersioningConfiguration={"Status": "Enabled"})
            server.stop()
        cls.seed = int(os.environ.get("ARTSTORE_TEST_SEED", random.SystemRandom().randrange(1 << 32)))
        cls.cases = Counter()

    def under(self, kind, outcome):
        """The command that gives calls of a kind an outcome, and the file that says which."""
        trace = self.place.folder / "trace"
        command = ["strace", "-f", "-qq", "-o", trace, "-e", f"trace={CALLS[kind]}"]
        return [*command, "-e", f"inject={CALLS[kind]}:{outcome}"], trace

    def change(self, server, chance):
        """Makes changes one after the other; a key whose change was refused is left alone from then on. Answers with
        whether changes are taken at the end."""
        writer = Writer(server, self.history, 0, chance.random())
        for _ in range(CHANGES):
            place = writer.choose()
            if place not in self.history.under_way:
                self.make(writer, place, writer.change)
        return self.make(writer, (PLAIN, "last"), lambda place: writer.put(place, ()))

    def make(self, writer, place, choose):
        """Makes one change; answers with whether it was acknowledged."""
        try:
            change = choose(place)
            self.history.begin(place, change)
            made = change.make()
        except writer.s3.exceptions.ClientError as refusal:
            self.check_refusal(refusal)
            return False
        self.history.acknowledge(place, made)
        return True

    def check_refusal(self, refusal):
        status = refusal.response["ResponseMetadata"]["HTTPStatusCode"]
        self.assertIn(status, REFUSALS, refusal.response)

    def end(self, server):
        """Asks the server to end; whether it can close the archive is not this test's claim."""
        try:
            server.stop()
        except AssertionError:
            self.assertIsNotNone(server.process.poll(), "the server ends")


class LyingCalls(Calls):
    def test_a_call_that_does_nothing_is_seen(self):
        """The control: renames that answer success and do not happen are seen once the archive was closed; a start
        after a kill would make them good from the log."""
        under, _ = self.under("rename", "retval=0:when=12+")
        with archive.Server(self.place, under=under) as server:
            writer = Writer(server, self.history, 0, 1)
            for number in range(CHANGES):
                self.make(writer, (PLAIN, f"writer-0/{number}"), lambda place: writer.put(place, ()))
            self.end(server)
        with archive.Server(self.place) as server:
            wrong = survey.wrong(self.place, server.client(), self.history)
        self.assertTrue(wrong, "a lying disk was not seen: these cases show nothing")


class FailingCalls(Calls):
    def test_no_failing_call_makes_the_server_lie(self):
        """Each kind of call fails with EIO and with ENOSPC: the archive is as its answers said, and goes on."""
        print(f"\n  ARTSTORE_TEST_SEED={self.seed}", file=sys.stderr)
        for kind in CALLS:
            for error in ERRORS:
                self.fail_calls(kind, error)
        print(f"  {sum(self.cases.values())} cases, {self.history.count} changes acknowledged", file=sys.stderr)

    def fail_calls(self, kind, error):
        hits, self.starts = [], 0
        for nth in range(1, NTH_MAX) if archive.IS_LONG else NTHS[kind]:
            with self.subTest(kind=kind, error=error, nth=nth):
                hits.append(self.fail_call(kind, error, nth))
                self.cases[kind, error] += 1
                if not hits[-1]:
                    break
        told = f"{kind}, {error}: {sum(hits)} calls failed in {len(hits)} cases, {self.starts} of them served"
        print(f"  {told}", file=sys.stderr)
        self.assertTrue(sum(hits), f"{kind}, {error}: no call was made to fail, so this shows nothing")
        # Requests make calls of every kind but this one.
        self.assertTrue(self.starts or kind == "truncate", f"{kind}, {error}: no server got as far as to serve")

    def fail_call(self, kind, error, nth):
        """One case; answers with how many calls were made to fail."""
        chance = random.Random(f"{self.seed}/{kind}/{error}/{nth}")
        under, trace = self.under(kind, f"error={error}:when={nth}")
        try:
            with archive.Server(self.place, under=under) as server:
                self.starts += 1
                is_writable = self.change(server, chance)
                self.assertEqual([], self.wrong_answers(server, kind))
                # A log that failed may hold the change all the same: its staged body waits for the next start.
                if is_writable and kind != "unlink":
                    self.assertEqual([], self.staged(), "what was refused leaves nothing")
                if chance.random() < 0.5:
                    self.end(server)
        except archive.NotReady:
            # The call that failed was one of the start's.
            pass
        self.place.command("fsck")
        with archive.Server(self.place) as server:
            self.assertEqual([], survey.wrong(self.place, server.client(), self.history))
            self.assertEqual([], self.staged())
            server.client().put_object(Bucket=PLAIN, Key="writer-0/0", Body=b"")
            server.client().delete_object(Bucket=PLAIN, Key="writer-0/0")
            self.history.settle((PLAIN, "writer-0/0"), ())
            server.stop()
        return len(re.findall(r"\(INJECTED\)", trace.read_text()))

    def wrong_answers(self, server, kind):
        """What the running server shows. Where opening fails, a read may meet it, once in each thread, and is tried
        again."""
        s3 = server.client()
        for _ in range(READ_TRIES_MAX if kind == "open" else 1):
            try:
                return survey.wrong_answers(s3, self.history, settles=False)
            except s3.exceptions.ClientError as refusal:
                self.check_refusal(refusal)
                last = refusal
        raise AssertionError("reading does not go on") from last

    def staged(self):
        staging = [element / ".artstore" / "staging" for element in (self.place.data / "elements").iterdir()]
        return [path for folder in staging for path in folder.iterdir()]


if __name__ == "__main__":
    unittest.main()
