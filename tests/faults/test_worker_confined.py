# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A worker that was taken over tries, from inside, everything it must not: each attempt is its end and costs one read."""

import errno
import os
import shutil
import signal
import subprocess

import pytest

from library import BIN, Library
from mount import errno_of, wait_until, xattr

FORBIDDEN = "forbidden system call"


def fates():
    """What tests/confined tries, and how that must end: [(act, "ends" | "refused" | "allowed", signal or error)]."""
    listed = subprocess.run([BIN / "damfs-confined-act", "--list"], capture_output=True, text=True)
    if listed.returncode != 0:
        pytest.skip("workers with sanitizers are not confined")
    return [(act, fate, int(number)) for act, fate, number in map(str.split, listed.stdout.splitlines())]


class TakenOver(Library):
    """The program with the worker of tests/confined beside it."""

    def argv(self, *args):
        folder = self.path.parent / "bin"
        if not folder.exists():
            folder.mkdir()
            shutil.copy2(BIN / "damfs", folder / "damfs")
            shutil.copy2(BIN / "damfs-confined-act", folder / "damfs-worker")
        return [str(folder / "damfs"), *super().argv(*args)[1:]]


def preview(name):
    return f"previews/small/originals/{name}.webp"


def test_each_forbidden_act_costs_its_own_read_and_nothing_else(library, demo, scratch, mount_of):
    acts = fates()
    folder = scratch / "acts"
    folder.mkdir()
    picture = (demo / "no camera.jpg").read_bytes()
    for act, _, _ in acts:
        (folder / f"{act}.jpg").write_bytes(picture + b"damfs-act:" + act.encode())
    (folder / "sound.jpg").write_bytes(picture)
    library.import_(folder)  # by the real worker, to which they are pictures

    library.configure("media", ready_workers=2)
    mount = mount_of(TakenOver(library.path))
    (mount / preview("sound.jpg")).read_bytes()
    wait_until(lambda: len(mount.workers()) == min(2, os.cpu_count()), 30, "the workers")
    held = len(list(mount.descriptors()))
    ended = 0
    for act, fate, number in acts:
        path = mount / preview(f"{act}.jpg")
        assert errno_of(path.read_bytes) == errno.EIO, act
        reason = xattr(path, "user.damfs.error")
        if fate == "ends":
            ended += 1
            assert (FORBIDDEN if number == signal.SIGSYS else f"signal {number}") in reason, (act, reason)
        else:
            assert ("refused" if fate == "refused" else "it was done") in reason, (act, reason)
        if ended % 20 == 0:
            assert (mount / "originals/sound.jpg").read_bytes() == picture
    other = mount / "previews/large/originals/sound.jpg.webp"
    assert other.read_bytes()[:4] == b"RIFF"
    stats = mount.stats()
    # Two strikes each, and not one more.
    assert stats["worker_restarts"] == 2 * ended > 80, stats
    assert stats["renders_failed"] == len(acts), stats
    # Those that have done their share may be on their way out still.
    wait_until(lambda: len(mount.workers()) <= os.cpu_count(), 5, "workers beyond one a core to end")
    # A second worker may have been started since: its socket, and no more for each of those that ended.
    wait_until(lambda: len(list(mount.descriptors())) <= held + os.cpu_count(), 10, "descriptors to be closed")
    assert not os.path.exists("/tmp/damfs-confined-act")
