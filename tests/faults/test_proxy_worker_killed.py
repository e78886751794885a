# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A worker is killed or hangs in the middle of a proxy: the read completes, and who plays another clip misses nothing."""

import hashlib
import os
import signal
import threading
import time

import pytest

from clips import clips_folder
from mount import wait_until

CLIPS = ("bframes.mov", "dropframe.mov")


@pytest.fixture
def two_clips(library, mount_of):
    library.configure("media", deadline_ms=2000)
    library.import_(*(clips_folder() / name for name in ("bframes.mp4", "dropframe.mov")))
    mount = mount_of(library)
    folder = mount / "proxies/edit/originals"
    whole = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in CLIPS}
    for name in CLIPS:
        mount.drop_pages(folder / name)
    library.delete_derived("edit")
    return mount, folder, whole


def play(path, into):
    """Reads it piece by piece, as a player does; what it read, or the error it met."""
    digest = hashlib.sha256()
    try:
        fd = os.open(path, os.O_RDONLY)
        try:
            while block := os.read(fd, 65_536):
                digest.update(block)
                into["read"] = into.get("read", 0) + len(block)
        finally:
            os.close(fd)
        into["sha256"] = digest.hexdigest()
    except OSError as error:
        into["error"] = error


def both_played_while(act, folder, whole):
    played = {name: {} for name in CLIPS}
    threads = [threading.Thread(target=play, args=(folder / name, played[name])) for name in CLIPS]
    for thread in threads:
        thread.start()
    act(threads)
    for thread in threads:
        thread.join()
    assert {name: told.get("sha256", told) for name, told in played.items()} == whole


def test_workers_killed_again_and_again(two_clips):
    mount, folder, whole = two_clips
    killed = []

    def act(threads):
        # Each worker once: two strikes at one frame would rightly be an error.
        while len(killed) < 2 and any(thread.is_alive() for thread in threads):
            for pid in mount.workers():
                if pid not in killed and len(killed) < 2:
                    os.kill(pid, signal.SIGKILL)
                    killed.append(pid)
            time.sleep(0.05)

    both_played_while(act, folder, whole)
    assert killed
    mount.wait_for_stat("worker_restarts", 1)


def test_a_worker_that_hangs(two_clips):
    mount, folder, whole = two_clips
    stopped = []

    def act(threads):
        pid = wait_until(lambda: mount.workers() or not any(t.is_alive() for t in threads), 30, "a worker")
        if pid and pid is not True:
            os.kill(pid[0], signal.SIGSTOP)
            stopped.append(pid[0])

    both_played_while(act, folder, whole)
    assert stopped
    mount.wait_for_stat("worker_restarts", 1)
