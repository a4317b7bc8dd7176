"""File systems in a file: mounted through a loop device, full when we want, cut off when we say so."""

import fcntl
import os
import shutil
import struct
import subprocess
import tempfile
from pathlib import Path

# EXT4_IOC_SHUTDOWN and XFS_IOC_GOINGDOWN share the number and the meaning of this flag: from now on
# nothing more reaches the device, the journal's contents included.
SHUTDOWN = 0x8004587D
WITHOUT_FLUSHING_THE_LOG = 2

MAKE = {"ext4": ["mkfs.ext4", "-q", "-F"], "xfs": ["mkfs.xfs", "-q", "-f"]}


class Image:
    """A mounted file system; needs root and a loop device, and fails where there is none."""

    def __init__(self, kind, size_bytes, *options):
        self.folder = Path(tempfile.mkdtemp(prefix=f"artstore-{kind}-"))
        self.file = self.folder / "image"
        self.mounted = self.folder / "mounted"
        self.mounted.mkdir()
        with open(self.file, "wb") as file:
            file.truncate(size_bytes)
        run(*MAKE[kind], *options, self.file)
        self.mount()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        subprocess.run(["umount", self.mounted], capture_output=True)
        if os.path.ismount(self.mounted):
            run("umount", "--lazy", self.mounted)
        shutil.rmtree(self.folder)

    def mount(self):
        run("mount", "-o", "loop", self.file, self.mounted)

    def unmount(self):
        run("umount", self.mounted)

    def cut_power(self):
        """Whatever was not durable at this instant is gone after the next mount."""
        folder = os.open(self.mounted, os.O_RDONLY)
        try:
            fcntl.ioctl(folder, SHUTDOWN, struct.pack("I", WITHOUT_FLUSHING_THE_LOG))
        finally:
            os.close(folder)


def run(*command):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    if done.returncode:
        raise AssertionError(f"{command} ended with {done.returncode}: {done.stderr}")
