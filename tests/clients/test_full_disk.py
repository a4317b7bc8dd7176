"""A full disk refuses writes in S3's words and goes on answering: by its own objects, by a stranger's file, without
inodes, and over a kill."""

import os
import random
import threading
import unittest

import archive
import images
import wire
from archive import MIB

BUCKET = "tight"
# mkfs.xfs makes none smaller.
SMALLEST = {"ext4": 100 * MIB, "xfs": 300 * MIB}
SIZES = [0, 100, 3000, 40_000, 70_000, 300_000, 3 * MIB]
WRITERS = 4
REFUSALS = 25
# Enough for 64 objects and the server's own files beside what it keeps free.
INODES = 256


class FullDisk(unittest.TestCase):
    def test_a_disk_that_its_objects_fill_refuses_and_recovers(self):
        """Filled by PUTs of all sizes at once, on ext4 and XFS: 507 and nothing stored; reads, listings and deletes
        go on; after a kill and a start too; after deletes there is room again, without a restart."""
        for kind, size in SMALLEST.items():
            with self.subTest(kind), images.Image(kind, size) as image:
                place = archive.Place(image.mounted)
                with start(place) as server:
                    s3 = self.begin(server)
                    stored = self.fill(server)
                    self.assertGreater(len(stored), 40)
                    self.check(server, stored)
                    server.kill()
                with start(place) as server:
                    self.check(server, stored)
                    # A start may free what the file system had set aside.
                    stored |= self.fill(server, again="again/")
                    self.refused(server, 3 * MIB)
                    self.check(server, stored)
                    s3 = server.client()
                    self.delete_half(s3, stored)
                    self.put_again(s3, stored)
                    self.end(server, stored)

    def test_a_disk_that_a_stranger_fills_refuses_and_recovers(self):
        """Another program takes the last byte: every PUT is 507, reads and deletes go on; with the stranger gone there
        is room again, without a restart. A start after a kill that finds no room at all says so and loses nothing."""
        for kind, size in SMALLEST.items():
            with self.subTest(kind), images.Image(kind, size) as image:
                self.strange(image, lambda: take_all_bytes(image.mounted / "stranger"))

    def test_a_disk_without_inodes_refuses_and_recovers(self):
        """Inodes run out, by objects, over a kill, and then by a stranger: the same."""
        with images.Image("ext4", SMALLEST["ext4"], "-N", str(INODES)) as image:
            place = archive.Place(image.mounted / "first")
            place.folder.mkdir()
            with start(place) as server:
                self.begin(server)
                stored = self.fill(server, [100, 70_000])
                self.check(server, stored)
                server.kill()
            with start(server.place) as server:
                self.check(server, stored)
                self.refused(server, 100)
                self.delete_half(server.client(), stored)
                self.put_again(server.client(), stored)
                self.end(server, stored)
            server.place.remove()
            (image.mounted / "strangers").mkdir()
            self.strange(image, lambda: take_all_inodes(image.mounted / "strangers"), [100])

    def strange(self, image, take, sizes=SIZES):
        place = archive.Place(image.mounted)
        with start(place) as server:
            s3 = self.begin(server)
            stored = self.fill(server, sizes)
            held = take()
            self.check(server, stored)
            for size in (0, 100, 70_000):
                self.refused(server, size)
            self.delete_half(s3, stored)
            held += take()
            self.refused(server, 100)
            self.check(server, stored)
            self.give_back(held)
            self.put_again(s3, stored)
            self.check(server, stored)
            held = take()
            self.refused(server, 100)
            server.kill()
        # What the log holds is brought about anew, and that needs room: without any the start says so.
        with self.assertRaisesRegex(archive.NotReady, "the disk is full(.|\n)*make room on the disk and start again"):
            start(place)
        self.give_back(held)
        with start(place) as server:
            self.check(server, stored)
            self.put_again(server.client(), stored)
            self.end(server, stored)

    def give_back(self, held):
        for path in held:
            path.unlink(missing_ok=True)

    def begin(self, server):
        s3 = server.client()
        s3.create_bucket(Bucket=BUCKET)
        return s3

    def fill(self, server, sizes=SIZES, again=""):
        """Puts objects from several clients until each is refused often; answers with what was stored, by key."""
        stored, refusals = {}, []
        writers = [Filler(server, f"{again}{number}", sizes, stored, refusals) for number in range(WRITERS)]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        self.assertEqual({(507, "InsufficientStorage")}, set(refusals))
        return stored

    def refused(self, server, size):
        """A PUT that has no room is 507, and its client goes on; without a body, on the same connection."""
        s3, path = server.client(), archive.path_of(BUCKET, "refused")
        with self.assertRaises(s3.exceptions.ClientError) as raised:
            s3.put_object(Bucket=BUCKET, Key="refused", Body=bytes(size))
        self.assertEqual((507, "InsufficientStorage"), status_and_code(raised.exception.response), size)
        with self.assertRaises(s3.exceptions.NoSuchKey):
            s3.get_object(Bucket=BUCKET, Key="refused")
        with wire.Connection(server) as connection:
            connection.send_head("PUT", path, wire.signed(server, "PUT", path) | {"Content-Length": 0})
            answer = connection.answer("PUT")
            self.assertEqual((507, "InsufficientStorage"), (answer.status, answer.code))
            connection.send_head("GET", path, wire.signed(server, "GET", path))
            self.assertEqual(404, connection.answer().status)

    def check(self, server, stored):
        """Everything stored is listed and readable, and refused bodies left nothing."""
        s3 = server.client()
        self.assertGreater(len(stored), 10)
        self.assertEqual(sorted(stored), sorted(archive.listing(s3, BUCKET)))
        for key in stored:
            self.assertEqual(stored[key], s3.get_object(Bucket=BUCKET, Key=key)["Body"].read(), key)
        staging = list((server.place.element() / ".artstore" / "staging").iterdir())
        self.assertEqual([], staging, "a refused body leaves nothing")

    def delete_half(self, s3, stored):
        for key in sorted(stored)[::2]:
            s3.delete_object(Bucket=BUCKET, Key=key)
            del stored[key]

    def put_again(self, s3, stored):
        for number in range(4):
            key = f"room-again/{number}"
            stored[key] = os.urandom(200_000)
            s3.put_object(Bucket=BUCKET, Key=key, Body=stored[key])

    def end(self, server, stored):
        self.check(server, stored)
        server.stop()
        self.assertIn("0 damaged, 0 inconsistent, 0 notes", server.place.command("fsck").stdout)
        with start(server.place) as again:
            self.check(again, stored)


def start(place):
    """A server whose own messages do not need room on the disk."""
    outside = next(folder for folder in place.folder.parents if folder.stat().st_dev != place.folder.stat().st_dev)
    return archive.Server(place, log=outside / "server.log")


class Filler(threading.Thread):
    """Puts objects of all sizes until it was refused often."""

    def __init__(self, server, number, sizes, stored, refusals):
        super().__init__(daemon=True)
        self.s3 = server.client()
        self.number = number
        self.chance = random.Random(number)
        self.sizes, self.stored, self.refusals = sizes, stored, refusals

    def run(self):
        refused, number = 0, 0
        while refused < REFUSALS:
            number += 1
            key = f"filler-{self.number}/{number:04}"
            body = self.chance.randbytes(self.chance.choice(self.sizes))
            try:
                self.s3.put_object(Bucket=BUCKET, Key=key, Body=body)
                self.stored[key] = body
            except self.s3.exceptions.ClientError as error:
                refused += 1
                self.refusals.append(status_and_code(error.response))
            except Exception as failure:
                self.refusals.append(repr(failure))
                return


def status_and_code(response):
    return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"]


def take_all_bytes(path):
    """Writes a file until nothing more fits, in ever smaller pieces."""
    with open(path, "ab", buffering=0) as file:
        for size in (MIB, 4096, 1):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                pass
        os.fsync(file.fileno())
    return [path]


def take_all_inodes(folder):
    """Makes empty files until there is no inode."""
    made = []
    try:
        while True:
            path = folder / f"{len(list(folder.iterdir())):05}"
            path.touch(exist_ok=False)
            made.append(path)
    except OSError:
        return made


if __name__ == "__main__":
    unittest.main()
