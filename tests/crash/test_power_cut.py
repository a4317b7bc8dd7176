"""Power cuts: what was acknowledged an instant before is there afterwards, on ext4 and on XFS.

A file system image is mounted through a loop device, the server runs on it under concurrent writers,
and an ioctl stops every further byte, the journal's included, from reaching the image. The process is
killed, the image is mounted again, and a new server, which may be cut off once more while it recovers,
must give back what was acknowledged. Two controls run through the same harness and must lose something,
else it shows nothing and fails: a writer that never syncs, and the server itself with its syncs taken
away. What was acknowledged is remembered outside the image, in this process.

ARTSTORE_TEST_ROUNDS says how many cuts (500 in a long run), ARTSTORE_TEST_SEED the first round's seed;
the others count on from it, and each is printed.
"""

import contextlib
import os
import random
import subprocess
import sys
import unittest
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "clients"))

import archive
import images
import survey
from clock import Clock
from history import History
from writers import PLAIN, VERSIONED, WHATS, Writer

IMAGE_BYTES = 1 << 30
ROUNDS = int(os.environ.get("ARTSTORE_TEST_ROUNDS", 500 if archive.IS_LONG else 6))
CONTROL_ROUNDS_MAX = 10
# So many rounds acknowledge some change of each kind.
ROUNDS_OF_ALL_MIN = 6
WRITERS = 6
# The first change of a start is the first of an hour: one acknowledged change is a round of its own.
ACKNOWLEDGED = [1, 150, 2, 60, 1, 300, 5, 20]
HOUR = 3600
# Every sync answers with success and does nothing.
SYNCS = "fsync,fdatasync,syncfs"
WITHOUT_SYNCS = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={SYNCS}", "-e", f"inject={SYNCS}:retval=0"]


class PowerCut(unittest.TestCase):
    def test_ext4_keeps_what_was_acknowledged(self):
        """On ext4: every acknowledged change is there whole, one under way is there or not, and nothing else."""
        self.assertEqual({}, self.cut_in_rounds("ext4", ROUNDS))

    def test_xfs_keeps_what_was_acknowledged(self):
        """On XFS, which forgives less: the same."""
        self.assertEqual({}, self.cut_in_rounds("xfs", ROUNDS))

    def test_a_server_without_syncs_loses_something(self):
        """The harness sees missing syncs: the server whose syncs do nothing loses what it acknowledged."""
        for kind in images.MAKE:
            with self.subTest(kind):
                wrong = self.cut_in_rounds(kind, CONTROL_ROUNDS_MAX, under=WITHOUT_SYNCS)
                self.assertTrue(wrong, "a server without syncs lost nothing: this harness proves nothing")

    def test_a_writer_that_never_syncs_loses_something(self):
        """The cut itself is real: write and rename without a sync lose files on both file systems."""
        for kind in images.MAKE:
            with self.subTest(kind), images.Image(kind, IMAGE_BYTES) as image:
                written = {}
                for number in range(200):
                    body = os.urandom(2000)
                    staged = image.mounted / f"{number}.staged"
                    staged.write_bytes(body)
                    staged.rename(image.mounted / str(number))
                    written[number] = body
                image.cut_power()
                image.unmount()
                image.mount()
                lost = [number for number, body in written.items() if read_or_none(image.mounted / str(number)) != body]
                self.assertTrue(lost, "a writer without fsync lost nothing: this harness proves nothing")

    def cut_in_rounds(self, kind, rounds, under=()):
        """Runs the rounds; answers with how many things were lost, torn or ghosts. A control ends at the first."""
        seed = int(os.environ.get("ARTSTORE_TEST_SEED", random.SystemRandom().randrange(1 << 32)))
        wrong = Counter()
        with Rounds(kind, under) as run:
            for number in range(rounds):
                told = run.cut(seed + number)
                for what, words in told:
                    wrong[what] += 1
                    if not under:
                        print(f"  {kind}: {what}: {words}", file=sys.stderr)
                if under and wrong:
                    break
            says = ", ".join(f"{wrong[what]} {what}" for what in ("lost", "torn", "ghost"))
            name = f"{kind} without syncs" if under else kind
            print(
                f"  {name}: {number + 1} cuts, {run.recoveries} of them once more in recovery, "
                f"{run.history.count} changes acknowledged {dict(run.history.whats)}: {says}", file=sys.stderr,
            )
            if not under and rounds >= ROUNDS_OF_ALL_MIN:
                self.assertEqual(WHATS, set(run.history.whats), "every way of changing a key was acknowledged")
            if not under:
                self.assertIn("in order", run.place.command("fsck").stdout)
        return dict(wrong)


class Rounds(contextlib.ExitStack):
    """A server on an image, cut off again and again."""

    def __init__(self, kind, under):
        super().__init__()
        self.kind, self.under = kind, under
        self.recoveries = 0

    def __enter__(self):
        super().__enter__()
        self.image = self.enter_context(images.Image(self.kind, IMAGE_BYTES))
        self.place = archive.Place(self.image.mounted)
        self.clock = Clock(self.image.folder)
        self.enter_context(self.clock.signing())
        self.history = History()
        with self.start() as server:
            s3 = server.client()
            for bucket in (PLAIN, VERSIONED):
                s3.create_bucket(Bucket=bucket)
            enabled = {"Status": "Enabled"}
            s3.put_bucket_versioning(Bucket=VERSIONED, VersioningConfiguration=enabled)
            self.start_seconds = server.start_seconds
        return self

    def start(self, under=(), ready=True):
        environment = self.clock.environment()
        log = self.image.folder / "server.log"
        return archive.Server(self.place, log=log, environment=environment, under=under, ready=ready)

    def cut(self, seed):
        """One round: a start in another hour, writers, the cut, a restart, and what is wrong then."""
        chance = random.Random(seed)
        acknowledged = ACKNOWLEDGED[seed % len(ACKNOWLEDGED)]
        print(f"  {self.kind}: ARTSTORE_TEST_SEED={seed}, cut after {acknowledged}", file=sys.stderr)
        self.choose_hour(chance)
        with self.start(self.under) as server:
            writers = [Writer(server, self.history, number, chance.random()) for number in range(WRITERS)]
            if chance.random() < 0.3:
                self.move_to_the_end_of_the_hour()
            for writer in writers:
                writer.start()
            self.history.wait_for(acknowledged)
            self.history.power_fails()
            self.image.cut_power()
            server.kill()
            for writer in writers:
                writer.join()
        self.mount_again()
        try:
            if chance.random() < 0.3:
                self.cut_recovery(chance.random())
            with self.start() as server:
                return survey.wrong(self.place, server.client(), self.history)
        except AssertionError as failure:
            # A start or an answer that fails: without its syncs a server may leave anything behind.
            return [("lost", str(failure))]

    def choose_hour(self, chance):
        """Mostly a later hour, at times an earlier one or another year: order never comes from the clock."""
        hours = chance.choice([1, 1, 1, 2, 30, -1, -50, 9000, -8000])
        self.clock.set((self.clock.offset + hours * HOUR) % (40_000 * HOUR))

    def move_to_the_end_of_the_hour(self):
        now = self.clock.now()
        edge = now.replace(minute=59, second=59, microsecond=900_000)
        self.clock.set(self.clock.offset + (edge - now).total_seconds())

    def mount_again(self):
        self.image.unmount()
        self.image.mount()

    def cut_recovery(self, part):
        """Starts a server and cuts the power somewhere in its recovery."""
        self.recoveries += 1
        with self.start(ready=False) as server:
            try:
                server.process.wait(part * self.start_seconds)
            except subprocess.TimeoutExpired:
                pass
            self.image.cut_power()
        self.mount_again()


def read_or_none(path):
    try:
        return path.read_bytes()
    except OSError:
        return None


if __name__ == "__main__":
    unittest.main()
