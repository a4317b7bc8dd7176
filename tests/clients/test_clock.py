"""A clock that jumps: by hours and years, forward and back, under a running server and between starts."""

import contextlib
import datetime
import threading
import unittest

import archive
from clock import Clock

PLAIN, VERSIONED = "dated", "dated-versions"
HOUR, YEAR = 3600, 365 * 86400
# Where the clock is set, in seconds from this machine's.
JUMPS = [0, 2 * HOUR, -3 * HOUR, 40 * YEAR, -30 * YEAR, 1, -HOUR, 0]


class ClockJumps(unittest.TestCase):
    def setUp(self):
        self.place = archive.Place()
        self.addCleanup(self.place.remove)
        self.clock = Clock(self.place.folder)
        self.enterContext(self.clock.signing())

    def start(self):
        return archive.Server(self.place, environment=self.clock.environment())

    @contextlib.contextmanager
    def served(self):
        with self.start() as server:
            self.s3 = server.client()
            yield server

    def make_buckets(self):
        for bucket in (PLAIN, VERSIONED):
            self.s3.create_bucket(Bucket=bucket)
        self.s3.put_bucket_versioning(Bucket=VERSIONED, VersioningConfiguration={"Status": "Enabled"})

    def test_jumps_lose_reorder_and_expire_nothing(self):
        """Objects written before and after each jump stay, the last written is the current one, versions are listed
        in the order of their writing, an open upload stays open; over kills, starts and a lost catalog."""
        order, ids = [], []
        with self.served():
            self.make_buckets()
            named = {"Bucket": PLAIN, "Key": "in parts"}
            named["UploadId"] = self.s3.create_multipart_upload(**named)["UploadId"]
            etag = self.s3.upload_part(**named, PartNumber=1, Body=b"part")["ETag"]
        for number, jump in enumerate(JUMPS):
            self.clock.set(jump)
            with self.served() as server:
                for turn, moved in enumerate((0, HOUR, -2 * HOUR)):
                    self.clock.set(jump + moved)
                    self.write(f"{number}.{turn}", order, ids)
                self.check(order, ids)
                if number % 2:
                    server.stop()
            with self.subTest("after a start", jump=jump), self.served() as server:
                self.check(order, ids)
                server.stop()
            (self.place.data / "catalog" / "catalog.redb").unlink()
        with self.served() as server:
            self.check(order, ids)
            listed = {"Parts": [{"PartNumber": 1, "ETag": etag}]}
            self.s3.complete_multipart_upload(**named, MultipartUpload=listed)
            self.assertEqual(b"part", self.s3.get_object(Bucket=PLAIN, Key="in parts")["Body"].read())
            server.stop()
        self.assertIn("0 damaged, 0 inconsistent, 0 notes", self.place.command("fsck").stdout)
        years = {path.relative_to(self.place.element()).parts[0] for path, _ in archive.sidecars(self.place.element())}
        self.assertGreaterEqual(len(years), 3, "the server lived by the clock that was moved")

    def write(self, name, order, ids):
        """Writes a new key, overwrites one, and adds a version."""
        order.append(name)
        self.s3.put_object(Bucket=PLAIN, Key=f"new/{name}", Body=name.encode())
        self.s3.put_object(Bucket=PLAIN, Key="overwritten", Body=name.encode())
        ids.append(self.s3.put_object(Bucket=VERSIONED, Key="k", Body=name.encode())["VersionId"])

    def check(self, order, ids):
        keys = sorted([f"new/{name}" for name in order] + ["overwritten"])
        self.assertEqual(keys, list(archive.listing(self.s3, PLAIN)))
        for name in order:
            self.assertEqual(name.encode(), self.s3.get_object(Bucket=PLAIN, Key=f"new/{name}")["Body"].read())
        newest = order[-1].encode()
        self.assertEqual(newest, self.s3.get_object(Bucket=PLAIN, Key="overwritten")["Body"].read())
        self.assertEqual(newest, self.s3.get_object(Bucket=VERSIONED, Key="k")["Body"].read())
        listed = self.s3.list_object_versions(Bucket=VERSIONED, Prefix="k")["Versions"]
        self.assertEqual(ids[::-1], [version["VersionId"] for version in listed])
        self.assertEqual([True] + [False] * (len(ids) - 1), [version["IsLatest"] for version in listed])
        # One upload is open all the time.
        self.assertEqual(1, len(self.s3.list_multipart_uploads(Bucket=PLAIN).get("Uploads", [])))

    def test_puts_across_the_edge_of_an_hour(self):
        """Objects written while the hour ends lie in the folder of the hour that their sidecar tells, in both hours,
        and a kill at the edge loses none."""
        with self.served() as server:
            self.make_buckets()
            self.clock.set_to(datetime.datetime(2031, 12, 31, 23, 59, 59, 700_000, datetime.timezone.utc))
            written, crossed = [], threading.Event()
            writers = [threading.Thread(target=self.write_over_the_edge, args=(n, written, crossed)) for n in range(4)]
            for writer in writers:
                writer.start()
            for writer in writers:
                writer.join()
            server.kill()
        with self.served() as server:
            for key in written:
                self.assertEqual(key.encode(), self.s3.get_object(Bucket=PLAIN, Key=key)["Body"].read())
            server.stop()
        hours = set()
        for path, sidecar in archive.sidecars(self.place.element()):
            hour = "/".join(path.relative_to(self.place.element()).parts[:4])
            self.assertEqual(sidecar["created_at"][:13].replace("-", "/").replace("T", "/"), hour, sidecar["key"])
            self.assertTrue(sidecar["data"].startswith(f"{hour}/"))
            hours.add(hour)
        self.assertEqual({"2031/12/31/23", "2032/01/01/00"}, hours)
        self.assertIn("0 damaged, 0 inconsistent, 0 notes", self.place.command("fsck").stdout)

    def write_over_the_edge(self, writer, written, crossed):
        number = 0
        while not crossed.is_set() or number < 5:
            key = f"edge/{writer}/{number}"
            self.s3.put_object(Bucket=PLAIN, Key=key, Body=key.encode())
            written.append(key)
            number += 1
            if self.clock.now().year == 2032:
                crossed.set()


if __name__ == "__main__":
    unittest.main()
