"""A full disk refuses writes in S3's words and goes on answering."""

import unittest

import archive
import images
from archive import MIB

BUCKET = "tight"
IMAGE_BYTES = 768 * MIB


class FullDisk(unittest.TestCase):
    def test_a_full_disk_refuses_and_recovers(self):
        """On a full file system a PUT is 507 and stores nothing; reads, listings and deletes go on; after a
        delete there is room again, without a restart."""
        with images.Image("ext4", IMAGE_BYTES) as image, archive.Server(archive.Place(image.mounted)) as server:
            s3 = server.client()
            s3.create_bucket(Bucket=BUCKET)
            s3.put_object(Bucket=BUCKET, Key="first", Body=b"kept")
            stored, refusal = self.fill(s3)
            self.assertEqual(507, refusal["ResponseMetadata"]["HTTPStatusCode"], refusal)
            self.assertEqual("InsufficientStorage", refusal["Error"]["Code"])
            self.assertEqual(sorted(["first", *stored]), sorted(archive.listing(s3, BUCKET)))
            staging = list((server.place.element() / ".artstore" / "staging").glob("*"))
            self.assertEqual([], staging, "a refused body leaves nothing")
            self.assertEqual(b"kept", s3.get_object(Bucket=BUCKET, Key="first")["Body"].read())
            for key in stored[: len(stored) // 2]:
                s3.delete_object(Bucket=BUCKET, Key=key)
            s3.put_object(Bucket=BUCKET, Key="room-again", Body=bytes(8 * MIB))
            server.stop()
            with archive.Server(server.place) as again:
                kept = ["first", "room-again", *stored[len(stored) // 2 :]]
                self.assertEqual(sorted(kept), sorted(archive.listing(again.client(), BUCKET)))

    def fill(self, s3):
        stored = []
        for size in [32 * MIB, MIB]:
            refusal = None
            while not refusal:
                key = f"filler/{len(stored):05}"
                try:
                    s3.put_object(Bucket=BUCKET, Key=key, Body=bytes(size))
                    stored.append(key)
                except s3.exceptions.ClientError as error:
                    refusal = error.response
                self.assertLess(len(stored), 2000, "the image never fills")
        return stored, refusal


if __name__ == "__main__":
    unittest.main()
