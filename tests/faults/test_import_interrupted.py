# SPDX-FileCopyrightText: The damfs authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An import is interrupted, by kill -9 or Ctrl-C, at any moment: the next run carries on to the same result."""

import os
import random
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from library import Library, scratch_folder, thorough
from media import DIFF_EXCLUDES, lasting_files, random_files, sha256
from mount import process_name, wait_until

MOMENTS = thorough(20, 6)


@pytest.fixture(scope="module")
def media_folder(demo):
    with scratch_folder() as folder:
        shutil.copytree(demo, folder / "media", symlinks=True)
        random_files(folder / "media/many", thorough(250, 120), 30_000)
        random_files(folder / "media/large", 3, thorough(8_000_000, 4_000_000), seed=3)
        yield folder / "media"


@pytest.fixture(scope="module")
def undisturbed(media_folder):
    """What an import that nobody disturbed gives, and how long it takes."""
    with scratch_folder() as folder:
        library = Library(folder / "library").init()
        start = time.monotonic()
        done = library.import_(media_folder)
        seconds = time.monotonic() - start
        assert done["new_assets"] == len(lasting_files(media_folder)), done
        yield library.facts_for_comparison(), seconds


def interrupted_import(library, media, after, how):
    """Starts it, and sends `how` to the program (to all of its processes for SIGKILL) after that many seconds."""
    process = library.start("import", media, "--json")
    try:
        process.wait(after)
    except subprocess.TimeoutExpired:
        if how == signal.SIGKILL:
            os.killpg(process.pid, how)
        else:
            process.send_signal(how)
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def require_whole(library, media, expected):
    """The same as undisturbed: what is catalogued, what lies in the store, and what doctor says."""
    library.import_(media)
    assert library.facts_for_comparison() == expected
    objects = library.objects()
    assert all(path.name == sha256(path) for path in objects)
    assert {path.name for path in objects} == {asset["sha256"] for asset in expected.values()}
    library.run("doctor")
    again = library.import_(media)
    assert (again["new_assets"], again["copies"], again["unchanged"]) == (0, 0, len(expected)), again


def test_killed_at_random_moments_then_carried_on(media_folder, undisturbed, mount_of):
    expected, seconds = undisturbed
    moments = random.Random(20240517)
    killed = 0
    attempts = 0
    while killed < MOMENTS:
        attempts += 1
        assert attempts <= 5 * MOMENTS, f"only {killed} of {attempts} imports were still running when killed"
        with scratch_folder() as folder:
            library = Library(folder / "library").init()
            after = seconds * (killed + moments.random()) / MOMENTS
            status, _, _ = interrupted_import(library, media_folder, after, signal.SIGKILL)
            assert status in (0, -signal.SIGKILL)
            if status == 0:
                seconds = min(seconds, after)  # the machine is faster now than when it was first measured
                continue
            killed += 1
            require_whole(library, media_folder, expected)
            assert not any((library.path / "staging").iterdir()), "half an object left behind"
            if killed == MOMENTS:
                mount = mount_of(library)
                done = subprocess.run(["diff", "-r", "--no-dereference", *DIFF_EXCLUDES, str(media_folder),
                                       str(mount / "originals")], capture_output=True, text=True)
                assert done.returncode == 0, done.stdout
                mount.stop()


def test_killed_over_and_over_in_the_same_library(media_folder, undisturbed, library):
    expected, seconds = undisturbed
    moments = random.Random(7)
    for _ in range(thorough(6, 3)):
        interrupted_import(library, media_folder, seconds * moments.uniform(0.05, 0.6), signal.SIGKILL)
    require_whole(library, media_folder, expected)


def test_no_worker_outlives_a_killed_import(media_folder, undisturbed, library):
    """Only the program itself is killed: its workers must notice."""
    _, seconds = undisturbed
    process = library.start("import", media_folder, "--json")
    workers = []

    def workers_of():
        tasks = Path(f"/proc/{process.pid}/task")
        try:
            ids = [int(pid) for task in tasks.iterdir() for pid in (task / "children").read_text().split()]
        except FileNotFoundError:
            ids = []
        workers.extend(pid for pid in ids if process_name(pid) == "damfs-worker")
        return workers or process.poll() is not None

    wait_until(workers_of, 30, "the import's workers")
    process.kill()
    process.communicate()
    assert workers, "the import ended before it had workers"
    wait_until(lambda: not any(process_name(pid) == "damfs-worker" for pid in workers), 20, "the workers to end")
    assert seconds > 0


@pytest.mark.parametrize("part", [0.1, 0.4, 0.8])
def test_ctrl_c_ends_it_soon_and_leaves_a_library_to_carry_on(media_folder, undisturbed, library, part):
    expected, seconds = undisturbed
    status, out, err = interrupted_import(library, media_folder, seconds * part, signal.SIGINT)
    assert status in (0, 1, 2, 130), (status, err)
    # Half done is a library like any other.
    for name, asset in library.by_name().items():
        assert asset["sha256"] == sha256(media_folder / name)
    library.run("doctor")
    require_whole(library, media_folder, expected)
