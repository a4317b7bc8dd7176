"""Clients that change keys of their own, in every way that S3 has, until the server is gone."""

import dataclasses
import random
import threading

from history import Body, Change, Version

PLAIN, VERSIONED = "durable", "versioned"
KEYS = {PLAIN: 10, VERSIONED: 4}
VERSIONS_MAX = 4
MIB = 1 << 20
WHATS = {"put", "complete", "copy", "delete", "delete marker", "delete version", "tag"}
# On either side of 64 KiB: what rides in the log and what is staged.
SIZES = [0, 300, 300, 4096, 40_000, 65_536, 65_537, 200_000]


class Writer(threading.Thread):
    """Changes keys that are its own, one after the other: at most one of its changes is under way."""

    def __init__(self, server, history, number, seed):
        super().__init__(daemon=True)
        self.s3 = server.client()
        self.history = history
        self.number = number
        self.chance = random.Random(seed)

    def run(self):
        while True:
            place = self.choose()
            try:
                change = self.change(place)
                if not self.history.begin(place, change):
                    return
                made = change.make()
            except Exception:
                return
            self.history.acknowledge(place, made)

    def choose(self):
        """One of the writer's keys."""
        bucket = self.chance.choice([PLAIN, PLAIN, VERSIONED])
        return (bucket, f"writer-{self.number}/{self.chance.randrange(KEYS[bucket])}")

    def change(self, place):
        """Chooses a change of a key; what it needs, such as parts, is there when this returns."""
        versions = self.history.versions(place)
        if len(versions) > VERSIONS_MAX:
            return self.delete_version(place, versions)
        ways = [self.put] * 6 + [self.delete] * 2 + [self.complete, self.copy]
        if self.object_at(place):
            ways += [self.tag, self.tag]
        if versions and place[0] == VERSIONED:
            ways += [self.delete_version, self.tag_version]
        return self.chance.choice(ways)(place, versions)

    def put(self, place, versions):
        bucket, key = place
        data = self.chance.randbytes(self.chance.choice(SIZES))
        make = lambda: self.s3.put_object(Bucket=bucket, Key=key, Body=data).get("VersionId", "null")
        return Change("put", self.with_new(place, versions, Version(None, Body.of(data))), make)

    def complete(self, place, versions):
        """Completes an upload; the upload itself and its parts are made first."""
        bucket, key = place
        sizes = [5 * MIB, 1000] if self.chance.random() < 0.1 else [self.chance.choice([1000, 100_000])]
        parts = [self.chance.randbytes(size) for size in sizes]
        named = {"Bucket": bucket, "Key": key}
        named["UploadId"] = self.s3.create_multipart_upload(**named)["UploadId"]
        etags = [self.s3.upload_part(**named, PartNumber=n, Body=part)["ETag"] for n, part in enumerate(parts, 1)]
        listed = {"Parts": [{"PartNumber": n, "ETag": etag} for n, etag in enumerate(etags, 1)]}
        repeat = lambda s3: s3.complete_multipart_upload(**named, MultipartUpload=listed).get("VersionId", "null")
        body = Body.of(b"".join(parts), parts)
        after = self.with_new(place, versions, Version(None, body))
        return Change("complete", after, lambda: repeat(self.s3), repeat)

    def copy(self, place, versions):
        """Copies the object of another key, with its tags; the ETag is the MD5 of the bytes again."""
        bucket, key = place
        others = [(bucket, f"writer-{self.number}/{n}") for n in range(KEYS[bucket])]
        others = [other for other in others if other != place and self.object_at(other)]
        if not others:
            return self.put(place, versions)
        other = self.chance.choice(others)
        source = self.object_at(other)
        body = dataclasses.replace(source.body, etag=source.body.md5)
        named = {"Bucket": bucket, "Key": key, "CopySource": {"Bucket": bucket, "Key": other[1]}}
        make = lambda: self.s3.copy_object(**named).get("VersionId", "null")
        return Change("copy", self.with_new(place, versions, Version(None, body, source.tags)), make)

    def object_at(self, place):
        versions = self.history.versions(place)
        return versions[0] if versions and versions[0].body else None

    def delete(self, place, versions):
        bucket, key = place
        make = lambda: self.s3.delete_object(Bucket=bucket, Key=key).get("VersionId", "null")
        if bucket == PLAIN:
            return Change("delete", (), make)
        return Change("delete marker", self.with_new(place, versions, Version(None, None)), make)

    def delete_version(self, place, versions):
        """Deletes a version for good: the oldest where there are many."""
        bucket, key = place
        at = len(versions) - 1 if len(versions) > VERSIONS_MAX else self.chance.randrange(len(versions))
        named = {"Bucket": bucket, "Key": key, "VersionId": versions[at].id}
        make = lambda: self.s3.delete_object(**named)["VersionId"]
        return Change("delete version", versions[:at] + versions[at + 1 :], make)

    def tag(self, place, versions):
        return self.tag_nth(place, versions, 0, {})

    def tag_version(self, place, versions):
        objects = [at for at, version in enumerate(versions) if version.body]
        if not objects:
            return self.put(place, versions)
        at = self.chance.choice(objects)
        return self.tag_nth(place, versions, at, {"VersionId": versions[at].id})

    def tag_nth(self, place, versions, at, named):
        bucket, key = place
        tags = (("mark", f"{self.chance.randrange(1 << 32):x}"),)
        tagging = {"TagSet": [{"Key": name, "Value": value} for name, value in tags]}
        make = lambda: self.s3.put_object_tagging(Bucket=bucket, Key=key, Tagging=tagging, **named).get("VersionId")
        after = versions[:at] + (dataclasses.replace(versions[at], tags=tags),) + versions[at + 1 :]
        return Change("tag", after, make)

    def with_new(self, place, versions, version):
        return (version, *versions) if place[0] == VERSIONED else (version,)
