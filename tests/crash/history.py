"""What clients were answered before a stop, and what may be there after it."""

import collections
import dataclasses
import hashlib
import threading

PROGRESS_SECONDS_MAX = 60


@dataclasses.dataclass(frozen=True)
class Body:
    """The bytes of a version by their digests; `etag` differs from `md5` for one put together from parts."""

    sha256: str
    md5: str
    etag: str
    size: int

    @staticmethod
    def of(data, parts=None):
        md5 = hashlib.md5(data).hexdigest()
        etag = md5
        if parts is not None:
            digests = b"".join(hashlib.md5(part).digest() for part in parts)
            etag = f"{hashlib.md5(digests).hexdigest()}-{len(parts)}"
        return Body(hashlib.sha256(data).hexdigest(), md5, etag, len(data))


@dataclasses.dataclass(frozen=True)
class Version:
    """One version: its id, None where no answer has told it; its body, None for a marker; its tags."""

    id: str | None
    body: Body | None
    tags: tuple = ()

    def allows(self, found):
        return (self.id is None or self.id == found.id) and (self.body, self.tags) == (found.body, found.tags)


@dataclasses.dataclass(frozen=True)
class Change:
    """A change of one key: `after` are its versions once it is made, the newest first."""

    #: Which way of changing a key it is.
    what: str
    after: tuple
    #: Called to make the change; answers with the id of the version that it made.
    make: object
    #: Called with the clients of a later server: makes the same change again, where it may be repeated.
    repeat: object = None

    def made(self, version_id):
        """The versions after the change, with the id that its answer told."""
        return tuple(dataclasses.replace(v, id=version_id) if v.id is None else v for v in self.after)


class History:
    """The versions of each key, the newest first, by what was acknowledged, and the changes that were not.

    An answer that comes after the power began to fail counts for nothing: while XFS shuts down, an fsync that meets
    an inode whose log item was just dropped answers success (of 48 such answers to a plain writer 37 were lost, of
    2,601 from before none). A real cut stops the processor too.
    """

    def __init__(self):
        self.lock = threading.Condition()
        self.is_cut = False
        self.count = 0
        self.whats = collections.Counter()
        self.known = {}
        self.under_way = {}
        self.touched = set()

    def versions(self, place):
        return self.known.get(place, ())

    def power_fails(self):
        """Says that the power is being cut."""
        with self.lock:
            self.is_cut = True

    def begin(self, place, change):
        """Notes a change that is about to be made; `False` where the power has failed since it was prepared."""
        with self.lock:
            if not self.is_cut:
                self.under_way[place] = change
                self.touched.add(place)
            return not self.is_cut

    def acknowledge(self, place, version_id):
        with self.lock:
            if self.is_cut:
                return
            change = self.under_way.pop(place)
            self.known[place] = change.made(version_id)
            self.whats[change.what] += 1
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

    def judge(self, place, found):
        """What is wrong with the versions found of a key: pairs of `lost`, `torn` or `ghost` and words."""
        known, change = self.versions(place), self.under_way.get(place)
        allowed = [known] + ([change.after] if change else [])
        if any(len(way) == len(found) and all(map(Version.allows, way, found)) for way in allowed):
            return []
        told = f"{place}: found {brief(found)}, allowed {' or '.join(map(brief, allowed))}"
        wrong = set()
        for version in known:
            is_kept = all(any(kept.id == version.id for kept in way) for way in allowed)
            if is_kept and not any(version.id == other.id for other in found):
                wrong.add(("lost", told))
        for version in found:
            ways = [one for way in allowed for one in way]
            if not any(one.allows(version) for one in ways):
                is_known = any(one.id == version.id for one in known)
                wrong.add(("torn" if is_known else "ghost", told))
        return sorted(wrong) or [("torn", told)]

    def settle(self, place, found):
        """What was found after a stop is what must be there from now on."""
        self.known[place] = tuple(found)

    def forget_stop(self):
        self.is_cut = False
        self.under_way.clear()
        self.touched.clear()


def brief(versions):
    words = [f"{v.id}:{v.body.etag[:8] + '/' + str(v.body.size) if v.body else 'marker'}{dict(v.tags) or ''}" for v in versions]
    return "[" + ", ".join(words) + "]"
