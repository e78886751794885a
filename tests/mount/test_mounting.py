# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mounting and unmounting, and what is said when it cannot be done."""

import os
import subprocess
import time

import pytest

from library import SLOWNESS, environment
from media import sha256
from mount import clear_mountpoint, is_mountpoint, wait_until


def test_sigterm_unmounts_cleanly(library, mount_of):
    mount = mount_of(library)
    mount.stop("terminate")
    assert not is_mountpoint(mount.path) and os.listdir(mount.path) == []


@pytest.mark.skipif(os.getuid() != 0, reason="a mount namespace takes root")
def test_a_copy_in_another_namespace_does_not_keep_the_daemon(library, mount_of):
    """Containers, and services with PrivateMounts=, have copies of all mounts; the kernel's side lives as long as any."""
    mount = mount_of(library)
    copy = subprocess.Popen(["unshare", "-m", "--propagation", "private", "sleep", "60"])
    try:
        wait_until(lambda: os.readlink(f"/proc/{copy.pid}/ns/mnt") != os.readlink("/proc/self/ns/mnt"), 10, "the namespace")
        began = time.monotonic()
        mount.stop("terminate")
        assert time.monotonic() - began < 15 * SLOWNESS and copy.poll() is None
    finally:
        copy.kill()
        copy.wait()


def test_workers_are_ready_before_anybody_asks(library, mount_of):
    library.configure("media", ready_workers=2)
    mount = mount_of(library)
    wait_until(lambda: len(mount.workers()) == min(2, os.cpu_count()), 30, "the workers")
    assert mount.stats()["renders_started"] == 0


def test_the_verb_unmounts(library, mount_of):
    mount_of(library).stop("unmount")


def test_a_busy_mount_is_not_torn_away(library, demo, mount_of):
    """SIGTERM with a file still open: the daemon ends, and the reader gets an error rather than wrong bytes."""
    library.import_(demo)
    mount = mount_of(library)
    file = open(mount / "originals/video/C0001.MOV", "rb", buffering=0)
    expected = (demo / "video/C0001.MOV").read_bytes()
    assert file.read(100) == expected[:100]
    mount.process.terminate()
    mount.process.wait(60)
    try:
        assert file.read() == expected[100:]
    except OSError:
        pass
    finally:
        file.close()
    mount.stopped = True
    assert mount.process.returncode == 0, mount.said()
    clear_mountpoint(mount.path)


def test_mounting_twice_says_so_and_changes_nothing(library, demo, mount_of):
    library.import_(demo)
    mount = mount_of(library)
    again = library.run("mount", mount.path, "-f", expect=1, timeout=30)
    assert str(mount.path) in again.stderr and "mounted" in again.stderr
    assert (mount / "originals/documents/notes.txt").read_text()


def test_a_mountpoint_that_is_a_file(library, scratch):
    (scratch / "file").write_text("")
    assert str(scratch / "file") in library.run("mount", scratch / "file", "-f", expect=1, timeout=30).stderr


def test_unmounting_what_is_not_mounted(library, scratch):
    (scratch / "nothing").mkdir()
    assert str(scratch / "nothing") in library.run("unmount", scratch / "nothing", expect=1).stderr


def test_the_daemon_returns_once_the_mount_answers(library, demo, scratch):
    """Without -f: when the command is back, the mount is there."""
    library.import_(demo)
    at = scratch / "background"
    at.mkdir()
    try:
        library.run("mount", at, timeout=60)
        assert is_mountpoint(at)
        assert sha256(at / "originals/no camera.jpg") == sha256(demo / "no camera.jpg")
        library.run("unmount", at)
        wait_until(lambda: not is_mountpoint(at), 10, "the mount to go")
    finally:
        clear_mountpoint(at)


def test_an_original_is_read_from_a_mount_of_either_kind_of_reader(demo_mount, demo):
    """Plain reads and a memory map see the same bytes."""
    import mmap
    path = demo_mount / "originals/video/C0001.MOV"
    expected = (demo / "video/C0001.MOV").read_bytes()
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as mapped:
        assert mapped[:] == expected
        for start, end in ((0, 1), (4095, 4097), (len(expected) - 5, len(expected) + 5), (131072, 262144)):
            assert os.pread(file.fileno(), end - start, start) == expected[start:end]
    copied = subprocess.run(["cat", str(path)], capture_output=True, env=environment(demo_mount.library.home)).stdout
    assert copied == expected
