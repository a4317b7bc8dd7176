"""Hours that are over are sealed, and coreutils as well as `artstore seal verify` prove what lies there and in copies."""

import hashlib
import json
import re
import shutil
import subprocess
import sys
import time
import unittest

import archive

PAST = "2026/01/02/03"
ODD_KEYS = ["plain.txt", "два слова.txt", "a/b/c", "quote\"'.txt", "per%cent", "back\\slash", "new\nline"]
SEAL_SECONDS_MAX = 30


class SealingPlace(archive.Place):
    """A place whose server seals what has been quiet for a second."""

    def environment(self):
        return super().environment() | {"ARTSTORE_SEAL_AFTER": "1s"}


class Seals(unittest.TestCase):
    """One archive on which the tests below run in the order of their names."""

    @classmethod
    def setUpClass(cls):
        cls.place = SealingPlace()
        cls.addClassCleanup(cls.place.remove)
        with archive.Server(cls.place) as server:
            s3 = server.client()
            s3.create_bucket(Bucket="docs")
            for key in ODD_KEYS:
                s3.put_object(Bucket="docs", Key=key, Body=key.encode())
            s3.put_object(Bucket="docs", Key="wide", Body=b"wide", Metadata={"note": "n" * 1900})
            s3.put_object(Bucket="docs", Key="large", Body=b"large " * 500_000)
            s3.put_object(Bucket="docs", Key="final", Body=b"final", StorageClass="STANDARD_IA")
            s3.close()
            server.stop()
        for element in ("edit-01", "rw-01"):
            move_to_the_past(cls.place.element(element))
        shutil.rmtree(cls.place.data / "catalog")
        cls.server = archive.Server(cls.place)
        cls.addClassCleanup(lambda: cls.server.kill())
        for element in ("edit-01", "rw-01"):
            cls.wait_for_seals(element, 1)

    @classmethod
    def chain(cls, element="edit-01"):
        path = cls.place.element(element) / "seals" / "chain"
        return path.read_text().splitlines() if path.exists() else []

    @classmethod
    def wait_for_seals(cls, element, count):
        deadline = time.monotonic() + SEAL_SECONDS_MAX
        while len(cls.chain(element)) < count:
            try:
                cls.server.process.wait(0.05)
            except subprocess.TimeoutExpired:
                if time.monotonic() < deadline:
                    continue
            raise AssertionError(f"{element} has {len(cls.chain(element))} seals, not {count}:\n{cls.server.said()}")

    def copy(self):
        target = self.place.folder / "copy"
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir()
        subprocess.run(["rsync", "-a", "--exclude=/.artstore/", f"{self.place.element()}/", f"{target}/"], check=True)
        return target

    def verify(self, *arguments, code=0):
        """Runs the check and answers with its report."""
        done = self.place.command("seal", "verify", "--json", *arguments, check=False)
        self.assertEqual(code, done.returncode, done.stdout + done.stderr)
        return json.loads(done.stdout)

    def test_1_coreutils_verify_a_copy(self):
        """The commands of docs/SEALS.md end with 0 on a copy, cover every file of the hour, and see one flipped bit."""
        copy = self.copy()
        commands = documented_commands()
        self.assertEqual(4, len(commands), commands)
        for command in commands:
            done = subprocess.run(["bash", "-c", f"set -o pipefail; {command}"], cwd=copy, capture_output=True, text=True)
            self.assertEqual(0, done.returncode, (command, done.stdout, done.stderr))
        reader = subprocess.run([sys.executable, archive.READER, "verify", copy], capture_output=True, text=True)
        self.assertEqual((0, ""), (reader.returncode, reader.stderr))
        manifests = [(copy / f"seals/{PAST}.1.{kind}").read_text(encoding="utf-8") for kind in ("data", "sidecars")]
        named = {line[66:] for text in manifests for line in text.splitlines()}
        there = {str(path.relative_to(copy)) for path in (copy / PAST).iterdir()}
        self.assertEqual(there, named)
        self.assertEqual(len(ODD_KEYS) + 2, manifests[0].count("\n"))
        flip(next((copy / PAST).glob("large_*[!n]")), 1_000_000)
        results = [subprocess.run(["bash", "-c", f"set -o pipefail; {command}"], cwd=copy, capture_output=True, text=True)
                   for command in commands]
        self.assertEqual([0, 0, 1, 0], [done.returncode for done in results])
        self.assertIn("large_", results[2].stdout)

    def test_2_the_check_names_what_is_wrong_in_a_copy(self):
        """A copy is in order; a flipped bit, a lost file and a root that it does not have end with code 4."""
        copy = self.copy()
        report = self.verify("--from", copy)
        self.assertEqual([], report["findings"])
        root = self.chain()[0][:64]
        self.assertEqual((root, f"seals/{PAST}.1"), (report["elements"][0]["last_root"], report["elements"][0]["last_seal"]))
        self.assertEqual(root, hashlib.sha256((copy / f"seals/{PAST}.1").read_bytes()).hexdigest())
        self.verify("--from", copy, "--root", root)
        self.assertEqual("root_unknown", self.verify("--from", copy, "--root", "0" * 64, code=4)["findings"][0]["kind"])
        sampled = self.verify("--from", copy, "--sample", "40%", "--seed", "7")
        self.assertEqual((40, 7), (sampled["sample_percent"], sampled["seed"]))
        self.assertLess(sampled["elements"][0]["files_read"], sampled["elements"][0]["files"])
        large = next((copy / PAST).glob("large_*[!n]"))
        flip(large, 1_000_000)
        plain = next((copy / PAST).glob("plain_*.txt"))
        plain.unlink()
        found = {(finding["kind"], finding["path"]) for finding in self.verify("--from", copy, code=4)["findings"]}
        self.assertEqual({("file_changed", f"{PAST}/{large.name}"), ("file_missing", f"{PAST}/{plain.name}")}, found)
        shown = self.place.command("seal", "verify", "--from", copy, check=False)
        self.assertIn("what to do", shown.stdout)
        self.assertIn("2 damaged", shown.stderr)

    def test_3_changes_beside_a_running_server_are_notes_until_they_are_sealed(self):
        """Tags and a deletion are notes at first, never damage; the server appends a revision, and nothing is left to say."""
        s3 = self.server.client()
        s3.put_object_tagging(Bucket="docs", Key="plain.txt", Tagging={"TagSet": [{"Key": "a", "Value": "b"}]})
        s3.delete_object(Bucket="docs", Key="per%cent")
        s3.close()
        kinds = {finding["kind"] for finding in self.verify()["findings"]}
        self.assertLessEqual(kinds, {"changed_since", "gone_since"})
        self.wait_for_seals("edit-01", 2)
        report = self.verify("--root", self.chain()[0][:64], "--root", self.chain()[1][:64])
        self.assertEqual([], report["findings"])
        self.assertEqual(f"seals/{PAST}.2", report["elements"][0]["last_seal"])

    def test_4_a_stop_and_a_lost_catalog_make_no_seal(self):
        """After a clean stop, and without a catalog, an hour that is as it was sealed gets no other seal."""
        before = self.chain()
        self.server.stop()
        shutil.rmtree(self.place.data / "catalog")
        self.verify()
        done = json.loads(self.place.command("seal", "now", "--json").stdout)
        self.assertEqual(([], 2, []), (done["sealed"], done["unchanged"], done["failed"]))
        type(self).server = archive.Server(self.place)
        self.assertEqual(before, self.chain())
        checked = self.place.command("fsck", check=False)
        self.assertEqual(5, checked.returncode, "the server owns it")
        self.server.stop()
        self.assertEqual(0, self.place.command("fsck").returncode)

    def test_5_damage_is_not_sealed(self):
        """A data file that is cut short keeps its hour from being sealed; the command and the log name it."""
        large = next((self.place.element() / PAST).glob("large_*[!n]"))
        whole = large.read_bytes()
        large.write_bytes(whole[:-1])
        shutil.rmtree(self.place.data / "catalog")
        done = self.place.command("seal", "now", check=False)
        self.assertEqual(4, done.returncode)
        self.assertIn(large.name, done.stdout)
        large.write_bytes(whole)
        self.assertEqual(0, self.place.command("seal", "now").returncode)


def documented_commands():
    """The commands under "Checking with coreutils alone", each with the lines that continue it."""
    text = (archive.REPOSITORY / "docs" / "SEALS.md").read_text(encoding="utf-8")
    section = text.split("## Checking with coreutils alone")[1].split("\n## ")[0]
    lines = [line[4:] for line in section.splitlines() if line.startswith("    ")]
    commands = []
    for line in lines:
        if line.startswith(" "):
            commands[-1] += "\n" + line
        else:
            commands.append(line)
    return commands


def move_to_the_past(element):
    """Puts every pair into an hour that is long over, as if it had been stored then."""
    (element / PAST).mkdir(parents=True)
    for path, members in list(archive.sidecars(element)):
        members.pop("checksum")
        data = element / members["data"]
        for beside in [data, *data.parent.glob(f"{glob_of(data.name)}.attr.ext.*.json")]:
            beside.rename(element / PAST / beside.name)
        members["data"] = f"{PAST}/{data.name}"
        archive.write_document(element / PAST / path.name, members)
        path.unlink()
    for hour in element.glob("2*/*/*/*"):
        if re.fullmatch(archive.HOUR_FOLDER, str(hour.relative_to(element))) and not any(hour.iterdir()):
            hour.rmdir()


def glob_of(name):
    return re.sub(r"([*?[])", r"[\1]", name)


def flip(path, at):
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)


if __name__ == "__main__":
    unittest.main()
