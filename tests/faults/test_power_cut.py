# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The power fails while the mount is written to: every file whose close() had returned is on the disk, whole.

The disk is a file with an ext4 in it. What that file holds at some moment is what a disk would hold had the power failed
then: what ext4 had not written yet is not in it.
"""

import filecmp
import hashlib
import os
import random
import shutil
import signal
import threading

import pytest

from drive import hashes, require_sound
from library import Library, scratch_folder, thorough
from loop import make_image, mounted_image, only_root
from mount import wait_until

MEBIBYTE = 1 << 20
CUTS = thorough(4, 2)
# Nothing is written by the clock alone: only what was asked for is on the disk.
LAZY = "loop,commit=300"


class Writer(threading.Thread):
    """Keeps writing; knows what was acknowledged."""

    def __init__(self, originals, seed):
        super().__init__()
        self.originals, self.random = originals, random.Random(seed)
        self.kept, self.wanted, self.failed, self.is_over = {}, {}, None, False

    def run(self):
        try:
            for n in range(100_000):
                if self.is_over:
                    return
                self.save(n)
        except BaseException as failure:  # noqa: BLE001: told by the test
            self.failed = failure

    def save(self, n):
        name, data = f"folder{n % 3}/{n:05}.bin", self.random.randbytes(self.random.choice([100, 9000, 150_000]))
        (self.originals / name).parent.mkdir(exist_ok=True)
        self.wanted[name] = hashlib.sha256(data).hexdigest()
        beside = self.originals / (f"{name}.tmp" if n % 4 == 0 else name)
        fd = os.open(beside, os.O_WRONLY | os.O_CREAT, 0o644)
        os.write(fd, data)
        os.fsync(fd) if n % 4 == 0 else None
        os.close(fd)
        if n % 4 == 0:
            os.rename(beside, self.originals / name)
            # A rename is on the disk when its folder was asked for.
            folder = os.open((self.originals / name).parent, os.O_RDONLY)
            os.fsync(folder)
            os.close(folder)
        self.kept[name] = self.wanted[name]


def image_of_this_moment(mount, image, to, writer):
    """Copies the disk while nothing changes it; gives what had been acknowledged until then."""
    os.kill(mount.process.pid, signal.SIGSTOP)
    try:
        kept = dict(writer.kept)
        # A system call that was under way still ends.
        wait_until(lambda: shutil.copyfile(image, to) and filecmp.cmp(image, to, shallow=False), 60, "the disk to stand still")
    finally:
        os.kill(mount.process.pid, signal.SIGCONT)
    return kept


@only_root
@pytest.mark.parametrize("seed", [1, 2])
def test_what_was_acknowledged_survives_a_power_cut(mount_of, seed):
    with scratch_folder() as folder:
        image = folder / "disk.img"
        make_image(image, 96 * MEBIBYTE)
        cuts = []
        with mounted_image(image, folder / "disk", LAZY) as disk:
            library = Library(disk / "library").init()
            os.sync()  # `init` is not what is tried here
            mount = mount_of(library, at=folder / "mount")
            writer = Writer(mount / "originals", seed)
            writer.start()
            try:
                for n in range(CUTS):
                    (disk / f"unasked{n}").write_bytes(b"not synced" * 1000)
                    wait_until(lambda: writer.failed or len(writer.kept) >= 12 * (n + 1) + n, 60, "files to be written")
                    cuts.append((folder / f"cut{n}.img", image_of_this_moment(mount, image, folder / f"cut{n}.img", writer)))
            finally:
                writer.is_over = True
                writer.join(60)
            assert not writer.failed, writer.failed
            mount.stop()
        for n, (cut, kept) in enumerate(cuts):
            with mounted_image(cut, folder / f"disk{n}") as disk:
                unasked = disk / f"unasked{n}"
                assert not unasked.exists() or not unasked.stat().st_size, "this disk keeps what nobody asked for: it proves nothing"
                library = Library(disk / "library")
                mount = mount_of(library, at=folder / f"mount{n}")
                found = hashes(mount / "originals")
                lost = {name for name, digest in kept.items() if found.get(name) != digest}
                assert not lost, f"{len(lost)} of {len(kept)} acknowledged files are not as they were written: {sorted(lost)[:5]}"
                for name, digest in found.items():
                    if name.endswith(".tmp"):
                        continue  # not renamed yet, not synced: nobody was promised it
                    assert digest == writer.wanted[name], f"{name} is half there"
                mount.stop()
                require_sound(library)
            cut.unlink()
