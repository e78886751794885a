# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A worker dies or hangs in the middle of a render: that costs a restart, not the reader and never the mount."""

import errno
import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from library import SLOWNESS
from mount import errno_of, process_name, wait_until, xattr

FIRST = "previews/small/originals/no camera.jpg.webp"
VICTIM = "previews/large/originals/Italy 2024/IMG_0003.JPG.webp"


def is_stopped(pid):
    with open(f"/proc/{pid}/stat") as file:
        return file.read().rpartition(")")[2].split()[0] == "T"


def stop(pids):
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    for pid in pids:
        wait_until(lambda: is_stopped(pid), 10, "a worker to stop")


def has_one_at_rest(mount):
    """The one that did a job leaves when no other has come for a while, and another is there for the next."""
    before = mount.workers()
    time.sleep(0.2 * SLOWNESS)
    return len(before) == 1 and mount.workers() == before


@pytest.fixture
def mounted(library, demo, mount_of):
    library.import_(demo)
    library.configure("media", deadline_ms=5000)
    mount = mount_of(library)
    (mount / FIRST).read_bytes()  # workers are started by the first job
    wait_until(lambda: has_one_at_rest(mount), 10, "one worker that has seen nothing yet")
    return mount


def expect_whole(mount, path, data):
    assert len(data) == os.lstat(mount / path).st_size and data[:4] == b"RIFF"


def test_killed_mid_render_the_read_succeeds_by_a_restart(mounted):
    """The workers are stopped first, so that the kill surely falls into the render."""
    workers = mounted.workers()
    stop(workers)
    started = mounted.stats()["renders_started"]
    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit((mounted / VICTIM).read_bytes)
        mounted.wait_for_stat("renders_started", started + 1)
        for pid in workers:
            os.kill(pid, signal.SIGKILL)
        expect_whole(mounted, VICTIM, reading.result(60))
    assert mounted.stats()["worker_restarts"] >= 1
    assert mounted.stats()["renders_failed"] == 0
    assert xattr(mounted / VICTIM, "user.damfs.error") is None


def test_hung_it_is_killed_at_the_deadline_and_the_read_succeeds(mounted):
    workers = mounted.workers()
    stop(workers)
    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit((mounted / VICTIM).read_bytes)
        # Meanwhile everything that needs no worker goes on.
        assert (mounted / "originals/documents/notes.txt").read_text()
        expect_whole(mounted, FIRST, (mounted / FIRST).read_bytes())
        expect_whole(mounted, VICTIM, reading.result(60))
    assert mounted.stats()["worker_restarts"] >= 1


def test_hung_every_time_the_job_fails_after_two_strikes_and_the_mount_goes_on(mounted):
    """Whatever worker is started is stopped at once, until the job has been given up."""
    over = threading.Event()

    def stop_every_worker():
        while not over.wait(0.002):
            for pid in mounted.workers():
                try:
                    os.kill(pid, signal.SIGSTOP)
                except ProcessLookupError:
                    pass

    stopper = threading.Thread(target=stop_every_worker)
    stopper.start()
    try:
        refused = errno_of((mounted / VICTIM).read_bytes)
    finally:
        over.set()
        stopper.join()
    assert refused == errno.EIO
    assert xattr(mounted / VICTIM, "user.damfs.error")
    stats = mounted.stats()
    assert stats["renders_failed"] == 1 and stats["worker_restarts"] >= 2, stats
    for pid in mounted.workers():
        os.kill(pid, signal.SIGCONT)
    other = "previews/medium/originals/Italy 2024/IMG_0001.JPG.webp"
    expect_whole(mounted, other, (mounted / other).read_bytes())


def test_killed_again_and_again_while_many_read_nothing_is_wrong(mounted):
    """Each read gives the whole file or EIO; what was refused can be read when the killing has ended."""
    folder = mounted / "previews/medium/originals/orientation"
    names = sorted(os.listdir(folder))
    over = threading.Event()

    def kill_now_and_then():
        while not over.wait(0.3):
            for pid in mounted.workers()[:1]:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass

    def read(name):
        try:
            data = (folder / name).read_bytes()
        except OSError as refused:
            assert refused.errno == errno.EIO
            return name
        assert len(data) == os.lstat(folder / name).st_size and data[:4] == b"RIFF", name
        return None

    killer = threading.Thread(target=kill_now_and_then)
    killer.start()
    try:
        with ThreadPoolExecutor(4) as pool:
            refused = [name for name in pool.map(read, names) if name]
    finally:
        over.set()
        killer.join()
    assert len(refused) < len(names)
    expect_whole(mounted, FIRST, (mounted / FIRST).read_bytes())


def test_workers_end_with_the_daemon(mounted):
    workers = mounted.workers()
    mounted.kill()
    wait_until(lambda: not any(process_name(pid) == "damfs-worker" for pid in workers), 20, "the orphaned workers to end")
    mounted._tear_down()
