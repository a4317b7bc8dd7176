"""Bit rot: bits of an archive's files change by themselves. The scrub names every wounded file, and nothing that
is wounded is served as good."""

import http.client
import json
import os
import random
import subprocess
import time
import unittest
from pathlib import Path

import archive

SEED = int(os.environ.get("ARTSTORE_TEST_SEED", "20261124"))
WOUNDS = 1000 if archive.IS_LONG else 100
CATALOG_WOUNDS = 60 if archive.IS_LONG else 8
BLOCK = 65536
PASS_SECONDS_MAX = 600
SIZES = [1, 17, 900, 4095, 4096, 20_000, BLOCK - 1, BLOCK, BLOCK + 1, 200_000]
LARGE = [2_300_000, 3 * archive.MIB + 5]
SEGMENT_MAGIC, FRAME_MAGIC = b"ARTLOG01", b"ASF1"


def body_of(seed, size):
    return random.Random(f"{SEED} {seed}").randbytes(size)


class Stored:
    """What the archive was given: every version with its bytes, and what a listing has to say of it."""

    def __init__(self, server):
        self.server, self.s3 = server, server.client()
        self.versions = {}
        self.markers = set()

    def put(self, bucket, key, size, **more):
        body = body_of(key, size)
        answer = self.s3.put_object(Bucket=bucket, Key=key, Body=body, **more)
        self.add(bucket, key, answer, body)

    def add(self, bucket, key, answer, body):
        self.versions[bucket, key, answer.get("VersionId", "null")] = (body, answer["ETag"])

    def fill(self, count):
        """Objects of many sizes, some in parts, with tags, long metadata, versions, markers, final ones."""
        for bucket in ("docs", "versions"):
            self.s3.create_bucket(Bucket=bucket)
        self.s3.put_bucket_versioning(Bucket="versions", VersioningConfiguration={"Status": "Enabled"})
        for number in range(count):
            size = LARGE[number % 2] if number % 20 == 19 else SIZES[number % len(SIZES)]
            more = {}
            if number % 7 == 3:
                more["Metadata"] = {"note": "n" * 1900, "more": "m" * 100}
                more["Tagging"] = "&".join(f"tag{at}={'v' * 200}" for at in range(9))
            if number % 11 == 5:
                more["StorageClass"] = "STANDARD_IA"
            bucket = "versions" if number % 5 == 2 and "StorageClass" not in more else "docs"
            self.put(bucket, f"folder {number % 13}/файл-{number:05}.bin", size, **more)
        for number in range(count // 20):
            key = f"again/{number}"
            for round_ in range(2):
                body = body_of(f"{key} {round_}", 3000 + round_)
                answer = self.s3.put_object(Bucket="versions", Key=key, Body=body)
                self.add("versions", key, answer, body)
            if number % 2:
                marker = self.s3.delete_object(Bucket="versions", Key=key)
                self.markers.add((key, marker["VersionId"]))
        self.put_in_parts("docs", "parts/large", [5 * archive.MIB, 700_001])
        return self

    def put_in_parts(self, bucket, key, sizes):
        name = {"Bucket": bucket, "Key": key}
        upload = self.s3.create_multipart_upload(**name)["UploadId"]
        whole, parts = b"", []
        for number, size in enumerate(sizes, 1):
            body = body_of(f"{key} {number}", size)
            answer = self.s3.upload_part(**name, UploadId=upload, PartNumber=number, Body=body)
            parts.append({"PartNumber": number, "ETag": answer["ETag"]})
            whole += body
        done = self.s3.complete_multipart_upload(**name, UploadId=upload, MultipartUpload={"Parts": parts})
        self.add(bucket, key, done, whole)

    def listed(self):
        """What the listings of all versions show; `None` where they are refused."""
        found, markers = {}, set()
        try:
            for bucket in ("docs", "versions"):
                for page in self.s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
                    for entry in page.get("Versions", []):
                        found[bucket, entry["Key"], entry["VersionId"]] = (entry["Size"], entry["ETag"])
                    markers |= {(entry["Key"], entry["VersionId"]) for entry in page.get("DeleteMarkers", [])}
        except self.s3.exceptions.ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] < 500:
                raise
            return None
        return found, markers

    def expected(self):
        return {name: (len(body), etag) for name, (body, etag) in self.versions.items()}, self.markers

    def get(self, name, range_=None, method="GET"):
        """The status and body of a version, or of a range of it; `None` where the answer breaks off."""
        bucket, key, version = name
        headers = {"Range": f"bytes={range_[0]}-{range_[1] - 1}"} if range_ else {}
        path = archive.path_of(bucket, key) + ("" if version == "null" else f"?versionId={version}")
        try:
            answer = self.server.request(method, path, headers=headers)
        except (http.client.HTTPException, OSError):
            return None
        return answer.status, answer.body


def scrub(place, server):
    """Runs a whole pass and answers with what it found."""
    started = json.loads(place.command("scrub", "status", "--json").stdout)
    place.command("scrub", "start", "--rate", "none")
    deadline = time.monotonic() + PASS_SECONDS_MAX
    while time.monotonic() < deadline:
        status = json.loads(place.command("scrub", "status", "--json").stdout)
        if not status["running"] and status["last"] and status["last"] != started["last"]:
            return status["last"]
        try:
            server.process.wait(0.1)
        except subprocess.TimeoutExpired:
            continue
        break
    raise AssertionError(f"the pass did not end: {status}\n{server.said()}")


def flip(path, at, bit):
    with open(path, "r+b") as file:
        file.seek(at)
        byte = file.read(1)[0]
        file.seek(at)
        file.write(bytes([byte ^ 1 << bit]))


class Wound:
    """One bit of one file."""

    def __init__(self, rng, path, end=None):
        self.path = Path(path)
        self.at = rng.randrange(end or self.path.stat().st_size)
        self.bit = rng.randrange(8)

    def make(self):
        flip(self.path, self.at, self.bit)

    def __repr__(self):
        return f"byte {self.at}, bit {self.bit} of {self.path} (seed {SEED})"


class ThousandWounds(unittest.TestCase):
    """Wounds in everything but the catalog."""

    @classmethod
    def setUpClass(cls):
        cls.place = archive.Place()
        cls.addClassCleanup(cls.place.remove)
        cls.server = archive.Server(cls.place)
        cls.addClassCleanup(cls.server.kill)
        cls.stored = Stored(cls.server).fill(WOUNDS + WOUNDS // 4 + 60)
        cls.rng = random.Random(SEED)

    def sidecars(self):
        """Each version's sidecar and its members, overflow included."""
        for element in ("edit-01", "rw-01"):
            root = self.place.element(element)
            for path, sidecar in archive.sidecars(root):
                overflow = sidecar.get("overflow")
                extra = path.with_name(overflow["name"]) if overflow else None
                known = sidecar | (json.loads(extra.read_text()) if extra else {})
                yield root, path, extra, known

    def make_wounds(self):
        """At most one wound a version, by kind; of objects the name of the version with it."""
        wounds = {"data": [], "sidecar": [], "overflow": [], "blocks": [], "document": [], "log": []}
        versions = sorted(self.sidecars(), key=lambda found: (found[3]["bucket"], found[3]["key"], found[3]["seq"]))
        self.rng.shuffle(versions)
        for root, path, extra, known in versions[:WOUNDS]:
            name = (known["bucket"], known["key"], known["version_id"])
            id_ = known["id"].replace("-", "")
            blocks = root / ".artstore/blocks" / id_[30:] / f"{id_}.crc32c"
            choices = ["sidecar"]
            if known["kind"] == "object" and known["size"]:
                choices += ["data", "data"]
            if extra:
                choices += ["overflow"] * 2
            if blocks.exists():
                choices += ["blocks"] * 3
            kind = self.rng.choice(choices)
            file = {"sidecar": path, "data": root / known["data"], "overflow": extra, "blocks": blocks}[kind]
            wounds[kind].append((name if known["kind"] == "object" else None, Wound(self.rng, file)))
        edit, control = self.place.element(), self.place.data / "control"
        for document in [edit / "buckets/docs.json", edit / "element.json", control / "archive.json"]:
            wounds["document"].append((None, Wound(self.rng, document)))
        wounds["log"].append((None, self.wound_of_log()))
        return wounds

    def wound_of_log(self):
        """A bit of a frame that the last checkpoint does not cover."""
        segment = max((self.place.element() / ".artstore/wal").glob("*.log"))
        raw = segment.read_bytes()
        self.assertTrue(raw.startswith(SEGMENT_MAGIC))
        salt = raw[24:32]
        frames = [
            (at, 32 + int.from_bytes(raw[at + 4:at + 8], "little")) for at in range(4096, len(raw), 4096)
            if raw[at:at + 4] == FRAME_MAGIC and raw[at + 16:at + 24] == salt
        ]
        start, length = self.rng.choice(frames)
        wound = Wound(self.rng, segment, length)
        wound.at += start
        return wound

    def paths(self, wounds):
        """The paths by which the scrub has to name them."""
        named = {}
        for kind, of_kind in wounds.items():
            for _, wound in of_kind:
                path = wound.path
                if kind == "log":
                    path = path.parent
                named[self.relative(path)] = wound
        return named

    def relative(self, path):
        elements = self.place.data / "elements"
        if path.is_relative_to(elements):
            element, *rest = path.relative_to(elements).parts
            return element, "/".join(rest)
        return None, str(path.relative_to(self.place.data))

    def check_good(self, name, wound):
        body, _ = self.stored.versions[name]
        self.assertEqual((200, body), self.stored.get(name), wound)

    def check_data(self, name, wound, is_known):
        """A wounded data file is never served whole, nor the range with the wound; another one is good."""
        body, _ = self.stored.versions[name]
        whole = self.stored.get(name)
        self.assertTrue(whole is None or whole[0] == 500, wound)
        if is_known:
            self.assertEqual(500, whole[0], f"refused before the first byte: {wound}")
        touching = (max(0, wound.at - 100), min(len(body), wound.at + 100))
        for range_ in (touching, (wound.at, wound.at + 1)):
            answer = self.stored.get(name, range_)
            self.assertTrue(answer is None or answer[0] == 500, f"{range_} of {wound}")
        other = 0 if wound.at >= BLOCK else BLOCK
        if other + 10 <= len(body):
            answer = self.stored.get(name, (other, other + 10))
            if answer is not None and answer[0] == 206:
                self.assertEqual(body[other:other + 10], answer[1], wound)
                self.assertFalse(is_known, f"it is known to be damaged: {wound}")

    def check_refused(self, name, wound):
        for method in ("HEAD", "GET"):
            answer = self.stored.get(name, method=method)
            self.assertTrue(answer is not None and answer[0] == 500, f"{method}: {answer} of {wound}")

    def check_objects(self, wounds, is_known):
        for name, wound in wounds["data"]:
            self.check_data(name, wound, is_known)
        for name, wound in wounds["sidecar"] + wounds["overflow"]:
            if name:
                self.check_refused(name, wound)
        self.assertEqual(self.stored.expected(), self.stored.listed())

    def test_every_wound_is_named_and_none_is_served(self):
        """Control: nothing is found before, and nothing after the wounds are healed. In between each wound is
        named by its file, no finding names another one, and neither before nor after the scrub is a wounded
        object served as good, whole or in part; listings stay what they were."""
        clean = scrub(self.place, self.server)
        self.assertEqual((0, 0, 0), (clean["damage"], clean["inconsistent"], clean["notes"]), clean["findings"])
        self.assertEqual(len(self.stored.versions) + len(self.stored.markers), clean["sidecars"])

        wounds = self.make_wounds()
        made = [wound for of_kind in wounds.values() for _, wound in of_kind]
        print(f"\n{len(made)} wounds, seed {SEED}: { {kind: len(of) for kind, of in wounds.items()} }")
        self.assertTrue(all(wounds.values()), "every kind of file is wounded")
        for wound in made:
            wound.make()
        self.check_objects(wounds, is_known=False)

        found = scrub(self.place, self.server)
        named = {(finding["element"], finding["path"]): finding for finding in found["findings"]}
        expected = self.paths(wounds)
        self.assertEqual([], [wound for path, wound in expected.items() if path not in named])
        self.assertEqual([], [finding for path, finding in named.items() if path not in expected])
        self.assertEqual(len(expected), found["damage"] + found["inconsistent"] + found["notes"])
        self.check_objects(wounds, is_known=True)
        for name, wound in wounds["blocks"]:
            self.check_good(name, wound)

        # Block digests were made again by the reads, and a checkpoint has put the segment of the log by.
        for kind in ("data", "sidecar", "overflow", "document"):
            for _, wound in wounds[kind]:
                wound.make()
        healed = scrub(self.place, self.server)
        self.assertEqual([], healed["findings"])
        for kind in ("data", "sidecar", "overflow"):
            for name, wound in wounds[kind][:30]:
                if name:
                    self.check_good(name, wound)


class WoundedCatalog(unittest.TestCase):
    """Wounds in the catalog's file, which answers lookups and listings."""

    def setUp(self):
        self.place = archive.Place()
        self.addCleanup(self.place.remove)
        self.server = archive.Server(self.place)
        self.addCleanup(lambda: self.server.kill())
        self.stored = Stored(self.server).fill(160)
        self.rng = random.Random(SEED)
        self.file = self.place.data / "catalog" / "catalog.redb"

    def restart(self, is_damaged=False):
        """A server that cannot use its catalog says at its end that it left the last checkpoint to the next."""
        self.stored.s3.close()
        if is_damaged:
            self.server.process.terminate()
            self.server.process.wait(archive.STOP_SECONDS_MAX)
            self.server.kill()
        else:
            self.server.stop()
        self.start()

    def start(self):
        self.server = archive.Server(self.place)
        self.stored.server, self.stored.s3 = self.server, self.server.client()

    def check_answers(self, wound):
        """Listings and lookups are right or refused; says whether any was refused."""
        listed = self.stored.listed()
        if listed is not None:
            self.assertEqual(self.stored.expected(), listed, wound)
        refused = listed is None
        for name in self.rng.sample(sorted(self.stored.versions), 25):
            answer = self.stored.get(name)
            if answer and answer[0] == 200:
                self.assertEqual(self.stored.versions[name][0], answer[1], wound)
            else:
                self.assertTrue(answer and answer[0] >= 500, f"{answer} of {name}: {wound}")
                refused = True
        return refused

    def test_a_wounded_catalog_answers_rightly_or_not_at_all(self):
        """A bit anywhere in the file of a stopped server: after the start every answer is right or 5xx, and
        after one more start all are right."""
        noticed = 0
        for _ in range(CATALOG_WOUNDS):
            self.stored.s3.close()
            self.server.stop()
            wound = Wound(self.rng, self.file)
            wound.make()
            self.start()
            if self.check_answers(wound):
                noticed += 1
                self.assertEqual(503, self.server.health("/health/ready"), wound)
                self.restart(is_damaged=True)
                self.assertFalse(self.check_answers(wound), wound)
            self.assertEqual(200, self.server.health("/health/ready"))
        print(f"\n{noticed} of {CATALOG_WOUNDS} wounds were met by these requests, seed {SEED}")

    def test_a_wound_in_use_is_found_on_the_disk(self):
        """The rows of a key change on the disk under a running server, which has them in memory: it answers
        rightly, the scrub names the file, and the next start makes the catalog anew."""
        # A checkpoint writes the catalog.
        self.restart()
        self.assertFalse(self.check_answers("no wound"))
        key = sorted(self.stored.versions)[40][1].encode()
        raw = self.file.read_bytes()
        places = [at for at in range(len(raw)) if raw.startswith(key, at)]
        self.assertTrue(places)
        for at in places:
            flip(self.file, at + 2, 3)
        found = scrub(self.place, self.server)
        self.assertIn(("catalog_damaged", "catalog/catalog.redb"), {
            (finding["kind"], finding["path"]) for finding in found["findings"]
        })
        self.check_answers("rows in use")
        self.restart(is_damaged=True)
        self.assertIn("rebuilt from the sidecars", self.server.log_path.read_text())
        self.assertFalse(self.check_answers("made anew"))
        self.assertEqual([], scrub(self.place, self.server)["findings"])


class ScrubCommands(unittest.TestCase):
    """`artstore scrub` with a server and without."""

    def test_status_and_start(self):
        """A pass is started in the server alone, and its findings are told with and without one."""
        place = archive.Place()
        self.addCleanup(place.remove)
        with archive.Server(place) as server:
            s3 = server.client()
            s3.create_bucket(Bucket="docs")
            s3.put_object(Bucket="docs", Key="a.txt", Body=b"bytes")
            s3.close()
            self.assertIn("No pass has come to its end yet", place.command("scrub", "status").stdout)
            (_, sidecar), = archive.sidecars(place.element())
            flip(place.element() / sidecar["data"], 2, 1)
            last = scrub(place, server)
            self.assertEqual(["digest_mismatch"], [finding["kind"] for finding in last["findings"]])
            said = place.command("scrub", "status").stdout
            for part in ("1 damaged, 0 inconsistent", sidecar["data"], "what to do: bring the file back"):
                self.assertIn(part, said)
            server.stop()
        offline = json.loads(place.command("scrub", "status", "--json").stdout)
        self.assertEqual(last, offline["last"])
        self.assertFalse(offline["running"])
        refused = place.command("scrub", "start", check=False)
        self.assertEqual(3, refused.returncode, refused.stderr)
        self.assertIn("no server runs there", refused.stderr)
