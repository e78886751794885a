# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The disk below a mounted library dies or goes away, or its catalog is damaged: each is told by its own word."""

import errno
import fcntl
import os
import struct
import subprocess

import pytest

from library import SLOWNESS, Library
from loop import make_image, mounted_image, only_root
from mount import Mount, wait_until

EXT4_IOC_SHUTDOWN = 0x8004587d
NO_FLUSH = 2

pytestmark = only_root


@pytest.fixture
def on_a_disk(scratch, demo):
    """A library on a disk of its own, and where that is mounted."""
    make_image(scratch / "image", 256 << 20)
    with mounted_image(scratch / "image", scratch / "disk") as disk:
        library = Library(disk / "library").init()
        library.home = scratch / "home"
        library.home.mkdir()
        library.import_(demo / "Italy 2024", "--into", "Italy")
        yield library, disk


def mount_with_a_log(library, scratch):
    mount = Mount(library, at=scratch / "mount")
    mount.log = scratch / "mount.log"
    return mount


def end(mount):
    """Whatever it complains of, for its disk has failed."""
    mount.process.terminate()
    mount.process.wait(timeout=30 * SLOWNESS)
    subprocess.run(["umount", "-l", str(mount.path)], capture_output=True)


def codes_of(acts):
    found = set()
    for act in acts:
        try:
            act()
        except OSError as error:
            found.add(error.errno)
    return found


def test_a_dead_disk_is_an_io_error_and_no_damaged_catalog(on_a_disk, scratch):
    library, disk = on_a_disk
    mount = mount_with_a_log(library, scratch)
    mount.start()
    originals = mount.path / "originals"
    try:
        for number in range(50):
            (originals / f"{number}.bin").write_bytes(os.urandom(20_000))
        fd = os.open(disk, os.O_RDONLY)
        fcntl.ioctl(fd, EXT4_IOC_SHUTDOWN, struct.pack("I", NO_FLUSH))
        os.close(fd)
        acts = [lambda n=n: (originals / f"new {n}.bin").write_bytes(b"x") for n in range(20)]
        acts += [lambda n=n: os.listdir(mount.path / n) for n in ("originals", "originals/Italy", "by-date", "by-tag", "trash", "recent")]
        acts += [lambda n=n: os.setxattr(originals / f"{n}.bin", "user.xdg.tags", b"x") for n in range(10)]
        acts += [lambda n=n: (originals / f"{n}.bin").read_bytes() for n in range(10)]
        found = codes_of(acts)
        assert errno.EIO in found and errno.EUCLEAN not in found, {errno.errorcode[code] for code in found}
        assert "catalog is damaged" not in mount.said(), mount.said()
    finally:
        end(mount)
    for verb in ("status", "doctor"):
        done = library.run(verb, expect=1, timeout=60)
        assert "estore it from a backup" not in done.stderr + done.stdout, done.stderr


def test_nothing_is_made_where_the_disk_was(on_a_disk, scratch):
    """Detached below the mount: what is open leads to the disk still, and its empty place stays empty."""
    library, disk = on_a_disk
    mount = mount_with_a_log(library, scratch)
    mount.start()
    originals = mount.path / "originals"
    (originals / "before.bin").write_bytes(b"before")
    subprocess.run(["umount", "-l", str(disk)], check=True)
    try:
        (originals / "after.bin").write_bytes(b"after")
        assert (originals / "before.bin").read_bytes() == b"before"
        for name in os.listdir(mount.path / "previews/small/originals/Italy"):
            assert (mount.path / "previews/small/originals/Italy" / name).read_bytes()
        assert len(os.listdir(mount.path / "by-date")) > 0
        assert os.listdir(disk) == []
    finally:
        end(mount)
    assert os.listdir(disk) == []
    done = library.run("status", expect=1)
    assert "no damfs library" in done.stderr and os.listdir(disk) == []
    # The disk is back, and what was acknowledged is on it.
    wait_until(lambda: subprocess.run(["mount", "-o", "loop", str(scratch / "image"), str(disk)], capture_output=True).returncode == 0,
               20, "the disk to be free")
    with Mount(library, at=scratch / "mount") as again:
        assert (again.path / "originals/after.bin").read_bytes() == b"after"


def test_a_damaged_catalog_is_told_in_the_mounts_log(on_a_disk, scratch):
    library, _ = on_a_disk
    library.run("status")  # what the WAL held is in the file now
    with open(library.path / "catalog.db", "r+b") as catalog:
        size = os.fstat(catalog.fileno()).st_size
        for page in range(1, size // 4096):
            catalog.seek(page * 4096)
            if catalog.read(1) in (b"\x0a", b"\x0d", b"\x05", b"\x02"):
                catalog.seek(page * 4096 + 1)
                catalog.write(b"\xff" * 64)
    mount = mount_with_a_log(library, scratch)
    try:
        mount.start()
    except AssertionError:
        assert "damaged" in mount.said(), mount.said()
        return
    try:
        codes_of([lambda n=n: os.listdir(mount.path / n) for n in ("originals", "originals/Italy", "by-date", "by-tag", "by-type/image")])
        assert "the catalog is damaged" in mount.said(), mount.said()
    finally:
        end(mount)
