"""What a server shows and what lies on its disk, against what its clients were answered."""

import hashlib
from collections import Counter

import archive
from history import Body, Version
from writers import PLAIN, VERSIONED


def wrong(place, s3, history):
    """Everything that is not as acknowledged, in answers, listings and files: pairs of `lost`, `torn` or `ghost`
    and words. What was under way is settled by what is found."""
    try:
        return wrong_answers(s3, history) + wrong_files(place, history) + repeat_completions(s3, history)
    except s3.exceptions.ClientError as refusal:
        return [("lost", f"what is listed cannot be read: {refusal}")]
    finally:
        history.forget_stop()


def wrong_answers(s3, history, settles=True):
    """What is not as acknowledged in answers and listings; without `settles` a change under way stays that."""
    held, wrong = {}, []
    for bucket in (PLAIN, VERSIONED):
        listed = versions_of(s3, bucket)
        current = {key: found[0].body.etag for key, found in listed.items() if found[0].body}
        if current != {key: entry["ETag"].strip('"') for key, entry in archive.listing(s3, bucket).items()}:
            wrong.append(("torn", f"{bucket}: the listings of objects and of versions differ"))
        held |= {(bucket, key): found for key, found in listed.items()}
    for place in sorted(set(held) | set(history.known) | set(history.under_way)):
        read = read_versions if place in history.touched else fill_in
        found = tuple(read(s3, place, held.get(place, ()), history.versions(place)))
        wrong += history.judge(place, found)
        if settles:
            history.settle(place, found)
    return wrong


def wrong_files(place, history):
    """Each version has one sidecar, which its data file matches, and no other lies about."""
    wrong, files = [], Counter()
    for path, sidecar in archive.all_sidecars(place):
        files[(sidecar["bucket"], sidecar["key"]), sidecar["version_id"]] += 1
        if sidecar["kind"] == "marker":
            continue
        data = path.with_name(path.name.removesuffix(".attr.json"))
        if not data.exists() or hashlib.sha256(data.read_bytes()).hexdigest() != sidecar["sha256"]:
            wrong.append(("torn", f"{path}: its data file is not of its digest"))
    expected = Counter((place, version.id) for place, versions in history.known.items() for version in versions)
    wrong += [("lost", f"no sidecar of {which}") for which in expected - files]
    wrong += [("ghost", f"a sidecar of {which}") for which in files - expected]
    return wrong


def repeat_completions(s3, history):
    """A completion whose answer was cut off is sent again: it makes its one object, or made it before."""
    wrong = []
    for place, change in history.under_way.items():
        if change.repeat is None:
            continue
        try:
            after = change.made(change.repeat(s3))
        except s3.exceptions.ClientError as error:
            wrong.append(("lost", f"{place}: the upload that was being completed: {error}"))
            continue
        found = tuple(read_versions(s3, place, versions_of(s3, place[0], place[1]).get(place[1], ()), ()))
        if found != after:
            wrong.append(("torn", f"{place}: completed once more: {found}, not {after}"))
        history.settle(place, found)
    return wrong


def versions_of(s3, bucket, prefix=""):
    """The versions of each key as they are listed, the newest first; a body is known by ETag and size alone."""
    found = {}
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix):
        for entry in page.get("Versions", []) + page.get("DeleteMarkers", []):
            body = Body("", "", entry["ETag"].strip('"'), entry["Size"]) if "ETag" in entry else None
            found.setdefault(entry["Key"], []).append(Version(entry["VersionId"], body))
    # Objects and markers come in two lists. An id begins with the sequence number of its version.
    return {key: sorted(of_key, key=lambda version: version.id, reverse=True) for key, of_key in found.items()}


def read_versions(s3, place, found, _known):
    """Reads the bytes and tags of every version."""
    for version in found:
        if version.body is None:
            yield version
            continue
        named = {"Bucket": place[0], "Key": place[1], "VersionId": version.id}
        body = Body.of(s3.get_object(**named)["Body"].read())
        tags = s3.get_object_tagging(**named)["TagSet"]
        body = Body(body.sha256, body.md5, version.body.etag, body.size)
        yield Version(version.id, body, tuple((tag["Key"], tag["Value"]) for tag in tags))


def fill_in(_s3, _place, found, known):
    """Takes what a listing does not say from what is known of the same version; its file is compared anyway."""
    by_id = {version.id: version for version in known}
    for version in found:
        same = by_id.get(version.id)
        is_same = same and same.body and version.body and same.body.etag == version.body.etag
        yield same if is_same and same.body.size == version.body.size else version
