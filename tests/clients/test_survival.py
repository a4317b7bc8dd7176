"""Processes killed, catalogs lost, elements moved away: what was acknowledged is still told truthfully."""

import hashlib
import json
import shutil
import signal
import subprocess
import threading
import unittest
import uuid

import archive
import images

BUCKET = "lasting"
OBJECTS = 100_000
START_SECONDS_MAX = 2.0


class Survival(archive.ArchiveTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.s3.create_bucket(Bucket=BUCKET)

    def test_sigkill_in_the_middle_of_writing_loses_nothing_acknowledged(self):
        """Writers, overwriters and deleters run; the process is killed; what was answered holds, whole."""
        for round_number in range(5 if archive.IS_LONG else 3):
            writers = [Writer(self.server, f"kill/{round_number}/{number}/", number) for number in range(4)]
            for writer in writers:
                writer.start()
            enough = 40 + 60 * round_number
            while sum(writer.acknowledged for writer in writers) < enough:
                writers[0].progress.wait(10)
                writers[0].progress.clear()
            self.restart("kill")
            for writer in writers:
                writer.join()
                writer.check(self)

    def test_what_is_on_disk_after_a_kill_is_whole(self):
        """After recovery each sidecar has its whole data file, and nothing lies half-written among them."""
        writer = Writer(self.server, "whole/", 7)
        writer.start()
        writer.progress.wait(10)
        self.restart("kill")
        writer.join()
        data_files = set()
        for path, sidecar in archive.all_sidecars(self.place):
            data = path.with_name(path.name.removesuffix(".attr.json"))
            self.assertEqual((sidecar["size"], sidecar["sha256"]), (data.stat().st_size, archive.sha256_of(data)))
            data_files.add(data)
        hours = [path for path in self.place.element().rglob("*") if path.is_file() and is_in_hour(self.place, path)]
        strays = {path for path in hours if not path.name.endswith(".json") or ".attr." not in path.name} - data_files
        self.assertEqual(set(), strays)

    def test_deletes_last(self):
        """A deleted key stays deleted through a kill and without a catalog, and its files are gone."""
        for number in range(20):
            self.s3.put_object(Bucket=BUCKET, Key=f"gone/{number}", Body=b"x" * 5000)
        self.s3.delete_object(Bucket=BUCKET, Key="gone/0")
        quiet = self.s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": f"gone/{n}"} for n in range(1, 20)]})
        self.assertEqual(19, len(quiet["Deleted"]))
        self.restart("kill", lambda: shutil.rmtree(self.place.data / "catalog"))
        self.stored_nothing(BUCKET, "gone/")
        self.assertEqual([], [path for path in self.place.element().glob("20*/**/*") if path.name.startswith("gone_")])
        with self.refused("NoSuchKey", 404):
            self.s3.get_object(Bucket=BUCKET, Key="gone/3")

    def test_a_bucket_is_deleted_only_when_empty(self):
        """A bucket with objects is refused deletion with BucketNotEmpty; an empty one goes, for good."""
        self.s3.create_bucket(Bucket="short-lived")
        self.s3.put_object(Bucket="short-lived", Key="k", Body=b"v")
        with self.refused("BucketNotEmpty", 409):
            self.s3.delete_bucket(Bucket="short-lived")
        self.s3.delete_object(Bucket="short-lived", Key="k")
        self.s3.delete_bucket(Bucket="short-lived")
        self.restart("kill", lambda: shutil.rmtree(self.place.data / "catalog"))
        self.assertNotIn("short-lived", [bucket["Name"] for bucket in self.s3.list_buckets()["Buckets"]])


class KilledCheck(archive.ArchiveTest):
    def test_a_check_that_is_killed_changes_nothing(self):
        """`artstore fsck` killed at any moment leaves every file as it was and nobody's lock; run again it finds
        the archive in order, and the server starts."""
        self.s3.create_bucket(Bucket=BUCKET)
        for number in range(12):
            self.s3.put_object(Bucket=BUCKET, Key=f"check/{number}", Body=bytes([number]) * (4 * archive.MIB))
        # What the next start has to do is there to be seen by the check as well.
        self.server.kill()
        before = self.everything()
        killed = 0
        for seconds in [0.001, 0.005, 0.01, 0.02, 0.05, 0.1]:
            command = [archive.binary(), "fsck", "--data", self.place.data]
            check = subprocess.Popen(command, env=self.place.environment(), stdout=subprocess.DEVNULL)
            try:
                check.wait(seconds)
            except subprocess.TimeoutExpired:
                check.kill()
            killed += check.wait() == -signal.SIGKILL
            self.assertEqual(before, self.everything())
        self.assertGreater(killed, 2, "the check ended before it was killed")
        self.assertIn("0 damaged, 0 inconsistent", self.place.command("fsck").stdout)
        self.restart("kill")
        self.assertEqual(12, len(archive.listing(self.s3, BUCKET)))

    def everything(self):
        files = sorted(path for path in self.place.data.rglob("*") if path.is_file() and path.name != "lock")
        return {path: (path.stat().st_mtime_ns, archive.sha256_of(path)) for path in files}


class AbsentElement(archive.ArchiveTest):
    def test_the_keys_of_an_absent_element_are_unavailable_not_absent(self):
        """An element that is away at start: its keys answer 503, a listing is not silently shorter, and both
        come back with it."""
        self.s3.create_bucket(Bucket=BUCKET)
        self.s3.put_object(Bucket=BUCKET, Key="here", Body=b"edit")
        self.s3.put_object(Bucket=BUCKET, Key="away", Body=b"rw", StorageClass="STANDARD_IA")
        before = archive.listing(self.s3, BUCKET)
        self.assertEqual({"here", "away"}, set(before))
        root, aside = self.place.element("rw-01"), self.place.folder / "aside"
        for catalog in ["kept", "lost"]:
            with self.subTest(catalog=catalog):
                self.restart(between=lambda: self.move_away(root, aside, catalog))
                for call in (self.s3.get_object, self.s3.head_object):
                    with self.assertRaises(self.s3.exceptions.ClientError) as raised:
                        call(Bucket=BUCKET, Key="away")
                    self.assertEqual(503, raised.exception.response["ResponseMetadata"]["HTTPStatusCode"])
                self.assert_listing_is_not_shorter(before)
                with self.assertRaises(self.s3.exceptions.ClientError):
                    self.s3.put_object(Bucket=BUCKET, Key="away", Body=b"other")
                self.assertFalse(root.exists(), "an absent element is not made anew")
                self.restart(between=lambda: shutil.move(aside, root))
                self.assertEqual(before, archive.listing(self.s3, BUCKET))
                self.assertEqual(b"rw", self.s3.get_object(Bucket=BUCKET, Key="away")["Body"].read())

    def move_away(self, root, aside, catalog):
        shutil.move(root, aside)
        if catalog == "lost":
            shutil.rmtree(self.place.data / "catalog")

    def assert_listing_is_not_shorter(self, before):
        try:
            found = archive.listing(self.s3, BUCKET)
        except self.s3.exceptions.ClientError as error:
            self.assertEqual(503, error.response["ResponseMetadata"]["HTTPStatusCode"])
        else:
            self.assertEqual(set(before), set(found))


class ManyObjects(unittest.TestCase):
    def test_a_start_after_sigkill_is_quick_among_many_objects(self):
        """With 100,000 objects a start after SIGKILL takes under two seconds, and they are all there; without
        the catalog it takes longer and finds the same."""
        # A fresh file system: making many files where many were removed takes ext4 ten times as long,
        # and unmounting is quicker than removing them one by one.
        with images.Image("xfs", 4096 * archive.MIB) as image:
            place = archive.Place(image.mounted)
            with archive.Server(place) as server:
                server.client().create_bucket(Bucket=BUCKET)
                server.client().put_object(Bucket=BUCKET, Key="seed", Body=b"document")
                server.stop()
            multiply(place.element(), OBJECTS)
            shutil.rmtree(place.data / "catalog")
            with archive.Server(place) as server:
                rebuild_seconds = server.start_seconds
                server.client().put_object(Bucket=BUCKET, Key="last", Body=b"before the kill")
                server.kill()
            with archive.Server(place) as server:
                print(f"\n  {OBJECTS} objects: start {server.start_seconds:.2f} s, with rebuild {rebuild_seconds:.2f} s")
                self.assertLess(server.start_seconds, START_SECONDS_MAX)
                self.assertEqual(OBJECTS + 2, len(archive.listing(server.client(), BUCKET)))
                answer = server.client().get_object(Bucket=BUCKET, Key="copy/000042")
                self.assertEqual(b"document", answer["Body"].read())


class Writer(threading.Thread):
    """Puts, overwrites and deletes keys of its own until the server is gone, and remembers every answer."""

    def __init__(self, server, prefix, seed):
        super().__init__(daemon=True)
        self.s3 = server.client()
        self.prefix = prefix
        self.seed = seed
        self.progress = threading.Event()
        self.acknowledged = 0
        self.settled = {}
        self.in_flight = None

    def run(self):
        for turn in range(100_000):
            key = f"{self.prefix}{turn % 17 if turn % 3 else turn}"
            body = None if turn % 7 == 6 else body_of(key, turn, self.seed)
            self.in_flight = (key, body)
            try:
                if body is None:
                    self.s3.delete_object(Bucket=BUCKET, Key=key)
                else:
                    self.s3.put_object(Bucket=BUCKET, Key=key, Body=body)
            except Exception:
                return
            self.settled[key] = body
            self.in_flight = None
            self.acknowledged += 1
            self.progress.set()

    def check(self, test):
        """Each key holds what was last acknowledged, or what was under way when the process died."""
        for key, body in self.settled.items():
            allowed = [digest(body)]
            if self.in_flight and self.in_flight[0] == key:
                allowed.append(digest(self.in_flight[1]))
            test.assertIn(digest(self.read(test, key)), allowed, key)

    def read(self, test, key):
        try:
            return test.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
        except test.s3.exceptions.NoSuchKey:
            return None


def multiply(element, count):
    """Writes `count` copies of the element's one object, each with a key and a file of its own."""
    [(path, model)] = archive.sidecars(element)
    body = path.with_name(path.name.removesuffix(".attr.json")).read_bytes()
    del model["checksum"]
    for number in range(24):
        (element / "2025/01/02" / f"{number:02}").mkdir(parents=True)
    # The text of one sidecar with marks in it: a JSON encoder for each would take most of the test's time.
    text = archive.canonical(model | {"id": "@id", "key": "@key", "seq": "@seq", "placement_seq": "@seq", "data": "@data"})
    for number in range(count):
        data = f"2025/01/02/{number * 24 // count:02}/copy_{number:06}_20250102T000000_{number:08x}.txt"
        seq = str(model["seq"] + number + 1)
        filled = text.replace('"@seq"', seq).replace("@key", f"copy/{number:06}").replace("@data", data)
        filled = filled.replace("@id", str(uuid.UUID(int=number + 1)))
        checksum = hashlib.sha256(filled.encode()).hexdigest()
        (element / data).write_bytes(body)
        (element / f"{data}.attr.json").write_text(f'{filled[:-1]},"checksum":"{checksum}"}}', encoding="utf-8")


def body_of(key, turn, seed):
    """Small bodies ride in the log, larger ones are staged: both sizes occur."""
    size = [100, 4096, 70_000, 300_000][(turn + seed) % 4]
    return (json.dumps([key, turn]).encode() * (size // 20 + 1))[:size]


def digest(body):
    return None if body is None else hashlib.sha256(body).hexdigest()


def is_in_hour(place, path):
    return archive.HOUR_FOLDER.fullmatch(str(path.parent.relative_to(place.element()))) is not None


if __name__ == "__main__":
    unittest.main()
