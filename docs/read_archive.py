#!/usr/bin/env python3
"""Reads a copied ArtStore element with no ArtStore: Python's standard library is all it needs.

    read_archive.py list   ELEMENT...       every bucket and every current object
    read_archive.py verify ELEMENT...       size and SHA-256 of every version's file
    read_archive.py export DIR ELEMENT...   the logical tree as DIR/<bucket>/<key>; DIR must be new

ELEMENT is a folder that holds element.json; give all elements of an archive to see it whole.
Exit code 1 if anything was found damaged or missing; what and where stands on stderr.

What is exported where: a key's segments become folders. Control characters and % are written as
%XX, a segment . or .. as %2E or %2E%2E, an empty segment as %, one of more than 240 bytes is cut and
gets %~ and 16 digits of its SHA-256; a key that is also the folder of others gets % at its end, and
a key that ends with / and has no bytes is a folder. A key written differently is printed.
"""
import base64, hashlib, json, os, re, sys

DATA_PATH = re.compile(r"\d{4}/\d\d/\d\d/\d\d/[^/\0]+")
problems = []


def read(path):
    """The bytes of a file, never through a symbolic link."""
    with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:
        return file.read()


def document(path, digest=None):
    """A JSON document whose checksum over the canonical form holds (docs/STORAGE.md)."""
    raw = read(path)
    members = json.loads(raw)
    claimed = members.pop("checksum", None)
    canonical = json.dumps(members, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    if claimed != hashlib.sha256(canonical.encode()).hexdigest():
        raise ValueError("its checksum does not match its content")
    if digest and digest != hashlib.sha256(raw).hexdigest():
        raise ValueError("it is not the overflow that its sidecar names")
    if members["schema"] > 1:
        raise ValueError("it is of a later format: use the reader of that release")
    return members


def sidecar(root, path):
    """One version, its overflow merged in, and where its data file is."""
    version = document(path)
    if "overflow" in version:
        name = os.path.basename(version["overflow"]["name"])
        overflow = document(os.path.join(os.path.dirname(path), name), version["overflow"]["sha256"])
        version = {**overflow, **version}
    if "key_base64" in version:
        version["key"] = base64.b64decode(version["key_base64"]).decode()
    version["path"] = os.path.join(root, version["data"])
    if not DATA_PATH.fullmatch(version["data"]) or version["path"] + ".attr.json" != path:
        raise ValueError("it describes another file: " + version["data"])
    return version


def load(roots):
    """Buckets by name and versions by (bucket, key, version id); the highest number wins."""
    buckets, versions = {}, {}
    for root in roots:
        if not os.path.isfile(os.path.join(root, "element.json")):
            problems.append(f"{root}: no element.json here")
        for folder, folders, files in os.walk(root):
            folders[:] = sorted(name for name in folders if name != ".artstore")
            is_buckets = os.path.relpath(folder, root) == "buckets"
            for path in (os.path.join(folder, name) for name in sorted(files)):
                try:
                    if path.endswith(".attr.json"):
                        new = sidecar(root, path)
                        old = versions.setdefault((new["bucket"], new["key"], new["version_id"]), new)
                        if (new["seq"], new["placement_seq"]) > (old["seq"], old["placement_seq"]):
                            versions[new["bucket"], new["key"], new["version_id"]] = new
                    elif is_buckets and path.endswith(".json"):
                        new = document(path)
                        if new["generation"] > buckets.setdefault(new["name"], new)["generation"]:
                            buckets[new["name"]] = new
                except (OSError, ValueError, KeyError, TypeError) as error:
                    problems.append(f"{path}: {error}")
    return buckets, versions


def current(versions):
    """The newest version of each key, in order of bucket and key; delete markers hide what is older."""
    newest = {}
    for (bucket, key, _), version in versions.items():
        if version["kind"] != "tombstone" and version["seq"] > newest.get((bucket, key), {"seq": -1})["seq"]:
            newest[bucket, key] = version
    return [newest[name] for name in sorted(newest) if newest[name]["kind"] == "object"]


def contents(version):
    """The data file in pieces; what is wrong with it is known when the last piece has been read."""
    digest, size = hashlib.sha256(), 0
    with open(os.open(version["path"], os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
            size += len(piece)
            yield piece
    if (size, digest.hexdigest()) != (version["size"], version["sha256"]):
        raise ValueError(f"size or SHA-256 is not what its sidecar says ({size} bytes, {digest.hexdigest()})")


def segment(text):
    """A key's segment as a name that every file system holds."""
    if text in ("", ".", ".."):
        return text.replace(".", "%2E") or "%"
    name = re.sub(r"[\x00-\x1f\x7f%/]", lambda found: f"%{ord(found[0]):02X}", text)
    if len(name.encode()) > 240:
        cut = name.encode()[:200].decode(errors="ignore")
        name = f"{cut}%~{hashlib.sha256(text.encode()).hexdigest()[:16]}"
    return name


def export(target, objects):
    """Writes the tree, a damaged file too. All of it goes below `target`, which is new: nothing leads out."""
    try:
        os.makedirs(target)
    except FileExistsError:
        sys.exit(f"{target} exists already: name a new folder")
    keys = sorted((version["bucket"], version["key"] + "/") for version in objects)
    folders = {one for one, next in zip(keys, keys[1:]) if one[0] == next[0] and next[1].startswith(one[1])}
    for version in objects:
        bucket, key = version["bucket"], version["key"]
        is_folder = key.endswith("/") and not version["size"]
        plain = key[:-1] if is_folder else key
        name = "/".join(segment(part) for part in plain.split("/"))
        name += "%" if (bucket, key + "/") in folders and not is_folder else ""
        if name != plain:
            print(f"{json.dumps(key, ensure_ascii=False)} is written as {name}")
        path = os.path.join(target, segment(bucket), name)
        try:
            os.makedirs(path if is_folder else os.path.dirname(path), exist_ok=True)
            if not is_folder:
                with open(path, "xb") as file:
                    file.writelines(contents(version))
        except (OSError, ValueError) as error:
            problems.append(f"{version['path']}: {error}")


def main(command, *arguments):
    target, roots = (arguments[0], arguments[1:]) if command == "export" else (None, arguments)
    buckets, versions = load([root.rstrip("/") or "/" for root in roots])
    if command == "list":
        for name, bucket in sorted(buckets.items()):
            print(f"bucket {name} owner={bucket['owner']} created={bucket['created_at']}")
        for found in current(versions):
            key = json.dumps(found["key"], ensure_ascii=False)
            print(f"object {found['bucket']} {key} {found['size']} {found['etag']} {found['created_at']}")
    elif command == "verify":
        objects = [version for version in versions.values() if version["kind"] == "object"]
        for version in objects:
            try:
                for _ in contents(version):
                    pass
            except (OSError, ValueError) as error:
                problems.append(f"{version['path']}: {error}")
        print(f"{len(objects)} versions read, {len(problems)} problems")
    else:
        export(target, current(versions))
    print("\n".join(problems), file=sys.stderr, end="\n" if problems else "")
    return 1 if problems else 0


if __name__ == "__main__":
    if len(sys.argv) < {"list": 3, "verify": 3, "export": 4}.get("".join(sys.argv[1:2]), 99):
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
