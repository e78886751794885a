# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The mount is told to end (logout, SIGTERM, Ctrl-C) or dies while programs are half way through saving: what they had
closed is kept, what they had not is no version, and what was there before stays the newest."""

import hashlib
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from drive import require_sound
from mount import Mount, wait_until, why_no_mounts

OLD, NEW = b"old" * 100_000, b"new" * 1000

# Opens, writes, tells, and holds on.
SAVES = """
import os, sys, time
fd = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | int(sys.argv[2]), 0o644)
os.write(fd, b"new" * 1000)
if sys.argv[3] == "synced":
    os.fsync(fd)
print("written", flush=True)
time.sleep(600)
"""


class Saver:
    def __init__(self, path, flags=os.O_TRUNC, synced=False):
        self.process = subprocess.Popen([sys.executable, "-c", SAVES, str(path), str(flags), "synced" if synced else "-"],
                                        stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == "written\n"

    def end(self):
        self.process.kill()
        self.process.wait(30)
        self.process.stdout.close()


@pytest.fixture
def mount(library):
    if reason := why_no_mounts():
        pytest.skip(reason)
    mount = Mount(library).start()
    yield mount
    mount._tear_down()


def states(mount, name):
    folder = mount / "versions" / name
    return [(folder / state).stat().st_size for state in sorted(os.listdir(folder))] if folder.is_dir() else []


def end(mount, how, savers):
    if how == "killed":
        mount.abort()
    else:
        mount.process.send_signal(how)
        mount.process.wait(60)
    for saver in savers:
        saver.end()
    mount._tear_down()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, "killed"], ids=str)
def test_half_a_save_is_no_version(library, mount, how):
    saved = mount / "originals/a.bin"
    saved.write_bytes(OLD)
    whole = mount / "originals/whole.bin"
    whole.write_bytes(NEW)
    os.close(os.open(mount / "originals/empty.bin", os.O_CREAT | os.O_WRONLY, 0o644))
    wait_until(lambda: "empty.bin" in library.by_name(), 10, "the empty file to be catalogued")
    savers = [Saver(saved), Saver(mount / "originals/fresh.bin")]
    end(mount, how, savers)
    with Mount(library) as again:
        assert (again / "originals/a.bin").read_bytes() == OLD
        assert len(states(again, "a.bin")) <= 1, "half a save became a version"
        assert (again / "originals/whole.bin").read_bytes() == NEW
        assert (again / "originals/empty.bin").read_bytes() == b""
        assert not (again / "originals/fresh.bin").exists(), "half a file became an original"
    require_sound(library)


def test_whichever_of_several_was_told_so_it_is_kept(library):
    """Two have it open and close it at once: the second finds it on its way, and is not told before it is there."""
    if reason := why_no_mounts():
        pytest.skip(reason)
    told = {}
    for number in range(8):
        with Mount(library) as mount:
            for name, digest in told.items():
                assert hashlib.sha256((mount / "originals" / name).read_bytes()).hexdigest() == digest, f"{name} was acknowledged"
        mount = Mount(library).start()
        try:
            path = mount / f"originals/both{number}.bin"
            first, second = (os.open(path, os.O_RDWR | os.O_CREAT) for _ in range(2))
            data = os.urandom(6 << 20)
            for at in range(len(data) - 65536, -1, -65536):  # backwards, so that it is hashed when it is closed
                os.pwrite(first, data[at:at + 65536], at)
            with ThreadPoolExecutor(2) as pool:
                closing = pool.submit(os.close, first)
                time.sleep(0.001 * number)
                os.close(second)
                mount.abort()
                closing.exception(60)
            told[path.name] = hashlib.sha256(data).hexdigest()
        finally:
            mount._tear_down()
    require_sound(library)


@pytest.mark.parametrize("how", [signal.SIGTERM, "killed"], ids=str)
def test_what_was_synced_of_it_is_shown_and_no_version_until_it_is_closed(library, mount, how):
    saved = mount / "originals/a.bin"
    saved.write_bytes(OLD)
    (mount / "by-tag/kept").mkdir()
    os.link(saved, mount / "by-tag/kept/a.bin")
    savers = [Saver(saved, synced=True), Saver(mount / "originals/fresh.bin", synced=True)]
    end(mount, how, savers)
    with Mount(library) as again:
        path = again / "originals/a.bin"
        assert path.read_bytes() == NEW, "what fsync said yes to is lost"
        assert (again / "by-tag/kept/a.bin").read_bytes() == OLD, "half a save became the newest version"
        assert (again / "originals/fresh.bin").read_bytes() == NEW
        with open(path, "ab") as file:
            file.write(b"the end")
        assert (again / "by-tag/kept/a.bin").read_bytes() == NEW + b"the end"
        assert states(again, "a.bin") == [len(OLD), len(NEW) + 7]
    require_sound(library)
    assert not any((library.path / "staging").iterdir())


def test_what_was_synced_stands_beside_what_another_mount_saved_since(library, mount, mount_of, scratch):
    saved = mount / "originals/a.bin"
    saved.write_bytes(OLD)
    saver = Saver(saved, synced=True)
    other = mount_of(library, at=scratch / "other")
    wait_until((other / "originals/a.bin").exists, 10, "the file in the other mount")
    (other / "originals/a.bin").write_bytes(b"acknowledged")
    mount.abort()
    saver.end()
    other.stop()
    again = mount_of(library, at=scratch / "again")
    assert (again / "originals/a.bin").read_bytes() == b"acknowledged"
    [beside] = [path for path in (again / "originals").iterdir() if path.name != "a.bin"]
    assert beside.name.startswith("a~unfinished-") and beside.read_bytes() == NEW
    again.stop()
    require_sound(library)
