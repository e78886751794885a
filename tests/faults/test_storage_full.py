# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The disk of the library is full, or its quota is used up, while the mount is written to: the writer is told, nothing
is catalogued that is not stored, and with room again all works."""

import contextlib
import errno
import hashlib
import os
import random
import shutil
import subprocess
import time

import pytest

from drive import hashes, require_sound
from library import Library, scratch_folder
from loop import folder_with_quota, make_image, mounted_image, only_root
from mount import Mount, wait_until, why_no_mounts

MEBIBYTE = 1 << 20
FULL = (errno.ENOSPC, errno.EDQUOT)


@contextlib.contextmanager
def small_disk(folder):
    make_image(folder / "disk.img", 64 * MEBIBYTE)
    with mounted_image(folder / "disk.img", folder / "disk") as disk:
        yield Library(disk / "library").init(), disk


@contextlib.contextmanager
def small_quota(folder):
    """Of the bytes alone. Where the catalog is under it as well, SQLite's index of the WAL, which is written through a
    mapping, can have btrfs end the daemon with SIGBUS."""
    with folder_with_quota(folder / "disk.img", folder / "disk", 56 * MEBIBYTE) as limited:
        library = Library(limited / "library").init()
        beyond = folder / "disk/beyond"
        beyond.mkdir(mode=0o700)
        (library.path / "import.lock").touch()  # a quota that is used up has no room for one more file
        with contextlib.ExitStack() as bound:
            for name in ("catalog.db", "catalog.db-wal", "catalog.db-shm"):
                at = library.path / name
                at.touch(mode=0o600)
                shutil.copy2(at, beyond / name)
                subprocess.run(["mount", "--bind", str(beyond / name), str(at)], check=True)
                bound.callback(subprocess.run, ["umount", "-l", str(at)], check=True)
            shutil.copytree(library.path / "derived", beyond / "derived")
            subprocess.run(["mount", "--bind", str(beyond / "derived"), str(library.path / "derived")], check=True)
            bound.callback(subprocess.run, ["umount", "-l", str(library.path / "derived")], check=True)
            yield library, limited


@pytest.fixture(params=[small_disk, small_quota])
def small(request):
    """A mounted library where there is little room, and a file beside it that can be given up to make some."""
    if reason := why_no_mounts():
        pytest.skip(reason)
    with scratch_folder() as folder:
        with request.param(folder) as (library, disk):
            (disk / "reserve").write_bytes(bytes(20 * MEBIBYTE))
            mount = Mount(library, at=folder / "mount")
            mount.log = folder / "mount.log"  # not on the disk that is full
            with mount:
                yield library, mount, disk


def write(path, data):
    """None, or the errno that write, fsync or close told."""
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    except OSError as refused:
        return refused.errno
    told = None
    try:
        for at in range(0, len(data), 65_536):
            os.write(fd, data[at:at + 65_536])
    except OSError as refused:
        told = refused.errno
    try:
        os.close(fd)
    except OSError as refused:
        told = told or refused.errno
    return told


def fill(originals, size, seed=1):
    """Writes files until one is refused: ({name: SHA-256} of what was acknowledged, the name refused, its errno)."""
    source, kept = random.Random(seed), {}
    for n in range(10_000):
        name, data = f"{seed}-{n:05}.bin", source.randbytes(size)
        if told := write(originals / name, data):
            return kept, name, told
        kept[name] = hashlib.sha256(data).hexdigest()
    raise AssertionError("the disk was never full")


def remove(path):
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)


@only_root
@pytest.mark.parametrize("size", [MEBIBYTE, 20_000], ids=["large files", "small files"])
def test_the_writer_is_told_and_what_was_acknowledged_is_kept(small, size):
    library, mount, disk = small
    kept, refused, told = fill(mount / "originals", size)
    assert told in FULL and len(kept) > 5, os.strerror(told)
    assert {name: asset["sha256"] for name, asset in library.by_name().items()} == kept, "catalogued, and not stored"
    remove(mount / "originals" / refused)
    assert hashes(mount / "originals") == kept, "reading needs no room"

    (disk / "reserve").unlink()
    assert write(mount / "originals" / refused, b"now it fits" * 1000) is None
    kept[refused] = hashlib.sha256(b"now it fits" * 1000).hexdigest()
    assert hashes(mount / "originals") == kept
    mount.stop()
    require_sound(library)
    assert not any((library.path / "staging").iterdir()), "what did not fit lies about"
    assert {name: asset["sha256"] for name, asset in library.by_name().items()} == kept


@only_root
def test_what_was_refused_and_left_alone_holds_no_room(small):
    """It had no name any more that anybody could remove, and its bytes stayed until the mount ended, when somebody had
    looked at it just before it was closed."""
    library, mount, disk = small
    file = mount / "originals/too large.bin"
    fd = os.open(file, os.O_WRONLY | os.O_CREAT, 0o644)
    with pytest.raises(OSError) as told:
        for _ in range(100):
            os.write(fd, random.Random(7).randbytes(MEBIBYTE))
    assert told.value.errno in FULL and os.stat(file).st_size > 5 * MEBIBYTE
    with contextlib.suppress(OSError):
        os.close(fd)
    with contextlib.suppress(FileNotFoundError):  # it may have left already
        os.stat(file)
    wait_until(lambda: not file.exists(), 15, "what was refused to go")
    assert write(mount / "originals/fits.bin", random.Random(8).randbytes(5 * MEBIBYTE)) is None
    assert set(library.by_name()) == {"fits.bin"}


@only_root
def test_what_cannot_get_its_lasting_name_keeps_its_temporary_one(small):
    """rsync, browsers: the bytes were acknowledged under the temporary name."""
    library, mount, disk = small
    data = random.Random(9).randbytes(300_000)
    parts = [mount / f"originals/{n}.part" for n in range(5)]
    assert [write(part, data[n:]) for n, part in enumerate(parts)] == [None] * 5
    fill(mount / "originals", MEBIBYTE)
    fill(mount / "originals", 4000, seed=2)
    with contextlib.suppress(OSError), open(disk / "filler", "wb", buffering=0) as filler:
        while filler.write(bytes(4096)):
            pass
    refused = {}
    for n, part in enumerate(parts):
        try:
            os.rename(part, part.with_suffix(".bin"))
        except OSError as told:
            assert told.errno in FULL, told
            refused[n] = part
    time.sleep(2)  # what is given up is let go of by and by
    for n, part in refused.items():
        assert part.exists(), f"what was acknowledged is gone: {part.name}; there is {os.listdir(part.parent)}; {mount.said()}"
        assert part.read_bytes() == data[n:], "what was acknowledged is gone"
    (disk / "reserve").unlink()
    for n, part in refused.items():
        os.rename(part, part.with_suffix(".bin"))
    assert [part.with_suffix(".bin").read_bytes() for part in parts] == [data[n:] for n in range(5)]


@only_root
def test_saving_over_a_file_keeps_the_version_before(small):
    library, mount, disk = small
    file = mount / "originals/letter.txt"
    assert write(file, b"the only copy\n") is None
    library.run("tag", "add", "kept", "letter.txt")
    fill(mount / "originals", MEBIBYTE)
    fill(mount / "originals", 4000, seed=2)
    assert write(file, random.Random(3).randbytes(4 * MEBIBYTE)) in FULL
    mount.stop()
    asset = library.by_name()["letter.txt"]
    assert asset["sha256"] == hashlib.sha256(b"the only copy\n").hexdigest() and asset["tags"] == ["kept"]
    (disk / "reserve").unlink()
    mount.start()
    assert file.read_bytes() == b"the only copy\n"
    assert write(file, b"a second copy\n") is None and file.read_bytes() == b"a second copy\n"


@only_root
def test_organising_on_a_full_disk_is_done_or_refused_whole(small):
    library, mount, disk = small
    kept, refused, _ = fill(mount / "originals", MEBIBYTE)
    more, also_refused, _ = fill(mount / "originals", 4000, seed=2)
    kept.update(more)
    for name in (refused, also_refused):
        remove(mount / "originals" / name)
    names = sorted(kept)
    for n, act in enumerate([lambda: os.mkdir(mount / "originals/folder"), lambda: os.rename(mount / "originals" / names[0], mount / "originals/renamed.bin"),
                             lambda: os.unlink(mount / "originals" / names[1]), lambda: os.setxattr(mount / "originals" / names[2], "user.xdg.tags", b"x"),
                             lambda: os.mkdir(mount / "by-tag/y"), lambda: os.link(mount / "originals" / names[3], mount / "originals/linked.bin")]):
        try:
            act()
        except OSError as told:
            assert told.errno in FULL, f"act {n}: {told}"
    shown = hashes(mount / "originals")
    (disk / "reserve").unlink()
    mount.stop()
    require_sound(library)
    assert {name: asset["sha256"] for name, asset in library.by_name().items()} == shown
    assert set(kept.values()) - set(shown.values()) <= {kept[names[1]]}, "only what was removed is not there"


@only_root
@pytest.mark.parametrize("options", [[], ["-o", "ro"]], ids=["read-write", "read-only"])
def test_on_a_full_disk_a_library_is_mounted_and_read(small, options):
    library, mount, disk = small
    kept, refused, _ = fill(mount / "originals", MEBIBYTE)
    more, also_refused, _ = fill(mount / "originals", 4000, seed=2)
    mount.stop()
    with contextlib.suppress(OSError), open(disk / "filler", "wb", buffering=0) as filler:
        while filler.write(bytes(4096)):
            pass
    mount.options = options
    mount.start()
    assert hashes(mount / "originals") == kept | more
    told = write(mount / "originals/new.bin", random.Random(5).randbytes(MEBIBYTE))
    assert told == errno.EROFS if options else told in FULL
    mount.stop()
    (disk / "reserve").unlink()
    require_sound(library)


@only_root
def test_on_a_full_disk_room_is_made_with_the_programs_own_means(small):
    library, mount, disk = small
    kept, refused, _ = fill(mount / "originals", MEBIBYTE)
    remove(mount / "originals" / refused)
    mount.stop()
    with contextlib.suppress(OSError), open(disk / "filler", "wb", buffering=0) as filler:
        while filler.write(bytes(4096)):
            pass
    mount.start()
    for name in sorted(kept)[:3]:
        os.unlink(mount / "originals" / name)
    mount.stop()
    library.run("purge", "--yes")
    library.run("gc", "--yes")  # what was refused may have left an object, too
    assert {path.name for path in library.objects()} == {kept[name] for name in sorted(kept)[3:]}
    require_sound(library)
