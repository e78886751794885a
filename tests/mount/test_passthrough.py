# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Originals that the kernel reads by itself: the same bytes, whoever reads and however, and nothing left behind."""

import errno
import mmap
import os
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from library import Library
from media import random_files
from mount import clear_mountpoint, wait_until

SIZE = 3_000_001  # no multiple of a page


def drop_caches():
    """Of the whole machine: reads come from the disk, and inodes nobody has open are forgotten."""
    os.sync()
    try:
        Path("/proc/sys/vm/drop_caches").write_text("3")
    except OSError as refused:
        pytest.skip(f"the machine's caches cannot be dropped here: {refused}")


def reads_served(mount):
    line = next(l for l in (mount / ".damfs/metrics").read_text().splitlines() if l.startswith('damfs_requests_total{op="read"}'))
    return int(line.split()[-1])


def require_passthrough(mount):
    reason = mount.stats()["passthrough"]
    if reason is not True:
        pytest.skip(f"no passthrough here: {reason}")
    return mount


@pytest.fixture
def passing(library, scratch, mount_of):
    """A mount with passthrough, of the folder "files"; skips where the kernel gives none."""
    (scratch / "files").mkdir()
    random_files(scratch / "files", 6, SIZE)
    library.import_(scratch / "files")
    return require_passthrough(mount_of(library))


def pairs(mount, scratch):
    """(path in the mount, the bytes it must have)"""
    return [(mount / "originals" / file.name, file.read_bytes()) for file in sorted((scratch / "files").iterdir())]


def test_reads_do_not_come_to_the_daemon(passing, scratch):
    before = reads_served(passing)
    for path, data in pairs(passing, scratch):
        assert path.read_bytes() == data
    # What comes are the reads of metrics itself.
    assert reads_served(passing) - before <= 4


def test_every_way_of_reading(passing, scratch):
    path, data = pairs(passing, scratch)[0]
    with open(path, "rb", buffering=0) as file:
        assert os.pread(file.fileno(), 100, SIZE - 50) == data[-50:]
        assert os.pread(file.fileno(), 100, SIZE) == b"" == os.pread(file.fileno(), 1, SIZE + 5000)
        with mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as mapped:
            assert len(mapped) == SIZE and mapped[:] == data
        with mmap.mmap(file.fileno(), 0, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ | mmap.PROT_WRITE) as private:
            private[0:4] = b"mine"
            assert private[4:] == data[4:]
        assert os.pread(file.fileno(), 4, 0) == data[:4]
        for advice in (os.POSIX_FADV_WILLNEED, os.POSIX_FADV_SEQUENTIAL, os.POSIX_FADV_DONTNEED):
            os.posix_fadvise(file.fileno(), 0, 0, advice)
        reader, writer = os.pipe()
        try:
            assert os.read(reader, os.splice(file.fileno(), writer, 5000, offset_src=7)) == data[7:5007]
        finally:
            os.close(reader)
            os.close(writer)
    copy = scratch / "copy"
    with open(path, "rb") as source, open(copy, "wb") as target:
        while os.sendfile(target.fileno(), source.fileno(), None, SIZE):
            pass
    assert copy.read_bytes() == data
    for argv in (["cp", path, copy], ["cp", "--reflink=auto", "--sparse=always", path, copy]):
        subprocess.run(argv, check=True)
        assert copy.read_bytes() == data
    subprocess.run(["cmp", path, scratch / "files" / path.name], check=True)


def test_one_file_opened_through_two_views_at_once(passing, scratch):
    path, data = pairs(passing, scratch)[0]
    other = next(Path(folder, path.name) for folder, _, names in os.walk(passing / "by-date") if path.name in names)
    assert os.lstat(other).st_ino == os.lstat(path).st_ino
    with open(path, "rb", buffering=0) as one, open(other, "rb", buffering=0) as two:
        assert one.read(1000) == two.read(1000) == data[:1000]
        one.close()
        assert two.read() == data[1000:]
        with open(path, "rb") as again:
            assert again.read() == data


def test_many_open_close_and_read_at_once(passing, scratch):
    wanted = pairs(passing, scratch)
    # /proc/PID/fd of the daemon is looked at when the mount is stopped.
    with ThreadPoolExecutor(16) as pool:
        for round_ in range(20):
            got = pool.map(lambda pair: Path(pair[0]).read_bytes() == pair[1], wanted * 8)
            assert all(got), round_


def test_after_the_caches_were_dropped(passing, scratch):
    path, data = pairs(passing, scratch)[0]
    with open(path, "rb", buffering=0) as held:
        assert held.read(10) == data[:10]
        drop_caches()
        assert held.read() == data[10:]
    drop_caches()
    for path, data in pairs(passing, scratch):
        assert path.read_bytes() == data


def test_unmounted_and_mounted_again(passing, scratch, mount_of):
    expected = {path: data for path, data in pairs(passing, scratch)}
    numbers = {path: os.lstat(path).st_ino for path in expected}
    passing.stop("unmount")
    again = require_passthrough(mount_of(passing.library))
    for path, data in expected.items():
        assert path.read_bytes() == data and os.lstat(path).st_ino == numbers[path]
    again.stop("terminate")


def test_nothing_is_left_open(passing, scratch):
    def held():
        # Each thread keeps its own way to the kernel and into the catalog.
        return [target for target in passing.descriptors() if not re.search(r"^/dev/fuse|/catalog\.db", target)]

    before = len(held())
    for _ in range(200):
        for path, data in pairs(passing, scratch)[:2]:
            with open(path, "rb") as file:
                assert file.read(10) == data[:10]
    wait_until(lambda: len(held()) <= before, 30, f"descriptors to come back to {before}: {held()}")


@pytest.fixture
def volume(scratch):
    """A file system of its own: it can be unmounted only when nobody, the kernel neither, holds a file on it."""
    (scratch / "volume").mkdir()
    mounted = os.getuid() == 0 and subprocess.run(["mount", "-t", "tmpfs", "damfs-test", scratch / "volume"]).returncode == 0
    if not mounted:
        pytest.skip("no file system can be mounted here")
    yield scratch / "volume"
    subprocess.run(["umount", "-l", scratch / "volume"], capture_output=True)


@pytest.mark.parametrize("how", ["released", "killed"])
def test_the_kernel_lets_go_of_the_objects(volume, scratch, mount_of, how):
    """A backing file that the kernel was not told to let go keeps its object as long as the mount lives."""
    library = Library(volume / "library").init()
    (scratch / "files").mkdir()
    random_files(scratch / "files", 2, SIZE)
    library.import_(scratch / "files")
    mount = require_passthrough(mount_of(library, at=scratch / "mount"))
    path, data = pairs(mount, scratch)[0]
    if how == "released":
        free = os.statvfs(volume).f_bfree
        assert path.read_bytes() == data
        wait_until(lambda: not mount.request_descriptors(), 30, "the handle to be released")
        sha256 = os.getxattr(path, "user.damfs.sha256").decode()
        next(o for o in library.objects() if o.name == sha256).unlink()
        pages = SIZE // os.statvfs(volume).f_bsize
        wait_until(lambda: os.statvfs(volume).f_bfree >= free + pages, 30, "the deleted object's memory to be free")
    else:
        with open(path, "rb", buffering=0) as file:
            assert file.read(100) == data[:100]
            mount.kill()
    mount.stop()
    clear_mountpoint(mount.path)
    wait_until(lambda: subprocess.run(["umount", volume], capture_output=True).returncode == 0, 30, "the volume to be idle")


def test_the_daemon_is_killed_while_a_file_is_open(passing, scratch, mount_of):
    path, data = pairs(passing, scratch)[0]
    with open(path, "rb", buffering=0) as file:
        assert file.read(100) == data[:100]
        passing.kill()
        try:
            assert file.read(SIZE) == data[100:], "right bytes or an error"
        except OSError:
            pass
    again = require_passthrough(mount_of(passing.library))
    assert path.read_bytes() == data
    again.stop()


def test_ended_while_a_file_is_open(passing, scratch):
    path, data = pairs(passing, scratch)[0]
    with open(path, "rb", buffering=0) as file:
        assert file.read(100) == data[:100]
        passing.process.terminate()
        assert passing.process.wait(60) == 0, passing.said()
        try:
            assert file.read(SIZE) == data[100:], "right bytes or an error"
        except OSError:
            pass
    passing.stopped = True
    clear_mountpoint(passing.path)


def test_a_shortened_object_is_not_passed_through(passing, scratch):
    """It must be an error, and not a file that ends early."""
    path, _ = pairs(passing, scratch)[0]
    sha256 = os.getxattr(path, "user.damfs.sha256").decode()
    object_ = next(o for o in passing.library.objects() if o.name == sha256)
    os.chmod(object_, 0o644)
    os.truncate(object_, SIZE // 2)
    with pytest.raises(OSError):
        path.read_bytes()


def test_switched_off_it_reads_the_same(library, scratch, mount_of):
    (scratch / "files").mkdir()
    random_files(scratch / "files", 2, SIZE)
    library.import_(scratch / "files")
    mount = mount_of(library, options=["-o", "no_passthrough"])
    assert "no_passthrough" in mount.stats()["passthrough"]
    before = reads_served(mount)
    for path, data in pairs(mount, scratch):
        assert path.read_bytes() == data
    assert reads_served(mount) - before >= 2 * SIZE // (1 << 20)
    assert "no_passthrough" in library.run("mount", "--help").stdout


def test_shortened_while_it_is_read(library, scratch, mount_of):
    """What is not there any more is an I/O error; the daemon, which shows the kernel the object's own pages, goes on."""
    (scratch / "files").mkdir()
    random_files(scratch / "files", 2, SIZE)
    library.import_(scratch / "files")
    mount = mount_of(library, options=["-o", "no_passthrough"])
    (path, data), (other, whole) = pairs(mount, scratch)
    with open(path, "rb", buffering=0) as file:
        assert file.read(4096) == data[:4096]
        sha256 = os.getxattr(path, "user.damfs.sha256").decode()
        object_ = next(o for o in library.objects() if o.name == sha256)
        os.chmod(object_, 0o644)
        os.truncate(object_, SIZE // 2)
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        got = b""
        with pytest.raises(OSError) as refused:
            while block := file.read(1 << 20):
                got += block
        assert refused.value.errno == errno.EIO
        assert got == data[4096:4096 + len(got)] and len(got) < SIZE // 2
    assert other.read_bytes() == whole
    object_.write_bytes(data)
    assert path.read_bytes() == data
