# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A part of a file was synced, and then the disk was full: the part is there and not only after the next mount, whoever has
room again goes on with it, and what is removed is gone for good."""

import contextlib
import errno
import os

import pytest

from library import Library, scratch_folder
from loop import make_image, mounted_image, only_root
from mount import errno_of, wait_until

MEBIBYTE = 1 << 20
SYNCED = os.urandom(16384)
pytestmark = only_root


class SmallDisk:
    def __init__(self, folder, disk, mount_of):
        self.disk, self.library = disk, Library(disk / "library").init()
        self.mount = mount_of(self.library, at=folder / "mount")
        self.path = self.mount / "originals/a.bin"

    def fill(self):
        for name, piece in (("filler", 65536), ("crumbs", 512)):
            with contextlib.suppress(OSError), open(self.disk / name, "wb", buffering=0) as file:
                while True:
                    file.write(bytes(piece))

    def has_room_again(self):
        for name in ("filler", "crumbs"):
            (self.disk / name).unlink()

    def save_in_vain(self, flags):
        fd = os.open(self.path, os.O_RDWR | flags, 0o644)
        os.pwrite(fd, SYNCED, 0)
        os.fsync(fd)
        self.fill()
        assert errno_of(os.pwrite, fd, os.urandom(8 * MEBIBYTE), len(SYNCED)) == errno.ENOSPC
        assert errno_of(os.close, fd) == errno.ENOSPC

    def remount(self):
        self.mount.stop()
        self.mount.start()

    def require_nothing_left(self):
        staging = self.library.path / "staging"
        wait_until(lambda: not os.listdir(staging), 10, "what was given up to go")
        assert not self.path.exists()
        self.remount()
        assert not self.path.exists() and not os.listdir(staging), "it is there again"


@pytest.fixture
def small(mount_of):
    with scratch_folder() as folder:
        make_image(folder / "image", 64 * MEBIBYTE)
        with mounted_image(folder / "image", folder / "disk") as disk:
            small = SmallDisk(folder, disk, mount_of)
            yield small
            small.mount.stop()


@pytest.mark.parametrize("before", [None, b"before" * 1000], ids=["new", "saved over"])
def test_what_was_synced_is_there_and_goes_for_good(small, before):
    if before:
        small.path.write_bytes(before)
    small.save_in_vain(os.O_TRUNC if before else os.O_CREAT)
    small.has_room_again()
    assert small.path.read_bytes()[:len(SYNCED)] == SYNCED
    os.close(os.open(small.path, os.O_RDWR))
    assert small.path.read_bytes()[:len(SYNCED)] == SYNCED
    small.path.unlink()
    small.require_nothing_left()


def test_removed_while_the_disk_is_full(small):
    small.save_in_vain(os.O_CREAT)
    small.path.unlink()
    small.has_room_again()
    small.require_nothing_left()


def test_written_to_its_end_when_there_is_room_again(small):
    small.path.write_bytes(b"before" * 1000)
    small.save_in_vain(os.O_TRUNC)
    small.has_room_again()
    with open(small.path, "r+b") as file:
        file.truncate(len(SYNCED))
    assert small.path.read_bytes() == SYNCED
    small.remount()
    assert small.path.read_bytes() == SYNCED
    small.library.run("doctor")
