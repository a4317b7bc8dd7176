"""Trees of files to keep: a real one, with hard names added."""

import os
import random
import shutil
from pathlib import Path

CYRILLIC = "абвгдежзийклмнопрстуфхцчшщъыьэюяё"
FILES_MIN = 4000
SPECIAL_NAMES = [
    "with blank.txt", "plus+and&and=.txt", "per%20cent.txt", "quote'and\"quote.txt", "emoji-\N{SNOWMAN}.txt",
    "report.attr.json", "archive.tmp", "no-extension", "двойное.расширение.tar.gz", "trailing blank ", "комма,;#.txt",
    "e\N{COMBINING ACUTE ACCENT}.txt", "\N{LATIN SMALL LETTER E WITH ACUTE}.txt",
]


def make_tree(folder, seed=20):
    """Fills `folder` with the machine's own documentation and generated names; answers with its file count."""
    folder = Path(folder)
    shutil.copytree("/usr/share/doc", folder / "doc", symlinks=True)
    for path in (folder / "doc").rglob("*"):
        if path.is_symlink() or not (path.is_dir() or path.is_file()):
            path.unlink()
    # S3 has no folders: one without a file would not come back.
    for path in sorted((folder / "doc").rglob("*"), reverse=True):
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()
    shuffle = random.Random(seed)
    generated = folder / "Документы"
    generated.mkdir()
    for number in range(300):
        # 100 letters of two bytes each, as a person's long title has them; the number keeps them apart.
        title = f"{number:03}" + "".join(shuffle.choices(CYRILLIC, k=97))
        (generated / f"{title}.txt").write_text(f"{title}\n" * shuffle.randrange(1, 40), encoding="utf-8")
    for name in SPECIAL_NAMES:
        (generated / name).write_text(name, encoding="utf-8")
    (generated / "empty.txt").touch()
    count = sum(1 for path in folder.rglob("*") if path.is_file())
    for number in range(count, FILES_MIN):
        place = folder / "filled" / f"{number % 37:02}"
        place.mkdir(parents=True, exist_ok=True)
        (place / f"note {number}.txt").write_bytes(shuffle.randbytes(shuffle.randrange(1, 3000)))
    return sum(1 for path in folder.rglob("*") if path.is_file())


def make_small_tree(folder, seed=7):
    """Fills `folder` with about a hundred files of many sizes under hard names, none of them outside plain text."""
    folder = Path(folder)
    shuffle = random.Random(seed)
    for number in range(80):
        place = folder / f"год {2020 + number % 5}" / f"case-{number % 9}"
        place.mkdir(parents=True, exist_ok=True)
        (place / f"note {number:02}.bin").write_bytes(shuffle.randbytes(shuffle.choice([0, 1, 900, 5000, 70_000, 300_000])))
    for name in SPECIAL_NAMES:
        (folder / name).write_text(name * 3, encoding="utf-8")
    return sum(1 for path in folder.rglob("*") if path.is_file())


def make_file(path, size_bytes, seed=1):
    """Writes a file whose every MiB differs, quickly."""
    block = bytearray(random.Random(seed).randbytes(1 << 20))
    with open(path, "wb") as file:
        for number in range(size_bytes >> 20):
            block[0:8] = number.to_bytes(8, "big")
            file.write(block)
        file.write(block[8 : 8 + (size_bytes & ((1 << 20) - 1))])
    os.utime(path, (1_700_000_000, 1_700_000_000))
    return path
