# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A worker is killed or hangs in the middle of a proxy: the read completes, and who plays another clip misses nothing."""

import hashlib
import os
import signal
import threading
import time
from pathlib import Path

import pytest

from clips import clips_folder
from mount import wait_until

CLIPS = ("bframes.mov", "dropframe.mov")


@pytest.fixture
def two_clips(library, mount_of):
    library.import_(*(clips_folder() / name for name in ("bframes.mp4", "dropframe.mov")))
    mount = mount_of(library)
    folder = mount / "proxies/edit/originals"
    whole = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in CLIPS}
    mount.stop()
    library.configure("media", deadline_ms=5000)
    mount.start()
    return mount, folder, whole


def at_work(mount):
    """Workers that compute right now: one that waits for a job nobody would miss."""
    found = []
    for pid in mount.workers():
        try:
            states = [Path(f"/proc/{pid}/task/{task}/stat").read_text().rpartition(")")[2].split()[0]
                      for task in os.listdir(f"/proc/{pid}/task")]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if "R" in states or "D" in states:
            found.append(pid)
    return found


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


def played_until_a_restart(act, library, two_clips):
    """Again from the beginning where what was hit had just done its work."""
    mount, folder, whole = two_clips
    for _ in range(10):
        for name in CLIPS:
            mount.drop_pages(folder / name)
        library.delete_derived("edit")
        both_played_while(act, folder, whole)
        if mount.stats()["worker_restarts"] >= 1:
            return
    raise AssertionError(f"no worker was missed: {mount.stats()}")


def test_workers_killed_again_and_again(library, two_clips):
    mount = two_clips[0]

    def act(threads):
        # Each worker once: two strikes at one frame would rightly be an error.
        killed = []
        while len(killed) < 2 and any(thread.is_alive() for thread in threads):
            for pid in at_work(mount):
                if pid not in killed and len(killed) < 2:
                    os.kill(pid, signal.SIGKILL)
                    killed.append(pid)
            time.sleep(0.01)

    played_until_a_restart(act, library, two_clips)


def test_a_worker_that_hangs(library, two_clips):
    mount = two_clips[0]

    def act(threads):
        pids = wait_until(lambda: at_work(mount) or not any(t.is_alive() for t in threads), 30, "a worker at work")
        if pids is not True:
            os.kill(pids[0], signal.SIGSTOP)

    played_until_a_restart(act, library, two_clips)
