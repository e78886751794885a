# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files with holes: what nobody wrote takes no room, no reading and nobody's time, on the way in, in the library and out."""

import errno
import os
import subprocess
import time

import pytest
from library import SLOWNESS
from media import sha256
from mount import errno_of, wait_until

MEGABYTE = 1 << 20
PIECES = {0: b"beginning", 40 * MEGABYTE: os.urandom(3 * MEGABYTE), 90 * MEGABYTE + 5: b"end"}
SIZE = 100 * MEGABYTE


def room(path):
    """What a file takes on its disk, in bytes."""
    return os.stat(path).st_blocks * 512


def holes(path):
    """[(begin, end)] of its data."""
    fd = os.open(path, os.O_RDONLY)
    found, at, size = [], 0, os.fstat(fd).st_size
    try:
        while at < size:
            at = os.lseek(fd, at, os.SEEK_DATA)
            end = os.lseek(fd, at, os.SEEK_HOLE)
            found.append((at, end))
            at = end
    except OSError as error:
        assert error.errno == errno.ENXIO
    finally:
        os.close(fd)
    return found


def make_sparse(path, size=SIZE):
    with open(path, "wb") as file:
        for at, data in PIECES.items():
            file.seek(at)
            file.write(data)
        file.truncate(size)
    return path


@pytest.fixture(scope="module")
def sparse(shared_scratch):
    path = make_sparse(shared_scratch / "sparse.bin")
    if room(path) > SIZE // 2:
        pytest.skip("this file system keeps no holes")
    return path


@pytest.fixture
def target(shared_drive, request):
    folder = shared_drive.originals / request.node.name
    folder.mkdir()
    return folder


def require_sparse(drive, shown, source):
    digest = sha256(source)
    wait_until(lambda: drive.library.find() and any(a["sha256"] == digest for a in drive.library.find()), 30, "it is not catalogued")
    [stored] = [path for path in drive.library.objects() if path.name == digest]
    assert room(stored) < SIZE // 4, "the object has no holes"
    assert os.stat(shown).st_size == SIZE and room(shown) < SIZE // 4, "no program would look for holes"
    assert holes(shown) == holes(stored)
    assert sha256(shown) == digest


def with_cp(drive, source, to):
    drive.run("cp", "--sparse=auto", source, to)


def with_tar(drive, source, to):
    drive.run("sh", "-c", 'tar -C "$1" -S -cf - "$2" | tar -C "$3" -xf - && mv "$3/$2" "$4"', "sh", source.parent, source.name,
              to.parent, to)


def with_rsync(drive, source, to):
    drive.run("rsync", "-aS", source, to)


@pytest.mark.parametrize("copy", [with_cp, with_tar, with_rsync], ids=lambda way: way.__name__)
def test_a_copying_program_fills_holes(shared_drive, sparse, target, scratch, copy):
    """Into the mount, out of it, and within."""
    shown = target / "a.bin"
    copy(shared_drive, sparse, shown)
    require_sparse(shared_drive, shown, sparse)
    out = scratch / "out.bin"
    copy(shared_drive, shown, out)
    assert room(out) < SIZE // 4 and sha256(out) == sha256(sparse)
    copy(shared_drive, shown, target / "b.bin")
    assert room(target / "b.bin") < SIZE // 4 and sha256(target / "b.bin") == sha256(sparse)


def test_an_import_fills_holes(drive, sparse):
    drive.library.import_(sparse)
    require_sparse(drive, drive.originals / "sparse.bin", sparse)
    drive.library.run("verify")


def test_holes_are_filled_when_a_piece_is_written(drive, sparse):
    """The next version is a copy of the object, with one piece more."""
    drive.library.import_(sparse)
    shown = drive.originals / "sparse.bin"
    wait_until(shown.exists, 10, "it does not show")
    with open(shown, "r+b") as file:
        file.seek(60 * MEGABYTE)
        file.write(b"middle")
        file.flush()
        assert os.fstat(file.fileno()).st_blocks * 512 < SIZE // 4
    assert any(begin <= 60 * MEGABYTE < end for begin, end in holes(shown))
    assert room(shown) < SIZE // 4
    with open(shown, "rb") as file:
        file.seek(60 * MEGABYTE)
        assert file.read(6) == b"middle"


def test_a_file_without_holes_has_some(shared_drive, target):
    (target / "full.bin").write_bytes(os.urandom(MEGABYTE))
    assert holes(target / "full.bin") == [(0, MEGABYTE)]
    fd = os.open(target / "full.bin", os.O_RDONLY)
    assert errno_of(os.lseek, fd, MEGABYTE, os.SEEK_DATA) == errno.ENXIO
    assert os.lseek(fd, 5, os.SEEK_DATA) == 5
    os.close(fd)
    assert room(target / "full.bin") >= MEGABYTE


def test_nothing_at_all_keeps_everybody_waiting(drive):
    """A gigabyte that nobody wrote: made, closed, dated and renamed at once, hashed behind that."""
    name = drive.originals / "disk.img"
    began = time.monotonic()
    subprocess.run(["truncate", "-s", "1G", name], check=True)
    os.utime(name, ns=(1_000_000_000, 1_000_000_000))
    os.rename(name, drive.originals / "renamed.img")
    (drive.originals / "other.txt").write_text("x")
    assert time.monotonic() - began < 10 * SLOWNESS
    shown = drive.originals / "renamed.img"
    assert (os.stat(shown).st_size, os.stat(shown).st_mtime_ns, room(shown)) == (1 << 30, 1_000_000_000, 512)
    wait_until(lambda: "renamed.img" in drive.library.by_name(), 120, "it did not go into the catalog")
    assert (os.stat(shown).st_size, os.stat(shown).st_mtime_ns, room(shown)) == (1 << 30, 1_000_000_000, 512)
    assert sum(room(path) for path in drive.library.objects()) < MEGABYTE
    assert drive.library.by_name()["renamed.img"]["sha256"] == (
        "49bc20df15e412a64472421e13fe86ff1c5165e18b2afccf160d4dc19fe68a14")
    assert os.listdir(drive / "trash") == []


def test_what_was_closed_is_lost_while_it_is_hashed(drive):
    """The daemon is killed meanwhile."""
    name = drive.originals / "disk.img"
    with open(name, "wb") as file:
        file.write(b"begins")
        file.truncate(1 << 30)
    drive.mount.kill()
    drive.remount()
    assert os.stat(drive.originals / "disk.img").st_size == 1 << 30
    with open(drive.originals / "disk.img", "rb") as file:
        assert file.read(8) == b"begins\0\0"
    wait_until(lambda: "disk.img" in drive.library.by_name(), 120, "it did not go into the catalog")


def test_a_large_hole_is_removed_while_it_is_hashed(drive):
    name = drive.originals / "disk.img"
    subprocess.run(["truncate", "-s", "1G", name], check=True)
    os.unlink(name)
    assert os.listdir(drive.originals) == []
    drive.remount()
    assert os.listdir(drive.originals) == []
