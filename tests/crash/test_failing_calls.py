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
# What each kind is failed at in the gate, beside the first call of all.
NTHS = [1, 3, 6]
NTH_MAX = 60
REFUSALS = {500, 503, 507}


class FailingCalls(unittest.TestCase):
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

    def test_no_failing_call_makes_the_server_lie(self):
        """Each kind of call fails with EIO and with ENOSPC: the archive is as its answers said, and goes on."""
        print(f"\n  ARTSTORE_TEST_SEED={self.seed}", file=sys.stderr)
        for kind in CALLS:
            for error in ERRORS:
                self.fail_calls(kind, error)
        print(f"  {sum(self.cases.values())} cases, {self.history.count} changes acknowledged", file=sys.stderr)

    def fail_calls(self, kind, error):
        hits = []
        for nth in range(1, NTH_MAX) if archive.IS_LONG else NTHS:
            with self.subTest(kind=kind, error=error, nth=nth):
                hits.append(self.fail_call(kind, error, nth))
                self.cases[kind, error] += 1
                if not hits[-1]:
                    break
        print(f"  {kind}, {error}: {hits} calls failed", file=sys.stderr)
        self.assertTrue(sum(hits), f"{kind}, {error}: no call was made to fail, so this shows nothing")

    def fail_call(self, kind, error, nth):
        """One case; answers with how many calls were made to fail."""
        chance = random.Random(f"{self.seed}/{kind}/{error}/{nth}")
        trace = self.place.folder / "trace"
        under = ["strace", "-f", "-qq", "-o", trace, "-e", f"trace={CALLS[kind]}"]
        under += ["-e", f"inject={CALLS[kind]}:error={error}:when={nth}"]
        try:
            with archive.Server(self.place, under=under) as server:
                self.change(server, chance)
                self.assertEqual([], survey.wrong_answers(server.client(), self.history, settles=False))
                if kind != "unlink":
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

    def change(self, server, chance):
        """Makes changes one after the other; a key whose change was refused is left alone from then on."""
        writer = Writer(server, self.history, 0, chance.random())
        for _ in range(CHANGES):
            place = writer.choose()
            if place in self.history.under_way:
                continue
            try:
                change = writer.change(place)
            except writer.s3.exceptions.ClientError as refusal:
                self.check_refusal(refusal)
                continue
            self.history.begin(place, change)
            try:
                made = change.make()
            except writer.s3.exceptions.ClientError as refusal:
                self.check_refusal(refusal)
            else:
                self.history.acknowledge(place, made)

    def check_refusal(self, refusal):
        status = refusal.response["ResponseMetadata"]["HTTPStatusCode"]
        self.assertIn(status, REFUSALS, refusal.response)

    def end(self, server):
        """Asks the server to end; whether it can close the archive is not this test's claim."""
        try:
            server.stop()
        except AssertionError:
            self.assertIsNotNone(server.process.poll(), "the server ends")

    def staged(self):
        staging = [element / ".artstore" / "staging" for element in (self.place.data / "elements").iterdir()]
        return [path for folder in staging for path in folder.iterdir()]


if __name__ == "__main__":
    unittest.main()
