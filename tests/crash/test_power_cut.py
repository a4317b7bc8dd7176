"""Power cuts: what was acknowledged an instant before is there afterwards, on ext4 and on XFS.

A file system image is mounted through a loop device, the server runs on it under concurrent writers,
and an ioctl stops every further byte, the journal's included, from reaching the image. The process is
killed, the image is mounted again, and a new server must give back what was acknowledged. A writer
that never syncs runs through the same harness and must lose something: otherwise the harness shows
nothing, and fails. What was acknowledged is remembered outside the image, in this process.
"""

import contextlib
import hashlib
import os
import random
import sys
import threading
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "clients"))

import archive
import images

BUCKET = "durable"
IMAGE_BYTES = 1 << 30
ROUNDS = 40 if archive.IS_LONG else 6
WRITERS = 6
ACKNOWLEDGED_MIN = 60
PROGRESS_SECONDS_MAX = 60


class PowerCut(unittest.TestCase):
    def test_ext4_keeps_what_was_acknowledged(self):
        """On ext4: every acknowledged PUT is there whole, every acknowledged DELETE holds, nothing is half."""
        self.cut_in_rounds("ext4")

    def test_xfs_keeps_what_was_acknowledged(self):
        """On XFS, which forgives less: the same."""
        self.cut_in_rounds("xfs")

    def test_a_writer_that_never_syncs_loses_something(self):
        """The harness sees a missing fsync: write and rename without one lose files on both file systems."""
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

    def cut_in_rounds(self, kind):
        seed = int(os.environ.get("ARTSTORE_TEST_SEED", random.SystemRandom().randrange(1 << 32)))
        print(f"\n  {kind}: ARTSTORE_TEST_SEED={seed}", file=sys.stderr)
        chance = random.Random(seed)
        with images.Image(kind, IMAGE_BYTES) as image, contextlib.ExitStack() as servers:
            place = archive.Place(image.mounted)
            history = History()

            def start():
                server = archive.Server(place, log=image.folder / "server.log")
                servers.callback(server.kill)
                return server

            server = start()
            server.client().create_bucket(Bucket=BUCKET)
            for round_number in range(ROUNDS):
                writers = [Writer(server, history, number, chance.random()) for number in range(WRITERS)]
                for writer in writers:
                    writer.start()
                history.wait_for(ACKNOWLEDGED_MIN + chance.randrange(400))
                image.cut_power()
                server.kill()
                for writer in writers:
                    writer.join()
                image.unmount()
                image.mount()
                server = start()
                with self.subTest(kind=kind, round=round_number, seed=seed):
                    self.check(server, history)
            print(f"  {kind}: {history.count} changes acknowledged in {ROUNDS} rounds", file=sys.stderr)

    def check(self, server, history):
        s3 = server.client()
        listed = archive.listing(s3, BUCKET)
        for key in sorted(history.keys()):
            held = read_object(s3, key)
            allowed = history.allowed(key)
            self.assertIn(digest(held), allowed, f"{key}: {'absent' if held is None else len(held)} of {history.told(key)}")
            self.assertEqual(held is not None, key in listed, key)
            history.settle(key, held)
        self.assertEqual(set(), set(listed) - history.keys())
        pairs = {}
        for path, sidecar in archive.all_sidecars(server.place):
            data = path.with_name(path.name.removesuffix(".attr.json"))
            self.assertEqual(sidecar["sha256"], archive.sha256_of(data), path)
            pairs.setdefault(sidecar["key"], []).append(path)
        self.assertEqual({}, {key: paths for key, paths in pairs.items() if len(paths) > 1}, "superseded pairs stay")
        self.assertEqual(set(listed), set(pairs))


class History:
    """What was acknowledged of each key, and what was under way when the power went."""

    def __init__(self):
        self.lock = threading.Condition()
        self.count = 0
        self.last = {}
        self.under_way = {}

    def begin(self, key, body):
        with self.lock:
            self.under_way[key] = body

    def acknowledge(self, key, body):
        with self.lock:
            self.last[key] = body
            del self.under_way[key]
            self.count += 1
            self.lock.notify_all()

    def wait_for(self, more):
        with self.lock:
            enough = self.count + more
            while self.count < enough:
                before = self.count
                self.lock.wait(PROGRESS_SECONDS_MAX)
                if self.count == before:
                    raise AssertionError("the writers do not get on")

    def keys(self):
        return set(self.last) | set(self.under_way)

    def allowed(self, key):
        allowed = {digest(self.last.get(key))}
        if key in self.under_way:
            allowed.add(digest(self.under_way[key]))
        return allowed

    def told(self, key):
        last = self.last.get(key)
        state = "under way" if key in self.under_way else "settled"
        return f"{'absent' if last is None else len(last)} bytes acknowledged, {state}"

    def settle(self, key, held):
        """What was found after a cut is what must be there from now on."""
        self.last[key] = held
        self.under_way.pop(key, None)


class Writer(threading.Thread):
    """Puts, overwrites and deletes keys of its own until the server is gone."""

    def __init__(self, server, history, number, seed):
        super().__init__(daemon=True)
        self.s3 = server.client()
        self.history = history
        self.number = number
        self.chance = random.Random(seed)

    def run(self):
        while True:
            key = f"writer-{self.number}/{self.chance.randrange(40)}"
            is_delete = self.chance.random() < 0.2
            body = None if is_delete else self.chance.randbytes(self.chance.choice([0, 300, 4096, 40_000, 200_000]))
            self.history.begin(key, body)
            try:
                if is_delete:
                    self.s3.delete_object(Bucket=BUCKET, Key=key)
                else:
                    self.s3.put_object(Bucket=BUCKET, Key=key, Body=body)
            except Exception:
                return
            self.history.acknowledge(key, body)


def read_object(s3, key):
    try:
        return s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
    except s3.exceptions.NoSuchKey:
        return None


def read_or_none(path):
    try:
        return path.read_bytes()
    except OSError:
        return None


def digest(body):
    return None if body is None else hashlib.sha256(body).hexdigest()


if __name__ == "__main__":
    unittest.main()
